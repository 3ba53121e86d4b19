//! What a broker's connection counts.

use crate::transport::counters::counters;

counters! {
    /// What a broker's connection counts.
    pub struct MqttBrokerCounters;
    /// The counters at one moment.
    pub struct MqttBrokerCounts;
    /// 1 while it is connected and subscribed.
    now connected,
    /// Connections made.
    total connections,
    /// Publishes received.
    total publishes,
    /// Publishes over the limit, recorded without their bytes.
    total oversize,
    /// Publishes acknowledged to the broker, after they were durable.
    total acknowledged,
    /// Bytes of payloads received.
    total bytes,
}
