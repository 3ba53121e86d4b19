//! What `/api/overview` says, as far as a terminal shows it.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use ioc_model::{counts::Counts, text::Text};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Overview {
    pub(super) pack: Pack,
    pub(super) clock_speed: f64,
    pub(super) picture: Picture,
    pub(super) status: Option<Status>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pack {
    pub(super) name: Text,
    pub(super) timezone: String,
    pub(super) replayed: Option<Text>,
    pub(super) stations: Vec<Station>,
    pub(super) indicators: BTreeMap<String, Indicator>,
    pub(super) feeds: Vec<FeedNames>,
    #[serde(default)]
    pub(super) rules: BTreeMap<String, Rule>,
    #[serde(default)]
    pub(super) indices: BTreeMap<String, Index>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Station {
    pub(super) id: String,
    pub(super) name: Text,
    pub(super) measures: BTreeMap<String, i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Indicator {
    pub(super) symbol: String,
    pub(super) unit: String,
    pub(super) decimals: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct FeedNames {
    pub(super) id: String,
    pub(super) silent_after: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Rule {
    pub(super) name: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Index {
    pub(super) name: Text,
    pub(super) categories: Vec<Category>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Category {
    pub(super) word: String,
    pub(super) name: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Picture {
    pub(super) epoch: u64,
    pub(super) now: i64,
    pub(super) tiles: Vec<Tile>,
    pub(super) feeds: Vec<Feed>,
    #[serde(default)]
    pub(super) stations: Vec<StationState>,
    #[serde(default)]
    pub(super) indices: Vec<IndexTile>,
    #[serde(default)]
    pub(super) alerts: Vec<Alert>,
    #[serde(default)]
    pub(super) figures: Vec<Figure>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Figure {
    pub(super) figure: String,
    pub(super) value: Option<f64>,
    pub(super) of: Option<f64>,
    pub(super) target: Option<f64>,
    pub(super) verdict: String,
    pub(super) reason: String,
    pub(super) stale_from: Option<i64>,
    pub(super) inputs: Vec<FigureInput>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FigureInput {
    pub(super) subject: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tile {
    pub(super) subject: String,
    pub(super) indicator: String,
    pub(super) latest: Option<Latest>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Latest {
    pub(super) event_time: i64,
    pub(super) value: f64,
    pub(super) quality: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Feed {
    pub(super) id: String,
    pub(super) counts: Counts,
    pub(super) envelopes_astray: i64,
    pub(super) rows_astray: i64,
    pub(super) last_received: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct StationState {
    pub(super) subject: String,
    pub(super) status: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct IndexTile {
    pub(super) index: String,
    pub(super) subject: String,
    pub(super) kind: String,
    pub(super) latest: Option<IndexValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct IndexValue {
    pub(super) end: i64,
    pub(super) value: Option<f64>,
    pub(super) category: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Alert {
    pub(super) rule: String,
    pub(super) subject: String,
    pub(super) priority: serde_json::Value,
    pub(super) active: bool,
    pub(super) acknowledged: bool,
    pub(super) raised_at: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Status {
    pub(super) now: i64,
    pub(super) bus: Health,
    pub(super) clickhouse: Health,
    pub(super) archive: Option<Health>,
    pub(super) outstanding_epochs: u64,
    pub(super) stalled_since: Option<i64>,
    pub(super) replaying: bool,
    pub(super) in_flight: BTreeMap<String, u64>,
    pub(super) held_back: Option<HeldBack>,
    pub(super) halted: Option<String>,
    /// Milliseconds since the pipeline said so.
    pub(super) reported_ago: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct HeldBack {
    pub(super) count: u64,
    pub(super) senders: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Health {
    pub(super) state: String,
    #[serde(alias = "what")]
    pub(super) cause: Option<String>,
}

impl Overview {
    /// The product's clock as the server knows it.
    pub(super) fn now(&self) -> i64 {
        let reported = |status: &Status| status.now + (status.reported_ago as f64 * self.clock_speed) as i64;
        self.status.as_ref().map_or(self.picture.now, reported)
    }

    /// Envelopes of a feed, those in flight included.
    pub(super) fn received(&self, feed: &Feed) -> u64 {
        feed.counts.received + self.in_flight(feed)
    }

    pub(super) fn in_flight(&self, feed: &Feed) -> u64 {
        self.status.as_ref().and_then(|status| status.in_flight.get(&feed.id)).copied().unwrap_or(0)
    }
}

/// How fast a count grows, over the last few looks.
#[derive(Debug, Default)]
pub(super) struct Pace(VecDeque<(Instant, u64)>);

const LOOKED_BACK: Duration = Duration::from_secs(10);

impl Pace {
    pub(super) fn take(&mut self, at: Instant, count: u64) {
        // What became less was another process's.
        if self.0.back().is_some_and(|(_, last)| count < *last) {
            self.0.clear();
        }
        self.0.push_back((at, count));
        while self.0.len() > 2
            && self.0.front().is_some_and(|(first, _)| at.duration_since(*first) > LOOKED_BACK)
        {
            let _ = self.0.pop_front();
        }
    }

    /// None before the second look.
    pub(super) fn per_second(&self) -> Option<f64> {
        let ((first, before), (last, now)) = (self.0.front()?, self.0.back()?);
        let seconds = last.duration_since(*first).as_secs_f64();
        (seconds > 0.0).then(|| (now - before) as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_known_from_the_second_look_and_starts_anew_with_another_process() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::default();
        pace.take(at(0), 100);
        assert_eq!(pace.per_second(), None);
        pace.take(at(2), 300);
        assert_eq!(pace.per_second(), Some(100.0));
        pace.take(at(3), 50);
        assert_eq!(pace.per_second(), None);
        for second in 4..60 {
            pace.take(at(second), 50 + second * 10);
        }
        assert!((pace.per_second().unwrap() - 10.0).abs() < 0.01);
    }
}
