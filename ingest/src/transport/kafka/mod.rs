//! Topics of a Kafka cluster that an agency writes to.
//!
//! Each record is an envelope with where it lay beside it: topic, partition, offset, the topic's identity; its key, its
//! headers and when it was written. A record that makes no sense is a reject like any other, and the partition goes on.
//!
//! * **How far it is** is ours ([`place`]), kept behind the append. What was appended and not kept is found in the log
//!   itself at the next start ([`found`]): killed anywhere, nothing is read twice (invariant ONCE). The group's committed
//!   offsets are told to Kafka, so that its own tools show how far this is; where they differ from ours, ours hold.
//! * **A topic is known by its identity**, not by its name ([`topics`]): one that was deleted and made anew is another log,
//!   whose offsets begin anew. Before a batch is appended the identity is asked for, since the records came before that.
//! * **What retention took** before it was read lies between the next offset and the first one that is still there. It is
//!   told as a loss ([`Loss`](ioc_model::loss::Loss)), and what is still there is read; nothing is ever skipped by a reset.
//!   A gap of offsets elsewhere is none: compaction and transactions make them.
//! * **Partitions are shared** by all members of a group ([`group`]). What another installation has read of a partition it
//!   committed with its log's identity, and this one goes on from there when the partition is given to it ([`plan`]).
//!
//! While the log is full nothing is polled, and the records wait in the cluster (invariant BOUND).

mod assignment;
mod counters;
mod envelopes;
mod found;
mod group;
mod headers;
mod keeping;
mod login;
mod place;
mod plan;
mod reader;
mod settings;
mod topics;
mod trouble;

pub use self::{
    counters::{KafkaCounters, KafkaCounts},
    settings::KIND,
};
