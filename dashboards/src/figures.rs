//! The figures of the overview, as the flow said them.
//!
//! A board holds the last row of each. It works nothing out: a page, a wall, a terminal and whoever asks the interface
//! are told what is stored.

use std::{collections::BTreeMap, sync::Arc};

use ioc_model::{
    ageing::Ages,
    epoch::{Epoch, Revision},
    figure::{FigureId, FigureReason, FigureVerdict, Freshness, InputKind, StationStanding},
    name::Name,
    results::{FigureHour, FigureResult},
    rule::Priority,
    time::{EventTime, Millis, Now},
};
use serde::{Deserialize, Serialize};

use crate::place::PlaceView;

/// A figure as it was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FigureView {
    /// Which.
    pub figure: FigureId,
    /// The province it is of; none where the pack's list of places has none.
    pub place: Option<PlaceView>,
    /// The recorded clock it was worked out at.
    pub at: Now,
    /// First moment of what it is of.
    pub start: EventTime,
    /// First moment behind what it is of; `start` where it is of a moment.
    pub end: EventTime,
    /// Its number; none where `reason` says why.
    pub value: Option<f64>,
    /// The number beside it.
    pub of: Option<f64>,
    /// What it should keep.
    pub target: Option<f64>,
    /// How it stands to that.
    pub verdict: FigureVerdict,
    /// Why.
    pub reason: FigureReason,
    /// How urgent that is; none where there is nothing to act on.
    pub priority: Option<Priority>,
    /// How its age spoke against it then.
    pub freshness: Freshness,
    /// From when on it is late if nothing newer comes, and from when on stale, its verdict withheld.
    #[serde(flatten)]
    pub ages: Ages,
    /// How many of those it is made of count.
    pub count: u64,
    /// How many could.
    pub expected: u64,
    /// How those stand that it is made of.
    pub parts: Vec<PartView>,
    /// Hour by hour, where it is of hours: from `start` to `end`, the oldest first.
    pub hours: Vec<HourView>,
    /// How many `inputs` there were.
    pub inputs_all: u64,
    /// What it was made of, what decides it first; of many the first.
    pub inputs: Vec<InputView>,
    /// The epoch that said it.
    pub revision: Revision,
}

/// So many of those a figure is made of stand so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartView {
    /// A standing, a priority, or what is counted.
    pub word: Name,
    /// How many.
    pub count: u64,
}

/// An hour of a figure, judged as the figure is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HourView {
    /// Its first moment.
    pub start: EventTime,
    /// Its number in the unit of the figure; none where nothing of the hour could be judged.
    pub value: Option<f64>,
    /// How that stands to the target.
    pub verdict: FigureVerdict,
}

/// One of those a figure was made of: what is opened next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputView {
    /// What it is.
    pub kind: InputKind,
    /// Station, or feed; of an alert what it is about.
    pub subject: Arc<str>,
    /// Index, limit, indicator or rule; empty for a station and a feed.
    pub measure: Name,
    /// First moment of the window, of a series that of the hour that lacks most; when a feed was heard last.
    pub start: EventTime,
    /// The alert's number; else 0.
    pub number: u32,
    /// Its number; none where it has none.
    pub value: Option<f64>,
    /// Indicator that decides, priority, standing, limit; else empty.
    pub word: Name,
    /// How urgent the standing of a station, a log source or a feed is; none where there is nothing to act on, or it is
    /// something else.
    pub priority: Option<Priority>,
}

impl FigureView {
    /// How old it is at a moment.
    #[must_use]
    pub fn freshness_at(&self, now: EventTime, grace: Millis) -> Freshness {
        self.ages.by(self.freshness, now, grace)
    }

    /// Whether its verdict is withheld at a moment because nothing newer came.
    #[must_use]
    pub fn is_stale_at(&self, now: EventTime, grace: Millis) -> bool {
        self.freshness_at(now, grace) == Freshness::Stale
    }

    /// What an epoch said.
    #[must_use]
    pub fn new(epoch: Epoch, result: &FigureResult) -> FigureView {
        let inputs = result.inputs.iter().enumerate().map(|(place, input)| InputView {
            kind: input.kind,
            subject: input.subject.clone(),
            measure: input.measure,
            start: input.start,
            number: input.number,
            value: input.value,
            word: input.word,
            priority: match input.kind {
                InputKind::Station | InputKind::LogSource => {
                    StationStanding::from_word(&input.word).and_then(StationStanding::priority)
                }
                InputKind::Feed => result.priority.filter(|_| is_at_fault(result, place)),
                _ => None,
            },
        });
        let hours = result.hours.iter().map(|hour| {
            let FigureHour { start, value, verdict } = *hour;
            HourView { start, value, verdict }
        });
        FigureView {
            figure: result.figure,
            place: None,
            at: result.at,
            start: result.start,
            end: result.end,
            value: result.value,
            of: result.of,
            target: result.target,
            verdict: result.verdict,
            reason: result.reason,
            priority: result.priority,
            freshness: result.freshness,
            ages: Ages { late_from: result.late_from, stale_from: result.stale_from },
            count: result.count,
            expected: result.expected,
            parts: result.parts.iter().map(|(word, count)| PartView { word: *word, count: *count }).collect(),
            hours: hours.collect(),
            inputs_all: result.inputs_all,
            inputs: inputs.collect(),
            revision: epoch.into(),
        }
    }
}

/// Whether the feed at a place is one that a figure is urgent for: what is astray lists no others, by their silence those
/// that are silent come first.
fn is_at_fault(result: &FigureResult, place: usize) -> bool {
    let silent = || result.parts.iter().find(|(word, _)| &**word == "silent").map_or(0, |(_, count)| *count);
    result.figure != FigureId::Slowest || (place as u64) < silent()
}

/// The last row of each.
#[derive(Debug, Default)]
pub(crate) struct Figures(BTreeMap<FigureId, (Epoch, FigureView)>);

impl Figures {
    /// Shows what was said, as of an epoch.
    pub(crate) fn show(&mut self, epoch: Epoch, view: FigureView) {
        let _ = self.0.insert(view.figure, (epoch, view));
    }

    /// Those that were said behind an epoch, in their order.
    pub(crate) fn since(&self, since: Epoch) -> Vec<FigureView> {
        self.0.values().filter(|(epoch, _)| *epoch > since).map(|(_, view)| view.clone()).collect()
    }

    /// All of them, in their order.
    pub(crate) fn all(&self) -> Vec<FigureView> {
        self.0.values().map(|(_, view)| view.clone()).collect()
    }
}
