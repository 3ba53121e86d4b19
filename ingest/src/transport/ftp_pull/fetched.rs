//! What a server is asked, and what it answers.

use std::{future::Future, net::SocketAddr, time::Duration};

use tokio::net::lookup_host;

use super::listing::Listing;
use crate::transport::{
    files::MAX_FILE,
    pull::{CannotFetch, fetch::within},
    withheld::Digest,
};

/// A list of one folder. Bytes.
pub(super) const LONGEST_LIST: usize = 32 << 20;
/// A whole file comes by then, however slow the line is.
pub(super) const WHOLE_WITHIN: Duration = Duration::from_secs(60 * 60);
/// A file over the limit is hashed up to so many bytes, then cut off.
const DRAIN: u64 = MAX_FILE as u64;
/// What a server says is told up to here. Characters.
const TOLD: usize = 200;

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

/// A file that is coming: hashed whole, and kept up to a length.
#[derive(Debug)]
pub(super) struct Coming {
    keep: usize,
    digest: Digest,
    bytes: Option<Vec<u8>>,
}

impl Coming {
    /// Of which so many bytes are kept at most.
    pub(super) fn new(keep: usize) -> Coming {
        Coming { keep, digest: Digest::default(), bytes: Some(Vec::new()) }
    }

    /// The next bytes of it. Whether more is wanted.
    pub(super) fn takes(&mut self, piece: &[u8]) -> bool {
        self.digest.update(piece);
        match &mut self.bytes {
            Some(kept) if kept.len() + piece.len() <= self.keep => kept.extend_from_slice(piece),
            _ => self.bytes = None,
        }
        !self.is_too_long()
    }

    /// Whether it is longer than anything that is read to its end.
    pub(super) fn is_too_long(&self) -> bool {
        self.digest.bytes() > DRAIN
    }

    /// How much of it came. Bytes.
    pub(super) fn count(&self) -> u64 {
        self.digest.bytes()
    }

    /// It ended, and the server says how long it is.
    pub(super) fn ended(self, size_behind: Option<u64>) -> Got {
        Got { is_cut: self.is_too_long(), bytes: self.bytes, digest: self.digest, size_behind }
    }
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

/// A path in a folder.
pub(super) fn join(folder: &str, name: &str) -> String {
    let between = if folder.ends_with('/') { "" } else { "/" };
    format!("{folder}{between}{name}")
}

/// A folder from the root on, where the server says where the login leads.
pub(super) fn from_root(home: &str, folder: &str) -> String {
    if folder.starts_with('/') || home.is_empty() {
        return folder.to_owned();
    }
    join(home, folder)
}

/// What a server said, as it may be shown to people.
pub(super) fn told(words: &str) -> String {
    words.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(TOLD).collect()
}

/// The connection is lost.
pub(super) fn away(why: &str) -> CannotFetch {
    let why = told(why);
    CannotFetch::told(format!("mất kết nối: {why}"), format!("the connection is lost: {why}"))
}

/// There is no connection to be had.
pub(super) fn cannot_connect(host: &str, why: &str) -> CannotFetch {
    let why = told(why);
    CannotFetch::told(
        format!("không kết nối được tới {host}: {why}"),
        format!("cannot connect to {host}: {why}"),
    )
}

/// It was let go, and nobody connected anew.
pub(super) fn gone() -> CannotFetch {
    CannotFetch::told("kết nối đã mất", "the connection is gone")
}

/// A folder holds more than is listed.
pub(super) fn too_long(folder: &str) -> CannotFetch {
    CannotFetch::fault(
        format!("danh sách của thư mục {folder} quá dài"),
        format!("the list of folder {folder} is too long"),
    )
}

/// Nothing came for too long, or the whole took too long.
pub(super) fn too_slow() -> CannotFetch {
    CannotFetch::told("không có gì thêm quá lâu", "nothing more came for too long")
}

/// The addresses of a host; at least one.
pub(super) async fn addresses(
    host: &str,
    port: u16,
    patience: Duration,
) -> Result<Vec<SocketAddr>, CannotFetch> {
    let found = within(patience, async {
        let found = lookup_host((host, port)).await.map_err(|error| {
            CannotFetch::told(
                format!("không tìm được địa chỉ của {host}: {error}"),
                format!("cannot look {host} up: {error}"),
            )
        })?;
        Ok(found.collect::<Vec<_>>())
    })
    .await?;
    if found.is_empty() {
        return Err(CannotFetch::told(format!("{host} không có địa chỉ"), format!("{host} has no address")));
    }
    Ok(found)
}
