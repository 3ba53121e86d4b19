//! Messages that are whole: what they do not name is not so any more.

use super::*;

/// A list of October: groups by breakdown, whole for its agency.
pub(super) fn list(number: u64, counts: &[(&str, &str)]) -> Report {
    let report = message(number, &counts.iter().map(|(_, count)| ("cases", *count)).collect::<Vec<_>>());
    let cells = report.cells.into_iter().zip(counts).map(|(cell, (breakdown, _))| Cell {
        key: CellKey { breakdown: Name::new(breakdown), ..cell.key },
        ..cell
    });
    let whole = Some(Whole { place: None, rest: Rest::Nought });
    Report { cells: cells.collect(), whole, ..report }
}

impl World {
    /// By breakdown what is shown of the cases.
    pub(super) fn cases(&self) -> Vec<(&'static str, String)> {
        let mut shown = BTreeMap::new();
        for row in self.values.iter().filter(|row| row.shown) {
            let value = row.cell.value;
            let told = value.number.map_or(value.mark.word().to_owned(), |number| number.to_string());
            let _ = shown.insert(row.cell.key.breakdown.as_str(), told);
        }
        shown.into_iter().collect()
    }
}

pub(super) fn told(shown: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    shown.iter().map(|(part, value)| (*part, (*value).to_owned())).collect()
}

#[test]
fn a_list_is_whole_what_it_does_not_count_any_more_is_nought() {
    let mut world = World::default();
    let _ = world.send(list(1, &[("sex=f", "1"), ("age=0-4,sex=m", "2")]));
    // The girl was a boy.
    let receipt = world.send(list(2, &[("sex=m", "1"), ("age=0-4,sex=m", "2")]));
    assert_eq!(figures(&receipt), (ReportVerdict::Accepted, [1, 0, 1, 0, 0, 1]));
    let finding = &receipt.findings[0];
    assert_eq!((finding.rule, finding.weight), (Rule::Missing, Weight::Warning));
    assert!(finding.message.en.ends_with("it was 1 and is 0 now."), "{finding:?}");
    assert_eq!(world.cases(), told(&[("age=0-4,sex=m", "2"), ("sex=f", "0"), ("sex=m", "1")]));
    // Nothing occurred after all; and then something did: what is counted by sex is no whole without any.
    let _ = world.send(list(3, &[("", "0")]));
    assert_eq!(world.cases(), told(&[("", "0"), ("age=0-4,sex=m", "0"), ("sex=f", "0"), ("sex=m", "0")]));
    let receipt = world.send(list(4, &[("sex=f", "1")]));
    assert_eq!(receipt.withdrawn, 1);
    assert_eq!(
        world.cases(),
        told(&[("", "withdrawn"), ("age=0-4,sex=m", "0"), ("sex=f", "1"), ("sex=m", "0")])
    );
    // Another agency's list is another one.
    let receipt = world.send(Report { agency: Name::from(OFFICE), ..list(5, &[("sex=m", "7")]) });
    assert_eq!(receipt.withdrawn, 0);
}

/// The same by a form that says that the cases are that agency's.
fn owned(owner: &str, report: Report) -> Report {
    let owner = Name::new(owner);
    let cells = report.cells.into_iter().map(|cell| Cell { owner, ..cell }).collect();
    let agency = (owner != COMMUNE).then_some(owner);
    Report { cells, owners: Arc::new(Owners::new([(Name::from("cases"), agency)])), ..report }
}

#[test]
fn what_a_list_does_not_count_any_more_is_whose_its_form_says() {
    let mut world = World::default();
    let _ = world.send(owned(OFFICE, list(1, &[("sex=f", "3")])));
    assert_eq!(world.cases(), [], "the office's by mistake");
    let receipt = world.send(owned(COMMUNE, list(2, &[("sex=m", "5")])));
    assert_eq!(receipt.withdrawn, 1);
    assert_eq!(world.cases(), told(&[("sex=f", "0"), ("sex=m", "5")]));
    // What is 0 already is another word, and nothing that is told.
    let mut world = World::default();
    let _ = world.send(owned(OFFICE, list(1, &[("sex=f", "0"), ("sex=m", "4")])));
    let receipt = world.send(owned(COMMUNE, list(2, &[("sex=m", "5")])));
    assert_eq!((receipt.withdrawn, receipt.changed), (0, 1));
    assert_eq!(world.cases(), told(&[("sex=f", "0"), ("sex=m", "5")]));
    // What arrived before it and is read later is the list's word, too.
    let mut world = World::default();
    let _ = world.send(owned(COMMUNE, list(2, &[("sex=m", "5")])));
    let _ = world.send(owned(OFFICE, list(1, &[("sex=f", "3")])));
    assert_eq!(world.cases(), told(&[("sex=f", "0"), ("sex=m", "5")]));
}

#[test]
fn batch_what_a_list_alone_counts_that_arrived_earlier_and_is_read_later_is_nought() {
    let mut world = World::default();
    let refused = Report { findings: vec![error("line 3")], ..list(1, &[("sex=f", "1")]) };
    assert_eq!(world.send(refused).verdict, ReportVerdict::Refused);
    let _ = world.send(list(2, &[("sex=m", "1")]));
    // Read again, it is what the agency said before.
    let (receipt, _) = world.reread(list(1, &[("sex=f", "1")]), false).unwrap();
    assert_eq!((receipt.verdict, receipt.stored, receipt.withdrawn), (ReportVerdict::Accepted, 1, 0));
    let last: Vec<_> = world.values[1..].iter().map(|row| (row.standing, row.arrival.position)).collect();
    let position = |number| arrival(number).position;
    assert_eq!(last, [(RowStanding::History, position(1)), (RowStanding::Restored, position(2))]);
    // As where it was taken at once.
    let mut in_order = World::default();
    let _ = in_order.send(list(1, &[("sex=f", "1")]));
    let _ = in_order.send(list(2, &[("sex=m", "1")]));
    assert_eq!(world.cases(), in_order.cases());
    assert_eq!(world.cases(), told(&[("sex=f", "0"), ("sex=m", "1")]));
    // One corrected cell makes no history of what else a list counts.
    let _ = world.send(Report { whole: None, ..list(9, &[("age=0-4,sex=m", "4")]) });
    let _ = world.send(list(8, &[("sex=f", "3"), ("sex=m", "2")]));
    assert_eq!(world.cases(), told(&[("age=0-4,sex=m", "4"), ("sex=f", "3"), ("sex=m", "2")]));
    // Nothing occurred; then something did, and is told by sex.
    let mut world = World::default();
    let _ = world.send(list(5, &[("sex=f", "1")]));
    let _ = world.send(Report { arrival: arrival(3), ..list(6, &[("", "0")]) });
    assert_eq!(world.cases(), told(&[("", "withdrawn"), ("sex=f", "1")]));
}

#[test]
fn batch_what_a_whole_message_takes_back_is_taken_back_of_what_arrived_earlier_and_is_read_later() {
    let whole = Some(Whole { place: None, rest: Rest::Withdrawn });
    let table =
        |number, values| meant(Report { absent: Absent::Withdraws, whole, ..message(number, values) });
    let mut world = World::default();
    let _ = world.send(table(2, &[("X01", "1204")]));
    let receipt = world.send(table(1, &[("X01", "1200"), ("X02", "312")]));
    assert_eq!((receipt.stored, receipt.changed, receipt.withdrawn), (2, 0, 0));
    assert_eq!(world.shown(), BTreeMap::from([("X01", "1204".to_owned()), ("X02", "withdrawn".to_owned())]));
    // What is left out of a form whose cells can be listed, too; and an estimate of what was deleted since.
    let mut world = World::default();
    let fewer = message(3, &[("X01", "1204"), ("X03", "withdrawn")]);
    let _ = world.send(meant(left_out(fewer, Absent::Withdraws, &["X02"])));
    let mut earlier = message(2, &[("X02", "312"), ("X03", "80")]);
    earlier.cells[1].vintage = Vintage::Estimate;
    let receipt = world.send(earlier);
    assert_eq!((receipt.stored, receipt.withdrawn), (2, 0));
    assert_eq!(world.shown().into_values().collect::<Vec<_>>(), ["1204", "withdrawn", "withdrawn"]);
    // What is said after it stands.
    let _ = world.send(message(4, &[("X02", "313")]));
    assert_eq!(world.shown()["X02"], "313");
}

/// A page as version 9 wrote it: two lists, the second of which arrived later.
#[test]
fn replay_cells_of_a_checkpoint_of_version_9_are_known_and_no_whole_message() {
    let written = include_bytes!("../../../tests/fixtures/reported-9");
    let mut world = World { reported: postcard::from_bytes(written).unwrap(), ..World::default() };
    assert_eq!(postcard::to_stdvec(&world.reported).unwrap(), written, "what it says is written as it was");
    let (cells, _) = world.reported.cells(month("2026-10"));
    assert_eq!((cells.len(), cells.rests.is_empty()), (3, true));
    world.reported.settle(&mut ShardResults::default());
    // Where nobody knows of the list, what is read again behind it is as it was said; and the next list is known.
    let _ = world.send(list(2, &[("age=5-9,sex=m", "7")]));
    assert_eq!(world.cases(), told(&[("age=5-9,sex=m", "7")]));
    let _ = world.send(list(9, &[("sex=m", "1")]));
    let _ = world.send(list(8, &[("age=5-9,sex=f", "7")]));
    assert_eq!(world.cases().iter().find(|(part, _)| *part == "age=5-9,sex=f").unwrap().1, "0");
}

/// Whoever changes these bytes once they were delivered raises the version, and lays beside them what that one writes.
#[test]
fn replay_what_a_checkpoint_of_this_version_keeps_of_a_form_is_the_same_bytes_as_ever() {
    let mut world = World::default();
    let _ = world.send(owned(OFFICE, list(1, &[("sex=f", "3")])));
    let _ = world.send(owned(COMMUNE, list(3, &[("sex=m", "5.50"), ("age=0-4,sex=m", "-")])));
    let _ = world.send(meant(left_out(message(4, &[("X01", "withdrawn")]), Absent::Withdraws, &["X05"])));
    // Nobody says anything of a cell any more that was shown.
    let then = message(5, &[("X02", "1"), ("X03", "2")]);
    let _ = world.send(then.clone());
    let _ = world.retake(&then, message(5, &[("X03", "2")]), 0);
    let kept = postcard::to_stdvec(&world.reported).unwrap();
    let version = crate::checkpoint::VERSION;
    let known = format!("{}/tests/fixtures/reported-{version}", env!("CARGO_MANIFEST_DIR"));
    let known = std::fs::read(&known).unwrap_or_else(|error| panic!("{known}: {error}"));
    assert!(kept == known, "{} bytes, {} as ever", kept.len(), known.len());
}

#[test]
fn a_list_of_one_place_says_nothing_of_others_and_one_that_was_taken_in_part_of_none() {
    let elsewhere = |report: Report| {
        let cells = report.cells.into_iter();
        let cells = cells.map(|cell| Cell { key: CellKey { place: "25489".into(), ..cell.key }, ..cell });
        Report { cells: cells.collect(), ..report }
    };
    let of = |report: Report, place: &str| Report {
        whole: Some(Whole { place: Some(Name::new(place)), rest: Rest::Nought }),
        ..report
    };
    let mut world = World::default();
    let _ = world.send(of(list(1, &[("sex=f", "1")]), COMMUNE));
    assert_eq!(world.send(of(elsewhere(list(2, &[("sex=m", "4")])), "25489")).withdrawn, 0);
    let in_part =
        Report { parts: true, rows: 2, findings: vec![error("line 4")], ..list(3, &[("sex=m", "1")]) };
    let receipt = world.send(in_part);
    assert_eq!((receipt.verdict, receipt.withdrawn), (ReportVerdict::InPart, 0));
    assert_eq!(world.send(of(list(4, &[("sex=m", "1")]), COMMUNE)).withdrawn, 1);
}

#[test]
fn what_no_key_can_be_listed_of_is_taken_back_by_what_is_known() {
    let whole = |report: Report| {
        let whole = Some(Whole { place: None, rest: Rest::Withdrawn });
        Report { absent: Absent::Withdraws, whole, ..report }
    };
    let mut world = World::default();
    let _ = world.send(message(1, &ON_TIME));
    let fewer = whole(message(2, &[("X01", "1204"), ("X02", "1130")]));
    let receipt = world.send(fewer.clone());
    assert_eq!((receipt.verdict, receipt.findings[0].rule), (ReportVerdict::Refused, Rule::Confirm));
    let receipt = world.send(meant(left_out(fewer, Absent::Withdraws, &["X03"])));
    assert_eq!(receipt.withdrawn, 3, "each once, also where it is listed");
    let shown = world.shown();
    assert_eq!(shown.values().collect::<Vec<_>>(), ["1204", "1130", "withdrawn", "withdrawn", "withdrawn"]);
}
