//! BATCH and REPLAY when the process dies at any step of its own, under a clock that moves.
//!
//! What `protocol.rs` leaves out: two feeds of different lateness for one subject, two senders of one key over two
//! partitions, values of every quality, windows that close by patience, and deaths inside of the driver and the
//! dataflow rather than at the store. In the end every recorded epoch is run once more from nothing, with another
//! number of workers: it must be the same epoch.
//!
//! Apart from the other tests, because stopping points are the whole process's.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fail::FailScenario;
use ioc_bus::clock::Clock;
use ioc_bus::{ChunkBuilder, SharedBus};
use ioc_model::{
    envelope::Content,
    figure::FigureId,
    form::{Owner, PeriodKind},
    obligation::{Owes, Reckoned},
    observation::Quality,
    pack::Pack,
    position::{Arrival, Partition},
    results::{EpochResults, RowStanding},
    time::{EventTime, Millis, ReceivedAt},
    window::{ClosedBy, WindowKind},
};
use ioc_stream::{Driver, Halt};
use ioc_testing::{contract, feed, form, obligation, reminders};
use proptest::prelude::*;

mod support;

use support::{
    MIDNIGHT, derived,
    flow::{self, ends, open_log},
    pack::indicator,
    store::{SharedStore, totals},
};

/// Steps of the driver and the dataflow, in the order of an epoch.
const STEPS: [&str; 17] = [
    "recovery_before_checkpoint",
    "recovery_after_checkpoint",
    "replay_before_epoch",
    "epoch_before_manifest",
    "record_before_fsync",
    "epoch_after_manifest",
    "flow_before_decode",
    "flow_before_apply",
    "flow_after_apply",
    "recall_before_answer",
    "checkpoint_before_write",
    "checkpoint_before_fsync",
    "checkpoint_before_rename",
    "checkpoint_after_rename",
    "checkpoint_after_write",
    "manifests_before_release",
    "log_before_release",
];
/// Feed and its lateness in milliseconds.
const FEEDS: [(&str, i64); 2] = [("quick", 60_000), ("slow", 600_000)];
/// Who owes reports.
const OFFICE: &str = "so-x";
const QUALITIES: [(Quality, &str); 3] =
    [(Quality::Good, "good"), (Quality::Calibrating, "calibrating"), (Quality::DeviceError, "device_error")];

fn pack() -> Pack {
    let indicators = ["pm25", "no2"].map(|id| indicator(id, &WindowKind::ALL));
    let feeds = FEEDS.map(|(id, lateness)| feed(id, contract(Millis(lateness), Millis::hours(30))));
    let pack = support::pack::pack("test", derived::station("S0"), indicators.into(), feeds.into());
    // Every day somebody owes a report by nine of the next, and sends none.
    let office = || Owes::Agencies(vec![OFFICE.to_owned()]);
    let mut rules = pack.rules;
    rules.extend([reminders("missed-two", 2)]);
    Pack {
        forms: [form("daily", PeriodKind::Day, Owner::Agency(OFFICE.to_owned()))].into(),
        obligations: [obligation("daily", "daily", office(), "2024-11-05", (Reckoned::Days(1), "09:00"))]
            .into(),
        rules,
        ..pack
    }
}

/// Eight hours pass in a second.
fn moving() -> Clock {
    #[allow(clippy::disallowed_methods, reason = "where the demo's clock is set to its start")]
    let origin = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    Clock::Demo { origin, start: MIDNIGHT, speed: 28_800.0 }
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    subject: u8,
    indicator: bool,
    /// Half minutes since midnight of the first day.
    at: i64,
    value: i8,
    quality: usize,
    feed: usize,
    partition: u16,
}

type Key = (String, String, i64);

impl Sent {
    fn key(&self) -> Key {
        let indicator = if self.indicator { "pm25" } else { "no2" };
        (indicator.to_owned(), format!("S{}", self.subject), MIDNIGHT + self.at * 30_000)
    }

    fn content(&self) -> (u64, Quality) {
        ((f64::from(self.value) / 10.0 + 0.0).to_bits(), QUALITIES[self.quality].0)
    }

    fn json(&self) -> String {
        let (indicator, subject, time) = self.key();
        let (time, value) = (EventTime(time).rfc3339(), f64::from(self.value) / 10.0);
        let quality = QUALITIES[self.quality].1;
        format!(
            r#"{{"indicator":"{indicator}","subject":"{subject}","time":"{time}","value":{value},"quality":"{quality}"}}"#
        )
    }
}

#[derive(Clone, Debug)]
struct Life {
    rows: Vec<Sent>,
    workers: usize,
    /// A step, and how often it is passed before.
    death: Option<(usize, usize)>,
}

fn life() -> impl Strategy<Value = Life> {
    let at =
        prop_oneof![4 => 0i64..300, 2 => 2_800i64..3_000, 1 => (0i64..9).prop_map(|day| day * 2_880 + 7)];
    let row = (0u8..2, any::<bool>(), at, -3i8..4, (0usize..3, 0usize..2), 0u16..2).prop_map(
        |(subject, indicator, at, value, (quality, feed), partition)| Sent {
            subject,
            indicator,
            at,
            value,
            quality,
            feed,
            partition,
        },
    );
    let death = proptest::option::weighted(0.85, (0..STEPS.len(), 0usize..5));
    (proptest::collection::vec(row, 0..40), 1usize..4, death).prop_map(|(rows, workers, death)| {
        // A worker that panics leaves the others waiting for it; a process that dies takes them along.
        let alone = death.is_some_and(|(step, _)| STEPS[step].starts_with("flow_"));
        Life { rows, workers: if alone { 1 } else { workers }, death }
    })
}

/// Each row in a chunk of its own, by the partition of its sender: two senders may speak of one key.
fn send(bus: &SharedBus, row: &Sent, number: usize, runtime: &tokio::runtime::Runtime) {
    let mut chunk = ChunkBuilder::new();
    chunk.push(FEEDS[row.feed].0, Content::Raw, "/ingest/test", row.json().as_bytes());
    runtime.block_on(async {
        let chunk = chunk.finish(ReceivedAt(MIDNIGHT + number as i64));
        let _ = bus.append(Partition(row.partition), chunk).await.unwrap().await.unwrap();
    });
}

/// None if it died at once.
fn start(
    folder: &Path,
    bus: &SharedBus,
    store: &SharedStore,
    workers: usize,
) -> Option<Result<Driver, Halt>> {
    catch_unwind(AssertUnwindSafe(|| flow::start(folder, bus, store, workers, pack(), moving()))).ok()
}

/// Runs until everything is committed, or it dies at the step it is told to.
fn live(
    folder: &Path,
    store: &SharedStore,
    life: &Life,
    journal: &mut Vec<Sent>,
    runtime: &tokio::runtime::Runtime,
) {
    let bus = open_log(folder);
    if let Some((step, passes)) = life.death {
        fail::cfg(STEPS[step], &format!("{passes}*off->1*panic->off")).unwrap();
    }
    let driver = start(folder, &bus, store, life.workers);
    for row in &life.rows {
        send(&bus, row, journal.len(), runtime);
        journal.push(*row);
    }
    if let Some(Ok(driver)) = driver {
        let _ = driver.wait_committed(&ends(&bus), Duration::from_millis(60));
        // Dying is a halt here; a life without a death ends in order.
        let _ = driver.stop();
    }
    for step in STEPS {
        fail::remove(step);
    }
}

/// Received, and count, sum, minimum and maximum of what is good.
type Figures = (u64, u64, u64, u64, u64);

/// The independent answer: the content that was new last, then panes, then windows.
fn recompute(sent: &[Sent]) -> BTreeMap<(String, String, WindowKind, i64), Figures> {
    let mut known: BTreeMap<Key, Vec<(u64, Quality)>> = BTreeMap::new();
    for row in sent {
        let contents = known.entry(row.key()).or_default();
        if !contents.contains(&row.content()) {
            contents.push(row.content());
        }
    }
    let mut windows = BTreeMap::new();
    for kind in WindowKind::ALL {
        let length = [60_000, 3_600_000, 86_400_000][kind as usize];
        let mut panes: BTreeMap<_, Vec<(u64, Quality)>> = BTreeMap::new();
        for ((indicator, subject, time), contents) in &known {
            let start = (time - MIDNIGHT).div_euclid(length) * length + MIDNIGHT;
            let pane = panes.entry((indicator.clone(), subject.clone(), start, time.div_euclid(60_000)));
            pane.or_default().push(*contents.last().unwrap());
        }
        for ((indicator, subject, start, _), points) in panes {
            let window = windows.entry((indicator, subject, kind, start)).or_insert((
                0u64,
                0u64,
                0.0f64,
                f64::INFINITY,
                f64::NEG_INFINITY,
            ));
            window.0 += points.len() as u64;
            let good = points.iter().filter(|(_, quality)| *quality == Quality::Good);
            let good: Vec<f64> = good.map(|(bits, _)| f64::from_bits(*bits)).collect();
            if good.is_empty() {
                continue;
            }
            window.1 += good.len() as u64;
            window.2 += good.iter().fold(0.0, |sum, value| sum + value);
            window.3 = good.iter().copied().fold(window.3, f64::min);
            window.4 = good.iter().copied().fold(window.4, f64::max);
        }
    }
    let bits = |(received, count, sum, min, max): (u64, u64, f64, f64, f64)| {
        (received, count, sum.to_bits(), min.to_bits(), max.to_bits())
    };
    windows.into_iter().map(|(key, figures)| (key, bits(figures))).collect()
}

fn check(store: &SharedStore, sent: &[Sent]) {
    let counted = totals(store);
    assert_eq!(
        (counted.envelopes_astray(), counted.rows_astray(), counted.waiting),
        (0, 0, 0),
        "BALANCE: {counted:?}"
    );
    assert_eq!(counted.received as usize, sent.len());
    let store = store.0.lock().unwrap();

    let mut stored: BTreeMap<_, Arrival> = BTreeMap::new();
    let rows = store.epochs.values().flat_map(|results| &results.facts.observations);
    // A value that is current again is said again, by a copy of the row that was stored once.
    for row in rows.filter(|row| row.standing != RowStanding::Restored) {
        let key = (row.indicator.to_string(), row.subject.to_string(), row.event_time.0);
        let content = (key, row.value.to_bits(), row.quality as u8);
        match stored.entry(content) {
            Entry::Vacant(place) => drop(place.insert(row.arrival)),
            // An epoch reads one partition after the other: a copy may be read that came before what was read first.
            Entry::Occupied(mut earliest) => {
                assert!(row.arrival < *earliest.get(), "ONCE: a copy that came later is a duplicate");
                assert_eq!(row.standing, RowStanding::History);
                let _ = earliest.insert(row.arrival);
            }
        }
    }
    let contents = sent.iter().map(|row| (row.key(), row.content().0, row.content().1 as u8));
    let stored: BTreeSet<_> = stored.into_keys().collect();
    assert_eq!(stored, contents.collect(), "ONCE: each content of a key is stored");

    let mut current = BTreeMap::new();
    for row in store.epochs.values().flat_map(|results| &results.facts.windows) {
        let key = (row.indicator.to_string(), row.subject.to_string(), row.kind, row.start.0);
        let a = row.aggregate;
        let figures = (u64::from(row.received), a.count, a.sum.to_bits(), a.min.to_bits(), a.max.to_bits());
        let former = current.insert(key.clone(), (figures, row.end.0));
        // FRONTIER: what is closed does not close again; it is revised.
        assert!(former.is_none() || row.closed_by == ClosedBy::Revision, "FRONTIER: {key:?} closed twice");
    }
    figures(store.epochs.values());
    owed(&store.epochs.values().collect::<Vec<_>>());
    let recomputed = recompute(sent);
    for (key, (figures, _)) in &current {
        assert_eq!(Some(figures), recomputed.get(key), "BATCH: {key:?}");
    }
    for key in recomputed.keys() {
        let of_subject = sent.iter().filter(|row| row.key().1 == key.1);
        let watermark = of_subject.map(|row| row.key().2 - FEEDS[row.feed].1).max().unwrap();
        let length = [60_000, 3_600_000, 86_400_000][key.2 as usize];
        assert!(current.contains_key(key) || key.3 + length > watermark, "FRONTIER: {key:?} never closed");
    }
}

/// Each day is said when it begins, when it is over and when its deadline has passed, each once; the second that is missed
/// raises one alert.
fn owed(epochs: &[&EpochResults]) {
    const DAY: i64 = 86_400_000;
    let Some(now) = epochs.last().map(|results| results.now.0) else { return };
    let mut said: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for obligation in epochs.iter().flat_map(|results| &results.facts.obligations) {
        said.entry(obligation.period.label()).or_default().push(obligation.state.word());
    }
    let mut day = jiff::civil::date(2024, 11, 5);
    let (mut opens, mut missed) = (MIDNIGHT, 0);
    while opens <= now {
        let states = said.remove(&day.to_string()).unwrap_or_default();
        let due = opens + DAY + 9 * 3_600_000;
        let last = if now > due {
            "missing"
        } else if now >= opens + DAY {
            "due"
        } else {
            "not_due"
        };
        assert_eq!(states.last(), Some(&last), "BATCH: what is owed of {day}: {states:?}");
        // Epochs may be days apart: what lies between two is not said.
        let order = ["not_due", "due", "missing"].map(|word| states.iter().position(|state| *state == word));
        assert!(
            order.iter().flatten().is_sorted() && order.iter().flatten().count() == states.len(),
            "{states:?}"
        );
        missed += usize::from(last == "missing");
        (opens, day) = (opens + DAY, day.tomorrow().unwrap());
    }
    assert_eq!(said.len(), 0, "a day that has not begun is not owed: {said:?}");
    let alerts = epochs.iter().flat_map(|results| &results.facts.alerts);
    let raised = alerts.filter(|alert| &*alert.key.subject == OFFICE && alert.active).count();
    assert!(
        raised == usize::from(missed >= 2) || now > MIDNIGHT + 56 * DAY,
        "{raised} alerts of {missed} missed"
    );
}

/// All figures in the first epoch of a minute, those of the duty alone when they change between; and whatever was
/// killed, nothing is nowhere.
fn figures<'a>(epochs: impl Iterator<Item = &'a EpochResults>) {
    let mut minute = None;
    for results in epochs {
        let made: Vec<FigureId> = results.facts.figures.iter().map(|figure| figure.figure).collect();
        let is_new = minute.replace(results.now.0 / 60_000) != Some(results.now.0 / 60_000);
        if is_new {
            assert_eq!(made, FigureId::ALL, "epoch {}", results.epoch);
        }
        let of_duty = [FigureId::Alerts, FigureId::Stations, FigureId::LogSources, FigureId::SecurityAlerts];
        assert!(is_new || made.iter().all(|id| of_duty.contains(id)));
        let balance = results.facts.figures.iter().find(|figure| figure.figure == FigureId::Balance);
        assert!(balance.is_none_or(|balance| balance.value == Some(0.0)), "BALANCE: {balance:?}");
    }
}

/// REPLAY: the same manifests over the same log give the same epochs, from nothing and with any number of workers.
fn replayed_is_the_same(folder: &Path, store: &SharedStore, workers: usize) {
    std::fs::remove_dir_all(folder.join("checkpoints")).unwrap();
    let again = SharedStore::default();
    let bus = open_log(folder);
    let driver = start(folder, &bus, &again, workers).unwrap().unwrap();
    let last = *store.0.lock().unwrap().epochs.keys().next_back().unwrap();
    for _ in 0..6_000 {
        if driver.progress().committed >= last || driver.halted().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    driver.stop().unwrap();
    let (store, again) = (store.0.lock().unwrap(), again.0.lock().unwrap());
    for (epoch, results) in &store.epochs {
        assert_eq!(Some(results), again.epochs.get(epoch), "REPLAY: epoch {epoch} with {workers} workers");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_history_with_a_death_at_any_step_gives_the_batch_answer_and_can_be_replayed(
        lives in proptest::collection::vec(life(), 1..6),
        workers in 1usize..5,
    ) {
        let scenario = FailScenario::setup();
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let store = SharedStore::default();
        let mut journal = Vec::new();
        for life in &lives {
            live(folder.path(), &store, life, &mut journal, &runtime);
        }
        let bus = open_log(folder.path());
        let driver = start(folder.path(), &bus, &store, 2).unwrap().unwrap();
        prop_assert!(driver.wait_committed(&ends(&bus), Duration::from_secs(30)), "{:?}", driver.halted());
        // What waits for a day read back is answered within some epochs.
        for _ in 0..2_000 {
            if totals(&store).waiting == 0 {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        driver.stop().unwrap();
        drop(bus);
        check(&store, &journal);
        replayed_is_the_same(folder.path(), &store, workers);
        scenario.teardown();
    }
}
