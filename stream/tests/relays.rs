//! Hosts behind a relay in the whole flow: whoever else calls somebody by their name, whichever pack comes to know it, and
//! with any number of workers, what they tell is stored once.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use ioc_bus::{ChunkBuilder, Origin, SharedBus};
use ioc_decode::Decoder;
use ioc_model::{
    envelope::Content,
    epoch::Generation,
    instance::InstanceId,
    names::Names,
    pack::{Feed, FormatName, LogSource, Pack, PackVersion},
    position::{LogNumber, Partition},
    results::StoredEvent,
    time::{Millis, ReceivedAt},
};
use ioc_stream::{
    Driver, Halt,
    driver::{PackVersions, Start},
    exchange::Shards,
};
use ioc_testing::{FOR_EVER, contract, feed};

mod support;

use support::{
    MIDNIGHT,
    flow::{self, ends, open_log},
    store::SharedStore,
};

const LONG: Duration = Duration::from_secs(60);
const RELAY: &str = "192.0.2.1";
/// So many hosts the relay names. Their names are held by any worker, and so is that of the relay.
const HOSTS: u32 = 12;

/// A relay, and of the hosts behind it those that the pack knows by the names that they had before.
fn pack(version: &str, known: u32) -> Pack {
    let address = format!("{RELAY}/32").parse().unwrap();
    let relay = LogSource { relay: true, addresses: vec![address], ..ioc_testing::log_source("relay") };
    let host = |number: u32| LogSource {
        hosts: vec![format!("srv-{number}")],
        ..ioc_testing::log_source(&format!("relay:srv-{number}"))
    };
    let log_sources = (0..known).map(host).chain([relay]).map(|source| (source.id.clone(), source)).collect();
    let feeds = ["security", "files"]
        .map(|id| Feed { format: FormatName::SyslogLines, ..feed(id, contract(Millis(0), FOR_EVER)) });
    Pack { log_sources, ..ioc_testing::pack(version, Vec::new(), Vec::new(), feeds.into()) }
}

/// The packs before and after hosts were named, and which of them is in effect.
struct Packs {
    current: Arc<AtomicUsize>,
    all: [Arc<Decoder>; 2],
}

impl PackVersions for Packs {
    fn current(&self) -> Arc<Decoder> {
        self.all[self.current.load(Relaxed)].clone()
    }

    fn version(&self, version: &PackVersion) -> Result<Arc<Decoder>, Halt> {
        let found = self.all.iter().find(|decoder| decoder.pack().version == *version);
        found.cloned().ok_or_else(|| Halt(format!("no pack {}", version.0)))
    }
}

fn start(
    folder: &Path,
    bus: &SharedBus,
    store: &SharedStore,
    workers: usize,
    pack_of: &Arc<AtomicUsize>,
) -> Driver {
    let names = Names::default();
    let decoder = |pack| Arc::new(Decoder::new(Arc::new(pack), names.clone()).unwrap());
    let all = [pack("one", 0), pack("two", HOSTS / 2)].map(decoder);
    let start = Start {
        bus: bus.clone(),
        log: LogNumber(1),
        instance: InstanceId::from_bytes([1; 16]),
        generation: Generation(0),
        shards: Shards::default(),
        committed: store.0.lock().unwrap().committed,
        names,
        clock: flow::STANDING,
    };
    let packs = Packs { current: pack_of.clone(), all };
    Driver::start(flow::config(folder, workers), start, packs, store.clone()).unwrap()
}

/// A message that is known again wherever it comes from, of a host that it names or of nobody.
fn message(number: u32, host: Option<u32>) -> String {
    let host = host.map(|host| format!(" dvchost=srv-{host}")).unwrap_or_default();
    format!("CEF:0|ExampleSec|Gateway|1|100|blocked|5|externalId={number} rt={}{host}\n", MIDNIGHT - 60_000)
}

/// What the relay passes on, and what those push who are called as a host behind it is.
fn send_all(bus: &SharedBus) {
    for host in 0..HOSTS {
        send(bus, RELAY, ("security", "syslog/tcp"), &message(host, Some(host)));
        send(bus, &format!("relay:srv-{host}"), ("files", "/ingest/files"), &message(100 + host, None));
    }
}

fn send(bus: &SharedBus, sender: &str, (feed, address): (&str, &str), message: &str) {
    let mut chunk = ChunkBuilder::new();
    chunk.push(feed, Content::Raw, address, message.as_bytes());
    let chunk = chunk.finish_from(&Origin::sender(sender), ReceivedAt(MIDNIGHT));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _ = runtime.block_on(async { bus.append(Partition(0), chunk).await.unwrap().await.unwrap() });
}

/// What is stored of all that is sent by one pack, once more by the one that knows some of the hosts, and again when the
/// process has started with another number of workers.
fn stored_by([first, then]: [usize; 2]) -> Vec<StoredEvent> {
    let folder = tempfile::tempdir().unwrap();
    let (bus, store) = (open_log(folder.path()), SharedStore::default());
    let current = Arc::new(AtomicUsize::new(0));
    let driver = start(folder.path(), &bus, &store, first, &current);
    send_all(&bus);
    assert!(driver.wait_committed(&ends(&bus), LONG));
    current.store(1, Relaxed);
    send_all(&bus);
    assert!(driver.wait_committed(&ends(&bus), LONG));
    driver.stop().unwrap();
    let driver = start(folder.path(), &bus, &store, then, &current);
    send_all(&bus);
    assert!(driver.wait_committed(&ends(&bus), LONG));
    driver.stop().unwrap();
    let store = store.0.lock().unwrap();
    let mut stored: Vec<StoredEvent> =
        store.epochs.values().flat_map(|results| results.facts.events.clone()).collect();
    stored.sort_by_key(|stored| stored.0.arrival);
    stored
}

#[test]
fn once_replay_a_name_that_a_relay_gives_is_one_log_source_with_any_number_of_workers() {
    let whole = stored_by([1, 1]);
    let mut reporters: Vec<(&str, bool)> =
        whole.iter().map(|stored| (stored.0.log_source.as_str(), stored.0.relay.is_empty())).collect();
    reporters.sort_unstable();
    let hosts: Vec<String> = (0..HOSTS).map(|number| format!("relay:srv-{number}")).collect();
    let mut expected: Vec<(&str, bool)> =
        hosts.iter().flat_map(|host| [(host.as_str(), false), (host.as_str(), true)]).collect();
    expected.sort_unstable();
    assert_eq!(reporters, expected, "each passed on once, and pushed once");
    for workers in [[2, 2], [2, 1], [3, 2], [4, 1], [1, 3]] {
        assert_eq!(stored_by(workers), whole, "{workers:?} workers");
    }
}
