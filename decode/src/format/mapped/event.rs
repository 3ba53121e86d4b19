//! Events that a mapping makes.
//!
//! An output has the fields of [`EventField`], and beside them `kind` where it is another than its feed's, `log_source`
//! where it is of another, `id`, which with the log source, the feed and the time makes it the one it is wherever it is told
//! again, and `attributes` for what else is said. Values are texts and numbers. What the words of a product mean, the feed
//! says as it does of a table's columns.

use std::borrow::Cow;

use ioc_mapping::Output;
use ioc_model::{
    event::{Event, EventKey, EventKind},
    event_columns::EventField,
};

use super::super::{
    event_csv::{decide, rate, time, written},
    json_pairs::{Pairs, joined, scalar},
    json_row::NoRow,
    json_text::is_shallow,
    moment,
    told::{self, End, attribute, end, message, protocol, text, weight},
};
use crate::contract::{Identity, Refusal, RowSink, Rows, SaidTime};

/// What an output may say beside the fields of an event.
const BESIDE: [&str; 4] = ["kind", "log_source", "id", "attributes"];
/// One of these is said of whatever happened.
const TELLING: [EventField; 9] = [
    EventField::Time,
    EventField::Host,
    EventField::Source,
    EventField::Target,
    EventField::User,
    EventField::Category,
    EventField::Signature,
    EventField::SignatureId,
    EventField::Message,
];

/// Hands on an event; `delivered` gives the key of one that has no `id`, as told by a log source.
pub(super) fn accept<S: RowSink + ?Sized>(
    output: &Output,
    delivered: impl Fn(&str) -> Option<EventKey>,
    rows: &mut Rows<'_, S>,
) -> Result<(), Refusal> {
    if output.kind != "object" {
        return Err(Refusal::no_row(output.kind, &output.json, "time, host, category, message"));
    }
    let fields = EventField::ALL.map(EventField::word);
    let is_known = |key: &str| fields.contains(&key) || BESIDE.contains(&key);
    if let Some(unknown) = output.keys.iter().find(|key| !is_known(key)) {
        return Err(Refusal::unknown_field(unknown, &[&fields[..], &BESIDE].concat()));
    }
    let json = output.json.as_str();
    if !is_shallow(json.as_bytes()) {
        return Err(NoRow::TooDeep.refusal(json.as_bytes()));
    }
    let pairs = Pairs::of(json).ok_or_else(|| NoRow::NotAnObject.refusal(json.as_bytes()))?;
    let said = Said { pairs };
    if TELLING.into_iter().all(|field| said.raw(field.word()).is_none()) {
        return Err(Refusal::says_nothing());
    }
    let columns = rows.columns();
    let of = |field: EventField| said.text(field.word());
    let kind = match &*said.text("kind")? {
        "" => columns.kind,
        word => EventKind::from_word(word).ok_or_else(|| Refusal::no_kind(word))?,
    };
    let mut event = Box::new(Event { kind, ..Event::default() });
    event.host = text(&of(EventField::Host)?);
    event.user = text(&of(EventField::User)?);
    event.category = text(&of(EventField::Category)?);
    event.signature = text(&of(EventField::Signature)?);
    event.signature_id = text(&of(EventField::SignatureId)?);
    event.protocol = protocol(&of(EventField::Protocol)?);
    message(&mut event, &of(EventField::Message)?);
    for (which, address, port) in [
        (End::From, EventField::Source, EventField::SourcePort),
        (End::To, EventField::Target, EventField::TargetPort),
    ] {
        let (address, port) = (of(address)?, of(port)?);
        if !address.is_empty() || !port.is_empty() {
            end(&mut event, which, &address, &port);
        }
    }
    decide(&of(EventField::Decided)?, columns, &mut event);
    rate(&of(EventField::Severity)?, "mapping", rows, &mut event);
    let times = of(EventField::Events)?;
    match weight(&times) {
        Some(times) => event.weight = times,
        None => attribute(&mut event, "count", &times),
    }
    said.attributes(&mut event)?;
    let log_source = match said.text("log_source")? {
        said if said.is_empty() => Cow::Borrowed(columns.log_source.as_str()),
        said => said,
    };
    // What it is not: no event is refused for its time.
    let when = said.raw("time").map_or(Cow::Borrowed(""), scalar);
    let (id, when) = (said.text("id")?, told::trimmed(&when));
    if id.is_empty() && rows.is_asked() {
        return Err(Refusal::no_id());
    }
    let reporter = rows.reporter(&log_source)?;
    event.key = match id.is_empty() {
        true => delivered(reporter.log_source()),
        false => {
            let of = Identity::of(reporter.log_source()).with(rows.feed().as_bytes());
            Some(of.with(when.as_bytes()).with(id.as_bytes()).key())
        }
    };
    let is_text = said.raw("time").is_some_and(|raw| raw.starts_with('"'));
    let when = written(when, &columns.time_format);
    let when = match is_text || when.is_empty() {
        true => time(&when, &columns.time_format),
        false => moment::since_1970(&when).map_or(SaidTime::Unreadable(&when), SaidTime::Stated),
    };
    rows.happen(&reporter, when, event);
    Ok(())
}

/// What an output says.
struct Said<'a> {
    pairs: Pairs<'a>,
}

impl<'a> Said<'a> {
    /// The JSON of a field; none where it is null.
    fn raw(&self, field: &str) -> Option<&'a str> {
        self.pairs.iter().find(|(key, _)| *key == field).map(|(_, raw)| raw).filter(|raw| *raw != "null")
    }

    /// A text, or a number as it is written; empty where nothing is said.
    fn text(&self, field: &'static str) -> Result<Cow<'a, str>, Refusal> {
        let Some(raw) = self.raw(field) else { return Ok(Cow::Borrowed("")) };
        match raw.as_bytes().first() {
            Some(b'"') => Ok(match scalar(raw) {
                Cow::Borrowed(text) => Cow::Borrowed(told::trimmed(text)),
                Cow::Owned(text) => Cow::Owned(told::trimmed(&text).to_owned()),
            }),
            Some(b'-' | b'0'..=b'9') => Ok(Cow::Borrowed(raw)),
            _ => Err(Refusal::no_text_in(field, raw)),
        }
    }

    fn attributes(&self, event: &mut Event) -> Result<(), Refusal> {
        let Some(raw) = self.raw("attributes") else { return Ok(()) };
        let all =
            Pairs::of(raw).filter(|_| raw.starts_with('{')).ok_or_else(|| Refusal::no_attributes(raw))?;
        for (name, raw) in all.iter() {
            if raw.starts_with('{') {
                return Err(Refusal::no_attributes(raw));
            }
            attribute(event, name.to_owned(), &joined(raw));
        }
        Ok(())
    }
}
