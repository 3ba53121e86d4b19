//! The rows of one envelope on their way through the contract.
//!
//! A format hands in what it read, field by field, and what it could not read. Every row goes through
//! [`Rows::accept`] or [`Rows::reject`], which count it, so that no row can be counted twice or not at all
//! (invariants ONCE, BALANCE). Measured rows are handed on when the whole envelope is read: what it says twice shows only
//! then.

mod dated;
mod devices;
mod report;

use std::cell::{Cell, OnceCell};

use ioc_mapping::Mapping;
use ioc_model::{
    action::Action,
    attribute::{Asked, Attribute},
    calendar::{Calendar, LocalDay},
    contract::is_subject,
    envelope::Envelope,
    event::{Event, STATED_TIME, TimeFrom},
    event_columns::EventColumns,
    held::Decision,
    mapping::MappedBy,
    name::Name,
    names::{Names, Source, SourceId, SubjectId},
    observation::{Observation, Quality, Series},
    pack::SeverityScale,
    pattern,
    position::{Arrival, Position},
    reject::{RejectReason, Rejection},
    replay::{Replay, ReplayScope},
    row::Row,
    rule::AlertKey,
    time::{EventTime, Millis, ReceivedAt},
};
use jiff::civil::Date;
use rustc_hash::FxHashMap;

pub use self::dated::{Dated, TimedBy};
use self::devices::Arrived;
use super::{
    Refusal,
    events::{Delivery, Happened, Reporter, SaidTime},
    rules::{FeedRules, IndicatorRules, Rules, StationRules, Subject},
    told_twice::Held,
};
use crate::node::Node;

/// 1970-01-01 to 2200-12-31 in UTC: what every table can hold. Half-open.
const YEARS: std::ops::Range<i64> = 0..7_289_654_400_000;

/// Takes an envelope's rows, those of each kind in row order. Row numbers count from 0 over all of them together.
pub trait RowSink {
    /// A row that keeps its contract.
    fn observation(&mut self, observation: Observation);
    /// A row of another kind that keeps its contract.
    fn row(&mut self, row: Row);
    /// A row that does not; `raw` is the row's own bytes, as far as the format can tell them apart.
    fn rejected(&mut self, row: u32, rejection: Rejection, raw: &[u8]);
    /// A station's gateway says that it is there, or that it is gone: heard at that moment.
    fn present(&mut self, _station: SubjectId, _is_there: bool) {}
    /// A measured row has another time than one that its message states for the measurement. Heard before the row.
    fn timed_by(&mut self, _row: u32, _by: TimedBy) {}
    /// A live message of a station bears a time that lies far from its arrival.
    fn dated(&mut self, _dated: Dated) {}
}

/// Whom somebody who decodes has met and will meet again: the subjects no pack lists, and the source the last envelope
/// came from, which are then known without asking the tables that everybody shares. For one table of names.
///
/// The room for an envelope's rows is kept, too.
#[derive(Debug, Default)]
pub(crate) struct Met {
    subjects: FxHashMap<Box<str>, SubjectId>,
    source: Option<(Source, SourceId)>,
    held: Held,
}

impl Met {
    fn source(&mut self, names: &Names, feed: Name, sender: &str) -> (Source, SourceId) {
        match self.source {
            Some((source, id)) if source.feed == feed && source.sender == *sender => (source, id),
            _ => {
                let source = Source { feed, sender: Name::new(sender) };
                let id = names.sources.number(source);
                self.source = Some((source, id));
                (source, id)
            }
        }
    }
}

/// One envelope's rows, the contract they are judged by, and where they go.
pub(crate) struct Rows<'d, S: ?Sized> {
    rules: &'d Rules,
    feed: &'d FeedRules,
    names: &'d Names,
    calendar: &'d Calendar,
    met: &'d mut Met,
    source: SourceId,
    from: Source,
    position: Position,
    received_at: ReceivedAt,
    /// Event times outside of this are rejected. Both ends inclusive.
    earliest: EventTime,
    latest: EventTime,
    address: &'d str,
    sender: &'d str,
    /// What its sender calls the delivery.
    origin: Option<&'d str>,
    /// What lay before it in the file that it is a piece of.
    before: Option<&'d str>,
    /// How much it is of what a source was asked for; none where somebody sent it.
    asked: Option<Asked>,
    /// Whether its sender says that what may be a mistake is meant.
    confirmed: bool,
    /// Whom its sender may speak of; anybody if there is none.
    bound_to: Option<&'d str>,
    owed: Option<&'d str>,
    /// The station its address names, once a row was about another.
    addressed: Option<Option<&'d StationRules>>,
    /// The station whose device its address names, and what stands behind that, once it was looked for.
    in_address: OnceCell<Option<(&'d StationRules, &'d str)>>,
    arrived: Option<Arrived>,
    /// Whether its senders say at once what they measure.
    is_live: bool,
    /// The newest time that its rows bear, of the station they are about.
    dated: Option<Dated>,
    /// The best of its times that cannot be, where another stands in for it.
    passed_over: Cell<Option<EventTime>>,
    /// What its node said before, where whoever decodes holds that.
    node: Option<&'d mut Node>,
    /// Who reports in the lines that call themselves as the last one did.
    reporter: Option<(Box<str>, Reporter<'d>)>,
    sink: &'d mut S,
    count: u32,
}

impl<'d, S: RowSink + ?Sized> Rows<'d, S> {
    pub(crate) fn new(
        (rules, names, calendar): (&'d Rules, &'d Names, &'d Calendar),
        feed: &'d FeedRules,
        met: &'d mut Met,
        envelope: &Envelope<'d>,
        sink: &'d mut S,
    ) -> Rows<'d, S> {
        let received = EventTime(envelope.received_at.0);
        let (from, source) = met.source(names, feed.name, envelope.attributes.sender());
        Rows {
            rules,
            feed,
            names,
            calendar,
            met,
            source,
            from,
            position: envelope.position,
            received_at: envelope.received_at,
            earliest: received.minus(feed.contract.max_age),
            latest: received.plus(feed.contract.max_future),
            address: envelope.address,
            sender: envelope.attributes.sender(),
            origin: envelope.attributes.get(Attribute::Origin),
            before: envelope.attributes.get(Attribute::Before),
            asked: envelope.attributes.get(Attribute::Asked).and_then(Asked::of_word),
            confirmed: envelope.attributes.get(Attribute::Confirmed).is_some(),
            owed: envelope.attributes.get(Attribute::Owed),
            bound_to: envelope.attributes.get(Attribute::BoundTo),
            addressed: None,
            in_address: OnceCell::new(),
            arrived: Arrived::of(envelope, feed),
            is_live: dated::is_live(envelope, feed),
            dated: None,
            passed_over: Cell::new(None),
            node: None,
            reporter: None,
            sink,
            count: 0,
        }
    }

    /// Where the envelope came from: a topic, a file name, a path.
    pub(crate) fn address(&self) -> &'d str {
        self.address
    }

    /// The pack's local clock.
    pub(crate) fn calendar(&self) -> &'d Calendar {
        self.calendar
    }

    /// The subject of that name.
    #[inline]
    pub(crate) fn subject(&mut self, field: &'static str, name: &str) -> Result<Subject<'d>, Refusal> {
        let subject = match self.rules.station(name) {
            Some(station) => Subject { id: station.subject, station: Some(station) },
            None => self.unlisted(field, name)?,
        };
        self.check_address(field, name)?;
        self.check_sender(field, name)?;
        Ok(subject)
    }

    /// A topic with a station's identifier as one of its levels is that station's: a row in it about another is a
    /// gateway's mix-up.
    #[inline]
    fn check_address(&mut self, field: &'static str, name: &str) -> Result<(), Refusal> {
        match self.addressed {
            Some(None) => Ok(()),
            Some(Some(station)) if *station.id == *name => Ok(()),
            _ => self.compare_address(field, name),
        }
    }

    #[cold]
    fn compare_address(&mut self, field: &'static str, name: &str) -> Result<(), Refusal> {
        let levels = || self.address.split('/');
        if levels().any(|level| level == name) {
            return Ok(());
        }
        let named = levels().find_map(|level| self.rules.station(level));
        self.addressed = Some(named);
        match named {
            Some(station) => Err(Refusal::other_station(field, name, self.address, &station.id)),
            None => Ok(()),
        }
    }

    #[inline]
    fn check_sender(&self, field: &'static str, name: &str) -> Result<(), Refusal> {
        match self.bound_to {
            Some(patterns) if !pattern::allows(patterns, name) => {
                Err(Refusal::not_spoken_of(field, name, patterns))
            }
            _ => Ok(()),
        }
    }

    /// The station a file's name means: the first of the candidates that the pack knows; else the last as it is, if
    /// the feed may speak of anything.
    pub(crate) fn subject_of_file(&mut self, candidates: &[&str]) -> Result<Subject<'d>, Refusal> {
        for code in candidates {
            if let Some(station) = self.rules.station_of_file(code).or_else(|| self.rules.station(code)) {
                self.check_sender("file name", &station.id)?;
                return Ok(Subject { id: station.subject, station: Some(station) });
            }
        }
        let code = candidates.last().copied().unwrap_or_default();
        if self.feed.only_listed() {
            return Err(Refusal::unknown_file_code(self.address, code));
        }
        self.check_sender("file name", code)?;
        self.unlisted("file name", code)
    }

    fn unlisted(&mut self, field: &'static str, name: &str) -> Result<Subject<'d>, Refusal> {
        if self.feed.only_listed() {
            return Err(Refusal::unknown_subject(field, name));
        }
        if let Some(id) = self.met.subjects.get(name) {
            return Ok(Subject { id: *id, station: None });
        }
        if !is_subject(name) {
            return Err(Refusal::invalid_subject(field, name));
        }
        let id = self.names.subjects.number(name);
        let _ = self.met.subjects.insert(name.into(), id);
        Ok(Subject { id, station: None })
    }

    /// The indicator of that identifier, symbol or alias, if the subject measures it.
    #[inline]
    pub(crate) fn indicator(
        &self,
        field: &'static str,
        symbol: &str,
        subject: &Subject<'_>,
    ) -> Result<&'d IndicatorRules, Refusal> {
        self.measured(field, symbol, self.rules.indicator(symbol), subject)
    }

    /// As [`Rows::indicator`], with the station's own symbols first.
    pub(crate) fn indicator_in_file(
        &self,
        field: &'static str,
        symbol: &str,
        subject: &Subject<'_>,
    ) -> Result<&'d IndicatorRules, Refusal> {
        let found = match subject.station {
            Some(station) => self.rules.indicator_at(station, symbol),
            None => self.rules.indicator(symbol),
        };
        self.measured(field, symbol, found, subject)
    }

    #[inline]
    fn measured(
        &self,
        field: &'static str,
        symbol: &str,
        found: Option<&'d IndicatorRules>,
        subject: &Subject<'_>,
    ) -> Result<&'d IndicatorRules, Refusal> {
        let indicator = found.ok_or_else(|| Refusal::unknown_indicator(field, symbol))?;
        match subject.station {
            Some(station) if self.feed.only_listed() && !station.measures(indicator) => {
                Err(Refusal::not_measured(field, symbol, &station.id))
            }
            _ => Ok(indicator),
        }
    }

    /// Whether an event time is one the contract, the subject and the calendar allow.
    #[inline]
    pub(crate) fn check_time(
        &mut self,
        field: &'static str,
        time: EventTime,
        subject: &Subject<'_>,
    ) -> Result<(), Refusal> {
        if !YEARS.contains(&time.0) {
            return Err(Refusal::outside_the_years(field, time));
        }
        if !(self.earliest..=self.latest).contains(&time) {
            self.date_refused(subject, time);
        }
        if time > self.latest {
            return Err(Refusal::future(field, time, self.received_at, self.feed.contract.max_future));
        }
        if time < self.earliest {
            return Err(Refusal::too_old(field, time, self.received_at, self.feed.contract.max_age));
        }
        match subject.station {
            Some(station) if self.feed.only_listed() && !station.is_valid(time) => {
                Err(Refusal::subject_not_valid(field, &station.id, time))
            }
            _ => Ok(()),
        }
    }

    /// A value in the indicator's unit; without a unit it is in that already.
    #[inline]
    pub(crate) fn convert(
        &self,
        field: &'static str,
        indicator: &IndicatorRules,
        value: f64,
        unit: Option<&str>,
    ) -> Result<f64, Refusal> {
        let factor = match unit {
            None => 1.0,
            Some(unit) => {
                indicator.factor(unit).ok_or_else(|| Refusal::unknown_unit(field, unit, indicator))?
            }
        };
        // Minus zero would differ from zero as bits, and so be a correction instead of a duplicate.
        let converted = value * factor + 0.0;
        if converted.is_finite() { Ok(converted) } else { Err(Refusal::not_finite(field)) }
    }

    /// Takes a measured row that keeps the contract.
    #[inline]
    pub(crate) fn accept(
        &mut self,
        subject: &Subject<'_>,
        indicator: &IndicatorRules,
        event_time: EventTime,
        value: f64,
        quality: Quality,
    ) {
        let value = match subject.station {
            Some(station) => station.kept(indicator, value),
            None => value,
        };
        let observation = Observation {
            series: Series { indicator: indicator.id, subject: subject.id },
            event_time,
            value,
            quality: indicator.judge(value, quality),
            source: self.source,
            arrival: Arrival { received_at: self.received_at, position: self.position, row: self.count },
        };
        self.count = self.count.saturating_add(1);
        self.met.held.push(observation);
        if self.is_live {
            self.date(subject, event_time);
        }
    }

    /// Hands on the measured rows; how many rows of all kinds there were.
    #[inline]
    pub(crate) fn finish(mut self) -> u32 {
        self.say_date();
        let Rows { met, sink, count, .. } = self;
        met.held.drain(|row| sink.observation(row));
        count
    }

    /// Hands on what an operator did.
    pub(crate) fn act(&mut self, alert: AlertKey, user: &str, note: &str) {
        let Source { feed, sender } = self.from;
        let action = Action {
            alert,
            user: user.into(),
            note: note.into(),
            feed,
            sender,
            arrival: Arrival { received_at: self.received_at, position: self.position, row: self.count },
        };
        self.count = self.count.saturating_add(1);
        self.sink.row(Row::Done(action));
    }

    /// The local day of a date.
    pub(crate) fn local_day(&self, date: Date) -> Option<LocalDay> {
        self.calendar.day_of(self.calendar.moment(date.at(0, 0, 0, 0))?)
    }

    /// Hands on what an operator decided about the rows of a sender, series and day that are held.
    pub(crate) fn decide(
        &mut self,
        (indicator, subject): (&str, &str),
        day: LocalDay,
        of: &str,
        accepted: bool,
        (user, note): (&str, &str),
    ) {
        let Source { feed, sender } = self.from;
        let decision = Decision {
            indicator: Name::new(indicator),
            subject: Name::new(subject),
            day,
            of: Name::new(of),
            accepted,
            user: user.into(),
            note: note.into(),
            feed,
            sender,
            arrival: Arrival { received_at: self.received_at, position: self.position, row: self.count },
        };
        self.count = self.count.saturating_add(1);
        self.sink.row(Row::Decided(decision));
    }

    /// Hands on what an operator wants read again: what came by that feed, from the one moment on and before the other.
    pub(crate) fn replay(
        &mut self,
        of: &str,
        (scope, reason): (ReplayScope, Option<RejectReason>),
        (from, until): (ReceivedAt, ReceivedAt),
        (user, note): (&str, &str),
    ) {
        let Source { feed, sender } = self.from;
        let replay = Replay {
            of: Name::new(of),
            scope,
            reason,
            from,
            until,
            user: user.into(),
            note: note.into(),
            feed,
            sender,
            arrival: Arrival { received_at: self.received_at, position: self.position, row: self.count },
        };
        self.count = self.count.saturating_add(1);
        self.sink.row(Row::Replayed(Box::new(replay)));
    }

    /// By what the lines of the envelope are known when they are delivered again; none where nothing tells.
    pub(crate) fn delivery(&self) -> Option<Delivery> {
        if let Some(before) = self.before {
            return before.parse().ok().map(Delivery::going_on);
        }
        match self.origin {
            _ if self.feed.by_file => Some(Delivery::default()),
            Some(origin) => Some(Delivery::of_request(&self.feed.name, self.sender, origin)),
            None => None,
        }
    }

    /// Who reports in a line that calls itself `host`, empty where it does not.
    pub(crate) fn reporter(&mut self, host: &str) -> Result<Reporter<'d>, Refusal> {
        if let Some((of, reporter)) = &self.reporter
            && **of == *host
        {
            return Ok(reporter.clone());
        }
        let reporter = self.rules.events.reporter(self.address, self.sender, host, self.calendar);
        self.check_sender("host", reporter.log_source())?;
        self.reporter = Some((host.into(), reporter.clone()));
        Ok(reporter)
    }

    /// The feed it came by.
    pub(crate) fn feed(&self) -> Name {
        self.from.feed
    }

    /// What stands where in the tables of its feed.
    pub(crate) fn columns(&self) -> &'d EventColumns {
        &self.feed.contract.columns
    }

    /// What makes rows of its messages, and how its feed says to read them.
    pub(crate) fn mapping(&self) -> Option<(&'d Mapping, &'d MappedBy)> {
        Some((self.feed.mapping.as_deref()?, self.feed.contract.mapping.as_ref()?))
    }

    /// When it came.
    pub(crate) fn received_at(&self) -> EventTime {
        EventTime(self.received_at.0)
    }

    /// Whether a source was asked for it, and may be asked again for the same.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// The scale of a product that has one of its own.
    pub(crate) fn severity_scale(&self, vendor: &str, product: &str) -> Option<&'d SeverityScale> {
        self.rules.events.scale(vendor, product)
    }

    /// Takes an event. What the contract says of it is filled in here: who reports, when it happened, how it came.
    pub(crate) fn happen(&mut self, reporter: &Reporter<'_>, said: SaidTime<'_>, mut event: Box<Event>) {
        let received = EventTime(self.received_at.0);
        // Also a contract without bounds lets nothing through that no table can hold.
        let bounds = (self.earliest.0.max(YEARS.start), self.latest.0.min(YEARS.end - 1));
        let happened = reporter.happened(said, (EventTime(bounds.0), received, EventTime(bounds.1)));
        let Happened { at: happened_at, time_from, stated } = happened;
        let Source { feed, sender } = self.from;
        // The moment that it would be, where it is one: how far off its clock is can be told by that.
        if time_from == TimeFrom::Absurd
            && let Some(stated) = stated.map(EventTime::rfc3339).or_else(|| said.written())
        {
            event.attributes.push((STATED_TIME.into(), stated.into()));
        }
        event.attributes.sort();
        (event.log_source, event.known, event.relay) = (reporter.log_source, reporter.known, reporter.relay);
        event.behind = reporter.behind.clone();
        (event.happened_at, event.time_from) = (happened_at, time_from);
        (event.feed, event.sender) = (feed, sender);
        event.weight = event.weight.max(1);
        event.arrival = Arrival { received_at: self.received_at, position: self.position, row: self.count };
        self.sink.row(Row::Happened(event));
        self.count = self.count.saturating_add(1);
    }

    /// Hands on a row that does not; `place` says where in the envelope, as in `line 3` or `[2]`.
    pub(crate) fn reject(&mut self, refusal: Refusal, place: &dyn std::fmt::Display, raw: &[u8]) {
        let row = self.count;
        self.count = self.count.saturating_add(1);
        self.sink.rejected(row, refusal.at(place), raw);
    }
}

/// A length of time as a person says it.
pub(super) fn spoken(duration: Millis) -> String {
    for (unit, millis) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
        if duration.0 >= millis && duration.0 % millis == 0 {
            return format!("{}{unit}", duration.0 / millis);
        }
    }
    format!("{}ms", duration.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_years_end_with_2200() {
        assert_eq!(EventTime(YEARS.start).rfc3339(), "1970-01-01T00:00:00.000Z");
        assert_eq!(EventTime(YEARS.end).rfc3339(), "2201-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_duration_is_said_in_its_largest_whole_unit() {
        assert_eq!(spoken(Millis::minutes(5)), "5m");
        assert_eq!(spoken(Millis::hours(48)), "2d");
        assert_eq!(spoken(Millis(1_500)), "1500ms");
        assert_eq!(spoken(Millis(0)), "0ms");
    }
}
