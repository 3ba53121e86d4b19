//! What transports share that go and fetch: when a source is asked, how far it was read, when to try again what failed,
//! and the loop that keeps the three in step. A source that is pulled is a [`Source`] and nothing else of this.

mod back_off;
mod counters;
mod cursor;
mod fetch;
mod schedule;

pub use self::{
    back_off::{BackOff, Patience},
    counters::{PullCounters, PullCounts},
    cursor::{Cursor, CursorError},
    fetch::{CannotFetch, Fetched, Pull, PullError, Source},
    schedule::Schedule,
};
