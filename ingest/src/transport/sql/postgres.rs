//! PostgreSQL. Values come as the text that the server itself writes, by the simple protocol; the session says how.

use std::pin::pin;

use futures_util::StreamExt;
use tokio::task::AbortHandle;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, SimpleQueryRow, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    answer::{Answer, Value, ValueKind},
    database::Reached,
    place::{Open, Writing},
};
use crate::transport::pull::CannotFetch;

/// Moments in UTC and with all their digits, floats too; and nothing is changed there.
const SESSION: &str = "SET TIME ZONE 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'iso_8601'; \
    SET extra_float_digits = 1; SET bytea_output = 'hex'; SET standard_conforming_strings = on; \
    SET client_encoding = 'UTF8'; SET default_transaction_isolation = 'read committed'; \
    SET default_transaction_read_only = on";
/// What time it is there.
pub(super) const CLOCK: &str = "SELECT clock_timestamp()";
/// Those that write, which any account is told, and whether this one is told of all the others. In this form every version
/// since 10 knows them.
const WRITING: &str = "SELECT txid_snapshot_xmin(txid_current_snapshot()), \
    txid_snapshot_xmax(txid_current_snapshot()), pg_has_role('pg_read_all_stats', 'USAGE')";
/// All others' in this database, also such as have written nothing yet; of one that the account may not see, nothing but
/// that it is there, and not even of which kind it is. Jobs and subscriptions of the server write, too; who cleans up or
/// sends to a replica does not.
const OPEN: &str = "SELECT pid, xact_start FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid() \
    AND (backend_type IS NULL OR backend_type NOT IN ('autovacuum worker', 'walsender')) \
    AND (xact_start IS NOT NULL OR backend_type IS NULL OR query = '<insufficient privilege>')";

/// A connection.
#[derive(Debug)]
pub(super) struct Postgres {
    client: Client,
    connection: AbortHandle,
    /// Somebody was there of whom the account is told nothing. It stays so while nobody else is at work.
    is_blind: bool,
}

impl Postgres {
    pub(super) async fn connect(reached: &Reached) -> Result<Postgres, CannotFetch> {
        let mut config = Config::new();
        let _set = config
            .host(&reached.address.host)
            .port(reached.address.port)
            .dbname(&reached.address.database)
            .user(&reached.login.user)
            .password(&reached.login.password)
            .application_name("ioc")
            .ssl_mode(if reached.tls.is_some() { SslMode::Require } else { SslMode::Disable });
        let (client, connection) = match &reached.tls {
            Some(tls) => {
                let tls = MakeRustlsConnect::new((**tls).clone());
                let (client, connection) = config.connect(tls).await.map_err(|error| said(&error))?;
                (client, tokio::spawn(async move { ended(connection.await) }).abort_handle())
            }
            None => {
                let (client, connection) = config.connect(NoTls).await.map_err(|error| said(&error))?;
                (client, tokio::spawn(async move { ended(connection.await) }).abort_handle())
            }
        };
        let postgres = Postgres { client, connection, is_blind: false };
        postgres.client.batch_execute(SESSION).await.map_err(|error| said(&error))?;
        Ok(postgres)
    }

    pub(super) async fn ask(&mut self, statement: &str, most_bytes: usize) -> Result<Answer, CannotFetch> {
        let mut answer = Answer::default();
        let messages = self.client.simple_query_raw(statement).await.map_err(|error| said(&error))?;
        let mut messages = pin!(messages);
        let mut bytes = 0;
        while let Some(message) = messages.next().await {
            match message.map_err(|error| said(&error))? {
                SimpleQueryMessage::RowDescription(columns) => {
                    answer.columns = columns.iter().map(|column| column.name().to_owned()).collect();
                }
                // What is not taken any more is let pass, so that the connection can be asked again.
                SimpleQueryMessage::Row(_) if bytes > most_bytes => answer.is_full = true,
                SimpleQueryMessage::Row(row) => {
                    let row = values(&row)?;
                    bytes += row.iter().flatten().map(|value| value.text.len()).sum::<usize>();
                    answer.rows.push(row);
                }
                _ => {}
            }
        }
        Ok(answer)
    }

    pub(super) async fn open(&mut self) -> Result<(Open, bool), CannotFetch> {
        let answer = self.ask(WRITING, usize::MAX).await?;
        let said = |at: usize| answer.rows.first()?.get(at)?.as_ref().map(|value| value.text.as_str());
        let number = |at: usize| -> Option<u64> { said(at)?.parse().ok() };
        let (Some(xmin), Some(xmax)) = (number(0), number(1)) else {
            return Err(CannotFetch::said("it does not tell its snapshot".to_owned()));
        };
        let sees_all = said(2) == Some("t");
        let mut open = Open { writing: Some(Writing { xmin, xmax }), ..Open::default() };
        for row in self.ask(OPEN, usize::MAX).await?.rows {
            match &row[..] {
                [Some(pid), Some(since)] => {
                    let _ = open.held.insert(format!("{}@{}", pid.text, since.text));
                }
                _ => self.is_blind = true,
            }
        }
        Ok((open, sees_all || !self.is_blind))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

fn values(row: &SimpleQueryRow) -> Result<Vec<Option<Value>>, CannotFetch> {
    let value = |at: usize| {
        let text = row.try_get(at).map_err(|error| said(&error))?;
        Ok(text.map(|text| Value { text: text.to_owned(), kind: ValueKind::Text }))
    };
    (0..row.len()).map(value).collect()
}

fn ended(ended: Result<(), tokio_postgres::Error>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to PostgreSQL is lost");
    }
}

/// What the server said, or what went wrong below it: the error alone says `db error`.
fn said(error: &tokio_postgres::Error) -> CannotFetch {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(server), _) => CannotFetch::said(format!("{} ({})", server.message(), server.code().code())),
        (None, Some(below)) => CannotFetch::said(format!("{error}: {below}")),
        (None, None) => CannotFetch::said(error.to_string()),
    }
}
