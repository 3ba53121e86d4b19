//! The store's words and numbers as the vocabulary has them. A word this program does not write is not guessed at.

use std::sync::Arc;

use ioc_dashboards::{
    HistoryError,
    alerts::AlertView,
    assessment::AssessmentView,
    history::{AlertEvent, TrendPoint},
    index_tile::IndexView,
    lineage::{StoredRow, TracedRow, WindowRef},
};
use ioc_model::{
    index::{IndexId, IndexPart, NoIndex},
    limit::Averaging,
    name::Name,
    observation::Quality,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    reject::{RejectReason, Rejection},
    results::{Evidence, RejectedRow, Standing, StoredObservation, Verdict},
    rule::{AlertChange, AlertKey, Priority},
    status::StationStatus,
    text::Text,
    time::{EventTime, Now, ReceivedAt},
    window::{ClosedBy, WindowKind},
};
use ioc_storage::{
    Class, StoreError,
    queries::{
        self, AlertNow, AlertRow, AssessmentRow, EnvelopeRow, EvidenceColumns, IndexRow, LatestValue,
        RecentReject, WindowFigures, WindowRow,
    },
};

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn unanswered(error: StoreError) -> HistoryError {
    match error.class() {
        Class::Retry | Class::Doubtful => HistoryError::Away(error.to_string()),
        Class::Refused => HistoryError::Refused(error.to_string()),
    }
}

fn unreadable(what: &str, word: &str) -> HistoryError {
    HistoryError::Refused(format!("the store holds the {what} '{word}', which this program does not write"))
}

pub(super) fn trend_point(point: &queries::TrendPoint) -> Result<TrendPoint, HistoryError> {
    Ok(TrendPoint {
        start: EventTime(point.start),
        end: EventTime(point.end),
        mean: point.mean,
        min: point.min,
        max: point.max,
        count: point.count,
        received: point.received,
        expected: point.expected,
        closed_by: closed_by(&point.closed_by)?,
        revision: point.revision,
    })
}

fn arrival(received_at: i64, log: u16, partition: u16, offset: u64, row: u32) -> Arrival {
    let position = Position { log: LogNumber(log), partition: Partition(partition), offset: Offset(offset) };
    Arrival { received_at: ReceivedAt(received_at), position, row }
}

pub(super) fn stored_observation(value: &LatestValue) -> Result<StoredObservation, HistoryError> {
    let LatestValue { received_at, log, partition, offset, row, .. } = *value;
    Ok(StoredObservation {
        indicator: Name::new(&value.indicator),
        subject: Name::new(&value.subject),
        event_time: EventTime(value.event_time),
        value: value.value,
        quality: quality(&value.quality)?,
        feed: Name::new(&value.feed),
        sender: Name::default(),
        arrival: arrival(received_at, log, partition, offset, row),
        standing: value.standing(),
        last_word: true,
    })
}

pub(super) fn rejected_row(reject: &RecentReject) -> Result<RejectedRow, HistoryError> {
    let reason = RejectReason::ALL.into_iter().find(|reason| reason.word() == reject.reason);
    let RecentReject { received_at, log, partition, offset, row, whole, raw_length, .. } = *reject;
    Ok(RejectedRow {
        feed: Name::new(&reject.feed),
        sender: Name::default(),
        arrival: arrival(received_at, log, partition, offset, row),
        whole,
        address: reject.address.as_str().into(),
        rejection: Arc::new(Rejection {
            reason: reason.ok_or_else(|| unreadable("reason", &reject.reason))?,
            place: reject.place.clone(),
            message: Text { vi: reject.message_vi.clone(), en: reject.message_en.clone() },
        }),
        raw: reject.raw.as_bytes().into(),
        raw_length,
    })
}

fn word<T>(what: &str, word: &str, found: Option<T>) -> Result<T, HistoryError> {
    found.ok_or_else(|| unreadable(what, word))
}

fn quality(text: &str) -> Result<Quality, HistoryError> {
    word("quality", text, Quality::from_word(text))
}

fn standing(text: &str) -> Result<Standing, HistoryError> {
    word("standing", text, Standing::ALL.into_iter().find(|standing| standing.word() == text))
}

pub(super) fn closed_by(text: &str) -> Result<ClosedBy, HistoryError> {
    let all = [ClosedBy::Watermark, ClosedBy::Patience, ClosedBy::Revision];
    word("closing", text, all.into_iter().find(|closed_by| closed_by.word() == text))
}

pub(super) fn window_kind(text: &str) -> Result<WindowKind, HistoryError> {
    word("window", text, WindowKind::ALL.into_iter().find(|kind| kind.word() == text))
}

pub(super) fn index_id(text: &str) -> Result<IndexId, HistoryError> {
    word("index", text, IndexId::from_word(text))
}

pub(super) fn station_status(text: &str) -> Result<StationStatus, HistoryError> {
    word("state", text, StationStatus::from_word(text))
}

pub(super) fn averaging(text: &str) -> Result<Averaging, HistoryError> {
    word("averaging", text, Averaging::from_word(text))
}

/// An empty column is "none".
fn said(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

pub(super) fn index_view(row: &IndexRow) -> Result<IndexView, HistoryError> {
    let reason = |text| word("reason", text, NoIndex::from_word(text));
    let parts = row.part_indicators.iter().zip(&row.part_inputs).zip(&row.part_sub_indices);
    Ok(IndexView {
        start: EventTime(row.start),
        end: EventTime(row.end),
        value: row.value,
        category: said(&row.category).map(Name::from),
        reason: said(&row.reason).map(reason).transpose()?,
        dominant: said(&row.dominant).map(Name::from),
        parts: parts
            .map(|((indicator, input), sub_index)| IndexPart {
                indicator: indicator.as_str().into(),
                input: *input,
                sub_index: *sub_index,
            })
            .collect(),
        closed_by: closed_by(&row.closed_by)?,
        revision: row.revision,
    })
}

pub(super) fn assessment_view(row: &AssessmentRow) -> Result<AssessmentView, HistoryError> {
    Ok(AssessmentView {
        limit: Name::new(&row.limit),
        indicator: Name::new(&row.indicator),
        subject: Name::new(&row.subject),
        averaging: averaging(&row.averaging)?,
        start: EventTime(row.start),
        end: EventTime(row.end),
        value: row.value,
        low: row.low,
        high: row.high,
        verdict: word("verdict", &row.verdict, Verdict::from_word(&row.verdict))?,
        count: row.count,
        expected: row.expected,
        revision: row.revision,
    })
}

pub(super) fn window_ref(kind: WindowKind, window: &WindowFigures) -> WindowRef {
    WindowRef {
        indicator: window.indicator.clone(),
        kind,
        start: EventTime(window.start),
        end: EventTime(window.end),
        mean: window.mean,
        count: window.count,
        received: window.received,
        expected: window.expected,
        revision: window.revision,
    }
}

pub(super) fn traced_row(indicator: &str, subject: &str, row: &WindowRow) -> Result<TracedRow, HistoryError> {
    let WindowRow { received_at, log, partition, offset, .. } = *row;
    let arrival = arrival(received_at, log, partition, offset, row.row);
    let stored = StoredRow {
        indicator: Name::from(indicator),
        subject: Name::from(subject),
        event_time: EventTime(row.event_time),
        value: row.value,
        quality: quality(&row.quality)?,
        standing: standing(&row.standing)?,
        feed: Name::new(&row.feed),
        received_at: arrival.received_at,
        position: arrival.position.to_string(),
        row: row.row,
    };
    Ok(TracedRow { stored, current: row.current, counted: row.counted })
}

pub(super) fn stored_row(position: Position, row: &EnvelopeRow) -> Result<StoredRow, HistoryError> {
    Ok(StoredRow {
        indicator: Name::new(&row.indicator),
        subject: Name::new(&row.subject),
        event_time: EventTime(row.event_time),
        value: row.value,
        quality: quality(&row.quality)?,
        standing: standing(&row.standing)?,
        feed: Name::new(&row.feed),
        received_at: ReceivedAt(row.received_at),
        position: position.to_string(),
        row: row.row,
    })
}

fn evidence(columns: EvidenceColumns<'_>) -> Result<Option<Evidence>, HistoryError> {
    let (Some(measure), Some((start, end))) = (said(columns.measure), columns.window) else {
        return Ok(None);
    };
    Ok(Some(Evidence {
        measure: Name::from(measure),
        averaging: said(columns.averaging).map(averaging).transpose()?,
        start: EventTime(start),
        end: EventTime(end),
        value: columns.value,
        threshold: columns.threshold,
        status: said(columns.status).map(station_status).transpose()?,
    }))
}

fn change(text: &str) -> Result<AlertChange, HistoryError> {
    word("change", text, AlertChange::from_word(text))
}

pub(super) fn alert_view(row: &AlertNow) -> Result<AlertView, HistoryError> {
    let key =
        AlertKey { rule: row.rule.as_str().into(), subject: row.subject.as_str().into(), number: row.number };
    Ok(AlertView {
        id: key.to_string(),
        rule: Name::new(&row.rule),
        subject: Name::new(&row.subject),
        priority: word("priority", &row.priority, Priority::from_word(&row.priority))?,
        active: row.active,
        acknowledged: row.acknowledged,
        occurrences: row.occurrences,
        raised_at: Now(row.raised_at),
        cleared_at: row.cleared_at.map(Now),
        acknowledged_at: row.acknowledged_at.map(Now),
        user: said(&row.user).map(str::to_owned),
        note: said(&row.note).map(str::to_owned),
        change: change(&row.change)?,
        at: Now(row.at),
        evidence: evidence(row.evidence())?,
    })
}

pub(super) fn alert_event(row: &AlertRow) -> Result<AlertEvent, HistoryError> {
    Ok(AlertEvent {
        change: change(&row.change)?,
        at: Now(row.at),
        active: row.active,
        acknowledged: row.acknowledged,
        occurrences: row.occurrences,
        user: said(&row.user).map(str::to_owned),
        note: said(&row.note).map(str::to_owned),
        evidence: evidence(row.evidence())?,
        epoch: row.epoch,
    })
}
