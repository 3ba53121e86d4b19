//! What the endpoint counts.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Live counters of an endpoint; they only grow, except `connections`.
        #[derive(Debug, Default)]
        pub struct MqttCounters {
            $($(#[$doc])* pub(super) $name: AtomicU64,)*
        }

        /// The counters at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct MqttCounts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl MqttCounters {
            /// Reads all of them. Each is exact; together they may be a moment apart.
            #[must_use]
            pub fn snapshot(&self) -> MqttCounts {
                MqttCounts { $($name: self.$name.load(Ordering::Relaxed),)* }
            }

            /// Every counter's name and figure, for metrics.
            #[must_use]
            pub fn each(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.load(Ordering::Relaxed)),)*]
            }
        }
    };
}

counters! {
    /// Connections open now, authenticated or not.
    connections,
    /// Connections let in.
    accepted,
    /// Connections refused: too many, malformed CONNECT, bad credentials.
    refused_connections,
    /// Of those, for bad credentials.
    refused_credentials,
    /// Connections closed because their client broke the protocol.
    violations,
    /// Connections closed because their client came again.
    taken_over,
    /// Publishes taken in, wills among them.
    publishes,
    /// Of those, on topics no feed claims.
    unmatched,
    /// Of those, on topics of feeds their sender may not send to.
    forbidden,
    /// Of those, over the packet limit or their feed's limit and recorded without their bytes.
    oversize,
    /// Wills published.
    wills,
    /// PUBACKs written, after the publish was durable.
    acknowledged,
    /// Chunks the bus did not make durable.
    append_errors,
    /// Bytes read.
    bytes,
}

impl MqttCounters {
    pub(super) fn add(counter: &AtomicU64, count: u64) {
        if count > 0 {
            let _before = counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    pub(super) fn one(counter: &AtomicU64) {
        Self::add(counter, 1);
    }
}
