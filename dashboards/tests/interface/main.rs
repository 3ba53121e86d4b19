//! The HTTP interface over a real socket.

mod alerts;
mod askers;
mod board;
mod described;
mod events;
mod figures;
mod held;
mod kept_back;
mod lineage;
mod maps;
mod misread;
mod obligations;
mod pages;
mod replays;
mod reports;
mod series;
mod server;
mod silent;
#[path = "../support/mod.rs"]
mod support;
mod tap;
