//! What the tests of the whole flow share.
#![allow(dead_code, reason = "every test uses a part of it")]

pub mod derived;
pub mod flow;
pub mod pack;
pub mod sent;
pub mod store;

/// 2024-11-05T00:00:00+07:00.
pub const MIDNIGHT: i64 = 1_730_739_600_000;
