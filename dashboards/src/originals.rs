//! The bytes as they came, from wherever they lie now.

use std::sync::Arc;

use axum::body::Bytes;
use ioc_model::{asker::Asker, envelope::Content, position::Position, time::ReceivedAt};

use crate::history::HistoryAnswer;

/// Finds what a sender sent.
pub trait Originals: Send + Sync + std::fmt::Debug {
    /// The envelope at a position; none where neither the log nor the archive has it, or it came by a feed that the
    /// asker does not see.
    fn open<'a>(&'a self, asker: &'a Asker, position: Position) -> HistoryAnswer<'a, Option<Original>>;
}

/// Shared originals.
pub type SharedOriginals = Arc<dyn Originals>;

/// An envelope, untouched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// The feed it came by.
    pub feed: String,
    /// Topic, file name or path.
    pub address: String,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// What its bytes are.
    pub content: Content,
    /// What is known of it beside its bytes, by word: who sent it, from where, of which media type.
    pub attributes: Vec<(String, String)>,
    /// The bytes as they came.
    pub payload: Bytes,
    /// Where they lie.
    pub kept: Kept,
}

/// Where an original lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// On the log.
    Log,
    /// In this file of the archive, below its folder.
    Archive(String),
}
