//! The two halves of a connection, plain or by TLS, with or without a WebSocket within.
//!
//! What is read is read when it is there, without waiting ([`Inbox`](super::inbox::Inbox)). A plain socket tells when that
//! is; a stream by TLS or a WebSocket tells only by giving bytes, so the first few are taken when they come and given out
//! first.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf, split},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::server::TlsStream;

use super::websocket::{self, NoWebSocket, WebReading, WebWriter};
use crate::{
    clients::{Caller, Clients, DoorEvent},
    transport::tls::{Guest, NotLetIn, Pass, TlsDoor},
};

/// What an idle connection by TLS holds to be woken by.
const FIRST_FEW: usize = 256;
/// A client that does not take our last word is told no more.
pub(super) const LAST_WORD: Duration = Duration::from_secs(1);

/// The reading half.
pub(super) enum Reading {
    Plain(OwnedReadHalf),
    Tls(Box<Polled<ReadHalf<TlsStream<TcpStream>>>>),
    Web(Box<WebReading>),
}

/// What tells that something is there only by giving it.
pub(super) struct Polled<R> {
    half: R,
    /// Read and not given out.
    first: Vec<u8>,
    is_over: bool,
}

/// The writing half.
pub(super) enum Writing {
    Plain(OwnedWriteHalf),
    Tls(WriteHalf<TlsStream<TcpStream>>),
    Web(WebWriter),
}

/// Why a connection does not open.
pub(super) enum NotOpened {
    /// It ends within the handshake of TLS.
    Tls(NotLetIn),
    /// It begins as HTTP, and is no WebSocket of MQTT.
    Web(NoWebSocket),
}

impl NotOpened {
    /// Tells the operator, as [`NotLetIn::tell`]. A browser that looks what is here is no device that is looked for.
    pub(super) fn tell(&self, clients: &Clients, transport: &'static str, peer: SocketAddr) {
        match self {
            NotOpened::Tls(refused) => refused.tell(clients, transport, peer),
            NotOpened::Web(NoWebSocket::NoRequest | NoWebSocket::SomethingElse) => {}
            NotOpened::Web(refused) => {
                let user = peer.ip().to_string();
                let caller = Caller { transport, user: &user, client_id: "", peer: Some(peer) };
                clients.note(DoorEvent::Refused, &caller, None, &refused.to_string());
            }
        }
    }
}

/// Opens a connection, by TLS with a handshake, and the WebSocket that its client asks for, all of it within that time.
pub(super) async fn open(
    socket: TcpStream,
    tls: Option<&TlsDoor>,
    within: Duration,
) -> Result<(Reading, Writing, Option<Pass>), NotOpened> {
    let deadline = Instant::now() + within;
    let mut first = [0; FIRST_FEW];
    let Some(door) = tls else {
        // Who says nothing is waited for elsewhere.
        let peeked = timeout_at(deadline, socket.peek(&mut first[..1])).await;
        if matches!(peeked, Ok(Ok(1..))) && is_http(first[0]) {
            let (reading, writing) = open_websocket(socket, false, deadline).await?;
            return Ok((reading, writing, None));
        }
        let (reading, writing) = socket.into_split();
        return Ok((Reading::Plain(reading), Writing::Plain(writing), None));
    };
    let Guest { mut stream, pass } = door.accept(socket, within).await.map_err(NotOpened::Tls)?;
    let count = match timeout_at(deadline, stream.read(&mut first)).await {
        Ok(Ok(count)) => count,
        Ok(Err(_)) | Err(_) => 0,
    };
    let first = first[..count].to_vec();
    let (half, writing) = split(stream);
    if first.first().is_some_and(|byte| is_http(*byte)) {
        let whole = tokio::io::join(io::Cursor::new(first).chain(half), writing);
        let (reading, writing) = open_websocket(whole, pass.is_some(), deadline).await?;
        return Ok((reading, writing, pass));
    }
    let mut half = Polled::new(half, first);
    half.is_over = count == 0;
    Ok((Reading::Tls(Box::new(half)), Writing::Tls(writing), pass))
}

/// A method begins with a letter; no CONNECT does.
fn is_http(first: u8) -> bool {
    first.is_ascii_uppercase()
}

async fn open_websocket<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    has_certificate: bool,
    deadline: Instant,
) -> Result<(Reading, Writing), NotOpened> {
    let opened = timeout_at(deadline, websocket::open(stream, has_certificate)).await;
    let (reading, writing) = opened.unwrap_or(Err(NoWebSocket::NoRequest)).map_err(NotOpened::Web)?;
    Ok((Reading::Web(Box::new(reading)), Writing::Web(writing)))
}

impl Reading {
    /// Resolves when there may be something to read.
    pub(super) async fn readable(&mut self) -> io::Result<()> {
        match self {
            Reading::Plain(half) => half.readable().await,
            Reading::Tls(polled) => polled.readable().await,
            Reading::Web(reading) => reading.readable().await,
        }
    }

    /// Reads what is there; `WouldBlock` where nothing is, 0 at the end.
    pub(super) fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Reading::Plain(half) => half.try_read(buffer),
            Reading::Tls(polled) => polled.try_read(buffer),
            Reading::Web(reading) => reading.try_read(buffer),
        }
    }
}

impl<R: AsyncRead + Unpin> Polled<R> {
    /// `first` is what was read of it before.
    pub(super) fn new(half: R, first: Vec<u8>) -> Polled<R> {
        Polled { half, first, is_over: false }
    }

    /// As [`Reading::readable`].
    pub(super) async fn readable(&mut self) -> io::Result<()> {
        if self.first.is_empty() && !self.is_over {
            let mut first = [0; FIRST_FEW];
            // A connection that is cut off without a goodbye of TLS is an error here: nothing of what came before is
            // lost by that, and whatever is unfinished is none.
            let count = self.half.read(&mut first).await?;
            self.is_over = count == 0;
            self.first.extend_from_slice(&first[..count]);
        }
        Ok(())
    }

    /// As [`Reading::try_read`].
    pub(super) fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.first.is_empty() {
            let count = self.first.len().min(buffer.len());
            buffer[..count].copy_from_slice(&self.first[..count]);
            self.first = self.first.split_off(count);
            return Ok(count);
        }
        if self.is_over {
            return Ok(0);
        }
        // Nobody is woken by this: whoever finds nothing asks `readable`.
        let mut context = Context::from_waker(Waker::noop());
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(&mut self.half).poll_read(&mut context, &mut buffer) {
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
            Poll::Ready(read) => read.map(|()| {
                let count = buffer.filled().len();
                self.is_over = count == 0;
                count
            }),
        }
    }
}

impl Writing {
    /// Writes all of it, as far as the system takes it.
    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Writing::Plain(half) => half.write_all(bytes).await,
            Writing::Tls(half) => {
                half.write_all(bytes).await?;
                half.flush().await
            }
            Writing::Web(writer) => writer.write_all(bytes).await,
        }
    }

    /// Says that there is no more.
    pub(super) async fn end(self) {
        match self {
            // Which its half does when it is dropped.
            Writing::Plain(half) => drop(half),
            Writing::Tls(mut half) => {
                let _said = timeout(LAST_WORD, half.shutdown()).await;
            }
            Writing::Web(writer) => writer.end().await,
        }
    }
}
