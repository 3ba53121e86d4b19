//! What bytes become: from an envelope to rows of every kind and rejects.
//!
//! A pure function of the envelope and of one version of the pack: the dataflow calls it on recorded input and must
//! get the same answer on every replay (invariant REPLAY), `ioc try` gets the answer the dataflow would give. It
//! knows no transport, no network and no clock. Nothing in here can fail or stop: what is wrong with an envelope is
//! data (invariant SAFE).
//!
//! Read leftwards: the [contract] judges rows and words what is wrong with them, a [format](mod@format) reads rows and
//! hands each to the contract, the [decoder] finds format and contract of an envelope's feed.

mod contract;
mod decoder;
mod format;
mod grid;
pub mod listing;
mod mappings;
pub mod marked;
pub mod node;
pub mod reduce;
pub mod reread;
mod said;
pub mod template;
pub mod trial;
pub mod unpack;

pub use contract::{Dated, RowSink, TimedBy};
pub use decoder::{Decoder, Known, NoDecoder, Outcome};
pub use mappings::mapping_faults;
