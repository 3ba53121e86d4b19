//! Reports that were taken and are read again, once their form or mapping is mended.

use std::cmp::Ordering;

use super::*;
use crate::ledger::Outcome;
use ioc_decode::reread;
use ioc_model::{
    pack::PackVersion,
    replay::{OnRecord, ReadBefore, ReportOnRecord, StoredWord},
};

/// What is stored of each message, by the last reading: of a key, an agency and a vintage in order of arrival.
pub(super) fn readings(
    values: &[StoredCell],
) -> BTreeMap<(CellKey, Name, Vintage, ReceivedAt, Position), &StoredCell> {
    let mut readings = BTreeMap::new();
    for row in values {
        let Arrival { received_at, position, .. } = row.arrival;
        let _ = readings.insert((row.cell.key, row.agency, row.cell.vintage, received_at, position), row);
    }
    readings.retain(|_, row| row.standing != RowStanding::Gone);
    readings
}

/// What the store answers, of the periods of both readings: what is stored of a message, and of each cell and vintage the
/// last word of its agency before it.
pub(super) fn stored_words(
    values: &[StoredCell],
    then: &Report,
    now: &Report,
) -> (Vec<StoredWord>, Vec<StoredWord>) {
    let periods: BTreeSet<Period> = then.periods().union(&now.periods()).copied().collect();
    let message = (now.arrival.received_at, now.arrival.position);
    let (mut own, mut earlier) = (Vec::new(), BTreeMap::new());
    for ((key, agency, vintage, received_at, position), row) in readings(values) {
        if agency != now.agency || !periods.contains(&key.period) {
            continue;
        }
        let StoredCell { cell, feed, sender, arrival, .. } = row.clone();
        let Cell { owner, value, at, as_sent, note, .. } = cell;
        let word = StoredWord { key, vintage, value, owner, feed, sender, arrival, at, as_sent, note };
        match (received_at, position).cmp(&message) {
            Ordering::Less => drop(earlier.insert((key, vintage), word)),
            Ordering::Equal => own.push(word),
            Ordering::Greater => {}
        }
    }
    (own, earlier.into_values().collect())
}

/// What a message that is read again left.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) receipt: Option<Receipt>,
    pub(super) replayed: Vec<ReplayedRow>,
    pub(super) filed: Vec<crate::ledger::Filed>,
    pub(super) rows: usize,
}

impl World {
    /// Reads a message again that was taken; `then` is what it was read as, of which so many rows were not taken.
    pub(super) fn retake(&mut self, then: &Report, report: Report, rejected: u32) -> Left {
        let mut results = ShardResults::default();
        let replay = arrival(99);
        let (own, earlier) = stored_words(&self.values, then, &report);
        let more = |counts: &Counts| counts.rows - counts.rows_reread;
        let rows_before = more(&self.counts);
        let periods = then.periods().union(&report.periods()).copied().collect();
        let Report { form, agency, rows, .. } = *then;
        let on_record = ReportOnRecord {
            form,
            agency,
            rows,
            rejected,
            periods,
            own: own.clone(),
            earlier: earlier.clone(),
        };
        match reread::of_taken(Some(report.clone()), Some(then.clone()), &on_record) {
            reread::Reread::Same => {
                let report_before = Box::new(then.clone());
                let before =
                    ReportBefore::Taken { report: report_before, rejected, own, earlier, stays: false };
                let mut keeper = self.reported.clone();
                keeper.take_again(ReportAgain { report, before, replay }, &mut results);
                let stored = &results.facts.report_values;
                assert!(stored.is_empty(), "what is not put before its keeper says more: {stored:?}");
                results = ShardResults::default();
            }
            reread::Reread::Unclear => panic!("both readings were asked for"),
            reread::Reread::Other(difference) => {
                let reread::Judged { report, before } = difference.report.unwrap();
                self.reported.take_again(ReportAgain { report, before, replay }, &mut results);
            }
        }
        self.reported.settle(&mut results);
        let bytes = postcard::to_stdvec(&self.reported).unwrap();
        self.reported = postcard::from_bytes(&bytes).unwrap();
        results.counts.values().for_each(|counts| self.counts.add(counts));
        self.rows += more(&self.counts) - rows_before;
        let net = self.counts.net();
        assert_eq!(net.stored + net.duplicate + net.rejected, self.rows, "BALANCE: {:?}", self.counts);
        let rows = results.facts.report_values.len();
        self.values.extend(results.facts.report_values);
        let receipt = results.facts.receipts.pop();
        if let Some(receipt) = &receipt {
            assert_eq!(receipt.rows, receipt.stored + receipt.same + receipt.rejected, "{receipt:?}");
        }
        // That its words stand was told before.
        results.filed.retain(|filed| filed.outcome != Outcome::Stands { anything: true });
        Left { receipt, replayed: results.facts.replayed, filed: results.filed, rows }
    }

    pub(super) fn is_unchanged(&mut self, then: &Report, report: &Report) -> bool {
        let before = postcard::to_stdvec(&self.reported).unwrap();
        let left = self.retake(then, report.clone(), rejected_of(then, &then.cells));
        (left.rows, left.replayed.len()) == (0, 0)
            && left.receipt.is_none()
            && postcard::to_stdvec(&self.reported).unwrap() == before
    }
}

pub(super) fn says(left: &Left) -> Vec<(Reread, u32, u32, u32)> {
    left.replayed.iter().map(|row| (row.reread, row.good, row.before, row.rejected)).collect()
}

#[test]
fn once_a_wrong_factor_is_mended_with_the_arrival_it_had_and_a_later_correction_stays() {
    let mut world = World::default();
    let then = message(1, &[("X01", "1.2"), ("X02", "3"), ("X03", "87")]);
    let now = message(1, &[("X01", "1200"), ("X02", "3000"), ("X03", "87")]);
    let _ = world.send(then.clone());
    let _ = world.send(message(2, &[("X02", "3300")]));
    let left = world.retake(&then, now.clone(), 0);
    assert_eq!(world.shown().values().collect::<Vec<_>>(), ["1200", "3300", "87"]);
    let told: Vec<(RowStanding, bool, Option<Value>, Arrival)> = world.values[4..]
        .iter()
        .map(|row| (row.standing, row.shown, row.was, Arrival { row: 0, ..row.arrival }))
        .collect();
    let was = |text| Some(Value::of(decimal(text)));
    let replaced = RowStanding::Replaced;
    assert_eq!(told, [(replaced, true, was("1.2"), arrival(1)), (replaced, false, was("3"), arrival(1))]);
    assert_eq!(figures(left.receipt.as_ref().unwrap()), (ReportVerdict::Accepted, [2, 1, 1, 0, 0, 0]));
    assert_eq!(says(&left), [(Reread::Replaced, 2, 0, 0)]);
    assert_eq!(left.filed, [], "the message answered for its period before");
    assert!(world.is_unchanged(&now, &now), "twice is once");
    // A correction of now is held against the mended value, and one that says what was read wrongly is one.
    assert_eq!(world.send(message(5, &[("X01", "1200")])).same, 1);
    assert_eq!(world.send(message(6, &[("X01", "1.2")])).changed, 1);
}

#[test]
fn once_a_later_word_that_says_what_was_read_wrongly_is_shown_as_its_own() {
    let mut world = World::default();
    let then = message(1, &[("X01", "5")]);
    let _ = world.send(then.clone());
    // Meant, and no row of its own.
    assert_eq!(world.send(message(2, &[("X01", "5")])).same, 1);
    let _ = world.retake(&then, message(1, &[("X01", "5000")]), 0);
    assert_eq!(world.shown()["X01"], "5");
    let shown = world.values.iter().rfind(|row| row.shown).unwrap();
    assert_eq!((shown.standing, shown.arrival), (RowStanding::Restored, arrival(2)));
}

#[test]
fn once_a_cell_of_another_indicator_moves_and_what_was_known_before_it_is_shown_again() {
    let mut world = World::default();
    let _ = world.send(message(1, &[("X03", "87")]));
    let then = message(2, &[("X03", "5"), ("X05", "7")]);
    let now = message(2, &[("X04", "5"), ("X06", "7")]);
    let _ = world.send(then.clone());
    let left = world.retake(&then, now.clone(), 0);
    let shown = world.shown();
    let shown: Vec<(&str, &str)> = shown.iter().map(|(of, value)| (*of, value.as_str())).collect();
    assert_eq!(shown, [("X03", "87"), ("X04", "5"), ("X05", "withdrawn"), ("X06", "7")]);
    let restored = world.values.iter().rfind(|row| row.standing == RowStanding::Restored).unwrap();
    assert_eq!((restored.arrival, restored.shown), (arrival(1), true));
    let receipt = left.receipt.as_ref().unwrap();
    assert_eq!(figures(receipt), (ReportVerdict::Accepted, [2, 0, 0, 0, 0, 2]));
    let told = receipt.findings.iter().find(|finding| finding.rule == Rule::Missing).unwrap();
    assert!(told.message.en.contains("it was read wrongly as 5 and is 87 now"), "{}", told.message.en);
    assert_eq!(says(&left), [(Reread::Replaced, 2, 0, 0)], "two rows, about other cells now");
    assert!(world.is_unchanged(&now, &now));
    // What arrived before the message, and says something of the cell, counts: nothing does any more.
    let early = Report {
        arrival: Arrival { received_at: ReceivedAt(1), ..arrival(7) },
        ..message(7, &[("X05", "9")])
    };
    let _ = world.send(early);
    assert_eq!(world.shown()["X05"], "9");
}

#[test]
fn balance_rows_that_a_mended_form_reads_beside_the_others_are_counted_once() {
    let mut world = World::default();
    let then = message(1, &[("X01", "1")]);
    let now = message(1, &[("X01", "1"), ("X02", "2"), ("X03", "3")]);
    let _ = world.send(then.clone());
    let _ = world.send(message(0, &[("X03", "3")]));
    let left = world.retake(&then, now, 0);
    assert_eq!(figures(left.receipt.as_ref().unwrap()), (ReportVerdict::Accepted, [1, 0, 2, 0, 0, 0]));
    let net = world.counts.net();
    assert_eq!(
        (net.rows, net.stored, net.duplicate, net.rejected),
        (2, 3, 1, 0),
        "two came beside those sent"
    );
}

#[test]
fn balance_rows_of_a_report_taken_in_part_are_taken_up_when_they_are_mended() {
    let mut world = World::default();
    let part =
        |values: &[(&str, &str)], findings| Report { parts: true, rows: 3, findings, ..message(1, values) };
    let then = part(&[("X01", "1")], vec![error("line 4"), error("line 5")]);
    assert_eq!(figures(&world.send(then.clone())), (ReportVerdict::InPart, [1, 0, 0, 2, 0, 0]));
    let now = part(&[("X01", "1"), ("X02", "2")], vec![error("line 5")]);
    let left = world.retake(&then, now, 2);
    assert_eq!(figures(left.receipt.as_ref().unwrap()), (ReportVerdict::InPart, [1, 0, 1, 1, 0, 0]));
    assert_eq!(says(&left), [(Reread::Replaced, 0, 0, 0), (Reread::Read, 1, 2, 1)]);
    let net = world.counts.net();
    assert_eq!((net.stored, net.duplicate, net.rejected), (2, 0, 1), "three rows, as before");
}

#[test]
fn what_a_message_takes_back_by_leaving_it_out_it_takes_back_from_one_that_was_mended() {
    let mut world = World::default();
    let then = message(1, &[("X01", "1"), ("X02", "2")]);
    let now = message(1, &[("X01", "1"), ("X03", "2")]);
    let whole = |keys: &[&str]| meant(left_out(message(2, &[("X01", "5")]), Absent::Withdraws, keys));
    let (wide, narrow) = (whole(&["X02", "X03", "X05"]), whole(&["X02", "X03"]));
    let _ = world.send(then.clone());
    let _ = world.send(wide.clone());
    let _ = world.retake(&then, now, 0);
    let shown = world.shown();
    assert_eq!((shown["X02"].as_str(), shown["X03"].as_str()), ("withdrawn", "withdrawn"), "it came before");
    // Nobody had said anything of X02 that it could take back.
    assert_eq!(says(&world.retake(&wide, wide.clone(), 0)), [(Reread::Replaced, 0, 0, 0)]);
    assert!(world.is_unchanged(&wide, &wide));
    // A form that does not leave it out any more takes nothing of it back.
    assert_eq!(world.retake(&wide, narrow, 0).rows, 0);
    let early = Arrival { received_at: ReceivedAt(1), ..arrival(8) };
    let _ = world.send(Report { arrival: early, ..message(8, &[("X05", "4")]) });
    assert_eq!(world.shown()["X05"], "4");
}

#[test]
fn replay_what_a_manifest_keeps_of_a_report_is_read_as_it_was_written() {
    let values = ["-12345678901234567890.123456789", "865.40", "0"].map(|text| Value::of(decimal(text)));
    let marks = Mark::ALL.into_iter().skip(1).map(Value::without);
    let word = |value| StoredWord {
        key: key("X01", "2026-10"),
        vintage: Vintage::Preliminary,
        value,
        owner: Name::from(COMMUNE),
        feed: Name::from("reports"),
        sender: Name::from("xa-25486"),
        arrival: arrival(7),
        at: "T10!D4".into(),
        as_sent: "1,50".into(),
        note: "(1)".into(),
    };
    let earlier: Vec<StoredWord> = values.into_iter().chain(marks).map(word).collect();
    let periods = vec![month("2026-10"), month("2026-11")];
    let (form, agency, own) = (Name::from(FORM), Name::from(COMMUNE), earlier.clone());
    let on_record = ReportOnRecord { form, agency, rows: 9, rejected: 1, periods, own, earlier };
    let on_record = OnRecord::TakenReport(on_record);
    let before = ReadBefore { pack: Some(PackVersion("one".to_owned())), arrived_with: None, on_record };
    let bytes = postcard::to_stdvec(&before).unwrap();
    assert_eq!(postcard::from_bytes::<ReadBefore>(&bytes).unwrap(), before);
}

#[test]
fn a_list_that_was_mended_so_that_a_group_became_nought_is_mended_again() {
    let list = |groups: &[(&str, &str)]| lists::list(1, groups);
    let mut world = World::default();
    let _ = world.send(lists::list(0, &[("sex=f", "1")]));
    let (first, second) = (list(&[("sex=f", "3")]), list(&[("sex=m", "3")]));
    let third = list(&[("sex=m", "30")]);
    let _ = world.send(first.clone());
    let _ = world.retake(&first, second.clone(), 0);
    assert_eq!(world.cases(), lists::told(&[("sex=f", "0"), ("sex=m", "3")]));
    let nought = world.values.iter().rfind(|row| row.shown && row.cell.key.breakdown == "sex=f").unwrap();
    assert_eq!((&*nought.cell.at, nought.standing), ("", RowStanding::Replaced), "it stands in no cell");
    let left = world.retake(&second, third.clone(), 0);
    assert_eq!(says(&left), [(Reread::Replaced, 1, 0, 0)]);
    assert_eq!(world.cases(), lists::told(&[("sex=f", "0"), ("sex=m", "30")]));
    assert!(world.is_unchanged(&third, &third));
}

#[test]
fn whose_cells_they_are_is_mended_and_they_are_shown_and_no_conflict() {
    let offices = |report: Report| {
        let cells = report.cells.into_iter().map(|cell| Cell { owner: Name::from(OFFICE), ..cell });
        Report { cells: cells.collect(), ..report }
    };
    let now = message(1, &[("X01", "87")]);
    let then = offices(now.clone());
    let mut world = World::default();
    assert_eq!(world.send(then.clone()).conflicts, 1);
    assert_eq!(world.shown(), BTreeMap::new());
    let left = world.retake(&then, now.clone(), 0);
    assert_eq!(world.shown(), BTreeMap::from([("X01", "87".to_owned())]));
    assert_eq!(left.filed.len(), 1, "it answers for its period now");
    assert_eq!(readings(&world.values).values().last().unwrap().cell.owner, COMMUNE);
    assert!(world.is_unchanged(&now, &now));
    // Between two messages it is mended for all that is known of the cell, and one row of it is current.
    let mut world = World::default();
    let _ = world.send(Report { agency: Name::from(OFFICE), ..then.clone() });
    assert_eq!(world.shown()["X01"], "87");
    assert_eq!(figures(&world.send(message(2, &[("X01", "90")]))).1, [1, 0, 0, 0, 0, 0]);
    assert_eq!(world.shown()["X01"], "90");
    let _ = world.send(offices(message(3, &[("X01", "91")])));
    assert_eq!(world.shown()["X01"], "87", "the office's word counts again");
    // Said anew by another owner it is another word, and no other value.
    assert_eq!(figures(&world.send(message(4, &[("X01", "91")]))).1, [1, 0, 0, 0, 0, 0]);
    assert_eq!(world.shown()["X01"], "91");
}

#[test]
fn what_is_another_agencys_now_that_said_nothing_of_it_is_not_shown_any_more() {
    let mut world = World::default();
    let _ = world.send(message(1, &[("X01", "87"), ("X02", "5")]));
    let mut mended = message(1, &[("X01", "87"), ("X02", "5")]);
    mended.cells[0].owner = Name::from(OFFICE);
    let _ = world.retake(&message(1, &[("X01", "87"), ("X02", "5")]), mended.clone(), 0);
    let shown = world.shown();
    assert_eq!((shown["X01"].as_str(), shown["X02"].as_str()), ("withdrawn", "5"));
    assert!(world.is_unchanged(&mended, &mended));
    // What its agency says of it is on record, and the owner's word counts.
    assert_eq!(readings(&world.values).len(), 2);
    let office = Report {
        agency: Name::from(OFFICE),
        cells: vec![mended.cells[0].clone()],
        rows: 1,
        ..message(2, &[])
    };
    let _ = world.send(office);
    assert_eq!(world.shown()["X01"], "87");
}

#[test]
fn a_reading_that_becomes_equal_to_a_later_word_does_not_come_back_as_it_was() {
    let mut world = World::default();
    let (first, second) = (message(1, &[("X01", "7")]), message(2, &[("X01", "5")]));
    let _ = world.send(first.clone());
    let _ = world.send(second.clone());
    let _ = world.retake(&first, message(1, &[("X01", "5")]), 0);
    let _ = world.retake(&second, message(2, &[("X02", "5")]), 0);
    assert_eq!(world.shown(), BTreeMap::from([("X01", "5".to_owned()), ("X02", "5".to_owned())]));
    // So where the first said nothing of it before.
    let mut world = World::default();
    let first = message(1, &[("X03", "5")]);
    let _ = world.send(first.clone());
    let _ = world.send(second.clone());
    let _ = world.retake(&first, message(1, &[("X01", "5")]), 0);
    let _ = world.retake(&second, message(2, &[("X02", "5")]), 0);
    assert_eq!(world.shown()["X01"], "5");
}

#[test]
fn a_word_that_takes_back_by_the_mended_form_takes_back_what_is_restored_behind_it() {
    let mut world = World::default();
    let second = message(2, &[("X01", "9"), ("X03", "1")]);
    let third = message(3, &[("X01", "3"), ("X02", "1")]);
    let _ = world.send(message(1, &[("X01", "5")]));
    let _ = world.send(second.clone());
    let _ = world.send(third.clone());
    let _ = world.retake(&second, message(2, &[("X01", "withdrawn"), ("X03", "1")]), 0);
    let _ = world.retake(&third, message(3, &[("X02", "1")]), 0);
    assert_eq!(world.shown()["X01"], "withdrawn");
    let last = readings(&world.values).into_values().rfind(|row| row.cell.key.indicator == "X01").unwrap();
    assert_eq!((last.arrival.position, last.standing), (arrival(2).position, RowStanding::Restored));
}

#[test]
fn what_others_say_of_a_cell_is_their_last_word_when_they_are_read_again() {
    let of_office = |report: Report| Report { agency: Name::from(OFFICE), ..report };
    let last = |world: &World| {
        let words = readings(&world.values).into_values();
        let mut of_x = words.filter(|row| row.agency == OFFICE && row.cell.key.indicator == "X01");
        of_x.next_back().map(|row| (row.cell.value, row.arrival.position)).unwrap()
    };
    let position = |number| arrival(number).position;
    // The second does not say it any more.
    let mut world = World::default();
    let second = of_office(message(2, &[("X01", "5"), ("X02", "1")]));
    let _ = world.send(of_office(message(1, &[("X01", "87")])));
    let _ = world.send(second.clone());
    let _ = world.retake(&second, of_office(message(2, &[("X02", "1")])), 0);
    assert_eq!(last(&world), (Value::of(decimal("87")), position(1)));
    // The first is mended, and the second had said the same.
    let mut world = World::default();
    let first = of_office(message(1, &[("X01", "5")]));
    let _ = world.send(first.clone());
    let _ = world.send(of_office(message(2, &[("X01", "5")])));
    let _ = world.retake(&first, of_office(message(1, &[("X01", "6")])), 0);
    assert_eq!(last(&world), (Value::of(decimal("5")), position(2)));
}
