use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::place::{Maps, Place, PlaceKind, Share, Span, history};

fn key(code: &str, from: &str) -> PlaceKey {
    PlaceKey { code: code.to_owned(), valid_from: from.parse().unwrap() }
}

const OLD: &str = "2000-01-01";
const NEW: &str = "2025-07-01";

/// Of old 1, 2 and a third of 3 there is a new 1; of the rest of 3 a new 3; 4 is the new 4.
fn conversion() -> Conversion {
    let mut of = Conversion {
        map: NEW.parse().unwrap(),
        shares: Default::default(),
        refused: Default::default(),
        parts: Default::default(),
    };
    let old_end = Some("2025-06-30".parse().unwrap());
    for (from, to, weight, alone) in [
        ("1", "1", "1", false),
        ("2", "1", "1", false),
        ("3", "1", "0.3", false),
        ("3", "3", "0.7", false),
        ("4", "4", "1", true),
    ] {
        let share = Share { to: key(to, NEW), weight: weight.parse().unwrap(), alone };
        of.shares.entry(key(from, OLD)).or_default().push(share);
        of.parts.entry(key(to, NEW)).or_default().push(Span { from: key(from, OLD), valid_to: old_end });
    }
    for code in ["1", "3", "4"] {
        let share = Share { to: key(code, NEW), weight: Decimal::ONE, alone: true };
        let _ = of.shares.insert(key(code, NEW), vec![share]);
        of.parts.entry(key(code, NEW)).or_default().push(Span { from: key(code, NEW), valid_to: None });
    }
    let _ = of.refused.insert(key("701", OLD), (NotRestated::NoSuccessor, vec![]));
    of
}

fn on(end: &str, additive: bool, said: &[(&str, &str, Option<i64>)]) -> Vec<Restated> {
    let keys: Vec<(PlaceKey, Option<Decimal>)> =
        said.iter().map(|(code, from, number)| (key(code, from), number.map(Decimal::from))).collect();
    let said: Vec<Said<'_>> = keys.iter().map(|(key, number)| (key, *number)).collect();
    restate(&conversion(), end.parse().unwrap(), additive, &said)
}

fn brief(restated: &[Restated]) -> Vec<String> {
    let one = |of: &Restated| {
        let number =
            of.number.map_or_else(|| of.reason.unwrap().word().to_owned(), |number| number.to_string());
        let sign = if of.estimated { "≈" } else { "" };
        format!("{} {sign}{number} {}/{}", of.place.code, of.known, of.expected)
    };
    restated.iter().map(one).collect()
}

#[test]
fn unsplit_parts_are_added_up_and_split_ones_are_estimated() {
    let all = [("1", OLD, Some(100)), ("2", OLD, Some(20)), ("3", OLD, Some(10)), ("4", OLD, Some(7))];
    assert_eq!(brief(&on("2024-12-31", true, &all)), ["1 ≈123 3/3", "3 ≈7 1/1", "4 7 1/1"]);
    let first = &on("2024-12-31", true, &all)[0];
    let parts: Vec<String> =
        first.parts.iter().map(|(place, weight)| format!("{} {weight}", place.code)).collect();
    assert_eq!(parts, ["1 1", "2 1", "3 0.3"], "what it is made of stands beside it");
}

#[test]
fn of_a_unit_of_which_a_part_is_missing_nothing_is_said() {
    let without = [("1", OLD, Some(100)), ("3", OLD, None), ("701", OLD, Some(9))];
    let restated = on("2024-12-31", true, &without);
    assert_eq!(brief(&restated), ["1 ≈part_missing 1/3", "3 ≈part_missing 0/1", "701 no_successor 1/1"]);
    // Behind the day on which they ended, the parts are still those of their time.
    assert_eq!(brief(&on("2025-07-14", true, &[("1", OLD, Some(1))])), ["1 part_missing 1/3"]);
}

#[test]
fn what_may_not_be_added_up_goes_only_with_what_is_the_same() {
    let rates = [("1", OLD, Some(50)), ("2", OLD, Some(60)), ("3", OLD, Some(70)), ("4", OLD, Some(80))];
    let restated = on("2024-12-31", false, &rates);
    assert_eq!(brief(&restated), ["1 ≈not_additive 3/3", "3 ≈not_additive 1/1", "4 80 1/1"]);
    assert_eq!(
        brief(&on("2026-12-31", false, &[("1", NEW, Some(50)), ("3", NEW, None)])),
        ["1 50 1/1", "3 no_number 0/1"]
    );
}

#[test]
fn what_a_unit_said_itself_is_not_added_to() {
    let both = [("1", OLD, Some(100)), ("2", OLD, Some(20)), ("3", OLD, Some(10)), ("1", NEW, Some(500))];
    let restated = on("2025-06-30", true, &both);
    let expected = ["1 own_word 1/1", "1 500 1/1", "2 own_word 1/1", "3 own_word 1/1", "3 ≈7 1/1"];
    assert_eq!(brief(&restated), expected, "and what it displaces is flagged");
    let parts: Vec<String> = restated.iter().map(|of| of.parts[0].1.to_string()).collect();
    assert_eq!(parts, ["1", "1", "1", "0.3", "0.7"], "of what was split, the share that it displaces");
    // Of a unit that spoke without a number nothing of others is told either, and all of it is there to be seen.
    let mut silent = both;
    silent[3].2 = None;
    silent[0].2 = None;
    let restated = brief(&on("2025-06-30", true, &silent));
    assert_eq!(restated[..2], ["1 own_word 0/1", "1 no_number 0/1"]);
    // Two that displace parts of one leave one row of it.
    let all = [("3", OLD, Some(10)), ("1", NEW, Some(500)), ("3", NEW, Some(70))];
    let restated = on("2025-12-31", true, &all);
    assert_eq!(brief(&restated), ["1 500 1/1", "3 own_word 1/1", "3 70 1/1"]);
    assert_eq!(restated[1].parts, [(key("3", OLD), Decimal::ONE)]);
    assert!(!restated[1].estimated, "it is what was reported");
}

/// Reported numbers of the units that are there on a day.
fn said_on<'p>(maps: &Maps<'p>, day: Date, numbers: &[i64]) -> Vec<(&'p PlaceKey, Option<Decimal>)> {
    let communes = maps.units(day).filter(|place| place.kind == PlaceKind::Commune);
    communes
        .zip(numbers.iter().cycle())
        .map(|(place, number)| (&place.key, Some(Decimal::from(*number))))
        .collect()
}

/// Reported numbers of some of the units of all times: what a period says that holds changes of boundaries.
fn said_by<'p>(places: &'p [Place], numbers: &[Option<i64>]) -> Vec<Said<'p>> {
    let communes = places.iter().filter(|place| place.kind == PlaceKind::Commune);
    let number = |of: i64| Some(Decimal::from(of)).filter(|_| of % 7 != 0);
    communes
        .zip(numbers.iter().cycle())
        .filter_map(|(place, of)| of.map(|of| (&place.key, number(of))))
        .collect()
}

fn sum<'r>(numbers: impl Iterator<Item = &'r Decimal>) -> Decimal {
    numbers.copied().sum()
}

proptest! {
    /// As reported, on today's map and on that of any day.
    #[test]
    fn province_totals_agree_on_every_map(
        (places, successions) in history(),
        numbers in prop::collection::vec(0..1_000_000_i64, 1..9),
    ) {
        let maps = Maps::of(&places, &successions);
        for day in maps.days() {
            let said = said_on(&maps, *day, &numbers);
            let reported = sum(said.iter().filter_map(|(_, number)| number.as_ref()));
            for map in maps.days() {
                let restated = restate(&maps.conversion(*map), *day, true, &said);
                let on_it = sum(restated.iter().filter_map(|of| of.number.as_ref()));
                // What is on no unit of an older map is flagged with the number that was reported.
                let flagged = restated.iter().filter(|of| of.number.is_none()).filter_map(|of| {
                    said.iter().find(|(place, _)| **place == of.place).and_then(|(_, number)| number.as_ref())
                });
                prop_assert_eq!(on_it + sum(flagged), reported);
                if map >= day {
                    prop_assert!(restated.iter().all(|of| of.number.is_some()));
                }
            }
        }
    }

    /// Also where units of several maps speak of one period: what is told and what is flagged is what was reported, to the
    /// last digit, and each word is in it once.
    #[test]
    fn nothing_that_was_reported_is_lost_where_units_of_several_maps_speak_of_one_period(
        (places, successions) in history(),
        numbers in prop::collection::vec(prop::option::weighted(0.7, 0..1_000_000_i64), 1..9),
    ) {
        let maps = Maps::of(&places, &successions);
        let said = said_by(&places, &numbers);
        let reported = sum(said.iter().filter_map(|(_, number)| number.as_ref()));
        let number = |place: &PlaceKey| said.iter().find(|(of, _)| *of == place).and_then(|(_, number)| *number);
        for map in maps.days() {
            let restated = restate(&maps.conversion(*map), Date::MAX, true, &said);
            let of_parts = |of: &Restated| -> Decimal {
                of.parts.iter().map(|(place, weight)| number(place).unwrap_or_default() * weight).sum()
            };
            for of in &restated {
                if let Some(told) = of.number {
                    prop_assert_eq!(told, of_parts(of), "its parts add up to it");
                }
            }
            let told = sum(restated.iter().filter_map(|of| of.number.as_ref()));
            let flagged: Decimal = restated.iter().filter(|of| of.number.is_none()).map(of_parts).sum();
            prop_assert_eq!(told + flagged, reported);
            for (place, _) in &said {
                let parts = restated.iter().flat_map(|of| &of.parts).filter(|(of, _)| of == *place);
                let all: Decimal = parts.map(|(_, weight)| *weight).sum();
                prop_assert_eq!(all, Decimal::ONE, "all of each word, once");
            }
            let rows: BTreeSet<&PlaceKey> = restated.iter().map(|of| &of.place).collect();
            prop_assert_eq!(rows.len(), restated.len(), "a row a unit");
            // The own word of a unit of the map is told as it is.
            for (place, own) in &said {
                if let Some(of) = restated.iter().find(|of| of.place == **place && of.reason.is_none()) {
                    prop_assert_eq!(of.number, *own);
                }
            }
        }
    }

    #[test]
    fn a_round_trip_never_invents(
        (places, successions) in history(),
        numbers in prop::collection::vec(0..1_000_000_i64, 1..9),
    ) {
        let maps = Maps::of(&places, &successions);
        for day in maps.days() {
            let said = said_on(&maps, *day, &numbers);
            for map in maps.days() {
                let there = restate(&maps.conversion(*map), *day, true, &said);
                let moved: Vec<Said<'_>> = there.iter().map(|of| (&of.place, of.number)).collect();
                let end = (*day).max(*map);
                for back in restate(&maps.conversion(*day), end, true, &moved) {
                    let Some(number) = back.number else { continue };
                    let was = said.iter().find(|(place, _)| **place == back.place).and_then(|(_, number)| *number);
                    if map >= day {
                        prop_assert_eq!(Some(number), was, "there and back it is what it was, or nothing");
                        prop_assert!(!back.estimated);
                    } else if !back.estimated {
                        prop_assert_eq!(Some(number), was);
                    }
                }
            }
        }
    }

    /// Estimates stay estimates: whatever is not estimated is a sum of reported numbers.
    #[test]
    fn what_is_not_estimated_is_made_of_whole_numbers_that_were_reported(
        (places, successions) in history(),
        numbers in prop::collection::vec(0..1_000_000_i64, 1..9),
    ) {
        let maps = Maps::of(&places, &successions);
        let Some(day) = maps.days().first() else { return Ok(()) };
        let said = said_on(&maps, *day, &numbers);
        for map in maps.days() {
            for of in restate(&maps.conversion(*map), *day, true, &said).iter().filter(|of| !of.estimated) {
                let parts = of.parts.iter().filter_map(|(place, _)| {
                    said.iter().find(|(said, _)| *said == place).and_then(|(_, number)| number.as_ref())
                });
                prop_assert_eq!(of.number, Some(sum(parts)));
            }
        }
    }
}

#[test]
fn a_share_is_made_anew_and_never_a_mean() {
    let files_place = |number: i64| Restated {
        place: key("1", NEW),
        number: Some(Decimal::from(number)),
        reason: None,
        estimated: false,
        known: 1,
        expected: 1,
        parts: vec![],
    };
    let indicator = FormIndicator { percent: true, ..indicator() };
    let share = |of: Option<&Restated>, by: Option<&Restated>| ratio(&indicator, of, by, 4);
    let (doctors, all) = (files_place(74), files_place(430));
    assert_eq!(share(Some(&doctors), Some(&all)).unwrap().to_string(), "17.2093");
    for by in [0, -430] {
        assert_eq!(share(Some(&doctors), Some(&files_place(by))), Err(NotRestated::NoNumber));
    }
    let flagged = |reason| Restated { number: None, reason: Some(reason), ..files_place(1) };
    let missing = flagged(NotRestated::PartMissing);
    assert_eq!(share(Some(&missing), Some(&all)), Err(NotRestated::PartMissing));
    // What nobody said of one of both is missing; why the other has none says more.
    assert_eq!(share(None, Some(&all)), Err(NotRestated::PartMissing));
    assert_eq!(share(Some(&doctors), None), Err(NotRestated::PartMissing));
    let displaced = flagged(NotRestated::OwnWord);
    assert_eq!(share(None, Some(&displaced)), Err(NotRestated::OwnWord));
    assert_eq!(share(Some(&displaced), None), Err(NotRestated::OwnWord));
}

fn indicator() -> FormIndicator {
    FormIndicator {
        id: "share".to_owned(),
        code: "share".to_owned(),
        name: crate::text::Text::default(),
        unit: "%".to_owned(),
        units: Default::default(),
        percent: false,
        whole: false,
        least: None,
        most: None,
        decimals: 1,
        suppress_below: None,
        required: false,
        additive: false,
        ratio: None,
        owner: None,
        counts: None,
    }
}
