//! What arrived, untouched.

use crate::{attribute::Attributes, position::Position, time::ReceivedAt};

/// One thing a sender sent: a publish, a file, a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// Where it lies.
    pub position: Position,
    /// The configured feed it belongs to, or [`UNMATCHED`].
    pub feed: &'a str,
    /// When it reached us.
    pub received_at: ReceivedAt,
    /// What the bytes are, as far as the transport knows.
    pub content: Content,
    /// Transport address: MQTT topic, file name, request path.
    pub address: &'a str,
    /// Who sent it, and what else is known of it.
    pub attributes: Attributes<'a>,
    /// The bytes as they came (for [`Content::Withheld`]: a JSON description of what was withheld).
    pub payload: &'a [u8],
}

/// The feed of envelopes whose topic, folder or path no configured feed claims.
pub const UNMATCHED: &str = "unmatched";

/// What an envelope's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Content {
    /// The sender's bytes.
    Raw = 0,
    /// Too large or not to be kept: the payload is `{"reason":…,"bytes":…,"sha256":…}` instead.
    Withheld = 1,
}

impl Content {
    /// From its number in a stored frame.
    #[must_use]
    pub fn from_u8(number: u8) -> Option<Content> {
        match number {
            0 => Some(Content::Raw),
            1 => Some(Content::Withheld),
            _ => None,
        }
    }
}
