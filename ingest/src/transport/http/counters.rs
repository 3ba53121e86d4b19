//! What HTTP push has answered.

use crate::transport::counters::counters;

counters! {
    /// What HTTP push has answered since start.
    pub struct HttpCounters;
    /// The counts of [`HttpCounters`] at one moment.
    pub struct HttpCounts;
    /// Receipts given: 200, and for reports 202 and 422.
    total acknowledged,
    /// Bytes of the bodies that have a receipt.
    total acknowledged_bytes,
    /// Reports that their form refused: 422.
    total refused,
    /// Reports that were not judged in time: 202.
    total judged_later,
    /// Bodies over the limit, appended as a description: 413.
    total withheld,
    /// Bodies without a value in them, recorded as empty: 422.
    total empty,
    /// No or a wrong token: 401.
    total unauthenticated,
    /// A feed that is not the sender's: 403.
    total forbidden,
    /// No such feed: 404.
    total unknown_feed,
    /// Bodies that came too slowly: 408.
    total timed_out,
    /// Bodies compressed in a way that is not read: 415.
    total unsupported_encoding,
    /// Bodies that are over the limit when they are unpacked: 413.
    total too_large_unpacked,
    /// More requests of one sender at once than it may have: 429.
    total too_many,
    /// The bus is full or poisoned, or too much is in work: 503.
    total unavailable,
    /// Bodies that broke off.
    total broken_off,
}
