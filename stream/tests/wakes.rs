//! An idle flow sleeps until there is something to do, and then wakes at once: for what is appended, for a day read
//! back, for its end and for a halt. Its next idle epoch is an hour away, so nothing but a wake brings it on.

use std::{
    path::Path,
    sync::mpsc::channel,
    time::{Duration, Instant},
};

use ioc_bus::{ChunkBuilder, SharedBus};
use ioc_model::{
    envelope::Content,
    pack::Pack,
    position::Partition,
    time::{EventTime, Millis, ReceivedAt},
    window::WindowKind,
};
use ioc_stream::{Driver, DriverConfig, Halt};
use ioc_testing::{FOR_EVER, contract, feed};

mod support;

use support::{
    MIDNIGHT, derived,
    flow::{self, ends, open_log},
    pack::indicator,
    store::{Death, SharedStore, totals},
};

const DAY: i64 = 24 * 3_600_000;
/// Far less than until the next idle epoch, far more than any wake takes.
const SOON: Duration = Duration::from_secs(30);

fn pack() -> Pack {
    let feeds = vec![feed("air", contract(Millis::minutes(1), FOR_EVER))];
    support::pack::pack("test", derived::station("S0"), vec![indicator("pm25", &[WindowKind::Hour])], feeds)
}

fn start(folder: &Path, bus: &SharedBus, store: &SharedStore) -> Driver {
    let config = DriverConfig { idle_cadence: Duration::from_secs(3_600), ..flow::config(folder, 2) };
    flow::start_as(config, bus, store, pack(), flow::STANDING).unwrap()
}

fn send(bus: &SharedBus, partition: u16, day: i64, number: i64) {
    let time = EventTime(MIDNIGHT + day * DAY + number * 60_000);
    let row =
        format!(r#"{{"indicator":"pm25","subject":"S0","time":"{}","value":{number}}}"#, time.rfc3339());
    let mut chunk = ChunkBuilder::new();
    chunk.push("air", Content::Raw, "/ingest/test", row.as_bytes());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let chunk = chunk.finish(ReceivedAt(MIDNIGHT));
    let _ = runtime.block_on(async { bus.append(Partition(partition), chunk).await.unwrap().await.unwrap() });
}

fn soon(is_so: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < SOON {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

/// Its end, if it comes soon.
fn stop(driver: Driver) -> Option<Result<(), Halt>> {
    let (ended, end) = channel();
    let _stopping = std::thread::spawn(move || ended.send(driver.stop()));
    end.recv_timeout(SOON).ok()
}

#[test]
fn an_idle_flow_wakes_for_what_is_appended_to_any_partition() {
    let folder = tempfile::tempdir().unwrap();
    let (bus, store) = (open_log(folder.path()), SharedStore::default());
    let driver = start(folder.path(), &bus, &store);
    for number in 0..50 {
        send(&bus, (number % 2) as u16, 0, number);
        assert!(driver.wait_committed(&ends(&bus), SOON), "slept through row {number}");
    }
    assert!(matches!(stop(driver), Some(Ok(()))));
}

#[test]
fn an_idle_flow_wakes_for_a_day_that_was_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let (bus, store) = (open_log(folder.path()), SharedStore::default());
    let driver = start(folder.path(), &bus, &store);
    for day in 0..8 {
        send(&bus, 0, day, 0);
        assert!(driver.wait_committed(&ends(&bus), SOON));
    }
    send(&bus, 0, 0, 1);
    assert!(driver.wait_committed(&ends(&bus), SOON));
    assert!(soon(|| totals(&store).stored == 9), "the answer was not recorded: {:?}", totals(&store));
    assert!(matches!(stop(driver), Some(Ok(()))));
}

#[test]
fn an_idle_flow_wakes_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let (bus, store) = (open_log(folder.path()), SharedStore::default());
    // At once, and when it has been idle for a while.
    for pause in [0, 1, 20, 100] {
        let driver = start(folder.path(), &bus, &store);
        std::thread::sleep(Duration::from_millis(pause));
        assert!(matches!(stop(driver), Some(Ok(()))), "it slept for {pause} ms and went on sleeping");
    }
}

#[test]
fn an_idle_flow_wakes_when_another_of_its_threads_halts() {
    let folder = tempfile::tempdir().unwrap();
    let (bus, store) = (open_log(folder.path()), SharedStore::default());
    let driver = start(folder.path(), &bus, &store);
    store.0.lock().unwrap().die = Some(Death { after_commits: 0, rows_are_in: false });
    send(&bus, 0, 0, 0);
    assert!(soon(|| driver.halted().is_some()));
    assert!(matches!(stop(driver), Some(Err(_))), "who forms epochs sleeps on");
}
