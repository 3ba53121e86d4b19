//! Named stopping points of the exactly-once path, for crash tests.
//!
//! Without the feature `failpoints` they are nothing at all. With it each logs that it was reached before it acts,
//! and that it was passed afterwards, so that a test can prove from the log at which moment a process died. Told to
//! `return`, a point ends the process there.

use ioc_model::epoch::Epoch;

/// All inserts of an epoch are about to be sent.
pub(crate) const BEFORE_INSERT: &str = "sink_before_insert";
/// A block is about to be sent, perhaps with others of its epoch.
pub(crate) const BEFORE_BLOCK: &str = "sink_before_block";
/// A block is held by the store; others of its epoch may not be.
pub(crate) const AFTER_BLOCK: &str = "sink_after_block";
/// All inserts of an epoch are acknowledged, its commit is not sent.
pub(crate) const AFTER_INSERT: &str = "sink_after_insert";
/// The commit is acknowledged.
pub(crate) const AFTER_COMMIT: &str = "sink_after_commit";
/// Negative control: neither tokens nor a look at what is held. A crash test must notice it.
#[cfg(feature = "failpoints")]
const NO_DEDUPLICATION: &str = "sink_no_deduplication";

/// Says that a point was reached and does what it was told to: nothing, wait, die.
#[cfg(feature = "failpoints")]
pub(crate) async fn reached(name: &'static str, epoch: Epoch) {
    tracing::info!("reached {name} epoch={epoch}");
    act(name).await;
    tracing::info!("passed {name} epoch={epoch}");
}

/// Does what a point was told to, and says nothing: an epoch has many blocks.
#[cfg(feature = "failpoints")]
pub(crate) async fn act(name: &'static str) {
    // A point may sleep: not on a thread of the runtime.
    let evaluated =
        tokio::task::spawn_blocking(move || fail::fail_point!(name, |_| std::process::abort())).await;
    if let Err(error) = evaluated {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// Nothing.
#[cfg(not(feature = "failpoints"))]
#[allow(clippy::unused_async, reason = "the same shape with and without the feature")]
pub(crate) async fn reached(_name: &'static str, _epoch: Epoch) {}

/// Nothing.
#[cfg(not(feature = "failpoints"))]
#[allow(clippy::unused_async, reason = "the same shape with and without the feature")]
pub(crate) async fn act(_name: &'static str) {}

/// Whether the negative control is on.
#[cfg(feature = "failpoints")]
pub(crate) fn deduplication_is_off() -> bool {
    fail::eval(NO_DEDUPLICATION, |_| ()).is_some()
}

/// Never.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn deduplication_is_off() -> bool {
    false
}
