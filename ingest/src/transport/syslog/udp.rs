//! Datagrams. They go into the log before anything else is done with them, and nobody slows who sends them.
//!
//! One task reads all that is there and hands it over, by sender; it waits neither for the disk nor for anybody's share,
//! only for room in the log. While there is none the system's buffer fills, and then the system drops: how many it
//! dropped is counted and said, and recorded as a loss when there is room again.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use ioc_bus::{ChunkBuilder, Durable, Origin};
use ioc_model::{
    attribute::Attribute,
    envelope::{Content, UNMATCHED},
    loss::Loss,
};
use rustc_hash::FxHashMap;
use rustix::net::sockopt;
use tokio::{
    net::UdpSocket,
    sync::{mpsc, watch},
    time::{MissedTickBehavior, interval, timeout},
};

use super::{
    Shared,
    dropped::Dropped,
    faults::SyslogFault,
    settings::KIND,
    source::{Claimed, Source, canonical},
};
use crate::{
    clients::{Caller, DoorEvent},
    intake::SenderLine,
    routes::Routes,
};

const LISTENER: &str = "syslog/udp";
/// No datagram is longer.
const LONGEST: usize = 65_536;
/// Datagrams, and bytes of them, in one go.
const MOST_IN_GO: usize = 1_024;
const MOST_BYTES_IN_GO: usize = 1 << 20;
/// Chunks that may wait to be durable. The log bounds their bytes.
const TICKETS: usize = 4_096;
/// Senders whose lines are remembered; an address costs its sender nothing, so all are forgotten beyond it.
const LINES: usize = 4_096;
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What has arrived when everything ends is known to have within so long; no more than so many are read then.
const KNOWN_WITHIN: Duration = Duration::from_millis(20);
const LAST: usize = 1 << 17;

/// A socket that receives.
#[derive(Debug)]
pub(super) struct Datagrams {
    socket: Arc<UdpSocket>,
    address: SocketAddr,
    shared: Arc<Shared>,
    lines: HashMap<IpAddr, SenderLine>,
}

/// What one sender sent in one go.
#[derive(Debug)]
struct Parcel<'r> {
    source: Source,
    claimed: Claimed<'r>,
    chunk: ChunkBuilder,
    peer: SocketAddr,
}

impl Datagrams {
    /// Listens, with a buffer of so many bytes if the system gives them.
    pub(super) async fn bind(
        address: SocketAddr,
        buffer_bytes: usize,
        shared: Arc<Shared>,
    ) -> io::Result<Datagrams> {
        let socket = UdpSocket::bind(address).await?;
        let address = socket.local_addr()?;
        // Beyond the system's limit only with the right to it.
        if sockopt::set_socket_recv_buffer_size_force(&socket, buffer_bytes).is_err() {
            sockopt::set_socket_recv_buffer_size(&socket, buffer_bytes)?;
        }
        // The system doubles what it is asked for, for what it needs itself.
        let given = sockopt::socket_recv_buffer_size(&socket)? / 2;
        shared.counters.receive_buffer_bytes.set(given as u64);
        if given < buffer_bytes {
            tracing::warn!(
                %address,
                asked = buffer_bytes,
                given,
                "the system gives less of a buffer for datagrams than was asked for: raise net.core.rmem_max"
            );
        }
        Ok(Datagrams { socket: Arc::new(socket), address, shared, lines: HashMap::new() })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reads until everything ends; then what has arrived is read, too, and durable.
    pub(super) async fn run(mut self) {
        let (tickets, queue) = mpsc::channel(TICKETS);
        let told = tokio::spawn(tell_losses(queue, self.shared.clone()));
        let (drops, to_record) = watch::channel(0);
        let watching =
            tokio::spawn(watch_drops(self.socket.clone(), self.address, self.shared.clone(), drops));
        let recording = tokio::spawn(record_drops(to_record, self.shared.clone()));
        let mut buffer = vec![0; LONGEST];
        let stop = self.shared.stop.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                readable = self.socket.readable() => if let Err(error) = readable {
                    tracing::error!(%error, address = %self.address, "no more datagrams can be read");
                    break;
                }
            }
            let _read = self.pass_on(&mut buffer, &tickets).await;
            tokio::task::consume_budget().await;
        }
        let mut last = 0;
        while last < LAST && matches!(timeout(KNOWN_WITHIN, self.socket.readable()).await, Ok(Ok(()))) {
            last += self.pass_on(&mut buffer, &tickets).await.max(1);
        }
        drop(tickets);
        for task in [told, watching, recording] {
            if task.await.is_err() {
                tracing::error!("a part of the reading of datagrams panicked");
            }
        }
    }

    /// Reads what is there and hands it over. How many datagrams there were.
    async fn pass_on(&mut self, buffer: &mut [u8], tickets: &mpsc::Sender<(Durable, u32)>) -> usize {
        let shared = self.shared.clone();
        let routes = shared.routes.borrow().clone();
        let (read, parcels) = Datagrams::read(&self.socket, buffer, &routes, &shared);
        for mut parcel in parcels {
            let (messages, peer) = (parcel.chunk.len(), parcel.peer);
            let user = parcel.source.name();
            let caller = Caller { transport: KIND.word, user, client_id: "", peer: Some(peer) };
            shared.intake.clients().heard(&caller, messages.into());
            let line = self.line_of(&parcel.source, peer.ip());
            match shared.intake.hand_over_unshared(&line, &mut parcel.chunk).await {
                Ok(durable) => {
                    // Its receiver lives as long as this.
                    let _queued = tickets.send((durable, messages)).await;
                }
                Err(error) => shared.lose(messages, &error),
            }
        }
        read
    }

    fn read<'r>(
        socket: &UdpSocket,
        buffer: &mut [u8],
        routes: &'r Routes,
        shared: &'r Shared,
    ) -> (usize, Vec<Parcel<'r>>) {
        let counters = &*shared.counters;
        let mut parcels: Vec<Parcel<'r>> = Vec::new();
        let mut of_sender: FxHashMap<IpAddr, usize> = FxHashMap::default();
        let (mut read, mut bytes) = (0, 0);
        while read < MOST_IN_GO && bytes < MOST_BYTES_IN_GO {
            let (length, peer) = match socket.try_recv_from(buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    // What the system reports of a former answer; there are none, and the socket goes on.
                    tracing::debug!(%error, "a datagram could not be read");
                    break;
                }
            };
            read += 1;
            bytes += length;
            let peer = canonical(peer);
            let index = *of_sender.entry(peer.ip()).or_insert_with(|| {
                let source = shared.told_apart(Source::new(peer.ip(), None), peer, routes);
                let feed = source.feed_in(routes);
                let claimed = Claimed { feed, listener: LISTENER, counters };
                parcels.push(Parcel { source, claimed, chunk: ChunkBuilder::new(), peer });
                parcels.len() - 1
            });
            let Parcel { source, claimed, chunk, .. } = &mut parcels[index];
            counters.untold.add(u64::from(!source.is_named()));
            // Senders take another port whenever they like, so it is known of each alone.
            if claimed.push(&[(Attribute::Peer, &peer.to_string())], &buffer[..length], chunk) {
                shared.faulty(source, routes, SyslogFault::Oversize);
            }
        }
        counters.datagrams.add(read as u64);
        counters.bytes.add(bytes as u64);
        (read, parcels)
    }

    fn line_of(&mut self, source: &Source, address: IpAddr) -> SenderLine {
        if let Some(line) = self.lines.get(&address) {
            return line.clone();
        }
        if self.lines.len() >= LINES {
            self.lines.clear();
        }
        let line = self.shared.intake.line_of(source.name(), Origin::sender(source.name()));
        let _new = self.lines.insert(address, line.clone());
        line
    }
}

/// What has its place in line and does not become durable is lost, and counted.
async fn tell_losses(mut tickets: mpsc::Receiver<(Durable, u32)>, shared: Arc<Shared>) {
    while let Some((durable, messages)) = tickets.recv().await {
        if let Err(error) = durable.await {
            shared.lose(messages, &error);
        }
    }
}

/// Records what the system dropped, as a loss: it survives a restart, and counts like any reject. The log takes it when it
/// has room again, and reading does not wait for that.
async fn record_drops(mut dropped: watch::Receiver<u64>, shared: Arc<Shared>) {
    let line = shared.intake.line_of(LISTENER, Origin::sender(LISTENER));
    let (mut recorded, mut is_said) = (0, false);
    while dropped.changed().await.is_ok() {
        let count = *dropped.borrow_and_update() - recorded;
        let loss = Loss::Datagrams { count };
        let mut chunk = ChunkBuilder::new();
        {
            let routes = shared.routes.borrow();
            // Whose they were nobody knows, unless there is only one it can be.
            let feed = routes.only_syslog().map_or(UNMATCHED, |feed| &feed.id);
            let (fault, description) = (loss.to_string(), loss.description(LISTENER));
            let known = [(Attribute::Fault, fault.as_str())];
            chunk.push_with(feed, Content::Raw, LISTENER, &known, description.as_bytes());
        }
        let appended = async { shared.intake.hand_over_unshared(&line, &mut chunk).await?.await };
        match appended.await {
            Ok(_) => recorded += count,
            // They are recorded with the next ones, if it ever does.
            Err(error) if !is_said => {
                is_said = true;
                tracing::error!(%error, count, "the log does not take that datagrams were dropped");
            }
            Err(_) => {}
        }
    }
}

async fn watch_drops(
    socket: Arc<UdpSocket>,
    address: SocketAddr,
    shared: Arc<Shared>,
    drops: watch::Sender<u64>,
) {
    let mut before = 0;
    let mut second = interval(LOOK_EVERY);
    second.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut is_said = false;
    loop {
        let is_last = tokio::select! {
            biased;
            () = shared.stop.cancelled() => true,
            _ = second.tick() => false,
        };
        match Dropped::of(&*socket, address.is_ipv6()).and_then(Dropped::count) {
            Ok(count) => {
                let more = u64::from(count.wrapping_sub(before));
                before = count;
                if more > 0 {
                    shared.counters.dropped_datagrams.add(more);
                    drops.send_modify(|dropped| *dropped += more);
                    let user = address.to_string();
                    let caller = Caller { transport: KIND.word, user: &user, client_id: "", peer: None };
                    let why = "its buffer was full (syslog.receive_buffer_bytes)";
                    shared.intake.clients().note_many(DoorEvent::Dropped, &caller, None, why, more);
                }
            }
            Err(error) if !is_said => {
                is_said = true;
                tracing::warn!(%error, %address, "datagrams that the system drops cannot be counted");
            }
            Err(_) => {}
        }
        if is_last {
            return;
        }
    }
}
