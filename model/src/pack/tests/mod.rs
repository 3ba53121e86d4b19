//! A pack is read whole or refused with all of its faults (invariant LOUD).

mod counted;
mod counters;
mod form_messages;
mod forms;
mod http_pull;
mod kafka;
mod mappings;
mod obligations;
mod optional;
mod tay_ninh;
mod templates;

use super::*;
use crate::{contract::Subjects, place::PlaceKind};

fn valid_files() -> PackFiles {
    let files = [
        (
            "pack.toml",
            "id = \"test\"\nname = { vi = \"Thử\", en = \"Test\" }\ntimezone = \"Asia/Ho_Chi_Minh\"\n",
        ),
        (
            "places.csv",
            "code,valid_from,valid_to,kind,name_vi,name_en,parent,area_km2,lon,lat\n\
             80,1970-01-01,2025-06-30,province,Tỉnh Long An,Long An,,,,\n\
             80,2025-07-01,,province,Tỉnh Tây Ninh,Tay Ninh,,8536.44,,\n\
             25459,2025-07-01,,ward,Phường Tân Ninh,Tan Ninh,80,21.12,106.1,11.3\n",
        ),
        (
            "indicators.toml",
            "[pm10]\nsymbol = \"PM10\"\nname = { vi = \"Bụi\", en = \"Dust\" }\nunit = \"ug/m3\"\n\
             units = { \"mg/m3\" = 1000 }\nmin = 0\nmax = 1000\ndecimals = 1\nwindows = [\"hour\", \"day\"]\n",
        ),
        (
            "stations.toml",
            "[S1]\nname = { vi = \"Trạm\", en = \"Station\" }\nkind = \"ambient_air\"\n\
             place = { code = \"25459\", valid_from = 2025-07-01 }\nvalid_from = 2024-01-01\n\
             measures = { pm10 = \"5m\" }\nfile_codes = [\"TN_S1\"]\nsymbols = { \"Bui\" = \"pm10\" }\n",
        ),
        (
            "feeds.toml",
            "[air]\nname = { vi = \"Khí\", en = \"Air\" }\nowner = { vi = \"Sở\", en = \"Department\" }\n\
             transport = { kind = \"mqtt\", topics = [\"ioc/air/+\"] }\nformat = \"json_observation\"\n\
             silent_after = \"15m\"\n\
             [air.contract]\nsubjects = \"any\"\nmax_bytes = 1000\nmax_future = \"1m\"\npatience = \"2h\"\n",
        ),
    ];
    files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

fn with(path: &str, text: &str) -> PackFiles {
    let mut files = valid_files();
    let _ = files.insert(path.to_owned(), text.to_owned());
    files
}

fn replaced(path: &str, from: &str, to: &str) -> PackFiles {
    let files = valid_files();
    let text = &files[path];
    assert!(text.contains(from), "{from}");
    with(path, &text.replacen(from, to, 1))
}

fn faults(files: &PackFiles) -> Vec<String> {
    Pack::parse(files).expect_err("the pack has faults").0.iter().map(ToString::to_string).collect()
}

#[test]
fn a_valid_pack_holds_what_its_files_say() {
    let pack = Pack::parse(&valid_files()).unwrap();
    assert_eq!(pack.id, "test");
    assert_eq!(pack.places.len(), 3);
    assert_eq!(pack.places[2].kind, PlaceKind::Ward);
    assert_eq!(pack.places[2].parent.as_deref(), Some("80"));
    assert_eq!(pack.places[2].point, Some((106.1, 11.3)));
    let pm10 = &pack.indicators["pm10"];
    assert_eq!(pm10.units, BTreeMap::from([("ug/m3".to_owned(), 1.0), ("mg/m3".to_owned(), 1000.0)]));
    assert_eq!(pm10.range, (Some(0.0), Some(1000.0)));
    assert_eq!(pm10.windows, [WindowKind::Hour, WindowKind::Day]);
    let station = &pack.stations["S1"];
    assert_eq!(station.measures["pm10"], Millis::minutes(5));
    assert_eq!(station.symbols["Bui"], "pm10");
    assert_eq!(station.place.valid_from.to_string(), "2025-07-01");
    let feed = &pack.feeds["air"];
    assert_eq!(feed.transport, Transport::Mqtt { topics: vec!["ioc/air/+".to_owned()] });
    assert_eq!(feed.contract.subjects, Subjects::Any);
    assert_eq!(feed.contract.max_bytes, 1000);
    assert_eq!(feed.contract.max_future, Millis::minutes(1));
    assert_eq!(feed.contract.lateness, Contract::default().lateness);
    assert_eq!(feed.silent_after, Millis::minutes(15));
    assert_eq!(pack.replayed, None);
    assert_eq!(pack.screens, SCREENS, "all there are, unless it lists some");
    assert_eq!(pack.version.0.len(), 16);
}

#[test]
fn the_version_is_of_the_meaning_alone() {
    let version = |files: &PackFiles| Pack::parse(files).unwrap().version;
    let plain = version(&valid_files());
    assert_eq!(plain, version(&with("README.md", "words")));
    assert_ne!(plain, version(&replaced("pack.toml", "Thử", "Khác")));
}

#[test]
fn all_faults_of_all_files_come_at_once_with_file_and_line() {
    let mut files = valid_files();
    for (path, from, to) in [
        ("pack.toml", "Asia/Ho_Chi_Minh", "Asia/Saigon_City"),
        ("places.csv", "25459,2025-07-01,,ward", "25459,2025-13-01,,wardd"),
        ("indicators.toml", "min = 0", "minimum = 0"),
        ("stations.toml", "\"5m\"", "\"5 minutes\""),
        ("feeds.toml", "ioc/air/+", "ioc/air+"),
    ] {
        let changed = files[path].replacen(from, to, 1);
        let _ = files.insert(path.to_owned(), changed);
    }
    let found = faults(&files);
    for expected in [
        "feeds.toml:4: air: topic filter 'ioc/air+'",
        "indicators.toml:6: pm10: 'minimum' is not a key of this table",
        "pack.toml:3: 'Asia/Saigon_City' is not a time zone",
        "places.csv:4: kind 'wardd'",
        "places.csv:4: valid_from '2025-13-01' is not a date",
        "stations.toml:6: S1.measures: 'pm10' must be a whole number and a unit",
        "stations.toml:4: S1: places.csv has no place 25459 valid from 2025-07-01; no place has this code",
    ] {
        assert!(found.iter().any(|fault| fault.starts_with(expected)), "{expected}\n{}", found.join("\n"));
    }
}

#[test]
fn every_rule_of_a_pack_has_its_fault() {
    let two_stations = "\n[S2]\nname = { vi = \"Trạm\", en = \"Station\" }\nkind = \"ambient_air\"\n\
        place = { code = \"25459\", valid_from = 2025-07-01 }\nvalid_from = 2024-01-01\n\
        measures = { pm10 = \"5m\" }\nfile_codes = [\"tn_s1\"]\n";
    let other_feed = |id: &str, transport: &str| {
        format!(
            "[{id}]\nname = {{ vi = \"a\", en = \"a\" }}\nowner = {{ vi = \"a\", en = \"a\" }}\n\
             transport = {transport}\nformat = \"station_txt\"\nsilent_after = \"1h\"\n"
        )
    };
    let table_feed = |format: &str, columns: &str| {
        let feed = other_feed("b", "{ kind = \"http\" }").replace("station_txt", format);
        if columns.is_empty() { feed } else { format!("{feed}columns = {columns}\n") }
    };
    let followed =
        |id: &str, transport: &str| other_feed(id, transport).replace("station_txt", "json_observation");
    let appended = |path: &str, more: &str| with(path, &format!("{}{more}", valid_files()[path]));
    let cases: Vec<(PackFiles, &str)> = vec![
        (replaced("pack.toml", "\"test\"", "\"Te st\""), "pack.toml:1: 'id' must be"),
        (replaced("pack.toml", "name =", "nome ="), "pack.toml:2: 'nome' is not a key"),
        (replaced("pack.toml", "name =", "nome ="), "pack.toml:1: 'name' is missing"),
        (replaced("pack.toml", "id = \"test\"", "id = "), "pack.toml:1: "),
        (
            replaced("pack.toml", "timezone", "screens = [\"overview\", \"map\"]\ntimezone"),
            "pack.toml:3: there is no screen 'map'",
        ),
        (
            replaced("pack.toml", "timezone", "screens = [\"feeds\", \"feeds\"]\ntimezone"),
            "pack.toml:3: screen 'feeds' is listed twice",
        ),
        (replaced("places.csv", "lon,lat", "lon,latitude"), "places.csv:1: column 'lat' is missing"),
        (
            replaced("places.csv", "80,2025-07-01", "80,2025-06-01"),
            "places.csv:3: place 80 is valid at the same time as in line 2",
        ),
        (replaced("places.csv", "Tan Ninh,80", "Tan Ninh,81"), "places.csv:4: parent 81 is not a place"),
        (replaced("places.csv", "Tan Ninh,80", "Tan Ninh,"), "places.csv:4: place 25459 needs a parent"),
        (
            replaced("places.csv", "25459,2025-07-01", "25459,1960-07-01"),
            "places.csv:4: parent 80 is not valid as long",
        ),
        (
            replaced("places.csv", "25459,", "2545,"),
            "places.csv:4: code '2545': a ward has a code of 5 digits",
        ),
        (replaced("places.csv", "106.1,11.3", "106.1,"), "places.csv:4: lon and lat are given together"),
        (replaced("places.csv", "106.1,11.3", "11.3,106.1"), "places.csv:4: lon and lat must lie within"),
        (replaced("places.csv", ",21.12,", ",inf,"), "places.csv:4: area_km2 'inf' is not a number"),
        (replaced("places.csv", ",21.12,106.1,11.3", ",21.12,106.1"), "places.csv:4: the line has 9 columns"),
        (
            replaced("indicators.toml", "1000 }", "inf }"),
            "indicators.toml:5: pm10.units: 'mg/m3' must be a finite number",
        ),
        (
            replaced("indicators.toml", "1000 }", "0 }"),
            "indicators.toml:5: pm10: the factor of unit 'mg/m3' must not be 0",
        ),
        (
            replaced("indicators.toml", "\"mg/m3\"", "\"µg/m³\""),
            "indicators.toml:5: pm10: unit 'µg/m³' is the same as 'ug/m3'",
        ),
        (
            replaced("indicators.toml", "max = 1000", "max = -1"),
            "indicators.toml:7: pm10: 'max' must be greater",
        ),
        (
            replaced("indicators.toml", "\"hour\"", "\"week\""),
            "indicators.toml:9: pm10: 'week' is not a window",
        ),
        (
            replaced("indicators.toml", "[pm10]", "[PM10]"),
            "indicators.toml:1: indicator 'PM10': an identifier",
        ),
        (
            appended(
                "indicators.toml",
                "[dust]\nsymbol = \"pm10\"\nname = { vi = \"a\", en = \"b\" }\nunit = \"g\"\n",
            ),
            "indicators.toml:11: dust: symbol 'pm10' already means indicator 'pm10'",
        ),
        (
            replaced("stations.toml", "{ pm10 =", "{ pm1 ="),
            "stations.toml:6: S1: measures 'pm1', which is not an indicator",
        ),
        (
            replaced("stations.toml", "= \"pm10\" }", "= \"pm1\" }"),
            "stations.toml:8: S1: symbol 'Bui' means 'pm1', which the station does not measure",
        ),
        (
            replaced("stations.toml", "valid_from = 2025-07-01", "valid_from = 2020-07-01"),
            "stations.toml:4: S1: places.csv has no place 25459 valid from 2020-07-01; this code is valid from: 2025-07-01",
        ),
        (
            replaced(
                "stations.toml",
                "valid_from = 2024-01-01",
                "valid_from = 2024-01-01\nvalid_to = 2024-12-31",
            ),
            "stations.toml:4: S1: the station and its place 25459 are never valid at the same time",
        ),
        (
            replaced("stations.toml", "ambient_air", "air"),
            "stations.toml:3: S1: 'air' is not a kind of station",
        ),
        (replaced("stations.toml", "[S1]", "[\"S 1\"]"), "stations.toml:1: station 'S 1': an identifier"),
        (
            replaced("stations.toml", "valid_from = 2024-01-01", "valid_from = 2024-02-30"),
            "stations.toml:5: ",
        ),
        (
            appended("stations.toml", two_stations),
            "stations.toml:16: S2: file code 'tn_s1' already means station 'S1'",
        ),
        (appended("stations.toml", "[S1]\nkind = \"ambient_air\"\n"), "stations.toml:9: "),
        (replaced("feeds.toml", "[air]", "[unmatched]"), "feeds.toml:1: 'unmatched' is the feed of"),
        (
            replaced("feeds.toml", "\"mqtt\"", "\"carrier_pigeon\""),
            "feeds.toml:4: air: 'carrier_pigeon' is not a transport",
        ),
        (replaced("feeds.toml", "json_observation", "xml"), "feeds.toml:5: air: 'xml' is not a format"),
        (
            replaced("feeds.toml", "max_bytes = 1000", "max_bytes = 0"),
            "feeds.toml:9: air.contract: 'max_bytes' must lie between",
        ),
        (
            replaced("feeds.toml", "patience = \"2h\"", "patience = \"2m\""),
            "feeds.toml:11: air: 'patience' must not be shorter",
        ),
        (replaced("feeds.toml", "\"any\"", "\"all\""), "feeds.toml:8: air: 'subjects' must be"),
        (
            replaced("feeds.toml", "silent_after = \"15m\"", "silent_after = \"0m\""),
            "feeds.toml:6: air: 'silent_after' must be longer",
        ),
        (
            replaced("feeds.toml", "[\"ioc/air/+\"]", "[\"ioc/air/+\", \"ioc/air/a\"]"),
            "feeds.toml:4: air: topic filters 'ioc/air/a' and 'ioc/air/+' claim",
        ),
        (replaced("feeds.toml", "[\"ioc/air/+\"]", "[]"), "feeds.toml:4: air: 'topics' must name"),
        (
            appended("feeds.toml", &other_feed("b", "{ kind = \"mqtt\", topics = [\"ioc/air/+\"] }")),
            "feeds.toml:15: b: topic filter 'ioc/air/+' claims topics of feed 'air'",
        ),
        (
            appended("feeds.toml", &other_feed("b", "{ kind = \"files\", folder = \"../x\" }")),
            "feeds.toml:15: b: 'folder' is a path below",
        ),
        (
            appended(
                "feeds.toml",
                &other_feed("b", "{ kind = \"mqtt_broker\", url = \"tcp://x\", topics = [\"a\"] }"),
            ),
            "feeds.toml:15: b: 'url' must be mqtt://",
        ),
        (
            appended(
                "feeds.toml",
                &(other_feed("b", "{ kind = \"files\", folder = \"x\" }")
                    + &other_feed("c", "{ kind = \"files\", folder = \"x/y\" }")),
            ),
            "feeds.toml:21: c: folder 'x/y' holds files of feed 'b'",
        ),
        (
            appended("feeds.toml", &other_feed("b", "{ kind = \"syslog\", from = [\"192.0.2.5/24\"] }")),
            "feeds.toml:15: b: 'from': '192.0.2.5/24' is not a network: write 192.0.2.0/24 for the network",
        ),
        (
            appended("feeds.toml", &other_feed("b", "{ kind = \"syslog\", from = [\"firewall\"] }")),
            "feeds.toml:15: b: 'from': 'firewall' is not a network: write 192.0.2.0/24, 2001:db8::/32",
        ),
        (
            appended("feeds.toml", &other_feed("b", "{ kind = \"syslog\", from = [\"::ffff:192.0.2.7\"] }")),
            "feeds.toml:15: b: 'from': '::ffff:192.0.2.7' is not a network: write the IPv4 network",
        ),
        (
            appended("feeds.toml", &other_feed("b", "{ kind = \"syslog\", certificates = [\"a b\"] }")),
            "feeds.toml:15: b: 'certificates': 'a b': a pattern holds no spaces",
        ),
        (
            appended(
                "feeds.toml",
                &(other_feed("b", "{ kind = \"syslog\", from = [\"192.0.2.7\"] }")
                    + &other_feed("c", "{ kind = \"syslog\", from = [\"192.0.2.0/24\", \"192.0.2.7/32\"] }")),
            ),
            "feeds.toml:21: c: the senders in '192.0.2.7/32' are those of feed 'b'",
        ),
        (
            appended(
                "feeds.toml",
                &(other_feed("b", "{ kind = \"syslog\", certificates = [\"*.example\"] }")
                    + &other_feed("c", "{ kind = \"syslog\", certificates = [\"*.example\"] }")),
            ),
            "feeds.toml:21: c: the certificates '*.example' are those of feed 'b'",
        ),
        (
            appended(
                "feeds.toml",
                &(other_feed("b", "{ kind = \"syslog\" }") + &other_feed("c", "{ kind = \"syslog\" }")),
            ),
            "feeds.toml:21: c: it takes syslog from any address, and so does feed 'b'",
        ),
        (
            appended(
                "feeds.toml",
                &followed("b", "{ kind = \"follow\", folder = \"log/../x\", names = [\"a\"] }"),
            ),
            "feeds.toml:15: b: 'folder' is a path from the root of the machine",
        ),
        (
            appended(
                "feeds.toml",
                &followed("b", "{ kind = \"follow\", folder = \"/var/log\", names = [\"x/a\"] }"),
            ),
            "feeds.toml:15: b: 'names': 'x/a': it is the name of a file in 'folder', without '/'",
        ),
        (
            appended(
                "feeds.toml",
                &followed("b", "{ kind = \"follow\", folder = \"/\", names = [\"a.json.gz\"] }"),
            ),
            "feeds.toml:15: b: 'names': 'a.json.gz': a compressed file does not grow by lines",
        ),
        (
            appended(
                "feeds.toml",
                &followed("b", "{ kind = \"follow\", folder = \"/var/log\", names = [\"a\"] }")
                    .replace("json_observation", "syslog"),
            ),
            "feeds.toml:15: b: a file is followed line by line, and 'syslog' is no format of lines: write \"syslog_lines\"",
        ),
        (
            appended(
                "feeds.toml",
                &(followed("b", "{ kind = \"follow\", folder = \"/var/log\", names = [\"eve*.json\"] }")
                    + &followed(
                        "c",
                        "{ kind = \"follow\", folder = \"/var/log/\", names = [\"x\", \"*-a.*\"] }",
                    )),
            ),
            "feeds.toml:21: c: 'names': '*-a.*' are files of feed 'b' ('eve*.json')",
        ),
        (appended("feeds.toml", &table_feed("event_csv", "")), "feeds.toml:12: b: 'columns' is missing"),
        (
            appended("feeds.toml", &table_feed("event_csv", r#"{ kind = "malware", time = "T" }"#)),
            "feeds.toml:18: b: 'malware' is not one of: log, alert,",
        ),
        (
            appended("feeds.toml", &table_feed("event_csv", r#"{ kind = "infection" }"#)),
            "feeds.toml:18: b: 'columns' names no column",
        ),
        (
            appended(
                "feeds.toml",
                &table_feed("event_csv", r#"{ kind = "infection", time = "T", time_format = "%H:%M" }"#),
            ),
            "feeds.toml:18: b: 'time_format': '%H:%M' does not say which day",
        ),
        (
            appended(
                "feeds.toml",
                &table_feed("event_csv", r#"{ kind = "infection", time = "T", time_format = "%Q9 %" }"#),
            ),
            "feeds.toml:18: b: 'time_format': '%Q9 %' is none",
        ),
        (
            appended(
                "feeds.toml",
                &table_feed(
                    "event_csv",
                    r#"{ kind = "infection", time = "T", severities = { "Cao" = "hoch" } }"#,
                ),
            ),
            "feeds.toml:18: b: 'severities': 'hoch' is not one of: not_rated",
        ),
        (
            appended(
                "feeds.toml",
                &table_feed(
                    "event_csv",
                    r#"{ kind = "infection", time = "T", decisions = { "A" = "blocked", "a" = "allowed" } }"#,
                ),
            ),
            "feeds.toml:18: b: 'a' stands twice in 'decisions'",
        ),
        (
            appended(
                "feeds.toml",
                &table_feed("event_csv", r#"{ kind = "infection", time = "T", log_source = "a b" }"#),
            ),
            "feeds.toml:18: b: 'a b' is no name of a log source",
        ),
        (
            appended(
                "feeds.toml",
                &table_feed("event_csv", r#"{ kind = "infection", tmie = "T", host = "H" }"#),
            ),
            "feeds.toml:18: b.columns: 'tmie' is not a key of this table",
        ),
        (
            appended("feeds.toml", &table_feed("eve", r#"{ kind = "infection", time = "T" }"#)),
            "feeds.toml:18: b: 'eve' is no format of columns",
        ),
        (
            appended(
                "feeds.toml",
                &other_feed("b", "{ kind = \"follow\", folder = \"/var/log\", names = [\"a\"] }"),
            ),
            "feeds.toml:15: b: a file is followed line by line, and 'station_txt' is no format of lines",
        ),
        (
            replaced("indicators.toml", "min = 0", "spike = { times = 1, above = 5 }\nmin = 0"),
            "indicators.toml:6: pm10: 'spike' needs",
        ),
        (with("models.toml", "[M1]\nno_value = [1]\n"), "models.toml:1: model 'M1'"),
        (with("models.toml", "[m1]\n"), "models.toml:1: model 'm1': 'no_value' lists"),
        (
            replaced("stations.toml", "file_codes", "model = \"m2\"\nfile_codes"),
            "stations.toml:7: S1: models.toml has no model 'm2'",
        ),
        (
            replaced("stations.toml", "file_codes", "devices = [\" a\"]\nfile_codes"),
            "stations.toml:7: S1: device ' a' is its name",
        ),
        (
            replaced("stations.toml", "file_codes", "devices = [\"a\", \"a\"]\nfile_codes"),
            "stations.toml:7: S1: device 'a' is already one of station 'S1'",
        ),
        (
            replaced("stations.toml", "file_codes", "ignored = [\"bui\"]\nfile_codes"),
            "stations.toml:7: S1: symbol 'bui' is 'ignored' and means an indicator",
        ),
        (
            replaced("stations.toml", "file_codes", "decimals = { o3 = 1 }\nfile_codes"),
            "stations.toml:7: S1: 'decimals' of 'o3', which the station does not measure",
        ),
        (
            replaced("stations.toml", "file_codes", "decimals = { pm10 = 10 }\nfile_codes"),
            "stations.toml:7: S1.decimals: 'pm10'",
        ),
        (with("station.toml", ""), "station.toml:1: a pack has no such file"),
        (with("demo/places.csv", ""), "demo/places.csv:1: an overlay has no such file"),
        (with("demo/feeds.toml", ""), "demo/pack.toml:1: an overlay needs this file"),
    ];
    for (files, expected) in cases {
        let found = faults(&files);
        assert!(found.iter().any(|fault| fault.starts_with(expected)), "{expected}\n{}", found.join("\n"));
    }
}

#[test]
fn a_missing_file_is_a_fault() {
    for name in ["pack.toml", "places.csv", "indicators.toml", "stations.toml", "feeds.toml"] {
        let mut files = valid_files();
        let _ = files.remove(name);
        let expected = format!("{name}:1: the pack needs this file");
        assert!(faults(&files).contains(&expected), "{name}");
    }
}

#[test]
fn an_overlay_adds_to_the_pack_only_when_asked_for() {
    let mut files = valid_files();
    let overlay = [
        ("demo/pack.toml", "replayed = { vi = \"Phát lại\", en = \"Replayed\" }\n"),
        (
            "demo/stations.toml",
            "[D1]\nname = { vi = \"a\", en = \"a\" }\nkind = \"ambient_air\"\n\
             place = { code = \"80\", valid_from = 1970-01-01 }\nvalid_from = 2003-01-01\nmeasures = { pm10 = \"1h\" }\n",
        ),
        ("demo/recorded.csv", "date,pm10\n"),
    ];
    for (path, text) in overlay {
        let _ = files.insert(path.to_owned(), text.to_owned());
    }
    let plain = Pack::parse(&files).unwrap();
    assert!(!plain.stations.contains_key("D1"));
    assert_eq!(plain.replayed, None);
    assert_eq!(plain.version, Pack::parse(&valid_files()).unwrap().version);
    let demo = Pack::parse_with(&files, Some("demo")).unwrap();
    assert!(demo.stations.contains_key("D1") && demo.stations.contains_key("S1"));
    assert_eq!(demo.replayed.unwrap().en, "Replayed");
    assert_ne!(demo.version, plain.version);
    let unknown = Pack::parse_with(&files, Some("dem")).unwrap_err();
    assert_eq!(unknown.to_string(), "pack.toml:1: the pack has no overlay 'dem' (it has: demo)");
}

#[test]
fn an_overlay_that_is_not_asked_for_is_checked_all_the_same() {
    let mut files = valid_files();
    let _ = files.insert("demo/pack.toml".to_owned(), "replayed = { vi = \"a\", en = \"b\" }\n".to_owned());
    let _ = files.insert("demo/feeds.toml".to_owned(), "[air]\n".to_owned());
    let found = faults(&files);
    assert!(
        found.contains(&"demo/feeds.toml:1: feed 'air' is already defined in feeds.toml:1".to_owned()),
        "{found:?}"
    );
}

#[test]
fn any_text_in_any_file_is_a_pack_or_faults() {
    any_text_is_a_pack_or_faults(&valid_files());
}

fn any_text_is_a_pack_or_faults(valid: &PackFiles) {
    use proptest::prelude::*;
    let paths: Vec<&String> = valid.keys().collect();
    let strategy = (0..paths.len(), 0.0..1.0f64, 0.0..1.0f64, "\\PC{0,12}");
    proptest!(ProptestConfig::with_cases(256), |((file, from, to, text) in strategy)| {
        let mut files = valid.clone();
        let original = &valid[paths[file]];
        let boundary = |share: f64| {
            let mut at = (share * original.len() as f64) as usize;
            while !original.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (start, end) = (boundary(from.min(to)), boundary(from.max(to)));
        let changed = format!("{}{text}{}", &original[..start], &original[end..]);
        let _ = files.insert(paths[file].clone(), changed);
        if let Err(faults) = Pack::parse(&files) {
            prop_assert!(!faults.0.is_empty());
            prop_assert!(faults.0.iter().all(|fault| fault.line >= 1));
        }
    });
}
