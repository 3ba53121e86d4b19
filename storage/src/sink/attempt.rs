//! One delivery's attempts: when to try again, and when it is no use.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use bytes::Bytes;
use ioc_model::epoch::Epoch;

use crate::error::{Class, StoreError};

/// What is delivered.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) table: &'static str,
    pub(super) statement: String,
    pub(super) rows: u64,
    pub(super) token: String,
    pub(super) bytes: Bytes,
    pub(super) epoch: Epoch,
    /// What its queries' names begin with.
    pub(super) query_prefix: String,
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Failures nobody has judged are tried for about a minute.
const DOUBTFUL_ATTEMPTS: u32 = 25;

/// The attempts made so far.
#[derive(Debug)]
pub(super) struct Attempts {
    made: u32,
    doubtful: u32,
    fresh_tokens: u32,
    pauses: ExponentialBackoff,
}

impl Default for Attempts {
    fn default() -> Attempts {
        let pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_jitter()
            .without_max_times()
            .build();
        Attempts { made: 0, doubtful: 0, fresh_tokens: 0, pauses }
    }
}

impl Attempts {
    pub(super) fn made(&self) -> u32 {
        self.made
    }

    /// How long to wait before the next attempt; none if it is no use.
    pub(super) fn pause_after(&mut self, error: &StoreError) -> Option<Duration> {
        self.made += 1;
        match error.class() {
            Class::Refused => return None,
            Class::Doubtful => self.doubtful += 1,
            Class::Retry => {}
        }
        if self.doubtful > DOUBTFUL_ATTEMPTS {
            return None;
        }
        Some(self.pauses.next().unwrap_or(LONGEST_PAUSE))
    }

    /// Another token for the same parcel: the last one is spent on rows that are not there.
    pub(super) fn fresh_token(&mut self, token: &str) -> String {
        self.fresh_tokens += 1;
        format!("{token}-again-{}-{}", self.fresh_tokens, uuid::Uuid::new_v4().simple())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(text: &str) -> StoreError {
        let cause = clickhouse::error::Error::BadResponse(text.to_owned());
        StoreError::ClickHouse { doing: "test".to_owned(), cause }
    }

    #[test]
    fn bound_a_store_that_is_away_is_waited_for_without_end() {
        let mut attempts = Attempts::default();
        let away = StoreError::NoAnswer { doing: "insert".to_owned(), seconds: 60 };
        for _ in 0..1_000 {
            // Jitter adds at most the pause itself.
            assert!(attempts.pause_after(&away).unwrap() <= 2 * LONGEST_PAUSE);
        }
    }

    #[test]
    fn loud_an_unknown_failure_is_tried_a_bounded_number_of_times() {
        let mut attempts = Attempts::default();
        let unknown = answered("Code: 77777. DB::Exception: new");
        let tried = (0..1_000).take_while(|_| attempts.pause_after(&unknown).is_some()).count();
        assert_eq!(tried, DOUBTFUL_ATTEMPTS as usize);
        assert!(Attempts::default().pause_after(&answered("Code: 60. x")).is_none());
    }
}
