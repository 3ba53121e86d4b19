//! BATCH as readers see it: of every key exactly one row is the last word at the end of every epoch, and it is the value
//! that the rule of arrival gives, with all that its row said.
//!
//! Readers go by rows alone: a row counts if it was its key's last word when it was stored, and if no later word said the
//! key anew. So the flow must say so whenever a key's value changes, also where it goes back to an older one, and where
//! the day was out of memory.

use std::{collections::BTreeMap, sync::Arc};

use ioc_decode::Decoder;
use ioc_model::{
    epoch::Epoch,
    fact::{Fact, Ranks},
    name::Name,
    names::{Names, Source},
    observation::{Observation, Quality, Series},
    position::{Arrival, Offset, Position},
    question::{Answer, Found, Question},
    results::{RowStanding, StoredObservation, Superseded},
    time::{EventTime, Millis, Now, ReceivedAt},
};
use ioc_stream::{
    checkpoint,
    exchange::WorkerShards,
    shard::{Happened, Rows, Shard, SubjectRecord},
    step::EpochFacts,
};
use proptest::prelude::*;

mod support;

use support::{
    MIDNIGHT, derived,
    sent::{Sent, pack, sent},
};

const HOUR: i64 = 3_600_000;

type Key = (Name, Name, EventTime);

fn key(row: &StoredObservation) -> Key {
    (row.indicator, row.subject, row.event_time)
}

/// What the rule gives: each content is known since its earliest arrival, and the one known latest is current.
fn by_the_rule(stored: &[(u64, StoredObservation)], upto: u64) -> BTreeMap<Key, (u64, Arrival, Name, Name)> {
    let mut known: BTreeMap<Key, BTreeMap<u64, (Arrival, Name, Name)>> = BTreeMap::new();
    for (_, row) in stored.iter().filter(|(at, row)| *at <= upto && row.standing != RowStanding::Restored) {
        let contents = known.entry(key(row)).or_default();
        let earliest = contents.entry(row.value.to_bits()).or_insert((row.arrival, row.feed, row.sender));
        if row.arrival < earliest.0 {
            *earliest = (row.arrival, row.feed, row.sender);
        }
    }
    let latest = |contents: BTreeMap<u64, (Arrival, Name, Name)>| {
        let (value, (arrival, feed, sender)) =
            contents.into_iter().max_by_key(|(_, (arrival, ..))| *arrival)?;
        Some((value, arrival, feed, sender))
    };
    known.into_iter().filter_map(|(key, contents)| Some((key, latest(contents)?))).collect()
}

/// What a reader finds as of an epoch.
fn by_the_rows(
    stored: &[(u64, StoredObservation)],
    words: &[(u64, Superseded)],
    upto: u64,
) -> Vec<(Key, (u64, Arrival, Name, Name))> {
    let counts = |(at, row): &&(u64, StoredObservation)| {
        let anew = |(said, word): &(u64, Superseded)| {
            (*at < *said && *said <= upto)
                && (word.measure, word.subject, word.time) == key(row)
                && word.fact == StoredObservation::TABLE
        };
        *at <= upto && row.last_word && !words.iter().any(anew)
    };
    let mut found: Vec<_> = stored
        .iter()
        .filter(counts)
        .map(|(_, row)| (key(row), (row.value.to_bits(), row.arrival, row.feed, row.sender)))
        .collect();
    found.sort_by_key(|(key, _)| *key);
    found
}

type Stored = Vec<(u64, StoredObservation)>;
type Words = Vec<(u64, Superseded)>;

/// What epochs of such rows store and say. What is asked for is answered in the next epoch; before one of them the state
/// goes through a checkpoint.
fn run(steps: &[Vec<Sent>], reloaded_at: u64) -> (Stored, Words) {
    let names = Names::default();
    let decoder = Arc::new(Decoder::new(Arc::new(pack()), names.clone()).unwrap());
    let mut shard = Shard::new(names.clone(), WorkerShards::WHOLE, None);
    let mut stored: Vec<(u64, StoredObservation)> = Vec::new();
    let mut words: Vec<(u64, Superseded)> = Vec::new();
    let mut asked: Vec<Question> = Vec::new();
    let subject = names.subjects.number("S1");
    let indicator = names.indicators.number("pm25");
    let start = MIDNIGHT + 200 * HOUR;
    let mut offset = 0;
    // The first epoch closes everything up to now, so that old days are out of memory; the last two answer.
    let quiet = [Vec::new(), Vec::new()];
    let first = vec![Sent { old: false, moment: 9, value: 0, earlier: 0, file: false }];
    for (epoch, step) in (1u64..).zip([first].iter().chain(steps).chain(&quiet)) {
        let now = start + epoch as i64 * 60_000;
        let answer = |question: Question| {
            let of_day = |(_, row): &&(u64, StoredObservation)| {
                (question.from..question.to).contains(&row.event_time)
                    && row.standing != RowStanding::Restored
            };
            let rows = stored.iter().filter(of_day).map(|(_, row)| derived::recalled(row));
            let found = Found::Rows(rows.collect());
            Answer { question, found }
        };
        let answers = std::mem::take(&mut asked).into_iter().map(answer).collect();
        let facts = EpochFacts {
            epoch: Epoch(epoch),
            now: Now(now),
            pack: decoder.pack().version.clone(),
            answers,
            horizon: Millis::hours(6),
        };
        let rows: Vec<Observation> = step
            .iter()
            .map(|sent| {
                offset += 1;
                let hours_ago = if sent.old { 150 } else { 2 };
                let event_time = EventTime(start - hours_ago * HOUR + i64::from(sent.moment) * 60_000);
                let position = Position { offset: Offset(offset), ..Position::default() };
                let received_at = ReceivedAt(now - i64::from(sent.earlier) * 20_000);
                Observation {
                    series: Series { indicator, subject },
                    event_time: if sent.moment == 9 { EventTime(start) } else { event_time },
                    value: f64::from(sent.value),
                    quality: Quality::Good,
                    source: names.sources.number(match sent.file {
                        true => Source { feed: "files".into(), sender: "files:files".into() },
                        false => Source { feed: "air".into(), sender: "gateway".into() },
                    }),
                    arrival: Arrival { received_at, position, row: 0 },
                }
            })
            .collect();
        if epoch == reloaded_at {
            let mut loaded =
                Shard::new(names.clone(), WorkerShards::WHOLE, Some(decoder.pack().version.clone()));
            for record in shard.records() {
                loaded.load(SubjectRecord::decode(checkpoint::VERSION, &record.unwrap()).unwrap());
            }
            shard = loaded;
        }
        let mut results =
            shard.apply(&facts, &decoder, &Rows::of([rows.as_slice()]), Vec::new(), Happened::NOTHING);
        results.facts.arrange(&mut Ranks::default());
        assert!(results.facts.observations.is_sorted_by_key(|row| row.arrival.place()));
        stored.extend(results.facts.observations.into_iter().map(|row| (epoch, row)));
        words.extend(results.facts.superseded.into_iter().map(|word| (epoch, word)));
        asked = results.questions;
    }
    (stored, words)
}

#[test]
fn batch_a_value_that_is_current_again_is_said_again_with_all_that_its_row_said() {
    let sent = |value, earlier, file| Sent { old: false, moment: 0, value, earlier, file };
    // 1 by file; 2, which arrived before 1; 1 again, which arrived before both: 2 is the value again.
    let steps = [vec![sent(1, 2, false)], vec![sent(2, 8, true)], vec![sent(1, 20, false)]];
    for old in [false, true] {
        let steps = steps.clone().map(|step| step.into_iter().map(|sent| Sent { old, ..sent }).collect());
        let (stored, words) = run(&steps, 0);
        let restored: Vec<_> =
            stored.iter().filter(|(_, row)| row.standing == RowStanding::Restored).collect();
        let [(_, row)] = &restored[..] else { panic!("{stored:?}") };
        assert_eq!(
            (row.value, &*row.feed, &*row.sender, row.last_word),
            (2.0, "files", "files:files", true),
            "old: {old}"
        );
        assert!(!words.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn batch_exactly_one_row_of_a_key_is_its_last_word_at_every_epoch_and_it_is_the_rules(
        steps in proptest::collection::vec(proptest::collection::vec(sent(4), 0..6), 2..14),
        reloaded_at in 0u64..14,
    ) {
        let (stored, words) = run(&steps, reloaded_at);
        for upto in 0..=steps.len() as u64 + 3 {
            let expected: Vec<_> = by_the_rule(&stored, upto).into_iter().collect();
            prop_assert_eq!(by_the_rows(&stored, &words, upto), expected, "as of epoch {}", upto);
        }
    }
}
