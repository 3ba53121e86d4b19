//! Rules over what is counted of events (LOUD).

use super::*;
use crate::{
    event::{Count, Event, EventKind, Severity},
    rule::{Bound, Condition, EVERY, Unusual},
    sensor::BlindCause,
    time::Millis,
};

/// The valid pack with a log source, measures and rules over them.
fn files() -> PackFiles {
    let log_sources = "[ids-a]\nname = { vi = \"Cảm biến\", en = \"Sensor\" }\n\
        owner = { vi = \"Sở\", en = \"Department\" }\naddresses = [\"192.0.2.41\"]\nsilent_after = \"6h\"\n";
    let measures = "[alerts]\nname = { vi = \"Cảnh báo\", en = \"Alerts\" }\ncount = \"events\"\nkinds = [\"alert\"]\n\
        windows = [\"hour\", \"day\"]\n\
        [lines]\nname = { vi = \"Dòng\", en = \"Lines\" }\ncount = \"lines\"\nwindows = [\"hour\"]\n\
        [users]\nname = { vi = \"Tài khoản\", en = \"Users\" }\ncount = \"users\"\nwindows = [\"day\"]\n";
    let rules = "[many]\nname = { vi = \"Nhiều\", en = \"Many\" }\nstep = { vi = \"Xem\", en = \"Look\" }\n\
        priority = \"medium\"\nlog_sources = [\"*\"]\n\
        condition = { kind = \"unusual\", measure = \"alerts\", above = 3, clear = 1.5, least = 20 }\n\
        [few]\nname = { vi = \"Ít\", en = \"Few\" }\nstep = { vi = \"Gọi\", en = \"Call\" }\n\
        priority = \"low\"\nlog_sources = [\"ids-a\"]\nraise_windows = 2\n\
        condition = { kind = \"unusual\", measure = \"lines\", below = 0.5, least = 100 }\n\
        [fixed]\nname = { vi = \"Quá\", en = \"Over\" }\nstep = { vi = \"Xem\", en = \"Look\" }\n\
        priority = \"low\"\nlog_sources = [\"*\"]\n\
        condition = { kind = \"measure\", measure = \"alerts\", averaging = \"day\", above = 100 }\n\
        [blind]\nname = { vi = \"Mù\", en = \"Blind\" }\nstep = { vi = \"Xem\", en = \"Look\" }\n\
        priority = \"high\"\nlog_sources = [\"*\"]\n\
        condition = { kind = \"blind\", causes = [\"no_rules\", \"packets_dropped\"] }\n";
    let mut files = valid_files();
    for (path, text) in
        [("log_sources.toml", log_sources), ("measures.toml", measures), ("rules.toml", rules)]
    {
        let _ = files.insert(path.to_owned(), text.to_owned());
    }
    files
}

#[test]
fn a_rule_holds_an_hour_against_its_usual_band() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    let many =
        Unusual { measure: "alerts".to_owned(), side: Bound::Above { raise: 3.0, clear: 1.5 }, least: 20.0 };
    assert_eq!(pack.rules["many"].condition, Condition::Unusual(many));
    assert_eq!(pack.rules["many"].log_sources, [EVERY]);
    // What is not said otherwise is cleared within the band.
    let few =
        Unusual { measure: "lines".to_owned(), side: Bound::Below { raise: 0.5, clear: 1.0 }, least: 100.0 };
    assert_eq!(pack.rules["few"].condition, Condition::Unusual(few));
    assert_eq!((pack.rules["few"].raise_windows, pack.rules["few"].clear_windows), (2, 1));
}

#[test]
fn a_rule_names_why_a_sensor_is_blind() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    let causes = vec![BlindCause::NoRules, BlindCause::PacketsDropped];
    assert_eq!(pack.rules["blind"].condition, Condition::Blind { causes, lasting: Millis(0) });
}

#[test]
fn every_rule_of_what_is_counted_has_its_fault() {
    let cases = [
        ("\"no_rules\", ", "\"no_rule\", ", "25: blind: 'no_rule' is no cause for which a sensor is blind"),
        ("\"no_rules\", ", "\"packets_dropped\", ", "25: blind: cause 'packets_dropped' is named twice"),
        ("[\"no_rules\", \"packets_dropped\"]", "[]", "25: blind: 'causes' must name at least one"),
        (
            "condition = { kind = \"blind\"",
            "raise_windows = 2\ncondition = { kind = \"blind\"",
            "25: blind: 'raise_windows' counts windows",
        ),
        (
            "kind = \"blind\", causes",
            "kind = \"blind\", statuses",
            "25: blind.condition: 'statuses' is not a key",
        ),
        (
            "measure = \"alerts\", above = 3",
            "measure = \"alert\", above = 3",
            "6: many: 'alert' is not a measure",
        ),
        (
            "measure = \"lines\", below",
            "measure = \"users\", below",
            "13: few: measure 'users' has no window 'hour'",
        ),
        ("above = 3, ", "", "6: many: an unusual hour lies either 'above' or 'below'"),
        ("above = 3, ", "above = 3, below = 0.5, ", "6: many: an unusual hour lies either"),
        ("above = 3, clear = 1.5", "above = 0.9", "6: many: 'above' is a multiple of the most that is usual"),
        ("above = 3, clear = 1.5", "above = 1001", "6: many: 'above' is a multiple"),
        ("clear = 1.5", "clear = 4", "6: many: 'clear' must be greater than 0 and not greater than 'above'"),
        ("clear = 1.5", "clear = 0", "6: many: 'clear' must be greater than 0"),
        ("below = 0.5", "below = 1.5", "13: few: 'below' is a part of the least that is usual"),
        ("below = 0.5", "below = 0", "13: few: 'below' is a part"),
        ("below = 0.5", "below = 0.5, clear = 0.4", "13: few: 'clear' must not be less than 'below'"),
        (", least = 20", "", "6: many: 'least' is missing; write least = 20"),
        ("least = 20", "least = -1", "6: many: 'least' is a count"),
        ("least = 20", "least = 20, averaging = \"hour\"", "6: many.condition: 'averaging' is not a key"),
        (
            "log_sources = [\"*\"]",
            "kinds = [\"ambient_air\"]",
            "6: many: condition 'unusual' is about 'log_sources'",
        ),
        ("log_sources = [\"ids-a\"]", "log_sources = [\"ids-b\"]", "11: few: 'ids-b' is not a log source"),
        (
            "averaging = \"day\", above = 100",
            "averaging = \"week\", above = 100",
            "19: fixed: averaging 'week'",
        ),
        (
            "measure = \"alerts\", averaging",
            "measure = \"lines\", averaging",
            "19: fixed: measure 'lines' has no",
        ),
    ];
    cases.iter().for_each(|(from, to, expected)| check("rules.toml", from, to, expected));
}

#[test]
fn a_log_source_is_of_an_agency_or_of_a_place_and_called_so_where_nothing_else_is_said() {
    const OWNER: &str = "owner = { vi = \"Sở\", en = \"Department\" }\n";
    let of = |owner: &str| {
        let mut files = files();
        let agencies = "id,name_vi,name_en,place\nso-x,Sở X,Department X,80\n";
        let _ = files.insert("agencies.csv".to_owned(), agencies.to_owned());
        let log_sources = files.get_mut("log_sources.toml").unwrap();
        *log_sources = log_sources.replace(OWNER, owner);
        Pack::parse(&files)
    };
    let told = |owner: &str| {
        let pack = of(owner).unwrap_or_else(|faults| panic!("{faults}"));
        let source = pack.log_sources["ids-a"].clone();
        let agency = source.agency.as_deref().map(|id| pack.agency_name(id).unwrap().en.clone());
        (source.owner.en, agency)
    };
    assert_eq!(told(OWNER), ("Department".to_owned(), None));
    assert_eq!(told("agency = \"so-x\"\n"), ("Department X".to_owned(), Some("Department X".to_owned())));
    let both = format!("agency = \"so-x\"\n{OWNER}");
    assert_eq!(told(&both), ("Department".to_owned(), Some("Department X".to_owned())));
    assert_eq!(told("agency = \"80\"\n").0, "Tay Ninh", "the authority of a place");
    let wrong = of("agency = \"so-y\"\n").unwrap_err().to_string();
    assert!(wrong.contains("log_sources.toml:3: ids-a: 'agency' is the id of an agency"), "{wrong}");
    assert_eq!(wrong.lines().count(), 1, "{wrong}");
    let none = of("").unwrap_err().to_string();
    assert!(none.contains("ids-a: 'owner' is missing"), "{none}");
}

#[test]
fn every_rule_of_measures_has_its_fault() {
    let cases = [
        ("count = \"users\"", "count = \"names\"", "12: users: 'names' is nothing to count"),
        ("windows = [\"day\"]", "windows = []", "13: users: 'windows' must name at least one"),
        ("windows = [\"day\"]", "windows = [\"minute\"]", "13: users: different ones are counted by hour"),
        ("count = \"events\"", "count = \"raised\"", "4: alerts: 'kinds' chooses events; sensors count"),
        (
            "count = \"lines\"\nwindows = [\"hour\"]",
            "count = \"lost\"\nwindows = [\"minute\"]",
            "9: lines: what sensors say they raised is counted by hour and day",
        ),
    ];
    cases.iter().for_each(|(from, to, expected)| check("measures.toml", from, to, expected));
    let of_events =
        "condition = { kind = \"events\", count = \"lost\", by = \"from\", reach = 2, within = \"5m\" }";
    let of_measure = "log_sources = [\"*\"]\n\
        condition = { kind = \"measure\", measure = \"alerts\", averaging = \"day\", above = 100 }";
    check("rules.toml", of_measure, of_events, "18: fixed: 'lost' is what sensors say, not events");
}

/// Measures of attributes and by group, in the place of the file's others, with a feed that says them.
fn with_measures(measures: &str) -> PackFiles {
    let mut files = files();
    let feed = "\n[logs]\nname = { vi = \"a\", en = \"a\" }\nowner = { vi = \"a\", en = \"a\" }\n\
        transport = { kind = \"http\" }\nformat = \"eve\"\nsilent_after = \"1h\"\n";
    files.get_mut("feeds.toml").unwrap().push_str(feed);
    let _ = files.insert("measures.toml".to_owned(), measures.to_owned());
    let _ = files.remove("rules.toml");
    files
}

const OF_ATTRIBUTES: &str = "[bytes]\nname = { vi = \"Byte\", en = \"Bytes\" }\nsum = \"flow.bytes_toserver\"\nunit = \"B\"\n\
    kinds = [\"flow\"]\nwindows = [\"minute\", \"hour\"]\n\
    [age]\nname = { vi = \"Tuổi\", en = \"Age\" }\nlast = \"flow.age\"\nunit = \"s\"\nwindows = [\"hour\"]\n";

#[test]
fn a_measure_may_be_the_sum_or_the_last_value_of_an_attribute() {
    let pack = Pack::parse(&with_measures(OF_ATTRIBUTES)).unwrap_or_else(|faults| panic!("{faults}"));
    let told = |id: &str| {
        let measure = &pack.measures[id];
        (measure.count, &*measure.attribute, &*measure.unit)
    };
    assert_eq!(told("bytes"), (Count::Sum, "flow.bytes_toserver", "B"));
    assert_eq!(told("age"), (Count::Last, "flow.age", "s"));
}

const BY_GROUPS: &str = "[graded]\nname = { vi = \"Cảnh báo\", en = \"Alerts\" }\ncount = \"events\"\nkinds = [\"alert\"]\n\
    severity = \"medium\"\nby = \"severity\"\nwindows = [\"hour\"]\n\
    [decided]\nname = { vi = \"Kết nối\", en = \"Connections\" }\ncount = \"lines\"\nkinds = [\"allow\", \"block\"]\n\
    by = \"kind\"\nwindows = [\"hour\"]\n\
    [classed]\nname = { vi = \"Cảnh báo\", en = \"Alerts\" }\ncount = \"sources\"\nby = \"category\"\nwindows = [\"hour\"]\n\
    [classed.categories.scan]\nname = { vi = \"Dò quét\", en = \"Scans\" }\n\
    words = [\"Attempted Information Leak\", \"Detection of a Network Scan\"]\n\
    [classed.categories.trojan]\nname = { vi = \"Mã độc\", en = \"Malware\" }\nwords = [\"A Network Trojan was detected\"]\n";

#[test]
fn a_measure_by_a_closed_group_is_one_for_each_member_and_every_event_is_of_one() {
    let pack = Pack::parse(&with_measures(BY_GROUPS)).unwrap_or_else(|faults| panic!("{faults}"));
    let ids: Vec<&str> = pack.measures.keys().map(String::as_str).collect();
    let expected = [
        "classed_other",
        "classed_scan",
        "classed_trojan",
        "decided_allow",
        "decided_block",
        "graded_critical",
        "graded_high",
        "graded_medium",
    ];
    assert_eq!(ids, expected);
    assert_eq!(pack.measures["classed_scan"].name.en, "Alerts: Scans");
    assert_eq!(pack.measures["graded_high"].name.vi, "Cảnh báo: Cao");
    let covering = |event: &Event, of: &str| {
        let all = pack.measures.values().filter(|measure| measure.id.starts_with(of));
        all.filter(|measure| measure.covers(event)).map(|measure| &*measure.id).collect::<Vec<_>>()
    };
    for (category, expected) in [
        ("detection of a network SCAN ", "classed_scan"),
        ("A Network Trojan was detected", "classed_trojan"),
        ("Misc Attack", "classed_other"),
        ("", "classed_other"),
    ] {
        let event = Event { category: category.into(), ..Event::default() };
        assert_eq!(covering(&event, "classed"), [expected], "{category}");
    }
    for severity in Severity::ALL {
        let event = Event { kind: EventKind::Alert, severity, ..Event::default() };
        let member = format!("graded_{}", severity.word());
        let expected = Vec::from_iter(Some(&*member).filter(|_| severity >= Severity::Medium));
        assert_eq!(covering(&event, "graded"), expected);
    }
    let allowed = Event { kind: EventKind::Allow, ..Event::default() };
    assert_eq!(covering(&allowed, "decided"), ["decided_allow"]);
}

#[test]
fn loud_every_fault_of_an_attribute_or_a_group_is_told() {
    let cases = [
        (
            OF_ATTRIBUTES,
            "\"flow.bytes_toserver\"",
            "\"flow.state\"",
            "3: bytes: attribute 'flow.state' is no number",
        ),
        (
            OF_ATTRIBUTES,
            "\"flow.bytes_toserver\"",
            "\"bytes\"",
            "3: bytes: no format of the pack's feeds says an",
        ),
        (OF_ATTRIBUTES, "unit = \"B\"\n", "", "1: bytes: 'unit' is missing"),
        (
            OF_ATTRIBUTES,
            "unit = \"B\"",
            "count = \"lines\"",
            "3: bytes: a measure has one of 'count', 'sum' and 'last'",
        ),
        (
            OF_ATTRIBUTES,
            "sum = \"flow.bytes_toserver\"",
            "count = \"sum\"",
            "3: bytes: 'sum' is of an attribute",
        ),
        (
            OF_ATTRIBUTES,
            "sum = \"flow.bytes_toserver\"",
            "count = \"lines\"",
            "4: bytes: what is counted has no 'unit'",
        ),
        (
            OF_ATTRIBUTES,
            "unit = \"B\"",
            "unit = \"B\"\nlog_sources = [\"ids-a\", \"ids-b\"]",
            "5: bytes: 'ids-b' is not a log source",
        ),
        (BY_GROUPS, "by = \"severity\"", "by = \"address\"", "6: graded: 'address' is no closed group"),
        (
            BY_GROUPS,
            "by = \"severity\"",
            "by = \"agency\"",
            "6: graded: a measure is kept at each log source",
        ),
        (BY_GROUPS, "\"allow\", \"block\"", "\"allow\"", "12: decided: by = \"kind\" needs 'kinds'"),
        (BY_GROUPS, "categories.scan", "categories.other", "19: classed: category 'other'"),
        (
            BY_GROUPS,
            "\"A Network Trojan was detected\"",
            "\"attempted information leak\"",
            "24: classed: 'attempted information leak' is of category 'scan' already",
        ),
        (
            BY_GROUPS,
            "words = [\"A Network Trojan was detected\"]",
            "words = []",
            "22: classed: category 'trojan' needs 'words'",
        ),
        (BY_GROUPS, "by = \"category\"", "by = \"severity\"", "19: classed: 'categories' goes with by"),
        (
            BY_GROUPS,
            "[graded]",
            "[decided_allow]\nname = { vi = \"a\", en = \"a\" }\ncount = \"lines\"\nwindows = [\"hour\"]\n[graded]",
            "12: indicator 'decided_allow' is already defined in measures.toml:1",
        ),
    ];
    for (measures, from, to, expected) in cases {
        assert!(measures.contains(from), "{from}");
        let found = faults(&with_measures(&measures.replacen(from, to, 1)));
        let expected = format!("measures.toml:{expected}");
        assert!(found.iter().any(|fault| fault.starts_with(&expected)), "{expected}\n{}", found.join("\n"));
    }
    let rule =
        "condition = { kind = \"events\", count = \"sum\", by = \"from\", reach = 2, within = \"5m\" }";
    let of_measure = "log_sources = [\"*\"]\n\
        condition = { kind = \"measure\", measure = \"alerts\", averaging = \"day\", above = 100 }";
    check("rules.toml", of_measure, rule, "18: fixed: 'sum' is of an attribute");
}

/// That a file so changed has that fault, at that line.
fn check(path: &str, from: &str, to: &str, expected: &str) {
    let mut files = files();
    let text = files.get_mut(path).unwrap();
    assert!(text.contains(from), "{from}");
    *text = text.replacen(from, to, 1);
    let found = faults(&files);
    let expected = format!("{path}:{expected}");
    assert!(found.iter().any(|fault| fault.starts_with(&expected)), "{expected}\n{}", found.join("\n"));
}

#[test]
fn any_text_in_any_of_these_files_is_a_pack_or_faults() {
    any_text_is_a_pack_or_faults(&files());
}
