//! VN_WQI.

use super::{IndexSettings, Indexed, NoIndex};

/// The indicators it is made of, in the units of their tables.
pub const INPUTS: [&str; 0] = [];

/// The index of the means of one window: `mean` gives an indicator's, none where it has not enough points.
#[must_use]
pub fn index(_mean: impl Fn(&str) -> Option<f64>, _settings: &IndexSettings) -> Indexed {
    Indexed { value: Err(NoIndex::NoData), category: None, dominant: None, parts: Vec::new() }
}
