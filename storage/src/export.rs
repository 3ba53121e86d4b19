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
use serde::Deserialize;

use crate::{
    client::{Store, answer, is_identifier},
    error::StoreError,
    schema::COMMITTED,
};

/// The forms ClickHouse writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Apache Parquet, zstd.
    Parquet,
    /// Comma-separated with a line of names; times in ISO 8601.
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
    /// Starts an export.
    ///
    /// # Errors
    /// If the table or a column is not there, or ClickHouse refuses.
    pub async fn export(&self, query: &ExportQuery, format: ExportFormat) -> Result<Export, ExportError> {
        let table = self.table(&query.table).await?;
        let source = source(query, &table)?;
        let columns = match table.parameters().is_empty() {
            true => self.columns(&query.table).await?,
            // The system's list has none for them.
            false => self.described(query, &source).await?,
        };
        let statement = statement(query, &table, &source, &columns)?;
        let mut asked = with_parameters(self.client().query(&statement), query);
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
            ExportFormat::Csv => ("CSVWithNames", "date_time_output_format", "iso"),
        };
        // However long it takes: whoever waits sees it move, and may end it.
        let asked = asked.with_setting(setting, value).with_setting("max_execution_time", "0");
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

fn statement(
    query: &ExportQuery,
    table: &Table,
    source: &str,
    columns: &[Column],
) -> Result<String, ExportError> {
    let has = |name: &str| columns.iter().any(|column| column.name == name);
    let selected: Vec<String> = columns.iter().map(Column::selected).collect();
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
        if asked.is_none() {
            continue;
        }
        if !has(name) {
            return Err(ExportError::Asked(format!("'{}' has no column {name}", query.table)));
        }
        conditions.push(format!("t.{name} = {{{name}:String}}"));
    }
    let mut statement = format!("SELECT {} FROM {source} AS t", selected.join(", "));
    if !conditions.is_empty() {
        statement += &format!(" WHERE {}", conditions.join(" AND "));
    }
    // In the table's own order, which costs a merge and no sorting; a view has its own.
    if is_table && !table.sorting_key.is_empty() {
        statement += &format!(" ORDER BY {}", table.sorting_key);
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

    /// As it is selected: words as words and not as the numbers they are kept as.
    fn selected(&self) -> String {
        let quoted = self.quoted();
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
        super::statement(query, table, &source(query, table)?, columns)
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
        assert!(from_table.contains("t.subject = {subject:String}"));
        assert!(from_table.contains("CAST(t.`kind` AS String) AS `kind`"));
        assert!(from_table.ends_with("ORDER BY subject, start_time"));
        let from_view = statement(&asked, &table("View"), &columns).unwrap();
        assert!(!from_view.contains("committed") && !from_view.contains("ORDER BY"), "{from_view}");
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
        assert!(statement.ends_with(source), "{statement}");
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
