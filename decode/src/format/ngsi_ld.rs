//! Entities of NGSI-LD (ETSI GS CIM 009): normalized, concise or key-values; one, an array, or the `data` of a notification.
//!
//! The device is the entity's `id`: as a whole, or the longest beginning of it that the pack knows and a day or a moment is
//! behind, where data models of cities put it; else what `refDevice` or `refPointOfInterest` leads to; else the topic. With
//! anything else behind it the name is another device's. Its values are
//! properties, each with its own `observedAt`, or all with the entity's `dateObserved`. A value of which neither is said is
//! refused: a broker sends an entity whole whenever one of its values changes, so that its arrival says nothing.
//!
//! Units are codes of UN/CEFACT (`unitCode`). `relativeHumidity` without one is a share, from 0 to 1, as the smart data
//! models have it. Instances of a property beside the first (`datasetId`) have a symbol of their own, `pm25#<datasetId>`.

use std::fmt::Display;

use ioc_model::{observation::Quality, time::EventTime};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{
    gateway::{self, Element, Reading, When},
    json_pairs::{Pairs, scalar},
    json_text::elements,
};
use crate::{
    contract::{Refusal, RowSink, Rows, Subject, quoted},
    said,
};

const EXAMPLE: &str = r#"{"id":"urn:ngsi-ld:AirQualityObserved:tn-0412","type":"AirQualityObserved","pm25":{"type":"Property","value":18.4,"unitCode":"GQ","observedAt":"2026-11-20T00:00:00Z"}}"#;
const TIME_EXAMPLE: &str = "\"2026-11-20T00:00:00Z\"";

/// What an entity has beside what it measures.
const OWN: [&str; 16] = [
    "@context",
    "address",
    "createdAt",
    "dataProvider",
    "dateCreated",
    "dateModified",
    "dateObserved",
    "dateObservedFrom",
    "dateObservedTo",
    "id",
    "location",
    "modifiedAt",
    "observationSpace",
    "operationSpace",
    "scope",
    "type",
];
/// What leads to the device that measured.
const REFERENCES: [&str; 3] = ["refDevice", "refPointOfInterest", "refSensor"];

pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let text = gateway::json(payload, EXAMPLE)?;
    if text.starts_with('[') {
        return read_all(text, rows);
    }
    let (text, message) = gateway::object(payload, EXAMPLE)?;
    let kind = gateway::get(&message, "type")?.and_then(gateway::text);
    let data = gateway::get(&message, "data")?.filter(|raw| raw.starts_with('['));
    match data.filter(|_| kind.is_some_and(|kind| kind == "Notification")) {
        Some(data) => read_all(data, rows),
        None => {
            entity(&message, &"", text, rows);
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
            Some(pairs) => entity(&pairs, &Element(at), element, rows),
            None => {
                let (vi, en) = ("đây không phải là một đối tượng JSON", "it is no JSON object");
                let refusal = gateway::malformed(element.as_bytes(), vi, en, EXAMPLE);
                rows.reject(refusal, &Element(at), element.as_bytes());
            }
        }
    }
    Ok(())
}

fn entity<S: RowSink + ?Sized>(entity: &Pairs<'_>, place: &dyn Display, raw: &str, rows: &mut Rows<'_, S>) {
    let known = subject_of(entity, rows).and_then(|subject| Ok((subject, observed(entity)?)));
    let (subject, observed) = match known {
        Ok(known) => known,
        Err(refusal) => return rows.reject(refusal, place, raw.as_bytes()),
    };
    for (key, raw) in entity.iter() {
        if OWN.contains(&key) || REFERENCES.contains(&key) {
            continue;
        }
        if !raw.starts_with('[') {
            property(key, raw, &subject, observed, rows);
            continue;
        }
        for instance in elements(raw.as_bytes()).into_iter().flatten() {
            let raw = std::str::from_utf8(instance).unwrap_or_default();
            let of = Pairs::of(raw)
                .and_then(|pairs| gateway::get(&pairs, "datasetId").ok()?.and_then(gateway::text));
            match of {
                Some(of) => property(&format!("{key}#{of}"), raw, &subject, observed, rows),
                None => property(key, raw, &subject, observed, rows),
            }
        }
    }
}

fn subject_of<'d, S: RowSink + ?Sized>(
    entity: &Pairs<'_>,
    rows: &mut Rows<'d, S>,
) -> Result<Subject<'d>, Refusal> {
    let id = gateway::get(entity, "id")?.and_then(gateway::text).unwrap_or_default();
    if let Some(device) = device_of(&id, rows) {
        return rows.device("id", device);
    }
    for key in REFERENCES {
        let Some(raw) = gateway::get(entity, key)? else { continue };
        let to = match Pairs::of(raw) {
            Some(pairs) => match gateway::get(&pairs, "object")? {
                Some(object) => gateway::text(object).map(|text| text.into_owned()),
                None => gateway::get(&pairs, "value")?.and_then(gateway::text).map(|text| text.into_owned()),
            },
            None => gateway::text(raw).map(|text| text.into_owned()),
        };
        if let Some(device) = to.as_deref().and_then(|to| device_of(to, rows)) {
            return rows.device(key, device);
        }
    }
    match rows.behind_device() {
        Some(_) => rows.of_address("id", &id),
        None => rows.device("id", &id),
    }
}

/// The device whose name a name is, with or without a moment behind it.
fn device_of<'n, S: RowSink + ?Sized>(name: &'n str, rows: &Rows<'_, S>) -> Option<&'n str> {
    let mut devices = gateway::devices_of(name, rows);
    devices.find(|(_, rest)| rest.is_empty() || is_moment(rest)).map(|(device, _)| device)
}

/// Whether it is a day, with or without a time of it.
fn is_moment(rest: &str) -> bool {
    let begins = |length: usize| rest.get(..length).is_some_and(|day| day.parse::<Date>().is_ok());
    let is_of_one = |byte: u8| byte.is_ascii_digit() || b"TZ-:.+".contains(&byte);
    rest.bytes().all(is_of_one) && (begins("2026-11-20".len()) || begins("20261120".len()))
}

/// When all of it was observed, where the entity says it.
fn observed(entity: &Pairs<'_>) -> Result<Option<EventTime>, Refusal> {
    for key in ["dateObserved", "dateObservedFrom", "observedAt"] {
        let Some(mut raw) = gateway::get(entity, key)? else { continue };
        // `{"type": "Property", "value": {"@type": "DateTime", "@value": "…"}}` and what is shorter.
        for within in ["value", "@value"] {
            if let Some(pairs) = Pairs::of(raw).filter(|_| raw.starts_with('{')) {
                raw = gateway::get(&pairs, within)?.unwrap_or(raw);
            }
        }
        return gateway::moment_or_beginning(raw).map(Some);
    }
    Ok(None)
}

fn property<S: RowSink + ?Sized>(
    symbol: &str,
    raw: &str,
    subject: &Subject<'_>,
    observed: Option<EventTime>,
    rows: &mut Rows<'_, S>,
) {
    let said = match raw.starts_with('{') {
        true => said_of(raw),
        false => Ok((raw, None, None)),
    };
    let read = said.and_then(|(value, unit, at)| {
        let at = at.map(gateway::moment).transpose()?.or(observed);
        Ok((value, unit, at))
    });
    let place = quoted(symbol);
    let (value, unit, at) = match read {
        Ok(read) => read,
        // A place, a relationship, a structure: it means nothing to the pack.
        Err(_) if !rows.is_measured(symbol, subject) => return,
        Err(refusal) => return rows.reject(refusal, &place, raw.as_bytes()),
    };
    let Some(at) = at else {
        if rows.is_measured(symbol, subject) && value != "null" {
            rows.reject(Refusal::missing("observedAt", TIME_EXAMPLE), &place, raw.as_bytes());
        }
        return;
    };
    let share = (symbol == "relativeHumidity" && unit.is_none()).then(|| percent(value)).flatten();
    let is_share = symbol == "relativeHumidity" && unit.is_none() && value != "null";
    if is_share && share.is_none() && rows.is_measured(symbol, subject) {
        return rows.reject(no_share(value), &place, raw.as_bytes());
    }
    let value = share.as_deref().unwrap_or(value);
    let unit = unit.map(|unit| scalar(unit).into_owned());
    let when = When::stated(at);
    let reading = Reading { symbol, value, unit: unit.as_deref(), when, quality: Quality::Good };
    reading.pick(subject, false, raw.as_bytes(), rows);
}

/// Value, unit and moment of a property, each as its raw text.
type SaidOf<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

/// A value that is not there is null.
///
/// # Errors
/// If it is no property with a plain value.
fn said_of(raw: &str) -> Result<SaidOf<'_>, Refusal> {
    let Some(pairs) = Pairs::of(raw) else { return Err(no_property(raw)) };
    let kind = gateway::get(&pairs, "type")?.and_then(gateway::text);
    if let Some(kind) = kind.filter(|kind| kind != "Property" && kind != "Number") {
        return Err(no_property(&kind));
    }
    let value = gateway::get(&pairs, "value")?.unwrap_or("null");
    if value.starts_with(['{', '[']) {
        return Err(no_property(value));
    }
    let unit = gateway::get(&pairs, "unitCode")?.filter(|raw| raw.starts_with('"'));
    Ok((value, unit, gateway::get(&pairs, "observedAt")?))
}

fn no_property(found: &str) -> Refusal {
    Refusal::invalid(
        "value",
        found,
        "không phải là thuộc tính (Property) có giá trị là một số",
        "which is no Property with a plain value",
        "{\"type\":\"Property\",\"value\":18.4}",
    )
}

/// A share from 0 to 1 as percent.
fn percent(value: &str) -> Option<String> {
    let share = said::number(&scalar(value))?;
    let whole = Decimal::ONE_HUNDRED;
    (share >= Decimal::ZERO && share <= Decimal::ONE).then(|| (share * whole).normalize().to_string())
}

fn no_share(value: &str) -> Refusal {
    Refusal::invalid(
        "value",
        value,
        "nhưng relativeHumidity không ghi unitCode là tỷ lệ từ 0 đến 1",
        "but a relativeHumidity without unitCode is a share from 0 to 1",
        "0.54, or 54 with \"unitCode\":\"P1\"",
    )
}
