//! Lines of logs: syslog messages as they come by the net, and files of them.
//!
//! A line is never refused for what it says. What is recognized in it (EVE, CEF, a firewall, a login, a summary of
//! repetitions) becomes an event of that kind; everything else is an event of the kind `log` with its text. What the
//! content says of itself comes before what the header says of the transport: an alert is as bad as its sensor says,
//! not as `info` as the message that carries it.
//!
//! Equal lines are different events. A line is the same as another only by its place in the file that was delivered, or
//! by what its sender numbers its messages with (`meta sequenceId`, a router's counter, CEF's `externalId`), together with
//! every byte of it; or by what tells an alert of EVE from all others.

use std::borrow::Cow;

use ioc_model::event::{Event, EventKey, EventKind, Severity, WEIGHT_MAX};

use super::{
    Line, all_lines, auth_log, cef, eve, packet_filter,
    syslog_header::{self, Header},
    told::{self, attribute, message, text, weight},
};
use crate::contract::{Delivery, Identity, Refusal, Reporter, RowSink, Rows, SaidTime};

/// By their numbers (RFC 5424, 6.2.1).
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];

const RATED: [&str; 8] =
    ["syslog 0", "syslog 1", "syslog 2", "syslog 3", "syslog 4", "syslog 5", "syslog 6", "syslog 7"];

/// One message, which may have line ends in it.
pub(super) fn read<S: RowSink + ?Sized>(
    payload: &[u8],
    rows: &mut Rows<'_, S>,
    cache: &mut eve::Cache,
) -> Result<(), Refusal> {
    if let Err(refusal) = read_one(payload, None, rows, cache) {
        rows.reject(refusal, &"", payload);
    }
    Ok(())
}

/// A file of messages, one a line. A line that begins with a blank has no header and so no host: it is an event of its
/// own, since nobody can tell the rest of a message from a message that is badly written.
pub(super) fn read_lines<S: RowSink + ?Sized>(
    payload: &[u8],
    rows: &mut Rows<'_, S>,
    cache: &mut eve::Cache,
) -> Result<(), Refusal> {
    let mut delivery = rows.delivery();
    for (number, line) in all_lines(payload) {
        let line = &payload[line];
        if let Some(delivery) = &mut delivery {
            delivery.read(line);
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        if let Err(refusal) = read_one(line, delivery.as_ref(), rows, cache) {
            rows.reject(refusal, &Line(number), line);
        }
    }
    Ok(())
}

fn read_one<S: RowSink + ?Sized>(
    line: &[u8],
    delivery: Option<&Delivery>,
    rows: &mut Rows<'_, S>,
    cache: &mut eve::Cache,
) -> Result<(), Refusal> {
    let (whole, is_text) = match simdutf8::basic::from_utf8(line) {
        Ok(text) => (Cow::Borrowed(text), true),
        Err(_) => (String::from_utf8_lossy(line), false),
    };
    let whole = whole.trim_end_matches(['\r', '\n', '\0']);
    let header = Header::of(whole);
    let mut event = told_by(&header);
    if !is_text {
        attribute(&mut event, "encoding", "not UTF-8");
    }
    let mut times = 1;
    let mut content = Content::of(header.text, cache);
    match Summary::of(header.text) {
        Some(Summary::OfText { said, times: so_many }) => {
            attribute(&mut event, "repeated", "summary");
            (times, content) = (so_many, Content::of(said, cache));
        }
        Some(Summary::OfAnother { beginning, times: so_many }) => {
            event.kind = EventKind::Repeat;
            (times, content) = (so_many, Content::Repetition(beginning));
        }
        None => {}
    }
    content.tell(rows, &mut event);
    event.weight = event.weight.max(1).saturating_mul(times).min(WEIGHT_MAX);
    let named = content.host();
    let host = if header.host.is_empty() { &*named } else { header.host };
    let reporter = rows.reporter(host)?;
    event.host = text(if named.is_empty() { header.host } else { &named });
    event.key = content.key(&reporter, (whole, &header), delivery);
    let (said, is_utc) = content.said().unwrap_or((header.said, header.is_utc));
    rows.happen(&if is_utc { reporter.in_utc() } else { reporter }, said, event);
    Ok(())
}

/// What a header says.
fn told_by(header: &Header<'_>) -> Box<Event> {
    let mut event = Box::<Event>::default();
    if let Some(priority) = header.priority {
        let severity = priority & 7;
        event.severity = Severity::of_syslog(severity).unwrap_or_default();
        event.rated = RATED[usize::from(severity)].into();
        attribute(&mut event, "facility", FACILITIES[usize::from(priority >> 3).min(FACILITIES.len() - 1)]);
    }
    event.program = match header.process {
        "" => text(header.program),
        process => told::joined([header.program, "[", process, "]"]),
    };
    attribute(&mut event, "message_id", header.message_id);
    attribute(&mut event, "sequence", header.sequence);
    let _ = syslog_header::elements(header.structured, |id, name, value| {
        attribute(&mut event, format!("sd.{id}.{name}"), &syslog_header::meant(value));
    });
    event
}

/// What stands for lines that were not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Summary<'a> {
    /// It has the text with it: `message repeated 4 times: [ Failed password for …]` (rsyslog).
    OfText { said: &'a str, times: u32 },
    /// It is of a line before it, of which it has the beginning at most: `last message repeated 3 times`, `Last message
    /// 'Failed password for ' repeated 2 times, suppressed by syslog-ng on srv-d`.
    OfAnother { beginning: &'a str, times: u32 },
}

impl<'a> Summary<'a> {
    fn of(said: &'a str) -> Option<Summary<'a>> {
        let said = said.trim_start_matches("--- ");
        if let Some(rest) = said.strip_prefix("message repeated ") {
            let (times, rest) = rest.split_once(" times: [")?;
            let said = rest.trim_end().strip_suffix(']')?;
            return Some(Summary::OfText { said: said.trim_start(), times: weight(times)? });
        }
        if let Some(rest) = said.strip_prefix("last message repeated ") {
            let (times, rest) = rest.split_once(' ')?;
            let times = weight(times).filter(|_| rest.starts_with("time"))?;
            return Some(Summary::OfAnother { beginning: "", times });
        }
        let (beginning, rest) = said.strip_prefix("Last message '")?.rsplit_once("' repeated ")?;
        let times = weight(rest.split_once(" times")?.0)?;
        Some(Summary::OfAnother { beginning, times })
    }
}

/// What is recognized in a text.
// There is one at a time, on the stack.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
enum Content<'a> {
    Eve(eve::Record<'a>),
    Cef(cef::Message<'a>),
    Text(&'a str),
    /// The beginning of what was repeated.
    Repetition(&'a str),
}

impl<'a> Content<'a> {
    fn of(said: &'a str, cache: &mut eve::Cache) -> Content<'a> {
        let trimmed = said.trim_start();
        if let Some(message) = cef::Message::of(trimmed) {
            return Content::Cef(message);
        }
        match eve::Record::within(trimmed, cache) {
            Some(record) => Content::Eve(record),
            None => Content::Text(said),
        }
    }

    fn tell<S: RowSink + ?Sized>(&mut self, rows: &Rows<'_, S>, event: &mut Event) {
        if matches!(self, Content::Eve(_) | Content::Cef(_)) {
            // How bad the transport thinks it is says nothing.
            (event.severity, event.rated) = (Severity::NotRated, Cow::default());
        }
        match self {
            Content::Eve(record) => record.tell(rows, event),
            Content::Cef(message) => message.tell(rows, event),
            Content::Text(said) => {
                let program = std::mem::take(&mut event.program);
                let _ = auth_log::read(&program, said, event) || packet_filter::read(&program, said, event);
                event.program = program;
                message(event, said);
            }
            Content::Repetition(beginning) => message(event, beginning),
        }
    }

    /// The machine that the content says it is of.
    fn host(&self) -> Cow<'a, str> {
        match self {
            Content::Eve(record) => record.host(),
            Content::Cef(message) => message.host(),
            Content::Text(_) | Content::Repetition(_) => Cow::Borrowed(""),
        }
    }

    /// When the content says that it happened, and whether a local time is in UTC.
    fn said(&self) -> Option<(SaidTime<'a>, bool)> {
        match self {
            Content::Eve(record) => match record.said() {
                SaidTime::Unsaid => None,
                said => Some((said, false)),
            },
            Content::Cef(message) => message.said(),
            // syslog-ng stamps its summaries with the last of December whatever the day.
            Content::Repetition(beginning) if !beginning.is_empty() => Some((SaidTime::Unsaid, false)),
            Content::Text(_) | Content::Repetition(_) => None,
        }
    }

    fn key(
        &self,
        reporter: &Reporter<'_>,
        (whole, header): (&str, &Header<'_>),
        delivery: Option<&Delivery>,
    ) -> Option<EventKey> {
        let numbered = match self {
            Content::Eve(record) => match record.identity(reporter) {
                Some(identity) => return Some(identity.key()),
                None => false,
            },
            Content::Cef(message) => message.has_identity(),
            Content::Text(_) | Content::Repetition(_) => false,
        };
        match numbered || !header.sequence.is_empty() {
            true => Some(Identity::of(reporter.log_source()).with(whole.as_bytes()).key()),
            false => delivery.map(|delivery| delivery.key(reporter.log_source())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_says_how_often_and_of_what() {
        let text = |said, times| Some(Summary::OfText { said, times });
        let another = |beginning, times| Some(Summary::OfAnother { beginning, times });
        for (said, expected) in [
            ("message repeated 4 times: [ Failed [x] y]", text("Failed [x] y", 4)),
            ("last message repeated 3 times", another("", 3)),
            ("--- last message repeated 1 time ---", another("", 1)),
            (
                "Last message 'Failed password for ' repeated 2 times, suppressed by syslog-ng on srv-d",
                another("Failed password for ", 2),
            ),
            ("last message repeated 0 times", None),
            ("last message repeated 4294967295 times", None),
            ("message repeated 4 times", None),
            ("Last message 'x repeated 2 times", None),
        ] {
            assert_eq!(Summary::of(said), expected, "{said}");
        }
    }
}
