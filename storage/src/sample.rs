//! Epochs for tests.

use std::sync::Arc;

use ioc_model::{
    counts::Counts,
    epoch::{Epoch, Generation},
    observation::Quality,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    reject::{RejectReason, Rejection},
    results::{EpochResults, RejectedRow, Standing, StoredObservation, WindowResult},
    text::Text,
    time::{EventTime, Now, ReceivedAt},
    window::{Aggregate, ClosedBy, WindowKind},
};

pub(crate) fn time(text: &str) -> EventTime {
    EventTime(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// An epoch of that many observations, one window, one reject and one feed's counts.
pub(crate) fn results(epoch: Epoch, observations: u64) -> EpochResults {
    let start = time("2024-11-05T00:00:00Z");
    let feed: Arc<str> = Arc::from("air-mqtt");
    let arrival = |offset: u64| Arrival {
        received_at: ReceivedAt(start.0 + 1_000 * epoch.0 as i64),
        position: Position { log: LogNumber(1), partition: Partition(0), offset: Offset(offset) },
        row: 0,
    };
    let base = epoch.0 * 1_000_000;
    EpochResults {
        epoch,
        generation: Generation(0),
        now: Now(start.0 + 1_000 * epoch.0 as i64 + 250),
        manifest_hash: [epoch.0 as u8; 32],
        observations: (0..observations)
            .map(|index| StoredObservation {
                indicator: Arc::from("pm25"),
                subject: Arc::from(format!("station-{}", index % 5)),
                event_time: EventTime(start.0 + ((base + index) as i64) * 7),
                value: index as f64 / 3.0,
                quality: Quality::Good,
                feed: feed.clone(),
                arrival: arrival(base + index),
                standing: Standing::First,
            })
            .collect(),
        windows: vec![WindowResult {
            indicator: Arc::from("pm25"),
            subject: Arc::from("station-0"),
            kind: WindowKind::Hour,
            start,
            end: EventTime(start.0 + 3_600_000),
            aggregate: Aggregate { count: epoch.0, sum: 0.1 + epoch.0 as f64, min: 0.1, max: 9.0 },
            received: 60,
            expected: 60,
            closed_by: ClosedBy::Watermark,
        }],
        rejects: vec![RejectedRow {
            feed: feed.clone(),
            arrival: arrival(base + observations),
            whole: true,
            address: "air/x".into(),
            rejection: Rejection {
                reason: RejectReason::Malformed,
                place: String::new(),
                message: Text { vi: "không phải JSON".to_owned(), en: "not JSON".to_owned() },
            },
            raw: b"\xff{".as_slice().into(),
            raw_length: 2,
        }],
        counts: vec![(
            feed,
            Counts {
                received: observations + 1,
                decoded: observations,
                undecodable: 1,
                rows: observations,
                stored: observations,
                ..Counts::default()
            },
        )],
        recalls: Vec::new(),
        ..EpochResults::default()
    }
}
