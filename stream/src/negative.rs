//! **Negative controls, for tests only**: rules of the protocol that can be broken on purpose, so that the tests which
//! must notice a breach are seen to notice it. Never broken in a program built without the feature `failpoints`.

use ioc_bus::clock::Clock;
use ioc_model::{epoch::Epoch, time::Now};

/// Whether a checkpoint is written before its epoch is committed, and trusted all the same: what is recovered from it
/// is taken for committed (breaks ONCE).
pub(crate) fn checkpoints_before_commit() -> bool {
    fail::fail_point!("checkpoint_before_commit", |_| true);
    false
}

/// The newest epoch whose checkpoint may be loaded.
pub(crate) fn trusted(committed: Epoch) -> Epoch {
    if checkpoints_before_commit() { Epoch(u64::MAX) } else { committed }
}

/// What operators take for the wall clock: the recorded one, unless they read one themselves (breaks REPLAY).
pub(crate) fn operators_clock(recorded: Now, clock: &Clock) -> Now {
    fail::fail_point!("operator_reads_clock", |_| clock.now());
    let _ = clock;
    recorded
}
