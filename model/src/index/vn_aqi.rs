//! VN_AQI: Decision 1459/QĐ-TCMT of the Vietnam Environment Administration, 12 November 2019, in force since.
//!
//! Concentrations are µg/m³. A parameter's sub-index is interpolated between the breakpoints of the decision's table;
//! the index is the highest of them, rounded to a whole number. An hour's index takes the NowCast of particulates and
//! the hour's means of gases; a day's takes the day's mean of particulates and the highest hour of gases.
//!
//! Two things of the text are read in a way of our own, since it says nothing of them: what a NowCast of half weights
//! makes of missing hours is [`GapReading`]'s choice, and above the last breakpoint a sub-index stays at 500. In the
//! decision's example 118.7 µg/m³ of NO2 gives 60; by its own table it is 59.35, published as 59.

use crate::{bound::is_above, name::Name};

use super::{Category, GapReading, IndexPart, Indexed, NoIndex, category_of, rounded_half_up};

/// The index at each breakpoint.
const INDEX: [f64; 8] = [0.0, 50.0, 100.0, 150.0, 200.0, 300.0, 400.0, 500.0];

/// The bands of the index, best first.
pub(super) const CATEGORIES: [Category; 6] = [
    Category { from: 0, to: 50, word: "good", vi: "Tốt", en: "Good", color: (0, 228, 0) },
    Category { from: 51, to: 100, word: "moderate", vi: "Trung bình", en: "Moderate", color: (255, 255, 0) },
    Category { from: 101, to: 150, word: "poor", vi: "Kém", en: "Poor", color: (255, 126, 0) },
    Category { from: 151, to: 200, word: "bad", vi: "Xấu", en: "Bad", color: (255, 0, 0) },
    Category {
        from: 201, to: 300, word: "very_bad", vi: "Rất xấu", en: "Very bad", color: (143, 63, 151)
    },
    Category {
        from: 301, to: 500, word: "hazardous", vi: "Nguy hại", en: "Hazardous", color: (126, 0, 35)
    },
];

/// A column of the decision's table. Their order is the one in which equal sub-indices are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// PM2.5: an hour's NowCast or a day's mean.
    Pm25,
    /// PM10: an hour's NowCast or a day's mean.
    Pm10,
    /// O3 of an hour.
    O3,
    /// O3 of eight hours; days only.
    O3EightHours,
    /// NO2 of an hour.
    No2,
    /// SO2 of an hour.
    So2,
    /// CO of an hour.
    Co,
}

impl Parameter {
    /// All of them.
    pub const ALL: [Parameter; 7] = [
        Parameter::Pm25,
        Parameter::Pm10,
        Parameter::O3,
        Parameter::O3EightHours,
        Parameter::No2,
        Parameter::So2,
        Parameter::Co,
    ];

    /// What it is called among an index's parts: the indicator, or `o3_eight_hours`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Parameter::O3EightHours => "o3_eight_hours",
            other => other.indicator(),
        }
    }

    /// The indicator it is made of.
    #[must_use]
    pub fn indicator(self) -> &'static str {
        match self {
            Parameter::Pm25 => "pm25",
            Parameter::Pm10 => "pm10",
            Parameter::O3 | Parameter::O3EightHours => "o3",
            Parameter::No2 => "no2",
            Parameter::So2 => "so2",
            Parameter::Co => "co",
        }
    }

    /// Concentrations in µg/m³ at which the index is 0, 50, 100, 150, 200, 300, 400, 500. The means of eight hours
    /// end at 300: above their last breakpoint only the hour's O3 counts.
    #[must_use]
    pub fn breakpoints(self) -> &'static [f64] {
        match self {
            Parameter::Pm25 => &[0.0, 25.0, 50.0, 80.0, 150.0, 250.0, 350.0, 500.0],
            Parameter::Pm10 => &[0.0, 50.0, 150.0, 250.0, 350.0, 420.0, 500.0, 600.0],
            Parameter::O3 => &[0.0, 160.0, 200.0, 300.0, 400.0, 800.0, 1_000.0, 1_200.0],
            Parameter::O3EightHours => &[0.0, 100.0, 120.0, 170.0, 210.0, 400.0],
            Parameter::No2 => &[0.0, 100.0, 200.0, 700.0, 1_200.0, 2_350.0, 3_100.0, 3_850.0],
            Parameter::So2 => &[0.0, 125.0, 350.0, 550.0, 800.0, 1_600.0, 2_100.0, 2_630.0],
            Parameter::Co => &[0.0, 10_000.0, 30_000.0, 45_000.0, 60_000.0, 90_000.0, 120_000.0, 150_000.0],
        }
    }
}

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
pub fn hourly(inputs: &HourInputs, gaps: GapReading) -> Indexed {
    index(|parameter| match parameter {
        Parameter::Pm25 => nowcast(&inputs.pm25, gaps),
        Parameter::Pm10 => nowcast(&inputs.pm10, gaps),
        Parameter::O3 => inputs.o3,
        Parameter::O3EightHours => None,
        Parameter::No2 => inputs.no2,
        Parameter::So2 => inputs.so2,
        Parameter::Co => inputs.co,
    })
}

/// The index of a day.
#[must_use]
pub fn daily(inputs: &DayInputs) -> Indexed {
    index(|parameter| match parameter {
        Parameter::Pm25 => inputs.pm25,
        Parameter::Pm10 => inputs.pm10,
        Parameter::O3 => inputs.o3,
        Parameter::O3EightHours => inputs.o3_eight_hours,
        Parameter::No2 => inputs.no2,
        Parameter::So2 => inputs.so2,
        Parameter::Co => inputs.co,
    })
}

/// The weighted mean of the last twelve hours' means, the newest first, in µg/m³.
///
/// The weight of each hour before is `w` = lowest / highest of the hours that are there, but at least ½, to the power
/// of its age. None with fewer than two of the newest three hours.
#[must_use]
pub fn nowcast(hours: &[Option<f64>; 12], gaps: GapReading) -> Option<f64> {
    if hours.iter().take(3).flatten().count() < 2 {
        return None;
    }
    let there = || hours.iter().flatten().copied();
    let (lowest, highest) = (there().fold(f64::INFINITY, f64::min), there().fold(0.0, f64::max));
    // Of twelve hours of clean air no ratio can be made; all weights are then alike.
    let ratio = if highest > 0.0 { lowest / highest } else { 1.0 };
    let weight = ratio.max(0.5);
    let (mut sum, mut weights, mut power) = (0.0, 0.0, 1.0);
    for hour in hours {
        if let Some(mean) = hour {
            sum += power * mean;
            weights += power;
        }
        power *= weight;
    }
    let has_gaps = hours.iter().any(Option::is_none);
    let literal = weight == 0.5 && (!has_gaps || gaps == GapReading::Literal);
    // The text's weights of an exact half are ½, ¼, ⅛ …, which are taken as they stand and not divided by their sum.
    Some(if literal { 0.5 * sum } else { sum / weights })
}

/// The sub-index of a concentration in µg/m³, not rounded; none for means of eight hours of O3 above their table.
/// A concentration below 0, which no analyser means, counts as 0.
#[must_use]
pub fn sub_index(parameter: Parameter, concentration: f64) -> Option<f64> {
    let concentration = concentration.max(0.0);
    let breakpoints = parameter.breakpoints();
    for (points, index) in breakpoints.windows(2).zip(INDEX.windows(2)) {
        let ([from, to], [low, high]) = (points, index) else { continue };
        if !is_above(concentration, *to) {
            return Some((concentration - from) * (high - low) / (to - from) + low);
        }
    }
    INDEX.get(breakpoints.len()..).is_some_and(<[f64]>::is_empty).then_some(INDEX[INDEX.len() - 1])
}

fn index(input: impl Fn(Parameter) -> Option<f64>) -> Indexed {
    let mut parts = Vec::new();
    let mut highest: Option<(Parameter, f64)> = None;
    let mut has_particulates = false;
    for parameter in Parameter::ALL {
        let Some(input) = input(parameter).filter(|input| input.is_finite()) else { continue };
        let Some(sub_index) = sub_index(parameter, input) else { continue };
        has_particulates |= matches!(parameter, Parameter::Pm25 | Parameter::Pm10);
        if highest.is_none_or(|(_, before)| sub_index > before) {
            highest = Some((parameter, sub_index));
        }
        parts.push(IndexPart { indicator: Name::from(parameter.word()), input, sub_index });
    }
    let value = match highest {
        None => Err(NoIndex::NoData),
        Some(_) if !has_particulates => Err(NoIndex::NoParticulates),
        Some((parameter, sub_index)) => Ok((parameter, rounded_half_up(sub_index))),
    };
    Indexed {
        value: value.map(|(_, value)| value),
        category: value.ok().and_then(|(_, value)| category_of(&CATEGORIES, value)),
        dominant: value.ok().map(|(parameter, _)| Name::from(parameter.indicator())),
        parts,
    }
}
