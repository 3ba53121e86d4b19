//! Observations of OGC SensorThings (18-088, version 1.1), as a server publishes them over MQTT or lists them over HTTP: one,
//! an array, or a list under `value`.
//!
//! A datastream is one quantity of one thing, so its name is a device's and the symbol at once: `Datastreams(7)`, from the
//! link of the observation, from the datastream where it was expanded, or from the topic, where a server that publishes says
//! it alone. The pack may name a device by the whole link, where two servers count alike.
//!
//! An interval counts from its beginning. A result that is null is none.

use std::fmt::Display;

use ioc_model::observation::Quality;

use super::{
    gateway::{self, Element, Reading, When},
    json_pairs::{Pairs, scalar},
    json_text::elements,
};
use crate::contract::{Refusal, RowSink, Rows};

const EXAMPLE: &str = r#"{"phenomenonTime":"2026-11-20T00:00:00Z/2026-11-20T01:00:00Z","result":18.4,"Datastream@iot.navigationLink":"https://sta.example/v1.1/Observations(9)/Datastreams(7)"}"#;
/// What a level of a topic that is a datastream begins with.
const DATASTREAM: &str = "Datastreams(";

pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let text = gateway::json(payload, EXAMPLE)?;
    if text.starts_with('[') {
        return read_all(text, rows);
    }
    let (text, observation) = gateway::object(payload, EXAMPLE)?;
    match gateway::get(&observation, "value")?.filter(|raw| raw.starts_with('[')) {
        Some(list) => read_all(list, rows),
        None => {
            hand_on(&observation, &"", text, rows);
            Ok(())
        }
    }
}

fn read_all<S: RowSink + ?Sized>(text: &str, rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let torn =
        || gateway::malformed(text.as_bytes(), "mảng không trọn vẹn", "the array is not whole", EXAMPLE);
    let all = elements(text.as_bytes()).ok_or_else(torn)?;
    for (at, element) in all.enumerate().filter(|(_, element)| !element.is_empty()) {
        let element = std::str::from_utf8(element).unwrap_or_default();
        match Pairs::of(element) {
            Some(observation) => hand_on(&observation, &Element(at), element, rows),
            None => {
                let (vi, en) = ("đây không phải là một đối tượng JSON", "it is no JSON object");
                let refusal = gateway::malformed(element.as_bytes(), vi, en, EXAMPLE);
                rows.reject(refusal, &Element(at), element.as_bytes());
            }
        }
    }
    Ok(())
}

fn hand_on<S: RowSink + ?Sized>(
    observation: &Pairs<'_>,
    place: &dyn Display,
    raw: &str,
    rows: &mut Rows<'_, S>,
) {
    if let Err(refusal) = accept(observation, rows) {
        rows.reject(refusal, place, raw.as_bytes());
    }
}

fn accept<S: RowSink + ?Sized>(observation: &Pairs<'_>, rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let Some(value) = gateway::get(observation, "result")? else {
        return match observation.iter().any(|(key, _)| key == "result") {
            true => Ok(()),
            false => Err(Refusal::missing("result", "18.4")),
        };
    };
    let time = match gateway::get(observation, "phenomenonTime")? {
        Some(raw) => gateway::moment_or_beginning(raw)?,
        None => match gateway::get(observation, "resultTime")? {
            Some(raw) => gateway::moment(raw)?,
            None => return Err(Refusal::missing("phenomenonTime", "\"2026-11-20T00:00:00Z\"")),
        },
    };
    let datastream = gateway::get(observation, "Datastream")?.and_then(Pairs::of);
    let link = link_of(observation, datastream.as_ref())?;
    let (subject, symbol) = match &link {
        Some(link) => {
            let tail = link.rsplit('/').find(|part| part.starts_with(DATASTREAM)).unwrap_or(link);
            let name = if rows.is_device(link) { link } else { tail };
            (rows.device("Datastream", name)?, tail)
        }
        None => {
            let level = rows.address().split('/').find(|level| level.starts_with(DATASTREAM));
            let level = level.ok_or_else(|| {
                Refusal::missing(
                    "Datastream@iot.navigationLink",
                    "\"https://sta.example/v1.1/Datastreams(7)\"",
                )
            })?;
            (rows.of_address("Datastream", level)?, level)
        }
    };
    let unit = match &datastream {
        Some(datastream) => unit_of(datastream)?,
        None => None,
    };
    let when = When::stated(time);
    Reading { symbol, value, unit: unit.as_deref(), when, quality: Quality::Good }.accept(&subject, rows)
}

/// What says which datastream it is of, in the message.
fn link_of(observation: &Pairs<'_>, datastream: Option<&Pairs<'_>>) -> Result<Option<String>, Refusal> {
    if let Some(link) = gateway::get(observation, "Datastream@iot.navigationLink")?.and_then(gateway::text)
        && link.contains(DATASTREAM)
    {
        return Ok(Some(link.into_owned()));
    }
    let Some(datastream) = datastream else { return Ok(None) };
    let link = gateway::get(datastream, "@iot.selfLink")?.and_then(gateway::text);
    if let Some(link) = link.filter(|link| link.contains(DATASTREAM)) {
        return Ok(Some(link.into_owned()));
    }
    // A number, or a text in quotes, as in the links.
    let id = gateway::get(datastream, "@iot.id")?;
    Ok(id.map(|raw| match raw.starts_with('"') {
        true => format!("{DATASTREAM}'{}')", scalar(raw)),
        false => format!("{DATASTREAM}{raw})"),
    }))
}

fn unit_of(datastream: &Pairs<'_>) -> Result<Option<String>, Refusal> {
    let unit = gateway::get(datastream, "unitOfMeasurement")?.and_then(Pairs::of);
    let Some(unit) = unit else { return Ok(None) };
    let symbol = gateway::get(&unit, "symbol")?.and_then(gateway::text);
    Ok(symbol.filter(|symbol| !symbol.trim().is_empty()).map(|symbol| symbol.into_owned()))
}
