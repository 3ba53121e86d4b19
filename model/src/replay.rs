//! What is read again: messages that gave rejects, or wrong values, once their contract or mapping is mended.
//!
//! An operator says which rejects, or which period of a feed; what runs looks the messages up a portion at a time, takes
//! the originals to where they are decoded, and reads each as it was read before and as the pack of the epoch reads it.
//! What a reading gives that the one before did not goes its normal way, with the arrival it had; what was stored in
//! another value is replaced by it ([decision 38](../../docs/decisions/038-replay.md)).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    attribute::{self, Attributes},
    envelope::{Content, Envelope},
    form::{Absent, CellKey, Period, Report, Value, Vintage},
    name::Name,
    observation::Quality,
    pack::PackVersion,
    position::{Arrival, Position},
    reject::RejectReason,
    time::{EventTime, ReceivedAt},
};

/// Which messages are read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum ReplayScope {
    /// Those of which something is rejected: what is good now is taken up.
    Rejects = 0,
    /// Those of which something measured or reported is stored: what has another value now is replaced.
    Stored = 1,
}

/// What an operator wants read again: messages of one feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The feed they came by.
    pub of: Name,
    /// Which of them.
    pub scope: ReplayScope,
    /// Only those rejected for that; any where there is none.
    pub reason: Option<RejectReason>,
    /// Only those that arrived then or later,
    pub from: ReceivedAt,
    /// and before that.
    pub until: ReceivedAt,
    /// By whom, as they say.
    pub user: Box<str>,
    /// In their words; may be empty.
    pub note: Box<str>,
    /// The feed the order came by.
    pub feed: Name,
    /// Who sent it.
    pub sender: Name,
    /// When and where it arrived: by this a replay is known.
    pub arrival: Arrival,
}

/// Which messages of a replay come next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReplayPortion {
    /// By which replay.
    pub replay: Arrival,
    /// Of which feed.
    pub of: Name,
    /// Which of its messages.
    pub scope: ReplayScope,
    /// Rejected for that; for anything where there is none.
    pub reason: Option<RejectReason>,
    /// They come behind this one, which is when it arrived and where it lies; the first where there is none.
    pub after: Option<(ReceivedAt, Position)>,
}

/// A portion of a replay: messages by position, those of which something is stored in order of arrival.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplayedMessages {
    /// At most a portion of them.
    pub messages: Vec<ReplayedMessage>,
    /// Whether more follow.
    pub more: bool,
    /// Up to where it was looked for them, where that is behind the last of them, or there is none.
    pub after: Option<(ReceivedAt, Position)>,
    /// Why those behind them cannot be brought, where they cannot and never will: the replay ends with it.
    pub failed: Option<Box<str>>,
}

impl ReplayedMessages {
    /// What the next ones come behind; none where nothing was looked through.
    #[must_use]
    pub fn last(&self) -> Option<(ReceivedAt, Position)> {
        self.after.or_else(|| self.messages.last().map(|message| (message.received_at, message.position)))
    }
}

/// A message to be read again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplayedMessage {
    /// Where it lies.
    pub position: Position,
    /// When it reached us.
    pub received_at: ReceivedAt,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it.
    pub sender: Name,
    /// How it was read the last time.
    pub before: ReadBefore,
    /// What came; none where neither the log nor the archive has it.
    pub original: Option<ReplayedOriginal>,
}

/// How a message was read the last time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadBefore {
    /// The pack it was read with; none where that is not known, or that pack was not kept.
    pub pack: Option<PackVersion>,
    /// The pack of when it arrived, where what it gave was stored in a later epoch: a row may have waited meanwhile.
    pub arrived_with: Option<PackVersion>,
    /// What of it is on record.
    pub on_record: OnRecord,
}

/// What is on record of a message that is read again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OnRecord {
    /// It was rejected whole: nothing could be read.
    RejectedWhole,
    /// A report was refused whole, by its form.
    RefusedReport,
    /// These rows of it were rejected, in order: of very many the first, as they are kept.
    RejectedRows(Vec<u32>),
    /// These rows of it are stored, in order.
    Stored(Vec<StoredBefore>),
    /// Of its rows some are held, or were until a person decided: what a person said is not taken back.
    Decided,
    /// It could not be brought with what is on record of it.
    Untold,
    /// A report was taken, whole or in part.
    TakenReport(ReportOnRecord),
}

/// What is on record of a report that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportOnRecord {
    /// Its form.
    pub form: Name,
    /// The agency that reports.
    pub agency: Name,
    /// How many rows it had.
    pub rows: u32,
    /// How many of those were not taken.
    pub rejected: u32,
    /// The periods that were asked for: those of which it says something in either reading.
    pub periods: Vec<Period>,
    /// What is stored of it: of each cell and vintage the last reading.
    pub own: Vec<StoredWord>,
    /// What its agency had said before it of the cells that it speaks of ([`SpokenOf`]): of each and vintage the last word.
    pub earlier: Vec<StoredWord>,
}

/// What a report that is read again speaks of, in any of its readings: what was said before it of anything else does not
/// matter to it, and is not brought with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpokenOf {
    /// The periods that it is about.
    pub periods: BTreeSet<Period>,
    /// Cells that it names, or takes back by leaving them out.
    pub keys: BTreeSet<CellKey>,
    /// Of which periods it is the whole, and of which place if it is of one.
    pub whole: BTreeSet<(Period, Option<Name>)>,
}

impl SpokenOf {
    /// What one reading speaks of.
    pub fn add(&mut self, report: &Report) {
        self.periods.extend(report.periods());
        self.keys.extend(report.cells.iter().map(|cell| cell.key));
        if report.absent == Absent::Withdraws {
            self.keys.extend(&report.left_out);
        }
        self.whole.extend(report.period.zip(report.whole).map(|(period, whole)| (period, whole.place)));
    }

    /// Whether it says something of a cell, or may.
    #[must_use]
    pub fn is_of(&self, key: &CellKey) -> bool {
        self.keys.contains(key)
            || self.whole.contains(&(key.period, None))
            || self.whole.contains(&(key.period, Some(key.place)))
    }
}

/// A measured row of a message, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredBefore {
    /// Its number in the message.
    pub row: u32,
    /// What was measured.
    pub indicator: Name,
    /// Where.
    pub subject: Name,
    /// When it was so.
    pub event_time: EventTime,
    /// The value.
    pub value: f64,
    /// Its worth.
    pub quality: Quality,
}

/// What an agency said of a cell in one vintage, as it is stored and was read last: in a message that is read again, or in
/// the last before that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredWord {
    /// What it is about.
    pub key: CellKey,
    /// How final it is.
    pub vintage: Vintage,
    /// What it says.
    #[serde(with = "by_digits")]
    pub value: Value,
    /// The agency whose word on it counts.
    pub owner: Name,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it.
    pub sender: Name,
    /// When and where it arrived.
    pub arrival: Arrival,
    /// Where it stands in its message.
    pub at: Box<str>,
    /// As it came, where that is not the plain number.
    pub as_sent: Box<str>,
    /// Notes to it.
    pub note: Box<str>,
}

/// The bytes of a message and what is known beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayedOriginal {
    /// Topic, file name or path.
    pub address: Box<str>,
    /// Whether the bytes are a description of what was withheld.
    pub withheld: bool,
    /// What is known of it, encoded; [valid](attribute::are_valid).
    pub attributes: Box<[u8]>,
    /// The bytes as they came.
    pub payload: Box<[u8]>,
}

/// A value as a manifest keeps it: the mark, the digits and how many of them stand behind the point. By itself a decimal is
/// read only from what says of which type it is.
mod by_digits {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use crate::form::{Mark, Value};

    pub(super) fn serialize<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = value.number.map(|number| (number.mantissa(), number.scale()));
        (value.mark, digits).serialize(serializer)
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Value, D::Error> {
        let (mark, digits): (Mark, Option<(i128, u32)>) = Deserialize::deserialize(deserializer)?;
        let number = digits.map(|(digits, scale)| Decimal::try_from_i128_with_scale(digits, scale));
        Ok(Value { mark, number: number.transpose().map_err(D::Error::custom)? })
    }
}

impl ReplayedMessage {
    /// As it lay on the log; none where it is gone, or what is known of it cannot be read.
    #[must_use]
    pub fn envelope(&self) -> Option<Envelope<'_>> {
        let original = self.original.as_ref().filter(|it| attribute::are_valid(&it.attributes))?;
        Some(Envelope {
            position: self.position,
            feed: &self.feed,
            received_at: self.received_at,
            content: if original.withheld { Content::Withheld } else { Content::Raw },
            address: &original.address,
            attributes: Attributes::new(&[], &original.attributes),
            payload: &original.payload,
        })
    }
}
