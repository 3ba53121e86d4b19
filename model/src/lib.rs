//! The vocabulary of an operations monitoring center.
//!
//! Everything here is pure: no I/O, no clock, no async. Time, randomness and files belong to the crates
//! at the edge, which hand their values in. Each type carries one rule of the field, so that a parsed thing
//! cannot be confused with a raw one, nor an event time with a moment of arrival.

pub mod action;
pub mod ageing;
pub mod asker;
pub mod attribute;
pub mod bound;
pub mod calendar;
pub mod contract;
pub mod counter;
pub mod counts;
pub mod envelope;
pub mod epoch;
pub mod event;
pub mod event_columns;
pub mod fact;
pub mod figure;
pub mod form;
pub mod framing;
pub mod held;
pub mod index;
pub mod instance;
pub mod limit;
pub mod loss;
pub mod mapping;
pub mod name;
pub mod names;
pub mod obligation;
pub mod observation;
pub mod pack;
pub mod pattern;
pub mod place;
pub mod position;
pub mod question;
pub mod rebirth;
pub mod reject;
pub mod replay;
pub mod results;
pub mod row;
pub mod rule;
pub mod running_hash;
pub mod sensor;
mod station_kind;
pub mod status;
pub mod text;
pub mod time;
pub mod topic;
pub mod usual;
pub mod window;
pub mod working_days;
