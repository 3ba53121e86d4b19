//! One connection to a database, whichever speaks.

use std::{fmt::Debug, future::Future, sync::Arc, time::Duration};

use ioc_model::pack::{SqlAddress, SqlEngine};
use jiff::Timestamp;
use tokio_rustls::rustls::ClientConfig;

use super::{
    answer::{Answer, Question},
    login::Login,
    moment,
    mysql::{self, MySql},
    place::Open,
    postgres::{self, Postgres},
    statements::Statements,
};
use crate::transport::pull::{CannotFetch, fetch::within};

/// Between what is seen and who is asked for: InnoDB tells of its transactions as they were a tenth of a second ago, and
/// whoever has taken a number has begun to write by then.
const SETTLES: Duration = Duration::from_millis(250);

/// A number has no clock that says whether it may be. So many rows at the end are read again at each turn: what follows
/// in order lies before those that somebody gave by hand.
const GIVEN_BY_HAND: u32 = 100;

/// What is asked for at once is held in memory: bytes of values.
pub(super) const MOST_BYTES: usize = 32 << 20;

/// A database that is asked.
pub(super) trait Asks: Debug + Send + Sync + Sized {
    /// How it is reached.
    type Reached: Debug + Send + Sync;

    /// How long it takes until whoever may write behind what is seen is told of.
    const SETTLES: Duration;
    /// How many rows at the end of a table that is read on by a number may have been given theirs by hand.
    const GIVEN_BY_HAND: u32;

    fn connect(reached: &Self::Reached) -> impl Future<Output = Result<Self, CannotFetch>> + Send;

    /// Asks for rows.
    fn ask(
        &mut self,
        statements: &Statements,
        question: Question<'_>,
        most_bytes: usize,
    ) -> impl Future<Output = Result<Answer, CannotFetch>> + Send;

    /// Which transactions are open, as far as the account may see that, and whether it may.
    fn open(&mut self) -> impl Future<Output = Result<(Open, bool), CannotFetch>> + Send;

    /// What time it is there.
    fn clock(&mut self) -> impl Future<Output = Result<Timestamp, CannotFetch>> + Send;
}

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

impl Asks for Database {
    type Reached = Reached;

    const SETTLES: Duration = SETTLES;
    const GIVEN_BY_HAND: u32 = GIVEN_BY_HAND;

    async fn connect(reached: &Reached) -> Result<Database, CannotFetch> {
        let engine = async {
            Ok(match reached.address.engine {
                SqlEngine::Postgres => Engine::Postgres(Postgres::connect(reached).await?),
                SqlEngine::MySql => Engine::MySql(Box::new(MySql::connect(reached).await?)),
            })
        };
        Ok(Database { engine: within(reached.patience, engine).await?, patience: reached.patience })
    }

    async fn ask(
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

    async fn open(&mut self) -> Result<(Open, bool), CannotFetch> {
        let open = async {
            match &mut self.engine {
                Engine::Postgres(postgres) => postgres.open().await,
                Engine::MySql(mysql) => mysql.open().await,
            }
        };
        within(self.patience, open).await
    }

    async fn clock(&mut self) -> Result<Timestamp, CannotFetch> {
        let answer = async {
            match &mut self.engine {
                Engine::Postgres(postgres) => postgres.ask(postgres::CLOCK, MOST_BYTES).await,
                Engine::MySql(mysql) => mysql.ask(mysql::CLOCK, MOST_BYTES).await,
            }
        };
        let answer = within(self.patience, answer).await?;
        let said = answer.rows.first().and_then(|row| row.first()?.as_ref());
        said.and_then(moment::of)
            .ok_or_else(|| CannotFetch::told("nguồn không cho biết giờ của nó", "it does not tell its clock"))
    }
}
