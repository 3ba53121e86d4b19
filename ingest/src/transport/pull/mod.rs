//! What transports share that go and fetch: when a source is asked, how far it was read, when to try again what failed,
//! what is said of all that, and the loop that keeps them in step. A source that is pulled is a [`Source`] and nothing else of this.

mod back_off;
pub(crate) mod bounded;
pub(crate) mod comparison;
mod counters;
mod cursor;
pub(crate) mod fetch;
pub(crate) mod horizon;
pub(crate) mod in_effect;
pub(crate) mod line;
pub(crate) mod memory;
pub(crate) mod place;
pub(crate) mod progress;
mod schedule;
pub(crate) mod start;
pub(crate) mod trust;

pub use self::{
    back_off::{BackOff, Patience},
    counters::{PullCounters, PullCounts},
    cursor::{Cursor, CursorError},
    fetch::{CannotFetch, Fetched, Pull, Source},
    progress::{Compared, Failing, Limit, Progress, PullState, Pulls},
    schedule::Schedule,
};
