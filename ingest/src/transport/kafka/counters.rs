//! What is counted of a feed of topics beside what is counted of every source that is asked.

use crate::transport::counters::counters;

counters! {
    /// What is counted of a feed of topics.
    pub struct KafkaCounters;
    /// The counters at one moment.
    pub struct KafkaCounts;
    /// Records on the log, with their place kept.
    total records,
    /// Bytes of their values.
    total bytes,
    /// Records that the brokers deleted before they were read.
    total lost,
    /// Topics that were deleted and made anew.
    total made_anew,
    /// Times the group's partitions were shared out anew.
    total rebalances,
    /// Times the group's offsets could not be told to the cluster; ours hold all the same.
    total commits_failed,
    /// Records of this member's partitions that are not read yet.
    now behind,
    /// Partitions that are this member's.
    now partitions,
}
