//! What is counted of an interface beside what is counted of every source that is asked.

use crate::transport::counters::counters;

counters! {
    /// What is counted of one interface.
    pub struct HttpPullCounters;
    /// The counters at one moment.
    pub struct HttpPullCounts;
    /// Requests sent, those for tokens among them.
    total requests,
    /// Answers that said that nothing has changed (304).
    total unchanged,
    /// Answers that asked to be left alone (429, 503).
    total throttled,
    /// Tokens fetched.
    total tokens,
    /// Bytes of answers, as they are when they are unpacked.
    total bytes,
    /// Records, or whole answers, handed over.
    total rows,
    /// Those that came again and said what they had said.
    total known,
    /// Records without a value where the place is read from.
    total untimed,
    /// Times a listing changed while it was read, and was read again from its beginning.
    total changed,
    /// Passes over a listing that did not hold still: what there was is taken, and the place stays where it was.
    total unsettled,
}
