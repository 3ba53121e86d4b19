//! What is abnormal beside the alerts of the pack's rules, and how urgent that is: of the machinery, of feeds, of what
//! stations send. It is said once, here: a page and a wall put words to it.

use ioc_model::{counts::Counts, results::ObligationState, rule::Priority, time::Now};
use serde::{Deserialize, Serialize};

use crate::{
    feed::OnlyRejects,
    pack::PackState,
    routes::STATUS_STALE,
    station::Missing,
    status::{ArchiveState, BusHealth, StoreHealth, SystemStatus},
};

/// So often the same at the door is no chance any more: two senders share one identifier.
const AGAIN_AND_AGAIN: u64 = 3;

/// What is abnormal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConcernId {
    /// The pipeline does not report to its own server any more.
    NotReporting,
    /// The flow stopped for good.
    Halted,
    /// What is shown has not reached now.
    Replaying,
    /// The log is full or takes nothing more.
    Bus,
    /// Nothing is committed.
    Stalled,
    /// Senders are held back to their share.
    HeldBack,
    /// The pack's folder is not what is in effect.
    Pack,
    /// The archive has no room, fails or misses envelopes.
    Archive,
    /// ClickHouse does not answer.
    Clickhouse,
    /// Rows of a feed wait for a decision.
    Held,
    /// Something of a feed is nowhere (invariant BALANCE).
    Astray,
    /// Everything a feed sends is rejected.
    OnlyRejects,
    /// Indicators of a station came too long ago.
    Stale,
    /// Indicators of a station never came.
    Never,
}

/// Something abnormal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concern {
    /// What.
    pub what: ConcernId,
    /// How urgent.
    pub priority: Priority,
    /// Since when on the product's clock; none where nothing tells.
    pub since: Option<Now>,
}

fn concern(what: ConcernId, priority: Priority, since: Option<Now>) -> Concern {
    Concern { what, priority, since }
}

/// Of the machinery, which reported so many milliseconds ago.
#[must_use]
pub(crate) fn of_system(status: &SystemStatus, reported_ago: u64) -> Vec<Concern> {
    let bus = match &status.bus {
        BusHealth::Writing => None,
        BusHealth::Full { since, .. } | BusHealth::Poisoned { since, .. } => Some(*since),
    };
    let clickhouse = match &status.clickhouse {
        StoreHealth::Up => None,
        StoreHealth::Away { since, .. } => Some(*since),
    };
    let archive = &status.archive;
    let archive_ails =
        matches!(archive.state, ArchiveState::Full | ArchiveState::Failing) || archive.missing_offsets > 0;
    let is_silent = u128::from(reported_ago) > STATUS_STALE.as_millis();
    let pack = status.pack.state != PackState::Current;
    let all = [
        is_silent.then(|| concern(ConcernId::NotReporting, Priority::Critical, Some(status.now))),
        status.halted.as_ref().map(|_| concern(ConcernId::Halted, Priority::Critical, None)),
        status.replaying.then(|| concern(ConcernId::Replaying, Priority::Low, None)),
        bus.map(|since| concern(ConcernId::Bus, Priority::Critical, Some(since))),
        status.stalled_since.map(|since| concern(ConcernId::Stalled, Priority::Critical, Some(since))),
        (status.held_back.count > 0).then(|| concern(ConcernId::HeldBack, Priority::Medium, None)),
        pack.then(|| concern(ConcernId::Pack, Priority::Medium, status.pack.since)),
        archive_ails.then(|| concern(ConcernId::Archive, Priority::High, archive.since)),
        clickhouse.map(|since| concern(ConcernId::Clickhouse, Priority::Critical, Some(since))),
    ];
    all.into_iter().flatten().collect()
}

/// Of a feed, but for its silence: that comes with the clock.
#[must_use]
pub fn of_feed(counts: &Counts, only_rejects: Option<OnlyRejects>) -> Vec<Concern> {
    let is_astray = counts.envelopes_astray() != 0 || counts.rows_astray() != 0;
    let rejects = |only: OnlyRejects| {
        concern(ConcernId::OnlyRejects, Priority::High, only.since.map(|since| Now(since.0)))
    };
    let all = [
        (counts.held > 0).then(|| concern(ConcernId::Held, Priority::High, None)),
        is_astray.then(|| concern(ConcernId::Astray, Priority::Critical, None)),
        only_rejects.map(rejects),
    ];
    all.into_iter().flatten().collect()
}

/// Of what a station sends.
#[must_use]
pub fn of_station(missing: Missing) -> Vec<Concern> {
    let since = missing.since.map(|since| Now(since.0));
    let all = [
        (missing.stale > 0).then(|| concern(ConcernId::Stale, Priority::Medium, since)),
        (missing.never > 0).then(|| concern(ConcernId::Never, Priority::Low, None)),
    ];
    all.into_iter().flatten().collect()
}

/// Of something that happened so often at the door: once is a gateway that came again.
#[must_use]
pub fn priority_at_the_door(count: u64) -> Priority {
    if count >= AGAIN_AND_AGAIN { Priority::Medium } else { Priority::Low }
}

/// Of a source that does not answer as it should: one that must be mended waits for somebody.
#[must_use]
pub fn priority_of_a_pull(is_fault: bool, times: u64) -> Priority {
    if is_fault || times >= AGAIN_AND_AGAIN { Priority::Medium } else { Priority::Low }
}

/// Of periods that a source could not be read whole of: somebody must look why; none where there are none.
#[must_use]
pub fn priority_of_periods_given_up(periods: u32) -> Option<Priority> {
    (periods > 0).then_some(Priority::Medium)
}

/// Of a report that is owed. What is not there is for somebody to do something about; nothing of it is an alert.
#[must_use]
pub fn priority_of_an_obligation(state: ObligationState) -> Option<Priority> {
    match state {
        ObligationState::Missing | ObligationState::Rejected => Some(Priority::Medium),
        ObligationState::Late => Some(Priority::Low),
        ObligationState::NotDue
        | ObligationState::Due
        | ObligationState::OnTime
        | ObligationState::NotOwed => None,
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::time::EventTime;

    use super::*;

    fn said(all: &[Concern]) -> Vec<(ConcernId, Priority)> {
        all.iter().map(|one| (one.what, one.priority)).collect()
    }

    #[test]
    fn balance_what_is_nowhere_is_more_urgent_than_what_waits_or_is_refused() {
        assert_eq!(of_feed(&Counts::default(), None), []);
        let counts = Counts { received: 3, decoded: 2, rows: 2, held: 1, stored: 1, ..Counts::default() };
        let rejects = Some(OnlyRejects { messages: 3, since: None });
        let expected = [
            (ConcernId::Held, Priority::High),
            (ConcernId::Astray, Priority::Critical),
            (ConcernId::OnlyRejects, Priority::High),
        ];
        assert_eq!(said(&of_feed(&counts, rejects)), expected);
    }

    #[test]
    fn silent_what_never_began_is_a_note_and_what_came_to_an_end_more() {
        let missing = Missing { never: 1, stale: 2, since: Some(EventTime(7)), all: 9 };
        let all = of_station(missing);
        assert_eq!(said(&all), [(ConcernId::Stale, Priority::Medium), (ConcernId::Never, Priority::Low)]);
        assert_eq!(all[0].since, Some(Now(7)));
        assert_eq!(of_station(Missing { all: 9, ..Missing::default() }), []);
        assert_eq!([1, 2, 3].map(priority_at_the_door), [Priority::Low, Priority::Low, Priority::Medium]);
        let of_a_pull =
            [(false, 1), (false, 3), (true, 1)].map(|(fault, times)| priority_of_a_pull(fault, times));
        assert_eq!(of_a_pull, [Priority::Low, Priority::Medium, Priority::Medium]);
        assert_eq!([0, 1].map(priority_of_periods_given_up), [None, Some(Priority::Medium)]);
    }
}
