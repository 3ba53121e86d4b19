//! Who owes which form when, and all that can be wrong with it (LOUD).

use jiff::civil::{date, time};

use super::*;
use crate::{
    form::{Period, PeriodKind},
    obligation::{DueRule, Exception, OnChange, OnDayOff, Owes, Reckoned, ReckonedFrom},
    rule::Condition,
};

const FORMS: &str = "\
[ktxh-x]
name = { vi = \"Biểu\", en = \"Form\" }
period = \"admin_month\"
owner = \"place\"
places = { kinds = [\"ward\"] }
indicators = { X01 = { name = { vi = \"Hồ sơ\", en = \"Dossiers\" }, unit = \"hồ sơ\" } }

[anywhere]
name = { vi = \"Biểu\", en = \"Form\" }
period = \"month\"
owner = \"place\"
indicators = { X01 = { name = { vi = \"Hồ sơ\", en = \"Dossiers\" }, unit = \"hồ sơ\" } }
";

const OBLIGATIONS: &str = "\
[monthly]
form = \"ktxh-x\"
valid_from = 2026-01-15
valid_to = 2026-12-14
due = { working_days = 2, at = \"17:00\" }
except = [{ period = \"2026-03\", due = \"2026-03-27T12:00\" }, { period = \"2026-04\", owed = \"no\" }]
basis = \"NĐ 09/2019\"

[later]
form = \"ktxh-x\"
owes = [\"so-yt\"]
valid_from = 2026-01-15
due = { day = 5, months = 1, at = \"09:30\", after = \"start\", on_day_off = \"previous\" }
";

fn files() -> PackFiles {
    let mut files = valid_files();
    let more = [
        ("agencies.csv", "id,name_vi,name_en,place\nso-yt,Sở Y tế,Department of Health,80\n"),
        ("forms.toml", FORMS),
        ("obligations.toml", OBLIGATIONS),
    ];
    files.extend(more.map(|(path, text)| (path.to_owned(), text.to_owned())));
    files
}

fn changed(from: &str, to: &str) -> PackFiles {
    let mut files = files();
    let text = files.get_mut("obligations.toml").unwrap();
    assert!(text.contains(from), "{from}");
    *text = text.replacen(from, to, 1);
    files
}

#[test]
fn an_obligation_is_a_form_of_somebody_from_a_day_on_with_a_deadline_and_its_exceptions() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    let monthly = &pack.obligations["monthly"];
    assert_eq!(
        (monthly.form.as_str(), &monthly.owes, monthly.basis.as_str()),
        ("ktxh-x", &Owes::Places, "NĐ 09/2019")
    );
    assert_eq!((monthly.valid_from, monthly.valid_to), (date(2026, 1, 15), Some(date(2026, 12, 14))));
    let due = DueRule {
        reckoned: Reckoned::WorkingDays(2),
        from: ReckonedFrom::End,
        at: time(17, 0, 0, 0),
        on_day_off: OnDayOff::Next,
    };
    assert_eq!(monthly.due, due);
    let month = |label| Period::parse(PeriodKind::AdminMonth, label).unwrap();
    assert_eq!(monthly.exceptions[&month("2026-03")], Exception::Due(date(2026, 3, 27).at(12, 0, 0, 0)));
    assert_eq!(monthly.exceptions[&month("2026-04")], Exception::NotOwed);
    let later = &pack.obligations["later"];
    assert_eq!(later.owes, Owes::Agencies(vec!["so-yt".to_owned()]));
    let of_month = Reckoned::DayOfMonth { day: 5, months: 1 };
    let (from, on_day_off) = (ReckonedFrom::Start, OnDayOff::Previous);
    assert_eq!(later.due, DueRule { reckoned: of_month, from, at: time(9, 30, 0, 0), on_day_off });
}

#[test]
fn who_owns_a_form_owes_it_where_nobody_is_named() {
    let mut files = changed("owes = [\"so-yt\"]\n", "");
    let forms = files.get_mut("forms.toml").unwrap();
    *forms = forms.replacen("owner = \"place\"", "owner = \"so-yt\"", 1);
    let text = files.get_mut("obligations.toml").unwrap();
    *text = text.replacen("[monthly]\n", "[monthly]\nowes = [\"place\"]\n", 1);
    let pack = Pack::parse(&files).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(pack.obligations["later"].owes, Owes::Agencies(vec!["so-yt".to_owned()]));
    assert_eq!(pack.obligations["monthly"].owes, Owes::Places);
}

#[test]
fn a_period_in_which_places_change_is_owed_by_those_at_its_end_or_as_its_rule_says() {
    let of = |text: &str| {
        let files = changed("valid_to = 2026-12-14", &format!("valid_to = 2026-12-14\n{text}"));
        Pack::parse(&files).unwrap_or_else(|faults| panic!("{faults}")).obligations["monthly"].on_change
    };
    assert_eq!(of(""), OnChange::AtEnd);
    for on_change in OnChange::ALL {
        assert_eq!(of(&format!("on_change = \"{}\"", on_change.word())), on_change);
    }
}

#[test]
fn everything_that_can_be_wrong_with_an_obligation_is_said_with_its_line() {
    let cases: Vec<(PackFiles, &str)> = vec![
        (changed("[later]", "[Later]"), "obligations.toml:9: obligation 'Later': an identifier"),
        (
            changed("form = \"ktxh-x\"", "form = \"none\""),
            "obligations.toml:2: monthly: 'form': 'none' is not a form of forms.toml",
        ),
        (
            changed("\"so-yt\"", "\"so-x\""),
            "obligations.toml:11: later: 'owes': 'so-x' is not an agency of agencies.csv",
        ),
        (
            changed("[\"so-yt\"]", "[\"so-yt\", \"so-yt\"]"),
            "obligations.toml:11: later: 'owes': 'so-yt' is named twice",
        ),
        (
            changed("form = \"ktxh-x\"\nowes = [\"so-yt\"]", "form = \"anywhere\"\nowes = [\"place\"]"),
            "obligations.toml:11: later: the form names no kinds of places",
        ),
        (
            changed("valid_to = 2026-12-14", "valid_to = 2025-12-14"),
            "obligations.toml:4: monthly: 'valid_to' lies before 'valid_from'",
        ),
        (
            changed("valid_to = 2026-12-14", "on_change = \"never\""),
            "obligations.toml:4: monthly: 'on_change' is \"at_end\", where",
        ),
        (
            changed("owes = [\"so-yt\"]", "owes = [\"so-yt\"]\non_change = \"whole\""),
            "obligations.toml:12: later: 'on_change' is about places: agencies owe",
        ),
        (changed("valid_from = 2026-01-15\n", ""), "obligations.toml:1: monthly: 'valid_from' is missing"),
        (
            changed("due = { working_days = 2, at = \"17:00\" }\n", ""),
            "obligations.toml:1: monthly: 'due' is missing",
        ),
        (
            changed("working_days = 2", "working_days = 0"),
            "obligations.toml:5: monthly.due: 'working_days' must lie between 1",
        ),
        (
            changed("working_days = 2", "working_days = 2, days = 3"),
            "obligations.toml:5: monthly: 'due' has one of 'working_days'",
        ),
        (changed("working_days = 2, ", ""), "obligations.toml:5: monthly: 'due' has one of 'working_days'"),
        (
            changed("working_days = 2", "working_days = 2, months = 1"),
            "obligations.toml:5: monthly: 'months' goes with 'day'",
        ),
        (changed("\"start\"", "\"middle\""), "obligations.toml:13: later: 'after' is \"end\" or \"start\""),
        (
            changed("\"previous\"", "\"sometime\""),
            "obligations.toml:13: later: 'on_day_off' is \"next\", \"previous\" or \"stays\"",
        ),
        (
            changed("working_days = 2", "working_days = 2, on_day_off = \"next\""),
            "obligations.toml:5: monthly: 'on_day_off' is about days of the calendar",
        ),
        (changed("\"17:00\"", "\"5 pm\""), "obligations.toml:5: monthly: 'at' is an hour of the day"),
        (
            changed("\"2026-03\"", "\"2026-Q1\""),
            "obligations.toml:6: monthly: '2026-Q1' is not a period of kind 'admin_month'",
        ),
        (
            changed("\"2026-04\"", "\"2026-03\""),
            "obligations.toml:6: monthly: period '2026-03' is named twice",
        ),
        (
            changed("\"2026-03-27T12:00\"", "\"soon\""),
            "obligations.toml:6: monthly: 'due' is a moment of the local clock",
        ),
        (changed("owed = \"no\"", "owed = \"yes\""), "obligations.toml:6: monthly: an exception has due"),
        (
            changed("owes = [\"so-yt\"]", "owes = [\"place\"]"),
            "obligations.toml:9: later: '25459' owes form 'ktxh-x' by 'monthly' already",
        ),
        (
            changed("\"2026-03-27T12:00\"", "\"2026-02-01T12:00\""),
            "obligations.toml:5: monthly: the deadline of 2026-03 lies before that period begins",
        ),
    ];
    for (files, expected) in cases {
        let faults = Pack::parse(&files).map(|_| ()).expect_err(expected).to_string();
        assert!(faults.contains(expected), "{expected}\n{faults}");
    }
}

#[test]
fn a_rule_of_reminders_watches_no_station_and_says_how_many() {
    let rule = "[often]\nname = { vi = \"a\", en = \"a\" }\nstep = { vi = \"a\", en = \"a\" }\npriority = \"low\"\n\
                condition = { kind = \"reminders\", reach = 3 }\n";
    let pack = Pack::parse(&with("rules.toml", rule)).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(pack.rules["often"].condition, Condition::Reminders { reach: 3 });
    assert!(!pack.rules["often"].watches_station("S1", pack.stations["S1"].kind));
    for (from, to, expected) in [
        (", reach = 3", "", "rules.toml:5: often: 'reach' is missing"),
        ("reach = 3", "reach = 0", "rules.toml:5: often.condition: 'reach' must lie between 1"),
        (
            "priority",
            "raise_windows = 2\npriority",
            "often: 'raise_windows' counts windows; a rule of reminders",
        ),
        (
            "priority",
            "stations = [\"S1\"]\npriority",
            "often: 'stations' is about stations; a rule of reminders",
        ),
    ] {
        let faults =
            Pack::parse(&with("rules.toml", &rule.replacen(from, to, 1))).map(|_| ()).expect_err(expected);
        assert!(faults.to_string().contains(expected), "{expected}\n{faults}");
    }
}
