use proptest::prelude::*;

use super::*;
use crate::text::Text;

fn key(code: &str, from: &str) -> PlaceKey {
    PlaceKey { code: code.to_owned(), valid_from: from.parse().unwrap() }
}

fn place(code: &str, kind: PlaceKind, from: &str, to: Option<&str>, parent: Option<&str>) -> Place {
    Place {
        key: key(code, from),
        valid_to: to.map(|to| to.parse().unwrap()),
        kind,
        name: Text::default(),
        parent: parent.map(str::to_owned),
        area_km2: None,
        point: None,
    }
}

fn pair(from: (&str, &str), to: (&str, &str), weight: &str) -> Succession {
    Succession {
        from: key(from.0, from.1),
        to: key(to.0, to.1),
        split: weight != "1",
        main: true,
        weight: weight.parse().unwrap(),
        estimated: weight != "1",
    }
}

/// Two old provinces of which one takes in the other; a district each; communes that stay, merge and split.
fn merged() -> (Vec<Place>, Vec<Succession>) {
    const OLD: &str = "2000-01-01";
    const NEW: &str = "2025-07-01";
    let until = Some("2025-06-30");
    let commune = |code, parent| place(code, PlaceKind::Commune, OLD, until, Some(parent));
    let now = |code| place(code, PlaceKind::Commune, NEW, None, Some("80"));
    let places = vec![
        place("72", PlaceKind::Province, OLD, until, None),
        place("80", PlaceKind::Province, OLD, until, None),
        place("80", PlaceKind::Province, NEW, None, None),
        place("701", PlaceKind::District, OLD, until, Some("72")),
        place("702", PlaceKind::District, OLD, until, Some("72")),
        commune("00001", "701"),
        commune("00002", "701"),
        commune("00003", "701"),
        commune("00004", "702"),
        commune("00005", "702"),
        now("00001"),
        now("00002"),
        now("00004"),
        now("00006"),
    ];
    let old = |code| (code, OLD);
    let new = |code| (code, NEW);
    let successions = vec![
        pair(old("72"), new("80"), "1"),
        pair(old("80"), new("80"), "1"),
        pair(old("00001"), new("00001"), "1"),
        pair(old("00002"), new("00002"), "1"),
        pair(old("00003"), new("00002"), "1"),
        pair(old("00004"), new("00004"), "0.7"),
        pair(old("00004"), new("00006"), "0.3"),
        pair(old("00005"), new("00006"), "1"),
    ];
    (places, successions)
}

#[test]
fn a_map_is_made_by_every_day_on_which_something_changed() {
    let (places, successions) = merged();
    let maps = Maps::of(&places, &successions);
    let days: Vec<String> = maps.days().iter().map(ToString::to_string).collect();
    assert_eq!(days, ["2000-01-01", "2025-07-01"]);
    let on = |day: &str| maps.on(day.parse().unwrap()).map(|day| day.to_string());
    assert_eq!(on("2025-06-30").as_deref(), Some("2000-01-01"));
    assert_eq!(on("2026-01-01").as_deref(), Some("2025-07-01"));
    assert_eq!(on("1999-12-31"), None, "nobody knows what was before the first map");
}

#[test]
fn forwards_weights_move_numbers_and_districts_come_to_nothing() {
    let (places, successions) = merged();
    let maps = Maps::of(&places, &successions);
    let today = maps.conversion("2025-07-01".parse().unwrap());
    let shares = |code: &str| -> Vec<(String, String, bool)> {
        let of = &today.shares[&key(code, "2000-01-01")];
        of.iter().map(|share| (share.to.code.clone(), share.weight.to_string(), share.alone)).collect()
    };
    assert_eq!(shares("00001"), [("00001".to_owned(), "1".to_owned(), true)]);
    assert_eq!(shares("00003"), [("00002".to_owned(), "1".to_owned(), false)]);
    let split =
        [("00004".to_owned(), "0.7".to_owned(), false), ("00006".to_owned(), "0.3".to_owned(), false)];
    assert_eq!(shares("00004"), split);
    assert_eq!(shares("72"), [("80".to_owned(), "1".to_owned(), false)]);
    let district = key("701", "2000-01-01");
    assert_eq!(today.refused[&district], (NotRestated::NoSuccessor, vec![]));
    let within = maps.within(&today, &district);
    let province = Within { unit: key("80", "2025-07-01"), weight: Some(Decimal::ONE) };
    assert_eq!(within, [province], "what a district said is the province's all the same");
    let day = "2024-12-31".parse().unwrap();
    assert_eq!(today.parts_on(&key("00006", "2025-07-01"), day), 2);
    assert_eq!(today.parts_on(&key("00006", "2025-07-01"), "2025-12-31".parse().unwrap()), 1);
}

#[test]
fn backwards_only_what_is_the_whole_of_one_unit_is_moved() {
    let (places, successions) = merged();
    let maps = Maps::of(&places, &successions);
    let old = maps.conversion("2000-01-01".parse().unwrap());
    let new = |code: &str| key(code, "2025-07-01");
    let same = &old.shares[&new("00001")][0];
    assert_eq!((same.to.clone(), same.weight, same.alone), (key("00001", "2000-01-01"), Decimal::ONE, true));
    let reason = |code: &str| old.refused[&new(code)].0;
    assert_eq!(reason("00002"), NotRestated::MergedBackwards);
    assert_eq!(reason("00004"), NotRestated::SplitBackwards);
    assert_eq!(reason("00006"), NotRestated::SplitBackwards);
    // The district of both is known, whatever is not known of them; who holds a part of 00004 lies in 702, too.
    let within = |code: &str| -> Vec<(String, Option<String>)> {
        let all = maps.within(&old, &new(code)).into_iter();
        all.map(|of| (of.unit.code, of.weight.map(|weight| weight.to_string()))).collect()
    };
    let whole = |code: &str| (code.to_owned(), Some("1".to_owned()));
    assert_eq!(within("00002"), [whole("701"), whole("72")]);
    assert_eq!(within("00006"), [whole("702"), whole("72")]);
}

#[test]
fn pieces_that_come_together_again_are_whole_again() {
    let kind = PlaceKind::Commune;
    let places = vec![
        place("1", kind, "2000-01-01", Some("2009-12-31"), None),
        place("2", kind, "2010-01-01", Some("2019-12-31"), None),
        place("3", kind, "2010-01-01", Some("2019-12-31"), None),
        place("4", kind, "2020-01-01", None, None),
    ];
    let successions = vec![
        pair(("1", "2000-01-01"), ("2", "2010-01-01"), "0.333333"),
        pair(("1", "2000-01-01"), ("3", "2010-01-01"), "0.666667"),
        pair(("2", "2010-01-01"), ("4", "2020-01-01"), "1"),
        pair(("3", "2010-01-01"), ("4", "2020-01-01"), "1"),
    ];
    let maps = Maps::of(&places, &successions);
    let last = maps.conversion("2020-01-01".parse().unwrap());
    let share = Share { to: key("4", "2020-01-01"), weight: Decimal::ONE, alone: true };
    assert_eq!(last.shares[&key("1", "2000-01-01")], [share]);
    let first = maps.conversion("2000-01-01".parse().unwrap());
    assert_eq!(first.shares[&key("4", "2020-01-01")][0].to, key("1", "2000-01-01"));
    assert_eq!(first.refused[&key("2", "2010-01-01")].0, NotRestated::SplitBackwards);
}

/// What becomes of a unit in a step: it stays, or comes to one or two of the new units.
#[derive(Clone, Debug)]
enum Fate {
    Stays,
    Moves(usize),
    Splits(usize, usize, u32),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        2 => Just(Fate::Stays),
        3 => (0..4_usize).prop_map(Fate::Moves),
        2 => (0..4_usize, 0..4_usize, 1..1_000_000_u32).prop_map(|(a, b, weight)| Fate::Splits(a, b, weight)),
    ]
}

/// A province through some reforms, each five years behind the other.
pub(crate) fn history() -> impl Strategy<Value = (Vec<Place>, Vec<Succession>)> {
    (2..7_usize, prop::collection::vec(prop::collection::vec(fate(), 12), 0..4))
        .prop_map(|(units, reforms)| told(units, &reforms))
}

fn told(units: usize, reforms: &[Vec<Fate>]) -> (Vec<Place>, Vec<Succession>) {
    let commune = |number: usize, from: Date| Place {
        key: PlaceKey { code: format!("{number:05}"), valid_from: from },
        valid_to: None,
        kind: PlaceKind::Commune,
        name: Text::default(),
        parent: Some("80".to_owned()),
        area_km2: None,
        point: None,
    };
    let mut day: Date = "2000-01-01".parse().unwrap();
    let mut places: Vec<Place> = (0..units).map(|number| commune(number, day)).collect();
    places.push(place("80", PlaceKind::Province, "2000-01-01", None, None));
    let mut successions = Vec::new();
    for (at, fates) in reforms.iter().enumerate() {
        day = day.checked_add(jiff::Span::new().years(5)).unwrap();
        let new = |of: usize| PlaceKey { code: format!("{:05}", 100 * (at + 1) + of), valid_from: day };
        let mut used = BTreeSet::new();
        let open =
            places.iter_mut().filter(|place| place.kind == PlaceKind::Commune && place.valid_to.is_none());
        for (old, fate) in open.zip(fates) {
            let to: Vec<(usize, Decimal)> = match fate {
                Fate::Stays => continue,
                Fate::Splits(a, b, weight) if a != b => {
                    let weight = Decimal::new(i64::from(*weight), 6);
                    vec![(*a, weight), (*b, Decimal::ONE - weight)]
                }
                Fate::Moves(a) | Fate::Splits(a, ..) => vec![(*a, Decimal::ONE)],
            };
            old.valid_to = Some(day.yesterday().unwrap());
            for (of, weight) in &to {
                let _ = used.insert(*of);
                successions.push(Succession {
                    from: old.key.clone(),
                    to: new(*of),
                    split: to.len() > 1,
                    main: *weight == to[0].1,
                    weight: *weight,
                    estimated: to.len() > 1,
                });
            }
        }
        places.extend(used.into_iter().map(|of| commune(100 * (at + 1) + of, day)));
    }
    (places, successions)
}

proptest! {
    #[test]
    fn every_unit_is_whole_on_every_map_or_says_why_not((places, successions) in history()) {
        let maps = Maps::of(&places, &successions);
        for map in maps.days() {
            let of = maps.conversion(*map);
            for place in &places {
                let key = &place.key;
                prop_assert!(of.shares.contains_key(key) != of.refused.contains_key(key));
                if let Some(shares) = of.shares.get(key) {
                    let sum: Decimal = shares.iter().map(|share| share.weight).sum();
                    prop_assert_eq!(sum, Decimal::ONE);
                    for share in shares {
                        prop_assert!(maps.place(&share.to).unwrap().is_there(*map));
                        prop_assert!(share.weight > Decimal::ZERO);
                        prop_assert!(!share.alone || share.weight == Decimal::ONE);
                    }
                }
                let within = maps.within(&of, key);
                let province = Within {
                    unit: PlaceKey { code: "80".to_owned(), valid_from: "2000-01-01".parse().unwrap() },
                    weight: Some(Decimal::ONE),
                };
                prop_assert_eq!(within, [province], "of one province all of it is, on every map");
            }
        }
    }

    #[test]
    fn what_is_moved_back_is_the_whole_of_what_came_from_there((places, successions) in history()) {
        let maps = Maps::of(&places, &successions);
        for map in maps.days() {
            let back = maps.conversion(*map);
            for place in places.iter().filter(|place| place.key.valid_from > *map) {
                let Some(shares) = back.shares.get(&place.key) else { continue };
                let there = maps.conversion(place.key.valid_from);
                let to = vec![Share { to: place.key.clone(), weight: Decimal::ONE, alone: true }];
                prop_assert_eq!(&there.shares[&shares[0].to], &to);
            }
        }
    }
}
