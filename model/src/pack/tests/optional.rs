//! Limits, rules, successions, holidays and the map: what a pack may hold beside what it must (LOUD).

use rust_decimal::Decimal;

use super::*;
use crate::{
    event::{Count, EventKind, Severity},
    index::{GapReading, IndexId, WqiAggregate},
    limit::Averaging,
    rule::{Bound, Condition, CountBy, Counting, Measure, Priority},
    status::StationStatus,
};

/// The valid pack with everything it may hold.
fn full_files() -> PackFiles {
    let mut files = valid_files();
    let places = "\
        code,valid_from,valid_to,kind,name_vi,name_en,parent,area_km2,lon,lat\n\
        80,1970-01-01,2025-06-30,province,Tỉnh Long An,Long An,,,,\n\
        80,2025-07-01,,province,Tỉnh Tây Ninh,Tay Ninh,,8536.44,,\n\
        25459,2025-07-01,,ward,Phường Tân Ninh,Tan Ninh,80,21.12,106.1,11.3\n\
        25460,1970-01-01,2025-06-30,commune,Xã Cũ,Old,80,,,\n\
        25461,1970-01-01,2025-06-30,commune,Xã Kia,Other,80,,,\n\
        25462,2025-07-01,,commune,Xã Mới,New,80,,,\n";
    let limits = "\
        [dust-2023]\nstandard = \"QCVN\"\nindicator = \"pm10\"\naveraging = \"day\"\nhigh = 100\n\
        kinds = [\"ambient_air\"]\nvalid_from = 2023-09-12\nvalid_to = 2025-12-31\n\
        [dust-2026]\nstandard = \"QCVN\"\nindicator = \"pm10\"\naveraging = \"day\"\nlow = 1\nhigh = 90.5\n\
        kinds = [\"ambient_air\", \"stack_emission\"]\nvalid_from = 2026-01-01\n\
        [permit]\nstandard = \"GP\"\nindicator = \"pm10\"\naveraging = \"day\"\nhigh = 80\n\
        stations = [\"S1\"]\nvalid_from = 2024-01-01\n";
    let rules = "\
        [dust-over]\nname = { vi = \"Bụi\", en = \"Dust\" }\nstep = { vi = \"Gọi\", en = \"Call\" }\n\
        priority = \"high\"\nkinds = [\"ambient_air\"]\nraise_windows = 2\n\
        condition = { kind = \"limit\", indicator = \"pm10\", averaging = \"day\", clear_share = 0.9 }\n\
        [air-bad]\nname = { vi = \"Khí\", en = \"Air\" }\nstep = { vi = \"Gọi\", en = \"Call\" }\n\
        priority = \"critical\"\nkinds = [\"ambient_air\"]\nclear_windows = 3\n\
        condition = { kind = \"index\", index = \"vn_aqi\", averaging = \"hour\", above = 200, clear = 190 }\n\
        [dust-none]\nname = { vi = \"Bụi\", en = \"Dust\" }\nstep = { vi = \"Gọi\", en = \"Call\" }\n\
        priority = \"low\"\nstations = [\"S1\"]\n\
        condition = { kind = \"indicator\", indicator = \"pm10\", averaging = \"hour\", below = 1, clear = 1.5 }\n\
        [gone]\nname = { vi = \"Im\", en = \"Silent\" }\nstep = { vi = \"Gọi\", en = \"Call\" }\n\
        priority = \"medium\"\nkinds = [\"ambient_air\", \"waste_water\"]\n\
        condition = { kind = \"status\", statuses = [\"silent\", \"error\"], lasting = \"30m\" }\n\
        [guessing]\nname = { vi = \"Dò\", en = \"Guessing\" }\nstep = { vi = \"Chặn\", en = \"Block\" }\n\
        priority = \"high\"\n\
        condition = { kind = \"events\", count = \"attempts\", by = \"from\", reach = 5, within = \"10m\" }\n\
        [scan]\nname = { vi = \"Quét\", en = \"Scan\" }\nstep = { vi = \"Chặn\", en = \"Block\" }\n\
        priority = \"medium\"\n\
        condition = { kind = \"events\", count = \"targets\", by = \"network\", kinds = [\"block\"], severity = \"low\", \
        category = \"net\", signature = \"1:2\", reach = 20, within = \"5m\", clear_after = \"1h\" }\n";
    let successions = "\
        from_code,from_valid_from,to_code,to_valid_from,split,main,weight,estimated\n\
        25460,1970-01-01,25459,2025-07-01,true,true,0.7,true\n\
        25460,1970-01-01,25462,2025-07-01,true,false,0.3,true\n\
        25461,1970-01-01,25462,2025-07-01,false,true,1,false\n";
    let holidays = "\
        date,worked,name_vi,name_en\n\
        2026-09-02,false,Quốc khánh,National Day\n\
        2026-09-05,true,Làm bù,Worked instead\n";
    let map = "{\"type\":\"Topology\",\"arcs\":[],\"objects\":{\"communes\":{\"type\":\"GeometryCollection\",\n\
        \"geometries\":[{\"type\":\"Polygon\",\"arcs\":[],\"properties\":{\"code\":\"25459\"}},\n\
        {\"type\":\"Polygon\",\"arcs\":[],\"properties\":{\"code\":\"25462\"}}]}}}\n";
    for (path, text) in [
        ("places.csv", places),
        ("limits.toml", limits),
        ("rules.toml", rules),
        ("successions.csv", successions),
        (
            "groups.csv",
            "id,name_vi,name_en,of_code,of_valid_from\nlong-an-cu,Long An cũ,Old Long An,80,1970-01-01\n",
        ),
        ("holidays.csv", holidays),
        ("map.topo.json", map),
    ] {
        let _ = files.insert(path.to_owned(), text.to_owned());
    }
    let indices = "[indices]\nvn_aqi = { gaps = \"literal\" }\n\
        vn_wqi = { aggregate = \"weighted_cube_root\", least_groups = 2, least_group_iv = 4 }\n";
    files.get_mut("pack.toml").unwrap().push_str(indices);
    files
}

fn changed(path: &str, from: &str, to: &str) -> PackFiles {
    let mut files = full_files();
    let text = files.get_mut(path).unwrap();
    assert!(text.contains(from), "{from}");
    *text = text.replacen(from, to, 1);
    files
}

fn appended(path: &str, more: &str) -> PackFiles {
    let mut files = full_files();
    files.get_mut(path).unwrap().push_str(more);
    files
}

#[test]
fn a_full_pack_holds_what_its_files_say() {
    let pack = Pack::parse(&full_files()).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(pack.indices.aqi_gaps, GapReading::Literal);
    assert_eq!(pack.indices.wqi_aggregate, WqiAggregate::WeightedCubeRoot);
    assert_eq!((pack.indices.wqi_least_groups, pack.indices.wqi_least_group_iv), (2, 4));

    let [old, new, permit] = &pack.limits[..] else { panic!("{:?}", pack.limits) };
    assert_eq!((old.id.as_str(), old.low, old.high), ("dust-2023", None, Some(100.0)));
    assert_eq!(old.valid_to.unwrap().to_string(), "2025-12-31");
    assert_eq!((new.low, new.high, new.averaging), (Some(1.0), Some(90.5), Averaging::Day));
    assert_eq!(new.kinds, [StationKind::StackEmission, StationKind::AmbientAir]);
    assert_eq!(
        (&permit.kinds[..], &permit.stations[..]),
        (&[StationKind::AmbientAir][..], &["S1".to_owned()][..])
    );

    let over = &pack.rules["dust-over"];
    assert_eq!((over.priority, over.raise_windows, over.clear_windows), (Priority::High, 2, 1));
    let limit =
        Condition::Limit { indicator: "pm10".to_owned(), averaging: Averaging::Day, clear_share: 0.9 };
    assert_eq!(over.condition, limit);
    let threshold = |measure, averaging, bound| Condition::Threshold { measure, averaging, bound };
    assert_eq!(
        pack.rules["air-bad"].condition,
        threshold(
            Measure::Index(IndexId::VnAqi),
            Averaging::Hour,
            Bound::Above { raise: 200.0, clear: 190.0 }
        )
    );
    assert_eq!(
        pack.rules["dust-none"].condition,
        threshold(
            Measure::Indicator("pm10".to_owned()),
            Averaging::Hour,
            Bound::Below { raise: 1.0, clear: 1.5 }
        )
    );
    assert_eq!(pack.rules["dust-none"].kinds, [StationKind::AmbientAir], "those of its stations");
    let statuses = vec![StationStatus::Silent, StationStatus::Error];
    assert_eq!(pack.rules["gone"].condition, Condition::Status { statuses, lasting: Millis::minutes(30) });

    let guessing = pack.rules["guessing"].condition.counting().unwrap();
    assert_eq!((guessing.count, guessing.by, guessing.reach), (Count::Attempts, CountBy::From, 5));
    assert_eq!((guessing.within, guessing.clear_after), (Millis::minutes(10), Millis::minutes(10)));
    assert!(guessing.kinds.contains(&EventKind::LoginModule), "also what only supports an attempt");
    let scan = Counting {
        count: Count::Targets,
        by: CountBy::Network,
        kinds: vec![EventKind::Block],
        severity: Some(Severity::Low),
        category: "net".to_owned(),
        signature: "1:2".to_owned(),
        reach: 20,
        within: Millis::minutes(5),
        clear_after: Millis::hours(1),
    };
    assert_eq!(pack.rules["scan"].condition, Condition::Events(scan));

    assert_eq!(pack.successions.len(), 3);
    let first = &pack.successions[0];
    assert_eq!((first.from.code.as_str(), first.to.code.as_str()), ("25460", "25459"));
    assert_eq!(
        (first.split, first.main, first.weight, first.estimated),
        (true, true, Decimal::new(7, 1), true)
    );
    assert_eq!(pack.holidays[1].date.to_string(), "2026-09-05");
    assert!(pack.holidays[1].worked && !pack.holidays[0].worked);
    assert!(pack.map.unwrap().contains("25459"));
}

#[test]
fn a_pack_without_them_is_whole_and_has_the_defaults() {
    let pack = Pack::parse(&valid_files()).unwrap();
    assert_eq!(pack.indices, IndexSettings::default());
    assert!(pack.limits.is_empty() && pack.rules.is_empty() && pack.map.is_none());
    assert!(pack.successions.is_empty() && pack.holidays.is_empty());
}

#[test]
fn each_of_the_files_is_part_of_the_version() {
    let version = Pack::parse(&full_files()).unwrap().version;
    for (path, from, to) in [
        ("pack.toml", "least_groups = 2", "least_groups = 3"),
        ("limits.toml", "90.5", "90"),
        ("rules.toml", "190", "180"),
        (
            "successions.csv",
            "0.7,true\n25460,1970-01-01,25462,2025-07-01,true,false,0.3",
            "0.6,true\n25460,1970-01-01,25462,2025-07-01,true,false,0.4",
        ),
        ("holidays.csv", "Quốc khánh", "Ngày Quốc khánh"),
        ("map.topo.json", "\"arcs\":[],\"objects\"", "\"arcs\": [],\"objects\""),
    ] {
        let other = Pack::parse(&changed(path, from, to)).unwrap_or_else(|faults| panic!("{faults}"));
        assert_ne!(other.version, version, "{path}");
    }
}

#[test]
fn an_overlay_may_add_limits_and_rules_and_no_lists() {
    let mut files = full_files();
    for (path, text) in [
        ("demo/pack.toml", "replayed = { vi = \"a\", en = \"b\" }\n"),
        (
            "demo/limits.toml",
            "[hourly]\nstandard = \"Q\"\nindicator = \"pm10\"\naveraging = \"hour\"\nhigh = 5\n\
             kinds = [\"ambient_air\"]\nvalid_from = 2023-01-01\n",
        ),
        (
            "demo/rules.toml",
            "[hourly]\nname = { vi = \"a\", en = \"b\" }\nstep = { vi = \"a\", en = \"b\" }\npriority = \"low\"\n\
             kinds = [\"ambient_air\"]\ncondition = { kind = \"limit\", indicator = \"pm10\", averaging = \"hour\" }\n",
        ),
    ] {
        let _ = files.insert(path.to_owned(), text.to_owned());
    }
    let demo = Pack::parse_with(&files, Some("demo")).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!((demo.limits.len(), demo.rules.len()), (4, 7));
    assert_eq!(Pack::parse(&files).unwrap().limits.len(), 3);
    let _ = files.insert("demo/map.topo.json".to_owned(), "{}".to_owned());
    assert!(faults(&files)[0].starts_with("demo/map.topo.json:1: an overlay has no such file"));
}

#[test]
fn every_rule_of_limits_has_its_fault() {
    let second = |change: &str| {
        format!(
            "[again]\nstandard = \"Q\"\nindicator = \"pm10\"\naveraging = \"day\"\nhigh = 1\n{change}\n\
             valid_from = 2030-01-01\n"
        )
    };
    let cases = [
        (changed("limits.toml", "[dust-2023]", "[Dust]"), "limits.toml:1: limit 'Dust': an identifier"),
        (
            changed("limits.toml", "\"pm10\"", "\"pm1\""),
            "limits.toml:3: dust-2023: 'pm1' is not an indicator",
        ),
        (
            changed("limits.toml", "\"day\"", "\"week\""),
            "limits.toml:4: dust-2023: averaging 'week' is none of: hour, eight_hours, day, year",
        ),
        (changed("limits.toml", "high = 100\n", ""), "limits.toml:1: dust-2023: a limit has 'low' or 'high'"),
        (
            changed("limits.toml", "low = 1\n", "low = 90.5\n"),
            "limits.toml:14: dust-2026: 'high' must be greater",
        ),
        (
            changed("limits.toml", "kinds = [\"ambient_air\"]\n", ""),
            "limits.toml:1: dust-2023: 'kinds' is missing",
        ),
        (
            changed("limits.toml", "kinds = [\"ambient_air\"]\n", "kinds = []\n"),
            "limits.toml:1: dust-2023: 'kinds' or 'stations' is there but names none",
        ),
        (
            changed("limits.toml", "[\"ambient_air\"]", "[\"air\"]"),
            "limits.toml:6: dust-2023: 'air' is not a kind",
        ),
        (changed("limits.toml", "[\"S1\"]", "[\"S9\"]"), "limits.toml:22: permit: 'S9' is not a station"),
        (
            changed("limits.toml", "[\"S1\"]", "[\"S1\", \"S1\"]"),
            "limits.toml:22: permit: station 'S1' is named twice",
        ),
        (
            changed("limits.toml", "stations = [\"S1\"]", "stations = [\"S1\"]\nkinds = [\"waste_water\"]"),
            "limits.toml:22: permit: station 'S1' is of kind ambient_air",
        ),
        (
            changed("limits.toml", "2025-12-31", "2022-12-31"),
            "limits.toml:8: dust-2023: 'valid_to' lies before",
        ),
        (
            changed("limits.toml", "valid_to = 2025-12-31", ""),
            "limits.toml:9: dust-2026: limit 'dust-2023' is in force for the same means",
        ),
        (
            appended("limits.toml", &second("kinds = [\"stack_emission\"]")),
            "limits.toml:24: again: limit 'dust-2026' is in force",
        ),
        (
            appended("limits.toml", &second("stations = [\"S1\"]")),
            "limits.toml:24: again: limit 'permit' is in force",
        ),
        (changed("limits.toml", "standard", "standart"), "limits.toml:2: dust-2023: 'standart' is not a key"),
        (
            changed("indicators.toml", ", \"day\"", ""),
            "limits.toml:4: dust-2023: a mean of averaging 'day' is made of windows 'day'",
        ),
    ];
    check(cases);
    let other_kind = second("kinds = [\"waste_water\"]");
    assert!(
        Pack::parse(&appended("limits.toml", &other_kind)).is_ok(),
        "other stations have their own limits"
    );
}

#[test]
fn every_rule_of_rules_has_its_fault() {
    let cases = [
        (
            changed("rules.toml", "[dust-over]", "[dust_over]"),
            "rules.toml:1: rule 'dust_over': an identifier",
        ),
        (
            changed("rules.toml", "\"high\"", "\"urgent\""),
            "rules.toml:4: dust-over: 'urgent' is not a priority",
        ),
        (changed("rules.toml", "step = ", "stop = "), "rules.toml:1: dust-over: 'step' is missing"),
        (
            changed("rules.toml", "raise_windows = 2", "raise_windows = 0"),
            "rules.toml:6: dust-over: 'raise_windows' must lie between",
        ),
        (
            changed("rules.toml", "kind = \"limit\"", "kind = \"law\""),
            "rules.toml:7: dust-over: 'law' is not a condition",
        ),
        (
            changed("rules.toml", "averaging = \"day\", clear", "averaging = \"hour\", clear"),
            "rules.toml:7: dust-over: the pack has no limit of 'pm10' with averaging 'hour'",
        ),
        (
            changed("rules.toml", "kinds = [\"ambient_air\"]", "kinds = [\"waste_water\"]"),
            "rules.toml:7: dust-over: the pack has no limit",
        ),
        (
            changed("rules.toml", "clear_share = 0.9", "clear_share = 1.1"),
            "rules.toml:7: dust-over: 'clear_share' must be",
        ),
        (changed("rules.toml", "\"vn_aqi\"", "\"aqi\""), "rules.toml:14: air-bad: 'aqi' is not an index"),
        (
            changed("rules.toml", "\"vn_aqi\"", "\"vn_wqi\""),
            "rules.toml:14: air-bad: index 'vn_wqi' is one of surface_water stations",
        ),
        (
            changed("rules.toml", "averaging = \"hour\", above", "averaging = \"year\", above"),
            "rules.toml:14: air-bad: averaging 'year' is none of: hour, day",
        ),
        (
            changed("rules.toml", "clear = 190", "clear = 210"),
            "rules.toml:14: air-bad: 'clear' must not be greater",
        ),
        (
            changed("rules.toml", "clear = 1.5", "clear = 0.5"),
            "rules.toml:20: dust-none: 'clear' must not be less",
        ),
        (changed("rules.toml", "below = 1, ", ""), "rules.toml:20: dust-none: a threshold has either"),
        (
            changed("rules.toml", "above = 200", "above = 200, below = 1"),
            "rules.toml:14: air-bad: a threshold has either",
        ),
        (
            changed("rules.toml", "\"silent\", ", "\"good\", "),
            "rules.toml:26: gone: a rule is not raised by what is good",
        ),
        (changed("rules.toml", "\"error\"", "\"broken\""), "rules.toml:26: gone: 'broken' is not a state"),
        (changed("rules.toml", "[\"silent\", \"error\"]", "[]"), "rules.toml:26: gone: 'statuses' must name"),
        (
            changed("rules.toml", "priority = \"medium\"", "priority = \"medium\"\nraise_windows = 2"),
            "rules.toml:25: gone: 'raise_windows' counts windows",
        ),
        (
            changed("rules.toml", "count = \"attempts\"", "count = \"tries\""),
            "rules.toml:31: guessing: 'tries' is nothing to count (there are: events, lines",
        ),
        (
            changed("rules.toml", "by = \"from\"", "by = \"host\""),
            "rules.toml:31: guessing: 'host' is nobody to count by (there are: from, network, to, user)",
        ),
        (
            changed("rules.toml", "by = \"from\"", "by = \"user\""),
            "rules.toml:31: guessing: an alert by user names the user",
        ),
        (
            changed("rules.toml", "count = \"attempts\"", "count = \"events\""),
            "rules.toml:31: guessing: it would count every event",
        ),
        (changed("rules.toml", "reach = 5, ", ""), "rules.toml:31: guessing: 'reach' is missing"),
        (
            changed("rules.toml", "reach = 5, ", "reach = 1001, "),
            "rules.toml:31: guessing.condition: 'reach' must lie between 1 and 1000",
        ),
        (
            changed("rules.toml", ", within = \"10m\"", ""),
            "rules.toml:31: guessing.condition: 'within' is missing",
        ),
        (
            changed("rules.toml", "\"10m\"", "\"25h\""),
            "rules.toml:31: guessing: 'within' must lie between 1s and 24h",
        ),
        (
            changed("rules.toml", "\"1h\" }", "\"4m\" }"),
            "rules.toml:36: scan: 'clear_after' must not be shorter than 'within'",
        ),
        (
            changed("rules.toml", "[\"block\"]", "[\"blocked\"]"),
            "rules.toml:36: scan: 'blocked' is not a kind of event",
        ),
        (
            changed("rules.toml", "severity = \"low\"", "severity = \"worst\""),
            "rules.toml:36: scan: 'worst' is not a severity to begin at",
        ),
        (
            changed(
                "rules.toml",
                "priority = \"high\"\ncondition = { kind = \"events\"",
                "priority = \"high\"\nkinds = [\"ambient_air\"]\ncondition = { kind = \"events\"",
            ),
            "rules.toml:31: guessing: 'kinds' is about stations",
        ),
        (
            changed("rules.toml", "[guessing]", "[guessing]\nclear_windows = 2"),
            "rules.toml:28: guessing: 'clear_windows' counts windows",
        ),
        (
            changed("rules.toml", "\"30m\"", "\"half an hour\""),
            "rules.toml:26: gone.condition: 'lasting' must be",
        ),
        (
            changed("pack.toml", "\"literal\"", "\"lateral\""),
            "pack.toml:5: 'gaps' must be one of: normalised, literal",
        ),
        (
            changed("pack.toml", "least_groups = 2", "least_groups = 6"),
            "pack.toml:6: indices.vn_wqi: 'least_groups' must lie",
        ),
        (changed("pack.toml", "vn_aqi =", "aqi ="), "pack.toml:5: indices: 'aqi' is not a key"),
    ];
    check(cases);
}

#[test]
fn every_rule_of_successions_holidays_and_the_map_has_its_fault() {
    let cases = [
        (
            changed("successions.csv", "25460,1970", "25463,1970"),
            "successions.csv:2: places.csv has no place 25463 valid from 1970-01-01",
        ),
        (
            changed("successions.csv", "25459,2025-07-01", "25461,1970-01-01"),
            "successions.csv:2: place 25461 does not begin on the day after the last one of place 25460",
        ),
        (
            changed("successions.csv", "true,true,0.7", "yes,true,0.7"),
            "successions.csv:2: split 'yes' must be true or false",
        ),
        (
            changed("successions.csv", "false,true,1,", "true,true,1,"),
            "successions.csv:4: split of place 25461 must be false: it comes to 1",
        ),
        (
            changed("successions.csv", "true,false,0.3", "true,true,0.3"),
            "successions.csv:3: place 25460 has 2 main successors",
        ),
        (
            changed("successions.csv", "0.3", "0.2"),
            "successions.csv:3: the weights of place 25460 add up to 0.9, not to 1",
        ),
        (changed("successions.csv", "0.3", "0"), "successions.csv:3: weight '0' must be greater than 0"),
        (
            changed("successions.csv", "25462,2025-07-01,true", "25459,2025-07-01,true"),
            "successions.csv:3: place 25460 comes to 25459 twice",
        ),
        (
            changed("successions.csv", "0.7,true", "0.7000001,true"),
            "successions.csv:2: weight '0.7000001' must be greater than 0 and at most 1, with at most 6 decimals",
        ),
        (
            changed("groups.csv", ",80,1970", ",25460,1970"),
            "groups.csv:2: what lay in place 25460 does not stay comparable: place 25462 valid from 2025-07-01 is made \
             of place 25461, too, which lies elsewhere",
        ),
        (
            changed("groups.csv", ",80,1970", ",80,1971"),
            "groups.csv:2: places.csv has no place 80 valid from 1971-01-01",
        ),
        (changed("groups.csv", "long-an-cu", "Long An"), "groups.csv:2: group 'Long An': an identifier"),
        (changed("groups.csv", ",Old Long An", ","), "groups.csv:2: name_vi and name_en must not be empty"),
        (changed("successions.csv", "weight", "wait"), "successions.csv:1: column 'weight' is missing"),
        (
            changed("holidays.csv", "2026-09-05", "2026-09-02"),
            "holidays.csv:3: 2026-09-02 is already in line 2",
        ),
        (changed("holidays.csv", "2026-09-05", "2026-9-5"), "holidays.csv:3: date '2026-9-5' is not a date"),
        (
            changed("holidays.csv", ",National Day", ","),
            "holidays.csv:2: name_vi and name_en must not be empty",
        ),
        (
            changed("map.topo.json", "Topology", "FeatureCollection"),
            "map.topo.json:1: its type is 'FeatureCollection'",
        ),
        (
            changed("map.topo.json", "25462", "25460"),
            "map.topo.json:1: 25460: drawn, but no current communes",
        ),
        (
            changed("map.topo.json", "25462", "25460"),
            "map.topo.json:1: 25462: current communes of places.csv, but not drawn",
        ),
        (changed("map.topo.json", "25462", "25459"), "map.topo.json:1: commune 25459 is drawn twice"),
        (changed("map.topo.json", "\"communes\"", "\"towns\""), "map.topo.json:3: not TopoJSON"),
        (changed("map.topo.json", "\"geometries\":[", "\"geometries\":[,"), "map.topo.json:2: not TopoJSON"),
        (with("map.json", "{}"), "map.json:1: a pack has no such file"),
    ];
    check(cases);
}

fn check<const N: usize>(cases: [(PackFiles, &str); N]) {
    for (files, expected) in cases {
        let found = faults(&files);
        assert!(found.iter().any(|fault| fault.starts_with(expected)), "{expected}\n{}", found.join("\n"));
    }
}

#[test]
fn any_text_in_any_of_these_files_is_a_pack_or_faults() {
    any_text_is_a_pack_or_faults(&full_files());
}
