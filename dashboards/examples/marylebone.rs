//! Serves the page over a board fed from two years of hourly London air, without the pipeline: a stand for looking
//! at the page and for its browser tests. The product's own demo is `ioc demo`, which goes the whole way.
//!
//! `cargo run -p ioc-dashboards --example marylebone -- CSV [ADDRESS]`

#[path = "../tests/support/mod.rs"]
mod support;

use std::{future::IntoFuture, sync::Arc, time::Duration};

use ioc_dashboards::{
    AppState, ArchiveStatus, Behind, Board, BusHealth, HeldBack, Hydration, LiveLimits, Open, PackStatus,
    StoreHealth, SystemStatus, router, steady,
};
use ioc_model::{
    counts::Counts,
    observation::Quality,
    reject::RejectReason,
    results::{EpochResults, FeedMinute, RowStanding},
    time::Now,
};
use support::{
    AskedSources, AtTheDoor, Belt, Desk, HOUR, OneNode, Record, SamePack, Shelf, arrival, counts, heard,
    hour, observation, reject, results, text,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const SPEED: f64 = 300.0;
/// 2004-06-10T00:00:00Z.
const FROM: i64 = 1_086_825_600_000;
const WARM_UP_HOURS: i64 = 96;

/// A moment, and (indicator, value) in the indicator's unit.
type Row = (i64, Vec<(&'static str, f64)>);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("name the CSV file")?;
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let rows = read(&file)?;

    let pack = Arc::new(support::pack());
    let board = Arc::new(Board::new(&pack));
    let record = Arc::new(Record::default());
    board.hydrate(Hydration::default());
    let mut replay = Replay { rows, next: 0, epoch: 0, offset: 0, until: FROM };
    let start = FROM + WARM_UP_HOURS * HOUR;
    while replay.until < start {
        let made = replay.advance(replay.until + HOUR / 4);
        record.take(&made);
        board.apply(&made);
    }

    let closing = CancellationToken::new();
    let registry = prometheus::Registry::new();
    let behind = Behind {
        access: Arc::new(Open),
        history: record.clone(),
        operator: Arc::new(Desk::default()),
        originals: Arc::new(Shelf::default()),
        arrivals: Arc::new(Belt::default()),
        clients: Arc::new(AtTheDoor),
        pulls: Arc::new(AskedSources),
        reload: Arc::new(SamePack),
        nodes: Arc::new(OneNode),
    };
    let state = AppState::new(pack, board.clone(), behind, registry, &LiveLimits::default(), closing)?;
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("http://{}", listener.local_addr()?);
    let began = Instant::now();
    let server = axum::serve(
        steady(listener, Duration::from_secs(20)),
        router(state).into_make_service_with_connect_info::<std::net::SocketAddr>(),
    );
    let feeding = async move {
        let mut beat = tokio::time::interval(Duration::from_millis(250));
        let mut ticks = 0_u32;
        loop {
            let _ = beat.tick().await;
            let now = start + (began.elapsed().as_secs_f64() * 1_000.0 * SPEED) as i64;
            let made = replay.advance(now);
            record.take(&made);
            board.apply(&made);
            if ticks.is_multiple_of(4) {
                board.system(status(now));
            }
            ticks += 1;
        }
    };
    tokio::select! {
        served = server.into_future() => served?,
        () = feeding => {}
    }
    Ok(())
}

fn status(now: i64) -> SystemStatus {
    SystemStatus {
        now: Now(now),
        clock_speed: SPEED,
        bus: BusHealth::Writing,
        clickhouse: StoreHealth::Up,
        outstanding_epochs: 1,
        stalled_since: None,
        replaying: false,
        in_flight: vec![("air-gateway".into(), 2)],
        in_flight_at: Some(Now(now)),
        held_back: HeldBack::default(),
        door: Vec::new(),
        halted: None,
        archive: ArchiveStatus::default(),
        pack: PackStatus::default(),
    }
}

struct Replay {
    rows: Vec<Row>,
    next: usize,
    epoch: u64,
    offset: u64,
    until: i64,
}

impl Replay {
    /// The epoch of everything up to a moment: one station by gateway and again by file (duplicates), one that fell
    /// silent half a day after the start, a water station with a bad line every few hours.
    fn advance(&mut self, now: i64) -> EpochResults {
        self.epoch += 1;
        let mut made = results(self.epoch, now);
        while let Some((moment, values)) = self.rows.get(self.next).cloned() {
            if moment + HOUR / 12 > now {
                break;
            }
            self.next += 1;
            self.offset += 3;
            let received = moment + HOUR / 12;
            let rows = u64::try_from(values.len()).unwrap_or(0);
            let mut gateway = heard(received, counts(1, rows, 0, 0));
            let mut files = heard(received, counts(1, 0, rows, 0));
            for (row, (indicator, value)) in (0..).zip(&values) {
                let at = arrival(received, self.offset, row);
                let mut first = observation("TN_UBNDTN_KHIXQU", indicator, moment, *value, "air-gateway", at);
                if *indicator == "so2" && self.next % 9 > 4 {
                    first.quality = Quality::DeviceError;
                }
                if *indicator == "o3" {
                    first.standing = RowStanding::Correction;
                }
                made.facts.observations.push(first);
                made.facts.windows.push(hour(
                    "TN_UBNDTN_KHIXQU",
                    indicator,
                    moment,
                    &[*value * 0.9, *value, *value * 1.2],
                    if self.next % 11 == 3 { 4 } else { 3 },
                ));
                if moment < FROM + 90 * HOUR {
                    let at = arrival(received, self.offset + 1, row);
                    made.facts.observations.push(observation(
                        "TN_TRBANG_KHIXQU",
                        indicator,
                        moment,
                        value * 0.7,
                        "air-files",
                        at,
                    ));
                    made.facts.windows.push(hour("TN_TRBANG_KHIXQU", indicator, moment, &[value * 0.7], 1));
                    files.rows += 1;
                    files.stored += 1;
                }
            }
            gateway.received += 1;
            gateway.empty += 1;
            if moment >= FROM + 90 * HOUR {
                files = Counts::default();
            }
            let at = arrival(received, self.offset + 2, 0);
            let (ph, tss) = (7.0 + (self.next % 7) as f64 / 10.0, 30.0 + (self.next % 13) as f64);
            made.facts.observations.push(observation("TN_KCNPD_NUOTHA", "ph", now, ph, "water-files", at));
            made.facts.observations.push(observation(
                "TN_KCNPD_NUOTHA",
                "tss",
                now,
                tss,
                "water-files",
                arrival(received, self.offset + 2, 1),
            ));
            made.facts.windows.push(hour("TN_KCNPD_NUOTHA", "ph", moment, &[ph], 12));
            made.facts.windows.push(hour("TN_KCNPD_NUOTHA", "tss", moment, &[tss], 12));
            let mut water = heard(received, counts(1, 2, 0, 0));
            if self.next.is_multiple_of(3) {
                let message = text(
                    "giá trị 'NaN' không phải là số; ví dụ đúng: 41.25",
                    "the value 'NaN' is not a number; right would be: 41.25",
                );
                let raw = "COD\tNaN\tmg/l\t20040612090000\t00".as_bytes();
                made.facts.rejects.push(reject(
                    "water-files",
                    arrival(received, self.offset + 2, 2),
                    RejectReason::NotANumber,
                    message,
                    raw,
                ));
                water.rows += 1;
                water.rejected += 1;
            }
            for (feed, count) in [("air-gateway", gateway), ("air-files", files), ("water-files", water)] {
                made.facts.feed_minutes.push(FeedMinute::new(feed.into(), made.now, count));
            }
        }
        self.until = now;
        made
    }
}

fn read(file: &str) -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    // Parts per billion to µg/m³ at 25 °C.
    let columns = [
        ("pm25", "pm25", 1.0),
        ("pm10", "pm10", 1.0),
        ("no2", "no2", 1.88),
        ("o3", "o3", 1.96),
        ("so2", "so2", 2.62),
        ("co", "co", 1_145.0),
    ];
    let mut reader = csv::Reader::from_path(file)?;
    let header = reader.headers()?.clone();
    let column = |name: &str| header.iter().position(|title| title == name);
    let mut rows = Vec::new();
    for (number, record) in reader.records().enumerate() {
        let record = record?;
        // Hourly from 2003-01-01T00:00:00Z on, without a missing line.
        let moment = 1_041_379_200_000 + i64::try_from(number)? * HOUR;
        if moment < FROM {
            continue;
        }
        let value = |name: &str, factor: f64| Some(record.get(column(name)?)?.parse::<f64>().ok()? * factor);
        let values =
            columns.iter().filter_map(|(indicator, name, factor)| Some((*indicator, value(name, *factor)?)));
        rows.push((moment, values.collect()));
    }
    Ok(rows)
}
