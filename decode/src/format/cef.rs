//! ArcSight's Common Event Format, as gateways and scanners send it: `CEF:0|vendor|product|version|signature|name|
//! severity|key=value key=value …` (Micro Focus, "ArcSight Common Event Format Implementation Standard").
//!
//! Values are not quoted and may hold blanks: a value ends where the next key begins, which is seen only from its `=`.
//! Many products leave `=` unescaped in addresses of pages; what stands before such a one is no key, and it stays in the
//! value.

use std::borrow::Cow;

use ioc_model::event::{Decided, Event, EventKind, Severity};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    json_keys::Keys,
    moment,
    syslog_header::Stamp,
    told::{self, End, attribute, decided, end, protocol, text, trimmed, weight},
};
use crate::contract::{RowSink, Rows, SaidTime, rated};

/// The longest key.
const KEY_MAX: usize = 64;
/// So many pairs are read.
const PAIRS_MAX: usize = 256;

/// Keys that many devices send, and that are kept under their names.
static OFTEN: Keys = Keys::new(&[
    "act",
    "app",
    "cs1",
    "cs2",
    "cs3",
    "cs4",
    "cs5",
    "cs6",
    "cn1",
    "cn2",
    "cn3",
    "deviceDirection",
    "deviceExternalId",
    "deviceInboundInterface",
    "deviceOutboundInterface",
    "dhost",
    "dvc",
    "end",
    "externalId",
    "fileHash",
    "filePath",
    "fname",
    "outcome",
    "reason",
    "request",
    "requestMethod",
    "rt",
    "shost",
    "start",
    "suser",
]);

/// A message that is one.
#[derive(Debug)]
pub(super) struct Message<'a> {
    vendor: Cow<'a, str>,
    product: Cow<'a, str>,
    version: Cow<'a, str>,
    signature_id: Cow<'a, str>,
    name: Cow<'a, str>,
    severity: Cow<'a, str>,
    /// As they are written.
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Message<'a> {
    /// Of a text that begins with `CEF:`.
    pub(super) fn of(text: &'a str) -> Option<Message<'a>> {
        let rest = text.strip_prefix("CEF:")?;
        let (version, mut rest) = rest.split_once('|')?;
        let version = version.trim();
        if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return None;
        }
        let mut fields = [const { Cow::Borrowed("") }; 6];
        for (at, field) in fields.iter_mut().enumerate() {
            let end = unescaped(rest, b'|').next();
            // Without an extension the severity may be the last.
            let end = end.or_else(|| (at == 5).then_some(rest.len()))?;
            *field = meant(trimmed(&rest[..end]));
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        let [vendor, product, version, signature_id, name, severity] = fields;
        Some(Message { vendor, product, version, signature_id, name, severity, pairs: pairs(rest) })
    }

    /// What a key says, as it was meant.
    fn value(&self, key: &str) -> Cow<'a, str> {
        self.pairs.iter().find(|(own, _)| *own == key).map_or(Cow::Borrowed(""), |(_, value)| meant(value))
    }

    /// The machine it says it is of.
    pub(super) fn host(&self) -> Cow<'a, str> {
        self.value("dvchost")
    }

    /// Whether its device gave it an identifier.
    pub(super) fn has_identity(&self) -> bool {
        !self.value("externalId").is_empty()
    }

    /// When it happened. What the device says of the event comes before what the transport says of the message: a
    /// message may have waited.
    pub(super) fn said(&self) -> Option<(SaidTime<'static>, bool)> {
        ["rt", "end", "start"].iter().find_map(|key| time(&self.value(key)))
    }

    /// The event it tells of.
    pub(super) fn tell<S: RowSink + ?Sized>(&self, rows: &Rows<'_, S>, event: &mut Event) {
        event.signature = text(&self.name);
        event.signature_id = text(&self.signature_id);
        self.rate(rows, event);
        let action = self.value("act");
        let by_name = self.name.split(' ').next().map_or(Decided::Unsaid, decided);
        event.decided = match decided(action.split(' ').next().unwrap_or_default()) {
            Decided::Unsaid => by_name,
            said => said,
        };
        event.kind = match by_name {
            _ if self.is_infection() => EventKind::Infection,
            Decided::Blocked => EventKind::Block,
            Decided::Allowed => EventKind::Allow,
            Decided::Unsaid => EventKind::Alert,
        };
        let either = |first: &str, second: &str| match self.value(first) {
            empty if empty.is_empty() => self.value(second),
            said => said,
        };
        end(event, End::From, &either("src", "c6a2"), &self.value("spt"));
        end(event, End::To, &either("dst", "c6a3"), &self.value("dpt"));
        event.protocol = protocol(&self.value("proto"));
        event.user = text(&either("duser", "suser"));
        event.category = text(&either("cat", "deviceEventCategory"));
        told::message(event, &self.value("msg"));
        let times = self.value("cnt");
        event.weight = weight(&times).unwrap_or(1);
        if weight(&times).is_none() {
            attribute(event, "unbelieved_count", &times);
        }
        attribute(event, "vendor", &self.vendor);
        attribute(event, "product", &self.product);
        attribute(event, "product_version", &self.version);
        let labels = Labels::of(&self.pairs);
        for (key, value) in &self.pairs {
            // What is beyond is not kept, and not looked for either.
            if !told::has_room(event, 1) {
                break;
            }
            match *key {
                "src"
                | "dst"
                | "spt"
                | "dpt"
                | "proto"
                | "duser"
                | "cat"
                | "deviceEventCategory"
                | "msg"
                | "cnt"
                | "dvchost" => {}
                key if key.ends_with("Label") && labels.has_key(key.trim_end_matches("Label")) => {}
                key => {
                    let label = labels.of_key(key);
                    attribute(
                        event,
                        if label.is_empty() { name(key) } else { label.into_owned().into() },
                        &meant(value),
                    );
                }
            }
        }
    }

    /// Malware by its category or name, in a file: what a scanner of machines finds, and no traffic that looks like it.
    fn is_infection(&self) -> bool {
        let in_a_file = ["fname", "filePath", "fileHash"].iter().any(|key| !self.value(key).is_empty());
        let names = |text: &str| {
            let small = text.to_ascii_lowercase();
            ["malware", "virus", "trojan", "ransomware"].iter().any(|word| small.contains(word))
        };
        in_a_file && (names(&self.name) || names(&self.value("cat")))
    }

    fn rate<S: RowSink + ?Sized>(&self, rows: &Rows<'_, S>, event: &mut Event) {
        let said = &*self.severity;
        let own = rows.severity_scale(&self.vendor, &self.product);
        let of_format = Severity::of_cef(said);
        event.severity = rated(own, said, of_format);
        event.rated = match said {
            "" => "cef \"\"".into(),
            said => rated_as(said),
        };
        let by_scale = own.filter(|own| said.parse().is_ok_and(|number| own.severity(number).is_some()));
        match by_scale {
            Some(own) => attribute(event, "severity_scale", &own.id),
            None if of_format.is_none() => attribute(event, "severity_not_mapped", said),
            None => {}
        }
    }
}

/// What a message's device calls fields that the format has no name for. Looked through once, and not for each field.
#[derive(Debug, Default)]
struct Labels<'a> {
    keys: FxHashSet<&'a str>,
    labels: FxHashMap<&'a str, &'a str>,
}

impl<'a> Labels<'a> {
    fn of(pairs: &[(&'a str, &'a str)]) -> Labels<'a> {
        let mut of = Labels::default();
        // Most messages have none, or a few.
        if pairs.iter().any(|(key, _)| key.ends_with("Label")) {
            for (key, value) in pairs {
                let _ = of.keys.insert(*key);
                if let Some(labelled) = key.strip_suffix("Label") {
                    let _ = of.labels.entry(labelled).or_insert(value);
                }
            }
        }
        of
    }

    fn has_key(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    fn of_key(&self, key: &str) -> Cow<'a, str> {
        self.labels.get(key).map_or(Cow::Borrowed(""), |label| meant(label))
    }
}

/// How bad its device says it is: mostly by the numbers of the format.
fn rated_as(said: &str) -> Cow<'static, str> {
    const BY_NUMBER: [&str; 11] =
        ["cef 0", "cef 1", "cef 2", "cef 3", "cef 4", "cef 5", "cef 6", "cef 7", "cef 8", "cef 9", "cef 10"];
    let known = BY_NUMBER.iter().find(|known| known.strip_prefix("cef ") == Some(said));
    known.map_or_else(|| told::joined(["cef ", said]).into_string().into(), |known| (*known).into())
}

/// The name of an attribute: a word of this program where the key is one that devices often send.
fn name(key: &str) -> Cow<'static, str> {
    match OFTEN.word(key) {
        Some(word) => word.into(),
        None => key.to_owned().into(),
    }
}

/// Where a character stands without a backslash before it.
fn unescaped(text: &str, wanted: u8) -> impl Iterator<Item = usize> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(wanted, b'\\', rest)) {
            let here = at + found;
            if bytes[here] == wanted {
                at = here + 1;
                return Some(here);
            }
            at = here + 2;
        }
        None
    })
}

/// `\|`, `\=`, `\\` and line ends as they were meant.
fn meant(written: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', written.as_bytes()).is_none() {
        return Cow::Borrowed(written);
    }
    let mut meant = String::with_capacity(written.len());
    let mut rest = written.chars();
    while let Some(character) = rest.next() {
        let escaped = match (character, rest.clone().next()) {
            ('\\', Some(escaped @ ('|' | '=' | '\\'))) => escaped,
            ('\\', Some('n')) => '\n',
            ('\\', Some('r')) => '\r',
            _ => {
                meant.push(character);
                continue;
            }
        };
        meant.push(escaped);
        let _ = rest.next();
    }
    Cow::Owned(meant)
}

/// The pairs of an extension.
fn pairs(extension: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::with_capacity(24);
    let mut open: Option<(&str, usize)> = None;
    for equals in unescaped(extension, b'=') {
        let Some((begin, key)) = key_before(extension, equals) else { continue };
        if let Some((key, start)) = open {
            pairs.push((key, trimmed(extension.get(start..begin).unwrap_or_default())));
        }
        if pairs.len() >= PAIRS_MAX {
            return pairs;
        }
        open = Some((key, equals + 1));
    }
    if let Some((key, start)) = open {
        pairs.push((key, trimmed(&extension[start..])));
    }
    pairs
}

/// The key that ends at a place: letters, digits and a few more, behind a blank or at the beginning.
fn key_before(extension: &str, end: usize) -> Option<(usize, &str)> {
    let is_part =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']');
    let bytes = &extension.as_bytes()[..end];
    let length = bytes.iter().rev().take(KEY_MAX + 1).take_while(|byte| is_part(byte)).count();
    let begin = end - length;
    let stands_alone = begin == 0 || bytes[begin - 1].is_ascii_whitespace();
    ((1..=KEY_MAX).contains(&length) && stands_alone).then(|| (begin, &extension[begin..end]))
}

/// Milliseconds since 1970, ISO 8601, or `Nov 20 2026 07:20:02.125 UTC`; and whether a local time is in UTC.
fn time(said: &str) -> Option<(SaidTime<'static>, bool)> {
    if said.is_empty() {
        return None;
    }
    if said.bytes().all(|byte| byte.is_ascii_digit()) {
        return moment::since_1970(said).ok().map(|moment| (SaidTime::Stated(moment), false));
    }
    let (stamp, rest) = Stamp::read(said)?;
    // A zone that is said by an abbreviation is not guessed.
    let said = match stamp.said {
        SaidTime::Stated(moment) => SaidTime::Stated(moment),
        SaidTime::Local(local) => SaidTime::Local(local),
        SaidTime::WithoutYear { month, day, time } => SaidTime::WithoutYear { month, day, time },
        SaidTime::Unreadable(_) | SaidTime::Unsaid => return None,
    };
    rest.trim().is_empty().then_some((said, stamp.is_utc))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(extension: &str) -> Vec<(&str, String)> {
        pairs(extension).into_iter().map(|(key, value)| (key, meant(value).into_owned())).collect()
    }

    #[test]
    fn a_value_ends_where_the_next_key_begins() {
        let expected = [
            ("src", "203.0.113.9"),
            ("msg", "two words = one"),
            ("request", "http://a.example/?q=1&b=2"),
            ("empty", ""),
            ("cs1", r"C:\dir"),
            ("act", "blocked"),
        ];
        let expected = expected.map(|(key, value)| (key, value.to_owned()));
        let extension = r"src=203.0.113.9 msg=two words \= one request=http://a.example/?q=1&b=2 empty= cs1=C:\\dir act=blocked ";
        assert_eq!(read(extension), expected);
        assert_eq!(read("no pairs"), []);
        assert_eq!(read("=x =y"), []);
        assert_eq!(read(r"a=line\nline\r"), [("a", "line\nline\r".to_owned())]);
    }

    #[test]
    fn a_header_has_seven_fields_with_escaped_bars_in_them() {
        let message = Message::of(r"CEF:0|Ve\|ndor|Pro\\duct|1.0|100|na\=me|5|src=203.0.113.9").unwrap();
        assert_eq!((&*message.vendor, &*message.product, &*message.name), ("Ve|ndor", r"Pro\duct", "na=me"));
        assert_eq!(message.value("src"), "203.0.113.9");
        assert!(Message::of("CEF:0|a|b|c|d|e|Low").is_some());
        for no_cef in
            ["CEF:0|a|b|c|d|e", "CEF:x|a|b|c|d|e|5|", "CEF:", "cef:0|a|b|c|d|e|5|", r"CEF:0|a\|b|c|d|e|5"]
        {
            assert!(Message::of(no_cef).is_none(), "{no_cef}");
        }
    }

    #[test]
    fn a_time_is_read_in_each_form_of_the_standard() {
        let stated = |text: &str| time(text).and_then(|(said, is_utc)| Some((said.written()?, is_utc)));
        assert_eq!(stated("1795431602125"), Some(("2026-11-23T11:00:02.125Z".to_owned(), false)));
        assert_eq!(
            stated("Nov 20 2026 07:20:02.125 UTC"),
            Some(("2026-11-20T07:20:02.125".to_owned(), true))
        );
        assert_eq!(stated("Nov 20 2026 07:20:02"), Some(("2026-11-20T07:20:02".to_owned(), false)));
        assert_eq!(stated("Nov 20 07:20:02"), Some(("--11-20 07:20:02".to_owned(), false)));
        assert_eq!(stated("2026-11-20T07:20:02+07:00"), Some(("2026-11-20T00:20:02.000Z".to_owned(), false)));
        for no_time in ["", "yesterday", "Nov 20 2026 07:20:02 ICT", "Feb 30 2026 07:20:02"] {
            assert_eq!(stated(no_time), None, "{no_time}");
        }
    }

    proptest! {
        #[test]
        fn what_was_escaped_is_read_as_it_was_meant(
            header in prop::collection::vec("[a-z\\\\|= ế]{0,8}", 6),
            extension in prop::collection::vec(("[a-zA-Z0-9]{1,8}", r"[a-z\\=|ế\n]{1,6}( [a-z\\=|]{1,6}){0,2}"), 0..6),
        ) {
            let of_header = |field: &String| field.trim().replace('\\', r"\\").replace('|', r"\|");
            let of_value = |value: &str| value.replace('\\', r"\\").replace('=', r"\=").replace('\n', r"\n");
            let fields: Vec<String> = header.iter().map(of_header).collect();
            let written: Vec<String> = extension.iter().map(|(key, value)| format!("{key}={}", of_value(value))).collect();
            let text = format!("CEF:0|{}|{}", fields.join("|"), written.join(" "));
            let message = Message::of(&text).expect("it is one");
            let found = [&message.vendor, &message.product, &message.version, &message.signature_id, &message.name, &message.severity];
            prop_assert!(found.iter().zip(&header).all(|(found, meant)| ***found == *meant.trim()), "{}", text);
            let found: Vec<(String, String)> = message.pairs.iter().map(|(key, value)| ((*key).to_owned(), meant(value).into_owned())).collect();
            prop_assert_eq!(found, extension, "{}", text);
        }
    }
}
