//! What was rejected or stored wrongly is read again as recorded input of the one flow.
//!
//! Rows of an indicator that the pack does not know are rejects, beside good ones of the same messages; and of one station
//! the values come in a unit of which the pack has a wrong factor. Then the pack is mended, an operator orders both to be
//! read again, and the process dies and comes back with another number of workers, while senders go on. In the end all is
//! as if the pack had been right from the beginning (BATCH), every row has one fate (ONCE, BALANCE), and the recorded
//! epochs give the same once more, without the log's help (REPLAY).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use ioc_bus::{ChunkBuilder, SharedBus};
use ioc_decode::Decoder;
use ioc_model::{
    action::OPERATOR,
    envelope::Content,
    epoch::{Epoch, Generation},
    instance::InstanceId,
    names::Names,
    pack::{Feed, FormatName, Indicator, Pack, PackVersion, Transport},
    position::{LogNumber, Partition, Position},
    question::{About, Found, Question},
    replay::{
        OnRecord, ReadBefore, ReplayPortion, ReplayScope, ReplayedMessage, ReplayedMessages,
        ReplayedOriginal, StoredBefore,
    },
    results::{EpochResults, Reread, RowStanding, StoredObservation},
    time::{EventTime, Millis, ReceivedAt},
    window::WindowKind,
};
use ioc_stream::{
    Driver, Halt,
    driver::{Commit, Consumed, Need, PackVersions, Start},
    exchange::Shards,
};
use ioc_testing::{FOR_EVER, contract, feed};
use proptest::prelude::*;

mod support;

use support::{
    MIDNIGHT, derived,
    flow::{self, ends, open_log},
    pack::indicator,
    store::{Death, SharedStore, totals},
};

/// Messages of a portion.
const PORTION: usize = 3;

/// What a milligram is by the first pack, and what it is.
const FACTORS: [f64; 2] = [1.0, 1_000.0];

fn pack(version: &str, indicators: &[&str], factor: f64) -> Pack {
    let of = |id: &&str| Indicator {
        units: [("ug/m3".to_owned(), 1.0), ("mg/m3".to_owned(), factor)].into(),
        ..indicator(id, &WindowKind::ALL)
    };
    let indicators = indicators.iter().map(of).collect();
    let air = feed("air", contract(Millis::minutes(1), FOR_EVER));
    let desk = Feed {
        format: FormatName::OperatorAction,
        transport: Transport::Page,
        ..feed(OPERATOR, contract(Millis(0), FOR_EVER))
    };
    support::pack::pack(version, derived::station("S0"), indicators, vec![air, desk])
}

/// The pack before and after it was mended.
struct Packs {
    mended: bool,
    all: [Arc<Decoder>; 2],
}

impl Packs {
    fn new(mended: bool, names: &Names) -> Packs {
        let decoder = |pack| Arc::new(Decoder::new(Arc::new(pack), names.clone()).unwrap());
        let packs = [pack("one", &["pm25"], FACTORS[0]), pack("two", &["pm25", "so2"], FACTORS[1])];
        Packs { mended, all: packs.map(decoder) }
    }
}

impl PackVersions for Packs {
    fn current(&self) -> Arc<Decoder> {
        self.all[usize::from(self.mended)].clone()
    }

    fn version(&self, version: &PackVersion) -> Result<Arc<Decoder>, Halt> {
        let found = self.all.iter().find(|decoder| decoder.pack().version == *version);
        found.cloned().ok_or_else(|| Halt(format!("no pack {}", version.0)))
    }
}

/// The store, and the log that messages lie on; none where nothing may be asked for.
#[derive(Default)]
struct House {
    store: SharedStore,
    bus: Option<SharedBus>,
    /// Of what it never says which messages they are,
    refuses: Option<ReplayScope>,
    /// and what it never says of any.
    untold: Option<ReplayScope>,
}

impl House {
    fn portion(&self, portion: &ReplayPortion, question: &Question, upto: Epoch) -> ReplayedMessages {
        if self.refuses == Some(portion.scope) {
            let failed = Some("the store refused".into());
            return ReplayedMessages { failed, ..ReplayedMessages::default() };
        }
        let mut found = match portion.scope {
            ReplayScope::Rejects => self.rejected(portion, question, upto),
            ReplayScope::Stored => self.stored(portion, question, upto),
        };
        for message in found.messages.iter_mut().filter(|_| self.untold == Some(portion.scope)) {
            (message.before.on_record, message.original) = (OnRecord::Untold, None);
        }
        found
    }

    fn original(&self, position: Position) -> ReplayedOriginal {
        let bus = self.bus.as_ref().expect("what is recorded is not asked for again");
        let batch = bus.read(position.partition, position.offset, None, 1).unwrap();
        let (base, chunk) = &batch.chunks[0];
        let mut envelopes = chunk.iter(position.log, position.partition, *base);
        let envelope = envelopes.find(|envelope| envelope.position == position).unwrap();
        ReplayedOriginal {
            address: envelope.address.into(),
            withheld: false,
            attributes: Box::default(),
            payload: envelope.payload.into(),
        }
    }

    fn stored(&self, portion: &ReplayPortion, question: &Question, upto: Epoch) -> ReplayedMessages {
        let store = self.store.0.lock().unwrap();
        let mut found: BTreeMap<_, (PackVersion, BTreeMap<u32, StoredBefore>)> = BTreeMap::new();
        for results in store.epochs.range(..=upto).map(|(_, results)| results) {
            let is_meant = |row: &&StoredObservation| {
                let arrived = row.arrival.received_at;
                row.feed == portion.of
                    && row.standing != RowStanding::Restored
                    && (question.from.0..question.to.0).contains(&arrived.0)
                    && portion.after.is_none_or(|after| (arrived, row.arrival.position) > after)
            };
            for row in results.facts.observations.iter().filter(is_meant) {
                let (pack, rows) = found.entry((row.arrival.received_at, row.arrival.position)).or_default();
                pack.clone_from(&results.pack);
                let StoredObservation { indicator, subject, event_time, value, quality, .. } = *row;
                let row = row.arrival.row;
                let stored = StoredBefore { row, indicator, subject, event_time, value, quality };
                let _ = rows.insert(row, stored);
            }
        }
        let more = found.len() > PORTION;
        let message = |((received_at, position), (pack, rows)): (_, (PackVersion, BTreeMap<_, _>))| {
            let before = ReadBefore {
                pack: Some(pack),
                // What waited for its day was stored with another pack than it was read with.
                arrived_with: Some(PackVersion("one".to_owned())),
                on_record: OnRecord::Stored(rows.into_values().collect()),
            };
            ReplayedMessage {
                position,
                received_at,
                feed: portion.of,
                sender: "".into(),
                before,
                original: Some(self.original(position)),
            }
        };
        let messages = found.into_iter().take(PORTION).map(message).collect();
        ReplayedMessages { messages, more, ..ReplayedMessages::default() }
    }

    fn rejected(&self, portion: &ReplayPortion, question: &Question, upto: Epoch) -> ReplayedMessages {
        let store = self.store.0.lock().unwrap();
        let mut read: BTreeMap<Position, Epoch> = BTreeMap::new();
        let mut rejected: BTreeMap<Position, (Epoch, PackVersion, ReceivedAt, OnRecord)> = BTreeMap::new();
        for (epoch, results) in store.epochs.range(..=upto) {
            for row in results.facts.replayed.iter().filter(|row| row.reread == Reread::Read) {
                let _ = read.insert(row.arrival.position, *epoch);
            }
            for row in results.facts.rejects.iter().filter(|row| row.feed == portion.of) {
                let position = row.arrival.position;
                let (judged, pack, _, rows) = rejected.entry(position).or_insert_with(|| {
                    (
                        *epoch,
                        PackVersion::default(),
                        row.arrival.received_at,
                        OnRecord::RejectedRows(Vec::new()),
                    )
                });
                if *judged < *epoch {
                    *rows = OnRecord::RejectedRows(Vec::new());
                }
                (*judged, *pack) = (*epoch, results.pack.clone());
                match rows {
                    _ if row.whole => *rows = OnRecord::RejectedWhole,
                    OnRecord::RejectedRows(rows) => rows.push(row.arrival.row),
                    _ => {}
                }
            }
        }
        let is_meant =
            |(position, (judged, _, received_at, _)): &(&Position, &(Epoch, PackVersion, ReceivedAt, _))| {
                portion.after.is_none_or(|(_, after)| **position > after)
                    && read.get(position).is_none_or(|read| read <= judged)
                    && (question.from.0..question.to.0).contains(&received_at.0)
            };
        let mut found = rejected.iter().filter(is_meant);
        let messages = found.by_ref().take(PORTION).map(|(position, (_, pack, received_at, rejected))| {
            let (pack, on_record) = (Some(pack.clone()), rejected.clone());
            ReplayedMessage {
                position: *position,
                received_at: *received_at,
                feed: portion.of,
                sender: "".into(),
                before: ReadBefore { pack, arrived_with: None, on_record },
                original: Some(self.original(*position)),
            }
        });
        let messages = messages.collect();
        ReplayedMessages { messages, more: found.next().is_some(), ..ReplayedMessages::default() }
    }
}

impl Commit for House {
    fn commit(&mut self, results: &EpochResults, need: Need) -> Result<(), Halt> {
        self.store.commit(results, need)
    }

    fn ask(&mut self, question: &Question, upto: Epoch) -> Result<Found, Halt> {
        match &question.about {
            About::Replay(portion) => Ok(Found::Messages(self.portion(portion, question, upto))),
            _ => self.store.ask(question, upto),
        }
    }

    fn vouch(&mut self) -> Result<(), Halt> {
        self.store.vouch()
    }

    fn committed(&mut self, results: EpochResults, consumed: Consumed) {
        self.store.committed(results, consumed);
    }
}

fn start(folder: &Path, house: House, log: &SharedBus, workers: usize, mended: bool) -> Result<Driver, Halt> {
    let names = Names::default();
    let start = Start {
        bus: log.clone(),
        log: LogNumber(1),
        instance: InstanceId::from_bytes([1; 16]),
        generation: Generation(0),
        shards: Shards::default(),
        committed: house.store.0.lock().unwrap().committed,
        names: names.clone(),
        clock: flow::STANDING,
    };
    Driver::start(flow::config(folder, workers), start, Packs::new(mended, &names), house)
}

/// One row of a message.
#[derive(Clone, Copy, Debug)]
struct Sent {
    subject: u8,
    /// Of the indicator that the first pack does not know.
    unknown: bool,
    /// Half minutes since midnight of the first day.
    at: i64,
    value: i8,
}

impl Sent {
    fn key(&self) -> (String, String, i64) {
        let indicator = if self.unknown { "so2" } else { "pm25" };
        (indicator.to_owned(), format!("S{}", self.subject), MIDNIGHT + self.at * 30_000)
    }

    /// Whether it comes in milligrams.
    fn is_milli(&self) -> bool {
        self.subject == 1 && !self.unknown
    }

    fn said(&self) -> f64 {
        f64::from(self.value) / 10.0 + 0.0
    }

    /// What it is, whatever a pack thinks.
    fn value(&self) -> f64 {
        if self.is_milli() { self.said() * FACTORS[1] } else { self.said() }
    }

    fn json(&self) -> String {
        let (indicator, subject, time) = self.key();
        let (time, value) = (EventTime(time).rfc3339(), self.said());
        let unit = if self.is_milli() { r#","unit":"mg/m3""# } else { "" };
        format!(
            r#"{{"indicator":"{indicator}","subject":"{subject}","time":"{time}","value":{value}{unit}}}"#
        )
    }
}

/// Rows of a message, none of which is about what another one is about.
type Message = Vec<Sent>;

#[derive(Clone, Debug)]
struct Life {
    messages: Vec<Message>,
    workers: usize,
    /// Whether an operator orders what is rejected to be read again.
    orders: bool,
    death: Option<(u8, bool)>,
}

fn life() -> impl Strategy<Value = Life> {
    let at =
        prop_oneof![3 => 0i64..200, 1 => 2_800i64..2_900, 1 => (0i64..6).prop_map(|day| day * 2_880 + 7)];
    let row = (0u8..2, any::<bool>(), at, -3i8..4).prop_map(|(subject, unknown, at, value)| Sent {
        subject,
        unknown,
        at,
        value,
    });
    let message = proptest::collection::vec(row, 1..5).prop_map(|mut rows| {
        let mut seen = BTreeSet::new();
        rows.retain(|row| seen.insert(row.key()));
        rows
    });
    let death = proptest::option::weighted(0.7, (0u8..6, any::<bool>()));
    (proptest::collection::vec(message, 0..12), 1usize..4, any::<bool>(), death)
        .prop_map(|(messages, workers, orders, death)| Life { messages, workers, orders, death })
}

fn append(bus: &SharedBus, feed: &str, number: usize, payload: &str, runtime: &tokio::runtime::Runtime) {
    let mut chunk = ChunkBuilder::new();
    chunk.push(feed, Content::Raw, "/ingest/test", payload.as_bytes());
    runtime.block_on(async {
        let chunk = chunk.finish(ReceivedAt(MIDNIGHT + number as i64));
        let partition = Partition((number % 2) as u16);
        let _ = bus.append(partition, chunk).await.unwrap().await.unwrap();
    });
}

/// Orders of one message.
const ORDERS: usize = 2;

/// Orders about all that arrived before them: what is rejected, and what is stored.
fn order(bus: &SharedBus, number: usize, runtime: &tokio::runtime::Runtime) {
    let until = MIDNIGHT + number as i64 + 1;
    let said = format!(
        r#"{{"action":"replay","user":"an","replays":[{{"feed":"air","from":{MIDNIGHT},"until":{until}}},
        {{"feed":"air","stored":true,"from":{MIDNIGHT},"until":{until}}}]}}"#
    );
    append(bus, OPERATOR, number, &said, runtime);
}

type Figures = (u64, u64, u64, u64);

/// The independent answer: of each key the value that was new last, then panes, then windows.
fn recompute(journal: &[Message]) -> BTreeMap<(String, String, WindowKind, i64), Figures> {
    let mut known: BTreeMap<(String, String, i64), Vec<u64>> = BTreeMap::new();
    for row in journal.iter().flatten() {
        let values = known.entry(row.key()).or_default();
        if !values.contains(&row.value().to_bits()) {
            values.push(row.value().to_bits());
        }
    }
    let mut windows = BTreeMap::new();
    for kind in WindowKind::ALL {
        let length = [60_000, 3_600_000, 86_400_000][kind as usize];
        let mut panes: BTreeMap<_, Vec<f64>> = BTreeMap::new();
        for ((indicator, subject, time), values) in &known {
            let start = (time - MIDNIGHT).div_euclid(length) * length + MIDNIGHT;
            let pane = panes.entry((indicator.clone(), subject.clone(), start, time.div_euclid(60_000)));
            pane.or_default().push(f64::from_bits(*values.last().unwrap()));
        }
        for ((indicator, subject, start, _), values) in panes {
            let of = windows.entry((indicator, subject, kind, start));
            let window = of.or_insert((0u64, 0.0f64, f64::INFINITY, f64::NEG_INFINITY));
            window.0 += values.len() as u64;
            window.1 += values.iter().fold(0.0, |sum, value| sum + value);
            window.2 = values.iter().copied().fold(window.2, f64::min);
            window.3 = values.iter().copied().fold(window.3, f64::max);
        }
    }
    let bits =
        |(count, sum, min, max): (u64, f64, f64, f64)| (count, sum.to_bits(), min.to_bits(), max.to_bits());
    windows.into_iter().map(|(key, figures)| (key, bits(figures))).collect()
}

fn check(store: &SharedStore, journal: &[Message], orders: usize) {
    let counted = totals(store);
    assert_eq!(
        (counted.envelopes_astray(), counted.rows_astray(), counted.waiting),
        (0, 0, 0),
        "{counted:?}"
    );
    let net = counted.net();
    let rows = journal.iter().flatten().count() + orders;
    assert_eq!((net.rejected, net.undecodable), (0, 0), "all that was rejected is mended: {counted:?}");
    assert_eq!(net.rows as usize, rows, "BALANCE: each row once");
    assert_eq!(net.received as usize, journal.len() + orders / ORDERS);
    let store = store.0.lock().unwrap();
    let mut places = BTreeMap::new();
    for row in store.epochs.values().flat_map(|results| &results.facts.observations) {
        let key = (row.indicator.to_string(), row.subject.to_string(), row.event_time.0);
        let before = match row.standing {
            RowStanding::Restored => continue,
            _ => places.insert(row.arrival.place(), (key, row.value.to_bits())),
        };
        assert_eq!(before.is_some(), row.standing == RowStanding::Replaced, "ONCE: {row:?}");
    }
    let contents: BTreeSet<_> = places.into_values().collect();
    let sent = journal.iter().flatten().map(|row| (row.key(), row.value().to_bits()));
    assert_eq!(contents, sent.collect(), "ONCE: each content of a key is stored");
    let mut current = BTreeMap::new();
    for row in store.epochs.values().flat_map(|results| &results.facts.windows) {
        let key = (row.indicator.to_string(), row.subject.to_string(), row.kind, row.start.0);
        let a = row.aggregate;
        let _ = current.insert(key, (a.count, a.sum.to_bits(), a.min.to_bits(), a.max.to_bits()));
    }
    let recomputed = recompute(journal);
    for (key, figures) in current.iter().filter(|(_, figures)| figures.0 > 0) {
        assert_eq!(Some(figures), recomputed.get(key), "BATCH: {key:?}");
    }
    let done = store.epochs.values().flat_map(|results| &results.facts.replays);
    assert_eq!(done.filter(|replay| replay.done.is_some()).count(), orders, "each order is carried out once");
}

fn is_at_rest(store: &SharedStore, orders: usize) -> bool {
    let done = |store: &support::store::Store| {
        let replays = store.epochs.values().flat_map(|results| &results.facts.replays);
        replays.filter(|replay| replay.done.is_some()).count()
    };
    totals(store).waiting == 0 && done(&store.0.lock().unwrap()) == orders
}

/// REPLAY: the same manifests over the same log give the same epochs, from nothing and with any number of workers; what
/// was read again is in them.
fn replayed_is_the_same(folder: &Path, store: &SharedStore, workers: usize) {
    std::fs::remove_dir_all(folder.join("checkpoints")).unwrap();
    let again = SharedStore::default();
    let bus = open_log(folder);
    let driver =
        start(folder, House { store: again.clone(), ..House::default() }, &bus, workers, true).unwrap();
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

fn until_at_rest(store: &SharedStore, orders: usize) {
    for _ in 0..4_000 {
        if is_at_rest(store, orders) {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn loud_a_replay_that_can_never_be_brought_ends_and_says_why_and_the_next_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (store, bus) = (SharedStore::default(), open_log(folder.path()));
    let house = || House { store: store.clone(), bus: Some(bus.clone()), ..House::default() };
    let sent = |unknown| Sent { subject: 0, unknown, at: 7, value: 2 };
    let driver = start(folder.path(), house(), &bus, 1, false).unwrap();
    for (number, unknown) in [true, false].into_iter().enumerate() {
        append(&bus, "air", number, &format!("[{}]", sent(unknown).json()), &runtime);
    }
    assert!(driver.wait_committed(&ends(&bus), Duration::from_secs(30)), "{:?}", driver.halted());
    driver.stop().unwrap();
    // Which messages have rejects it never says; of those that are stored it says nothing else.
    let (refuses, untold) = (Some(ReplayScope::Rejects), Some(ReplayScope::Stored));
    let driver = start(folder.path(), House { refuses, untold, ..house() }, &bus, 1, true).unwrap();
    order(&bus, 2, &runtime);
    until_at_rest(&store, ORDERS);
    assert!(driver.halted().is_none());
    driver.stop().unwrap();
    let replays = || -> Vec<(ReplayScope, u64, Box<str>)> {
        let store = store.0.lock().unwrap();
        let replays = store.epochs.values().flat_map(|results| &results.facts.replays);
        replays.filter_map(|replay| Some((replay.replay.scope, replay.done?, replay.error.clone()))).collect()
    };
    let (rejects, stored) = (ReplayScope::Rejects, ReplayScope::Stored);
    assert_eq!(replays(), [(rejects, 0, "the store refused".into()), (stored, 1, "".into())]);
    let replayed: Vec<Reread> = {
        let store = store.0.lock().unwrap();
        store.epochs.values().flat_map(|results| &results.facts.replayed).map(|row| row.reread).collect()
    };
    assert_eq!(replayed, [Reread::Unclear]);
    // Once it answers, an order is carried out like any other.
    let driver = start(folder.path(), house(), &bus, 1, true).unwrap();
    order(&bus, 3, &runtime);
    until_at_rest(&store, 2 * ORDERS);
    driver.stop().unwrap();
    assert_eq!(totals(&store).net().rejected, 0);
    drop(bus);
    replayed_is_the_same(folder.path(), &store, 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn batch_what_is_read_again_is_as_if_its_pack_had_been_right_from_the_beginning(
        lives in proptest::collection::vec(life(), 1..5),
        mended_from in 0usize..4,
        workers in 1usize..5,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let store = SharedStore::default();
        let mut journal: Vec<Message> = Vec::new();
        let (mut arrived, mut orders) = (0, 0);
        for (number, life) in lives.iter().enumerate() {
            let bus = open_log(folder.path());
            store.0.lock().unwrap().die =
                life.death.map(|(after_commits, rows_are_in)| Death { after_commits, rows_are_in });
            let house = House { store: store.clone(), bus: Some(bus.clone()), ..House::default() };
            let driver = start(folder.path(), house, &bus, life.workers, number >= mended_from).unwrap();
            for message in &life.messages {
                let rows: Vec<String> = message.iter().map(Sent::json).collect();
                append(&bus, "air", arrived, &format!("[{}]", rows.join(",")), &runtime);
                arrived += 1;
                journal.push(message.clone());
            }
            if life.orders {
                order(&bus, arrived, &runtime);
                (arrived, orders) = (arrived + 1, orders + ORDERS);
            }
            let _ = driver.wait_committed(&ends(&bus), Duration::from_millis(80));
            let _ = driver.stop();
        }
        store.0.lock().unwrap().die = None;
        let bus = open_log(folder.path());
        let house = House { store: store.clone(), bus: Some(bus.clone()), ..House::default() };
        let driver = start(folder.path(), house, &bus, 2, true).unwrap();
        prop_assert!(driver.wait_committed(&ends(&bus), Duration::from_secs(30)), "{:?}", driver.halted());
        // Once more, about all of it, and then there is nothing left.
        order(&bus, arrived, &runtime);
        orders += ORDERS;
        until_at_rest(&store, orders);
        driver.stop().unwrap();
        drop(bus);
        check(&store, &journal, orders);
        replayed_is_the_same(folder.path(), &store, workers);
    }
}
