//! Telemetry of Tasmota, in JSON.
//!
//! The device is the topic (`tele/<device>/SENSOR`, in whatever order its levels stand); its values are the message's
//! numbers, by the keys that lead to them: `BME280.Temperature`. Of a device's own state (`STATE`) only what the pack names
//! is a reading, and `LWT`, `RESULT`, `INFO1` and the like carry nothing. An answer to `Status 8` or `10` has the same
//! telemetry within `StatusSNS`.
//!
//! `Time` is local time without a zone, and is read in the pack's. A clock that was never set says 1970; such a message, and
//! one without a time, has the time of its arrival, which is told, and is no reading if a broker had kept it. Units of
//! temperature, pressure and wind are those that the message names for all of it (`TempUnit`).

use ioc_model::{observation::Quality, time::EventTime};

use super::{
    gateway::{self, Reading, When},
    json_observation,
    json_pairs::{Pairs, scalar},
    moment::{self, NoTime},
};
use crate::contract::{Refusal, RowSink, Rows};

const EXAMPLE: &str =
    r#"{"Time":"2026-11-20T07:05:00","BME280":{"Temperature":27.4,"Humidity":81.2},"TempUnit":"C"}"#;
/// 2000-01-01: what a clock says that was never set lies before.
const EARLIEST: EventTime = EventTime(946_684_800_000);

/// A unit that the message says for all values whose names have one of these in them.
const UNITS: [(&str, &[&str]); 3] = [
    ("TempUnit", &["Temperature", "DewPoint", "HeatIndex"]),
    ("PressureUnit", &["Pressure"]),
    ("SpeedUnit", &["Speed", "WindAvg", "Gust"]),
];

pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let Some(kind) = kind(rows.address()) else { return Ok(()) };
    let last = rows.address().rsplit('/').next().unwrap_or_default();
    let subject = rows.of_address("topic", last)?;
    let (text, message) = gateway::object(payload, EXAMPLE)?;
    // The answer to a question has it in a wrap.
    let message = match gateway::get(&message, "StatusSNS")?.map(Pairs::of) {
        Some(Some(within)) => within,
        Some(None) => {
            return Err(gateway::malformed(
                text.as_bytes(),
                "StatusSNS hỏng",
                "StatusSNS is broken",
                EXAMPLE,
            ));
        }
        None => message,
    };
    let Some(when) = when(&message, rows)? else { return Ok(()) };
    let mut units = [None, None, None];
    for (unit, (key, _)) in units.iter_mut().zip(UNITS) {
        *unit = gateway::get(&message, key)?.and_then(gateway::text);
    }
    for (key, raw) in message.iter().filter(|(key, _)| *key != "Time") {
        gateway::leaves(&mut key.to_owned(), raw, &mut |symbol, value| {
            let measured = symbol.rsplit('.').next().unwrap_or(symbol);
            let of_unit =
                UNITS.iter().position(|(_, names)| names.iter().any(|name| measured.contains(name)));
            let unit = of_unit.and_then(|at| units[at].as_deref());
            let reading = Reading { symbol, value, unit, when, quality: Quality::Good };
            reading.pick(&subject, kind == Kind::State, value.as_bytes(), rows);
        });
    }
    Ok(())
}

/// What a message is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sensors,
    /// The device itself: its radio, its memory, its relays.
    State,
}

/// None of a message that carries nothing.
fn kind(address: &str) -> Option<Kind> {
    let has = |word: &str| address.split('/').any(|level| level == word);
    let is_kind = |level: &str| {
        ["LWT", "RESULT", "UPTIME", "LOGGING"].contains(&level)
            || ["INFO", "STATUS"].iter().any(|kind| level.strip_prefix(kind).is_some_and(is_number))
    };
    match () {
        () if has("SENSOR") || has("STATUS8") || has("STATUS10") => Some(Kind::Sensors),
        () if has("STATE") || has("STATUS11") => Some(Kind::State),
        () if address.split('/').any(is_kind) => None,
        // By another way than MQTT the address says nothing of it.
        () => Some(Kind::Sensors),
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn when<S: RowSink + ?Sized>(message: &Pairs<'_>, rows: &Rows<'_, S>) -> Result<Option<When>, Refusal> {
    let Some(raw) = gateway::get(message, "Time")? else { return Ok(When::arrival(rows)) };
    let written = scalar(raw);
    let read = match moment::rfc3339(&written, &mut moment::Minute::default()) {
        Err(NoTime::NoZone) => moment::local(&written, rows.calendar()),
        read => read,
    };
    let at = read.map_err(|fault| json_observation::no_time(fault, &written))?;
    Ok(if at < EARLIEST { When::arrival(rows) } else { Some(When::stated(at)) })
}
