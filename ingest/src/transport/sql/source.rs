//! A database as a source: passes over what is not settled, and whole periods between them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ioc_bus::{ChunkBuilder, clock::Clock};
use ioc_model::{
    pack::{Feed, SqlFeed},
    time::Now,
};
use jiff::SignedDuration;
use rustc_hash::FxHashSet;
use tokio::time::sleep;

use super::{
    answer::{Answer, Position, Question, Value},
    counters::SqlCounters,
    database::{Database, MOST_BYTES, Reached},
    envelopes::Envelopes,
    place::{Comparing, Pass, Place, ReadPeriod},
    statements::Statements,
};
use crate::transport::pull::{
    CannotFetch, Compared, Fetched, Limit, Progress, Schedule, Source,
    memory::{Hash, Memory, hash},
    progress::now,
};

/// Between what is seen and who is asked for: InnoDB tells of its transactions as they were a tenth of a second ago, and
/// whoever has taken a number has begun to write by then.
const SETTLES: Duration = Duration::from_millis(250);

/// What is read of one feed.
#[derive(Debug)]
pub(super) struct SqlSource {
    feed: String,
    name: String,
    address: String,
    of: SqlFeed,
    max_bytes: usize,
    statements: Statements,
    reached: Reached,
    counters: Arc<SqlCounters>,
    progress: Arc<Progress>,
    comparisons: Option<Schedule>,
    database: Option<Database>,
    memory: Memory,
    /// What the periods said when they were last read.
    periods: BTreeMap<Option<String>, [u8; 16]>,
    is_guarded: bool,
    /// The comparison under way.
    found: Compared,
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

impl SqlSource {
    pub(super) fn new(
        feed: &Feed,
        of: &SqlFeed,
        reached: Reached,
        counters: Arc<SqlCounters>,
        progress: Arc<Progress>,
    ) -> SqlSource {
        let every = |every: ioc_model::time::Millis| Duration::from_millis(every.0.unsigned_abs());
        SqlSource {
            feed: feed.id.clone(),
            name: source_name(of),
            address: of.address.to_string(),
            max_bytes: feed.contract.max_bytes,
            statements: Statements::of(of),
            comparisons: of.compare.as_ref().map(|compare| Schedule::every(every(compare.every), &feed.id)),
            of: of.clone(),
            reached,
            counters,
            progress,
            database: None,
            memory: Memory::default(),
            periods: BTreeMap::new(),
            is_guarded: true,
            found: Compared::default(),
            seen: Seen::default(),
        }
    }

    async fn read_on(&mut self, database: &mut Database, place: &mut Place) -> Result<Fetched, CannotFetch> {
        if place.comparing.is_some() {
            return self.compare(database, place).await;
        }
        if place.pass.is_none() {
            self.begin(database, place).await?;
        }
        let mut chunk = ChunkBuilder::new();
        let (answer, is_unordered) = self.page(database, place).await?;
        let positions = self.positions(&answer, is_unordered)?;
        let new = self.envelopes().page(&answer, &positions, &self.memory, &mut chunk);
        if !is_unordered && let Some(last) = positions.last() {
            place.reached = Some(last.clone());
        }
        if !is_unordered {
            self.seen.page(&positions, &new, &self.progress);
        }
        let (mut more, mut passed) = (true, None);
        match place.pass.as_mut() {
            Some(pass) if answer.is_full => pass.at = positions.into_iter().next_back(),
            // Where the place is the key, no row is without it.
            Some(pass) if !pass.unordered && !self.of.key.is_empty() => {
                *pass = Pass { at: None, unordered: true, settles: pass.settles.take() };
            }
            _ => {
                if place.finish() {
                    self.memory.settled();
                }
                passed = self.seen.ends();
                place.comparing = self.due(place).map(|turn| Comparing { turn, read: None });
                more = place.comparing.is_some();
            }
        }
        let text = place.text();
        self.memory.handed_over(text.clone(), new);
        Ok(Fetched { chunk, place: text, more, passed })
    }

    async fn begin(&mut self, database: &mut Database, place: &mut Place) -> Result<(), CannotFetch> {
        self.seen.begins();
        let (open, is_guarded) = database.open().await?;
        self.guarded(is_guarded);
        place.begin(&open, self.memory.is_full());
        if place.wants_mark() {
            let top = database.ask(&self.statements, Question::Top, MOST_BYTES).await?;
            let top: Option<Position> = top.rows.into_iter().next().and_then(|row| row.into_iter().collect());
            if let Some(top) = top {
                sleep(SETTLES).await;
                place.set_mark(top, database.open().await?.0);
            }
        }
        self.counters.held_back.set(u64::from(place.mark.is_some()));
        Ok(())
    }

    async fn page(&self, database: &mut Database, place: &Place) -> Result<(Answer, bool), CannotFetch> {
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

    /// Reads the next period whole.
    async fn compare(&mut self, database: &mut Database, place: &mut Place) -> Result<Fetched, CannotFetch> {
        let mut chunk = ChunkBuilder::new();
        let Some(comparing) = &mut place.comparing else {
            return Ok(Fetched { chunk, place: place.text(), more: false, passed: None });
        };
        let next = match comparing.read.as_ref().map(|read| read.period.as_ref()) {
            // Rows of no period are the last.
            Some(None) => None,
            read => {
                let next = Question::NextPeriod(read.flatten());
                let answer = database.ask(&self.statements, next, MOST_BYTES).await?;
                Some(answer.rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
            }
        };
        match next {
            Some(period) => {
                self.read_period(database, period.as_ref(), &mut chunk).await?;
                comparing.read = Some(ReadPeriod { period });
            }
            None => {
                place.compared = Some(comparing.turn);
                place.comparing = None;
                self.progress.compared(std::mem::take(&mut self.found));
            }
        }
        let more = place.comparing.is_some();
        Ok(Fetched { chunk, place: place.text(), more, passed: None })
    }

    async fn read_period(
        &mut self,
        database: &mut Database,
        period: Option<&Value>,
        chunk: &mut ChunkBuilder,
    ) -> Result<(), CannotFetch> {
        let answer = database.ask(&self.statements, Question::Period(period), MOST_BYTES).await?;
        if answer.rows.is_empty() {
            return Ok(());
        }
        let named = period.map(Value::told);
        self.counters.compared.one();
        if answer.is_full {
            self.counters.oversize.one();
            self.found.given_up += 1;
            tracing::error!(
                feed = self.feed,
                period = named.unwrap_or_default(),
                "the period is too large to be compared whole"
            );
            return Ok(());
        }
        let (hash, lines) = self.envelopes().period(&answer);
        let known = self.periods.insert(named, hash) == Some(hash);
        self.found.periods += 1;
        self.found.changed += u32::from(!known);
        if known {
            self.counters.known.add(answer.rows.len() as u64);
        } else {
            self.envelopes().push_period(&lines, answer.rows.len(), chunk);
        }
        Ok(())
    }

    /// Whose turn it is to be compared, if it was not yet.
    fn due(&self, place: &Place) -> Option<u64> {
        let turn = self.comparisons?.turn(u64::try_from(Clock::Machine.now().0).unwrap_or_default());
        (place.compared != Some(turn)).then_some(turn)
    }

    fn envelopes(&self) -> Envelopes<'_> {
        Envelopes {
            feed: &self.feed,
            address: &self.address,
            by: &self.of.by,
            max_bytes: self.max_bytes,
            counters: &self.counters,
        }
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

impl Source for SqlSource {
    fn name(&self) -> &str {
        &self.name
    }

    async fn fetch(&mut self, behind: Option<&str>) -> Result<Fetched, CannotFetch> {
        self.memory.behind(behind);
        let mut place = Place::parse(behind)?;
        let mut database = match self.database.take() {
            Some(database) => database,
            None => Database::connect(&self.reached).await?,
        };
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
    fn page(&mut self, positions: &[Position], new: &[(Hash, Hash)], progress: &Progress) {
        if let Some(last) = positions.last() {
            self.last = Some(last.clone());
        }
        let Some(before) = &self.before else { return };
        let met = positions.iter().position(|position| position == before);
        let earlier = positions[..met.unwrap_or(positions.len())].iter();
        let keys: FxHashSet<Hash> =
            earlier.map(|position| hash(position.iter().map(|value| value.text.as_str()))).collect();
        self.new += new.iter().filter(|(key, _)| keys.contains(key)).count() as u64;
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
pub(super) fn source_name(of: &SqlFeed) -> String {
    let SqlFeed { address, query, by, key, .. } = of;
    let key = if key.is_empty() { String::new() } else { format!(", {}", key.join(", ")) };
    format!("{address}: {} by {by}{key}", query.split_whitespace().collect::<Vec<_>>().join(" "))
}
