//! MySQL and MariaDB. Values come as the text that the server itself writes, by the text protocol; the session says how.

use mysql_async::{
    Column, Conn, Error, OptsBuilder, SslOpts, Value as Sent,
    consts::{ColumnFlags, ColumnType},
    prelude::Queryable,
};

use super::{
    answer::{Answer, Value, ValueKind},
    database::Reached,
    place::Open,
};
use crate::transport::pull::CannotFetch;

/// A moment of type TIMESTAMP is shown in the session's zone, which is UTC whatever the server's is; and nothing is changed
/// there.
const SESSION: [&str; 4] = [
    "SET NAMES utf8mb4",
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION TRANSACTION READ ONLY",
];
/// What time it is there, in UTC.
pub(super) const CLOCK: &str = "SELECT UTC_TIMESTAMP(6)";
/// All others'. By who holds them: one that has only read gets another number when it writes.
const OPEN: &str = "SELECT CONCAT(trx_mysql_thread_id, '@', trx_started) FROM information_schema.innodb_trx \
    WHERE trx_mysql_thread_id <> CONNECTION_ID()";
/// The account lacks a privilege, here PROCESS.
const MAY_NOT: [u16; 3] = [1227, 1142, 1044];
/// The character set of bytes.
const BINARY: u16 = 63;

/// A connection.
#[derive(Debug)]
pub(super) struct MySql {
    connection: Conn,
}

impl MySql {
    pub(super) async fn connect(reached: &Reached) -> Result<MySql, CannotFetch> {
        let tls = reached.login.ca.as_ref().filter(|_| reached.tls.is_some()).map(|ca| {
            SslOpts::default().with_root_certs(vec![ca.clone().into()]).with_disable_built_in_roots(true)
        });
        let options = OptsBuilder::default()
            .ip_or_hostname(reached.address.host.clone())
            .tcp_port(reached.address.port)
            .db_name(Some(reached.address.database.clone()))
            .user(Some(reached.login.user.clone()))
            .pass(Some(reached.login.password.clone()))
            .prefer_socket(false)
            .stmt_cache_size(0)
            .ssl_opts(tls)
            .init(SESSION.to_vec());
        let connection = Conn::new(options).await.map_err(|error| said(&error))?;
        Ok(MySql { connection })
    }

    pub(super) async fn ask(&mut self, statement: &str, most_bytes: usize) -> Result<Answer, CannotFetch> {
        let mut result = self.connection.query_iter(statement).await.map_err(|error| said(&error))?;
        let columns = result.columns().unwrap_or_default();
        let mut answer = Answer {
            columns: columns.iter().map(|column| column.name_str().into_owned()).collect(),
            ..Answer::default()
        };
        let mut bytes = 0;
        while let Some(row) = result.next().await.map_err(|error| said(&error))? {
            // What is not taken any more is let pass, so that the connection can be asked again.
            if bytes > most_bytes {
                answer.is_full = true;
                continue;
            }
            let values: Vec<Option<Value>> =
                row.unwrap().into_iter().zip(columns.iter()).map(value).collect::<Result<_, _>>()?;
            bytes += values.iter().flatten().map(|value| value.text.len()).sum::<usize>();
            answer.rows.push(values);
        }
        Ok(answer)
    }

    pub(super) async fn open(&mut self) -> Result<(Open, bool), CannotFetch> {
        match self.connection.query::<String, _>(OPEN).await {
            Ok(held) => Ok((Open { held: held.into_iter().collect(), writing: None }, true)),
            Err(Error::Server(server)) if MAY_NOT.contains(&server.code) => Ok((Open::default(), false)),
            Err(error) => Err(said(&error)),
        }
    }
}

fn value((sent, column): (Sent, &Column)) -> Result<Option<Value>, CannotFetch> {
    let text = match sent {
        Sent::NULL => return Ok(None),
        Sent::Bytes(bytes) => String::from_utf8(bytes).map_err(|_| {
            CannotFetch::said(format!("column '{}' holds bytes and no text", column.name_str()))
        })?,
        // Only the binary protocol sends others.
        other => other.as_sql(true),
    };
    Ok(Some(Value { text, kind: kind(column) }))
}

fn kind(column: &Column) -> ValueKind {
    match column.column_type() {
        ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2 => ValueKind::Utc,
        of if of.is_numeric_type() && is_digits(column) => ValueKind::Number,
        _ => ValueKind::Text,
    }
}

/// A number that is sent as digits; `BIT` and `ZEROFILL` are none that may be written so.
fn is_digits(column: &Column) -> bool {
    column.character_set() == BINARY
        && column.column_type() != ColumnType::MYSQL_TYPE_BIT
        && !column.flags().contains(ColumnFlags::ZEROFILL_FLAG)
}

fn said(error: &Error) -> CannotFetch {
    match error {
        Error::Server(server) => CannotFetch::said(format!("{} ({})", server.message, server.code)),
        other => CannotFetch::said(other.to_string()),
    }
}
