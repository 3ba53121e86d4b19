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
    /// Envelopes on the log, with the cursor behind them.
    total envelopes,
}
