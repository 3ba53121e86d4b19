//! The sources that are asked, as pages ask for them.

use std::sync::Arc;

use ioc_bus::clock::Clock;
use ioc_dashboards::{
    concern::{priority_of_a_pull, priority_of_periods_given_up},
    pulls::{self as shown, ComparedView, FailingView, PullList, PullView},
};
use ioc_ingest::transport::pull::{Compared, Failing, Limit, PullState, Pulls};
use ioc_model::text::Text;

/// Those that are asked.
#[derive(Debug)]
pub struct Asked(pub Arc<Pulls>);

impl shown::Pulls for Asked {
    fn list(&self) -> PullList {
        let pulls = self.0.all().into_iter().map(|(feed, state)| pull(feed, state));
        PullList { now: Clock::Machine.now(), pulls: pulls.collect() }
    }
}

fn pull(feed: String, state: PullState) -> PullView {
    let PullState {
        transport,
        address,
        every,
        asked,
        passed,
        next,
        place,
        failing,
        envelopes,
        late,
        compared,
        limits,
    } = state;
    PullView {
        feed,
        transport: transport.to_owned(),
        address,
        every: i64::try_from(every.as_millis()).unwrap_or(i64::MAX),
        asked,
        passed,
        next,
        place,
        failing: failing.map(why),
        envelopes,
        late,
        compared: compared.map(|Compared { at, periods, first, changed, gone, given_up }| ComparedView {
            at,
            periods,
            first,
            changed,
            gone,
            given_up,
            priority: priority_of_periods_given_up(given_up),
        }),
        limits: limits.into_iter().map(Limit::word).map(str::to_owned).collect(),
    }
}

fn why(Failing { since, times, error }: Failing) -> FailingView {
    let (fault, priority) = (error.is_fault, priority_of_a_pull(error.is_fault, times));
    FailingView { since, times, error: Text { vi: error.vi, en: error.en }, fault, priority }
}
