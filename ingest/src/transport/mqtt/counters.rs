//! What the endpoint counts.

use crate::transport::counters::counters;

counters! {
    /// Live counters of an endpoint.
    pub struct MqttCounters;
    /// The counters at one moment.
    pub struct MqttCounts;
    /// Connections open now, authenticated or not.
    now connections,
    /// Connections let in.
    total accepted,
    /// Connections refused: too many, malformed CONNECT, bad credentials.
    total refused_connections,
    /// Connections refused for bad credentials.
    total refused_credentials,
    /// Connections closed because their client broke the protocol.
    total violations,
    /// Connections closed because their client came again.
    total taken_over,
    /// Publishes taken in, wills among them.
    total publishes,
    /// Publishes on topics no feed claims.
    total unmatched,
    /// Publishes on topics of feeds their sender may not send to.
    total forbidden,
    /// Publishes over the packet limit or their feed's limit, recorded without their bytes.
    total oversize,
    /// Publishes without a value in them.
    total empty,
    /// Wills published.
    total wills,
    /// PUBACKs and PUBRECs written, after the publish was durable.
    total acknowledged,
    /// Exchanges of quality of service 2 that are open now: stored and not released.
    now exchanges,
    /// Exchanges released by PUBREL.
    total released,
    /// Publishes of quality of service 2 that came again in their exchange and were not stored again.
    total repeated,
    /// Chunks the bus did not make durable.
    total append_errors,
    /// Bytes read.
    total bytes,
}
