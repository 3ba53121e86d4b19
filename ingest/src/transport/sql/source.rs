//! A database as a source: passes over what is not settled, and whole periods between them.

use std::sync::Arc;

use ioc_bus::ChunkBuilder;
use ioc_model::{
    pack::{Feed, SqlFeed},
    time::Now,
};
use jiff::SignedDuration;
use tokio::{sync::watch, time::sleep};

use super::{
    answer::{Answer, Position, Question, Value},
    counters::SqlCounters,
    database::{Asks, MOST_BYTES},
    envelopes::{Envelopes, New},
    moment,
    place::{Comparing, Pass, Place, ReadPeriod},
    statements::Statements,
};
use crate::{
    routes::Routes,
    transport::pull::{
        CannotFetch, Fetched, Limit, Progress, Source, bounded::Bounded, comparison::Comparisons,
        horizon::Horizon, in_effect::InEffect, memory::Memory, place::Place as _, progress::now,
    },
};

/// What is read of one feed.
#[derive(Debug)]
pub(super) struct SqlSource<D: Asks> {
    feed: String,
    name: String,
    address: String,
    of: SqlFeed,
    in_effect: InEffect,
    max_bytes: usize,
    statements: Statements,
    reached: D::Reached,
    counters: Arc<SqlCounters>,
    progress: Arc<Progress>,
    comparisons: Comparisons,
    database: Option<D>,
    memory: Memory,
    is_guarded: bool,
    seen: Seen,
}

/// What is known of passes beside their places.
#[derive(Debug, Default)]
struct Seen {
    /// When the one under way began.
    began: Option<Now>,
    /// The last row of it, and of the one before.
    last: Option<Position>,
    before: Option<Position>,
    /// Rows of it that are new, as long as the last row of the one before was not met.
    new: u64,
}

impl<D: Asks> SqlSource<D> {
    pub(super) fn new(
        feed: &Feed,
        of: &SqlFeed,
        routes: watch::Receiver<Arc<Routes>>,
        reached: D::Reached,
        counters: Arc<SqlCounters>,
        progress: Arc<Progress>,
    ) -> SqlSource<D> {
        let every = of.compare.as_ref().map(|compare| compare.every);
        SqlSource {
            feed: feed.id.clone(),
            name: source_name(of),
            address: of.address.to_string(),
            max_bytes: feed.contract.max_bytes,
            statements: Statements::of(of),
            comparisons: Comparisons::new(&feed.id, every, progress.clone()),
            of: of.clone(),
            in_effect: InEffect::of(routes),
            reached,
            counters,
            progress,
            database: None,
            memory: Memory::default(),
            is_guarded: true,
            seen: Seen::default(),
        }
    }

    async fn read_on(&mut self, database: &mut D, place: &mut Place) -> Result<Fetched, CannotFetch> {
        if place.pass.is_none() {
            self.begin(database, place).await?;
        }
        let mut chunk = ChunkBuilder::new();
        let (answer, is_unordered) = self.page(database, place).await?;
        let positions = self.positions(&answer, is_unordered)?;
        // Where there is no key, the value that rows are ordered by is theirs.
        let before_key = usize::from(!is_unordered && !self.of.key.is_empty());
        let new = self.envelopes().page(&answer, &positions, before_key, &self.memory, &mut chunk);
        self.touched(&answer, &new);
        if !is_unordered {
            self.seen.page(&positions, &new.rows, &self.progress);
        }
        let (mut more, mut passed) = (true, None);
        match place.pass.as_mut() {
            Some(pass) if answer.is_full => pass.at = positions.into_iter().next_back(),
            // Where the place is the key, no row is without it.
            Some(pass) if !pass.unordered && !self.of.key.is_empty() => {
                (pass.at, pass.unordered) = (None, true);
            }
            _ => {
                if place.finish() {
                    self.memory.settled();
                }
                passed = self.seen.ends();
                self.progress.limited(Limit::Repeats, self.memory.is_full());
                let due = self.comparisons.due(place.compared);
                place.comparing = due.map(|turn| Comparing { turn, read: None });
                more = place.comparing.is_some();
            }
        }
        let text = place.text();
        self.memory.handed_over(text.clone(), new.hashes);
        Ok(Fetched { chunk, place: text, more, passed })
    }

    /// A period of which a page says something new is held against what it said before that no more: what was added and
    /// taken away between two comparisons would look like nothing.
    fn touched(&mut self, answer: &Answer, new: &New) {
        let Some(compare) = &self.of.compare else { return };
        match answer.columns.iter().position(|column| *column == compare.period) {
            Some(at) => {
                let told = |row: &usize| answer.rows[*row][at].as_ref().map(Value::told);
                new.rows.iter().for_each(|row| self.comparisons.forget(&told(row)));
            }
            None if !new.rows.is_empty() => self.comparisons.forget_all(),
            None => {}
        }
    }

    /// Another pack makes something else of the same rows: what said the same is taken once more when it is in effect.
    fn takes_up_pack(&mut self) {
        if self.in_effect.is_another() {
            self.memory = Memory::default();
            self.comparisons.forget_all();
        }
    }

    async fn begin(&mut self, database: &mut D, place: &mut Place) -> Result<(), CannotFetch> {
        // Before anything else: whoever begins behind it takes a later moment.
        let horizon = Horizon::of(now()).seen_by(database.clock().await?);
        let (open, is_guarded) = database.open().await?;
        self.guarded(is_guarded);
        let top = self.top(database, horizon).await?;
        if place.within(horizon, top.as_ref()) {
            tracing::warn!(
                feed = self.feed,
                "the place was carried into the future by a row: what came since then is not known, and all is read once \
                 more"
            );
        }
        place.begin(&open, top.clone(), self.memory.is_full());
        if let Some(top) = top.filter(|_| place.wants_mark()) {
            sleep(D::SETTLES).await;
            place.set_mark(top, database.open().await?.0);
        }
        self.counters.held_back.set(u64::from(place.mark.is_some()));
        self.seen.begins();
        Ok(())
    }

    /// The last row that may settle; before the first one, where none may yet. None where there is no row.
    async fn top(&self, database: &mut D, horizon: Horizon) -> Result<Option<Position>, CannotFetch> {
        let Some(last) = self.position(database, Question::Top(0)).await? else { return Ok(None) };
        let moment = moment::of_place(&last);
        let is_far = moment.is_some_and(|moment| horizon.is_far_from(moment));
        self.progress.limited(Limit::Future, is_far);
        let top = match (moment, last.first()) {
            (Some(moment), Some(value)) => {
                let until = moment::before(horizon, value);
                if moment::of(&until).is_some_and(|until| moment < until) {
                    return Ok(Some(last));
                }
                self.position(database, Question::Before(&until)).await?
            }
            _ => self.position(database, Question::Top(D::GIVEN_BY_HAND)).await?,
        };
        Ok(Some(top.unwrap_or_default()))
    }

    async fn position(
        &self,
        database: &mut D,
        question: Question<'_>,
    ) -> Result<Option<Position>, CannotFetch> {
        let answer = database.ask(&self.statements, question, MOST_BYTES).await?;
        Ok(answer.rows.into_iter().next().and_then(|row| row.into_iter().collect()))
    }

    async fn page(&self, database: &mut D, place: &Place) -> Result<(Answer, bool), CannotFetch> {
        let is_unordered = place.pass.as_ref().is_some_and(|pass| pass.unordered);
        let mut from = None;
        let question = match &place.pass {
            Some(Pass { at, unordered: true, .. }) => Question::Unordered(at.as_deref()),
            _ => {
                let overlap = SignedDuration::from_millis(self.of.overlap.0);
                Question::Rows(place.start(&mut from, overlap))
            }
        };
        let most = MOST_BYTES.min(4 * self.max_bytes);
        Ok((database.ask(&self.statements, question, most).await?, is_unordered))
    }

    /// Reads the next period whole. A connection on which that failed is not kept.
    async fn compare(
        &mut self,
        mut database: D,
        place: &mut Place,
        mut comparing: Comparing,
    ) -> Result<Fetched, CannotFetch> {
        let mut chunk = ChunkBuilder::new();
        let next = match self.next_period(&mut database, &comparing).await {
            Ok(next) => next,
            Err(error) => {
                // Which one it is nobody knows, and so not which are behind it.
                let _only_one = self.comparisons.fails("", 0, error)?;
                return Ok(self.compared(place, &comparing, false));
            }
        };
        let Some(period) = next else {
            self.database = Some(database);
            return Ok(self.compared(place, &comparing, true));
        };
        match self.read_period(&mut database, period.as_ref(), &mut chunk).await {
            Ok(()) => self.database = Some(database),
            Err(error) => {
                let named = period.as_ref().map(Value::told).unwrap_or_default();
                if self.comparisons.fails(&named, 0, error)? {
                    return Ok(self.compared(place, &comparing, false));
                }
            }
        }
        comparing.read = Some(ReadPeriod { period });
        place.comparing = Some(comparing);
        Ok(Fetched { chunk, place: place.text(), more: true, passed: None })
    }

    /// The period behind those that were read, or none of a row; none where there is no more.
    async fn next_period(
        &self,
        database: &mut D,
        comparing: &Comparing,
    ) -> Result<Option<Option<Value>>, CannotFetch> {
        let read = match comparing.read.as_ref().map(|read| read.period.as_ref()) {
            // Rows of no period are the last.
            Some(None) => return Ok(None),
            read => read.flatten(),
        };
        let answer = database.ask(&self.statements, Question::NextPeriod(read), MOST_BYTES).await?;
        Ok(Some(answer.rows.into_iter().next().and_then(|row| row.into_iter().next().flatten())))
    }

    /// The comparison came to its end; where `is_all`, behind the last period there is.
    fn compared(&mut self, place: &mut Place, comparing: &Comparing, is_all: bool) -> Fetched {
        place.compared = Some(comparing.turn);
        place.comparing = None;
        self.comparisons.ended(is_all);
        Fetched { chunk: ChunkBuilder::new(), place: place.text(), more: false, passed: None }
    }

    async fn read_period(
        &mut self,
        database: &mut D,
        period: Option<&Value>,
        chunk: &mut ChunkBuilder,
    ) -> Result<(), CannotFetch> {
        let answer = database.ask(&self.statements, Question::Period(period), MOST_BYTES).await?;
        if answer.rows.is_empty() {
            return Ok(());
        }
        let named = period.map(Value::told);
        let whole = (!answer.is_full).then(|| self.envelopes().period(&answer));
        let Some((hash, lines)) = whole.filter(|(_, lines)| lines.len() <= self.max_bytes) else {
            self.progress.counters().oversize.one();
            self.comparisons.gives_up(named.as_deref().unwrap_or_default(), "it is too large");
            return Ok(());
        };
        if self.comparisons.says_new(named, hash) {
            self.envelopes().push_period(&lines, answer.rows.len(), chunk);
        } else {
            self.counters.known.add(answer.rows.len() as u64);
        }
        Ok(())
    }

    fn envelopes(&self) -> Envelopes<'_> {
        let to = Bounded {
            feed: &self.feed,
            address: &self.address,
            max_bytes: self.max_bytes,
            counters: self.progress.counters(),
        };
        Envelopes { to, by: &self.of.by, counters: &self.counters }
    }

    /// Where each row stands.
    fn positions(&self, answer: &Answer, is_unordered: bool) -> Result<Vec<Position>, CannotFetch> {
        if answer.rows.is_empty() {
            return Ok(Vec::new());
        }
        let column = |name: &String| {
            let at = answer.columns.iter().position(|column| column == name);
            at.ok_or_else(|| CannotFetch::said(format!("the query gives no column '{name}'")))
        };
        let by = (!is_unordered).then_some(&self.of.by);
        let columns: Vec<usize> = by.into_iter().chain(&self.of.key).map(column).collect::<Result<_, _>>()?;
        let position = |row: &Vec<Option<Value>>| {
            let values = columns.iter().map(|at| row[*at].clone());
            values.collect::<Option<Position>>().ok_or_else(|| {
                CannotFetch::said(format!("a row has no value in its key ({})", self.of.key.join(", ")))
            })
        };
        answer.rows.iter().map(position).collect()
    }

    fn guarded(&mut self, is_guarded: bool) {
        self.counters.unguarded.set(u64::from(!is_guarded));
        self.progress.limited(Limit::Unguarded, !is_guarded);
        if std::mem::replace(&mut self.is_guarded, is_guarded) && !is_guarded {
            tracing::warn!(
                feed = self.feed,
                "the account may not see whose transactions are open (MySQL and MariaDB: PROCESS, PostgreSQL: \
                 pg_read_all_stats): rows that are committed late, behind others, may be found only where whole periods \
                 are compared"
            );
        }
    }
}

impl<D: Asks> Source for SqlSource<D> {
    fn name(&self) -> &str {
        &self.name
    }

    async fn fetch(&mut self, behind: Option<&str>) -> Result<Fetched, CannotFetch> {
        self.takes_up_pack();
        self.memory.behind(behind);
        let mut place = Place::parse(behind)?;
        let mut database = match self.database.take() {
            Some(database) => database,
            None => D::connect(&self.reached).await?,
        };
        if let Some(comparing) = place.comparing.take() {
            return self.compare(database, &mut place, comparing).await;
        }
        let fetched = self.read_on(&mut database, &mut place).await?;
        // One that failed, or was left in the middle, is not asked again.
        self.database = Some(database);
        Ok(fetched)
    }

    fn told(&self, place: &str) -> String {
        let settled = Place::parse(Some(place)).ok().and_then(|place| place.settled);
        let value = settled.as_ref().and_then(|settled| settled.first());
        value.map(|value| format!("{} {}", self.of.by, value.told())).unwrap_or_default()
    }
}

impl Seen {
    fn begins(&mut self) {
        *self = Seen { began: Some(now()), before: self.last.take(), last: None, new: 0 };
    }

    /// What is new before the row that was the last one of the pass before has appeared behind it.
    fn page(&mut self, positions: &[Position], new: &[usize], progress: &Progress) {
        if let Some(last) = positions.last() {
            self.last = Some(last.clone());
        }
        let Some(before) = &self.before else { return };
        let met = positions.iter().position(|position| position == before);
        let is_earlier = |row: &&usize| met.is_none_or(|met| **row < met);
        self.new += new.iter().filter(is_earlier).count() as u64;
        if met.is_some() {
            progress.late(self.new);
            self.before = None;
        }
    }

    /// When the pass began that ends.
    fn ends(&mut self) -> Option<Now> {
        // One that read nothing new leaves the last row where it was.
        if self.last.is_none() {
            self.last = self.before.take();
        }
        self.began.take()
    }
}

/// What is read, with all that makes its places others.
fn source_name(of: &SqlFeed) -> String {
    let SqlFeed { address, query, by, key, .. } = of;
    let key = if key.is_empty() { String::new() } else { format!(", {}", key.join(", ")) };
    format!("{address}: {} by {by}{key}", query.split_whitespace().collect::<Vec<_>>().join(" "))
}
