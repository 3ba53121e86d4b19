//! What agencies report, as it is stored and read again: what is shown, what was, what became of each message.

use std::{collections::BTreeSet, time::Duration};

use ioc_model::{
    asker::{Asker, Sight},
    epoch::{Epoch, Generation},
    fact::Ranks,
    form::{
        Cell, CellFilter, CellKey, Mark, Period, PeriodKind, ReceiptCursor, ReceiptFilter, Value, Vintage,
    },
    name::Name,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    replay::{ReplayPortion, ReplayScope, ReportOnRecord, SpokenOf, StoredWord},
    results::{EpochResults, Facts, Receipt, ReportVerdict, RowStanding, StoredCell},
    time::{Now, ReceivedAt},
};
use ioc_storage::{
    Topology,
    queries::{ReportedCell, TakenReport, TakenReports},
};

use crate::{sample, server::TestServer};

fn arrival(offset: u64, row: u32) -> Arrival {
    Arrival {
        received_at: ReceivedAt(sample::time("2026-10-16T09:00:00Z").0 + 1_000 * offset as i64),
        position: Position { log: LogNumber(1), partition: Partition(0), offset: Offset(offset) },
        row,
    }
}

fn october() -> Period {
    Period::of(PeriodKind::AdminMonth, 2026, 10).unwrap()
}

fn number(text: &str) -> Value {
    Value::of(text.parse().unwrap())
}

/// The commune's official word; it is shown.
fn cell(indicator: &str, value: Value, offset: u64, row: u32) -> StoredCell {
    let sample = sample::results(Epoch(1), 0).facts.report_values.remove(0);
    StoredCell {
        cell: Cell {
            row,
            key: CellKey { indicator: Name::new(indicator), breakdown: Name::default(), ..sample.cell.key },
            value,
            as_sent: Box::default(),
            note: Box::default(),
            ..sample.cell.clone()
        },
        was: None,
        standing: RowStanding::First,
        shown: true,
        replaces: false,
        arrival: arrival(offset, row),
        ..sample
    }
}

fn corrects(was: Value, cell: StoredCell) -> StoredCell {
    StoredCell { was: Some(was), standing: RowStanding::Correction, replaces: true, ..cell }
}

fn receipt(offset: u64) -> Receipt {
    Receipt { arrival: arrival(offset, 0), ..sample::results(Epoch(1), 0).facts.receipts.remove(0) }
}

fn epoch(number: u64, report_values: Vec<StoredCell>, receipts: Vec<Receipt>) -> EpochResults {
    let mut facts = Facts { report_values, receipts, ..Facts::default() };
    facts.arrange(&mut Ranks::default());
    let now = Now(sample::time("2026-10-16T10:00:00Z").0 + 1_000 * number as i64);
    EpochResults {
        epoch: Epoch(number),
        now,
        manifest_hash: [number as u8; 32],
        pack: ioc_model::pack::PackVersion::default(),
        facts,
        ..EpochResults::default()
    }
}

/// October of a commune; X02 is corrected, X03 taken back, and another agency says of X01 something else.
async fn filled() -> TestServer {
    let server = TestServer::start().await;
    let first = vec![
        cell("X01", number("1204"), 1, 0),
        cell("X02", number("312"), 1, 1),
        cell("X03", number("12345678901234567890.123456789"), 1, 2),
        cell("X04", Value::without(Mark::None), 1, 3),
    ];
    let other = cell("X01", number("1300"), 2, 0);
    let other = StoredCell { agency: Name::from("so-x"), shown: false, ..other };
    let second = vec![
        other,
        corrects(number("312"), cell("X02", number("1130.50"), 3, 0)),
        corrects(
            number("12345678901234567890.123456789"),
            cell("X03", Value::without(Mark::Withdrawn), 3, 1),
        ),
    ];
    server.sink().write(&epoch(1, first, vec![receipt(1)]), false).await.unwrap();
    let refused =
        Receipt { verdict: ReportVerdict::Refused, period: None, findings: Vec::new(), ..receipt(3) };
    server.sink().write(&epoch(2, second, vec![receipt(2), refused]), false).await.unwrap();
    server
}

async fn is_shown_as_it_was_said(server: &TestServer, when: &str) {
    let shown = "SELECT indicator, mark, value, counts FROM";
    let now = server.ask(&format!("{shown} report_value_current ORDER BY indicator")).await;
    let expected = [
        "X01\tvalue\t1204\t1204",
        "X02\tvalue\t1130.5\t1130.5",
        "X03\twithdrawn\t\\N\t\\N",
        "X04\tnone\t\\N\t0",
    ];
    assert_eq!(now.lines().collect::<Vec<_>>(), expected, "{when}");
    let then = "report_value_known_at(known_at = '2026-10-16 10:00:01') WHERE indicator IN ('X02', 'X03')";
    let then = server.ask(&format!("{shown} {then} ORDER BY indicator")).await;
    let expected = [
        "X02\tvalue\t312\t312",
        "X03\tvalue\t12345678901234567890.123456789\t12345678901234567890.123456789",
    ];
    assert_eq!(then.lines().collect::<Vec<_>>(), expected, "{when}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_what_is_shown_of_a_cell_is_its_owners_last_word_before_and_after_marking() {
    let server = filled().await;
    is_shown_as_it_was_said(&server, "before marking").await;
    let _ = server.store.mark_superseded(&Topology::Single).await.unwrap();
    assert_eq!(server.ask("SELECT count() FROM report_value WHERE until = 2 AND epoch = 1").await, "2");
    is_shown_as_it_was_said(&server, "after marking").await;
    let conflicts = "SELECT indicator, agency, value, owner, shown_value FROM report_conflict";
    assert_eq!(server.ask(conflicts).await, "X01\tso-x\t1300\t25486\t1204");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_read_back_with_all_that_was_found_in_it_and_what_it_changed() {
    let server = filled().await;
    let everyone = Asker::everyone();
    let read = server.store.report_receipt(&everyone, arrival(1, 0).position).await.unwrap();
    assert_eq!(read, Some(receipt(1)));
    let refused = server.store.report_receipt(&everyone, arrival(3, 0).position).await.unwrap().unwrap();
    assert_eq!((refused.verdict, refused.period, refused.findings.len()), (ReportVerdict::Refused, None, 0));
    let other = Asker::of(Sight::default().and_feeds(["air"]));
    assert_eq!(server.store.report_receipt(&other, arrival(1, 0).position).await.unwrap(), None);

    let changes = server.store.report_changes(&everyone, arrival(3, 0).position, 10).await.unwrap();
    let said: Vec<(&str, Value, Option<Value>, u32)> = changes
        .iter()
        .map(|cell| (cell.indicator.as_str(), cell.value, cell.was, cell.arrival.row))
        .collect();
    let large = number("12345678901234567890.123456789");
    let expected = [
        ("X02", number("1130.5"), Some(number("312")), 0),
        ("X03", Value::without(Mark::Withdrawn), Some(large), 1),
    ];
    assert_eq!(said, expected);
    let ReportedCell { period, vintage, place, agency, standing, .. } = &changes[0];
    assert_eq!((*period, *vintage, place.as_str()), (october(), Vintage::Official, "25486"));
    assert_eq!((agency.as_str(), *standing), ("25486", RowStanding::Correction));

    let periods = [Period::of(PeriodKind::Month, 2026, 10).unwrap(), october()];
    let values =
        server.store.report_values(&everyone, "ktxh-x", &periods, &CellFilter::default(), 10).await.unwrap();
    assert_eq!(
        values.iter().map(|cell| cell.indicator.as_str()).collect::<Vec<_>>(),
        ["X01", "X02", "X03", "X04"]
    );
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    let all = CellFilter::default();
    for (form, periods, of) in [
        ("other", &periods[..], all.clone()),
        ("ktxh-x", &periods[..1], all.clone()),
        ("ktxh-x", &periods[..], CellFilter { codes: words(&["25489"]), ..all.clone() }),
        ("ktxh-x", &periods[..], CellFilter { indicators: words(&["X09"]), ..all.clone() }),
        ("ktxh-x", &periods[..], CellFilter { part: Some("sex=f".to_owned()), ..all.clone() }),
    ] {
        assert_eq!(server.store.report_values(&everyone, form, periods, &of, 10).await.unwrap(), []);
    }
    let some = CellFilter {
        indicators: words(&["X02", "X04"]),
        part: Some(String::new()),
        codes: words(&["25486", "25489"]),
    };
    let values = server.store.report_values(&everyone, "ktxh-x", &periods, &some, 10).await.unwrap();
    assert_eq!(values.iter().map(|cell| cell.indicator.as_str()).collect::<Vec<_>>(), ["X02", "X04"]);
    let places = server.store.report_places(&everyone, "ktxh-x", &periods).await.unwrap();
    assert_eq!(places.iter().map(|place| place.code.as_str()).collect::<Vec<_>>(), ["25486"]);
    assert!(server.store.report_places(&everyone, "ktxh-x", &periods[..1]).await.unwrap().is_empty());
    // X03 was taken back, so that nothing of it counts.
    let indicators = ["X02", "X03"].map(str::to_owned);
    for (of, expected) in [(None, vec![number("1130.5")]), (Some(&periods[..1]), vec![])] {
        let counts = server.store.report_counts(&everyone, "ktxh-x", &indicators, of, 10).await.unwrap();
        let numbers: Vec<Value> =
            counts.iter().map(|count| Value { mark: Mark::Value, number: Some(count.number) }).collect();
        assert_eq!(numbers, expected);
        assert!(counts.iter().all(|count| count.period == october() && count.place == "25486"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_are_listed_newest_first_each_once_over_all_pages() {
    let server = filled().await;
    let everyone = Asker::everyone();
    let mut found = Vec::new();
    let mut before: Option<ReceiptCursor> = None;
    loop {
        let page =
            server.store.report_receipts(&everyone, &ReceiptFilter::default(), before, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        before =
            Some(ReceiptCursor { received_at: last.arrival.received_at, position: last.arrival.position });
        found.extend(page.iter().map(|receipt| receipt.arrival.position.offset.0));
    }
    assert_eq!(found, [3, 2, 1]);
    let of = |form: Option<&str>, agency: Option<&str>, verdict| ReceiptFilter {
        sender: None,
        form: form.map(str::to_owned),
        agency: agency.map(str::to_owned),
        verdict,
    };
    for (of, expected) in [
        (of(Some("ktxh-x"), Some("25486"), Some(ReportVerdict::Refused)), 1),
        (of(Some("ktxh-x"), None, None), 3),
        (of(None, Some("x'; DROP TABLE receipt --"), None), 0),
    ] {
        let listed = server.store.report_receipts(&everyone, &of, None, 10).await.unwrap();
        assert_eq!(listed.len(), expected, "{of:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_label_of_a_period_is_the_one_that_the_product_writes() {
    let server = TestServer::start().await;
    let days =
        ["2025-12-28", "2026-01-15", "2026-06-14", "2026-06-15", "2026-12-31", "2027-01-02", "1969-05-01"];
    let mut values = Vec::new();
    for day in days {
        for kind in PeriodKind::ALL {
            let Some(period) = Period::holding(kind, day.parse().unwrap()) else { continue };
            let mut cell = cell("X01", number("1"), 1, values.len() as u32);
            cell.cell.key.indicator = Name::new(&format!("{} {}", kind.word(), period.start));
            cell.cell.key.period = period;
            values.push(cell);
        }
    }
    values.sort_by_key(|cell| cell.cell.key);
    values.dedup_by_key(|cell| cell.cell.key);
    let mut expected: Vec<String> = values
        .iter()
        .map(|cell| format!("{}\t{}", cell.cell.key.indicator, cell.cell.key.period.label()))
        .collect();
    expected.sort_unstable();
    server.sink().write(&epoch(1, values, Vec::new()), false).await.unwrap();
    let labels = server.ask("SELECT indicator, period FROM report_cell ORDER BY indicator").await;
    assert_eq!(labels.lines().collect::<Vec<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_about_one_period_reads_what_is_stored_of_that_and_not_of_all() {
    let server = TestServer::start().await;
    let months: Vec<Period> =
        (2010..2026).map(|year| Period::of(PeriodKind::Month, year, 6).unwrap()).collect();
    let of = |(at, period): (usize, &Period)| {
        let mut cell = cell("X01", number("7"), 1, at as u32);
        cell.cell.key.period = *period;
        cell
    };
    let cells = months.iter().enumerate().map(of).collect();
    server.sink().write(&epoch(1, cells, vec![receipt(1)]), false).await.unwrap();
    let (everyone, form, indicators) = (Asker::everyone(), "ktxh-x", ["X01".to_owned()]);
    let counts = async |periods: Option<&[Period]>| {
        let before = server.parts_read().await;
        let found = server.store.report_counts(&everyone, form, &indicators, periods, 100).await.unwrap();
        (found.len(), server.parts_read().await - before)
    };
    let (all, of_all) = counts(None).await;
    let (one, of_one) = counts(Some(&months[3..4])).await;
    assert_eq!((all, one), (months.len(), 1));
    assert!(of_one < of_all / 2, "{of_one} of {of_all} parts");
    // Another kind of period that begins on that day is another period.
    let quarter = Period { kind: PeriodKind::Quarter, ..months[3] };
    assert_eq!(counts(Some(&[quarter])).await.0, 0);
}

/// Which of a feed's reports come next, at most so many.
async fn taken(server: &TestServer, after: Option<u64>, upto: u64, limit: usize) -> Vec<TakenReport> {
    taken_within(server, after, upto, (limit, Duration::from_secs(60))).await.reports
}

async fn taken_within(
    server: &TestServer,
    after: Option<u64>,
    upto: u64,
    bound: (usize, Duration),
) -> TakenReports {
    let portion = ReplayPortion {
        replay: Arrival::default(),
        of: cell("X01", number("1"), 1, 0).feed,
        scope: ReplayScope::Stored,
        reason: None,
        after: after.map(|offset| (arrival(offset, 0).received_at, arrival(offset, 0).position)),
    };
    let between = (ReceivedAt(0), ReceivedAt(arrival(10_000, 0).received_at.0));
    let found = server.store.taken_reports(&portion, between, Generation(0), Epoch(upto), bound);
    found.await.unwrap()
}

type Said = Vec<(&'static str, Value, u64)>;

/// What of one of them is stored, and what was said before it, where it is the whole of some periods.
async fn words(server: &TestServer, offset: u64, periods: &[Period], upto: u64) -> (u32, Said, Said) {
    let whole = periods.iter().map(|period| (*period, None)).collect();
    let spoken = SpokenOf { periods: periods.iter().copied().collect(), keys: BTreeSet::new(), whole };
    words_of(server, offset, spoken, upto).await
}

/// The same by what it speaks of.
async fn words_of(server: &TestServer, offset: u64, spoken: SpokenOf, upto: u64) -> (u32, Said, Said) {
    let periods: Vec<Period> = spoken.periods.iter().copied().collect();
    let found = taken(server, None, upto, 10).await.into_iter();
    let found: Vec<_> = found
        .filter(|report| report.position.offset.0 == offset)
        .map(|report| (report, spoken.clone()))
        .collect();
    let on_record = server.store.words_of(&found, Generation(0), Epoch(upto)).await.unwrap();
    let [ReportOnRecord { rejected, periods: asked, own, earlier, .. }] = &on_record[..] else {
        panic!("{on_record:?}")
    };
    assert_eq!(*asked, periods);
    let said = |words: &[StoredWord]| -> Said {
        let word =
            |word: &StoredWord| (word.key.indicator.as_str(), word.value, word.arrival.position.offset.0);
        words.iter().map(word).collect()
    };
    (*rejected, said(own), said(earlier))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replay_reports_that_are_taken_are_found_with_what_they_said_and_what_was_said_before_them() {
    let server = TestServer::start().await;
    let now = |standing, cell: StoredCell| StoredCell { standing, ..cell };
    let replaced = |cell: StoredCell| now(RowStanding::Replaced, cell);
    let withdrawn = Value::without(Mark::Withdrawn);
    let first = vec![cell("X01", number("1"), 1, 0), cell("X02", number("2.50"), 1, 1)];
    server.sink().write(&epoch(1, first, vec![receipt(1)]), false).await.unwrap();
    let second = vec![corrects(number("1"), cell("X01", number("3"), 2, 0)), cell("X03", number("4"), 2, 1)];
    let in_part = Receipt { verdict: ReportVerdict::InPart, rows: 5, rejected: 3, ..receipt(2) };
    let refused = Receipt { verdict: ReportVerdict::Refused, ..receipt(3) };
    server.sink().write(&epoch(2, second, vec![in_part, refused]), false).await.unwrap();
    let third = vec![corrects(number("4"), cell("X03", number("5"), 4, 0))];
    server.sink().write(&epoch(3, third, vec![receipt(4)]), false).await.unwrap();

    let offsets = |found: Vec<TakenReport>| -> Vec<u64> {
        found.iter().map(|report| report.position.offset.0).collect()
    };
    assert_eq!(offsets(taken(&server, None, 3, 10).await), [1, 2, 4]);
    assert_eq!(offsets(taken(&server, Some(1), 3, 1).await), [2]);
    assert_eq!(offsets(taken(&server, Some(2), 2, 10).await), [] as [u64; 0], "what is refused is none");
    let october = [october()];
    let own_then = vec![("X01", number("3"), 2), ("X03", number("4"), 2)];
    let before = vec![("X01", number("1"), 1), ("X02", number("2.5"), 1)];
    assert_eq!(words(&server, 2, &october, 3).await, (3, own_then.clone(), before.clone()));
    assert_eq!(words(&server, 1, &october, 3).await.2, []);
    // Of other periods, and of none.
    let november = [Period::parse(PeriodKind::AdminMonth, "2026-11").unwrap()];
    assert_eq!(words(&server, 2, &november, 3).await, (3, Vec::new(), Vec::new()));
    assert_eq!(words(&server, 2, &[], 3).await, (3, Vec::new(), Vec::new()));
    let both = [october[0], november[0]];
    assert_eq!(words(&server, 2, &both, 3).await.1, own_then);
    // Of what it does not speak of nothing is brought, but of what is stored of it.
    let key = |indicator, place: &str| CellKey {
        place: Name::new(place),
        ..cell(indicator, number("1"), 1, 0).cell.key
    };
    let of_keys = |keys: &[CellKey], whole| SpokenOf {
        periods: october.into(),
        keys: keys.iter().copied().collect(),
        whole: BTreeSet::from_iter(whole),
    };
    let here = key("X02", "25486").place;
    let x01 = vec![("X01", number("1"), 1)];
    let of_x04 = words_of(&server, 2, of_keys(&[key("X04", "25486")], None), 3).await;
    assert_eq!(of_x04, (3, own_then.clone(), x01.clone()));
    let of_x02 = words_of(&server, 2, of_keys(&[key("X02", "25486")], None), 3).await;
    assert_eq!(of_x02, (3, own_then.clone(), before.clone()));
    let elsewhere = words_of(&server, 2, of_keys(&[key("X02", "25507")], None), 3).await;
    assert_eq!(elsewhere, (3, own_then.clone(), x01));
    let of_place = words_of(&server, 2, of_keys(&[], Some((october[0], Some(here)))), 3).await;
    assert_eq!(of_place, (3, own_then.clone(), before.clone()));

    // Once the first is read again: the last reading counts, and a word that is gone is none.
    let again = vec![
        replaced(cell("X01", number("1000"), 1, 0)),
        now(RowStanding::Gone, cell("X02", withdrawn, 1, 2)),
    ];
    server.sink().write(&epoch(4, again, vec![receipt(1)]), false).await.unwrap();
    assert_eq!(offsets(taken(&server, None, 4, 10).await), [1, 2, 4], "each once, by its last receipt");
    assert_eq!(words(&server, 1, &october, 4).await.1, [("X01", number("1000"), 1)]);
    assert_eq!(words(&server, 2, &october, 4).await.2, [("X01", number("1000"), 1)]);
    // By the mended form the second takes back: that is a word.
    let again = vec![replaced(cell("X03", withdrawn, 2, 1))];
    server.sink().write(&epoch(5, again, vec![receipt(2)]), false).await.unwrap();
    let before = vec![("X01", number("3"), 2), ("X03", withdrawn, 2)];
    assert_eq!(words(&server, 4, &october, 5).await.2, before);

    let feed = &receipt(1).feed;
    let between = (ReceivedAt(0), ReceivedAt(arrival(2, 0).received_at.0 + 1));
    let good = receipt(1).rows - receipt(1).rejected + 2;
    assert_eq!(server.store.stored_cells(feed, between).await.unwrap(), u64::from(good));
    assert_eq!(server.store.stored_cells("other", between).await.unwrap(), 0);
    let fate = server.store.envelope_fate(&Asker::everyone(), arrival(1, 0).position).await.unwrap();
    assert_eq!(fate.stored, 2, "a row that is read again is the row it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_say_is_their_last_word_by_the_last_reading_of_each_message() {
    let server = TestServer::start().await;
    let of_office = |standing, cell: StoredCell| StoredCell {
        agency: Name::from("so-x"),
        shown: false,
        standing,
        ..cell
    };
    let first =
        |indicator, text, offset| of_office(RowStanding::First, cell(indicator, number(text), offset, 0));
    let said = vec![first("X01", "87", 1), first("X01", "5", 2), first("X02", "6", 3), first("X02", "7", 4)];
    server.sink().write(&epoch(1, said, vec![receipt(1)]), false).await.unwrap();
    let conflicts = "SELECT indicator, value, position FROM report_conflict ORDER BY indicator";
    let position = |offset| {
        let Position { log, partition, offset } = arrival(offset, 0).position;
        format!("{}-{}-{}", log.0, partition.0, offset.0)
    };
    let lines = server.ask(conflicts).await;
    assert_eq!(lines.trim_end(), format!("X01\t5\t{}\nX02\t7\t{}", position(2), position(4)));
    // The second says nothing of X01 any more; what arrived before the last word on X02 is read again behind it.
    let again = vec![
        of_office(RowStanding::Gone, cell("X01", Value::without(Mark::Withdrawn), 2, 1)),
        of_office(RowStanding::Replaced, cell("X02", number("60"), 3, 0)),
    ];
    server.sink().write(&epoch(2, again, vec![receipt(2)]), false).await.unwrap();
    let lines = server.ask(conflicts).await;
    assert_eq!(lines.trim_end(), format!("X01\t87\t{}\nX02\t7\t{}", position(1), position(4)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bound_reports_are_not_looked_for_through_all_receipts_at_once() {
    let server = TestServer::start().await;
    let refused = |offset| Receipt { verdict: ReportVerdict::Refused, ..receipt(offset) };
    let receipts = (1..=1_500).map(refused).chain([receipt(1_501)]).collect();
    server.sink().write(&epoch(1, Vec::new(), receipts), false).await.unwrap();
    let first = taken_within(&server, None, 1, (10, Duration::ZERO)).await;
    let (_, looked_up_to) = first.after.expect("it is told how far it was looked");
    assert!(first.more && first.reports.is_empty(), "{first:?}");
    let second = taken_within(&server, Some(looked_up_to.offset.0), 1, (10, Duration::ZERO)).await;
    assert_eq!((second.reports.len(), second.after, second.more), (1, None, false));
    // Those that are too many come next, behind the last one.
    server.sink().write(&epoch(2, Vec::new(), vec![receipt(1_502)]), false).await.unwrap();
    let one = taken_within(&server, Some(looked_up_to.offset.0), 2, (1, Duration::ZERO)).await;
    assert_eq!((one.reports.len(), one.after, one.more), (1, None, true));
}

/// Day by day: who said it, what, and whose the cell was by the form of then.
async fn conflicts_of(said: &[(&str, &str, &str)]) -> Vec<String> {
    let server = TestServer::start().await;
    for (number, (agency, text, owner)) in (1..).zip(said) {
        let mut word = cell("X01", self::number(text), number, 0);
        word.cell.owner = Name::new(owner);
        let word =
            StoredCell { agency: Name::new(agency), shown: agency == owner, replaces: number > 1, ..word };
        server.sink().write(&epoch(number, vec![word], vec![receipt(number)]), false).await.unwrap();
    }
    let conflicts = "SELECT agency, value, owner FROM report_conflict ORDER BY agency";
    server.ask(conflicts).await.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_say_is_of_cells_that_are_not_theirs_by_the_last_word_of_anybody() {
    // The form named the office by mistake, and was mended: the commune's word of before is its own.
    let mended = conflicts_of(&[("25486", "87", "so-x"), ("so-x", "90", "25486")]).await;
    assert_eq!(mended, ["so-x\t90\t25486"]);
    // The office's word of before is another's since the commune spoke by the mended form.
    let mended = conflicts_of(&[("so-x", "50", "so-x"), ("25486", "87", "25486")]).await;
    assert_eq!(mended, ["so-x\t50\t25486"]);
}
