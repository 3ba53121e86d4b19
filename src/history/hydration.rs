//! What the board starts with.

use ioc_dashboards::{
    Hydration,
    index_tile::{DAYS_KEPT, HOURS_KEPT as INDEX_HOURS_KEPT, IndexPoint},
    tile::{HOURS_KEPT, HourPoint},
};
use ioc_model::{
    asker::Asker,
    epoch::Generation,
    name::Name,
    time::{EventTime, Millis, Now},
    window::WindowKind,
};
use ioc_storage::{Store, StoreError};

use super::views::{
    alert_view, assessment_view, figure_view, index_view, reject_view, status_result, stored_observation,
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
pub async fn hydration(store: &Store, generation: Generation, now: Now) -> Result<Hydration, StoreError> {
    // The board holds what everyone may ask of it, and sifts when somebody does.
    let all = &Asker::everyone();
    let epoch = store.published(generation).await?.unwrap_or_default();
    let since = EventTime(now.0).minus(LOOK_BACK);
    let latest = store.latest(all, since).await?;
    let hours = store.recent_windows(all, WindowKind::Hour, EventTime(now.0).minus(HOURS_ON_BOARD)).await;
    let hours = hours?.into_iter().map(|window| {
        let point = HourPoint {
            start: window.start,
            mean: window.mean,
            count: window.count,
            received: window.received,
            expected: window.expected,
            revision: window.revision,
        };
        (Name::from(window.subject), Name::from(window.indicator), point)
    });
    let hours = hours.collect();
    let totals = store.totals(generation).await?;
    let rejects = store.recent_rejects(all, REJECTS_ON_BOARD).await?;
    let mut index_points = Vec::new();
    for (kind, back) in INDEX_LINES {
        let recent = store.recent_indices(all, kind, EventTime(now.0).minus(back)).await?;
        for row in recent {
            let point = IndexPoint { start: row.start, value: row.value, revision: row.revision };
            index_points.push((row.index, Name::from(row.subject), kind, point));
        }
    }
    let mut indices = Vec::new();
    for row in store.newest_indices(all, since).await? {
        let subject = Name::from(row.subject.as_str());
        indices.push((row.index, subject, row.kind, index_view(&row)));
    }
    let stations = store.station_states(all).await?;
    let assessments = store.newest_assessments(all, since).await?;
    let alerts = store.open_alerts(all).await?;
    let figures = store.figures(all).await?;
    Ok(Hydration {
        epoch,
        latest: latest.iter().map(|value| (epoch, stored_observation(value))).collect(),
        hours,
        totals: totals.into_iter().map(|(feed, counts)| (Name::from(feed), counts)).collect(),
        rejects: rejects.iter().rev().map(|reject| reject_view(epoch, reject)).collect(),
        indices,
        index_points,
        stations: stations.iter().map(status_result).collect(),
        assessments: assessments.iter().map(assessment_view).collect(),
        alerts: alerts.iter().map(alert_view).collect(),
        figures: figures.iter().map(figure_view).collect(),
    })
}
