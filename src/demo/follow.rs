//! Walks through the stations' readings along the demo's clock.

use std::time::Duration;

use ioc_bus::clock::Clock;
use ioc_model::time::{EventTime, Millis, Now};

use super::stand_in::Reading;

/// The clock is asked again at least this often, since the machine's may be set.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A place in the readings.
#[derive(Clone, Debug)]
pub(super) struct Follow<'a> {
    readings: &'a [Reading],
    clock: Clock,
    next: usize,
    live_from: EventTime,
    is_live: bool,
}

impl<'a> Follow<'a> {
    /// From so many hours before now on.
    pub(super) fn from_before(readings: &'a [Reading], clock: Clock, backfill_hours: u32) -> Follow<'a> {
        let now = clock.now();
        let oldest = now.minus(Millis::hours(i64::from(backfill_hours)));
        let next = first_not_before(readings, oldest);
        Follow { readings, clock, next, live_from: EventTime(now.0), is_live: false }
    }

    /// Waits until the hour of the next reading is over and gives it; none behind the end of all stations' readings.
    pub(super) async fn next(&mut self, channel: &str) -> Option<&'a Reading> {
        let reading = self.readings.get(self.next)?;
        if !self.is_live && reading.hour.known_at() > self.live_from {
            self.is_live = true;
            tracing::info!(channel, "the back-fill is sent, following the clock");
        }
        wait_until(self.clock, reading.hour.known_at()).await;
        self.next += 1;
        Some(reading)
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

fn first_not_before(readings: &[Reading], moment: Now) -> usize {
    readings.partition_point(|reading| reading.hour.start.0 < moment.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{
        record::hours,
        stand_in::{STAND_INS, readings},
    };

    #[tokio::test]
    async fn the_last_two_weeks_of_all_stations_come_first_oldest_first_and_then_nothing_before_its_time() {
        let readings = readings(&hours().unwrap());
        let start = "2026-01-31T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond() + 1;
        // A clock that all but stands.
        let clock = Clock::Demo { origin: 0, start, speed: 1e-12 };
        let mut follow = Follow::from_before(&readings, clock, 336);
        let oldest = start - Millis::hours(336).0;
        let backfill = readings.iter().filter(|reading| reading.hour.start.0 >= oldest);
        let mut count = 0;
        for expected in backfill.take_while(|reading| reading.hour.known_at().0 <= start) {
            assert_eq!(follow.next("test").await, Some(expected));
            count += 1;
        }
        assert_eq!(count, 335 * STAND_INS.len());
        // The hours that hold now are not over.
        let early = tokio::time::timeout(Duration::from_millis(20), follow.next("test")).await;
        assert!(early.is_err());
    }

    #[tokio::test]
    async fn behind_the_end_there_is_nothing() {
        let readings = readings(&hours().unwrap());
        let clock = Clock::Demo { origin: 0, start: i64::MAX / 4, speed: 1e-12 };
        assert_eq!(Follow::from_before(&readings, clock, 1).next("test").await, None);
    }
}
