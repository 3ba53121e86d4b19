//! What the board starts with.

use ioc_dashboards::{
    HistoryError, Hydration,
    index_tile::{DAYS_KEPT, HOURS_KEPT as INDEX_HOURS_KEPT, IndexPoint},
    tile::{HOURS_KEPT, HourPoint},
};
use ioc_model::{
    epoch::Generation,
    name::Name,
    results::StatusResult,
    time::{EventTime, Millis, Now},
    window::WindowKind,
};
use ioc_storage::{Store, queries::StationState};

use super::words::{
    alert_view, assessment_view, index_id, index_view, rejected_row, station_status, stored_observation,
    unanswered, window_kind,
};

/// How far back the board's first picture looks for the newest value of a series.
const LOOK_BACK: Millis = Millis::hours(24 * 366);
const REJECTS_ON_BOARD: u32 = 50;
/// As many hours as a small trend line shows.
const HOURS_ON_BOARD: Millis = Millis::hours(HOURS_KEPT as i64);
/// As many as the lines beside an index show.
const INDEX_LINES: [(WindowKind, Millis); 2] = [
    (WindowKind::Hour, Millis::hours(INDEX_HOURS_KEPT as i64)),
    (WindowKind::Day, Millis::hours(24 * DAYS_KEPT as i64)),
];

/// What the board starts with.
///
/// # Errors
/// If the store does not answer, or holds what this program does not write.
pub async fn hydration(store: &Store, generation: Generation, now: Now) -> Result<Hydration, HistoryError> {
    let epoch = store.published(generation).await.map_err(unanswered)?.unwrap_or_default();
    let since = EventTime(now.0).minus(LOOK_BACK);
    let latest = store.latest(since).await.map_err(unanswered)?;
    let hours = store.recent_windows(WindowKind::Hour, EventTime(now.0).minus(HOURS_ON_BOARD)).await;
    let hours = hours.map_err(unanswered)?.into_iter().map(|window| {
        let point = HourPoint {
            start: EventTime(window.start),
            mean: window.mean,
            received: window.received,
            expected: window.expected,
            revision: window.revision,
        };
        (Name::from(window.subject), Name::from(window.indicator), point)
    });
    let hours = hours.collect();
    let totals = store.totals(generation).await.map_err(unanswered)?;
    let rejects = store.recent_rejects(REJECTS_ON_BOARD).await.map_err(unanswered)?;
    let mut index_points = Vec::new();
    for (kind, back) in INDEX_LINES {
        let recent = store.recent_indices(kind, EventTime(now.0).minus(back)).await.map_err(unanswered)?;
        for row in recent {
            let point = IndexPoint { start: EventTime(row.start), value: row.value, revision: row.revision };
            index_points.push((index_id(&row.index)?, Name::from(row.subject), kind, point));
        }
    }
    let mut indices = Vec::new();
    for row in store.newest_indices(since).await.map_err(unanswered)? {
        let subject = Name::from(row.subject.as_str());
        indices.push((index_id(&row.index)?, subject, window_kind(&row.kind)?, index_view(&row)?));
    }
    let stations = store.station_states().await.map_err(unanswered)?;
    let assessments = store.newest_assessments(since).await.map_err(unanswered)?;
    let alerts = store.open_alerts().await.map_err(unanswered)?;
    Ok(Hydration {
        epoch,
        latest: latest
            .iter()
            .map(|value| Ok((epoch, stored_observation(value)?)))
            .collect::<Result<_, _>>()?,
        hours,
        totals: totals.into_iter().map(|(feed, counts)| (Name::from(feed), counts)).collect(),
        rejects: rejects
            .iter()
            .rev()
            .map(|reject| Ok((epoch, rejected_row(reject)?)))
            .collect::<Result<_, _>>()?,
        indices,
        index_points,
        stations: stations.iter().map(station).collect::<Result<_, _>>()?,
        assessments: assessments.iter().map(assessment_view).collect::<Result<_, _>>()?,
        alerts: alerts.iter().map(alert_view).collect::<Result<_, _>>()?,
    })
}

fn station(state: &StationState) -> Result<StatusResult, HistoryError> {
    Ok(StatusResult {
        subject: Name::from(state.subject.as_str()),
        status: station_status(&state.status)?,
        since: Now(state.since),
        last_event: state.last_event.map(EventTime),
    })
}
