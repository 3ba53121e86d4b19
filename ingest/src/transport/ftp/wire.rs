//! A connection's bytes, in the clear or by TLS.

use std::{io, time::Duration};

use bytes::BufMut;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::server::TlsStream;

use crate::transport::tls::{Guest, NotLetIn, Pass, TlsDoor};

/// Whoever does not shake hands by then is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a peer may leave what it is told unread.
const STALL: Duration = Duration::from_secs(30);

/// Why a connection is not encrypted.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotSecured {
    /// It is encrypted already.
    #[error("it is encrypted already")]
    Twice,
    /// The client was not let in.
    #[error(transparent)]
    NotLetIn(#[from] NotLetIn),
}

/// One connection.
#[derive(Debug)]
pub(super) enum Wire {
    /// In the clear.
    Plain(TcpStream),
    /// By TLS.
    Tls(Box<TlsStream<TcpStream>>),
    /// Shaking hands, or past it in vain.
    Gone,
}

impl Wire {
    /// Shakes hands on a plain one, and gives the certificate that the client showed.
    pub(super) async fn secured(self, door: &TlsDoor) -> Result<(Wire, Option<Pass>), NotSecured> {
        let Wire::Plain(socket) = self else { return Err(NotSecured::Twice) };
        let Guest { stream, pass } = door.accept(socket, HANDSHAKE).await?;
        Ok((Wire::Tls(Box::new(stream)), pass))
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self, Wire::Tls(_))
    }

    /// Reads what is there into the free part of a buffer: no bytes at the end that the peer meant. Under TLS an end
    /// without the closing alert is an error. Nothing is lost when it is dropped while it waits.
    pub(super) async fn read(&mut self, into: &mut (impl BufMut + Send)) -> io::Result<usize> {
        match self {
            Wire::Plain(socket) => socket.read_buf(into).await,
            Wire::Tls(stream) => stream.read_buf(into).await,
            Wire::Gone => Ok(0),
        }
    }

    /// Writes all of it.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = timeout(STALL, async {
            match self {
                Wire::Plain(socket) => socket.write_all(bytes).await,
                Wire::Tls(stream) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
                Wire::Gone => Err(io::ErrorKind::NotConnected.into()),
            }
        });
        written.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Says that nothing more comes. A peer that is gone does not hear it.
    pub(super) async fn end(&mut self) {
        let _gone = timeout(STALL, async {
            match self {
                Wire::Plain(socket) => socket.shutdown().await,
                Wire::Tls(stream) => stream.shutdown().await,
                Wire::Gone => Ok(()),
            }
        })
        .await;
    }
}
