//! How data gets in.
//!
//! [`transport`] receives, wraps into envelopes, appends to the bus through the [`intake`], and acknowledges when
//! the bus says durable (invariant ACK). It does not parse: what bytes become is decided in the dataflow.

pub mod clients;
pub mod intake;
pub mod routes;
pub mod senders;
pub mod transport;
