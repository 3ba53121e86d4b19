//! What gateways say of themselves: that they are there, or gone.

use super::{Shard, subject::SubjectState};
use crate::step::Presence;

impl Shard {
    /// What the gateway of a station said of itself: the station is looked at with this epoch's clock.
    pub(super) fn presence(&mut self, Presence { subject, is_there, at, .. }: Presence) {
        let names = &self.names;
        let state = self.subjects.entry(subject).or_insert_with(|| SubjectState::new(names.subject(subject)));
        state.gone = (!is_there).then_some(at);
        self.look_soon(subject);
    }
}
