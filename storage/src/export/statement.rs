//! What ClickHouse is asked for an export: a pure function of what was asked and of what the table is.

use clickhouse::Row;
use ioc_model::asker::Asker;
use serde::Deserialize;

use super::{ExportError, ExportQuery};
use crate::{client::is_identifier, queries::SightConditions, schema::COMMITTED};

#[derive(Clone, Debug, Row, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: String,
}

#[derive(Row, Deserialize)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) engine: String,
    pub(super) sorting_key: String,
    pub(super) as_select: String,
}

impl Table {
    /// Names and types of a view's parameters: `{name:Type}` in its text.
    pub(super) fn parameters(&self) -> Vec<(&str, &str)> {
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
const TIME_COLUMNS: [&str; 11] = [
    "event_time",
    "happened_at",
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

/// The table that a view shows rows of by their own names.
pub(super) fn about(view: &str) -> &str {
    let fact = view.strip_suffix("_current").or_else(|| view.strip_suffix("_known_at")).unwrap_or(view);
    if fact == "index" { "index_value" } else { fact }
}

/// The column that is narrowed: wide views call a subject their station.
pub(super) fn narrowed<'a>(
    query: &ExportQuery,
    columns: &'a [Column],
    word: &str,
) -> Result<&'a Column, ExportError> {
    let find = |name: &str| columns.iter().find(|column| column.name == name);
    find(word)
        .or_else(|| find("station").filter(|_| word == "subject"))
        .ok_or_else(|| ExportError::Asked(format!("'{}' has no column {word}", query.table)))
}

/// What of a table with such columns somebody sees, as a condition behind others.
pub(super) fn shown_to(asker: &Asker, columns: &[Column]) -> String {
    let named = |name: &str| columns.iter().any(|column| column.name == name).then(|| format!("t.{name}"));
    let station = named("subject").or_else(|| named("station"));
    SightConditions::by(asker).and(station.as_deref(), named("feed").as_deref())
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

pub(super) fn statement(
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
pub(super) fn source(query: &ExportQuery, table: &Table) -> Result<String, ExportError> {
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
pub(super) fn parameter(name: &str) -> String {
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
    pub(super) fn quoted(&self) -> String {
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
