//! What messages say to the ledger: only cells that say something meet an obligation, and while nothing of them stands it is
//! open.

use ioc_model::obligation::Received;
use proptest::prelude::*;

use super::*;
use crate::ledger::{Filed, Outcome};

fn outcomes(filed: &[Filed]) -> Vec<Outcome> {
    filed.iter().map(|filed| filed.outcome).collect()
}

/// What a ledger has of the commune's October.
fn received(filed: &[Filed]) -> Received {
    let mut received = Received::default();
    for Filed { arrival, outcome, .. } in filed {
        match *outcome {
            Outcome::Accepted { changed } => received.accept(*arrival, changed),
            Outcome::TookBack => received.take_back(*arrival),
            Outcome::Refused => received.refuse(*arrival),
            Outcome::Stands { anything } => {
                let _ = received.stands(anything);
            }
        }
    }
    received
}

fn not_filled(report: Report) -> Report {
    let cells = report.cells.into_iter();
    let cells = cells.map(|cell| Cell { value: Value::without(Mark::NotFilled), ..cell }).collect();
    Report { cells, ..report }
}

#[test]
fn loud_a_message_that_only_takes_back_or_is_empty_is_taken_and_meets_nothing_and_is_told_so() {
    let nothing =
        [message(1, &[("X01", "withdrawn"), ("X02", "withdrawn")]), not_filled(message(1, &[("X01", "1")]))];
    for message in nothing {
        let mut world = World::default();
        let receipt = world.send(message);
        assert_eq!(receipt.verdict, ReportVerdict::Accepted);
        assert_eq!(receipt.findings, [words::says_nothing()]);
        assert_eq!(outcomes(&world.filed), [Outcome::Stands { anything: false }]);
        assert_eq!((received(&world.filed).first(), received(&world.filed).is_anything()), (None, false));
    }
    let mut world = World::default();
    let receipt = world.send(message(1, &[("X01", "withdrawn"), ("X02", "-")]));
    assert_eq!(receipt.findings, [], "that nothing occurred is said");
    assert_eq!(received(&world.filed).first(), Some(arrival(1)));
}

#[test]
fn what_was_taken_back_whole_is_told_and_so_is_what_is_said_anew() {
    let mut world = World::default();
    let _ = world.send(message(1, &[("X01", "5"), ("X02", "6")]));
    let correction = world.send(message(2, &[("X01", "withdrawn")]));
    assert!(!correction.findings.contains(&words::says_nothing()), "something else stands");
    let of = received(&world.filed);
    assert_eq!((of.first(), of.last(), of.revisions()), (Some(arrival(1)), Some(arrival(2)), 1));
    let last = world.send(message(3, &[("X02", "withdrawn")]));
    assert!(last.findings.contains(&words::says_nothing()));
    let of = received(&world.filed);
    assert_eq!((of.first(), of.last(), of.revisions()), (None, Some(arrival(3)), 2));
    let _ = world.send(message(4, &[("X02", "7")]));
    let of = received(&world.filed);
    assert_eq!((of.first(), of.last(), of.revisions()), (Some(arrival(1)), Some(arrival(4)), 3));
    // What another agency says of its cells is no word of its own.
    let _ = world.send(message(5, &[("X02", "withdrawn")]));
    let office = Report { agency: Name::from(OFFICE), ..message(6, &[("X02", "7")]) };
    let before = world.filed.len();
    let _ = world.send(office);
    assert_eq!(outcomes(&world.filed[before..]), []);
    assert_eq!(received(&world.filed).first(), None);
}

#[test]
fn replay_what_a_ledger_was_not_told_by_an_earlier_version_is_told_it() {
    let mut world = World::default();
    let _ = world.send(message(1, &[("X01", "5"), ("X02", "6")]));
    assert_eq!(world.reported.taken_back(Name::from(FORM)), []);
    let _ = world.send(message(2, &[("X02", "withdrawn")]));
    let told = world.reported.filed(Name::from(FORM));
    assert_eq!(outcomes(&told), [Outcome::Accepted { changed: true }, Outcome::TookBack]);
    let _ = world.send(message(3, &[("X01", "withdrawn")]));
    let told = world.reported.taken_back(Name::from(FORM));
    assert_eq!(outcomes(&told), [Outcome::Stands { anything: false }]);
    assert_eq!((told[0].agency.as_str(), told[0].period), (COMMUNE, month("2026-10")));
}

/// What a message says of two cells.
type Said = (Option<&'static str>, Option<&'static str>);

fn any_cell() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), Just(Some("5")), Just(Some("7")), Just(Some("withdrawn"))]
}

proptest! {
    #[test]
    fn batch_whether_an_obligation_is_met_follows_from_the_messages_in_whatever_order_they_are_worked_through(
        messages in proptest::collection::vec((any_cell(), any_cell()), 1..6),
        order in Just((0..6).collect::<Vec<usize>>()).prop_shuffle(),
        together in any::<bool>(),
    ) {
        let order = order.into_iter().filter(|at| *at < messages.len());
        let report = |at: usize| {
            let (one, other) = messages[at];
            let cells = [("X01", one), ("X02", other)];
            let cells: Vec<_> = cells.iter().filter_map(|(name, said)| Some((*name, (*said)?))).collect();
            meant(message(at as u64 + 1, &cells))
        };
        let mut world = World::default();
        let sent: Vec<Report> = order.map(report).filter(|report| report.rows > 0).collect();
        match together {
            true => drop(world.send_together(sent)),
            false => sent.into_iter().for_each(|report| drop(world.send(report))),
        }
        // By pen and paper: the first that says something, while any last word says something.
        let says = |said: Option<&str>| said.is_some_and(|said| said != "withdrawn");
        let first = messages.iter().position(|(one, other)| says(*one) || says(*other));
        let last = |of: fn(&Said) -> Option<&'static str>| says(messages.iter().rev().find_map(of));
        let stands = last(|(one, _)| *one) || last(|(_, other)| *other);
        let expected = first.filter(|_| stands).map(|at| arrival(at as u64 + 1));
        prop_assert_eq!(received(&world.filed).first(), expected);
    }
}
