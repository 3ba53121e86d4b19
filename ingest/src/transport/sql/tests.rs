//! A table that transactions change at random, read with crashes at any step: nothing is skipped, whatever moments and
//! numbers rows say, and what no column tells is found when whole periods are compared (invariant ONCE).

mod model;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ioc_bus::{ChunkBuilder, ChunkView};
use ioc_model::{
    attribute::{Asked, Attribute},
    contract::Contract,
    pack::{Feed, FormatName, SqlAddress, SqlCompare, SqlFeed, Transport},
    position::{LogNumber, Offset, Partition},
    text::Text,
    time::{Millis, ReceivedAt},
};
use proptest::prelude::*;
use tokio::sync::watch;

use self::model::{BY_HAND, Event, MOST_BY_HAND, Model, Row, Said, Stamp, Table, rank};
use super::{place::Place, source::SqlSource};
use crate::{
    routes::Routes,
    transport::pull::{CannotFetch, Fetched, Limit, Progress, PullState, Source, place::Place as _},
};

fn feed(by_number: bool, is_compared: bool) -> SqlFeed {
    SqlFeed {
        address: SqlAddress::parse("postgres://db/x").unwrap(),
        query: "SELECT * FROM t".to_owned(),
        by: if by_number { "id" } else { "cap_nhat" }.to_owned(),
        key: if by_number { Vec::new() } else { vec!["id".to_owned()] },
        overlap: Millis(0),
        every: Millis(1_000),
        page: 3,
        // Due when a test says so.
        compare: is_compared.then(|| SqlCompare { every: Millis(1 << 50), period: "ky".to_owned() }),
    }
}

fn of_feed(of: &SqlFeed) -> Feed {
    Feed {
        id: "table".to_owned(),
        name: Text::default(),
        owner: Text::default(),
        transport: Transport::Sql(Box::new(of.clone())),
        format: FormatName::Table,
        contract: Contract { max_bytes: 100_000, ..Contract::default() },
        forms: Vec::new(),
        agency: None,
        personal: false,
        silent_after: Millis(1),
    }
}

/// Of a pack of that version.
fn routes_of(version: &str) -> Arc<Routes> {
    Arc::new(Routes::of_pack(&Arc::new(ioc_testing::pack(version, Vec::new(), Vec::new(), Vec::new()))))
}

/// A process that asks: what it has in memory goes with it.
struct Life {
    source: SqlSource<Model>,
    /// The pack that is in effect, by its routes.
    in_effect: watch::Sender<Arc<Routes>>,
    progress: Arc<Progress>,
    place: Option<String>,
}

/// What is on disk: the log, and the cursor.
#[derive(Debug, Default)]
struct Disk {
    log: Vec<(Asked, String)>,
    cursor: Option<String>,
}

impl Life {
    fn begins(of: &SqlFeed, model: &Model, disk: &Disk) -> Life {
        let progress = Arc::new(Progress::new("sql", "", Duration::from_secs(1), [], Arc::default()));
        let (in_effect, routes) = watch::channel(routes_of("1"));
        let source =
            SqlSource::new(&of_feed(of), of, routes, model.clone(), Arc::default(), progress.clone());
        Life { source, in_effect, progress, place: disk.cursor.clone() }
    }

    fn state(&self) -> PullState {
        self.progress.state()
    }

    /// One answer. `killed` is where the process ends: before it is on the log, or between the log and the cursor.
    async fn goes_on(&mut self, disk: &mut Disk, killed: Option<bool>) -> Result<bool, CannotFetch> {
        let Fetched { mut chunk, place, more, .. } = self.source.fetch(self.place.as_deref()).await?;
        if killed == Some(false) {
            return Ok(true);
        }
        let said = said(&mut chunk);
        let is_empty = said.is_empty();
        disk.log.extend(said);
        if killed == Some(true) {
            return Ok(true);
        }
        // As the loop has it: a place without news is not written.
        if !is_empty {
            disk.cursor = Some(place.clone());
        }
        self.place = Some(place);
        Ok(more)
    }

    /// Until nothing more is ready.
    async fn turn(&mut self, disk: &mut Disk) {
        for _ in 0..1_000 {
            // It may be away.
            if matches!(self.goes_on(disk, None).await, Ok(false)) {
                return;
            }
        }
        panic!("a turn does not end");
    }

    /// The next pass is followed by a comparison.
    fn is_due(&mut self) {
        let mut place = Place::parse(self.place.as_deref()).unwrap();
        place.compared = None;
        self.place = Some(place.text());
    }
}

fn said(chunk: &mut ChunkBuilder) -> Vec<(Asked, String)> {
    let chunk = chunk.finish(ReceivedAt(0));
    let chunk = ChunkView::parse(chunk.bytes().to_vec().into()).unwrap();
    let envelopes = chunk.iter(LogNumber(1), Partition(0), Offset(0));
    let said = envelopes.map(|envelope| {
        let asked = envelope.attributes.get(Attribute::Asked).and_then(Asked::of_word).unwrap();
        (asked, String::from_utf8_lossy(envelope.payload).into_owned())
    });
    said.collect()
}

/// What is known by the log of each row: its period and what it says. What a whole period does not name is gone from it.
fn known(disk: &Disk) -> BTreeMap<u32, (String, u32)> {
    let mut known: BTreeMap<u32, (String, u32)> = BTreeMap::new();
    for (asked, text) in &disk.log {
        let rows: Vec<(u32, (String, u32))> = text.lines().skip(1).map(row).collect();
        if *asked == Asked::Whole {
            let (_, (period, _)) = rows.first().unwrap();
            known.retain(|_, (of, _)| of != period);
        }
        known.extend(rows);
    }
    known
}

fn row(line: &str) -> (u32, (String, u32)) {
    let fields: Vec<&str> = line.split(',').collect();
    (fields[0].parse().unwrap(), (fields[1].to_owned(), fields[2].parse().unwrap()))
}

fn says(row: &Row) -> (String, u32) {
    (format!("ky-{}", row.period), row.value)
}

fn session() -> impl Strategy<Value = usize> {
    0_usize..3
}

/// Of transactions, whatever they write.
fn other() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => Just(Event::Nothing),
        4 => (0_u8..4).prop_map(Event::Clock),
        2 => session().prop_map(Event::Begin),
        6 => session().prop_map(Event::Commit),
        1 => session().prop_map(Event::RollBack),
        1 => Just(Event::Away),
    ]
}

fn put(stamp: impl Strategy<Value = Stamp>) -> impl Strategy<Value = Event> {
    (session(), 0_u32..12, 0_u32..4, 0_u32..3, stamp)
        .prop_map(|(session, id, value, period, stamp)| Event::Put { session, id, value, period, stamp })
}

/// Each change has a moment, be it a wrong one.
fn moments() -> impl Strategy<Value = Event> {
    let stamp = prop_oneof![
        8 => Just(Stamp::Now),
        1 => Just(Stamp::Ahead),
        1 => Just(Stamp::Infinity),
        1 => Just(Stamp::Never),
    ];
    prop_oneof![other(), put(stamp)]
}

/// Rows are added in the order of their number, or by hand.
fn numbers() -> impl Strategy<Value = Event> {
    let add = (session(), 0_u32..4, proptest::bool::weighted(0.1))
        .prop_map(|(session, value, by_hand)| Event::Add { session, value, by_hand });
    prop_oneof![other(), add]
}

/// Rows change without their moment, and are removed.
fn anything() -> impl Strategy<Value = Event> {
    let removed = (session(), 0_u32..12).prop_map(|(session, id)| Event::Remove { session, id });
    let silent = put(prop_oneof![Just(Stamp::Silent), Just(Stamp::Now)]);
    prop_oneof![3 => moments(), 1 => removed, 1 => silent]
}

fn kills() -> impl Strategy<Value = Vec<Option<bool>>> {
    proptest::collection::vec(proptest::option::weighted(0.15, any::<bool>()), 0..80)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// What lies behind the settled and is not on the log as it is.
fn skipped(disk: &Disk, model: &Model) -> Vec<Row> {
    let place = Place::parse(disk.cursor.as_deref()).unwrap();
    let Some(settled) = place.settled else { return Vec::new() };
    let known = known(disk);
    let rows = model.change(|table| table.ordered()).into_iter();
    let rows = rows.take_while(|(place, _)| rank(place) <= rank(&settled)).map(|(_, row)| row);
    rows.filter(|row| known.get(&row.id) != Some(&says(row))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever transactions did, whatever moments they wrote, and wherever it was killed: at no moment the place had
    /// passed a row that was not on the log, and at rest the log says of every row what it says.
    #[test]
    fn once_what_is_committed_late_or_says_a_wrong_moment_is_read(
        by_number in any::<bool>(),
        moments in proptest::collection::vec(moments(), 0..150),
        numbers in proptest::collection::vec(numbers(), 0..150),
        kills in kills(),
    ) {
        run(async {
            let of = feed(by_number, false);
            let model = Model::default();
            model.change(|table| {
                table.by_number = by_number;
                table.events = if by_number { numbers } else { moments };
            });
            let mut disk = Disk::default();
            let mut life = Life::begins(&of, &model, &disk);
            for killed in kills {
                let _more = life.goes_on(&mut disk, killed).await;
                if killed.is_some() {
                    life = Life::begins(&of, &model, &disk);
                }
                prop_assert_eq!(skipped(&disk, &model), Vec::new(), "{:?}", disk.cursor);
            }
            model.change(Table::rests);
            life.turn(&mut disk).await;
            life.turn(&mut disk).await;
            let known = known(&disk);
            for row in model.change(|table| table.rows.clone()).values() {
                prop_assert_eq!(known.get(&row.id), Some(&says(row)));
            }
            // At rest nothing comes any more, no transaction is waited for, and all is settled that may be.
            let before = disk.log.len();
            life.turn(&mut disk).await;
            prop_assert_eq!(disk.log.len(), before);
            let place = Place::parse(life.place.as_deref()).unwrap();
            prop_assert_eq!(place.mark, None);
            let ordered = model.change(|table| table.ordered());
            let last = match by_number {
                true => ordered.iter().rev().nth(MOST_BY_HAND as usize),
                false => ordered.iter().rev().find(|(place, _)| *place[0].text < *"2010"),
            };
            let last = last.map(|(place, _)| place.clone()).unwrap_or_default();
            prop_assert_eq!(place.settled.unwrap_or_default(), last);
            Ok(())
        })?;
    }

    /// Whatever was removed, or changed without its moment, before or behind or between two comparisons: a comparison at
    /// rest leaves nothing known that the table does not say. A period of which everything is gone is told, and not taken
    /// back: no row says which it was.
    #[test]
    fn once_a_comparison_finds_what_no_column_tells(
        events in proptest::collection::vec(anything(), 0..150),
        kills in kills(),
        due in proptest::collection::vec(proptest::bool::weighted(0.2), 80),
    ) {
        run(async {
            let of = feed(false, true);
            let model = Model::default();
            model.change(|table| table.events = events);
            let mut disk = Disk::default();
            let mut life = Life::begins(&of, &model, &disk);
            for (killed, is_due) in kills.into_iter().zip(due) {
                let _more = life.goes_on(&mut disk, killed).await;
                if killed.is_some() {
                    life = Life::begins(&of, &model, &disk);
                }
                if is_due {
                    life.is_due();
                }
            }
            model.change(Table::rests);
            life.turn(&mut disk).await;
            life.is_due();
            life.turn(&mut disk).await;
            let rows = model.change(|table| table.rows.clone());
            let there: BTreeMap<u32, (String, u32)> = rows.iter().map(|(id, row)| (*id, says(row))).collect();
            let is_there = |period: &String| there.values().any(|(of, _)| of == period);
            let mut known = known(&disk);
            known.retain(|id, (period, _)| there.contains_key(id) || is_there(period));
            prop_assert_eq!(known, there);
            Ok(())
        })?;
    }
}

const NOW: fn(u32, u32) -> Event =
    |id, value| Event::Put { session: 0, id, value, period: 0, stamp: Stamp::Now };

/// These happen, one after the other, and are committed.
fn happened(model: &Model, events: &[Event]) {
    model.change(|table| {
        for event in events.iter().chain([&Event::Commit(0), &Event::Clock(5)]) {
            table.happens(*event).unwrap();
        }
    });
}

#[test]
fn once_a_row_of_the_future_carries_nothing_away_and_neither_does_its_mending() {
    run(async {
        for wrong in [Stamp::Ahead, Stamp::Infinity] {
            let model = Model::default();
            let mut disk = Disk::default();
            let mut life = Life::begins(&feed(false, false), &model, &disk);
            let put = |id, stamp| Event::Put { session: 0, id, value: id, period: 0, stamp };
            happened(&model, &[NOW(1, 1), put(2, wrong)]);
            life.turn(&mut disk).await;
            assert!(life.state().limits.contains(&Limit::Future), "{wrong:?}: it is told");
            let settled = Place::parse(life.place.as_deref()).unwrap().settled.unwrap();
            assert!(settled[0].text.starts_with("19"), "the place stays before the clock: {settled:?}");
            happened(&model, &[NOW(3, 3)]);
            life.turn(&mut disk).await;
            happened(&model, &[NOW(4, 4)]);
            happened(&model, &[put(2, Stamp::Now)]);
            life.turn(&mut disk).await;
            assert_eq!(known(&disk).into_keys().collect::<Vec<_>>(), [1, 2, 3, 4]);
            assert!(life.state().limits.is_empty(), "{wrong:?}: it is mended");
            // The place goes on behind it.
            let settled = Place::parse(life.place.as_deref()).unwrap().settled.unwrap();
            assert_eq!(settled[1].text, "2");
        }
    });
}

#[test]
fn once_a_cursor_that_stands_in_the_future_reads_all_once_more() {
    run(async {
        let model = Model::default();
        happened(&model, &[NOW(1, 1), NOW(2, 2)]);
        let cursor =
            r#"{"settled":[{"text":"2062-11-02 00:00:00+00","kind":"text"},{"text":"9","kind":"number"}]}"#;
        let mut disk = Disk { cursor: Some(cursor.to_owned()), ..Disk::default() };
        let mut life = Life::begins(&feed(false, false), &model, &disk);
        life.turn(&mut disk).await;
        assert_eq!(known(&disk).len(), 2);
    });
}

#[test]
fn once_numbers_that_were_given_by_hand_carry_nothing_away() {
    run(async {
        let model = Model::default();
        model.change(|table| table.by_number = true);
        let mut disk = Disk::default();
        let mut life = Life::begins(&feed(true, false), &model, &disk);
        let add = |by_hand| Event::Add { session: 0, value: 1, by_hand };
        happened(&model, &[add(false); 20]);
        life.turn(&mut disk).await;
        happened(&model, &[add(true); 3]);
        life.turn(&mut disk).await;
        happened(&model, &[add(false); 7]);
        life.turn(&mut disk).await;
        let known = known(&disk);
        assert_eq!(known.range(..BY_HAND).count(), 27);
        assert_eq!(known.range(BY_HAND..).count(), 3);
        assert!(life.state().late > 0, "that they appear behind others is told");
    });
}

#[test]
fn once_a_row_that_lived_between_two_comparisons_is_gone_behind_the_second() {
    run(async {
        let model = Model::default();
        let mut disk = Disk::default();
        let mut life = Life::begins(&feed(false, true), &model, &disk);
        happened(&model, &[NOW(1, 100), NOW(2, 400)]);
        life.turn(&mut disk).await;
        let there = known(&disk);
        // One is added, another corrected; each is read.
        happened(&model, &[NOW(3, 50), NOW(2, 410)]);
        life.turn(&mut disk).await;
        assert_eq!(known(&disk).len(), 3);
        // And all is as it was, with the moments of before.
        model.change(|table| {
            let _gone = table.rows.remove(&3);
            let _corrected = table.rows.insert(2, Row { id: 2, value: 400, period: 0, at: Said::At(0) });
        });
        life.is_due();
        life.turn(&mut disk).await;
        assert_eq!(known(&disk), there);
        let before = disk.log.len();
        life.is_due();
        life.turn(&mut disk).await;
        assert_eq!(disk.log.len(), before, "what says the same is not handed over again");
    });
}

#[test]
fn what_says_the_same_is_taken_once_more_by_a_pack_that_takes_effect_while_it_is_read() {
    run(async {
        let model = Model::default();
        let mut disk = Disk::default();
        let mut life = Life::begins(&feed(false, true), &model, &disk);
        happened(&model, &[NOW(1, 100), NOW(2, 400)]);
        // A moment that never settles, so that its row is read at each turn.
        happened(&model, &[Event::Put { session: 0, id: 3, value: 7, period: 1, stamp: Stamp::Infinity }]);
        life.turn(&mut disk).await;
        for (pack, pages, periods) in [("1", 0, 0), ("2", 1, 2), ("2", 0, 0)] {
            let _before = life.in_effect.send_replace(routes_of(pack));
            disk.log.clear();
            life.is_due();
            life.turn(&mut disk).await;
            let sent = |kind| disk.log.iter().filter(|(asked, _)| *asked == kind).count();
            assert_eq!((sent(Asked::Page), sent(Asked::Whole)), (pages, periods), "pack {pack}");
            // Which periods there were is known all the same, and what they said.
            let found = life.state().compared.unwrap();
            assert_eq!((found.periods, found.first, found.changed), (2, 0, 0), "pack {pack}");
        }
    });
}
