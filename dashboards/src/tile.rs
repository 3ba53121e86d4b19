//! One series on the board: its newest value and its last hours.

use ioc_model::{
    ageing::Ages,
    epoch::{Epoch, Revision},
    name::Name,
    observation::Quality,
    position::Arrival,
    results::{RowStanding, StoredObservation, WindowResult},
    rule::Priority,
    time::{EventTime, ReceivedAt},
    window::WindowKind,
};
use serde::{Deserialize, Serialize};

use crate::place::PlaceView;

/// Hourly windows kept for the small trend line beside a value.
pub const HOURS_KEPT: usize = 24;

/// What the board knows of one series the pack expects.
#[derive(Clone, Debug)]
pub struct Tile {
    subject: Name,
    indicator: Name,
    latest: Option<Shown>,
    hours: Vec<HourPoint>,
    changed: Epoch,
}

#[derive(Clone, Debug)]
struct Shown {
    row: StoredObservation,
    /// The epoch that stored it; none where only the store knows.
    made: Option<Epoch>,
}

impl Tile {
    /// A series that has not reported yet.
    #[must_use]
    pub fn new(subject: Name, indicator: Name) -> Tile {
        Tile { subject, indicator, latest: None, hours: Vec::new(), changed: Epoch(0) }
    }

    /// Whose it is.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// What of it.
    #[must_use]
    pub fn indicator(&self) -> &Name {
        &self.indicator
    }

    /// The last epoch that changed it.
    #[must_use]
    pub fn changed(&self) -> Epoch {
        self.changed
    }

    /// When its newest value was so, and the feed it came by.
    pub(crate) fn newest(&self) -> Option<(EventTime, Name)> {
        self.latest.as_ref().map(|shown| (shown.row.event_time, shown.row.feed))
    }

    /// Takes an accepted row: it shows if it is its moment's last word, and no older than what is shown.
    pub fn observe(&mut self, epoch: Epoch, row: &StoredObservation) {
        self.show(epoch, Some(epoch), row);
    }

    /// Takes a series' newest value from the store, as of that epoch.
    pub fn remember(&mut self, epoch: Epoch, row: &StoredObservation) {
        self.show(epoch, None, row);
    }

    fn show(&mut self, epoch: Epoch, made: Option<Epoch>, row: &StoredObservation) {
        if !row.last_word {
            return;
        }
        // Of one moment what was said last counts, and epochs come in order.
        if self.latest.as_ref().is_some_and(|Shown { row: shown, .. }| row.event_time < shown.event_time) {
            return;
        }
        self.latest = Some(Shown { row: row.clone(), made });
        self.changed = self.changed.max(epoch);
    }

    /// Takes an hourly window, new or revised; other lengths are not shown here.
    pub fn window(&mut self, epoch: Epoch, window: &WindowResult) {
        if window.kind == WindowKind::Hour {
            self.hour(epoch, HourPoint::new(epoch, window));
        }
    }

    /// Takes an hour of the small trend line, as of that epoch.
    pub fn hour(&mut self, epoch: Epoch, point: HourPoint) {
        match self.hours.binary_search_by_key(&point.start, |hour| hour.start) {
            Ok(at) if self.hours[at].revision > point.revision => return,
            Ok(at) => self.hours[at] = point,
            Err(0) if self.hours.len() == HOURS_KEPT => return,
            Err(at) => {
                self.hours.insert(at, point);
                if self.hours.len() > HOURS_KEPT {
                    let _ = self.hours.remove(0);
                }
            }
        }
        self.changed = self.changed.max(epoch);
    }

    /// The tile as it is sent, with the hours revised after `since`.
    #[must_use]
    pub fn view(&self, since: Epoch) -> TileView {
        TileView {
            subject: self.subject,
            place: None,
            indicator: self.indicator,
            ages: Ages::default(),
            latest: self.latest.as_ref().map(Latest::new),
            hours: self.hours.iter().filter(|hour| hour.revision > since.into()).cloned().collect(),
        }
    }
}

/// A series as the page gets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TileView {
    /// Subject.
    pub subject: Name,
    /// Where it is; none where no pack says so.
    pub place: Option<PlaceView>,
    /// Indicator.
    pub indicator: Name,
    /// When its newest value gets old.
    #[serde(flatten)]
    pub ages: Ages,
    /// Its newest value; none when it never reported.
    pub latest: Option<Latest>,
    /// Hourly windows, by start: all of them in a snapshot, the revised ones in a change.
    pub hours: Vec<HourPoint>,
}

/// A series' newest value by event time, and where it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latest {
    /// When it was so.
    pub event_time: EventTime,
    /// In the indicator's unit.
    pub value: f64,
    /// Its worth.
    pub quality: Quality,
    /// How urgent that is; none where there is nothing to act on.
    pub priority: Option<Priority>,
    /// When it reached us.
    pub received_at: ReceivedAt,
    /// The feed it came by.
    pub feed: Name,
    /// Where its envelope lies, as `log-partition-offset`.
    pub position: String,
    /// Which row of the envelope.
    pub row: u32,
    /// It replaced an earlier value of the same moment.
    pub correction: bool,
    /// The epoch that stored it; none where it was there before this process.
    pub epoch: Option<Epoch>,
}

impl Latest {
    fn new(Shown { row, made }: &Shown) -> Latest {
        let Arrival { received_at, position, row: row_number } = row.arrival;
        Latest {
            event_time: row.event_time,
            value: row.value,
            quality: row.quality,
            priority: row.quality.priority(),
            received_at,
            feed: row.feed,
            position: position.to_string(),
            row: row_number,
            correction: matches!(
                row.standing,
                RowStanding::Correction | RowStanding::Restored | RowStanding::Replaced
            ),
            epoch: *made,
        }
    }
}

/// One hour of a small trend line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HourPoint {
    /// Its first moment.
    pub start: EventTime,
    /// Mean of its good values; none of nothing.
    pub mean: Option<f64>,
    /// Good values: what the mean is made of, and what makes it valid.
    pub count: u32,
    /// Points received, of any quality.
    pub received: u32,
    /// Points expected; 0 where no cadence is known.
    pub expected: u32,
    /// The epoch that made it.
    pub revision: Revision,
}

impl HourPoint {
    fn new(epoch: Epoch, window: &WindowResult) -> HourPoint {
        HourPoint {
            start: window.start,
            mean: window.aggregate.mean(),
            count: u32::try_from(window.aggregate.count).unwrap_or(u32::MAX),
            received: window.received,
            expected: window.expected,
            revision: epoch.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::{
        position::{LogNumber, Offset, Partition, Position},
        window::{Aggregate, ClosedBy, Registers},
    };

    use super::*;

    fn row(event_time: i64, received_at: i64, value: f64, standing: RowStanding) -> StoredObservation {
        StoredObservation {
            indicator: "pm25".into(),
            subject: "st".into(),
            event_time: EventTime(event_time),
            value,
            quality: Quality::Good,
            feed: "air".into(),
            sender: "".into(),
            arrival: Arrival {
                received_at: ReceivedAt(received_at),
                position: Position {
                    log: LogNumber(1),
                    partition: Partition(0),
                    offset: Offset(u64::try_from(received_at).unwrap()),
                },
                row: 0,
            },
            standing,
            last_word: standing != RowStanding::History,
        }
    }

    fn hour(start: i64, sum: f64) -> WindowResult {
        WindowResult {
            indicator: "pm25".into(),
            subject: "st".into(),
            kind: WindowKind::Hour,
            start: EventTime(start),
            end: EventTime(start + 3_600_000),
            aggregate: Aggregate { count: 1, sum, min: sum, max: sum },
            received: 1,
            expected: 1,
            closed_by: ClosedBy::Watermark,
            spiked: false,
            registers: Registers::default(),
        }
    }

    fn shown(tile: &Tile) -> (i64, f64) {
        let latest = tile.view(Epoch(0)).latest.unwrap();
        (latest.event_time.0, latest.value)
    }

    #[test]
    fn a_late_row_of_an_older_moment_does_not_replace_the_newest_value() {
        let mut tile = Tile::new("st".into(), "pm25".into());
        tile.observe(Epoch(1), &row(2_000, 10, 7.0, RowStanding::First));
        tile.observe(Epoch(2), &row(1_000, 20, 9.0, RowStanding::First));
        tile.observe(Epoch(3), &row(1_000, 30, 9.5, RowStanding::Correction));
        assert_eq!(shown(&tile), (2_000, 7.0));
        assert_eq!(tile.changed(), Epoch(1));
    }

    #[test]
    fn a_correction_of_the_newest_moment_replaces_it_and_history_never_does() {
        let mut tile = Tile::new("st".into(), "pm25".into());
        tile.observe(Epoch(1), &row(2_000, 10, 7.0, RowStanding::First));
        tile.observe(Epoch(2), &row(2_000, 20, 8.0, RowStanding::Correction));
        tile.observe(Epoch(3), &row(2_000, 5, 6.0, RowStanding::History));
        tile.observe(Epoch(4), &row(3_000, 5, 6.0, RowStanding::History));
        assert_eq!(shown(&tile), (2_000, 8.0));
        assert!(tile.view(Epoch(0)).latest.unwrap().correction);
    }

    #[test]
    fn only_the_last_hours_are_kept_and_a_revision_replaces_its_hour_bound() {
        let mut tile = Tile::new("st".into(), "pm25".into());
        for number in 0..100 {
            tile.window(Epoch(10), &hour(number * 3_600_000, number as f64));
        }
        tile.window(Epoch(11), &hour(99 * 3_600_000, 1_000.0));
        tile.window(Epoch(12), &hour(0, 5.0));
        tile.window(Epoch(9), &hour(98 * 3_600_000, 5.0));
        let all = tile.view(Epoch(0)).hours;
        assert_eq!(all.len(), HOURS_KEPT);
        assert_eq!(all[0].start, EventTime(76 * 3_600_000));
        assert_eq!(all[22].mean, Some(98.0));
        assert_eq!(all[23].mean, Some(1_000.0));
        let revised = tile.view(Epoch(10)).hours;
        assert_eq!(revised, vec![all[23].clone()]);
        assert_eq!(tile.changed(), Epoch(11));
    }
}
