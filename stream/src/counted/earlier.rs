//! What is counted, as earlier versions of a checkpoint kept it.

use std::collections::BTreeMap;

use ioc_model::{calendar::DayNumber, epoch::Epoch, name::Name, time::EventTime};
use serde::Deserialize;

use super::{
    Clock, Coverage, LogSourceCounts, Raised, Told, WaitingAdds,
    sensor::SensorBefore,
    sketch::Sketch,
    tally::{Added, Tally},
};

/// That of versions 6 and 7: without what sensors say they raised, why they are blind and how far clocks are off, and
/// without what attributes say.
#[derive(Debug, Deserialize)]
pub(crate) struct CountedBefore {
    watermark: Option<EventTime>,
    feeds: Vec<Name>,
    coverage: Coverage,
    sensor: SensorBefore,
    closed: [Option<EventTime>; 3],
    evicted_through: Option<DayNumber>,
    measures: BTreeMap<Name, TallyBefore>,
    waiting: BTreeMap<DayNumber, WaitingBefore>,
}

#[derive(Debug, Deserialize)]
struct TallyBefore {
    since: Option<EventTime>,
    sums: BTreeMap<i64, i64>,
    sketches: BTreeMap<i64, Sketch>,
}

#[derive(Debug, Deserialize)]
struct WaitingBefore {
    asked: Epoch,
    added: BTreeMap<Name, BTreeMap<EventTime, i64>>,
}

impl From<TallyBefore> for Tally {
    fn from(TallyBefore { since, sums, sketches }: TallyBefore) -> Tally {
        Tally { since, sums, sketches, ..Tally::default() }
    }
}

impl From<WaitingBefore> for WaitingAdds {
    fn from(WaitingBefore { asked, added }: WaitingBefore) -> WaitingAdds {
        let hours = |hours: BTreeMap<EventTime, i64>| {
            hours.into_iter().map(|(hour, more)| (hour, Added { more, ..Added::default() })).collect()
        };
        let added = added.into_iter().map(|(name, of_hours)| (name, hours(of_hours))).collect();
        WaitingAdds { asked, added }
    }
}

impl From<CountedBefore> for LogSourceCounts {
    fn from(before: CountedBefore) -> LogSourceCounts {
        let CountedBefore { watermark, feeds, coverage, sensor, closed, evicted_through, measures, waiting } =
            before;
        let measures = measures.into_iter().map(|(name, tally)| (name, tally.into())).collect();
        let waiting = waiting.into_iter().map(|(day, waiting)| (day, waiting.into())).collect();
        let (sensor, raised) = (sensor.into(), Raised::default());
        LogSourceCounts {
            watermark,
            feeds,
            coverage,
            sensor,
            raised,
            closed,
            evicted_through,
            measures,
            waiting,
            clock: Clock::default(),
            told: Told::default(),
        }
    }
}
