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

use std::{borrow::Cow, ops::Range};

use ioc_model::{observation::Quality, time::EventTime};

use super::{
    fields, json_flat,
    json_row::{Fields, Key, NoRow, Parsed},
    json_shape::Shapes,
    json_text::{self, elements},
    lines,
    moment::{self, Minute, NoTime},
};
use crate::contract::{IndicatorRules, Refusal, RowSink, Rows, Subject};

const TIME_EXAMPLE: &str = "2026-01-01T07:00:00+07:00";

/// The shapes of objects met before, and the minute that was read last.
#[derive(Debug, Default)]
pub(super) struct Cache {
    shapes: Shapes,
    minute: Minute,
}

pub(super) fn read<S: RowSink + ?Sized>(
    payload: &[u8],
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) -> Result<(), Refusal> {
    // Looked through once; only a payload that has other bytes somewhere is looked at row by row.
    let text = simdutf8::basic::from_utf8(payload).ok();
    let payload = Payload { bytes: payload, text, plain: text.is_some() && json_flat::is_plain(payload) };
    let whole = payload.part(payload.trimmed(0..payload.bytes.len()));
    if whole.bytes.first() == Some(&b'[')
        && let Some(elements) = elements(whole.bytes)
    {
        if whole.bytes[1..whole.bytes.len() - 1].trim_ascii().is_empty() {
            return Ok(());
        }
        read_array(elements, rows, cache);
        return Ok(());
    }
    // One look at the first line tells a batch of lines; only what is not one is tried as a whole.
    let first_line = memchr::memchr(b'\n', whole.bytes).map(|end| Raw::of(whole.bytes[..end].trim_ascii()));
    if first_line.is_some_and(|line| line.is_object(cache)) {
        return read_lines(payload, &NoRow::NotAnObject, rows, cache);
    }
    match whole.read(&"", rows, cache) {
        Ok(()) => Ok(()),
        Err(fault) => read_lines(payload, &fault, rows, cache),
    }
}

fn read_array<S: RowSink + ?Sized>(
    elements: json_text::Elements<'_>,
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) {
    for (index, element) in elements.enumerate() {
        Raw::of(element).read_or_reject(&Element(index), rows, cache);
    }
}

/// What was sent, as text if it is one.
#[derive(Clone, Copy)]
struct Payload<'a> {
    bytes: &'a [u8],
    text: Option<&'a str>,
    plain: bool,
}

impl<'a> Payload<'a> {
    #[inline]
    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        let part = &self.bytes[range.clone()];
        if let [b'{', .., b'}'] = part {
            return range;
        }
        let start = range.start + part.len() - part.trim_ascii_start().len();
        start..start + part.trim_ascii().len()
    }

    fn part(&self, range: Range<usize>) -> Raw<'a> {
        match self.text.and_then(|text| text.get(range.clone())) {
            // A line feed between values is blank, in a text it is no JSON: the general parser tells them apart.
            Some(text) if self.plain && !text.contains('\n') => {
                Raw { bytes: text.as_bytes(), text: Some(text) }
            }
            _ => Raw::of(&self.bytes[range]),
        }
    }
}

/// A row as it was sent.
#[derive(Clone, Copy)]
struct Raw<'a> {
    bytes: &'a [u8],
    /// If it is a plain text.
    text: Option<&'a str>,
}

impl<'a> Raw<'a> {
    fn of(bytes: &'a [u8]) -> Raw<'a> {
        let plain = json_flat::is_plain(bytes) && !bytes.contains(&b'\n');
        Raw { bytes, text: std::str::from_utf8(bytes).ok().filter(|_| plain) }
    }

    fn is_object(&self, cache: &mut Cache) -> bool {
        self.flat(cache).is_some() || Parsed::of(self.bytes).is_ok()
    }

    #[inline]
    fn flat(&self, cache: &mut Cache) -> Option<Fields<'a>> {
        self.text.and_then(|text| cache.shapes.fields(text, 0..text.len()))
    }

    /// Reads a row that is an object; what it broke is handed on as a rejection.
    #[inline]
    fn read<S: RowSink + ?Sized>(
        &self,
        place: &dyn std::fmt::Display,
        rows: &mut Rows<'_, S>,
        cache: &mut Cache,
    ) -> Result<(), NoRow> {
        match self.flat(cache) {
            Some(fields) => judge(&fields, self.bytes, place, rows, cache),
            None => judge(&Parsed::of(self.bytes)?.fields(), self.bytes, place, rows, cache),
        }
        Ok(())
    }

    #[inline]
    fn read_or_reject<S: RowSink + ?Sized>(
        &self,
        place: &dyn std::fmt::Display,
        rows: &mut Rows<'_, S>,
        cache: &mut Cache,
    ) {
        if let Err(fault) = self.read(place, rows, cache) {
            rows.reject(fault.refusal(self.bytes), place, self.bytes);
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
    payload: Payload<'_>,
    fault: &NoRow,
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) -> Result<(), Refusal> {
    let bytes = payload.bytes;
    let looks_like_object = |line: &[u8]| line.starts_with(b"{") && line.ends_with(b"}");
    let several = lines(bytes).nth(1).is_some();
    if !several || !lines(bytes).any(|(_, line)| looks_like_object(bytes[line].trim_ascii())) {
        return Err(fault.refusal(bytes.trim_ascii()));
    }
    let plain_text = payload.text.filter(|_| payload.plain);
    for (place, line) in lines(bytes) {
        let line = payload.trimmed(line);
        match plain_text.and_then(|text| cache.shapes.fields(text, line.clone())) {
            Some(fields) => judge(&fields, &bytes[line], &place, rows, cache),
            // What the quick way has declined is not shown to it again.
            None if plain_text.is_some() => {
                Raw { bytes: &bytes[line], text: None }.read_or_reject(&place, rows, cache);
            }
            None => Raw::of(&bytes[line]).read_or_reject(&place, rows, cache),
        }
    }
    Ok(())
}

/// Hands a row on, or what it broke.
#[inline]
fn judge<S: RowSink + ?Sized>(
    fields: &Fields<'_>,
    raw: &[u8],
    place: &dyn std::fmt::Display,
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) {
    if let Err(refusal) = accept(fields, rows, cache) {
        rows.reject(refusal, place, raw);
    }
}

#[inline]
pub(super) fn accept<S: RowSink + ?Sized>(
    fields: &Fields<'_>,
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) -> Result<(), Refusal> {
    if let Some(field) = fields.twice {
        return Err(Refusal::given_twice(field));
    }
    let symbol = required_text(fields.get(Key::Indicator), fields.plain, "indicator", "\"pm25\"")?;
    let name = required_text(fields.get(Key::Subject), fields.plain, "subject", "\"TN-0412\"")?;
    let subject = rows.subject("subject", &name)?;
    let indicator = rows.indicator("indicator", &symbol, &subject)?;
    measured(fields, &subject, indicator, rows, cache)
}

/// As [`accept`], of the station whose device goes by that name (raw JSON), with the station's own symbols.
pub(super) fn accept_of_device<S: RowSink + ?Sized>(
    device: &str,
    fields: &Fields<'_>,
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) -> Result<(), Refusal> {
    if present(fields.get(Key::Subject)).is_some() {
        return Err(Refusal::subject_and_device());
    }
    if let Some(field) = fields.twice {
        return Err(Refusal::given_twice(field));
    }
    let symbol = required_text(fields.get(Key::Indicator), fields.plain, "indicator", "\"pm25\"")?;
    let name = required_text(Some(device), false, "device", "\"70b3d57ed0000001\"")?;
    let subject = rows.device("device", &name)?;
    let indicator = rows.indicator_in_file("indicator", &symbol, &subject)?;
    measured(fields, &subject, indicator, rows, cache)
}

#[inline]
fn measured<S: RowSink + ?Sized>(
    fields: &Fields<'_>,
    subject: &Subject<'_>,
    indicator: &IndicatorRules,
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) -> Result<(), Refusal> {
    let time = time(fields.get(Key::Time), fields.plain, &mut cache.minute)?;
    rows.check_time("time", time, subject)?;
    let sent = value(fields.get(Key::Value), fields.plain)?;
    let unit = optional_text(fields.get(Key::Unit), fields.plain, "unit", "\"ug/m3\"")?;
    let value = rows.convert("unit", indicator, sent, unit.as_deref())?;
    let quality = indicator.stated(subject, sent, value, quality(fields.get(Key::Quality), fields.plain)?);
    rows.accept(subject, indicator, time, value, quality);
    Ok(())
}

fn present(raw: Option<&str>) -> Option<&str> {
    raw.filter(|raw| *raw != "null")
}

/// The text of a JSON string, `plain` if it surely has no escape; none if it is not one.
#[inline]
fn string(raw: &str, plain: bool) -> Option<Cow<'_, str>> {
    let [b'"', .., b'"'] = raw.as_bytes() else { return None };
    let inner = raw.get(1..raw.len() - 1)?;
    if plain || memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    sonic_rs::from_str::<String>(raw).ok().map(Cow::Owned)
}

#[inline]
fn required_text<'r>(
    raw: Option<&'r str>,
    plain: bool,
    field: &'static str,
    example: &str,
) -> Result<Cow<'r, str>, Refusal> {
    optional_text(raw, plain, field, example)?.ok_or_else(|| Refusal::missing(field, example))
}

#[inline]
fn optional_text<'r>(
    raw: Option<&'r str>,
    plain: bool,
    field: &'static str,
    example: &str,
) -> Result<Option<Cow<'r, str>>, Refusal> {
    let Some(raw) = present(raw) else { return Ok(None) };
    match string(raw, plain) {
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
fn time(raw: Option<&str>, plain: bool, minute: &mut Minute) -> Result<EventTime, Refusal> {
    let raw = present(raw).ok_or_else(|| Refusal::missing("time", TIME_EXAMPLE))?;
    let (read, written) = match string(raw, plain) {
        Some(text) => (moment::rfc3339(&text, minute), text),
        None if raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            (moment::since_1970(raw), Cow::Borrowed(raw))
        }
        None => (Err(NoTime::Shape), Cow::Borrowed(raw)),
    };
    read.map_err(|fault| no_time(fault, &written))
}

/// Why a text that was written for a time is none.
pub(super) fn no_time(fault: NoTime, written: &str) -> Refusal {
    match fault {
        NoTime::NoSuchDay => Refusal::no_such_time("time", written, TIME_EXAMPLE),
        NoTime::NoZone => {
            Refusal::invalid("time", written, "thiếu múi giờ", "which lacks a time zone", TIME_EXAMPLE)
        }
        NoTime::Shape => Refusal::invalid(
            "time",
            written,
            "không phải là thời điểm theo RFC 3339 hay số giây (mili giây) từ năm 1970",
            "which is neither an RFC 3339 time nor a number of seconds or milliseconds since 1970",
            TIME_EXAMPLE,
        ),
    }
}

#[inline]
fn value(raw: Option<&str>, plain: bool) -> Result<f64, Refusal> {
    let raw = raw.ok_or_else(|| Refusal::missing("value", "37.25"))?;
    if let Some(number) = fields::number(raw) {
        return Ok(number);
    }
    let written = string(raw, plain).unwrap_or(Cow::Borrowed(raw));
    fields::number(written.trim()).ok_or_else(|| Refusal::not_a_number("value", &written))
}

#[inline]
fn quality(raw: Option<&str>, plain: bool) -> Result<Quality, Refusal> {
    let Some(raw) = present(raw) else { return Ok(Quality::Good) };
    let written = string(raw, plain).unwrap_or(Cow::Borrowed(raw));
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
