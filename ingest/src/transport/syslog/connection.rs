//! One connection by TCP or TLS, from its first byte to its end.
//!
//! A read becomes a chunk, and nothing more is read before it is durable: while the log is full or the source has had its
//! share, TCP slows the sender (invariant BOUND), and what dies with this process is one read and what the system holds.
//! Syslog has no acknowledgement that could say so.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Buf, BytesMut};
use ioc_bus::ChunkBuilder;
use ioc_model::attribute::Attribute;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    task::coop::unconstrained,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    Shared,
    faults::SyslogFault,
    frames::{Found, Frames, More},
    settings::KIND,
    source::{Claimed, Source},
};
use crate::{
    clients::{Caller, DoorEvent},
    transport::{
        tls::{HandshakeFault, Pass, until_void},
        withheld::Withheld,
    },
};

const READ: usize = 32 << 10;
/// A frame that may be cut wrongly is believed after so long without a byte behind it.
const QUIET: Duration = Duration::from_secs(1);
/// So little behind so much that is not decided yet is not worth looking at all of it again: more is waited for, a moment.
/// Who sends a byte at a time would cost a look at all of it with each.
const LITTLE: usize = 512;
const MUCH: usize = 8 << 10;
const GATHER: Duration = Duration::from_millis(5);
/// What is read at most of what has arrived already when everything ends.
const LAST: usize = 4 << 20;
/// What has arrived is known to have within so long.
const KNOWN_WITHIN: Duration = Duration::from_millis(20);

/// Whose connection it is.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) source: Source,
    pub(super) peer: SocketAddr,
    pub(super) listener: &'static str,
}

impl Connection {
    /// Takes in what the stream gives, to its end, or as long as the certificate counts that it came with.
    pub(super) async fn serve(self, mut stream: impl AsyncRead + Unpin, mut pass: Option<Pass>) {
        let shared = &*self.shared;
        let line = shared.intake.line_of(self.source.name(), self.source.origin(self.peer));
        let visit = shared.intake.clients().enter(&self.caller());
        let mut frames = Frames::new(shared.limits.message_bytes);
        let mut buffer = BytesMut::new();
        let mut chunk = ChunkBuilder::new();
        let mut heard = Instant::now();
        let mut has_spoken = false;
        let mut last = None;
        let mut more = More::Comes;
        loop {
            self.take_in(&mut frames, &mut buffer, more, &mut chunk);
            let messages = chunk.len();
            if messages > 0 {
                has_spoken = true;
                visit.heard(messages.into());
                let durable = match shared.intake.hand_over(&line, &mut chunk).await {
                    Ok(durable) => durable.await,
                    Err(error) => Err(error),
                };
                if let Err(error) = durable {
                    shared.lose(messages, &error);
                    // Read no more, but keep the connection: closed, it would come again, and lose the next read.
                    return shared.stop.cancelled().await;
                }
            }
            if more == More::Never {
                return;
            }
            if let Some(fault) = pass.as_mut().and_then(Pass::fault) {
                self.is_void(pass.as_ref(), fault);
                more = More::Never;
                continue;
            }
            // A sender whose every byte is there at once must not keep others from their turn.
            tokio::task::consume_budget().await;
            buffer.reserve(READ);
            let waits_for_quiet = more == More::Comes && !buffer.is_empty() && last.is_none();
            let idle_at = heard + self.patience(has_spoken);
            let until = if waits_for_quiet { idle_at.min(Instant::now() + QUIET) } else { idle_at };
            let read = match last {
                None => tokio::select! {
                    biased;
                    () = shared.stop.cancelled() => {
                        last = Some(0);
                        more = More::Comes;
                        continue;
                    }
                    // Which the next round says.
                    _fault = until_void(pass.as_mut()) => continue,
                    read = timeout_at(until, stream.read_buf(&mut buffer)) => read,
                },
                // What has arrived already, and nothing that would have to be waited for.
                Some(bytes) if bytes < LAST => {
                    timeout(KNOWN_WITHIN, unconstrained(stream.read_buf(&mut buffer))).await
                }
                Some(_) => Ok(Ok(0)),
            };
            more = match read {
                Ok(Ok(0)) => More::Never,
                Ok(Ok(bytes)) => {
                    shared.counters.bytes.add(bytes as u64);
                    heard = Instant::now();
                    last = last.map(|before| before + bytes);
                    if bytes < LITTLE && buffer.len() > MUCH && last.is_none() {
                        sleep(GATHER).await;
                    }
                    More::Comes
                }
                Ok(Err(error)) => {
                    tracing::debug!(source = self.source.name(), %error, "a connection broke");
                    More::Never
                }
                Err(_) if last.is_some() => More::Never,
                Err(_) if waits_for_quiet && Instant::now() < idle_at => More::Quiet,
                Err(_) => {
                    shared.counters.idle.one();
                    tracing::info!(source = self.source.name(), peer = %self.peer, "a connection is closed: nothing came for too long");
                    More::Never
                }
            };
        }
    }

    fn is_void(&self, pass: Option<&Pass>, fault: HandshakeFault) {
        if let Some(pass) = pass {
            pass.is_ended();
        }
        self.shared.intake.clients().note(DoorEvent::Refused, &self.caller(), None, fault.sentence());
    }

    /// How long it may say nothing. Whoever holds a place costs others one, and it costs him nothing: so one that nobody
    /// takes, or that nobody declared and that has said nothing yet, does not hold it long.
    fn patience(&self, has_spoken: bool) -> Duration {
        let routes = self.shared.routes.borrow();
        let is_known = has_spoken || self.source.is_declared(&routes);
        match is_known && self.source.feed_in(&routes).is_some() {
            true => self.shared.limits.idle_after,
            false => self.shared.limits.stranger_after,
        }
    }

    fn caller(&self) -> Caller<'_> {
        Caller { transport: KIND.word, user: self.source.name(), client_id: "", peer: Some(self.peer) }
    }

    /// Puts all that can be cut off the front of what was read into the chunk.
    fn take_in(&self, frames: &mut Frames, buffer: &mut BytesMut, more: More, chunk: &mut ChunkBuilder) {
        let shared = &*self.shared;
        let routes = shared.routes.borrow().clone();
        let counters = &*shared.counters;
        let claimed = Claimed { feed: self.source.feed_in(&routes), listener: self.listener, counters };
        let before = chunk.len();
        let faulty = |fault| shared.faulty(&self.source, &routes, fault);
        loop {
            let (used, found) = frames.next(buffer, more);
            let is_over = found.is_none();
            match found {
                None => {}
                Some(Found::Message(message)) => {
                    counters.messages.one();
                    if claimed.push(&[], message, chunk) {
                        faulty(SyslogFault::Oversize);
                    }
                }
                Some(Found::OfCharacters(message)) => {
                    counters.messages.one();
                    counters.counted_characters.one();
                    faulty(SyslogFault::CountedCharacters);
                    if claimed.push(&[], message, chunk) {
                        faulty(SyslogFault::Oversize);
                    }
                }
                Some(Found::LongLine { digest, is_cut_off }) => {
                    counters.messages.one();
                    let withheld = match is_cut_off {
                        true => Withheld::too_large_and_cut_off(digest),
                        false => Withheld::too_large(digest),
                    };
                    claimed.push_withheld(&[], &withheld, chunk);
                    faulty(SyslogFault::Oversize);
                }
                Some(Found::Piece(piece, fault)) => {
                    counters.framing_faults.one();
                    faulty(SyslogFault::Framing);
                    let fault = fault.to_string();
                    let _oversize = claimed.push(&[(Attribute::Fault, &fault)], piece, chunk);
                    shared.intake.clients().note(DoorEvent::Framing, &self.caller(), None, &fault);
                }
            }
            buffer.advance(used);
            if is_over {
                break;
            }
        }
        if !self.source.is_named() {
            counters.untold.add(u64::from(chunk.len() - before));
        }
    }
}
