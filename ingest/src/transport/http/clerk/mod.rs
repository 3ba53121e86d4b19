//! The page on which clerks report: `/upload`, on the listener of senders.
//!
//! A clerk logs in as a sender, by the name and the secret that programs use for a token, sees the forms that this sender
//! may report, takes an empty workbook home, brings a file, and sees what became of it: what is wrong beside its cell, what
//! changed, what came before. All of it is the receipt of the flow; nothing is judged here, and a file that is brought to
//! this page is pushed as one that a program pushes.
//!
//! * A session is a random identifier in a cookie that no script sees and no other site's page makes a browser send
//!   (`HttpOnly`, `SameSite=Strict`; `Secure` where the page is reached by TLS). It is kept in memory: a restart asks for
//!   the secret again. It ends when it is not used, after a working day, when the sender is removed, and when its secret is
//!   another ([`sessions`]).
//! * What changes something is taken from this page's script alone ([`same_origin`]).
//! * The page is three files without a build step, embedded in the binary ([`page`]); it loads nothing from elsewhere, and
//!   what a file says reaches it as text, never as markup (SAFE).
//! * A sender sees its own reports only.

mod forms;
mod marked;
mod names;
mod owed;
mod page;
mod reports;
mod same_origin;
mod session;
mod sessions;
mod story;
mod upload;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::map_response,
    response::{Redirect, Response},
    routing::{get, post},
};
use ioc_model::pack::{Feed, FormatName, Pack};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::sessions::{Sessions, session_of};
pub(super) use self::upload::file_name;
use super::{HttpPush, problem::Problem};
use crate::senders::Sender;

/// Log-ins that wait for the authenticator at once; who comes beyond them is told to come later.
const AT_THE_DOOR: usize = 16;
/// Workbooks that are read or written for clerks at once.
const AT_WORK: usize = 2;

/// What the page keeps.
#[derive(Debug)]
pub(super) struct Clerks {
    sessions: Sessions,
    at_the_door: Semaphore,
    at_work: Arc<Semaphore>,
}

impl Default for Clerks {
    fn default() -> Clerks {
        Clerks {
            sessions: Sessions::default(),
            at_the_door: Semaphore::new(AT_THE_DOOR),
            at_work: Arc::new(Semaphore::new(AT_WORK)),
        }
    }
}

/// The page and what it asks for.
pub(super) fn router() -> Router<Arc<HttpPush>> {
    Router::new()
        .route("/", get(async || Redirect::to("/upload")))
        .route("/upload", get(page::page))
        .route("/upload/assets/{file}", get(page::asset))
        .route("/upload/session", get(session::who).post(session::log_in).delete(session::log_out))
        .route("/upload/owed", get(owed::owed))
        .route("/upload/template", get(forms::template))
        .route("/upload/feeds/{feed}", post(upload::upload))
        .route("/upload/reports", get(reports::list))
        .route("/upload/reports/{position}", get(story::story))
        .route("/upload/reports/{position}/marked", get(marked::marked))
        .layer(map_response(guarded))
}

/// Whether what came by a feed may be shown again to whoever sent it, cell by cell or as a file with marks. The one place
/// that decides it.
fn may_be_shown_again(feed: &Feed) -> bool {
    // Of what tells of persons there is no original to show.
    feed.format == FormatName::Table && !feed.personal
}

/// The feeds of reports to which a sender may push.
fn feeds_of<'a>(sender: &'a Sender, pack: &'a Pack) -> impl Iterator<Item = &'a Feed> {
    let pushed = |feed: &&Feed| feed.transport == ioc_model::pack::Transport::Http && feed.format.is_report();
    pack.feeds.values().filter(pushed).filter(|feed| sender.may_send_to(&feed.id))
}

impl HttpPush {
    /// The sender whose session a request is of.
    async fn clerk(&self, headers: &HeaderMap) -> Result<Arc<Sender>, Problem> {
        let session = session_of(headers).and_then(|id| self.clerks.sessions.find(id, Instant::now()));
        let (name, seal) = session.ok_or(Problem::NotLoggedIn)?;
        // Removed since, or with another secret: whoever has the old one is somebody else.
        match self.authenticator.sealed(&name).await {
            Some((sender, of_now)) if of_now == seal => Ok(sender),
            _ => Err(Problem::NotLoggedIn),
        }
    }

    fn pack(&self) -> Arc<Pack> {
        self.routes.borrow().pack().clone()
    }

    /// Room for what takes a while, of which only so much is done at once. Whoever has none holds no file meanwhile.
    async fn room(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let room = self.clerks.at_work.clone().acquire_owned();
        let room = tokio::time::timeout(Duration::from_millis(self.limits.idle_ms), room).await;
        room.map_err(|_| Problem::BUSY)?.map_err(|_| Problem::BUSY)
    }

    /// Does what takes a while.
    async fn at_work<T: Send + 'static>(
        &self,
        room: OwnedSemaphorePermit,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        // Whoever goes away meanwhile makes no room: the work goes on.
        let work = move || {
            let _room = room;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "what was done for a clerk's page was cut short");
            Problem::BUSY
        })
    }
}

/// Nothing from elsewhere, in nobody's frame, kept by nobody on the way.
async fn guarded(mut response: Response) -> Response {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                          base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value| {
        let _ = headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(header::CACHE_CONTROL, "no-store");
    response
}
