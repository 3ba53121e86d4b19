//! FTP and FTPS: stations push files, and are told `226` when the bytes are on disk.
//!
//! What comes belongs to the feeds that come as files: `/air/2026/11/30/x.txt` is `2026/11/30/x.txt` of the feed whose
//! folder is `air`, the same address as in the inbox, and the same envelope; here its sender is known, too (invariant
//! WHO). A sender that may send to one such feed alone may leave its folder out. The data connection is read into
//! memory, within the feed's limit; what came whole is handed over, and answered behind the fsync (ACK). A file over the
//! limit is recorded by size and hash.
//!
//! **Whole or nothing.** In FTP the end of the data connection is the end of the file, and a modem that drops out ends
//! it, too. So nothing is taken of a file whose data connection broke, fell silent, or ended under TLS without its
//! closing alert; nor of one whose control connection ended, or said ABOR, before the file was handed over. RFC 959
//! (section 4.1.3) has the loss of the control connection as an abort. What broke off is counted and told, by name and
//! size. Files are not continued (REST, APPE): nothing is joined to the wrong piece.
//!
//! **Unfinished names.** Loggers write `x.txt.tmp` and rename it. Such a name, one the inbox would leave alone, is no
//! file yet: its bytes are kept on disk until it is renamed, and handed over under the new name then. One that nobody
//! renames is handed over under its own name after a while: it was acknowledged, so it does not vanish.
//!
//! **Passive only.** With PORT and EPRT a client would have this machine connect to wherever it says (RFC 2577); they
//! are refused. A data connection counts only from the address that the control connection comes from.
//!
//! A server of our own, since those there are look at the control connection again only when a file is stored: ABOR ends
//! nothing in them, and neither does a logger without power.

mod command;
mod counters;
mod listing;
mod passive;
mod path;
mod receive;
mod reply;
mod rooms;
mod session;
mod settings;
mod target;
mod unfinished;
mod wire;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

pub use counters::{FtpCounters, FtpCounts};
use ioc_bus::{Appended, ChunkBuilder};
use ioc_model::position::LogNumber;
pub use settings::KIND;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    passive::Ports,
    rooms::{Place, Rooms},
    session::Session,
    unfinished::Unfinished,
    wire::{NotSecured, Wire},
};
use crate::{
    clients::{Caller, DoorEvent},
    intake::{Intake, SenderLine},
    routes::Routes,
    senders::Authenticator,
    transport::tls::TlsDoor,
};

/// How long the bus may take before a sender is told to come again.
const BUS: Duration = Duration::from_secs(20);
/// Overdue unfinished files are looked for so often, at least.
const LOOK_FOR_OVERDUE: Duration = Duration::from_secs(60);

/// What all sessions share.
#[derive(Debug)]
struct Shared {
    intake: Intake,
    routes: watch::Receiver<Arc<Routes>>,
    authenticator: Arc<Authenticator>,
    log: watch::Receiver<Option<LogNumber>>,
    tls: Option<Arc<TlsDoor>>,
    /// Passwords and files may travel in the clear.
    is_plain_allowed: bool,
    ports: Ports,
    rooms: Arc<Rooms>,
    unfinished: Arc<Unfinished>,
    /// A session is closed after so long without a command.
    idle_after: Duration,
    /// A file is given up after so long without a byte.
    transfer_idle_after: Duration,
    /// Unfinished files that nobody renames are handed over after so long.
    keep_unfinished: Duration,
    counters: Arc<FtpCounters>,
    stop: CancellationToken,
}

/// Why something durable could not be made of a file.
#[derive(Debug)]
enum NotAppended {
    /// The bus has no room.
    Full,
    /// The bus fails.
    Down,
}

impl Shared {
    async fn append(&self, line: &SenderLine, mut chunk: ChunkBuilder) -> Result<Appended, NotAppended> {
        let durable = async { self.intake.hand_over(line, &mut chunk).await?.await };
        match tokio::time::timeout(BUS, durable).await {
            Ok(Ok(appended)) => Ok(appended),
            Ok(Err(error)) => {
                tracing::error!(%error, "a file that came by FTP could not be appended");
                Err(NotAppended::Down)
            }
            Err(_) => Err(NotAppended::Full),
        }
    }

    /// Tells the operator who was not let in by TLS.
    fn refuse(&self, refused: &NotSecured, peer: SocketAddr) {
        if let NotSecured::NotLetIn(refused) = refused {
            refused.tell(self.intake.clients(), KIND.word, peer);
        }
    }

    fn note(&self, what: DoorEvent, user: &str, peer: SocketAddr, why: &str) {
        let caller = Caller { transport: KIND.word, user, client_id: "", peer: Some(peer) };
        self.intake.clients().note(what, &caller, None, why);
    }
}

/// A listener: plain, where clients may ask for TLS, or by TLS from the first byte on.
#[derive(Debug)]
struct Door {
    listener: TcpListener,
    is_implicit: bool,
    shared: Arc<Shared>,
}

impl Door {
    /// Lets clients in until everything ends; then files that are being handed over are answered, and it returns.
    async fn run(self) {
        let sessions = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => self.let_in(socket, peer, &sessions),
                Err(error) => {
                    // Out of descriptors, or the peer left meanwhile: it passes.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(self.listener);
        let _first = sessions.close();
        sessions.wait().await;
    }

    fn let_in(&self, socket: TcpStream, peer: SocketAddr, sessions: &TaskTracker) {
        let shared = self.shared.clone();
        let peer = SocketAddr::new(canonical(peer.ip()), peer.port());
        let place = match shared.rooms.connection(peer.ip()) {
            Ok(place) => place,
            Err(crowded) => {
                shared.counters.refused_connections.one();
                return shared.note(DoorEvent::Refused, "", peer, crowded.sentence());
            }
        };
        let is_implicit = self.is_implicit;
        let _task = sessions.spawn(async move {
            shared.counters.connections.one();
            shared.counters.accepted.one();
            let counted = CountedConnection(shared.counters.clone());
            // A session is large, and a closed one must not stay that in the list of tasks.
            Box::pin(serve(shared, socket, peer, is_implicit, place)).await;
            drop(counted);
        });
    }
}

async fn serve(shared: Arc<Shared>, socket: TcpStream, peer: SocketAddr, is_implicit: bool, place: Place) {
    let Ok(local) = socket.local_addr() else { return };
    let local = SocketAddr::new(canonical(local.ip()), local.port());
    let (mut wire, mut pass) = (Wire::Plain(socket), None);
    if is_implicit {
        let Some(door) = shared.tls.clone() else { return };
        (wire, pass) = match wire.secured(&door).await {
            Ok(secured) => secured,
            Err(refused) => return shared.refuse(&refused, peer),
        };
    }
    Session::new(shared, wire, pass, peer, local, place).run().await;
}

/// Hands over unfinished files that nobody renamed in time, until everything ends.
async fn hand_over_overdue(shared: Arc<Shared>) {
    let every = LOOK_FOR_OVERDUE.min(shared.keep_unfinished);
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
        session::hand_over_overdue(&shared).await;
    }
}

/// An IPv4 address as such, however it came.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Counts a connection as open until dropped, also if it panics.
struct CountedConnection(Arc<FtpCounters>);

impl Drop for CountedConnection {
    fn drop(&mut self) {
        self.0.connections.one_less();
    }
}
