//! Commits epochs in order, reads back what late rows wait for, hands over checkpoints.

use std::sync::{
    Arc,
    mpsc::{Receiver, SyncSender},
};

use ioc_decode::Decoder;
use ioc_model::{
    epoch::{Epoch, Generation},
    position::{LogNumber, Offset},
    results::{RecallRequest, WindowRecall},
};

use super::{Commit, Completed, Halt, Need, Shared, step};
use crate::{
    checkpoint::Checkpoint,
    collect::Whole,
    manifest::{Recalled, RecalledWindows},
    negative,
};

/// Days read back after one epoch at most: whoever sends late rows for many days waits, and nobody else does.
const DAYS_AT_A_TIME: usize = 32;
/// Spans of windows read back after one epoch at most, for the same reason.
const SPANS_AT_A_TIME: usize = 32;
/// No more days are read back while so many rows of others wait to be recorded.
const RECALLED_ROWS: usize = 200_000;

pub(crate) struct Committer {
    pub shared: Arc<Shared>,
    /// Takes the checkpoints of committed epochs.
    pub keeper: SyncSender<Checkpoint>,
    pub instance: [u8; 16],
    pub generation: Generation,
    pub log: LogNumber,
    /// The store's last commit when the process was started: epochs up to it are not sent again.
    pub committed: Epoch,
    /// Epochs up to it were recorded before the process was started: their blocks may have been sent.
    pub last_recorded: Epoch,
    /// Days asked for and not answered yet.
    pub awaited: Vec<RecallRequest>,
    /// Windows asked for and not answered yet.
    pub awaited_windows: Vec<WindowRecall>,
}

impl Committer {
    pub(crate) fn run(
        mut self,
        mut commit: impl Commit,
        completed: &Receiver<Completed>,
    ) -> Result<(), Halt> {
        for Completed { whole, submitted } in completed {
            let Whole { results, mut subjects } = whole;
            let epoch = submitted.epoch;
            if negative::checkpoints_before_commit()
                && let Some(subjects) = subjects.take()
            {
                self.checkpoint(epoch, subjects, submitted.next.clone(), &submitted.decoder)?;
            }
            let before = submitted.replayed && epoch <= self.committed;
            self.awaited.retain(|request| !submitted.answered.contains(request));
            self.awaited.extend(results.recalls.iter().cloned());
            self.awaited_windows.retain(|request| !submitted.answered_windows.contains(request));
            self.awaited_windows.extend(results.window_recalls.iter().cloned());
            if !before {
                let need = Need { recovering: submitted.replayed, on_record: subjects.is_some() };
                commit.commit(&results, need)?;
            }
            self.shared.update(|state| {
                state.progress.committed = epoch;
                state.progress.now = submitted.now;
                state.committed_offsets.clone_from(&submitted.next);
            });
            if !before {
                commit.committed(results, submitted.taken);
            }
            // Recorded epochs hold the answers to what was asked before the crash; what they leave open is asked again.
            if epoch >= self.last_recorded {
                self.read_back(&mut commit, epoch, &submitted.decoder)?;
                self.read_windows_back(&mut commit, epoch)?;
            }
            if let Some(subjects) = subjects {
                self.checkpoint(epoch, subjects, submitted.next, &submitted.decoder)?;
            }
        }
        Ok(())
    }

    fn read_back(&mut self, commit: &mut impl Commit, upto: Epoch, decoder: &Decoder) -> Result<(), Halt> {
        let queued: usize = self.shared.lock().recalled.iter().map(|day| day.rows.len()).sum();
        if queued >= RECALLED_ROWS {
            return Ok(());
        }
        let some = self.awaited.len().min(DAYS_AT_A_TIME);
        let mut answered = Vec::with_capacity(some);
        for request in self.awaited.drain(..some).collect::<Vec<_>>() {
            let Some(day) = decoder.calendar().day(request.day) else { continue };
            let rows = commit.recall(&request, day, upto)?;
            step("recall_before_answer", upto);
            tracing::debug!(
                indicator = &*request.indicator,
                subject = &*request.subject,
                rows = rows.len(),
                "day read back"
            );
            answered.push(Recalled { request, rows });
        }
        if !answered.is_empty() {
            commit.vouch()?;
            self.shared.update(|state| state.recalled.extend(answered));
        }
        Ok(())
    }

    /// What the windows were up to an epoch; those that came later the dataflow knows of by itself.
    fn read_windows_back(&mut self, commit: &mut impl Commit, upto: Epoch) -> Result<(), Halt> {
        if self.shared.lock().recalled_windows.len() >= SPANS_AT_A_TIME {
            return Ok(());
        }
        let some = self.awaited_windows.len().min(SPANS_AT_A_TIME);
        let mut answered = Vec::with_capacity(some);
        for request in self.awaited_windows.drain(..some).collect::<Vec<_>>() {
            let windows = commit.recall_windows(&request, upto)?;
            tracing::debug!(subject = &*request.subject, windows = windows.len(), "windows read back");
            answered.push(RecalledWindows { request, windows });
        }
        if !answered.is_empty() {
            commit.vouch()?;
            self.shared.update(|state| state.recalled_windows.extend(answered));
        }
        Ok(())
    }

    /// Hands the state over to be kept; waits while the one before it is written.
    fn checkpoint(
        &mut self,
        epoch: Epoch,
        subjects: Result<Vec<Vec<u8>>, postcard::Error>,
        next: Vec<Offset>,
        decoder: &Decoder,
    ) -> Result<(), Halt> {
        let checkpoint = Checkpoint {
            instance: self.instance,
            epoch,
            generation: self.generation,
            log: self.log,
            pack: decoder.pack().version.clone(),
            zone: decoder.pack().timezone.clone(),
            next,
            subjects: subjects.map_err(|error| Halt::because("cannot encode the state", error))?,
        };
        // Why its keeper is gone, it has said itself.
        let gone = || Halt("nobody writes checkpoints any more".to_owned());
        self.keeper.send(checkpoint).map_err(|_| gone())
    }
}
