//! What is known to be lost before it came: told by the transport that noticed, kept as a reject like any other.
//!
//! The transport says it in an attribute of an envelope ([`Attribute::Fault`](crate::attribute::Attribute)), in words
//! that are read again where the envelope is refused. The envelope's bytes are a description that a question can count
//! by, or what is left of a line.

use std::{fmt, str::FromStr};

use crate::time::Now;

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
    /// A broker deleted records of a topic's partition before they could be read.
    Records(Deleted),
    /// A topic was deleted and made anew: what had not been read of the one before is gone.
    MadeAnew {
        /// Records of it that were seen and not read; there may have been more than was ever seen.
        unread: u64,
    },
}

/// Records of a partition that its broker deleted. Times are of the records, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The partition of the topic.
    pub partition: u32,
    /// The first offset that was not read.
    pub first: u64,
    /// The last one that is gone.
    pub last: u64,
    /// When the record before them was written; none where none was read.
    pub after: Option<i64>,
    /// When the record behind them was written; none where there is none yet.
    pub before: Option<i64>,
}

impl Deleted {
    /// How many they are: each had an offset of its own. Where a topic is compacted or written by transactions some
    /// offsets never were a record's.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.last.saturating_sub(self.first) + 1
    }
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
    /// Its word: `cut_short`, `gone`, `rest_of_line`, `datagrams`, `records`, `made_anew`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Loss::CutShort(_) => "cut_short",
            Loss::Gone(_) => "gone",
            Loss::RestOfLine { .. } => "rest_of_line",
            Loss::Datagrams { .. } => "datagrams",
            Loss::Records(_) => "records",
            Loss::MadeAnew { .. } => "made_anew",
        }
    }

    /// How many datagrams it is.
    #[must_use]
    pub fn datagrams(&self) -> u64 {
        match self {
            Loss::Datagrams { count } => *count,
            Loss::CutShort(_)
            | Loss::Gone(_)
            | Loss::RestOfLine { .. }
            | Loss::Records(_)
            | Loss::MadeAnew { .. } => 0,
        }
    }

    /// How many records of a broker it is.
    #[must_use]
    pub fn records(&self) -> u64 {
        match self {
            Loss::Records(deleted) => deleted.count(),
            Loss::MadeAnew { unread } => *unread,
            Loss::CutShort(_) | Loss::Gone(_) | Loss::RestOfLine { .. } | Loss::Datagrams { .. } => 0,
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
            Loss::Records(deleted) => {
                let time = |time: Option<i64>| time.map(|millis| Now(millis).rfc3339());
                serde_json::json!({
                    "lost": word,
                    "of": of,
                    "partition": deleted.partition,
                    "first_offset": deleted.first,
                    "last_offset": deleted.last,
                    "count": deleted.count(),
                    "after": time(deleted.after),
                    "before": time(deleted.before),
                })
            }
            Loss::MadeAnew { unread } => serde_json::json!({ "lost": word, "of": of, "count": unread }),
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
            Loss::RestOfLine { left: number }
            | Loss::Datagrams { count: number }
            | Loss::MadeAnew { unread: number } => {
                write!(f, "{LOST}{word} {number}")
            }
            Loss::Records(Deleted { partition, first, last, after, before }) => {
                let time =
                    |time: &Option<i64>| time.map_or_else(|| "-".to_owned(), |millis| millis.to_string());
                write!(f, "{LOST}{word} {partition} {first} {last} {} {}", time(after), time(before))
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
        let time = |text: &str| match text {
            "-" => Ok(None),
            millis => millis.parse().map(Some).map_err(|_| NoLoss),
        };
        match words[..] {
            ["cut_short", read, at_least] => Ok(Loss::CutShort(unread(read, at_least)?)),
            ["gone", read, at_least] => Ok(Loss::Gone(unread(read, at_least)?)),
            ["rest_of_line", left] => Ok(Loss::RestOfLine { left: number(left)? }),
            ["datagrams", count] => Ok(Loss::Datagrams { count: number(count)? }),
            ["records", partition, first, last, after, before] => Ok(Loss::Records(Deleted {
                partition: partition.parse().map_err(|_| NoLoss)?,
                first: number(first)?,
                last: number(last)?,
                after: time(after)?,
                before: time(before)?,
            })),
            ["made_anew", unread] => Ok(Loss::MadeAnew { unread: number(unread)? }),
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
        let deleted =
            Deleted { partition: 0, first: 100, last: 139, after: Some(1_795_027_200_000), before: None };
        assert_eq!((deleted.count(), Loss::Records(deleted).records()), (40, 40));
        for (loss, text) in [
            (Loss::CutShort(unread), "lost: cut_short 8000 120"),
            (Loss::Gone(unread), "lost: gone 8000 120"),
            (Loss::RestOfLine { left: 57 }, "lost: rest_of_line 57"),
            (Loss::Datagrams { count: 12 }, "lost: datagrams 12"),
            (Loss::Records(deleted), "lost: records 0 100 139 1795027200000 -"),
            (Loss::MadeAnew { unread: 3 }, "lost: made_anew 3"),
        ] {
            assert_eq!(loss.to_string(), text);
            assert_eq!(text.parse(), Ok(loss));
            assert!(loss.description("eve\".json").contains(r#""of":"eve\".json""#));
        }
        for text in [
            "",
            "lost: ",
            "lost: gone 1",
            "lost: gone x 1",
            "lost: records 0 1 2 x -",
            "octet_count: 18 bytes left over",
        ] {
            assert_eq!(text.parse::<Loss>(), Err(NoLoss), "{text}");
        }
    }
}
