//! Which receipts and cells are asked for, and where a page of receipts ends.

use std::{collections::BTreeSet, fmt, str::FromStr};

use crate::{position::Position, results::ReportVerdict, time::ReceivedAt};

/// Which receipts are meant; what is not named may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptFilter {
    /// Of that form,
    pub form: Option<String>,
    /// of that agency,
    pub agency: Option<String>,
    /// with that verdict,
    pub verdict: Option<ReportVerdict>,
    /// of that sender.
    pub sender: Option<String>,
}

/// Which cells of a form are meant; what is not named may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CellFilter {
    /// Of those indicators,
    pub indicators: Option<BTreeSet<String>>,
    /// of that part of them, which is empty for the whole,
    pub part: Option<String>,
    /// of units with one of those codes, of whatever time.
    pub codes: Option<BTreeSet<String>>,
}

impl CellFilter {
    /// Whether a cell of an indicator, part and unit is meant.
    #[must_use]
    pub fn is_of(&self, indicator: &str, part: &str, code: &str) -> bool {
        let names = |of: &Option<BTreeSet<String>>, one: &str| of.as_ref().is_none_or(|of| of.contains(one));
        names(&self.indicators, indicator)
            && self.part.as_ref().is_none_or(|of| of == part)
            && names(&self.codes, code)
    }
}

/// Where a page of receipts ends, written `received-log-partition-offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptCursor {
    /// When the last of its messages arrived.
    pub received_at: ReceivedAt,
    /// Where that lies.
    pub position: Position,
}

impl fmt::Display for ReceiptCursor {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}-{}", self.received_at.0, self.position)
    }
}

impl FromStr for ReceiptCursor {
    type Err = InvalidReceiptCursor;

    fn from_str(text: &str) -> Result<ReceiptCursor, InvalidReceiptCursor> {
        let read = || {
            // A moment before 1970 has a minus of its own.
            let third_last = text.rmatch_indices('-').nth(2)?.0;
            let (received_at, position) = (&text[..third_last], &text[third_last + 1..]);
            Some(ReceiptCursor {
                received_at: ReceivedAt(received_at.parse().ok()?),
                position: position.parse().ok()?,
            })
        };
        read().ok_or_else(|| InvalidReceiptCursor(text.to_owned()))
    }
}

/// It is not written like one.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no place of a receipt; take the 'next' of the page before")]
pub struct InvalidReceiptCursor(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        for text in ["1795132800000-1-0-42", "-5-2-1-0"] {
            assert_eq!(text.parse::<ReceiptCursor>().unwrap().to_string(), text);
        }
        for text in ["", "1", "1-0-42", "x-1-0-42", "5-1-0-x"] {
            assert!(text.parse::<ReceiptCursor>().is_err(), "{text}");
        }
    }
}
