//! Envelopes on the bus that no committed epoch holds, by feed: counted where they lie (invariant BALANCE).
//!
//! A chunk states how many envelopes of each feed it holds, so nothing is decoded. With a long backlog the count
//! reads much; whoever asks about once a second asks in proportion to how long the last answer took.

use std::collections::BTreeMap;

use ioc_model::{
    name::Name,
    position::{Offset, Partition},
};

use crate::{Bus, ReadError};

const READ_BYTES: usize = 4 << 20;

/// Counts envelopes from these offsets to the end.
///
/// # Errors
/// If the log cannot be read.
pub fn count(bus: &dyn Bus, committed: &[Offset]) -> Result<Vec<(Name, u64)>, ReadError> {
    let mut counts: BTreeMap<Name, u64> = BTreeMap::new();
    for (index, from) in committed.iter().enumerate() {
        let partition = Partition(index as u16);
        let end = bus.bounds(partition).end;
        let mut from = *from;
        while from < end {
            let batch = bus.read(partition, from, Some(end), READ_BYTES)?;
            if batch.next <= from {
                break;
            }
            from = batch.next;
            for (_, chunk) in &batch.chunks {
                for (feed, count) in chunk.counts() {
                    *counts.entry(Name::from(feed)).or_default() += u64::from(count);
                }
            }
        }
    }
    Ok(counts.into_iter().collect())
}
