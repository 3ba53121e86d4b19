//! What is read of servers as the fuzz targets see it: bytes in, plain values out. Not for anybody else.

use super::{
    listing::{self, Form},
    sftp::fuzzing,
};

pub use super::sftp::fuzzing::Answered;

/// A folder as an FTP server lists it: names of files and folders, and how many lines say nothing that is understood. By MLSD,
/// or as `ls` and DOS do.
#[must_use]
pub fn listed(by_facts: bool, bytes: &[u8]) -> (Vec<String>, Vec<String>, u64) {
    let listing = listing::read(if by_facts { Form::Facts } else { Form::Lines }, bytes);
    (listing.files.into_iter().map(|(name, _, _)| name).collect(), listing.folders, listing.strange)
}

/// An answer of an SFTP server, without its length; none if it is none.
#[must_use]
pub fn answered(bytes: &[u8]) -> Option<Answered> {
    fuzzing::answered(bytes)
}
