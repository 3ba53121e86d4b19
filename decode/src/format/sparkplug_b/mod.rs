//! Payloads of Sparkplug B (Eclipse Sparkplug 3.0), by the topics `spBv1.0/<group>/<type>/<node>[/<device>]`.
//!
//! The device is the topic's last level, with as many before it as the pack names. A birth says of each metric its name and
//! type with its first value, which is a value: what never changes is sent there alone. A metric has its own time, else its
//! payload's.
//!
//! The wire has unsigned integers only. What they mean stands in the metric's type: the number is cut to its width and read
//! with its sign, from whichever of the two fields it is in. `is_null` is no value. A quality that is `STALE` or bad is
//! kept as one. Deaths, commands and `STATE` carry nothing.
//!
//! Data may leave name and type to the birth and have an alias. A message is read here by what it says alone, so a metric
//! with an alias only is a reject that says so, and so is an integer without an integer type: both are kept and can be read
//! again. A node that sends names and types in its data is read whole.

mod wire;

use ioc_model::{observation::Quality, time::EventTime};

use self::wire::{Fields, Held};
use super::gateway::{self, Element, Reading, When};
use crate::contract::{Refusal, RowSink, Rows, Subject};

/// What every topic begins with.
const NAMESPACE: &str = "spBv1.0";
const EXAMPLE: &str = "spBv1.0/TayNinh/DDATA/gw-0001/kho-lanh";
/// The type of moments, which are integers, too.
const DATE_TIME: u64 = 13;
/// So many properties of a metric are looked at.
const MOST_PROPERTIES: usize = 64;

pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let address = rows.address();
    let levels = || address.split('/').skip_while(|level| *level != NAMESPACE).skip(1);
    // By another way than MQTT the address says nothing.
    let kind = levels().nth(1).unwrap_or("DDATA");
    if levels().next() == Some("STATE") || !matches!(kind, "NBIRTH" | "DBIRTH" | "NDATA" | "DDATA") {
        return Ok(());
    }
    let broken = || {
        gateway::malformed(payload, "không phải là Sparkplug B", "it is no payload of Sparkplug B", EXAMPLE)
    };
    // Before the first row is handed on all of it was seen to be whole.
    let (mut at_all, mut says_something) = (None, false);
    for field in Fields::of(payload) {
        match field.ok_or_else(broken)? {
            (1, Held::Varint(millis)) => at_all = Some(millis),
            (2, Held::Bytes(metric)) => {
                says_something |= Metric::of(metric).ok_or_else(broken)?.says_something()
            }
            _ => {}
        }
    }
    // A node that has nothing but what belongs to the protocol need be no station's.
    if !says_something {
        return Ok(());
    }
    let last = address.rsplit('/').next().unwrap_or(address);
    let subject = match rows.behind_device() {
        // The node is known, and this is a device of it that is not.
        Some(behind) if !behind.is_empty() => rows.device("topic", last)?,
        _ => rows.of_address("topic", last)?,
    };
    let metrics = Fields::of(payload).flatten().filter_map(|field| match field {
        (2, Held::Bytes(metric)) => Some(metric),
        _ => None,
    });
    for (at, raw) in metrics.enumerate() {
        let Some(metric) = Metric::of(raw) else { continue };
        if let Err(refusal) = metric.hand_on(&subject, at_all, raw, rows) {
            rows.reject(refusal, &Element(at), raw);
        }
    }
    Ok(())
}

/// A metric, as far as it is looked at.
#[derive(Debug, Default)]
struct Metric<'a> {
    name: Option<&'a str>,
    alias: Option<u64>,
    /// Milliseconds since 1970.
    at: Option<u64>,
    kind: Option<u64>,
    is_null: bool,
    quality: Option<u64>,
    value: Option<Sent>,
}

/// What stands in one of the fields of values.
#[derive(Clone, Copy, Debug)]
enum Sent {
    Integer(u64),
    Single(u32),
    Double(u64),
    Flag(bool),
    /// Texts, bytes, tables and templates.
    Other,
}

impl<'a> Metric<'a> {
    /// None if it is broken.
    fn of(message: &'a [u8]) -> Option<Metric<'a>> {
        let mut metric = Metric::default();
        for field in Fields::of(message) {
            match field? {
                (1, Held::Bytes(name)) => {
                    metric.name = Some(std::str::from_utf8(name).ok()?).filter(|name| !name.is_empty());
                }
                (2, Held::Varint(alias)) => metric.alias = Some(alias),
                (3, Held::Varint(at)) => metric.at = Some(at),
                (4, Held::Varint(kind)) => metric.kind = Some(kind),
                (7, Held::Varint(flag)) => metric.is_null = flag != 0,
                (9, Held::Bytes(properties)) => metric.quality = quality_of(properties)?,
                (10 | 11, Held::Varint(bits)) => metric.value = Some(Sent::Integer(bits)),
                (12, Held::Fixed32(bits)) => metric.value = Some(Sent::Single(bits)),
                (13, Held::Fixed64(bits)) => metric.value = Some(Sent::Double(bits)),
                (14, Held::Varint(flag)) => metric.value = Some(Sent::Flag(flag != 0)),
                (15..=19, Held::Bytes(_)) => metric.value = Some(Sent::Other),
                _ => {}
            }
        }
        Some(metric)
    }

    /// Whether it has a value, and is none of the protocol's own.
    fn says_something(&self) -> bool {
        self.value.is_some() && !self.is_null && !self.name.is_some_and(is_of_the_node)
    }

    fn hand_on<S: RowSink + ?Sized>(
        &self,
        subject: &Subject<'_>,
        at_all: Option<u64>,
        raw: &[u8],
        rows: &mut Rows<'_, S>,
    ) -> Result<(), Refusal> {
        let Some(value) = self.value.filter(|_| self.says_something()) else { return Ok(()) };
        let symbol = match (self.name, self.alias) {
            (Some(name), _) => name,
            (None, alias) => return Err(nameless(alias, rows.address())),
        };
        let written = match value {
            Sent::Integer(bits) => match self.kind {
                Some(kind @ (1..=8 | DATE_TIME)) => whole(bits, kind).to_string(),
                _ if rows.is_measured(symbol, subject) => return Err(typeless(symbol)),
                _ => bits.to_string(),
            },
            Sent::Single(bits) => gateway::of_single(f32::from_bits(bits)),
            Sent::Double(bits) => format!("{:?}", f64::from_bits(bits)),
            Sent::Flag(flag) => flag.to_string(),
            Sent::Other => "\"…\"".to_owned(),
        };
        let when = match self.at.or(at_all) {
            Some(millis) => {
                let no_time = || Refusal::no_such_time("timestamp", &millis.to_string(), "1795132800000");
                When::stated(EventTime(i64::try_from(millis).map_err(|_| no_time())?))
            }
            None => match When::arrival(rows) {
                Some(when) => when,
                None => return Ok(()),
            },
        };
        let quality = match self.quality {
            None | Some(192) => Quality::Good,
            Some(0) => Quality::DeviceError,
            Some(_) => Quality::Suspect,
        };
        Reading { symbol, value: &written, unit: None, when, quality }.pick(subject, false, raw, rows);
        Ok(())
    }
}

/// What belongs to the protocol.
fn is_of_the_node(name: &str) -> bool {
    name == "bdSeq" || ["Node Control/", "Device Control/"].iter().any(|own| name.starts_with(own))
}

/// An integer by its type: cut to its width, and read with its sign (Sparkplug 3.0, section 6.4.16).
fn whole(bits: u64, kind: u64) -> i128 {
    match kind {
        1 => i128::from(bits as u8 as i8),
        2 => i128::from(bits as u16 as i16),
        3 => i128::from(bits as u32 as i32),
        4 => i128::from(bits as i64),
        5 => i128::from(bits as u8),
        6 => i128::from(bits as u16),
        7 => i128::from(bits as u32),
        _ => i128::from(bits),
    }
}

/// The property `Quality` of a set, if it is there: 192 good, 0 bad, 500 stale. None if the set is broken.
fn quality_of(properties: &[u8]) -> Option<Option<u64>> {
    let (mut of, mut keys, mut values) = (None, 0, 0);
    let mut found = None;
    for field in Fields::of(properties) {
        match field? {
            (1, Held::Bytes(key)) => {
                if key.eq_ignore_ascii_case(b"quality") {
                    of = Some(keys);
                }
                keys += 1;
            }
            (2, Held::Bytes(_)) => values += 1,
            _ => {}
        }
    }
    let Some(of) = of.filter(|of| *of < values && *of < MOST_PROPERTIES) else { return Some(found) };
    let value = Fields::of(properties).flatten().filter_map(|field| match field {
        (2, Held::Bytes(value)) => Some(value),
        _ => None,
    });
    for field in value.skip(of).take(1).flat_map(Fields::of) {
        if let (3 | 4, Held::Varint(number)) = field? {
            found = Some(number);
        }
    }
    Some(found)
}

fn nameless(alias: Option<u64>, address: &str) -> Refusal {
    let alias = alias.map_or_else(|| "?".to_owned(), |alias| alias.to_string());
    let whose: Vec<&str> = address.split('/').skip_while(|level| *level != NAMESPACE).skip(3).collect();
    Refusal::missing("name", "\"pm25\"").explained(
        &format!(
            "Chỉ số {alias} của {} là bí danh (alias) chỉ được đặt tên trong bản tin khai sinh trước đó, mà mỗi bản tin ở đây được \
             đọc riêng. Hãy cấu hình nút gửi cả tên (name) và kiểu (datatype) trong dữ liệu.",
            crate::contract::quoted(&whose.join("/")),
        ),
        &format!(
            "Metric {alias} of {} is an alias that only an earlier birth has named, and each message is read here by itself. \
             Let the node send names and types with its data.",
            crate::contract::quoted(&whose.join("/")),
        ),
    )
}

fn typeless(name: &str) -> Refusal {
    Refusal::missing("datatype", "2 (Int16)").explained(
        &format!(
            "Số nguyên của '{}' không ghi kiểu số nguyên nên không rõ dấu và độ dài. Hãy cấu hình nút gửi kiểu (datatype) trong dữ liệu.",
            crate::contract::quoted(name),
        ),
        &format!(
            "The integer of '{}' has no integer type, so its width and sign are unclear. Let the node send types with its data.",
            crate::contract::quoted(name),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_is_what_its_type_makes_of_its_bits() {
        for (bits, kind, expected) in [
            (4_294_967_278, 2, -18),
            (65_516, 2, -20),
            (168, 1, -88),
            (4_294_967_209, 1, -87),
            (4_294_967_278, 3, -18),
            (u64::MAX - 34, 4, -35),
            (200, 5, 200),
            (40_000, 6, 40_000),
            (3_000_000_000, 7, 3_000_000_000),
            (u64::MAX, 8, i128::from(u64::MAX)),
        ] {
            assert_eq!(whole(bits, kind), expected, "{bits} of type {kind}");
        }
    }
}
