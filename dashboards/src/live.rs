//! The live push: server-sent events of what changed, after commit.
//!
//! A browser is a set of dirty tiles (invariant BOUND): its connection remembers the last epoch it was sent and
//! nothing else. When the board's pulse wakes it, it asks what changed since; what changed twice in between is sent
//! once. Nothing is made while the browser does not read, because the stream is only asked when there is room.
//!
//! Events: `hello` first (which page build and pack the server has: another one means reload), `changes` with the epoch as
//! `id`, `heartbeat` at least every few seconds and at once when the system's status changes. The heartbeat is a
//! named event because comments never reach a page's script, and its absence is how a page learns that it is blind
//! (invariant SILENT).

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

use axum::response::sse::Event;
use futures_util::stream::{self, Stream};
use ioc_model::{asker::Asker, epoch::Epoch, text::Text, time::Now};
use prometheus::IntGauge;
use serde::Serialize;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    board::{Board, Pulse, StatusView},
    seats::Seat,
};

/// So many viewers are many.
const MANY: i64 = 250;

/// How often a connection is written to.
#[derive(Clone, Copy, Debug)]
pub struct LivePace {
    /// Changes are gathered for so long where many look on.
    pub gather: Duration,
    /// A heartbeat comes at least so often.
    pub heartbeat: Duration,
    /// How long a browser should wait before it connects again.
    pub retry: Duration,
}

#[derive(Serialize)]
struct Hello<'a> {
    build: &'a str,
    epoch: Epoch,
    now: Now,
    clock_speed: f64,
    replayed: Option<&'a Text>,
}

#[derive(Serialize)]
struct Heartbeat {
    epoch: Epoch,
    now: Now,
    clock_speed: f64,
    status: Option<StatusView>,
}

/// What a browser is told first: another build than it has means that it must load itself anew.
#[derive(Clone, Debug)]
pub struct Greeting {
    /// Of the page and the pack it is shown with.
    pub build: String,
    /// What is replayed, if anything is.
    pub replayed: Option<Text>,
}

/// One browser's connection.
#[derive(Debug)]
pub struct Viewer {
    board: Arc<Board>,
    asker: Asker,
    pulse: watch::Receiver<Pulse>,
    pace: LivePace,
    greeting: Greeting,
    greeted: bool,
    sent: Pulse,
    gathering_until: Instant,
    next_heartbeat: Instant,
    closing: CancellationToken,
    present: Present,
}

/// Counts a viewer for as long as it lives.
#[derive(Debug)]
pub struct Present {
    gauge: IntGauge,
    _seat: Seat,
}

impl Present {
    /// Of a viewer that has a seat.
    #[must_use]
    pub fn new(seat: Seat, gauge: IntGauge) -> Present {
        gauge.inc();
        Present { gauge, _seat: seat }
    }

    fn viewers(&self) -> i64 {
        self.gauge.get()
    }
}

impl LivePace {
    /// The time that changes are gathered for when so many look on: what is sent to one costs little, to a thousand a
    /// core.
    fn gather_for(&self, viewers: i64) -> Duration {
        self.gather * u32::try_from(viewers.clamp(0, MANY)).unwrap_or(0) / u32::try_from(MANY).unwrap_or(1)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

impl Viewer {
    /// A browser that has the picture as of `since`. Whoever asked for it is shown what is theirs for as long as it
    /// stays: another pack ends it.
    #[must_use]
    pub fn new(
        board: Arc<Board>,
        asker: Asker,
        since: Epoch,
        pace: LivePace,
        greeting: Greeting,
        present: Present,
        closing: CancellationToken,
    ) -> Viewer {
        let now = Instant::now();
        Viewer {
            pulse: board.pulse(),
            board,
            asker,
            pace,
            greeting,
            greeted: false,
            sent: Pulse { epoch: since, status: 0 },
            gathering_until: now,
            next_heartbeat: now,
            closing,
            present,
        }
    }

    /// Its events, until the server closes or the browser goes.
    pub fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut viewer| async move {
            let event = viewer.next().await?;
            Some((Ok(event), viewer))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        if !self.greeted {
            self.greeted = true;
            return Some(self.hello());
        }
        loop {
            if self.closing.is_cancelled() {
                return None;
            }
            let due = *self.pulse.borrow_and_update();
            let now = Instant::now();
            let gathered = now >= self.gathering_until;
            if gathered && due.epoch != self.sent.epoch {
                self.gathering_until = now + self.pace.gather_for(self.present.viewers());
                let changes = self.board.changes(&self.asker, self.sent.epoch);
                self.sent.epoch = changes.epoch;
                if !changes.is_empty() {
                    let id = changes.epoch.to_string();
                    return Some(event("changes", &changes).id(id));
                }
            }
            if now >= self.next_heartbeat || (gathered && due.status != self.sent.status) {
                self.sent.status = due.status;
                self.next_heartbeat = now + self.pace.heartbeat;
                return Some(self.heartbeat());
            }
            let dirty = due.epoch != self.sent.epoch || due.status != self.sent.status;
            let wake =
                if dirty { self.next_heartbeat.min(self.gathering_until) } else { self.next_heartbeat };
            tokio::select! {
                () = self.closing.cancelled() => return None,
                () = tokio::time::sleep_until(wake) => {}
                changed = self.pulse.changed(), if !dirty => {
                    if changed.is_err() {
                        return None;
                    }
                }
            }
        }
    }

    fn hello(&self) -> Event {
        let hello = Hello {
            build: &self.greeting.build,
            epoch: self.board.epoch(),
            now: self.board.now(),
            clock_speed: self.board.clock_speed(),
            replayed: self.greeting.replayed.as_ref(),
        };
        event("hello", &hello).retry(self.pace.retry)
    }

    fn heartbeat(&self) -> Event {
        let heartbeat = Heartbeat {
            epoch: self.board.epoch(),
            now: self.board.now(),
            clock_speed: self.board.clock_speed(),
            status: self.board.status(&self.asker),
        };
        event("heartbeat", &heartbeat)
    }
}

/// A named event. What is sent here always has a JSON form; if that ever fails the event comes empty, and the page
/// takes an empty event for a broken connection.
fn event(name: &str, content: &impl Serialize) -> Event {
    Event::default().event(name).data(serde_json::to_string(content).unwrap_or_default())
}

/// The peer of a connection whose address is not known: all such share one.
pub const UNKNOWN_PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
