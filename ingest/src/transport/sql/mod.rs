//! Rows that an agency's database is asked for, page by page.
//!
//! A program on the agency's side writes rows, and nobody there knows of this one. So it is read on by a column: a number
//! that grows, or the moment of the last change. Neither is given out in the order in which rows can be seen: both are
//! taken while a transaction runs, and its rows appear when it commits, minutes later and behind others. Whoever
//! remembers the highest value it has seen loses them for ever. So how far a table was read for good, and how far rows
//! were seen, are two places ([`place`]): what lies between is read again until every transaction that was open has ended,
//! and only then the first is moved (invariant ONCE). What has been handed over already and says the same is left out.
//!
//! What a row says its value is may be wrong, too: a year that was mistyped, a number that somebody gave by hand. Neither
//! carries the place away: no moment does beyond the clocks, and no number of the last hundred ([`moment`], [`source`]).
//!
//! No column tells of what was removed, or changed without its moment. Whole periods are read again for that, now and
//! then, and a form's own rule says what a row means that is absent.
//!
//! A page of rows is an envelope: columns under a header, as the database itself writes values. What is in it judges the
//! flow, as with any file.

mod answer;
mod counters;
mod database;
mod envelopes;
mod login;
mod moment;
mod mysql;
mod place;
mod postgres;
mod settings;
mod source;
mod statements;
#[cfg(test)]
mod tests;

pub use self::{
    counters::{SqlCounters, SqlCounts},
    settings::KIND,
};
