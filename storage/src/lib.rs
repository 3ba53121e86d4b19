//! ClickHouse: the one store.
//!
//! One code path for every size: the `clickhouse` crate over HTTP. On one machine the server is the product's own
//! supervised child ([`embedded`]); in production it is another URL. What an epoch made becomes [`blocks`], the
//! [`sink`] stores each exactly once and commits the epoch, readers ([`queries`], analysts' views in [`schema`])
//! trust only what is at or below the last committed epoch (invariants ONCE, REPLAY, LOUD, BOUND). What arrived, raw,
//! goes to the [`archive`] before the bus may let go of it.

pub mod archive;
pub mod blocks;
pub mod client;
pub mod embedded;
pub mod error;
pub mod export;
mod failpoint;
pub mod identity;
pub mod losses;
pub mod marking;
pub mod month;
pub mod packs;
mod patience;
pub mod queries;
pub mod recall;
#[cfg(test)]
mod sample;
pub mod schema;
pub mod sink;
mod whole;

pub use archive::Archive;
pub use client::{Store, StoreConfig};
pub use error::{Class, StoreError};
pub use losses::{BrokenPart, TableLoss};
pub use marking::Marking;
pub use patience::patiently;
pub use schema::Topology;
pub use sink::{Sink, SinkConfig, SinkHalt, SinkStatus};
pub use whole::{FlowRecord, NotWhole, WholenessCheck};
