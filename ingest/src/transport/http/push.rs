//! `POST /ingest/{feed}`.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{ConnectInfo, Path, Request, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use ioc_bus::{Appended, ChunkBuilder, Health};
use ioc_decode::unpack::{NotUnpacked, Packing};
use ioc_model::{
    attribute::Attribute,
    envelope::Content,
    position::{LogNumber, Partition, Position},
    results::ReportVerdict,
};
use serde::Serialize;

use super::{
    HttpPush, KIND,
    body::{self, Read, Unread},
    clerk,
    gate::Crowded,
    problem::Problem,
    report,
    serve::Came,
};
use crate::{
    clients::{Caller, DoorEvent},
    intake::SenderLine,
    senders::Sender,
    transport::{nothing::holds_nothing, tls::Pass},
};

/// What a sender gets for durable bytes.
#[derive(Debug, Serialize)]
pub(super) struct Receipt {
    feed: String,
    /// `log-partition-offset`.
    position: String,
    /// RFC 3339, UTC.
    received_at: String,
    bytes: u64,
    /// Lower-case hexadecimal.
    sha256: String,
}

/// What a request brings beside its body.
#[derive(Debug)]
pub(super) struct Pushed<'a> {
    pub(super) feed: String,
    pub(super) peer: Option<SocketAddr>,
    /// The name in the certificate that its sender logged in with.
    pub(super) certificate: Option<&'a str>,
    /// The name of the file, where it has one.
    pub(super) file: Option<&'a str>,
}

/// What was received and is durable.
pub(super) enum Received {
    /// Its sender is told so.
    Durable(Receipt),
    /// Its sender waits for what becomes of it.
    Report(Receipt, Position),
}

pub(super) async fn push(
    State(push): State<Arc<HttpPush>>,
    Path(feed): Path<String>,
    request: Request,
) -> Response {
    match push.receive(feed, request).await {
        Ok(Received::Durable(receipt)) => Json(receipt).into_response(),
        Ok(Received::Report(receipt, position)) => push.judged(receipt, position).await,
        Err(problem) => {
            push.count(&problem);
            problem.into_response()
        }
    }
}

/// The longest key of a request. Bytes.
const REQUEST_KEY_MAX: usize = 200;

/// What the sender calls the request, so that it is known when it is sent again (`Idempotency-Key`,
/// draft-ietf-httpapi-idempotency-key-header); empty where it says nothing.
fn request_key(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(String::new()) };
    let key = value.to_str().map(str::trim).unwrap_or_default();
    match (1..=REQUEST_KEY_MAX).contains(&key.len()) {
        true => Ok(key.to_owned()),
        false => Err(Problem::RequestKey(REQUEST_KEY_MAX)),
    }
}

/// Whether the sender says that what may be a mistake in a report is meant (`Report-Confirmed: true`, a boolean of
/// RFC 9651 as `?1` too).
fn is_confirmed(headers: &HeaderMap) -> bool {
    let value = headers.get("report-confirmed").and_then(|value| value.to_str().ok()).map(str::trim);
    value.is_some_and(|value| value.eq_ignore_ascii_case("true") || matches!(value, "1" | "?1"))
}

impl HttpPush {
    async fn receive(&self, feed: String, request: Request) -> Result<Received, Problem> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
        let came = Came::of(request.extensions());
        let sender = self.sender_of(request.headers(), &came).await.map_err(|fault| {
            self.note_stranger(fault, request.headers(), &came, peer);
            Problem::of_login(fault)
        })?;
        let file = clerk::file_name(request.headers());
        let certificate = came.pass.as_ref().and_then(Pass::name);
        self.take(&sender, Pushed { feed, peer, certificate, file: file.as_deref() }, request).await
    }

    /// Takes the body of a request of that sender.
    pub(super) async fn take(
        &self,
        sender: &Sender,
        pushed: Pushed<'_>,
        request: Request,
    ) -> Result<Received, Problem> {
        let Pushed { feed, peer, certificate, file } = pushed;
        let caller = Caller { transport: KIND.word, user: &sender.name, client_id: "", peer };
        let clients = self.intake.clients();
        clients.heard(&caller, 1);
        let known = self.routes.borrow().http(&feed).map(|known| (known.contract.max_bytes, known.format));
        let Some((max_bytes, format)) = known else {
            clients.note(DoorEvent::Refused, &caller, None, "pushed to a feed that does not come over HTTP");
            return Err(Problem::UnknownFeed(feed));
        };
        if !sender.may_send_to(&feed) {
            clients.note(DoorEvent::Forbidden, &caller, None, &format!("feed '{feed}'"));
            return Err(Problem::Forbidden(feed));
        }
        let packing = packing(request.headers())?;
        let _admission = self.gate.admit(&sender.name).map_err(|crowded| match crowded {
            Crowded::Sender => Problem::TooMany,
            Crowded::All => Problem::BUSY,
        })?;
        let log = (*self.log.borrow()).ok_or(Problem::STARTING)?;
        if matches!(self.intake.bus().health(), Health::Poisoned { .. }) {
            return Err(Problem::BUS_DOWN);
        }
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let origin = request_key(request.headers()).inspect_err(|_| {
            clients.note(DoorEvent::Refused, &caller, None, "an Idempotency-Key that is none");
        })?;
        let owed = self.sent_for(request.headers(), sender, &feed).inspect_err(|_| {
            clients.note(DoorEvent::Refused, &caller, None, "sent for what its sender does not owe");
        })?;
        let confirmed = if is_confirmed(request.headers()) { "1" } else { "" };
        let known = [
            (Attribute::ContentType, &*content_type),
            (Attribute::Origin, &*origin),
            (Attribute::Confirmed, confirmed),
            (Attribute::Owed, &*owed),
        ];
        let limit = max_bytes.min(self.limits.body_bytes);
        let declared = content_length(request.headers());
        let held = match declared {
            Some(declared) if declared > limit as u64 => 0,
            Some(declared) => declared as usize,
            None => limit,
        };
        // What is packed lies there beside what comes of it.
        let held = if packing.is_some() { held.saturating_add(limit) } else { held };
        let patience = Duration::from_millis(self.limits.bus_ms);
        let _room = self.gate.body(held, patience).await.ok_or(Problem::BUSY)?;
        let read =
            body::read(request.into_body(), declared, limit, &self.limits).await.map_err(|unread| {
                match unread {
                    Unread::TimedOut => Problem::TimedOut,
                    Unread::BrokenOff => Problem::BrokenOff,
                }
            })?;

        // The name of a file may say its period.
        let address = match file {
            Some(file) => format!("/upload/{feed}/{file}"),
            None => format!("/ingest/{feed}"),
        };
        let line =
            self.intake.line_of(&sender.name, sender.origin(peer, certificate)).of_feeds(&sender.feeds);
        let mut chunk = ChunkBuilder::new();
        match read {
            Read::Whole { bytes, digest } => {
                let bytes = match packing {
                    Some(packing) => unpacked(packing, bytes, limit).await?,
                    None => bytes,
                };
                chunk.push_with(&feed, Content::Raw, &address, &known, &bytes);
                // Of a report without a value in it there is a receipt as of any.
                let is_empty = !format.is_report() && holds_nothing(&bytes);
                drop(bytes);
                let appended = self.append(&line, chunk).await?;
                let position = position(log, line.partition, &appended);
                if is_empty {
                    let why = "pushed a body without a value in it";
                    self.intake.clients().note(DoorEvent::Empty, &caller, None, why);
                    return Err(Problem::Empty { position: position.to_string() });
                }
                fail::fail_point!("http_before_receipt", |_| std::process::abort());
                self.counters.acknowledged.one();
                self.counters.acknowledged_bytes.add(digest.bytes());
                let receipt = Receipt {
                    feed,
                    position: position.to_string(),
                    received_at: appended.received_at.rfc3339(),
                    bytes: digest.bytes(),
                    sha256: digest.hex(),
                };
                Ok(match format.is_report() {
                    true => Received::Report(receipt, position),
                    false => Received::Durable(receipt),
                })
            }
            Read::Withheld(withheld) => {
                chunk.push_with(&feed, Content::Withheld, &address, &known, withheld.to_json().as_bytes());
                let appended = self.append(&line, chunk).await?;
                tracing::warn!(feed, sender = sender.name, limit, "a message over the limit was withheld");
                Err(Problem::TooLarge {
                    limit,
                    position: position(log, line.partition, &appended).to_string(),
                })
            }
        }
    }

    /// What became of a report, or where to ask for it: it is durable, and judged whether its sender waits or not.
    pub(super) async fn judged(&self, durable: Receipt, position: Position) -> Response {
        let patience = Duration::from_millis(self.limits.judged_ms);
        let receipts = self.receipts.borrow().clone();
        let judged = match &receipts {
            Some(receipts) => receipts.report(position, patience).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "a report's receipt cannot be looked up");
                None
            }),
            None => None,
        };
        let Some(receipt) = judged else {
            self.counters.judged_later.one();
            let position = durable.position.clone();
            return report::later(durable, &position);
        };
        if receipt.verdict == ReportVerdict::Refused {
            self.counters.refused.one();
        }
        report::answered(&receipt)
    }

    async fn append(&self, line: &SenderLine, mut chunk: ChunkBuilder) -> Result<Appended, Problem> {
        let patience = Duration::from_millis(self.limits.bus_ms);
        let durable = async { self.intake.hand_over(line, &mut chunk).await?.await };
        match tokio::time::timeout(patience, durable).await {
            Ok(Ok(appended)) => Ok(appended),
            Ok(Err(error)) => {
                tracing::error!(%error, "a pushed message could not be appended");
                Err(Problem::BUS_DOWN)
            }
            Err(_) => Err(Problem::BUS_FULL),
        }
    }

    pub(super) fn count(&self, problem: &Problem) {
        let counters = &self.counters;
        let counter = match problem {
            Problem::Unauthenticated | Problem::Certificate(_) | Problem::WrongLogIn => {
                &counters.unauthenticated
            }
            Problem::Forbidden(_) => &counters.forbidden,
            Problem::UnknownFeed(_) => &counters.unknown_feed,
            Problem::TimedOut => &counters.timed_out,
            Problem::BrokenOff | Problem::Packed(_) => &counters.broken_off,
            Problem::Unpacked(_) => &counters.too_large_unpacked,
            Problem::TooLarge { .. } => &counters.withheld,
            Problem::Empty { .. } => &counters.empty,
            Problem::Compressed => &counters.unsupported_encoding,
            Problem::TooMany => &counters.too_many,
            Problem::Unavailable(..) => &counters.unavailable,
            Problem::RequestKey(_)
            | Problem::NoObligation
            | Problem::InvalidPosition
            | Problem::UnknownPosition
            | Problem::NotLoggedIn
            | Problem::NotOfThePage
            | Problem::NoTemplate(_)
            | Problem::NoMarkedCopy
            | Problem::NothingHere => return,
        };
        counter.one();
    }
}

fn position(log: LogNumber, partition: Partition, appended: &Appended) -> Position {
    Position { log, partition, offset: appended.base }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// How the body is packed. What is packed twice is not read.
fn packing(headers: &HeaderMap) -> Result<Option<Packing>, Problem> {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut said = values.filter(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    let Some(value) = said.next() else { return Ok(None) };
    let packing = value.to_str().ok().and_then(Packing::named).ok_or(Problem::Compressed)?;
    if said.next().is_some() { Err(Problem::Compressed) } else { Ok(Some(packing)) }
}

/// The body before it was packed, worked out where nothing waits for it.
async fn unpacked(packing: Packing, packed: Vec<u8>, limit: usize) -> Result<Vec<u8>, Problem> {
    let unpacked = tokio::task::spawn_blocking(move || packing.unpack(&packed, limit)).await;
    unpacked.map_err(|_| Problem::BUSY)?.map_err(|fault| match fault {
        NotUnpacked::Broken => Problem::Packed(packing),
        NotUnpacked::TooLarge(most) => Problem::Unpacked(most),
    })
}
