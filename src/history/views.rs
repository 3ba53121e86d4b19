//! Rows of the store as the pages show them.

use std::sync::Arc;

use std::collections::BTreeMap;

use ioc_dashboards::{
    HistoryError,
    alert_times::{AlertTimesView, TimeTaken},
    alerts::AlertView,
    assessment::AssessmentView,
    events::EventView,
    figures::FigureView,
    held::HeldGroup,
    history::{AlertEvent, TrendPoint},
    index_tile::IndexView,
    lineage::{StoredRow, TracedRow, WindowRef},
    rejects::RejectView,
    replays::{RejectGroup, ReplayView},
};
use ioc_model::{
    ageing::Ages,
    epoch::Epoch,
    index::IndexPart,
    name::Name,
    pack::PackVersion,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    reject::{RejectReason, Rejection},
    results::{RejectedRow, StatusResult, StoredObservation},
    text::Text,
    time::{Millis, ReceivedAt},
    window::WindowKind,
};
use ioc_storage::{
    Class, StoreError,
    queries::{
        self, AlertNow, AlertRow, AssessmentRow, EnvelopeRow, EventRow, FigureRow, IndexRow, LatestValue,
        RecentReject, StationState, WindowFigures, WindowRow,
    },
};

/// The packs that epochs were judged with.
pub(super) type PacksOf = BTreeMap<Epoch, PackVersion>;

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn unanswered(error: StoreError) -> HistoryError {
    match error.class() {
        Class::Retry | Class::Doubtful => HistoryError::Away(error.to_string()),
        Class::Refused => HistoryError::Refused(error.to_string()),
    }
}

pub(super) fn alert_times_view(times: queries::AlertTimes) -> AlertTimesView {
    AlertTimesView {
        rule: times.rule,
        about: times.about,
        priority: times.priority,
        raised: times.raised,
        to_acknowledge: TimeTaken {
            measured: times.acknowledged,
            open: times.unacknowledged,
            open_since: times.waiting_since,
            mean: times.mean_to_acknowledge,
            median: times.median_to_acknowledge,
            longest: times.longest_to_acknowledge,
        },
        to_clear: TimeTaken {
            measured: times.cleared,
            open: times.active,
            open_since: times.active_since,
            mean: times.mean_to_clear,
            median: times.median_to_clear,
            longest: times.longest_to_clear,
        },
    }
}

pub(super) fn held_group(group: queries::HeldGroup) -> HeldGroup {
    let queries::HeldGroup { log, partition, offset, .. } = group;
    let position = Position { log, partition, offset };
    HeldGroup {
        sender: group.sender,
        feed: group.feed,
        subject: group.subject,
        indicator: group.indicator,
        day: group.day,
        rows: group.rows,
        replacing: group.replacing,
        mean: group.mean,
        stands: group.stands,
        first: group.first,
        last: group.last,
        received_at: group.received_at,
        position: position.to_string(),
    }
}

pub(super) fn event_view(event: EventRow) -> EventView {
    let EventRow { log, partition, offset, .. } = event;
    let position = Position { log, partition, offset };
    EventView {
        kind: event.kind,
        log_source: event.log_source,
        known: event.known,
        relay: event.relay,
        happened_at: event.happened_at,
        time_from: event.time_from,
        severity: event.severity,
        rated: event.rated,
        category: event.category,
        signature: event.signature,
        signature_id: event.signature_id,
        decided: event.decided,
        source_address: event.source_address,
        source_port: event.source_port,
        target_address: event.target_address,
        target_port: event.target_port,
        protocol: event.protocol,
        user: event.user,
        host: event.host,
        program: event.program,
        message: event.message,
        weight: event.weight,
        attempts: event.attempts,
        attributes: event.attributes,
        feed: event.feed,
        sender: event.sender,
        received_at: event.received_at,
        position: position.to_string(),
        row: event.row,
    }
}

pub(super) fn trend_point(point: &queries::TrendPoint) -> TrendPoint {
    TrendPoint {
        start: point.start,
        end: point.end,
        mean: point.mean,
        min: point.min,
        max: point.max,
        count: point.count,
        received: point.received,
        expected: point.expected,
        closed_by: point.closed_by,
        spiked: point.spiked,
        revision: point.revision,
    }
}

fn arrival(
    received_at: ReceivedAt,
    log: LogNumber,
    partition: Partition,
    offset: Offset,
    row: u32,
) -> Arrival {
    let position = Position { log, partition, offset };
    Arrival { received_at, position, row }
}

pub(super) fn stored_observation(value: &LatestValue) -> StoredObservation {
    let LatestValue { event_time, quality, received_at, log, partition, offset, row, standing, .. } = *value;
    StoredObservation {
        indicator: Name::new(&value.indicator),
        subject: Name::new(&value.subject),
        event_time,
        value: value.value,
        quality,
        feed: Name::new(&value.feed),
        sender: Name::new(&value.sender),
        arrival: arrival(received_at, log, partition, offset, row),
        standing,
        last_word: true,
    }
}

fn rejected_row(reject: &RecentReject) -> RejectedRow {
    let RecentReject { received_at, log, partition, offset, row, whole, reason, raw_length, .. } = *reject;
    RejectedRow {
        feed: Name::new(&reject.feed),
        sender: Name::new(&reject.sender),
        arrival: arrival(received_at, log, partition, offset, row),
        whole,
        address: reject.address.as_str().into(),
        rejection: Arc::new(Rejection {
            reason,
            place: reject.place.clone(),
            message: Text { vi: reject.message_vi.clone(), en: reject.message_en.clone() },
        }),
        raw: reject.raw.as_bytes().into(),
        raw_length,
    }
}

/// A reject as of an epoch.
pub(crate) fn reject_view(epoch: Epoch, reject: &RecentReject) -> RejectView {
    RejectView { replayed: !reject.stands, ..RejectView::new(epoch, &rejected_row(reject)) }
}

pub(super) fn reject_group(group: queries::RejectGroup) -> RejectGroup {
    let queries::RejectGroup { feed, reason, open, messages, first, last, replayed } = group;
    RejectGroup { feed, reason, open, messages, first, last, replayed }
}

pub(super) fn replay_view(row: queries::ReplayRow) -> ReplayView {
    let position = Position { log: row.log, partition: row.partition, offset: row.offset };
    ReplayView {
        position: position.to_string(),
        row: row.row,
        feed: row.of_feed,
        stored: row.stored,
        reason: RejectReason::from_word(&row.reason),
        from: row.received_from,
        to: row.received_until,
        done: row.done,
        messages: row.messages,
        error: (!row.error.is_empty()).then_some(row.error),
        changed: row.changed,
        good: row.good,
        replaced: row.replaced,
        before: row.before,
        rejected: row.rejected,
        unclear: row.unclear,
        missing: row.missing,
        user: row.user,
        note: row.note,
        received_at: row.received_at,
    }
}

/// An empty column is "none".
fn said(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

pub(super) fn index_view(row: &IndexRow) -> IndexView {
    let parts = row.part_indicators.iter().zip(&row.part_inputs).zip(&row.part_sub_indices);
    IndexView {
        start: row.start,
        end: row.end,
        value: row.value,
        category: said(&row.category).map(Name::from),
        reason: row.reason,
        dominant: said(&row.dominant).map(Name::from),
        parts: parts
            .map(|((indicator, input), sub_index)| IndexPart {
                indicator: indicator.as_str().into(),
                input: *input,
                sub_index: *sub_index,
            })
            .collect(),
        closed_by: row.closed_by,
        revision: row.revision,
    }
}

pub(super) fn assessment_view(row: &AssessmentRow) -> AssessmentView {
    AssessmentView {
        limit: Name::new(&row.limit),
        indicator: Name::new(&row.indicator),
        subject: Name::new(&row.subject),
        place: None,
        averaging: row.averaging,
        start: row.start,
        end: row.end,
        value: row.value,
        low: row.low,
        high: row.high,
        verdict: row.verdict,
        priority: row.verdict.priority(),
        count: row.count,
        expected: row.expected,
        revision: row.revision,
        ages: Ages::default(),
    }
}

pub(super) fn window_ref(kind: WindowKind, window: &WindowFigures) -> WindowRef {
    WindowRef {
        indicator: window.indicator.clone(),
        kind,
        start: window.start,
        end: window.end,
        mean: window.mean,
        count: window.count,
        received: window.received,
        expected: window.expected,
        revision: window.revision,
    }
}

pub(super) fn traced_row(indicator: &str, subject: &str, row: &WindowRow, packs: &PacksOf) -> TracedRow {
    let WindowRow { event_time, quality, standing, received_at, log, partition, offset, .. } = *row;
    let stored = StoredRow {
        indicator: Name::from(indicator),
        subject: Name::from(subject),
        event_time,
        value: row.value,
        quality,
        standing,
        feed: Name::new(&row.feed),
        sender: Name::new(&row.sender),
        received_at,
        position: arrival(received_at, log, partition, offset, row.row).position.to_string(),
        row: row.row,
        pack: pack_of(packs, row.epoch),
    };
    TracedRow { stored, current: row.current, counted: row.counted }
}

pub(super) fn stored_row(position: Position, row: &EnvelopeRow, packs: &PacksOf) -> StoredRow {
    StoredRow {
        indicator: Name::new(&row.indicator),
        subject: Name::new(&row.subject),
        event_time: row.event_time,
        value: row.value,
        quality: row.quality,
        standing: row.standing,
        feed: Name::new(&row.feed),
        sender: Name::new(&row.sender),
        received_at: row.received_at,
        position: position.to_string(),
        row: row.row,
        pack: pack_of(packs, row.epoch),
    }
}

fn pack_of(packs: &PacksOf, epoch: Epoch) -> String {
    packs.get(&epoch).map(|pack| pack.0.clone()).unwrap_or_default()
}

pub(super) fn alert_view(row: &AlertNow) -> AlertView {
    AlertView {
        id: row.key().to_string(),
        rule: Name::new(&row.rule),
        subject: row.subject.as_str().into(),
        about: row.about,
        subject_name: None,
        place: None,
        priority: row.priority,
        active: row.active,
        acknowledged: row.acknowledged,
        occurrences: row.occurrences,
        raised_at: row.raised_at,
        cleared_at: row.cleared_at,
        acknowledged_at: row.acknowledged_at,
        user: said(&row.user).map(str::to_owned),
        note: said(&row.note).map(str::to_owned),
        change: row.change,
        at: row.at,
        evidence: row.evidence(),
    }
}

pub(super) fn alert_event(row: &AlertRow) -> AlertEvent {
    AlertEvent {
        change: row.change,
        at: row.at,
        active: row.active,
        acknowledged: row.acknowledged,
        occurrences: row.occurrences,
        user: said(&row.user).map(str::to_owned),
        note: said(&row.note).map(str::to_owned),
        evidence: row.evidence(),
        epoch: row.epoch,
    }
}

pub(super) fn status_result(state: &StationState) -> StatusResult {
    let StationState { status, since, last_event, .. } = *state;
    let sensor = serde_json::from_str(&state.sensor).ok().map(Arc::new);
    let clock_off = state.clock_off.map(Millis);
    StatusResult { subject: Name::from(state.subject.as_str()), status, since, last_event, sensor, clock_off }
}

pub(super) fn figure_view(row: &FigureRow) -> FigureView {
    let (epoch, said) = row.said();
    FigureView::new(epoch, &said)
}
