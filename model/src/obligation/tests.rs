//! Who owes which periods, as places begin, end and take over.

use jiff::civil::{date, time};
use rust_decimal::Decimal;

use super::*;
use crate::{
    form::{Absent, Owner, PlaceScope, Vintage},
    place::PlaceKind,
    text::Text,
};

fn place(code: &str, from: Date, to: Option<Date>, kind: PlaceKind) -> Place {
    Place {
        key: PlaceKey { code: code.to_owned(), valid_from: from },
        valid_to: to,
        kind,
        name: Text::default(),
        parent: None,
        area_km2: None,
        point: None,
    }
}

fn succession(from: &Place, to: &Place) -> Succession {
    Succession {
        from: from.key.clone(),
        to: to.key.clone(),
        split: false,
        main: true,
        weight: Decimal::ONE,
        estimated: false,
    }
}

fn rule(owes: Owes) -> ObligationRule {
    ObligationRule {
        id: "monthly".to_owned(),
        form: "ktxh-x".to_owned(),
        owes,
        on_change: OnChange::default(),
        valid_from: date(2025, 1, 1),
        valid_to: None,
        due: DueRule {
            reckoned: Reckoned::WorkingDays(2),
            from: ReckonedFrom::End,
            at: time(17, 0, 0, 0),
            on_day_off: OnDayOff::Next,
        },
        exceptions: BTreeMap::new(),
        basis: String::new(),
    }
}

/// A form of communes and wards, each its own.
fn form() -> Form {
    Form {
        id: "ktxh-x".to_owned(),
        name: Text::default(),
        titles: Vec::new(),
        period: PeriodKind::AdminMonth,
        owner: Owner::Place,
        vintage: Vintage::Official,
        absent: Absent::Keeps,
        parts: false,
        decimal: ',',
        places: PlaceScope { kinds: vec![PlaceKind::Commune, PlaceKind::Ward], below: Vec::new() },
        columns: Vec::new(),
        indicators: BTreeMap::new(),
        checks: Vec::new(),
        against: Vec::new(),
        marks: Default::default(),
        totals: Vec::new(),
        of_which: Default::default(),
        screen: None,
        sdmx: None,
        dhis2: None,
        fhir: None,
        templates: Vec::new(),
        about: None,
    }
}

fn owed(debtors: &[Debtor], label: &str) -> Vec<(String, Option<Date>)> {
    let period = Period::parse(PeriodKind::AdminMonth, label).unwrap();
    let owing = debtors.iter().filter(|debtor| debtor.owes(period));
    owing.map(|debtor| (debtor.agency.clone(), debtor.place_from)).collect()
}

/// Two communes that became one on 1 July 2025, under the code of the first; and a district, of which the form is not.
fn merged() -> ([Place; 4], [Succession; 2]) {
    let (old, since) = (date(2025, 6, 30), date(2025, 7, 1));
    let places = [
        place("1", date(2000, 1, 1), Some(old), PlaceKind::Commune),
        place("2", date(2000, 1, 1), Some(old), PlaceKind::Commune),
        place("1", since, None, PlaceKind::Commune),
        place("9", since, None, PlaceKind::District),
    ];
    let successions = [succession(&places[0], &places[2]), succession(&places[1], &places[2])];
    (places, successions)
}

#[test]
fn a_period_in_which_boundaries_change_is_owed_by_who_is_there_on_its_last_day_and_none_is_owed_by_nobody() {
    let (places, successions) = merged();
    let debtors = rule(Owes::Places).debtors(&form(), &places, &successions);
    let (before, since) = (date(2000, 1, 1), date(2025, 7, 1));
    let both = vec![("1".to_owned(), Some(before)), ("2".to_owned(), Some(before))];
    assert_eq!(owed(&debtors, "2025-06"), both);
    // 15 June to 14 July, and those behind it.
    for label in ["2025-07", "2025-08"] {
        assert_eq!(owed(&debtors, label), [("1".to_owned(), Some(since))]);
    }
    assert_eq!(owed(&debtors, "2025-01"), [], "it began before the rule is in force");
    for (kind, label) in [
        (PeriodKind::Year, "2025"),
        (PeriodKind::AdminQuarter, "2025-Q3"),
        (PeriodKind::AdminHalfYear, "2025-S2"),
    ] {
        let period = Period::parse(kind, label).unwrap();
        let owing: Vec<&Debtor> = debtors.iter().filter(|debtor| debtor.owes(period)).collect();
        assert_eq!(owing.len(), 1, "{label}");
        assert_eq!((owing[0].agency.as_str(), owing[0].place_from), ("1", Some(since)));
    }
}

#[test]
fn a_rule_may_want_only_periods_that_lie_whole_in_the_validity_of_a_place_and_says_whom_it_lets_off() {
    let (places, successions) = merged();
    let rule = ObligationRule { on_change: OnChange::Whole, ..rule(Owes::Places) };
    let debtors = rule.debtors(&form(), &places, &successions);
    let month = |label| Period::parse(PeriodKind::AdminMonth, label).unwrap();
    let by_month = ["2025-06", "2025-07", "2025-08"].map(|label| owed(&debtors, label).len());
    assert_eq!(by_month, [2, 0, 1]);
    let lets_off = |label| rule.lets_off(&debtors, &places[2].key, month(label));
    assert_eq!(["2025-07", "2025-08", "2025-01"].map(lets_off), [true, false, false]);
    let at_end = ObligationRule { on_change: OnChange::AtEnd, ..rule.clone() };
    let debtors = at_end.debtors(&form(), &places, &successions);
    assert!(!at_end.lets_off(&debtors, &places[2].key, month("2025-07")));
}

#[test]
fn a_commune_that_became_a_ward_whole_and_alone_owes_on_and_no_period_twice() {
    let renamed = date(2025, 7, 1);
    let places = [
        place("1", date(2000, 1, 1), Some(date(2025, 6, 30)), PlaceKind::Commune),
        place("1", renamed, None, PlaceKind::Ward),
    ];
    for on_change in OnChange::ALL {
        let rule = ObligationRule { on_change, ..rule(Owes::Places) };
        let debtors = rule.debtors(&form(), &places, &[succession(&places[0], &places[1])]);
        let by_month = ["2025-06", "2025-07", "2025-08"].map(|label| owed(&debtors, label));
        let of = |from| vec![("1".to_owned(), Some(from))];
        assert_eq!(by_month, [of(date(2000, 1, 1)), of(renamed), of(renamed)]);
    }
}

#[test]
fn an_agency_owes_one_report_a_period_and_none_where_the_rule_lets_it_off() {
    let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
    let month = |label| Period::parse(PeriodKind::AdminMonth, label).unwrap();
    let mut rule = rule(Owes::Agencies(vec!["so-yt".to_owned()]));
    rule.valid_to = Some(date(2025, 4, 30));
    let _ = rule.exceptions.insert(month("2025-03"), Exception::NotOwed);
    let moved = date(2025, 4, 25).at(12, 0, 0, 0);
    let _ = rule.exceptions.insert(month("2025-04"), Exception::Due(moved));
    let days = WorkingDays::default();
    let labels: Vec<String> = rule.periods(PeriodKind::AdminMonth).map(|period| period.label()).collect();
    assert_eq!(labels, ["2025-02", "2025-03", "2025-04"]);
    let owed = |label| rule.owed(month(label), &days, &calendar);
    assert_eq!(owed("2025-03"), None);
    let moments = |owed: Owed| [owed.opens, owed.owed_from, owed.due_at].map(EventTime::rfc3339);
    assert_eq!(
        moments(owed("2025-02").unwrap()),
        ["2025-01-14T17:00:00.000Z", "2025-02-14T17:00:00.000Z", "2025-02-18T10:00:00.000Z"]
    );
    assert_eq!(moments(owed("2025-04").unwrap())[2], "2025-04-25T05:00:00.000Z");
    let debtors = rule.debtors(&form(), &[], &[]);
    assert_eq!(debtors.len(), 1);
    assert!(debtors[0].owes(month("2025-04")) && !debtors[0].owes(month("2025-05")));
}
