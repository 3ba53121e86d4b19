//! Rows that would change what was closed and judged long ago wait for a person's word (BALANCE, ONCE).

use std::{collections::BTreeMap, sync::Arc};

use ioc_decode::Decoder;
use ioc_model::{
    action::OPERATOR,
    calendar::{Calendar, LocalDay},
    contract::Contract,
    counts::Counts,
    epoch::Epoch,
    held::{Decision, HeldState},
    name::Name,
    names::{Names, Source},
    observation::{Observation, Quality, Series},
    pack::Station,
    position::{Arrival, Offset, Position},
    question::{About, Answer, Found, Question, RecalledRow},
    reject::RejectReason,
    results::RowStanding,
    row::Row,
    time::{EventTime, Millis, Now, ReceivedAt},
    window::{ClosedBy, WindowKind},
};
use ioc_stream::{
    exchange::WorkerShards,
    shard::{Happened, Rows, Shard, SubjectRecord},
    step::{EpochFacts, ShardResults},
};
use ioc_testing::feed;

mod support;

use support::{
    MIDNIGHT, derived,
    pack::{indicator, pack},
};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// A value of that moment, and when it came.
type Sent = (i64, i64, f64);

struct Site {
    names: Names,
    decoder: Arc<Decoder>,
    shard: Shard,
    epoch: u64,
    /// Of the feed's rows, over all epochs.
    counts: Counts,
    sent: i64,
}

impl Site {
    fn new() -> Site {
        let names = Names::default();
        let measures = BTreeMap::from([("pm25".to_owned(), Millis::minutes(5))]);
        let station = Station { measures, ..derived::station("S0") };
        let indicators = vec![indicator("pm25", &[WindowKind::Hour, WindowKind::Day])];
        let contract = Contract { lateness: Millis(0), patience: Millis::hours(2), ..Contract::default() };
        let pack = pack("one", station, indicators, vec![feed("air", contract)]);
        let decoder = Arc::new(Decoder::new(Arc::new(pack), names.clone()).unwrap());
        let shard = Shard::new(names.clone(), WorkerShards::WHOLE, None);
        Site { names, decoder, shard, epoch: 0, counts: Counts::default(), sent: 0 }
    }

    fn step(&mut self, now: i64, rows: &[Sent], others: Vec<Row>, answers: Vec<Answer>) -> ShardResults {
        self.epoch += 1;
        let facts = EpochFacts {
            epoch: Epoch(self.epoch),
            now: Now(now),
            pack: self.decoder.pack().version.clone(),
            answers,
            horizon: Millis::hours(36),
        };
        let observe = |(row, (time, received_at, value)): (u32, &Sent)| Observation {
            series: Series {
                indicator: self.names.indicators.number("pm25"),
                subject: self.names.subjects.number("S0"),
            },
            event_time: EventTime(*time),
            value: *value,
            quality: Quality::Good,
            source: self.names.sources.number(source()),
            arrival: arrival(*received_at, self.epoch, row),
        };
        let observations: Vec<Observation> = (0..).zip(rows).map(observe).collect();
        self.sent += i64::try_from(rows.len()).unwrap();
        let results = self.shard.apply(
            &facts,
            &self.decoder,
            &Rows::of([observations.as_slice()]),
            others,
            Happened::NOTHING,
        );
        if let Some(counts) = results.counts.get("air") {
            self.counts.add(counts);
        }
        // Each row has exactly one fate, whatever is asked and answered.
        let Counts { stored, duplicate, rejected, waiting, held, .. } = self.counts;
        assert_eq!((stored + duplicate + rejected) as i64 + waiting + held, self.sent);
        results
    }

    fn rows(&mut self, rows: &[Sent]) -> ShardResults {
        let now = rows.iter().map(|row| row.1).max().unwrap();
        self.step(now, rows, Vec::new(), Vec::new())
    }

    /// A whole day in time, one value every five minutes, and then so long nothing that it leaves memory.
    fn a_day_long_ago(&mut self) {
        for start in (MIDNIGHT..MIDNIGHT + DAY).step_by(HOUR as usize) {
            let moments = (start..start + HOUR).step_by(5 * MINUTE as usize);
            let rows: Vec<Sent> = moments.map(|time| (time, time + MINUTE, 20.0)).collect();
            let _ = self.rows(&rows);
        }
        for _ in 0..70 {
            let _ = self.rows(&[(MIDNIGHT + YEAR, MIDNIGHT + YEAR, 21.0)]);
        }
    }

    /// Another process, which has what a checkpoint keeps.
    fn again(&mut self) {
        let records: Vec<Vec<u8>> = self.shard.records().collect::<Result<_, _>>().unwrap();
        let pack = Some(self.decoder.pack().version.clone());
        self.shard = Shard::new(self.names.clone(), WorkerShards::WHOLE, pack);
        for record in records {
            self.shard.load(SubjectRecord::decode(u8::MAX, &record).unwrap());
        }
    }

    fn awaited(&self) -> Vec<Question> {
        let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
        let records =
            self.shard.records().map(|record| SubjectRecord::decode(u8::MAX, &record.unwrap()).unwrap());
        let mut awaited: Vec<Question> =
            records.flat_map(|record| record.awaited(&calendar).collect::<Vec<_>>()).collect();
        awaited.retain(|question| matches!(question.about, About::Day { .. } | About::Held { .. }));
        awaited
    }
}

fn source() -> Source {
    Source { feed: "air".into(), sender: "gateway".into() }
}

fn arrival(received_at: i64, epoch: u64, row: u32) -> Arrival {
    let position = Position { offset: Offset(epoch), ..Position::default() };
    Arrival { received_at: ReceivedAt(received_at), position, row }
}

fn day() -> LocalDay {
    Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap().day_of(EventTime(MIDNIGHT)).unwrap()
}

fn decision(accepted: bool, of: &str) -> Row {
    Row::Decided(Decision {
        indicator: "pm25".into(),
        subject: "S0".into(),
        day: day(),
        of: of.into(),
        accepted,
        user: "an".into(),
        note: "".into(),
        feed: OPERATOR.into(),
        sender: "page".into(),
        arrival: arrival(MIDNIGHT + YEAR + HOUR, 1_000_000, 0),
    })
}

fn recalled(time: i64, value: f64, arrival: Arrival) -> RecalledRow {
    let Source { feed, sender } = source();
    RecalledRow { event_time: EventTime(time), value, quality: Quality::Good, arrival, feed, sender }
}

/// What the store holds of the day long ago.
fn stored() -> Found {
    let moments = (MIDNIGHT..MIDNIGHT + DAY).step_by(5 * MINUTE as usize);
    Found::Rows(moments.map(|time| recalled(time, 20.0, arrival(time + MINUTE, 1, 0))).collect())
}

fn question(results: &ShardResults, wanted: impl Fn(&About) -> bool) -> Question {
    let mut found = results.questions.iter().filter(|question| wanted(&question.about));
    let question = found.next().expect("a question").clone();
    assert!(found.next().is_none());
    question
}

const OF_DAY: fn(&About) -> bool = |about| matches!(about, About::Day { .. });
const OF_HELD: fn(&About) -> bool = |about| matches!(about, About::Held { .. });

#[test]
fn silent_a_row_that_changes_what_was_judged_a_year_ago_is_held() {
    let mut site = Site::new();
    let _ = site.rows(&[(MIDNIGHT, MIDNIGHT + MINUTE, 20.0)]);
    let late = MIDNIGHT + YEAR;
    // Another value of its moment, the same once more, and one beside it in its hour.
    let results =
        site.rows(&[(MIDNIGHT, late, 18.4), (MIDNIGHT, late, 20.0), (MIDNIGHT + MINUTE, late, 18.5)]);
    assert!(results.facts.observations.is_empty());
    let held: Vec<_> =
        results.facts.held.iter().map(|row| (row.value, row.stands, row.state, row.sender)).collect();
    let sender = Name::from("gateway");
    assert_eq!(held, [(18.4, Some(20.0), HeldState::Held, sender), (18.5, None, HeldState::Held, sender)]);
    assert_eq!((site.counts.held, site.counts.duplicate, site.counts.stored), (2, 1, 1));
}

#[test]
fn revise_what_is_late_and_changes_nothing_that_was_judged_is_not_held() {
    let mut site = Site::new();
    let _ = site.rows(&[(MIDNIGHT, MIDNIGHT + MINUTE, 20.0)]);
    let (late, empty_hour) = (MIDNIGHT + YEAR, MIDNIGHT + 3 * HOUR);
    // A logger that was cut off sends an hour of which nothing came, and corrects itself.
    let rows = [(empty_hour, late, 30.0), (empty_hour + MINUTE, late, 31.0), (empty_hour, late + 1, 30.5)];
    let results = site.rows(&rows);
    let standings: Vec<RowStanding> = results.facts.observations.iter().map(|row| row.standing).collect();
    assert_eq!(standings, [RowStanding::First, RowStanding::First, RowStanding::Correction]);
    // And what is corrected within the bound is a correction.
    let soon = MIDNIGHT + 44 * DAY;
    let results = site.rows(&[(MIDNIGHT, soon, 19.0)]);
    assert_eq!(results.facts.observations[0].standing, RowStanding::Correction);
    assert_eq!(site.counts.held, 0);
}

#[test]
fn silent_a_row_of_a_day_that_left_memory_is_held_when_the_day_was_read_back() {
    let mut site = Site::new();
    site.a_day_long_ago();
    let late = MIDNIGHT + YEAR;
    let results = site.rows(&[(MIDNIGHT, late, 18.4)]);
    assert_eq!((site.counts.waiting, site.counts.held), (1, 0));
    let asked = question(&results, OF_DAY);
    let results = site.step(late, &[], Vec::new(), vec![Answer { question: asked, found: stored() }]);
    assert_eq!((site.counts.waiting, site.counts.held), (0, 1));
    assert_eq!(results.facts.held.len(), 1);
    assert!(results.facts.observations.is_empty() && results.facts.windows.is_empty());
}

/// Holds a row of the day long ago; gives it back as the store has it.
fn one_held(site: &mut Site) -> RecalledRow {
    site.a_day_long_ago();
    let late = MIDNIGHT + YEAR;
    let results = site.rows(&[(MIDNIGHT, late, 18.4)]);
    let asked = question(&results, OF_DAY);
    let results = site.step(late, &[], Vec::new(), vec![Answer { question: asked, found: stored() }]);
    let row = &results.facts.held[0];
    // It lingers in memory for a while after it was read back.
    for _ in 0..70 {
        let _ = site.step(late, &[], Vec::new(), Vec::new());
        let _ = site.rows(&[(late, late, 21.0)]);
    }
    recalled(row.event_time.0, row.value, row.arrival)
}

#[test]
fn once_an_accepted_row_is_judged_with_the_arrival_it_had_and_revises() {
    let mut site = Site::new();
    let row = one_held(&mut site);
    let late = MIDNIGHT + YEAR + HOUR;
    let results = site.step(late, &[], vec![decision(true, "gateway")], Vec::new());
    assert_eq!(results.facts.decisions.len(), 1);
    assert_eq!(results.counts.get(OPERATOR).unwrap().stored, 1);
    let asked = question(&results, OF_HELD);
    site.again();
    assert_eq!(site.awaited(), std::slice::from_ref(&asked));

    let found = Found::Rows(vec![row]);
    let results =
        site.step(late, &[], Vec::new(), vec![Answer { question: asked.clone(), found: found.clone() }]);
    assert_eq!(results.facts.held[0].state, HeldState::Accepted);
    assert_eq!((site.counts.waiting, site.counts.held), (1, 0));
    let of_day = question(&results, OF_DAY);
    // An answer that comes twice is an answer once.
    let results = site.step(late, &[], Vec::new(), vec![Answer { question: asked, found }]);
    assert!(results.facts.held.is_empty());

    site.again();
    let results = site.step(late, &[], Vec::new(), vec![Answer { question: of_day, found: stored() }]);
    assert_eq!((site.counts.waiting, site.counts.held), (0, 0));
    let [stored] = &results.facts.observations[..] else { panic!("{:?}", results.facts.observations) };
    assert_eq!((stored.value, stored.standing, stored.arrival), (18.4, RowStanding::Correction, row.arrival));
    let revised: Vec<_> = results
        .facts
        .windows
        .iter()
        .map(|window| (window.kind, window.closed_by, window.aggregate.min))
        .collect();
    assert_eq!(
        revised,
        [(WindowKind::Hour, ClosedBy::Revision, 18.4), (WindowKind::Day, ClosedBy::Revision, 18.4)]
    );
}

#[test]
fn balance_a_refused_row_becomes_a_reject_that_says_who_refused_it() {
    let mut site = Site::new();
    let row = one_held(&mut site);
    let late = MIDNIGHT + YEAR + HOUR;
    let results = site.step(late, &[], vec![decision(false, "gateway")], Vec::new());
    let asked = question(&results, OF_HELD);
    let other = RecalledRow { sender: "somebody".into(), ..row };
    let found = Found::Rows(vec![row, other]);
    let results = site.step(late, &[], Vec::new(), vec![Answer { question: asked, found }]);
    // Nobody decided about the other's.
    let [closed] = &results.facts.held[..] else { panic!("{:?}", results.facts.held) };
    assert_eq!((closed.state, closed.arrival), (HeldState::Refused, row.arrival));
    let [reject] = &results.facts.rejects[..] else { panic!("{:?}", results.facts.rejects) };
    assert_eq!(reject.rejection.reason, RejectReason::Refused);
    assert!(reject.rejection.message.en.contains("an refused it"), "{}", reject.rejection.message.en);
    assert_eq!((site.counts.held, site.counts.rejected), (0, 1));
    assert!(results.facts.observations.is_empty());
}

#[test]
fn once_a_decision_that_comes_while_one_is_asked_about_asks_for_itself() {
    let mut site = Site::new();
    let row = one_held(&mut site);
    let late = MIDNIGHT + YEAR + HOUR;
    let results = site.step(late, &[], vec![decision(false, "somebody")], Vec::new());
    let first = question(&results, OF_HELD);
    let results = site.step(late, &[], vec![decision(false, "gateway")], Vec::new());
    assert!(results.questions.is_empty());
    let found = Found::Rows(vec![row]);
    let results = site.step(late, &[], Vec::new(), vec![Answer { question: first, found: found.clone() }]);
    assert!(results.facts.held.is_empty(), "what was held in between was not in that answer");
    let second = question(&results, OF_HELD);
    let results = site.step(late, &[], Vec::new(), vec![Answer { question: second, found }]);
    assert_eq!(results.facts.held.len(), 1);
}

#[test]
fn a_decision_about_a_series_that_was_never_heard_is_a_reject() {
    let mut site = Site::new();
    let results = site.step(MIDNIGHT, &[], vec![decision(true, "gateway")], Vec::new());
    assert_eq!(results.counts.get(OPERATOR).unwrap().rejected, 1);
    assert!(results.facts.decisions.is_empty() && results.questions.is_empty());
}

#[test]
fn once_a_key_has_one_last_word_whoevers_held_rows_are_accepted_together() {
    let mut site = Site::new();
    let first = one_held(&mut site);
    // Somebody else's value of the same moment, held as well.
    let later = arrival(MIDNIGHT + YEAR + 1, 900_000, 0);
    let second = RecalledRow { sender: "lab".into(), value: 18.6, arrival: later, ..first };
    site.counts.held += 1;
    site.sent += 1;
    let late = MIDNIGHT + YEAR + HOUR;
    let both = vec![decision(true, "gateway"), decision(true, "lab")];
    let results = site.step(late, &[], both, Vec::new());
    let asked = question(&results, OF_HELD);
    let found = Found::Rows(vec![first, second]);
    let results = site.step(late, &[], Vec::new(), vec![Answer { question: asked, found: found.clone() }]);
    let of_day = Answer { question: question(&results, OF_DAY), found: stored() };
    let of_held = Answer { question: question(&results, OF_HELD), found: Found::Rows(vec![second]) };
    let results = site.step(late, &[], Vec::new(), vec![of_day, of_held]);
    let words: Vec<(f64, bool)> =
        results.facts.observations.iter().map(|row| (row.value, row.last_word)).collect();
    assert_eq!(words, [(18.4, false), (18.6, true)]);
    assert_eq!((site.counts.waiting, site.counts.held), (0, 0));
}

#[test]
fn silent_what_was_accepted_once_is_held_again_when_it_changes_once_more() {
    let mut site = Site::new();
    let _ = site.rows(&[(MIDNIGHT, MIDNIGHT + MINUTE, 20.0)]);
    let late = MIDNIGHT + YEAR;
    let results = site.rows(&[(MIDNIGHT, late, 18.4)]);
    let held = &results.facts.held[0];
    let row = recalled(held.event_time.0, held.value, held.arrival);
    let results = site.step(late, &[], vec![decision(true, "gateway")], Vec::new());
    let asked = question(&results, OF_HELD);
    let answer = Answer { question: asked, found: Found::Rows(vec![row]) };
    let results = site.step(late, &[], Vec::new(), vec![answer]);
    assert_eq!(results.facts.observations[0].standing, RowStanding::Correction);
    let results = site.rows(&[(MIDNIGHT, late + DAY, 17.0)]);
    assert_eq!((results.facts.held.len(), site.counts.held), (1, 1));
}
