//! What is wrong with a frame: bytes that came over a stream and cannot be cut into messages as their sender says.
//!
//! The transport that cuts says so in an attribute of the envelope ([`Attribute::Fault`](crate::attribute::Attribute)),
//! in words that are read again where the envelope is refused, so that its sender is told in both languages.

use std::{fmt, str::FromStr};

/// A fault of a frame that is counted in octets (RFC 6587). All numbers are bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FramingFault {
    /// The connection ended before the frame did.
    CutOff {
        /// How many came.
        came: u64,
        /// How many were announced.
        announced: u64,
    },
    /// Behind the announced bytes no frame begins.
    WrongCount {
        /// How many were announced.
        announced: u64,
        /// How many there are up to the next frame, or up to where no more was kept.
        found: u64,
    },
    /// More is announced than a frame may have.
    OverLimit {
        /// The announced number as it was written: it may be too large for any integer.
        announced: String,
        /// The limit.
        limit: u64,
    },
    /// Behind a whole frame lies what begins none.
    LeftOver {
        /// How many.
        bytes: u64,
    },
}

const COUNTED: &str = "octet_count: ";

impl fmt::Display for FramingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(COUNTED)?;
        match self {
            FramingFault::CutOff { came, announced } => write!(f, "{came} of {announced} bytes"),
            FramingFault::WrongCount { announced, found } => {
                write!(f, "{announced} bytes announced, {found} found")
            }
            FramingFault::OverLimit { announced, limit } => {
                write!(f, "{announced} bytes announced, {limit} allowed")
            }
            FramingFault::LeftOver { bytes } => write!(f, "{bytes} bytes left over"),
        }
    }
}

/// A text that no transport writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoFramingFault;

impl FromStr for FramingFault {
    type Err = NoFramingFault;

    fn from_str(text: &str) -> Result<FramingFault, NoFramingFault> {
        let number = |digits: &str| digits.parse().map_err(|_| NoFramingFault);
        let words: Vec<&str> = text.strip_prefix(COUNTED).ok_or(NoFramingFault)?.split(' ').collect();
        match words[..] {
            [came, "of", announced, "bytes"] => {
                Ok(FramingFault::CutOff { came: number(came)?, announced: number(announced)? })
            }
            [announced, "bytes", "announced,", found, "found"] => {
                Ok(FramingFault::WrongCount { announced: number(announced)?, found: number(found)? })
            }
            [announced, "bytes", "announced,", limit, "allowed"] => {
                Ok(FramingFault::OverLimit { announced: announced.to_owned(), limit: number(limit)? })
            }
            [bytes, "bytes", "left", "over"] => Ok(FramingFault::LeftOver { bytes: number(bytes)? }),
            _ => Err(NoFramingFault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_as_it_was_written() {
        for (fault, text) in [
            (FramingFault::CutOff { came: 95, announced: 150 }, "octet_count: 95 of 150 bytes"),
            (
                FramingFault::WrongCount { announced: 99, found: 117 },
                "octet_count: 99 bytes announced, 117 found",
            ),
            (
                FramingFault::OverLimit { announced: "9".repeat(20), limit: 65_536 },
                "octet_count: 99999999999999999999 bytes announced, 65536 allowed",
            ),
            (FramingFault::LeftOver { bytes: 18 }, "octet_count: 18 bytes left over"),
        ] {
            assert_eq!(fault.to_string(), text);
            assert_eq!(text.parse(), Ok(fault));
        }
        for text in ["", "octet_count: ", "octet_count: x of 1 bytes", "18 bytes left over"] {
            assert_eq!(text.parse::<FramingFault>(), Err(NoFramingFault), "{text}");
        }
    }
}
