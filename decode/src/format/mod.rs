//! What an envelope's bytes are, one file a format.
//!
//! A format reads rows and hands each, good or bad, to the [`Rows`] of its envelope. One bad row costs only itself.
//! Only when not a single row can be told apart is the whole envelope refused, and then nothing was handed on.
//!
//! What lies between a sender and its rows is limited: no recursion over input, no allocation for a good row
//! (invariants SAFE, BOUND).

mod auth_log;
mod cef;
mod chirpstack;
mod dhis2;
mod eve;
mod event_csv;
mod fhir;
mod fields;
mod gateway;
mod json_flat;
mod json_keys;
mod json_observation;
mod json_pairs;
mod json_plain;
mod json_row;
mod json_shape;
mod json_text;
mod json_walk;
mod mapped;
mod moment;
mod ngsi_ld;
mod operator_action;
mod packet_filter;
mod sdmx;
mod senml;
mod sensorthings;
mod separated;
mod sparkplug_b;
mod station_json;
mod station_txt;
mod syslog;
mod syslog_header;
pub(crate) mod table;
mod tasmota;
mod told;
mod unicode;
mod zigbee2mqtt;

use std::ops::Range;

use ioc_model::{form::Form, pack::FormatName};

use crate::{
    contract::{Refusal, RowSink, Rows},
    said::{Said, Wrong, no_text},
};

/// What formats remember from one payload to the next, each for itself: nothing but a shorter way to the same rows.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    json_observation: json_observation::Cache,
    eve: eve::Cache,
}

/// Reads a payload that is not blank and, where it is no [binary](FormatName::is_binary) one, has no byte-order mark.
pub(crate) fn read<S: RowSink + ?Sized>(
    format: FormatName,
    payload: &[u8],
    rows: &mut Rows<'_, S>,
    caches: &mut Caches,
) -> Result<(), Refusal> {
    match format {
        FormatName::JsonObservation => json_observation::read(payload, rows, &mut caches.json_observation),
        FormatName::StationTxt => station_txt::read(payload, rows),
        FormatName::OperatorAction => operator_action::read(payload, rows),
        FormatName::Syslog => syslog::read(payload, rows, &mut caches.eve),
        FormatName::SyslogLines => syslog::read_lines(payload, rows, &mut caches.eve),
        FormatName::Eve => eve::read_lines(payload, rows, &mut caches.eve),
        FormatName::EventCsv => event_csv::read(payload, rows),
        FormatName::Table => table::read(payload, rows),
        FormatName::SdmxCsv => cells(payload, rows, sdmx::read_csv),
        FormatName::SdmxJson => cells(payload, rows, sdmx::read_json),
        FormatName::Dhis2 => cells(payload, rows, dhis2::read),
        FormatName::Fhir => cells(payload, rows, fhir::read),
        FormatName::Senml => senml::read(payload, rows),
        FormatName::Chirpstack => chirpstack::read(payload, rows),
        FormatName::Zigbee2mqtt => zigbee2mqtt::read(payload, rows),
        FormatName::Tasmota => tasmota::read(payload, rows),
        FormatName::Sensorthings => sensorthings::read(payload, rows),
        FormatName::NgsiLd => ngsi_ld::read(payload, rows),
        FormatName::StationJson => station_json::read(payload, rows),
        FormatName::SparkplugB => sparkplug_b::read(payload, rows),
        FormatName::MappedJson => mapped::read_json(payload, rows, &mut caches.json_observation),
        FormatName::MappedCsv => mapped::read_csv(payload, rows, &mut caches.json_observation),
        FormatName::MappedLines => mapped::read_lines(payload, rows, &mut caches.json_observation),
    }
}

/// A reader of messages that say their cells themselves: of the text and the forms that may come, the one it is of.
type ReadCells = for<'f> fn(&str, &[&'f Form]) -> Result<(&'f Form, Said), Wrong>;

/// Reads a message that says its cells itself.
///
/// # Errors
/// If it is none, or of no form.
pub(crate) fn read_cells<'f>(
    format: FormatName,
    payload: &[u8],
    forms: &[&'f Form],
) -> Result<(&'f Form, Said), Wrong> {
    let Some(text) = unicode::unicode(payload) else { return Err(no_text()) };
    let read: ReadCells = match format {
        FormatName::SdmxCsv => sdmx::read_csv,
        FormatName::SdmxJson => sdmx::read_json,
        FormatName::Dhis2 => dhis2::read,
        FormatName::Fhir => fhir::read,
        _ => return Err(no_text()),
    };
    read(text.trim_start_matches('\u{feff}'), forms)
}

/// Hands on the one report that the payload is, whatever is in it.
fn cells<S: RowSink + ?Sized>(
    payload: &[u8],
    rows: &mut Rows<'_, S>,
    read: ReadCells,
) -> Result<(), Refusal> {
    rows.report_cells(payload, |forms| match unicode::unicode(payload) {
        Some(text) => read(text.trim_start_matches('\u{feff}'), forms),
        None => Err(no_text()),
    });
    Ok(())
}

/// A line of a text payload, counted from 1.
struct Line(usize);

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}", self.0)
    }
}

/// Where the lines of a payload lie that are not blank, with their numbers, without line ends.
fn lines(payload: &[u8]) -> impl Iterator<Item = (Line, Range<usize>)> {
    let is_blank = |line: &Range<usize>| payload[line.clone()].iter().all(u8::is_ascii_whitespace);
    all_lines(payload).filter(move |(_, line)| !is_blank(line)).map(|(number, line)| (Line(number), line))
}

/// As [`lines`], also the blank ones.
fn all_lines(payload: &[u8]) -> impl Iterator<Item = (usize, Range<usize>)> {
    let mut at = 0;
    let mut number = 0;
    std::iter::from_fn(move || {
        let rest = payload.get(at..)?;
        let line = at..memchr::memchr(b'\n', rest).map_or(payload.len(), |length| at + length);
        at = line.end + 1;
        number += 1;
        Some((number, line))
    })
}
