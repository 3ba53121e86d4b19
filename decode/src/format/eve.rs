//! Suricata's EVE: a JSON object a record (docs.suricata.io, "EVE JSON Format").
//!
//! Which record is an alert is said by its `event_type` and by nothing else: a `drop` carries the `alert` that it was
//! dropped for, a `flow` says that there were some. A flow has many alerts and so has a packet, and two sensors draw the
//! same numbers, so an alert is known by its sensor and everything that tells it from its neighbours: when and between
//! whom and by which rule in which transaction. Nothing in other records tells two of them apart, and two that say the
//! same are two: they are known by how they were delivered.

mod found;

use std::borrow::Cow;

use ioc_model::event::{Decided, Event, EventKind, Severity};

pub(crate) use self::found::Cache;
use self::found::{FLOW, Found, KEPT};
use super::{
    Line, all_lines,
    json_pairs::{Pairs, joined, scalar},
    json_text::{self, DEEPEST},
    moment::{self, Minute, NoTime},
    told::{self, End, attribute, end, protocol, text},
};
use crate::contract::{Delivery, Identity, Refusal, Reporter, RowSink, Rows, SaidTime, quoted, rated};

/// What Suricata is called where a pack gives it a scale of its own.
const VENDOR: &str = "OISF";
const PRODUCT: &str = "Suricata";

const EXAMPLE: &str =
    r#"{"timestamp":"2026-01-01T07:00:00.000001+0700","event_type":"alert","src_ip":"203.0.113.5",…}"#;

/// A record's fields that are looked at, each as its raw text; empty where it has none.
#[derive(Clone, Copy, Debug, Default)]
struct Fields<'a> {
    timestamp: &'a str,
    flow_id: &'a str,
    event_type: &'a str,
    host: &'a str,
    in_iface: &'a str,
    source: [&'a str; 2],
    target: [&'a str; 2],
    protocol: &'a str,
    app_protocol: &'a str,
    tx_id: &'a str,
    pcap_count: &'a str,
    icmp: [&'a str; 2],
    community_id: &'a str,
    stats: &'a str,
    alert: &'a str,
}

/// Of the `alert` within a record.
#[derive(Clone, Copy, Debug, Default)]
struct Rule<'a> {
    action: &'a str,
    generator: &'a str,
    signature_id: &'a str,
    revision: &'a str,
    signature: &'a str,
    category: &'a str,
    severity: &'a str,
    metadata: &'a str,
}

/// Why a text is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoRecord {
    NotUtf8,
    TooDeep,
    NotAnObject,
    NoType,
}

/// A record of EVE.
#[derive(Debug)]
pub(super) struct Record<'a> {
    fields: Fields<'a>,
    rule: Rule<'a>,
    /// The first record of a flow, and of one direction of it, within it.
    flows: [&'a str; 2],
    /// What is [kept](KEPT) of the records within it: of which, which, and its raw text.
    kept: Vec<(usize, usize, &'a str)>,
}

/// A payload of records, one a line; or an array of them.
pub(super) fn read_lines<S: RowSink + ?Sized>(
    payload: &[u8],
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) -> Result<(), Refusal> {
    let mut delivery = rows.delivery();
    if let Some(elements) = json_text::elements(payload.trim_ascii()) {
        for (index, element) in elements.enumerate() {
            read_on(&mut delivery, element);
            if let Err(refusal) = read_one(element, delivery.as_ref(), rows, cache) {
                rows.reject(refusal, &format_args!("[{index}]"), element);
            }
        }
        return Ok(());
    }
    for (number, line) in all_lines(payload) {
        let line = &payload[line];
        read_on(&mut delivery, line);
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        if let Err(refusal) = read_one(line, delivery.as_ref(), rows, cache) {
            rows.reject(refusal, &Line(number), line);
        }
    }
    Ok(())
}

fn read_on(delivery: &mut Option<Delivery>, line: &[u8]) {
    if let Some(delivery) = delivery {
        delivery.read(line);
    }
}

fn read_one<S: RowSink + ?Sized>(
    line: &[u8],
    delivery: Option<&Delivery>,
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) -> Result<(), Refusal> {
    let text = simdutf8::basic::from_utf8(line).map_err(|_| NoRecord::NotUtf8);
    let mut record = text.and_then(|text| Record::of(text, cache)).map_err(|fault| fault.refusal(line))?;
    let host = record.host();
    let reporter = rows.reporter(&host)?;
    let mut event = Box::new(Event { host: self::text(&host), ..Event::default() });
    record.tell(rows, &mut event);
    let delivered = || delivery.map(|delivery| delivery.key(reporter.log_source()));
    event.key = record.identity(&reporter).map(Identity::key).or_else(delivered);
    rows.happen(&reporter, record.said(), event);
    Ok(())
}

impl NoRecord {
    fn refusal(self, found: &[u8]) -> Refusal {
        let (vi, en) = match self {
            NoRecord::NoType => return Refusal::missing("event_type", EXAMPLE),
            NoRecord::NotUtf8 => ("có byte không thuộc bảng mã UTF-8", "it has bytes that are not UTF-8"),
            NoRecord::TooDeep => ("các dấu ngoặc lồng nhau quá sâu", "its brackets nest too deep"),
            NoRecord::NotAnObject => {
                ("đây không phải là một đối tượng JSON hoàn chỉnh", "it is not one whole JSON object")
            }
        };
        let levels = match self {
            NoRecord::TooDeep => format!(" ({DEEPEST})"),
            _ => String::new(),
        };
        let found = quoted(&String::from_utf8_lossy(&found[..found.len().min(400)]));
        Refusal::malformed(
            format!("Không đọc được '{found}': {vi}{levels}. Ví dụ đúng: {EXAMPLE}"),
            format!("'{found}' cannot be read: {en}{levels}. A right one: {EXAMPLE}"),
        )
    }
}

impl<'a> Record<'a> {
    /// Of a text within a line of a log; none where that is no record.
    pub(super) fn within(text: &'a str, cache: &mut Cache) -> Option<Record<'a>> {
        let text = text.strip_prefix("@cee:").unwrap_or(text).trim();
        let is_likely =
            text.starts_with('{') && memchr::memmem::find(text.as_bytes(), b"\"event_type\"").is_some();
        if is_likely { Record::of(text, cache).ok() } else { None }
    }

    fn of(whole: &'a str, cache: &mut Cache) -> Result<Record<'a>, NoRecord> {
        let Found { fields, rule, flows, kept, .. } = Found::of(whole, cache)?;
        let [timestamp, flow_id, event_type, host, in_iface, from, from_port, to, to_port, rest @ ..] =
            fields;
        let [protocol, app_protocol, tx_id, pcap_count, icmp_type, icmp_code, community_id, stats, alert] =
            rest;
        let (source, target, icmp) = ([from, from_port], [to, to_port], [icmp_type, icmp_code]);
        let fields = Fields {
            timestamp,
            flow_id,
            event_type,
            host,
            in_iface,
            source,
            target,
            protocol,
            app_protocol,
            tx_id,
            pcap_count,
            icmp,
            community_id,
            stats,
            alert,
        };
        if scalar(event_type).is_empty() || !event_type.starts_with('"') {
            return Err(NoRecord::NoType);
        }
        Ok(Record { fields, rule: Rule::of(rule), flows, kept })
    }

    fn event_type(&self) -> &'a str {
        unquoted(self.fields.event_type)
    }

    /// The sensor it says it is of.
    pub(super) fn host(&self) -> Cow<'a, str> {
        scalar(self.fields.host)
    }

    /// When it happened: a flow when it began, though its record is written at its end.
    pub(super) fn said(&self) -> SaidTime<'a> {
        let flow = match self.event_type() {
            "flow" => self.flows[0],
            "netflow" => self.flows[1],
            _ => "",
        };
        let began = Some(flow).filter(|flow| !flow.is_empty()).and_then(|flow| {
            let pairs = Pairs::of(flow)?;
            pairs.iter().find(|(key, _)| *key == "start").map(|(_, start)| start)
        });
        let written = began.unwrap_or(self.fields.timestamp);
        // A time has no escapes; what has some is none.
        let written = unquoted(written);
        match moment::rfc3339(written, &mut Minute::default()) {
            _ if written.is_empty() || written == "null" => SaidTime::Unsaid,
            Ok(moment) => SaidTime::Stated(moment),
            Err(NoTime::NoZone) => written.parse().map_or(SaidTime::Unreadable(written), SaidTime::Local),
            Err(_) => SaidTime::Unreadable(written),
        }
    }

    /// What makes it the one it is among those of its log source; none where nothing in it does.
    pub(super) fn identity(&self, reporter: &Reporter<'_>) -> Option<Identity> {
        let Fields { timestamp, flow_id, event_type, host, source, target, tx_id, .. } = self.fields;
        // An alert that does not say when, and of which flow or rule, is not told from its neighbours either.
        let tells = |field: &str| !scalar(field).is_empty();
        let is_told = tells(timestamp) && (tells(flow_id) || tells(self.rule.signature_id));
        if self.event_type() != "alert" || !is_told {
            return None;
        }
        let identity = Identity::of(reporter.log_source()).with(host.as_bytes());
        let [by, number, revision] = [self.rule.generator, self.rule.signature_id, self.rule.revision];
        let [from, from_port, to, to_port] = [source[0], source[1], target[0], target[1]];
        let [icmp_type, icmp_code] = self.fields.icmp;
        let fields = [
            event_type,
            timestamp,
            flow_id,
            by,
            number,
            revision,
            tx_id,
            from,
            from_port,
            to,
            to_port,
            self.fields.protocol,
            self.fields.pcap_count,
            icmp_type,
            icmp_code,
        ];
        Some(fields.iter().fold(identity, |identity, field| identity.with(field.as_bytes())))
    }

    /// The event it tells of.
    pub(super) fn tell<S: RowSink + ?Sized>(&mut self, rows: &Rows<'_, S>, event: &mut Event) {
        let Fields { flow_id, in_iface, source, target, app_protocol, tx_id, icmp, community_id, .. } =
            self.fields;
        let kind = self.event_type();
        event.kind = match kind {
            "alert" => EventKind::Alert,
            "drop" => EventKind::Block,
            "flow" | "netflow" => EventKind::Flow,
            "anomaly" => EventKind::Anomaly,
            "stats" => EventKind::Stats,
            _ => EventKind::Protocol,
        };
        end(event, End::From, &scalar(source[0]), &scalar(source[1]));
        end(event, End::To, &scalar(target[0]), &scalar(target[1]));
        event.protocol = protocol(&scalar(self.fields.protocol));
        event.attributes.reserve(16);
        // In alphabetical order as far as can be, which the rows' order is.
        attribute(event, "app_proto", &scalar(app_protocol));
        attribute(event, "community_id", &scalar(community_id));
        attribute(event, "event_type", kind);
        attribute(event, "flow_id", &scalar(flow_id));
        // Numbers are sorted sooner than names. Where an event has no room for all, the first of them are kept.
        if told::has_room(event, self.kept.len()) {
            self.kept.sort_unstable_by_key(|(at, which, _)| (*at, *which));
        }
        for (at, which, raw) in &self.kept {
            // How much a flow carried when an alert was raised says little; its own record says all.
            if event.kind != EventKind::Alert || *at != FLOW {
                attribute(event, KEPT[*at].names[*which], &joined(raw));
            }
        }
        attribute(event, "icmp_code", &scalar(icmp[1]));
        attribute(event, "icmp_type", &scalar(icmp[0]));
        attribute(event, "in_iface", &scalar(in_iface));
        if !self.fields.alert.is_empty() {
            self.rule.tell(event);
        }
        attribute(event, "tx_id", &scalar(tx_id));
        match event.kind {
            EventKind::Alert => self.rule.judge(rows, event),
            EventKind::Block => event.decided = Decided::Blocked,
            EventKind::Stats => how_it_is(self.fields.stats, event),
            _ => {}
        }
    }
}

impl<'a> Rule<'a> {
    fn of(
        [action, generator, signature_id, revision, signature, category, severity, metadata]: [&'a str; 8],
    ) -> Rule<'a> {
        Rule { action, generator, signature_id, revision, signature, category, severity, metadata }
    }

    /// What it is a case of.
    fn tell(&self, event: &mut Event) {
        event.signature = text(&scalar(self.signature));
        event.category = text(&scalar(self.category));
        let [by, number, revision] = [self.generator, self.signature_id, self.revision].map(scalar);
        if !number.is_empty() {
            event.signature_id = told::joined([&*by, ":", &*number, ":", &*revision]);
        }
        let metadata = Some(self.metadata).filter(|raw| raw.starts_with('{')).and_then(Pairs::of);
        for (key, value) in metadata.iter().flat_map(Pairs::iter).take(32) {
            attribute(event, format!("metadata.{key}"), &joined(value));
        }
    }

    /// How bad it is and what was decided.
    fn judge<S: RowSink + ?Sized>(&self, rows: &Rows<'_, S>, event: &mut Event) {
        event.decided = match &*scalar(self.action) {
            "allowed" => Decided::Allowed,
            "blocked" => Decided::Blocked,
            _ => Decided::Unsaid,
        };
        let said = scalar(self.severity);
        if said.is_empty() {
            return;
        }
        let own = rows.severity_scale(VENDOR, PRODUCT);
        let of_format = said.parse().ok().and_then(Severity::of_suricata);
        event.severity = rated(own, &said, of_format);
        event.rated = match &*said {
            "1" => "suricata 1".into(),
            "2" => "suricata 2".into(),
            "3" => "suricata 3".into(),
            _ => told::joined(["suricata ", &*said]).into_string().into(),
        };
        if event.severity == Severity::NotRated {
            attribute(event, "severity_not_mapped", &said);
        }
    }
}

/// Without the quotes at its ends.
fn unquoted(mut raw: &str) -> &str {
    while let Some(rest) = raw.strip_prefix('"') {
        raw = rest;
    }
    while let Some(rest) = raw.strip_suffix('"') {
        raw = rest;
    }
    raw
}

/// How a sensor is: what it saw, lost and looked for. Its counters count since its start.
fn how_it_is(stats: &str, event: &mut Event) {
    let Some(stats) = Pairs::of(stats) else { return };
    for (key, value) in stats.iter() {
        match key {
            "uptime" => attribute(event, "uptime", &scalar(value)),
            "capture" => counters(value, &["kernel_packets", "kernel_drops"], event),
            "detect" => {
                counters(value, &["alert", "alert_queue_overflow"], event);
                let detect = Pairs::of(value);
                let engines = detect.iter().flat_map(Pairs::iter).find(|(key, _)| *key == "engines");
                engines_of(engines.map_or("", |(_, engines)| engines), event);
            }
            _ => {}
        }
    }
}

fn counters(raw: &str, names: &[&'static str], event: &mut Event) {
    let pairs = Pairs::of(raw);
    for (key, value) in pairs.iter().flat_map(Pairs::iter) {
        if let Some(name) = names.iter().find(|name| **name == key) {
            attribute(event, *name, &scalar(value));
        }
    }
}

/// The rules of all engines together (one a tenant), and when they were loaded last.
fn engines_of(raw: &str, event: &mut Event) {
    let (mut loaded, mut failed, mut last) = (None::<u64>, None::<u64>, Cow::Borrowed(""));
    let engines = json_text::elements(raw.as_bytes()).into_iter().flatten();
    for engine in engines.filter_map(|engine| Pairs::of(std::str::from_utf8(engine).ok()?)) {
        for (key, value) in engine.iter() {
            let number = || value.parse::<u64>().ok();
            match key {
                "rules_loaded" => {
                    loaded = number().map_or(loaded, |more| Some(loaded.unwrap_or(0).saturating_add(more)))
                }
                "rules_failed" => {
                    failed = number().map_or(failed, |more| Some(failed.unwrap_or(0).saturating_add(more)))
                }
                "last_reload" if *scalar(value) > *last => last = scalar(value),
                _ => {}
            }
        }
    }
    for (name, number) in [("rules_loaded", loaded), ("rules_failed", failed)] {
        attribute(event, name, &number.map_or_else(String::new, |number| number.to_string()));
    }
    attribute(event, "last_reload", &last);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_what_is_no_record_says_why() {
        let deep = "[".repeat(1 << 20);
        for (text, fault) in [
            ("{}", NoRecord::NoType),
            (r#"{"event_type":null}"#, NoRecord::NoType),
            (r#"{"event_type":7}"#, NoRecord::NoType),
            (r#"{"event_type":"alert""#, NoRecord::NotAnObject),
            ("[]", NoRecord::NotAnObject),
            (&deep, NoRecord::TooDeep),
        ] {
            assert_eq!(Record::of(text, &mut Cache::default()).map(|_| ()), Err(fault), "{:.40}", text);
        }
        assert!(Record::within(r#"@cee: {"event_type":"dns"}"#, &mut Cache::default()).is_some());
        assert!(Record::within(r#"{"type":"dns"}"#, &mut Cache::default()).is_none());
    }

    fn told(text: &str) -> Event {
        let mut event = Event::default();
        let record = Record::of(text, &mut Cache::default()).unwrap();
        for (at, which, raw) in &record.kept {
            attribute(&mut event, KEPT[*at].names[*which], &joined(raw));
        }
        how_it_is(record.fields.stats, &mut event);
        event
    }

    #[test]
    fn records_within_a_record_are_kept_by_their_names() {
        let text = r#"{"event_type":"x","dns":{"version":3,"queries":[{"rrname":"a.example","rrtype":"A"},{"rrname":"b"}]},
            "ssh":{"client":{"software_version":"OpenSSH","x":1},"server":{"y":{}}},"tls":{"ja3":{"hash":"ab","string":"c"},"sni":null},
            "smtp":{"rcpt_to":["<a@b.example>","<c@d.example>"]},"http":{"hostname":{"url":1},"url":"\/x"}}"#;
        let event = told(text);
        let found: Vec<String> =
            event.attributes.iter().map(|(name, text)| format!("{name}={text}")).collect();
        assert_eq!(
            found,
            [
                "dns.rrname=a.example",
                "dns.rrtype=A",
                "ssh.client.software_version=OpenSSH",
                "tls.ja3.hash=ab",
                "smtp.rcpt_to=<a@b.example> <c@d.example>",
                "http.hostname={\"url\":1}",
                "http.url=/x",
            ]
        );
    }

    #[test]
    fn the_rules_of_all_engines_are_added_up() {
        let event = told(
            r#"{"event_type":"stats","stats":{"uptime":1,"capture":{"kernel_packets":5,"kernel_drops":99999999999999999999},
            "detect":{"engines":[{"rules_loaded":2,"rules_failed":1,"last_reload":"2026-01-01"},{"rules_loaded":3,"last_reload":"2026-01-02"}],"alert":7}}}"#,
        );
        let found: Vec<String> =
            event.attributes.iter().map(|(name, text)| format!("{name}={text}")).collect();
        assert_eq!(
            found,
            [
                "uptime=1",
                "kernel_packets=5",
                "kernel_drops=99999999999999999999",
                "alert=7",
                "rules_loaded=5",
                "rules_failed=1",
                "last_reload=2026-01-02",
            ]
        );
    }
}
