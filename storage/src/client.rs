//! The way to ClickHouse: one HTTP client, with time-outs on everything.
//!
//! The connector is our own because the `clickhouse` crate's leaves Nagle's algorithm on, which costs every small
//! insert 40 ms. Names of databases are checked to be plain identifiers here, once, so that they may stand in SQL;
//! all other values travel as server-side parameters or inside encoded blocks (invariant SAFE).

use std::{future::Future, sync::Arc, time::Duration};

use clickhouse::{Client, Compression, RowOwned, RowRead, query::Query};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use crate::error::StoreError;

/// Where the store is and who we are to it.
#[derive(Clone)]
pub struct StoreConfig {
    /// `http://host:port`.
    pub url: String,
    /// User.
    pub user: String,
    /// Password.
    pub password: String,
    /// Database: letters, digits, `_`.
    pub database: String,
}

impl std::fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreConfig")
            .field("url", &self.url)
            .field("user", &self.user)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

/// A connection pool to the store. Cheap to clone; nothing is sent until something is asked.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    /// The same without a database, to create it.
    bare: Client,
    database: Arc<str>,
}

/// How long a question may take.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(60);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
// Shorter than any server keeps idle connections, or a request meets a closing one; and short, because a server
// that is stopped waits for idle connections to close.
const IDLE_WITHIN: Duration = Duration::from_secs(1);

impl Store {
    /// Prepares the way to the store.
    ///
    /// # Errors
    /// If the address is not `http://…` or the database's name not an identifier.
    pub fn connect(config: &StoreConfig) -> Result<Store, StoreError> {
        if !config.url.starts_with("http://") {
            return Err(StoreError::Configuration(format!(
                "ClickHouse address '{}' must have the form http://host:port (for TLS put a proxy in front)",
                config.url
            )));
        }
        if !is_identifier(&config.database) {
            return Err(StoreError::Configuration(format!(
                "ClickHouse database '{}' must be letters, digits and _, starting with a letter",
                config.database
            )));
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_keepalive(Some(Duration::from_secs(60)));
        connector.set_connect_timeout(Some(CONNECT_WITHIN));
        let http = HttpClient::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_WITHIN)
            .build(connector);
        let bare = Client::with_http_client(http)
            .with_url(&config.url)
            .with_user(&config.user)
            .with_password(&config.password)
            .with_compression(Compression::None)
            .with_product_info("ioc", env!("CARGO_PKG_VERSION"));
        let client = bare.clone().with_database(&config.database);
        Ok(Store { client, bare, database: config.database.as_str().into() })
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Whether the store answers to our credentials.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let _one: u8 = answer("reach ClickHouse", one(self.bare.query("SELECT 1"))).await?;
        Ok(())
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn bare(&self) -> &Client {
        &self.bare
    }
}

/// Waits for an answer, but not for ever.
pub(crate) async fn answer<T>(
    doing: &str,
    question: impl Future<Output = clickhouse::error::Result<T>>,
) -> Result<T, StoreError> {
    answer_within(ANSWER_WITHIN, doing, question).await
}

/// Waits so long for an answer.
pub(crate) async fn answer_within<T>(
    limit: Duration,
    doing: &str,
    question: impl Future<Output = clickhouse::error::Result<T>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, question).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(cause)) => Err(StoreError::ClickHouse { doing: doing.to_owned(), cause }),
        Err(_) => Err(StoreError::NoAnswer { doing: doing.to_owned(), seconds: limit.as_secs() }),
    }
}

/// The one row of an answer, read to its end: a connection dropped before that is lost to the pool, and the server
/// logs a broken pipe for it.
pub(crate) async fn one<T: RowOwned + RowRead>(question: Query) -> clickhouse::error::Result<T> {
    question.fetch_all().await?.pop().ok_or(clickhouse::error::Error::RowNotFound)
}

pub(crate) fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> StoreConfig {
        StoreConfig {
            url: "http://127.0.0.1:8123".to_owned(),
            user: "ioc".to_owned(),
            password: "secret".to_owned(),
            database: "ioc".to_owned(),
        }
    }

    #[test]
    fn safe_a_database_name_that_could_be_sql_is_refused() {
        let injected = StoreConfig { database: "ioc; DROP DATABASE ioc".to_owned(), ..config() };
        assert!(matches!(Store::connect(&injected), Err(StoreError::Configuration(_))));
        assert!(Store::connect(&config()).is_ok());
    }

    #[test]
    fn safe_a_printed_configuration_does_not_show_the_password() {
        assert!(!format!("{:?}", config()).contains("secret"));
    }
}
