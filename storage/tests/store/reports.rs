//! What agencies report, as it is stored and read again: what is shown, what was, what became of each message.

use ioc_model::{
    asker::{Asker, Sight},
    epoch::Epoch,
    fact::Ranks,
    form::{Cell, CellKey, Mark, Period, PeriodKind, ReceiptCursor, ReceiptFilter, Value, Vintage},
    name::Name,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    results::{EpochResults, Facts, Receipt, ReportVerdict, RowStanding, StoredCell},
    time::{Now, ReceivedAt},
};
use ioc_storage::{Topology, queries::ReportedCell};

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
    let values = server.store.report_values(&everyone, "ktxh-x", &periods, None, 10).await.unwrap();
    assert_eq!(
        values.iter().map(|cell| cell.indicator.as_str()).collect::<Vec<_>>(),
        ["X01", "X02", "X03", "X04"]
    );
    for (form, periods, place) in [
        ("other", &periods[..], None),
        ("ktxh-x", &periods[..1], None),
        ("ktxh-x", &periods[..], Some("25489")),
    ] {
        assert_eq!(server.store.report_values(&everyone, form, periods, place, 10).await.unwrap(), []);
    }
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
