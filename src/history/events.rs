//! What happened, as pages ask for it.

use ioc_dashboards::{
    HistoryError,
    events::{EventAddress, EventHour, EventPage, EventTotals, EventsSummed, RANKED},
    heard::{HEARD_BACK, HeardWindow, NotHeard},
    log_sources::{HEARD_WITHIN, LogSourceHeard, LogSourcesSaid},
    measures::{DistinctTotal, MeasureWindow, MeasureWindows, SensorAlerts},
};
use ioc_model::{
    asker::Asker,
    event::{EventCursor, EventEnd, EventFilter, MeasureFilter},
    rule::AlertEvents,
    time::{EventTime, Now},
};
use ioc_storage::{Store, queries};

use super::views::{event_view, status_result, unanswered};

pub(super) async fn page(
    store: &Store,
    asker: &Asker,
    of: &EventFilter,
    before: Option<EventCursor>,
    limit: u32,
) -> Result<EventPage, HistoryError> {
    // One more says whether there is another page.
    let events = store.events(asker, of, before, limit + 1).await.map_err(unanswered)?;
    Ok(EventPage::of(events.into_iter().map(event_view).collect(), limit))
}

pub(super) async fn of_alert(
    store: &Store,
    asker: &Asker,
    of: &AlertEvents,
    before: Option<EventCursor>,
    limit: u32,
) -> Result<EventPage, HistoryError> {
    let events = store.alert_events(asker, of, before, limit + 1).await.map_err(unanswered)?;
    Ok(EventPage::of(events.into_iter().map(event_view).collect(), limit))
}

pub(super) async fn summed(
    store: &Store,
    asker: &Asker,
    of: &EventFilter,
    log_sources: &[String],
    at: Now,
) -> Result<EventsSummed, HistoryError> {
    let queries::EventTotals { weight, attempts, attackers } =
        store.event_totals(asker, of).await.map_err(unanswered)?;
    let hours = store.event_hours(asker, of).await.map_err(unanswered)?;
    let sources = store.event_addresses(asker, of, EventEnd::Source, RANKED).await.map_err(unanswered)?;
    let targets = store.event_addresses(asker, of, EventEnd::Target, RANKED).await.map_err(unanswered)?;
    Ok(EventsSummed {
        totals: EventTotals { weight, attempts, attackers },
        hours: hours.iter().map(hour).collect(),
        sources: sources.into_iter().map(address).collect(),
        targets: targets.into_iter().map(address).collect(),
        heard: heard(store, asker, of, log_sources, EventTime(at.0).minus(HEARD_WITHIN)).await?,
        said: said(store, log_sources, at).await?,
        heard_hours: heard_hours(store, asker, of.from.minus(HEARD_BACK), of.until).await?,
    })
}

pub(super) async fn measures(
    store: &Store,
    asker: &Asker,
    of: &MeasureFilter,
) -> Result<Vec<MeasureWindows>, HistoryError> {
    let rows = store.measure_windows(asker, of).await.map_err(unanswered)?;
    let of_measure = rows.chunk_by(|one, next| one.measure == next.measure).map(|rows| MeasureWindows {
        measure: rows[0].measure.clone(),
        windows: rows
            .iter()
            .map(|row| MeasureWindow {
                start: row.start,
                value: row.value,
                log_sources: row.log_sources,
                missing: row.missing,
                not_heard: row.not_heard.iter().map(not_heard).collect(),
            })
            .collect(),
    });
    Ok(of_measure.collect())
}

pub(super) async fn distinct_totals(
    store: &Store,
    asker: &Asker,
    of: &MeasureFilter,
) -> Result<Vec<DistinctTotal>, HistoryError> {
    let rows = store.measure_totals(asker, of).await.map_err(unanswered)?;
    let total = |queries::DistinctTotal { measure, value }| DistinctTotal { measure, value };
    Ok(rows.into_iter().map(total).collect())
}

fn not_heard((log_source, minutes): &(String, u32)) -> NotHeard {
    NotHeard { log_source: log_source.clone(), minutes: *minutes }
}

async fn heard_hours(
    store: &Store,
    asker: &Asker,
    from: EventTime,
    until: EventTime,
) -> Result<Vec<HeardWindow>, HistoryError> {
    let rows = store.heard_hours(asker, from, until).await.map_err(unanswered)?;
    let window = |queries::HeardHour { log_source, start, heard, expected }| HeardWindow {
        log_source,
        start,
        heard,
        expected,
    };
    Ok(rows.into_iter().map(window).collect())
}

/// What the flow had said of them by a moment.
async fn said(store: &Store, log_sources: &[String], at: Now) -> Result<LogSourcesSaid, HistoryError> {
    if log_sources.is_empty() {
        return Ok(LogSourcesSaid::default());
    }
    let states = store.log_source_states(log_sources, at).await.map_err(unanswered)?;
    let stale_from = store.log_sources_stale_from(at).await.map_err(unanswered)?;
    Ok(LogSourcesSaid { states: states.iter().map(status_result).collect(), stale_from })
}

pub(super) async fn sensor_alerts(
    store: &Store,
    asker: &Asker,
    measures: [&str; 2],
    from: EventTime,
    until: EventTime,
) -> Result<Vec<SensorAlerts>, HistoryError> {
    let rows = store.sensor_alerts(asker, measures, from, until).await.map_err(unanswered)?;
    let said = |queries::SensorAlerts { log_source, raised, lost }| SensorAlerts { log_source, raised, lost };
    Ok(rows.into_iter().map(said).collect())
}

/// Who reported in that time, and when those who are named did last.
async fn heard(
    store: &Store,
    asker: &Asker,
    of: &EventFilter,
    log_sources: &[String],
    since: EventTime,
) -> Result<Vec<LogSourceHeard>, HistoryError> {
    let any = EventFilter::within(of.from, of.until);
    let heard = store.log_sources_heard(asker, &any).await.map_err(unanswered)?;
    let mut heard: Vec<LogSourceHeard> = heard
        .into_iter()
        .map(|it| LogSourceHeard {
            id: it.log_source,
            weight: it.weight,
            rows: it.rows,
            grave: it.grave,
            absurd: it.absurd,
            relayed: it.relayed,
            received_at: it.received_at,
        })
        .collect();
    // Only those that are missing are looked for further back: mostly none.
    let missing = log_sources.iter().filter(|name| heard.iter().all(|it| it.id != **name));
    let missing: Vec<String> = missing.cloned().collect();
    if !missing.is_empty() {
        let last = store.log_sources_last(asker, &missing, since, of.until).await.map_err(unanswered)?;
        heard.extend(last.into_iter().map(|last| LogSourceHeard {
            id: last.name,
            weight: 0,
            rows: 0,
            grave: 0,
            absurd: 0,
            relayed: 0,
            received_at: last.received_at,
        }));
    }
    Ok(heard)
}

fn hour(row: &queries::EventHour) -> EventHour {
    let queries::EventHour { start, severity, weight } = *row;
    EventHour { start, severity, weight }
}

fn address(row: queries::EventAddress) -> EventAddress {
    let queries::EventAddress { address, weight, grave, attempts, attacks, others, worst, newest, .. } = row;
    let network = Some(row.network).filter(|network| !network.is_empty());
    EventAddress {
        address,
        weight,
        grave,
        attempts,
        attacks,
        others,
        worst,
        newest,
        network: network.map(|network| format!("{network}/64")),
        network_addresses: row.network_addresses,
        network_weight: row.network_weight,
    }
}
