//! What an envelope's bytes are, one file a format.
//!
//! A format reads rows and hands each, good or bad, to the [`Rows`] of its envelope. One bad row costs only itself.
//! Only when not a single row can be told apart is the whole envelope refused, and then nothing was handed on.
//!
//! What lies between a sender and its rows is limited: no recursion over input, no allocation for a good row
//! (invariants SAFE, BOUND).

mod fields;
mod json_flat;
mod json_observation;
mod json_text;
mod moment;
mod operator_action;
mod station_txt;

use ioc_model::pack::FormatName;

use crate::decode::{Refusal, RowSink, Rows};

/// Reads a payload that is not blank and has no byte-order mark.
pub(crate) fn read<S: RowSink + ?Sized>(
    format: FormatName,
    payload: &[u8],
    rows: &mut Rows<'_, S>,
) -> Result<(), Refusal> {
    match format {
        FormatName::JsonObservation => json_observation::read(payload, rows),
        FormatName::StationTxt => station_txt::read(payload, rows),
        FormatName::OperatorAction => operator_action::read(payload, rows),
    }
}

/// A line of a text payload, counted from 1.
struct Line(usize);

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}", self.0)
    }
}

/// The lines of a payload that are not blank, with their numbers, without line ends and surrounding white space.
fn lines(payload: &[u8]) -> impl Iterator<Item = (Line, &[u8])> {
    let mut rest = Some(payload);
    let mut number = 0;
    std::iter::from_fn(move || {
        loop {
            let remaining = rest?;
            let line = match memchr::memchr(b'\n', remaining) {
                Some(end) => {
                    rest = Some(&remaining[end + 1..]);
                    &remaining[..end]
                }
                None => {
                    rest = None;
                    remaining
                }
            };
            number += 1;
            let trimmed = line.trim_ascii();
            if !trimmed.is_empty() {
                return Some((Line(number), line));
            }
        }
    })
}
