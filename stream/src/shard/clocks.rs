//! What rows are worth by the clocks that dated them, before anything is made of them.

use ioc_decode::{Dated, Decoder};
use ioc_model::{names::SubjectId, observation::Observation, time::EventTime};

use super::{Shard, subject::SubjectState};

impl Shard {
    /// Hears how an epoch's messages are dated, and makes of its rows suspect what a wrong clock dated. Before they are
    /// applied: a station whose clock is off by something else than before is looked at with this epoch's clock.
    pub fn judge_clocks<'r>(
        &mut self,
        decoder: &Decoder,
        dated: &[Dated],
        rows: impl IntoIterator<Item = &'r mut [Observation]>,
    ) {
        let reset = self.clocks.judge(decoder.calendar(), dated, rows);
        for subject in &reset {
            self.look_soon(*subject);
        }
        self.reset.extend(reset);
    }

    /// A subject is looked at in this epoch, whether it has rows or not.
    pub(super) fn look_soon(&mut self, subject: SubjectId) {
        let names = &self.names;
        let state = self.subjects.entry(subject).or_insert_with(|| SubjectState::new(names.subject(subject)));
        let soon = EventTime(i64::MIN);
        let _ = state.due.replace(soon).map(|due| self.timers.remove(&(due, subject)));
        let _ = self.timers.insert((soon, subject));
    }
}
