//! Observations as JSON: one object, an array of objects, or lines of objects.
//!
//! | field | is |
//! |---|---|
//! | `indicator` | identifier, symbol or alias of an indicator |
//! | `subject` or `station` | the station's identifier |
//! | `time` or `ts` | RFC 3339 with a zone, or a number of seconds or milliseconds since 1970 (see `moment`) |
//! | `value` | a number, or a number in quotes |
//! | `unit` | optional: a unit the indicator converts from |
//! | `quality` | optional: a word such as `calibrating`, or a station status `0`, `1`, `2`, `"00"`… |
//!
//! Other fields are ignored, so that a gateway may send what else it knows; a field given twice is refused, because
//! parsers disagree on which one counts. `null` counts as missing, except for `value`, where it is no number.
//! Numbers are the correctly rounded doubles of their decimal text; a decimal comma in quotes is no number here,
//! since JSON has a point of its own.
//!
//! One object may span lines; what is not one object is read line by line, and a bad line costs only itself. An
//! array must be whole, because a torn one says nothing of what is missing; an element of it that is broken costs
//! only itself.

use std::borrow::Cow;

use ioc_model::{observation::Quality, time::EventTime};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use sonic_rs::LazyValue;

use super::{
    fields, json_flat,
    json_text::{self, DEEPEST, elements, is_shallow},
    lines,
    moment::{self, NoTime},
};
use crate::decode::{Refusal, RowSink, Rows, quoted};

const EXAMPLE: &str =
    r#"{"indicator":"pm25","subject":"TN-0412","time":"2026-01-01T07:00:00+07:00","value":37.25}"#;
const TIME_EXAMPLE: &str = "2026-01-01T07:00:00+07:00";

pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let text = payload.trim_ascii();
    if text.first() == Some(&b'[')
        && let Some(elements) = elements(text)
    {
        if text[1..text.len() - 1].trim_ascii().is_empty() {
            return Ok(());
        }
        read_array(elements, rows);
        return Ok(());
    }
    // One look at the first line tells a batch of lines; only what is not one is tried as a whole.
    let first_line = memchr::memchr(b'\n', text).map(|end| text[..end].trim_ascii());
    if first_line.is_some_and(|line| parse(line).is_ok()) {
        return read_lines(payload, &NoRow::NotAnObject, rows);
    }
    match parse(text) {
        Ok(fields) => {
            read_row(&fields, text, &"", rows);
            Ok(())
        }
        Err(fault) => read_lines(payload, &fault, rows),
    }
}

fn read_array<S: RowSink + ?Sized>(elements: json_text::Elements<'_>, rows: &mut Rows<'_, S>) {
    for (index, element) in elements.enumerate() {
        let place = Element(index);
        match parse(element) {
            Ok(fields) => read_row(&fields, element, &place, rows),
            Err(fault) => rows.reject(fault.refusal(element), &place, element),
        }
    }
}

struct Element(usize);

impl std::fmt::Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}]", self.0)
    }
}

/// A text of which no line looks like an object, or which is one line, is refused whole.
fn read_lines<S: RowSink + ?Sized>(
    payload: &[u8],
    fault: &NoRow,
    rows: &mut Rows<'_, S>,
) -> Result<(), Refusal> {
    let looks_like_object = |line: &[u8]| line.starts_with(b"{") && line.ends_with(b"}");
    let several = lines(payload).nth(1).is_some();
    if !several || !lines(payload).any(|(_, line)| looks_like_object(line.trim_ascii())) {
        return Err(fault.refusal(payload.trim_ascii()));
    }
    for (place, line) in lines(payload) {
        let line = line.trim_ascii();
        match parse(line) {
            Ok(fields) => read_row(&fields, line, &place, rows),
            Err(fault) => rows.reject(fault.refusal(line), &place, line),
        }
    }
    Ok(())
}

/// Why a text is no row.
#[derive(Debug)]
enum NoRow {
    NotUtf8,
    TooDeep,
    NotAnObject,
}

impl NoRow {
    fn refusal(&self, found: &[u8]) -> Refusal {
        if let (NoRow::NotAnObject, Some(word)) = (self, word_for_value(found)) {
            return Refusal::not_a_number("value", word);
        }
        let found = quoted(&String::from_utf8_lossy(&found[..found.len().min(400)]));
        let (vi, en) = match self {
            NoRow::NotUtf8 => ("có byte không thuộc bảng mã UTF-8", "it has bytes that are not UTF-8"),
            NoRow::TooDeep => ("các dấu ngoặc lồng nhau quá sâu", "its brackets nest too deep"),
            NoRow::NotAnObject => {
                ("đây không phải là một đối tượng JSON hoàn chỉnh", "it is not one whole JSON object")
            }
        };
        let levels = match self {
            NoRow::TooDeep => format!(" ({DEEPEST})"),
            _ => String::new(),
        };
        Refusal::malformed(
            format!("Không đọc được '{found}': {vi}{levels}. Ví dụ đúng: {EXAMPLE}"),
            format!("'{found}' cannot be read: {en}{levels}. A right one: {EXAMPLE}"),
        )
    }
}

/// The word in place of a value: `NaN` and `Infinity` are no JSON, but common printers write them.
fn word_for_value(row: &[u8]) -> Option<&'static str> {
    let at = memchr::memmem::find(row, b"\"value\"")?;
    let value = row[at + b"\"value\"".len()..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    ["NaN", "Infinity", "-Infinity", "-NaN", "inf", "-inf"]
        .into_iter()
        .find(|word| value.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes())))
}

fn parse(row: &[u8]) -> Result<Fields<'_>, NoRow> {
    if let Some(fields) = std::str::from_utf8(row).ok().and_then(Fields::of_flat) {
        return Ok(fields);
    }
    parse_any(row)
}

fn parse_any(row: &[u8]) -> Result<Fields<'_>, NoRow> {
    if !is_shallow(row) {
        return Err(NoRow::TooDeep);
    }
    let text = std::str::from_utf8(row).map_err(|_| NoRow::NotUtf8)?;
    sonic_rs::from_str(text).map_err(|_| NoRow::NotAnObject)
}

/// A row's fields, each as its raw JSON text.
#[derive(Debug, Default, PartialEq)]
struct Fields<'a> {
    indicator: Option<Cow<'a, str>>,
    subject: Option<Cow<'a, str>>,
    time: Option<Cow<'a, str>>,
    value: Option<Cow<'a, str>>,
    unit: Option<Cow<'a, str>>,
    quality: Option<Cow<'a, str>>,
    twice: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Key {
    Indicator,
    Subject,
    Time,
    Value,
    Unit,
    Quality,
    Other,
}

impl Key {
    #[inline]
    fn of(key: &str) -> Key {
        match key {
            "indicator" => Key::Indicator,
            "subject" | "station" => Key::Subject,
            "time" | "ts" => Key::Time,
            "value" => Key::Value,
            "unit" => Key::Unit,
            "quality" => Key::Quality,
            _ => Key::Other,
        }
    }
}

impl<'a> Fields<'a> {
    /// Of a row that is plainly flat; none if the general parser must look.
    #[inline]
    fn of_flat(text: &'a str) -> Option<Fields<'a>> {
        let mut fields = Fields::default();
        json_flat::pairs(text, |key, value| {
            let slot = match Key::of(key) {
                Key::Indicator => &mut fields.indicator,
                Key::Subject => &mut fields.subject,
                Key::Time => &mut fields.time,
                Key::Value => &mut fields.value,
                Key::Unit => &mut fields.unit,
                Key::Quality => &mut fields.quality,
                Key::Other => return Some(()),
            };
            slot.replace(Cow::Borrowed(value)).is_none().then_some(())
        })?;
        Some(fields)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a key")
            }

            #[inline]
            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(Key::of(key))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields<'de>, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an observation")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Fields::default();
                while let Some(key) = map.next_key::<Key>()? {
                    let (slot, name) = match key {
                        Key::Indicator => (&mut fields.indicator, "indicator"),
                        Key::Subject => (&mut fields.subject, "subject"),
                        Key::Time => (&mut fields.time, "time"),
                        Key::Value => (&mut fields.value, "value"),
                        Key::Unit => (&mut fields.unit, "unit"),
                        Key::Quality => (&mut fields.quality, "quality"),
                        Key::Other => {
                            let _ignored: IgnoredAny = map.next_value()?;
                            continue;
                        }
                    };
                    let value: LazyValue<'de> = map.next_value()?;
                    if slot.replace(value.as_raw_cow()).is_some() {
                        fields.twice = Some(name);
                    }
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

fn read_row<S: RowSink + ?Sized>(
    fields: &Fields<'_>,
    raw: &[u8],
    place: &dyn std::fmt::Display,
    rows: &mut Rows<'_, S>,
) {
    if let Err(refusal) = accept(fields, rows) {
        rows.reject(refusal, place, raw);
    }
}

#[inline]
fn accept<S: RowSink + ?Sized>(fields: &Fields<'_>, rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    if let Some(field) = fields.twice {
        return Err(Refusal::given_twice(field));
    }
    let symbol = required_text(fields.indicator.as_deref(), "indicator", "\"pm25\"")?;
    let name = required_text(fields.subject.as_deref(), "subject", "\"TN-0412\"")?;
    let subject = rows.subject("subject", &name)?;
    let indicator = rows.indicator("indicator", &symbol, &subject)?;
    let time = time(fields.time.as_deref())?;
    rows.check_time("time", time, &subject)?;
    let value = value(fields.value.as_deref())?;
    let unit = optional_text(fields.unit.as_deref(), "unit", "\"ug/m3\"")?;
    let value = rows.convert("unit", indicator, value, unit.as_deref())?;
    let quality = quality(fields.quality.as_deref())?;
    rows.accept(&subject, indicator, time, value, quality);
    Ok(())
}

fn present(raw: Option<&str>) -> Option<&str> {
    raw.filter(|raw| *raw != "null")
}

/// The text of a JSON string; none if it is not one.
#[inline]
fn string(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    sonic_rs::from_str::<String>(raw).ok().map(Cow::Owned)
}

#[inline]
fn required_text<'r>(
    raw: Option<&'r str>,
    field: &'static str,
    example: &str,
) -> Result<Cow<'r, str>, Refusal> {
    optional_text(raw, field, example)?.ok_or_else(|| Refusal::missing(field, example))
}

#[inline]
fn optional_text<'r>(
    raw: Option<&'r str>,
    field: &'static str,
    example: &str,
) -> Result<Option<Cow<'r, str>>, Refusal> {
    let Some(raw) = present(raw) else { return Ok(None) };
    match string(raw) {
        Some(text) => Ok(Some(text)),
        None => Err(Refusal::invalid(
            field,
            raw,
            "nhưng phải là một chuỗi ký tự trong dấu ngoặc kép",
            "but must be a text in quotes",
            example,
        )),
    }
}

#[inline]
fn time(raw: Option<&str>) -> Result<EventTime, Refusal> {
    let raw = present(raw).ok_or_else(|| Refusal::missing("time", TIME_EXAMPLE))?;
    let (read, written) = match string(raw) {
        Some(text) => (moment::rfc3339(&text), text),
        None if raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            (moment::since_1970(raw), Cow::Borrowed(raw))
        }
        None => (Err(NoTime::Shape), Cow::Borrowed(raw)),
    };
    read.map_err(|fault| match fault {
        NoTime::NoSuchDay => Refusal::no_such_time("time", &written, TIME_EXAMPLE),
        NoTime::NoZone => {
            Refusal::invalid("time", &written, "thiếu múi giờ", "which lacks a time zone", TIME_EXAMPLE)
        }
        NoTime::Shape => Refusal::invalid(
            "time",
            &written,
            "không phải là thời điểm theo RFC 3339 hay số giây (mili giây) từ năm 1970",
            "which is neither an RFC 3339 time nor a number of seconds or milliseconds since 1970",
            TIME_EXAMPLE,
        ),
    })
}

#[inline]
fn value(raw: Option<&str>) -> Result<f64, Refusal> {
    let raw = raw.ok_or_else(|| Refusal::missing("value", "37.25"))?;
    if let Some(number) = fields::number(raw) {
        return Ok(number);
    }
    let written = string(raw).unwrap_or(Cow::Borrowed(raw));
    fields::number(written.trim()).ok_or_else(|| Refusal::not_a_number("value", &written))
}

#[inline]
fn quality(raw: Option<&str>) -> Result<Quality, Refusal> {
    let Some(raw) = present(raw) else { return Ok(Quality::Good) };
    let written = string(raw).unwrap_or(Cow::Borrowed(raw));
    fields::station_status(&written).or_else(|| Quality::from_word(&written)).ok_or_else(|| {
        Refusal::invalid(
            "quality",
            &written,
            "không phải là trạng thái 00, 01, 02 hay một từ chỉ chất lượng",
            "which is neither a status 00, 01, 02 nor a word of quality",
            "\"good\"",
        )
    })
}
