//! What a source brings as envelopes, each within its feed's limit.

use ioc_bus::ChunkBuilder;
use ioc_model::{attribute::Attribute, envelope::Content};

use super::PullCounters;
use crate::transport::withheld::{Digest, Withheld};

/// Where envelopes of one source go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounded<'b> {
    pub(crate) feed: &'b str,
    /// Where they come from, without a secret.
    pub(crate) address: &'b str,
    /// Bytes of one envelope at most.
    pub(crate) max_bytes: usize,
    pub(crate) counters: &'b PullCounters,
}

impl Bounded<'_> {
    /// Pushes an envelope, with what is known of it; by size and hash, if it is too large.
    pub(crate) fn push(&self, known: &[(Attribute, &str)], bytes: &[u8], chunk: &mut ChunkBuilder) {
        if bytes.len() > self.max_bytes {
            let mut digest = Digest::default();
            digest.update(bytes);
            return self.withhold(known, digest, chunk);
        }
        chunk.push_with(self.feed, Content::Raw, self.address, known, bytes);
    }

    /// Tells of one that is too large.
    pub(crate) fn withhold(&self, known: &[(Attribute, &str)], digest: Digest, chunk: &mut ChunkBuilder) {
        self.counters.oversize.one();
        let said = Withheld::too_large(digest).to_json();
        chunk.push_with(self.feed, Content::Withheld, self.address, known, said.as_bytes());
    }
}
