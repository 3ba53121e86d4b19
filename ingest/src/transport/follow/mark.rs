//! A place in a file, and how the file is known again there.
//!
//! An inode says little: `copytruncate` keeps it for another content, a removed file leaves it to the next one, and a
//! share may number its files anew with every mount. So a file is known by what was read of it: by its first bytes and
//! by the last ones before the place. Lines of logs bear times, so no other file has both.

use std::{fs::File, io, os::unix::fs::FileExt};

use serde::{Deserialize, Serialize};

use crate::transport::withheld::Digest;

/// So many bytes of the beginning, and as many before the place.
pub(super) const KNOWN_BY: usize = 1_024;

/// A place in a file of which something is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// Bytes before it.
    pub(super) at: u64,
    first: Vec<u8>,
    last: Vec<u8>,
}

/// The same, as it is kept: without the bytes of anybody's log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fingerprint {
    /// Bytes before it.
    pub(super) at: u64,
    first: String,
    last: String,
}

impl Mark {
    /// Goes on by these bytes.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        self.at += bytes.len() as u64;
        let missing = KNOWN_BY.saturating_sub(self.first.len()).min(bytes.len());
        self.first.extend_from_slice(&bytes[..missing]);
        if bytes.len() >= KNOWN_BY {
            self.last.clear();
        }
        self.last.extend_from_slice(&bytes[bytes.len().saturating_sub(KNOWN_BY)..]);
        let surplus = self.last.len().saturating_sub(KNOWN_BY);
        let _older = self.last.drain(..surplus);
    }

    /// Whether the file still has before the place what was read there.
    pub(super) fn is_in(&self, file: &File) -> io::Result<bool> {
        Ok(Mark::of(file, self.at)?.is_some_and(|mark| mark == *self))
    }

    /// As it is kept.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint { at: self.at, first: digest(&self.first), last: digest(&self.last) }
    }

    /// A file at that place; none if it is shorter.
    fn of(file: &File, at: u64) -> io::Result<Option<Mark>> {
        let known = usize::try_from(at).unwrap_or(usize::MAX).min(KNOWN_BY);
        let mut mark = Mark { at, first: vec![0; known], last: vec![0; known] };
        for (bytes, from) in [(&mut mark.first, 0), (&mut mark.last, at - known as u64)] {
            match file.read_exact_at(bytes, from) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(mark))
    }
}

impl Fingerprint {
    /// The place in a file, if it is the file.
    pub(super) fn found_in(&self, file: &File) -> io::Result<Option<Mark>> {
        Ok(Mark::of(file, self.at)?.filter(|mark| mark.fingerprint() == *self))
    }

    /// Whether a file with that beginning can be the same.
    pub(super) fn begins(&self, first: &[u8]) -> bool {
        let known = usize::try_from(self.at).unwrap_or(usize::MAX).min(KNOWN_BY);
        first.get(..known).is_some_and(|first| digest(first) == self.first)
    }

    /// The same place, read up to there.
    pub(super) fn is_of(&self, mark: &Mark) -> bool {
        mark.fingerprint() == *self
    }
}

/// Half of a hash is enough to tell files apart.
fn digest(bytes: &[u8]) -> String {
    let mut digest = Digest::default();
    digest.update(bytes);
    let mut hex = digest.hex();
    hex.truncate(32);
    hex
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_place_is_found_in_what_goes_on_behind_it_and_in_nothing_else(
            lengths in prop::collection::vec(0..1_500_usize, 1..5), more in 0..100_usize, changed in 0.0..1.0_f64,
        ) {
            let mut mark = Mark::default();
            let mut bytes = Vec::new();
            for length in lengths {
                let part: Vec<u8> = (0..length).map(|at| ((bytes.len() + at) % 251) as u8).collect();
                mark.pass(&part);
                bytes.extend(part);
            }
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a");
            let found = |content: &[u8]| {
                std::fs::write(&path, content).unwrap();
                mark.fingerprint().found_in(&File::open(&path).unwrap()).unwrap()
            };
            let mut whole = bytes.clone();
            whole.extend(vec![b'x'; more]);
            prop_assert_eq!(found(&whole), Some(mark.clone()));
            if !bytes.is_empty() {
                prop_assert_eq!(found(&bytes[..bytes.len() - 1]), None);
                let end = bytes.len().min(KNOWN_BY);
                let mut other = bytes.clone();
                other[(changed * end as f64) as usize] ^= 1;
                prop_assert_eq!(found(&other), None);
            }
        }
    }
}
