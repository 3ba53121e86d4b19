//! VN_WQI: Decision 1460/QĐ-TCMT of the Vietnam Environment Administration, 12 November 2019, in force since; it
//! replaces 879/QĐ-TCMT of 2011.
//!
//! Each parameter has a sub-index from 100 (best) to 10, by a table of the decision. Parameters stand in five groups:
//! I pH, II pesticides, III heavy metals, IV oxygen, organic matter and nutrients, V germs. The index is
//! `I/100 · II/100 · III/100 · core`, of II and III the geometric means; the core is of the means of IV and V, and of
//! IV alone where no germs are counted. A group of I to III that is not measured counts as 100.
//!
//! The decision's text was not at hand. The tables are those on which two independent programs agree; in one of them
//! 10 mg/L of nitrate has a sub-index of 52, which breaks its own line of 100, 75, 50, 25 and is taken for a misprint.
//! How many groups and parameters are needed, and which mean the core is, the sources do not agree on: the pack says
//! it ([`IndexSettings`]).

use crate::{bound::snapped, name::Name};

use super::{
    Category, IndexPart, IndexSettings, Indexed, NoIndex, WqiAggregate, category_of, rounded_half_up,
};

/// The indicators it is made of, in the units of their tables: mg/L, but pesticides µg/L, germs MPN/100 mL, pH without
/// a unit, temperature °C.
pub const INPUTS: [&str; 24] = [
    "ph",
    "aldrin",
    "bhc",
    "dieldrin",
    "ddt",
    "heptachlor",
    "as",
    "cd",
    "pb",
    "cr6",
    "cu",
    "zn",
    "hg",
    "do",
    "temperature",
    "bod5",
    "cod",
    "toc",
    "nh4",
    "n_no3",
    "n_no2",
    "p_po4",
    "coliform",
    "ecoli",
];

/// The bands of the index, best first.
pub(super) const CATEGORIES: [Category; 6] = [
    Category {
        from: 91, to: 100, word: "very_good", vi: "Rất tốt", en: "Very good", color: (51, 51, 255)
    },
    Category { from: 76, to: 90, word: "good", vi: "Tốt", en: "Good", color: (0, 228, 0) },
    Category { from: 51, to: 75, word: "moderate", vi: "Trung bình", en: "Moderate", color: (255, 255, 0) },
    Category { from: 26, to: 50, word: "poor", vi: "Xấu", en: "Poor", color: (255, 126, 0) },
    Category { from: 10, to: 25, word: "very_poor", vi: "Kém", en: "Very poor", color: (255, 0, 0) },
    Category {
        from: 0,
        to: 9,
        word: "heavily_polluted",
        vi: "Ô nhiễm rất nặng",
        en: "Very heavily polluted",
        color: (126, 0, 35),
    },
];

/// The sub-index of what lies outside a table.
const WORST: f64 = 10.0;

/// Concentrations with the sub-indices there, rising; linear between them.
type Line = &'static [(f64, f64)];

/// How a sub-index falls with the concentration.
#[derive(Clone, Copy, Debug)]
enum Curve {
    /// 100 up to and with the first point, 10 above the last.
    From(Line),
    /// 100 below the first point, whose own sub-index is less; 10 above the last.
    Below(Line),
    /// 10 below the first point and above the last.
    Inside(Line),
}

impl Curve {
    fn at(self, concentration: f64) -> f64 {
        let (line, before) = match self {
            Curve::From(line) | Curve::Below(line) => (line, 100.0),
            Curve::Inside(line) => (line, WORST),
        };
        // Tables break off at their ends: a mean that is at one of them is in the table.
        let ends = [line.first(), line.last()].into_iter().flatten();
        let concentration = ends.fold(concentration, |number, (end, _)| snapped(number, *end));
        match line {
            [(first, _), ..] if concentration < *first => before,
            _ => on_line(line, concentration).unwrap_or(WORST),
        }
    }
}

fn on_line(line: Line, concentration: f64) -> Option<f64> {
    if let [(only, sub_index)] = line {
        return (concentration == *only).then_some(*sub_index);
    }
    line.windows(2).find_map(|pair| match pair {
        [(from, high), (to, low)] if (*from..=*to).contains(&concentration) => {
            Some((concentration - from) * (low - high) / (to - from) + high)
        }
        _ => None,
    })
}

const PH: Curve = Curve::Inside(&[(5.5, 50.0), (6.0, 100.0), (8.5, 100.0), (9.0, 50.0)]);
/// Of the saturation in percent.
const OXYGEN: Curve = Curve::Inside(&[
    (20.0, 25.0),
    (50.0, 50.0),
    (75.0, 75.0),
    (88.0, 100.0),
    (112.0, 100.0),
    (125.0, 75.0),
    (150.0, 50.0),
    (200.0, 25.0),
]);
const ORGANIC: Curve = Curve::From(&[(4.0, 100.0), (6.0, 75.0), (15.0, 50.0), (25.0, 25.0), (50.0, 10.0)]);

const GROUP_II: [(&str, Curve); 5] = [
    ("aldrin", Curve::From(&[(0.1, 100.0)])),
    ("bhc", Curve::From(&[(0.02, 100.0)])),
    ("dieldrin", Curve::From(&[(0.1, 100.0)])),
    ("ddt", Curve::From(&[(1.0, 100.0)])),
    ("heptachlor", Curve::From(&[(0.2, 100.0)])),
];

const GROUP_III: [(&str, Curve); 7] = [
    ("as", Curve::From(&[(0.01, 100.0), (0.02, 75.0), (0.05, 50.0), (0.1, 25.0)])),
    ("cd", Curve::Below(&[(0.005, 75.0), (0.008, 50.0), (0.01, 25.0), (0.1, 10.0)])),
    ("pb", Curve::Below(&[(0.02, 75.0), (0.04, 50.0), (0.05, 25.0), (0.5, 10.0)])),
    ("cr6", Curve::From(&[(0.01, 100.0), (0.02, 75.0), (0.04, 50.0), (0.05, 25.0), (0.1, 10.0)])),
    ("cu", Curve::From(&[(0.1, 100.0), (0.2, 75.0), (0.5, 50.0), (1.0, 25.0), (2.0, 10.0)])),
    ("zn", Curve::From(&[(0.5, 100.0), (1.0, 75.0), (1.5, 50.0), (2.0, 25.0), (3.0, 10.0)])),
    ("hg", Curve::Below(&[(0.001, 75.0), (0.0015, 50.0), (0.002, 25.0), (0.01, 10.0)])),
];

/// Without oxygen, which needs the temperature.
const GROUP_IV: [(&str, Curve); 7] = [
    ("bod5", ORGANIC),
    ("cod", Curve::From(&[(10.0, 100.0), (15.0, 75.0), (30.0, 50.0), (50.0, 25.0), (150.0, 10.0)])),
    ("toc", ORGANIC),
    ("nh4", Curve::Below(&[(0.3, 75.0), (0.6, 50.0), (0.9, 25.0), (5.0, 10.0)])),
    ("n_no3", Curve::From(&[(2.0, 100.0), (5.0, 75.0), (10.0, 50.0), (15.0, 25.0)])),
    ("n_no2", Curve::From(&[(0.05, 100.0)])),
    ("p_po4", Curve::From(&[(0.1, 100.0), (0.2, 75.0), (0.3, 50.0), (0.5, 25.0), (4.0, 10.0)])),
];

const GROUP_V: [(&str, Curve); 2] = [
    ("coliform", Curve::From(&[(2_500.0, 100.0), (5_000.0, 75.0), (7_500.0, 50.0), (10_000.0, 25.0)])),
    ("ecoli", Curve::From(&[(20.0, 100.0), (50.0, 75.0), (100.0, 50.0), (200.0, 25.0)])),
];

/// The oxygen that water of a temperature in °C can hold, in mg/L.
#[must_use]
pub fn oxygen_saturation(temperature: f64) -> f64 {
    14.652 - 0.410_22 * temperature + 0.007_991_0 * temperature.powi(2) - 0.000_077_774 * temperature.powi(3)
}

/// The sub-index of a parameter's concentration, from 10 to 100, not rounded; none for what has no table of its own:
/// oxygen is judged by its saturation in percent, under the name `do`.
#[must_use]
pub fn sub_index(parameter: &str, concentration: f64) -> Option<f64> {
    let curve = match parameter {
        "ph" => PH,
        "do" => OXYGEN,
        other => {
            GROUP_II
                .iter()
                .chain(&GROUP_III)
                .chain(&GROUP_IV)
                .chain(&GROUP_V)
                .find(|(indicator, _)| *indicator == other)?
                .1
        }
    };
    Some(curve.at(concentration))
}

/// The index of the means of one window: `mean` gives an indicator's, none where it has not enough points.
///
/// Parts are the parameters, oxygen with its saturation in percent as input, then the groups `group_i` … `group_v`
/// with the number of their parameters as input. The dominant one is the parameter of the lowest sub-index, if any is
/// below 100.
#[must_use]
pub fn index(mean: impl Fn(&str) -> Option<f64>, settings: &IndexSettings) -> Indexed {
    let mean = |indicator: &str| mean(indicator).filter(|mean| mean.is_finite());
    let measured = |parameters: &[(&'static str, Curve)]| -> Vec<IndexPart> {
        let part = |(indicator, curve): &(&'static str, Curve)| {
            mean(indicator).map(|input| part(indicator, input, curve.at(input)))
        };
        parameters.iter().filter_map(part).collect()
    };
    let oxygen = saturation(mean("do"), mean("temperature"));
    let groups = [
        measured(&[("ph", PH)]),
        measured(&GROUP_II),
        measured(&GROUP_III),
        oxygen
            .map(|percent| part("do", percent, OXYGEN.at(percent)))
            .into_iter()
            .chain(measured(&GROUP_IV))
            .collect(),
        measured(&GROUP_V),
    ];
    let value = whole(&groups, settings);
    let lowest = groups
        .iter()
        .flatten()
        .filter(|part| part.sub_index < 100.0)
        .min_by(|one, other| one.sub_index.total_cmp(&other.sub_index));
    let dominant = lowest.filter(|_| value.is_ok()).map(|part| part.indicator);
    let of_groups: Vec<IndexPart> = ["group_i", "group_ii", "group_iii", "group_iv", "group_v"]
        .into_iter()
        .zip(&groups)
        .zip([arithmetic, geometric, geometric, arithmetic, arithmetic])
        .filter_map(|((name, group), of)| Some(part(name, group.len() as f64, of(group)?)))
        .collect();
    Indexed {
        value,
        category: value.ok().and_then(|value| category_of(&CATEGORIES, value)),
        dominant,
        parts: groups.into_iter().flatten().chain(of_groups).collect(),
    }
}

fn part(indicator: &str, input: f64, sub_index: f64) -> IndexPart {
    IndexPart { indicator: Name::from(indicator), input, sub_index }
}

/// Percent. Of water so hot that the polynomial holds no oxygen there is none.
fn saturation(oxygen: Option<f64>, temperature: Option<f64>) -> Option<f64> {
    let saturated = oxygen_saturation(temperature?);
    (saturated > 0.0).then_some(oxygen? / saturated * 100.0)
}

fn whole(groups: &[Vec<IndexPart>; 5], settings: &IndexSettings) -> Result<f64, NoIndex> {
    let [acidity, pesticides, metals, oxygen, germs] = groups;
    let measured = groups.iter().filter(|group| !group.is_empty()).count();
    if measured == 0 {
        return Err(NoIndex::NoData);
    }
    if measured < usize::from(settings.wqi_least_groups)
        || oxygen.len() < usize::from(settings.wqi_least_group_iv)
    {
        return Err(NoIndex::TooFewGroups);
    }
    let fourth = arithmetic(oxygen).ok_or(NoIndex::TooFewGroups)?;
    let core = match (arithmetic(germs), settings.wqi_aggregate) {
        (None, _) => fourth,
        (Some(fifth), WqiAggregate::SquareRoot) => (fourth * fifth).sqrt(),
        (Some(fifth), WqiAggregate::WeightedCubeRoot) => (fourth * fourth * fifth).cbrt(),
    };
    let share = |group: Option<f64>| group.map_or(1.0, |value| value / 100.0);
    let product = share(arithmetic(acidity)) * share(geometric(pesticides)) * share(geometric(metals)) * core;
    Ok(rounded_half_up(product))
}

fn arithmetic(parts: &[IndexPart]) -> Option<f64> {
    let sum: f64 = parts.iter().map(|part| part.sub_index).sum();
    (!parts.is_empty()).then_some(sum / parts.len() as f64)
}

fn geometric(parts: &[IndexPart]) -> Option<f64> {
    // Sub-indices are at least 10, so that their logarithms are finite.
    let sum: f64 = parts.iter().map(|part| part.sub_index.ln()).sum();
    (!parts.is_empty()).then_some((sum / parts.len() as f64).exp())
}
