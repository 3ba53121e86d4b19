//! The bus, the dataflow, and a commit that writes windows to a file.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    io::{BufWriter, Read, Write as _},
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use ioc_bus::clock::Clock;
use ioc_bus::{
    ChunkBuilder, SharedBus,
    disk::{DiskLog, DiskLogConfig},
};
use ioc_decode::Decoder;
use ioc_model::{
    counts::Counts,
    envelope::Content,
    epoch::{Epoch, Generation},
    instance::InstanceId,
    names::Names,
    pack::{Feed, Indicator, Pack, PackVersion},
    position::{LogNumber, Partition},
    question::{Found, Question},
    results::EpochResults,
    time::{EventTime, Millis, ReceivedAt},
    window::WindowKind,
};
use ioc_stream::{
    Driver, DriverConfig, Halt,
    driver::{Commit, Consumed, Need, PackVersions, Start},
    exchange::Shards,
};

use crate::{Arguments, INDICATORS, START};

const LINES_AN_ENVELOPE: usize = 500;
const LATENESS: Millis = Millis::seconds(90);
/// An indicator without windows, read at the end at every station: it moves the watermark past all windows.
const CLOSING: &str = "closing";

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    stations: u32,
    workers: usize,
    lines: u64,
    seconds: f64,
    cpu_seconds: f64,
    peak_rss_mb: u64,
    counts: Counts,
    windows: u64,
}

impl Ran {
    pub(crate) fn json(&self) -> String {
        let Ran { stations, workers, lines, seconds, cpu_seconds, peak_rss_mb, counts, windows } = self;
        format!(
            "{{\"bench\":\"w1\",\"events\":{lines},\"stations\":{stations},\"workers\":{workers},\"seconds\":{seconds:.2},\
             \"cpu_seconds\":{cpu_seconds:.2},\"events_per_second\":{:.0},\"events_per_cpu_second\":{:.0},\
             \"stored\":{},\"duplicate\":{},\"rejected\":{},\"windows\":{windows},\
             \"peak_rss_mb\":{peak_rss_mb}}}",
            *lines as f64 / seconds,
            *lines as f64 / cpu_seconds,
            counts.stored,
            counts.duplicate,
            counts.rejected,
        )
    }
}

/// Runs the lines of a file through the flow; `folder` is for the log.
pub(crate) fn run(arguments: &Arguments, folder: &Path) -> Ran {
    let Arguments { input, output, stations, workers, epoch_bytes, outstanding, .. } = arguments;
    let (stations, workers, epoch_bytes, outstanding) = (*stations, *workers, *epoch_bytes, *outstanding);
    // The whole workload lies on the log before the flow starts.
    let config =
        DiskLogConfig { folder: folder.join("bus"), max_log_bytes: 1 << 40, ..DiskLogConfig::default() };
    let bus: SharedBus = Arc::new(DiskLog::open(&config).expect("a log"));
    let lines = fill(&bus, input, stations);
    let names = Names::default();
    let decoder = Arc::new(Decoder::new(Arc::new(pack()), names.clone()).expect("a decoder"));
    let driver_config = DriverConfig {
        workers,
        cadence: Duration::ZERO,
        idle_cadence: Duration::from_millis(100),
        epoch_bytes,
        outstanding,
        horizon: Millis::hours(36),
        checkpoint_every: Duration::from_secs(3_600),
        folder: folder.to_owned(),
    };
    let start = Start {
        bus: bus.clone(),
        log: LogNumber(1),
        instance: InstanceId::from_bytes([1; 16]),
        generation: Generation(0),
        shards: Shards::default(),
        committed: None,
        names,
        clock: Clock::Demo { origin: 0, start: START, speed: 0.0 },
    };
    let written = Written(Arc::new(Mutex::new(Output {
        file: BufWriter::with_capacity(1 << 20, File::create(output).expect("a file for the windows")),
        line: String::new(),
        windows: 0,
        counts: Counts::default(),
    })));
    let ends: Vec<_> = (0..bus.partitions()).map(|partition| bus.bounds(Partition(partition)).end).collect();
    // From here on the peak is the flow's.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = cpu_seconds();
    let began = Instant::now();
    let driver = Driver::start(driver_config, start, OnePack(decoder), written.clone()).expect("the flow");
    assert!(driver.wait_committed(&ends, Duration::from_secs(600)), "not finished: {:?}", driver.halted());
    let seconds = began.elapsed().as_secs_f64();
    let cpu_seconds = cpu_seconds() - before;
    let peak_rss_mb = peak_megabytes();
    driver.stop().expect("the flow ends in order");

    let mut written = written.0.lock().expect("the windows");
    written.file.flush().expect("room for the windows");
    let counts = written.counts;
    assert_eq!((counts.envelopes_astray(), counts.rows_astray()), (0, 0));
    // The readings that close the windows are not of the workload.
    assert_eq!(counts.stored + counts.duplicate + counts.rejected, lines + u64::from(stations));
    Ran { stations, workers, lines, seconds, cpu_seconds, peak_rss_mb, counts, windows: written.windows }
}

/// Writes the lines to the log, and a reading of each station that closes its windows; how many lines there were.
fn fill(bus: &SharedBus, input: &Path, stations: u32) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut tickets = Vec::new();
    let mut envelopes = 0i64;
    let mut flush = |body: &[u8]| {
        let mut chunk = ChunkBuilder::new();
        chunk.push("w1", Content::Raw, "/ingest/w1", body);
        let partition = Partition((envelopes % i64::from(bus.partitions())) as u16);
        envelopes += 1;
        runtime.block_on(async {
            tickets.push(
                bus.append(partition, chunk.finish(ReceivedAt(START + envelopes)))
                    .await
                    .expect("room in the log"),
            );
            if tickets.len() > 64 {
                for ticket in tickets.drain(..) {
                    let _ = ticket.await.expect("durable");
                }
            }
        });
    };
    let mut file = File::open(input).expect("a workload");
    let mut body: Vec<u8> = Vec::new();
    let mut block = vec![0; 1 << 16];
    let (mut lines, mut in_body) = (0u64, 0);
    loop {
        let read = file.read(&mut block).expect("a workload");
        if read == 0 {
            break;
        }
        for line in block[..read].split_inclusive(|byte| *byte == b'\n') {
            body.extend_from_slice(line);
            if line.ends_with(b"\n") {
                (lines, in_body) = (lines + 1, in_body + 1);
            }
            if in_body == LINES_AN_ENVELOPE {
                flush(&body);
                body.clear();
                in_body = 0;
            }
        }
    }
    if !body.is_empty() {
        lines += u64::from(!body.ends_with(b"\n"));
        flush(&body);
    }
    let newest = START + (lines * 10 / 32) as i64 + 3_600_000;
    let time = EventTime(newest).rfc3339();
    let stations: Vec<u32> = (0..stations).collect();
    for some in stations.chunks(LINES_AN_ENVELOPE) {
        let mut closing = String::new();
        for station in some {
            let _ = writeln!(
                closing,
                r#"{{"ts":"{time}","station":"TN-{station:04}","indicator":"{CLOSING}","value":0,"quality":0}}"#
            );
        }
        flush(closing.as_bytes());
    }
    runtime.block_on(async {
        for ticket in tickets.drain(..) {
            let _ = ticket.await.expect("durable");
        }
    });
    lines
}

fn pack() -> Pack {
    use ioc_testing::FOR_EVER;

    let indicator = |id: &str, windows: Vec<WindowKind>| Indicator {
        unit: "u".to_owned(),
        units: BTreeMap::from([("u".to_owned(), 1.0)]),
        windows,
        ..ioc_testing::indicator(id)
    };
    let feed =
        Feed { silent_after: FOR_EVER, ..ioc_testing::feed("w1", ioc_testing::contract(LATENESS, FOR_EVER)) };
    let minutes = INDICATORS.iter().map(|id| indicator(id, vec![WindowKind::Minute]));
    let indicators = minutes.chain([indicator(CLOSING, Vec::new())]).collect();
    Pack { timezone: "UTC".to_owned(), ..ioc_testing::pack("w1", Vec::new(), indicators, vec![feed]) }
}

struct OnePack(Arc<Decoder>);

impl PackVersions for OnePack {
    fn current(&self) -> Arc<Decoder> {
        self.0.clone()
    }
    fn version(&self, _: &PackVersion) -> Result<Arc<Decoder>, Halt> {
        Ok(self.0.clone())
    }
}

struct Output {
    file: BufWriter<File>,
    line: String,
    windows: u64,
    counts: Counts,
}

#[derive(Clone)]
struct Written(Arc<Mutex<Output>>);

impl Commit for Written {
    fn commit(&mut self, results: &EpochResults, _: Need) -> Result<(), Halt> {
        let mut output = self.0.lock().expect("the windows");
        let Output { file, line, windows, counts } = &mut *output;
        for window in &results.facts.windows {
            let a = window.aggregate;
            line.clear();
            let (mut whole, mut float) = (itoa::Buffer::new(), zmij::Buffer::new());
            line.push_str(&window.subject);
            line.push(',');
            line.push_str(&window.indicator);
            line.push(',');
            line.push_str(whole.format(window.start.0));
            line.push(',');
            line.push_str(whole.format(a.count));
            for value in [a.sum, a.min, a.max, a.mean().unwrap_or_default()] {
                line.push(',');
                line.push_str(float.format(value));
            }
            line.push('\n');
            file.write_all(line.as_bytes()).map_err(|error| Halt::because("cannot write a window", error))?;
        }
        *windows += results.facts.windows.len() as u64;
        for of_feed in &results.facts.feed_minutes {
            counts.add(&of_feed.counts);
        }
        Ok(())
    }
    fn ask(&mut self, question: &Question, _: Epoch) -> Result<Found, Halt> {
        Err(Halt(format!("nothing in W1 is older than the horizon, and it has no stations: {question:?}")))
    }
    fn vouch(&mut self) -> Result<(), Halt> {
        Ok(())
    }
    fn committed(&mut self, _: EpochResults, _: Consumed) {}
}

/// Of this process so far, in user and system.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: f64 =
        fields.get(11..13).into_iter().flatten().filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    ticks / 100.0
}

fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|kilobytes| kilobytes.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1_024
}
