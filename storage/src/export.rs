//! Tables and views as files: ClickHouse encodes, the answer streams through.
//!
//! The table's name is an identifier and must be one the database has; column names come from the database and are
//! quoted; all values travel as server-side parameters (invariant SAFE). Facts are taken up to the last committed
//! epoch only, as everywhere.

mod statement;

use bytes::Bytes;
use clickhouse::query::{BytesCursor, Query};
use ioc_model::asker::Asker;
use parquet::file::metadata::ParquetMetaDataReader;
use serde::Deserialize;

use self::statement::{Column, Table, about, narrowed, parameter, shown_to, source, statement};
use crate::{
    client::{Store, answer, is_identifier, one},
    error::StoreError,
    queries::SightConditions,
};

/// The forms ClickHouse writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Apache Parquet, zstd.
    Parquet,
    /// Comma-separated with a line of names; what is missing is empty, moments are in `zone` with their offset.
    Csv,
}

/// What is to be taken out of a table or view.
#[derive(Clone, Debug, Default)]
pub struct ExportQuery {
    /// The table or view.
    pub table: String,
    /// The column that from and to go by; none for the table's own time.
    pub time_column: Option<String>,
    /// From that moment on: milliseconds since 1970.
    pub from: Option<i64>,
    /// Before that moment.
    pub to: Option<i64>,
    /// Of that subject only.
    pub subject: Option<String>,
    /// Of that indicator only.
    pub indicator: Option<String>,
    /// What a view with parameters is asked with, such as `known_at`.
    pub parameters: Vec<(String, String)>,
    /// The zone that moments are written in where the form has words for them; as they are kept where none is given.
    pub zone: Option<String>,
}

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// What was asked for is not there; the sentence says what is.
    #[error("{0}")]
    Asked(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An export on its way.
pub struct Export {
    cursor: BytesCursor,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").finish_non_exhaustive()
    }
}

impl Export {
    /// The next bytes of the file; none behind the last.
    ///
    /// # Errors
    /// If ClickHouse fails on the way, or says nothing for a minute: what came so far is no file.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        answer("export", self.cursor.next()).await
    }
}

/// Rows of a Parquet file, by its last bytes: none where they are too few, or the file broke off.
#[must_use]
pub fn rows_of_parquet(end: &[u8]) -> Option<u64> {
    let (footer, magic) = end.split_at_checked(end.len().checked_sub(4)?)?;
    let (metadata, length) = footer.split_last_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let metadata = metadata.get(metadata.len().checked_sub(length)?..)?;
    let metadata = ParquetMetaDataReader::decode_metadata(metadata).ok().filter(|_| magic == b"PAR1")?;
    u64::try_from(metadata.file_metadata().num_rows()).ok()
}

/// How many names a refusal lists.
const TOLD: usize = 20;

impl Store {
    /// Starts an export of what the asker sees: rows of their stations or feeds, and where a table has neither column all
    /// of it for those who are given the province.
    ///
    /// # Errors
    /// If the table or a column is not there, or ClickHouse refuses.
    pub async fn export(
        &self,
        asker: &Asker,
        query: &ExportQuery,
        format: ExportFormat,
    ) -> Result<Export, ExportError> {
        let table = self.table(&query.table).await?;
        let source = source(query, &table)?;
        let columns = match table.parameters().is_empty() {
            true => self.columns(&query.table).await?,
            // The system's list has none for them.
            false => self.described(query, &source).await?,
        };
        let base = self.sorting_key(about(&query.table)).await?;
        let statement = statement(asker, query, &table, &source, &columns, &base)?;
        for (word, named, asked) in
            [("subject", "station", &query.subject), ("indicator", "indicator", &query.indicator)]
        {
            if let Some(id) = asked {
                self.is_known(asker, query, &source, &columns, word, named, id).await?;
            }
        }
        let mut asked = with_parameters(self.asked_by(asker, |_| statement), query);
        if let Some(zone) = &query.zone {
            asked = asked.param("zone", zone);
        }
        for (name, moment) in [("from", query.from), ("to", query.to)] {
            if let Some(moment) = moment {
                asked = asked.param(name, moment);
            }
        }
        for (name, text) in [("subject", &query.subject), ("indicator", &query.indicator)] {
            if let Some(text) = text {
                asked = asked.param(name, text);
            }
        }
        let (format, setting, value) = match format {
            ExportFormat::Parquet => ("Parquet", "output_format_parquet_compression_method", "zstd"),
            ExportFormat::Csv => ("CSVWithNames", "format_csv_null_representation", ""),
        };
        // However long it takes: whoever waits sees it move, and may end it.
        let asked = asked
            .with_setting(setting, value)
            .with_setting("date_time_output_format", "iso")
            .with_setting("max_execution_time", "0");
        let doing = || format!("export {}", query.table);
        let cursor =
            asked.fetch_bytes(format).map_err(|cause| StoreError::ClickHouse { doing: doing(), cause })?;
        Ok(Export { cursor })
    }

    async fn table(&self, name: &str) -> Result<Table, ExportError> {
        let tables = self
            .client()
            .query(
                "SELECT name, engine, sorting_key, as_select FROM system.tables WHERE database = {database:String} ORDER BY name",
            )
            .param("database", self.database());
        let tables: Vec<Table> = answer("read the tables", tables.fetch_all()).await?;
        let known = tables.iter().map(|table| &*table.name).collect::<Vec<_>>().join(", ");
        let asked = tables.into_iter().find(|table| table.name == name && is_identifier(name));
        asked.ok_or_else(|| {
            ExportError::Asked(format!("there is no table or view '{name}': there are {known}"))
        })
    }

    /// The columns a table is kept by; empty where there is no such table.
    async fn sorting_key(&self, table: &str) -> Result<String, ExportError> {
        let key = self
            .client()
            .query(
                "SELECT any(sorting_key) FROM system.tables WHERE database = {database:String} AND name = {table:String}",
            )
            .param("database", self.database())
            .param("table", table);
        Ok(answer("read the order of the table", one(key)).await?)
    }

    /// Refuses what neither the packs nor the table know, with what there is: an empty file says nothing of a typing
    /// mistake.
    #[allow(clippy::too_many_arguments, reason = "each is a part of what is looked for")]
    async fn is_known(
        &self,
        asker: &Asker,
        query: &ExportQuery,
        source: &str,
        columns: &[Column],
        word: &str,
        named: &str,
        id: &str,
    ) -> Result<(), ExportError> {
        let column = narrowed(query, columns, word)?.quoted();
        let doing = format!("look for the {word}");
        // A station of somebody else is none.
        let theirs = if word == "subject" { SightConditions::by(asker).station("id") } else { String::new() };
        let those = shown_to(asker, columns);
        let there = self.asked_by(asker, |_| {
            format!(
                "SELECT count() FROM (SELECT 1 FROM {named} WHERE id = {{id:String}}{theirs} LIMIT 1 \
                 UNION ALL SELECT 1 FROM {source} AS t WHERE t.{column} = {{id:String}}{those} LIMIT 1)"
            )
        });
        let there: u64 = answer(&doing, one(with_parameters(there, query).param("id", id))).await?;
        if there != 0 {
            return Ok(());
        }
        let known = self
            .asked_by(asker, |_| format!("SELECT id FROM {named}_current WHERE true{theirs} ORDER BY id"));
        let known: Vec<String> = answer(&doing, known.fetch_all()).await?;
        let told = match known.len() {
            0 => "the pack has none".to_owned(),
            count if count <= TOLD => format!("there are {}", known.join(", ")),
            count => format!("there are {}, and {} more", known[..TOLD].join(", "), count - TOLD),
        };
        Err(ExportError::Asked(format!("there is no {word} '{id}': {told}")))
    }

    async fn columns(&self, table: &str) -> Result<Vec<Column>, ExportError> {
        let columns = self
            .client()
            .query(
                "SELECT name, type AS kind FROM system.columns \
                 WHERE database = {database:String} AND table = {table:String} ORDER BY position",
            )
            .param("database", self.database())
            .param("table", table);
        Ok(answer("read the columns", columns.fetch_all()).await?)
    }

    async fn described(&self, query: &ExportQuery, source: &str) -> Result<Vec<Column>, ExportError> {
        let doing = || format!("read the columns of {}", query.table);
        let asked = self.client().query(&format!("DESCRIBE TABLE (SELECT * FROM {source})"));
        let lines = with_parameters(asked, query).fetch_bytes("JSONEachRow");
        let mut lines = lines.map_err(|cause| StoreError::ClickHouse { doing: doing(), cause })?;
        let lines = answer(&doing(), lines.collect()).await?;
        let columns = serde_json::Deserializer::from_slice(&lines).into_iter::<Described>();
        let columns = columns.map(|column| column.map(|Described { name, kind }| Column { name, kind }));
        let columns: Result<Vec<Column>, serde_json::Error> = columns.collect();
        Ok(columns.map_err(|error| StoreError::Unreadable(format!("cannot {}: {error}", doing())))?)
    }
}

#[derive(Deserialize)]
struct Described {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

fn with_parameters(mut asked: Query, query: &ExportQuery) -> Query {
    for (name, value) in &query.parameters {
        asked = asked.param(&parameter(name), value);
    }
    asked
}
