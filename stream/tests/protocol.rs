//! The epoch protocol as a whole: a real disk log, real manifests and checkpoints, the real dataflow, and a store
//! that crashes.
//!
//! Whatever order rows come in, however late, however often, wherever the process dies and with how many workers it
//! comes back: every row is stored or a duplicate or rejected exactly once (ONCE), the identities hold (BALANCE), an
//! epoch sent again is the same epoch (REPLAY), and every window equals a recomputation from the journal (BATCH).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use ioc_bus::{ChunkBuilder, SharedBus, partition_of};
use ioc_model::{
    envelope::Content,
    epoch::Epoch,
    observation::Quality,
    pack::Pack,
    results::RowStanding,
    time::{EventTime, Millis},
    window::WindowKind,
};
use ioc_stream::{Driver, Halt};
use ioc_testing::{FOR_EVER, contract, feed};
use proptest::prelude::*;

mod support;

use support::{
    MIDNIGHT, derived,
    flow::{self, ends, open_log},
    pack::indicator,
    store::{Death, SharedStore, totals},
};

fn pack() -> Pack {
    let indicators = ["pm25", "no2"].map(|id| indicator(id, &WindowKind::ALL));
    let feeds = vec![feed("air", contract(Millis::minutes(1), FOR_EVER))];
    support::pack::pack("test", derived::station("S0"), indicators.into(), feeds)
}

fn start(folder: &Path, bus: &SharedBus, store: &SharedStore, workers: usize) -> Result<Driver, Halt> {
    flow::start(folder, bus, store, workers, pack(), flow::STANDING)
}

/// One row the sender sends.
#[derive(Clone, Copy, Debug)]
struct Sent {
    subject: u8,
    indicator: bool,
    /// Half minutes since midnight of the first day.
    at: i64,
    value: i8,
    garbage: bool,
}

impl Sent {
    fn key(&self) -> (String, String, i64) {
        let indicator = if self.indicator { "pm25" } else { "no2" };
        (indicator.to_owned(), format!("S{}", self.subject), MIDNIGHT + self.at * 30_000)
    }

    fn value(&self) -> f64 {
        f64::from(self.value) / 10.0
    }

    fn json(&self) -> String {
        let (indicator, subject, time) = self.key();
        if self.garbage {
            return format!("{{\"indicator\":\"{indicator}\",\"subject\":\"{subject}\",\"value\":");
        }
        let time = EventTime(time).rfc3339();
        let value = self.value();
        format!(r#"{{"indicator":"{indicator}","subject":"{subject}","time":"{time}","value":{value}}}"#)
    }
}

fn send(bus: &SharedBus, rows: &[Sent], runtime: &tokio::runtime::Runtime) {
    // A sender speaks for one subject, so a key's rows have one order.
    for subject in rows.iter().map(|row| row.subject).collect::<BTreeSet<_>>() {
        let mut chunk = ChunkBuilder::new();
        for row in rows.iter().filter(|row| row.subject == subject) {
            chunk.push("air", Content::Raw, "/ingest/air", row.json().as_bytes());
        }
        let partition = partition_of(&format!("sender {subject}"), bus.partitions());
        runtime.block_on(async {
            let durable =
                bus.append(partition, chunk.finish(ioc_model::time::ReceivedAt(MIDNIGHT))).await.unwrap();
            let _ = durable.await.unwrap();
        });
    }
}

type WindowKey = (String, String, WindowKind, i64);
/// Count, sum, minimum, maximum.
type Figures = (u64, f64, f64, f64);

/// The independent answer: winners by key, then panes, then windows.
fn recompute(sent: &[Sent]) -> BTreeMap<WindowKey, Figures> {
    let mut known: BTreeMap<(String, String, i64), Vec<u64>> = BTreeMap::new();
    for row in sent.iter().filter(|row| !row.garbage) {
        let values = known.entry(row.key()).or_default();
        if !values.contains(&(row.value() + 0.0).to_bits()) {
            values.push((row.value() + 0.0).to_bits());
        }
    }
    let mut windows = BTreeMap::new();
    for kind in WindowKind::ALL {
        let length = match kind {
            WindowKind::Minute => 60_000,
            WindowKind::Hour => 3_600_000,
            WindowKind::Day => 86_400_000,
        };
        let mut panes: BTreeMap<(String, String, i64, i64), Vec<f64>> = BTreeMap::new();
        for ((indicator, subject, time), values) in &known {
            let start = (time - MIDNIGHT).div_euclid(length) * length + MIDNIGHT;
            let minute = time.div_euclid(60_000);
            let pane = panes.entry((indicator.clone(), subject.clone(), start, minute)).or_default();
            pane.push(f64::from_bits(*values.last().unwrap()));
        }
        for ((indicator, subject, start, _), values) in panes {
            let pane = values.iter().fold(0.0, |sum, value| sum + value);
            let min = values.iter().copied().fold(f64::INFINITY, f64::min);
            let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let window = windows.entry((indicator, subject, kind, start)).or_insert((
                0u64,
                0.0f64,
                f64::INFINITY,
                f64::NEG_INFINITY,
            ));
            *window = (window.0 + values.len() as u64, window.1 + pane, window.2.min(min), window.3.max(max));
        }
    }
    windows
}

fn check(store: &SharedStore, sent: &[Sent]) {
    let totals = totals(store);
    assert_eq!(
        (totals.envelopes_astray(), totals.rows_astray(), totals.waiting),
        (0, 0, 0),
        "BALANCE: {totals:?}"
    );
    assert_eq!(totals.received as usize, sent.len());
    let store = store.0.lock().unwrap();

    let mut stored = BTreeMap::new();
    let rows = store.epochs.values().flat_map(|results| &results.facts.observations);
    // A value that is current again is said again, by a copy of the row that was stored once.
    for row in rows.filter(|row| row.standing != RowStanding::Restored) {
        let key = (row.indicator.to_string(), row.subject.to_string(), row.event_time.0, row.value.to_bits());
        assert_eq!(row.quality, Quality::Good);
        *stored.entry(key).or_insert(0) += 1;
    }
    let mut expected = BTreeMap::new();
    for row in sent.iter().filter(|row| !row.garbage) {
        let (indicator, subject, time) = row.key();
        let _ = expected.insert((indicator, subject, time, (row.value() + 0.0).to_bits()), 1);
    }
    assert_eq!(stored, expected, "ONCE: each (key, value) is stored once");
    let garbage = sent.iter().filter(|row| row.garbage).count();
    let rejects = store.epochs.values().map(|results| results.facts.rejects.len()).sum::<usize>();
    assert_eq!(rejects, garbage, "ONCE: each bad row is rejected once");

    let mut current = BTreeMap::new();
    for row in store.epochs.values().flat_map(|results| &results.facts.windows) {
        let key = (row.indicator.to_string(), row.subject.to_string(), row.kind, row.start.0);
        let a = row.aggregate;
        let _ =
            current.insert(key, (row.end.0, (a.count, a.sum.to_bits(), a.min.to_bits(), a.max.to_bits())));
    }
    let recomputed = recompute(sent);
    for (key, (_, window)) in &current {
        let (count, sum, min, max) = recomputed[key];
        assert_eq!(*window, (count, sum.to_bits(), min.to_bits(), max.to_bits()), "BATCH: {key:?}");
    }
    // What the subject's own data has passed is closed.
    for (key, _) in recomputed {
        let of_subject = sent.iter().filter(|row| !row.garbage && row.key().1 == key.1);
        let watermark = of_subject.map(|row| row.key().2).max().unwrap() - 60_000;
        let length = [60_000, 3_600_000, 86_400_000][key.2 as usize];
        assert_eq!(current.contains_key(&key), key.3 + length <= watermark, "FRONTIER: {key:?}");
    }
}

#[derive(Clone, Debug)]
struct Life {
    rows: Vec<Vec<Sent>>,
    workers: usize,
    death: Option<(u8, bool)>,
}

fn sent() -> impl Strategy<Value = Sent> {
    // Mostly the first two days, some rows many days apart: those make late rows meet evicted days.
    let at =
        prop_oneof![4 => 0i64..600, 2 => 2_800i64..3_000, 1 => (0i64..12).prop_map(|day| day * 2_880 + 7)];
    let row = (0u8..3, any::<bool>(), at, -3i8..4, proptest::bool::weighted(0.05));
    row.prop_map(|(subject, indicator, at, value, garbage)| Sent { subject, indicator, at, value, garbage })
}

fn life() -> impl Strategy<Value = Life> {
    let rows = proptest::collection::vec(proptest::collection::vec(sent(), 1..12), 0..10);
    let death = proptest::option::weighted(0.7, (0u8..6, any::<bool>()));
    (rows, 1usize..4, death).prop_map(|(rows, workers, death)| Life { rows, workers, death })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// ONCE, BALANCE, REPLAY, BATCH for any arrival order, lateness, duplication, crash point and worker count.
    #[test]
    fn any_history_with_any_crashes_gives_the_batch_answer(lives in proptest::collection::vec(life(), 1..5)) {
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
                // As the log has it: a subject's rows in their order.
                let mut by_subject = rows.clone();
                by_subject.sort_by_key(|row| row.subject);
                journal.extend(by_subject);
            }
            let _ = driver.wait_committed(&ends(&bus), Duration::from_millis(30));
            // Dying is a halt here; a life without a death ends in order.
            let _ = driver.stop();
        }
        let bus = open_log(folder.path());
        store.0.lock().unwrap().die = None;
        let driver = start(folder.path(), &bus, &store, 2).unwrap();
        prop_assert!(driver.wait_committed(&ends(&bus), Duration::from_secs(30)), "{:?}", driver.halted());
        for _ in 0..2_000 {
            if totals(&store).waiting == 0 {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // What waits for windows is answered within some epochs.
        let seen = driver.progress().committed;
        for _ in 0..2_000 {
            if driver.progress().committed.0 > seen.0 + 20 {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        driver.stop().unwrap();
        check(&store, &journal);
        let store = store.0.lock().unwrap();
        derived::check(store.epochs.values());
    }
}

#[test]
fn once_a_log_put_back_to_an_older_state_is_noticed_before_a_sender_is_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = SharedStore::default();
    let row = Sent { subject: 0, indicator: true, at: 1, value: 1, garbage: false };
    {
        let bus = open_log(folder.path());
        let driver = start(folder.path(), &bus, &store, 1).unwrap();
        send(&bus, &[row], &runtime);
        assert!(driver.wait_committed(&ends(&bus), Duration::from_secs(10)));
        driver.stop().unwrap();
        Driver::check_log(folder.path(), bus.as_ref()).unwrap();
    }
    std::fs::remove_dir_all(folder.path().join("bus")).unwrap();
    let bus = open_log(folder.path());
    let halt = Driver::check_log(folder.path(), bus.as_ref()).unwrap_err();
    assert!(halt.to_string().contains("older than the record"), "{halt}");
}

#[test]
fn loud_a_store_that_is_ahead_of_the_folder_or_was_fed_by_another_halts() {
    let folder = tempfile::tempdir().unwrap();
    let bus = open_log(folder.path());
    let store = SharedStore::default();
    store.0.lock().unwrap().committed = Some((Epoch(3), [0; 32]));
    let halt = start(folder.path(), &bus, &store, 1).unwrap_err();
    assert!(halt.to_string().contains("older than the store"), "{halt}");

    store.0.lock().unwrap().committed = None;
    let driver = start(folder.path(), &bus, &store, 1).unwrap();
    driver.stop().unwrap();
    store.0.lock().unwrap().committed = Some((Epoch(1), [9; 32]));
    let halt = start(folder.path(), &bus, &store, 1).unwrap_err();
    assert!(halt.to_string().contains("another manifest"), "{halt}");
}

/// FRONTIER: a row before a series' first one, not yet passed by the watermark, belongs to a window that is still open.
#[test]
fn frontier_a_window_before_the_first_row_is_open_until_the_watermark_passes_it() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = SharedStore::default();
    let bus = open_log(folder.path());
    let driver = start(folder.path(), &bus, &store, 1).unwrap();
    let rows = [2_804, 2_802].map(|at| Sent { subject: 0, indicator: false, at, value: 0, garbage: false });
    for row in rows {
        send(&bus, &[row], &runtime);
        assert!(driver.wait_committed(&ends(&bus), Duration::from_secs(10)));
    }
    driver.stop().unwrap();
    check(&store, &rows);
}

#[test]
fn once_what_a_store_that_lost_rows_answers_never_goes_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = SharedStore::default();
    let first = Sent { subject: 0, indicator: true, at: 7, value: 1, garbage: false };
    let days_later = (1..8).map(|day| Sent { at: day * 2_880 + 7, ..first });
    let mut journal: Vec<Sent> = std::iter::once(first).chain(days_later).collect();
    let bus = open_log(folder.path());
    let driver = start(folder.path(), &bus, &store, 2).unwrap();
    for row in &journal {
        send(&bus, std::slice::from_ref(row), &runtime);
        assert!(driver.wait_committed(&ends(&bus), Duration::from_secs(10)));
    }
    // The same again, when its day has left the memory: judged by an answer without rows it would be stored twice.
    store.0.lock().unwrap().lost_rows = true;
    send(&bus, std::slice::from_ref(&first), &runtime);
    let halted = (0..2_000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(5));
        driver.halted()
    });
    assert!(halted.expect("it asked").to_string().contains("lost rows"));
    let _ = driver.stop();

    store.0.lock().unwrap().lost_rows = false;
    let driver = start(folder.path(), &bus, &store, 2).unwrap();
    journal.push(first);
    for _ in 0..2_000 {
        if totals(&store).received as usize == journal.len() && totals(&store).waiting == 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    driver.stop().unwrap();
    check(&store, &journal);
}

#[test]
fn loud_the_record_tells_which_epochs_had_input_and_how_far_it_reaches() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = SharedStore::default();
    let bus = open_log(folder.path());
    let driver = start(folder.path(), &bus, &store, 1).unwrap();
    for at in 0..5 {
        send(&bus, &[Sent { subject: 0, indicator: true, at, value: 1, garbage: false }], &runtime);
        assert!(driver.wait_committed(&ends(&bus), Duration::from_secs(10)));
    }
    driver.stop().unwrap();
    let counted = store.0.lock().unwrap();
    let with_input = counted.epochs.iter().filter(|(_, results)| !results.facts.feed_minutes.is_empty());
    let with_input: Vec<Epoch> = with_input.map(|(epoch, _)| *epoch).collect();
    assert!(with_input.len() > 1 && with_input.len() < counted.epochs.len());
    assert_eq!(Driver::epochs_with_input(folder.path()).unwrap(), with_input);
    // Nothing was let go of yet: all of it could be replayed.
    assert_eq!(Driver::oldest_reach(folder.path(), bus.as_ref()).unwrap(), Some(Epoch(0)));
    Driver::check_reach(folder.path(), bus.as_ref(), Epoch(0)).unwrap();
}
