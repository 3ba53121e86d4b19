//! Messages that are whole: what they do not name is not so any more.

use super::*;

/// A list of October: groups by breakdown, whole for its agency.
fn list(number: u64, counts: &[(&str, &str)]) -> Report {
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
    fn cases(&self) -> Vec<(&'static str, String)> {
        let mut shown = BTreeMap::new();
        for row in self.values.iter().filter(|row| row.shown) {
            let value = row.cell.value;
            let told = value.number.map_or(value.mark.word().to_owned(), |number| number.to_string());
            let _ = shown.insert(row.cell.key.breakdown.as_str(), told);
        }
        shown.into_iter().collect()
    }
}

fn told(shown: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
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

#[test]
fn a_list_that_arrived_before_what_is_known_counts_nothing_any_more() {
    let mut world = World::default();
    let refused = Report { findings: vec![error("line 3")], ..list(1, &[("sex=f", "1")]) };
    assert_eq!(world.send(refused).verdict, ReportVerdict::Refused);
    let _ = world.send(list(2, &[("sex=m", "1")]));
    // Read again, it is what the agency said before.
    let (receipt, _) = world.reread(list(1, &[("sex=f", "1")]), false).unwrap();
    assert_eq!((receipt.verdict, receipt.stored, receipt.withdrawn), (ReportVerdict::Accepted, 1, 0));
    assert_eq!(world.cases(), told(&[("sex=m", "1")]));
    assert_eq!(world.values.last().unwrap().standing, RowStanding::History);
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
