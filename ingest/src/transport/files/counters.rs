//! What a watched folder has done and what it waits for.

use crate::transport::counters::counters;

counters! {
    /// One watched folder's counts since start. Every file that is not simply taken shows in one of them.
    pub struct FilesCounters;
    /// The counts of [`FilesCounters`] at one moment.
    pub struct FilesCounts;
    /// Files whose envelope became durable.
    total taken,
    /// Bytes of the files taken.
    total taken_bytes,
    /// Files taken over the feed's limit: hash and size were appended, the file lies in rejected/.
    total withheld,
    /// Files taken without a value in them: moved, and counted as empty.
    total empty,
    /// Files moved to done/ or rejected/: acknowledged.
    total moved,
    /// Attempts to move a file that failed.
    total move_failures,
    /// Files that changed while or after they were read, and were left or put back to be read again.
    total changed,
    /// Files put back into the inbox because they went on growing after they were moved.
    total returned,
    /// Files that went away between being seen and being read.
    total vanished,
    /// Files that may not be read, or not be moved out of their folder.
    total unreadable,
    /// Symbolic links, pipes, sockets, devices, other file systems, folders too deep: left where they are.
    total passed_over,
    /// Passes that could not list a folder.
    total scan_failures,
    /// Files removed from done/ after the days they are kept.
    total done_removed,
    /// Files waiting now: settling, or in line.
    now waiting,
    /// Files whose name says that they are still being written, now.
    now unfinished,
}
