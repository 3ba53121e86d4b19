//! The loop of a source: ask on schedule, append, advance the cursor, and back off when it fails.
//!
//! What one answer brought is a chunk; the cursor moves when the log says durable and not before, and the next answer is
//! asked for behind it. Where the source says that more is ready it is asked at once, else at its next turn. The log's
//! back-pressure holds the loop, so a backlog of years is fetched as fast as it is stored (invariants ACK, BOUND, ONCE).

use std::{future::Future, sync::Arc, time::Duration};

use ioc_bus::{AppendError, ChunkBuilder, clock::Clock};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{BackOff, Cursor, CursorError, Patience, PullCounters, Schedule};
use crate::intake::{Intake, Line};

/// What is asked instead of sending.
pub trait Source: Send {
    /// What is read, with all that makes it another: address, query. The cursor is of this.
    fn name(&self) -> &str;

    /// Reads on behind a place; from the beginning where there is none.
    ///
    /// # Errors
    /// If it does not answer, or what it answers is none: it is asked again later, for the same.
    fn fetch(&mut self, behind: Option<&str>) -> impl Future<Output = Result<Fetched, CannotFetch>> + Send;
}

/// An answer.
#[derive(Debug)]
pub struct Fetched {
    /// What it brought, as envelopes; there may be none.
    pub chunk: ChunkBuilder,
    /// The place behind it. Must not lie behind anything that may still come with a place before it.
    pub place: String,
    /// More is ready.
    pub more: bool,
}

/// A source did not answer as it should.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CannotFetch(pub String);

/// Why nothing is fetched any more: for the operator to mend.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The log takes no more.
    #[error(transparent)]
    Log(#[from] AppendError),
    /// How far it is cannot be kept.
    #[error(transparent)]
    Cursor(#[from] CursorError),
}

/// How a source is read.
#[derive(Debug)]
pub struct Pull {
    /// Where its envelopes go.
    pub intake: Intake,
    /// As whom.
    pub line: Line,
    /// How far it is.
    pub cursor: Cursor,
    /// When it is asked.
    pub schedule: Schedule,
    /// When it is asked again behind a failure.
    pub patience: Patience,
    /// What is counted.
    pub counters: Arc<PullCounters>,
}

impl Pull {
    /// Reads a source until `stop` fires. Begins at once: what came while nobody asked is fetched first.
    ///
    /// # Errors
    /// If the log takes no more, or the cursor cannot be kept. What was fetched by then is fetched again at the next
    /// start.
    pub async fn run(mut self, mut source: impl Source, stop: CancellationToken) -> Result<(), PullError> {
        let mut back_off = BackOff::new(self.patience);
        // Whether the answer before was one, so that it is said once that a source is away.
        let mut answered = true;
        loop {
            let asked = tokio::select! {
                asked = source.fetch(self.cursor.place()) => asked,
                () = stop.cancelled() => return Ok(()),
            };
            self.counters.asked.one();
            let asked = match asked {
                Ok(fetched) if fetched.more && self.cursor.place() == Some(&fetched.place) => {
                    Err(CannotFetch(format!("it says that more is ready, and stays at '{}'", fetched.place)))
                }
                asked => asked,
            };
            let pause = match asked {
                Ok(fetched) => {
                    if !std::mem::replace(&mut answered, true) {
                        tracing::info!(source = source.name(), "the source answers again");
                    }
                    back_off = BackOff::new(self.patience);
                    let more = fetched.more;
                    tokio::select! {
                        kept = self.keep(source.name(), fetched) => kept?,
                        () = stop.cancelled() => return Ok(()),
                    }
                    if more { Duration::ZERO } else { self.schedule.pause(now()) }
                }
                Err(error) => {
                    self.counters.failed.one();
                    if std::mem::replace(&mut answered, false) {
                        tracing::warn!(source = source.name(), %error, "cannot fetch: asking again");
                    }
                    back_off.pause_after(Duration::ZERO)
                }
            };
            self.counters.away.set(u64::from(!answered));
            if timeout(pause, stop.cancelled()).await.is_ok() {
                return Ok(());
            }
        }
    }

    /// Appends what was fetched, and goes on to the place behind it.
    async fn keep(&mut self, source: &str, fetched: Fetched) -> Result<(), PullError> {
        let Fetched { mut chunk, place, .. } = fetched;
        let envelopes = u64::from(chunk.len());
        if envelopes == 0 {
            self.cursor.pass(source, place);
            return Ok(());
        }
        let appended = self.intake.hand_over(&self.line, &mut chunk).await?.await?;
        pulled();
        self.cursor.advance(&appended, source, place)?;
        self.counters.envelopes.add(envelopes);
        Ok(())
    }
}

/// Milliseconds since 1970 on the machine's clock: sources live on it, also beside a demo.
fn now() -> u64 {
    u64::try_from(Clock::Machine.now().0).unwrap_or_default()
}

/// The stopping point `pull_before_cursor`: on the log, and the cursor does not know yet.
fn pulled() {
    fail::fail_point!("pull_before_cursor", |_| std::process::abort());
}
