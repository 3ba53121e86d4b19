//! Rows of what the people on duty look at and do: states of stations, alerts, actions.

use ioc_model::{
    epoch::Epoch,
    limit::Averaging,
    results::{AlertResult, Evidence, StatusResult, StoredAction},
    rule::AlertKey,
    sensor::SensorRecord,
    status::StationStatus,
};

use super::{
    Columnar,
    columns::{
        Columns, arrivals, enums, flags, known_names, names, numbers, optional_floats, optional_integers,
        optional_times, texts, times,
    },
};

impl Columnar for StatusResult {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let sensors: Vec<String> = rows.iter().map(|row| record(row.sensor.as_deref())).collect();
        vec![
            ("subject", known_names(rows.iter().map(|row| row.subject))),
            ("status", enums(rows.iter().map(|row| row.status as u8))),
            ("since", times(rows.iter().map(|row| row.since.0))),
            ("last_event_time", optional_times(rows.iter().map(|row| row.last_event.map(|moment| moment.0)))),
            ("sensor", texts(sensors.iter().map(String::as_str))),
            ("clock_off_ms", optional_integers(rows.iter().map(|row| row.clock_off.map(|off| off.0)))),
        ]
    }
}

/// A sensor's record as JSON; empty where there is none.
fn record(record: Option<&SensorRecord>) -> String {
    record.and_then(|record| serde_json::to_string(record).ok()).unwrap_or_default()
}

impl Columnar for AlertResult {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let results = || rows.iter().copied();
        let evidence = || results().map(|result| result.evidence.as_ref());
        let float =
            |value: fn(&Evidence) -> Option<f64>| optional_floats(evidence().map(|e| e.and_then(value)));
        let time = |value: fn(&Evidence) -> i64| optional_times(evidence().map(|e| e.map(value)));
        let word = |value: fn(&Evidence) -> &str| names(evidence().map(|e| e.map_or("", value)));
        // What rules counted and compared is texts and numbers: it is always JSON.
        let events = |evidence: &Evidence| {
            let events = evidence.events.as_deref().map(serde_json::to_string);
            events.and_then(Result::ok).unwrap_or_default()
        };
        let compared = |evidence: &Evidence| {
            let compared = evidence.compared.as_deref().map(serde_json::to_string);
            compared.and_then(Result::ok).unwrap_or_default()
        };
        let said = |said: fn(&Evidence) -> String| -> Vec<String> {
            evidence().map(|evidence| evidence.map_or_else(String::new, said)).collect()
        };
        let (events, compared) = (said(events), said(compared));
        let sensor = said(|evidence| record(evidence.sensor.as_deref()));
        let mut columns = key_columns(results().map(|result| &result.key));
        columns.extend([
            ("about", enums(results().map(|result| result.about as u8))),
            ("change", enums(results().map(|result| result.change as u8))),
            ("priority", enums(results().map(|result| result.priority as u8))),
            ("active", flags(results().map(|result| result.active))),
            ("acknowledged", flags(results().map(|result| result.acknowledged))),
            ("occurrences", numbers(results().map(|result| result.occurrences))),
            ("at", times(results().map(|result| result.at.0))),
            ("measure", word(|evidence| &evidence.measure)),
            ("averaging", word(|evidence| evidence.averaging.map_or("", Averaging::word))),
            ("window_start", time(|evidence| evidence.start.0)),
            ("window_end", time(|evidence| evidence.end.0)),
            ("value", float(|evidence| evidence.value)),
            ("threshold", float(|evidence| evidence.threshold)),
            ("status", word(|evidence| evidence.status.map_or("", StationStatus::word))),
            ("events", texts(events.iter().map(String::as_str))),
            ("compared", texts(compared.iter().map(String::as_str))),
            ("sensor", texts(sensor.iter().map(String::as_str))),
            ("user", texts(results().map(|result| &*result.user))),
            ("note", texts(results().map(|result| &*result.note))),
            ("seq", numbers(rows.iter().map(|row| row.seq))),
        ]);
        columns
    }
}

impl Columnar for StoredAction {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let mut columns = key_columns(rows.iter().map(|row| &row.alert));
        columns.extend([
            ("user", texts(rows.iter().map(|row| &*row.user))),
            ("note", texts(rows.iter().map(|row| &*row.note))),
            ("effective", flags(rows.iter().map(|row| row.effective))),
            ("feed", known_names(rows.iter().map(|row| row.feed))),
            ("sender", known_names(rows.iter().map(|row| row.sender))),
        ]);
        columns.extend(arrivals(rows.iter().map(|row| &row.arrival)));
        columns
    }
}

fn key_columns<'a>(keys: impl Iterator<Item = &'a AlertKey> + Clone) -> Columns {
    vec![
        ("rule", names(keys.clone().map(|key| &*key.rule))),
        ("subject", names(keys.clone().map(|key| &*key.subject))),
        ("number", numbers(keys.map(|key| key.number))),
    ]
}
