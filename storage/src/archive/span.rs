//! A run of one partition's offsets that was archived together.

use ioc_model::position::{LogNumber, Offset, Partition};

/// The offsets `[from, to)` of one partition of a log: what one pass archived, and the stem of its files' names.
///
/// Written `log-partition-from-to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The log.
    pub log: LogNumber,
    /// The partition.
    pub partition: Partition,
    /// Its first offset.
    pub from: Offset,
    /// The first offset behind it.
    pub to: Offset,
}

/// What is written is no span.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a span of the form log-partition-from-to")]
pub struct InvalidSpan(String);

impl Span {
    /// Whether an offset of its partition lies in it.
    #[must_use]
    pub fn holds(&self, offset: Offset) -> bool {
        self.from <= offset && offset < self.to
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}-{}-{}", self.log, self.partition, self.from, self.to)
    }
}

impl std::str::FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Span, InvalidSpan> {
        let invalid = || InvalidSpan(text.to_owned());
        let parts: Vec<&str> = text.split('-').collect();
        let [log, partition, from, to] = parts[..] else { return Err(invalid()) };
        let span = Span {
            log: LogNumber(log.parse().map_err(|_| invalid())?),
            partition: Partition(partition.parse().map_err(|_| invalid())?),
            from: Offset(from.parse().map_err(|_| invalid())?),
            to: Offset(to.parse().map_err(|_| invalid())?),
        };
        // One way to write it, or a name and what it names could part.
        if span.to <= span.from || span.to_string() != text {
            return Err(invalid());
        }
        Ok(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_survives_being_written_and_nothing_else_is_read_as_one() {
        let span = Span { log: LogNumber(1), partition: Partition(0), from: Offset(7), to: Offset(9) };
        assert_eq!(span.to_string().parse::<Span>().unwrap(), span);
        for text in
            ["", "1-0-7", "1-0-7-9-9", "1-0-9-9", "1-0-9-7", "01-0-7-9", "1-0-+7-9", "1-0-7-x", "../1-0-7-9"]
        {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        assert!(span.holds(Offset(7)) && span.holds(Offset(8)));
        assert!(!span.holds(Offset(6)) && !span.holds(Offset(9)));
    }
}
