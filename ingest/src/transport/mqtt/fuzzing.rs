//! The codec as the fuzz targets see it: bytes in, plain values out. Not for anybody else.

use std::sync::Arc;

use ioc_bus::{Appended, Chunk, ChunkBuilder, Origin};
use ioc_model::{
    position::{Offset, Partition},
    time::ReceivedAt,
};
use rustc_hash::FxHashSet;

use super::{
    aliases::Aliases,
    connect,
    exchange_book::Written,
    exchanges::Exchanges,
    reception::{self, End},
    reply,
    say::{Listeners, push_answer},
    session::ClientKey,
    session_lines,
    websocket::frames::{Frames, Said},
    wire::Version,
};
use crate::{
    routes::{Routes, TopicCache},
    senders::Sender,
};

/// What one connection reads.
#[derive(Debug)]
pub struct Reception(reception::Reception, u64);

/// What some of its bytes became.
#[derive(Debug)]
pub struct Received {
    /// How many of them were used.
    pub used: usize,
    /// How many the rest needs to be worth a look.
    pub needed: usize,
    /// The publishes.
    pub chunk: Chunk,
    /// What they are answered once they are durable.
    pub acks: Vec<u8>,
    /// How many there are.
    pub acknowledged: u32,
    /// What is answered at once.
    pub answers: Vec<u8>,
    /// PINGREQs.
    pub pings: u32,
    /// How it ended.
    pub end: Option<String>,
}

impl Reception {
    /// That of a sender, by version 5 or 3.1.1.
    #[must_use]
    pub fn new(five: bool, routes: Arc<Routes>, sender: Arc<Sender>, packet_limit: usize) -> Reception {
        Reception(
            reception::Reception {
                version: if five { Version::V5 } else { Version::V311 },
                routes,
                sender,
                counters: Arc::default(),
                packet_limit,
                receive_maximum: 16,
                has_lasting_session: true,
                is_resumed: false,
                personal: Vec::new(),
                exchanges: Exchanges::new(Arc::default()).begin("fuzz"),
                open_here: FxHashSet::default(),
                aliases: Aliases::default(),
                topics: TopicCache::default(),
                listener: Listeners::default().enter(&ClientKey::new("fuzz", "a"), &Arc::default()),
                listeners: Arc::default(),
            },
            0,
        )
    }

    /// Takes whole packets from the front of some bytes.
    pub fn take_in(&mut self, bytes: &[u8], in_flight: u32) -> Received {
        let mut received =
            reception::Received { chunk: ChunkBuilder::new(), ..reception::Received::default() };
        let (used, needed) = self.0.take_in(bytes, in_flight, &mut received);
        let mut acks = Vec::new();
        for ack in &received.acks {
            reply::push_ack(&mut acks, self.0.version, *ack);
        }
        let mut answers = Vec::new();
        for request in &received.requests {
            let codes = vec![0x80; request.asked().count()];
            push_answer(&mut answers, self.0.version, request, &codes);
        }
        let acknowledged = u32::try_from(received.settling).unwrap_or(u32::MAX);
        let end = received.end.map(|end: End| format!("{end:?}"));
        let chunk = received.chunk.finish_from(&Origin::default(), ReceivedAt(0));
        if let Some(mut opening) = received.opening {
            opening.goes(Partition(0), Offset(self.1));
            let base = Offset(self.1);
            self.1 += u64::from(chunk.envelopes());
            opening.settle(&Ok(Appended { base, next: Offset(self.1), received_at: ReceivedAt(0) }));
        }
        Received { used, needed, chunk, acks, acknowledged, answers, pings: received.pings, end }
    }
}

/// A CONNECT that was read.
#[derive(Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of the packet")]
pub struct Connect<'a> {
    pub five: bool,
    pub client_id: &'a str,
    pub clean: bool,
    pub session_lifetime: u32,
    pub keep_alive: u16,
    /// Topic, payload, delay.
    pub will: Option<(&'a str, &'a [u8], u32)>,
    pub user: Option<&'a str>,
    pub password: Option<&'a [u8]>,
    pub packet_limit: Option<u32>,
}

/// Reads a CONNECT's body; the reason's number if it is refused.
///
/// # Errors
/// If it is.
pub fn connect(body: &[u8]) -> Result<Connect<'_>, u8> {
    let read = connect::Connect::read(body).map_err(|refused| refused.reason.0)?;
    Ok(Connect {
        five: read.version == Version::V5,
        client_id: read.client_id,
        clean: read.clean,
        session_lifetime: read.session_lifetime,
        keep_alive: read.keep_alive,
        will: read.will.map(|will| (will.topic, will.payload, will.delay)),
        user: read.user,
        password: read.password,
        packet_limit: read.packet_limit,
    })
}

/// The file of sessions, read and written anew.
#[must_use]
pub fn sessions(text: &[u8]) -> Vec<u8> {
    let sessions = session_lines::read_lines(text);
    sessions.iter().flat_map(|(key, session)| session_lines::line_of(key, Some(session))).collect()
}

/// The file of exchanges, read and written anew.
#[must_use]
pub fn exchanges(text: &[u8]) -> Vec<u8> {
    Written::read(text).lines()
}

/// What a WebSocket gives out of some bytes, cut into pieces of that length, and how it ended.
#[must_use]
pub fn websocket(bytes: &[u8], piece: usize) -> (Vec<u8>, Option<String>) {
    let (mut frames, mut given) = (Frames::default(), Vec::new());
    for piece in bytes.chunks(piece.max(1)) {
        let (mut piece, mut said) = (piece.to_vec(), None);
        let count = frames.take(&mut piece, &mut said);
        given.extend_from_slice(&piece[..count]);
        if let Some(Said::Close(_) | Said::Fault(_)) = said {
            return (given, said.map(|said| format!("{said:?}")));
        }
    }
    (given, None)
}
