//! How data gets in.
//!
//! [`transport`] receives, wraps into envelopes, appends to the bus through the [`intake`], and acknowledges when
//! the bus says durable (invariant ACK). It does not parse. [`decode`] is the other half, called by the dataflow:
//! a [`format`] reads an envelope's rows, the contract accepts or rejects each.

pub mod clock;
pub mod decode;
pub mod format;
pub mod intake;
pub mod routes;
pub mod senders;
pub mod transport;
