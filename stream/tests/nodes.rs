//! Nodes of Sparkplug in the whole flow: however their messages are split into epochs, whoever dies and when, and with any
//! number of workers, each value is stored under the name that the birth before it gave it, and under no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use ioc_bus::{ChunkBuilder, Origin, SharedBus};
use ioc_model::{
    contract::{Contract, Subjects},
    envelope::Content,
    pack::{Feed, FormatName, Pack},
    position::Partition,
    reject::RejectReason,
    status::StationStatus,
    time::{Millis, ReceivedAt},
};
use ioc_stream::Driver;
use ioc_testing::{feed, indicator, station};
use proptest::prelude::*;

mod support;

use support::{
    MIDNIGHT,
    flow::{self, STANDING, ends, open_log},
    store::{Death, SharedStore, totals},
};

/// The first message comes then, and each a second later.
const START: i64 = MIDNIGHT - 100_000;
const INDICATORS: [&str; 3] = ["pm25", "pm10", "no2"];
/// Two senders speak of nodes that are called alike: each has its own.
const SENDERS: [&str; 2] = ["gw-1", "gw-2"];
const DEVICES: u8 = 2;
const FLOAT: u64 = 9;

fn pack() -> Pack {
    let measures = INDICATORS.map(|indicator| (indicator, Millis::minutes(10)));
    let stations = (0..DEVICES).map(|device| station(&format!("S{device}"), &measures)).collect();
    let contract =
        Contract { subjects: Subjects::Listed, lateness: Millis::minutes(1), ..Contract::default() };
    let feed = Feed { format: FormatName::SparkplugB, ..feed("sparkplug", contract) };
    ioc_testing::pack("test", stations, INDICATORS.map(indicator).into(), vec![feed])
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 127 {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

fn metric(name: Option<&str>, alias: Option<u64>, value: Option<f32>) -> Vec<u8> {
    let mut metric = name.map(|name| bytes(1, name.as_bytes())).unwrap_or_default();
    metric.extend(alias.map(|alias| number(2, alias)).unwrap_or_default());
    metric.extend(number(4, FLOAT));
    if let Some(value) = value {
        metric.extend(varint(12 << 3 | 5));
        metric.extend(value.to_le_bytes());
    }
    metric
}

fn session(number_of: u64) -> Vec<u8> {
    [bytes(1, b"bdSeq"), number(4, 8), number(11, number_of)].concat()
}

fn payload(at: i64, seq: Option<u64>, metrics: &[Vec<u8>]) -> Vec<u8> {
    let mut payload = number(1, at as u64);
    metrics.iter().for_each(|metric| payload.extend(bytes(2, metric)));
    payload.extend(seq.map(|seq| number(3, seq)).unwrap_or_default());
    payload
}

#[derive(Clone, Copy, Debug)]
enum What {
    NodeBirth,
    /// The numbers of its metrics begin there.
    DeviceBirth(u8),
    /// By its number.
    Data(u8),
    Named,
    DeviceDeath,
    /// Of this session, or of the one before.
    NodeDeath(bool),
    /// A message is lost here.
    Lost,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    sender: usize,
    device: u8,
    what: What,
}

fn sent() -> impl Strategy<Value = Sent> {
    let what = prop_oneof![
        2 => Just(What::NodeBirth),
        5 => (0u8..3).prop_map(What::DeviceBirth),
        9 => (0u8..4).prop_map(What::Data),
        1 => Just(What::Named),
        1 => Just(What::DeviceDeath),
        1 => any::<bool>().prop_map(What::NodeDeath),
        1 => Just(What::Lost),
    ];
    (0usize..2, 0u8..DEVICES, what).prop_map(|(sender, device, what)| Sent { sender, device, what })
}

/// What a node is, as plainly as it can be said.
#[derive(Clone, Debug, Default)]
struct Plain {
    seq: u64,
    session: u64,
    born: bool,
    /// Of each device its first number.
    devices: BTreeMap<u8, u8>,
}

/// What must be there at the end.
#[derive(Debug, Default)]
struct Expected {
    values: BTreeSet<(String, String, i64)>,
    rejects: usize,
    /// Of each station: whether its gateway said last that it is gone, and nothing of it came since.
    gone: BTreeMap<String, bool>,
    /// Senders whose node is not whole.
    wanted: BTreeSet<&'static str>,
}

/// A message as it goes out, and what it makes of the world.
fn play(sent: Sent, at: i64, nodes: &mut [Plain; 2], expected: &mut Expected) -> Option<(String, Vec<u8>)> {
    let Sent { sender, device, what } = sent;
    let (node, subject) = (&mut nodes[sender], format!("S{device}"));
    let next = |node: &mut Plain| {
        node.seq = (node.seq + 1) % 256;
        Some(node.seq)
    };
    let of_device = |kind: &str| format!("spBv1.0/G/{kind}/gw/S{device}");
    let value = |indicator: usize, expected: &mut Expected| {
        let _ = expected.values.insert((subject.clone(), INDICATORS[indicator].to_owned(), at));
        let _ = expected.gone.insert(subject.clone(), false);
    };
    match what {
        What::NodeBirth => {
            *node = Plain { session: node.session + 1, born: true, ..Plain::default() };
            let _ = expected.wanted.remove(SENDERS[sender]);
            Some(("spBv1.0/G/NBIRTH/gw".to_owned(), payload(at, Some(0), &[session(node.session)])))
        }
        What::DeviceBirth(first) => {
            let _ = node.devices.insert(device, first);
            // What it brings may have been wanted, and is wanted no more.
            let _ = expected.wanted.remove(SENDERS[sender]);
            let _ = expected.gone.insert(subject.clone(), false);
            let metrics: Vec<Vec<u8>> = (0..3)
                .map(|at| metric(Some(INDICATORS[at]), Some((at as u64 + u64::from(first)) % 3), None))
                .collect();
            Some((of_device("DBIRTH"), payload(at, next(node), &metrics)))
        }
        What::Data(alias) => {
            match node.devices.get(&device) {
                Some(first) if alias < 3 => value(usize::from((alias + 3 - first) % 3), expected),
                _ => expected.rejects += 1,
            }
            if !node.born || alias == 3 || !node.devices.contains_key(&device) {
                let _ = expected.wanted.insert(SENDERS[sender]);
            }
            let metrics = [metric(None, Some(u64::from(alias)), Some(1.5))];
            Some((of_device("DDATA"), payload(at, next(node), &metrics)))
        }
        What::Named => {
            value(0, expected);
            if !node.born || !node.devices.contains_key(&device) {
                let _ = expected.wanted.insert(SENDERS[sender]);
            }
            Some((of_device("DDATA"), payload(at, next(node), &[metric(Some("pm25"), None, Some(1.5))])))
        }
        What::DeviceDeath => {
            if node.devices.remove(&device).is_some() {
                let _ = expected.gone.insert(subject.clone(), true);
            }
            Some((of_device("DDEATH"), payload(at, next(node), &[])))
        }
        What::NodeDeath(is_of_before) => {
            let of = node.session - u64::from(is_of_before && node.session > 0);
            if node.born && !(is_of_before && node.session > 0) {
                for device in node.devices.keys() {
                    let _ = expected.gone.insert(format!("S{device}"), true);
                }
                *node = Plain { session: node.session, ..Plain::default() };
                // Who is dead is not asked.
                let _ = expected.wanted.remove(SENDERS[sender]);
            }
            Some(("spBv1.0/G/NDEATH/gw".to_owned(), payload(at, None, &[session(of)])))
        }
        What::Lost => {
            let _ = next(node);
            None
        }
    }
}

fn append(bus: &SharedBus, sender: usize, at: i64, address: &str, payload: &[u8]) {
    let mut chunk = ChunkBuilder::new();
    chunk.push("sparkplug", Content::Raw, address, payload);
    let chunk = chunk.finish_from(&Origin::sender(SENDERS[sender]), ReceivedAt(at));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let partition = Partition(u16::try_from(sender).unwrap());
    let _ = runtime.block_on(async { bus.append(partition, chunk).await.unwrap().await.unwrap() });
}

fn start(folder: &Path, bus: &SharedBus, store: &SharedStore, workers: usize) -> Driver {
    flow::start(folder, bus, store, workers, pack(), STANDING).unwrap()
}

#[derive(Clone, Copy, Debug)]
struct Life {
    messages: usize,
    workers: usize,
    death: Option<(u8, bool)>,
    /// Whether it is waited for after each message, so that each is of an epoch of its own.
    slow: bool,
}

fn life() -> impl Strategy<Value = Life> {
    (1usize..20, 1usize..4, proptest::option::of((0u8..4, any::<bool>())), any::<bool>())
        .prop_map(|(messages, workers, death, slow)| Life { messages, workers, death, slow })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_history_of_a_node_is_read_by_its_births_whatever_dies_and_whenever(
        messages in proptest::collection::vec(sent(), 1..60),
        lives in proptest::collection::vec(life(), 1..5),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = SharedStore::default();
        let (mut nodes, mut expected) = (<[Plain; 2]>::default(), Expected::default());
        let mut messages = messages.into_iter().enumerate();
        let count = lives.len();
        for (number, life) in lives.into_iter().enumerate() {
            let bus = open_log(folder.path());
            let is_last = number + 1 == count;
            let death = life.death.filter(|_| !is_last);
            store.0.lock().unwrap().die =
                death.map(|(after_commits, rows_are_in)| Death { after_commits, rows_are_in });
            let driver = start(folder.path(), &bus, &store, life.workers);
            let of_life = if is_last { usize::MAX } else { life.messages };
            for (at, sent) in messages.by_ref().take(of_life) {
                let at = START + 1_000 * at as i64;
                let Some((address, payload)) = play(sent, at, &mut nodes, &mut expected) else { continue };
                append(&bus, sent.sender, at, &address, &payload);
                if life.slow {
                    let _ = driver.wait_committed(&ends(&bus), Duration::from_millis(50));
                }
            }
            if is_last {
                prop_assert!(driver.wait_committed(&ends(&bus), Duration::from_secs(30)), "{:?}", driver.halted());
            }
            let _ = driver.stop();
        }
        let counts = totals(&store);
        prop_assert_eq!((counts.envelopes_astray(), counts.rows_astray()), (0, 0));
        let store = store.0.lock().unwrap();
        let facts = || store.epochs.values().map(|results| &results.facts);
        let stored: BTreeSet<(String, String, i64)> = facts()
            .flat_map(|facts| &facts.observations)
            .map(|row| (row.subject.as_str().to_owned(), row.indicator.as_str().to_owned(), row.event_time.0))
            .collect();
        prop_assert_eq!(stored, expected.values);
        let reasons: Vec<RejectReason> =
            facts().flat_map(|facts| &facts.rejects).map(|row| row.rejection.reason).collect();
        prop_assert!(reasons.iter().all(|reason| *reason == RejectReason::NoBirth), "{:?}", reasons);
        prop_assert_eq!(reasons.len(), expected.rejects);
        let mut statuses = BTreeMap::new();
        for row in facts().flat_map(|facts| &facts.statuses) {
            let _ = statuses.insert(row.subject.as_str().to_owned(), row.status);
        }
        for (subject, gone) in &expected.gone {
            let heard = facts().flat_map(|facts| &facts.observations).any(|row| row.subject.as_str() == subject);
            let is_silent = statuses.get(subject) == Some(&StationStatus::Silent);
            prop_assert_eq!(is_silent, *gone || !heard, "{}: {:?}", subject, statuses);
        }
        let wanted: BTreeSet<&str> =
            store.epochs.values().flat_map(|results| &results.rebirths).map(|wanted| wanted.sender.as_str()).collect();
        prop_assert!(expected.wanted.iter().all(|sender| wanted.contains(sender)), "{:?} {:?}", expected.wanted, wanted);
    }
}

fn rebirths(store: &SharedStore) -> Vec<(String, &'static str, i64)> {
    let store = store.0.lock().unwrap();
    let all = store.epochs.values().flat_map(|results| &results.rebirths);
    all.map(|wanted| (wanted.node.to_string(), wanted.why.word(), wanted.since.0)).collect()
}

#[test]
fn a_gap_wants_one_birth_and_a_node_without_one_too_however_much_follows() {
    let folder = tempfile::tempdir().unwrap();
    let (bus, store) = (open_log(folder.path()), SharedStore::default());
    let driver = start(folder.path(), &bus, &store, 2);
    let say = |second: i64, address: &str, seq: u64, metrics: &[Vec<u8>]| {
        let at = START + second * 1_000;
        append(&bus, 0, at, address, &payload(at, Some(seq), metrics));
        assert!(driver.wait_committed(&ends(&bus), Duration::from_secs(30)));
    };
    let value = || [metric(None, Some(1), Some(1.5))];
    say(0, "spBv1.0/G/NBIRTH/gw", 0, &[session(7)]);
    say(0, "spBv1.0/G/DBIRTH/gw/S0", 1, &[metric(Some("pm25"), Some(1), None)]);
    say(1, "spBv1.0/G/DDATA/gw/S0", 2, &value());
    assert_eq!(rebirths(&store), []);
    for (second, seq) in [(2, 4), (3, 5), (4, 6), (5, 8)] {
        say(second, "spBv1.0/G/DDATA/gw/S0", seq, &value());
    }
    for second in 6..12 {
        say(second, "spBv1.0/G/DDATA/other/S1", second as u64, &value());
    }
    let expected = [("gw".to_owned(), "gap", START + 2_000), ("other".to_owned(), "unborn", START + 6_000)];
    assert_eq!(rebirths(&store), expected);
    driver.stop().unwrap();
    let driver = start(folder.path(), &bus, &store, 1);
    let at = START + 20_000;
    append(&bus, 0, at, "spBv1.0/G/DDATA/other/S1", &payload(at, Some(77), &value()));
    assert!(driver.wait_committed(&ends(&bus), Duration::from_secs(30)));
    driver.stop().unwrap();
    assert_eq!(rebirths(&store), expected, "it was said before the start");
}
