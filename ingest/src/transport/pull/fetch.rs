//! The loop of a source: ask on schedule, append, advance the cursor, and back off when it fails.
//!
//! What one answer brought is a chunk; the cursor moves when the log says durable and not before, and the next answer is
//! asked for behind it. Where the source says that more is ready it is asked at once, else at its next turn. The log's
//! back-pressure holds the loop, so a backlog of years is fetched as fast as it is stored (invariants ACK, BOUND, ONCE).

use std::{future::Future, sync::Arc, time::Duration};

use ioc_bus::{AppendError, ChunkBuilder};
use ioc_model::time::Now;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::{BackOff, Cursor, Patience, Progress, Schedule, progress::now};
use crate::intake::{Intake, SenderLine};

/// What is asked instead of sending.
pub trait Source: Send {
    /// What is read, with all that makes it another: address, query. The cursor is of this.
    fn name(&self) -> &str;

    /// Reads on behind a place; from the beginning where there is none.
    ///
    /// # Errors
    /// If it does not answer, or what it answers is none: it is asked again later, for the same.
    fn fetch(&mut self, behind: Option<&str>) -> impl Future<Output = Result<Fetched, CannotFetch>> + Send;

    /// A place in words that an operator knows.
    fn told(&self, place: &str) -> String {
        place.to_owned()
    }
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
    /// Where it ends a pass over all there is: when that began.
    pub passed: Option<Now>,
}

/// A source did not answer as it should: why, in both languages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{en}")]
pub struct CannotFetch {
    /// Tiếng Việt.
    pub vi: String,
    /// English.
    pub en: String,
    /// It does not heal by itself: an operator's to mend. It is asked again all the same.
    pub is_fault: bool,
}

impl CannotFetch {
    /// In the words of the source, which are what they are.
    pub fn said(words: impl Into<String>) -> CannotFetch {
        let words = words.into();
        CannotFetch { vi: format!("nguồn trả lời: {words}"), en: words, is_fault: false }
    }

    /// Something that may heal.
    pub fn told(vi: impl Into<String>, en: impl Into<String>) -> CannotFetch {
        CannotFetch { vi: vi.into(), en: en.into(), is_fault: false }
    }

    /// Something that an operator must mend.
    pub fn fault(vi: impl Into<String>, en: impl Into<String>) -> CannotFetch {
        CannotFetch { is_fault: true, ..CannotFetch::told(vi, en) }
    }
}

/// How a source is read.
#[derive(Debug)]
pub struct Pull {
    /// Where its envelopes go.
    pub intake: Intake,
    /// As whom.
    pub line: SenderLine,
    /// How far it is.
    pub cursor: Cursor,
    /// When it is asked.
    pub schedule: Schedule,
    /// When it is asked again behind a failure.
    pub patience: Patience,
    /// What is said and counted of it.
    pub progress: Arc<Progress>,
}

/// Between two attempts to keep a cursor.
const KEPT_AGAIN: Duration = Duration::from_secs(1);

impl Pull {
    /// Reads a source until `stop` fires: what is being appended then is waited for. Begins at once, since what came while
    /// nobody asked is older than what comes at the next turn.
    ///
    /// # Errors
    /// If the log takes no more, which is said of the source, too. What was fetched by then is fetched again at the next
    /// start.
    pub async fn run(mut self, mut source: impl Source, stop: CancellationToken) -> Result<(), AppendError> {
        let mut back_off = BackOff::new(self.patience);
        let mut circle = Circle::default();
        // Since when it answers; none while it does not. A source is thought to answer until it does not.
        let mut answers = Some(Instant::now());
        loop {
            self.progress.asks();
            let asked = tokio::select! {
                asked = source.fetch(self.cursor.place()) => asked,
                () = stop.cancelled() => return Ok(()),
            };
            let asked = asked.and_then(|fetched| circle.checked(self.cursor.place(), fetched));
            let pause = match asked {
                Ok(fetched) => {
                    if answers.is_none() {
                        tracing::info!(source = source.name(), "the source answers again");
                    }
                    let _since = answers.get_or_insert_with(Instant::now);
                    let (more, passed) = (fetched.more, fetched.passed);
                    let told = source.told(&fetched.place);
                    self.keep(fetched, &stop)
                        .await
                        .inspect_err(|error| self.progress.failed(&ended(error)))?;
                    self.progress.answered(told, passed);
                    if more { Duration::ZERO } else { self.schedule.pause(millis()) }
                }
                Err(error) => {
                    self.progress.failed(&error);
                    match answers {
                        Some(_) if error.is_fault => {
                            tracing::error!(source = source.name(), %error, "cannot fetch: mend it; asking again");
                        }
                        Some(_) => {
                            tracing::warn!(source = source.name(), %error, "cannot fetch: asking again")
                        }
                        None => {}
                    }
                    back_off.pause_after(answers.take().map_or(Duration::ZERO, |since| since.elapsed()))
                }
            };
            if !pause.is_zero() {
                self.progress.waits(pause);
            }
            if timeout(pause, stop.cancelled()).await.is_ok() {
                return Ok(());
            }
        }
    }

    /// Appends what was fetched, and goes on to the place behind it. Where that cannot be kept, nothing further is asked
    /// for until it can.
    async fn keep(&mut self, fetched: Fetched, stop: &CancellationToken) -> Result<(), AppendError> {
        let Fetched { mut chunk, place, .. } = fetched;
        let envelopes = u64::from(chunk.len());
        if envelopes == 0 {
            self.cursor.pass(place);
            return Ok(());
        }
        let appended = self.intake.hand_over(&self.line, &mut chunk).await?.await?;
        fail::fail_point!("pull_before_cursor", |_| std::process::abort());
        let mut said = false;
        while let Err(error) = self.cursor.advance(&appended, &place).await {
            self.progress.failed(&CannotFetch::fault(
                format!("không lưu được con trỏ: {error}"),
                format!("how far it was read cannot be kept: {error}"),
            ));
            if !std::mem::replace(&mut said, true) {
                tracing::error!(%error, "cannot keep how far a source was read: trying again");
            }
            if timeout(KEPT_AGAIN, stop.cancelled()).await.is_ok() {
                return Ok(());
            }
        }
        self.progress.counters().envelopes.add(envelopes);
        Ok(())
    }
}

/// Finds out that a source which always has more comes by the same places again, however many there are (Brent's
/// algorithm): it would be asked without a pause for ever.
#[derive(Debug, Default)]
struct Circle {
    seen: Option<String>,
    steps: u32,
    limit: u32,
}

impl Circle {
    fn checked(&mut self, behind: Option<&str>, fetched: Fetched) -> Result<Fetched, CannotFetch> {
        if !fetched.more {
            *self = Circle::default();
            return Ok(fetched);
        }
        if [self.seen.as_deref(), behind].contains(&Some(&*fetched.place)) {
            *self = Circle::default();
            return Err(CannotFetch::fault(
                "nguồn báo còn dữ liệu nhưng lại quay về chỗ đã đọc",
                "it says that more is ready, and is at a place again that was read",
            ));
        }
        self.steps += 1;
        if self.steps > self.limit {
            *self = Circle { seen: Some(fetched.place.clone()), steps: 0, limit: 2 * self.limit + 1 };
        }
        Ok(fetched)
    }
}

/// Nothing is fetched any more.
pub(crate) fn ended(error: &AppendError) -> CannotFetch {
    CannotFetch::fault(
        format!("nhật ký không ghi thêm được, nguồn không được hỏi nữa: {error}"),
        format!("the log takes no more, and nothing more is asked: {error}"),
    )
}

/// What takes too long has gone.
pub(crate) async fn within<T>(
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

/// Milliseconds since 1970.
fn millis() -> u64 {
    u64::try_from(now().0).unwrap_or_default()
}
