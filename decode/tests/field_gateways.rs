//! Cases of the field, in numbers: what a user of such gateways rightly expects of their messages. The messages are those of
//! the golden cases, which say every word; here stands what must never be otherwise.

use std::{fs, path::Path, sync::Arc};

use ioc_decode::{
    Dated, Decoder, RowSink,
    trial::{NodesTried, trial, trial_behind},
};
use ioc_model::{
    attribute::{self, Attributes},
    envelope::{Content, Envelope},
    names::Names,
    observation::Observation,
    pack::Pack,
    position::Position,
    reject::Rejection,
    row::Row,
    time::ReceivedAt,
};
use serde_json::Value;

fn cases() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn decoder(change: impl FnOnce(&mut Pack)) -> Decoder {
    let mut pack =
        Pack::parse(&ioc_testing::files(&cases().join("pack"))).unwrap_or_else(|faults| panic!("{faults}"));
    change(&mut pack);
    Decoder::new(Arc::new(pack), Names::default()).unwrap()
}

/// How a case came: feed, address, moment, attributes.
fn meta(case: &Path) -> toml::Table {
    fs::read_to_string(case.join("meta.toml")).unwrap().parse().unwrap()
}

/// What the message of a case becomes `later` milliseconds later than it came, with that much more known of it.
fn becomes(decoder: &Decoder, case: &str, later: i64, more: &[(&str, &str)]) -> Vec<Value> {
    becomes_behind(decoder, &mut NodesTried::default(), case, later, more)
}

/// The same behind other messages of its node.
fn becomes_behind(
    decoder: &Decoder,
    nodes: &mut NodesTried,
    case: &str,
    later: i64,
    more: &[(&str, &str)],
) -> Vec<Value> {
    let case = cases().join(case);
    let meta = meta(&case);
    let text = |key: &str| meta[key].as_str().unwrap();
    let mut files = fs::read_dir(&case).unwrap().map(|entry| entry.unwrap().path());
    let input = files.find(|path| path.file_stem().is_some_and(|stem| stem == "input")).unwrap();
    let name = input.file_name().unwrap().to_str().unwrap();
    let address = meta.get("address").and_then(toml::Value::as_str).unwrap_or(name);
    let at: jiff::Timestamp = text("received_at").parse().unwrap();
    let told = meta.get("attributes").and_then(toml::Value::as_table).into_iter().flatten();
    let told: Vec<(&str, &str)> =
        told.map(|(word, value)| (word.as_str(), value.as_str().unwrap())).collect();
    let encoded = attribute::of_words(told.into_iter().chain(more.iter().copied())).unwrap();
    let received_at = ReceivedAt(at.as_millisecond() + later);
    let payload = fs::read(&input).unwrap();
    let attributes = Attributes::new(&encoded, &[]);
    let tried = trial_behind(decoder, nodes, text("feed"), address, attributes, received_at, &payload);
    tried.lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A row as `indicator value quality at` with minutes and seconds of its moment, or `reject reason`.
fn short(row: &Value) -> String {
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    match row["kind"].as_str() {
        Some("observation") => {
            let at = text("event_time");
            let moment = at[11..].trim_end_matches('Z').trim_end_matches(".000").to_owned();
            format!("{} {} {} {moment}", text("indicator"), row["value"], text("quality"))
        }
        _ => format!("reject {}", text("reason")),
    }
}

fn all(rows: &[Value]) -> Vec<String> {
    rows.iter().map(short).collect()
}

#[test]
fn field_senml_base_fields_hold_are_added_and_count_from_now() {
    let decoder = decoder(|_| {});
    let expected = [
        "temperature 27.4 good 00:00:00",
        "temperature 27.5 good 00:01:00",
        "humidity 81.2 good 00:01:00",
        "temperature 27.6 good 00:02:00",
        "pm25 18.4 good 00:00:00",
        "pm25 14.4 good 00:01:00",
        "pm10 61.3 good 00:01:00",
    ];
    for case in ["senml/base_fields", "senml/cbor_base_fields"] {
        assert_eq!(all(&becomes(&decoder, case, 0, &[])), expected, "{case}");
    }
    let relative = [
        "temperature 27.1 good 00:01:00",
        "temperature 27.2 good 00:02:00",
        "temperature 27.3 good 00:03:00",
        "temperature 27.4 good 00:04:00",
        "temperature 27.5 good 00:05:00",
    ];
    assert_eq!(all(&becomes(&decoder, "senml/relative", 0, &[])), relative);
    // Sent again because no acknowledgement came: now is not when it was measured.
    let again = becomes(&decoder, "senml/relative", 90_000, &[("again", "1")]);
    assert_eq!(again.len(), 5);
    assert!(again.iter().all(|row| row["quality"] == "suspect"), "{again:?}");
    assert_eq!(all(&becomes(&decoder, "senml/sum_only", 0, &[])), ["flow 340.0 good 00:00:00"]);
    assert_eq!(all(&becomes(&decoder, "senml/must_understand", 0, &[])), ["reject invalid_field"]);
    let draft = ["temperature 27.4 good 00:00:00", "temperature 27.5 good 00:01:00"];
    assert_eq!(all(&becomes(&decoder, "senml/old_draft", 0, &[])), draft);
}

#[test]
fn field_sparkplug_integers_have_the_sign_of_their_type_and_a_null_is_none() {
    let decoder = decoder(|_| {});
    assert!(becomes(&decoder, "sparkplug_b/00_nbirth", 0, &[]).is_empty());
    let born = [
        "freezer -18.0 good 00:00:00",
        "freezer_2 -18.0 good 00:00:00",
        "level -35.0 good 00:00:00",
        "volume_total 3000000000.0 good 00:00:00",
        "drift -87.0 good 00:00:00",
        "humidity 81.5 good 00:00:00",
    ];
    assert_eq!(all(&becomes(&decoder, "sparkplug_b/01_dbirth", 0, &[])), born);
    // Types are those of the birth, which a message alone does not know: no number is guessed.
    for (case, rejects) in [("02_ddata", 5), ("03_ddata", 2), ("04_ddata", 1)] {
        let rows = all(&becomes(&decoder, &format!("sparkplug_b/{case}"), 0, &[]));
        assert_eq!(rows, vec!["reject no_birth"; rejects], "{case}");
    }
    let mut nodes = NodesTried::in_order();
    let mut of =
        |case: &str| all(&becomes_behind(&decoder, &mut nodes, &format!("sparkplug_b/{case}"), 0, &[]));
    assert_eq!((of("00_nbirth").len(), of("01_dbirth")), (0, born.map(str::to_owned).to_vec()));
    let expected = [
        "freezer -19.0 good 00:01:00",
        "freezer_2 -19.0 good 00:01:00",
        "level -36.0 good 00:01:00",
        "volume_total 3000000001.0 good 00:01:00",
        "drift -88.0 good 00:01:00",
    ];
    assert_eq!(of("02_ddata"), expected);
    assert_eq!(of("03_ddata"), ["freezer -20.0 good 00:02:00", "volume_total 3000000002.0 good 00:02:00"]);
    assert_eq!(of("04_ddata"), ["freezer_2 -21.0 good 00:03:00"], "name and number are both there");
    let named = all(&becomes(&decoder, "sparkplug_b/named_data", 0, &[]));
    for row in ["freezer -20.0 good 00:00:00", "volume_total 3000000002.0 good 00:00:00"] {
        assert!(named.iter().any(|found| found == row), "{row} in {named:?}");
    }
}

const REBIRTH: [&str; 11] = [
    "00_nbirth",
    "01_dbirth",
    "02_ddata",
    "03_nbirth",
    "04_dbirth",
    "05_ddata",
    "06_ddata",
    "07_ddata",
    "08_ddata",
    "09_ddata",
    "10_ddata",
];

#[test]
fn field_sparkplug_no_alias_is_read_by_the_table_of_another_birth() {
    let decoder = decoder(|_| {});
    let mut nodes = NodesTried::in_order();
    let mut observations = Vec::new();
    let mut last = Vec::new();
    for case in REBIRTH {
        last = becomes_behind(&decoder, &mut nodes, &format!("sparkplug_b/rebirth_{case}"), 0, &[]);
        observations.extend(all(&last));
    }
    // 32 bits of a Float are the decimals that somebody wrote; what a birth says again has the time it had.
    let expected = [
        "pm25 18.4 good 00:00:00",
        "pm10 61.3 good 00:00:00",
        "pm25 18.6 good 00:01:00",
        "pm10 61.9 good 00:01:00",
        "pm10 61.9 good 00:01:00",
        "pm25 18.9 good 00:02:00",
        "temperature 27.4 good 00:02:00",
        "pm10 62.4 good 00:03:00",
        "pm25 19.1 good 00:03:00",
        "pm25 18.7 good 00:01:30",
        "pm10 62.9 good 00:05:00",
        "pm10 62.6 good 00:04:00",
        "pm25 19.3 good 00:04:00",
        "pm25 19.5 good 00:07:00",
        "reject no_birth",
    ];
    assert_eq!(observations, expected);
    let told = last[0]["message_en"].as_str().unwrap();
    assert!(told.contains("Alias 9 of gw-0001/tram-a is not in its birth"), "{told}");
    let told = last[0]["message_vi"].as_str().unwrap();
    assert!(told.contains("alias) 9 của gw-0001/tram-a không có trong bản tin khai sinh"), "{told}");
}

#[test]
fn field_sparkplug_without_a_birth_nothing_is_stored_under_any_name() {
    let decoder = decoder(|_| {});
    let mut nodes = NodesTried::in_order();
    for case in &REBIRTH[5..] {
        let alone = all(&becomes(&decoder, &format!("sparkplug_b/rebirth_{case}"), 0, &[]));
        let rows = becomes_behind(&decoder, &mut nodes, &format!("sparkplug_b/rebirth_{case}"), 0, &[]);
        assert!(all(&rows).iter().all(|row| row == "reject no_birth"), "{case}: {rows:?}");
        assert_eq!(all(&rows), alone);
        let told = rows[0]["message_en"].as_str().unwrap();
        assert!(told.contains("is named by its birth only, and none came"), "{told}");
    }
}

#[test]
fn field_chirpstack_a_clock_that_cannot_be_is_not_when_something_was_measured() {
    let decoder = decoder(|_| {});
    for (case, pm25, temperature, time_from) in [
        ("first", "pm25 18.4 good 00:05:01.204", "temperature 27.4 good 00:05:01.204", None),
        (
            "gps_without_fix",
            "pm25 18.6 good 00:10:01.402",
            "temperature 27.5 good 00:10:01.402",
            Some("server"),
        ),
        ("gps_ahead", "pm25 18.7 good 00:15:05.366", "temperature 27.5 good 00:15:05.366", Some("server")),
        ("after_rejoin", "pm25 19.0 good 00:20:01.180", "temperature 27.6 good 00:20:01.180", None),
        ("next", "pm25 19.1 good 00:25:01.199", "temperature 27.6 good 00:25:01.199", None),
    ] {
        let rows = becomes(&decoder, &format!("chirpstack/{case}"), 0, &[]);
        assert_eq!(all(&rows), [pm25, temperature], "{case}");
        assert!(rows.iter().all(|row| row["time_from"].as_str() == time_from), "{case}");
    }
    let bare = becomes(&decoder, "chirpstack/no_decoder", 0, &[]);
    assert_eq!(all(&bare), ["reject missing_field"]);
    assert!(bare[0]["message_en"].as_str().unwrap().contains("set a codec"));
}

/// The times of messages that lie far from their arrival: so many milliseconds behind, and whether no clock can say it.
#[derive(Default)]
struct Heard(Vec<(i64, bool)>);

impl RowSink for Heard {
    fn observation(&mut self, _: Observation) {}
    fn row(&mut self, _: Row) {}
    fn rejected(&mut self, _: u32, _: Rejection, _: &[u8]) {}
    fn dated(&mut self, dated: Dated) {
        self.0.push((dated.lag().0, dated.is_impossible()));
    }
}

/// What the message of a case says of its sender's clock, when it comes so much later and with that much more known of it.
fn heard(decoder: &Decoder, case: &str, later: i64, more: &[(&str, &str)]) -> Vec<(i64, bool)> {
    let case = cases().join("chirpstack").join(case);
    let meta = meta(&case);
    let text = |key: &str| meta[key].as_str().unwrap();
    let at: jiff::Timestamp = text("received_at").parse().unwrap();
    let encoded = attribute::of_words(more.iter().copied()).unwrap();
    let payload = fs::read(case.join("input.json")).unwrap();
    let envelope = Envelope {
        position: Position::default(),
        feed: text("feed"),
        received_at: ReceivedAt(at.as_millisecond() + later),
        content: Content::Raw,
        address: text("address"),
        attributes: Attributes::new(&encoded, &[]),
        payload: &payload,
    };
    let mut heard = Heard::default();
    let _ = decoder.decode(&envelope, &mut heard);
    heard.0
}

#[test]
fn field_chirpstack_who_sent_a_time_that_cannot_be_is_told_and_what_waited_says_nothing() {
    let decoder = decoder(|_| {});
    assert_eq!(heard(&decoder, "first", 0, &[]), []);
    let [(lag, true)] = heard(&decoder, "gps_without_fix", 0, &[])[..] else { panic!() };
    assert!(lag > 40 * 365 * 86_400_000, "of 1980, though the row is of now");
    let [(lag, true)] = heard(&decoder, "gps_ahead", 0, &[])[..] else { panic!() };
    assert_eq!(lag.div_euclid(60_000), -31);
    // Seven hours later: a message that waited, or a clock. Not so what may have been sent before.
    let [(lag, false)] = heard(&decoder, "first", 7 * 3_600_000, &[])[..] else { panic!() };
    assert_eq!(lag / 3_600_000, 7);
    for more in [&[("again", "1")][..], &[("will", "1")]] {
        assert_eq!(heard(&decoder, "first", 7 * 3_600_000, more), [], "{more:?}");
    }
}

#[test]
fn field_zigbee2mqtt_what_the_gateway_remembers_is_the_row_it_was() {
    let decoder = decoder(|_| {});
    let of = |case: &str| all(&becomes(&decoder, &format!("zigbee2mqtt/{case}"), 0, &[]));
    assert_eq!(of("with_its_time"), ["humidity 61.2 good 00:00:10.412", "temperature 4.6 good 00:00:10.412"]);
    assert_eq!(of("local_time"), ["humidity 63.0 good 00:03:10", "temperature 4.7 good 00:03:10"]);
    let last = of("milliseconds");
    assert_eq!(last, ["humidity 63.0 good 00:06:10.412", "temperature 4.9 good 00:06:10.412"]);
    assert_eq!(of("after_a_restart"), last, "a duplicate, whenever it comes");
    assert_eq!(of("kept_by_a_broker"), last, "a duplicate, whenever it comes");
    assert_eq!(
        of("without_a_time"),
        ["humidity 58.0 good 00:00:20.100", "temperature 5.1 good 00:00:20.100"]
    );
    let timed = becomes(&decoder, "zigbee2mqtt/without_a_time", 0, &[]);
    assert!(timed.iter().all(|row| row["time_from"] == "arrival"), "{timed:?}");
    for nothing in ["kept_by_a_broker_without_a_time", "availability", "bridge", "null"] {
        assert_eq!(of(nothing), Vec::<String>::new(), "{nothing}");
    }
    assert_eq!(of("retained_on_the_own_endpoint").len(), 2, "a device that asks for it to be kept is live");
}

#[test]
fn field_one_sample_by_two_channels_is_one_value_at_the_decimals_the_pack_keeps() {
    let decoder = decoder(|pack| {
        let station = pack.stations.get_mut("TN_KCNPD_NUOTHA").unwrap();
        station.decimals = [("ph".to_owned(), 2), ("cod".to_owned(), 1)].into();
    });
    let live = all(&becomes(&decoder, "station_json/one_sample", 0, &[]));
    let filed = all(&becomes(&decoder, "station_txt/one_sample", 0, &[]));
    assert_eq!(live.len(), 5);
    let differ: Vec<_> = live.iter().zip(&filed).filter(|(live, filed)| live != filed).collect();
    let [(live, filed)] = differ[..] else { panic!("{differ:?}") };
    // No rounding: a contradiction, and a correction that somebody sees.
    assert_eq!((live.as_str(), filed.as_str()), ("nh4 1.94 good 00:05:00", "nh4 9.1 good 00:05:00"));
}

#[test]
fn a_packed_message_is_read_as_what_it_was_before_and_a_cut_one_not_at_all() {
    use std::io::Write;
    let decoder = decoder(|_| {});
    let body = fs::read(cases().join("senml/base_fields/input.json")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&body).unwrap();
    let gzip = gzip.finish().unwrap();
    let at = ReceivedAt(1_795_133_100_000);
    let read = |word: &str, payload: &[u8]| {
        let known = attribute::of_words([("content_encoding", word)]).unwrap();
        let tried = trial(&decoder, "senml", "senml/gw-1", Attributes::new(&known, &[]), at, payload);
        let lines: Vec<Value> = tried.lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        all(&lines)
    };
    assert_eq!(read("gzip", &gzip), all(&becomes(&decoder, "senml/base_fields", 0, &[])));
    assert_eq!(read("gzip", &gzip[..gzip.len() - 1]), ["reject malformed"]);
    assert_eq!(read("br", &gzip), ["reject malformed"]);
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b' '; 1 << 20]).unwrap();
    assert_eq!(read("gzip", &bomb.finish().unwrap()), ["reject too_large"]);
}
