//! One measure at one log source, minute by minute, and what is added to days that are gone.

use std::collections::BTreeMap;

use ioc_model::{
    event::{Adds, Amount, Count, Event, EventMeasure, MeasureAdds},
    position::Arrival,
    time::EventTime,
    window::Registers,
};
use serde::{Deserialize, Serialize};

use super::sketch::{Sketch, estimate};

/// One measure.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Tally {
    /// What the pack asked for later than others counts from there on.
    pub(super) since: Option<EventTime>,
    /// By minute.
    pub(super) sums: BTreeMap<i64, i64>,
    /// By the first minute of an hour.
    pub(super) sketches: BTreeMap<i64, Sketch>,
    /// By minute: what attributes said, added up.
    pub(super) amounts: BTreeMap<i64, Amount>,
    /// By minute: what was said last in it, when, and when that came.
    pub(super) lasts: BTreeMap<i64, (EventTime, Arrival, Amount)>,
}

/// So much is added to an hour that is gone.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Added {
    pub(super) more: i64,
    pub(super) much: Amount,
}

impl Tally {
    /// Takes what an event adds to its minute, or to its hour. Whether that changes anything.
    pub(super) fn take(
        &mut self,
        event: &Event,
        adds: MeasureAdds,
        minute: i64,
        hour: impl FnOnce() -> i64,
    ) -> bool {
        match adds {
            MeasureAdds::Counted(Adds::More(more)) => *self.sums.entry(minute).or_default() += more,
            MeasureAdds::Counted(Adds::One(one)) => {
                return self.sketches.entry(hour()).or_default().add(&one);
            }
            MeasureAdds::Much(much) => {
                let sum = self.amounts.entry(minute).or_default();
                *sum = sum.plus(much);
                return much != Amount::default();
            }
            MeasureAdds::Stands(stands) => {
                let said = (event.happened_at, event.arrival, stands);
                let newest = self.lasts.get(&minute).is_none_or(|last| said > *last);
                if newest {
                    let _ = self.lasts.insert(minute, said);
                }
                return newest;
            }
        }
        true
    }

    /// What it is worth in the minutes `[from, to)`, and what that is the estimate of; none where nothing stands.
    pub(super) fn worth(&self, measure: &EventMeasure, from: i64, to: i64) -> Option<(f64, Registers)> {
        let value = match measure.count {
            count if count.is_distinct() => {
                let registers = Sketch::of_all(self.sketches.range(from..to).map(|(_, sketch)| sketch));
                return Some((estimate(&registers), registers));
            }
            Count::Sum => {
                let amounts = self.amounts.range(from..to).map(|(_, amount)| *amount);
                amounts.fold(Amount::default(), Amount::plus).value()
            }
            Count::Last => self.lasts.range(from..to).next_back().map(|(_, (.., stands))| stands.value())?,
            _ => self.sums.range(from..to).map(|(_, sum)| *sum).sum::<i64>() as f64,
        };
        Some((value, Registers::default()))
    }

    /// Forgets what lies before a minute.
    pub(super) fn forget(&mut self, minute: i64) {
        self.sums = self.sums.split_off(&minute);
        self.sketches = self.sketches.split_off(&minute);
        self.amounts = self.amounts.split_off(&minute);
        self.lasts = self.lasts.split_off(&minute);
    }
}

impl Added {
    /// What an event adds to a number that can be added to; none of what was made of more than that number.
    pub(super) fn of(adds: &MeasureAdds) -> Option<Added> {
        match adds {
            MeasureAdds::Counted(Adds::More(more)) => Some(Added { more: *more, ..Added::default() }),
            MeasureAdds::Much(much) => Some(Added { much: *much, ..Added::default() }),
            MeasureAdds::Counted(Adds::One(_)) | MeasureAdds::Stands(_) => None,
        }
    }

    pub(super) fn add(&mut self, other: Added) {
        self.more += other.more;
        self.much = self.much.plus(other.much);
    }

    pub(super) fn value(self) -> f64 {
        self.more as f64 + self.much.value()
    }
}
