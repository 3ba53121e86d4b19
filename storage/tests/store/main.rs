//! The store against a real ClickHouse: the embedded server, one per test on a port of its own, laid down from one folder.
//!
//! They need the library: `deploy/scripts/fetch-libchdb.sh`. Without it they fail and say so.

mod alert_times;
mod analyst;
mod archive;
mod askers;
mod current;
mod derived;
mod fitness;
mod lineage;
mod losses;
mod maps;
mod marking;
mod misread;
mod obligations;
mod once;
mod packs;
mod questions;
mod reports;
mod series;
mod server;
mod supervision;
mod template;
mod upgrade;
mod wide;

#[path = "../../src/sample.rs"]
mod sample;
