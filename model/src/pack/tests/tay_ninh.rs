//! The pack of the repository.

use super::*;
use crate::{
    event::GroupBy,
    index::{IndexId, vn_wqi},
    limit::Averaging,
    place::{Date, Maps, NotRestated},
};
use rust_decimal::Decimal;

fn files() -> PackFiles {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/provinces/tay-ninh");
    let mut files = PackFiles::new();
    for folder in ["", "demo/"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if [".toml", ".csv", ".json"].iter().any(|ending| name.ends_with(ending)) {
                let path = format!("{folder}{name}");
                let _ = files.insert(path.clone(), std::fs::read_to_string(root.join(path)).unwrap());
            }
        }
    }
    files
}

#[test]
fn the_pack_of_tay_ninh_has_no_faults() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    let count = |kind: PlaceKind, today: bool| {
        pack.places.iter().filter(|place| place.kind == kind && place.valid_to.is_none() == today).count()
    };
    assert_eq!(count(PlaceKind::Province, true), 1);
    assert_eq!(count(PlaceKind::Province, false), 2);
    assert_eq!(count(PlaceKind::District, false), 24);
    assert_eq!(count(PlaceKind::District, true), 0);
    assert_eq!((count(PlaceKind::Commune, true), count(PlaceKind::Ward, true)), (82, 14));
    let old = [PlaceKind::Commune, PlaceKind::Ward, PlaceKind::Township].map(|kind| count(kind, false));
    assert_eq!(old, [231, 28, 21]);
}

#[test]
fn the_demo_is_fed_by_three_channels_and_says_that_it_replays() {
    let pack = Pack::parse_with(&files(), Some("demo")).unwrap_or_else(|faults| panic!("{faults}"));
    let replayed = pack.replayed.unwrap();
    assert!(
        replayed.vi.contains("phát lại")
            && replayed.vi.contains("giả lập")
            && replayed.en.contains("synthetic")
    );
    let replaying: Vec<_> =
        pack.stations.values().filter(|station| station.name.vi.contains("phát lại")).collect();
    assert_eq!(replaying.len(), 4);
    for station in replaying {
        assert!(station.name.en.contains("replay station") && station.point.is_some(), "{}", station.id);
        assert_eq!(station.place.valid_from.to_string(), "2025-07-01");
    }
    assert!(matches!(pack.feeds["replay-wind"].transport, Transport::Mqtt { .. }));
    assert!(matches!(pack.feeds["replay-dust"].transport, Transport::Files { .. }));
    assert!(matches!(pack.feeds["replay-security"].transport, Transport::Syslog { .. }));
    // Each says of itself that it is none; only the publisher's own address is a real one.
    let is_said =
        |name: &str| ["replayed", "synthetic", "demonstration"].iter().any(|word| name.contains(word));
    assert!(pack.log_sources.values().all(|source| is_said(&source.name.en)));
    assert_eq!(pack.log_sources.values().filter(|source| source.relay).count(), 1);
    // The relay speaks for all others, so each is heard by it.
    assert!(pack.log_sources.values().all(|source| source.relay != source.is_heard_by_relay()));
    // What its sensor raises is of categories that the pack counts by.
    let of_alerts = include_str!("../../../../deploy/provinces/tay-ninh/demo/suricata_eve_alerts_300.jsonl");
    let is_named = |category: &str| {
        let groups = pack.measures.values().filter_map(|measure| measure.group.as_ref());
        groups.into_iter().any(|group| match &group.by {
            GroupBy::Category(categories) => !categories.others && categories.has(category),
            _ => false,
        })
    };
    let category = |line: &str| line.split("\"category\": \"").nth(1)?.split('"').next().map(str::to_owned);
    let counted = |line: &&str| category(line).is_some_and(|category| is_named(&category));
    let (all, counted) = (of_alerts.lines().count(), of_alerts.lines().filter(counted).count());
    assert!(counted * 10 >= all * 7, "{counted} of {all}");
}

#[test]
fn every_symbol_of_table_34_is_an_indicator() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    let known: Vec<Spelling> = pack
        .indicators
        .values()
        .flat_map(|indicator| indicator.aliases.iter().chain([&indicator.symbol]))
        .filter_map(|symbol| Spelling::of_symbol(symbol))
        .collect();
    for symbol in
        "Flow Temp Color pH TSS COD NH4 TP TN TOC Cl RH P NO NO2 CO SO2 O2 H2S NH3 VHg PM O3 PM10 PM2,5"
            .split(' ')
    {
        assert!(known.contains(&Spelling::of_symbol(symbol).unwrap()), "{symbol}");
    }
}

#[test]
fn limits_change_on_their_day_and_alerts_have_a_first_step() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    let fine_dust = |day: Date| {
        let in_force: Vec<f64> = pack
            .limits
            .iter()
            .filter(|limit| limit.indicator == "pm25" && limit.averaging == Averaging::Day)
            .filter(|limit| limit.is_in_force(day))
            .filter_map(|limit| limit.high)
            .collect();
        in_force
    };
    let day = |text: &str| text.parse::<Date>().unwrap();
    assert!(fine_dust(day("2013-12-31")).is_empty());
    assert_eq!(fine_dust(day("2025-12-31")), [50.0]);
    assert_eq!(fine_dust(day("2026-01-01")), [45.0]);
    assert!(pack.rules.len() >= 8);
    for rule in pack.rules.values() {
        assert!(rule.step.vi.len() > 20 && rule.step.en.len() > 20, "{}", rule.id);
    }
}

#[test]
fn every_input_of_an_index_is_an_indicator_of_which_hours_and_days_are_made() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    let air = ["pm25", "pm10", "o3", "no2", "so2", "co"];
    for input in air.into_iter().chain(vn_wqi::INPUTS) {
        assert_eq!(pack.indicators[input].windows, [WindowKind::Hour, WindowKind::Day], "{input}");
    }
    assert!(air.iter().all(|input| pack.indicators[*input].unit == "ug/m3"));
    let unit = |input: &str| match input {
        "ph" => "-",
        "temperature" => "oC",
        "coliform" | "ecoli" => "MPN/100mL",
        "aldrin" | "bhc" | "dieldrin" | "ddt" | "heptachlor" => "ug/L",
        _ => "mg/L",
    };
    for input in vn_wqi::INPUTS {
        assert_eq!(pack.indicators[input].unit, unit(input), "{input}");
    }
    let watched: Vec<_> = pack.rules.values().flat_map(|rule| &rule.kinds).collect();
    assert!(IndexId::ALL.iter().all(|index| watched.contains(&&index.station_kind())));
}

#[test]
fn every_old_commune_came_to_a_new_one_and_every_new_one_is_drawn() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    // Both provinces came to one.
    let (communes, provinces): (Vec<_>, Vec<_>) =
        pack.successions.iter().partition(|pair| pair.from.code.len() == 5);
    assert_eq!((communes.len(), provinces.len()), (302, 2));
    let old: std::collections::BTreeSet<_> = communes.iter().map(|pair| &pair.from.code).collect();
    let new: std::collections::BTreeSet<_> = communes.iter().map(|pair| &pair.to.code).collect();
    assert_eq!((old.len(), new.len()), (280, 96));
    let split = pack.successions.iter().filter(|pair| pair.split);
    assert!(split.clone().all(|pair| pair.estimated), "a weight nobody counted says so");
    assert_eq!(split.filter(|pair| pair.main).count(), 21);
    assert!(pack.map.unwrap().contains("Phường Tân Ninh"));
    assert!(pack.holidays.iter().any(|day| day.date.to_string() == "2026-02-17" && !day.worked));
}

#[test]
fn old_tay_ninh_and_old_long_an_stay_comparable_and_districts_end() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    let maps = Maps::of(&pack.places, &pack.successions);
    let days: Vec<String> = maps.days().iter().map(ToString::to_string).collect();
    assert_eq!(days, ["1970-01-01", "2025-07-01"]);
    let today = maps.conversion(maps.days()[1]);
    let on = |group: &str, day: Date| {
        maps.units(day).filter(|place| pack.groups[group].members.contains(&place.key)).count()
    };
    let counts = |day| (on("tay-ninh-cu", day), on("long-an-cu", day));
    assert_eq!((counts(maps.days()[0]), counts(maps.days()[1])), ((94, 186), (36, 60)));
    let estimated = today.shares.values().filter(|shares| shares.len() > 1).count();
    assert_eq!(estimated, 21, "those that were split, and no others");
    let refused: Vec<_> = today.refused.iter().map(|(key, (reason, _))| (key.code.len(), *reason)).collect();
    assert_eq!(refused, vec![(3, NotRestated::NoSuccessor); 24], "districts came to nothing");
    for key in pack.places.iter().map(|place| &place.key).filter(|key| key.code != "VN") {
        let within = maps.within(&today, key);
        assert_eq!(within.len(), 1, "{key:?}");
        assert_eq!((within[0].unit.code.as_str(), within[0].weight), ("80", Some(Decimal::ONE)), "{key:?}");
    }
}

#[test]
fn each_of_the_32_targets_of_plan_794_has_a_source() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    let of = |prefix: char| pack.targets.keys().filter(|id| id.starts_with(prefix)).count();
    assert_eq!((of('A'), of('B'), pack.targets.len()), (21, 11, 32));
    let numbers = pack.targets.values().filter(|target| target.value.is_some()).count();
    assert_eq!(numbers, 30, "two have none in the plan");
    for target in pack.targets.values() {
        let form = &pack.forms[&target.form];
        let parts: Vec<&String> = target.numerator.iter().chain(&target.denominator).collect();
        assert!(parts.iter().all(|id| form.indicators[*id].ratio.is_none()), "{}", target.id);
        // Somewhere in its time there is a place that can say it.
        let places = crate::form::PlacesByCode::of(&pack.places);
        let there = places.of_scope_on(&form.places, target.valid.1);
        assert!(there.iter().any(|place| target.tiers.contains(&place.kind)), "{}", target.id);
    }
}

#[test]
fn a_target_is_drawn_at_the_indicator_that_says_it_of_all_tiers_and_at_no_other() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    let said = pack.targets.values().flat_map(|target| {
        let form = &pack.forms[&target.form];
        let of = form.indicators.values().filter(move |indicator| target.is_said_by(form, indicator));
        of.map(|indicator| (target.id.as_str(), indicator.id.as_str()))
    });
    // A01 is of the province alone, and its form of all tiers; A09 adds up what no ratio of the form does.
    let expected = [
        ("A05", "video_share"),
        ("A07", "e_document_share"),
        ("A18", "integrated"),
        ("A20", "up_share"),
        ("A21", "ready"),
        ("B04", "online_share"),
        ("B05", "satisfied_share"),
    ];
    assert_eq!(said.collect::<Vec<_>>(), expected);
}
