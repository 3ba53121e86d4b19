//! Feeds: the one that is silent longest by what it promises, and whether everything that came is somewhere.

use std::collections::BTreeMap;

use ioc_model::{
    bound::is_above,
    counts::Counts,
    figure::{FigureId, FigureReason, FigureVerdict, Freshness, InputKind},
    name::Name,
    pack::{Pack, Transport},
    results::{FigureInput, FigureResult},
    rule::Priority,
    time::{EventTime, Now},
};

use super::{NEAR, largest_first, made_of, nothing};

/// A feed that promises something and was heard.
struct HeardFeed {
    feed: Name,
    last: EventTime,
    silence: f64,
    promised: f64,
}

pub(super) fn slowest(now: Now, pack: &Pack, feeds: &BTreeMap<Name, Counts>) -> FigureResult {
    let mut heard = Vec::new();
    let mut promising = 0;
    for (id, feed) in &pack.feeds {
        // The page's own promises nothing.
        if feed.transport == Transport::Page {
            continue;
        }
        promising += 1;
        let last = feeds.get(id.as_str()).and_then(|counts| counts.last_received);
        heard.extend(last.map(|last| HeardFeed {
            feed: Name::new(id),
            last: EventTime(last.0),
            silence: now.0.saturating_sub(last.0).max(0) as f64,
            promised: feed.silent_after.0.max(1) as f64,
        }));
    }
    heard.sort_by(|one, other| {
        let by_share = largest_first(one.silence / one.promised, other.silence / other.promised);
        by_share.then(one.feed.cmp(&other.feed))
    });
    let silent = heard.iter().filter(|feed| feed.silence > feed.promised).count() as u64;
    let never = promising - heard.len() as u64;
    let parts = [("silent", silent), ("on_time", heard.len() as u64 - silent), ("never", never)];
    let reason = if promising == 0 { FigureReason::Nothing } else { FigureReason::Never };
    let empty = FigureResult {
        count: heard.len() as u64,
        expected: promising,
        parts: parts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(word, count)| (Name::new(word), count))
            .collect(),
        ..nothing(FigureId::Slowest, now, reason)
    };
    let Some(slowest) = heard.first() else { return empty };
    let (verdict, reason, priority) = if slowest.silence > slowest.promised {
        (FigureVerdict::Missed, FigureReason::Silent, Some(Priority::High))
    } else if is_above(slowest.silence, NEAR * slowest.promised) {
        (FigureVerdict::Near, FigureReason::NearTarget, None)
    } else {
        (FigureVerdict::Kept, FigureReason::OnTarget, None)
    };
    let input = |feed: &HeardFeed| FigureInput {
        kind: InputKind::Feed,
        subject: feed.feed.into(),
        measure: Name::default(),
        start: feed.last,
        number: 0,
        value: Some(feed.silence),
        word: Name::default(),
    };
    let figure = FigureResult {
        start: slowest.last,
        value: Some(slowest.silence),
        target: Some(slowest.promised),
        verdict,
        reason,
        priority,
        freshness: Freshness::Fresh,
        ..empty
    };
    made_of(figure, heard.iter().map(input))
}

pub(super) fn balance(now: Now, since: Now, feeds: &BTreeMap<Name, Counts>) -> FigureResult {
    let astray =
        |counts: &Counts| counts.envelopes_astray().unsigned_abs() + counts.rows_astray().unsigned_abs();
    let total: u64 = feeds.values().map(astray).sum();
    let sum = |of: fn(&Counts) -> u64| feeds.values().map(of).sum::<u64>();
    let received = sum(|counts| counts.received);
    let (verdict, reason) = match (total, received) {
        (1.., _) => (FigureVerdict::Missed, FigureReason::Beyond),
        (0, 0) => (FigureVerdict::Withheld, FigureReason::Never),
        (0, _) => (FigureVerdict::Kept, FigureReason::OnTarget),
    };
    let parts = [
        ("received", received),
        ("rows", sum(|counts| counts.rows)),
        ("rejected", sum(|counts| counts.rejected)),
        ("undecodable", sum(|counts| counts.undecodable)),
    ];
    let mut unbalanced: Vec<(&Name, u64)> =
        feeds.iter().map(|(feed, counts)| (feed, astray(counts))).filter(|(_, astray)| *astray > 0).collect();
    unbalanced.sort_by_key(|(feed, astray)| (std::cmp::Reverse(*astray), **feed));
    let input = |(feed, astray): &(&Name, u64)| FigureInput {
        kind: InputKind::Feed,
        subject: (**feed).into(),
        measure: Name::default(),
        start: EventTime(since.0),
        number: 0,
        value: Some(*astray as f64),
        word: Name::default(),
    };
    let figure = FigureResult {
        start: EventTime(since.0),
        value: Some(total as f64),
        target: Some(0.0),
        verdict,
        priority: (total > 0).then_some(Priority::Critical),
        freshness: if received > 0 { Freshness::Fresh } else { Freshness::Never },
        count: received,
        expected: received,
        parts: parts.map(|(word, count)| (Name::new(word), count)).to_vec(),
        ..nothing(FigureId::Balance, now, reason)
    };
    made_of(figure, unbalanced.iter().map(input))
}
