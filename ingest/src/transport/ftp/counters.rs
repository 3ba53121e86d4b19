//! What FTP counts.

use crate::transport::counters::counters;

counters! {
    /// What is counted of FTP and FTPS, all listeners together.
    pub struct FtpCounters;
    /// The counters at one moment.
    pub struct FtpCounts;
    /// Control connections open now.
    now connections,
    /// Control connections let in.
    total accepted,
    /// Control connections closed at once: too many.
    total refused_connections,
    /// Log-ins with no or wrong credentials.
    total wrong_credentials,
    /// Sessions closed because nothing came for too long, or nobody logged in.
    total idle,
    /// Files acknowledged: durable before 226 or 250 was said.
    total acknowledged,
    /// Bytes of the files that were acknowledged.
    total acknowledged_bytes,
    /// Files that broke off: nothing was taken of them.
    total broken_off,
    /// Bytes that came of files that broke off.
    total broken_off_bytes,
    /// Files over their feed's limit, recorded by size and hash.
    total withheld,
    /// Files without a value in them, recorded as empty.
    total empty,
    /// Files for a feed of others or for none: refused before they came.
    total forbidden,
    /// Files that were not taken for lack of room, in memory or in the log: their sender comes again.
    total unavailable,
    /// Files under a name that says that they are being written, kept until they are renamed.
    now unfinished,
    /// Unfinished files that nobody renamed in time, handed over under their own names.
    total overdue,
    /// Unfinished files that their senders removed.
    total withdrawn,
    /// Data connections from another address than the control connection's: closed.
    total foreign_data,
}
