//! Which windows an index is made of, by the decrees: what whoever opens an index is shown, and nothing else went in.
//!
//! QĐ 1459/QĐ-TCMT (VN_AQI), QĐ 1460/QĐ-TCMT (VN_WQI).

use super::{IndexId, vn_wqi};
use crate::{
    time::{EventTime, Millis},
    window::WindowKind,
};

const PARTICULATES: &[&str] = &["pm10", "pm25"];
const GASES: &[&str] = &["co", "no2", "o3", "so2"];
const GASES_OF_ONE_HOUR: &[&str] = &["co", "no2", "so2"];
const OZONE: &[&str] = &["o3"];

/// Windows of some indicators that start in a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// Of these indicators.
    pub indicators: &'static [&'static str],
    /// Hours or days.
    pub kind: WindowKind,
    /// They start at this moment or later,
    pub from: EventTime,
    /// and before this one.
    pub to: EventTime,
}

/// Every window that goes into an index, by the decrees: an hour's VN_AQI takes the NowCast of particulates over
/// twelve hours and the hour of gases; a day's takes the day of particulates, the hours of gases, and for ozone those
/// of the eight-hour means that end in the day.
#[must_use]
pub fn inputs_of(index: IndexId, kind: WindowKind, start: EventTime, end: EventTime) -> Vec<Inputs> {
    let inputs = |indicators, kind, hours_before| Inputs {
        indicators,
        kind,
        from: start.minus(Millis::hours(hours_before)),
        to: end,
    };
    match (index, kind) {
        (IndexId::VnAqi, WindowKind::Day) => vec![
            inputs(GASES_OF_ONE_HOUR, WindowKind::Hour, 0),
            inputs(OZONE, WindowKind::Hour, 7),
            inputs(PARTICULATES, WindowKind::Day, 0),
        ],
        (IndexId::VnAqi, _) => {
            vec![inputs(GASES, WindowKind::Hour, 0), inputs(PARTICULATES, WindowKind::Hour, 11)]
        }
        (IndexId::VnWqi, kind) => vec![inputs(&vn_wqi::INPUTS, kind, 0)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn hours(inputs: &[Inputs], indicator: &str, kind: WindowKind) -> i64 {
        let of = inputs.iter().find(|asked| asked.indicators.contains(&indicator) && asked.kind == kind);
        of.map_or(0, |asked| (asked.to.0 - asked.from.0) / HOUR)
    }

    #[test]
    fn an_hours_index_is_made_of_twelve_hours_of_dust_and_its_own_of_gases() {
        let inputs = inputs_of(IndexId::VnAqi, WindowKind::Hour, EventTime(0), EventTime(HOUR));
        for (indicator, expected) in
            [("pm25", 12), ("pm10", 12), ("o3", 1), ("co", 1), ("no2", 1), ("so2", 1)]
        {
            assert_eq!(hours(&inputs, indicator, WindowKind::Hour), expected, "{indicator}");
        }
    }

    #[test]
    fn a_days_index_is_made_of_the_day_of_dust_the_hours_of_gases_and_seven_hours_more_of_ozone() {
        let inputs = inputs_of(IndexId::VnAqi, WindowKind::Day, EventTime(0), EventTime(24 * HOUR));
        for (indicator, expected) in [("pm25", 0), ("o3", 31), ("co", 24), ("no2", 24), ("so2", 24)] {
            assert_eq!(hours(&inputs, indicator, WindowKind::Hour), expected, "{indicator}");
        }
        assert_eq!(hours(&inputs, "pm25", WindowKind::Day), 24);
    }
}
