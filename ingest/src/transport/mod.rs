//! The ways data comes in, one file or folder each.
//!
//! A transport receives, wraps into envelopes, hands them to the [`Intake`](crate::intake::Intake) and acknowledges
//! once they are durable. None of them parses what it carries.

pub mod files;
pub mod http;
pub mod mqtt;
pub mod mqtt_broker;
pub mod withheld;
