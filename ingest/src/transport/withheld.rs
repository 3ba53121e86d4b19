//! What stands in for bytes that are not kept.
//!
//! A message over its feed's limit is counted and rejected like any other, but what reaches the log is a
//! description: why, how many bytes, and their hash, by which the sender's own copy can be recognised.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Counts and hashes bytes as they pass by.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    bytes: u64,
    hash: Sha256,
}

impl Digest {
    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
    }

    /// How many bytes there were.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// SHA-256 of the bytes, in lower-case hexadecimal digits.
    #[must_use]
    pub fn hex(self) -> String {
        use std::fmt::Write;
        self.hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// The payload of an envelope whose content is [`Withheld`](ioc_model::envelope::Content::Withheld).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Withheld {
    reason: &'static str,
    bytes: u64,
    sha256: String,
    /// The sender was cut off: bytes and hash are of the part that came.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut_off: bool,
}

impl Withheld {
    /// A message over its feed's limit, hashed whole.
    #[must_use]
    pub fn too_large(digest: Digest) -> Withheld {
        Withheld { reason: "too_large", bytes: digest.bytes(), sha256: digest.hex(), cut_off: false }
    }

    /// A message over its feed's limit of which only a part was let in.
    #[must_use]
    pub(crate) fn too_large_and_cut_off(digest: Digest) -> Withheld {
        Withheld { cut_off: true, ..Withheld::too_large(digest) }
    }

    /// `{"reason":…,"bytes":…,"sha256":…}`.
    #[must_use]
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_withheld_is_told_by_size_and_hash() {
        let mut digest = Digest::default();
        digest.update(b"a");
        digest.update(b"bc");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let json = format!(r#"{{"reason":"too_large","bytes":3,"sha256":"{sha256}"}}"#);
        assert_eq!(Withheld::too_large(digest).to_json(), json);
    }
}
