//! What is counted of files that are followed.

use crate::transport::counters::counters;

counters! {
    /// What is counted of a feed's files that grow.
    pub struct FollowCounters;
    /// The counters at one moment.
    pub struct FollowCounts;
    /// Lines on the log, with the place behind them kept.
    total lines,
    /// Bytes of them.
    total bytes,
    /// Lines over the feed's limit, recorded by size and hash.
    total oversize,
    /// Files that are read now, renamed ones among them.
    now files,
    /// Bytes of lines that have not ended yet.
    now unfinished_bytes,
    /// Bytes seen and not yet on the log.
    now behind_bytes,
    /// Files found under another name than before.
    total renamed,
    /// Files that were cut short, or whose content is another.
    total cut_short,
    /// Files whose rest was found in a copy, compressed or not.
    total found_in_copy,
    /// Losses told: files cut short or gone before they were read, lines of which a copy has a part.
    total losses,
    /// Bytes that were lost, as far as they were ever seen.
    total lost_bytes,
    /// Attempts to open or read a file that failed.
    total unreadable,
    /// Symbolic links and pipes of a followed name: left alone.
    total passed_over,
    /// Files that are not read because too many fit the names.
    now too_many,
    /// Looks that could not list the folder.
    total unlisted,
}
