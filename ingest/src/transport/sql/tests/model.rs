//! A table in memory that transactions change between any two questions, as a database.
//!
//! Moments are whole seconds, and a clock that stands still between two changes: many rows share one. A transaction has
//! the moment of its beginning, as `now()` is. Numbers are given out when a row is written, and one that is rolled back
//! leaves a gap.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::super::{
    answer::{Answer, Position, Question, Start, Value, ValueKind},
    database::Asks,
    place::Open,
    statements::Statements,
};
use crate::transport::pull::CannotFetch;

/// Seconds ahead of the clock.
const AHEAD: i64 = 36 * 365 * 86_400;
/// Numbers that are given by hand begin here.
pub(super) const BY_HAND: u32 = 1_000_000;
/// So many are.
pub(super) const MOST_BY_HAND: u32 = 3;

/// When a row says that it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    At(i64),
    Never,
    Infinity,
}

/// A row: its number, what it says, of which period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: u32,
    pub(super) value: u32,
    pub(super) period: u32,
    pub(super) at: Said,
}

/// What becomes of a row's moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    Now,
    /// It stays what it was.
    Silent,
    /// A year was mistyped.
    Ahead,
    Infinity,
    Never,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Nothing,
    /// Time goes by: seconds.
    Clock(u8),
    /// One of the sessions writes a row; its transaction begins, if none is under way.
    Put {
        session: usize,
        id: u32,
        value: u32,
        period: u32,
        stamp: Stamp,
    },
    /// One of the sessions takes the next number for a row; or, by hand, one far ahead.
    Add {
        session: usize,
        value: u32,
        by_hand: bool,
    },
    Remove {
        session: usize,
        id: u32,
    },
    /// One begins, and writes nothing yet.
    Begin(usize),
    Commit(usize),
    RollBack(usize),
    /// It does not answer.
    Away,
}

#[derive(Debug)]
struct Transaction {
    number: u32,
    began: i64,
    changes: BTreeMap<u32, Option<Row>>,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) rows: BTreeMap<u32, Row>,
    pub(super) by_number: bool,
    pub(super) events: Vec<Event>,
    pub(super) clock: i64,
    open: [Option<Transaction>; 3],
    begun: u32,
    given_out: u32,
    by_hand: u32,
}

impl Table {
    fn transaction(&mut self, session: usize) -> &mut Transaction {
        let (number, began) = (self.begun + 1, self.clock);
        let transaction =
            self.open[session].get_or_insert_with(|| Transaction { number, began, changes: BTreeMap::new() });
        self.begun = self.begun.max(transaction.number);
        transaction
    }

    /// Whether another session holds a row: whoever wants to write it waits, and here gives up.
    fn is_held(&self, session: usize, id: u32) -> bool {
        let mut others = self.open.iter().enumerate().filter(|(other, _)| *other != session);
        others.any(|(_, open)| open.as_ref().is_some_and(|open| open.changes.contains_key(&id)))
    }

    fn write(&mut self, session: usize, id: u32, change: impl FnOnce(Option<Row>, i64) -> Option<Row>) {
        if self.is_held(session, id) {
            return;
        }
        let committed = self.rows.get(&id).copied();
        let open = self.transaction(session);
        let seen = open.changes.get(&id).copied().unwrap_or(committed);
        let changed = change(seen, open.began);
        let _before = open.changes.insert(id, changed);
    }

    pub(super) fn happens(&mut self, event: Event) -> Result<(), CannotFetch> {
        match event {
            Event::Nothing => {}
            Event::Clock(seconds) => self.clock += i64::from(seconds),
            Event::Put { session, id, value, period, stamp } => self.write(session, id, |before, now| {
                let at = match stamp {
                    Stamp::Now => Said::At(now),
                    // A row that is not there yet has no moment to keep.
                    Stamp::Silent => before?.at,
                    Stamp::Ahead => Said::At(now + AHEAD),
                    Stamp::Infinity => Said::Infinity,
                    Stamp::Never => Said::Never,
                };
                Some(Row { id, value, period, at })
            }),
            Event::Add { session, value, by_hand } => {
                let id = match by_hand && self.by_hand < MOST_BY_HAND {
                    true => {
                        self.by_hand += 1;
                        BY_HAND + self.by_hand
                    }
                    false => {
                        self.given_out += 1;
                        self.given_out
                    }
                };
                self.write(session, id, |_, now| Some(Row { id, value, period: 0, at: Said::At(now) }));
            }
            Event::Remove { session, id } => self.write(session, id, |_, _| None),
            Event::Begin(session) => drop(self.transaction(session)),
            Event::Commit(session) => {
                for (id, change) in self.open[session].take().into_iter().flat_map(|open| open.changes) {
                    let _before = match change {
                        Some(row) => self.rows.insert(id, row),
                        None => self.rows.remove(&id),
                    };
                }
            }
            Event::RollBack(session) => self.open[session] = None,
            Event::Away => return Err(CannotFetch::told("", "away")),
        }
        Ok(())
    }

    /// Nobody is at work any more, and the last second is over.
    pub(super) fn rests(&mut self) {
        self.events.clear();
        (0..self.open.len()).for_each(|session| drop(self.happens(Event::Commit(session))));
        self.clock += 10;
    }

    fn place(&self, row: &Row) -> Option<Position> {
        let id = number(row.id);
        if self.by_number {
            return Some(vec![id]);
        }
        Some(vec![moment(row.at)?, id])
    }

    /// Rows in order, each with its place; those that have none are left out.
    pub(super) fn ordered(&self) -> Vec<(Position, Row)> {
        let mut rows: Vec<(Position, Row)> =
            self.rows.values().filter_map(|row| Some((self.place(row)?, *row))).collect();
        rows.sort_by(|(one, _), (other, _)| rank(one).cmp(&rank(other)));
        rows
    }

    fn answered(&self, question: Question<'_>) -> (Vec<Position>, Vec<Row>) {
        let ordered = self.ordered();
        let places = |rows: Vec<(Position, Row)>| rows.into_iter().map(|(place, _)| place).collect();
        let rows = |rows: Vec<(Position, Row)>| rows.into_iter().map(|(_, row)| row).collect();
        match question {
            Question::Top(behind) => {
                (places(ordered.into_iter().rev().skip(behind as usize).collect()), Vec::new())
            }
            Question::Before(moment) => {
                let is_before = |(place, _): &(Position, Row)| place[0].text < moment.text;
                (places(ordered.into_iter().rev().filter(is_before).collect()), Vec::new())
            }
            Question::Rows(start) => {
                let is_behind = |(place, _): &(Position, Row)| match start {
                    Start::Beginning => true,
                    Start::From(value) => place[0].text >= value.text,
                    Start::Behind(at) => rank(place) > rank(at),
                };
                (Vec::new(), rows(ordered.into_iter().filter(is_behind).collect()))
            }
            Question::Unordered(behind) => {
                let behind = behind.map(|place| rank(place).1);
                let has_none = |row: &&Row| self.place(row).is_none() && Some(u64::from(row.id)) > behind;
                (Vec::new(), self.rows.values().filter(has_none).copied().collect())
            }
            Question::NextPeriod(read) => {
                let read = read.map(|period| period.text.clone());
                let mut periods: Vec<String> = self
                    .rows
                    .values()
                    .map(|row| period(row).text)
                    .filter(|period| Some(period) > read.as_ref())
                    .collect();
                periods.sort();
                (
                    periods.into_iter().map(|text| vec![Value { text, kind: ValueKind::Text }]).collect(),
                    Vec::new(),
                )
            }
            Question::Period(of) => {
                let is_of = |row: &&Row| Some(&period(row)) == of;
                (Vec::new(), self.rows.values().filter(is_of).copied().collect())
            }
        }
    }
}

/// By what places are ordered: a number has no text before it.
pub(super) fn rank(place: &[Value]) -> (&str, u64) {
    match place {
        [] => ("", 0),
        [id] => ("", id.text.parse().unwrap_or_default()),
        [moment, id, ..] => (&moment.text, id.text.parse().unwrap_or_default()),
    }
}

fn number(id: u32) -> Value {
    Value { text: id.to_string(), kind: ValueKind::Number }
}

fn period(row: &Row) -> Value {
    Value { text: format!("ky-{}", row.period), kind: ValueKind::Text }
}

fn moment(at: Said) -> Option<Value> {
    let text = match at {
        Said::Never => return None,
        Said::Infinity => "infinity".to_owned(),
        Said::At(seconds) => (clock(seconds)).strftime("%Y-%m-%d %H:%M:%S+00").to_string(),
    };
    Some(Value { text, kind: ValueKind::Text })
}

/// Long before any machine's clock.
fn clock(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(30 * 365 * 24) + SignedDuration::from_secs(seconds)
}

/// The table as a database.
#[derive(Clone, Debug, Default)]
pub(super) struct Model(pub(super) Arc<Mutex<Table>>);

impl Model {
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn asked<T>(&self, answer: impl FnOnce(&Table) -> T) -> Result<T, CannotFetch> {
        self.change(|table| {
            let event = table.events.pop().unwrap_or(Event::Nothing);
            table.happens(event)?;
            Ok(answer(table))
        })
    }
}

impl Asks for Model {
    type Reached = Model;

    const SETTLES: Duration = Duration::ZERO;
    const GIVEN_BY_HAND: u32 = MOST_BY_HAND;

    async fn connect(reached: &Model) -> Result<Model, CannotFetch> {
        Ok(reached.clone())
    }

    async fn ask(
        &mut self,
        statements: &Statements,
        question: Question<'_>,
        _most_bytes: usize,
    ) -> Result<Answer, CannotFetch> {
        self.asked(|table| {
            let (places, rows) = table.answered(question);
            let row = |row: Row| {
                vec![Some(number(row.id)), Some(period(&row)), Some(number(row.value)), moment(row.at)]
            };
            let places = places.into_iter().map(|place| place.into_iter().map(Some).collect());
            let mut rows: Vec<Vec<Option<Value>>> = places.chain(rows.into_iter().map(row)).collect();
            let most = statements.most(question).unwrap_or(usize::MAX);
            rows.truncate(most);
            let columns = ["id", "ky", "gia_tri", "cap_nhat"].map(str::to_owned).to_vec();
            Answer { columns, is_full: rows.len() >= most, rows }
        })
    }

    async fn open(&mut self) -> Result<(Open, bool), CannotFetch> {
        self.asked(|table| {
            let held = table.open.iter().flatten();
            let held = held.map(|open| format!("{}@{}", open.number, open.began)).collect();
            (Open { held, writing: None }, true)
        })
    }

    async fn clock(&mut self) -> Result<Timestamp, CannotFetch> {
        self.asked(|table| clock(table.clock))
    }
}
