//! VN_AQI against the worked examples of Decision 1459/QĐ-TCMT, and what must hold of it for any air.

use ioc_model::index::{
    GapReading, IndexId, Indexed, NoIndex,
    vn_aqi::{DayInputs, HourInputs, Parameter, daily, hourly, nowcast, sub_index},
};
use proptest::prelude::*;
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/vn_aqi_vectors.json")).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

fn hours(value: &Value) -> [Option<f64>; 12] {
    let list: Vec<Option<f64>> = value.as_array().unwrap().iter().map(Value::as_f64).collect();
    list.try_into().unwrap()
}

fn parameter(name: &str) -> Parameter {
    match name {
        "O3_1h" => Parameter::O3,
        "O3_8h" | "O3_8h_max" => Parameter::O3EightHours,
        "CO" => Parameter::Co,
        "SO2" => Parameter::So2,
        "NO2" => Parameter::No2,
        "PM10" => Parameter::Pm10,
        "PM2_5" => Parameter::Pm25,
        other => panic!("{other}"),
    }
}

fn close(one: f64, other: f64) {
    assert!((one - other).abs() < 1e-6, "{one} is not {other}");
}

fn part(indexed: &Indexed, indicator: &str) -> (f64, f64) {
    let part = indexed.parts.iter().find(|part| &*part.indicator == indicator).unwrap();
    (part.input, part.sub_index)
}

fn steady(mean: f64) -> [Option<f64>; 12] {
    [Some(mean); 12]
}

#[test]
fn breakpoints_are_those_of_the_decision_and_each_has_its_round_index() {
    let vectors = vectors();
    let index: Vec<f64> = vectors["I"].as_array().unwrap().iter().map(number).collect();
    for (name, points) in vectors["BP_ug_m3"].as_object().unwrap() {
        let points: Vec<f64> = points.as_array().unwrap().iter().map(number).collect();
        assert_eq!(parameter(name).breakpoints(), points, "{name}");
        for (point, expected) in points.iter().zip(&index) {
            assert_eq!(sub_index(parameter(name), *point), Some(*expected), "{name} {point}");
        }
    }
    for edge in vectors["edges_recomputed"].as_array().unwrap() {
        let name = edge[0].as_str().unwrap();
        close(sub_index(parameter(name), number(&edge[1])).unwrap(), number(&edge[2]));
    }
}

#[test]
fn the_decisions_nowcast_is_a_mean_weighted_by_the_ratio_of_the_extremes() {
    let case = &vectors()["nowcast"][0];
    let mut newest_first = hours(&case["pm25_oldest_first_09h_to_20h"]);
    newest_first.reverse();
    for gaps in [GapReading::Normalised, GapReading::Literal] {
        let cast = nowcast(&newest_first, gaps).unwrap();
        close(cast, number(&case["recomputed"]));
        assert_eq!((cast * 10.0).round() / 10.0, number(&case["expected_official"]));
    }
}

#[test]
fn a_nowcast_of_half_weights_is_the_texts_sum_and_a_gap_is_read_as_the_pack_says() {
    let vectors = vectors();
    let (whole, gappy) = (&vectors["nowcast"][1], &vectors["nowcast"][2]);
    for gaps in [GapReading::Normalised, GapReading::Literal] {
        let cast = nowcast(&hours(&whole["newest_first"]), gaps).unwrap();
        close(cast, number(&whole["recomputed_literal_sum_half_pow_i"]));
    }
    let gappy_hours = hours(&gappy["newest_first"]);
    close(nowcast(&gappy_hours, GapReading::Literal).unwrap(), number(&gappy["recomputed_literal"]));
    close(nowcast(&gappy_hours, GapReading::Normalised).unwrap(), number(&gappy["recomputed_normalised"]));
}

#[test]
fn silent_a_nowcast_needs_two_of_the_newest_three_hours() {
    let case = &vectors()["nowcast"][3];
    assert_eq!(nowcast(&hours(&case["newest_first"]), GapReading::Normalised), None);
    let mut two = [None; 12];
    (two[0], two[2]) = (Some(10.0), Some(10.0));
    assert_eq!(nowcast(&two, GapReading::Normalised), Some(10.0));
    assert_eq!(nowcast(&steady(0.0), GapReading::Literal), Some(0.0));
}

#[test]
fn the_decisions_hour_has_its_sub_indices_and_59_where_it_prints_60() {
    let case = &vectors()["hourly"];
    let mut pm25 = steady(20.0);
    let vectors = vectors();
    let listed = hours(&vectors["nowcast"][0]["pm25_oldest_first_09h_to_20h"]);
    for (hour, mean) in pm25.iter_mut().zip(listed.iter().rev()) {
        *hour = *mean;
    }
    let inputs = HourInputs {
        o3: Some(number(&case["O3_1h"][0])),
        no2: Some(number(&case["NO2"][0])),
        pm25,
        ..HourInputs::default()
    };
    let indexed = hourly(&inputs, GapReading::Normalised);
    close(part(&indexed, "o3").1, number(&case["O3_1h"][1]));
    close(part(&indexed, "no2").1, number(&case["NO2"][1]));
    let (cast, of_dust) = part(&indexed, "pm25");
    close(cast, 20.265_765_007_2);
    close(of_dust, 2.0 * cast);
    close(
        sub_index(Parameter::Pm25, number(&case["PM2_5_nowcast"][0])).unwrap(),
        number(&case["PM2_5_nowcast"][1]),
    );
    assert_eq!(indexed.value, Ok(number(&case["AQI_h_round_half_up"])));
    assert_eq!(indexed.value, Ok(59.0));
    assert_eq!(indexed.dominant.as_deref(), Some("no2"));
    assert_eq!(indexed.category, Some(1));
}

#[test]
fn the_decisions_day_takes_the_worse_of_the_two_readings_of_ozone() {
    let case = &vectors()["daily"];
    let of = |name: &str| Some(number(&case[name][0]));
    let inputs = DayInputs {
        o3: of("O3_1h_max"),
        o3_eight_hours: of("O3_8h_max"),
        no2: of("NO2_1h_max"),
        pm25: of("PM2_5_24h"),
        ..DayInputs::default()
    };
    let indexed = daily(&inputs);
    for (name, indicator) in
        [("O3_8h_max", "o3_eight_hours"), ("O3_1h_max", "o3"), ("NO2_1h_max", "no2"), ("PM2_5_24h", "pm25")]
    {
        close(part(&indexed, indicator).1, number(&case[name][1]));
    }
    assert_eq!(indexed.value, Ok(number(&case["AQI_d"])));
    assert_eq!((indexed.dominant.as_deref(), indexed.category), (Some("pm25"), Some(2)));
    let ozone = daily(&DayInputs { pm25: Some(1.0), ..inputs_of_ozone(89.3, 114.6) });
    assert_eq!((ozone.value, ozone.dominant.as_deref()), (Ok(45.0), Some("o3")));
}

fn inputs_of_ozone(eight_hours: f64, hour: f64) -> DayInputs {
    DayInputs { o3_eight_hours: Some(eight_hours), o3: Some(hour), ..DayInputs::default() }
}

#[test]
fn the_means_of_eight_hours_of_the_decision_have_its_highest() {
    let case = &vectors()["o3_8h"];
    let hourly: Vec<f64> = case["hourly_18h_to_next_0h"].as_array().unwrap().iter().map(number).collect();
    let means: Vec<f64> = hourly.windows(8).map(|eight| eight.iter().sum::<f64>() / 8.0).collect();
    let highest = means.iter().copied().fold(0.0, f64::max);
    assert_eq!((highest * 10.0).round() / 10.0, number(&case["max"]));
    close(sub_index(Parameter::O3EightHours, highest).unwrap(), highest / 2.0);
}

#[test]
fn eight_hours_of_ozone_above_their_table_leave_the_word_to_the_hour() {
    assert_eq!(sub_index(Parameter::O3EightHours, 400.0), Some(300.0));
    assert_eq!(sub_index(Parameter::O3EightHours, 400.1), None);
    let indexed = daily(&DayInputs { pm10: Some(10.0), ..inputs_of_ozone(500.0, 900.0) });
    assert_eq!(indexed.value, Ok(350.0));
    assert!(indexed.parts.iter().all(|part| &*part.indicator != "o3_eight_hours"));
}

#[test]
fn silent_without_particulates_there_is_no_index_and_it_is_never_0() {
    let gases = HourInputs { no2: Some(80.0), ..HourInputs::default() };
    let indexed = hourly(&gases, GapReading::Normalised);
    assert_eq!(
        (indexed.value, indexed.category, indexed.dominant),
        (Err(NoIndex::NoParticulates), None, None)
    );
    close(indexed.parts[0].sub_index, 40.0);
    assert_eq!(hourly(&HourInputs::default(), GapReading::Normalised).value, Err(NoIndex::NoData));
    assert_eq!(daily(&DayInputs::default()).value, Err(NoIndex::NoData));
    let either = HourInputs { pm10: steady(10.0), ..HourInputs::default() };
    assert_eq!(hourly(&either, GapReading::Normalised).value, Ok(10.0));
}

#[test]
fn of_equal_sub_indices_the_first_of_the_fixed_order_is_named() {
    let inputs = DayInputs { pm25: Some(25.0), pm10: Some(50.0), co: Some(10_000.0), ..DayInputs::default() };
    assert_eq!(daily(&inputs).dominant.as_deref(), Some("pm25"));
}

#[test]
fn the_bands_hold_every_whole_number_once() {
    for index in IndexId::ALL {
        let mut bands: Vec<(u16, u16)> = index.categories().iter().map(|band| (band.from, band.to)).collect();
        bands.sort_unstable();
        assert_eq!(bands[0].0, 0);
        assert!(bands.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0), "{bands:?}");
        let mut words: Vec<&str> = index.categories().iter().map(|band| band.word).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), bands.len());
    }
    assert_eq!(IndexId::VnAqi.categories().last().unwrap().to, 500);
}

fn any_parameter() -> impl Strategy<Value = Parameter> {
    proptest::sample::select(Parameter::ALL.to_vec())
}

fn any_hours() -> impl Strategy<Value = [Option<f64>; 12]> {
    proptest::array::uniform12(proptest::option::weighted(0.8, 0.0..700.0f64))
}

proptest! {
    #[test]
    fn more_of_a_pollutant_never_gives_a_lower_sub_index(
        parameter in any_parameter(), one in 0.0..200_000.0f64, more in 0.0..1_000.0f64
    ) {
        let (before, after) = (sub_index(parameter, one), sub_index(parameter, one + more));
        if let (Some(before), Some(after)) = (before, after) {
            prop_assert!(before <= after && (0.0..=500.0).contains(&before));
        }
        prop_assert!(before.is_some() || after.is_none());
    }

    #[test]
    fn a_sub_index_does_not_jump_at_a_breakpoint(parameter in any_parameter(), at in 1usize..7) {
        let Some(point) = parameter.breakpoints().get(at).copied() else { return Ok(()) };
        let below = sub_index(parameter, point * (1.0 - 1e-12)).unwrap();
        let above = sub_index(parameter, point * (1.0 + 1e-12));
        if let Some(above) = above {
            prop_assert!(above - below < 1e-6);
        }
    }

    #[test]
    fn a_nowcast_lies_between_the_lowest_and_highest_hour_but_for_the_texts_sum(hours in any_hours()) {
        let there: Vec<f64> = hours.iter().flatten().copied().collect();
        let cast = nowcast(&hours, GapReading::Normalised);
        prop_assert_eq!(cast.is_some(), hours.iter().take(3).flatten().count() >= 2);
        if let Some(cast) = cast {
            let lowest = there.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = there.iter().copied().fold(0.0, f64::max);
            // The weights ½ … 1/4096 add up to 4095/4096.
            prop_assert!(cast <= highest + 1e-9 && cast >= lowest * (4_095.0 / 4_096.0) - 1e-9, "{} {} {}", cast, lowest, highest);
            prop_assert!(nowcast(&hours, GapReading::Literal).unwrap() <= cast + 1e-9);
        }
    }

    #[test]
    fn an_index_is_a_whole_number_of_its_band_and_no_part_is_higher(
        pm25 in any_hours(), no2 in proptest::option::of(0.0..5_000.0f64), o3 in proptest::option::of(0.0..2_000.0f64)
    ) {
        let indexed = hourly(&HourInputs { pm25, no2, o3, ..HourInputs::default() }, GapReading::Normalised);
        let highest = indexed.parts.iter().map(|part| part.sub_index).fold(0.0, f64::max);
        match indexed.value {
            Ok(value) => {
                prop_assert_eq!(value.fract(), 0.0);
                prop_assert!((value - highest).abs() <= 0.5 + 1e-9);
                let band = IndexId::VnAqi.categories()[usize::from(indexed.category.unwrap())];
                prop_assert!(f64::from(band.from) <= value && value <= f64::from(band.to));
            }
            Err(_) => prop_assert!(indexed.category.is_none() && indexed.dominant.is_none()),
        }
    }
}
