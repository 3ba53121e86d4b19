//! A source whose listing changes at random, asked with crashes at any step: nothing is skipped, and nothing comes again
//! that was not asked for again (invariant ONCE).

mod again;
mod client;
mod ends;
mod model;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use ioc_bus::{ChunkBuilder, ChunkView};
use ioc_model::{
    contract::Contract,
    pack::{
        Feed, FormatName, HttpCompare, HttpPullFeed, Paging, PagingBy, PeriodLength, PullAuth, Since,
        SinceForm, Taken, Total, Transport,
    },
    position::{LogNumber, Offset, Partition},
    text::Text,
    time::{Millis, ReceivedAt},
};
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;
use tokio::sync::watch;

use self::model::{Event, Listing, Model};
use super::{
    client::Asks,
    place::Place,
    secrets::Keys,
    since::Mark,
    source::{HttpSource, ReadBy},
};
use crate::{
    routes::Routes,
    transport::pull::{
        CannotFetch, Fetched, Limit, Progress, PullState, Source, place::Place as _, progress::now,
    },
};

/// How it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Whole,
    Offset,
    Page,
    Cursor,
    /// By links that hold offsets, each page looked at again.
    Link,
}

fn feed(how: How, reads_on: bool) -> HttpPullFeed {
    let (by, query) = match how {
        How::Whole => (PagingBy::Nothing, ""),
        How::Offset => (PagingBy::Offset, "&o={offset}&n={limit}"),
        How::Page => (PagingBy::Page(1), "&p={page}&n={limit}"),
        How::Cursor => (PagingBy::Cursor("/next".to_owned()), "&c={cursor}&n={limit}"),
        How::Link => (PagingBy::Link(None), "&n={limit}"),
    };
    let since = Since {
        at: Some("/t".to_owned()),
        form: SinceForm::Number,
        overlap: Millis(0),
        first: "0".to_owned(),
        // The cursor goes by identifiers.
        ordered: how != How::Cursor,
    };
    HttpPullFeed {
        url: format!("https://h.example/x?tu={{since}}{query}"),
        body: None,
        headers: Vec::new(),
        auth: PullAuth::None,
        every: Millis(1_000),
        paging: Paging {
            by,
            size: 3,
            total: (how == How::Page).then(|| Total::At("/total".to_owned())),
            look_back: matches!(how, How::Page | How::Link),
            ends_short: false,
        },
        taken: Taken::Records { at: "/data".to_owned(), key: vec!["/id".to_owned()] },
        since: reads_on.then_some(since),
        compare: None,
    }
}

fn of_feed(of: &HttpPullFeed) -> Feed {
    Feed {
        id: "listing".to_owned(),
        name: Text::default(),
        owner: Text::default(),
        transport: Transport::HttpPull(Box::new(of.clone())),
        format: FormatName::JsonObservation,
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
struct Life<A = Model> {
    source: HttpSource<A>,
    /// The pack that is in effect, by its routes.
    in_effect: watch::Sender<Arc<Routes>>,
    progress: Arc<Progress>,
    /// How far it is, as it knows it.
    place: Option<String>,
}

/// What is on disk: the log, and the cursor.
#[derive(Debug, Default)]
struct Disk {
    log: Vec<String>,
    cursor: Option<String>,
}

impl<A: Asks + Clone> Life<A> {
    fn begins(of: &HttpPullFeed, model: &A, disk: &Disk) -> Life<A> {
        Life::by_pack("1", of, model, disk)
    }

    /// As one pack has it.
    fn by_pack(pack: &str, of: &HttpPullFeed, model: &A, disk: &Disk) -> Life<A> {
        let progress = Arc::new(Progress::new("http_pull", "", Duration::from_secs(1), [], Arc::default()));
        let (in_effect, routes) = watch::channel(routes_of(pack));
        let source = HttpSource::new(
            &of_feed(of),
            of,
            ReadBy { routes, zone: TimeZone::UTC },
            Keys::default(),
            model.clone(),
            Arc::default(),
            progress.clone(),
        );
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
        let texts = texts(&mut chunk);
        let is_empty = texts.is_empty();
        disk.log.extend(texts);
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

    /// Until nothing more is ready. Whether it answered.
    async fn turn(&mut self, disk: &mut Disk) -> bool {
        for _ in 0..500 {
            match self.goes_on(disk, None).await {
                Ok(true) => {}
                Ok(false) => return true,
                Err(_) => return false,
            }
        }
        panic!("a turn does not end");
    }
}

fn texts(chunk: &mut ChunkBuilder) -> Vec<String> {
    let chunk = chunk.finish(ReceivedAt(0));
    let chunk = ChunkView::parse(chunk.bytes().to_vec().into()).unwrap();
    let rows = chunk.iter(LogNumber(1), Partition(0), Offset(0));
    rows.map(|envelope| String::from_utf8_lossy(envelope.payload).into_owned()).collect()
}

/// The last thing that the log says of each record.
fn known(disk: &Disk) -> BTreeMap<u32, (u32, i64)> {
    let mut known = BTreeMap::new();
    for text in &disk.log {
        let row: serde_json::Value = serde_json::from_str(text).unwrap();
        let of = |name: &str| row[name].as_i64().unwrap();
        let _before = known.insert(of("id") as u32, (of("v") as u32, of("t")));
    }
    known
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => Just(Event::Nothing),
        3 => (0_u32..30, 0_u32..3).prop_map(|(id, value)| Event::Put(id, value)),
        2 => (0_u32..30).prop_map(Event::Remove),
        1 => Just(Event::Away),
        1 => Just(Event::Gone),
    ]
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![Just(How::Whole), Just(How::Offset), Just(How::Page), Just(How::Cursor), Just(How::Link)]
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever changed, and wherever it was killed: when the source comes to rest, the log says of every record that is
    /// there what it says; and at no moment the place had passed a record that was not on the log.
    #[test]
    fn once_a_listing_that_changes_while_it_is_read_is_read_whole(
        how in how(),
        reads_on in any::<bool>(),
        rows in proptest::collection::vec((0_u32..30, 0_u32..3), 0..20),
        mut events in proptest::collection::vec(event(), 0..60),
        kills in proptest::collection::vec(proptest::option::weighted(0.2, any::<bool>()), 0..60),
    ) {
        run(async {
            let of = feed(how, reads_on);
            // What is read on by changes is given in their order, or a record that changed has moved to where it was read.
            let model = Model(Arc::new(Mutex::new(Listing { by_change: reads_on && how != How::Cursor, ..Listing::default() })));
            model.change(|listing| rows.iter().for_each(|(id, value)| listing.put(*id, *value)));
            events.reverse();
            model.change(|listing| listing.events = events);
            let mut disk = Disk::default();
            let mut life = Life::begins(&of, &model, &disk);
            for killed in kills {
                let _more = life.goes_on(&mut disk, killed).await;
                if killed.is_some() {
                    life = Life::begins(&of, &model, &disk);
                }
                // The place has passed nothing that is not on the log.
                let place = Place::parse(disk.cursor.as_deref()).unwrap();
                if let Some(Mark::Number(since)) = place.since {
                    let known = known(&disk);
                    for row in model.change(|listing| listing.ordered(0)) {
                        if row.changed < since {
                            prop_assert_eq!(known.get(&row.id), Some(&(row.value, row.changed)), "{:?} {:?}", how, row);
                        }
                    }
                }
            }
            model.change(|listing| listing.events.clear());
            for _ in 0..3 {
                prop_assert!(life.turn(&mut disk).await, "{:?}", how);
            }
            let known = known(&disk);
            for row in model.change(|listing| listing.ordered(0)) {
                prop_assert_eq!(known.get(&row.id), Some(&(row.value, row.changed)), "{:?}", how);
            }
            prop_assert!(!life.state().limits.iter().any(|limit| limit.word() == "unsettled"));
            // At rest nothing comes any more.
            let before = disk.log.len();
            prop_assert!(life.turn(&mut disk).await);
            prop_assert_eq!(disk.log.len(), before);
            Ok(())
        })?;
    }

    /// Where nothing is killed and nothing fails, no record says twice in a row what it said.
    #[test]
    fn once_what_is_read_again_and_says_the_same_is_left_out(
        how in how(),
        rows in proptest::collection::vec((0_u32..30, 0_u32..3), 0..20),
        mut events in proptest::collection::vec(event(), 0..60),
    ) {
        run(async {
            let of = feed(how, true);
            let model = Model(Arc::new(Mutex::new(Listing { by_change: how != How::Cursor, ..Listing::default() })));
            model.change(|listing| rows.iter().for_each(|(id, value)| listing.put(*id, *value)));
            events.retain(|event| !matches!(event, Event::Away));
            model.change(|listing| listing.events = events);
            let mut disk = Disk::default();
            let mut life = Life::begins(&of, &model, &disk);
            for _ in 0..30 {
                let _answered = life.turn(&mut disk).await;
            }
            let mut last = BTreeMap::new();
            for text in &disk.log {
                let row: serde_json::Value = serde_json::from_str(text).unwrap();
                prop_assert_ne!(last.insert(row["id"].as_i64(), text), Some(text));
            }
            Ok(())
        })?;
    }
}

#[test]
fn a_page_by_number_skips_what_moved_unless_the_one_before_is_looked_at_again() {
    run(async {
        for look_back in [false, true] {
            let mut of = feed(How::Page, true);
            (of.paging.look_back, of.paging.total) = (look_back, None);
            let model = Model(Arc::new(Mutex::new(Listing { by_change: true, ..Listing::default() })));
            model.change(|listing| {
                (0..9).for_each(|id| listing.put(id, 0));
                listing.events = vec![Event::Remove(0), Event::Nothing];
            });
            let mut disk = Disk::default();
            let mut life = Life::begins(&of, &model, &disk);
            for _ in 0..3 {
                assert!(life.turn(&mut disk).await);
            }
            assert_eq!(known(&disk).contains_key(&3), look_back, "it has moved to the page that was read");
            assert_eq!(life.source.counters.snapshot().changed, u64::from(look_back));
        }
    });
}

#[test]
fn a_listing_that_never_holds_still_is_taken_as_it_is_and_the_place_stays() {
    run(async {
        let of = feed(How::Offset, true);
        let model = Model(Arc::new(Mutex::new(Listing { by_change: true, ..Listing::default() })));
        model.change(|listing| (0..9).for_each(|id| listing.put(id, 0)));
        let mut disk = Disk::default();
        let mut life = Life::begins(&of, &model, &disk);
        // Before each request the first record moves to the end.
        let churn = |model: &Model| {
            model.change(|listing| {
                listing.events = (0..200_u32).rev().map(|at| Event::Put(at % 9, at)).collect();
            });
        };
        churn(&model);
        assert!(life.turn(&mut disk).await);
        let state = life.state();
        assert!(state.limits.iter().any(|limit| limit.word() == "unsettled"));
        assert_eq!(state.passed, None);
        assert_eq!(Place::parse(life.place.as_deref()).unwrap().since, None, "the place stays");
        assert!(!disk.log.is_empty(), "what there was is taken");
        model.change(|listing| listing.events.clear());
        assert!(life.turn(&mut disk).await);
        assert!(life.state().limits.is_empty());
        assert_eq!(known(&disk).len(), 9);
        assert!(Place::parse(life.place.as_deref()).unwrap().since.is_some());
    });
}

#[test]
fn an_answer_that_has_not_changed_is_not_taken_again_also_by_the_next_process() {
    run(async {
        let of = HttpPullFeed { since: None, ..feed(How::Whole, false) };
        let of = HttpPullFeed { url: "https://h.example/x".to_owned(), ..of };
        let model = Model(Arc::new(Mutex::new(Listing { etag: true, ..Listing::default() })));
        model.change(|listing| listing.put(1, 1));
        let mut disk = Disk::default();
        let mut life = Life::begins(&of, &model, &disk);
        assert!(life.turn(&mut disk).await && life.turn(&mut disk).await);
        let mut next = Life::begins(&of, &model, &disk);
        assert!(next.turn(&mut disk).await);
        assert_eq!((disk.log.len(), next.source.counters.snapshot().known), (1, 0), "nothing was even sent");
        model.change(|listing| listing.put(1, 2));
        assert!(next.turn(&mut disk).await);
        assert_eq!(known(&disk)[&1].0, 2);
    });
}

#[test]
fn a_source_that_gives_the_same_page_for_ever_is_said_and_not_followed() {
    run(async {
        // It does not know the parameter, and gives the first page.
        let of = HttpPullFeed {
            url: "https://h.example/x?tu={since}&trang={page}&n={limit}".to_owned(),
            ..feed(How::Page, true)
        };
        let model = Model(Arc::default());
        model.change(|listing| (0..9).for_each(|id| listing.put(id, 0)));
        let mut disk = Disk::default();
        let mut life = Life::begins(&of, &model, &disk);
        // A listing may have moved by a page, so it is read from its beginning a few times.
        let mut said = None;
        for _ in 0..20 {
            said = life.goes_on(&mut disk, None).await.err();
            if said.is_some() {
                break;
            }
        }
        let error = said.expect("said");
        assert!(error.is_fault && error.en.contains("the same"), "{error}");
        assert_eq!(known(&disk).len(), 3);
        assert!(!life.turn(&mut disk).await, "and at the next turn");
    });
}

#[test]
fn once_a_listing_that_moves_by_as_many_records_as_a_page_has_is_read_whole() {
    run(async {
        let model = Model(Arc::default());
        model.change(|listing| (10..19).for_each(|id| listing.put(id, 0)));
        let mut disk = Disk::default();
        let mut of = feed(How::Page, false);
        (of.paging.look_back, of.paging.total) = (false, None);
        let mut life = Life::begins(&of, &model, &disk);
        assert!(life.goes_on(&mut disk, None).await.unwrap());
        model.change(|listing| (0..3).for_each(|id| listing.put(id, 0)));
        assert!(life.turn(&mut disk).await, "its second page is what its first was");
        assert_eq!(known(&disk).len(), 12);
    });
}

#[test]
fn whole_periods_find_what_no_record_tells_and_a_changing_one_is_given_up() {
    run(async {
        let rows = Taken::Rows {
            at: "/data".to_owned(),
            key: vec!["/id".to_owned()],
            columns: vec!["id".to_owned(), "v".to_owned()],
        };
        let of = HttpPullFeed {
            taken: rows,
            compare: Some(HttpCompare {
                every: Millis(60_000),
                url: "https://h.example/x?ky={period}&o={offset}&n={limit}".to_owned(),
                period: PeriodLength::Year,
                back: 1,
                format: "%Y".to_owned(),
            }),
            ..feed(How::Offset, true)
        };
        let model = Model(Arc::new(Mutex::new(Listing::default())));
        model.change(|listing| (0..7).for_each(|id| listing.put(id, 0)));
        let mut disk = Disk::default();
        let mut life = Life::begins(&of, &model, &disk);
        assert!(life.turn(&mut disk).await);
        let compared = life.state().compared.unwrap();
        assert_eq!((compared.periods, compared.first, compared.changed, compared.given_up), (1, 1, 0, 0));
        let whole = disk.log.last().unwrap();
        assert_eq!(whole, "id,v\n0,0\n1,0\n2,0\n3,0\n4,0\n5,0\n6,0\n", "one message, however many pages");
        // The next comparison: a record is gone, another changed without its moment.
        let due = |life: &mut Life| {
            let mut place = Place::parse(life.place.as_deref()).unwrap();
            place.compared = None;
            life.place = Some(place.text());
        };
        model.change(|listing| {
            let _gone = listing.rows.remove(&3);
            listing.rows.get_mut(&5).unwrap().value = 9;
        });
        assert!(life.turn(&mut disk).await);
        due(&mut life);
        assert!(life.turn(&mut disk).await);
        assert_eq!(disk.log.last().unwrap(), "id,v\n0,0\n1,0\n2,0\n4,0\n5,9\n6,0\n");
        due(&mut life);
        let before = disk.log.len();
        assert!(life.turn(&mut disk).await);
        assert_eq!(disk.log.len(), before, "it says the same");
        // A period that does not hold still would make records absent that are not.
        due(&mut life);
        assert!(life.goes_on(&mut disk, None).await.unwrap());
        model.change(|listing| {
            listing.events = (0..300_u32)
                .rev()
                .map(|at| if at % 2 == 0 { Event::Remove(0) } else { Event::Put(0, at) })
                .collect();
        });
        let mut more = true;
        while more {
            more = life.goes_on(&mut disk, None).await.unwrap();
        }
        assert_eq!(life.state().compared.unwrap().given_up, 1);
        assert_eq!(disk.log.len(), before, "nothing of it is handed over");
    });
}

#[test]
fn a_moment_of_the_future_does_not_carry_the_place_there() {
    run(async {
        let mut of = feed(How::Whole, true);
        if let Some(since) = &mut of.since {
            since.form = SinceForm::Seconds;
            since.first = "2026-01-01T00:00:00Z".to_owned();
        }
        let model = Model(Arc::new(Mutex::new(Listing { clock: 4_000_000_000, ..Listing::default() })));
        model.change(|listing| listing.put(1, 1));
        let mut disk = Disk::default();
        let mut life = Life::begins(&of, &model, &disk);
        assert!(life.turn(&mut disk).await);
        assert!(life.state().limits.contains(&Limit::Future), "it is told");
        let Some(Mark::Moment(since)) = Place::parse(life.place.as_deref()).unwrap().since else { panic!() };
        assert!(since <= Timestamp::from_millisecond(now().0).unwrap());
    });
}
