//! What is known to be lost before it came: told by the transport that noticed, kept as a reject like any other.
//!
//! The transport says it in an attribute of an envelope ([`Attribute::Fault`](crate::attribute::Attribute)), in words
//! that are read again where the envelope is refused. The envelope's bytes are a description that a question can count
//! by, or what is left of a line.

use std::{fmt, str::FromStr};

/// A loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// A file that is followed was cut short, and no copy of what it held was found.
    CutShort(Unread),
    /// A file that is followed went away before all of it was read, and was not found again.
    Gone(Unread),
    /// The rest of a line of which so many bytes are left: a copy was made in the middle of it.
    RestOfLine {
        /// How many are left.
        left: u64,
    },
    /// The system dropped datagrams before they could be read.
    Datagrams {
        /// How many.
        count: u64,
    },
}

/// What was not read of a file. Bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// So far it was read.
    pub read: u64,
    /// So many more it was seen to have; there may have been more than was ever seen.
    pub at_least: u64,
}

const LOST: &str = "lost: ";

impl Loss {
    /// Its word: `cut_short`, `gone`, `rest_of_line`, `datagrams`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Loss::CutShort(_) => "cut_short",
            Loss::Gone(_) => "gone",
            Loss::RestOfLine { .. } => "rest_of_line",
            Loss::Datagrams { .. } => "datagrams",
        }
    }

    /// How many datagrams it is.
    #[must_use]
    pub fn datagrams(&self) -> u64 {
        match self {
            Loss::Datagrams { count } => *count,
            Loss::CutShort(_) | Loss::Gone(_) | Loss::RestOfLine { .. } => 0,
        }
    }

    /// The bytes that stand for what is not there, where nothing of it is left: JSON.
    #[must_use]
    pub fn description(&self, of: &str) -> String {
        let word = self.word();
        let description = match self {
            Loss::CutShort(Unread { read, at_least }) | Loss::Gone(Unread { read, at_least }) => {
                serde_json::json!({ "lost": word, "of": of, "read_bytes": read, "at_least_bytes": at_least })
            }
            Loss::RestOfLine { left } => serde_json::json!({ "lost": word, "of": of, "left_bytes": left }),
            Loss::Datagrams { count } => serde_json::json!({ "lost": word, "of": of, "count": count }),
        };
        description.to_string()
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word();
        match self {
            Loss::CutShort(Unread { read, at_least }) | Loss::Gone(Unread { read, at_least }) => {
                write!(f, "{LOST}{word} {read} {at_least}")
            }
            Loss::RestOfLine { left: number } | Loss::Datagrams { count: number } => {
                write!(f, "{LOST}{word} {number}")
            }
        }
    }
}

/// A text that tells of no loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoLoss;

impl FromStr for Loss {
    type Err = NoLoss;

    fn from_str(text: &str) -> Result<Loss, NoLoss> {
        let number = |digits: &str| digits.parse().map_err(|_| NoLoss);
        let words: Vec<&str> = text.strip_prefix(LOST).ok_or(NoLoss)?.split(' ').collect();
        let unread = |read, at_least| Ok(Unread { read: number(read)?, at_least: number(at_least)? });
        match words[..] {
            ["cut_short", read, at_least] => Ok(Loss::CutShort(unread(read, at_least)?)),
            ["gone", read, at_least] => Ok(Loss::Gone(unread(read, at_least)?)),
            ["rest_of_line", left] => Ok(Loss::RestOfLine { left: number(left)? }),
            ["datagrams", count] => Ok(Loss::Datagrams { count: number(count)? }),
            _ => Err(NoLoss),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_read_as_it_was_written() {
        let unread = Unread { read: 8_000, at_least: 120 };
        for (loss, text) in [
            (Loss::CutShort(unread), "lost: cut_short 8000 120"),
            (Loss::Gone(unread), "lost: gone 8000 120"),
            (Loss::RestOfLine { left: 57 }, "lost: rest_of_line 57"),
            (Loss::Datagrams { count: 12 }, "lost: datagrams 12"),
        ] {
            assert_eq!(loss.to_string(), text);
            assert_eq!(text.parse(), Ok(loss));
            assert!(loss.description("eve\".json").contains(r#""of":"eve\".json""#));
        }
        for text in ["", "lost: ", "lost: gone 1", "lost: gone x 1", "octet_count: 18 bytes left over"] {
            assert_eq!(text.parse::<Loss>(), Err(NoLoss), "{text}");
        }
    }
}
