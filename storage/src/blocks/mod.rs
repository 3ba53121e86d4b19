//! From what an epoch made to the bytes that are sent: pure, and the same bytes for the same epoch (REPLAY).
//!
//! ClickHouse stores an insert atomically only if it is one block of one partition, and recognises a repeated one
//! by its token, not its bytes. So an epoch's rows for a table are split by month partition and by size, each part
//! is encoded once, as a single Arrow record batch, and the token names exactly that part. A retry sends the same
//! bytes under the same token; a crashed and replayed epoch makes them again.
//!
//! Columnar Arrow, not RowBinary: ClickHouse parses rows at half the speed. Names travel as dictionaries.

mod columns;
mod derived;
mod duty;
mod event;
mod figure;
mod held;
mod obligation;
mod received;
mod replay;
mod report;

use std::{collections::BTreeMap, sync::Arc};

use arrow_array::{Array, ArrayRef, RecordBatch, UInt16Array, UInt32Array, UInt64Array};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ArrowError;
use bytes::Bytes;
use columns::Columns;
use ioc_model::{
    epoch::{Epoch, Generation},
    fact::{Fact, Table},
    instance::InstanceId,
    results::EpochResults,
};

use crate::month::{Month, Months, OutOfRange};

/// Part of every token: other bytes for the same epoch need another number.
pub(crate) const ENCODER_VERSION: u16 = 2;
/// The dataflow gathers all workers' rows into one shard.
const SHARD: u16 = 0;
/// Far below ClickHouse's `max_insert_block_size` (1,048,449), so that an insert is one block.
pub(crate) const MAX_ROWS: usize = 200_000;
/// Rows are cut earlier when their text is large. Bytes, roughly.
pub(crate) const MAX_BYTES: usize = 32 << 20;

/// Some rows of one table and month, ready to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Where they go.
    pub table: Table,
    /// The partition, as `yyyymm`.
    pub month: Month,
    /// Which part of the epoch's rows of that table and month: it is stored in each row.
    pub chunk: u16,
    /// How many.
    pub rows: u64,
    /// An Arrow stream of one record batch.
    pub bytes: Bytes,
    /// What ClickHouse recognises it by.
    pub token: String,
}

/// Rows that cannot be stored. They should have been rejects.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// A time outside of what the tables can hold.
    #[error("table {table}: {cause}")]
    Time {
        /// Table.
        table: &'static str,
        /// The time.
        cause: OutOfRange,
    },
    /// More parts of one month than can be numbered: over 13 billion rows.
    #[error("table {table}: the epoch has too many rows of one month")]
    TooMany {
        /// Table.
        table: &'static str,
    },
    /// Arrow refused.
    #[error("table {table}: {cause}")]
    Arrow {
        /// Table.
        table: &'static str,
        /// Its words.
        cause: ArrowError,
    },
}

/// A fact as ClickHouse takes it.
trait Columnar: Fact {
    /// Some rows of the table, stored by that epoch, without what every row of it carries.
    fn columns(rows: &[&Self], epoch: Epoch) -> Columns;
}

/// All blocks of an epoch: by table, month and chunk, rows in the order they are given.
///
/// # Errors
/// If a row cannot be stored at all; then nothing of the epoch may be sent.
pub(crate) fn encode(results: &EpochResults, instance: InstanceId) -> Result<Vec<Block>, EncodeError> {
    let stamp = Stamp { instance, generation: results.generation, epoch: results.epoch };
    let mut blocks = Vec::new();
    macro_rules! encode_each {
        ($($(#[$doc:meta])* $field:ident: $row:ty,)*) => {
            $(stamp.encode(&results.facts.$field, &mut blocks)?;)*
        };
    }
    ioc_model::each_fact!(encode_each);
    Ok(blocks)
}

/// What every row of an epoch carries.
struct Stamp {
    instance: InstanceId,
    generation: Generation,
    epoch: Epoch,
}

impl Stamp {
    fn encode<Row: Columnar>(&self, rows: &[Row], blocks: &mut Vec<Block>) -> Result<(), EncodeError> {
        let Table { name: table, .. } = Row::TABLE;
        let mut months = Months::default();
        let mut by_month: BTreeMap<Month, Vec<&Row>> = BTreeMap::new();
        for row in rows {
            let month = months.of(row.time()).map_err(|cause| EncodeError::Time { table, cause })?;
            by_month.entry(month).or_default().push(row);
        }
        for (month, rows) in by_month {
            for (chunk, rows) in parts(&rows, |row| row.size()).into_iter().enumerate() {
                let chunk = u16::try_from(chunk).map_err(|_| EncodeError::TooMany { table })?;
                let mut columns = Row::columns(rows, self.epoch);
                columns.extend(self.columns(rows.len(), chunk));
                let bytes = arrow_stream(columns).map_err(|cause| EncodeError::Arrow { table, cause })?;
                let token = self.token(table, &format!("{month}-{chunk}"));
                blocks.push(Block { table: Row::TABLE, month, chunk, rows: rows.len() as u64, bytes, token });
            }
        }
        Ok(())
    }

    fn columns(&self, rows: usize, chunk: u16) -> Columns {
        vec![
            ("generation", Arc::new(UInt32Array::from_value(self.generation.0, rows)) as ArrayRef),
            ("epoch", Arc::new(UInt64Array::from_value(self.epoch.0, rows))),
            ("chunk", Arc::new(UInt16Array::from_value(chunk, rows))),
        ]
    }

    fn token(&self, table: &str, part: &str) -> String {
        token(self.instance, self.generation, self.epoch, table, part)
    }
}

/// Instance, generation, table, epoch, shard, month and chunk, encoder version.
pub(crate) fn token(
    instance: InstanceId,
    generation: Generation,
    epoch: Epoch,
    table: &str,
    part: &str,
) -> String {
    format!("{instance}-{}-{table}-{epoch}-{SHARD}-{part}-v{ENCODER_VERSION}", generation.0)
}

/// Cuts rows into runs of at most [`MAX_ROWS`] rows and about [`MAX_BYTES`] bytes, at least one row each.
fn parts<'rows, 'row, Row>(
    rows: &'rows [&'row Row],
    size: impl Fn(&Row) -> usize,
) -> Vec<&'rows [&'row Row]> {
    let mut parts = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for (index, row) in rows.iter().enumerate() {
        let row_bytes = size(row);
        if index > from && (index - from == MAX_ROWS || bytes + row_bytes > MAX_BYTES) {
            parts.push(&rows[from..index]);
            (from, bytes) = (index, 0);
        }
        bytes += row_bytes;
    }
    if from < rows.len() {
        parts.push(&rows[from..]);
    }
    parts
}

/// A column is nullable where it has a null: the same rows have the same schema.
fn arrow_stream(columns: Columns) -> Result<Bytes, ArrowError> {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| {
        let nullable = array.is_nullable();
        (name, array, nullable)
    }))?;
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
    writer.write(&batch)?;
    writer.finish()?;
    Ok(Bytes::from(writer.into_inner()?))
}

#[cfg(test)]
mod tests {
    use ioc_model::results::{Facts, StoredObservation};

    use uuid::Uuid;

    use super::*;
    use crate::sample;

    #[test]
    fn replay_the_same_epoch_gives_the_same_bytes_and_tokens() {
        let instance = InstanceId(Uuid::from_u128(7));
        let results = sample::results(Epoch(3), 500);
        let first = encode(&results, instance).unwrap();
        let second = encode(&results.clone(), instance).unwrap();
        assert_eq!(first, second);
        assert!(first.iter().all(|block| !block.bytes.is_empty() && block.rows > 0));
    }

    #[test]
    fn once_every_block_of_an_epoch_has_a_token_of_its_own() {
        let results = sample::results(Epoch(3), 500);
        let blocks = encode(&results, InstanceId(Uuid::from_u128(7))).unwrap();
        let tokens: std::collections::BTreeSet<&str> =
            blocks.iter().map(|block| block.token.as_str()).collect();
        assert_eq!(tokens.len(), blocks.len());
        let elsewhere = encode(&results, InstanceId(Uuid::from_u128(8))).unwrap();
        assert!(elsewhere.iter().all(|block| !tokens.contains(block.token.as_str())));
        let rows: u64 = blocks
            .iter()
            .filter(|block| block.table == StoredObservation::TABLE)
            .map(|block| block.rows)
            .sum();
        assert_eq!(rows, results.facts.observations.len() as u64);
        let tables: std::collections::BTreeSet<Table> = blocks.iter().map(|block| block.table).collect();
        assert_eq!(tables, Facts::TABLES.iter().copied().collect(), "the sample has rows of every table");
    }

    #[test]
    fn rows_of_two_months_make_two_blocks() {
        let mut results = sample::results(Epoch(3), 2);
        results.facts.observations[0].event_time = sample::time("2024-01-31T23:59:59.999Z");
        results.facts.observations[1].event_time = sample::time("2024-02-01T00:00:00Z");
        let blocks = encode(&results, InstanceId(Uuid::nil())).unwrap();
        let months: Vec<(u32, u64)> = blocks
            .iter()
            .filter(|block| block.table == StoredObservation::TABLE)
            .map(|block| (block.month.0, block.rows))
            .collect();
        assert_eq!(months, [(202_401, 1), (202_402, 1)]);
    }

    #[test]
    fn once_rows_are_cut_by_number_and_by_size_and_none_is_left_out() {
        let rows: Vec<usize> = (0..MAX_ROWS + 5).collect();
        let borrowed: Vec<&usize> = rows.iter().collect();
        let lengths: Vec<usize> = parts(&borrowed, |_| 1).iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [MAX_ROWS, 5]);
        let halves: Vec<usize> =
            parts(&borrowed[..3], |_| MAX_BYTES / 2).iter().map(|part| part.len()).collect();
        assert_eq!(halves, [2, 1]);
        let giants: Vec<usize> =
            parts(&borrowed[..2], |_| MAX_BYTES * 2).iter().map(|part| part.len()).collect();
        assert_eq!(giants, [1, 1]);
    }

    #[test]
    fn loud_a_time_no_table_can_hold_stops_the_epoch() {
        let mut results = sample::results(Epoch(3), 2);
        results.facts.observations[0].event_time = sample::time("9998-01-01T00:00:00Z");
        assert!(matches!(encode(&results, InstanceId(Uuid::nil())), Err(EncodeError::Time { .. })));
    }
}
