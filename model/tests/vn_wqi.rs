//! VN_WQI (Decision 1460/QĐ-TCMT) against recorded results, and what must hold of it for any water.

use std::collections::BTreeMap;

use ioc_model::index::{
    IndexId, IndexSettings, Indexed, NoIndex, WqiAggregate,
    vn_wqi::{INPUTS, index, oxygen_saturation, sub_index},
};
use proptest::prelude::*;
use serde_json::Value;

type Water = BTreeMap<&'static str, f64>;

fn of(water: &Water, settings: &IndexSettings) -> Indexed {
    index(|indicator| water.get(indicator).copied(), settings)
}

fn plain(water: &Water) -> Indexed {
    of(water, &IndexSettings::default())
}

fn indicator(name: &str) -> &'static str {
    let id = match name {
        "T" => "temperature",
        "DDTs" => "ddt",
        "N_NH4" => "nh4",
        other => &other.to_lowercase(),
    };
    INPUTS.into_iter().find(|input| *input == id).unwrap_or_else(|| panic!("{name}"))
}

fn group(indexed: &Indexed, name: &str) -> Option<f64> {
    let name = format!("group_{}", name.to_lowercase());
    indexed.parts.iter().find(|part| *part.indicator == *name).map(|part| part.sub_index)
}

/// A river with a value in each group but II and III.
fn river() -> Water {
    Water::from([
        ("ph", 7.2),
        ("do", 5.5),
        ("temperature", 28.0),
        ("bod5", 5.0),
        ("cod", 12.0),
        ("nh4", 0.2),
        ("coliform", 4_000.0),
    ])
}

#[test]
fn recorded_waters_have_their_groups_and_their_index() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/vn_wqi_vectors.json")).unwrap();
    for case in vectors["cases"].as_array().unwrap() {
        let water: Water = case["in"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (indicator(name), value.as_f64().unwrap()))
            .collect();
        let indexed = plain(&water);
        for (name, expected) in case["group"].as_object().unwrap() {
            let found = group(&indexed, name).unwrap();
            assert!((found - expected.as_f64().unwrap()).abs() < 5e-4, "{name}: {found}, not {expected}");
        }
        let weighted =
            IndexSettings { wqi_aggregate: WqiAggregate::WeightedCubeRoot, ..IndexSettings::default() };
        let mut without_germs = water.clone();
        without_germs.retain(|indicator, _| !["coliform", "ecoli"].contains(indicator));
        // As published: whole numbers.
        for (found, expected) in [
            (&indexed, &case["wqi_sqrt"]),
            (&of(&water, &weighted), &case["wqi_weighted_cbrt"]),
            (
                &of(&without_germs, &IndexSettings { wqi_least_groups: 2, ..IndexSettings::default() }),
                &case["wqi_without_V"],
            ),
        ] {
            assert_eq!(found.value, Ok((expected.as_f64().unwrap() + 0.5).floor()), "{case}");
        }
        if let Some(level) = case["level"].as_str() {
            assert_eq!(indexed.value, Ok(case["expected_int"].as_f64().unwrap()));
            assert_eq!(IndexId::VnWqi.categories()[usize::from(indexed.category.unwrap())].vi, level);
        }
        if let Some(percent) = case["do_saturation_pct"].as_f64() {
            let oxygen = indexed.parts.iter().find(|part| &*part.indicator == "do").unwrap();
            assert!((oxygen.input - percent).abs() < 1e-3, "{}", oxygen.input);
        }
    }
}

#[test]
fn sub_indices_are_those_of_the_tables_at_and_beside_their_edges() {
    for (parameter, concentration, expected) in [
        ("bod5", 4.0, 100.0),
        ("bod5", 6.0, 75.0),
        ("toc", 20.0, 37.5),
        ("bod5", 50.0, 10.0),
        ("bod5", 51.0, 10.0),
        ("cod", 100.0, 17.5),
        ("nh4", 0.299, 100.0),
        ("nh4", 0.3, 75.0),
        ("n_no3", 10.0, 50.0),
        ("n_no3", 15.0, 25.0),
        ("n_no3", 15.1, 10.0),
        ("n_no2", 0.05, 100.0),
        ("n_no2", 0.051, 10.0),
        ("p_po4", 0.25, 62.5),
        ("coliform", 2_500.0, 100.0),
        ("coliform", 10_000.0, 25.0),
        ("coliform", 10_001.0, 10.0),
        ("ecoli", 21.0, 100.0 - 25.0 / 30.0),
        ("as", 0.1, 25.0),
        ("as", 0.11, 10.0),
        ("cd", 0.004_9, 100.0),
        ("cd", 0.005, 75.0),
        ("hg", 0.002, 25.0),
        ("aldrin", 0.1, 100.0),
        ("aldrin", 0.11, 10.0),
        ("heptachlor", 0.2, 100.0),
        ("ph", 5.4, 10.0),
        ("ph", 5.5, 50.0),
        ("ph", 5.75, 75.0),
        ("ph", 8.5, 100.0),
        ("ph", 9.0, 50.0),
        ("ph", 9.1, 10.0),
        ("do", 19.9, 10.0),
        ("do", 20.0, 25.0),
        ("do", 100.0, 100.0),
        ("do", 118.5, 87.5),
        ("do", 200.0, 25.0),
        ("do", 201.0, 10.0),
    ] {
        let found = sub_index(parameter, concentration).unwrap();
        assert!((found - expected).abs() < 1e-9, "{parameter} {concentration}: {found}, not {expected}");
    }
    assert_eq!(sub_index("tss", 1.0), None);
}

#[test]
fn silent_oxygen_without_a_temperature_is_not_judged() {
    let mut water = river();
    let _ = water.remove("temperature");
    let indexed = plain(&water);
    assert!(indexed.parts.iter().all(|part| &*part.indicator != "do"));
    assert!(indexed.value.is_ok(), "three parameters of group IV are left");
    assert!((oxygen_saturation(25.0) - 8.176).abs() < 0.01, "{}", oxygen_saturation(25.0));
}

#[test]
fn a_group_of_the_first_three_that_is_not_measured_counts_as_100() {
    let with = plain(&river()).value;
    let mut clean = river();
    clean.extend([("as", 0.001), ("aldrin", 0.001)]);
    assert_eq!(plain(&clean).value, with);
    let mut acid = river();
    let _ = acid.insert("ph", 5.5);
    let core = |indexed: &Indexed| (group(indexed, "iv").unwrap() * group(indexed, "v").unwrap()).sqrt();
    assert_eq!(plain(&acid).value.unwrap(), (core(&plain(&acid)) / 2.0).round());
    assert_eq!(plain(&acid).dominant.as_deref(), Some("ph"));
}

#[test]
fn silent_too_few_groups_or_parameters_have_no_index_and_nothing_is_no_data() {
    assert_eq!(plain(&Water::new()).value, Err(NoIndex::NoData));
    let mut water = river();
    water.retain(|indicator, _| *indicator != "ph");
    assert_eq!(plain(&water).value, Err(NoIndex::TooFewGroups));
    let two = IndexSettings { wqi_least_groups: 2, ..IndexSettings::default() };
    assert!(of(&water, &two).value.is_ok(), "the national application's least number for automatic stations");
    let mut water = river();
    water.retain(|indicator, _| !["bod5", "cod"].contains(indicator));
    assert_eq!(plain(&water).value, Err(NoIndex::TooFewGroups));
    let none_of_four =
        IndexSettings { wqi_least_groups: 1, wqi_least_group_iv: 0, ..IndexSettings::default() };
    assert_eq!(of(&Water::from([("ph", 7.0)]), &none_of_four).value, Err(NoIndex::TooFewGroups));
    assert_eq!(of(&Water::from([("ph", 7.0)]), &none_of_four).category, None);
}

#[test]
fn water_without_a_fault_is_100_and_has_no_dominant_parameter() {
    let water = Water::from([
        ("ph", 7.0),
        ("bod5", 1.0),
        ("cod", 1.0),
        ("nh4", 0.0),
        ("as", 0.0),
        ("cd", 0.0),
        ("coliform", 0.0),
    ]);
    let indexed = plain(&water);
    assert_eq!((indexed.value, indexed.category, indexed.dominant), (Ok(100.0), Some(0), None));
}

fn any_water() -> impl Strategy<Value = Water> {
    proptest::collection::vec(proptest::option::of(0.0..60.0f64), INPUTS.len()).prop_map(|values| {
        INPUTS.into_iter().zip(values).filter_map(|(id, value)| Some((id, value?))).collect()
    })
}

proptest! {
    #[test]
    fn more_of_a_pollutant_never_gives_a_higher_sub_index(
        parameter in proptest::sample::select(INPUTS.to_vec()), one in 0.0..12_000.0f64, more in 0.0..100.0f64
    ) {
        if ["ph", "do", "temperature"].contains(&parameter) {
            return Ok(());
        }
        let (before, after) = (sub_index(parameter, one).unwrap(), sub_index(parameter, one + more).unwrap());
        prop_assert!(after <= before && (10.0..=100.0).contains(&after));
    }

    #[test]
    fn an_index_is_a_whole_number_from_0_to_100_with_its_band_or_has_a_reason(water in any_water()) {
        let indexed = plain(&water);
        match indexed.value {
            Ok(value) => {
                prop_assert!(value.fract() == 0.0 && (0.0..=100.0).contains(&value));
                let band = IndexId::VnWqi.categories()[usize::from(indexed.category.unwrap())];
                prop_assert!(f64::from(band.from) <= value && value <= f64::from(band.to));
            }
            Err(_) => prop_assert!(indexed.category.is_none() && indexed.dominant.is_none()),
        }
    }
}
