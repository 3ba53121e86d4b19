//! A rule over events in the whole flow: what it raises is the same with one worker and with three, whatever is killed.

use std::{collections::BTreeMap, path::Path, time::Duration};

use ioc_bus::{ChunkBuilder, SharedBus};
use ioc_model::{
    envelope::Content,
    event::{Count, EventKind},
    pack::{Feed, FormatName, Pack},
    position::Partition,
    results::AlertResult,
    rule::{Condition, CountBy, Counting},
    time::{Millis, ReceivedAt},
};
use ioc_testing::{FOR_EVER, contract, counting, feed, rule};

mod support;

use support::{
    MIDNIGHT,
    flow::{self, ends, open_log},
    store::{Death, SharedStore},
};

const LONG: Duration = Duration::from_secs(60);

fn pack() -> Pack {
    let kinds = || vec![EventKind::LoginFailed, EventKind::LoginModule];
    let rule = |id: &str, count, by, reach| {
        let counting = Counting { kinds: kinds(), reach, ..counting(count, by) };
        (id.to_owned(), rule(id, Condition::Events(counting)))
    };
    let feeds = vec![Feed { format: FormatName::SyslogLines, ..feed("logs", contract(Millis(0), FOR_EVER)) }];
    let rules = BTreeMap::from([
        rule("guessing", Count::Attempts, CountBy::From, 5),
        rule("spraying", Count::Users, CountBy::Network, 3),
    ]);
    Pack { rules, ..ioc_testing::pack("test", Vec::new(), Vec::new(), feeds) }
}

/// Forty attempts from eight addresses on two machines, in the minute before midnight.
fn lines() -> Vec<String> {
    let line = |number: u32| {
        let (host, address, user) = (number % 2, number % 8, number % 3);
        format!(
            "Nov  4 23:59:{:02} srv-{host} sshd[{number}]: Failed password for user{user} from 203.0.113.{address} port {} ssh2",
            number / 2,
            4_000 + number
        )
    };
    (0..40).map(line).collect()
}

fn send(bus: &SharedBus, lines: &[String]) {
    let mut chunk = ChunkBuilder::new();
    chunk.push("logs", Content::Raw, "/ingest/test", format!("{}\n", lines.join("\n")).as_bytes());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let chunk = chunk.finish(ReceivedAt(MIDNIGHT));
    let _ = runtime.block_on(async { bus.append(Partition(0), chunk).await.unwrap().await.unwrap() });
}

/// A life with so many workers, which takes in some lines; if it is to die it does so with its first commit.
fn live(folder: &Path, bus: &SharedBus, store: &SharedStore, workers: usize, lines: &[String], dies: bool) {
    let death = Death { after_commits: 0, rows_are_in: true };
    store.0.lock().unwrap().die = dies.then_some(death);
    let driver = flow::start(folder, bus, store, workers, pack(), flow::STANDING).unwrap();
    lines.iter().for_each(|line| send(bus, std::slice::from_ref(line)));
    assert_eq!(driver.wait_committed(&ends(bus), LONG), !dies);
    assert_eq!(driver.stop().is_err(), dies);
}

/// What became of alerts, without their epochs.
fn told(store: &SharedStore) -> Vec<AlertResult> {
    let store = store.0.lock().unwrap();
    let mut told: Vec<AlertResult> =
        store.epochs.values().flat_map(|results| results.facts.alerts.clone()).collect();
    told.iter_mut().for_each(|told| told.seq = 0);
    told.sort_by_key(|told| told.key.clone());
    told
}

#[test]
fn replay_an_attack_is_raised_once_with_any_number_of_workers_and_whatever_dies() {
    let lines = lines();
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (bus, store) = (open_log(first.path()), SharedStore::default());
    live(first.path(), &bus, &store, 1, &lines, false);
    let whole = told(&store);
    let raised: Vec<String> =
        whole.iter().map(|told| format!("{}~{}", told.key.rule, told.key.subject)).collect();
    let expected = ["guessing", "spraying"].into_iter();
    let expected = expected.flat_map(|rule| (0..8).map(move |address| format!("{rule}~203.0.113.{address}")));
    assert_eq!(raised, expected.collect::<Vec<_>>());
    assert!(whole.iter().all(|told| told.active
        && told.evidence.as_ref().unwrap().value == told.evidence.as_ref().unwrap().threshold));

    let (bus, store) = (open_log(second.path()), SharedStore::default());
    live(second.path(), &bus, &store, 3, &lines[..15], false);
    live(second.path(), &bus, &store, 2, &lines[15..30], true);
    live(second.path(), &bus, &store, 3, &lines[30..], false);
    assert_eq!(told(&store), whole);
}
