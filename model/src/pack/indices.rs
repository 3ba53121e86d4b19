//! `[indices]` of `pack.toml`: what the pack chooses where a decree leaves a choice.

use super::document::Section;
use crate::index::{GapReading, IndexSettings, WqiAggregate};

const EXAMPLE: &str = "{ vn_aqi = { gaps = \"normalised\" } }";

/// Settings not named keep their defaults.
pub(super) fn read(manifest: &mut Section<'_>) -> IndexSettings {
    let mut settings = IndexSettings::default();
    let Some(mut indices) = manifest.optional_section("indices", EXAMPLE) else { return settings };
    if let Some(mut aqi) = indices.optional_section("vn_aqi", "{ gaps = \"normalised\" }") {
        let words = [("normalised", GapReading::Normalised), ("literal", GapReading::Literal)];
        choose(&mut aqi, "gaps", &words, &mut settings.aqi_gaps);
        aqi.finish();
    }
    if let Some(mut wqi) = indices.optional_section("vn_wqi", "{ least_groups = 3 }") {
        let words = [
            ("square_root", WqiAggregate::SquareRoot),
            ("weighted_cube_root", WqiAggregate::WeightedCubeRoot),
        ];
        choose(&mut wqi, "aggregate", &words, &mut settings.wqi_aggregate);
        // Of five groups; group IV, without which there is no index, has eight parameters.
        for (key, most, setting) in [
            ("least_groups", 5, &mut settings.wqi_least_groups),
            ("least_group_iv", 8, &mut settings.wqi_least_group_iv),
        ] {
            if let Some(least) = wqi.optional_integer(key, 1, most) {
                *setting = u8::try_from(least).unwrap_or(*setting);
            }
        }
        wqi.finish();
    }
    indices.finish();
    settings
}

fn choose<T: Copy>(section: &mut Section<'_>, key: &str, words: &[(&str, T)], setting: &mut T) {
    let Some(word) = section.optional_text(key) else { return };
    match words.iter().find(|(known, _)| *known == word) {
        Some((_, choice)) => *setting = *choice,
        None => {
            let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
            section.fault(section.line_of(key), format!("'{key}' must be one of: {}", known.join(", ")));
        }
    }
}
