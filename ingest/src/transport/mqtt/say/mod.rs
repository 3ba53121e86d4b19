//! What the product itself says to gateways, and who hears it.
//!
//! ```text
//! Voice::say, Voice::rebirth ──▶ Listeners ──▶ Listener of a session: subscriptions, Outbox ──▶ writing half ──▶ gateway
//!                                   ▲                                                              │
//!                       SUBSCRIBE ──┘ judged by Rights                             PUBACK ◀───────┘
//! ```
//!
//! Nothing that one gateway publishes reaches another: only [`Voice`] puts anything into an [`Outbox`], so this stays an
//! endpoint and is no broker. What is said is for everybody or for one sender, and leaves only to a session of a sender
//! that may hear its topic at that moment ([`rights`], invariant SAFE).
//!
//! Whoever says something waits for nobody. What a session has not taken is bounded in number, in bytes and over all
//! sessions; where there is no room the oldest goes and is counted (invariant BOUND).

mod counters;
mod listener;
mod listeners;
mod outbox;
mod rebirths;
mod rights;
mod subscription;
mod voice;

use std::sync::Arc;

pub use counters::{VoiceCounters, VoiceCounts};
pub(super) use listener::{Line, Listener};
pub use listeners::Heard;
pub(super) use listeners::Listeners;
pub use rebirths::Rebirth;
pub(super) use subscription::{Asked, Request, Subscription, push_answer};
use tokio::time::Instant;
pub use voice::Voice;

/// The longest topic, in bytes.
const LONGEST_TOPIC: usize = 512;
/// The longest payload, in bytes.
const LONGEST_PAYLOAD: usize = 16 << 10;

/// Who is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Audience {
    /// Every sender that may hear the topic.
    Everybody,
    /// The one of that name.
    Sender(Box<str>),
}

/// Something that was said.
#[derive(Clone, Debug)]
struct Said {
    to: Audience,
    topic: Box<str>,
    payload: Box<[u8]>,
    /// Whoever subscribes later is told it, too, and only the newest of a topic counts.
    is_retained: bool,
    /// Quality of service, 0 or 1.
    qos: u8,
    /// It has no sense after that.
    until: Option<Instant>,
    /// What was said later has a higher one.
    number: u64,
}

/// Shared by all who are to hear it.
type SharedSaid = Arc<Said>;
