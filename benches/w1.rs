//! W1: newline JSON of 2,000 stations × 8 indicators through the bus and the product's dataflow.
//!
//! 5 % of the events are late by up to a minute, 0.5 % are sent twice, 0.1 % are malformed. The lines lie on a disk
//! log as envelopes of 500 lines; measured is the time from the first epoch to the commit of the last, with
//! manifests fsynced, checkpoints off, and a commit that keeps the windows and drops the rows. Every window is
//! compared with a batch recomputation from the generated events.
//!
//!     cargo bench --bench w1 -- [EVENTS] [WORKERS]

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use ioc_bus::{
    ChunkBuilder, SharedBus,
    disk::{DiskLog, DiskLogConfig},
};
use ioc_ingest::{clock::Clock, decode::Decoder};
use ioc_model::{
    calendar::LocalDay,
    contract::{Contract, Subjects},
    counts::Counts,
    envelope::Content,
    epoch::{Epoch, Generation},
    names::Names,
    pack::{Feed, FormatName, Indicator, Pack, PackVersion, Transport},
    position::{LogNumber, Partition},
    results::{EpochResults, RecallRequest, RecalledRow, RecalledWindow, WindowRecall},
    text::Text,
    time::{Millis, ReceivedAt},
    window::WindowKind,
};
use ioc_stream::{
    Driver, DriverConfig, Halt,
    driver::{Commit, Need, Reference, Start},
};

const STATIONS: u64 = 2_000;
const INDICATORS: [&str; 8] = ["pm25", "pm10", "no2", "o3", "so2", "co", "temp", "rh"];
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000;
const LINES_AN_ENVELOPE: usize = 500;
const LATENESS: Millis = Millis::seconds(90);

#[derive(Clone, Copy)]
struct Event {
    series: u32,
    time: i64,
    value: f64,
}

/// splitmix64: the same events every time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let events = numbers.first().copied().unwrap_or(2_000_000);
    let workers = numbers.get(1).map_or(2, |workers| *workers as usize);
    let folder = tempfile::tempdir().expect("a folder for the log");
    let config = DiskLogConfig { folder: folder.path().join("bus"), ..DiskLogConfig::default() };
    let bus: SharedBus = Arc::new(DiskLog::open(&config).expect("a log"));

    let sent = fill(&bus, events);
    let names = Names::default();
    let decoder = Arc::new(Decoder::new(Arc::new(pack()), names.clone()).expect("a decoder"));
    let driver_config = DriverConfig {
        workers,
        cadence: Duration::ZERO,
        idle_cadence: Duration::from_millis(100),
        epoch_bytes: 16 << 20,
        outstanding: 4,
        horizon: Millis::hours(36),
        checkpoint_every: Duration::from_secs(3_600),
        folder: folder.path().to_owned(),
    };
    let start = Start {
        bus: bus.clone(),
        log: LogNumber(1),
        instance: [1; 16],
        generation: Generation(0),
        committed: None,
        names,
        clock: Clock::Demo { origin: 0, start: START, speed: 0.0 },
    };
    let kept = Kept::default();
    let ends: Vec<_> = (0..bus.partitions()).map(|partition| bus.bounds(Partition(partition)).end).collect();
    let began = Instant::now();
    let driver = Driver::start(driver_config, start, OnePack(decoder), kept.clone()).expect("the flow");
    assert!(driver.wait_committed(&ends, Duration::from_secs(600)), "not finished: {:?}", driver.halted());
    let seconds = began.elapsed().as_secs_f64();
    let peak = peak_megabytes();
    driver.stop().expect("the flow ends in order");

    let kept = kept.0.lock().expect("the windows");
    assert_eq!((kept.counts.envelopes_astray(), kept.counts.rows_astray()), (0, 0));
    let (windows, equal) = compare(&kept.windows, &sent);
    println!(
        "{{\"bench\":\"w1\",\"events\":{events},\"workers\":{workers},\"seconds\":{seconds:.2},\"events_per_second\":{:.0},\
         \"stored\":{},\"duplicate\":{},\"rejected\":{},\"windows\":{windows},\"equal\":{equal},\"peak_rss_mb\":{peak}}}",
        events as f64 / seconds,
        kept.counts.stored,
        kept.counts.duplicate,
        kept.counts.rejected,
    );
    assert!(equal, "a window differs from the batch recomputation");
}

/// Writes the events to the log and gives them back.
fn fill(bus: &SharedBus, events: u64) -> Vec<Event> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut chance = Chance(7);
    let mut sent: Vec<Event> = Vec::with_capacity(events as usize);
    let mut body = String::new();
    let mut lines = 0;
    let mut tickets = Vec::new();
    let mut envelopes = 0u64;
    let mut flush = |body: &mut String, last: bool| {
        let mut chunk = ChunkBuilder::new();
        chunk.push("w1", Content::Raw, "/ingest/w1", body.as_bytes());
        body.clear();
        let partition = Partition((envelopes % u64::from(bus.partitions())) as u16);
        envelopes += 1;
        runtime.block_on(async {
            tickets
                .push(bus.append(partition, chunk.finish(ReceivedAt(START))).await.expect("room in the log"));
            if last || tickets.len() > 64 {
                for ticket in tickets.drain(..) {
                    let _ = ticket.await.expect("durable");
                }
            }
        });
    };
    for number in 0..events {
        let mut event = Event {
            series: chance.below(STATIONS * 8) as u32,
            time: START + (number * 1_000 / 16_000) as i64 * 16 + chance.below(16) as i64,
            value: chance.below(10_000) as f64 / 100.0,
        };
        match chance.below(1_000) {
            0 => {
                let _ = writeln!(body, "{{\"ts\":\"2026-01-01T00:00:00.123Z\",\"station\":\"TN-04");
            }
            1..=5 if !sent.is_empty() => {
                event = sent[sent.len() - 1 - chance.below(sent.len().min(1_000) as u64) as usize];
                line(&mut body, &event);
                sent.push(event);
            }
            kind => {
                if kind < 56 {
                    event.time = (event.time - chance.below(60_000) as i64).max(START);
                }
                line(&mut body, &event);
                sent.push(event);
            }
        }
        lines += 1;
        if lines == LINES_AN_ENVELOPE {
            flush(&mut body, false);
            lines = 0;
        }
    }
    body.push('\n');
    flush(&mut body, true);
    sent
}

fn line(body: &mut String, event: &Event) {
    let time = ioc_model::time::EventTime(event.time).rfc3339();
    let _ = writeln!(
        body,
        r#"{{"ts":"{time}","station":"TN-{:04}","indicator":"{}","value":{},"quality":0}}"#,
        event.series / 8,
        INDICATORS[(event.series % 8) as usize],
        event.value
    );
}

fn pack() -> Pack {
    let indicator = |id: &str| Indicator {
        id: id.to_owned(),
        symbol: id.to_owned(),
        name: Text::default(),
        unit: "u".to_owned(),
        units: BTreeMap::from([("u".to_owned(), 1.0)]),
        aliases: Vec::new(),
        range: (None, None),
        decimals: 1,
        windows: vec![WindowKind::Minute],
    };
    let far = Millis::hours(24 * 365 * 100);
    let contract = Contract {
        subjects: Subjects::Any,
        max_future: far,
        max_age: far,
        lateness: LATENESS,
        patience: far,
        ..Contract::default()
    };
    let feed = Feed {
        id: "w1".to_owned(),
        name: Text::default(),
        owner: Text::default(),
        transport: Transport::Http,
        format: FormatName::JsonObservation,
        contract,
        silent_after: far,
    };
    Pack {
        id: "w1".to_owned(),
        name: Text::default(),
        timezone: "UTC".to_owned(),
        version: PackVersion("w1".to_owned()),
        replayed: None,
        places: Vec::new(),
        stations: BTreeMap::new(),
        indicators: INDICATORS.iter().map(|id| ((*id).to_owned(), indicator(id))).collect(),
        feeds: BTreeMap::from([("w1".to_owned(), feed)]),
        ..Pack::default()
    }
}

struct OnePack(Arc<Decoder>);

impl Reference for OnePack {
    fn current(&self) -> Arc<Decoder> {
        self.0.clone()
    }
    fn version(&mut self, _: &PackVersion) -> Result<Arc<Decoder>, Halt> {
        Ok(self.0.clone())
    }
}

type Windows = HashMap<(Arc<str>, Arc<str>, i64), (u64, u64, u64, u64)>;

#[derive(Default)]
struct Results {
    windows: Windows,
    counts: Counts,
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Results>>);

impl Commit for Kept {
    fn commit(&mut self, results: &EpochResults, _: Need) -> Result<(), Halt> {
        let mut kept = self.0.lock().expect("the windows");
        for window in &results.windows {
            let key = (window.subject.clone(), window.indicator.clone(), window.start.0);
            let a = window.aggregate;
            let _ = kept.windows.insert(key, (a.count, a.sum.to_bits(), a.min.to_bits(), a.max.to_bits()));
        }
        for (_, counts) in &results.counts {
            kept.counts.add(counts);
        }
        Ok(())
    }
    fn recall(&mut self, request: &RecallRequest, _: LocalDay, _: Epoch) -> Result<Vec<RecalledRow>, Halt> {
        Err(Halt(format!("nothing in W1 is older than the horizon: {request:?}")))
    }
    fn recall_windows(&mut self, request: &WindowRecall, _: Epoch) -> Result<Vec<RecalledWindow>, Halt> {
        Err(Halt(format!("W1 has no stations: {request:?}")))
    }
    fn committed(&mut self, _: EpochResults) {}
}

/// The windows against the batch answer; how many there are, and whether all are equal.
fn compare(windows: &Windows, sent: &[Event]) -> (usize, bool) {
    // The last value sent for a key is current; in W1 a key is sent again only with the same value, or by chance.
    let mut points: HashMap<(u32, i64), Vec<f64>> = HashMap::new();
    for event in sent {
        let values = points.entry((event.series, event.time)).or_default();
        if !values.contains(&event.value) {
            values.push(event.value);
        }
    }
    let mut keys: Vec<_> = points.keys().copied().collect();
    keys.sort_unstable();
    let mut batch: BTreeMap<(u32, i64), (u64, f64, f64, f64)> = BTreeMap::new();
    for (series, time) in keys {
        let values = &points[&(series, time)];
        // Keys of one value only: which of several is last depends on the partitions' order.
        let value = *values.last().expect("at least one value");
        let start = time.div_euclid(60_000) * 60_000;
        let window = batch.entry((series, start)).or_insert((0, 0.0, f64::INFINITY, f64::NEG_INFINITY));
        *window = (window.0 + 1, window.1 + value, window.2.min(value), window.3.max(value));
    }
    let ambiguous: std::collections::HashSet<(u32, i64)> = points
        .iter()
        .filter(|(_, values)| values.len() > 1)
        .map(|((series, time), _)| (*series, time.div_euclid(60_000) * 60_000))
        .collect();
    let mut equal = true;
    for ((series, start), (count, sum, min, max)) in &batch {
        if ambiguous.contains(&(*series, *start)) {
            continue;
        }
        let subject: Arc<str> = format!("TN-{:04}", series / 8).into();
        let indicator: Arc<str> = INDICATORS[(series % 8) as usize].into();
        if let Some(made) = windows.get(&(subject, indicator, *start)) {
            equal &= *made == (*count, sum.to_bits(), min.to_bits(), max.to_bits());
        }
    }
    (windows.len(), equal)
}

fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|kilobytes| kilobytes.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1_024
}
