//! Packs of one station, S0, with the limits and rules of [`derived`](super::derived).

use ioc_model::{
    pack::{Feed, Indicator, Pack, Station},
    window::WindowKind,
};

use super::derived;

pub fn indicator(id: &str, windows: &[WindowKind]) -> Indicator {
    Indicator { windows: windows.to_vec(), ..ioc_testing::indicator(id) }
}

/// A pack of those, in Vietnam's zone.
pub fn pack(version: &str, station: Station, indicators: Vec<Indicator>, feeds: Vec<Feed>) -> Pack {
    Pack {
        limits: derived::limits(),
        rules: derived::rules(),
        ..ioc_testing::pack(version, vec![station], indicators, feeds)
    }
}
