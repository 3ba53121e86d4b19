//! What was reported, on maps: the views say what the model says, cell by cell, now and as it was known.

use std::collections::{BTreeMap, BTreeSet};

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
use ioc_storage::Topology;
use rust_decimal::Decimal;

use crate::{sample, server::TestServer};

const FORM: &str = "onestop-month";

/// Of how many decimals the views are read here.
const DECIMALS: u32 = 9;

struct World {
    pack: Pack,
    /// What is reported: indicator, unit, period, number.
    said: Vec<(&'static str, PlaceKey, Period, Option<Decimal>)>,
    /// What of that was taken back: no word of anybody's on any map.
    taken_back: Vec<(&'static str, PlaceKey, Period)>,
}

/// A month before the units changed, one in which both spoke, and one after; some numbers are not known, some units silent.
fn world() -> World {
    let mut pack = ioc_testing::tay_ninh(None);
    // One of its indicators may not be added up.
    pack.forms.get_mut(FORM).unwrap().indicators.get_mut("rated").unwrap().additive = false;
    let period = |year, month| Period::of(PeriodKind::AdminMonth, year, month).unwrap();
    let (old, new): (Date, Date) = ("2025-06-30".parse().unwrap(), "2025-07-01".parse().unwrap());
    let (mut said, mut taken_back) = (Vec::new(), Vec::new());
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
                if of.is_multiple_of(7) {
                    taken_back.push((indicator, place.key.clone(), period));
                    continue;
                }
                let number = Decimal::new((of % 1_000_000) as i64, (of % 3) as u32);
                let number = (!of.is_multiple_of(19)).then_some(number);
                said.push((indicator, place.key.clone(), period, number));
            }
        }
    }
    World { pack, said, taken_back }
}

fn stored(world: &World) -> Vec<StoredCell> {
    let sample = sample::results(Epoch(1), 0).facts.report_values.remove(0);
    let said = world.said.iter().map(|(indicator, place, period, number)| {
        (*indicator, place, *period, number.map_or(Value::without(Mark::NotCollected), Value::of))
    });
    let taken_back = world
        .taken_back
        .iter()
        .map(|(indicator, place, period)| (*indicator, place, *period, Value::without(Mark::Withdrawn)));
    let cell = |(row, (indicator, place, period, value)): (u32, (&str, &PlaceKey, Period, Value))| {
        let key = CellKey {
            indicator: Name::new(indicator),
            breakdown: Name::default(),
            place: Name::new(&place.code),
            place_from: place.valid_from,
            period,
        };
        let cell =
            Cell { row, key, value, as_sent: Box::default(), note: Box::default(), ..sample.cell.clone() };
        StoredCell {
            form: Name::new(FORM),
            cell,
            was: None,
            standing: RowStanding::First,
            shown: true,
            replaces: false,
            arrival: ioc_model::position::Arrival { row, ..sample.arrival },
            ..sample.clone()
        }
    };
    let mut cells: Vec<StoredCell> = (0..).zip(said.chain(taken_back)).map(cell).collect();
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
    // The share of dossiers that came online, of what both add up to; also of units of which one of both was said by nobody.
    let share = &world.pack.forms[FORM].indicators["online_share"];
    let sides = kept.keys().filter(|(indicator, ..)| ["online", "dossiers"].contains(indicator));
    let units: BTreeSet<(&String, Period)> = sides.map(|(_, unit, period)| (unit, *period)).collect();
    for (unit, period) in units {
        let of = |indicator| kept.get(&(indicator, unit.clone(), period));
        let (online, dossiers) = (of("online"), of("dossiers"));
        let made = ratio(share, online, dossiers, 6);
        lines.push((
            share.id.clone(),
            unit.clone(),
            period.end.to_string(),
            made.ok().map(|value| value.normalize()),
            made.err().map_or("", NotRestated::word).to_owned(),
            [online, dossiers].into_iter().flatten().any(|of| of.estimated),
            0,
            0,
        ));
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
         WHERE indicator = 'online_share'",
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
        let of_map = match first {
            "1970-01-01" => ["merged_backwards", "split_backwards"],
            _ => ["own_word", "not_additive"],
        };
        for reason in of_map.into_iter().chain(["part_missing", "no_number"]) {
            assert!(of_model.iter().any(|line| line.4 == reason), "{reason} on the map of {day}");
        }
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
            // What is told and what is flagged are all that was reported, also where both maps' units spoke.
            let part = "arraySum(part -> part.weight * ifNull(part.counts, 0), parts)";
            let told = format!(
                "SELECT sum(ifNull(value, {part})), sum({part}), sum(abs(ifNull(value, 0) - if(isNull(value), 0, {part}))) \
                 FROM report_on_map(map_date = '{day}') WHERE form = '{FORM}' AND indicator = 'dossiers' AND period_end = '{end}'"
            );
            let told = server.ask(&told).await;
            let told: Vec<Decimal> = told.split('\t').map(|of| decimal(of.to_owned())).collect();
            assert_eq!(told, [reported, reported, Decimal::ZERO], "{end} on the map of {day}");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn todays_map_is_that_of_the_day_in_the_zone_of_the_pack() {
    let server = TestServer::start().await;
    let world = World { said: Vec::new(), taken_back: Vec::new(), ..world() };
    let place = PlaceKey { code: "25507".to_owned(), valid_from: "1970-01-01".parse().unwrap() };
    let said = vec![("dossiers", place, Period::of(PeriodKind::AdminMonth, 2024, 3).unwrap(), None)];
    server.sink().write(&epoch(1, stored(&World { said, ..world })), false).await.unwrap();
    // 26 hours lie between these zones: when the map of the one's today begins, the other has yesterday's yet.
    let (first, last) = ("Pacific/Kiritimati", "Etc/GMT+12");
    for (map_from, to) in
        [("toDate32('1970-01-01')", "before"), ("toDate32(now('Pacific/Kiritimati'))", "since")]
    {
        let of_map = format!(
            "INSERT INTO place_conversion (pack, map_from, from_code, from_valid_from, from_valid_to, to_code, \
             to_valid_from, weight, alone, reason, covers) \
             SELECT 'v1', {map_from}, '25507', '1970-01-01', NULL, '{to}', '1970-01-01', 1, true, '', []"
        );
        let _ = server.ask(&of_map).await;
    }
    for (zone, unit) in [(first, "since"), (last, "before"), (first, "since")] {
        let pack = format!(
            "INSERT INTO pack (version, id, name_vi, name_en, timezone, replayed, published_at) \
             VALUES ('v1', 'test', 'Tỉnh thử', 'Test', '{zone}', false, now64(3))"
        );
        let _ = server.ask(&pack).await;
        server.store.finish_views(&Topology::Single).await.unwrap();
        for view in
            ["report_on_todays_map", "report_on_todays_map_known_at(known_at = '2299-01-01 00:00:00')"]
        {
            assert_eq!(server.ask(&format!("SELECT place_code FROM {view}")).await, unit, "{view} in {zone}");
        }
    }
}
