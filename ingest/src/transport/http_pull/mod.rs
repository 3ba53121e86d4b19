//! An agency's interface that is asked over HTTP, answer by answer.
//!
//! Such an interface tells of no transactions, and a page by number is whatever lies under that number by now. So three
//! things are kept apart. A **pass** reads a listing from its beginning to its end; only at its end the **place** moves
//! from which the next one reads on, and only if the listing held still: each page must go on behind the one before
//! ([`listing`]), or it is read from its beginning again. What a pass brings goes to the log page by page, and the cursor
//! behind it holds where the pass is, so that one that is killed goes on there (invariant ONCE). And whole **periods** are
//! asked for now and then: what was removed, changed without its moment, or has none is found so.
//!
//! What is asked, and by which name, is told apart: the pack says what, a file in the data folder who.
//!
//! Rejected: a client of many features (reqwest, ureq). Half of what it does by itself must not be done here: it follows
//! redirects to wherever they point, looks names up anew for each, and reads answers of any size. What is left is hyper.

mod answer;
mod client;
mod compare;
mod counters;
mod envelopes;
pub mod fuzzing;
mod hosts;
mod json;
mod link;
mod listing;
mod page;
mod place;
mod reach;
mod request;
mod retry_after;
mod secrets;
mod settings;
mod since;
mod source;
#[cfg(test)]
mod tests;
mod token;

pub use self::{
    counters::{HttpPullCounters, HttpPullCounts},
    settings::KIND,
};
