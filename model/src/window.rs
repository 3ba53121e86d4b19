//! Windows over event time and the sums in them, bit for bit.
//!
//! Floating-point addition is not associative, so the order of a sum is part of its definition here (BATCH):
//! inside a minute pane values are added in event-time order; panes are added in time order. Every window, minute,
//! hour or day, is the fold of its minute panes. Whoever recomputes a window from raw rows in that order gets the
//! same bits.

use serde::{Deserialize, Serialize};

/// The length of a window. Hours and days are the pack's local ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum WindowKind {
    /// A minute.
    Minute = 0,
    /// A local hour.
    Hour = 1,
    /// A local day.
    Day = 2,
}

impl WindowKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [WindowKind; 3] = [WindowKind::Minute, WindowKind::Hour, WindowKind::Day];

    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            WindowKind::Minute => "minute",
            WindowKind::Hour => "hour",
            WindowKind::Day => "day",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<WindowKind> {
        WindowKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Registers of a sketch of different ones (a HyperLogLog of 4,096) that are not zero, by their number: which, and the
/// largest that was seen. Two sketches are joined by taking the larger of each.
pub type Registers = Box<[(u16, u8)]>;

/// What made a window's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ClosedBy {
    /// The subject's own data passed its end.
    Watermark = 0,
    /// Now passed its end and the feed's patience: it closed incomplete.
    Patience = 1,
    /// A later row or correction revised a closed window.
    Revision = 2,
}

impl ClosedBy {
    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ClosedBy::Watermark => "watermark",
            ClosedBy::Patience => "patience",
            ClosedBy::Revision => "revision",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<ClosedBy> {
        let all = [ClosedBy::Watermark, ClosedBy::Patience, ClosedBy::Revision];
        all.into_iter().find(|closed_by| closed_by.word() == word)
    }
}

/// Count, sum and extremes of the good values of a pane or window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aggregate {
    /// Good values.
    pub count: u64,
    /// Their sum, in the order this module defines.
    pub sum: f64,
    /// The smallest; +∞ when there is none.
    pub min: f64,
    /// The largest; −∞ when there is none.
    pub max: f64,
}

impl Default for Aggregate {
    fn default() -> Aggregate {
        Aggregate { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

/// When one value makes a window: it lies above `above`, and the mean of the others goes into it more than `times` times.
/// A single number of a device that is out of its mind makes a good hour the worst of the year.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spike {
    /// So many times the mean of the others.
    pub times: f64,
    /// And above this, in the indicator's unit: small values leap by themselves.
    pub above: f64,
}

/// Fewer values say nothing of each other.
const NEIGHBOURS: u64 = 3;

impl Aggregate {
    /// Whether its largest value alone makes it what it is.
    #[must_use]
    pub fn has_spike(&self, spike: Spike) -> bool {
        if self.count <= NEIGHBOURS || self.max <= spike.above {
            return false;
        }
        let others = (self.sum - self.max) / (self.count - 1) as f64;
        self.max > spike.times * others.abs()
    }

    /// Adds the next value of a pane. Call in event-time order.
    #[inline]
    pub fn push(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Adds the next pane of a window. Call in time order.
    #[inline]
    pub fn merge(&mut self, pane: &Aggregate) {
        if pane.count == 0 {
            return;
        }
        self.count += pane.count;
        self.sum += pane.sum;
        self.min = self.min.min(pane.min);
        self.max = self.max.max(pane.max);
    }

    /// The mean; none of nothing.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spiked(values: &[f64]) -> bool {
        let mut hour = Aggregate::default();
        values.iter().for_each(|value| hour.push(*value));
        hour.has_spike(Spike { times: 20.0, above: 200.0 })
    }

    #[test]
    fn an_hour_is_marked_that_one_value_makes_and_no_other() {
        let with = |value: f64| spiked(&[&[40.0; 11][..], &[value]].concat());
        assert!(with(9_000.0) && with(801.0));
        assert!(!with(800.0), "twenty times is not more than twenty times");
        assert!(!spiked(&[40.0; 12]));
        // Two values agree with each other.
        assert!(!spiked(&[&[40.0; 10][..], &[900.0; 2]].concat()));
        assert!(!spiked(&[&[1.0; 11][..], &[190.0]].concat()), "small values leap by themselves");
        assert!(spiked(&[&[-0.5; 11][..], &[201.0]].concat()));
        assert!(!spiked(&[1.0, 1.0, 900.0]) && !spiked(&[900.0]) && !spiked(&[]), "too few say nothing");
    }
}
