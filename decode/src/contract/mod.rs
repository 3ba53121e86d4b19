//! What is asked of an envelope and its rows, and in which words they are refused.
//!
//! The order of judgement: what was withheld, whose envelope it is, how large it is, whether there is anything in it,
//! whether it is of its format at all; then row by row who speaks, of what, when, and how much. The first broken rule
//! names the reject.

mod events;
pub(crate) mod form;
mod refusal;
mod rows;
mod rules;
mod told_twice;

pub use self::rows::{Dated, RowSink, TimedBy};
#[cfg(test)]
pub(crate) use self::rules::LOOKED_FOR;
pub(crate) use self::{
    events::{Delivery, Identity, Reporter, SaidTime, rated},
    refusal::{Refusal, WithheldBytes, legible, quoted},
    rows::{Met, Rows},
    rules::{FeedRules, IndicatorRules, Rules, Subject},
};
