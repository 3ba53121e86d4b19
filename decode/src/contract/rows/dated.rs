//! How far the times that a live message bears lie from its arrival: what a sender's clock is judged by.
//!
//! One message says little, since it may have waited; what many say together is for whoever remembers them. So here is only
//! told which times lie far from their arrival. A message with several rows is dated by the newest of them: the older ones
//! are a sender's memory. One whose time cannot be is dated by that, whatever stands in for it.
//!
//! Files, databases, records of brokers and what a broker kept say nothing of a clock: they may have waited for any time. Nor
//! does what may have been sent before.

use ioc_model::{
    attribute::Attribute,
    envelope::Envelope,
    names::{SourceId, SubjectId},
    position::Arrival,
    time::{EventTime, Millis},
};
use serde::{Deserialize, Serialize};

use super::{RowSink, Rows};
use crate::contract::rules::{FeedRules, Subject};

/// 2000-01-01: nothing that sends today was measured before, and a clock without a battery begins there or earlier.
pub(super) const EARLIEST: EventTime = EventTime(946_684_800_000);
/// So far ahead of its arrival a time is nothing but that of a clock that runs fast,
const AHEAD: Millis = Millis::minutes(20);
/// and so far behind that of a value which was a while on its way, or is dated by the beginning of its hour.
const BEHIND: Millis = Millis::hours(1);

/// The time that a live message bears of a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dated {
    /// The station, by its number in this process.
    pub subject: SubjectId,
    /// By which feed it came, and who sent it.
    pub source: SourceId,
    /// When and where the message arrived.
    pub arrival: Arrival,
    /// The newest time it bears.
    pub said: EventTime,
    /// Whether that was not taken.
    pub is_refused: bool,
}

impl Dated {
    /// How long it was on its way, by what it says; less than nothing where it is ahead.
    #[must_use]
    pub fn lag(&self) -> Millis {
        Millis(self.arrival.received_at.0.saturating_sub(self.said.0))
    }

    /// Whether no clock that goes can say it: from before 2000, or further ahead than the feed allows.
    #[must_use]
    pub fn is_impossible(&self) -> bool {
        self.said < EARLIEST || (self.is_refused && self.lag() < Millis(0))
    }

    /// Whether a clock that is right may say it of what was measured just now.
    #[must_use]
    pub fn is_near(lag: Millis) -> bool {
        (-AHEAD.0..=BEHIND.0).contains(&lag.0)
    }
}

/// What the time of a measured row is, where its message states none of the measurement that can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimedBy {
    /// When a network's server took it.
    Server,
    /// When a gateway took it.
    Gateway,
    /// When its record was written at a broker.
    Record,
    /// When it arrived here.
    Arrival,
}

impl TimedBy {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            TimedBy::Server => "server",
            TimedBy::Gateway => "gateway",
            TimedBy::Record => "record",
            TimedBy::Arrival => "arrival",
        }
    }
}

/// Whether what comes so is sent when it is measured.
pub(super) fn is_live(envelope: &Envelope<'_>, feed: &FeedRules) -> bool {
    let has = |attribute| envelope.attributes.get(attribute).is_some();
    let was_kept = feed.by_broker && has(Attribute::Retained);
    feed.is_live && !was_kept && !has(Attribute::Again) && !has(Attribute::Will)
}

impl<S: RowSink + ?Sized> Rows<'_, S> {
    /// A row of a live message bears that time, or what stands in for it.
    #[inline]
    pub(super) fn date(&mut self, subject: &Subject<'_>, time: EventTime) {
        if subject.station.is_some() {
            let passed_over = self.passed_over.get();
            self.date_by(subject, passed_over.unwrap_or(time), passed_over.is_some());
        }
    }

    /// A row's time was not taken.
    #[cold]
    pub(super) fn date_refused(&mut self, subject: &Subject<'_>, time: EventTime) {
        if self.is_live && subject.station.is_some() {
            self.date_by(subject, time, true);
        }
    }

    fn date_by(&mut self, subject: &Subject<'_>, said: EventTime, is_refused: bool) {
        let arrival = Arrival { received_at: self.received_at, position: self.position, row: 0 };
        let next = Dated { subject: subject.id, source: self.source, arrival, said, is_refused };
        match &mut self.dated {
            Some(dated) if dated.subject == subject.id => {
                if (dated.is_refused, dated.said) < (is_refused, said) {
                    *dated = next;
                }
            }
            _ => {
                self.say_date();
                self.dated = Some(next);
            }
        }
    }

    /// Tells of the station that the last rows were about.
    pub(super) fn say_date(&mut self) {
        if let Some(dated) = self.dated.take()
            && (dated.is_refused || !Dated::is_near(dated.lag()))
        {
            self.sink.dated(dated);
        }
    }
}
