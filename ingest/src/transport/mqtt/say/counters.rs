//! What is counted of what the product says.

use crate::transport::counters::counters;

counters! {
    /// Live counters of a voice.
    pub struct VoiceCounters;
    /// The counters at one moment.
    pub struct VoiceCounts;
    /// Topic filters that sessions are subscribed to now.
    now subscriptions,
    /// Topic filters that were refused.
    total refused_subscriptions,
    /// Publishes to gateways written, those of quality of service 1 each time they are.
    total said,
    /// Publishes to gateways that their clients acknowledged.
    total said_acknowledged,
    /// Publishes to gateways that were dropped: no room was left, their time was over, they were longer than
    /// their client takes, their sender may not hear them any more, or their session ended.
    total said_dropped,
    /// Rebirths that were asked of nodes.
    total rebirths,
    /// Rebirths that were not asked of a node, because it was asked a short while ago or too many wait.
    total rebirths_suppressed,
    /// Rebirths that no session of their sender hears.
    total rebirths_undeliverable,
}
