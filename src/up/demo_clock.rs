//! The demo's clock: made with the data folder, so that time goes on where it stood after a restart.

use ioc_ingest::clock::Clock;

use crate::instance::{DEMO_CLOCK_FILE, DataFolder};

/// The folder's demo clock; a new one starts now, at that moment and speed.
///
/// # Errors
/// If it cannot be read or kept.
pub fn of_folder(data: &DataFolder, start: jiff::Timestamp, speed: f64) -> anyhow::Result<Clock> {
    anyhow::ensure!(speed.is_finite() && speed > 0.0, "the demo's speed must be a positive number");
    let origin = Clock::Machine.now().0;
    data.remembered(DEMO_CLOCK_FILE, || Clock::Demo { origin, start: start.as_millisecond(), speed })
}
