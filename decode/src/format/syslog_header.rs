//! What stands before the text of a syslog message: how bad it is, when, who, which program.
//!
//! RFC 5424 is a grammar. RFC 3164 describes what was seen in the wild, and all of it is optional in practice: the
//! priority, the time (in half a dozen forms), the host, the tag. The first word behind the time is a host only if it
//! looks like one and what follows looks like what stands behind a host; else words of the text would become machines
//! that fall silent for ever. What is no header is text.

use std::borrow::Cow;

use ioc_model::event::one_spelling;
use jiff::civil::{Date, Time};

use super::moment::{self, Minute, NoTime};
use crate::contract::SaidTime;

/// The longest program with its process. Bytes.
const TAG_MAX: usize = 96;
/// The longest name of a host (RFC 1035, 2.3.4).
const HOST_MAX: usize = 255;

/// What a message says of itself. What it does not say is empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header<'a> {
    /// 0 to 191: facility and severity.
    pub(super) priority: Option<u8>,
    pub(super) said: SaidTime<'a>,
    /// Its local time is in UTC, whatever the zone of its source is.
    pub(super) is_utc: bool,
    /// The machine it says it is of.
    pub(super) host: &'a str,
    /// The program, with its process where that stands in one word with it.
    pub(super) program: &'a str,
    /// The process, where it stands alone.
    pub(super) process: &'a str,
    /// The type of the message.
    pub(super) message_id: &'a str,
    /// The structured data: whole elements.
    pub(super) structured: &'a str,
    /// The number its sender counts its messages by.
    pub(super) sequence: &'a str,
    /// Everything else.
    pub(super) text: &'a str,
}

impl<'a> Header<'a> {
    pub(super) fn of(message: &'a str) -> Header<'a> {
        let (priority, rest) = match priority(message) {
            Some((priority, rest)) => (Some(priority), rest),
            None => (None, message),
        };
        let header = Header {
            priority,
            said: SaidTime::Unsaid,
            is_utc: false,
            host: "",
            program: "",
            process: "",
            message_id: "",
            structured: "",
            sequence: "",
            text: rest,
        };
        header.modern(rest).unwrap_or_else(|| header.traditional(rest))
    }

    /// By RFC 5424, section 6.
    fn modern(self, rest: &'a str) -> Option<Header<'a>> {
        let (version, rest) = rest.split_once(' ')?;
        let is_version =
            (1..=3).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_digit());
        if !is_version || version.starts_with('0') || self.priority.is_none() {
            return None;
        }
        let (stamp, rest) = word(rest);
        let said = match stamp {
            "-" => SaidTime::Unsaid,
            _ => date_and_time(stamp)?,
        };
        let (host, rest) = word(rest);
        let (program, rest) = word(rest);
        let (process, rest) = word(rest);
        let (message_id, rest) = word(rest);
        let (structured, text) = match rest.as_bytes() {
            [b'-'] | [b'-', b' ', ..] => ("", &rest[1..]),
            [b'[', ..] => rest.split_at(elements(rest, |_, _, _| ())),
            // Without a time this could be any text that begins with a number.
            _ if stamp == "-" => return None,
            _ => ("", rest),
        };
        let text = text.strip_prefix(' ').unwrap_or(text);
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let said_of = |field: &'a str| if field == "-" { "" } else { field };
        let [host, program, process, message_id] = [host, program, process, message_id].map(said_of);
        let mut sequence = "";
        let _ = elements(structured, |id, name, value| {
            if (id, name) == ("meta", "sequenceId") {
                sequence = value;
            }
        });
        Some(Header { said, host, program, process, message_id, structured, sequence, text, ..self })
    }

    /// By RFC 3164, and as it is written in practice.
    fn traditional(self, rest: &'a str) -> Header<'a> {
        let (sequence, named, stamped) = numbered(rest);
        let Some((stamp, behind)) = Stamp::read(stamped.trim_start_matches([' ', '*'])) else {
            let (program, text) = tag(rest).unwrap_or(("", rest));
            return Header { program, text, ..self };
        };
        let header = Header { said: stamp.said, is_utc: stamp.is_utc, sequence, ..self };
        // A colon behind the time: what follows is the text of a router, which names no host.
        if let Some(text) = behind.strip_prefix(':') {
            let text = text.trim_start_matches(' ');
            let (program, text) = tag(text).unwrap_or(("", text));
            return Header { host: named, program, text, ..header };
        }
        let behind = behind.trim_start_matches(' ');
        let (host, mut text) = host(behind);
        let (again, text_behind) = word(text);
        if !host.is_empty() && again == host && !text_behind.is_empty() {
            text = text_behind;
        }
        let text = text.strip_prefix(": ").unwrap_or(text);
        let host = if host == "-" { "" } else { host };
        let (program, text) = tag(text).unwrap_or(("", text));
        Header { host, program, text, ..header }
    }
}

/// `<0>` to `<191>`, without leading zeros (RFC 5424, 6.2.1).
fn priority(message: &str) -> Option<(u8, &str)> {
    let (digits, rest) = message.strip_prefix('<')?.split_once('>')?;
    let is_number = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    let priority = digits.parse().ok().filter(|priority| *priority <= 191)?;
    Some((priority, rest))
}

/// Up to the next blank, and what stands behind it.
#[inline]
pub(super) fn word(text: &str) -> (&str, &str) {
    match memchr::memchr(b' ', text.as_bytes()) {
        Some(blank) => (&text[..blank], &text[blank + 1..]),
        None => (text, ""),
    }
}

/// A number that a router counts its messages by, and maybe its name: `82: `, `82: gate-c: `.
fn numbered(rest: &str) -> (&str, &str, &str) {
    let none = ("", "", rest);
    if !rest.starts_with(|first: char| first.is_ascii_digit()) {
        return none;
    }
    let Some((number, behind)) = rest.split_once(": ") else { return none };
    if !(1..=12).contains(&number.len()) || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return none;
    }
    let is_stamped = |text: &str| Stamp::read(text.trim_start_matches([' ', '*'])).is_some();
    if is_stamped(behind) {
        return (number, "", behind);
    }
    match behind.split_once(": ") {
        Some((name, stamped)) if is_host(name) && is_stamped(stamped) => (number, name, stamped),
        _ => none,
    }
}

/// A time at the beginning of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp<'a> {
    pub(super) said: SaidTime<'a>,
    pub(super) is_utc: bool,
}

impl<'a> Stamp<'a> {
    /// The time, and what stands behind it. `Nov 20 07:20:03.663`, with its year before it, in it or behind it, and with
    /// `UTC` behind; or a date and time of ISO 8601.
    pub(super) fn read(text: &'a str) -> Option<(Stamp<'a>, &'a str)> {
        let bytes = text.as_bytes();
        if bytes.first()?.is_ascii_digit() {
            return match leading_year(text) {
                Some((year, rest)) => Stamp::with_month(rest, Some(year)),
                None => {
                    let (stamp, rest) = word(text);
                    let said = date_and_time(stamp.strip_suffix(':').unwrap_or(stamp))?;
                    Some((Stamp { said, is_utc: false }, rest))
                }
            };
        }
        Stamp::with_month(text, None)
    }

    fn with_month(text: &'a str, year: Option<i16>) -> Option<(Stamp<'a>, &'a str)> {
        let month = month(text.as_bytes().first_chunk()?)?;
        let rest = text.get(3..)?.strip_prefix(' ')?;
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let (day, rest) = digits(rest, 2)?;
        let rest = rest.strip_prefix(' ')?;
        let (year, rest) = match year {
            Some(year) => (Some(year), rest),
            None => leading_year(rest).map_or((None, rest), |(year, rest)| (Some(year), rest)),
        };
        let (time, rest) = clock(rest)?;
        if !matches!(rest.as_bytes(), [] | [b' ' | b':', ..]) {
            return None;
        }
        let (year, rest) = match (year, rest.strip_prefix(' ').and_then(trailing_year)) {
            (None, Some((year, rest))) => (Some(year), rest),
            _ => (year, rest),
        };
        let zone = rest.strip_prefix(' ').unwrap_or_default();
        let behind_zone = zone.strip_prefix("UTC").or_else(|| zone.strip_prefix("GMT"));
        let behind_zone = behind_zone.filter(|rest| matches!(rest.as_bytes(), [] | [b' ' | b':', ..]));
        let written = &text[..text.len() - rest.len()];
        let said = match (time, year) {
            (None, _) => SaidTime::Unreadable(written),
            (Some(time), None) => SaidTime::WithoutYear { month, day: day as i8, time },
            (Some(time), Some(year)) => match Date::new(year, month, day as i8) {
                Ok(date) => SaidTime::Local(date.to_datetime(time)),
                Err(_) => SaidTime::Unreadable(written),
            },
        };
        Some((Stamp { said, is_utc: behind_zone.is_some() }, behind_zone.unwrap_or(rest)))
    }
}

/// A date and time as one word: with its zone, or local. None where it does not look like one.
fn date_and_time(stamp: &str) -> Option<SaidTime<'_>> {
    match moment::rfc3339(stamp, &mut Minute::default()) {
        Ok(moment) => Some(SaidTime::Stated(moment)),
        Err(NoTime::NoZone) => {
            Some(stamp.replacen(',', ".", 1).parse().map_or(SaidTime::Unreadable(stamp), SaidTime::Local))
        }
        Err(NoTime::NoSuchDay) => Some(SaidTime::Unreadable(stamp)),
        Err(NoTime::Shape) => None,
    }
}

#[inline]
fn month(name: &[u8; 3]) -> Option<i8> {
    const NAMES: [&[u8; 3]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let small = name.map(|byte| byte.to_ascii_lowercase());
    (1..).zip(NAMES).find(|(_, name)| **name == small).map(|(number, _)| number)
}

/// A number of so many digits at most.
#[inline]
fn digits(text: &str, most: usize) -> Option<(i32, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=most).contains(&length) {
        return None;
    }
    let number = text.bytes().take(length).fold(0, |number, digit| number * 10 + i32::from(digit - b'0'));
    Some((number, &text[length..]))
}

/// A year that a blank ends.
fn leading_year(text: &str) -> Option<(i16, &str)> {
    let (year, rest) = digits(text, 4).filter(|(year, _)| (1970..=2200).contains(year))?;
    Some((year as i16, rest.strip_prefix(' ')?))
}

/// A year that a blank, a colon or nothing ends; it stays with what stands behind.
fn trailing_year(text: &str) -> Option<(i16, &str)> {
    let (year, rest) = digits(text, 4).filter(|(year, _)| (1970..=2200).contains(year))?;
    matches!(rest.as_bytes(), [] | [b' ', ..] | [b':'] | [b':', b' ', ..]).then_some((year as i16, rest))
}

/// `07:20:03.663`: no time where it is none of a day, none at all where it does not look like one.
fn clock(text: &str) -> Option<(Option<Time>, &str)> {
    let two = |text| digits(text, 2).filter(|(_, rest): &(i32, &str)| text.len() - rest.len() == 2);
    let (hour, rest) = digits(text, 2)?;
    let (minute, rest) = two(rest.strip_prefix(':')?)?;
    let (second, rest) = two(rest.strip_prefix(':')?)?;
    let (nanos, rest) = match rest.strip_prefix('.') {
        Some(fraction) => {
            let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
            let padded = fraction.bytes().take(length).chain(std::iter::repeat(b'0')).take(9);
            (padded.fold(0, |nanos, digit| nanos * 10 + i32::from(digit - b'0')), &fraction[length..])
        }
        None => (0, rest),
    };
    // A leap second counts as the second before it.
    let second = if second == 60 { 59 } else { second };
    Some((Time::new(hour as i8, minute as i8, second as i8, nanos).ok(), rest))
}

/// The host behind a time, and what stands behind it; a dash is a host that is not said.
fn host(text: &str) -> (&str, &str) {
    let none = ("", text);
    let (first, behind) = word(text);
    let behind = behind.trim_start_matches(' ');
    if behind.is_empty() || is_repetition(text) {
        return none;
    }
    // Some write a colon behind the host where a router's text follows.
    let bare = if behind.starts_with('%') { first.strip_suffix(':').unwrap_or(first) } else { first };
    if bare == "-" || (is_host(bare) && (is_machine(bare) || stands_behind_a_host(behind))) {
        return (bare, behind);
    }
    none
}

/// Whether a word could name a host or is an address.
fn is_host(word: &str) -> bool {
    let named = (1..=HOST_MAX).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        && word.bytes().any(|byte| byte.is_ascii_alphabetic());
    named || one_spelling(word).is_some()
}

/// Whether it looks like a name that somebody gave a machine rather than like a word.
fn is_machine(word: &str) -> bool {
    word == "localhost" || word.bytes().any(|byte| !byte.is_ascii_alphabetic())
}

fn stands_behind_a_host(text: &str) -> bool {
    let text = text.strip_prefix(": ").unwrap_or(text);
    text.starts_with("CEF:") || text.starts_with('{') || is_repetition(text) || tag(text).is_some() || {
        let (again, behind) = word(text);
        is_host(again) && tag(behind).is_some()
    }
}

/// Whether a text is what a daemon writes for lines that it left out.
fn is_repetition(text: &str) -> bool {
    ["last message repeated ", "message repeated ", "Last message '"]
        .iter()
        .any(|words| text.starts_with(words))
}

/// The program at the beginning of a text, with its process, and what it says: `sshd[5100]: `, `filter: `,
/// `sshd(pam_unix)[611]: `, `%CFG-5-CHANGED: `.
#[inline]
fn tag(text: &str) -> Option<(&str, &str)> {
    let is_part = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'_' | b'-' | b'/' | b'(' | b')' | b'@' | b'%' | b'+')
    };
    let bytes = text.as_bytes();
    let name = bytes.iter().take(TAG_MAX).take_while(|byte| is_part(byte)).count();
    if name == 0 {
        return None;
    }
    let (end, has_process) = match bytes.get(name) {
        Some(b'[') => {
            let process = bytes[name..].iter().take(TAG_MAX).position(|byte| *byte == b']')?;
            (name + process + 1, process > 1)
        }
        _ => (name, false),
    };
    let behind = match (&bytes[end..], has_process) {
        ([b':'], _) => end + 1,
        ([b':', b' ', ..], _) => end + 2,
        ([b' ', ..], true) => end + 1,
        _ => return None,
    };
    Some((&text[..end], &text[behind..]))
}

/// Hands on each parameter of structured data: the element's identifier, its name, its value as it is written. Returns
/// where the whole elements end.
pub(super) fn elements<'a>(data: &'a str, mut each: impl FnMut(&'a str, &'a str, &'a str)) -> usize {
    let mut end = 0;
    while let Some(length) = element(&data[end..], &mut each) {
        end += length;
    }
    end
}

/// One element: `[id name="value" …]`. Its length; none where it is none.
fn element<'a>(data: &'a str, each: &mut impl FnMut(&'a str, &'a str, &'a str)) -> Option<usize> {
    let name_at = |at: usize| {
        let is_part = |byte: &u8| !matches!(byte, b' ' | b'=' | b']' | b'"') && byte.is_ascii_graphic();
        let length = data.as_bytes().get(at..)?.iter().take_while(|byte| is_part(byte)).count();
        (length > 0).then_some(at + length)
    };
    let byte = |at: usize| data.as_bytes().get(at).copied();
    // An element counts only as a whole, so it is walked before anything of it is handed on.
    let parameters = |each: Option<&mut dyn FnMut(&'a str, &'a str, &'a str)>| {
        let mut each = each;
        if byte(0)? != b'[' {
            return None;
        }
        let mut at = name_at(1)?;
        let id = &data[1..at];
        loop {
            match byte(at)? {
                b']' => return Some(at + 1),
                b' ' => at += 1,
                _ => return None,
            }
            if byte(at)? == b' ' || byte(at)? == b']' {
                continue;
            }
            let name_end = name_at(at)?;
            let name = &data[at..name_end];
            if byte(name_end)? != b'=' || byte(name_end + 1)? != b'"' {
                return None;
            }
            let start = name_end + 2;
            at = start;
            loop {
                match byte(at)? {
                    b'"' => break,
                    b'\\' => at += 2,
                    _ => at += 1,
                }
            }
            if let Some(each) = each.as_mut() {
                each(id, name, &data[start..at]);
            }
            at += 1;
        }
    };
    let length = parameters(None)?;
    let _ = parameters(Some(each));
    Some(length)
}

/// A value of structured data as it was meant: `"`, `\` and `]` stand behind a backslash (RFC 5424, 6.3.3).
pub(super) fn meant(value: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', value.as_bytes()).is_none() {
        return Cow::Borrowed(value);
    }
    let mut meant = String::with_capacity(value.len());
    let mut rest = value.chars();
    while let Some(character) = rest.next() {
        match (character, rest.clone().next()) {
            ('\\', Some(escaped @ ('"' | '\\' | ']'))) => {
                meant.push(escaped);
                let _ = rest.next();
            }
            _ => meant.push(character),
        }
    }
    Cow::Owned(meant)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(message: &str) -> [String; 5] {
        let Header { priority, said, host, program, text, .. } = Header::of(message);
        let priority = priority.map_or_else(String::new, |priority| priority.to_string());
        let said = match said {
            SaidTime::Unreadable(text) => format!("unreadable {text}"),
            other => other.written().unwrap_or_default(),
        };
        [priority, said, host.to_owned(), program.to_owned(), text.to_owned()]
    }

    #[test]
    fn a_header_is_read_in_every_form_that_is_sent() {
        for (message, expected) in [
            (
                "<86>Dec 31 23:59:58 srv-a sshd[2101]: Failed",
                ["86", "--12-31 23:59:58", "srv-a", "sshd[2101]", "Failed"],
            ),
            ("Jan  1 00:00:01 srv-a kernel: [1.2] x", ["", "--01-01 00:00:01", "srv-a", "kernel", "[1.2] x"]),
            (
                "<30>Nov 20 07:20:01 ntpclient[1119]: now",
                ["30", "--11-20 07:20:01", "", "ntpclient[1119]", "now"],
            ),
            ("<38>Operator signed in", ["38", "", "", "", "Operator signed in"]),
            ("<30>sshd[1]: x", ["30", "", "", "sshd[1]", "x"]),
            (
                "<134>Nov 20 07:20:02 CEF:0|E|G|1|1|b|5|",
                ["134", "--11-20 07:20:02", "", "", "CEF:0|E|G|1|1|b|5|"],
            ),
            (
                "<189>82: Nov 20 07:20:03.663: %CFG-5-CHANGED: x",
                ["189", "--11-20 07:20:03.663", "", "%CFG-5-CHANGED", "x"],
            ),
            (
                "<189>82: gate-c: *Nov 20 07:20:03: %CFG-5-CHANGED: x",
                ["189", "--11-20 07:20:03", "gate-c", "%CFG-5-CHANGED", "x"],
            ),
            (
                "<13>Nov 20 07:20:04 2026 gate-c app: full",
                ["13", "2026-11-20T07:20:04", "gate-c", "app", "full"],
            ),
            (
                "<13>2026 Nov 20 07:20:04 gate-c app: full",
                ["13", "2026-11-20T07:20:04", "gate-c", "app", "full"],
            ),
            (
                "<13>Nov 20 2026 07:20:04 gate-c : %ASA-6-1: full",
                ["13", "2026-11-20T07:20:04", "gate-c", "%ASA-6-1", "full"],
            ),
            (
                "<13>Nov 20 2026 07:20:04 gate: %ASA-6-1: full",
                ["13", "2026-11-20T07:20:04", "gate", "%ASA-6-1", "full"],
            ),
            (
                "<134>Nov 20 07:20:05 gate-c gate-c filter: x",
                ["134", "--11-20 07:20:05", "gate-c", "filter", "x"],
            ),
            (
                "<86>Nov 20 07:11:30 srv-b last message repeated 3 times",
                ["86", "--11-20 07:11:30", "srv-b", "", "last message repeated 3 times"],
            ),
            (
                "<86>Nov 20 07:11:30 last message repeated 3 times",
                ["86", "--11-20 07:11:30", "", "", "last message repeated 3 times"],
            ),
            (
                "2026-11-20T07:31:01+07:00 192.0.2.9 CEF:0|x",
                ["", "2026-11-20T00:31:01.000Z", "192.0.2.9", "", "CEF:0|x"],
            ),
            ("<13>2026-11-20T07:31:01.5 srv-a app: x", ["13", "2026-11-20T07:31:01.5", "srv-a", "app", "x"]),
            (
                "10 denied connections from 203.0.113.10",
                ["", "", "", "", "10 denied connections from 203.0.113.10"],
            ),
            (
                "<13>Nov 20 07:20:04 Link lost on port 1",
                ["13", "--11-20 07:20:04", "", "", "Link lost on port 1"],
            ),
            ("<13>Nov 20 07:20:04 - app: x", ["13", "--11-20 07:20:04", "", "app", "x"]),
            ("<13>Nov 20 07:20:04 2001:db8::5 app: x", ["13", "--11-20 07:20:04", "2001:db8::5", "app", "x"]),
            ("<13>Nov 20 07:20:04", ["13", "--11-20 07:20:04", "", "", ""]),
            ("<13>Nov 31 25:00:00 srv-a app: x", ["13", "unreadable Nov 31 25:00:00", "srv-a", "app", "x"]),
            ("<192>Nov 20 07:20:04 srv-a app: x", ["", "", "", "", "<192>Nov 20 07:20:04 srv-a app: x"]),
            ("<013>x", ["", "", "", "", "<013>x"]),
            ("<0>x", ["0", "", "", "", "x"]),
            (
                "<86>1 2026-12-31T17:00:02Z srv-c sshd 77 - - Failed",
                ["86", "2026-12-31T17:00:02.000Z", "srv-c", "sshd", "Failed"],
            ),
            ("<86>1 - - - - - - \u{feff}Đã", ["86", "", "", "", "Đã"]),
            (
                "<86>1 2026-02-30T00:00:00Z h p - - [a b=\"]\"] x",
                ["86", "unreadable 2026-02-30T00:00:00Z", "h", "p", "x"],
            ),
            (
                "<86>1 2026-12-31T17:00:02Z h p - - [a b=\"c] x",
                ["86", "2026-12-31T17:00:02.000Z", "h", "p", "[a b=\"c] x"],
            ),
            ("<86>1 2026-12-31T17:00:02Z h p - -", ["86", "2026-12-31T17:00:02.000Z", "h", "p", ""]),
            ("<13>1 link is down", ["13", "", "", "", "1 link is down"]),
            ("<13>1 - link is down", ["13", "", "", "", "1 - link is down"]),
        ] {
            assert_eq!(read(message), expected, "{message}");
        }
    }

    #[test]
    fn a_zone_that_is_said_is_heard_and_a_number_kept() {
        let header = Header::of("<189>82: Nov 20 07:20:03.663 UTC: %CFG-5-CHANGED: x");
        assert!(header.is_utc);
        assert_eq!((header.sequence, header.program), ("82", "%CFG-5-CHANGED"));
        let header = Header::of("<86>1 - h p 7 id [meta sequenceId=\"29\"][x@1 a=\"b\"] t");
        assert_eq!((header.sequence, header.process, header.message_id, header.text), ("29", "7", "id", "t"));
    }

    fn escaped(value: &str) -> String {
        value.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]")
    }

    proptest! {
        #[test]
        fn structured_data_are_read_as_they_were_meant(
            written in prop::collection::vec(("[a-z@0-9]{1,8}", prop::collection::vec(("[a-zA-Z.]{1,8}", r#"[\\"\]\[ a=ế]{0,12}"#), 0..4)), 0..4),
            text in "[ a-z\\]\"]{0,12}",
        ) {
            let mut data = String::new();
            let mut expected = Vec::new();
            for (id, parameters) in &written {
                data.push_str(&format!("[{id}"));
                for (name, value) in parameters {
                    data.push_str(&format!(" {name}=\"{}\"", escaped(value)));
                    expected.push((id.clone(), name.clone(), value.clone()));
                }
                data.push(']');
            }
            let message = format!("<13>1 2026-01-01T00:00:00Z h p - - {} {text}", if data.is_empty() { "-" } else { &data });
            let header = Header::of(&message);
            prop_assert_eq!(header.structured, &data);
            prop_assert_eq!(header.text, &text);
            let mut found = Vec::new();
            let _ = elements(header.structured, |id, name, value| {
                found.push((id.to_owned(), name.to_owned(), meant(value).into_owned()));
            });
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_text_has_a_header_that_ends_in_it(message in "(<[0-9]{1,3}>)?(1 |82: )?(Nov 20 |Feb 31 )?([0-9]{2}:){2}[0-9]{2}[ :.]?\\PC{0,40}") {
            prop_assert!(message.ends_with(Header::of(&message).text));
        }
    }
}
