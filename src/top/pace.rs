//! How fast the picture changes: what `/api/overview` says is read into the types it is answered with.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// How fast a count grows, over the last few looks.
#[derive(Debug, Default)]
pub(super) struct Pace(VecDeque<(Instant, u64)>);

const LOOKED_BACK: Duration = Duration::from_secs(10);

impl Pace {
    pub(super) fn take(&mut self, at: Instant, count: u64) {
        // What became less was another process's.
        if self.0.back().is_some_and(|(_, last)| count < *last) {
            self.0.clear();
        }
        self.0.push_back((at, count));
        while self.0.len() > 2
            && self.0.front().is_some_and(|(first, _)| at.duration_since(*first) > LOOKED_BACK)
        {
            let _ = self.0.pop_front();
        }
    }

    /// None before the second look.
    pub(super) fn per_second(&self) -> Option<f64> {
        let ((first, before), (last, now)) = (self.0.front()?, self.0.back()?);
        let seconds = last.duration_since(*first).as_secs_f64();
        (seconds > 0.0).then(|| (now - before) as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_known_from_the_second_look_and_starts_anew_with_another_process() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::default();
        pace.take(at(0), 100);
        assert_eq!(pace.per_second(), None);
        pace.take(at(2), 300);
        assert_eq!(pace.per_second(), Some(100.0));
        pace.take(at(3), 50);
        assert_eq!(pace.per_second(), None);
        for second in 4..60 {
            pace.take(at(second), 50 + second * 10);
        }
        assert!((pace.per_second().unwrap() - 10.0).abs() < 0.01);
    }
}
