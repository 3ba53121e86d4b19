//! What syslog counts.

use crate::transport::counters::counters;

counters! {
    /// What is counted of syslog, all its listeners together.
    pub struct SyslogCounters;
    /// The counters at one moment.
    pub struct SyslogCounts;
    /// Datagrams read.
    total datagrams,
    /// Datagrams the system dropped before they were read: the socket's buffer was full.
    total dropped_datagrams,
    /// Bytes of the socket's buffer for datagrams, as the system gave it.
    now receive_buffer_bytes,
    /// Connections open now, by TCP and TLS.
    now connections,
    /// Connections let in.
    total accepted,
    /// Connections closed at once: too many.
    total refused_connections,
    /// Connections closed because nothing came for too long.
    total idle,
    /// Messages of connections.
    total messages,
    /// Messages whose sender counted characters where bytes are counted.
    total counted_characters,
    /// Pieces of connections that are no message: counts that lie, ends within a frame.
    total framing_faults,
    /// Messages of senders no feed claims.
    total unmatched,
    /// Messages of senders that are not told apart: too many addresses came before theirs.
    total untold,
    /// Messages over a limit, recorded by size and hash.
    total oversize,
    /// Messages without a value in them.
    total empty,
    /// Messages that were read and that the log did not take.
    total lost,
    /// Bytes read.
    total bytes,
}
