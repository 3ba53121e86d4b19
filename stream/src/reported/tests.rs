use std::sync::Arc;

use ioc_model::{
    counts::Counts,
    form::{Absent, AgainstBefore, Before, Mark, Owners, PeriodKind, Rest, Value, Vintage, Whole},
    place::Date,
    position::{Arrival, Offset, Position},
    results::{RowStanding, StoredCell},
    time::{EventTime, ReceivedAt},
};
use rust_decimal::Decimal;

use super::*;

const FORM: &str = "ktxh-x";
const COMMUNE: &str = "25486";
const OFFICE: &str = "so-ldtbxh";

fn month(label: &str) -> Period {
    Period::parse(PeriodKind::AdminMonth, label).unwrap()
}

fn key(indicator: &str, label: &str) -> CellKey {
    CellKey {
        indicator: Name::new(indicator),
        breakdown: Name::default(),
        place: Name::from(COMMUNE),
        place_from: Date::constant(2025, 7, 1),
        period: month(label),
    }
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn arrival(number: u64) -> Arrival {
    Arrival {
        received_at: ReceivedAt(1_000_000 + 1_000 * number as i64),
        position: Position { offset: Offset(number), ..Position::default() },
        row: 0,
    }
}

/// A message of October 2026 of the commune, with one digest for each number.
fn message(number: u64, values: &[(&str, &str)]) -> Report {
    let cell = |(row, (indicator, number)): (u32, &(&str, &str))| Cell {
        row,
        key: key(indicator, "2026-10"),
        vintage: Vintage::Official,
        owner: Name::from(COMMUNE),
        value: match *number {
            "-" => Value::without(Mark::None),
            "withdrawn" => Value::without(Mark::Withdrawn),
            number => Value::of(decimal(number)),
        },
        at: format!("line {}, column 4", row + 3).into(),
        as_sent: Box::default(),
        note: Box::default(),
    };
    Report {
        form: Name::from(FORM),
        agency: Name::from(COMMUNE),
        period: Some(month("2026-10")),
        absent: Absent::Keeps,
        parts: false,
        digest: [number as u8; 16],
        known_by: [number as u8; 16],
        asked: false,
        confirmed: false,
        whole: None,
        owners: Arc::default(),
        rows: values.len() as u32,
        cells: (0..).zip(values).map(cell).collect(),
        updated: Vec::new(),
        left_out: Vec::new(),
        against: Vec::new(),
        findings: Vec::new(),
        feed: Name::from("reports"),
        sender: Name::from("xa-25486"),
        arrival: arrival(number),
    }
}

/// Its sender says that it is meant.
fn meant(report: Report) -> Report {
    Report { confirmed: true, ..report }
}

fn left_out(report: Report, absent: Absent, indicators: &[&str]) -> Report {
    let left_out = indicators.iter().map(|indicator| key(indicator, "2026-10")).collect();
    Report { absent, left_out, ..report }
}

fn error(row_at: &str) -> Finding {
    let mut error = words::empty();
    error.rule = Rule::Invalid;
    error.at = row_at.into();
    error
}

/// A form, one epoch a message.
#[derive(Default)]
struct World {
    reported: Reported,
    values: Vec<StoredCell>,
    counts: Counts,
    rows: u64,
    filed: Vec<crate::ledger::Filed>,
}

impl World {
    fn send(&mut self, report: Report) -> Receipt {
        self.send_together(vec![report]).remove(0)
    }

    fn send_together(&mut self, reports: Vec<Report>) -> Vec<Receipt> {
        let mut results = ShardResults::default();
        self.rows += reports.iter().map(|report| u64::from(report.rows)).sum::<u64>();
        for report in reports {
            self.reported.take(report, &mut results);
        }
        self.reported.settle(&mut results);
        self.filed.append(&mut results.filed);
        // As after a start.
        let bytes = postcard::to_stdvec(&self.reported).unwrap();
        self.reported = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(postcard::to_stdvec(&self.reported).unwrap(), bytes);
        let counts = results.counts.values();
        counts.for_each(|counts| self.counts.add(counts));
        self.values.extend(results.facts.report_values);
        let receipts = results.facts.receipts;
        for receipt in &receipts {
            assert_eq!(receipt.rows, receipt.stored + receipt.same + receipt.rejected, "{receipt:?}");
        }
        assert_eq!(
            results.facts.rejects.len(),
            receipts.iter().filter(|receipt| receipt.rejected > 0).count(),
            "one reject a message that was not taken whole"
        );
        let Counts { stored, duplicate, rejected, .. } = self.counts.net();
        assert_eq!(stored + duplicate + rejected, self.rows, "BALANCE");
        receipts
    }

    /// What a reader finds: of each key the newest row that says what is shown.
    fn shown(&self) -> BTreeMap<&str, String> {
        let mut shown = BTreeMap::new();
        for row in self.values.iter().filter(|row| row.shown) {
            let value = row.cell.value;
            let text = value.number.map_or_else(|| value.mark.word().to_owned(), |number| number.to_string());
            let replaced = shown.insert(row.cell.key.indicator.as_str(), text).is_some();
            assert_eq!(row.replaces, replaced, "{row:?}");
        }
        shown
    }
}

fn figures(receipt: &Receipt) -> (ReportVerdict, [u32; 6]) {
    let Receipt { verdict, stored, changed, same, rejected, kept, withdrawn, .. } = receipt;
    (*verdict, [*stored, *changed, *same, *rejected, *kept, *withdrawn])
}

const ON_TIME: [(&str, &str); 5] =
    [("X01", "1204"), ("X02", "312"), ("X03", "87"), ("X04", "146"), ("X05", "865.4")];

#[test]
fn once_a_second_upload_corrects_what_it_says_and_keeps_what_it_leaves_out() {
    let mut world = World::default();
    assert_eq!(figures(&world.send(message(1, &ON_TIME))), (ReportVerdict::Accepted, [5, 0, 0, 0, 0, 0]));
    let fewer = message(2, &[("X01", "1204"), ("X02", "1130")]);
    let receipt = world.send(left_out(fewer, Absent::Keeps, &["X03", "X04", "X05"]));
    assert_eq!(figures(&receipt), (ReportVerdict::Accepted, [1, 1, 1, 0, 3, 0]));
    let told: Vec<&str> = receipt.findings.iter().map(|finding| finding.message.en.as_str()).collect();
    assert_eq!(told[2], "X05 of 25486, 2026-10 is not in the message or empty: 865.4 stays.");
    let told = &receipt.findings[2].message.vi;
    assert_eq!(told, "X05 của 25486, kỳ 2026-10 không có trong tệp hoặc để trống: giữ nguyên 865,4.");
    let again = [("X05", "865.40"), ("X04", "146"), ("X03", "87"), ("X02", "1130"), ("X01", "1204")];
    assert_eq!(figures(&world.send(message(3, &again))), (ReportVerdict::Accepted, [0, 0, 5, 0, 0, 0]));
    // The file of the beginning, dropped once more, reverts nothing.
    let receipt = world.send(Report { arrival: arrival(9), ..message(1, &ON_TIME) });
    assert_eq!(figures(&receipt), (ReportVerdict::Duplicate, [0, 0, 5, 0, 0, 0]));
    assert_eq!(receipt.findings[0].rule, Rule::Delivered);
    let shown = world.shown();
    assert_eq!(shown.values().collect::<Vec<_>>(), ["1204", "1130", "87", "146", "865.4"]);
    // Whoever means the old figures says them in a file of its own.
    let receipt = world.send(message(10, &ON_TIME));
    assert_eq!(figures(&receipt), (ReportVerdict::Accepted, [1, 1, 4, 0, 0, 0]));
    let last = world.values.last().unwrap();
    assert_eq!((last.standing, last.was), (RowStanding::Correction, Some(Value::of(decimal("1130")))));
    assert_eq!(world.shown()["X02"], "312");
}

#[test]
fn what_another_agency_says_stands_beside_the_owners_word_and_is_never_shown() {
    let mut world = World::default();
    let _ = world.send(message(1, &ON_TIME));
    let other = Report { agency: Name::from(OFFICE), ..message(5, &[("X03", "91")]) };
    let receipt = world.send(other.clone());
    assert_eq!((receipt.verdict, receipt.stored, receipt.conflicts), (ReportVerdict::Accepted, 1, 1));
    let finding = &receipt.findings[0];
    assert_eq!((finding.rule, finding.weight), (Rule::Conflict, Weight::Warning));
    assert!(finding.message.en.contains("25486 says 87. 91 is kept beside it"), "{}", finding.message.en);
    assert_eq!(world.shown()["X03"], "87");
    // The owner is told when it speaks next.
    let receipt = world.send(message(6, &[("X03", "88")]));
    assert_eq!(receipt.findings[0].rule, Rule::Conflict);
    assert!(receipt.findings[0].message.en.contains("so-ldtbxh says 91"), "{:?}", receipt.findings);
    assert_eq!(world.shown()["X03"], "88");
    // The same bytes of two agencies are two messages.
    let receipt = world.send(Report { agency: Name::from(OFFICE), ..message(6, &[("X03", "88")]) });
    assert_eq!((receipt.verdict, receipt.changed), (ReportVerdict::Accepted, 1));
    assert_eq!(receipt.findings[0].weight, Weight::Note, "it agrees now");
    // Before the owner said anything nothing is shown.
    let mut world = World::default();
    let _ = world.send(other);
    assert_eq!(world.shown(), BTreeMap::new());
}

#[test]
fn a_message_with_an_error_is_refused_whole_and_judged_again_when_it_comes_again() {
    let mut world = World::default();
    let wrong = Report { findings: vec![error("line 4, column 4")], rows: 5, ..message(1, &ON_TIME[..4]) };
    for _ in 0..2 {
        let receipt = world.send(wrong.clone());
        assert_eq!(figures(&receipt), (ReportVerdict::Refused, [0, 0, 0, 5, 0, 0]));
    }
    assert_eq!(world.values, []);
    let receipt = world.send(Report { parts: true, ..wrong.clone() });
    assert_eq!(figures(&receipt), (ReportVerdict::InPart, [4, 0, 0, 1, 0, 0]));
    assert_eq!(world.send(Report { parts: true, ..wrong }).verdict, ReportVerdict::Duplicate);
    // Nothing in it, and nobody called that an error.
    let receipt = world.send(Report { rows: 1, ..message(6, &[]) });
    assert_eq!(figures(&receipt), (ReportVerdict::Refused, [0, 0, 0, 1, 0, 0]));
    assert_eq!(receipt.findings[0].rule, Rule::Empty);
}

#[test]
fn what_is_left_out_is_taken_back_where_the_form_says_so_and_is_no_row_of_the_message() {
    let mut world = World::default();
    let _ = world.send(message(1, &ON_TIME));
    let fewer = message(2, &[("X01", "1204"), ("X02", "1130")]);
    let fewer = left_out(fewer, Absent::Withdraws, &["X03", "X04", "X05", "X06"]);
    // What would go is listed before it goes.
    let receipt = world.send(fewer.clone());
    assert_eq!(figures(&receipt), (ReportVerdict::Refused, [0, 0, 0, 2, 0, 0]));
    let rules: Vec<(Weight, Rule)> =
        receipt.findings.iter().map(|finding| (finding.weight, finding.rule)).collect();
    let listed = (Weight::Warning, Rule::Missing);
    assert_eq!(rules, [(Weight::Error, Rule::Confirm), listed, listed, listed]);
    assert!(
        receipt.findings[3].message.en.contains("865.4 would be taken back"),
        "{:?}",
        receipt.findings[3]
    );
    assert_eq!(world.values.len(), 5);
    let receipt = world.send(meant(fewer));
    assert_eq!(figures(&receipt), (ReportVerdict::Accepted, [1, 1, 1, 0, 0, 3]));
    let listed = receipt.findings.iter().filter(|finding| finding.weight == Weight::Warning).count();
    assert_eq!(listed, 3, "{:?}", receipt.findings);
    let shown = world.shown();
    assert_eq!(shown.values().collect::<Vec<_>>(), ["1204", "1130", "withdrawn", "withdrawn", "withdrawn"]);
    let rows: Vec<u32> = world.values[5..].iter().map(|row| row.arrival.row).collect();
    assert_eq!(rows, [1, 2, 3, 4], "places of their own behind those of the message");
    // Once more there is nothing left to take back.
    let fewer = message(3, &[("X01", "1204"), ("X02", "1131")]);
    let receipt = world.send(left_out(fewer, Absent::Withdraws, &["X03", "X04", "X05", "X06"]));
    assert_eq!(receipt.withdrawn, 0);
}

#[test]
fn the_highest_vintage_is_shown_and_the_one_below_again_when_it_is_taken_back() {
    let vintage = |report: Report, vintage| {
        let cells = report.cells.into_iter().map(|cell| Cell { vintage, ..cell }).collect();
        Report { cells, ..report }
    };
    let mut world = World::default();
    let _ = world.send(vintage(message(1, &[("X01", "10")]), Vintage::Preliminary));
    let _ = world.send(message(2, &[("X01", "12")]));
    // A later word of a lower vintage does not win.
    let receipt = world.send(vintage(message(5, &[("X01", "11")]), Vintage::Preliminary));
    assert_eq!(receipt.changed, 1);
    assert_eq!(world.shown()["X01"], "12");
    // What was said after the official figure was taken back stands.
    let receipt = world.send(message(4, &[("X01", "withdrawn")]));
    assert_eq!((receipt.stored, receipt.changed, receipt.withdrawn), (1, 1, 0));
    assert_eq!(world.shown()["X01"], "11");
    let restored = world.values.last().unwrap();
    assert_eq!((restored.standing, restored.arrival), (RowStanding::Restored, arrival(5)));
    assert_eq!(&*restored.cell.at, "line 3, column 4");
    // An estimate that leaves a cell out says nothing about the official figure.
    let _ = world.send(message(6, &[("X01", "13"), ("X02", "1")]));
    let estimate = vintage(message(7, &[("X02", "2")]), Vintage::Estimate);
    assert_eq!(world.send(left_out(estimate, Absent::Withdraws, &["X01"])).withdrawn, 0);
}

#[test]
fn what_is_taken_back_is_not_shown_as_it_was_estimated_before() {
    let estimated = |report: Report| {
        let cells = report.cells.into_iter().map(|cell| Cell { vintage: Vintage::Estimate, ..cell });
        Report { cells: cells.collect(), ..report }
    };
    let mut world = World::default();
    let _ = world.send(estimated(message(1, &[("X01", "812.5")])));
    let receipt = world.send(message(2, &[("X01", "withdrawn")]));
    assert_eq!((receipt.stored, receipt.withdrawn), (1, 1));
    assert!(receipt.findings[1].message.en.contains("said less finally (812.5)"), "{:?}", receipt.findings);
    assert_eq!(world.shown()["X01"], "withdrawn");
    let rows: Vec<u32> = world.values.iter().map(|row| row.arrival.row).collect();
    assert_eq!(rows, [0, 0, 1], "what goes with it lies behind the rows of the message");
    // Another agency's word on it stays, and what is said anew is shown.
    let _ = world.send(estimated(message(3, &[("X01", "800")])));
    assert_eq!(world.shown()["X01"], "800");
}

#[test]
fn once_what_a_source_is_asked_for_is_its_word_of_now_also_if_it_said_so_before() {
    let asked = |number, at, value| {
        let report = message(number, &[("X02", value), ("X01", "1204")]);
        Report { asked: true, arrival: arrival(at), ..report }
    };
    let mut world = World::default();
    let _ = world.send(asked(1, 1, "312"));
    let _ = world.send(asked(2, 2, "1130"));
    // The bytes of the beginning.
    let receipt = world.send(asked(1, 3, "312"));
    assert_eq!(figures(&receipt), (ReportVerdict::Accepted, [1, 1, 1, 0, 0, 0]));
    assert_eq!(world.shown()["X02"], "312");
    let receipt = world.send(asked(1, 4, "312"));
    assert_eq!(figures(&receipt), (ReportVerdict::Accepted, [0, 0, 2, 0, 0, 0]), "and no revision");
}

#[test]
fn bound_of_as_many_breaches_as_cells_no_more_sentences_are_made_than_a_receipt_lists() {
    let mut world = World::default();
    let indicators: Vec<String> = (0..5_000).map(|number| format!("Y{number}")).collect();
    let rules = |weight| {
        let rule = |indicator: &String| AgainstBefore {
            indicator: Name::new(indicator),
            before: Before::Previous,
            least: Some(decimal("0.5")),
            most: None,
            weight,
        };
        indicators.iter().map(rule).collect::<Vec<_>>()
    };
    let of = |number, label, value| {
        let values: Vec<(&str, &str)> =
            indicators.iter().map(|indicator| (indicator.as_str(), value)).collect();
        in_month(message(number, &values), label, Date::constant(2026, 12, 1))
    };
    let _ = world.send(of(1, "2026-10", "100"));
    let report = Report { against: rules(Weight::Error), ..of(2, "2026-11", "1") };
    let mut findings = Findings::default();
    assert!(world.reported.taken(&mut report.clone(), &mut findings).cells.is_empty());
    assert_eq!((findings.listed.len(), findings.further[&Weight::Error]), (FINDINGS_KEPT, 4_000));
    world.reported.settle(&mut ShardResults::default());
    let receipt = world.send(report);
    assert_eq!((receipt.verdict, receipt.findings.len()), (ReportVerdict::Refused, FINDINGS_KEPT));
    assert!(
        receipt.findings.last().unwrap().message.en.starts_with("4001 more"),
        "{:?}",
        receipt.findings.last()
    );
}

#[test]
fn one_row_of_a_key_says_what_is_shown_at_the_end_of_an_epoch_however_many_messages_it_has() {
    let mut world = World::default();
    let _ = world.send(message(1, &ON_TIME));
    let reports = vec![
        message(2, &[("X01", "1")]),
        message(3, &[("X01", "withdrawn")]),
        message(4, &[("X01", "2"), ("X09", "5")]),
        message(5, &[("X09", "6")]),
    ];
    let _ = world.send_together(reports);
    let shown: Vec<(&str, bool)> = world.values[5..]
        .iter()
        .filter(|row| row.shown)
        .map(|row| (row.cell.key.indicator.as_str(), row.replaces))
        .collect();
    assert_eq!(shown, [("X01", true), ("X09", false)]);
    assert_eq!((world.shown()["X01"].as_str(), world.shown()["X09"].as_str()), ("2", "6"));
}

#[test]
fn what_arrived_earlier_than_what_is_known_is_history() {
    let mut world = World::default();
    let _ = world.send(message(5, &[("X01", "5")]));
    let receipt = world.send(message(2, &[("X01", "2"), ("X02", "7")]));
    assert_eq!((receipt.stored, receipt.changed), (2, 0));
    assert_eq!((world.values[1].standing, world.values[1].shown), (RowStanding::History, false));
    // The same value again, later: what came in between stays behind it.
    let _ = world.send(message(9, &[("X01", "5")]));
    let _ = world.send(message(7, &[("X01", "8")]));
    assert_eq!(world.shown()["X01"], "5");
}

#[test]
fn a_value_is_held_against_what_was_known_or_what_its_own_message_says_of_it() {
    let rule = |before, weight| AgainstBefore {
        indicator: Name::from("X01"),
        before,
        least: Some(decimal("0.5")),
        most: Some(decimal("2")),
        weight,
    };
    let of_month = |number, label, value: &str| {
        let report = message(number, &[("X01", value)]);
        let cells = report.cells.into_iter().map(|cell| Cell { key: key("X01", label), ..cell }).collect();
        let against = vec![rule(Before::Previous, Weight::Error), rule(Before::YearEarlier, Weight::Warning)];
        Report { cells, against, period: Some(month(label)), ..report }
    };
    let mut world = World::default();
    let _ = world.send(of_month(1, "2025-11", "-"));
    let _ = world.send(of_month(2, "2026-10", "100"));
    let receipt = world.send(of_month(3, "2026-11", "201"));
    assert_eq!(receipt.verdict, ReportVerdict::Refused);
    let en = &receipt.findings[0].message.en;
    assert_eq!(
        en,
        "X01 of 25486, 2026-11 is 201, in the period before (2026-10) it was 100: expected from 50 to 200. Check the \
         number and its unit."
    );
    assert_eq!(receipt.findings.len(), 1, "of 0 a year earlier everything is any share");
    // What the same message says of the period before counts.
    let mut both = of_month(4, "2026-11", "201");
    both.rows = 2;
    both.cells.push(Cell { row: 1, ..of_month(4, "2026-10", "150").cells.remove(0) });
    assert_eq!(world.send(both).verdict, ReportVerdict::Accepted);
    let mut in_part = of_month(5, "2026-12", "500");
    in_part.parts = true;
    in_part.rows = 2;
    in_part.cells.push(Cell { row: 1, key: key("X02", "2026-12"), ..in_part.cells[0].clone() });
    assert_eq!(figures(&world.send(in_part)), (ReportVerdict::InPart, [1, 0, 0, 1, 0, 0]));
    // A year later it is a warning.
    assert_eq!(world.send(of_month(6, "2027-10", "301")).findings[0].weight, Weight::Warning);
}

#[test]
fn a_receipt_lists_the_heaviest_first_and_says_how_many_it_leaves_out() {
    let mut world = World::default();
    let indicators: Vec<String> = (0..3_000).map(|number| format!("Y{number}")).collect();
    let values: Vec<(&str, &str)> = indicators.iter().map(|indicator| (indicator.as_str(), "1")).collect();
    let _ = world.send(message(1, &values));
    let names: Vec<&str> = indicators.iter().map(String::as_str).collect();
    // What stays is told of some, and counted of the rest.
    let receipt = world.send(left_out(message(2, &[("X01", "1")]), Absent::Keeps, &names));
    assert_eq!((receipt.kept, receipt.findings.len()), (3_000, 21));
    assert!(receipt.findings[20].message.en.starts_with("2980 more"), "{:?}", receipt.findings[20]);
    // What is taken back is told of each, as far as a receipt has room.
    let mut fewer = left_out(message(3, &[("X01", "1")]), Absent::Withdraws, &names);
    fewer.findings = vec![words::delivered()];
    let receipt = world.send(meant(fewer));
    assert_eq!((receipt.withdrawn, receipt.findings.len()), (3_000, FINDINGS_KEPT));
    assert_eq!(receipt.findings[0].weight, Weight::Warning);
    let last = receipt.findings.last().unwrap();
    assert_eq!((last.rule, last.weight), (Rule::More, Weight::Warning));
    assert!(last.message.en.starts_with("2002 more"), "{}", last.message.en);
}

#[test]
fn bound_a_cell_takes_about_twenty_bytes_and_an_agencys_digests_are_bounded() {
    let mut cells = Cells::default();
    for place in 0..96_u64 {
        for indicator in 0..20_u32 {
            let number = Decimal::new(i64::from(indicator) * 7_919 + place as i64 * 31, 2);
            let arrival = Arrival { row: indicator, ..arrival(100_000 + place) };
            let place = Name::new(&format!("{}", 25_400 + place));
            let key = CellKey { place, ..key(&format!("X{indicator:02}"), "2026-10") };
            let statement = page::Statement {
                value: Value::of(number),
                owner: place,
                feed: Name::from("reports"),
                sender: Name::new(&format!("xa-{place}")),
                arrival,
                at: format!("line {}, column 4", indicator + 3).into(),
                as_sent: "".into(),
                note: "".into(),
            };
            cells.say(key, page::Voice { agency: place, vintage: Vintage::Official }, statement);
        }
    }
    let page = cells.packed();
    let each = page.size() as f64 / cells.len() as f64;
    assert!((12.0..24.0).contains(&each), "{each} bytes a cell");
    assert_eq!(page.unpacked(month("2026-10")).unwrap(), cells);

    let mut delivered = Delivered::default();
    for number in 0..DELIVERED_KEPT as u64 + 10 {
        delivered.add([number.to_le_bytes(), [0; 8]].concat().try_into().unwrap());
    }
    assert_eq!((delivered.order.len(), delivered.known.len()), (DELIVERED_KEPT, DELIVERED_KEPT));
}

#[test]
fn safe_a_page_that_is_none_is_no_checkpoint() {
    let mut world = World::default();
    let _ = world.send(message(1, &ON_TIME));
    let whole = postcard::to_stdvec(&world.reported).unwrap();
    let read = |bytes: &[u8]| postcard::from_bytes::<Reported>(bytes);
    assert!(read(&whole).is_ok());
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).is_err(), "{length} bytes");
    }
}

/// The same of another month, arrived on that day.
fn in_month(report: Report, label: &str, day: Date) -> Report {
    let cells = report.cells.into_iter();
    let cells =
        cells.map(|cell| Cell { key: CellKey { period: month(label), ..cell.key }, ..cell }).collect();
    let days = day.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24;
    let received_at = ReceivedAt(days * 24 * 60 * 60 * 1_000);
    Report { period: Some(month(label)), cells, arrival: Arrival { received_at, ..report.arrival }, ..report }
}

fn again(report: Report, rows: u32, same: bool) -> ReportAgain {
    ReportAgain { report, before: ReportBefore::Refused { rows, same }, replay: arrival(99) }
}

impl World {
    /// Reads a message again that was refused.
    fn reread(&mut self, report: Report, same: bool) -> Option<(Receipt, ReplayedRow)> {
        let mut results = ShardResults::default();
        let rows = report.rows;
        self.reported.take_again(again(report, rows, same), &mut results);
        self.reported.settle(&mut results);
        self.filed.append(&mut results.filed);
        results.counts.values().for_each(|counts| self.counts.add(counts));
        self.values.extend(results.facts.report_values);
        // It is another word of the same rows.
        let net = self.counts.net();
        assert_eq!(net.stored + net.duplicate + net.rejected, self.rows, "BALANCE: {:?}", self.counts);
        results.facts.receipts.pop().zip(results.facts.replayed.pop())
    }
}

#[test]
fn once_a_report_that_was_refused_is_taken_when_it_is_read_again_with_the_arrival_it_had() {
    let mut world = World::default();
    let values = [("X01", "1204"), ("X02", "312")];
    let refused = Report { findings: vec![error("line 3")], ..message(1, &values) };
    assert_eq!(world.send(refused.clone()).verdict, ReportVerdict::Refused);
    // What is sent in between, of one of its cells, came later.
    assert_eq!(world.send(message(2, &[("X02", "330")])).verdict, ReportVerdict::Accepted);

    assert!(world.reread(refused.clone(), true).is_none(), "it reads as it did, and is refused as it was");
    let (receipt, row) = world.reread(message(1, &values), false).unwrap();
    assert_eq!((receipt.verdict, receipt.stored, receipt.changed), (ReportVerdict::Accepted, 2, 0));
    assert_eq!((row.good, row.before, row.rejected), (2, 2, 0));
    assert_eq!(world.shown(), BTreeMap::from([("X01", "1204".to_owned()), ("X02", "330".to_owned())]));
    assert_eq!(world.counts.rows_reread, 2);
    // Its bytes are known now.
    assert_eq!(world.send(message(1, &values)).verdict, ReportVerdict::Duplicate);
}

#[test]
fn once_a_report_whose_bytes_were_taken_meanwhile_is_a_duplicate_when_it_is_read_again() {
    let mut world = World::default();
    let refused = Report { findings: vec![error("line 3")], ..message(1, &[("X01", "1204")]) };
    assert_eq!(world.send(refused).verdict, ReportVerdict::Refused);
    let sent_again = Report { arrival: arrival(2), ..message(1, &[("X01", "1204")]) };
    assert_eq!(world.send(sent_again).verdict, ReportVerdict::Accepted);
    let (receipt, row) = world.reread(message(1, &[("X01", "1204")]), false).unwrap();
    assert_eq!((receipt.verdict, receipt.same), (ReportVerdict::Duplicate, 1));
    assert_eq!((row.before, row.rejected), (1, 0));
}

#[test]
fn loud_a_report_that_reads_otherwise_and_is_refused_again_is_told_of_anew() {
    let mut world = World::default();
    let refused = |at| Report { findings: vec![error(at)], ..message(1, &[("X01", "1204")]) };
    assert_eq!(world.send(refused("line 3")).verdict, ReportVerdict::Refused);
    let (receipt, row) = world.reread(refused("line 4"), false).unwrap();
    assert_eq!((receipt.verdict, &*receipt.findings[0].at), (ReportVerdict::Refused, "line 4"));
    assert_eq!((row.good, row.rejected), (0, 1));
}

mod again;
mod doubts;
mod filed;
mod lists;
mod mended;
mod stays;
