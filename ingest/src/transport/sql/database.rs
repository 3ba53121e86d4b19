//! One connection to a database, whichever speaks.

use std::{sync::Arc, time::Duration};

use ioc_model::pack::{SqlAddress, SqlEngine};
use tokio::time::timeout;
use tokio_rustls::rustls::ClientConfig;

use super::{
    answer::{Answer, Question},
    login::Login,
    mysql::MySql,
    place::Open,
    postgres::Postgres,
    statements::Statements,
};
use crate::transport::pull::CannotFetch;

/// What is asked for at once is held in memory: bytes of values.
pub(super) const MOST_BYTES: usize = 32 << 20;

/// How a database is reached.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    pub(super) address: SqlAddress,
    pub(super) login: Login,
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// What does not answer for so long has gone.
    pub(super) patience: Duration,
}

/// A connection. It reads, and cannot write.
#[derive(Debug)]
pub(super) struct Database {
    engine: Engine,
    patience: Duration,
}

#[derive(Debug)]
enum Engine {
    Postgres(Postgres),
    MySql(Box<MySql>),
}

impl Database {
    pub(super) async fn connect(reached: &Reached) -> Result<Database, CannotFetch> {
        let engine = async {
            Ok(match reached.address.engine {
                SqlEngine::Postgres => Engine::Postgres(Postgres::connect(reached).await?),
                SqlEngine::MySql => Engine::MySql(Box::new(MySql::connect(reached).await?)),
            })
        };
        Ok(Database { engine: within(reached.patience, engine).await?, patience: reached.patience })
    }

    /// Asks for rows.
    pub(super) async fn ask(
        &mut self,
        statements: &Statements,
        question: Question<'_>,
        most_bytes: usize,
    ) -> Result<Answer, CannotFetch> {
        let statement = statements.write(question);
        let most = statements.most(question);
        let answer = async {
            match &mut self.engine {
                Engine::Postgres(postgres) => postgres.ask(&statement, most_bytes).await,
                Engine::MySql(mysql) => mysql.ask(&statement, most_bytes).await,
            }
        };
        let mut answer = within(self.patience, answer).await?;
        answer.is_full |= most.is_some_and(|most| answer.rows.len() >= most);
        Ok(answer)
    }

    /// Which transactions are open, as far as the account may see that, and whether it may.
    pub(super) async fn open(&mut self) -> Result<(Open, bool), CannotFetch> {
        let open = async {
            match &mut self.engine {
                Engine::Postgres(postgres) => postgres.open().await,
                Engine::MySql(mysql) => mysql.open().await,
            }
        };
        within(self.patience, open).await
    }
}

async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, CannotFetch>>,
) -> Result<T, CannotFetch> {
    timeout(patience, answer).await.unwrap_or_else(|_| {
        let seconds = patience.as_secs();
        Err(CannotFetch::told(
            format!("không trả lời trong {seconds} giây"),
            format!("no answer within {seconds} s"),
        ))
    })
}
