//! A connection's bytes, in the clear or by TLS.

use std::{io, time::Duration};

use bytes::BufMut;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::server::TlsStream;

use crate::transport::tls::TlsDoor;

/// How long a peer may leave what it is told unread.
const STALL: Duration = Duration::from_secs(30);

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
    /// Shakes hands on a plain one.
    pub(super) async fn secured(self, door: &TlsDoor, within: Duration) -> io::Result<Wire> {
        let Wire::Plain(socket) = self else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is encrypted already"));
        };
        let shaken = timeout(within, door.accept(socket)).await;
        let late = || io::Error::new(io::ErrorKind::TimedOut, "no handshake in time");
        Ok(Wire::Tls(Box::new(shaken.map_err(|_| late())??)))
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
