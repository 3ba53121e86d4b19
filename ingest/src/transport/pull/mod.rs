//! What transports share that go and fetch: so far, when to try again what failed.

mod back_off;

pub use back_off::{BackOff, Patience};
