//! One index of one station on the board: its newest hour or day, and the ones before.

use ioc_model::{
    ageing::Ages,
    epoch::{Epoch, Revision},
    index::{IndexId, IndexPart, NoIndex},
    name::Name,
    results::IndexResult,
    time::EventTime,
    window::{ClosedBy, WindowKind},
};
use serde::{Deserialize, Serialize};

use crate::place::PlaceView;

/// Hours kept for the line beside an hourly index.
pub const HOURS_KEPT: usize = 48;
/// Days kept for the line beside a daily index.
pub const DAYS_KEPT: usize = 30;

/// What the board knows of one index of one station.
#[derive(Clone, Debug)]
pub struct IndexTile {
    index: IndexId,
    subject: Name,
    kind: WindowKind,
    latest: Option<IndexView>,
    history: Vec<IndexPoint>,
    changed: Epoch,
}

impl IndexTile {
    /// An index that was never computed.
    #[must_use]
    pub fn new(index: IndexId, subject: Name, kind: WindowKind) -> IndexTile {
        IndexTile { index, subject, kind, latest: None, history: Vec::new(), changed: Epoch(0) }
    }

    /// The last epoch that changed it.
    #[must_use]
    pub fn changed(&self) -> Epoch {
        self.changed
    }

    /// How many windows it keeps.
    fn kept(&self) -> usize {
        if self.kind == WindowKind::Day { DAYS_KEPT } else { HOURS_KEPT }
    }

    /// Takes the newest window of the index, new or revised, as of that epoch.
    pub fn show(&mut self, epoch: Epoch, view: IndexView) {
        let newer = self
            .latest
            .as_ref()
            .is_none_or(|latest| (view.start, view.revision) >= (latest.start, latest.revision));
        if newer {
            self.latest = Some(view);
            self.changed = self.changed.max(epoch);
        }
    }

    /// Takes a window of the line beside it, as of that epoch.
    pub fn point(&mut self, epoch: Epoch, point: IndexPoint) {
        match self.history.binary_search_by_key(&point.start, |known| known.start) {
            Ok(at) if self.history[at].revision > point.revision => return,
            Ok(at) => self.history[at] = point,
            Err(0) if self.history.len() == self.kept() => return,
            Err(at) => {
                self.history.insert(at, point);
                if self.history.len() > self.kept() {
                    let _ = self.history.remove(0);
                }
            }
        }
        self.changed = self.changed.max(epoch);
    }

    /// The tile as it is sent, with the windows revised after `since`.
    #[must_use]
    pub fn view(&self, since: Epoch) -> IndexTileView {
        IndexTileView {
            index: self.index,
            subject: self.subject,
            place: None,
            kind: self.kind,
            ages: Ages::default(),
            latest: self.latest.clone(),
            history: self.history.iter().filter(|point| point.revision > since.into()).cloned().collect(),
        }
    }
}

/// An index of a station as the page gets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexTileView {
    /// Which index.
    pub index: IndexId,
    /// Station.
    pub subject: Name,
    /// Where it is; none where no pack says so.
    pub place: Option<PlaceView>,
    /// Hour or day.
    pub kind: WindowKind,
    /// When its newest window gets old.
    #[serde(flatten)]
    pub ages: Ages,
    /// Its newest window; none where it was never computed.
    pub latest: Option<IndexView>,
    /// The last windows, by start: all of them in a snapshot, the revised ones in a change.
    pub history: Vec<IndexPoint>,
}

/// An index of a window, and what went in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexView {
    /// The window's first moment.
    pub start: EventTime,
    /// The first moment behind it.
    pub end: EventTime,
    /// The index as published; none where it could not be computed.
    pub value: Option<f64>,
    /// The stable word of its category; none without a value.
    pub category: Option<Name>,
    /// Why there is no value; none where there is one.
    pub reason: Option<NoIndex>,
    /// The indicator that decides, where one does.
    pub dominant: Option<Name>,
    /// What went in.
    pub parts: Vec<IndexPart>,
    /// What made this result.
    pub closed_by: ClosedBy,
    /// The epoch that made it.
    pub revision: Revision,
}

impl IndexView {
    /// From a row of an epoch's results.
    #[must_use]
    pub fn new(epoch: Epoch, result: &IndexResult) -> IndexView {
        let indexed = &result.indexed;
        let categories = result.index.categories();
        let category = indexed.category.and_then(|number| categories.get(usize::from(number)));
        IndexView {
            start: result.start,
            end: result.end,
            value: indexed.value.ok(),
            category: category.map(|category| Name::new(category.word)),
            reason: indexed.value.err(),
            dominant: indexed.dominant,
            parts: indexed.parts.clone(),
            closed_by: result.closed_by,
            revision: epoch.into(),
        }
    }
}

/// One window of the line beside an index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexPoint {
    /// Its first moment.
    pub start: EventTime,
    /// The index; none where it could not be computed.
    pub value: Option<f64>,
    /// The epoch that made it.
    pub revision: Revision,
}

impl From<&IndexView> for IndexPoint {
    fn from(view: &IndexView) -> IndexPoint {
        IndexPoint { start: view.start, value: view.value, revision: view.revision }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn view(hour: i64, value: Option<f64>, revision: u64) -> IndexView {
        IndexView {
            start: EventTime(hour * HOUR),
            end: EventTime((hour + 1) * HOUR),
            value,
            category: None,
            reason: value.is_none().then_some(NoIndex::NoData),
            dominant: None,
            parts: Vec::new(),
            closed_by: ClosedBy::Watermark,
            revision: Revision(revision),
        }
    }

    fn take(tile: &mut IndexTile, epoch: u64, view: &IndexView) {
        tile.show(Epoch(epoch), view.clone());
        tile.point(Epoch(epoch), IndexPoint::from(view));
    }

    #[test]
    fn only_the_last_windows_are_kept_bound() {
        for (kind, kept) in [(WindowKind::Hour, HOURS_KEPT), (WindowKind::Day, DAYS_KEPT)] {
            let mut tile = IndexTile::new(IndexId::VnAqi, "st".into(), kind);
            (0..200).for_each(|hour| take(&mut tile, 1, &view(hour, Some(hour as f64), 1)));
            take(&mut tile, 2, &view(0, Some(500.0), 2));
            let all = tile.view(Epoch(0));
            assert_eq!(all.history.len(), kept);
            assert_eq!(all.history[kept - 1].value, Some(199.0));
            assert_eq!(all.latest.unwrap().value, Some(199.0));
            assert_eq!(tile.changed(), Epoch(1), "a window that is not shown changes nothing");
        }
    }

    #[test]
    fn an_hour_without_a_value_replaces_the_good_one_before_it_silent() {
        let mut tile = IndexTile::new(IndexId::VnAqi, "st".into(), WindowKind::Hour);
        take(&mut tile, 1, &view(1, Some(40.0), 1));
        take(&mut tile, 2, &view(2, None, 2));
        let latest = tile.view(Epoch(0)).latest.unwrap();
        assert_eq!((latest.value, latest.reason), (None, Some(NoIndex::NoData)));
    }

    #[test]
    fn revisions_give_the_same_tile_in_any_order_and_a_change_carries_only_them() {
        let made = [view(1, Some(40.0), 1), view(2, Some(50.0), 2), view(2, Some(55.0), 3), view(1, None, 4)];
        let mut forward = IndexTile::new(IndexId::VnAqi, "st".into(), WindowKind::Hour);
        let mut backward = forward.clone();
        made.iter().for_each(|view| take(&mut forward, view.revision.0, view));
        made.iter().rev().for_each(|view| take(&mut backward, view.revision.0, view));
        assert_eq!(forward.view(Epoch(0)), backward.view(Epoch(0)));
        assert_eq!(forward.view(Epoch(0)).latest.unwrap().value, Some(55.0));
        let revised = forward.view(Epoch(3)).history;
        assert_eq!(revised, [IndexPoint { start: EventTime(HOUR), value: None, revision: Revision(4) }]);
    }
}
