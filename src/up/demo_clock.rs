//! The demo's clock: made with the data folder, so that time goes on where it stood after a restart.

use ioc_bus::clock::Clock;

use crate::{
    demo::first_and_last_start,
    instance::{DEMO_CLOCK_FILE, DataFolder},
};

/// The folder's demo clock; a new one starts now, at that moment and speed.
///
/// # Errors
/// If it cannot be read or kept, or no station has readings at that moment.
pub fn of_folder(data: &DataFolder, start: jiff::Timestamp, speed: f64) -> anyhow::Result<Clock> {
    anyhow::ensure!(speed.is_finite() && speed > 0.0, "the demo's speed must be a positive number");
    let (first, last) = first_and_last_start()?;
    anyhow::ensure!(
        (first.0..=last.0).contains(&start.as_millisecond()),
        "the demo has readings from {first} to {last}: let it start there"
    );
    let origin = Clock::Machine.now().0;
    data.remembered(DEMO_CLOCK_FILE, || Clock::Demo { origin, start: start.as_millisecond(), speed })
}
