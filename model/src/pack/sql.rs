//! A feed that is asked of an agency's database: what is read there, and in which order.

use super::{
    FormatName,
    document::Section,
    draft::Draft,
    pulled::{self, read_every, read_overlap},
};
use crate::time::Millis;

const MOST_ROWS: i64 = 100_000;
const USUAL_ROWS: i64 = 1_000;

/// Which database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlEngine {
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    MySql,
}

/// Where a database is. Who logs in there is not the pack's to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlAddress {
    /// Which one speaks.
    pub engine: SqlEngine,
    /// A name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database there.
    pub database: String,
}

/// What is read in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlFeed {
    /// Where it is.
    pub address: SqlAddress,
    /// The rows: a `SELECT` whose columns are the message's.
    pub query: String,
    /// The column by which rows are read on: a number that grows, or the moment of their last change.
    pub by: String,
    /// The columns that make a row one, among those with the same value in `by`; `by` itself where none are named.
    pub key: Vec<String>,
    /// How far back a moment is read once more, for clocks that differ.
    pub overlap: Millis,
    /// Between two turns.
    pub every: Millis,
    /// Rows that are asked for at once.
    pub page: u32,
    /// Reading whole periods again; none where it is not done.
    pub compare: Option<SqlCompare>,
}

/// Whole periods are read again now and then: what no column tells is found so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlCompare {
    /// Between two times.
    pub every: Millis,
    /// The column that says which period a row is of.
    pub period: String,
}

impl SqlEngine {
    const ALL: [SqlEngine; 2] = [SqlEngine::Postgres, SqlEngine::MySql];

    /// Its word in an address.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            SqlEngine::Postgres => "postgres",
            SqlEngine::MySql => "mysql",
        }
    }

    fn port(self) -> u16 {
        match self {
            SqlEngine::Postgres => 5432,
            SqlEngine::MySql => 3306,
        }
    }
}

impl SqlAddress {
    /// Reads `postgres://host:port/database`; none if it is none. The port may be left out.
    #[must_use]
    pub fn parse(text: &str) -> Option<SqlAddress> {
        let (word, rest) = text.split_once("://")?;
        let engine = SqlEngine::ALL.into_iter().find(|engine| engine.word() == word)?;
        let (at, database) = rest.split_once('/')?;
        let (host, port) = match at.strip_prefix('[').and_then(|at| at.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => at.split_once(':').map_or((at, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Some(engine.port()), |port| port.parse().ok().filter(|port| *port > 0))?;
        let is_name = |name: &str| {
            !name.is_empty()
                && !name.contains(['@', '/', '?', '#', '[', ']', '\'', '"'])
                && !name.contains(char::is_whitespace)
        };
        let (host, database) = (host.to_owned(), database.to_owned());
        (is_name(&host) && is_name(&database)).then_some(SqlAddress { engine, host, port, database })
    }
}

impl std::fmt::Display for SqlAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let SqlAddress { engine, host, port, database } = self;
        match host.contains(':') {
            true => write!(f, "{}://[{host}]:{port}/{database}", engine.word()),
            false => write!(f, "{}://{host}:{port}/{database}", engine.word()),
        }
    }
}

/// Reads `transport = { kind = "sql", … }`.
pub(super) fn read(id: &str, table: &mut Section<'_>, format: FormatName) -> SqlFeed {
    if !format.is_columns() {
        let message = format!(
            "{id}: what a database answers is a table, and '{}' is no format of tables (there are: table, sdmx_csv, \
             event_csv)",
            format.word()
        );
        table.fault(table.line_of("kind"), message);
    }
    let line = table.line_of("url");
    let url = table.text("url", "\"postgres://registers.example.vn/bao_cao\"");
    let address = SqlAddress::parse(&url);
    if address.is_none() && !url.is_empty() {
        let message = format!(
            "{id}: '{url}' is no address of a database: write postgres://host:port/database or \
             mysql://host:port/database, without user and password, which lie in databases.toml in the data folder"
        );
        table.fault(line, message);
    }
    let nowhere = SqlAddress {
        engine: SqlEngine::Postgres,
        host: String::new(),
        port: SqlEngine::Postgres.port(),
        database: String::new(),
    };
    let line = table.line_of("query");
    let query = table.text("query", "\"SELECT id, ma_xa, ky, chi_tieu, gia_tri FROM bao_cao\"");
    let query = query.trim().trim_end_matches(';').trim_end().to_owned();
    let first = query.split_whitespace().next().unwrap_or_default();
    if !query.is_empty() && !first.eq_ignore_ascii_case("select") && !first.eq_ignore_ascii_case("with") {
        table.fault(line, format!("{id}: 'query' is one SELECT, without ORDER BY and LIMIT"));
    }
    let by = table.text("by", "\"id\"");
    let mut key: Vec<String> = Vec::new();
    for (line, column) in table.texts("key") {
        if column == by || key.contains(&column) {
            table.fault(line, format!("{id}: 'key': '{column}' is named already"));
        }
        key.push(column);
    }
    let line = table.line_of("overlap");
    let overlap = read_overlap(id, table).unwrap_or(Millis(0));
    if overlap > Millis(0) && key.is_empty() {
        table.fault(
            line,
            format!("{id}: 'overlap' is of a moment, which many rows may have: name their 'key'"),
        );
    }
    let every = read_every(id, table, "every");
    let page = table.optional_integer("page", 1, MOST_ROWS).unwrap_or(USUAL_ROWS);
    let compare =
        table.optional_section("compare", "{ every = \"24h\", period = \"ky\" }").map(|mut compare| {
            let every = read_every(id, &mut compare, "every");
            let period = compare.text("period", "\"ky\"");
            compare.finish();
            SqlCompare { every, period }
        });
    SqlFeed {
        address: address.unwrap_or(nowhere),
        query,
        by,
        key,
        overlap,
        every,
        page: u32::try_from(page).unwrap_or(1),
        compare,
    }
}

/// Forms that are judged of a message as a whole cannot come in pages.
pub(super) fn check_forms(id: &str, section: &Section<'_>, forms: &[String], draft: &Draft) {
    pulled::check_forms(id, section, forms, draft, false, "from a database rows come in pages");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written_and_holds_no_password() {
        for text in
            ["postgres://db.example.vn:5432/bao_cao", "mysql://[::1]:3307/so_lieu", "mysql://10.0.0.7:3306/x"]
        {
            assert_eq!(SqlAddress::parse(text).unwrap().to_string(), text);
        }
        let usual = SqlAddress::parse("mysql://db.example.vn/bao_cao").unwrap();
        assert_eq!((usual.engine, usual.port), (SqlEngine::MySql, 3306));
        for text in [
            "",
            "postgres://db",
            "postgres:///x",
            "postgres://user:secret@db/x",
            "oracle://db/x",
            "mysql://db:0/x",
            "mysql://db:99999/x",
            "postgres://db/x?sslmode=disable",
            "postgres://db/",
        ] {
            assert_eq!(SqlAddress::parse(text), None, "{text}");
        }
    }
}
