//! A pack as the hot path needs it: every look-up prepared, names already numbers.

use std::sync::Arc;

use ioc_mapping::Mapping;
use ioc_model::{
    calendar::Calendar,
    contract::{Contract, Subjects},
    name::Name,
    names::{IndicatorId, Names, SubjectId},
    observation::Quality,
    pack::{FormatName, Indicator, Pack, Spelling, Station, Transport},
    place::Date,
    time::EventTime,
};
use rustc_hash::FxHashMap;

use super::{events::EventRules, form::Forms};
use crate::mappings::Mappings;

#[cfg(test)]
thread_local! {
    /// How often a station was looked for by a device's name.
    pub(crate) static LOOKED_FOR: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// The rules of one version of a pack.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) feeds: FxHashMap<Box<str>, FeedRules>,
    indicators: Vec<IndicatorRules>,
    /// As senders mostly write it, and in the comparable form.
    indicator_exact: FxHashMap<Box<str>, u32>,
    indicator_spelled: FxHashMap<Spelling, u32>,
    stations: Vec<StationRules>,
    station_ids: FxHashMap<Box<str>, u32>,
    file_codes: FxHashMap<Spelling, u32>,
    /// As messages write them.
    devices: FxHashMap<Box<str>, u32>,
    pub(super) events: EventRules,
    pub(super) forms: Forms,
}

/// What is asked of a feed's envelopes.
#[derive(Debug)]
pub(crate) struct FeedRules {
    pub(crate) name: Name,
    pub(crate) format: FormatName,
    /// Whether its envelopes are files.
    pub(crate) by_file: bool,
    /// Whether an outside broker passes them on: what one has kept is not said now.
    pub(crate) by_broker: bool,
    /// Whether they are records of a broker, which are read whenever.
    pub(crate) of_records: bool,
    /// Whether its senders send what they measure at once, as far as they are connected.
    pub(crate) is_live: bool,
    pub(crate) contract: Contract,
    /// What makes rows of its messages; none where its format does.
    pub(crate) mapping: Option<Arc<Mapping>>,
    /// The forms that come by it.
    pub(super) forms: Vec<Box<str>>,
    /// Who reports where nothing else says it.
    pub(super) agency: Option<Name>,
}

/// What is asked of an indicator's values.
#[derive(Debug)]
pub(crate) struct IndicatorRules {
    pub(crate) id: IndicatorId,
    pub(crate) at: u32,
    pub(crate) name: Box<str>,
    pub(crate) unit: Box<str>,
    range: (f64, f64),
    no_value: Vec<f64>,
    units: Vec<(Box<str>, Spelling, f64)>,
}

/// What is asked of a station's observations.
#[derive(Debug)]
pub(crate) struct StationRules {
    pub(crate) subject: SubjectId,
    pub(crate) id: Box<str>,
    /// Half-open.
    valid: (EventTime, EventTime),
    /// By the indicator's place in `Rules::indicators`.
    measures: Vec<bool>,
    symbols: Vec<(Spelling, u32)>,
    ignored: Vec<Spelling>,
    /// Decimal places that values are kept at, by the indicator's place; of none where the pack says nothing.
    decimals: Vec<Option<u8>>,
    no_value: Vec<f64>,
}

/// Of whom a row speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'d> {
    pub(crate) id: SubjectId,
    pub(crate) station: Option<&'d StationRules>,
}

impl Rules {
    pub(crate) fn of_pack(pack: &Pack, names: &Names, calendar: &Calendar, mappings: &Mappings) -> Rules {
        let mut rules = Rules {
            feeds: FxHashMap::default(),
            indicators: Vec::new(),
            indicator_exact: FxHashMap::default(),
            indicator_spelled: FxHashMap::default(),
            stations: Vec::new(),
            station_ids: FxHashMap::default(),
            file_codes: FxHashMap::default(),
            devices: FxHashMap::default(),
            events: EventRules::of_pack(pack),
            forms: Forms::of_pack(pack),
        };
        for indicator in pack.indicators.values() {
            rules.add_indicator(indicator, names);
        }
        for station in pack.stations.values() {
            rules.add_station(station, names, calendar);
        }
        for feed in pack.feeds.values() {
            let name = Name::new(&feed.id);
            let by_file = matches!(feed.transport, Transport::Files { .. });
            let by_broker = matches!(feed.transport, Transport::MqttBroker { .. });
            let of_records = matches!(feed.transport, Transport::Kafka(_));
            let is_live = matches!(
                feed.transport,
                Transport::Mqtt { .. } | Transport::MqttBroker { .. } | Transport::Http
            );
            let (format, contract) = (feed.format, feed.contract.clone());
            let forms = feed.forms.iter().map(|form| form.as_str().into()).collect();
            let agency = feed.agency.as_deref().map(Name::new);
            let mapping = mappings.of_feed(feed);
            let feed_rules = FeedRules {
                name,
                format,
                by_file,
                by_broker,
                of_records,
                is_live,
                contract,
                mapping,
                forms,
                agency,
            };
            let _ = rules.feeds.insert(feed.id.as_str().into(), feed_rules);
        }
        rules
    }

    fn add_indicator(&mut self, indicator: &Indicator, names: &Names) {
        let at = position(self.indicators.len());
        let mut units = Vec::new();
        for (unit, factor) in &indicator.units {
            if let Some(spelling) = Spelling::of_unit(unit) {
                units.push((unit.as_str().into(), spelling, *factor));
            }
        }
        for symbol in indicator.aliases.iter().chain([&indicator.symbol, &indicator.id]) {
            let _ = self.indicator_exact.insert(symbol.as_str().into(), at);
            if let Some(spelling) = Spelling::of_symbol(symbol) {
                let _ = self.indicator_spelled.insert(spelling, at);
            }
        }
        let (min, max) = indicator.range;
        self.indicators.push(IndicatorRules {
            id: names.indicators.number(&indicator.id),
            at,
            name: indicator.id.as_str().into(),
            unit: indicator.unit.as_str().into(),
            range: (min.unwrap_or(f64::NEG_INFINITY), max.unwrap_or(f64::INFINITY)),
            no_value: indicator.no_value.clone(),
            units,
        });
    }

    fn add_station(&mut self, station: &Station, names: &Names, calendar: &Calendar) {
        let at = position(self.stations.len());
        let measures = self.indicators.iter().map(|one| station.measures.contains_key(&*one.name)).collect();
        let symbols = station.symbols.iter().filter_map(|(symbol, indicator)| {
            let indicator = self.indicator_exact.get(indicator.as_str())?;
            Some((Spelling::of_symbol(symbol)?, *indicator))
        });
        let midnight = |day: Date| calendar.moment(day.at(0, 0, 0, 0));
        // A day outside of the calendar bounds nothing.
        let from = midnight(station.valid_from).unwrap_or(EventTime(i64::MIN));
        let day_after = station.valid_to.and_then(|last| last.tomorrow().ok());
        let to = day_after.and_then(midnight).unwrap_or(EventTime(i64::MAX));
        let rules = StationRules {
            subject: names.subjects.number(&station.id),
            id: station.id.as_str().into(),
            valid: (from, to),
            measures,
            symbols: symbols.collect(),
            ignored: station.ignored.iter().filter_map(|symbol| Spelling::of_symbol(symbol)).collect(),
            decimals: match station.decimals.is_empty() {
                true => Vec::new(),
                false => {
                    self.indicators.iter().map(|one| station.decimals.get(&*one.name).copied()).collect()
                }
            },
            no_value: station.no_value.clone(),
        };
        self.stations.push(rules);
        let _ = self.station_ids.insert(station.id.as_str().into(), at);
        for code in &station.file_codes {
            if let Some(spelling) = Spelling::of_symbol(code) {
                let _ = self.file_codes.insert(spelling, at);
            }
        }
        for device in &station.devices {
            let _ = self.devices.insert(device.as_str().into(), at);
        }
    }

    pub(crate) fn station(&self, id: &str) -> Option<&StationRules> {
        self.station_ids.get(id).map(|at| &self.stations[*at as usize])
    }

    /// By what a gateway calls it: a device's name, the station's own identifier, or its code in names of files.
    pub(crate) fn station_of_device(&self, name: &str) -> Option<&StationRules> {
        #[cfg(test)]
        LOOKED_FOR.with(|times| times.set(times.get() + 1));
        match self.devices.get(name) {
            Some(at) => Some(&self.stations[*at as usize]),
            None => self.station(name).or_else(|| self.station_of_file(name)),
        }
    }

    pub(crate) fn station_of_file(&self, code: &str) -> Option<&StationRules> {
        let spelling = Spelling::of_symbol(code)?;
        self.file_codes.get(&spelling).map(|at| &self.stations[*at as usize])
    }

    /// By identifier, symbol or alias.
    #[inline]
    pub(crate) fn indicator(&self, symbol: &str) -> Option<&IndicatorRules> {
        let at = match self.indicator_exact.get(symbol) {
            Some(at) => at,
            None => self.indicator_spelled.get(&Spelling::of_symbol(symbol)?)?,
        };
        Some(&self.indicators[*at as usize])
    }

    /// A station's own symbols come before the indicators'.
    pub(crate) fn indicator_at(&self, station: &StationRules, symbol: &str) -> Option<&IndicatorRules> {
        let spelling = Spelling::of_symbol(symbol)?;
        match station.symbols.iter().find(|(own, _)| *own == spelling) {
            Some((_, at)) => Some(&self.indicators[*at as usize]),
            None => self.indicator(symbol),
        }
    }
}

/// A pack is a few thousand things; it is never cut off.
fn position(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl FeedRules {
    #[inline]
    pub(crate) fn only_listed(&self) -> bool {
        self.contract.subjects == Subjects::Listed
    }
}

impl IndicatorRules {
    /// The factor from a unit to the indicator's own.
    #[inline]
    pub(crate) fn factor(&self, unit: &str) -> Option<f64> {
        if let Some((_, _, factor)) = self.units.iter().find(|(written, _, _)| &**written == unit) {
            return Some(*factor);
        }
        let spelling = Spelling::of_unit(unit)?;
        self.units.iter().find(|(_, known, _)| *known == spelling).map(|(_, _, factor)| *factor)
    }

    /// The units it knows, for messages.
    pub(crate) fn unit_names(&self) -> impl Iterator<Item = &str> {
        self.units.iter().map(|(written, _, _)| &**written)
    }

    /// A number that could be a value, but means that there is none, comes from a device that has none, whatever it says
    /// of itself.
    #[inline]
    pub(crate) fn stated(&self, subject: &Subject<'_>, sent: f64, value: f64, quality: Quality) -> Quality {
        let judged = self.judge(value, quality);
        let means_none = || {
            self.no_value.contains(&sent)
                || subject.station.is_some_and(|station| station.no_value.contains(&sent))
        };
        if judged == Quality::Good && means_none() { Quality::DeviceError } else { judged }
    }

    /// A good value that cannot be is out of range; a doubtful one stays what its sender calls it.
    #[inline]
    pub(crate) fn judge(&self, value: f64, quality: Quality) -> Quality {
        let (min, max) = self.range;
        if quality == Quality::Good && !(min..=max).contains(&value) { Quality::OutOfRange } else { quality }
    }
}

impl StationRules {
    #[inline]
    pub(crate) fn is_valid(&self, time: EventTime) -> bool {
        (self.valid.0..self.valid.1).contains(&time)
    }

    /// Whether that symbol of its devices is no reading.
    pub(crate) fn ignores(&self, symbol: &str) -> bool {
        !self.ignored.is_empty()
            && Spelling::of_symbol(symbol).is_some_and(|symbol| self.ignored.contains(&symbol))
    }

    /// A value at the decimal places that it is kept at: as `printf` rounds it, so that a value that a device has
    /// rounded and the same one that it has not are one.
    #[inline]
    pub(crate) fn kept(&self, indicator: &IndicatorRules, value: f64) -> f64 {
        match self.decimals.get(indicator.at as usize).copied().flatten() {
            None => value,
            // Minus zero is zero.
            Some(decimals) => {
                let rounded = format!("{value:.places$}", places = usize::from(decimals));
                rounded.parse().unwrap_or(value) + 0.0
            }
        }
    }

    #[inline]
    pub(crate) fn measures(&self, indicator: &IndicatorRules) -> bool {
        self.measures.get(indicator.at as usize).copied().unwrap_or(false)
    }
}
