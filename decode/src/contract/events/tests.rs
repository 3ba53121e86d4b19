use proptest::prelude::*;

use super::*;

fn calendar() -> Calendar {
    Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap()
}

fn at(text: &str) -> EventTime {
    EventTime(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn happened(zone: &str, said: SaidTime<'_>, received: &str) -> (String, TimeFrom) {
    let calendar = Calendar::of_zone(zone).unwrap();
    let reporter = Reporter {
        log_source: Name::new("a"),
        known: true,
        relay: Name::default(),
        behind: None,
        calendar: &calendar,
    };
    let received = at(received);
    let bounds = (EventTime(received.0 - 366 * 86_400_000), received, EventTime(received.0 + 300_000));
    let Happened { at, time_from, .. } = reporter.happened(said, bounds);
    (at.rfc3339(), time_from)
}

fn without_year(month: i8, day: i8, time: &str) -> SaidTime<'static> {
    SaidTime::WithoutYear { month, day, time: time.parse().unwrap() }
}

#[test]
fn the_year_is_the_latest_that_does_not_lie_ahead_in_the_zone_of_the_source() {
    let local = "Asia/Ho_Chi_Minh";
    for (zone, said, received, expected) in [
        (local, without_year(12, 31, "23:59:58"), "2027-01-01T00:00:03+07:00", "2026-12-31T16:59:58.000Z"),
        (local, without_year(1, 1, "00:00:01"), "2027-01-01T00:00:03+07:00", "2026-12-31T17:00:01.000Z"),
        (local, without_year(1, 1, "00:00:01"), "2026-12-31T23:59:58+07:00", "2026-12-31T17:00:01.000Z"),
        ("UTC", without_year(12, 31, "17:00:02"), "2027-01-01T00:00:03+07:00", "2026-12-31T17:00:02.000Z"),
        (local, without_year(3, 10, "09:00:00"), "2027-01-02T08:00:00+07:00", "2026-03-10T02:00:00.000Z"),
        (local, without_year(2, 29, "09:00:00"), "2028-03-01T08:00:00+07:00", "2028-02-29T02:00:00.000Z"),
    ] {
        assert_eq!(happened(zone, said, received), (expected.to_owned(), TimeFrom::Inferred), "{said:?}");
    }
}

#[test]
fn a_time_that_cannot_be_hides_no_event() {
    let received = "2026-11-20T08:00:00+07:00";
    for said in [
        SaidTime::Stated(at("1970-01-01T00:00:00Z")),
        SaidTime::Stated(at("2036-02-07T06:28:16Z")),
        SaidTime::Unreadable("Feb 31"),
        without_year(2, 31, "00:00:00"),
        without_year(2, 29, "00:00:00"),
    ] {
        let expected = ("2026-11-20T01:00:00.000Z".to_owned(), TimeFrom::Absurd);
        assert_eq!(happened("UTC", said, received), expected, "{said:?}");
    }
    assert_eq!(happened("UTC", SaidTime::Unsaid, received).1, TimeFrom::Arrival);
}

fn source(id: &str, addresses: &[&str], relay: bool) -> LogSource {
    LogSource {
        addresses: addresses.iter().map(|network| network.parse().unwrap()).collect(),
        hosts: vec![format!("{id}.example")],
        relay,
        ..ioc_testing::log_source(id)
    }
}

#[test]
fn who_a_line_from_the_net_is_its_peers_and_only_a_relay_speaks_for_others() {
    let sources = [
        source("gate-a", &["192.0.2.31/32"], false),
        source("net", &["192.0.2.0/24"], false),
        source("relay", &["192.0.2.50/32"], true),
        source("fw-a", &["198.51.100.7/32"], false),
    ];
    let log_sources = sources.into_iter().map(|source| (source.id.clone(), source)).collect();
    let rules = EventRules::of_pack(&Pack { log_sources, ..Pack::default() });
    let calendar = calendar();
    let by = |address: &str, sender: &str, host: &str| {
        let reporter = rules.reporter(address, sender, host, &calendar);
        format!("{} {} {}", reporter.log_source(), reporter.known, reporter.relay)
    };
    assert_eq!(by("syslog/udp", "192.0.2.31", "fw-a"), "gate-a true ");
    assert_eq!(by("syslog/udp", "192.0.2.32", "anything"), "net true ");
    assert_eq!(by("syslog/udp", "203.0.113.5", "fw-a"), "203.0.113.5 false ");
    assert_eq!(by("syslog/udp", "2001:db8::1", ""), "2001:db8::1 false ");
    assert_eq!(by("syslog/tcp", "192.0.2.50", "FW-A.example"), "fw-a true relay");
    assert_eq!(by("syslog/tcp", "192.0.2.50", "localhost"), "relay:localhost false relay");
    let behind = rules.reporter("syslog/tcp", "192.0.2.50", "localhost", &calendar);
    assert_eq!(&*behind.log_source, "relay", "who holds the relay gives the host its name");
    assert_eq!(by("syslog/tcp", "192.0.2.50", ""), "relay true ");
    assert_eq!(by("syslog/tcp", "192.0.2.50", "no host!"), "unknown false relay");
    assert_eq!(by("auth.log", "drop", "fw-a"), "fw-a true ");
    assert_eq!(by("auth.log", "drop", "srv-x"), "srv-x false ");
    assert_eq!(by("auth.log", "drop", ""), "drop false ");
    assert_eq!(by("/ingest/eve", "gate-a", ""), "gate-a true ");
}

#[test]
fn once_a_line_is_known_by_its_place_in_its_file_and_by_who_reports() {
    let keys = |lines: &[&str]| {
        let mut delivery = Delivery::default();
        lines
            .iter()
            .map(|line| {
                delivery.read(line.as_bytes());
                delivery.key("a")
            })
            .collect::<Vec<_>>()
    };
    let file = keys(&["same", "same", "other"]);
    assert_ne!(file[0], file[1]);
    assert_eq!(file, keys(&["same", "same", "other", "grown"])[..3]);
    assert_ne!(file[2], keys(&["other"])[0]);
    let fields = |fields: [&str; 2]| {
        fields.iter().fold(Identity::of("a"), |id, field| id.with(field.as_bytes())).key()
    };
    assert_ne!(fields(["ab", "c"]), fields(["a", "bc"]));
    let of = |source: &str| Identity::of(source).with(b"x").key();
    assert_ne!(of("a"), of("b"));
}

#[test]
fn who_a_sender_is_by_the_tables_here_is_who_it_is_by_the_pack() {
    let log_source = |id: &str, addresses: &[&str], certificates: &[&str]| LogSource {
        addresses: addresses.iter().map(|network| network.parse().unwrap()).collect(),
        certificates: certificates.iter().map(|name| (*name).to_owned()).collect(),
        ..ioc_testing::log_source(id)
    };
    let known = [
        log_source("fw", &["192.0.2.7/32"], &["FW-1.test"]),
        log_source("net", &["192.0.2.0/24"], &[]),
        log_source("site", &["192.0.0.0/16", "2001:db8::/32"], &["site.test"]),
    ];
    let log_sources = known.into_iter().map(|source| (source.id.clone(), source)).collect();
    let pack = Pack { log_sources, ..Pack::default() };
    let rules = EventRules::of_pack(&pack);
    for (sender, expected) in [
        ("192.0.2.7", Some("fw")),
        ("::ffff:192.0.2.7", Some("fw")),
        ("192.0.2.8", Some("net")),
        ("192.0.9.8", Some("site")),
        ("2001:db8::9", Some("site")),
        ("fw-1.TEST", Some("fw")),
        ("198.51.100.1", None),
        ("gateway", None),
        ("", None),
    ] {
        assert_eq!(pack.log_source_of(sender).map(|source| source.id.as_str()), expected, "{sender}");
        assert_eq!(rules.of_sender(sender).map(|source| &*source.name), expected, "{sender}");
    }
}

proptest! {
    #[test]
    fn every_text_has_a_severity_and_a_product_s_own_scale_comes_first(
        said in prop_oneof!["[-0-9]{0,12}", "[a-zA-Z-]{0,10}", "\\PC{0,10}"],
        low in -5i64..5,
        length in 0i64..5,
    ) {
        let scale = SeverityScale {
            id: String::new(),
            vendor: String::new(),
            product: None,
            scale: [(Severity::High, low..=low + length)].into(),
        };
        let of_format = Severity::of_cef(&said);
        let expected = match said.parse::<i64>() {
            Ok(number) if (low..=low + length).contains(&number) => Severity::High,
            _ => of_format.unwrap_or_default(),
        };
        prop_assert_eq!(rated(Some(&scale), &said, of_format), expected);
        prop_assert_eq!(rated(None, &said, of_format), of_format.unwrap_or_default());
    }
}
