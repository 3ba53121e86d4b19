//! What an epoch is made of, recorded before any result of it leaves the process.
//!
//! A manifest holds every fact the dataflow may depend on: input ranges, the wall clock, the pack's version, what
//! was read back from the store. Replaying manifests with the same bus gives the same results, byte for byte
//! (invariant REPLAY).

use ioc_model::{
    epoch::{Epoch, Generation},
    pack::PackVersion,
    position::OffsetRange,
    question::Answer,
    time::{Millis, Now},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const VERSION: u8 = 5;

/// The version of everything that decides results and is not recorded: decoding, judging, closing, eviction. It is
/// raised with every change of it, because an epoch must be replayed by the logic it was formed for.
pub const LOGIC: u16 = 12;

/// The recorded facts of an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The logic it is made with: [`LOGIC`].
    pub logic: u16,
    /// The epoch.
    pub epoch: Epoch,
    /// The pass over the input it was formed in.
    pub generation: Generation,
    /// The wall clock when the epoch was formed.
    pub now: Now,
    /// The pack it is decoded with.
    pub pack: PackVersion,
    /// Points further behind what is closed than this leave the state with their day.
    pub horizon: Millis,
    /// The bus's ranges, at most one a partition, aligned to chunks.
    pub ranges: Vec<OffsetRange>,
    /// What it takes beside the log.
    pub recorded: Vec<Recorded>,
}

/// Input of an epoch that does not lie on the log behind the epoch before it: answers of the store. What an intended
/// replay reads again is one, too; it names the messages by their positions, with their bytes, which the log and the
/// archive need not hold any more when the epoch is replayed. The pack that judges them is the epoch's. Their order is
/// part of the record's format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Recorded {
    /// What the store answered to what an earlier epoch asked.
    Answer(Answer),
}

/// A record that is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum InvalidManifest {
    /// Written by another version of the product.
    #[error("manifest version {0} is not one this build reads (it reads {VERSION})")]
    Version(u8),
    /// Not a manifest at all.
    #[error("not a manifest: {0}")]
    Malformed(#[from] postcard::Error),
    /// More bytes than a manifest has.
    #[error("not a manifest: {0} bytes are left over")]
    LeftOver(usize),
}

impl Manifest {
    /// Its bytes, the same for the same facts.
    ///
    /// # Errors
    /// Never for facts that fit into memory; the encoder's signature allows for it.
    pub fn encode(&self) -> Result<Vec<u8>, InvalidManifest> {
        Ok(postcard::to_extend(self, vec![VERSION])?)
    }

    /// From its bytes.
    ///
    /// # Errors
    /// If they are of another version, or no manifest.
    pub fn decode(bytes: &[u8]) -> Result<Manifest, InvalidManifest> {
        match bytes.split_first() {
            Some((&VERSION, body)) => match postcard::take_from_bytes(body)? {
                (manifest, []) => Ok(manifest),
                (_, rest) => Err(InvalidManifest::LeftOver(rest.len())),
            },
            Some((version, _)) => Err(InvalidManifest::Version(*version)),
            None => Err(InvalidManifest::Malformed(postcard::Error::DeserializeUnexpectedEnd)),
        }
    }
}

/// The hash a commit names its manifest by.
#[must_use]
pub fn hash(encoded: &[u8]) -> [u8; 32] {
    Sha256::digest(encoded).into()
}

#[cfg(test)]
mod tests {
    use ioc_model::{
        calendar::DayNumber,
        observation::Quality,
        position::{Arrival, Offset, Partition},
        question::{About, Found, Question, RecalledRow},
        time::EventTime,
    };

    use super::*;

    /// Whoever changes these bytes raises the version: a folder holds the records of the build before.
    #[test]
    fn replay_what_version_5_records_is_the_same_bytes_as_ever() {
        let about = About::Day { indicator: "pm25".into(), day: DayNumber(20_000) };
        let (from, to) = (EventTime(1_728_000_000_000), EventTime(1_728_086_400_000));
        let row = RecalledRow {
            event_time: EventTime(1_728_000_060_000),
            value: 12.5,
            quality: Quality::Good,
            arrival: Arrival::default(),
            feed: "air".into(),
            sender: "gateway".into(),
        };
        let question = Question { subject: "S0".into(), about, from, to, asked: Epoch(3) };
        let manifest = Manifest {
            logic: 5,
            epoch: Epoch(7),
            generation: Generation(0),
            now: Now(1_728_100_000_000),
            pack: PackVersion("one".to_owned()),
            horizon: Millis::hours(36),
            ranges: vec![OffsetRange { partition: Partition(1), from: Offset(10), to: Offset(300) }],
            recorded: vec![Recorded::Answer(Answer { question, found: Found::Rows(vec![row]) })],
        };
        let bytes = manifest.encode().unwrap();
        assert_eq!(Manifest::decode(&bytes).unwrap(), manifest);
        let digest: String = hash(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            (bytes[0], digest.as_str()),
            (5, "3f8edeed79b2936862e023f25b94c99aebf5d5f3d7d2eaad63690c8984a1198a")
        );
    }
}
