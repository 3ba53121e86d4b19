//! An answer as the fuzz targets see it.

use super::{
    super::listing::Listing,
    conversation::enter,
    packet::{self, Answer},
};

/// What was read of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// A folder's entries: how many there are, the names of files and folders that may be asked for, and how many are strange.
    Names(usize, Vec<String>, u64),
    /// The bytes of a handle, or of a piece.
    Bytes(Vec<u8>),
    /// Anything else.
    Other,
}

pub(in super::super) fn answered(bytes: &[u8]) -> Option<Answered> {
    let (_, answer) = packet::read(bytes).ok()?;
    Some(match answer {
        Answer::Names(entries) => {
            let mut listing = Listing::default();
            entries.iter().for_each(|entry| enter(entry, &mut listing));
            let mut names: Vec<String> = listing.files.into_iter().map(|(name, _, _)| name).collect();
            names.append(&mut listing.folders);
            Answered::Names(entries.len(), names, listing.strange)
        }
        Answer::Handle(bytes) | Answer::Piece(bytes) => Answered::Bytes(bytes),
        _ => Answered::Other,
    })
}
