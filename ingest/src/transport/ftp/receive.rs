//! One file from a data connection: into memory within its feed's limit, hashed beyond it.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, time::Instant};

use super::{
    counters::FtpCounters,
    passive,
    rooms::{Crowded, Room},
    wire::Wire,
};
use crate::transport::{
    tls::TlsDoor,
    withheld::{Digest, Withheld},
};

/// What is read at once.
const PIECE: usize = 64 * 1_024;
/// A file over the limit is hashed up to so many bytes, then cut off.
const DRAIN: u64 = 256 << 20;
/// A whole file comes by then, however slow the line is.
const WHOLE_WITHIN: Duration = Duration::from_secs(60 * 60);
/// How long a file waits for room in memory.
const ROOM_WITHIN: Duration = Duration::from_secs(20);

/// Where the file comes from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) listener: TcpListener,
    /// Whose connection it must be.
    pub(super) peer: IpAddr,
    /// By TLS; none in the clear.
    pub(super) tls: Option<Secrecy>,
    pub(super) idle_after: Duration,
    pub(super) counters: Arc<FtpCounters>,
}

/// What a data connection by TLS must show.
#[derive(Clone, Debug)]
pub(super) struct Secrecy {
    pub(super) door: Arc<TlsDoor>,
    /// The name in the certificate that the control connection showed: nobody else's brings its files.
    pub(super) certificate: Option<String>,
}

impl Secrecy {
    /// Encrypts a data connection, if it is of whom the control connection is.
    pub(super) async fn of(&self, wire: Wire) -> io::Result<Wire> {
        let (wire, pass) = wire.secured(&self.door).await.map_err(io::Error::other)?;
        let shown = pass.as_ref().map(|pass| pass.name().unwrap_or_default());
        match self.certificate.is_none() || shown == self.certificate.as_deref() {
            true => Ok(wire),
            false => Err(io::Error::other("its certificate is not that of the control connection")),
        }
    }
}

/// A file that came to its end.
#[derive(Debug)]
pub(super) enum Received {
    /// Within the limit.
    Whole { bytes: Vec<u8>, digest: Digest },
    /// Over it.
    Withheld(Withheld),
}

/// Why a file did not come.
#[derive(Debug)]
pub(super) enum NotReceived {
    /// Nobody came to the port, or without TLS where it was asked for.
    NoConnection(io::Error),
    /// It broke off.
    Broken(io::Error),
    /// Nothing came for too long.
    Silent,
    /// There is no room.
    Crowded(Crowded),
}

/// Receives it. `seen` counts the bytes that came, also of one that does not come to its end.
pub(super) async fn receive(
    source: Source,
    limit: usize,
    room: &mut Room,
    seen: &mut u64,
) -> Result<Received, NotReceived> {
    let socket = passive::comes(&source.listener, source.peer, &source.counters).await;
    let mut wire = Wire::Plain(socket.map_err(NotReceived::NoConnection)?);
    drop(source.listener);
    if let Some(secrecy) = &source.tls {
        wire = secrecy.of(wire).await.map_err(NotReceived::NoConnection)?;
    }
    let deadline = Instant::now() + WHOLE_WITHIN;
    let mut digest = Digest::default();
    let mut kept = Some(Vec::new());
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        let idle = Instant::now() + source.idle_after;
        let read = tokio::time::timeout_at(idle.min(deadline), wire.read(&mut piece)).await;
        match read {
            Err(_) => return Err(NotReceived::Silent),
            Ok(Err(error)) => return Err(NotReceived::Broken(error)),
            Ok(Ok(0)) => break,
            Ok(Ok(count)) => *seen += count as u64,
        }
        digest.update(&piece);
        match &mut kept {
            Some(bytes) if bytes.len() + piece.len() <= limit => {
                room.grow(piece.len(), ROOM_WITHIN).await.map_err(NotReceived::Crowded)?;
                bytes.extend_from_slice(&piece);
            }
            // What was kept of it is given back at once.
            _ => {
                kept = None;
                room.shrink();
            }
        }
        if kept.is_none() && digest.bytes() > DRAIN {
            return Ok(Received::Withheld(Withheld::too_large_and_cut_off(digest)));
        }
    }
    wire.end().await;
    Ok(match kept {
        Some(bytes) => Received::Whole { bytes, digest },
        None => Received::Withheld(Withheld::too_large(digest)),
    })
}
