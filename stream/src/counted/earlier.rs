//! What is counted, as earlier versions of a checkpoint kept it.

use std::collections::BTreeMap;

use ioc_model::{calendar::DayNumber, name::Name, time::EventTime};
use serde::Deserialize;

use super::{Coverage, LogSourceCounts, Raised, Tally, WaitingAdds, sensor::SensorBefore};

/// That of versions 6 and 7: without what sensors say they raised.
#[derive(Debug, Deserialize)]
pub(crate) struct CountedBefore {
    watermark: Option<EventTime>,
    feeds: Vec<Name>,
    coverage: Coverage,
    sensor: SensorBefore,
    closed: [Option<EventTime>; 3],
    evicted_through: Option<DayNumber>,
    measures: BTreeMap<Name, Tally>,
    waiting: BTreeMap<DayNumber, WaitingAdds>,
}

impl From<CountedBefore> for LogSourceCounts {
    fn from(before: CountedBefore) -> LogSourceCounts {
        let CountedBefore { watermark, feeds, coverage, sensor, closed, evicted_through, measures, waiting } =
            before;
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
        }
    }
}
