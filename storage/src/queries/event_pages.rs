//! Pages of events, the newest first.
//!
//! Rows lie by kind and log source before they lie by time, so the newest of a time are found by reading all of it. Mostly
//! those of the last moments are enough: pages are looked for backwards, in slices that grow until there are enough.

use clickhouse::query::Query;
use ioc_model::{
    event::EventCursor,
    position::{LogNumber, Offset, Partition, Position},
    time::{EventTime, Millis},
};

/// How far back slices reach; the last one to the beginning.
const SLICES: [Millis; 5] =
    [Millis(30_000), Millis::minutes(5), Millis::hours(1), Millis::hours(6), Millis::hours(24)];

/// The time from one moment up to another, the newest slice first.
pub(super) fn slices(from: EventTime, until: EventTime) -> impl Iterator<Item = (EventTime, EventTime)> {
    let mut end = until;
    let beginnings = SLICES.into_iter().map(Some).chain([None]).map(move |back| match back {
        Some(back) => until.minus(back).max(from),
        None => from,
    });
    beginnings.filter_map(move |beginning| {
        let slice = (beginning, end);
        end = beginning;
        (slice.0 < slice.1).then_some(slice)
    })
}

/// A page of rows `e`, the newest first: what lies behind the place it begins at.
pub(super) const PAGE: &str = " AND (toUnixTimestamp64Milli(e.happened_at), e.log, e.partition, e.offset, e.row) \
         < ({before:Int64}, {log:UInt16}, {partition:UInt16}, {offset:UInt64}, {row:UInt32}) \
         ORDER BY e.happened_at DESC, e.log DESC, e.partition DESC, e.offset DESC, e.row DESC LIMIT {limit:UInt32}";

/// Before whatever there is.
pub(super) const NEWEST: EventCursor = EventCursor {
    happened_at: EventTime(i64::MAX),
    position: Position { log: LogNumber(0), partition: Partition(0), offset: Offset(0) },
    row: 0,
};

/// So that what is newer than the place is not read at all.
pub(super) fn until(until: EventTime, before: EventCursor) -> EventTime {
    EventTime(until.0.min(before.happened_at.0.saturating_add(1)))
}

/// Says what [`PAGE`] asks for.
pub(super) fn paged(query: Query, before: EventCursor, limit: u32) -> Query {
    query
        .param("before", before.happened_at.0)
        .param("log", before.position.log.0)
        .param("partition", before.position.partition.0)
        .param("offset", before.position.offset.0)
        .param("row", before.row)
        .param("limit", limit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn bound_a_page_is_looked_for_in_the_last_moments_first() {
        let until = EventTime(1_795_132_800_000);
        let spans: Vec<i64> =
            slices(until.minus(Millis::hours(48)), until).map(|(from, end)| end.0 - from.0).collect();
        assert_eq!(spans, [30_000, 270_000, 3_300_000, 5 * HOUR, 18 * HOUR, 24 * HOUR]);
        let spans: Vec<i64> =
            slices(until.minus(Millis(90_000)), until).map(|(from, end)| end.0 - from.0).collect();
        assert_eq!(spans, [30_000, 60_000]);
        assert_eq!(slices(until, until).count(), 0);
    }

    proptest! {
        #[test]
        fn slices_are_all_of_the_time_and_nothing_twice(from in 0i64..400 * HOUR, length in 0i64..400 * HOUR) {
            let (from, until) = (EventTime(from), EventTime(from + length));
            let all: Vec<(EventTime, EventTime)> = slices(from, until).collect();
            prop_assert!(all.windows(2).all(|pair| pair[0].0 == pair[1].1));
            prop_assert!(all.first().is_none_or(|first| first.1 == until));
            prop_assert!(all.last().is_none_or(|last| last.0 == from));
            prop_assert_eq!(all.is_empty(), length == 0);
        }
    }
}
