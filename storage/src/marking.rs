//! Writes into rows that they are not their key's last word any more, some time after the flow said so.
//!
//! Reading looks up what was superseded and is not marked yet, which costs more the more there is. Marking keeps that
//! little: it takes the oldest words, sets `until` of the rows they are about, and records how far it is. Only that one
//! narrow column is written anew.
//!
//! It is nothing but a shorter way to the same answers. Killed anywhere it is done again and changes nothing that was
//! right: a row's `until` is set once, to the first epoch behind its own in which its key was said anew. Rows stay where
//! they are, so neither tokens nor the search for losses notice. What is sent is numbers worked out here, so that every
//! replica does the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    time::Duration,
};

use clickhouse::Row;
use ioc_model::epoch::Epoch;
use serde::Deserialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Topology,
    client::{Store, answer, one},
    error::StoreError,
    schema::{COMMITTED, SAID_ANEW, SaidAnew, WORD_HASH},
};

/// Words taken at a time, unless an epoch has more.
const AT_A_TIME: u64 = 20_000;
/// So many are worth writing a column anew.
const WORTH: u64 = 500;
/// Fewer than those wait so long.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);
const LOOKED_EVERY: Duration = Duration::from_secs(60);
const ASKED_EVERY: Duration = Duration::from_millis(500);
/// How long a mutation may go on before that is said, again and again.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// A word that is not marked yet.
#[derive(Clone, Copy, Debug, Row, Deserialize)]
struct Word {
    hash: u64,
    epoch: Epoch,
    month: u32,
    millis: i64,
}

/// The words of a partition, as they are marked.
#[derive(Debug, Default)]
struct Batch {
    /// By key: the epochs in which it was said anew, in order.
    keys: BTreeMap<u64, Vec<Epoch>>,
    times: BTreeSet<i64>,
}

/// Marks as long as the product runs.
#[derive(Debug)]
pub struct Marking {
    store: Store,
    topology: Topology,
    marked: BTreeMap<&'static str, Instant>,
}

impl Marking {
    /// Of that store.
    #[must_use]
    pub fn new(store: Store, topology: Topology) -> Marking {
        let now = Instant::now();
        let marked = SAID_ANEW.iter().map(|fact| (fact.table, now)).collect();
        Marking { store, topology, marked }
    }

    /// Looks again and again for what is worth marking, until it is told to stop. A store that is away is left to
    /// those who need it.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOKED_EVERY) => {}
                () = stop.cancelled() => return,
            }
            for fact in SAID_ANEW {
                let marked = tokio::select! {
                    marked = self.look(fact) => marked,
                    () = stop.cancelled() => return,
                };
                if let Err(error) = marked {
                    tracing::warn!(%error, table = fact.table, "cannot mark what was superseded: trying again");
                }
            }
        }
    }

    async fn look(&mut self, fact: &'static SaidAnew) -> Result<(), StoreError> {
        let waited = self.marked.get(fact.table).is_some_and(|since| since.elapsed() >= LONGEST_WAIT);
        let unmarked = self.store.unmarked(fact).await?;
        if unmarked == 0 || (unmarked < WORTH && !waited) {
            return Ok(());
        }
        let started = Instant::now();
        let words = self.store.mark(fact, &self.topology).await?;
        let _ = self.marked.insert(fact.table, started);
        tracing::info!(
            table = fact.table,
            words,
            seconds = started.elapsed().as_secs(),
            "superseded rows marked"
        );
        Ok(())
    }
}

impl Store {
    /// Marks everything superseded up to the last commit; gives back how many words that were.
    ///
    /// # Errors
    /// If ClickHouse does not answer or refuses; what was marked up to then is recorded.
    pub async fn mark_superseded(&self, topology: &Topology) -> Result<u64, StoreError> {
        let mut words = 0;
        for fact in SAID_ANEW {
            words += self.mark(fact, topology).await?;
        }
        Ok(words)
    }

    /// Words about a fact that are not marked yet.
    async fn unmarked(&self, fact: &SaidAnew) -> Result<u64, StoreError> {
        let question =
            format!("WITH {} SELECT assumeNotNull(unmarked) AS unmarked_words", fact.with(COMMITTED));
        answer("count what is not marked yet", one(self.client().query(&question))).await
    }

    async fn mark(&self, fact: &SaidAnew, topology: &Topology) -> Result<u64, StoreError> {
        let mut marked = 0;
        loop {
            let words = self.words(fact).await?;
            let Some(upto) = words.iter().map(|word| word.epoch).max() else { return Ok(marked) };
            // One that was sent before a crash is still at work: the next would be behind it anyway.
            self.mutations_done(fact.table).await?;
            for (partition, batch) in by_partition(fact, &words) {
                let update = update(fact, topology, partition, &batch)?;
                self.send_update(fact.table, &update).await?;
            }
            self.mutations_done(fact.table).await?;
            let record = self
                .client()
                .query("INSERT INTO marked (fact, upto) VALUES ({fact:String}, {upto:UInt64})")
                .param("fact", fact.table)
                .param("upto", upto.0);
            answer("record what is marked", record.execute()).await?;
            marked += words.len() as u64;
        }
    }

    /// Thousands of numbers are longer than what ClickHouse takes for a question.
    async fn send_update(&self, table: &str, update: &str) -> Result<(), StoreError> {
        let mut sent = self.client().query_raw(update).with_setting("mutations_sync", "0");
        for limit in ["max_query_size", "max_ast_elements", "max_expanded_ast_elements"] {
            sent = sent.with_setting(limit, "1000000000");
        }
        answer(&format!("mark {table}"), sent.execute()).await
    }

    /// The oldest words that are not marked yet, by epoch: all of each epoch.
    async fn words(&self, fact: &SaidAnew) -> Result<Vec<Word>, StoreError> {
        let with = fact.with(COMMITTED);
        let words = self
            .client()
            .query(&format!(
                "WITH {with} SELECT {WORD_HASH} AS hash, epoch, toYYYYMM(time) AS month, \
                 toUnixTimestamp64Milli(time) AS millis FROM superseded_stored \
                 WHERE fact = {{fact:String}} AND epoch > marked_upto AND epoch <= as_of \
                 ORDER BY epoch LIMIT {{most:UInt64}} WITH TIES"
            ))
            .param("fact", fact.table)
            .param("most", AT_A_TIME);
        answer("read what was superseded", words.fetch_all()).await
    }

    /// Waits until a table has no mutation at work.
    async fn mutations_done(&self, table: &str) -> Result<(), StoreError> {
        let mut said = Instant::now();
        loop {
            let working = self
                .client()
                .query(
                    "SELECT count() AS working, max(latest_fail_reason) AS failed FROM system.mutations \
                     WHERE database = {database:String} AND table = {table:String} AND NOT is_done",
                )
                .param("database", self.database())
                .param("table", table);
            let Working { working, failed } = answer("look for mutations", one(working)).await?;
            if working == 0 {
                return Ok(());
            }
            if said.elapsed() > SAY_AGAIN {
                said = Instant::now();
                match failed.is_empty() {
                    true => tracing::info!(table, "clickhouse is still marking rows"),
                    false => tracing::warn!(table, failed, "clickhouse cannot mark rows and tries again"),
                }
            }
            tokio::time::sleep(ASKED_EVERY).await;
        }
    }
}

#[derive(Row, Deserialize)]
struct Working {
    working: u64,
    failed: String,
}

fn by_partition(fact: &SaidAnew, words: &[Word]) -> BTreeMap<u32, Batch> {
    let mut partitions: BTreeMap<u32, Batch> = BTreeMap::new();
    for word in words {
        let batch = partitions.entry(fact.divided.partition(word.month)).or_default();
        let _ = batch.times.insert(word.millis);
        let epochs = batch.keys.entry(word.hash).or_default();
        // A migration may have found what the flow said too.
        if epochs.last() != Some(&word.epoch) {
            epochs.push(word.epoch);
        }
    }
    partitions
}

/// Sets `until` of a partition's rows. A row older than its key's first word ends there; one that a word of the batch is
/// about, at the next word.
fn update(fact: &SaidAnew, topology: &Topology, partition: u32, batch: &Batch) -> Result<String, StoreError> {
    let first = || batch.keys.iter().filter_map(|(hash, epochs)| Some((*hash, *epochs.first()?)));
    let again = || {
        batch.keys.iter().flat_map(|(hash, epochs)| epochs.windows(2).map(move |of| (*hash, of[0], of[1])))
    };
    let hash = fact.key_hash("");
    let keys = list(first().map(|(hash, _)| hash));
    let firsts = list(first().map(|(_, epoch)| epoch));
    let first_word = format!("transform({hash}, {keys}, {firsts}, toUInt64(0))");
    let mut until = first_word.clone();
    let mut which = format!("epoch < {first_word}");
    if again().next().is_some() {
        // Keys said anew several times are few, and so are their rows: they are found by text.
        let rows = list(again().map(|(hash, epoch, _)| format!("'{hash}-{epoch}'")));
        let next = list(again().map(|(_, _, next)| next));
        let row = format!("concat(toString({hash}), '-', toString(epoch))");
        until = format!("if({which}, {until}, transform({row}, {rows}, {next}, until))");
        which = format!("({which} OR ({hash} IN {keys} AND {row} IN {rows}))");
    }
    let times = list(&batch.times);
    let statement = format!(
        "ALTER TABLE {table} {{on_cluster}} UPDATE until = {until} IN PARTITION ID '{partition}' \
         WHERE until = {last} AND toUnixTimestamp64Milli({time}) IN {times} AND {which}",
        table = fact.table,
        last = u64::MAX,
        time = fact.time(""),
    );
    topology.fill(&statement)
}

fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut list = String::from("[");
    for (number, item) in items.into_iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(list, "{comma}{item}");
    }
    list.push(']');
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(hash: u64, epoch: u64, month: u32) -> Word {
        Word { hash, epoch: Epoch(epoch), month, millis: i64::from(month) }
    }

    #[test]
    fn a_row_ends_at_the_first_word_behind_it_and_each_partition_is_marked_by_itself() {
        let words = [word(1, 5, 202_401), word(2, 5, 202_402), word(1, 7, 202_401), word(1, 9, 202_401)];
        let fact = &SAID_ANEW[0];
        let months = by_partition(fact, &words);
        assert_eq!(months.keys().copied().collect::<Vec<_>>(), [202_401, 202_402]);
        let sql = |month| update(fact, &Topology::Single, month, &months[&month]).unwrap();
        assert!(sql(202_401).contains("[1], [5]"), "{}", sql(202_401));
        assert!(sql(202_401).contains("['1-5','1-7'], [7,9]"), "{}", sql(202_401));
        assert!(sql(202_402).contains("[2], [5]") && !sql(202_402).contains("concat"), "{}", sql(202_402));
        assert!(sql(202_402).contains("IN PARTITION ID '202402'"));
        let reports = SAID_ANEW.iter().find(|fact| fact.table == "report_value").unwrap();
        let years = by_partition(reports, &words);
        assert_eq!(years.keys().copied().collect::<Vec<_>>(), [2024]);
        let sql = update(reports, &Topology::Single, 2024, &years[&2024]).unwrap();
        assert!(sql.contains("IN PARTITION ID '2024'") && sql.contains("[1,2], [5,5]"), "{sql}");
    }

    #[test]
    fn replicas_are_told_the_same_numbers() {
        let months = by_partition(&SAID_ANEW[1], &[word(3, 8, 202_401)]);
        let cluster = Topology::Cluster("province".to_owned());
        let sql = update(&SAID_ANEW[1], &cluster, 202_401, &months[&202_401]).unwrap();
        assert!(sql.starts_with("ALTER TABLE window ON CLUSTER province UPDATE until = "), "{sql}");
        assert!(!sql.contains("SELECT"), "{sql}");
    }
}
