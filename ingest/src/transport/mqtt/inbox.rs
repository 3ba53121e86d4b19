//! The reading half of a connection and what of an unfinished packet was read.
//!
//! Bytes are read into a buffer that all connections of a thread share and looked at there; only what was not used
//! is kept. So an idle connection holds no buffer, and most bytes are copied once, into their chunk.

use std::{cell::RefCell, time::Duration};

use tokio::time::timeout;

use super::stream::Reading;

/// Bytes read at once.
const READ_AT_ONCE: usize = 16 << 10;
/// How long a closed connection is still read from: closing it with bytes unread would take back our last answers.
pub(super) const LINGER: Duration = Duration::from_secs(1);

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_AT_ONCE].into_boxed_slice());
}

/// The reading half.
pub(super) struct Inbox {
    socket: Reading,
    /// The start of a packet.
    unfinished: Vec<u8>,
    /// Fewer bytes than this are not worth a look.
    needed: usize,
}

/// What one attempt to read brought.
pub(super) enum Read {
    Bytes(usize),
    Nothing,
    Closed,
}

impl Inbox {
    pub(super) fn new(socket: Reading) -> Inbox {
        Inbox { socket, unfinished: Vec::new(), needed: 0 }
    }

    /// Resolves when there may be something to read.
    pub(super) async fn readable(&mut self) -> std::io::Result<()> {
        self.socket.readable().await
    }

    /// What was not used before is worth a look again, by other eyes.
    pub(super) fn look_again_at_all(&mut self, look: impl FnOnce(&[u8]) -> (usize, usize)) {
        self.needed = 0;
        self.look_again(look);
    }

    /// Shows `look` what was read but not used before.
    fn look_again(&mut self, look: impl FnOnce(&[u8]) -> (usize, usize)) {
        if self.unfinished.is_empty() || self.unfinished.len() < self.needed {
            return;
        }
        let (used, needed) = look(&self.unfinished);
        self.needed = needed;
        if used == self.unfinished.len() {
            self.unfinished = Vec::new();
        } else {
            drop(self.unfinished.drain(..used));
            // One large packet must not be paid for as long as the connection lives.
            if self.unfinished.len() < READ_AT_ONCE && self.unfinished.capacity() > 4 * READ_AT_ONCE {
                self.unfinished.shrink_to(READ_AT_ONCE);
            }
        }
    }

    /// Reads what is there, without waiting, and shows it to `look`, which says how much of it it used.
    pub(super) fn read(&mut self, look: impl FnOnce(&[u8]) -> (usize, usize)) -> Read {
        SCRATCH.with_borrow_mut(|scratch| match self.socket.try_read(scratch) {
            Ok(0) => Read::Closed,
            Ok(count) => {
                let fresh = &scratch[..count];
                if self.unfinished.is_empty() {
                    let (used, needed) = look(fresh);
                    self.needed = needed;
                    self.unfinished.extend_from_slice(&fresh[used..]);
                } else {
                    self.unfinished.extend_from_slice(fresh);
                    self.look_again(look);
                }
                Read::Bytes(count)
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Read::Nothing,
            Err(_) => Read::Closed,
        })
    }

    /// Reads and forgets for a while.
    pub(super) async fn drain(&mut self) {
        let drained = timeout(LINGER, async {
            while !matches!(self.read(|bytes| (bytes.len(), 0)), Read::Closed) {
                if self.socket.readable().await.is_err() {
                    return;
                }
                tokio::task::consume_budget().await;
            }
        });
        // Whoever is not done by then loses the end of its answers.
        let _ended = drained.await;
    }
}
