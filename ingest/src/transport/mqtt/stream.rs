//! The two halves of a connection, plain or by TLS.
//!
//! What is read is read when it is there, without waiting ([`Inbox`](super::inbox::Inbox)). A plain socket tells when that
//! is; a stream by TLS tells only by giving bytes, so the first few are taken when they come and given out first.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf, split},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};
use tokio_rustls::server::TlsStream;

use crate::transport::tls::{NotLetIn, Pass, TlsDoor};

/// What an idle connection by TLS holds to be woken by.
const FIRST_FEW: usize = 256;
/// A client that does not take our last word is told no more.
const LAST_WORD: Duration = Duration::from_secs(1);

/// The reading half.
pub(super) enum Reading {
    Plain(OwnedReadHalf),
    Tls(Box<Deciphered>),
}

/// What came by TLS.
pub(super) struct Deciphered {
    half: ReadHalf<TlsStream<TcpStream>>,
    /// Read and not given out.
    first: Vec<u8>,
    is_over: bool,
}

/// The writing half.
pub(super) enum Writing {
    Plain(OwnedWriteHalf),
    Tls(WriteHalf<TlsStream<TcpStream>>),
}

/// Opens a connection, by TLS with a handshake that ends within that time.
pub(super) async fn open(
    socket: TcpStream,
    tls: Option<&TlsDoor>,
    within: Duration,
) -> Result<(Reading, Writing, Option<Pass>), NotLetIn> {
    let Some(door) = tls else {
        let (reading, writing) = socket.into_split();
        return Ok((Reading::Plain(reading), Writing::Plain(writing), None));
    };
    let guest = door.accept(socket, within).await?;
    let (half, writing) = split(guest.stream);
    let reading = Reading::Tls(Box::new(Deciphered { half, first: Vec::new(), is_over: false }));
    Ok((reading, Writing::Tls(writing), guest.pass))
}

impl Reading {
    /// Resolves when there may be something to read.
    pub(super) async fn readable(&mut self) -> io::Result<()> {
        match self {
            Reading::Plain(half) => half.readable().await,
            Reading::Tls(deciphered) => deciphered.readable().await,
        }
    }

    /// Reads what is there; `WouldBlock` where nothing is, 0 at the end.
    pub(super) fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Reading::Plain(half) => half.try_read(buffer),
            Reading::Tls(deciphered) => deciphered.try_read(buffer),
        }
    }
}

impl Deciphered {
    async fn readable(&mut self) -> io::Result<()> {
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

    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
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
        }
    }
}
