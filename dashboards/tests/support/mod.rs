//! A small province, rows for it, and a record of windows to ask: what the page's tests stand on.
#![allow(
    dead_code,
    unused_imports,
    unused_results,
    missing_docs,
    reason = "each test binary uses its part of it"
)]

mod beside;
mod ledger;
mod record;

use std::{collections::BTreeMap, sync::Arc};

pub use beside::{AskedSources, AtTheDoor, Belt, Desk, Given, OneNode, SamePack, Shelf};
use ioc_model::{
    contract::Contract,
    counts::Counts,
    epoch::{Epoch, Generation},
    event::Count,
    event::EventKind,
    figure::{FigureId, FigureReason, FigureVerdict, Freshness, InputKind},
    index::{IndexId, IndexPart, Indexed, NoIndex},
    limit::Averaging,
    observation::Quality,
    pack::{Feed, FormatName, Indicator, Pack, PackVersion, Station, StationKind, Transport},
    place::{Place, PlaceKey, PlaceKind},
    position::{Arrival, LogNumber, Offset, Partition, Position},
    reject::{RejectReason, Rejection},
    results::{
        AlertResult, Assessment, EpochResults, Evidence, FigureHour, FigureInput, FigureResult, IndexResult,
        LimitVerdict, RejectedRow, RowStanding, StoredObservation, WindowResult,
    },
    rule::{AlertAbout, AlertChange, AlertKey, CountBy, Counted, Counting, Priority},
    text::Text,
    time::{EventTime, Millis, Now, ReceivedAt},
    usual::compared,
    window::{Aggregate, ClosedBy, Registers, WindowKind},
};
pub use record::{Record, Trouble};

pub const HOUR: i64 = 3_600_000;

pub fn text(vi: &str, en: &str) -> Text {
    Text { vi: vi.to_owned(), en: en.to_owned() }
}

pub fn pack() -> Pack {
    let indicators = [
        ("pm25", "PM2.5", "Bụi mịn", "Fine dust", "ug/m3", 0),
        ("pm10", "PM10", "Bụi", "Dust", "ug/m3", 0),
        ("no2", "NO2", "Nitơ đioxit", "Nitrogen dioxide", "ug/m3", 1),
        ("o3", "O3", "Ôzôn", "Ozone", "ug/m3", 1),
        ("so2", "SO2", "Lưu huỳnh đioxit", "Sulphur dioxide", "ug/m3", 1),
        ("co", "CO", "Cacbon monoxit", "Carbon monoxide", "ug/m3", 0),
        ("ph", "pH", "Độ pH", "Acidity", "", 2),
        ("tss", "TSS", "Chất rắn lơ lửng", "Suspended solids", "mg/l", 1),
        ("cod", "COD", "Nhu cầu oxy hóa học", "Chemical oxygen demand", "mg/l", 1),
    ];
    let air = [("pm25", HOUR), ("pm10", HOUR), ("no2", HOUR), ("o3", HOUR), ("so2", HOUR), ("co", HOUR)];
    let water = [("ph", HOUR / 12), ("tss", HOUR / 12), ("cod", HOUR / 12)];
    let stations = [
        station(
            "TN_UBNDTN_KHIXQU",
            "Trạm không khí UBND tỉnh",
            "Provincial office air",
            StationKind::AmbientAir,
            0,
            &air,
        ),
        station(
            "TN_TRBANG_KHIXQU",
            "Trạm không khí Trảng Bàng",
            "Trảng Bàng air",
            StationKind::AmbientAir,
            1,
            &air,
        ),
        station(
            "TN_HOATHA_KHIXQU",
            "Trạm không khí Hòa Thành",
            "Hòa Thành air",
            StationKind::AmbientAir,
            2,
            &air[..3],
        ),
        station(
            "TN_KCNPD_NUOTHA",
            "Nước thải KCN Phước Đông",
            "Phước Đông industrial park",
            StationKind::WasteWater,
            1,
            &water,
        ),
    ];
    let feeds = [
        feed(
            "air-gateway",
            "Cổng quan trắc không khí",
            "Air gateway",
            Transport::Mqtt { topics: vec!["air/#".into()] },
            FormatName::JsonObservation,
            2,
        ),
        feed(
            "air-files",
            "Tệp trạm không khí",
            "Air station files",
            Transport::Files { folder: "air".into() },
            FormatName::StationTxt,
            2,
        ),
        feed(
            "water-files",
            "Tệp trạm nước thải",
            "Waste water files",
            Transport::Files { folder: "water".into() },
            FormatName::StationTxt,
            1,
        ),
        feed(
            "reports",
            "Báo cáo sở, ngành",
            "Agency reports",
            Transport::Http,
            FormatName::JsonObservation,
            24,
        ),
    ];
    let indicators = indicators
        .map(|(id, symbol, vi, en, unit, decimals)| indicator(id, symbol, text(vi, en), unit, decimals));
    Pack {
        name: text("tỉnh Tây Ninh", "Tây Ninh province"),
        version: PackVersion("0011223344556677".into()),
        replayed: Some(text("Luân Đôn, Marylebone Road, 2003–2004", "London, Marylebone Road, 2003–2004")),
        places: PLACES.iter().map(|(code, vi, en)| place(code, vi, en)).collect(),
        ..ioc_testing::pack("tay-ninh", stations.into(), indicators.into(), feeds.into())
    }
}

const PLACES: [(&str, &str, &str); 3] = [
    ("25459", "Phường Tân Ninh", "Tân Ninh ward"),
    ("25708", "Phường Trảng Bàng", "Trảng Bàng ward"),
    ("25645", "Phường Hòa Thành", "Hòa Thành ward"),
];

fn place(code: &str, vi: &str, en: &str) -> Place {
    Place { name: text(vi, en), ..ioc_testing::place(key(code), PlaceKind::Ward) }
}

fn key(code: &str) -> PlaceKey {
    PlaceKey { code: code.into(), valid_from: "2000-01-01".parse().unwrap() }
}

fn indicator(id: &str, symbol: &str, name: Text, unit: &str, decimals: u8) -> Indicator {
    Indicator {
        symbol: symbol.into(),
        name,
        unit: unit.into(),
        units: BTreeMap::new(),
        decimals,
        windows: vec![WindowKind::Hour],
        ..ioc_testing::indicator(id)
    }
}

fn station(
    id: &str,
    vi: &str,
    en: &str,
    kind: StationKind,
    place: usize,
    measures: &[(&str, i64)],
) -> Station {
    let measures: Vec<_> = measures.iter().map(|(name, cadence)| (*name, Millis(*cadence))).collect();
    Station {
        name: text(vi, en),
        kind,
        place: key(PLACES[place].0),
        valid_from: "2000-01-01".parse().unwrap(),
        ..ioc_testing::station(id, &measures)
    }
}

fn feed(id: &str, vi: &str, en: &str, transport: Transport, format: FormatName, silent_hours: i64) -> Feed {
    let contract = Contract { lateness: Millis::minutes(20), ..Contract::default() };
    Feed {
        name: text(vi, en),
        owner: text("Sở Nông nghiệp và Môi trường", "Agriculture and Environment"),
        transport,
        format,
        silent_after: Millis::hours(silent_hours),
        ..ioc_testing::feed(id, contract)
    }
}

pub fn arrival(received_at: i64, offset: u64, row: u32) -> Arrival {
    Arrival {
        received_at: ReceivedAt(received_at),
        position: Position { log: LogNumber(1), partition: Partition(0), offset: Offset(offset) },
        row,
    }
}

pub fn observation(
    subject: &str,
    indicator: &str,
    event_time: i64,
    value: f64,
    feed: &str,
    arrival: Arrival,
) -> StoredObservation {
    StoredObservation {
        indicator: indicator.into(),
        subject: subject.into(),
        event_time: EventTime(event_time),
        value,
        quality: Quality::Good,
        feed: feed.into(),
        sender: "".into(),
        arrival,
        standing: RowStanding::First,
        last_word: true,
    }
}

pub fn hour(subject: &str, indicator: &str, start: i64, values: &[f64], expected: u32) -> WindowResult {
    let mut aggregate = Aggregate::default();
    values.iter().for_each(|value| aggregate.push(*value));
    WindowResult {
        indicator: indicator.into(),
        subject: subject.into(),
        kind: WindowKind::Hour,
        start: EventTime(start),
        end: EventTime(start + HOUR),
        aggregate,
        received: u32::try_from(values.len()).unwrap(),
        expected,
        closed_by: ClosedBy::Watermark,
        spiked: false,
        registers: Registers::default(),
    }
}

pub fn reject(feed: &str, arrival: Arrival, reason: RejectReason, message: Text, raw: &[u8]) -> RejectedRow {
    RejectedRow {
        feed: feed.into(),
        sender: "".into(),
        arrival,
        whole: false,
        address: "air/TN_UBNDTN_KHIXQU_20040612090000.txt".into(),
        rejection: Arc::new(Rejection { reason, place: "line 3".into(), message }),
        raw: raw.into(),
        raw_length: u32::try_from(raw.len()).unwrap(),
    }
}

pub fn results(epoch: u64, now: i64) -> EpochResults {
    EpochResults {
        epoch: Epoch(epoch),
        generation: Generation(0),
        now: Now(now),
        manifest_hash: [0; 32],
        pack: Default::default(),
        ..EpochResults::default()
    }
}

pub fn counts(envelopes: u64, stored: u64, duplicate: u64, rejected: u64) -> Counts {
    Counts {
        received: envelopes,
        decoded: envelopes,
        rows: stored + duplicate + rejected,
        stored,
        duplicate,
        rejected,
        ..Counts::default()
    }
}

/// The same, the last envelope received at that moment.
pub fn heard(at: i64, counts: Counts) -> Counts {
    Counts { last_received: Some(ReceivedAt(at)), ..counts }
}

/// The same province with a map.
pub fn pack_with_map() -> Pack {
    Pack { map: Some(r#"{"type":"Topology","objects":{},"arcs":[]}"#.into()), ..pack() }
}

/// An index of air of that value.
pub fn index(subject: &str, kind: WindowKind, start: i64, value: Result<f64, NoIndex>) -> IndexResult {
    let part = IndexPart { indicator: "pm25".into(), input: 38.8, sub_index: 77.6 };
    IndexResult {
        index: IndexId::VnAqi,
        subject: subject.into(),
        kind,
        start: EventTime(start),
        end: EventTime(start + if kind == WindowKind::Day { 24 * HOUR } else { HOUR }),
        indexed: Indexed {
            value,
            category: value.is_ok().then_some(1),
            dominant: value.is_ok().then(|| "pm25".into()),
            parts: vec![part],
        },
        closed_by: ClosedBy::Watermark,
    }
}

pub fn assessment(
    subject: &str,
    indicator: &str,
    averaging: Averaging,
    start: i64,
    verdict: LimitVerdict,
) -> Assessment {
    Assessment {
        limit: "qcvn05-pm25-day".into(),
        indicator: indicator.into(),
        subject: subject.into(),
        averaging,
        start: EventTime(start),
        end: EventTime(start + 24 * HOUR),
        value: Some(62.0),
        low: None,
        high: Some(50.0),
        verdict,
        count: 24,
        expected: 24,
        said_before: false,
    }
}

/// The highest VN_AQI of that value, as the flow says it.
pub fn figure(at: i64, value: f64) -> FigureResult {
    FigureResult {
        figure: FigureId::Aqi,
        at: Now(at),
        start: EventTime(at - HOUR),
        end: EventTime(at),
        value: Some(value),
        of: None,
        target: Some(100.0),
        verdict: FigureVerdict::Near,
        reason: FigureReason::NearTarget,
        priority: None,
        freshness: Freshness::Fresh,
        late_from: Some(EventTime(at + HOUR)),
        stale_from: Some(EventTime(at + 2 * HOUR)),
        count: 1,
        expected: 3,
        parts: vec![("good".into(), 1)],
        hours: vec![FigureHour {
            start: EventTime(at - HOUR),
            value: Some(value),
            verdict: FigureVerdict::Near,
        }],
        inputs_all: 3,
        inputs: vec![FigureInput {
            kind: InputKind::Index,
            subject: "TN_UBNDTN_KHIXQU".into(),
            measure: "vn_aqi".into(),
            start: EventTime(at - HOUR),
            number: 0,
            value: Some(value),
            word: "pm25".into(),
        }],
    }
}

/// An alert of an address that tried to log in six times, up to that moment.
pub fn suspected(address: &str, at: i64) -> AlertResult {
    let counting = ioc_testing::counting(Count::Attempts, CountBy::From);
    let counted = Counted { counting, group: address.to_owned(), last: arrival(at, 7, 1) };
    let raised = alert("guessing", 1, AlertChange::Raised, at);
    let evidence = Evidence {
        measure: "attempts".into(),
        averaging: None,
        start: EventTime(at - 600_000),
        end: EventTime(at + 1),
        value: Some(6.0),
        threshold: Some(5.0),
        status: None,
        events: Some(Arc::new(counted)),
        compared: None,
        sensor: None,
    };
    AlertResult {
        key: AlertKey { subject: address.into(), ..raised.key },
        about: AlertAbout::Address,
        evidence: Some(evidence),
        ..raised
    }
}

/// An alert of a log source of which an hour stands out, the one before: it was held against that of three days.
pub fn unusual(log_source: &str, measure: &str, at: i64) -> AlertResult {
    let hours = [4.0, 9.0, 6.0];
    let known = |start: EventTime| {
        let days = (at - HOUR - start.0) / (24 * HOUR);
        usize::try_from(days - 1).ok().and_then(|day| hours.get(day)).copied()
    };
    let raised = many_of(log_source, measure, at);
    let compared = compared(EventTime(at - HOUR), known).map(Arc::new);
    let evidence = raised.evidence.map(|evidence| Evidence { compared, threshold: Some(18.0), ..evidence });
    AlertResult { key: AlertKey { rule: "unusual".into(), ..raised.key }, evidence, ..raised }
}

/// An alert of a log source that a measure raised, of the hour before.
pub fn many_of(log_source: &str, measure: &str, at: i64) -> AlertResult {
    let raised = alert("many", 1, AlertChange::Raised, at);
    AlertResult {
        key: AlertKey { subject: log_source.into(), ..raised.key },
        about: AlertAbout::LogSource,
        evidence: raised.evidence.map(|evidence| Evidence { measure: measure.into(), ..evidence }),
        ..raised
    }
}

/// Something that happened to an alert of the first station: a cleared one is not active, an acknowledged one is
/// `an`'s.
pub fn alert(rule: &str, number: u32, change: AlertChange, at: i64) -> AlertResult {
    let acknowledged = change == AlertChange::Acknowledged;
    AlertResult {
        key: AlertKey { rule: rule.into(), subject: "TN_UBNDTN_KHIXQU".into(), number },
        about: AlertAbout::Station,
        change,
        priority: Priority::High,
        active: change != AlertChange::Cleared,
        acknowledged,
        occurrences: 1,
        at: Now(at),
        evidence: (!acknowledged).then(|| Evidence {
            measure: "vn_aqi".into(),
            averaging: Some(Averaging::Hour),
            start: EventTime(at - HOUR),
            end: EventTime(at),
            value: Some(160.0),
            threshold: Some(150.0),
            status: None,
            events: None,
            compared: None,
            sensor: None,
        }),
        user: if acknowledged { "an".into() } else { "".into() },
        note: "".into(),
        seq: 0,
    }
}
