//! A shard loaded from a checkpoint goes on exactly as the one it was taken from (REPLAY).
//!
//! Whatever it holds besides the rows, timers, what lingers, what waits, must be in the checkpoint: a replay that
//! closed, evicted or asked at another epoch than the first run would count rows twice.

use std::{collections::BTreeMap, sync::Arc};

use ioc_decode::Decoder;
use ioc_model::{
    contract::{Contract, Subjects},
    epoch::Epoch,
    name::Name,
    names::{Names, Source},
    observation::{Observation, Quality, Series},
    pack::{Pack, PackVersion, Station},
    position::{Arrival, Offset, Position},
    question::{About, Answer, Found, Question},
    results::{StoredObservation, WindowResult},
    time::{EventTime, Millis, Now, ReceivedAt},
    window::WindowKind,
};
use ioc_stream::{
    checkpoint,
    exchange::WorkerShards,
    shard::{Happened, Rows, Shard, SubjectRecord},
    step::{EpochFacts, ShardResults, SubjectStatement},
};
use ioc_testing::feed;
use proptest::prelude::*;

mod support;

use support::{MIDNIGHT, derived, pack::indicator};

const HOUR: i64 = 3_600_000;

/// `S0` reports every five minutes; the others have no cadence.
fn pack(version: &str) -> Pack {
    let station = Station {
        valid_to: Some("2024-11-09".parse().unwrap()),
        measures: BTreeMap::from([("pm25".to_owned(), Millis::minutes(5))]),
        ..derived::station("S0")
    };
    let indicators = vec![indicator("pm25", &[WindowKind::Hour, WindowKind::Day])];
    let contract = Contract {
        subjects: Subjects::Any,
        lateness: Millis::minutes(10),
        patience: Millis::hours(2),
        ..Contract::default()
    };
    support::pack::pack(version, station, indicators, vec![feed("air", contract)])
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    subject: u8,
    /// Hours before now; late rows make old days come back.
    hours_ago: u16,
    value: u8,
}

#[derive(Clone, Debug)]
struct Step {
    /// Minutes of the wall clock since the epoch before.
    minutes: u16,
    rows: Vec<Sent>,
    /// Epochs without a row before the next step: days linger for a number of epochs.
    quiet: u8,
}

fn step() -> impl Strategy<Value = Step> {
    let hours_ago = prop_oneof![5 => 0u16..3, 2 => 20u16..120];
    let row = (0u8..3, hours_ago, 0u8..4).prop_map(|(subject, hours_ago, value)| Sent {
        subject,
        hours_ago,
        value,
    });
    let rows = proptest::collection::vec(row, 0..4);
    (0u16..90, rows, prop_oneof![3 => 0u8..3, 1 => 60u8..70]).prop_map(|(minutes, rows, quiet)| Step {
        minutes,
        rows,
        quiet,
    })
}

/// Everything a run of epochs is made of, and the store that answers what is asked.
struct World {
    names: Names,
    decoders: [Arc<Decoder>; 2],
    stored: Vec<(u64, StoredObservation)>,
    asked: Vec<Question>,
    windows: Vec<WindowResult>,
}

impl World {
    /// The facts and rows of an epoch; what the epoch before asked for is answered in it.
    fn facts(&mut self, epoch: u64, now: i64, pack: usize) -> EpochFacts {
        let version = self.decoders[pack].pack().version.clone();
        let answer = |question: Question| {
            let About::Day { .. } = question.about else {
                let found = derived::found(self.windows.iter(), &question);
                return Answer { question, found };
            };
            let of_day = |(at, row): &&(u64, StoredObservation)| {
                *at < epoch
                    && row.subject == question.subject
                    && (question.from..question.to).contains(&row.event_time)
            };
            let rows = self.stored.iter().filter(of_day).map(|(_, row)| derived::recalled(row));
            let found = Found::Rows(rows.collect());
            Answer { question, found }
        };
        let answers = std::mem::take(&mut self.asked).into_iter().map(answer).collect();
        EpochFacts { epoch: Epoch(epoch), now: Now(now), pack: version, answers, horizon: Millis::hours(6) }
    }

    fn rows(&self, epoch: u64, now: i64, sent: &[Sent]) -> Vec<Observation> {
        let observe = |(row, sent): (u32, &Sent)| {
            let subject = self.names.subjects.number(&format!("S{}", sent.subject));
            let indicator = self.names.indicators.number("pm25");
            let position = Position { offset: Offset(epoch), ..Position::default() };
            Observation {
                series: Series { indicator, subject },
                event_time: EventTime((now - i64::from(sent.hours_ago) * HOUR) / 300_000 * 300_000),
                value: f64::from(sent.value),
                quality: Quality::Good,
                source: self.names.sources.number(Source { feed: "air".into(), sender: "gateway".into() }),
                arrival: Arrival { received_at: ReceivedAt(now), position, row },
            }
        };
        (0..).zip(sent).map(observe).collect()
    }
}

fn made(mut results: ShardResults) -> String {
    results.facts.windows.sort_by_key(|window| (window.subject, window.kind, window.start));
    results.facts.observations.sort_by_key(|row| (row.subject, row.arrival));
    results.questions.sort();
    let counts: BTreeMap<_, _> = results.counts.into_iter().collect();
    results.facts.statuses.sort_by_key(|status| status.subject);
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {counts:?}",
        results.facts.windows,
        results.facts.observations,
        results.questions,
        results.facts.indices,
        results.facts.assessments,
        results.facts.statuses,
        results.facts.alerts,
    )
}

/// What subjects said last for the figures. Who was loaded says it once more; what is said is the same.
fn hear(heard: &mut BTreeMap<Name, SubjectStatement>, results: &mut ShardResults) {
    heard.extend(results.said.drain(..).map(|said| (said.subject, said)));
}

fn copy(shard: &Shard, names: &Names, pack: &PackVersion) -> Shard {
    let mut copy = Shard::new(names.clone(), WorkerShards::WHOLE, Some(pack.clone()));
    for record in shard.records() {
        copy.load(SubjectRecord::decode(checkpoint::VERSION, &record.unwrap()).unwrap());
    }
    copy
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 768, ..ProptestConfig::default() })]

    #[test]
    fn a_loaded_shard_goes_on_as_the_one_it_was_taken_from(
        steps in proptest::collection::vec(step(), 4..24),
        taken_at in 0usize..200,
        pack_changes_at in 0usize..400,
    ) {
        let names = Names::default();
        let decoder = |version| Arc::new(Decoder::new(Arc::new(pack(version)), names.clone()).unwrap());
        let decoders = [decoder("one"), decoder("two")];
        let mut world = World { names: names.clone(), decoders, stored: Vec::new(), asked: Vec::new(), windows: Vec::new() };
        let mut shard = Shard::new(names.clone(), WorkerShards::WHOLE, None);
        let mut loaded: Option<Shard> = None;
        let mut says = BTreeMap::new();
        let mut they_say = BTreeMap::new();
        let mut now = MIDNIGHT + 100 * HOUR;
        let mut epoch = 0u64;
        for step in &steps {
            now += i64::from(step.minutes) * 60_000;
            for quiet in 0..=step.quiet {
                epoch += 1;
                let which = usize::from(epoch as usize > pack_changes_at);
                let facts = world.facts(epoch, now, which);
                let sent: &[Sent] = if quiet == 0 { &step.rows } else { &[] };
                let rows = world.rows(epoch, now, sent);
                let decoder = &world.decoders[which];
                let apply = |shard: &mut Shard| {
                    shard.apply(&facts, decoder, &Rows::of([rows.as_slice()]), Vec::new(), Happened::NOTHING)
                };
                let theirs = loaded.as_mut().map(|shard| {
                    let mut results = apply(shard);
                    hear(&mut they_say, &mut results);
                    made(results)
                });
                let mut results = apply(&mut shard);
                hear(&mut says, &mut results);
                world.stored.extend(results.facts.observations.iter().map(|row| (epoch, row.clone())));
                world.asked.extend(results.questions.iter().cloned());
                world.windows.extend(results.facts.windows.iter().cloned());
                let mine = made(results);
                if let Some(theirs) = theirs {
                    prop_assert_eq!(mine, theirs, "epoch {}", epoch);
                    prop_assert_eq!(&says, &they_say, "what is said for the figures in epoch {}", epoch);
                }
                if epoch as usize == taken_at {
                    loaded = Some(copy(&shard, &names, &facts.pack));
                }
            }
        }
    }
}
