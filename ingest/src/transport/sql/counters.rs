//! What is counted of a database beside what is counted of every source that is asked.

use crate::transport::counters::counters;

counters! {
    /// What is counted of one database.
    pub struct SqlCounters;
    /// The counters at one moment.
    pub struct SqlCounts;
    /// Rows handed over.
    total rows,
    /// Rows that were read again and said what they had said.
    total known,
    /// 1 while transactions are open there behind which rows may appear that were passed already: what lies behind them
    /// is read again.
    now held_back,
    /// 1 if the account may not see which transactions are open: rows that are committed late, behind others, are found
    /// only by reading whole periods again.
    now unguarded,
}
