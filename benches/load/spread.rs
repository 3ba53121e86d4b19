//! How figures of many messages lie: percentiles of times.

use std::time::Duration;

/// Times in microseconds, up to an hour.
#[derive(Default)]
pub struct Spread(Vec<u32>);

impl Spread {
    pub fn add(&mut self, time: Duration) {
        self.0.push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    pub fn append(&mut self, other: Spread) {
        self.0.extend(other.0);
    }

    /// `"p50_ms":…,"p99_ms":…,"p999_ms":…,"max_ms":…`
    pub fn json(&mut self) -> String {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        let at = |share: f64| {
            let place = ((self.0.len() as f64 * share) as usize).min(last);
            self.0.get(place).map_or(0.0, |micros| f64::from(*micros) / 1e3)
        };
        format!(
            "\"p50_ms\":{:.2},\"p99_ms\":{:.2},\"p999_ms\":{:.2},\"max_ms\":{:.2}",
            at(0.5),
            at(0.99),
            at(0.999),
            at(1.0)
        )
    }
}
