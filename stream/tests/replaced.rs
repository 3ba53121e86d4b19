//! BATCH and ONCE where a stored value is replaced: whatever was sent, in whatever order, and whether its day was in memory
//! or not, in the end every key has the value that a shard would hold that had read everything rightly from the beginning.
//!
//! One feed is read a hundred too low until its pack is mended, another one rightly. What the mended pack reads of the
//! first takes the place of what it had given, in order of arrival, some rows an epoch, while both go on sending.

use std::{collections::BTreeMap, sync::Arc};

use ioc_decode::Decoder;
use ioc_model::{
    epoch::Epoch,
    fact::{Fact, Ranks},
    names::{Names, Source},
    observation::{Observation, Quality, Series},
    position::{Arrival, Offset, Position},
    question::{Answer, Found, Question},
    results::{RowStanding, StoredObservation, Superseded, WindowResult},
    time::{EventTime, Millis, Now, ReceivedAt},
    window::WindowKind,
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
const START: i64 = MIDNIGHT + 200 * HOUR;
/// What is read wrongly is so much too low.
const TOO_LOW: f64 = 100.0;

/// What a life of the shard left.
#[derive(Default)]
struct Left {
    stored: Vec<(u64, StoredObservation)>,
    words: Vec<(u64, Superseded)>,
    windows: BTreeMap<(WindowKind, EventTime), WindowResult>,
    /// Everything that was sent: key, value as it should be read, arrival.
    sent: Vec<(EventTime, f64, Arrival)>,
    epochs: u64,
}

impl Left {
    /// The rows as they were read last, as of an epoch.
    fn readings(&self, upto: u64) -> BTreeMap<u128, &StoredObservation> {
        let mut readings = BTreeMap::new();
        for (_, row) in self.stored.iter().filter(|(at, _)| *at <= upto) {
            if row.standing != RowStanding::Restored {
                let _ = readings.insert(row.arrival.place(), row);
            }
        }
        readings
    }

    /// What a reader finds as of an epoch: every key once.
    fn by_the_rows(&self, upto: u64) -> Vec<(EventTime, u64, Arrival)> {
        let anew = |at: u64, row: &StoredObservation| {
            self.words.iter().any(|(said, word)| {
                at < *said
                    && *said <= upto
                    && word.fact == StoredObservation::TABLE
                    && word.time == row.event_time
            })
        };
        let rows = self.stored.iter().filter(|(at, row)| *at <= upto && row.last_word && !anew(*at, row));
        let mut found: Vec<_> =
            rows.map(|(_, row)| (row.event_time, row.value.to_bits(), row.arrival)).collect();
        found.sort_unstable();
        found
    }
}

/// What the rule gives: each content is known since its earliest arrival, and the one known latest is current.
fn by_the_rule(rows: impl Iterator<Item = (EventTime, f64, Arrival)>) -> Vec<(EventTime, u64, Arrival)> {
    let mut known: BTreeMap<EventTime, BTreeMap<u64, Arrival>> = BTreeMap::new();
    for (time, value, arrival) in rows {
        let since = known.entry(time).or_default().entry(value.to_bits()).or_insert(arrival);
        *since = arrival.min(*since);
    }
    let latest = |(time, contents): (EventTime, BTreeMap<u64, Arrival>)| {
        let (value, arrival) = contents.into_iter().max_by_key(|(_, arrival)| *arrival)?;
        Some((time, value, arrival))
    };
    known.into_iter().filter_map(latest).collect()
}

fn is_wrong(row: &StoredObservation) -> bool {
    row.value < TOO_LOW
}

/// Runs epochs of such rows. From the epoch `mended_at` on both feeds are read rightly, and of what is stored wrongly
/// three rows an epoch are replaced. What is asked for is answered in the next epoch; before one of them the state goes
/// through a checkpoint.
fn run(steps: &[Vec<Sent>], mended_at: u64, reloaded_at: u64) -> Left {
    let names = Names::default();
    let decoder = Arc::new(Decoder::new(Arc::new(pack()), names.clone()).unwrap());
    let mut shard = Shard::new(names.clone(), WorkerShards::WHOLE, None);
    let mut left = Left::default();
    let mut asked: Vec<Question> = Vec::new();
    let mut given: Vec<u128> = Vec::new();
    let subject = names.subjects.number("S1");
    let indicator = names.indicators.number("pm25");
    let source = |file| {
        names.sources.number(match file {
            true => Source { feed: "files".into(), sender: "files:files".into() },
            false => Source { feed: "air".into(), sender: "gateway".into() },
        })
    };
    let mut offset = 0;
    let first = vec![Sent { old: false, moment: 9, value: 0, earlier: 0, file: false }];
    let rows_at_most: usize = steps.iter().map(Vec::len).sum();
    let quiet = vec![Vec::new(); rows_at_most / 3 + 6 + mended_at as usize];
    for (epoch, step) in (1u64..).zip([first].iter().chain(steps).chain(&quiet)) {
        let now = START + epoch as i64 * 60_000;
        let readings = left.readings(epoch - 1);
        let answer = |question: Question| {
            let of_day = readings
                .values()
                .filter(|row| (question.from..question.to).contains(&row.event_time))
                .map(|row| derived::recalled(row));
            let mut rows: Vec<_> = of_day.collect();
            rows.sort_by_key(|row| (row.event_time, row.arrival));
            Answer { question, found: Found::Rows(rows) }
        };
        // Windows are asked for, too: what is closed by revision needs no answer here.
        let days = std::mem::take(&mut asked).into_iter();
        let days = days.filter(|question| matches!(question.about, ioc_model::question::About::Day { .. }));
        let answers = days.map(answer).collect();
        let mut replaced: Vec<Observation> = Vec::new();
        if epoch >= mended_at.max(2) {
            let mut wrong: Vec<&StoredObservation> = readings
                .values()
                .copied()
                .filter(|row| is_wrong(row) && !given.contains(&row.arrival.place()))
                .collect();
            wrong.sort_by_key(|row| row.arrival);
            for row in wrong.into_iter().take(3) {
                given.push(row.arrival.place());
                replaced.push(Observation {
                    series: Series { indicator, subject },
                    event_time: row.event_time,
                    value: row.value + TOO_LOW,
                    quality: Quality::Good,
                    source: source(true),
                    arrival: row.arrival,
                });
            }
        }
        let facts = EpochFacts {
            epoch: Epoch(epoch),
            now: Now(now),
            pack: decoder.pack().version.clone(),
            answers,
            horizon: Millis::hours(6),
        };
        let mut rows: Vec<Observation> = Vec::new();
        for sent in step {
            offset += 1;
            let hours_ago = if sent.old { 150 } else { 2 };
            let event_time = EventTime(START - hours_ago * HOUR + i64::from(sent.moment) * 60_000);
            let event_time = if sent.moment == 9 { EventTime(START) } else { event_time };
            let position = Position { offset: Offset(offset), ..Position::default() };
            let received_at = ReceivedAt(now - i64::from(sent.earlier) * 20_000);
            let arrival = Arrival { received_at, position, row: 0 };
            let value = TOO_LOW + f64::from(sent.value);
            left.sent.push((event_time, value, arrival));
            rows.push(Observation {
                series: Series { indicator, subject },
                event_time,
                value: if sent.file && epoch < mended_at { value - TOO_LOW } else { value },
                quality: Quality::Good,
                source: source(sent.file),
                arrival,
            });
        }
        if epoch == reloaded_at {
            let mut loaded =
                Shard::new(names.clone(), WorkerShards::WHOLE, Some(decoder.pack().version.clone()));
            for record in shard.records() {
                loaded.load(SubjectRecord::decode(checkpoint::VERSION, &record.unwrap()).unwrap());
            }
            shard = loaded;
        }
        let given = Rows::of([rows.as_slice()]).replacing(&replaced);
        let mut results = shard.apply(&facts, &decoder, &given, Vec::new(), Happened::NOTHING);
        results.facts.arrange(&mut Ranks::default());
        left.stored.extend(results.facts.observations.into_iter().map(|row| (epoch, row)));
        left.words.extend(results.facts.superseded.into_iter().map(|word| (epoch, word)));
        for window in results.facts.windows.into_iter().filter(|window| window.aggregate.count > 0) {
            let _ = left.windows.insert((window.kind, window.start), window);
        }
        asked = results.questions;
        left.epochs = epoch;
    }
    left
}

fn row(value: u8, earlier: u8, file: bool) -> Sent {
    Sent { old: false, moment: 0, value, earlier, file }
}

#[test]
fn once_a_later_correction_stays_and_the_value_known_before_it_is_the_mended_one() {
    for old in [false, true] {
        let step = |sent: Sent| vec![Sent { old, ..sent }];
        // Read wrongly, and corrected by the other feed.
        let left = run(&[step(row(1, 0, true)), step(row(2, 0, false)), Vec::new()], 4, 0);
        let replaced: Vec<_> = left
            .stored
            .iter()
            .filter(|(_, row)| row.standing == RowStanding::Replaced)
            .map(|(_, row)| (row.value, &*row.feed, &*row.sender, row.last_word))
            .collect();
        assert_eq!(replaced, [(101.0, "files", "files:files", false)], "old: {old}");
        let moment = left.sent[1].0;
        let value = |upto| left.by_the_rows(upto).iter().find(|key| key.0 == moment).map(|key| key.1);
        assert_eq!(value(left.epochs), Some(102f64.to_bits()), "old: {old}");
    }
}

#[test]
fn once_a_replaced_value_that_another_row_had_said_is_that_rows() {
    for old in [false, true] {
        let step = |sent: Sent| vec![Sent { old, ..sent }];
        // 101 is known, then 1 is read for 101: once it is mended nothing but 101 was ever said.
        let left = run(&[step(row(1, 0, false)), step(row(1, 0, true)), Vec::new(), Vec::new()], 5, 0);
        let last = left.by_the_rows(left.epochs);
        assert_eq!(last, by_the_rule(left.sent.iter().copied()), "old: {old}");
        let standings: Vec<RowStanding> = left.stored.iter().skip(1).map(|(_, row)| row.standing).collect();
        assert!(standings.contains(&RowStanding::Restored), "old: {old}: {standings:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn batch_what_is_replaced_is_as_if_it_had_been_read_rightly_from_the_beginning(
        steps in proptest::collection::vec(proptest::collection::vec(sent(2), 0..5), 2..12),
        mended_at in 2u64..12,
        reloaded_at in 0u64..16,
    ) {
        let left = run(&steps, mended_at, reloaded_at);
        let fresh = run(&steps, 0, 0);
        prop_assert!(left.readings(left.epochs).values().all(|row| !is_wrong(row)), "all is mended");
        let expected = by_the_rule(left.sent.iter().copied());
        prop_assert_eq!(left.by_the_rows(left.epochs), expected);
        // Of every key one row is shown, at every epoch, and until anything is replaced it is what was known then. While
        // it goes on, a value that two wrong rows said goes with the first of them.
        for upto in 0..left.epochs {
            let readings = left.readings(upto);
            let rows = readings.values().map(|row| (row.event_time, row.value, row.arrival));
            let (shown, ruled) = (left.by_the_rows(upto), by_the_rule(rows));
            if upto < mended_at {
                prop_assert_eq!(shown, ruled, "as of epoch {}", upto);
            } else {
                let keys = |rows: &[(EventTime, u64, Arrival)]| rows.iter().map(|row| row.0).collect::<Vec<_>>();
                prop_assert_eq!(keys(&shown), keys(&ruled), "as of epoch {}", upto);
            }
        }
        let figures = |left: &Left| -> BTreeMap<(WindowKind, EventTime), (u64, u64)> {
            let of = |window: &WindowResult| (window.aggregate.count, window.aggregate.sum.to_bits());
            left.windows.iter().map(|(key, window)| (*key, of(window))).collect()
        };
        prop_assert_eq!(figures(&left), figures(&fresh));
    }
}
