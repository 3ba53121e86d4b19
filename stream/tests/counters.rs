//! What a counter added, over a real disk log, real manifests and checkpoints, and a store that crashes.
//!
//! Counts come in any order, late, again and corrected, around midnight and many days apart, so that days have left memory
//! that they change, and days behind those; the process dies anywhere and comes back with another number of workers. What
//! was added in each hour and day is what one pass over all counts in the order of their moments says (BATCH).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use ioc_bus::{ChunkBuilder, SharedBus, partition_of};
use ioc_model::{
    counter::{Carried, Count, CounterRule, added, steps},
    envelope::Content,
    pack::{Indicator, Pack},
    time::{EventTime, Millis, ReceivedAt},
    window::WindowKind,
};
use ioc_stream::{Driver, Halt};
use ioc_testing::{FOR_EVER, contract, feed};
use proptest::prelude::*;

mod support;

use support::{
    MIDNIGHT,
    flow::{self, ends, open_log},
    pack::indicator,
    store::{Death, SharedStore, totals},
};

const DAY: i64 = 86_400_000;
const HOUR: i64 = 3_600_000;
/// A count's moments are so far apart. Milliseconds.
const TICK: i64 = 10_000;

fn rule() -> CounterRule {
    CounterRule { taken_back: 1.0, gap: Some(Millis::hours(30)), ..CounterRule::plain() }
}

fn pack() -> Pack {
    let people = Indicator { counter: Some(rule()), ..indicator("people", &[]) };
    let windows = [WindowKind::Hour, WindowKind::Day];
    let arrivals = Indicator { increase_of: Some("people".to_owned()), ..indicator("arrivals", &windows) };
    let station = ioc_testing::station("S0", &[("people", Millis(0))]);
    let feeds = vec![feed("cameras", contract(Millis::minutes(1), FOR_EVER))];
    support::pack::pack("test", station, vec![people, arrivals], feeds)
}

fn start(folder: &Path, bus: &SharedBus, store: &SharedStore, workers: usize) -> Result<Driver, Halt> {
    flow::start(folder, bus, store, workers, pack(), flow::STANDING)
}

/// A count that the sender sends.
#[derive(Clone, Copy, Debug)]
struct Sent {
    subject: u8,
    /// Ticks since midnight of the first day.
    at: i64,
    value: u16,
}

impl Sent {
    fn time(&self) -> i64 {
        MIDNIGHT + self.at * TICK
    }

    fn json(&self) -> String {
        let (subject, time, value) = (self.subject, EventTime(self.time()).rfc3339(), self.value);
        format!(r#"{{"indicator":"people","subject":"S{subject}","time":"{time}","value":{value}}}"#)
    }
}

fn send(bus: &SharedBus, rows: &[Sent], runtime: &tokio::runtime::Runtime) {
    for subject in rows.iter().map(|row| row.subject).collect::<BTreeSet<_>>() {
        let mut chunk = ChunkBuilder::new();
        for row in rows.iter().filter(|row| row.subject == subject) {
            chunk.push("cameras", Content::Raw, "/ingest/cameras", row.json().as_bytes());
        }
        let partition = partition_of(&format!("sender {subject}"), bus.partitions());
        runtime.block_on(async {
            let durable = bus.append(partition, chunk.finish(ReceivedAt(MIDNIGHT))).await.unwrap();
            let _ = durable.await.unwrap();
        });
    }
}

type WindowKey = (String, WindowKind, i64);
/// Known additions, what was added, and counts received.
type Figures = (u64, u64, u32);

/// The independent answer: the counts that stand, each subject's in one pass from its first to its last.
fn recompute(sent: &[Sent]) -> BTreeMap<WindowKey, Figures> {
    let mut windows = BTreeMap::new();
    for subject in sent.iter().map(|row| row.subject).collect::<BTreeSet<_>>() {
        let of_subject = sent.iter().filter(|row| row.subject == subject);
        let mut known: BTreeMap<i64, Vec<u16>> = BTreeMap::new();
        for row in of_subject {
            let values = known.entry(row.time()).or_default();
            if !values.contains(&row.value) {
                values.push(row.value);
            }
        }
        let stand = known
            .iter()
            .map(|(at, values)| Count { at: EventTime(*at), value: f64::from(*values.last().unwrap()) });
        let stand: Vec<Count> = stand.collect();
        let mut carried = Carried::default();
        for day in stand.chunk_by(|a, b| day_of(a.at.0) == day_of(b.at.0)) {
            let first = MIDNIGHT + day_of(day[0].at.0) * DAY;
            let (mut of_day, handed) = steps(&rule(), &carried, day);
            carried = handed;
            for step in &mut of_day {
                step.count.at = step.count.at.max(day[0].at);
            }
            let hours = (0..24).map(|hour| (WindowKind::Hour, first + hour * HOUR, HOUR));
            for (kind, start, length) in hours.chain([(WindowKind::Day, first, DAY)]) {
                let received = day.iter().filter(|count| start < count.at.0 && count.at.0 <= start + length);
                let received = received.count();
                if received > 0 {
                    let window = added(&of_day, EventTime(start), EventTime(start + length));
                    let figures = (window.count, window.sum.to_bits(), received as u32);
                    let _ = windows.insert((format!("S{subject}"), kind, start), figures);
                }
            }
        }
    }
    windows
}

/// The day whose windows a count is in: at midnight that which ends.
fn day_of(time: i64) -> i64 {
    (time - 1 - MIDNIGHT).div_euclid(DAY)
}

fn check(store: &SharedStore, sent: &[Sent]) {
    let totals = totals(store);
    assert_eq!((totals.envelopes_astray(), totals.rows_astray(), totals.waiting), (0, 0, 0), "BALANCE");
    assert_eq!(totals.received as usize, sent.len());
    let store = store.0.lock().unwrap();
    let mut current = BTreeMap::new();
    for row in store.epochs.values().flat_map(|results| &results.facts.windows) {
        assert_eq!(row.indicator.to_string(), "arrivals", "a counter has no windows of its own");
        let figures = (row.aggregate.count, row.aggregate.sum.to_bits(), row.received);
        let _ = current.insert((row.subject.to_string(), row.kind, row.start.0), figures);
    }
    let recomputed = recompute(sent);
    let of = |figures: &Figures| (figures.0, f64::from_bits(figures.1), figures.2);
    for (key, figures) in &current {
        let expected = recomputed.get(key).unwrap_or_else(|| panic!("{key:?} of nothing"));
        assert_eq!(of(figures), of(expected), "BATCH: {key:?}");
    }
    for (key, _) in recomputed {
        let of_subject = sent.iter().filter(|row| format!("S{}", row.subject) == key.0);
        let watermark = of_subject.map(Sent::time).max().unwrap() - 60_000;
        let length = if key.1 == WindowKind::Day { DAY } else { HOUR };
        assert_eq!(current.contains_key(&key), key.2 + length <= watermark, "FRONTIER: {key:?}");
    }
}

#[derive(Clone, Debug)]
struct Life {
    rows: Vec<Vec<Sent>>,
    workers: usize,
    death: Option<(u8, bool)>,
}

fn sent() -> impl Strategy<Value = Sent> {
    let day = DAY / TICK;
    let hour = HOUR / TICK;
    let at = prop_oneof![
        // Some seconds apart, around the end of an hour.
        3 => hour - 12..hour + 12,
        // Around midnight, and at it.
        3 => day - 9..day + 9,
        1 => (1i64..12).prop_map(move |number| number * day),
        // Many days apart: their days have left memory when others come late.
        3 => (0i64..12, 0i64..24).prop_map(move |(number, of_day)| number * day + of_day * hour + 1),
    ];
    let value = prop_oneof![Just(0u16), Just(3), 48u16..62, 98u16..110];
    (0u8..2, at, value).prop_map(|(subject, at, value)| Sent { subject, at, value })
}

fn life() -> impl Strategy<Value = Life> {
    let rows = proptest::collection::vec(proptest::collection::vec(sent(), 1..10), 0..10);
    let death = proptest::option::weighted(0.6, (0u8..6, any::<bool>()));
    (rows, 1usize..4, death).prop_map(|(rows, workers, death)| Life { rows, workers, death })
}

/// Until nothing waits and a day that is read back has had its turn.
fn settle(driver: &Driver, store: &SharedStore) {
    for _ in 0..2_000 {
        if totals(store).waiting == 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let seen = driver.progress().committed;
    for _ in 0..4_000 {
        if driver.progress().committed.0 > seen.0 + 80 {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// ONCE, BALANCE, REPLAY, BATCH of what counters added, for any arrival order, lateness, crash and worker count.
    #[test]
    fn batch_any_history_of_counts_with_any_crashes_adds_what_one_pass_adds(
        lives in proptest::collection::vec(life(), 1..5),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let store = SharedStore::default();
        let mut journal = Vec::new();
        for life in &lives {
            let bus = open_log(folder.path());
            store.0.lock().unwrap().die =
                life.death.map(|(after_commits, rows_are_in)| Death { after_commits, rows_are_in });
            let driver = start(folder.path(), &bus, &store, life.workers).unwrap();
            for rows in &life.rows {
                send(&bus, rows, &runtime);
                let mut by_subject = rows.clone();
                by_subject.sort_by_key(|row| row.subject);
                journal.extend(by_subject);
            }
            let _ = driver.wait_committed(&ends(&bus), Duration::from_millis(30));
            let _ = driver.stop();
        }
        let bus = open_log(folder.path());
        store.0.lock().unwrap().die = None;
        let driver = start(folder.path(), &bus, &store, 2).unwrap();
        prop_assert!(driver.wait_committed(&ends(&bus), Duration::from_secs(30)), "{:?}", driver.halted());
        settle(&driver, &store);
        driver.stop().unwrap();
        check(&store, &journal);
    }
}

/// The day behind a late count has left memory, too: what it began with is another, so it is read back and told anew.
#[test]
fn batch_a_late_count_revises_the_day_behind_it_that_has_left_memory() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = SharedStore::default();
    let bus = open_log(folder.path());
    let driver = start(folder.path(), &bus, &store, 2).unwrap();
    let day = DAY / TICK;
    let of = |at: i64, value: u16| Sent { subject: 0, at, value };
    let mut journal = vec![of(7, 10), of(day + 7, 30)];
    journal.extend((2..9).map(|number| of(number * day + 7, 30 + number as u16)));
    for row in &journal {
        send(&bus, std::slice::from_ref(row), &runtime);
        assert!(driver.wait_committed(&ends(&bus), Duration::from_secs(10)));
    }
    let second_day = |store: &SharedStore| {
        let store = store.0.lock().unwrap();
        let windows = store.epochs.values().flat_map(|results| results.facts.windows.clone());
        let of_day = |start: i64| {
            move |row: &ioc_model::results::WindowResult| row.kind == WindowKind::Day && row.start.0 == start
        };
        let windows: Vec<_> = windows.filter(of_day(MIDNIGHT + DAY)).collect();
        windows.iter().map(|row| row.aggregate.sum).collect::<Vec<_>>()
    };
    // An epoch for each of the rounds that days linger for after they were touched.
    settle(&driver, &store);
    let late = of(day - 1_000, 25);
    send(&bus, &[late], &runtime);
    journal.push(late);
    assert!(driver.wait_committed(&ends(&bus), Duration::from_secs(10)));
    settle(&driver, &store);
    driver.stop().unwrap();
    check(&store, &journal);
    let told = second_day(&store);
    assert_eq!((told.first(), told.last()), (Some(&20.0), Some(&5.0)), "{told:?}");
}
