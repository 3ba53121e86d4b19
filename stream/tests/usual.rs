//! A rule over hours that stand outside their usual band: what it holds an hour against is what the page shows, and it
//! is the same however lines came, whatever was read back, and with any number of workers.

use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    sync::Arc,
    time::Duration,
};

use ioc_bus::{ChunkBuilder, SharedBus};
use ioc_decode::Decoder;
use ioc_model::{
    calendar::Calendar,
    envelope::Content,
    epoch::Epoch,
    event::{Count, Event, EventKind, EventMeasure},
    limit::is_enough,
    name::Name,
    names::Names,
    pack::{Feed, FormatName, LogSource, Pack, PackVersion},
    position::{Arrival, Offset, Partition, Position},
    question::{About, Answer, Question},
    results::{AlertResult, StoredEvent, WindowResult},
    rule::{AlertChange, Bound, Condition, EVERY, Rule, Unusual},
    time::{EventTime, Millis, Now, ReceivedAt},
    usual::{Like, compared},
    window::WindowKind,
};
use ioc_stream::{
    checkpoint::VERSION,
    exchange::WorkerShards,
    shard::{Happened, Rows, Shard, SubjectRecord, Undecided},
    step::EpochFacts,
};
use ioc_testing::{contract, feed, rule};
use proptest::prelude::*;

mod support;

use support::{
    MIDNIGHT, derived,
    flow::{self, ends, open_log},
    store::{Death, SharedStore},
};

const MINUTE: i64 = 60_000;
const LONG: Duration = Duration::from_secs(120);

/// More than twice the most that is usual, and more than five.
fn unusual() -> Rule {
    let side = Bound::Above { raise: 2.0, clear: 2.0 };
    let condition = Condition::Unusual(Unusual { measure: "lines".to_owned(), side, least: 5.0 });
    Rule { log_sources: vec![EVERY.to_owned()], ..rule("many", condition) }
}

fn pack(version: &str, rules: &[Rule]) -> Pack {
    let log_source = LogSource {
        hosts: vec!["srv-0".to_owned()],
        silent_after: Some(Millis::minutes(30)),
        ..ioc_testing::log_source("srv-0")
    };
    let windows = vec![WindowKind::Hour, WindowKind::Day];
    let measure = EventMeasure { windows, ..ioc_testing::measure("lines", Count::Lines) };
    let feeds = vec![Feed {
        format: FormatName::SyslogLines,
        ..feed("logs", contract(Millis(0), Millis::minutes(30)))
    }];
    Pack {
        rules: rules.iter().map(|rule| (rule.id.clone(), rule.clone())).collect(),
        log_sources: BTreeMap::from([(log_source.id.clone(), log_source)]),
        measures: BTreeMap::from([(measure.id.clone(), measure)]),
        ..ioc_testing::pack(version, Vec::new(), Vec::new(), feeds)
    }
}

/// When a line happened and when it came, in minutes since midnight.
type Line = (i64, i64);

struct Site {
    names: Names,
    decoder: Arc<Decoder>,
    shard: Shard,
    /// The pack that the last epoch went by: what a checkpoint of it says.
    gone_by: Option<PackVersion>,
    epoch: u64,
    lines: u64,
    awaited: VecDeque<Question>,
    /// What waits for the store, and the recorded clock, which stands: what was said of an hour is not over when it is
    /// learnt.
    unsure: BTreeMap<Name, Undecided>,
    now: Now,
    /// All windows that were told, in which epoch, and what happened to alerts.
    windows: Vec<(Epoch, WindowResult)>,
    told: Vec<AlertResult>,
}

impl Site {
    fn new(rules: &[Rule]) -> Site {
        let names = Names::default();
        let decoder = Arc::new(Decoder::new(Arc::new(pack("one", rules)), names.clone()).unwrap());
        let shard = Shard::new(names.clone(), WorkerShards::WHOLE, None);
        let (windows, told, awaited, unsure) = Default::default();
        let (gone_by, now) = (None, Now(MIDNIGHT));
        Site { names, decoder, shard, gone_by, epoch: 0, lines: 0, awaited, unsure, now, windows, told }
    }

    /// From the next epoch on another pack is in effect.
    fn take_over(&mut self, version: &str, rules: &[Rule]) {
        self.decoder = Arc::new(Decoder::new(Arc::new(pack(version, rules)), self.names.clone()).unwrap());
    }

    /// An epoch with these lines, and with so many answers at most.
    fn epoch(&mut self, lines: &[Line], answers: usize) {
        self.epoch += 1;
        let answered = (0..answers).map_while(|_| self.awaited.pop_front());
        // What it held when it was asked: what came since the flow must know by itself.
        let held = |asked: Epoch| self.windows.iter().filter(move |(epoch, _)| *epoch <= asked);
        let answer = |question: Question| {
            let windows = held(question.asked).map(|(_, window)| window);
            Answer { found: derived::found(windows, &question), question }
        };
        let answers: Vec<Answer> = answered.map(answer).collect();
        let facts = EpochFacts {
            epoch: Epoch(self.epoch),
            now: self.now,
            pack: self.decoder.pack().version.clone(),
            answers,
            horizon: Millis::hours(36),
        };
        let events: Vec<StoredEvent> =
            lines.iter().map(|line| StoredEvent(Arc::new(self.event(*line)))).collect();
        let happened = Happened { events: &events, unsure: &self.unsure, ..Happened::NOTHING };
        let none: [&[_]; 0] = [];
        let results = self.shard.apply(&facts, &self.decoder, &Rows::of(none), Vec::new(), happened);
        self.gone_by = Some(facts.pack.clone());
        self.awaited.extend(results.questions);
        self.windows.extend(results.facts.windows.into_iter().map(|window| (facts.epoch, window)));
        for alert in &results.facts.alerts {
            self.is_as_shown(alert);
        }
        self.told.extend(results.facts.alerts);
    }

    fn event(&mut self, (happened, came): Line) -> Event {
        self.lines += 1;
        let position = Position { offset: Offset(self.lines), ..Position::default() };
        Event {
            kind: EventKind::Log,
            log_source: "srv-0".into(),
            known: true,
            happened_at: EventTime(MIDNIGHT + happened * MINUTE),
            weight: 1,
            feed: "logs".into(),
            arrival: Arrival { received_at: ReceivedAt(MIDNIGHT + came * MINUTE), position, row: 0 },
            ..Event::default()
        }
    }

    /// What is known of each hour, as whoever asks the store is told.
    fn hours(&self) -> BTreeMap<EventTime, Option<f64>> {
        let mut hours = BTreeMap::new();
        for (_, window) in self.windows.iter().filter(|(_, window)| window.kind == WindowKind::Hour) {
            let is_whole = is_enough(window.aggregate.count, window.expected.into());
            let _ = hours.insert(window.start, is_whole.then_some(window.aggregate.sum));
        }
        hours
    }

    /// What an alert was raised or cleared by is what the page shows of that hour.
    fn is_as_shown(&self, alert: &AlertResult) {
        // One that is cleared because its rule is gone was cleared by no hour.
        let Some(evidence) = &alert.evidence else { return };
        let hours = self.hours();
        let known = |start: EventTime| hours.get(&start).copied().flatten();
        assert_eq!(evidence.value, known(evidence.start));
        assert_eq!(evidence.compared.as_deref().cloned(), compared(evidence.start, known));
    }

    /// Whether the newest hour that can be judged stands outside of its band, by the windows alone.
    fn stands_out(&self) -> bool {
        let hours = self.hours();
        let known = |start: EventTime| hours.get(&start).copied().flatten();
        let judged = hours.keys().rev().find_map(|start| Some((known(*start)?, compared(*start, known)?)));
        judged.is_some_and(|(value, compared)| value > (2.0 * compared.usual.high).max(5.0))
    }

    fn is_active(&self) -> bool {
        self.told.last().is_some_and(|alert| alert.active)
    }

    /// Goes on as another process would that loads what this one wrote.
    fn begin_anew(&mut self) {
        let records: Vec<Vec<u8>> = self.shard.records().collect::<Result<_, _>>().unwrap();
        self.shard = Shard::new(self.names.clone(), WorkerShards::WHOLE, self.gone_by.clone());
        let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
        self.awaited.clear();
        for record in records {
            let record = SubjectRecord::decode(VERSION, &record).unwrap();
            self.awaited.extend(record.awaited(&calendar));
            self.shard.load(record);
        }
    }

    /// Until nothing is asked any more.
    fn settle(&mut self) {
        while !self.awaited.is_empty() {
            self.epoch(&[], 1);
        }
    }
}

/// A line every ten minutes, and so many more in the middle of the hour.
fn hour(number: i64, more: u8) -> Vec<Line> {
    let at = |minute: i64| (number * 60 + minute, number * 60 + minute);
    let mut lines: Vec<Line> = (0..=50).step_by(10).map(at).collect();
    lines.extend((0..more).map(|_| at(25)));
    lines.sort_unstable();
    lines
}

/// Two hours of each day, and the line that closes the second.
fn day(number: i64, more: [u8; 2]) -> Vec<Line> {
    let first = number * 24 + 8;
    [hour(first, more[0]), hour(first + 1, more[1]), hour(first + 2, 0)[..1].to_vec()].concat()
}

#[test]
fn an_hour_with_far_more_than_usual_is_raised_and_opens_to_the_hours_it_was_held_against() {
    let mut site = Site::new(&[unusual()]);
    for number in 0..3 {
        site.epoch(&day(number, [10, number as u8]), 1);
    }
    assert_eq!(site.told.len(), 0);
    site.epoch(&day(3, [27, 0]), 1);
    let [raised, cleared] = &site.told[..] else { panic!("{:?}", site.told) };
    assert_eq!((raised.change, &*raised.key.subject), (AlertChange::Raised, "srv-0"));
    let evidence = raised.evidence.as_ref().unwrap();
    assert_eq!((evidence.value, evidence.threshold), (Some(33.0), Some(32.0)));
    let compared = evidence.compared.as_ref().unwrap();
    assert_eq!((compared.like, compared.usual.high, compared.with.len()), (Like::Days, 16.0, 3));
    // Cleared by its own rule, by the next hour: it stands within its band.
    assert_eq!(cleared.change, AlertChange::Cleared);
    let evidence = cleared.evidence.as_ref().unwrap();
    assert_eq!((evidence.value, evidence.threshold), (Some(6.0), Some(16.0)));
}

#[test]
fn late_lines_revise_an_hour_and_whether_it_is_unusual() {
    let mut site = Site::new(&[unusual()]);
    for number in 0..4 {
        site.epoch(&day(number, [10, 0]), 1);
    }
    let late = 3 * 24 * 60 + 11 * 60;
    let more: Vec<Line> = (0..20).map(|_| (late - 2 * 60 + 5, late)).collect();
    site.epoch(&more, 1);
    assert_eq!(site.told.last().map(|told| told.change), Some(AlertChange::Raised));
    // And a day that left the state: the same hours of the days after it are held against another band.
    let older: Vec<Line> = (0..30).map(|_| (9 * 60 + 5, late + 1)).collect();
    site.epoch(&older, 1);
    site.settle();
    let cleared = site.told.last().unwrap();
    assert_eq!(cleared.change, AlertChange::Cleared);
    assert_eq!(cleared.evidence.as_ref().unwrap().compared.as_ref().unwrap().usual.high, 36.0);
}

#[test]
fn silent_an_hour_that_was_not_heard_whole_is_neither_judged_nor_counts() {
    let few = Rule {
        condition: Condition::Unusual(Unusual {
            measure: "lines".to_owned(),
            side: Bound::Below { raise: 0.5, clear: 1.0 },
            least: 5.0,
        }),
        ..unusual()
    };
    let mut site = Site::new(&[few]);
    for number in 0..3 {
        site.epoch(&day(number, [10, 10]), 1);
    }
    // Of the first hour of this day twenty minutes are known, of the second all.
    let start = 3 * 24 * 60 + 8 * 60;
    site.epoch(&[(start + 40, start + 40), (start + 60, start + 60)], 1);
    let second: Vec<Line> = (1..=6).map(|ten| (start + 60 + ten * 10, start + 60 + ten * 10)).collect();
    site.epoch(&second, 1);
    let [raised] = &site.told[..] else { panic!("{:?}", site.told) };
    let evidence = raised.evidence.as_ref().unwrap();
    assert_eq!((evidence.start.0, evidence.value), (MIDNIGHT + (start + 60) * MINUTE, Some(6.0)));
    // Nothing more comes: it is active until an hour says that it is over.
    site.epoch(&[(start + 10 * 60, start + 10 * 60)], 1);
    assert!(site.is_active());
}

#[test]
fn what_closed_before_a_rule_asked_is_read_back_and_judged_by() {
    let mut site = Site::new(&[]);
    for number in 0..4 {
        site.epoch(&day(number, [10 + 40 * u8::from(number == 3), 0]), 1);
    }
    site.take_over("two", &[unusual()]);
    site.epoch(&[], 0);
    let about: Vec<&About> = site.awaited.iter().map(|question| &question.about).collect();
    assert_eq!(about, [&About::Usual { measure: "lines".into() }]);
    site.begin_anew();
    site.epoch(&day(4, [0, 20]), 0);
    assert_eq!(site.told.len(), 0, "nothing is usual before it is known what was");
    site.settle();
    let changes: Vec<AlertChange> = site.told.iter().map(|told| told.change).collect();
    assert_eq!(changes, [AlertChange::Raised, AlertChange::Cleared, AlertChange::Recurred]);
    // Whoever takes the rule away lets the hours go.
    let kept = |site: &Site| site.shard.records().map(|record| record.unwrap().len()).sum::<usize>();
    let with = kept(&site);
    site.take_over("three", &[]);
    site.epoch(&[], 0);
    assert!(kept(&site) < with);
}

#[test]
fn what_waits_for_the_store_holds_windows_back_until_it_is_known_also_if_all_of_it_was_there_before() {
    let mut site = Site::new(&[]);
    let waiting = Undecided { happened: EventTime(MIDNIGHT + 9 * 60 * MINUTE), arrived: Arrival::default() };
    let _ = site.unsure.insert("srv-0".into(), waiting);
    site.epoch(&day(0, [0, 0]), 0);
    assert_eq!(site.hours().len(), 1, "nothing closes over it");
    // The store knows it: no line comes of that, and no other one for now.
    site.unsure.clear();
    site.now = Now(site.now.0 + 1);
    site.epoch(&[], 0);
    assert_eq!(site.hours().len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// However lines come together, how late they are, when the store answers and whether the process is another one:
    /// what an alert was held against is what is shown of its hour (in `is_as_shown`), and in the end one is active
    /// exactly if the newest hour stands out.
    #[test]
    fn batch_an_alert_is_active_exactly_if_the_newest_hour_stands_out(
        days in prop::collection::vec((more(), more()), 5..12),
        late in prop::collection::vec((0usize..12, 0i64..2, 1u8..60, 0usize..12), 0..6),
        cuts in prop::collection::vec((1usize..60, prop::sample::select(vec![0usize, 0, 0, 1])), 60),
        asks_from in prop::option::of(0usize..20),
        anew in 0usize..20,
    ) {
        let mut lines: Vec<Line> = Vec::new();
        for (number, (first, second)) in days.iter().enumerate() {
            lines.extend(day(number as i64, [*first, *second]));
            let came = (number as i64 * 24 + 11) * 60;
            for (of, hour, more, behind) in &late {
                if of + behind == number {
                    let happened = (*of as i64 * 24 + 8 + hour) * 60 + 25;
                    lines.extend((0..*more).map(|_| (happened, came)));
                }
            }
        }
        let mut site = Site::new(if asks_from.is_some() { &[] } else { std::slice::from_ref(&RULE) });
        let mut rest = lines.as_slice();
        for (number, (cut, answers)) in cuts.into_iter().enumerate() {
            let (piece, others) = rest.split_at(cut.min(rest.len()));
            if asks_from == Some(number) {
                site.take_over("two", std::slice::from_ref(&RULE));
            }
            if anew == number {
                site.begin_anew();
            }
            site.epoch(piece, answers);
            rest = others;
        }
        site.epoch(rest, 1);
        site.settle();
        prop_assert_eq!(site.is_active(), site.stands_out());
    }
}

/// Mostly few, sometimes many.
fn more() -> impl Strategy<Value = u8> {
    prop_oneof![4 => 0u8..4, 1 => 10u8..60]
}

static RULE: std::sync::LazyLock<Rule> = std::sync::LazyLock::new(unusual);

/// Lines as a machine writes them, of some days.
fn written() -> Vec<(String, i64)> {
    let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
    let line = |(number, (at, _)): (usize, Line)| {
        let at = MIDNIGHT + at * MINUTE;
        let local = calendar.local(EventTime(at)).unwrap();
        (format!("{} srv-0 cron[{number}]: job {number}", local.strftime("%b %e %H:%M:%S")), at)
    };
    let days = (0..4).flat_map(|number| day(number, [10, 15 * u8::from(number == 3)]));
    days.enumerate().map(line).collect()
}

fn send(bus: &SharedBus, line: &str, at: i64) {
    let mut chunk = ChunkBuilder::new();
    chunk.push("logs", Content::Raw, "/ingest/logs", format!("{line}\n").as_bytes());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _ = runtime.block_on(async {
        let chunk = chunk.finish(ReceivedAt(at));
        bus.append(Partition(0), chunk).await.unwrap().await.unwrap()
    });
}

/// A life with so many workers, which takes in some lines; if it is to die it does so with its first commit.
fn live(
    folder: &Path,
    store: &SharedStore,
    bus: &SharedBus,
    workers: usize,
    (pack, lines): (Pack, &[(String, i64)]),
    dies: bool,
) {
    let death = Death { after_commits: 0, rows_are_in: true };
    store.0.lock().unwrap().die = dies.then_some(death);
    let driver = flow::start(folder, bus, store, workers, pack, flow::STANDING).unwrap();
    lines.iter().for_each(|(line, at)| send(bus, line, *at));
    assert_eq!(driver.wait_committed(&ends(bus), LONG), !dies);
    assert_eq!(driver.stop().is_err(), dies);
}

fn told(store: &SharedStore) -> Vec<AlertResult> {
    let store = store.0.lock().unwrap();
    let told = store.epochs.values().flat_map(|results| results.facts.alerts.clone());
    told.map(|told| AlertResult { seq: 0, ..told }).collect()
}

#[test]
fn replay_an_unusual_hour_is_raised_once_with_any_number_of_workers_and_whatever_dies() {
    let lines = written();
    let ruled = || pack("one", std::slice::from_ref(&RULE));
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (bus, store) = (open_log(first.path()), SharedStore::default());
    live(first.path(), &store, &bus, 1, (ruled(), &lines), false);
    let whole = told(&store);
    let [raised] = &whole[..] else { panic!("{whole:?}") };
    let evidence = raised.evidence.as_ref().unwrap();
    assert_eq!((raised.change, evidence.value), (AlertChange::Raised, Some(21.0)));
    assert_eq!(evidence.compared.as_ref().unwrap().with.len(), 3);

    // The others: with other numbers of workers, killed in between, the rule there from the third life on only.
    let (bus, store) = (open_log(second.path()), SharedStore::default());
    let (early, late) = lines.split_at(50);
    let unruled = || Pack { rules: BTreeMap::new(), version: PackVersion("none".to_owned()), ..ruled() };
    live(second.path(), &store, &bus, 3, (unruled(), early), false);
    live(second.path(), &store, &bus, 2, (ruled(), &late[..20]), true);
    live(second.path(), &store, &bus, 3, (ruled(), &late[20..]), false);
    assert_eq!(told(&store), whole);
}
