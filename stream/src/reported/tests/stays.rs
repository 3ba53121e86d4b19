//! Reports that stay as they are when they are read again, and what is told of them and of their periods.

use super::{again::says, *};
use crate::ledger::Outcome;

#[test]
fn loud_what_cannot_be_told_or_would_be_refused_stays_as_it_is() {
    let mut world = World::default();
    let sent = message(1, &[("X01", "1"), ("X02", "2")]);
    let mended = message(1, &[("X01", "10"), ("X02", "20")]);
    let _ = world.send(sent.clone());
    let before = postcard::to_stdvec(&world.reported).unwrap();
    let refused = Report { findings: vec![error("line 3")], ..mended.clone() };
    let next_month = in_month(mended.clone(), "2026-11", Date::constant(2026, 12, 1));
    let next_month = Report { arrival: mended.arrival, ..next_month };
    let misread = message(1, &[("X01", "1"), ("X02", "3")]);
    for (then, now) in
        [(&sent, refused), (&sent, message(1, &[])), (&sent, next_month), (&misread, mended.clone())]
    {
        let left = world.retake(then, now, 0);
        assert_eq!((says(&left), left.rows), (vec![(Reread::Unclear, 0, 0, 0)], 0));
        assert!(left.receipt.is_none() && left.filed.is_empty());
    }
    assert_eq!(postcard::to_stdvec(&world.reported).unwrap(), before);
    assert_eq!(world.retake(&sent, mended, 0).rows, 2);
}

#[test]
fn what_was_taken_is_not_refused_for_how_far_it_lies_from_what_is_not_mended_yet() {
    let rule = AgainstBefore {
        indicator: Name::from("X01"),
        before: Before::Previous,
        least: None,
        most: Some(decimal("2")),
        weight: Weight::Error,
    };
    let held = |report: Report| Report { against: vec![rule.clone()], ..report };
    let mut world = World::default();
    let _ = world.send(in_month(message(1, &[("X01", "1")]), "2026-09", Date::constant(2026, 10, 1)));
    let then = held(message(2, &[("X01", "1.5")]));
    assert_eq!(world.send(then.clone()).verdict, ReportVerdict::Accepted);
    let left = world.retake(&then, held(message(2, &[("X01", "1500")])), 0);
    let receipt = left.receipt.unwrap();
    let shown = world.values.iter().rfind(|row| row.shown).unwrap();
    assert_eq!((receipt.verdict, shown.cell.value), (ReportVerdict::Accepted, Value::of(decimal("1500"))));
    assert!(receipt.findings.iter().any(|finding| finding.rule == Rule::AgainstBefore));
    assert!(receipt.findings.iter().all(|finding| finding.weight != Weight::Error));
}

#[test]
fn a_word_that_says_what_was_known_stands_where_what_was_known_is_mended() {
    let mut world = World::default();
    let (first, third) = (message(1, &[("X01", "5")]), message(3, &[("X01", "7"), ("X02", "1")]));
    let same = message(2, &[("X01", "5")]);
    let _ = world.send(first.clone());
    assert_eq!(world.send(same.clone()).same, 1);
    let _ = world.send(third.clone());
    let _ = world.retake(&first, message(1, &[("X01", "6")]), 0);
    let left = world.retake(&same, same.clone(), 0);
    assert!(left.receipt.is_none() && left.replayed.is_empty(), "it reads as it did: {left:?}");
    assert_eq!(left.rows, 1, "it is a word of its own now");
    let _ = world.retake(&third, message(3, &[("X02", "1")]), 0);
    assert_eq!(world.shown()["X01"], "5");
}

#[test]
fn what_a_message_takes_back_in_a_further_period_by_the_mended_form_is_a_revision_there() {
    let november =
        |value: &str| in_month(message(1, &[("X01", value)]), "2026-11", Date::constant(2026, 11, 20));
    let report = |second: &[(&str, &str)], label| {
        let mut report = message(2, second);
        report.cells.iter_mut().skip(1).for_each(|cell| cell.key.period = month(label));
        Report { period: None, arrival: arrival(3_000_000_000), ..report }
    };
    let then = report(&[("X01", "5"), ("X02", "6")], "2026-10");
    let now = report(&[("X01", "5"), ("X01", "withdrawn")], "2026-11");
    let mut world = World::default();
    let _ = world.send(november("7"));
    let _ = world.send(then.clone());
    let left = world.retake(&then, now.clone(), 0);
    let told: Vec<(Period, Outcome)> = left.filed.iter().map(|filed| (filed.period, filed.outcome)).collect();
    assert!(told.contains(&(month("2026-11"), Outcome::TookBack)), "{told:?}");
    assert!(told.iter().all(|(period, _)| *period == month("2026-11")), "{told:?}");
    // As from the beginning; and once.
    let mut fresh = World::default();
    let _ = fresh.send(november("7"));
    let before = fresh.filed.len();
    let _ = fresh.send(now.clone());
    let of_november = fresh.filed[before..].iter().filter(|filed| filed.period == month("2026-11"));
    assert!(of_november.clone().any(|filed| filed.outcome == Outcome::TookBack));
    assert_eq!(world.retake(&now, now.clone(), 0).filed, []);
}

#[test]
fn a_word_of_what_the_mended_form_would_refuse_stands_where_what_was_known_is_mended() {
    let mut world = World::default();
    let (first, third) = (message(1, &[("X01", "5")]), message(3, &[("X01", "7"), ("X02", "1")]));
    let second = message(2, &[("X01", "5"), ("X03", "2000")]);
    for sent in [&first, &second, &third] {
        let _ = world.send(sent.clone());
    }
    let _ = world.retake(&first, message(1, &[("X01", "50")]), 0);
    // X03 is out of range by the mended form.
    let refused = Report { findings: vec![error("line 4")], ..second.clone() };
    let left = world.retake(&second, refused, 0);
    assert_eq!((says(&left), left.rows), (vec![(Reread::Unclear, 0, 0, 0)], 1));
    let _ = world.retake(&third, message(3, &[("X02", "1")]), 0);
    assert_eq!(world.shown()["X01"], "5");
    assert_eq!(world.shown()["X03"], "2000");
}

#[test]
fn periods_of_which_nothing_was_taken_are_met_once_it_is_and_do_not_hold_others_up() {
    let rule = AgainstBefore {
        indicator: Name::from("X01"),
        before: Before::Previous,
        least: None,
        most: Some(decimal("2")),
        weight: Weight::Error,
    };
    let two_months = |october: &str, november: &str| {
        let mut report = message(2, &[("X02", october), ("X01", november)]);
        report.cells[1].key.period = month("2026-11");
        Report { period: None, parts: true, against: vec![rule.clone()], ..report }
    };
    let mut world = World::default();
    let _ = world.send(message(1, &[("X01", "1")]));
    let then = two_months("5", "100");
    let receipt = world.send(then.clone());
    assert_eq!((receipt.verdict, receipt.rejected), (ReportVerdict::InPart, 1));
    // November is still refused; October is mended.
    let now = two_months("6", "100");
    let left = world.retake(&then, now.clone(), 1);
    assert_eq!((left.receipt.unwrap().rejected, left.filed.len()), (1, 0));
    assert_eq!(world.shown()["X02"], "6");
    // And once it is read rightly it is met.
    let left = world.retake(&now, two_months("6", "1.5"), 1);
    let met: Vec<Period> = left.filed.iter().map(|filed| filed.period).collect();
    assert_eq!(met, [month("2026-11")]);
}
