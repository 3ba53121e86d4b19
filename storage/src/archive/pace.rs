//! When the archive runs.
//!
//! A pass over a partition is due when so much time has gone by, when about as many bytes have gathered as a pass takes,
//! or when the log is full. What lies on the log is known in offsets; how many bytes that is, is reckoned by the pass
//! before.

use std::time::{Duration, Instant};

use super::PassRecord;

/// When passes are due.
#[derive(Clone, Copy, Debug)]
pub struct PassSchedule {
    /// Pause between passes over a partition.
    pub every: Duration,
    /// Bytes of the log a pass takes, about.
    pub max_bytes: usize,
}

/// How fast a partition fills, and when its next pass is due by time.
#[derive(Clone, Copy, Debug)]
pub struct PassPace {
    due_at: Instant,
    bytes_an_offset: f64,
    last_pass_at: Option<i64>,
}

impl PassPace {
    /// Of a partition whose last pass was that; `now` in milliseconds since 1970. A process that is started often makes
    /// no more passes for that.
    #[must_use]
    pub fn since(last: Option<&PassRecord>, schedule: PassSchedule, now: i64) -> PassPace {
        let mut pace = PassPace { due_at: Instant::now(), bytes_an_offset: 0.0, last_pass_at: None };
        if let Some(record) = last {
            let gone = Duration::from_millis(u64::try_from(now - record.made_at).unwrap_or(u64::MAX));
            pace.passed(record);
            pace.due_at += schedule.every.saturating_sub(gone);
        }
        pace
    }

    /// Learns from a pass.
    pub fn passed(&mut self, record: &PassRecord) {
        let offsets = record.to.0.saturating_sub(record.from.0).max(1);
        self.bytes_an_offset = record.log_bytes as f64 / offsets as f64;
        self.last_pass_at = Some(record.made_at);
    }

    /// Everything that waited is archived.
    pub fn caught_up(&mut self, schedule: PassSchedule) {
        self.due_at = Instant::now() + schedule.every;
    }

    /// Whether a pass is due over so many committed offsets that are not archived.
    #[must_use]
    pub fn is_due(&self, waiting: u64, schedule: PassSchedule, log_is_full: bool) -> bool {
        let much = self.bytes(waiting) >= schedule.max_bytes as u64;
        waiting > 0 && (log_is_full || much || Instant::now() >= self.due_at)
    }

    /// About how many bytes so many offsets have.
    #[must_use]
    pub fn bytes(&self, offsets: u64) -> u64 {
        (self.bytes_an_offset * offsets as f64) as u64
    }

    /// When the last pass was made, milliseconds since 1970.
    #[must_use]
    pub fn last_pass_at(&self) -> Option<i64> {
        self.last_pass_at
    }
}

#[cfg(test)]
mod tests {
    use ioc_bus::LogId;
    use ioc_model::position::{LogNumber, Offset, Partition};

    use super::*;
    use crate::archive::Span;

    #[test]
    fn a_pass_is_due_by_time_by_bytes_or_when_the_log_is_full_and_never_over_nothing() {
        let schedule = PassSchedule { every: Duration::from_secs(3_600), max_bytes: 1_000 };
        let span = Span { log: LogNumber(1), partition: Partition(0), from: Offset(100), to: Offset(200) };
        let record = PassRecord::new(span, LogId::from_bytes([0; 16]), 1_000_000, 500, Vec::new());
        let fresh = PassPace::since(None, schedule, 0);
        assert!(fresh.is_due(1, schedule, false), "nothing was ever archived");
        let pace = PassPace::since(Some(&record), schedule, 1_001_000);
        assert_eq!(pace.bytes(10), 50);
        assert!(!pace.is_due(199, schedule, false));
        assert!(pace.is_due(200, schedule, false), "as many bytes as a pass takes");
        assert!(pace.is_due(1, schedule, true));
        assert!(!pace.is_due(0, schedule, true));
        // The hour was over before the process was started; so it is where the clock was put back behind the last pass.
        for now in [1_000_000 + 3_600_000, 0] {
            assert!(PassPace::since(Some(&record), schedule, now).is_due(1, schedule, false));
        }
        let mut caught_up = PassPace::since(Some(&record), schedule, 0);
        caught_up.caught_up(schedule);
        assert!(!caught_up.is_due(1, schedule, false));
    }
}
