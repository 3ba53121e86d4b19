//! What was reported, on maps: the views say what the model says, cell by cell, now and as it was known.

use std::collections::BTreeMap;

use ioc_model::{
    epoch::Epoch,
    fact::Ranks,
    form::{Cell, CellKey, Mark, Period, PeriodKind, Said, Value, ratio, restate},
    name::Name,
    pack::Pack,
    place::{Date, Maps, NotRestated, PlaceKey, PlaceKind},
    results::{EpochResults, Facts, RowStanding, StoredCell},
    time::Now,
};
use rust_decimal::Decimal;

use crate::{sample, server::TestServer};

const FORM: &str = "onestop-month";

/// Of how many decimals the views are read here.
const DECIMALS: u32 = 9;

struct World {
    pack: Pack,
    /// What is reported: indicator, unit, period, number.
    said: Vec<(&'static str, PlaceKey, Period, Option<Decimal>)>,
}

/// A month before the units changed, one in which both spoke, and one after; some numbers are not known, some units silent.
fn world() -> World {
    let pack = ioc_testing::tay_ninh(None);
    let period = |year, month| Period::of(PeriodKind::AdminMonth, year, month).unwrap();
    let (old, new): (Date, Date) = ("2025-06-30".parse().unwrap(), "2025-07-01".parse().unwrap());
    let mut said = Vec::new();
    let mut chance = 12_345_u64;
    for (period, days) in
        [(period(2024, 3), vec![old]), (period(2025, 7), vec![old, new]), (period(2026, 3), vec![new])]
    {
        let there = |place: &&ioc_model::place::Place| days.iter().any(|day| place.is_there(*day));
        for place in pack.places.iter().filter(there).filter(|place| place.kind != PlaceKind::Country) {
            for indicator in ["dossiers", "online", "rated"] {
                chance =
                    chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let of = chance >> 33;
                // Where both could speak, most units do not speak twice.
                let is_silent = of.is_multiple_of(23) || (days.len() > 1 && of.is_multiple_of(2));
                if is_silent {
                    continue;
                }
                let number = Decimal::new((of % 1_000_000) as i64, (of % 3) as u32);
                let number = (!of.is_multiple_of(19)).then_some(number);
                said.push((indicator, place.key.clone(), period, number));
            }
        }
    }
    World { pack, said }
}

fn stored(world: &World) -> Vec<StoredCell> {
    let sample = sample::results(Epoch(1), 0).facts.report_values.remove(0);
    let cell =
        |(at, (indicator, place, period, number)): (usize, &(&str, PlaceKey, Period, Option<Decimal>))| {
            let key = CellKey {
                indicator: Name::new(indicator),
                breakdown: Name::default(),
                place: Name::new(&place.code),
                place_from: place.valid_from,
                period: *period,
            };
            StoredCell {
                form: Name::new(FORM),
                cell: Cell {
                    row: at as u32,
                    key,
                    value: number.map_or(Value::without(Mark::NotCollected), Value::of),
                    as_sent: Box::default(),
                    note: Box::default(),
                    ..sample.cell.clone()
                },
                was: None,
                standing: RowStanding::First,
                shown: true,
                replaces: false,
                arrival: ioc_model::position::Arrival { row: at as u32, ..sample.arrival },
                ..sample.clone()
            }
        };
    let mut cells: Vec<StoredCell> = world.said.iter().enumerate().map(cell).collect();
    cells.sort_by_key(|cell| cell.cell.key);
    cells
}

fn epoch(number: u64, report_values: Vec<StoredCell>) -> EpochResults {
    let mut facts = Facts { report_values, ..Facts::default() };
    facts.arrange(&mut Ranks::default());
    EpochResults {
        epoch: Epoch(number),
        now: Now(sample::time("2026-10-16T10:00:00Z").0 + 1_000 * number as i64),
        manifest_hash: [number as u8; 32],
        pack: ioc_model::pack::PackVersion::default(),
        facts,
        ..EpochResults::default()
    }
}

async fn filled(world: &World) -> TestServer {
    let server = TestServer::start().await;
    assert!(server.store.publish_pack(&world.pack).await.unwrap());
    server.sink().write(&epoch(1, stored(world)), false).await.unwrap();
    server
}

/// Indicator, unit, last day of the period, number, reason, whether estimated, known, expected.
type Line = (String, String, String, Option<Decimal>, String, bool, usize, usize);

fn by_the_model(world: &World, map: Date) -> Vec<Line> {
    let maps = Maps::of(&world.pack.places, &world.pack.successions);
    let conversion = maps.conversion(map);
    let mut by_cell: BTreeMap<(&str, Period), Vec<Said<'_>>> = BTreeMap::new();
    for (indicator, place, period, number) in &world.said {
        by_cell.entry((indicator, *period)).or_default().push((place, *number));
    }
    let mut lines = Vec::new();
    let mut kept = BTreeMap::new();
    for ((indicator, period), said) in by_cell {
        let additive = world.pack.forms[FORM].indicators[indicator].additive;
        for of in restate(&conversion, period.end, additive, &said) {
            let reason = of.reason.map_or("", NotRestated::word).to_owned();
            let unit = format!("{} {}", of.place.code, of.place.valid_from);
            let line = (
                indicator.to_owned(),
                unit.clone(),
                period.end.to_string(),
                of.number.map(|number| number.round_dp(DECIMALS).normalize()),
                reason,
                of.estimated,
                of.known,
                of.expected,
            );
            lines.push(line);
            let _ = kept.insert((indicator, unit, period), of);
        }
    }
    // The share of dossiers that came online, of what both add up to.
    let share = &world.pack.forms[FORM].indicators["online_share"];
    for ((indicator, unit, period), online) in &kept {
        if *indicator != "online" {
            continue;
        }
        let Some(dossiers) = kept.get(&("dossiers", unit.clone(), *period)) else { continue };
        if let Ok(value) = ratio(share, online, dossiers, 6) {
            let estimated = online.estimated || dossiers.estimated;
            lines.push((
                share.id.clone(),
                unit.clone(),
                period.end.to_string(),
                Some(value.normalize()),
                String::new(),
                estimated,
                0,
                0,
            ));
        }
    }
    lines.sort();
    lines
}

async fn by_the_views(server: &TestServer, views: (&str, &str), asked: &str) -> Vec<Line> {
    let units = format!(
        "SELECT indicator, concat(place_code, ' ', toString(place_from)), toString(period_end), round(value, 9), reason, \
         estimated, known, expected FROM {}{asked} WHERE form = '{FORM}'",
        views.0
    );
    let ratios = format!(
        "SELECT indicator, concat(place_code, ' ', toString(place_from)), toString(period_end), \
         toString(round(toDecimal128(value, 9), 6)), reason, estimated, 0, 0 FROM {}{asked} \
         WHERE indicator = 'online_share' AND isNotNull(value)",
        views.1
    );
    let answer = [server.ask(&units).await, server.ask(&ratios).await].join("\n");
    let line = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let number = (fields[3] != "\\N").then(|| fields[3].parse::<Decimal>().unwrap().normalize());
        let of = |at: usize| fields[at].to_owned();
        let count = |at: usize| fields[at].parse().unwrap();
        (of(0), of(1), of(2), number, of(4), fields[5] == "true" || fields[5] == "1", count(6), count(7))
    };
    let mut lines: Vec<Line> = answer.lines().filter(|line| !line.is_empty()).map(line).collect();
    lines.sort();
    lines
}

const VIEWS: (&str, &str) = ("report_on_map", "report_ratio_on_map");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_views_of_maps_say_what_the_model_says_of_every_cell() {
    let world = world();
    let server = filled(&world).await;
    for (day, first) in
        [("2025-06-30", "1970-01-01"), ("2025-07-01", "2025-07-01"), ("2026-09-30", "2025-07-01")]
    {
        let of_views = by_the_views(&server, VIEWS, &format!("(map_date = '{day}')")).await;
        let of_model = by_the_model(&world, first.parse().unwrap());
        assert!(of_model.len() > 900, "{} lines", of_model.len());
        for (view, model) in of_views.iter().zip(&of_model) {
            assert_eq!(view, model, "on the map of {day}");
        }
        assert_eq!(of_views.len(), of_model.len());
    }
    let todays = ("report_on_todays_map", "report_ratio_on_todays_map");
    let today = by_the_views(&server, todays, "").await;
    assert_eq!(today, by_the_model(&world, "2025-07-01".parse().unwrap()));
    let before = server.ask("SELECT count() FROM report_on_map(map_date = '1969-12-31')").await;
    assert_eq!(before, "0", "nobody knows what was before the first map");

    // As it was known: a correction changes one unit of today's map and its province, and not what was known before.
    let at = world.said.iter().position(|(of, place, _, number)| {
        *of == "dossiers" && place.code == "25507" && place.valid_from.year() == 1970 && number.is_some()
    });
    let mut corrected =
        stored(&world).into_iter().find(|cell| cell.cell.row as usize == at.unwrap()).unwrap();
    corrected.was = Some(corrected.cell.value);
    corrected.cell.value = Value::of(Decimal::from(7));
    corrected.standing = RowStanding::Correction;
    corrected.replaces = true;
    corrected.arrival.row = 1_000_000;
    server.sink().write(&epoch(2, vec![corrected]), false).await.unwrap();
    let known_at = ("report_on_map_known_at", "report_ratio_on_map_known_at");
    let asked = "(map_date = '2026-01-01', known_at = '2026-10-16 10:00:01')";
    assert_eq!(by_the_views(&server, known_at, asked).await, today);
    let now = by_the_views(&server, VIEWS, "(map_date = '2026-01-01')").await;
    assert_ne!(now, today);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_of_provinces_agree_on_every_map_and_old_tay_ninh_goes_on() {
    let world = world();
    let server = filled(&world).await;
    let sum = |keep: &dyn Fn(&PlaceKey, &Period) -> bool| -> Decimal {
        let those =
            world.said.iter().filter(|(of, place, period, _)| *of == "dossiers" && keep(place, period));
        those.filter_map(|(.., number)| *number).sum::<Decimal>().normalize()
    };
    let decimal = |text: String| text.parse::<Decimal>().unwrap().normalize();
    for end in ["2024-03-14", "2025-07-14", "2026-03-14"] {
        let reported = sum(&|_, period| period.end.to_string() == end);
        for day in ["2025-06-30", "2025-07-01"] {
            let provinces = format!(
                "SELECT sum(total) FROM report_unit_on_map(map_date = '{day}') WHERE form = '{FORM}' \
                 AND indicator = 'dossiers' AND period_end = '{end}' AND place_kind = 'province'"
            );
            if end == "2024-03-14" || day == "2025-07-01" {
                assert_eq!(decimal(server.ask(&provinces).await), reported, "{end} on the map of {day}");
            } else {
                // The new province's own number is of neither of the old ones; all of its communes' are.
                let communes = sum(&|place, period| {
                    period.end.to_string() == end && !(place.code == "80" && place.valid_from.year() == 2025)
                });
                assert_eq!(decimal(server.ask(&provinces).await), communes, "{end} on the map of {day}");
            }
        }
        let members = &world.pack.groups["tay-ninh-cu"].members;
        let group = format!(
            "SELECT total FROM report_group WHERE form = '{FORM}' AND indicator = 'dossiers' AND \
             period_end = '{end}' AND group_id = 'tay-ninh-cu'"
        );
        let of_members = sum(&|place, period| period.end.to_string() == end && members.contains(place));
        assert_eq!(decimal(server.ask(&group).await), of_members, "{end}");
    }
    let districts = "SELECT DISTINCT place_code FROM report_on_todays_map WHERE reason = 'no_successor'";
    let districts = server.ask(districts).await;
    assert!(districts.lines().all(|code| code.len() == 3) && districts.lines().count() == 24);
}
