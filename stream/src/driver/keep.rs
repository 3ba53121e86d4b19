//! Writes checkpoints, and lets go of what they make unnecessary.
//!
//! In a thread of its own: the state of many series takes seconds to write, and commits go on meanwhile. A checkpoint
//! comes here when its epoch is committed. One is written at a time; who brings the next waits, and with him the flow
//! (invariant BOUND).

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, mpsc::Receiver},
};

use ioc_bus::{SharedBus, record::RecordLog};
use ioc_model::{
    epoch::Epoch,
    position::{Offset, Partition},
};

use super::{Halt, step};
use crate::checkpoint::{Checkpoint, Checkpoints};

pub(crate) struct Keeper {
    pub manifests: Arc<Mutex<RecordLog>>,
    pub checkpoints: Checkpoints,
    pub bus: SharedBus,
    /// Checkpoints written by this process and what they allow to be released.
    pub kept: VecDeque<(Epoch, Vec<Offset>)>,
}

impl Keeper {
    pub(crate) fn run(mut self, checkpoints: &Receiver<Checkpoint>) -> Result<(), Halt> {
        for checkpoint in checkpoints {
            self.keep(checkpoint)?;
        }
        Ok(())
    }

    fn keep(&mut self, checkpoint: Checkpoint) -> Result<(), Halt> {
        let epoch = checkpoint.epoch;
        step("checkpoint_before_write", epoch);
        let oldest = match self.checkpoints.write(&checkpoint) {
            Ok(oldest) => oldest,
            // The older ones and the manifests behind them still hold everything; the next attempt comes by itself.
            Err(error) if error.is_full() => {
                tracing::error!(%error, "no room for a checkpoint: it is put off");
                return Ok(());
            }
            Err(error) => return Err(Halt::because("cannot write a checkpoint", error)),
        };
        step("checkpoint_after_write", epoch);
        tracing::debug!(epoch = epoch.0, "checkpoint written");
        step("manifests_before_release", epoch);
        self.manifests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            // The first record kept is that of the epoch after the oldest checkpoint.
            .release(oldest.0)
            .map_err(|error| Halt::because("cannot release manifests", error))?;
        step("log_before_release", epoch);
        self.kept.push_back((epoch, checkpoint.next));
        while self.kept.front().is_some_and(|(kept, _)| *kept < oldest) {
            let _ = self.kept.pop_front();
        }
        if let Some((kept, offsets)) = self.kept.front().filter(|(kept, _)| *kept == oldest) {
            tracing::trace!(epoch = kept.0, "log released up to the oldest checkpoint");
            for (index, before) in offsets.iter().enumerate() {
                self.bus.release(Partition(index as u16), *before);
            }
        }
        Ok(())
    }
}
