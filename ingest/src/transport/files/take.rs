//! From a file to an envelope.
//!
//! A file becomes one envelope of exactly its bytes, or nothing: when it is seen to change while it is read it is
//! left to settle again. A file over the feed's limit is hashed piece by piece (invariant BOUND) and its hash and
//! size become the envelope.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use ioc_bus::ChunkBuilder;
use ioc_model::envelope::Content;
use tokio_util::sync::CancellationToken;

use super::{
    below::{Folder, Signature, signature_of},
    scan::Found,
};
use crate::transport::{
    nothing::holds_nothing,
    withheld::{Digest, Withheld},
};

const PIECE: usize = 64 * 1024;

/// A file whose envelope lies in a chunk.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    /// Path below the inbox.
    pub(super) path: PathBuf,
    /// Its state when it was read.
    pub(super) signature: Signature,
    /// It was over the limit.
    pub(super) withheld: bool,
    /// There was no value in it.
    pub(super) empty: bool,
}

/// Why a file was not taken.
#[derive(Debug)]
pub(super) enum NotTaken {
    /// It is gone.
    Vanished,
    /// It is no longer what it was when it was seen.
    Changed,
    /// The process is stopping.
    Stopping,
    /// The system refuses.
    Unreadable(io::Error),
}

/// Reads one file into the chunk.
pub(super) fn take(
    inbox: &Folder,
    found: &Found,
    feed: &str,
    address: &str,
    max_bytes: u64,
    chunk: &mut ChunkBuilder,
    cancel: &CancellationToken,
) -> Result<Taken, NotTaken> {
    let mut file = open(inbox, &found.path)?;
    if state(&file)? != Some(found.signature) {
        return Err(NotTaken::Changed);
    }
    let size = found.signature.size;
    let withheld = size > max_bytes;
    let mut empty = false;
    if withheld {
        let digest = digest(&mut file, size, cancel)?;
        unchanged(&file, found)?;
        let description = Withheld::too_large(digest).to_json();
        chunk.push(feed, Content::Withheld, address, description.as_bytes());
    } else {
        let mut payload = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        // One byte more than there should be, to notice a file that grew.
        let read = (&mut file).take(size + 1).read_to_end(&mut payload).map_err(NotTaken::Unreadable)?;
        if read as u64 != size {
            return Err(NotTaken::Changed);
        }
        unchanged(&file, found)?;
        empty = holds_nothing(&payload);
        chunk.push(feed, Content::Raw, address, &payload);
    }
    Ok(Taken { path: found.path.clone(), signature: found.signature, withheld, empty })
}

fn open(inbox: &Folder, path: &Path) -> Result<File, NotTaken> {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => NotTaken::Vanished,
        _ => NotTaken::Unreadable(error),
    };
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(NotTaken::Vanished);
    };
    let folder = inbox.at(parent).map_err(refused)?;
    // What cannot be moved away afterwards would be appended again after every restart.
    if !folder.is_writable() {
        let message = "its folder is not writable for this process, so it could not be moved out of it";
        return Err(NotTaken::Unreadable(io::Error::new(io::ErrorKind::PermissionDenied, message)));
    }
    folder.file(name).map_err(refused)
}

fn state(file: &File) -> Result<Option<Signature>, NotTaken> {
    signature_of(file).map_err(NotTaken::Unreadable)
}

fn unchanged(file: &File, found: &Found) -> Result<(), NotTaken> {
    if state(file)? == Some(found.signature) { Ok(()) } else { Err(NotTaken::Changed) }
}

fn digest(file: &mut File, size: u64, cancel: &CancellationToken) -> Result<Digest, NotTaken> {
    let mut digest = Digest::default();
    let mut piece = vec![0u8; PIECE];
    loop {
        if cancel.is_cancelled() {
            return Err(NotTaken::Stopping);
        }
        let read = match file.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(NotTaken::Unreadable(error)),
        };
        digest.update(&piece[..read]);
        if digest.bytes() > size {
            return Err(NotTaken::Changed);
        }
    }
    if digest.bytes() == size { Ok(digest) } else { Err(NotTaken::Changed) }
}
