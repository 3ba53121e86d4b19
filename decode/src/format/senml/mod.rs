//! SenML (RFC 8428), as JSON or CBOR: which of the two, the first bytes tell.
//!
//! A pack is an array of records. A base field holds for its record and all later ones until it is given again; names and
//! values are added to theirs (`bn` + `n`, `bv` + `v`), times to `bt`, and a unit of a record's own comes before `bu`. A
//! time below 2²⁸ seconds is relative to now, which is when the message arrived. A record without a value carries base
//! fields, or a sum, which is an integral over time and no value.
//!
//! The resolved name is a device's and what it measures: the longest beginning, up to one of `: / . _ -`, that is a device
//! of a station; what is behind it is the symbol. A name that is a device as a whole is its own symbol. Where the name has
//! no device the topic has it.
//!
//! What makes the meaning of all records doubtful refuses the pack: a record that is none (it may have held base fields), a
//! base field of another type, a version above 10, and a label that ends in `_`, which must be understood. The form of the
//! drafts (`{"bn":…,"e":[…]}`) is still sent, and read.

mod cbor;
mod json;
mod record;

use std::{borrow::Cow, fmt::Display};

use ioc_model::{observation::Quality, time::EventTime};

use self::record::{Record, Wrong};
use super::gateway::{self, Reading, When, malformed};
use crate::{
    contract::{Refusal, RowSink, Rows, Subject},
    said,
};

const EXAMPLE: &str =
    r#"[{"bn":"urn:dev:ow:10e2073a01080063:","bt":1795132800,"n":"temperature","u":"Cel","v":27.4}]"#;
/// The version that this is.
const VERSION: u64 = 10;
/// Times below are relative. Seconds.
const RELATIVE_BELOW: f64 = 268_435_456.0;

/// So many records a pack has at the most: one may be three bytes, and its row many times that (invariant BOUND).
const MOST_RECORDS: usize = 20_000;

/// Takes the records of a pack in their order: where each is, and its bytes.
type Each<'e, 'a> = dyn FnMut(&dyn Display, Record<'a>, &'a [u8]) -> Result<(), Refusal> + 'e;

pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    // Before the first row is handed on it is known that the pack can be understood.
    let mut count = 0;
    records(payload, &mut |_, record, _| {
        count += 1;
        if count > MOST_RECORDS { Err(too_many()) } else { check(&record) }
    })?;
    let mut base = Base::default();
    records(payload, &mut |place, record, raw| {
        if let Err(refusal) = base.resolve(record, rows) {
            rows.reject(refusal, place, raw);
        }
        Ok(())
    })
}

fn records<'a>(payload: &'a [u8], each: &mut Each<'_, 'a>) -> Result<(), Refusal> {
    match payload.first() {
        // An array of CBOR; of JSON no text begins so.
        Some(0x80..=0x9f) => cbor::records(payload, each),
        _ if payload.starts_with(&cbor::SELF_DESCRIBED) => cbor::records(payload, each),
        _ => json::records(payload, each),
    }
}

fn check(record: &Record<'_>) -> Result<(), Refusal> {
    if let Some(label) = &record.must_understand {
        return Err(Refusal::invalid(
            "label",
            label,
            "là nhãn bắt buộc phải hiểu (kết thúc bằng '_') nhưng không biết nghĩa, nên không giá trị nào của gói được nhận",
            "a label that must be understood (it ends in '_') and is not known, so that no value of the pack is taken",
            EXAMPLE,
        ));
    }
    if let Some(Wrong { field, found }) = record.wrong.as_ref().filter(|wrong| wrong.field.starts_with('b')) {
        return Err(wrong_type(field, found));
    }
    if let Some(field) = record.twice.filter(|field| field.starts_with('b')) {
        return Err(Refusal::given_twice(field));
    }
    // It would be the beginning of every name behind it.
    if let Some(name) = record.bn.as_deref().filter(|name| name.len() > gateway::LONGEST_NAME) {
        return Err(too_long("bn", name));
    }
    match &record.bver {
        Some(version) if !version.parse().is_ok_and(|version: u64| version <= VERSION) => {
            Err(Refusal::invalid(
                "bver",
                version,
                "là phiên bản SenML chưa biết (đến 10)",
                "a version of SenML that is not known (up to 10)",
                "10",
            ))
        }
        _ => Ok(()),
    }
}

fn wrong_type(field: &'static str, found: &str) -> Refusal {
    Refusal::invalid(
        field,
        found,
        "không đúng kiểu của trường này",
        "which is not of the field's type",
        EXAMPLE,
    )
}

/// What is in effect.
#[derive(Debug, Default)]
struct Base<'a> {
    name: Cow<'a, str>,
    time: Option<Cow<'a, str>>,
    unit: Option<Cow<'a, str>>,
    value: Option<Cow<'a, str>>,
}

impl<'a> Base<'a> {
    fn resolve<S: RowSink + ?Sized>(
        &mut self,
        record: Record<'a>,
        rows: &mut Rows<'_, S>,
    ) -> Result<(), Refusal> {
        let Record { bn, bt, bu, bv, n, t, u, v, .. } = record;
        self.name = bn.unwrap_or(std::mem::take(&mut self.name));
        for (base, given) in [(&mut self.time, bt), (&mut self.unit, bu), (&mut self.value, bv)] {
            *base = given.or(base.take());
        }
        if let Some(Wrong { field, found }) = &record.wrong {
            return Err(wrong_type(field, found));
        }
        if let Some(field) = record.twice {
            return Err(Refusal::given_twice(field));
        }
        let value = match (v, record.vb, record.is_other) {
            (None, None, false) if record.has_sum || (n.is_none() && t.is_none() && u.is_none()) => {
                return Ok(());
            }
            (None, None, false) => return Err(Refusal::missing("v", "27.4")),
            (None, None, true) => Cow::Borrowed("\"\""),
            (None, Some(flag), false) => Cow::Borrowed(if flag { "true" } else { "false" }),
            (Some(value), None, false) => match &self.value {
                Some(base) => Cow::Owned(added(base, &value)),
                None => value,
            },
            _ => return Err(Refusal::given_twice("v")),
        };
        let name: Cow<'_, str> = match &n {
            Some(n) if self.name.is_empty() => Cow::Borrowed(n),
            Some(n) => Cow::Owned(format!("{}{n}", self.name)),
            None => Cow::Borrowed(&self.name),
        };
        let Some(when) = self.when(t.as_deref(), rows)? else { return Ok(()) };
        let (subject, symbol) = of_name(&name, rows)?;
        let unit = u.as_deref().or(self.unit.as_deref());
        Reading { symbol, value: &value, unit, when, quality: Quality::Good }.accept(&subject, rows)
    }

    /// None of what a broker had kept whose time is relative to a moment that nobody knows.
    fn when<S: RowSink + ?Sized>(
        &self,
        time: Option<&str>,
        rows: &Rows<'_, S>,
    ) -> Result<Option<When>, Refusal> {
        let seconds = |text: Option<&str>| match text {
            None => Ok(0.0),
            Some(text) => super::fields::number(text).ok_or_else(|| wrong_type("t", text)),
        };
        let sum = seconds(self.time.as_deref())? + seconds(time)?;
        let millis = (sum * 1_000.0).round();
        if millis.abs() > 9.0e15 {
            return Err(Refusal::no_such_time("t", &sum.to_string(), "1795132800"));
        }
        let millis = EventTime(millis as i64);
        if sum >= RELATIVE_BELOW {
            return Ok(Some(When::stated(millis)));
        }
        let relative = |now: When| When { at: EventTime(now.at.0.saturating_add(millis.0)), ..now };
        Ok(When::arrival(rows).map(relative))
    }
}

/// The sum of two numbers, exactly where their decimals can be added.
fn added(base: &str, value: &str) -> String {
    let sum = said::number(base).zip(said::number(value)).and_then(|(base, value)| base.checked_add(value));
    match sum {
        Some(sum) => sum.to_string(),
        None => {
            let number = |text| super::fields::number(text).unwrap_or(f64::NAN);
            format!("{:?}", number(base) + number(value))
        }
    }
}

/// Whose a name is, and what it calls what is measured.
fn of_name<'d, 'n, S: RowSink + ?Sized>(
    name: &'n str,
    rows: &mut Rows<'d, S>,
) -> Result<(Subject<'d>, &'n str), Refusal> {
    if name.is_empty() {
        return Err(Refusal::missing("n", "\"urn:dev:ow:10e2073a01080063:temperature\""));
    }
    if name.len() > gateway::LONGEST_NAME {
        return Err(too_long("n", name));
    }
    if let Some((device, symbol)) = gateway::device_of(name, rows) {
        return Ok((rows.device("n", device)?, if symbol.is_empty() { name } else { symbol }));
    }
    if rows.behind_device().is_some() {
        return Ok((rows.of_address("n", name)?, name));
    }
    // Of a feed of any subjects.
    let (device, symbol) = name.rsplit_once([':', '/']).unwrap_or((name, name));
    Ok((rows.device("n", device)?, symbol))
}

fn too_long(field: &'static str, name: &str) -> Refusal {
    Refusal::invalid(field, name, "quá dài", "which is too long", "\"temperature\"")
}

fn too_many() -> Refusal {
    Refusal::malformed(
        format!("Gói có hơn {MOST_RECORDS} bản ghi. Hãy chia nhỏ rồi gửi lại."),
        format!("The pack has more than {MOST_RECORDS} records. Split it and send it again."),
    )
}

/// A pack that is none.
fn no_pack(found: &[u8], vi: &str, en: &str) -> Refusal {
    malformed(found, vi, en, EXAMPLE)
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use ioc_model::{
        attribute::Attributes,
        envelope::{Content, Envelope},
        names::Names,
        observation::Observation,
        pack::Pack,
        position::Position,
        reject::Rejection,
        row::Row,
        time::ReceivedAt,
    };

    use super::{MOST_RECORDS, added};
    use crate::{Decoder, Outcome, RowSink, contract::LOOKED_FOR};

    #[derive(Default)]
    struct Counted(usize);

    impl RowSink for Counted {
        fn observation(&mut self, _: Observation) {
            self.0 += 1;
        }
        fn row(&mut self, _: Row) {
            self.0 += 1;
        }
        fn rejected(&mut self, _: u32, _: Rejection, _: &[u8]) {
            self.0 += 1;
        }
    }

    #[test]
    fn bound_a_hostile_base_name_makes_no_work_that_its_bytes_do_not_pay_for() {
        let files = ioc_testing::files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/pack"));
        let mut pack = Pack::parse(&files).unwrap_or_else(|faults| panic!("{faults}"));
        pack.feeds.get_mut("senml").unwrap().contract.max_bytes = 1 << 20;
        let decoder = Decoder::new(Arc::new(pack), Names::default()).unwrap();
        // As many levels as an address may have, and none of them known.
        let address = format!("senml/{}", "a/".repeat(40));
        let read = |base: &str| {
            let records = r#",{"n":"a","v":1}"#.repeat(MOST_RECORDS - 1);
            let pack = format!(r#"[{{"bn":"{base}"}}{records}]"#);
            let envelope = Envelope {
                position: Position::default(),
                feed: "senml",
                received_at: ReceivedAt(1_795_132_860_000),
                content: Content::Raw,
                address: &address,
                attributes: Attributes::default(),
                payload: pack.as_bytes(),
            };
            LOOKED_FOR.set(0);
            let mut rows = Counted::default();
            let outcome = decoder.decode(&envelope, &mut rows);
            (outcome, rows.0, LOOKED_FOR.get())
        };
        // Nothing but separators, each of which may end a device's name; behind a device that is known, too.
        for base in [":".repeat(500), format!("urn:dev:ow:10e2073a01080063:{}", ":".repeat(10))] {
            let (outcome, rows, looked_for) = read(&base);
            assert_eq!((outcome, rows), (Outcome::Decoded { rows: 19_999 }, 19_999));
            assert!(looked_for <= 40 * MOST_RECORDS, "{looked_for}");
        }
        // It would be copied for each record.
        let (outcome, rows, looked_for) = read(&"a".repeat(5_000));
        assert!(matches!(outcome, Outcome::Undecodable(_)), "{outcome:?}");
        assert_eq!((rows, looked_for), (0, 0));
    }

    #[test]
    fn a_base_value_is_added_in_decimals() {
        for (base, value, sum) in [
            ("15", "3.4", "18.4"),
            ("15", "-0.6", "14.4"),
            ("0.1", "0.2", "0.3"),
            ("1e300", "1e300", "2e300"),
        ] {
            assert_eq!(added(base, value), sum, "{base} + {value}");
        }
    }
}
