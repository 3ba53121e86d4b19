//! What a worker could not take, as rows to store.
//!
//! Words are most of a reject, and who floods is told the same again and again: a row that says of the same address what
//! the one before it said shares its words with it.

use std::sync::Arc;

use ioc_model::{
    envelope::Envelope,
    names::Source,
    position::Arrival,
    reject::{RejectReason, Rejection},
    results::{RAW_KEPT, RejectedRow},
    text::Text,
};

/// Bad rows of one envelope that are kept each by itself. A reject is hundreds of times larger than the two bytes it
/// takes to cause one: beyond this the rest is one row that says how many there are (BOUND), and all are counted.
pub(super) use ioc_decode::reread::KEPT_REJECTS;

/// A worker's rejects of an epoch.
#[derive(Debug, Default)]
pub(super) struct Rejects(Vec<RejectedRow>);

impl Rejects {
    /// Adds a row of an envelope, or with `row` none the whole envelope.
    pub(super) fn push(
        &mut self,
        envelope: &Envelope<'_>,
        source: Source,
        row: Option<u32>,
        rejection: Rejection,
        raw: &[u8],
    ) {
        let Envelope { position, received_at, .. } = *envelope;
        let last = self.0.last();
        let address = last.map(|last| &last.address).filter(|address| ***address == *envelope.address);
        let said = last.map(|last| &last.rejection).filter(|said| ***said == rejection);
        let rejected = RejectedRow {
            feed: source.feed,
            sender: source.sender,
            arrival: Arrival { received_at, position, row: row.unwrap_or(0) },
            whole: row.is_none(),
            address: address.map_or_else(|| envelope.address.into(), Arc::clone),
            rejection: said.map_or_else(|| Arc::new(rejection), Arc::clone),
            raw: raw[..raw.len().min(RAW_KEPT)].into(),
            raw_length: u32::try_from(raw.len()).unwrap_or(u32::MAX),
        };
        self.0.push(rejected);
    }

    /// Adds what stands for an envelope's bad rows from `row` on: those beyond [`KEPT_REJECTS`] of so many in all.
    pub(super) fn push_further(&mut self, envelope: &Envelope<'_>, source: Source, row: u32, rejected: u64) {
        let further = rejected - KEPT_REJECTS;
        let rejection = Rejection {
            reason: RejectReason::TooMany,
            place: format!("[{row}]"),
            message: Text {
                vi: format!("{further} dòng nữa từ đây cũng bị loại; sửa các lỗi đã nêu rồi gửi lại"),
                en: format!(
                    "{further} more rows from here on are rejected too; mend what is said above and send again"
                ),
            },
        };
        self.push(envelope, source, Some(row), rejection, &[]);
    }

    pub(super) fn into_rows(self) -> Vec<RejectedRow> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::{
        attribute::Attributes,
        envelope::Content,
        name::Name,
        position::{LogNumber, Offset, Partition, Position},
        time::ReceivedAt,
    };

    use super::*;

    fn envelope(offset: u64, address: &str) -> Envelope<'_> {
        Envelope {
            position: Position { log: LogNumber(1), partition: Partition(0), offset: Offset(offset) },
            feed: "air",
            received_at: ReceivedAt(1_000),
            content: Content::Raw,
            address,
            attributes: Attributes::default(),
            payload: b"?",
        }
    }

    fn says(words: &str) -> Rejection {
        let message = Text { vi: words.to_owned(), en: words.to_owned() };
        Rejection { reason: RejectReason::Malformed, place: String::new(), message }
    }

    #[test]
    fn rows_that_say_the_same_share_their_words_and_others_keep_their_own() {
        let said = [("a", "x"), ("a", "x"), ("b", "x"), ("b", "y"), ("a", "x")];
        let mut rejects = Rejects::default();
        let source = Source { feed: Name::from("air"), sender: Name::from("gateway") };
        for (offset, (address, words)) in (0..).zip(said) {
            rejects.push(&envelope(offset, address), source, None, says(words), b"?");
        }
        let rows = rejects.into_rows();
        let seen: Vec<_> =
            rows.iter().map(|row| (&*row.address, row.rejection.message.en.as_str())).collect();
        assert_eq!(seen, said);
        let shared = |at: usize| {
            let (before, row) = (&rows[at - 1], &rows[at]);
            (Arc::ptr_eq(&before.address, &row.address), Arc::ptr_eq(&before.rejection, &row.rejection))
        };
        let expected = [(true, true), (false, true), (true, false), (false, false)];
        assert_eq!((1..5).map(shared).collect::<Vec<_>>(), expected);
    }
}
