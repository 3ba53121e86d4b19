//! The dataflow: from recorded epochs to observations, windows and rejects.
//!
//! One timely dataflow whose timestamp is the epoch; event time is data. The driver records a manifest, the workers
//! decode and judge, the collector gathers and sorts. Nothing in it reads a clock, so state(e) = f(state(e−1),
//! manifest e) for any number of workers. Nothing outside of this crate names a timely type.

mod alert;
mod behind;
pub mod checkpoint;
mod clocks;
mod collect;
mod counted;
mod day;
mod derive;
pub mod driver;
pub mod exchange;
mod figures;
mod flow;
mod halt;
mod ledger;
mod log_sources;
pub mod manifest;
mod negative;
mod nodes;
mod plan;
pub mod priority;
mod reading;
mod replays;
mod reported;
mod series;
pub mod shard;
pub mod step;
mod suspects;

pub use driver::{Driver, DriverConfig, Halt};
