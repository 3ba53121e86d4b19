//! Tables and views as files: ClickHouse encodes, the answer streams through.
//!
//! The table's name is an identifier and must be one the database has; column names come from the database and are
//! quoted; all values travel as server-side parameters (invariant SAFE). Facts are taken up to the last committed
//! epoch only, as everywhere.

use bytes::Bytes;
use clickhouse::{
    Row,
    query::{BytesCursor, Query},
};
use ioc_model::asker::Asker;
use parquet::file::metadata::ParquetMetaDataReader;
use serde::Deserialize;

use crate::{
    client::{Store, answer, is_identifier, one},
    error::StoreError,
    queries::Seen,
    schema::COMMITTED,
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

#[derive(Clone, Debug, Row, Deserialize)]
struct Column {
    name: String,
    kind: String,
}

#[derive(Row, Deserialize)]
struct Table {
    name: String,
    engine: String,
    sorting_key: String,
    as_select: String,
}

impl Table {
    /// Names and types of a view's parameters: `{name:Type}` in its text.
    fn parameters(&self) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        for part in self.as_select.split('{').skip(1) {
            let named = part.split_once('}').and_then(|(inside, _)| inside.split_once(':'));
            let named = named.map(|(name, kind)| (name.trim(), kind.trim()));
            found.extend(named.filter(|(name, _)| is_identifier(name)));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// What a table's rows go by, the most telling first.
const TIME_COLUMNS: [&str; 10] = [
    "event_time",
    "start_time",
    "at",
    "received_at",
    "minute",
    "since",
    "first_received",
    "now",
    "published_at",
    "registered_at",
];

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
        let theirs = if word == "subject" { Seen::by(asker).station("id") } else { String::new() };
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

/// How many names a refusal lists.
const TOLD: usize = 20;

/// The table that a view shows rows of by their own names.
fn about(view: &str) -> &str {
    let fact = view.strip_suffix("_current").or_else(|| view.strip_suffix("_known_at")).unwrap_or(view);
    if fact == "index" { "index_value" } else { fact }
}

/// The column that is narrowed: wide views call a subject their station.
fn narrowed<'a>(query: &ExportQuery, columns: &'a [Column], word: &str) -> Result<&'a Column, ExportError> {
    let find = |name: &str| columns.iter().find(|column| column.name == name);
    find(word)
        .or_else(|| find("station").filter(|_| word == "subject"))
        .ok_or_else(|| ExportError::Asked(format!("'{}' has no column {word}", query.table)))
}

/// What of a table with such columns somebody sees, as a condition behind others.
fn shown_to(asker: &Asker, columns: &[Column]) -> String {
    let named = |name: &str| columns.iter().any(|column| column.name == name).then(|| format!("t.{name}"));
    let station = named("subject").or_else(|| named("station"));
    Seen::by(asker).and(station.as_deref(), named("feed").as_deref())
}

/// What rows are sorted by where no table says: who, what, when.
const SORTED_BY: [&str; 16] = [
    "feed",
    "kind",
    "averaging",
    "rule",
    "index",
    "limit",
    "indicator",
    "station",
    "subject",
    "number",
    "id",
    "code",
    "event_time",
    "start_time",
    "first_start",
    "minute",
];

fn statement(
    asker: &Asker,
    query: &ExportQuery,
    table: &Table,
    source: &str,
    columns: &[Column],
    base: &str,
) -> Result<String, ExportError> {
    let has = |name: &str| columns.iter().any(|column| column.name == name);
    let selected: Vec<String> = columns.iter().map(|column| column.selected(query.zone.is_some())).collect();
    let mut conditions = Vec::new();
    // A view shows committed epochs only already.
    let is_table = table.engine.ends_with("MergeTree");
    if is_table && has("chunk") && has("epoch") {
        conditions.push(format!("t.epoch <= {COMMITTED}"));
    }
    if query.from.is_some() || query.to.is_some() {
        let column = time_column(query, columns)?.quoted();
        let bounds = [(query.from, ">=", "from"), (query.to, "<", "to")];
        for (_, relation, name) in bounds.into_iter().filter(|(bound, ..)| bound.is_some()) {
            conditions
                .push(format!("t.{column} {relation} fromUnixTimestamp64Milli({{{name}:Int64}}, 'UTC')"));
        }
    }
    for (name, asked) in [("subject", &query.subject), ("indicator", &query.indicator)] {
        if asked.is_some() {
            let column = narrowed(query, columns, name)?.quoted();
            conditions.push(format!("t.{column} = {{{name}:String}}"));
        }
    }
    let mut statement = format!("SELECT {} FROM {source} AS t", selected.join(", "));
    let theirs = shown_to(asker, columns);
    if !conditions.is_empty() || !theirs.is_empty() {
        let conditions = if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") };
        statement += &format!(" WHERE {conditions}{theirs}");
    }
    // In the table's own order, which costs a merge and no sorting: a view of its rows goes by the same.
    let key: Vec<&str> = [&*table.sorting_key, base]
        .into_iter()
        .map(|key| key.split(", ").map(|column| column.trim_matches('`')).collect::<Vec<_>>())
        .find(|key| key.iter().all(|column| has(column)))
        .unwrap_or_else(|| SORTED_BY.into_iter().filter(|name| has(name)).collect());
    if !key.is_empty() {
        let key: Vec<String> = key.iter().map(|column| format!("t.`{column}`")).collect();
        statement += &format!(" ORDER BY {}", key.join(", "));
    }
    Ok(statement)
}

/// The table, or the view with its parameters.
fn source(query: &ExportQuery, table: &Table) -> Result<String, ExportError> {
    let known = table.parameters();
    let given: Vec<&str> = query.parameters.iter().map(|(name, _)| &**name).collect();
    let fits = given.len() == known.len() && known.iter().all(|(name, _)| given.contains(name));
    if !fits {
        let names =
            known.iter().map(|(name, kind)| format!("{name} ({kind})")).collect::<Vec<_>>().join(", ");
        let names =
            if names.is_empty() { "no parameters".to_owned() } else { format!("the parameters {names}") };
        return Err(ExportError::Asked(format!("'{}' takes {names}", query.table)));
    }
    if known.is_empty() {
        return Ok(query.table.clone());
    }
    let assigned = known.iter().map(|(name, kind)| format!("{name} = {{{}:{kind}}}", parameter(name)));
    Ok(format!("{}({})", query.table, assigned.collect::<Vec<_>>().join(", ")))
}

/// A view's parameter among our own.
fn parameter(name: &str) -> String {
    format!("view_{name}")
}

fn time_column<'a>(query: &ExportQuery, columns: &'a [Column]) -> Result<&'a Column, ExportError> {
    let is_time = |column: &&Column| column.kind.contains("DateTime") && !column.kind.starts_with("Array");
    let times = || columns.iter().filter(is_time);
    let found = match &query.time_column {
        Some(name) => times().find(|column| column.name == *name),
        None => TIME_COLUMNS
            .iter()
            .find_map(|name| times().find(|column| column.name == *name))
            .or(times().next()),
    };
    found.ok_or_else(|| {
        let known = times().map(|column| &*column.name).collect::<Vec<_>>().join(", ");
        let named = query.time_column.as_deref().map(|name| format!(" '{name}'")).unwrap_or_default();
        let known = if known.is_empty() { "it has none".to_owned() } else { format!("there are {known}") };
        ExportError::Asked(format!("'{}' has no column of moments{named}: {known}", query.table))
    })
}

impl Column {
    fn quoted(&self) -> String {
        format!("`{}`", self.name.replace('\\', "\\\\").replace('`', "\\`"))
    }

    /// As it is selected: words as words and not as the numbers they are kept as; moments, where a zone is asked for, by
    /// its clock and with their offset.
    fn selected(&self, in_zone: bool) -> String {
        let quoted = self.quoted();
        let is_moment = ["DateTime", "Nullable(DateTime"].iter().any(|kind| self.kind.starts_with(kind));
        if in_zone && is_moment {
            let local = format!("toTimeZone(t.{quoted}, {{zone:String}})");
            let offset = format!("timeZoneOffset({local})");
            let two = |number: &str| format!("leftPad(toString({number}), 2, '0')");
            return format!(
                "concat(replaceOne(toString({local}), ' ', 'T'), if({offset} < 0, '-', '+'), {}, ':', {}) AS {quoted}",
                two(&format!("intDiv(abs({offset}), 3600)")),
                two(&format!("intDiv(abs({offset}) % 3600, 60)")),
            );
        }
        let kept_as_number = ["Enum8(", "Enum16(", "UUID"].iter().any(|kind| self.kind.contains(kind));
        match &self.kind {
            kind if kept_as_number && kind.starts_with("Array(") => {
                format!("CAST(t.{quoted} AS Array(String)) AS {quoted}")
            }
            kind if kept_as_number && kind.starts_with("Nullable(") => {
                format!("CAST(t.{quoted} AS Nullable(String)) AS {quoted}")
            }
            _ if kept_as_number => format!("CAST(t.{quoted} AS String) AS {quoted}"),
            _ => format!("t.{quoted} AS {quoted}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(columns: &[(&str, &str)]) -> Vec<Column> {
        columns
            .iter()
            .map(|(name, kind)| Column { name: (*name).to_owned(), kind: (*kind).to_owned() })
            .collect()
    }

    fn statement(query: &ExportQuery, table: &Table, columns: &[Column]) -> Result<String, ExportError> {
        let source = source(query, table)?;
        super::statement(&Asker::everyone(), query, table, &source, columns, "subject, start_time")
    }

    fn table(engine: &str) -> Table {
        Table {
            name: "window".to_owned(),
            engine: engine.to_owned(),
            sorting_key: "subject, start_time".to_owned(),
            as_select: String::new(),
        }
    }

    fn query(table: &str) -> ExportQuery {
        ExportQuery { table: table.to_owned(), from: Some(1), to: Some(2), ..ExportQuery::default() }
    }

    #[test]
    fn facts_are_taken_up_to_the_last_commit_and_a_view_as_it_is() {
        let columns = columns(&[
            ("subject", "LowCardinality(String)"),
            ("start_time", "DateTime64(3, 'UTC')"),
            ("kind", "Enum8('hour' = 1)"),
            ("epoch", "UInt64"),
            ("chunk", "UInt16"),
        ]);
        let asked = ExportQuery { subject: Some("x".to_owned()), ..query("window") };
        let from_table = statement(&asked, &table("ReplicatedMergeTree"), &columns).unwrap();
        assert!(from_table.contains("t.epoch <= (SELECT last_epoch FROM committed)"), "{from_table}");
        assert!(from_table.contains("t.`start_time` >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')"));
        assert!(from_table.contains("t.`subject` = {subject:String}"));
        assert!(from_table.contains("CAST(t.`kind` AS String) AS `kind`"));
        assert!(from_table.ends_with("ORDER BY t.`subject`, t.`start_time`"));
        let view = Table { sorting_key: String::new(), ..table("View") };
        let from_view = statement(&asked, &view, &columns).unwrap();
        assert!(!from_view.contains("committed"), "{from_view}");
        assert!(from_view.ends_with("ORDER BY t.`subject`, t.`start_time`"), "{from_view}");
    }

    #[test]
    fn a_view_with_parameters_is_asked_with_all_of_them_and_no_others() {
        let as_select =
            "SELECT a FROM b(c = {known_at:DateTime64(3, 'UTC')}) WHERE d <= {known_at:DateTime64(3, 'UTC')}";
        let view = Table { as_select: as_select.to_owned(), ..table("View") };
        let columns = columns(&[("subject", "String")]);
        let asked = |parameters: &[(&str, &str)]| {
            let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let query = ExportQuery {
                table: "window_known_at".to_owned(),
                parameters: parameters.collect(),
                ..ExportQuery::default()
            };
            statement(&query, &view, &columns)
        };
        let statement = asked(&[("known_at", "x")]).unwrap();
        let source = "FROM window_known_at(known_at = {view_known_at:DateTime64(3, 'UTC')}) AS t";
        assert!(statement.contains(source), "{statement}");
        for wrong in [&[][..], &[("other", "x")], &[("known_at", "x"), ("other", "x")]] {
            let said = asked(wrong).unwrap_err().to_string();
            assert!(said.contains("known_at (DateTime64(3, 'UTC'))"), "{said}");
        }
    }

    #[test]
    fn safe_a_column_name_cannot_leave_its_quotes() {
        let columns = columns(&[("a`; DROP TABLE x; --\\", "String")]);
        let asked = ExportQuery { table: "window".to_owned(), ..ExportQuery::default() };
        let statement = statement(&asked, &table("View"), &columns).unwrap();
        assert!(!statement.contains("ORDER BY"), "{statement}");
        assert!(statement.starts_with("SELECT t.`a\\`; DROP TABLE x; --\\\\` AS"), "{statement}");
    }

    #[test]
    fn what_a_table_does_not_have_is_said_with_what_it_has() {
        let columns = columns(&[("day", "Date"), ("at", "DateTime64(3, 'UTC')"), ("seen", "DateTime")]);
        let asked = ExportQuery { time_column: Some("day".to_owned()), ..query("window") };
        let said = statement(&asked, &table("View"), &columns).unwrap_err().to_string();
        assert!(said.contains("'day'") && said.contains("at, seen"), "{said}");
        let asked = ExportQuery { indicator: Some("pm25".to_owned()), ..query("window") };
        assert!(statement(&asked, &table("View"), &columns).unwrap_err().to_string().contains("indicator"));
        let asked = ExportQuery { time_column: Some("seen".to_owned()), ..query("window") };
        assert!(statement(&asked, &table("View"), &columns).unwrap().contains("t.`seen` <"));
    }
}
