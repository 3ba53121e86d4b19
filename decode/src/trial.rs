//! What an input would become, as lines to read or compare.

mod report;

use std::{collections::BTreeMap, net::SocketAddr};

use ioc_model::{
    action::Action,
    attribute::Attributes,
    calendar::Calendar,
    contract::{Contract, Subjects},
    envelope::{Content, Envelope},
    event::{Endpoint, Event},
    held::Decision,
    mapping::MappedBy,
    names::Names,
    observation::{Observation, Quality},
    pack::{Feed, FormatName, Pack, Transport},
    reject::{RejectReason, Rejection},
    replay::{Replay, ReplayScope},
    row::Row,
    text::Text,
    time::{EventTime, Millis, ReceivedAt},
};
use serde::Serialize;

use crate::{
    Decoder, Known, Outcome, RowSink, TimedBy,
    node::{self, Node},
};

/// The identifier of [`permissive_feed`].
pub const PERMISSIVE_FEED: &str = "try";

/// A feed without a contract worth the name: any subject, any size; and any time too, unless times are checked.
#[must_use]
pub fn permissive_feed(format: FormatName, check_times: bool) -> Feed {
    let mut contract = Contract { subjects: Subjects::Any, max_bytes: usize::MAX, ..Contract::default() };
    if !check_times {
        contract.max_future = Millis(i64::MAX);
        contract.max_age = Millis(i64::MAX);
    }
    contract.mapping = format.is_mapped().then(MappedBy::as_it_is);
    // Lines of a file are known by their place in it.
    let transport = match format {
        FormatName::SyslogLines | FormatName::Eve => Transport::Files { folder: String::new() },
        _ => Transport::Http,
    };
    Feed {
        id: PERMISSIVE_FEED.to_owned(),
        name: Text { vi: "Đọc thử".to_owned(), en: "Trial".to_owned() },
        owner: Text::default(),
        transport,
        format,
        contract,
        forms: Vec::new(),
        agency: None,
        personal: format == FormatName::Fhir,
        silent_after: Millis(i64::MAX),
    }
}

/// A pack with [`permissive_feed`] in place of its feeds.
#[must_use]
pub fn with_permissive_feed(mut pack: Pack, format: FormatName, check_times: bool) -> Pack {
    pack.feeds.clear();
    let feed = permissive_feed(format, check_times);
    let _ = pack.feeds.insert(feed.id.clone(), feed);
    pack
}

/// What one input became.
#[derive(Debug, Default)]
pub struct Trial {
    /// JSON objects. One a row, in row order; one for an input of which no row could be read; none for an empty one.
    /// Observations have the keys `kind`, `indicator`, `subject`, `event_time`, `value`, `quality`, `row`, `time_from` where
    /// the input states no time of the measurement that can be, and, where that is so or another row of the input says
    /// something else of the same moment, `note_vi` and `note_en`; rejects
    /// `kind`, `reason`, `where`, `message_vi`, `message_en` and, if they are of a row, `row`; actions `kind`, `alert`,
    /// `user`, `note`, `row`; decisions about held rows `kind`, `indicator`, `subject`, `day`, `sender`, `accepted`,
    /// `user`, `note`, `row`; replays `kind`, `feed`, `reason`, `from`, `until`, `user`, `note`, `row`; events `kind`, `event`, `log_source`, `happened_at`, `time_from`, `severity`, `row`, and what
    /// else is said of them. A report has a line of its own (`kind`, `form`, `agency`, `period` with `from` and `to`,
    /// `taken`, `absent`, `rows`, `cells`, `left_out`), one for each finding (`kind`, `weight`, `rule`, `where`, `stands`,
    /// `message_vi`, `message_en`) and one for each cell (`kind`, `at`, `indicator`, `breakdown`, `place`, `place_from`,
    /// `period`, `vintage`, `owner`, `value` or `mark`, `as_sent`, `note`, `row`).
    pub lines: Vec<String>,
    /// How many of them are rejects, or findings that are errors.
    pub rejects: usize,
}

/// Decodes an input as if it had arrived by that feed at that address and moment, with so much known of it.
#[must_use]
pub fn trial(
    decoder: &Decoder,
    feed: &str,
    address: &str,
    attributes: Attributes<'_>,
    received_at: ReceivedAt,
    payload: &[u8],
) -> Trial {
    trial_behind(decoder, &mut NodesTried::default(), feed, address, attributes, received_at, payload)
}

/// Nodes of Sparkplug of which messages were tried before, by group and name.
#[derive(Debug, Default)]
pub struct NodesTried(Option<BTreeMap<(String, String), Node>>);

impl NodesTried {
    /// Of messages that are tried one behind the other: each is read by those before it.
    #[must_use]
    pub fn in_order() -> NodesTried {
        NodesTried(Some(BTreeMap::new()))
    }
}

/// As [`trial`], behind other inputs.
#[must_use]
pub fn trial_behind(
    decoder: &Decoder,
    nodes: &mut NodesTried,
    feed: &str,
    address: &str,
    attributes: Attributes<'_>,
    received_at: ReceivedAt,
    payload: &[u8],
) -> Trial {
    let envelope = Envelope {
        position: ioc_model::position::Position::default(),
        feed,
        received_at,
        content: Content::Raw,
        address,
        attributes,
        payload,
    };
    let mut written = Written {
        names: decoder.names(),
        observations: Vec::new(),
        timed: BTreeMap::new(),
        lines: Vec::new(),
        rejects: 0,
    };
    let node = nodes.0.as_mut().zip(decoder.topic(&envelope)).map(|(nodes, topic)| {
        let node = nodes.entry((topic.group.to_owned(), topic.node.to_owned())).or_default();
        node.allow(node::LARGEST);
        node
    });
    let outcome = match node {
        Some(node) => decoder.decode_of_node(&mut Known::default(), node, &envelope, &mut written),
        None => decoder.decode(&envelope, &mut written),
    };
    if let Outcome::Undecodable(rejection) = outcome {
        written.reject(None, &rejection);
    }
    written.trial()
}

struct Written<'n> {
    names: &'n Names,
    observations: Vec<Observation>,
    /// By the number of their row: what their time is.
    timed: BTreeMap<u32, TimedBy>,
    /// By the number of their row.
    lines: Vec<(u32, String)>,
    rejects: usize,
}

#[derive(Serialize)]
struct ObservationLine<'a> {
    kind: &'static str,
    indicator: &'a str,
    subject: &'a str,
    event_time: String,
    value: f64,
    quality: &'static str,
    row: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_from: Option<&'static str>,
    #[serde(flatten)]
    note: Option<Note>,
}

#[derive(Serialize)]
struct Note {
    note_vi: String,
    note_en: String,
}

#[derive(Serialize)]
struct DecisionLine<'a> {
    kind: &'static str,
    indicator: &'a str,
    subject: &'a str,
    day: Option<String>,
    sender: &'a str,
    accepted: bool,
    user: &'a str,
    note: &'a str,
    row: u32,
}

#[derive(Serialize)]
struct ReplayLine<'a> {
    kind: &'static str,
    feed: &'a str,
    /// Whether it is about what is stored; else about what is rejected.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stored: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    from: String,
    until: String,
    user: &'a str,
    note: &'a str,
    row: u32,
}

/// What is not said is left out.
#[derive(Serialize)]
struct EventLine<'a> {
    kind: &'static str,
    event: &'static str,
    log_source: &'a str,
    #[serde(skip_serializing_if = "is_true")]
    known: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    relay: &'a str,
    happened_at: String,
    time_from: &'static str,
    severity: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    rated: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    category: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    signature: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    signature_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    decided: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    protocol: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    user: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    host: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    program: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "is_one")]
    weight: u32,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    row: u32,
}

fn is_true(flag: &bool) -> bool {
    *flag
}

fn is_one(weight: &u32) -> bool {
    *weight == 1
}

impl EventLine<'_> {
    fn of(event: &Event) -> EventLine<'_> {
        let end = |end: Endpoint| {
            let address = end.address?;
            Some(
                end.port
                    .map_or_else(|| address.to_string(), |port| SocketAddr::new(address, port).to_string()),
            )
        };
        let key = |key: [u8; 16]| key.iter().map(|byte| format!("{byte:02x}")).collect();
        EventLine {
            kind: "event",
            event: event.kind.word(),
            log_source: event.reported_by(),
            known: event.known,
            relay: &event.relay,
            happened_at: event.happened_at.rfc3339(),
            time_from: event.time_from.word(),
            severity: event.severity.word(),
            rated: &event.rated,
            category: &event.category,
            signature: &event.signature,
            signature_id: &event.signature_id,
            decided: event.decided.word(),
            source: end(event.from),
            target: end(event.to),
            protocol: &event.protocol,
            user: &event.user,
            host: &event.host,
            program: &event.program,
            message: &event.message,
            weight: event.weight,
            attributes: event.attributes.iter().map(|(name, text)| (&**name, &**text)).collect(),
            key: event.key.map(|of| key(of.0)),
            row: event.arrival.row,
        }
    }
}

#[derive(Serialize)]
struct ActionLine<'a> {
    kind: &'static str,
    alert: String,
    user: &'a str,
    note: &'a str,
    row: u32,
}

#[derive(Serialize)]
struct RejectLine<'a> {
    kind: &'static str,
    reason: &'static str,
    #[serde(rename = "where")]
    place: &'a str,
    message_vi: &'a str,
    message_en: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<u32>,
}

/// Texts and finite numbers always have a JSON form.
fn json(line: &impl Serialize) -> String {
    serde_json::to_string(line).unwrap_or_default()
}

impl Written<'_> {
    fn line(&mut self, row: u32, line: &impl Serialize) {
        self.lines.push((row, json(line)));
    }

    fn reject(&mut self, row: Option<u32>, rejection: &Rejection) {
        self.rejects += 1;
        let line = RejectLine {
            kind: "reject",
            reason: rejection.reason.word(),
            place: &rejection.place,
            message_vi: &rejection.message.vi,
            message_en: &rejection.message.en,
            row,
        };
        self.line(row.unwrap_or_default(), &line);
    }

    /// Another row that speaks of the same and says something else, if that is why this one is not trusted.
    fn contradiction(&self, row: &Observation) -> Option<Note> {
        let is_of_it = |other: &&Observation| {
            (other.series, other.event_time) == (row.series, row.event_time)
                && (other.value.to_bits(), other.quality) != (row.value.to_bits(), row.quality)
        };
        let other = self.observations.iter().filter(|_| row.quality == Quality::Suspect).find(is_of_it)?;
        let (number, value) = (other.arrival.row, other.value);
        Some(Note {
            note_vi: format!(
                "Dòng {number} của cùng dữ liệu này báo {value} cho cùng chỉ số, trạm và thời điểm: không biết giá trị nào \
                 đúng, nên không giá trị nào được tính"
            ),
            note_en: format!(
                "Row {number} of the same input says {value} for the same indicator, station and time: which of them is \
                 right cannot be known, so neither counts"
            ),
        })
    }

    /// What its time is, where that is not one that the input states of the measurement.
    fn timing(&self, row: &Observation) -> Option<Note> {
        let (vi, en) = match self.timed.get(&row.arrival.row)? {
            TimedBy::Server => (
                "Bản tin không ghi thời điểm đo nào có thể đúng: lấy thời điểm máy chủ mạng nhận được. Hãy kiểm tra đồng hồ của cổng \
                 thu",
                "The message states no time of the measurement that can be: it is that of the network's server. Check the gateway's clock",
            ),
            TimedBy::Gateway => (
                "Bản tin không ghi thời điểm đo nào có thể đúng: lấy thời điểm của một cổng thu. Hãy kiểm tra đồng hồ của cổng \
                 thu",
                "The message states no time of the measurement that can be: it is that of a gateway that heard it. Check the gateways' clocks",
            ),
            TimedBy::Record => (
                "Bản tin không ghi thời điểm đo: lấy thời điểm bản ghi được ghi vào máy chủ Kafka. Hãy bật thời gian trên thiết bị",
                "The message does not say when it was measured: it is when its record was written at the broker. Turn the time on \
                 at the device",
            ),
            TimedBy::Arrival => (
                "Bản tin không ghi thời điểm đo: lấy theo thời điểm nhận. Hãy bật thời gian trên thiết bị (Zigbee2MQTT: \
                 advanced.last_seen)",
                "The message does not say when it was measured: it is the time of arrival. Turn the time on at the device \
                 (Zigbee2MQTT: advanced.last_seen)",
            ),
        };
        Some(Note { note_vi: vi.to_owned(), note_en: en.to_owned() })
    }

    fn trial(mut self) -> Trial {
        for observation in &self.observations {
            let line = ObservationLine {
                kind: "observation",
                indicator: &self.names.indicator(observation.series.indicator),
                subject: &self.names.subject(observation.series.subject),
                event_time: observation.event_time.rfc3339(),
                value: observation.value,
                quality: observation.quality.word(),
                row: observation.arrival.row,
                time_from: self.timed.get(&observation.arrival.row).map(|by| by.word()),
                note: self.contradiction(observation).or_else(|| self.timing(observation)),
            };
            self.lines.push((line.row, json(&line)));
        }
        self.lines.sort_by_key(|(row, _)| *row);
        Trial { lines: self.lines.into_iter().map(|(_, line)| line).collect(), rejects: self.rejects }
    }
}

impl RowSink for Written<'_> {
    fn observation(&mut self, observation: Observation) {
        self.observations.push(observation);
    }

    fn timed_by(&mut self, row: u32, by: TimedBy) {
        let _ = self.timed.insert(row, by);
    }

    fn row(&mut self, row: Row) {
        let number = row.arrival().row;
        match row {
            Row::Done(action) => {
                let Action { alert, user, note, .. } = &action;
                let line = ActionLine { kind: "action", alert: alert.to_string(), user, note, row: number };
                self.line(number, &line);
            }
            Row::Decided(decision) => {
                let Decision { indicator, subject, day, of, accepted, user, note, .. } = &decision;
                let line = DecisionLine {
                    kind: "decision",
                    indicator,
                    subject,
                    day: Calendar::date(day.number).map(|date| date.to_string()),
                    sender: of,
                    accepted: *accepted,
                    user,
                    note,
                    row: number,
                };
                self.line(number, &line);
            }
            Row::Replayed(replay) => {
                let Replay { of, scope, reason, from, until, user, note, .. } = &*replay;
                let line = ReplayLine {
                    kind: "replay",
                    feed: of,
                    stored: *scope == ReplayScope::Stored,
                    reason: reason.map(RejectReason::word),
                    from: EventTime(from.0).rfc3339(),
                    until: EventTime(until.0).rfc3339(),
                    user,
                    note,
                    row: number,
                };
                self.line(number, &line);
            }
            Row::Happened(event) => self.line(number, &EventLine::of(&event)),
            // Not what a format reads, but what a flow makes of it.
            Row::ReportedAgain(again) => self.row(Row::Reported(Box::new(again.report))),
            Row::Reported(report) => {
                let (lines, errors) = report::lines(&report);
                self.rejects += errors;
                self.lines.extend(lines.into_iter().map(|line| (number, line)));
            }
        }
    }

    fn rejected(&mut self, row: u32, rejection: Rejection, _raw: &[u8]) {
        self.reject(Some(row), &rejection);
    }
}
