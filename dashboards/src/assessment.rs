//! The newest mean of a series that was held against a legal limit.

use ioc_model::{
    ageing::Ages,
    epoch::{Epoch, Revision},
    limit::Averaging,
    name::Name,
    results::{Assessment, LimitVerdict},
    rule::Priority,
    time::EventTime,
};
use serde::{Deserialize, Serialize};

use crate::place::PlaceView;

/// What the board knows of one series and averaging.
#[derive(Clone, Debug)]
pub struct AssessmentTile {
    latest: AssessmentView,
    changed: Epoch,
}

impl AssessmentTile {
    /// The first judgement of a series.
    #[must_use]
    pub fn new(epoch: Epoch, view: AssessmentView) -> AssessmentTile {
        AssessmentTile { latest: view, changed: epoch }
    }

    /// The last epoch that changed it.
    #[must_use]
    pub fn changed(&self) -> Epoch {
        self.changed
    }

    /// Takes another judgement: of a newer window, or a revision of the one shown.
    pub fn judge(&mut self, epoch: Epoch, view: AssessmentView) {
        if (view.start, view.revision) >= (self.latest.start, self.latest.revision) {
            self.latest = view;
            self.changed = self.changed.max(epoch);
        }
    }

    /// The judgement as it is sent.
    #[must_use]
    pub fn view(&self) -> AssessmentView {
        self.latest.clone()
    }
}

/// A mean and how it stands to its limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssessmentView {
    /// The limit.
    pub limit: Name,
    /// Indicator.
    pub indicator: Name,
    /// Station.
    pub subject: Name,
    /// Where it is; none where no pack says so.
    pub place: Option<PlaceView>,
    /// Over what it is averaged.
    pub averaging: Averaging,
    /// The window's first moment.
    pub start: EventTime,
    /// The first moment behind it.
    pub end: EventTime,
    /// The mean of what is there; none of nothing.
    pub value: Option<f64>,
    /// The lower limit, where there is one.
    pub low: Option<f64>,
    /// The upper limit, where there is one.
    pub high: Option<f64>,
    /// How it stands.
    pub verdict: LimitVerdict,
    /// How urgent that is; none where there is nothing to act on.
    pub priority: Option<Priority>,
    /// What went in: points of an hour or day, hours of eight, days of a year.
    pub count: u32,
    /// What was expected; 0 where that is not known.
    pub expected: u32,
    /// The epoch that made it.
    pub revision: Revision,
    /// When it gets old.
    #[serde(flatten)]
    pub ages: Ages,
}

impl AssessmentView {
    /// From a row of an epoch's results.
    #[must_use]
    pub fn new(epoch: Epoch, result: &Assessment) -> AssessmentView {
        AssessmentView {
            limit: result.limit,
            indicator: result.indicator,
            subject: result.subject,
            place: None,
            averaging: result.averaging,
            start: result.start,
            end: result.end,
            value: result.value,
            low: result.low,
            high: result.high,
            verdict: result.verdict,
            priority: result.verdict.priority(),
            count: result.count,
            expected: result.expected,
            revision: epoch.into(),
            ages: Ages::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(start: i64, verdict: LimitVerdict, revision: u64) -> AssessmentView {
        AssessmentView {
            place: None,
            limit: "qcvn05-pm25-day".into(),
            indicator: "pm25".into(),
            subject: "st".into(),
            averaging: Averaging::Day,
            start: EventTime(start),
            end: EventTime(start + 1),
            value: Some(60.0),
            low: None,
            high: Some(50.0),
            verdict,
            priority: verdict.priority(),
            count: 24,
            expected: 24,
            revision: Revision(revision),
            ages: Ages::default(),
        }
    }

    #[test]
    fn a_revised_older_window_does_not_replace_the_newest_and_a_revision_of_it_does() {
        let mut tile = AssessmentTile::new(Epoch(1), view(10, LimitVerdict::Kept, 1));
        tile.judge(Epoch(2), view(5, LimitVerdict::Exceeded, 2));
        assert_eq!((tile.view().verdict, tile.changed()), (LimitVerdict::Kept, Epoch(1)));
        tile.judge(Epoch(3), view(10, LimitVerdict::Exceeded, 3));
        tile.judge(Epoch(3), view(10, LimitVerdict::Kept, 2));
        assert_eq!((tile.view().verdict, tile.changed()), (LimitVerdict::Exceeded, Epoch(3)));
    }

    #[test]
    fn a_window_with_too_few_points_is_shown_instead_of_the_kept_one_before_silent() {
        let mut tile = AssessmentTile::new(Epoch(1), view(10, LimitVerdict::Kept, 1));
        tile.judge(Epoch(2), view(20, LimitVerdict::Insufficient, 2));
        assert_eq!(tile.view().verdict, LimitVerdict::Insufficient);
    }
}
