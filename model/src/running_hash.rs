//! SHA-256 that can be put down and taken up again.
//!
//! A line of a file is known by all of the file up to the line's end. Whoever reads a file as it grows must go on with
//! that hash after a restart, and hand the place it is at to whoever reads the next piece; the hashes of `sha2` keep
//! theirs to themselves. Its compression of blocks is used as it is: what is added is which bytes wait for a block.

use std::{fmt, str::FromStr};

use sha2::digest::generic_array::GenericArray;

const BLOCK: usize = 64;
/// The padding ends with the length.
const LENGTH: usize = 8;
/// FIPS 180-4, 5.3.3.
const BEGINNING: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// SHA-256 of what was read so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningHash {
    state: [u32; 8],
    waiting: [u8; BLOCK],
    bytes: u64,
}

impl Default for RunningHash {
    fn default() -> RunningHash {
        RunningHash { state: BEGINNING, waiting: [0; BLOCK], bytes: 0 }
    }
}

impl RunningHash {
    /// Goes on by these bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let held = self.held();
        self.bytes = self.bytes.wrapping_add(bytes.len() as u64);
        if held > 0 {
            let taken = bytes.len().min(BLOCK - held);
            self.waiting[held..held + taken].copy_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if held + taken < BLOCK {
                return;
            }
            compress(&mut self.state, &self.waiting);
        }
        let mut blocks = bytes.chunks_exact(BLOCK);
        for block in &mut blocks {
            compress(&mut self.state, block);
        }
        let rest = blocks.remainder();
        self.waiting[..rest.len()].copy_from_slice(rest);
    }

    /// The hash of all that was read.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut state = self.state;
        let held = self.held();
        let mut block = [0; BLOCK];
        block[..held].copy_from_slice(&self.waiting[..held]);
        block[held] = 0x80;
        if held + 1 > BLOCK - LENGTH {
            compress(&mut state, &block);
            block = [0; BLOCK];
        }
        block[BLOCK - LENGTH..].copy_from_slice(&self.bytes.wrapping_mul(8).to_be_bytes());
        compress(&mut state, &block);
        let mut digest = [0; 32];
        for (bytes, word) in digest.chunks_exact_mut(4).zip(state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        digest
    }

    fn held(&self) -> usize {
        (self.bytes % BLOCK as u64) as usize
    }
}

fn compress(state: &mut [u32; 8], block: &[u8]) {
    sha2::compress256(state, std::slice::from_ref(GenericArray::from_slice(block)));
}

/// `bytes-state-waiting`, numbers and hexadecimal digits.
impl fmt::Display for RunningHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-", self.bytes)?;
        self.state.iter().try_for_each(|word| write!(f, "{word:08x}"))?;
        f.write_str("-")?;
        self.waiting[..self.held()].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that is no running hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no running hash")]
pub struct NoRunningHash;

impl FromStr for RunningHash {
    type Err = NoRunningHash;

    fn from_str(text: &str) -> Result<RunningHash, NoRunningHash> {
        let is_hex =
            |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let mut parts = text.splitn(3, '-');
        let (Some(bytes), Some(words), Some(waiting)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoRunningHash);
        };
        let mut hash =
            RunningHash { bytes: bytes.parse().map_err(|_| NoRunningHash)?, ..RunningHash::default() };
        if !is_hex(words) || !is_hex(waiting) || words.len() != 64 || waiting.len() != 2 * hash.held() {
            return Err(NoRunningHash);
        }
        for (index, word) in hash.state.iter_mut().enumerate() {
            *word = u32::from_str_radix(&words[8 * index..8 * index + 8], 16).map_err(|_| NoRunningHash)?;
        }
        for (index, byte) in hash.waiting.iter_mut().take(waiting.len() / 2).enumerate() {
            *byte = u8::from_str_radix(&waiting[2 * index..2 * index + 2], 16).map_err(|_| NoRunningHash)?;
        }
        // What was written anew is the same text: no second way to say one hash.
        (hash.to_string() == text).then_some(hash).ok_or(NoRunningHash)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;

    proptest! {
        #[test]
        fn it_is_sha_256_wherever_it_was_put_down(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            cuts in prop::collection::vec(0.0..1.0_f64, 0..5),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|share| (share * bytes.len() as f64) as usize).collect();
            cuts.sort_unstable();
            let mut hash = RunningHash::default();
            let mut from = 0;
            for to in cuts.into_iter().chain([bytes.len()]) {
                hash.update(&bytes[from..to]);
                let again: RunningHash = hash.to_string().parse().unwrap();
                prop_assert_eq!(again.digest(), hash.digest());
                (hash, from) = (again, to);
            }
            prop_assert_eq!(hash.digest(), <[u8; 32]>::from(Sha256::digest(&bytes)));
        }

        #[test]
        fn safe_any_other_text_is_none(text in "[0-9a-fx-]{0,80}") {
            if let Ok(hash) = text.parse::<RunningHash>() {
                prop_assert_eq!(hash.to_string(), text);
            }
        }
    }
}
