//! The embedded log: segment files, one committer per partition, durable when `append` says so.
//!
//! Why our own: it is what the acknowledgement rests on (invariant ACK), and no embedded store that was tried keeps
//! it as it must be kept: one opened silently without its acknowledged tail after a flipped byte, one handed out
//! batches nobody had written, general key-value stores were slower and larger than the whole of this.
//!
//! * **Group commit** (`committer.rs`): a committer takes what has gathered, writes one frame, syncs once, and
//!   resolves all tickets. There is no lingering: while one group is synced, the next one gathers.
//! * **Durable or not is decided at one place** (`mark.rs`, `recovery.rs`): what was never acknowledged is cut, what
//!   was acknowledged and is damaged halts (invariant LOUD).
//! * **Full is not failure** (`writer.rs`): no room makes senders wait (invariant BOUND); a failed fsync poisons. On a
//!   disk that fills up the senders wait before the flow does (`room.rs`).
//! * **Readers never hold up a commit** (`chain.rs`).
//!
//! Layout of the folder:
//!
//! ```text
//! log.json                        identity: id, version, number of partitions
//! lock                            held while a process has the log open
//! 00000/00000000000000000000.log  partition, segment by the offset of its first envelope
//! ```

pub(crate) mod budget;
mod buffers;
pub(crate) mod chain;
mod committer;
mod config;
mod disk_log;
pub(crate) mod file_system;
pub(crate) mod frame;
#[doc(hidden)]
pub mod fuzzing;
pub(crate) mod identity;
mod index;
mod mark;
mod number;
mod open_error;
mod partition;
pub(crate) mod recovery;
mod segment;
pub(crate) mod writer;

#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use config::DiskLogConfig;
pub use disk_log::DiskLog;
pub use open_error::OpenError;

/// Locks; a thread that panicked while holding it left nothing half done, since every critical section here is a
/// plain assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
