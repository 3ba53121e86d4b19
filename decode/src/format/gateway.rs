//! What all formats of gateways do with the values of a device.
//!
//! A message of a gateway is of a device, and says values by names that are the device's own. Both are mapped by the pack:
//! `devices`, `symbols` and `ignored` of a station. What the pack passes over is nothing; what it does not know is told by
//! its name, value by value, because a name that was changed in a device's program would be a hole that nobody can explain.
//! Texts, switches and nulls that mean nothing to the pack are what devices say of themselves and are passed over.
//!
//! Numbers are read from their decimal text, also those that came as bits: 18.4 in 32 bits is 18.4 and not
//! 18.399999618530273, so that the same sample by another way is the same. A whole number that no double holds is refused
//! rather than kept as its neighbour.

use std::{borrow::Cow, fmt::Display};

use ioc_model::{observation::Quality, time::EventTime};

use super::{
    fields, json_observation,
    json_pairs::{Pairs, scalar},
    json_text::{elements, is_shallow},
    moment::{self, Minute, NoTime},
};
use crate::contract::{Refusal, RowSink, Rows, Subject, TimedBy, quoted};

/// Doubles are exact up to here.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// No device has a longer name. Bytes.
pub(super) const LONGEST_NAME: usize = 512;
/// What may stand between a device's name and what it measures.
const SEPARATORS: [char; 5] = [':', '/', '.', '_', '-'];
/// No more of them, counted from the end, are looked at.
const MOST_SEPARATORS: usize = 16;

/// Other spellings of units: those of SenML (RFC 8428, section 12.1) and the codes of UN/CEFACT's recommendation 20.
const SPELLINGS: [(&str, &str); 20] = [
    ("Cel", "C"),
    ("CEL", "C"),
    ("%RH", "%"),
    ("P1", "%"),
    ("GQ", "ug/m3"),
    ("GP", "mg/m3"),
    ("M1", "mg/L"),
    ("59", "ppm"),
    ("61", "ppb"),
    ("A97", "hPa"),
    ("MTS", "m/s"),
    ("KMH", "km/h"),
    ("DD", "deg"),
    ("MQH", "m3/h"),
    ("G51", "L/s"),
    ("MTR", "m"),
    ("MMT", "mm"),
    ("LUX", "lx"),
    ("Q30", "pH"),
    ("LTR", "L"),
];

/// When something was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct When {
    pub(super) at: EventTime,
    /// Who says so, where it is not the message of the measurement.
    pub(super) by: Option<TimedBy>,
}

impl When {
    pub(super) fn stated(at: EventTime) -> When {
        When { at, by: None }
    }

    /// When it came; none of what a broker had kept, which was measured nobody knows when.
    pub(super) fn arrival<S: RowSink + ?Sized>(rows: &Rows<'_, S>) -> Option<When> {
        rows.arrived().map(|arrived| When { at: arrived.at, by: Some(arrived.by) })
    }
}

/// A value as a device says it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'a> {
    /// What the device calls it.
    pub(super) symbol: &'a str,
    /// As JSON writes it.
    pub(super) value: &'a str,
    pub(super) unit: Option<&'a str>,
    pub(super) when: When,
    pub(super) quality: Quality,
}

impl Reading<'_> {
    /// Hands it on. One that the pack passes over is nothing.
    pub(super) fn accept<S: RowSink + ?Sized>(
        &self,
        subject: &Subject<'_>,
        rows: &mut Rows<'_, S>,
    ) -> Result<(), Refusal> {
        let Some(indicator) = rows.reading("symbol", self.symbol, subject)? else { return Ok(()) };
        rows.check_time("time", self.when.at, subject)?;
        let sent = number(self.value)?;
        let unit = self.unit.map(|unit| {
            let other = SPELLINGS.iter().find(|(written, _)| *written == unit).map(|(_, other)| *other);
            other.filter(|_| indicator.factor(unit).is_none()).unwrap_or(unit)
        });
        let value = rows.convert("unit", indicator, sent, unit)?;
        let mut quality = indicator.stated(subject, sent, value, self.quality);
        if let Some(by) = self.when.by {
            rows.timed_by(by);
        }
        // The time of a second arrival is not that of a second measurement; and whether there was a first, nobody knows.
        let by_arrival = matches!(self.when.by, Some(TimedBy::Arrival | TimedBy::Record));
        let is_doubtful = || rows.arrived().is_some_and(|arrived| arrived.is_doubtful);
        if by_arrival && quality == Quality::Good && is_doubtful() {
            quality = Quality::Suspect;
        }
        rows.accept(subject, indicator, self.when.at, value, quality);
        Ok(())
    }

    /// Hands it on, or what it broke.
    pub(super) fn hand_on<S: RowSink + ?Sized>(
        &self,
        subject: &Subject<'_>,
        place: &dyn Display,
        raw: &[u8],
        rows: &mut Rows<'_, S>,
    ) {
        if let Err(refusal) = self.accept(subject, rows) {
            rows.reject(refusal, place, raw);
        }
    }

    /// As [`hand_on`](Reading::hand_on), of a field among others that a device says of itself: what means nothing to the
    /// pack and is `known` to be none, or is no number, is passed over. `raw` is its own bytes.
    pub(super) fn pick<S: RowSink + ?Sized>(
        &self,
        subject: &Subject<'_>,
        known: bool,
        raw: &[u8],
        rows: &mut Rows<'_, S>,
    ) {
        let is_number = self.value.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let means_nothing = || (known || !is_number) && !rows.is_measured(self.symbol, subject);
        if self.value == "null" || means_nothing() {
            return;
        }
        self.hand_on(subject, &quoted(self.symbol), raw, rows);
    }
}

/// A finite number, also one in quotes; a switch is 1 or 0.
pub(super) fn number(raw: &str) -> Result<f64, Refusal> {
    match raw {
        "true" => return Ok(1.0),
        "false" => return Ok(0.0),
        _ => {}
    }
    let written = scalar(raw);
    let written = written.trim();
    let number = fields::number(written).ok_or_else(|| Refusal::not_a_number("value", written))?;
    match is_exact(written, number) {
        true => Ok(number),
        false => Err(Refusal::not_exact("value", written)),
    }
}

/// Whether a number is what was written, where that is a whole number.
fn is_exact(written: &str, number: f64) -> bool {
    number.abs() < EXACT || written.parse().map_or(true, |whole: i128| number as i128 == whole)
}

/// The decimal text of a number of 32 bits: the shortest that is read back as it.
pub(super) fn of_single(number: f32) -> String {
    format!("{number:?}")
}

/// The longest beginning of a name that is a device's, up to a separator or all of it, and what is behind that.
pub(super) fn device_of<'n, S: RowSink + ?Sized>(
    name: &'n str,
    rows: &Rows<'_, S>,
) -> Option<(&'n str, &'n str)> {
    devices_of(name, rows).next()
}

/// All beginnings of a name that are a device's, the longest first, each with what is behind it.
pub(super) fn devices_of<'n, S: RowSink + ?Sized>(
    name: &'n str,
    rows: &Rows<'_, S>,
) -> impl Iterator<Item = (&'n str, &'n str)> {
    let name = if name.len() > LONGEST_NAME { "" } else { name };
    let whole = (!name.is_empty() && rows.is_device(name)).then_some((name, ""));
    // A separator is one byte.
    let beginnings = name.rmatch_indices(SEPARATORS).take(MOST_SEPARATORS).filter_map(|(at, _)| {
        let devices = [&name[..at], &name[..=at]];
        let device = devices.into_iter().find(|device| rows.is_device(device))?;
        Some((device, &name[at + 1..]))
    });
    whole.into_iter().chain(beginnings)
}

/// The text of a JSON message, which begins with a bracket.
pub(super) fn json<'a>(payload: &'a [u8], example: &str) -> Result<&'a str, Refusal> {
    // What pads a message behind its end is cut off before; within a text there is none.
    let whole = payload.trim_ascii();
    if !is_shallow(whole) {
        return Err(malformed(
            whole,
            "các dấu ngoặc lồng nhau quá sâu",
            "its brackets nest too deep",
            example,
        ));
    }
    match std::str::from_utf8(whole) {
        Ok(text) if text.starts_with(['{', '[']) => Ok(text),
        Ok(_) => Err(malformed(whole, "đây không phải là JSON", "it is no JSON", example)),
        Err(_) => Err(malformed(
            whole,
            "có byte không thuộc bảng mã UTF-8",
            "it has bytes that are not UTF-8",
            example,
        )),
    }
}

/// The pairs of a JSON message that is one object.
pub(super) fn object<'a>(payload: &'a [u8], example: &str) -> Result<(&'a str, Pairs<'a>), Refusal> {
    let text = json(payload, example)?;
    let pairs = Pairs::of(text).ok_or_else(|| {
        let (vi, en) = ("đây không phải là một đối tượng JSON hoàn chỉnh", "it is not one whole JSON object");
        malformed(text.as_bytes(), vi, en, example)
    })?;
    Ok((text, pairs))
}

pub(super) fn malformed(found: &[u8], vi: &str, en: &str, example: &str) -> Refusal {
    let found = quoted(&String::from_utf8_lossy(&found[..found.len().min(400)]));
    Refusal::malformed(
        format!("Không đọc được '{found}': {vi}. Ví dụ đúng: {example}"),
        format!("'{found}' cannot be read: {en}. A right one: {example}"),
    )
}

/// The value of a key, unless it is null; of one that is given twice none.
pub(super) fn get<'a>(pairs: &Pairs<'a>, key: &'static str) -> Result<Option<&'a str>, Refusal> {
    let mut found = pairs.iter().filter(|(name, _)| *name == key).map(|(_, raw)| raw);
    let first = found.next();
    match found.next() {
        Some(_) => Err(Refusal::given_twice(key)),
        None => Ok(first.filter(|raw| *raw != "null")),
    }
}

/// A text; none of anything else.
pub(super) fn text(raw: &str) -> Option<Cow<'_, str>> {
    raw.starts_with('"').then(|| scalar(raw))
}

/// A moment in RFC 3339, or a number since 1970.
pub(super) fn moment(raw: &str) -> Result<EventTime, Refusal> {
    let written = scalar(raw);
    let is_text = raw.starts_with('"');
    let read = match is_text {
        true => moment::rfc3339(written.trim(), &mut Minute::default()),
        false if raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => moment::since_1970(raw),
        false => Err(NoTime::Shape),
    };
    read.map_err(|fault| json_observation::no_time(fault, &written))
}

/// A moment, or the beginning of an interval `from/to`: a mean belongs to the hour it was gathered in.
pub(super) fn moment_or_beginning(raw: &str) -> Result<EventTime, Refusal> {
    let written = scalar(raw);
    let Some((from, to)) = written.split_once('/') else { return moment(raw) };
    let read = |text: &str| {
        moment::rfc3339(text.trim(), &mut Minute::default())
            .map_err(|fault| json_observation::no_time(fault, &written))
    };
    let (from, to) = (read(from)?, read(to)?);
    match from <= to {
        true => Ok(from),
        false => Err(Refusal::invalid(
            "time",
            &written,
            "là khoảng thời gian kết thúc trước khi bắt đầu",
            "an interval that ends before it begins",
            "2026-01-01T07:00:00+07:00/2026-01-01T08:00:00+07:00",
        )),
    }
}

/// Looks at every scalar within a value that nests [no deeper](is_shallow) than may be: the keys of objects and the
/// numbers of elements lead to it, with dots between.
pub(super) fn leaves(path: &mut String, raw: &str, each: &mut dyn FnMut(&str, &str)) {
    let length = path.len();
    let mut within = |key: &dyn Display, raw: &str, path: &mut String| {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&key.to_string());
        leaves(path, raw, &mut *each);
        path.truncate(length);
    };
    match raw.as_bytes().first() {
        Some(b'{') => {
            for (key, raw) in Pairs::of(raw).iter().flat_map(Pairs::iter) {
                within(&key, raw, path);
            }
        }
        Some(b'[') => {
            for (at, element) in elements(raw.as_bytes()).into_iter().flatten().enumerate() {
                within(&at, std::str::from_utf8(element).unwrap_or_default(), path);
            }
        }
        Some(_) => each(path, raw),
        None => {}
    }
}

/// An element of an array, counted from 0.
pub(super) struct Element(pub(super) usize);

impl Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}]", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_was_written_or_none() {
        for (raw, expected) in [
            ("18.4", Some(18.4)),
            ("\"18.4\"", Some(18.4)),
            ("true", Some(1.0)),
            ("9007199254740993", None),
            ("-9007199254740993", None),
            ("9007199254740994", Some(9_007_199_254_740_994.0)),
            ("18446744073709551616", Some(18_446_744_073_709_551_616.0)),
            ("18446744073709551615", None),
            ("1e300", Some(1e300)),
            ("null", None),
            ("\"NaN\"", None),
            ("{}", None),
        ] {
            assert_eq!(number(raw).ok(), expected, "{raw}");
        }
    }

    #[test]
    fn a_number_of_32_bits_is_the_one_somebody_wrote() {
        for written in ["18.4", "61.3", "-0.1", "1e30", "0.0", "16777216.0"] {
            let single: f32 = written.parse().unwrap();
            assert_eq!(number(&of_single(single)).ok(), written.parse().ok(), "{written}");
        }
    }

    #[test]
    fn leaves_are_told_with_the_way_to_them() {
        let mut found = Vec::new();
        let raw = r#"{"a":{"b":[1,{"c":"x"}],"d":{}},"e":null,"f.g":true}"#;
        leaves(&mut String::new(), raw, &mut |path, raw| found.push(format!("{path}={raw}")));
        assert_eq!(found, ["a.b.0=1", "a.b.1.c=\"x\"", "e=null", "f.g=true"]);
    }

    #[test]
    fn an_interval_counts_from_its_beginning() {
        let seven = moment("\"2026-01-01T07:00:00+07:00\"").unwrap();
        let interval = "\"2026-01-01T07:00:00+07:00/2026-01-01T01:00:00Z\"";
        assert_eq!(moment_or_beginning(interval).unwrap(), seven);
        assert!(moment_or_beginning("\"2026-01-01T02:00:00Z/2026-01-01T01:00:00Z\"").is_err());
        assert!(moment_or_beginning("\"2026-01-01T02:00:00/2026-01-01T03:00:00\"").is_err());
    }
}
