//! The batch answer: the same lines by a general JSON parser, sorted, folded minute by minute in event-time order.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use crate::{INDICATORS, flow::CLOSING};

#[derive(serde::Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    ts: &'a str,
    station: &'a str,
    indicator: &'a str,
    value: f64,
}

type Window = (u64, u64, u64, u64);

/// Whether a file of windows holds exactly those of the lines; the last of a window counts.
pub(crate) fn equals(input: &Path, output: &Path) -> bool {
    let expected = recompute(input);
    let mut made: HashMap<(u32, i64), Window> = HashMap::with_capacity(expected.len());
    for line in lines(output) {
        let mut fields = line.split(',');
        let mut next = || fields.next().unwrap_or_default();
        let Some(series) = series(next(), next()) else { return false };
        let start = next().parse().unwrap_or_default();
        let count = next().parse().unwrap_or_default();
        let mut bits = || next().parse::<f64>().unwrap_or(f64::NAN).to_bits();
        let _ = made.insert((series, start), (count, bits(), bits(), bits()));
    }
    let differing: Vec<_> = expected.iter().filter(|(key, window)| made.get(*key) != Some(window)).collect();
    for (key, window) in differing.iter().take(3) {
        eprintln!("{key:?}: made {:?}, should be {window:?}", made.get(*key));
    }
    eprintln!("{} windows, {} expected, {} differ", made.len(), expected.len(), differing.len());
    differing.is_empty() && made.len() == expected.len()
}

fn recompute(input: &Path) -> HashMap<(u32, i64), Window> {
    let mut rows: Vec<(u32, i64, u64)> = Vec::new();
    for line in lines(input) {
        let Ok(line) = serde_json::from_str::<Line<'_>>(&line) else { continue };
        let time = line.ts.parse::<jiff::Timestamp>();
        let (Ok(time), Some(series)) = (time, series(line.station, line.indicator)) else { continue };
        rows.push((series, time.as_millisecond(), line.value.to_bits()));
    }
    rows.sort_unstable();
    rows.dedup();
    let mut windows = HashMap::new();
    for of_window in rows.chunk_by(|a, b| (a.0, a.1.div_euclid(60_000)) == (b.0, b.1.div_euclid(60_000))) {
        let (mut sum, mut min, mut max) = (0.0, f64::INFINITY, f64::NEG_INFINITY);
        for (_, _, bits) in of_window {
            let value = f64::from_bits(*bits);
            sum += value;
            min = value.min(min);
            max = value.max(max);
        }
        let (series, time, _) = of_window[0];
        let window = (of_window.len() as u64, sum.to_bits(), min.to_bits(), max.to_bits());
        let _ = windows.insert((series, time.div_euclid(60_000) * 60_000), window);
    }
    windows
}

fn series(station: &str, indicator: &str) -> Option<u32> {
    let station: u32 = station.strip_prefix("TN-")?.parse().ok()?;
    let indicator = INDICATORS.iter().position(|known| *known == indicator)?;
    debug_assert_ne!(CLOSING, INDICATORS[indicator]);
    Some(station * INDICATORS.len() as u32 + indicator as u32)
}

fn lines(file: &Path) -> impl Iterator<Item = String> {
    BufReader::new(File::open(file).expect("a file to read")).lines().map(|line| line.expect("lines of text"))
}
