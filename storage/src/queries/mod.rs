//! What the boards ask. Committed rows only, bounded in time and number, values as server-side parameters.
//!
//! Times are milliseconds since 1970-01-01T00:00:00Z.

mod balance;
mod envelope;
mod latest;
mod rejects;
mod windows;

pub use balance::FeedBalance;
pub use envelope::Receipt;
pub use latest::LatestValue;
pub use rejects::RecentReject;
pub use windows::{RecentWindow, TrendPoint};
