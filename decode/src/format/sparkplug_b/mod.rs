//! Payloads of Sparkplug B (Eclipse Sparkplug 3.0), by the topics `spBv1.0/<group>/<type>/<node>[/<device>]`.
//!
//! The device is the topic's last level, with as many before it as the pack names. A birth says of each metric its name and
//! type with its first value, which is a value: what never changes is sent there alone. A metric has its own time, else its
//! payload's.
//!
//! The wire has unsigned integers only. What they mean stands in the metric's type: the number is cut to its width and read
//! with its sign, from whichever of the two fields it is in. `is_null` is no value. A quality that is `STALE` or bad is
//! kept as one. Commands and `STATE` carry nothing, and deaths no values.
//!
//! Data may leave name and type to the birth and have an alias. Whoever holds what the node said before ([`Node`]) gives
//! it along: the message is told to it first, then its metrics are read by it. Where nobody does (`ioc try`, a message that
//! is read again, one that did not come by a topic), a metric with an alias only is a reject that says so, and so is an
//! integer without an integer type: both are kept and can be read again.

mod wire;

use ioc_model::{
    observation::Quality,
    time::{EventTime, ReceivedAt},
};

use self::wire::{Fields, Held};
use super::gateway::{self, Element, Reading, When};
use crate::{
    contract::{Refusal, RowSink, Rows, Subject},
    node::{Declared, Named, Node, Said, Topic, Type},
};

/// What every topic begins with.
const NAMESPACE: &str = "spBv1.0";
const EXAMPLE: &str = "spBv1.0/TayNinh/DDATA/gw-0001/kho-lanh";
/// The type of moments, which are integers, too.
const DATE_TIME: u64 = 13;
/// So many properties of a metric are looked at.
const MOST_PROPERTIES: usize = 64;
/// The metric of births and deaths that says which session they are of.
const SESSION: &str = "bdSeq";

pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let address = rows.address();
    let levels = || address.split('/').skip_while(|level| *level != NAMESPACE).skip(1);
    // By another way than MQTT the address says nothing.
    let kind = levels().nth(1).unwrap_or("DDATA");
    let (is_birth, is_death) = (matches!(kind, "NBIRTH" | "DBIRTH"), matches!(kind, "NDEATH" | "DDEATH"));
    if levels().next() == Some("STATE") || !(is_birth || is_death || matches!(kind, "NDATA" | "DDATA")) {
        return Ok(());
    }
    let topic = Topic::of(address);
    // What a broker had kept was said nobody knows how long ago: it is not what the node said last.
    let mut node = rows.node().filter(|_| rows.arrived().is_some());
    let received_at = ReceivedAt(rows.received_at().0);
    // Before the first row is handed on all of it was seen to be whole.
    let said = said(payload).map(|said| {
        let again = rows.arrived().is_some_and(|arrived| arrived.is_doubtful);
        Said { again, ..said }
    });
    if is_death {
        if let (Some(node), Some(topic), Some(said)) = (node, topic, said) {
            for device in node.take(&topic, said, received_at, std::iter::empty()) {
                rows.present(&topic.of_data(device.as_deref()), false);
            }
        }
        return Ok(());
    }
    let said = said.ok_or_else(|| {
        gateway::malformed(payload, "không phải là Sparkplug B", "it is no payload of Sparkplug B", EXAMPLE)
    })?;
    if let (Some(node), Some(topic)) = (node.as_deref_mut(), topic) {
        let declared = metrics(payload).filter_map(Metric::of).filter_map(|metric| metric.declared());
        let _nobody = node.take(&topic, said, received_at, declared);
        if is_birth {
            rows.present(address, true);
        }
    }
    let before = Before { node: node.as_deref(), device: topic.and_then(|topic| topic.device) };
    // A node that has nothing but what belongs to the protocol need be no station's.
    if !metrics(payload).filter_map(Metric::of).any(|metric| metric.says_something(before)) {
        return Ok(());
    }
    let last = address.rsplit('/').next().unwrap_or(address);
    let subject = match rows.behind_device() {
        // The node is known, and this is a device of it that is not.
        Some(behind) if !behind.is_empty() => rows.device("topic", last)?,
        _ => rows.of_address("topic", last)?,
    };
    let mut is_undeclared = false;
    for (at, raw) in metrics(payload).enumerate() {
        let Some(metric) = Metric::of(raw) else { continue };
        is_undeclared |= matches!(metric.called(before), Called::Undeclared);
        if let Err(refusal) = metric.hand_on(&subject, before, said.at, raw, rows) {
            rows.reject(refusal, &Element(at), raw);
        }
    }
    if let Some(node) = node.filter(|_| is_undeclared) {
        node.undeclared(topic.and_then(|topic| topic.device), received_at);
    }
    Ok(())
}

/// The bytes of the metrics of a payload.
fn metrics(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    Fields::of(payload).flatten().filter_map(|field| match field {
        (2, Held::Bytes(metric)) => Some(metric),
        _ => None,
    })
}

/// What a payload says beside its metrics; none of one that is broken.
fn said(payload: &[u8]) -> Option<Said> {
    let mut said = Said::default();
    for field in Fields::of(payload) {
        match field? {
            (1, Held::Varint(millis)) => said.at = Some(millis),
            (2, Held::Bytes(metric)) => {
                if let Metric { name: Some(SESSION), value: Some(Sent::Integer(number)), .. } =
                    Metric::of(metric)?
                {
                    said.session = Some(number);
                }
            }
            (3, Held::Varint(seq)) => said.seq = Some(seq),
            _ => {}
        }
    }
    Some(said)
}

/// By what metrics are read.
#[derive(Clone, Copy, Debug)]
struct Before<'n> {
    /// What the node said; none where nobody holds that.
    node: Option<&'n Node>,
    /// Of which device they are; none where they are the node's own.
    device: Option<&'n str>,
}

/// What a metric is called, and its type where only its birth says that.
#[derive(Clone, Copy, Debug)]
enum Called<'n> {
    So(&'n str, Option<u64>),
    /// By a number that the birth does not have.
    Undeclared,
    /// By a number, and there is no birth.
    Unborn,
    /// By a number, and nobody holds what was said before.
    Alone,
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

    /// What a birth declares by it.
    fn declared(&self) -> Option<Declared<'a>> {
        let of = self.kind.and_then(|kind| Type::try_from(kind).ok()).unwrap_or_default();
        Some(Declared { name: self.name?, alias: self.alias, of, is_integer: is_integer(u64::from(of)) })
    }

    /// What it is called: as it says itself, else as the birth has its number.
    fn called<'n>(&self, before: Before<'n>) -> Called<'n>
    where
        'a: 'n,
    {
        let Before { node, device } = before;
        if let Some(name) = self.name {
            let of = node.and_then(|node| node.type_of(device, name));
            return Called::So(name, of.map(u64::from));
        }
        match (node, self.alias) {
            (None, _) => Called::Alone,
            (Some(_), None) => Called::Undeclared,
            (Some(node), Some(alias)) => match node.declared(device, alias) {
                Named::So(name, of) => Called::So(name, Some(u64::from(of))),
                Named::Undeclared => Called::Undeclared,
                Named::Unborn => Called::Unborn,
            },
        }
    }

    /// Whether it has a value, and is none of the protocol's own.
    fn says_something(&self, before: Before<'a>) -> bool {
        let is_of_the_node = matches!(self.called(before), Called::So(name, _) if is_of_the_node(name));
        self.value.is_some() && !self.is_null && !is_of_the_node
    }

    fn hand_on<S: RowSink + ?Sized>(
        &self,
        subject: &Subject<'_>,
        before: Before<'_>,
        at_all: Option<u64>,
        raw: &[u8],
        rows: &mut Rows<'_, S>,
    ) -> Result<(), Refusal> {
        let Some(value) = self.value.filter(|_| self.says_something(before)) else { return Ok(()) };
        let (symbol, born) = match self.called(before) {
            Called::So(symbol, born) => (symbol, born),
            nameless => return Err(told_nameless(self.alias, nameless, rows.address())),
        };
        let written = match value {
            Sent::Integer(bits) => match self.kind.filter(|kind| is_integer(*kind)).or(born) {
                Some(kind) if is_integer(kind) => whole(bits, kind).to_string(),
                _ if rows.is_measured(symbol, subject) => {
                    return Err(typeless(symbol, before.node.is_some()));
                }
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
    name == SESSION || ["Node Control/", "Device Control/"].iter().any(|own| name.starts_with(own))
}

/// Whether a type is one of integers.
fn is_integer(kind: u64) -> bool {
    matches!(kind, 1..=8 | DATE_TIME)
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

/// Why a number has no name.
fn told_nameless(alias: Option<u64>, called: Called<'_>, address: &str) -> Refusal {
    let alias = alias.map_or_else(|| "?".to_owned(), |alias| alias.to_string());
    let whose: Vec<&str> = address.split('/').skip_while(|level| *level != NAMESPACE).skip(3).collect();
    let whose = crate::contract::quoted(&whose.join("/"));
    let (vi, en) = match called {
        Called::Undeclared => (
            format!(
                "Bí danh (alias) {alias} của {whose} không có trong bản tin khai sinh của nó, nên không rõ đó là chỉ số nào. Nút \
                 sẽ được yêu cầu khai sinh lại."
            ),
            format!(
                "Alias {alias} of {whose} is not in its birth, so which metric it is is unclear. A rebirth of the node is wanted."
            ),
        ),
        Called::Unborn => (
            format!(
                "Bí danh (alias) {alias} của {whose} chỉ được đặt tên trong bản tin khai sinh, mà chưa có bản tin nào, hoặc \
                 không có từ khi nó báo tắt. Nút sẽ được yêu cầu khai sinh lại."
            ),
            format!(
                "Alias {alias} of {whose} is named by its birth only, and none came, or none since it died. A rebirth of the node \
                 is wanted."
            ),
        ),
        Called::Alone | Called::So(..) => (
            format!(
                "Chỉ số {alias} của {whose} là bí danh (alias) chỉ được đặt tên trong bản tin khai sinh trước đó, mà bản tin này \
                 được đọc riêng."
            ),
            format!(
                "Metric {alias} of {whose} is an alias that only an earlier birth has named, and this message is read by itself."
            ),
        ),
    };
    Refusal::no_birth("name", vi, en)
}

/// `is_followed`: what the node said before is known, and does not say it either.
fn typeless(name: &str, is_followed: bool) -> Refusal {
    let name = crate::contract::quoted(name);
    let (vi, en) = match is_followed {
        true => ("chưa bản tin khai sinh nào trước đó ghi", "no birth before it says it"),
        false => (
            "bản tin này được đọc riêng, không có bản tin khai sinh",
            "this message is read without its birth",
        ),
    };
    Refusal::no_birth(
        "datatype",
        format!(
            "Số nguyên của '{name}' không ghi kiểu số nguyên (datatype) nên không rõ dấu và độ dài, và {vi}. Hãy cấu hình nút gửi \
             kiểu trong bản tin khai sinh hoặc trong dữ liệu, ví dụ 2 (Int16)."
        ),
        format!(
            "The integer of '{name}' has no integer type (datatype), so its width and sign are unclear, and {en}. Let the node \
             send the type with its birth or with its data, for example 2 (Int16)."
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
