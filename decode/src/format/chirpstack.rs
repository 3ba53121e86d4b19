//! Uplinks of ChirpStack v4, as its MQTT and HTTP integrations write them in JSON.
//!
//! The device is `deviceInfo.devEui`; its values are what its codec made of the bytes, in `object`, each by the keys that
//! lead to it with dots between. An uplink without an object has only bytes that nobody here can read, and is a reject. Other
//! events (join, ack, status, log) carry nothing.
//!
//! `time` is the first gateway's clock, where it has one, and a receiver without a fix counts from the day it was switched
//! on. So a time that the contract would not take, or from before 2000, is passed over for the next best one: when the
//! network's server took the frame (`nsTime`), a gateway's own (`gwTime`), the arrival; which one it was is told.
//!
//! Two messages of one frame that was heard by two gateways are told apart by nothing that one of them says alone: that
//! they are one is for whoever remembers frames.

use ioc_model::{observation::Quality, time::EventTime};

use super::{
    gateway::{self, Reading, When},
    json_pairs::Pairs,
    json_text::elements,
};
use crate::contract::{Refusal, RowSink, Rows, TimedBy};

const EXAMPLE: &str = r#"{"deduplicationId":"…","time":"2026-11-20T00:05:01.204+00:00","deviceInfo":{"devEui":"70b3d57ed0000001"},"object":{"pm25":18.4}}"#;
/// So many gateways' times are looked at.
const MOST_GATEWAYS: usize = 64;

pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let (text, uplink) = gateway::object(payload, EXAMPLE)?;
    if is_other_event(rows.address(), &uplink) {
        return Ok(());
    }
    let Some(device) = device(&uplink)? else {
        return Err(Refusal::missing("devEui", "{\"deviceInfo\":{\"devEui\":\"70b3d57ed0000001\"}}"));
    };
    let subject = rows.device("devEui", &device)?;
    let Some(object) = gateway::get(&uplink, "object")?.filter(|raw| raw.starts_with('{')) else {
        rows.reject(no_object(), &"", text.as_bytes());
        return Ok(());
    };
    let Some(when) = when(&uplink, rows)? else { return Ok(()) };
    gateway::leaves(&mut String::new(), object, &mut |symbol, value| {
        let reading = Reading { symbol, value, unit: None, when, quality: Quality::Good };
        reading.pick(&subject, false, value.as_bytes(), rows);
    });
    Ok(())
}

/// Whether it is an event of another kind: the topic's last level says so, or what only such have.
fn is_other_event(address: &str, event: &Pairs<'_>) -> bool {
    const OTHERS: [&str; 7] = ["join", "ack", "txack", "status", "log", "location", "integration"];
    let named = address.rsplit_once("/event/").map(|(_, kind)| kind);
    match named {
        Some("up") => false,
        Some(kind) => OTHERS.contains(&kind),
        // Over HTTP the kind is in a query that is no part of the address.
        None => {
            let has = |key: &str| event.iter().any(|(name, _)| name == key);
            !has("object")
                && !has("data")
                && !has("fPort")
                && ["acknowledged", "queueItemId", "margin", "level", "location", "integrationName"]
                    .into_iter()
                    .any(has)
        }
    }
}

fn device(uplink: &Pairs<'_>) -> Result<Option<String>, Refusal> {
    let Some(info) = gateway::get(uplink, "deviceInfo")?.and_then(Pairs::of) else { return Ok(None) };
    let device = gateway::get(&info, "devEui")?;
    Ok(device.and_then(gateway::text).filter(|text| !text.is_empty()).map(|text| text.into_owned()))
}

/// The first time that can be, of the best to the least.
fn when<S: RowSink + ?Sized>(uplink: &Pairs<'_>, rows: &Rows<'_, S>) -> Result<Option<When>, Refusal> {
    let can_be = |at: &EventTime| rows.can_be(*at);
    let stated = gateway::get(uplink, "time")?.and_then(|raw| gateway::moment(raw).ok());
    if let Some(at) = stated.filter(can_be) {
        return Ok(Some(When::stated(at)));
    }
    let heard = gateway::get(uplink, "rxInfo")?.and_then(|raw| elements(raw.as_bytes()));
    let texts = heard.into_iter().flatten().filter_map(|element| std::str::from_utf8(element).ok());
    let heard: Vec<Pairs<'_>> = texts.filter_map(Pairs::of).take(MOST_GATEWAYS).collect();
    for (key, by) in [("nsTime", TimedBy::Server), ("gwTime", TimedBy::Gateway)] {
        // Of several gateways the first that heard it.
        let times = heard.iter().filter_map(|info| gateway::get(info, key).ok().flatten());
        let times = times.filter_map(|raw| gateway::moment(raw).ok()).filter(can_be);
        if let Some(at) = times.min() {
            return Ok(Some(When { at, by: Some(by) }));
        }
    }
    Ok(When::arrival(rows))
}

fn no_object() -> Refusal {
    Refusal::missing("object", "\"object\":{\"pm25\":18.4}").explained(
        "Bản tin chỉ có các byte chưa giải mã: hãy đặt codec cho loại thiết bị này trong ChirpStack.",
        "The message has only bytes that nobody decoded: set a codec for the device's profile in ChirpStack.",
    )
}
