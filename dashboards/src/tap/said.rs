//! A message as it is told.
//!
//! What tells of persons is told by its length. A feed may have been marked after a message came: then its address is not
//! told either, for it may be the name of a file as somebody typed it. A reject's sentence loses what is a number in it.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use ioc_model::{
    envelope::{Content, UNMATCHED},
    pack::{Feed, Pack},
    reject::RejectReason,
    text::Text,
};
use serde::Deserialize;

use super::{Message, Outcome, Rejected};
use crate::{
    arrivals::{Arrived, Became},
    guarded::{GuardedFeeds, without_numbers},
    rejects::RejectView,
};

/// Stands for a secret.
const UNSAID: &str = "***";

/// What is told of beside a message's bytes where it is known. Keys and headers of records are a sender's own words, and may
/// be secrets.
const TOLD: [&str; 13] = [
    "bound_to",
    "forbidden",
    "content_encoding",
    "retained",
    "will",
    "origin",
    "fault",
    "asked",
    "confirmed",
    "owed",
    "record",
    "written",
    "again",
];

/// Of those what no sender's words are in.
const TOLD_OF_PERSONS: [&str; 6] = ["forbidden", "retained", "will", "fault", "asked", "again"];

/// Names that are followed by a secret: `?token=…`, `/token/…`.
const SECRETS: [&str; 9] =
    ["token", "secret", "password", "passwd", "pwd", "apikey", "api_key", "api-key", "authorization"];

/// How a feed's messages are told.
pub(super) struct Telling<'a> {
    pack: &'a Pack,
    guarded: &'a GuardedFeeds,
}

/// What stands for bytes that are not kept.
#[derive(Deserialize)]
struct Withheld {
    bytes: u64,
    /// Of what was reduced at the door there is none.
    sha256: Option<String>,
}

impl<'a> Telling<'a> {
    pub(super) fn of(pack: &'a Pack, guarded: &'a GuardedFeeds) -> Telling<'a> {
        Telling { pack, guarded }
    }

    /// Whether a message tells of persons, or was meant for where it would.
    pub(super) fn is_personal(&self, arrived: &Arrived) -> bool {
        let is_personal = |feed: &str| self.pack.feeds.get(feed).is_some_and(|feed| feed.personal);
        is_personal(&arrived.feed)
            || is_personal(arrived.attribute("forbidden"))
            || !arrived.attribute("reduced").is_empty()
    }

    /// Whether it has to be asked, before its bytes are told, if they say numbers of persons: of a report, and of a feed
    /// that the pack has no more.
    pub(super) fn may_be_kept_back(&self, arrived: &Arrived) -> bool {
        match self.pack.feeds.get(&arrived.feed) {
            Some(feed) => !feed.forms.is_empty(),
            None => arrived.feed != UNMATCHED,
        }
    }

    /// A message, and what became of it; without that it is pending.
    pub(super) fn message(&self, arrived: &Arrived, became: Option<Became>) -> Message {
        let personal = self.is_personal(arrived);
        let withheld = || serde_json::from_slice::<Withheld>(&arrived.payload).ok();
        let withheld = if arrived.content == Content::Withheld { withheld() } else { None };
        // What its feed did not reduce yet has an address as its sender wrote it.
        let is_reduced = !arrived.attribute("reduced").is_empty()
            || withheld.as_ref().is_some_and(|withheld| withheld.sha256.is_none());
        let tells_address = !personal || is_reduced;
        let told: &[&str] = if personal && !is_reduced { &TOLD_OF_PERSONS } else { &TOLD };
        let attributes = told.iter().map(|word| (*word, arrived.attribute(word)));
        let sender = arrived.attribute("sender");
        let attributes: BTreeMap<String, String> = attributes
            .filter(|(_, text)| !text.is_empty())
            .map(|(word, text)| (word.to_owned(), without_secrets(text, sender)))
            .collect();
        let bytes = withheld.map_or(arrived.bytes, |withheld| withheld.bytes);
        let pending = became.is_none();
        let became = became.unwrap_or_default();
        let rejects: Vec<Rejected> =
            became.rejects.iter().map(|reject| self.rejected(reject.clone(), personal)).collect();
        let mut message = Message {
            position: arrived.position.to_string(),
            received_at: arrived.received_at,
            feed: arrived.feed.clone(),
            sender: sender.to_owned(),
            transport: self.transport(arrived),
            address: if tells_address { without_secrets(&arrived.address, sender) } else { String::new() },
            address_bytes: arrived.address.len() as u64,
            peer: arrived.attribute("peer").to_owned(),
            content_type: if personal && !is_reduced { "" } else { arrived.attribute("content_type") }
                .to_owned(),
            content: match arrived.content {
                Content::Raw => "raw",
                Content::Withheld => "withheld",
            }
            .to_owned(),
            bytes,
            attributes,
            personal,
            became: Vec::new(),
            again: false,
            rows: became.rows,
            stored: became.stored,
            duplicate: became.duplicate,
            rejected: became.rejected,
            held: became.held,
            waiting: became.waiting,
            rejects,
            payload: None,
            payload_base64: None,
            cut: false,
            kept_back: false,
        };
        message.became = if pending { vec![Outcome::Pending] } else { outcomes(&message) };
        message
    }

    fn transport(&self, arrived: &Arrived) -> Option<String> {
        let word = |feed: &Feed| feed.transport.word().to_owned();
        let of = |feed: &str| self.pack.feeds.get(feed).map(word);
        of(&arrived.feed).or_else(|| of(arrived.attribute("forbidden")))
    }

    fn rejected(&self, reject: RejectView, personal: bool) -> Rejected {
        let RejectView { row, whole, reason, place, message, .. } = self.guarded.reject(reject);
        let message = match reason {
            // Their sentences quote the address as it came. It stands above, as far as it may be told.
            RejectReason::Unmatched => {
                text("Không có nguồn dữ liệu nào nhận địa chỉ này.", "No feed claims this address.")
            }
            RejectReason::Forbidden => {
                text("Người gửi không được phép gửi đến đó.", "The sender may not send there.")
            }
            _ if personal => without_numbers(&message, ""),
            _ => message,
        };
        Rejected { row, whole, reason, place, message }
    }
}

fn text(vi: &str, en: &str) -> Text {
    Text { vi: vi.to_owned(), en: en.to_owned() }
}

/// Everything that became of a message that is judged.
fn outcomes(message: &Message) -> Vec<Outcome> {
    let is = |reason: RejectReason| message.rejects.iter().any(|reject| reject.reason == reason);
    let all_empty = message.stored + message.rejected + message.held + message.waiting == 0;
    let found = [
        (message.stored > 0, Outcome::Stored),
        (message.duplicate.is_some_and(|rows| rows > 0), Outcome::Duplicate),
        (message.rejected > 0, Outcome::Rejected),
        (is(RejectReason::Unmatched), Outcome::Unmatched),
        (is(RejectReason::Forbidden), Outcome::Forbidden),
        (message.held > 0, Outcome::Held),
        (message.waiting > 0, Outcome::Waiting),
        (all_empty && message.rows == Some(0), Outcome::Empty),
        (all_empty && message.duplicate.is_none(), Outcome::Nothing),
    ];
    found.into_iter().filter(|(is_so, _)| *is_so).map(|(_, outcome)| outcome).collect()
}

/// Adds the beginning of a message's bytes.
pub(super) fn with_payload(message: &mut Message, arrived: &Arrived) {
    let payload = &arrived.payload;
    message.cut = arrived.bytes > payload.len() as u64;
    match std::str::from_utf8(payload) {
        Ok(text) => message.payload = Some(text.to_owned()),
        // The beginning ends within a character.
        Err(error) if message.cut && error.error_len().is_none() => {
            message.payload = Some(String::from_utf8_lossy(&payload[..error.valid_up_to()]).into_owned());
        }
        Err(_) => message.payload_base64 = Some(STANDARD.encode(payload)),
    }
}

/// An address without what lets somebody in: a login before a host, the value of a parameter or level that is called a
/// secret, a sender's own token.
fn without_secrets(address: &str, sender: &str) -> String {
    let mut said = String::with_capacity(address.len());
    let mut follows_secret = false;
    let mut is_host = false;
    for part in address.split_inclusive(['/', '?', '&', ';', '#']) {
        let (part, mark) = match part.char_indices().next_back() {
            Some((at, '/' | '?' | '&' | ';' | '#')) => part.split_at(at),
            _ => (part, ""),
        };
        let name = part.split_once('=').map(|(name, _)| name);
        match (name, part.rsplit_once('@')) {
            (_, Some((_, host))) if is_host => said.extend([UNSAID, "@", host]),
            (Some(name), _) if is_secret(name) => said.extend([name, "=", UNSAID]),
            _ if follows_secret && !part.is_empty() => said.push_str(UNSAID),
            _ if is_token(part, sender) => said.push_str(UNSAID),
            _ => said.push_str(part),
        }
        // `scheme://` has an empty part behind it.
        is_host = part.is_empty() && mark == "/" && said.ends_with(":/");
        follows_secret = name.is_none() && mark == "/" && SECRETS.contains(&&*part.to_ascii_lowercase());
        said.push_str(mark);
    }
    said
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ends = |word: &str| {
        name == word || name.ends_with(&format!("_{word}")) || name.ends_with(&format!("-{word}"))
    };
    SECRETS.iter().any(|secret| name.contains(secret))
        || ["key", "auth", "sig", "signature"].into_iter().any(ends)
}

/// Whether it is the token of a sender: its name, a full stop and its secret.
fn is_token(part: &str, sender: &str) -> bool {
    const SHORTEST: usize = 16;
    let secret = part.strip_prefix(sender).and_then(|rest| rest.strip_prefix('.'));
    !sender.is_empty() && secret.is_some_and(|secret| secret.len() >= SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lets_somebody_in_is_not_told() {
        for (address, told) in [
            ("test/ST01/observation", "test/ST01/observation"),
            (
                "https://user:word@host.vn/a?since=1&token=abc&x=2",
                "https://***@host.vn/a?since=1&token=***&x=2",
            ),
            ("/v1/devices/token/s3cret/telemetry", "/v1/devices/token/***/telemetry"),
            ("a?access_token=x", "a?access_token=***"),
            ("a?api_key=x&sig=y&monkey=z", "a?api_key=***&sig=***&monkey=z"),
            ("gw1.0123456789abcdef0123/up", "***/up"),
            ("gw1.short/up", "gw1.short/up"),
            ("mail@host/b", "mail@host/b"),
            ("a//b/", "a//b/"),
        ] {
            assert_eq!(without_secrets(address, "gw1"), told);
        }
        assert_eq!(without_secrets(".0123456789abcdef0123", ""), ".0123456789abcdef0123");
    }
}
