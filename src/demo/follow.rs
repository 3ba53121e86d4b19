//! Walks through the record along the demo's clock.

use std::time::Duration;

use ioc_ingest::clock::Clock;
use ioc_model::time::{EventTime, Millis, Now};

use super::record::Hour;

/// The clock is asked again at least this often, since the machine's may be set.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A place in the record.
#[derive(Clone, Debug)]
pub(super) struct Follow<'a> {
    record: &'a [Hour],
    clock: Clock,
    next: usize,
    live_from: EventTime,
    is_live: bool,
}

impl<'a> Follow<'a> {
    /// From so many hours before now on.
    pub(super) fn from_before(record: &'a [Hour], clock: Clock, backfill_hours: u32) -> Follow<'a> {
        let now = clock.now();
        let oldest = now.minus(Millis::hours(i64::from(backfill_hours)));
        let next = first_not_before(record, oldest);
        Follow { record, clock, next, live_from: EventTime(now.0), is_live: false }
    }

    /// Waits until the next hour is over and gives it; none behind the record's end.
    pub(super) async fn next(&mut self, channel: &str) -> Option<&'a Hour> {
        let hour = self.record.get(self.next)?;
        if !self.is_live && hour.known_at() > self.live_from {
            self.is_live = true;
            tracing::info!(channel, hours = self.next, "the back-fill is sent, following the clock");
        }
        wait_until(self.clock, hour.known_at()).await;
        self.next += 1;
        Some(hour)
    }
}

/// Waits until the clock has reached a moment.
pub(super) async fn wait_until(clock: Clock, moment: EventTime) {
    loop {
        let left = Millis(moment.0.saturating_sub(clock.now().0));
        if left.0 <= 0 {
            return;
        }
        let pause = clock.machine_duration(left).clamp(Duration::from_millis(1), LOOK_AGAIN);
        tokio::time::sleep(pause).await;
    }
}

fn first_not_before(record: &[Hour], moment: Now) -> usize {
    record.partition_point(|hour| hour.start.0 < moment.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::record::hours;

    #[tokio::test]
    async fn the_last_two_weeks_come_first_oldest_first_and_then_nothing_before_its_time() {
        let record = hours().unwrap();
        let start = record[1_000].start.0 + 1;
        // A clock that all but stands.
        let clock = Clock::Demo { origin: 0, start, speed: 1e-12 };
        let mut follow = Follow::from_before(&record, clock, 336);
        for expected in &record[1_000 - 335..1_000] {
            assert_eq!(follow.next("test").await, Some(expected));
        }
        // The hour that holds now is not over.
        let early = tokio::time::timeout(Duration::from_millis(20), follow.next("test")).await;
        assert!(early.is_err());
    }

    #[tokio::test]
    async fn behind_the_end_there_is_nothing() {
        let record = hours().unwrap();
        let clock = Clock::Demo { origin: 0, start: i64::MAX / 4, speed: 1e-12 };
        assert_eq!(Follow::from_before(&record, clock, 1).next("test").await, None);
    }
}
