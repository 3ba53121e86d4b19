//! Reading on in the files of a feed, into a chunk.

use ioc_bus::ChunkBuilder;
use ioc_model::{
    attribute::Attribute,
    envelope::Content,
    loss::{Loss, Unread},
};
use tokio::time::Instant;

use super::{
    followed::Progress,
    follower::Follower,
    kept::State,
    lines::{Piece, PieceKind},
};

/// A chunk is handed over when it holds that much.
const CHUNK_BYTES: usize = 1 << 20;

/// A loss that is known.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) loss: Loss,
    pub(super) address: String,
    pub(super) name: String,
    /// What is left of a line.
    pub(super) left: Option<Vec<u8>>,
    pub(super) at: u64,
}

/// What was read in one go.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) chunk: ChunkBuilder,
    /// More is there at once.
    pub(super) more: bool,
    pub(super) lines: u64,
    pub(super) bytes: u64,
    pub(super) oversize: u64,
    pub(super) losses: Vec<Loss>,
}

impl Read {
    pub(super) fn is_empty(&self) -> bool {
        self.chunk.is_empty()
    }

    /// What is told with it as lost.
    pub(super) fn losses(&self) -> &[Loss] {
        &self.losses
    }
}

impl Follower {
    /// Reads on in all files, into a chunk that is not too large.
    pub(super) fn read(&mut self, now: Instant) -> Read {
        let mut read = Read::default();
        for told in std::mem::take(&mut self.losses) {
            self.push_loss(told, &mut read);
        }
        let mut pieces = Vec::new();
        let mut untried = self.files.len();
        self.turn %= untried.max(1);
        while untried > 0 && read.chunk.bytes() < CHUNK_BYTES {
            untried -= 1;
            let index = self.turn;
            let progress = self.files[index].read(&mut self.buffer, &mut pieces, now);
            let is_left = match progress {
                Ok(Progress::More) => {
                    read.more = true;
                    false
                }
                Ok(Progress::AtEnd) => self.is_left(index, &mut pieces, now),
                Ok(Progress::Another) => {
                    self.cut_short(index, now);
                    read.more = true;
                    false
                }
                Err(error) => {
                    let name = self.files[index].name.clone();
                    self.files[index].reading = None;
                    self.unreadable(&name, &error);
                    false
                }
            };
            self.push(index, pieces.drain(..), &mut read);
            if is_left {
                self.leave(index);
            } else {
                self.turn += 1;
            }
            self.turn %= self.files.len().max(1);
        }
        read.more |= untried > 0 || !self.losses.is_empty();
        self.gauge();
        read
    }

    /// Whether all was read of a file that nobody writes to any more. What is left of a line is its last then; of a copy
    /// it is the beginning of one.
    fn is_left(&mut self, index: usize, pieces: &mut Vec<Piece>, now: Instant) -> bool {
        let file = &mut self.files[index];
        let behind = file.behind_bytes();
        let Some(reading) = &mut file.reading else { return false };
        let is_compressed = reading.source.plain().is_none();
        let is_over = match file.state {
            State::Followed => false,
            State::CutShort => true,
            State::Left => is_compressed || now.duration_since(file.since) >= self.what.linger,
        };
        if !is_over {
            return false;
        }
        let unread = Unread { read: reading.lines.ahead.at, at_least: behind };
        let left = reading.lines.waiting();
        let loss = match file.state {
            State::CutShort => {
                let bytes = Some(reading.lines.broken()).filter(|bytes| !bytes.is_empty());
                if left > 0 {
                    self.tell(index, Loss::RestOfLine { left }, bytes);
                }
                Loss::CutShort(unread)
            }
            _ => {
                file.end(pieces);
                Loss::Gone(unread)
            }
        };
        if unread.at_least > 0 {
            self.tell(index, loss, None);
        }
        true
    }

    fn push(&self, index: usize, pieces: impl Iterator<Item = Piece>, read: &mut Read) {
        let file = &self.files[index];
        for Piece { at, before, what } in pieces {
            let (origin, before) = (format!("{}:{at}", file.name), before.to_string());
            let known = [(Attribute::Origin, origin.as_str()), (Attribute::Before, before.as_str())];
            let mut push = |content, payload: &[u8]| {
                read.chunk.push_with(&self.what.feed, content, &file.address, &known, payload);
            };
            match what {
                PieceKind::Lines(payload, lines) => {
                    push(Content::Raw, &payload);
                    read.lines += lines;
                    read.bytes += payload.len() as u64;
                }
                PieceKind::TooLong(withheld) => {
                    push(Content::Withheld, withheld.to_json().as_bytes());
                    read.oversize += 1;
                }
            }
        }
    }

    fn push_loss(&self, told: Told, read: &mut Read) {
        let Told { loss, address, name, left, at } = told;
        let (origin, fault) = (format!("{name}:{at}"), loss.to_string());
        let known = [(Attribute::Origin, origin.as_str()), (Attribute::Fault, fault.as_str())];
        let payload = left.unwrap_or_else(|| loss.description(&name).into_bytes());
        read.chunk.push_with(&self.what.feed, Content::Raw, &address, &known, &payload);
        read.losses.push(loss);
    }
}
