//! The pack of Tây Ninh reads what the demo and its sample stations send.

use std::{fs, path::Path, sync::Arc};

use ioc_decode::{
    Decoder,
    trial::{Trial, trial},
};
use ioc_model::{attribute::Attributes, names::Names, time::ReceivedAt};

fn decoder() -> Decoder {
    Decoder::new(Arc::new(ioc_testing::tay_ninh(Some("demo"))), Names::default()).unwrap()
}

fn tried(feed: &str, address: &str, received_at: &str, payload: &str) -> Trial {
    let received_at: jiff::Timestamp = received_at.parse().unwrap();
    trial(
        &decoder(),
        feed,
        address,
        Attributes::default(),
        ReceivedAt(received_at.as_millisecond()),
        payload.as_bytes(),
    )
}

#[test]
fn replayed_gases_are_converted_from_parts_per_billion() {
    let payload = ["no2", "o3", "so2", "nox"].map(|gas| {
        format!(r#"{{"indicator":"{gas}","subject":"RP-TANNINH","time":"2026-01-01T00:00:00Z","value":10,"unit":"ppb"}}"#)
    });
    let tried = tried(
        "replay-wind",
        "ioc/replay/RP-TANNINH/observation",
        "2026-01-01T00:00:05Z",
        &payload.join("\n"),
    );
    assert_eq!(tried.rejects, 0, "{:#?}", tried.lines);
    for (line, value) in tried.lines.iter().zip([18.8, 19.6, 26.2, 18.8]) {
        let read: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!((read["value"].as_f64().unwrap() - value).abs() < 1e-9, "{line}");
        assert_eq!(read["quality"], "good");
    }
}

/// Half of a clean hour's readings lie a little below zero: without them its mean is 90 % too high, and it has too few.
#[test]
fn small_negatives_of_clean_air_count_and_what_no_analyser_means_does_not() {
    let hour = [2.1, -0.6, 1.8, -1.1, 0.4, 1.2, -0.3, 2.6, 0.9, -0.4, 3.0, 0.8];
    let told = |(minute, value): (usize, &f64)| {
        format!(
            r#"{{"indicator":"pm25","subject":"RP-TANNINH","time":"2026-01-01T00:{minute:02}:00Z","value":{value}}}"#
        )
    };
    let quality = |values: &[f64]| {
        let payload = values.iter().enumerate().map(told).collect::<Vec<_>>().join("\n");
        let address = "ioc/replay/RP-TANNINH/observation";
        let tried = tried("replay-wind", address, "2026-01-01T00:30:00Z", &payload);
        assert_eq!(tried.rejects, 0, "{:#?}", tried.lines);
        let read =
            |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap()["quality"].clone();
        tried.lines.iter().map(read).collect::<Vec<_>>()
    };
    assert!(quality(&hour).iter().all(|quality| quality == "good"));
    assert!(quality(&[-999.0, -99.0, -10.5]).iter().all(|quality| quality == "out_of_range"));
}

#[test]
fn replayed_dust_is_of_the_same_station() {
    let payload = "PM10\t45\tug/m3\t20260101070000\t00\r\nPM2,5\t41\tug/m3\t20260101070000\t00\r\n";
    let address = "RP_TANNINH_KHI_20260101070000.txt";
    let tried = tried("replay-dust", address, "2026-01-01T00:00:05Z", payload);
    assert_eq!(
        tried.lines,
        [
            r#"{"kind":"observation","indicator":"pm10","subject":"RP-TANNINH","event_time":"2026-01-01T00:00:00.000Z","value":45.0,"quality":"good","row":0}"#,
            r#"{"kind":"observation","indicator":"pm25","subject":"RP-TANNINH","event_time":"2026-01-01T00:00:00.000Z","value":41.0,"quality":"good","row":1}"#,
        ]
    );
}

/// By 1,200 weeks, as the demo does.
fn redated(moment: &str) -> jiff::Timestamp {
    moment.parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_hours(1_200 * 7 * 24)
}

#[test]
fn every_hour_of_the_replayed_record_is_taken() {
    let record = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../deploy/provinces/tay-ninh/demo/air_marylebone_2003_2004_hourly.csv");
    let record = fs::read_to_string(record).unwrap();
    let mut lines = record.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let gases = [
        ("no2", "ppb"),
        ("o3", "ppb"),
        ("so2", "ppb"),
        ("nox", "ppb"),
        ("co", "ppm"),
        ("ws", "m/s"),
        ("wd", "deg"),
    ];
    let (mut sent, mut payload) = (0, String::new());
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        for (column, unit) in gases {
            let value = fields[header.iter().position(|name| *name == column).unwrap()];
            if value.is_empty() {
                continue;
            }
            sent += 1;
            payload.push_str(&format!(
                "{{\"indicator\":\"{column}\",\"subject\":\"RP-TANNINH\",\"time\":\"{}\",\"value\":{value},\"unit\":\"{unit}\"}}\n",
                redated(fields[0])
            ));
        }
    }
    // In messages of the size the feed takes.
    let decoder = decoder();
    let received_at: jiff::Timestamp = "2028-01-01T00:00:00Z".parse().unwrap();
    let (mut taken, mut rejects, mut doubtful) = (0, 0, 0);
    let all: Vec<&str> = payload.lines().collect();
    for batch in all.chunks(1_000) {
        let address = "ioc/replay/RP-TANNINH/observation";
        let received_at = ReceivedAt(received_at.as_millisecond());
        let tried = trial(
            &decoder,
            "replay-wind",
            address,
            Attributes::default(),
            received_at,
            batch.join("\n").as_bytes(),
        );
        taken += tried.lines.len();
        rejects += tried.rejects;
        doubtful += tried.lines.iter().filter(|line| line.contains("out_of_range")).count();
    }
    assert_eq!((taken, rejects, doubtful), (sent, 0, 0));
    assert!(sent > 100_000, "{sent}");
}

#[test]
fn every_indicator_a_noisy_gateway_of_eight_sends_is_known() {
    for indicator in ["pm25", "pm10", "no2", "o3", "co", "so2", "temp", "humidity"] {
        let line = format!(
            r#"{{"ts":"2026-01-01T00:00:00.123Z","station":"TN_UBNDTN_KHIXQU","indicator":"{indicator}","value":37.25,"quality":0}}"#
        );
        let tried = tried("air-mqtt", "ioc/air/x/observation", "2026-01-01T00:00:05Z", &line);
        assert_eq!(tried.rejects, 0, "{:?}", tried.lines);
    }
}

#[test]
fn personal_a_list_of_cases_is_counted_and_names_nobody() {
    let list = "Danh sách ca bệnh báo cáo trong 24 giờ, tháng 10/2026\n\
                Đơn vị: xã Tân Biên (25486)\n\
                Mã ca bệnh;Họ và tên;Ngày sinh;Giới;Nhóm tuổi;Địa chỉ;Mã xã;Chẩn đoán;Ngày chẩn đoán;Ngày báo cáo\n\
                C1;Nguyễn Thị An;1/2/1990;Nữ;Từ 15 tuổi;ấp 3;25486;SXHD;5/10/2026;6/10/2026\n\
                C2;Trần Văn Bình;3/4/2021;Nam;5 - 14 tuổi;ấp 4;25486;Tay chân miệng;7/10/2026;9/10/2026\n";
    let tried = tried("case-lists", "ca-benh.csv", "2026-11-05T03:00:00Z", list);
    assert_eq!(tried.rejects, 0, "{:#?}", tried.lines);
    let all = tried.lines.join("\n");
    for gone in ["Nguyễn", "An;", "Trần", "1990", "ấp", "C1"] {
        assert!(!all.contains(gone), "{gone} in {all}");
    }
    let cells: Vec<(String, String)> = tried
        .lines
        .iter()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line["kind"] == "cell")
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            (format!("{} {}", text("indicator"), text("breakdown")), text("value"))
        })
        .collect();
    let cell = |about: &str, value: &str| (about.to_owned(), value.to_owned());
    assert_eq!(
        cells,
        [
            cell("cases age=15+,disease=A91,sex=f", "1"),
            cell("in_time age=15+,disease=A91,sex=f", "1"),
            cell("cases age=5-14,disease=B08.4,sex=m", "1"),
            cell("in_time age=5-14,disease=B08.4,sex=m", "0"),
        ]
    );
}
