use std::sync::Arc;

use ioc_model::{
    attribute::Attributes,
    contract::Contract,
    envelope::Content,
    names::Names,
    observation::Quality,
    pack::{Feed, FormatName, Pack, PackVersion},
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
    ReadBefore { pack: Some(PackVersion(version.to_owned())), on_record }
}

/// What a message gives that was read with one pack and is read with another.
fn again(one: &Decoder, two: &Decoder, payload: &str, on_record: OnRecord) -> Reread {
    let before = before(&one.pack().version.0, on_record);
    reread(two, Some(one), &mut Known::default(), &envelope(payload), &before)
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

#[test]
fn loud_a_reading_that_is_not_the_one_on_record_is_not_believed() {
    let names = Names::default();
    let (one, two) = (json(&names, "one", &["pm25"]), json(&names, "two", &["pm25", "so2"]));
    let payload = rows(&[row("pm25", 1, 1.0), row("so2", 1, 2.0)]);
    assert_eq!(again(&one, &two, &payload, OnRecord::RejectedRows(vec![0])), Reread::Unclear);
    assert_eq!(again(&one, &two, &payload, OnRecord::RefusedReport), Reread::Unclear);
    let unknown = ReadBefore { pack: None, on_record: OnRecord::RejectedRows(vec![1]) };
    let reread = reread(&two, None, &mut Known::default(), &envelope(&payload), &unknown);
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
    let unknown = ReadBefore { pack: None, on_record: OnRecord::RejectedWhole };
    let same = reread(&two, None, &mut Known::default(), &envelope(&payload), &unknown);
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
