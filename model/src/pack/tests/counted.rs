//! Rules over what is counted of events (LOUD).

use super::*;
use crate::rule::{Bound, Condition, EVERY, Unusual};

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
        condition = { kind = \"measure\", measure = \"alerts\", averaging = \"day\", above = 100 }\n";
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
fn every_rule_of_what_is_counted_has_its_fault() {
    let cases = [
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
