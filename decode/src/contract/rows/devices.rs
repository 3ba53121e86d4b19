//! Whose a message of a gateway is, and what it is called there.
//!
//! Gateways know devices by names of their own: a number burnt into a radio, a name somebody typed, a path of a topic. Which
//! station a device belongs to the pack says (`devices` of a station); the device may stand in the message, in the topic,
//! or in both. Where both say one and they are of two stations, nobody knows which is right, and the row is refused.

use ioc_model::{attribute::Attribute, envelope::Envelope, time::EventTime};

use super::{RowSink, Rows, TimedBy, YEARS, dated::EARLIEST};
use crate::{
    contract::{
        Refusal,
        rules::{FeedRules, IndicatorRules, StationRules, Subject},
    },
    node::Node,
};

/// Levels of a topic that are looked at.
const MOST_LEVELS: usize = 16;

/// When a message came, as far as that says when what it tells was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    pub(crate) at: EventTime,
    pub(crate) by: TimedBy,
    /// Whether it may have been measured at another moment.
    pub(crate) is_doubtful: bool,
}

impl Arrived {
    /// None of what an outside broker had kept for whoever asks later: it was said once, and not now. A record of a broker
    /// is read whenever, and came when it was written; of one that does not say when, or says that it was later than it is
    /// now, nobody knows.
    pub(super) fn of(envelope: &Envelope<'_>, feed: &FeedRules) -> Option<Arrived> {
        let known = |attribute| envelope.attributes.get(attribute);
        if feed.by_broker && known(Attribute::Retained).is_some() {
            return None;
        }
        let received = EventTime(envelope.received_at.0);
        // Whoever may have sent it before may have done so at another moment.
        let is_doubtful = known(Attribute::Again).is_some();
        if !feed.of_records {
            return Some(Arrived { at: received, by: TimedBy::Arrival, is_doubtful });
        }
        let written = known(Attribute::Written).and_then(EventTime::from_rfc3339);
        Some(match written.filter(|at| *at <= received.plus(feed.contract.max_future)) {
            // Clocks differ.
            Some(at) => Arrived { at: at.min(received), by: TimedBy::Record, is_doubtful },
            None => Arrived { at: received, by: TimedBy::Arrival, is_doubtful: true },
        })
    }
}

impl<'d, S: RowSink + ?Sized> Rows<'d, S> {
    /// The subject that a device's name in a message stands for.
    pub(crate) fn device(&mut self, field: &'static str, name: &str) -> Result<Subject<'d>, Refusal> {
        let Some(station) = self.rules.station_of_device(name) else {
            if self.feed.only_listed() {
                return Err(Refusal::unknown_device(field, name));
            }
            self.check_sender(field, name)?;
            return self.unlisted(field, name);
        };
        match self.station_in_address() {
            Some(other) if other.id != station.id => {
                Err(Refusal::other_station(field, name, self.address(), &other.id))
            }
            _ => self.of_station(field, station),
        }
    }

    /// Whether a device goes by that name.
    pub(crate) fn is_device(&self, name: &str) -> bool {
        self.rules.station_of_device(name).is_some()
    }

    /// The subject whose device the address names, where the message names none. In a feed of any subjects one that is
    /// not listed goes by `otherwise`.
    pub(crate) fn of_address(
        &mut self,
        field: &'static str,
        otherwise: &str,
    ) -> Result<Subject<'d>, Refusal> {
        match self.station_in_address() {
            Some(station) => self.of_station(field, station),
            None if self.feed.only_listed() => Err(Refusal::no_device_in_address(field, self.address())),
            None => {
                self.check_sender(field, otherwise)?;
                self.unlisted(field, otherwise)
            }
        }
    }

    fn of_station(&self, field: &'static str, station: &'d StationRules) -> Result<Subject<'d>, Refusal> {
        self.check_sender(field, &station.id)?;
        Ok(Subject { id: station.subject, station: Some(station) })
    }

    /// The station whose device the address names.
    fn station_in_address(&self) -> Option<&'d StationRules> {
        self.device_in_address().map(|(station, _)| station)
    }

    /// What stands behind the device that the address names, without the slash between; none if it names none.
    pub(crate) fn behind_device(&self) -> Option<&'d str> {
        self.device_in_address().map(|(_, behind)| behind)
    }

    /// A device's name is one level of the address or several: of those that are known the one that ends last, and of
    /// these the one of the most levels. With what stands behind it.
    fn device_in_address(&self) -> Option<(&'d StationRules, &'d str)> {
        *self.in_address.get_or_init(|| self.device_in(self.address()))
    }

    /// The same of any address.
    pub(super) fn device_in<'a>(&self, address: &'a str) -> Option<(&'d StationRules, &'a str)> {
        let mut starts = [0; MOST_LEVELS];
        let mut levels = 1;
        for (start, (at, _)) in starts.iter_mut().skip(1).zip(address.match_indices('/')) {
            *start = at + 1;
            levels += 1;
        }
        let starts = &starts[..levels];
        let mut end = address.len();
        for last in (0..levels).rev() {
            let mut runs = starts[..=last].iter().filter_map(|start| address.get(*start..end));
            if let Some(station) = runs.find_map(|run| self.rules.station_of_device(run)) {
                let behind = address.get(end..)?;
                return Some((station, behind.strip_prefix('/').unwrap_or(behind)));
            }
            end = starts[last].saturating_sub(1);
        }
        None
    }

    /// The indicator that a symbol of a device means; none where the station passes it over.
    pub(crate) fn reading(
        &self,
        field: &'static str,
        symbol: &str,
        subject: &Subject<'_>,
    ) -> Result<Option<&'d IndicatorRules>, Refusal> {
        match subject.station {
            Some(station) if station.ignores(symbol) => Ok(None),
            _ => self.indicator_in_file(field, symbol, subject).map(Some),
        }
    }

    /// Whether that symbol means something that the subject measures.
    pub(crate) fn is_measured(&self, symbol: &str, subject: &Subject<'_>) -> bool {
        match subject.station {
            Some(station) => {
                let indicator = self.rules.indicator_at(station, symbol);
                indicator.is_some_and(|indicator| station.measures(indicator))
            }
            None => self.rules.indicator(symbol).is_some(),
        }
    }

    /// When it came; none of what was measured nobody knows when.
    pub(crate) fn arrived(&self) -> Option<Arrived> {
        self.arrived
    }

    /// Whether a moment is one that a sender of today may mean, and that the contract would take.
    pub(crate) fn can_be(&self, time: EventTime) -> bool {
        let can_be = time >= EARLIEST && (self.earliest..=self.latest).contains(&time);
        if !can_be && self.passed_over.get().is_none() {
            self.passed_over.set(Some(EventTime(time.0.clamp(YEARS.start, YEARS.end))));
        }
        can_be
    }

    /// Says what the time of the next row is.
    pub(crate) fn timed_by(&mut self, by: TimedBy) {
        let row = self.count;
        self.sink.timed_by(row, by);
    }

    /// As they are read by whoever holds what the envelope's node said before.
    pub(crate) fn behind(self, node: Option<&'d mut Node>) -> Rows<'d, S> {
        Rows { node, ..self }
    }

    /// What its node said before; none where nobody holds that. Once.
    pub(crate) fn node(&mut self) -> Option<&'d mut Node> {
        self.node.take()
    }

    /// Says that a station's gateway is there, or gone: the one that this address is of, if its sender may speak of it.
    pub(crate) fn present(&mut self, address: &str, is_there: bool) {
        if let Some((station, "")) = self.device_in(address)
            && self.check_sender("topic", &station.id).is_ok()
        {
            self.sink.present(station.subject, is_there);
        }
    }
}
