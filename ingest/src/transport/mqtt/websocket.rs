//! MQTT in a WebSocket (RFC 6455; MQTT 5, chapter 6), on the ports that speak MQTT without one: a CONNECT begins with
//! 0x10 and a request with a letter, so nothing needs to be set up and no other port opened.
//!
//! hyper reads the request and keeps it small; what comes behind its answer is a stream of frames ([`frames`]), of which
//! the reading half gives out what they carry. Each write is one message. A ping is answered between two of those by a
//! task of its own, since whoever reads must not wait for whoever writes; of pings that come meanwhile only the last is.
//!
//! A page of any site may open a WebSocket to here, and a browser shows its user's certificate without asking. So a
//! client with a certificate whose request says that a page of another host made it is not let in (invariant SAFE). With
//! a password it is: that no browser adds by itself.

pub(super) mod frames;

use std::{
    convert::Infallible,
    io,
    sync::{Arc, PoisonError},
};

use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use frames::{Frames, Said, close, head_of_message, is_close, pong};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
    upgrade::{OnUpgrade, Upgraded},
};
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split},
    sync::{Mutex, oneshot},
    time::timeout,
};

use super::{
    answers::WRITE_TIMEOUT,
    stream::{LAST_WORD, Polled},
};

/// What a client must say that it speaks. Clients of 3.1 say the second.
const SUBPROTOCOLS: [&str; 2] = ["mqtt", "mqttv3.1"];
/// Appended to the key of a request (RFC 6455, 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Nobody who has not authenticated may make us keep a longer request.
const LONGEST_REQUEST: usize = 16 << 10;

type Stream = TokioIo<Upgraded>;

/// The reading half.
pub(super) struct WebReading {
    stream: Polled<ReadHalf<Stream>>,
    frames: Frames,
    writer: WebWriter,
    is_over: bool,
}

/// The writing half.
#[derive(Clone)]
pub(super) struct WebWriter {
    half: Arc<Mutex<FrameWriter>>,
    beside: Arc<std::sync::Mutex<Beside>>,
}

struct FrameWriter {
    stream: WriteHalf<Stream>,
    /// A frame was begun and not ended, or was a close: nothing can follow it.
    is_over: bool,
}

/// What is said beside messages.
#[derive(Default)]
struct Beside {
    /// The next; a later one takes its place.
    waiting: Option<Vec<u8>>,
    /// A task writes it.
    is_going: bool,
}

/// Why a request does not become a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoWebSocket {
    /// It is no request of HTTP, or broke off.
    #[error("no request of a WebSocket")]
    NoRequest,
    /// It asks for something else.
    #[error("a request that asks for no WebSocket")]
    SomethingElse,
    /// It does not speak MQTT in it.
    #[error("a WebSocket that does not offer the subprotocol mqtt")]
    NotMqtt,
    /// A page of another host has a browser show its user's certificate.
    #[error("a WebSocket with a certificate, opened by a page of another host")]
    OtherOrigin,
}

/// Answers a request, and gives the halves of the WebSocket that it becomes.
pub(super) async fn open<S>(stream: S, has_certificate: bool) -> Result<(WebReading, WebWriter), NoWebSocket>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (tell, mut judged) = oneshot::channel::<Result<OnUpgrade, NoWebSocket>>();
    let tell = std::sync::Mutex::new(Some(tell));
    let service = service_fn(|mut request: Request<Incoming>| {
        let judged = judge(&request, has_certificate);
        let answer = answer(&judged);
        let upgrade = judged.map(|_| hyper::upgrade::on(&mut request));
        if let Ok(mut tell) = tell.lock()
            && let Some(tell) = tell.take()
        {
            // Whoever waits for it is right here.
            let _told = tell.send(upgrade);
        }
        async move { Ok::<_, Infallible>(answer) }
    });
    let served = http1::Builder::new()
        .max_buf_size(LONGEST_REQUEST)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    let upgrade = match (served, judged.try_recv()) {
        (_, Ok(Err(refused))) => return Err(refused),
        (Ok(()), Ok(Ok(upgrade))) => upgrade,
        _ => return Err(NoWebSocket::NoRequest),
    };
    let upgraded = upgrade.await.map_err(|_| NoWebSocket::NoRequest)?;
    let (reading, writing) = split(TokioIo::new(upgraded));
    let half = Arc::new(Mutex::new(FrameWriter { stream: writing, is_over: false }));
    let writer = WebWriter { half, beside: Arc::default() };
    let stream = Polled::new(reading, Vec::new());
    Ok((WebReading { stream, frames: Frames::default(), writer: writer.clone(), is_over: false }, writer))
}

/// What a request that becomes a WebSocket is answered with.
#[derive(Debug, PartialEq, Eq)]
struct Accepted {
    accept: String,
    subprotocol: &'static str,
}

fn judge<B>(request: &Request<B>, has_certificate: bool) -> Result<Accepted, NoWebSocket> {
    let headers = request.headers();
    let is_websocket = request.method() == Method::GET
        && has_word(headers, header::CONNECTION, "upgrade")
        && has_word(headers, header::UPGRADE, "websocket")
        && has_word(headers, header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes()));
    let Some(key) = key.filter(|_| is_websocket) else { return Err(NoWebSocket::SomethingElse) };
    if has_certificate && !is_of_its_host(headers) {
        return Err(NoWebSocket::OtherOrigin);
    }
    let offers = |subprotocol: &&str| has_word(headers, header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
    let subprotocol = SUBPROTOCOLS.into_iter().find(offers).ok_or(NoWebSocket::NotMqtt)?;
    let accept = Sha1::new().chain_update(key.as_bytes()).chain_update(GUID).finalize();
    Ok(Accepted { accept: STANDARD.encode(accept), subprotocol })
}

/// Sixteen bytes in Base64.
fn is_key(key: &[u8]) -> bool {
    STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16)
}

/// Whether a header that is a list names it, in any case.
fn has_word(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|said| said.trim().eq_ignore_ascii_case(word))
}

/// Whether no page made it, or one of the host it goes to. A certificate came by TLS; a page that did not may be anybody's
/// on the way.
fn is_of_its_host(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = origin.to_str().ok().and_then(|origin| origin.strip_prefix("https://"));
    host.is_some() && host == headers.get(header::HOST).and_then(|host| host.to_str().ok())
}

fn answer(judged: &Result<Accepted, NoWebSocket>) -> Response<Body> {
    let refused = |status, body: &'static str| (status, Vec::new(), Body::from(body));
    let (status, headers, body) = match judged {
        Ok(Accepted { accept, subprotocol }) => {
            let headers = vec![
                (header::CONNECTION, "Upgrade"),
                (header::UPGRADE, "websocket"),
                (header::SEC_WEBSOCKET_PROTOCOL, *subprotocol),
                (header::SEC_WEBSOCKET_ACCEPT, accept.as_str()),
            ];
            (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty())
        }
        Err(NoWebSocket::NotMqtt) => {
            refused(StatusCode::BAD_REQUEST, "the subprotocol of a WebSocket here is mqtt\n")
        }
        Err(NoWebSocket::OtherOrigin) => {
            refused(StatusCode::FORBIDDEN, "a page of another host may not use this certificate\n")
        }
        Err(NoWebSocket::NoRequest | NoWebSocket::SomethingElse) => {
            let (status, headers, body) = refused(
                StatusCode::UPGRADE_REQUIRED,
                "MQTT is spoken here, also in a WebSocket (version 13)\n",
            );
            let asks = [
                (header::CONNECTION, "Upgrade"),
                (header::UPGRADE, "websocket"),
                (header::SEC_WEBSOCKET_VERSION, "13"),
            ];
            (status, [headers, asks.to_vec()].concat(), body)
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            let _none = response.headers_mut().insert(name, value);
        }
    }
    response
}

impl WebReading {
    /// Resolves when there may be something to read.
    pub(super) async fn readable(&mut self) -> io::Result<()> {
        match self.is_over {
            true => Ok(()),
            false => self.stream.readable().await,
        }
    }

    /// Reads what is there of messages; `WouldBlock` where nothing is, 0 at the end.
    pub(super) fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.is_over {
            let came = self.stream.try_read(buffer)?;
            if came == 0 {
                self.is_over = true;
                break;
            }
            let mut said = None;
            let count = self.frames.take(&mut buffer[..came], &mut said);
            let last = match said {
                Some(Said::Ping(carried)) => {
                    self.writer.answer(pong(&carried));
                    None
                }
                Some(Said::Close(status)) => Some(close(status)),
                Some(Said::Fault(fault)) => {
                    tracing::debug!(%fault, "a WebSocket ends");
                    Some(close(Some(fault.status())))
                }
                None => None,
            };
            if let Some(last) = last {
                self.is_over = true;
                self.writer.answer(last);
            }
            if count > 0 {
                return Ok(count);
            }
        }
        Ok(0)
    }
}

impl WebWriter {
    /// Writes it as one message.
    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let message = [head_of_message(bytes.len()).as_slice(), bytes].concat();
        self.write_frame(&message).await
    }

    /// Says that there is no more.
    pub(super) async fn end(self) {
        let _said = timeout(LAST_WORD, async {
            // What is to be said beside messages may say why; a second close is not sent.
            for last in self.next_beside().into_iter().chain([close(Some(1_000))]) {
                let _closed = self.write_frame(&last).await;
            }
            self.half.lock().await.stream.shutdown().await
        })
        .await;
    }

    async fn write_frame(&self, frame: &[u8]) -> io::Result<()> {
        let mut half = self.half.lock().await;
        if half.is_over {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        // It stays so where whoever waits for this stops waiting.
        half.is_over = true;
        half.stream.write_all(frame).await?;
        half.stream.flush().await?;
        half.is_over = is_close(frame);
        Ok(())
    }

    /// Writes a frame between two messages. Of several that wait the last is written.
    fn answer(&self, frame: Vec<u8>) {
        let mut beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        beside.waiting = Some(frame);
        if !std::mem::replace(&mut beside.is_going, true) {
            let writer = self.clone();
            let _task = tokio::spawn(async move {
                while let Some(frame) = writer.next_beside() {
                    // Whoever takes nothing for so long is told nothing more, and keeps no connection open by it.
                    let written = timeout(WRITE_TIMEOUT, writer.write_frame(&frame)).await;
                    if !matches!(written, Ok(Ok(()))) {
                        return;
                    }
                }
            });
        }
    }

    fn next_beside(&self) -> Option<Vec<u8>> {
        let mut beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        beside.is_going = beside.waiting.is_some();
        beside.waiting.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(more: &[(&'static str, &str)]) -> Request<()> {
        let mut request = Request::new(());
        let usual = [
            ("host", "ioc.example:8883"),
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "mqttv3.1, mqtt"),
        ];
        for (name, value) in usual.iter().chain(more) {
            let headers = request.headers_mut();
            match value.is_empty() {
                true => drop(headers.remove(*name)),
                false => drop(headers.insert(*name, value.parse().expect("a value"))),
            }
        }
        request
    }

    #[test]
    fn a_request_is_accepted_as_the_standard_says() {
        // The example of RFC 6455, 1.3.
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned();
        assert_eq!(judge(&request(&[]), false), Ok(Accepted { accept, subprotocol: "mqtt" }));
        let older = judge(&request(&[("sec-websocket-protocol", "mqttv3.1")]), false);
        assert_eq!(older.map(|accepted| accepted.subprotocol), Ok("mqttv3.1"));
        for (name, value) in [
            ("connection", "close"),
            ("upgrade", "h2c"),
            ("sec-websocket-version", "8"),
            ("sec-websocket-key", ""),
            ("sec-websocket-key", "c2hvcnQ="),
        ] {
            let judged = judge(&request(&[(name, value)]), false);
            assert_eq!(judged, Err(NoWebSocket::SomethingElse), "{name}: {value}");
            assert_eq!(answer(&judged).status(), StatusCode::UPGRADE_REQUIRED);
        }
        for subprotocol in ["", "graphql-ws"] {
            let judged = judge(&request(&[("sec-websocket-protocol", subprotocol)]), false);
            assert_eq!(judged, Err(NoWebSocket::NotMqtt));
        }
    }

    #[test]
    fn safe_a_page_of_another_host_cannot_use_a_browsers_certificate() {
        for (origin, is) in [
            ("", true),
            ("https://ioc.example:8883", true),
            ("http://ioc.example:8883", false),
            ("https://ioc.example", false),
            ("https://evil.example", false),
            ("null", false),
        ] {
            let request = request(&[("origin", origin)]);
            assert!(judge(&request, false).is_ok(), "with a password");
            assert_eq!(judge(&request, true).is_ok(), is, "{origin}");
        }
    }
}
