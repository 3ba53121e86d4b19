//! VN_AQI.

use super::{GapReading, Indexed, NoIndex};

/// What an hour's index is made of: hourly means in µg/m³, those with enough points.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HourInputs {
    /// SO2.
    pub so2: Option<f64>,
    /// CO.
    pub co: Option<f64>,
    /// NO2.
    pub no2: Option<f64>,
    /// O3.
    pub o3: Option<f64>,
    /// PM10 of the last twelve hours, the index's own first.
    pub pm10: [Option<f64>; 12],
    /// PM2.5 of the last twelve hours, the index's own first.
    pub pm25: [Option<f64>; 12],
}

/// What a day's index is made of, in µg/m³, those with enough hours.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DayInputs {
    /// Highest hourly mean of SO2.
    pub so2: Option<f64>,
    /// Highest hourly mean of CO.
    pub co: Option<f64>,
    /// Highest hourly mean of NO2.
    pub no2: Option<f64>,
    /// Highest hourly mean of O3.
    pub o3: Option<f64>,
    /// Highest mean of eight hours of O3, of those that end in the day.
    pub o3_eight_hours: Option<f64>,
    /// The day's mean of PM10.
    pub pm10: Option<f64>,
    /// The day's mean of PM2.5.
    pub pm25: Option<f64>,
}

/// The index of an hour.
#[must_use]
pub fn hourly(_inputs: &HourInputs, _gaps: GapReading) -> Indexed {
    Indexed { value: Err(NoIndex::NoData), category: None, dominant: None, parts: Vec::new() }
}

/// The index of a day.
#[must_use]
pub fn daily(_inputs: &DayInputs) -> Indexed {
    Indexed { value: Err(NoIndex::NoData), category: None, dominant: None, parts: Vec::new() }
}
