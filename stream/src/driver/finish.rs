//! Commits epochs in order, asks the store what late rows wait for, hands over checkpoints.

use std::{
    collections::{HashSet, VecDeque},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender},
    },
};

use ioc_decode::Decoder;
use ioc_model::{
    epoch::{Epoch, Generation},
    instance::InstanceId,
    position::{LogNumber, Offset},
    question::{About, Answer, Question},
};

use super::{Commit, Completed, Halt, Need, Shared, step};
use crate::{
    checkpoint::{self, Checkpoint},
    collect::Whole,
    flow::{OfAllRecord, Records},
    negative,
};

/// Questions asked after one epoch at most: whoever sends late rows for many days waits, and nobody else does.
const QUESTIONS_AT_A_TIME: usize = 64;
/// No more is asked while so many rows of answers wait to be recorded.
const ROWS_WAITING: usize = 200_000;

pub(crate) struct Finisher {
    pub shared: Arc<Shared>,
    /// Takes the checkpoints of committed epochs.
    pub keeper: SyncSender<Checkpoint>,
    pub instance: InstanceId,
    pub generation: Generation,
    pub log: LogNumber,
    /// The store's last commit when the process was started: epochs up to it are not sent again.
    pub committed: Epoch,
    /// Epochs up to it were recorded before the process was started: their blocks may have been sent.
    pub last_recorded: Epoch,
    /// Questions not answered yet, the oldest first.
    pub awaited: VecDeque<Question>,
}

impl Finisher {
    pub(crate) fn run(
        mut self,
        mut commit: impl Commit,
        completed: &Receiver<Completed>,
    ) -> Result<(), Halt> {
        for Completed { whole, submitted } in completed {
            let Whole { results, mut records, of_all } = whole;
            let of_all =
                of_all.transpose().map_err(|error| Halt::because("cannot encode the state", error))?;
            let of_all = of_all.unwrap_or_default();
            let epoch = submitted.epoch;
            if negative::checkpoints_before_commit()
                && let Some(records) = records.take()
            {
                self.checkpoint(epoch, records, of_all.clone(), submitted.next.clone(), &submitted.decoder)?;
            }
            let before = submitted.replayed && epoch <= self.committed;
            if !submitted.answered.is_empty() {
                let answered: HashSet<&Question> = submitted.answered.iter().collect();
                self.awaited.retain(|question| !answered.contains(question));
            }
            self.awaited.extend(results.questions.iter().cloned());
            if !before {
                let need = Need { recovering: submitted.replayed, on_record: records.is_some() };
                commit.commit(&results, need)?;
            }
            self.shared.update(|state| {
                state.progress.committed = epoch;
                state.progress.now = submitted.now;
                state.committed_offsets.clone_from(&submitted.next);
            });
            if !before {
                commit.committed(results, submitted.consumed);
            }
            // Recorded epochs hold the answers to what was asked before the crash; what they leave open is asked again.
            if epoch >= self.last_recorded {
                self.read_back(&mut commit, epoch)?;
            }
            if let Some(records) = records {
                self.checkpoint(epoch, records, of_all, submitted.next, &submitted.decoder)?;
            }
        }
        Ok(())
    }

    /// What was stored up to an epoch; what came later the dataflow knows of by itself.
    fn read_back(&mut self, commit: &mut impl Commit, upto: Epoch) -> Result<(), Halt> {
        let mut rows: usize = self.shared.lock().answers.iter().map(|answer| answer.found.len()).sum();
        let mut answers = Vec::new();
        while answers.len() < QUESTIONS_AT_A_TIME && rows < ROWS_WAITING {
            let Some(question) = self.awaited.pop_front() else { break };
            let found = commit.ask(&question, upto)?;
            step("recall_before_answer", upto);
            let what = match question.about {
                About::Day { .. } => "day read back",
                About::Held { .. } => "held rows read back",
                About::Windows { .. } | About::Year { .. } | About::Counts { .. } | About::Usual { .. } => {
                    "windows read back"
                }
                About::Events { .. } | About::UndatedEvents { .. } => "events looked up",
                About::Replay(_) => "messages brought to be read again",
            };
            let Question { subject, from, to, .. } = &question;
            tracing::debug!(subject = &**subject, from = from.0, to = to.0, rows = found.len(), "{what}");
            rows += found.len();
            answers.push(Answer { question, found });
        }
        if !answers.is_empty() {
            commit.vouch()?;
            self.shared.update(|state| state.answers.extend(answers));
        }
        Ok(())
    }

    /// Hands the state over to be kept; waits while the one before it is written.
    fn checkpoint(
        &mut self,
        epoch: Epoch,
        records: Records,
        OfAllRecord { ledger, figures }: OfAllRecord,
        next: Vec<Offset>,
        decoder: &Decoder,
    ) -> Result<(), Halt> {
        let cannot = |error| Halt::because("cannot encode the state", error);
        let checkpoint = Checkpoint {
            instance: self.instance.bytes(),
            epoch,
            generation: self.generation,
            log: self.log,
            pack: decoder.pack().version.clone(),
            zone: decoder.pack().timezone.clone(),
            next,
            figures,
            ledger,
            version: checkpoint::VERSION,
            subjects: records.subjects.map_err(cannot)?,
            relays: records.relays.map_err(cannot)?,
            log_sources: records.log_sources.map_err(cannot)?,
            nodes: records.nodes.map_err(cannot)?,
            suspects: records.suspects.map_err(cannot)?,
        };
        // Why its keeper is gone, it has said itself.
        let gone = || Halt("nobody writes checkpoints any more".to_owned());
        self.keeper.send(checkpoint).map_err(|_| gone())
    }
}
