//! What pulled sources share: nothing is skipped or lost, whatever stops in between.

mod transports;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ioc_bus::{AppendError, ChunkBuilder, Origin, SharedBus, clock::Clock};
use ioc_ingest::{
    intake::Intake,
    transport::pull::{
        CannotFetch, Cursor, Fetched, Patience, Progress, Pull, PullCounters, Schedule, Source,
    },
};
use ioc_model::envelope::Content;
use tokio_util::sync::CancellationToken;
use transports::{Valve, ValvedBus, open_log, stored, until};

const NAME: &str = "table rows by id";

/// A table of rows by ascending id, asked for three at a time.
#[derive(Clone, Default)]
struct Table(Arc<Mutex<Rows>>);

#[derive(Default)]
struct Rows {
    rows: Vec<u64>,
    away: bool,
    /// What was asked for.
    asked: Vec<Option<String>>,
}

impl Table {
    fn change(&self, change: impl FnOnce(&mut Rows)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn asked(&self) -> Vec<Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).asked.clone()
    }
}

impl Source for Table {
    fn name(&self) -> &str {
        NAME
    }

    async fn fetch(&mut self, behind: Option<&str>) -> Result<Fetched, CannotFetch> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.asked.push(behind.map(str::to_owned));
        if table.away {
            return Err(CannotFetch::said("nobody there"));
        }
        let behind: u64 = behind.map_or(0, |place| place.parse().unwrap());
        let mut rows = table.rows.iter().copied().filter(|row| *row > behind);
        let page: Vec<u64> = rows.by_ref().take(3).collect();
        let mut chunk = ChunkBuilder::new();
        for row in &page {
            chunk.push("registers", Content::Raw, "table", format!("row {row}").as_bytes());
        }
        let place = page.last().copied().unwrap_or(behind).to_string();
        Ok(Fetched { chunk, place, more: rows.next().is_some(), passed: None })
    }
}

/// Pulls until it is stopped.
fn pull(
    bus: &SharedBus,
    data: &Path,
    source: impl Source + 'static,
    stop: &CancellationToken,
) -> (tokio::task::JoinHandle<Result<(), AppendError>>, Arc<PullCounters>) {
    let intake = Intake::new(bus.clone(), Clock::Machine);
    let counters = Arc::<PullCounters>::default();
    let every = Duration::from_millis(20);
    let progress = Arc::new(Progress::new("table", "here", every, [], counters.clone()));
    let pull = Pull {
        line: intake.line_of("registers", Origin::sender("registers")),
        intake,
        cursor: Cursor::open(data, "registers", NAME).unwrap(),
        schedule: Schedule::every(every, "registers"),
        patience: Patience {
            first: Duration::from_millis(5),
            longest: Duration::from_millis(40),
            recovered_after: Duration::from_secs(1),
        },
        progress,
    };
    (tokio::spawn(pull.run(source, stop.clone())), counters)
}

fn place(data: &Path) -> Option<String> {
    Cursor::open(data, "registers", NAME).unwrap().place().map(str::to_owned)
}

fn texts(log: &SharedBus) -> Vec<String> {
    stored(log).iter().map(|row| row.text().to_owned()).collect()
}

fn rows(numbers: impl IntoIterator<Item = u64>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("row {number}")).collect()
}

#[tokio::test]
async fn once_a_source_is_read_page_by_page_and_on_schedule_and_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let log = open_log(folder.path());
    let table = Table::default();
    table.change(|table| table.rows = (1..=8).collect());
    let stop = CancellationToken::new();
    let (pulling, counters) = pull(&log, folder.path(), table.clone(), &stop);
    until("all pages", || counters.snapshot().envelopes == 8).await;
    table.change(|table| table.rows.extend(9..=10));
    until("the next turn", || counters.snapshot().envelopes == 10).await;
    stop.cancel();
    pulling.await.unwrap().unwrap();
    assert_eq!(texts(&log), rows(1..=10));
    assert_eq!(place(folder.path()).as_deref(), Some("10"));
    // The next process goes on there.
    table.change(|table| {
        table.asked.clear();
        table.rows.push(11);
    });
    let stop = CancellationToken::new();
    let (pulling, counters) = pull(&log, folder.path(), table.clone(), &stop);
    until("the new row", || counters.snapshot().envelopes == 1).await;
    stop.cancel();
    pulling.await.unwrap().unwrap();
    assert_eq!(table.asked()[0].as_deref(), Some("10"));
    assert_eq!(texts(&log), rows(1..=11));
}

#[tokio::test]
async fn ack_a_cursor_stays_before_what_the_log_has_not_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let log = open_log(folder.path());
    let table = Table::default();
    table.change(|table| table.rows = (1..=3).collect());
    for valve in [Valve::Full, Valve::Untold] {
        let (bus, _turn) = ValvedBus::before(log.clone(), valve);
        let stop = CancellationToken::new();
        let (pulling, counters) = pull(&bus, folder.path(), table.clone(), &stop);
        until("a question", || counters.snapshot().asked == 1).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(
            counters.snapshot().asked,
            1,
            "{valve:?}: nothing further is asked while the log does not answer"
        );
        stop.cancel();
        // It waits for the log's word: here it is killed instead.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!pulling.is_finished(), "{valve:?}");
        pulling.abort();
        let _killed = pulling.await;
        assert_eq!(place(folder.path()), None, "{valve:?}");
    }
    let (bus, _turn) = ValvedBus::before(log.clone(), Valve::Poisoned);
    let (pulling, counters) = pull(&bus, folder.path(), table.clone(), &CancellationToken::new());
    assert!(matches!(pulling.await.unwrap(), Err(AppendError::Poisoned { .. })));
    // Nothing is asked any more, and that does not look like a source that answers.
    assert_eq!((counters.snapshot().away, counters.snapshot().refused), (1, 1));
    assert_eq!(place(folder.path()), None);
    // What reached the log without a word of it is there twice, and nothing is missing.
    let stop = CancellationToken::new();
    let (pulling, counters) = pull(&log, folder.path(), table.clone(), &stop);
    until("all rows", || counters.snapshot().envelopes == 3).await;
    stop.cancel();
    pulling.await.unwrap().unwrap();
    assert_eq!(texts(&log), [rows(1..=3), rows(1..=3)].concat());
    assert_eq!(place(folder.path()).as_deref(), Some("3"));
}

#[tokio::test]
async fn silent_a_cursor_that_cannot_be_kept_is_told_and_tried_again_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let log = open_log(folder.path());
    let table = Table::default();
    table.change(|table| table.rows = (1..=3).collect());
    let stop = CancellationToken::new();
    let (pulling, counters) = pull(&log, &data, table.clone(), &stop);
    // Where cursors would lie, something else does.
    std::fs::write(data.join("cursors"), b"").unwrap();
    until("it is told", || counters.snapshot().refused == 1).await;
    assert_eq!((counters.snapshot().asked, texts(&log)), (1, rows(1..=3)), "nothing further is asked");
    std::fs::remove_file(data.join("cursors")).unwrap();
    until("it goes on", || counters.snapshot().asked > 1).await;
    assert_eq!((counters.snapshot().envelopes, counters.snapshot().away), (3, 0));
    stop.cancel();
    pulling.await.unwrap().unwrap();
    assert_eq!(place(&data).as_deref(), Some("3"));
    assert_eq!(texts(&log), rows(1..=3), "nothing twice");
}

#[tokio::test]
async fn bound_a_source_that_is_away_or_turns_in_a_circle_is_not_asked_in_a_loop() {
    let folder = tempfile::tempdir().unwrap();
    let log = open_log(folder.path());
    let table = Table::default();
    table.change(|table| table.away = true);
    let stop = CancellationToken::new();
    let (pulling, counters) = pull(&log, folder.path(), table.clone(), &stop);
    tokio::time::sleep(Duration::from_millis(400)).await;
    let seen = counters.snapshot();
    assert!((2..=60).contains(&seen.failed) && seen.away == 1, "{seen:?}");
    table.change(|table| {
        table.away = false;
        table.rows = vec![1];
    });
    until("it answers", || counters.snapshot().envelopes == 1 && counters.snapshot().away == 0).await;
    stop.cancel();
    pulling.await.unwrap().unwrap();
    assert_eq!(texts(&log), rows([1]));

    struct Circle;
    impl Source for Circle {
        fn name(&self) -> &str {
            NAME
        }
        async fn fetch(&mut self, behind: Option<&str>) -> Result<Fetched, CannotFetch> {
            let place: u32 = behind.map_or(0, |place| place.parse().unwrap());
            Ok(Fetched {
                chunk: ChunkBuilder::new(),
                place: ((place + 1) % 5).to_string(),
                more: true,
                passed: None,
            })
        }
    }
    let stop = CancellationToken::new();
    let (pulling, counters) = pull(&log, folder.path(), Circle, &stop);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let seen = counters.snapshot();
    assert!((2..=60).contains(&seen.failed) && seen.asked < 20 * seen.failed, "{seen:?}");
    stop.cancel();
    pulling.await.unwrap().unwrap();
}
