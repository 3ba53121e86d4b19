//! What may be a mistake, and is told or held.

use super::*;

#[test]
fn a_file_that_was_begun_from_another_period_s_is_told() {
    let doubts = |receipt: &Receipt| {
        let told = receipt.findings.iter().filter(|finding| finding.rule == Rule::Period);
        told.map(|finding| (finding.weight, finding.message.en.split(':').next().unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    let (october, november) = (Date::constant(2026, 10, 16), Date::constant(2026, 11, 16));
    let mut world = World::default();
    assert_eq!(doubts(&world.send(in_month(message(1, &ON_TIME), "2026-10", october))), []);
    // Another title above the same numbers.
    let receipt = world.send(in_month(message(2, &ON_TIME), "2026-11", november));
    let same = "All numbers of 2026-11 are those of 2026-10".to_owned();
    assert_eq!((receipt.verdict, doubts(&receipt)), (ReportVerdict::Accepted, vec![(Weight::Warning, same)]));
    // One number is another one, or there are too few of them.
    let mut one = ON_TIME;
    one[2] = ("X03", "88");
    assert_eq!(doubts(&world.send(in_month(message(3, &one), "2026-11", november))), []);
    assert_eq!(doubts(&world.send(in_month(message(4, &ON_TIME[..2]), "2026-11", november))), []);
    // November's numbers under October's title.
    let next = [("X01", "1377"), ("X02", "1299"), ("X03", "85"), ("X04", "139"), ("X05", "902.1")];
    let sent = in_month(message(5, &next), "2026-10", november);
    let receipt = world.send(sent.clone());
    let other =
        "All numbers of 2026-10 are other than what was reported, and 2026-11 is over, too".to_owned();
    let held = (ReportVerdict::Refused, [0, 0, 0, 5, 0, 0]);
    assert_eq!((figures(&receipt), receipt.findings[0].rule), (held, Rule::Confirm));
    assert!(receipt.findings[0].message.en.starts_with(&other), "{:?}", receipt.findings);
    let is_known = |row: &StoredCell| row.cell.value.number == Some(decimal("1377"));
    assert!(!world.values.iter().any(is_known), "nothing of it is known");
    // Read again it is refused as it was; whoever sends it again and says that it is meant is taken.
    assert!(world.reread(sent.clone(), true).is_none());
    let receipt = world.send(meant(sent.clone()));
    assert_eq!((receipt.changed, doubts(&receipt)), (5, vec![(Weight::Warning, other)]));
    // A source that is asked has no title that could be the old one.
    let mut world = World::default();
    let _ = world.send(in_month(message(1, &ON_TIME), "2026-10", october));
    assert_eq!(world.send(Report { asked: true, ..sent }).changed, 5);
    // In its own time a month is corrected from end to end, and later in part.
    let mut world = World::default();
    let _ = world.send(in_month(message(1, &ON_TIME), "2026-10", october));
    assert_eq!(doubts(&world.send(in_month(message(2, &next), "2026-10", Date::constant(2026, 11, 14)))), []);
    assert_eq!(
        doubts(&world.send(in_month(message(3, &[next[0], next[1], ("X03", "1")]), "2026-10", november))),
        []
    );
    // A month in which nothing occurred is like the one before.
    let mut world = World::default();
    let nothing = [("X01", "0"), ("X02", "0"), ("X03", "0")];
    let _ = world.send(in_month(message(1, &nothing), "2026-10", october));
    assert_eq!(doubts(&world.send(in_month(message(2, &nothing), "2026-11", november))), []);
}

#[test]
fn what_was_changed_at_its_source_before_what_is_known_came_is_told() {
    let mut world = World::default();
    let _ = world.send(message(1, &[("X01", "7"), ("X02", "312")]));
    let older = |number, updated: i64| {
        let updated = (0..2).map(|row| (row, EventTime(updated))).collect();
        Report { updated, ..message(number, &[("X01", "8"), ("X02", "312")]) }
    };
    let known = arrival(1).received_at.0;
    let receipt = world.send(older(2, known - 1));
    let finding = &receipt.findings[0];
    assert_eq!((receipt.changed, finding.weight, finding.rule), (1, Weight::Warning, Rule::AgainstBefore));
    assert!(finding.message.en.starts_with("1 values are other than what is known"), "{finding:?}");
    let mut world = World::default();
    let _ = world.send(message(1, &[("X01", "7"), ("X02", "312")]));
    assert_eq!(world.send(older(2, known)).findings, [], "a correction that was made since");
}

#[test]
fn a_multiple_that_is_another_than_in_the_period_before_is_told() {
    let sent = |number, label: &str, as_sent: &str| {
        let report = in_month(message(number, &[("X01", "845")]), label, Date::constant(2026, 11, 16));
        let cells = report.cells.into_iter().map(|cell| Cell { as_sent: as_sent.into(), ..cell }).collect();
        Report { cells, ..report }
    };
    for (was, is, told) in [
        ("", "845000 ×10^6", true),
        ("845000 ×10^6", "845000 ×10^6", false),
        ("845000 ×10^6", "0.845 ×10^12", true),
        ("845000 ×10^6", "845.0", true),
        ("845,0", "845000 ×0.001", true),
        // It was multiplied, and does not say with what.
        ("845000", "845000 ×0.001", false),
        ("", "845,0", false),
    ] {
        let mut world = World::default();
        let _ = world.send(sent(1, "2026-10", was));
        let receipt = world.send(sent(2, "2026-11", is));
        let found = receipt.findings.iter().filter(|finding| finding.rule == Rule::Unit).count();
        assert_eq!(found == 1, told, "{was} {is}: {:?}", receipt.findings);
    }
}
