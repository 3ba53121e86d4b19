//! What firewalls say of the packets they let through and stop, as text.
//!
//! Four of them, which are most of what runs at a province's edge: pf's words (`block in on wan proto tcp from A port P
//! to B port Q`), pfSense's and OPNsense's `filterlog` (commas), Linux netfilter (`SRC=… DST=…`), and the access lists of
//! IOS, which count packets (`denied tcp A(P) -> B(Q), 3 packets`).

use ioc_model::event::{Decided, Event, EventKind, one_spelling};

use super::told::{End, attribute, decided, end, protocol, text, trimmed, weight};

/// Reads a line of a firewall into the event; whether it is one.
pub(super) fn read(program: &str, said: &str, event: &mut Event) -> bool {
    let name = program.split('[').next().unwrap_or_default();
    match name {
        "filterlog" => of_commas(said, event),
        _ if name.starts_with("%SEC-") => of_access_list(said, event),
        _ => of_netfilter(said, event) || of_words(said, event),
    }
}

fn kind_of(what: Decided) -> EventKind {
    match what {
        Decided::Blocked => EventKind::Block,
        Decided::Allowed => EventKind::Allow,
        Decided::Unsaid => EventKind::Log,
    }
}

fn judge(event: &mut Event, what: Decided) {
    event.kind = kind_of(what);
    event.decided = what;
}

/// `block in on wan proto tcp from A port P to B port Q`.
fn of_words(said: &str, event: &mut Event) -> bool {
    let mut words = said.split_ascii_whitespace();
    let Some(action) = words.next() else { return false };
    let what = decided(action);
    if what == Decided::Unsaid {
        return false;
    }
    let (mut interface, mut direction, mut carried) = ("", "", "");
    let (mut from, mut to) = (("", ""), ("", ""));
    let mut at_target = false;
    while let Some(word) = words.next() {
        let side = if at_target { &mut to } else { &mut from };
        match word {
            "in" | "out" => direction = word,
            "on" => interface = words.next().unwrap_or_default(),
            "proto" => carried = words.next().unwrap_or_default(),
            "from" => from.0 = words.next().unwrap_or_default(),
            "to" => {
                at_target = true;
                to.0 = words.next().unwrap_or_default();
            }
            "port" => side.1 = words.next().unwrap_or_default(),
            _ => {}
        }
    }
    if one_spelling(from.0).is_none() || one_spelling(to.0).is_none() {
        return false;
    }
    judge(event, what);
    ends(event, from, to);
    event.protocol = protocol(carried);
    attribute(event, "interface", interface);
    attribute(event, "direction", direction);
    true
}

fn ends(event: &mut Event, (from, from_port): (&str, &str), (to, to_port): (&str, &str)) {
    end(event, End::From, from, from_port);
    end(event, End::To, to, to_port);
}

/// `filterlog`: rule, sub-rule, anchor, tracker, interface, reason, action, direction, IP version; then as IPv4 or IPv6
/// has it; then source, destination and, of TCP and UDP, their ports.
fn of_commas(said: &str, event: &mut Event) -> bool {
    let mut fields = [""; 22];
    let (mut number, mut start) = (0, 0);
    // Fields are a few bytes long: too short for a search that makes ready first.
    let commas = said.bytes().enumerate().filter(|(_, byte)| *byte == b',').map(|(at, _)| at);
    for end in commas.chain([said.len()]).take(fields.len()) {
        fields[number] = trimmed(&said[start..end]);
        (number, start) = (number + 1, end + 1);
    }
    let what = decided(fields[6]);
    let (carried, first) = match fields[8] {
        "4" => (fields[16], 18),
        "6" => (fields[12], 15),
        _ => return false,
    };
    if what == Decided::Unsaid || one_spelling(fields[first]).is_none() {
        return false;
    }
    let has_ports = carried.eq_ignore_ascii_case("tcp") || carried.eq_ignore_ascii_case("udp");
    let port = |at: usize| if has_ports { fields[at] } else { "" };
    judge(event, what);
    ends(event, (fields[first], port(first + 2)), (fields[first + 1], port(first + 3)));
    event.protocol = protocol(carried);
    event.signature_id = text(fields[3]);
    attribute(event, "interface", fields[4]);
    attribute(event, "direction", fields[7]);
    true
}

/// `[UFW BLOCK] IN=eth0 OUT= MAC=… SRC=A DST=B … PROTO=TCP SPT=P DPT=Q`: what was decided is in the words that its rule
/// put before.
fn of_netfilter(said: &str, event: &mut Event) -> bool {
    let Some(begin) = memchr::memmem::find(said.as_bytes(), b"IN=") else { return false };
    let (before, fields) = said.split_at(begin);
    let value = |name: &str| {
        let mut all = fields.split_ascii_whitespace();
        all.find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
    };
    let (from, to) = (value("SRC"), value("DST"));
    if one_spelling(from).is_none() || one_spelling(to).is_none() {
        return false;
    }
    let mut words = before.split(|character: char| !character.is_ascii_alphabetic());
    let what = words.find_map(|word| Some(decided(word)).filter(|what| *what != Decided::Unsaid));
    judge(event, what.unwrap_or_default());
    ends(event, (from, value("SPT")), (to, value("DPT")));
    event.protocol = protocol(value("PROTO"));
    // Before the rule's own words the kernel writes since when it runs.
    let rule = before.trim();
    let rule = match rule.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((uptime, rest)) if uptime.trim().parse::<f64>().is_ok() => rest.trim(),
        _ => rule,
    };
    event.signature = text(rule);
    let (arrived, left) = (value("IN"), value("OUT"));
    attribute(event, "interface", if arrived.is_empty() { left } else { arrived });
    attribute(event, "direction", if arrived.is_empty() { "out" } else { "in" });
    true
}

/// `list 102 denied tcp 203.0.113.5(40000) -> 192.0.2.10(22), 3 packets`.
fn of_access_list(said: &str, event: &mut Event) -> bool {
    let mut words = said.split_ascii_whitespace();
    if words.next() != Some("list") {
        return false;
    }
    let (Some(list), Some(action), Some(carried)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    let (mut from, mut to, mut times) = ("", "", None);
    while let Some(word) = words.next() {
        match word {
            "->" => to = words.next().unwrap_or_default(),
            _ if to.is_empty() && one_spelling(split_port(word).0).is_some() => from = word,
            _ if words.clone().next().is_some_and(|unit| unit.starts_with("packet")) => times = weight(word),
            _ => {}
        }
    }
    let (from, to) = (split_port(from), split_port(to.trim_end_matches(',')));
    let what = decided(action);
    if what == Decided::Unsaid || one_spelling(from.0).is_none() || one_spelling(to.0).is_none() {
        return false;
    }
    judge(event, what);
    ends(event, from, to);
    event.protocol = protocol(carried);
    event.signature_id = text(list);
    event.weight = times.unwrap_or(1);
    true
}

/// `192.0.2.10(22)`.
fn split_port(word: &str) -> (&str, &str) {
    match word.split_once('(') {
        Some((address, port)) => (address, port.trim_end_matches([')', ','])),
        None => (word, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(program: &str, said: &str) -> Option<(EventKind, String, String, u32)> {
        let mut event = Event { weight: 1, ..Event::default() };
        let of = |end: ioc_model::event::Endpoint| {
            let port = end.port.map_or_else(String::new, |port| format!(" {port}"));
            format!("{}{port}", end.address.map_or_else(String::new, |address| address.to_string()))
        };
        let found = read(program, said, &mut event);
        let ends = format!("{} {} > {}", event.protocol, of(event.from), of(event.to));
        found.then_some((event.kind, ends, event.signature.to_string() + &event.signature_id, event.weight))
    }

    #[test]
    fn each_firewall_is_read_in_its_own_words() {
        use EventKind::{Allow, Block, Log};
        let tcp = "tcp 203.0.113.5 40000 > 192.0.2.10 22";
        for (program, said, kind, ends, rule, weight) in [
            (
                "filter",
                "block in on wan proto tcp from 203.0.113.5 port 40000 to 192.0.2.10 port 22",
                Block,
                tcp,
                "",
                1,
            ),
            (
                "pf[1]",
                "pass out on lan from 203.0.113.5 to 192.0.2.10",
                Allow,
                " 203.0.113.5 > 192.0.2.10",
                "",
                1,
            ),
            (
                "filterlog[77]",
                "5,,,1000000103,em0,match,block,in,4,0x0,,64,0,0,DF,6,tcp,60,203.0.113.5,192.0.2.10,40000,22,0,S",
                Block,
                tcp,
                "1000000103",
                1,
            ),
            (
                "filterlog",
                "5,,,12,em0,match,pass,in,6,0x00,0x00000,255,ICMPv6,58,32,2001:db8::5,2001:db8::1,",
                Allow,
                "icmpv6 2001:db8::5 > 2001:db8::1",
                "12",
                1,
            ),
            (
                "kernel",
                "[12.5] [UFW BLOCK] IN=eth0 OUT= MAC=00:16 SRC=203.0.113.5 DST=192.0.2.10 LEN=60 PROTO=TCP SPT=40000 DPT=22 SYN",
                Block,
                tcp,
                "[UFW BLOCK]",
                1,
            ),
            (
                "kernel",
                "[12.5] [UFW AUDIT] IN= OUT=eth0 SRC=203.0.113.5 DST=192.0.2.10 PROTO=ICMP TYPE=8",
                Log,
                "icmp 203.0.113.5 > 192.0.2.10",
                "[UFW AUDIT]",
                1,
            ),
            (
                "%SEC-6-IPACCESSLOGP",
                "list 102 denied tcp 203.0.113.5(40000) -> 192.0.2.10(22), 3 packets",
                Block,
                tcp,
                "102",
                3,
            ),
            (
                "%SEC-6-IPACCESSLOGDP",
                "list in permitted icmp 203.0.113.5 -> 192.0.2.10 (8/0), 1 packet",
                Allow,
                "icmp 203.0.113.5 > 192.0.2.10",
                "in",
                1,
            ),
        ] {
            let expected = Some((kind, ends.to_owned(), rule.to_owned(), weight));
            assert_eq!(read_one(program, said), expected, "{said}");
        }
    }

    #[test]
    fn other_words_are_no_packet() {
        for (program, said) in [
            ("app", "block device sda1 is full"),
            ("app", "denied connections from 203.0.113.10 to gate"),
            ("kernel", "IN=1 SRC=x DST=y"),
            ("filterlog", "5,,,1,em0,match,block,in,4"),
            ("%SEC-6-IPACCESSLOGP", "list"),
            ("", ""),
        ] {
            assert_eq!(read_one(program, said), None, "{said}");
        }
    }
}
