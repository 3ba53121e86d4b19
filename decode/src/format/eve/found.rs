//! What is looked for in a record of EVE, and what a single look at it finds.

use super::{
    super::{
        json_keys::Keys,
        json_text,
        json_walk::{self, Look, Steps},
    },
    NoRecord,
};

/// The fields that are looked at, and behind them the [records within](KEPT) of which something is kept.
static OF_RECORD: Keys = Keys::new(&[
    "timestamp",
    "flow_id",
    "event_type",
    "host",
    "in_iface",
    "src_ip",
    "src_port",
    "dest_ip",
    "dest_port",
    "proto",
    "app_proto",
    "tx_id",
    "pcap_cnt",
    "icmp_type",
    "icmp_code",
    "community_id",
    "stats",
    "alert",
    "anomaly",
    "dns",
    "drop",
    "fileinfo",
    "flow",
    "http",
    "netflow",
    "smtp",
    "ssh",
    "ssh.client",
    "ssh.server",
    "tls",
    "tls.ja3",
]);
pub(super) const FIELDS: usize = 18;
const ALERT: usize = FIELDS - 1;

/// Those of the `alert` within a record.
static OF_RULE: Keys =
    Keys::new(&["action", "gid", "signature_id", "rev", "signature", "category", "severity", "metadata"]);

/// What is kept of a record within a record, beside what every event has.
pub(super) struct Kept {
    keys: Keys,
    /// What the attributes are called.
    pub(super) names: &'static [&'static str],
}

macro_rules! kept {
    ($record:literal: $($key:literal),*) => {
        Kept { keys: Keys::new(&[$($key),*]), names: &[$(concat!($record, ".", $key)),*] }
    };
}

/// Of each in their order in [`OF_RECORD`].
pub(super) static KEPT: [Kept; 13] = [
    kept!("anomaly": "code", "event", "layer", "type"),
    kept!("dns": "rcode", "rrname", "rrtype", "type"),
    kept!("drop": "reason"),
    kept!("fileinfo": "filename", "magic", "md5", "sha256", "size", "state"),
    kept!(
        "flow": "age", "alerted", "bytes_toclient", "bytes_toserver", "end", "pkts_toclient", "pkts_toserver", "reason",
        "start", "state"
    ),
    kept!("http": "hostname", "http_method", "http_refer", "http_user_agent", "length", "status", "url"),
    kept!("netflow": "age", "bytes", "end", "pkts", "start"),
    kept!("smtp": "helo", "mail_from", "rcpt_to"),
    kept!("ssh":),
    kept!("ssh.client": "proto_version", "software_version"),
    kept!("ssh.server": "proto_version", "software_version"),
    kept!("tls": "fingerprint", "issuerdn", "sni", "subject", "version"),
    kept!("tls.ja3": "hash"),
];
const DNS: usize = 1;
pub(super) const FLOW: usize = 4;
const NETFLOW: usize = 6;
const SSH: usize = 8;
const SSH_CLIENT: usize = 9;
const SSH_SERVER: usize = 10;
const TLS: usize = 11;
const TLS_JA3: usize = 12;

/// What stood between the values of records.
pub(crate) type Cache = Steps<Place, Pair>;

/// What is found in a record by looking at it once.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    pub(super) fields: [&'a str; FIELDS],
    pub(super) rule: [&'a str; 8],
    /// Of the `alert` that is being passed.
    of_alert: [&'a str; 8],
    pub(super) flows: [&'a str; 2],
    pub(super) kept: Vec<(usize, usize, &'a str)>,
}

/// An object that is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Record,
    Rule,
    /// A record within, by its place in [`KEPT`].
    Within(usize),
}

/// A pair that is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pair {
    Field(usize),
    OfRule(usize),
    Within(usize),
    Kept(usize, usize),
    /// What was asked of a name server stands in an array since version 8.
    Asked,
}

impl<'a> Look<'a> for Found<'a> {
    type Place = Place;
    type Pair = Pair;

    fn find(place: Place, key: &str) -> Option<(Pair, Option<Place>)> {
        match place {
            Place::Record => match OF_RECORD.find(key)? {
                ALERT => Some((Pair::Field(ALERT), Some(Place::Rule))),
                field @ ..FIELDS => Some((Pair::Field(field), None)),
                record => within(record - FIELDS),
            },
            Place::Rule => Some((Pair::OfRule(OF_RULE.find(key)?), None)),
            Place::Within(at) => match (KEPT[at].keys.find(key), at, key) {
                (Some(which), ..) => Some((Pair::Kept(at, which), None)),
                (None, DNS, "queries" | "query") => Some((Pair::Asked, None)),
                (None, SSH, "client") => within(SSH_CLIENT),
                (None, SSH, "server") => within(SSH_SERVER),
                (None, TLS, "ja3") => within(TLS_JA3),
                _ => None,
            },
        }
    }

    #[inline]
    fn value(&mut self, pair: Pair, raw: &'a str) {
        match pair {
            Pair::Field(at) => {
                self.fields[at] = raw;
                if at == ALERT {
                    // Of two rules the last counts, with nothing of the first.
                    self.rule = std::mem::take(&mut self.of_alert);
                }
            }
            Pair::OfRule(at) => self.of_alert[at] = raw,
            Pair::Kept(at, which) => self.kept.push((at, which, raw)),
            Pair::Within(at @ (FLOW | NETFLOW)) => {
                let flow = &mut self.flows[usize::from(at == NETFLOW)];
                if flow.is_empty() {
                    *flow = raw;
                }
            }
            Pair::Within(_) => {}
            Pair::Asked => {
                let first = json_text::elements(raw.as_bytes()).and_then(|mut all| all.next());
                let first = first.and_then(|first| std::str::from_utf8(first).ok()).unwrap_or_default();
                let _ = json_walk::parse(first, Place::Within(DNS), self);
            }
        }
    }
}

fn within(at: usize) -> Option<(Pair, Option<Place>)> {
    Some((Pair::Within(at), Some(Place::Within(at))))
}

impl<'a> Found<'a> {
    /// Of a text, by the steps that were met before or else by the parser.
    pub(super) fn of(whole: &'a str, cache: &mut Cache) -> Result<Found<'a>, NoRecord> {
        let mut found = Found { kept: Vec::with_capacity(16), ..Found::default() };
        if json_walk::walk(whole, Place::Record, cache, &mut found).is_some() {
            return Ok(found);
        }
        if !json_text::is_shallow(whole.as_bytes()) {
            return Err(NoRecord::TooDeep);
        }
        let mut found = Found::default();
        json_walk::parse(whole, Place::Record, &mut found).map(|()| found).ok_or(NoRecord::NotAnObject)
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::event::{EVE_NUMBERS, EVE_TEXTS};

    use super::KEPT;

    #[test]
    fn what_is_kept_of_a_record_is_known_to_be_a_number_or_a_word() {
        for name in KEPT.iter().flat_map(|kept| kept.names) {
            assert!(EVE_NUMBERS.contains(name) != EVE_TEXTS.contains(name), "{name}");
        }
    }
}
