//! The points of one series on one local day: duplicates, corrections, panes.
//!
//! A point is a key (series, event time) with every (value, quality) ever sent for it. Each of them is known since
//! its earliest arrival, and the one known latest is current. That rule is a join of minima, so it gives the same
//! answer for any order in which rows come, whatever was sent again and however often (invariant BATCH): a
//! redelivered old value lowers nothing and reverts nothing.
//!
//! Nearly every point has one version. The newest points lie open, in [columns](points), all before them in packed
//! [runs](run); the few versions that are not current lie in a side map. A row for a packed point costs the unpacking
//! of its run.

mod placed;
mod points;
mod rewritten;
mod run;
mod sources;

use ioc_model::{
    epoch::Epoch,
    names::Source,
    observation::Quality,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    time::{EventTime, ReceivedAt},
    window::Aggregate,
};
use serde::{Deserialize, Serialize};

pub(crate) use self::points::LATEST;
pub(crate) use self::{
    placed::{Current, Placed, Replaced},
    rewritten::Rewritten,
    sources::{DaySources, SourcesByPlace},
};
use self::{
    placed::{Others, apply_to, replace_in},
    points::Points,
    run::Run,
};

const MINUTE: u32 = 60_000;
/// So many of the newest points are not packed at most.
const OPEN_MOST: usize = 56;
/// So many are packed at a time: the newest of the rest are where late rows and copies fall.
const PACKED_AT_A_TIME: usize = 16;
/// A run is full with so many points.
const RUN_POINTS: usize = 96;

/// One value sent for a point, and since when it is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Version {
    /// The value; never NaN, never −0.
    pub value: f64,
    /// Its worth.
    pub quality: Quality,
    /// Its earliest arrival.
    pub arrival: Arrival,
}

impl Version {
    fn same_content(&self, other: &Version) -> bool {
        self.value.to_bits() == other.value.to_bits() && self.quality == other.quality
    }
}

/// A point's current version.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    /// Milliseconds since the start of the day.
    at: u32,
    row: u32,
    value: f64,
    received_at: i64,
    offset: u64,
    log: u16,
    partition: u16,
    quality: Quality,
}

impl Point {
    /// What the first point of a run is written as a difference to.
    const ORIGIN: Point = Point {
        at: 0,
        row: 0,
        value: 0.0,
        received_at: 0,
        offset: 0,
        log: 0,
        partition: 0,
        quality: Quality::Good,
    };

    fn new(at: u32, version: &Version) -> Point {
        let Arrival { received_at, position, row } = version.arrival;
        Point {
            at,
            row,
            value: version.value,
            received_at: received_at.0,
            offset: position.offset.0,
            log: position.log.0,
            partition: position.partition.0,
            quality: version.quality,
        }
    }

    fn version(&self) -> Version {
        let position = Position {
            log: LogNumber(self.log),
            partition: Partition(self.partition),
            offset: Offset(self.offset),
        };
        let arrival = Arrival { received_at: ReceivedAt(self.received_at), position, row: self.row };
        Version { value: self.value, quality: self.quality, arrival }
    }
}

/// The points of a day.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Day {
    /// In time order, all before the open points.
    runs: Vec<Run>,
    /// Where the last of the runs ends: to be asked for every row, and the runs lie elsewhere.
    packed_to: Option<u32>,
    /// The newest points.
    open: Points,
    /// Versions that are not current, of the points that have any.
    others: Others,
    /// Who sent them. A checkpoint keeps it beside the series, so that what one of version 4 holds stays readable.
    #[serde(skip)]
    sources: DaySources,
    /// The epoch that last added to it or read it back.
    pub touched: Epoch,
}

impl Day {
    /// Adds a row's content at `at` milliseconds since the start of the day.
    pub(crate) fn apply(&mut self, at: u32, version: Version, source: Source) -> Placed {
        let mut placed = self.place(at, version);
        if let Placed::Stored { current, .. } = &mut placed {
            self.sources.note(&version.arrival, source);
            if let Current::Restored(again) = current {
                again.1 = self.sources.of(&again.0.arrival);
            }
        }
        placed
    }

    /// Puts a row's content in the place of what the row of the same arrival said before, at `at` milliseconds since the
    /// start of the day.
    pub(crate) fn replace(&mut self, at: u32, version: Version, source: Source) -> Replaced {
        let is_packed = self.packed_to.is_some_and(|last| at <= last);
        let replaced = if is_packed {
            self.in_run(at, |points, others, sources| {
                (replace_in(points, others, at, version, |other| sources.of(&other.arrival)), true)
            })
        } else {
            let Day { open, others, sources, .. } = self;
            replace_in(open, others, at, version, |other| sources.of(&other.arrival))
        };
        if self.sources.of(&version.arrival) != source {
            self.sources.note(&version.arrival, source);
        }
        replaced
    }

    /// Who sent what it holds.
    pub(crate) fn sources(&self) -> &DaySources {
        &self.sources
    }

    pub(crate) fn set_sources(&mut self, sources: DaySources) {
        self.sources = sources;
    }

    #[inline]
    fn place(&mut self, at: u32, version: Version) -> Placed {
        if self.packed_to.is_some_and(|last| at <= last) {
            return self.apply_packed(at, version);
        }
        if self.open.is_full() {
            // A hundred thousand series must not each have room for twice what they hold.
            self.open.room_for((2 * self.open.len()).clamp(4, OPEN_MOST));
        }
        let placed = apply_to(&mut self.open, &mut self.others, at, version);
        if self.open.len() >= OPEN_MOST {
            self.pack();
        }
        placed
    }

    /// Reads where the newest points end, so that it is in a cache.
    #[inline]
    pub(crate) fn glance(&self) -> u64 {
        self.open.glance()
    }

    /// Adds it to the run it lies in.
    fn apply_packed(&mut self, at: u32, version: Version) -> Placed {
        self.in_run(at, |points, others, _| {
            let placed = apply_to(points, others, at, version);
            let changed = placed != Placed::Duplicate;
            (placed, changed)
        })
    }

    /// Has something done to the run that a moment lies in: the last that begins at or before it, or the first. Whether
    /// it was changed is said beside what came of it.
    fn in_run<T>(
        &mut self,
        at: u32,
        judge: impl FnOnce(&mut Points, &mut Others, &DaySources) -> (T, bool),
    ) -> T {
        let index = self.runs.partition_point(|run| run.first <= at).saturating_sub(1);
        let mut points: Points = self.runs[index].points().collect();
        let before = points.len();
        let (placed, changed) = judge(&mut points, &mut self.others, &self.sources);
        if !changed {
            return placed;
        }
        let mut end = points.len();
        if end > before && end > 2 * RUN_POINTS {
            self.runs.insert(index + 1, Run::of(points.range(RUN_POINTS..end)));
            end = RUN_POINTS;
        }
        self.runs[index] = Run::of(points.range(0..end));
        self.runs[index].finish();
        placed
    }

    /// Packs the oldest of the open points.
    fn pack(&mut self) {
        let old = self.open.range(0..PACKED_AT_A_TIME);
        match self.runs.last_mut() {
            Some(run) if run.len() < RUN_POINTS => {
                run.append(old);
                if run.len() >= RUN_POINTS {
                    run.finish();
                }
            }
            _ => self.runs.push(Run::of(old)),
        }
        self.packed_to = self.open.at(PACKED_AT_A_TIME - 1);
        self.open.forget_first(PACKED_AT_A_TIME);
    }

    /// Count, sum and extremes of the good values in `[from, to)` milliseconds since the start of the day, folded
    /// over minute panes, and the number of points of any quality.
    #[must_use]
    pub(crate) fn aggregate(&self, from: u32, to: u32) -> (Aggregate, u32) {
        let mut window = Aggregate::default();
        let mut pane = Aggregate::default();
        let mut pane_minute = 0;
        let mut received = 0;
        self.visit(from, to, |point| {
            received += 1;
            if point.quality != Quality::Good {
                return;
            }
            let minute = point.at / MINUTE;
            if minute != pane_minute {
                window.merge(&pane);
                pane = Aggregate::default();
                pane_minute = minute;
            }
            pane.push(point.value);
        });
        window.merge(&pane);
        (window, received)
    }

    /// Hands on the good values in `[from, to)` milliseconds since the start of the day, in time order, each with its
    /// moment.
    pub(crate) fn visit_good(&self, from: u32, to: u32, mut each: impl FnMut(u32, f64)) {
        self.visit(from, to, |point| {
            if point.quality == Quality::Good {
                each(point.at, point.value);
            }
        });
    }

    /// Hands on the points in `[from, to)`, in time order.
    #[inline]
    fn visit(&self, from: u32, to: u32, mut each: impl FnMut(&Point)) {
        if self.packed_to.is_some_and(|last| from <= last) {
            let first = self.runs.partition_point(|run| run.last() < from);
            for run in self.runs[first..].iter().take_while(|run| run.first < to) {
                let points = run.points().skip_while(|point| point.at < from);
                points.take_while(|point| point.at < to).for_each(|point| each(&point));
            }
        }
        self.open.range(self.open.before(from)..self.open.before(to)).for_each(|point| each(&point));
    }

    /// Whether there is a point in `[from, to)`.
    #[must_use]
    pub(crate) fn has_point(&self, from: u32, to: u32) -> bool {
        self.first_point(from).is_some_and(|at| at < to)
    }

    /// The first point at or behind `from`.
    #[must_use]
    pub(crate) fn first_point(&self, from: u32) -> Option<u32> {
        if self.packed_to.is_some_and(|last| from <= last)
            && let Some(run) = self.runs.get(self.runs.partition_point(|run| run.last() < from))
        {
            return if run.first >= from {
                Some(run.first)
            } else {
                run.points().map(|point| point.at).find(|at| *at >= from)
            };
        }
        self.open.at(self.open.before(from))
    }

    /// The point's time, for a day that starts there.
    #[must_use]
    pub(crate) fn time(start: EventTime, at: u32) -> EventTime {
        EventTime(start.0 + i64::from(at))
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::results::RowStanding;
    use proptest::prelude::*;

    use super::*;

    fn version(value: f64, arrival: i64) -> Version {
        let arrival = Arrival { received_at: ReceivedAt(arrival), ..Arrival::default() };
        Version { value, quality: Quality::Good, arrival }
    }

    /// What became of a row: none if it is a duplicate; else how it stands, and whether the current value changed.
    fn apply(day: &mut Day, at: u32, version: Version) -> Option<(RowStanding, bool)> {
        match day.apply(at, version, Source::default()) {
            Placed::Stored { standing, current } => Some((standing, current.changes())),
            Placed::Duplicate => None,
        }
    }

    fn stored(standing: RowStanding, changes: bool) -> Option<(RowStanding, bool)> {
        Some((standing, changes))
    }

    #[test]
    fn a_redelivered_old_value_never_reverts_a_correction() {
        let mut day = Day::default();
        assert_eq!(apply(&mut day, 0, version(1.0, 10)), stored(RowStanding::First, true));
        assert_eq!(apply(&mut day, 0, version(2.0, 20)), stored(RowStanding::Correction, true));
        assert_eq!(apply(&mut day, 0, version(1.0, 30)), None);
        assert_eq!(day.aggregate(0, MINUTE).0.sum, 2.0);
    }

    #[test]
    fn another_value_with_an_earlier_arrival_is_history_and_does_not_win() {
        let mut day = Day::default();
        let _ = apply(&mut day, 0, version(1.0, 10));
        assert_eq!(apply(&mut day, 0, version(2.0, 5)), stored(RowStanding::History, false));
        assert_eq!(day.aggregate(0, MINUTE).0.sum, 1.0);
    }

    #[test]
    fn a_value_that_proves_older_gives_way_to_the_one_known_after_it() {
        let mut day = Day::default();
        let _ = apply(&mut day, 0, version(1.0, 100));
        let _ = apply(&mut day, 0, version(2.0, 95));
        assert_eq!(apply(&mut day, 0, version(1.0, 90)), stored(RowStanding::History, true));
        assert_eq!(day.aggregate(0, MINUTE).0.sum, 2.0);
    }

    #[test]
    fn a_window_is_the_fold_of_its_minute_panes_in_time_order() {
        // 0.1 + 0.2 + 0.3 differs from 0.1 + (0.2 + 0.3): the pane boundary decides.
        let mut day = Day::default();
        let _ = apply(&mut day, 0, version(0.1, 1));
        let _ = apply(&mut day, MINUTE, version(0.2, 2));
        let _ = apply(&mut day, MINUTE + 1, version(0.3, 3));
        assert_eq!(day.aggregate(0, 2 * MINUTE).0.sum, 0.1 + (0.2 + 0.3));
    }

    /// A day as the rule states it: every content since its earliest arrival, the one known latest is current.
    #[derive(Default)]
    struct Stated(std::collections::BTreeMap<u32, Vec<(u8, i64)>>);

    impl Stated {
        fn apply(&mut self, at: u32, value: u8, arrival: i64) -> Option<(RowStanding, bool)> {
            let known = self.0.entry(at).or_default();
            let current = |known: &[(u8, i64)]| known.iter().max_by_key(|one| one.1).map(|one| one.0);
            let before = current(known);
            let first = known.is_empty();
            match known.iter_mut().find(|one| one.0 == value) {
                Some(one) if one.1 <= arrival => return None,
                Some(one) => one.1 = arrival,
                None => known.push((value, arrival)),
            }
            let after = current(known);
            let standing = match before {
                None => RowStanding::First,
                Some(before) if after == Some(value) && before != value => RowStanding::Correction,
                Some(_) => RowStanding::History,
            };
            stored(standing, first || before != after)
        }

        fn aggregate(&self, from: u32, to: u32) -> Aggregate {
            let mut window = Aggregate::default();
            let minutes: std::collections::BTreeSet<u32> =
                self.0.range(from..to).map(|(at, _)| at / MINUTE).collect();
            for minute in minutes {
                let mut pane = Aggregate::default();
                for (_, known) in self.0.range(from.max(minute * MINUTE)..to.min((minute + 1) * MINUTE)) {
                    let current = known.iter().max_by_key(|one| one.1).expect("a point has a version");
                    pane.push(f64::from(current.0) / 10.0);
                }
                window.merge(&pane);
            }
            window
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// BATCH: points in runs are judged, corrected and summed as open ones are.
        #[test]
        fn a_day_of_packed_points_is_what_the_rule_states(
            rows in proptest::collection::vec((0u32..600, 0u8..3, 0u16..40), 400..1_200),
            spans in proptest::collection::vec((0u32..3_000_000, 0u32..600_000), 8),
        ) {
            let (mut day, mut model) = (Day::default(), Stated::default());
            for (number, (at, value, late)) in rows.iter().enumerate() {
                // Mostly later and later, some far back; one arrival carries one content.
                let base = number as u32 / 2;
                let at = if late % 8 == 0 { *at } else { base + at % 16 } * 5_000;
                let arrival = (number as i64 - i64::from(*late)) * 4 + i64::from(*value);
                let placed = apply(&mut day, at, version(f64::from(*value) / 10.0, arrival));
                prop_assert_eq!(placed, model.apply(at, *value, arrival), "row {}", number);
            }
            prop_assert!(day.runs.len() > 1, "nothing was packed");
            let points = day.runs.iter().map(Run::len).sum::<usize>() + day.open.len();
            prop_assert_eq!(points, model.0.len());
            let whole: Day = postcard::from_bytes(&postcard::to_stdvec(&day).unwrap()).unwrap();
            for (from, length) in spans {
                let to = from + length;
                prop_assert_eq!(day.aggregate(from, to).0, model.aggregate(from, to));
                prop_assert_eq!(whole.aggregate(from, to), day.aggregate(from, to));
                prop_assert_eq!(day.first_point(from), model.0.range(from..).next().map(|(at, _)| *at));
                prop_assert_eq!(day.has_point(from, to), model.0.range(from..to).next().is_some());
            }
        }
    }

    proptest! {
        /// BATCH: the current values are a function of the set of rows, not of their order.
        #[test]
        fn any_order_gives_the_same_points(
            rows in proptest::collection::vec((0u32..4, 0u8..3, 0i64..12), 1..24),
            seed in any::<u64>(),
        ) {
            let mut shuffled = rows.clone();
            let mut state = seed | 1;
            for i in (1..shuffled.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                shuffled.swap(i, (state >> 33) as usize % (i + 1));
            }
            // One arrival carries one content for a key: arrivals are positions.
            let applied = |rows: &[(u32, u8, i64)]| {
                let mut day = Day::default();
                for (at, value, arrival) in rows {
                    let distinct = arrival * 3 + i64::from(*value);
                    let _ = apply(&mut day, *at, version(f64::from(*value), distinct));
                }
                (0..4).map(|at| day.aggregate(at, at + 1).0.sum).collect::<Vec<_>>()
            };
            prop_assert_eq!(applied(&rows), applied(&shuffled));

            let expected: Vec<f64> = (0..4u32).map(|at| {
                let mut known: std::collections::BTreeMap<u8, i64> = std::collections::BTreeMap::new();
                for (_, value, arrival) in rows.iter().filter(|row| row.0 == at) {
                    let distinct = arrival * 3 + i64::from(*value);
                    let since = known.entry(*value).or_insert(distinct);
                    *since = distinct.min(*since);
                }
                known.into_iter().max_by_key(|(_, since)| *since).map_or(0.0, |(value, _)| f64::from(value))
            }).collect();
            prop_assert_eq!(applied(&rows), expected);
        }
    }
}
