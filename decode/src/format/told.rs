//! What all formats of events do with what they read: texts within bounds, ends in one spelling, words of what was
//! decided.
//!
//! Whatever a device writes is kept, and nothing is kept without a bound (BOUND): a text that is too long is cut at a
//! character and says so. The bytes as they came stand in the archive.

use std::borrow::Cow;

use ioc_model::event::{Decided, Endpoint, Event, WEIGHT_MAX, one_spelling};

/// The longest message. Bytes.
const MESSAGE_MAX: usize = 8 << 10;
/// The longest of all other texts. Bytes.
const TEXT_MAX: usize = 1 << 10;
/// The longest name of an attribute. Bytes.
const NAME_MAX: usize = 64;
/// So many attributes an event has at most.
const ATTRIBUTES_MAX: usize = 64;

/// One end of what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    From,
    To,
}

/// The beginning of a text, cut at a character.
fn beginning(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    &text[..end]
}

/// Without white space at its ends, where it mostly has none.
pub(super) fn trimmed(text: &str) -> &str {
    let is_plain = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_graphic);
    match is_plain(text.as_bytes().first()) && is_plain(text.as_bytes().last()) {
        true => text,
        false => text.trim(),
    }
}

/// A text within its bound.
pub(super) fn text(text: &str) -> Box<str> {
    match text.len() <= TEXT_MAX {
        true => text.into(),
        false => format!("{}…", beginning(text, TEXT_MAX)).into(),
    }
}

/// Texts behind each other, within the bound of one.
pub(super) fn joined<const N: usize>(parts: [&str; N]) -> Box<str> {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut whole = String::with_capacity(length);
    for part in parts {
        whole.push_str(part);
    }
    if length <= TEXT_MAX { whole.into() } else { text(&whole) }
}

/// Whether so many more attributes are all kept.
pub(super) fn has_room(event: &Event, more: usize) -> bool {
    event.attributes.len() + more <= ATTRIBUTES_MAX
}

/// Adds what else is said. An empty text says nothing.
pub(super) fn attribute(event: &mut Event, name: impl Into<Cow<'static, str>>, said: &str) {
    if !said.is_empty() && event.attributes.len() < ATTRIBUTES_MAX {
        let mut name = name.into();
        if name.len() > NAME_MAX {
            name = beginning(&name, NAME_MAX).to_owned().into();
        }
        event.attributes.push((name, text(said)));
    }
}

/// What it says. Where that was cut, how many bytes it had is said beside it.
pub(super) fn message(event: &mut Event, said: &str) {
    event.message = beginning(said, MESSAGE_MAX).into();
    if said.len() > MESSAGE_MAX {
        attribute(event, "cut", &said.len().to_string());
    }
}

/// An end by its address and port as they were written. What is written otherwise than in the one spelling, or is no
/// address or port at all, is kept beside it.
pub(super) fn end(event: &mut Event, which: End, address: &str, port: &str) {
    let (as_address, as_port) = match which {
        End::From => ("source_written", "source_port_written"),
        End::To => ("target_written", "target_port_written"),
    };
    let found = Endpoint { address: one_spelling(address), port: port.parse().ok() };
    if !is_in_one_spelling(&found, address) {
        attribute(event, as_address, address);
    }
    if found.port.is_none() {
        attribute(event, as_port, port);
    }
    match which {
        End::From => event.from = found,
        End::To => event.to = found,
    }
}

fn is_in_one_spelling(found: &Endpoint, written: &str) -> bool {
    match found.address {
        // An IPv4 address has but one spelling that is read.
        Some(_) if written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => true,
        Some(address) => address.to_string() == written,
        None => false,
    }
}

/// How many times a row says that it happened; none where that cannot be.
pub(super) fn weight(said: &str) -> Option<u32> {
    said.parse().ok().filter(|times| (1..=WEIGHT_MAX).contains(times))
}

/// What a word of an action means.
pub(super) fn decided(word: &str) -> Decided {
    const STOPPED: [&str; 16] = [
        "block",
        "blocked",
        "deny",
        "denied",
        "drop",
        "dropped",
        "reject",
        "rejected",
        "refused",
        "reset",
        "prevent",
        "prevented",
        "quarantine",
        "quarantined",
        "cleaned",
        "deleted",
    ];
    const LET_THROUGH: [&str; 11] = [
        "allow",
        "allowed",
        "accept",
        "accepted",
        "pass",
        "passed",
        "permit",
        "permitted",
        "detected",
        "monitored",
        "forwarded",
    ];
    let is = |known: &&str| known.eq_ignore_ascii_case(word);
    match () {
        () if STOPPED.iter().any(&is) => Decided::Blocked,
        () if LET_THROUGH.iter().any(is) => Decided::Allowed,
        () => Decided::Unsaid,
    }
}

/// A protocol's name in small letters; the common ones also by their number (IANA, "Protocol Numbers").
pub(super) fn protocol(said: &str) -> Cow<'static, str> {
    match said {
        "TCP" | "tcp" | "6" => "tcp".into(),
        "UDP" | "udp" | "17" => "udp".into(),
        "ICMP" | "icmp" | "1" => "icmp".into(),
        "IPv6-ICMP" | "ipv6-icmp" | "58" => "ipv6-icmp".into(),
        other => text(other).to_ascii_lowercase().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bound_a_long_text_is_cut_at_a_character_and_says_so() {
        let mut event = Event::default();
        message(&mut event, &"ế".repeat(4_000));
        assert!(
            event.message.len() <= MESSAGE_MAX && event.message.chars().all(|character| character == 'ế')
        );
        for _ in 0..100 {
            attribute(&mut event, "n".repeat(100), &"ế".repeat(1_000));
        }
        assert_eq!(event.attributes.len(), ATTRIBUTES_MAX);
        assert_eq!(event.attributes[0], ("cut".into(), "12000".into()));
        assert!(event.attributes[1].0.len() <= NAME_MAX && event.attributes[1].1.ends_with("ế…"));
    }

    #[test]
    fn an_address_is_kept_as_written_where_that_is_not_the_one_spelling() {
        let mut event = Event::default();
        end(&mut event, End::From, "203.0.113.5", "40000");
        end(&mut event, End::To, "2001:db8::1", "");
        assert!(event.attributes.is_empty() && event.from.port == Some(40_000));
        end(&mut event, End::From, "[2001:DB8::1]", "65536");
        assert_eq!((event.from.address, event.from.port), (event.to.address, None));
        end(&mut event, End::To, "gate.example", "-");
        let names: Vec<&str> = event.attributes.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["source_written", "source_port_written", "target_written", "target_port_written"]);
    }

    #[test]
    fn a_weight_that_nobody_can_have_counted_is_none() {
        assert_eq!(weight("5"), Some(5));
        for no_weight in ["0", "-1", "1e3", "4294967295", "1000001", ""] {
            assert_eq!(weight(no_weight), None, "{no_weight}");
        }
    }
}
