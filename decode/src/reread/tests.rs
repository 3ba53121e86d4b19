use std::sync::Arc;

use ioc_model::{
    attribute::Attributes,
    contract::Contract,
    envelope::Content,
    form::{Period, PeriodKind},
    names::Names,
    observation::Quality,
    pack::{Feed, FormatName, Pack},
    position::{Offset, Position},
    reject::RejectReason,
    time::{Millis, ReceivedAt},
};
use ioc_testing::{feed, indicator, station};

use super::*;

const NOW: i64 = 1_767_225_600_000;

/// A pack of that version in which one station measures those.
fn decoder(names: &Names, version: &str, indicators: &[&str], format: FormatName) -> Decoder {
    let measures: Vec<(&str, Millis)> = indicators.iter().map(|id| (*id, Millis::minutes(5))).collect();
    let air = Feed { format, ..feed("air", Contract::default()) };
    let all = indicators.iter().map(|id| indicator(id)).collect();
    let pack: Pack = ioc_testing::pack(version, vec![station("S0", &measures)], all, vec![air]);
    Decoder::new(Arc::new(pack), names.clone()).unwrap()
}

fn envelope(payload: &str) -> Envelope<'_> {
    Envelope {
        position: Position { offset: Offset(7), ..Position::default() },
        feed: "air",
        received_at: ReceivedAt(NOW),
        content: Content::Raw,
        address: "/ingest/air",
        attributes: Attributes::default(),
        payload: payload.as_bytes(),
    }
}

fn row(indicator: &str, second: u32, value: f64) -> String {
    format!(
        r#"{{"indicator":"{indicator}","subject":"S0","time":"2025-12-31T23:59:{second:02}Z","value":{value}}}"#
    )
}

fn rows(rows: &[String]) -> String {
    format!("[{}]", rows.join(","))
}

fn before(version: &str, on_record: OnRecord) -> ReadBefore {
    ReadBefore { pack: Some(PackVersion(version.to_owned())), arrived_with: None, on_record }
}

/// What a message gives that was read with one pack and is read with another.
fn again(one: &Decoder, two: &Decoder, payload: &str, on_record: OnRecord) -> Reread {
    let before = before(&one.pack().version.0, on_record);
    reread(
        two,
        Earlier { judged: Some(one), arrived: None },
        &mut Known::default(),
        &envelope(payload),
        &before,
    )
}

fn other(reread: Reread) -> Difference {
    match reread {
        Reread::Other(difference) => *difference,
        reread => panic!("{reread:?}"),
    }
}

fn json(names: &Names, version: &str, indicators: &[&str]) -> Decoder {
    decoder(names, version, indicators, FormatName::JsonObservation)
}

#[test]
fn once_only_what_was_rejected_is_taken_by_its_number() {
    let names = Names::default();
    let (one, two) = (json(&names, "one", &["pm25"]), json(&names, "two", &["pm25", "so2"]));
    let payload = rows(&[row("pm25", 1, 1.0), row("so2", 1, 2.0), row("x", 1, 3.0), row("so2", 2, 4.0)]);
    let difference = other(again(&one, &two, &payload, OnRecord::RejectedRows(vec![1, 2, 3])));
    let taken: Vec<(u32, f64)> =
        difference.observations.iter().map(|row| (row.arrival.row, row.value)).collect();
    assert_eq!(taken, [(1, 2.0), (3, 4.0)]);
    assert!(difference.observations.iter().all(|row| row.arrival.received_at == ReceivedAt(NOW)));
    assert_eq!(difference.rejected_before, 3);
    let still: Vec<(u32, RejectReason)> =
        difference.rejected.iter().map(|(row, rejection, _)| (*row, rejection.reason)).collect();
    assert_eq!(still, [(2, RejectReason::UnknownIndicator)]);
    assert_eq!(difference.outcome, None);
}

#[test]
fn once_what_was_good_is_left_alone_also_where_the_pack_reads_it_otherwise() {
    let names = Names::default();
    let one = json(&names, "one", &["pm25"]);
    // The first indicator is not measured any more, the second one is.
    let two = json(&names, "two", &["so2"]);
    let payload = rows(&[row("pm25", 1, 1.0), row("so2", 1, 2.0)]);
    let difference = other(again(&one, &two, &payload, OnRecord::RejectedRows(vec![1])));
    assert_eq!(difference.observations.len(), 1);
    assert!(difference.rejected.is_empty(), "it is stored: it is no reject");
}

#[test]
fn replay_what_reads_as_before_changes_nothing() {
    let names = Names::default();
    let (one, two) = (json(&names, "one", &["pm25"]), json(&names, "two", &["pm25", "no2"]));
    let payload = rows(&[row("pm25", 1, 1.0), row("so2", 1, 2.0)]);
    assert_eq!(again(&one, &two, &payload, OnRecord::RejectedRows(vec![1])), Reread::Same);
    assert_eq!(again(&two, &two, &payload, OnRecord::RejectedRows(vec![1])), Reread::Same);
    let garbage = again(&one, &two, "{", OnRecord::RejectedWhole);
    assert_eq!(garbage, Reread::Same, "in the same words");
}

/// A pack by which a milligram is so many micrograms.
fn with_factor(names: &Names, version: &str, factor: f64) -> Decoder {
    let pack = Pack::clone(json(names, version, &["pm25", "no2"]).pack());
    let indicators = pack.indicators.into_iter().map(|(id, indicator)| {
        let units = [("mg/m3".to_owned(), factor)].into();
        (id, ioc_model::pack::Indicator { units, range: (None, Some(500.0)), ..indicator })
    });
    Decoder::new(Arc::new(Pack { indicators: indicators.collect(), ..pack }), names.clone()).unwrap()
}

fn stored(row: u32, indicator: &str, second: i64, value: f64) -> StoredBefore {
    StoredBefore {
        row,
        indicator: indicator.into(),
        subject: "S0".into(),
        event_time: ioc_model::time::EventTime(NOW - 60_000 + second * 1_000),
        value,
        quality: Quality::Good,
    }
}

fn milli(indicator: &str, second: u32, value: f64) -> String {
    row(indicator, second, value).replace('}', r#","unit":"mg/m3"}"#)
}

#[test]
fn once_what_is_stored_in_a_wrong_value_is_replaced_row_by_row() {
    let names = Names::default();
    let (one, two) = (with_factor(&names, "one", 1.0), with_factor(&names, "two", 1_000.0));
    let payload =
        rows(&[milli("pm25", 1, 0.25), row("pm25", 2, 7.0), milli("no2", 1, 0.75), milli("no2", 2, 3.0)]);
    // The last one was a duplicate: what left nothing has nothing to be replaced.
    let on_record = vec![stored(0, "pm25", 1, 0.25), stored(1, "pm25", 2, 7.0), stored(2, "no2", 1, 0.75)];
    let difference = other(again(&one, &two, &payload, OnRecord::Stored(on_record.clone())));
    let replaced: Vec<(u32, f64, Quality, f64)> = difference
        .replaced
        .iter()
        .map(|it| (it.row.arrival.row, it.row.value, it.row.quality, it.value_before))
        .collect();
    assert_eq!(replaced, [(0, 250.0, Quality::Good, 0.25), (2, 750.0, Quality::OutOfRange, 0.75)]);
    assert!(difference.observations.is_empty() && difference.rejected.is_empty());
    // A second time there is nothing to do, whichever pack is thought to have read it.
    let now = vec![stored(0, "pm25", 1, 250.0), stored(1, "pm25", 2, 7.0)];
    let before = |judged: &Decoder| ReadBefore {
        pack: Some(judged.pack().version.clone()),
        arrived_with: Some(one.pack().version.clone()),
        on_record: OnRecord::Stored(now.clone()),
    };
    let earlier = Earlier { judged: Some(&two), arrived: Some(&one) };
    let same = reread(&two, earlier, &mut Known::default(), &envelope(&payload), &before(&two));
    assert_eq!(same, Reread::Same);
}

#[test]
fn once_a_row_that_waited_is_known_by_the_pack_of_when_it_arrived() {
    let names = Names::default();
    let (one, two) = (with_factor(&names, "one", 1.0), with_factor(&names, "two", 1_000.0));
    let payload = rows(&[milli("pm25", 1, 0.25)]);
    let before = ReadBefore {
        pack: Some(two.pack().version.clone()),
        arrived_with: Some(one.pack().version.clone()),
        on_record: OnRecord::Stored(vec![stored(0, "pm25", 1, 0.25)]),
    };
    let read = |arrived| {
        let earlier = Earlier { judged: Some(&two), arrived };
        reread(&two, earlier, &mut Known::default(), &envelope(&payload), &before)
    };
    assert_eq!(other(read(Some(&one))).replaced.len(), 1);
    assert_eq!(read(None), Reread::Unclear, "by no pack that is kept it gave that");
}

#[test]
fn loud_what_is_about_something_else_now_or_was_never_given_is_left_as_it_is() {
    let names = Names::default();
    let (one, two) = (with_factor(&names, "one", 1.0), with_factor(&names, "two", 1_000.0));
    let payload = rows(&[milli("pm25", 1, 0.25), row("no2", 1, 7.0)]);
    let right = vec![stored(0, "pm25", 1, 0.25), stored(1, "no2", 1, 7.0)];
    for wrong in [
        stored(0, "pm25", 1, 0.5),
        stored(0, "no2", 1, 0.25),
        stored(0, "pm25", 2, 0.25),
        stored(2, "pm25", 1, 0.25),
        StoredBefore { subject: "S1".into(), ..stored(0, "pm25", 1, 0.25) },
        StoredBefore { quality: Quality::Suspect, ..stored(0, "pm25", 1, 0.25) },
    ] {
        let on_record = OnRecord::Stored(vec![wrong.clone(), right[1].clone()]);
        assert_eq!(again(&one, &two, &payload, on_record), Reread::Unclear, "{wrong:?}");
    }
    assert_eq!(again(&one, &two, &payload, OnRecord::Decided), Reread::Unclear);
    // A pack that does not take one of them any more would withdraw it.
    let fewer = json(&names, "three", &["pm25"]);
    assert_eq!(again(&one, &fewer, &payload, OnRecord::Stored(right.clone())), Reread::Unclear);
    // One by which it is another indicator's would move it.
    let pack = Pack::clone(one.pack());
    let no2 = pack.indicators["no2"].clone();
    let pm25 =
        ioc_model::pack::Indicator { aliases: vec!["NO2".to_owned()], ..pack.indicators["pm25"].clone() };
    let version = PackVersion("four".to_owned());
    let renamed = ioc_model::pack::Indicator { id: "nox".to_owned(), symbol: "NOX".to_owned(), ..no2 };
    let indicators = [("pm25".to_owned(), pm25), ("nox".to_owned(), renamed)].into();
    let moved = Decoder::new(Arc::new(Pack { version, indicators, ..pack }), names).unwrap();
    let said = again(&one, &moved, &payload, OnRecord::Stored(right));
    assert_eq!(said, Reread::Unclear);
}

#[test]
fn loud_a_reading_that_is_not_the_one_on_record_is_not_believed() {
    let names = Names::default();
    let (one, two) = (json(&names, "one", &["pm25"]), json(&names, "two", &["pm25", "so2"]));
    let payload = rows(&[row("pm25", 1, 1.0), row("so2", 1, 2.0)]);
    assert_eq!(again(&one, &two, &payload, OnRecord::RejectedRows(vec![0])), Reread::Unclear);
    assert_eq!(again(&one, &two, &payload, OnRecord::RefusedReport), Reread::Unclear);
    let unknown = ReadBefore { pack: None, arrived_with: None, on_record: OnRecord::RejectedRows(vec![1]) };
    let reread = reread(&two, Earlier::default(), &mut Known::default(), &envelope(&payload), &unknown);
    assert_eq!(reread, Reread::Unclear);
}

#[test]
fn once_a_message_of_which_nothing_could_be_read_is_read_whole() {
    let names = Names::default();
    let one = decoder(&names, "one", &["pm25"], FormatName::StationTxt);
    let two = json(&names, "two", &["pm25"]);
    let payload = rows(&[row("pm25", 1, 1.0), row("x", 1, 2.0)]);
    let difference = other(again(&one, &two, &payload, OnRecord::RejectedWhole));
    assert_eq!(difference.outcome, Some(Outcome::Decoded { rows: 2 }));
    assert_eq!((difference.observations.len(), difference.rejected.len()), (1, 1));
    // Where nobody knows how it was read, nothing was taken of it all the same.
    let unknown = ReadBefore { pack: None, arrived_with: None, on_record: OnRecord::RejectedWhole };
    let same = reread(&two, Earlier::default(), &mut Known::default(), &envelope(&payload), &unknown);
    assert_eq!(other(same), difference);
}

#[test]
fn once_rows_whose_numbers_moved_are_known_by_what_they_are_about() {
    let names = Names::default();
    let subject = names.subjects.number("S0");
    let series = |indicator: &str| ioc_model::observation::Series {
        subject,
        indicator: names.indicators.number(indicator),
    };
    let source = names.sources.number(ioc_model::names::Source { feed: "air".into(), sender: "".into() });
    let row = |number: u32, indicator: &str, at: i64| Observation {
        series: series(indicator),
        event_time: ioc_model::time::EventTime(at),
        value: f64::from(number),
        quality: Quality::Good,
        source,
        arrival: ioc_model::position::Arrival { row: number, ..Default::default() },
    };
    let then = Reading { observations: vec![row(1, "pm25", 5), row(2, "no2", 5)], ..Reading::default() };
    // One reject became three values.
    let now = || Reading {
        observations: vec![
            row(0, "pm25", 4),
            row(1, "no2", 4),
            row(2, "so2", 4),
            row(3, "pm25", 5),
            row(4, "no2", 5),
        ],
        ..Reading::default()
    };
    let found = by_content(&then, now()).unwrap();
    let numbers: Vec<u32> = found.observations.iter().map(|row| row.arrival.row).collect();
    assert_eq!(numbers, [0, 1, 2]);
    // What was good would be rejected and stored at once.
    let mut fewer = now();
    let _ = fewer.observations.pop();
    assert!(by_content(&then, fewer).is_none());
}

const FORMS: &str = r#"
[lists]
name = { vi = "Danh sách", en = "Lists" }
titles = ["*LISTS*"]
period = "month"
owner = "place"
decimal = ","
places = { kinds = ["commune", "ward"], below = ["80"] }

[[lists.columns]]
id = "code"
role = "place"
name = { vi = "Mã xã", en = "Code" }
required = true

[[lists.columns]]
id = "unit"
role = "unit"
name = { vi = "Đơn vị tính", en = "Unit" }

[[lists.columns]]
id = "value"
role = "value"
indicator = "X01"
name = { vi = "Số tiền", en = "Amount" }

[lists.indicators.X01]
name = { vi = "Số tiền", en = "Amount" }
unit = "đồng"
units = { "nghìn đồng" = FACTOR }
required = false
"#;

/// The pack whose form has that factor, with a feed of it.
fn with_form(names: &Names, version: &str, factor: u32, more: &str) -> Decoder {
    let forms = format!("{}{more}", FORMS.replace("FACTOR", &factor.to_string()));
    let pack = crate::contract::form::tests::with_forms(&forms);
    let contract = Contract { max_bytes: 1 << 20, ..Contract::default() };
    let feed = Feed {
        format: FormatName::Table,
        forms: vec!["lists".to_owned()],
        agency: Some("80".to_owned()),
        ..feed("air", contract)
    };
    let feeds = [("air".to_owned(), feed)].into();
    let pack = Pack { version: PackVersion(version.to_owned()), feeds, ..pack };
    Decoder::new(Arc::new(pack), names.clone()).unwrap()
}

#[test]
fn once_a_report_that_was_taken_goes_to_its_keeper_in_both_readings_where_they_differ() {
    let names = Names::default();
    let (one, two) = (with_form(&names, "one", 10, ""), with_form(&names, "two", 1_000, ""));
    let payload = "LISTS;tháng 10/2025\nMã xã;Đơn vị tính;Số tiền\n25486;nghìn đồng;5\n";
    let report = |decoder: &Decoder| {
        let mut reading = Reading::default();
        let outcome = decoder.decode(&envelope(payload), &mut reading);
        reading.report().unwrap_or_else(|| panic!("{outcome:?}"))
    };
    let (then, now) = (report(&one), report(&two));
    assert!(!then.has_errors() && then.cells.len() == 1, "{then:?}");
    let word = |report: &Report| {
        let Cell { key, vintage, owner, value, at, as_sent, note, .. } = report.cells[0].clone();
        let Report { feed, sender, arrival, .. } = *report;
        StoredWord { key, vintage, value, owner, feed, sender, arrival, at, as_sent, note }
    };
    let (periods, own) = (vec![then.cells[0].key.period], vec![word(&then)]);
    let on_record = |rows, periods: &[Period], own: &[StoredWord], earlier: &[StoredWord]| {
        let (form, agency) = (then.form, then.agency);
        let (periods, own, earlier) = (periods.to_vec(), own.to_vec(), earlier.to_vec());
        OnRecord::TakenReport(ReportOnRecord { form, agency, rows, rejected: 0, periods, own, earlier })
    };
    let taken = |rows| on_record(rows, &periods, &own, &[]);
    let difference = other(again(&one, &two, payload, taken(1)));
    let judged = |now: &Report, stays| {
        let (own, earlier) = (own.clone(), Vec::new());
        let before = ReportBefore::Taken { report: Box::new(then.clone()), rejected: 0, own, earlier, stays };
        Some(Judged { report: now.clone(), before })
    };
    assert_eq!(difference.report, judged(&now, false));
    assert!(difference.others.is_empty() && difference.observations.is_empty());
    assert_eq!(again(&one, &one, payload, taken(1)), Reread::Same);
    // It reads as it did, and what is stored does not say so: what it had said was what was said before it.
    let implied = on_record(1, &periods, &[], &[word(&now)]);
    assert_eq!(again(&two, &two, payload, implied.clone()), Reread::Same);
    assert!(other(again(&one, &one, payload, implied)).report.is_some());
    assert_eq!(again(&one, &two, payload, on_record(1, &[], &own, &[])), Reread::Unclear, "of other periods");
    assert_eq!(again(&one, &two, payload, taken(2)), Reread::Unclear, "its receipt says two rows");
    let unknown = ReadBefore { pack: None, arrived_with: None, on_record: taken(1) };
    let unknown = reread(&two, Earlier::default(), &mut Known::default(), &envelope(payload), &unknown);
    assert_eq!(unknown, Reread::Unclear);
    // What would be refused, is another agency's or no report of that form stays, and its keeper hears of it.
    let bounded = with_form(&names, "three", 1_000, "range = [0, 10]\n");
    assert_eq!(other(again(&one, &bounded, payload, taken(1))).report, judged(&then, true));
    let OnRecord::TakenReport(on_record) = taken(1) else { unreachable!("it was taken") };
    let anothers = Report { agency: Name::new("80"), ..now.clone() };
    let mut next_month = now.clone();
    next_month.cells[0].key.period = Period::parse(PeriodKind::Month, "2025-11").unwrap();
    for now in [None, Some(anothers), Some(next_month)] {
        let left = other(of_taken(now, Some(then.clone()), &on_record));
        assert_eq!(left.report, judged(&then, true));
    }
}

#[test]
fn replay_what_the_births_before_a_message_told_of_it_is_not_guessed() {
    let names = Names::default();
    let sparkplug = |version, measures: &[&str]| decoder(&names, version, measures, FormatName::SparkplugB);
    let (one, two) = (sparkplug("one", &["pm25"]), sparkplug("two", &["pm25", "so2"]));
    // 1.5, by the number 1 and by the name so2.
    let by_number = [0x10, 1, 0x65, 0, 0, 0xc0, 0x3f];
    let by_name = [&[0x0a, 3][..], b"so2", &[0x65, 0, 0, 0xc0, 0x3f]].concat();
    let payload = |metric: &[u8]| {
        let at = [&[0x08][..], &varint(NOW as u64 - 1_000)].concat();
        [&at[..], &[0x12, metric.len() as u8], metric].concat()
    };
    let again = |payload: &[u8], on_record| {
        let envelope = Envelope { payload, address: "spBv1.0/G/DDATA/gw/S0", ..envelope("") };
        let earlier = Earlier { judged: Some(&one), arrived: None };
        reread(&two, earlier, &mut Known::default(), &envelope, &before("one", on_record))
    };
    let stored = StoredBefore {
        row: 0,
        indicator: "pm25".into(),
        subject: "S0".into(),
        event_time: ioc_model::time::EventTime(NOW - 1_000),
        value: 1.5,
        quality: Quality::Good,
    };
    for on_record in [OnRecord::RejectedRows(vec![0]), OnRecord::Stored(vec![stored])] {
        assert_eq!(again(&payload(&by_number), on_record), Reread::Unclear);
    }
    let difference = other(again(&payload(&by_name), OnRecord::RejectedRows(vec![0])));
    assert_eq!(difference.observations.len(), 1, "what says all itself is read again");
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 127 {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
