//! What became of messages that lie side by side on the log: for who watches them arrive.
//!
//! One question for a handful of messages instead of one each. Where they lie and when the first of them came are both
//! conditions, so that the store looks at its newest parts alone.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    position::{LogNumber, Offset, Partition},
    time::ReceivedAt,
};
use serde::{Deserialize, Serialize};

use super::{RecentReject, rejects::COLUMNS as REJECT_COLUMNS};
use crate::{
    client::{Store, answer},
    error::StoreError,
    schema::COMMITTED,
};

/// Messages of one partition, and when the first of them came.
#[derive(Clone, Copy, Debug)]
pub struct MessagesAt<'a> {
    /// Their log.
    pub log: LogNumber,
    /// Their partition.
    pub partition: Partition,
    /// Where they lie in it.
    pub offsets: &'a [Offset],
    /// None of them came before.
    pub since: ReceivedAt,
}

/// What is on record of one message; all zeros where nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct MessageBecame {
    /// Where it lies.
    pub offset: Offset,
    /// Rows stored.
    pub stored: u64,
    /// Rejects: rows, and the whole of it.
    pub rejected: u64,
    /// The whole of it was rejected: 0 or 1.
    pub whole: u64,
    /// Rows that wait for the word of an operator.
    pub held: u64,
    /// Receipts: it was a report.
    pub receipts: u64,
    /// Of a report: its rows,
    pub report_rows: u64,
    /// those that were stored,
    pub report_stored: u64,
    /// that said what was known,
    pub report_same: u64,
    /// and that were not taken.
    pub report_rejected: u64,
}

const HERE: &str = "log = {log:UInt16} AND partition = {partition:UInt16} \
                    AND offset >= {first:UInt64} AND offset <= {last:UInt64} AND offset IN {offsets:Array(UInt64)}";
const SINCE: &str = "received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')";

impl Store {
    /// What committed epochs made of some messages, by offset. A message of which nothing is on record has no entry.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn messages_became(
        &self,
        asker: &Asker,
        at: MessagesAt<'_>,
    ) -> Result<Vec<MessageBecame>, StoreError> {
        let question = self.asked_by(asker, |seen| {
            let row = seen.row("subject", "feed");
            let feed = seen.feed("feed");
            let stored = |table: &str, conditions: &str| {
                format!(
                    "SELECT offset, 'stored' AS what, toUInt64(1) AS number FROM {table} \
                     WHERE {HERE} AND {SINCE} AND epoch <= {COMMITTED}{conditions}"
                )
            };
            let parts = [
                stored("observation", &format!(" AND standing NOT IN ('restored', 'replaced'){row}")),
                stored("event", &feed),
                stored("action", &feed),
                stored("decision", &feed),
                stored("replay", &format!(" AND state = 'asked'{feed}")),
                format!(
                    "SELECT offset, if(whole, 'whole', 'rejected') AS what, toUInt64(1) AS number FROM reject_current \
                     WHERE {HERE} AND {SINCE} AND state != 'replayed'{feed}"
                ),
                format!(
                    "SELECT offset, 'held' AS what, toUInt64(1) AS number FROM held_current WHERE {HERE}{row}"
                ),
                format!(
                    "SELECT offset, said.1 AS what, said.2 AS number FROM receipt \
                     ARRAY JOIN [('receipt', toUInt64(1)), ('report_rows', toUInt64(rows)), \
                     ('report_stored', toUInt64(stored)), ('report_same', toUInt64(same)), \
                     ('report_rejected', toUInt64(rejected))] AS said \
                     WHERE {HERE} AND {SINCE} AND epoch <= {COMMITTED}{feed}"
                ),
            ];
            let sum = |what: &str| format!("sumIf(number, what = '{what}')");
            format!(
                "SELECT offset, {} AS stored, {} + {} AS rejected, {} AS whole, {} AS held, {} AS receipts, \
                 {} AS report_rows, {} AS report_stored, {} AS report_same, {} AS report_rejected \
                 FROM ({}) GROUP BY offset ORDER BY offset",
                sum("stored"),
                sum("rejected"),
                sum("whole"),
                sum("whole"),
                sum("held"),
                sum("receipt"),
                sum("report_rows"),
                sum("report_stored"),
                sum("report_same"),
                sum("report_rejected"),
                parts.join(" UNION ALL "),
            )
        });
        answer("look messages up", at.named(question).fetch_all()).await
    }

    /// What committed epochs rejected of some messages, by offset and row: at most so many of each.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn messages_rejects(
        &self,
        asker: &Asker,
        at: MessagesAt<'_>,
        most: u8,
    ) -> Result<Vec<RecentReject>, StoreError> {
        let rejects = self.asked_by(asker, |seen| {
            format!(
                "SELECT {REJECT_COLUMNS} FROM reject_current AS r WHERE {HERE} \
                 AND r.received_at >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC') AND r.state != 'replayed'{} \
                 ORDER BY offset, row LIMIT {{most:UInt8}} BY offset",
                seen.feed("r.feed")
            )
        });
        answer("read the rejects of messages", at.named(rejects).param("most", most).fetch_all()).await
    }
}

impl MessagesAt<'_> {
    fn named(&self, question: clickhouse::query::Query) -> clickhouse::query::Query {
        let offsets: Vec<u64> = self.offsets.iter().map(|offset| offset.0).collect();
        question
            .param("log", self.log.0)
            .param("partition", self.partition.0)
            .param("first", offsets.iter().min().copied().unwrap_or_default())
            .param("last", offsets.iter().max().copied().unwrap_or_default())
            .param("since", self.since.0)
            .param("offsets", offsets)
    }
}
