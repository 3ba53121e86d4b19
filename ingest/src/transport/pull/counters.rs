//! What is counted of a source that is pulled.

use crate::transport::counters::counters;

counters! {
    /// What is counted of a source that is pulled.
    pub struct PullCounters;
    /// The counters at one moment.
    pub struct PullCounts;
    /// Times the source was asked.
    total asked,
    /// Times it did not answer as it should.
    total failed,
    /// 1 while it does not answer.
    now away,
    /// 1 while it refuses what is asked: an operator's to mend.
    now refused,
    /// When the last pass that came to its end began, in seconds since 1970; 0 before there is one.
    now passed_at,
    /// Rows that appeared behind the place that had been read.
    total late,
    /// Envelopes on the log, with the cursor behind them.
    total envelopes,
    /// Periods read whole.
    total compared,
    /// Periods that could not be read whole.
    total given_up,
    /// Answers, records or periods over what the feed takes at once: told by size and hash.
    total oversize,
}
