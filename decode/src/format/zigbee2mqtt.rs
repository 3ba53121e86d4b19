//! What Zigbee2MQTT publishes of a device, in JSON.
//!
//! The device is the topic's last levels (a friendly name may have slashes), its values the message's fields. What stands
//! behind a device's name (`availability`, `set`, `get`, `state`), and all of the bridge, carries nothing. Where the gateway
//! publishes each value by a topic of its own (`output = attribute`), it does so beside the message that has the time or
//! instead of it, so what the pack measures is refused there and not read.
//!
//! A message is the state that the gateway remembers, not the measurement that came: all of it is published again when one
//! value changes, when the gateway starts, and, kept by a broker, to whoever listens later. With `last_seen` (in any of its
//! forms) a value has the time at which its device was heard, so that all of these are the same row again. Without it the
//! time is the arrival's, which is told; and what a broker had kept is then no reading at all.
//!
//! `null` is what a device without a value has.

use ioc_model::observation::Quality;

use super::{
    gateway::{self, Reading, When},
    json_pairs::Pairs,
};
use crate::contract::{Refusal, RowSink, Rows, quoted};

const EXAMPLE: &str = r#"{"last_seen":"2026-11-20T00:06:10.412Z","temperature":4.9,"humidity":63.0}"#;

/// Fields that devices have beside what they measure; a station may measure one of them all the same.
const OWN: [&str; 20] = [
    "battery",
    "battery_voltage",
    "device_temperature",
    "elapsed",
    "humidity_calibration",
    "humidity_precision",
    "last_seen",
    "linkquality",
    "local_temperature_calibration",
    "max_temperature",
    "min_temperature",
    "power_outage_count",
    "pressure_calibration",
    "reporting_time",
    "soil_moisture_calibration",
    "temperature_calibration",
    "temperature_precision",
    "temperature_sampling",
    "trigger_count",
    "voltage",
];

pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let address = rows.address();
    let last = address.rsplit('/').next().unwrap_or(address);
    let behind = rows.behind_device();
    let subject = match behind {
        Some(behind) if is_no_state(behind) => return Ok(()),
        None if is_of_the_bridge(address) => return Ok(()),
        // A device whose name begins with another one's, which is not known.
        Some(behind) if !behind.is_empty() && payload.trim_ascii().starts_with(b"{") => {
            rows.device("topic", last)?
        }
        _ => rows.of_address("topic", last)?,
    };
    if let Some(symbol) = behind.filter(|behind| !behind.is_empty())
        && !payload.trim_ascii().starts_with(b"{")
    {
        let is_number = gateway::number(&String::from_utf8_lossy(payload)).is_ok();
        let is_reading = rows.is_measured(symbol, &subject) || is_number && !OWN.contains(&symbol);
        if is_reading && rows.reading("topic", symbol, &subject)?.is_some() {
            return Err(by_itself(symbol));
        }
        return Ok(());
    }
    let (_, state) = gateway::object(payload, EXAMPLE)?;
    let Some(when) = when(&state, rows)? else { return Ok(()) };
    for (key, raw) in state.iter() {
        gateway::leaves(&mut key.to_owned(), raw, &mut |symbol, value| {
            let reading = Reading { symbol, value, unit: None, when, quality: Quality::Good };
            let own = OWN.contains(&symbol) || symbol.starts_with("update.") || symbol.starts_with("device.");
            reading.pick(&subject, own, value.as_bytes(), rows);
        });
    }
    Ok(())
}

/// Whether what stands behind a device in a topic says that nothing was measured.
fn is_no_state(behind: &str) -> bool {
    ["availability", "set", "get", "state"].contains(&behind.split('/').next().unwrap_or_default())
}

fn by_itself(symbol: &str) -> Refusal {
    Refusal::missing("last_seen", EXAMPLE).explained(
        &format!(
            "Giá trị '{}' được gửi riêng theo topic của nó, không kèm thời điểm. Hãy đặt output của Zigbee2MQTT là json.",
            quoted(symbol),
        ),
        &format!(
            "The value '{}' came by a topic of its own, without its time. Set Zigbee2MQTT's output to json.",
            quoted(symbol),
        ),
    )
}

/// Whether a topic that names no device is none of a device.
fn is_of_the_bridge(address: &str) -> bool {
    address.split('/').skip(1).any(|level| level == "bridge")
        || ["/availability", "/set", "/get"].iter().any(|end| address.ends_with(end))
}

/// When the device was last heard.
fn when<S: RowSink + ?Sized>(state: &Pairs<'_>, rows: &Rows<'_, S>) -> Result<Option<When>, Refusal> {
    match gateway::get(state, "last_seen")? {
        Some(raw) => gateway::moment(raw).map(|at| Some(When::stated(at))),
        None => Ok(When::arrival(rows)),
    }
}
