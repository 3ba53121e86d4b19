//! What a server is asked, and what it answers.

use std::future::Future;

use super::listing::Listing;
use crate::transport::{pull::CannotFetch, withheld::Digest};

/// Why a server does not give what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unable {
    /// There is no such folder.
    Missing(String),
    /// Not this one, in its words; the next one may be asked for.
    Refused(String),
    /// It is gone, and the connection with it.
    Away(CannotFetch),
}

/// A file that came to its end.
#[derive(Debug)]
pub(super) struct Got {
    /// Its bytes; none if they are more than were to be kept.
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) digest: Digest,
    /// It was broken off here: it is larger than anything that is read to its end.
    pub(super) is_cut: bool,
    /// How long the server says it is, behind it; none if it does not say.
    pub(super) size_behind: Option<u64>,
}

/// A server that is asked.
pub(super) trait Asks: Send {
    /// Connects and logs in, unless that is done.
    fn connect(&mut self) -> impl Future<Output = Result<(), CannotFetch>> + Send;

    /// What lies in a folder.
    fn list(&mut self, folder: &str) -> impl Future<Output = Result<Listing, Unable>> + Send;

    /// A file, of which so many bytes are kept at most.
    fn fetch(
        &mut self,
        folder: &str,
        name: &str,
        keep: usize,
    ) -> impl Future<Output = Result<Got, Unable>> + Send;

    /// Nothing more is asked at this turn.
    fn leave(&mut self) -> impl Future<Output = ()> + Send;
}
