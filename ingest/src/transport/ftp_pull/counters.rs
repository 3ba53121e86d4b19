//! What is counted of a server beside what is counted of every source that is asked.

use crate::transport::counters::counters;

counters! {
    /// What is counted of one server.
    pub struct FtpPullCounters;
    /// The counters at one moment.
    pub struct FtpPullCounts;
    /// Times it was connected to and logged in at.
    total logins,
    /// Files handed over, for the first time or with another content.
    total files,
    /// Bytes of files that were fetched.
    total bytes,
    /// Files handed over that were known, and have another content now.
    total again,
    /// Those of them of which the listing said the same as before: found by fetching them once more.
    total silent,
    /// Files that were fetched again, and have the content that is known.
    total same,
    /// Files that are still to be fetched at this turn.
    now waiting,
    /// Files that are left to settle: they changed lately, or were seen for the first time.
    now settling,
    /// Files that could not be fetched, and are tried again.
    now left,
    /// Times a file could not be fetched: refused, or broken off.
    total broken,
    /// Times a file was another one when it had been fetched: left to settle again.
    total changing,
    /// Entries at the last look whose names are none to ask for, or that could not be read.
    now strange,
    /// Folders at the last look that the server would not list.
    now closed,
}
