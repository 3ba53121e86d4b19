//! Facts of what happened.

use std::{cmp::Ordering, sync::Arc};

use crate::{
    event::Event,
    fact::{Fact, Table},
};

/// A row of the `event` table.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent(pub Arc<Event>);

impl Fact for StoredEvent {
    const TABLE: Table = Table { name: "event", time_column: "happened_at" };

    fn time(&self) -> i64 {
        self.0.happened_at.0
    }

    fn size(&self) -> usize {
        let Event {
            rated, category, signature, signature_id, protocol, user, host, program, message, ..
        } = &*self.0;
        let texts = [category, signature, signature_id, user, host, program, message];
        let attributes = self.0.attributes.iter().map(|(name, text)| name.len() + text.len() + 16);
        let words = rated.len() + protocol.len();
        192 + words + texts.into_iter().map(|text| text.len()).sum::<usize>() + attributes.sum::<usize>()
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.0.arrival.place().cmp(&other.0.arrival.place())
    }
}
