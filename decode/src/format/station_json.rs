//! A cycle of a station's data logger, as JSON: what the file of TT 10/2021/TT-BTNMT says, live.
//!
//! ```json
//! {"station":"TN_KCNPD_NUOTHA","time":"20261120070500","data":{"pH":{"v":7.02,"u":"-","st":"00"}}}
//! ```
//!
//! The station is its code in names of files, or the topic's. The time is local, as in the files, or has a zone. Each
//! parameter has a value `v`, and may have a unit `u` and a status `st`; a second probe of one parameter (`COD_2`) is a
//! symbol that the pack maps or a reject by its name. A value that is none is one, as in the files, whatever its status.
//! Topics of the logger's own state (`…/status`) carry nothing.
//!
//! The same sample comes by the file, which is rounded: that they are one is said by `decimals` of the station.

use ioc_model::{observation::Quality, time::EventTime};

use super::{
    fields,
    gateway::{self, Reading, When},
    json_observation,
    json_pairs::{Pairs, scalar},
    moment::{self, Minute, NoTime},
};
use crate::contract::{Refusal, RowSink, Rows, Subject, quoted};

const EXAMPLE: &str =
    r#"{"station":"TN_KCNPD_NUOTHA","time":"20261120070500","data":{"pH":{"v":7.02,"u":"-","st":"00"}}}"#;

pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let address = rows.address();
    if address.rsplit_once('/').is_some_and(|(_, last)| last == "status") {
        return Ok(());
    }
    let (text, cycle) = gateway::object(payload, EXAMPLE)?;
    let station = gateway::get(&cycle, "station")?.and_then(gateway::text);
    let subject = match &station {
        Some(station) => rows.device("station", station)?,
        None => rows.of_address("station", address.rsplit('/').nth(1).unwrap_or(address))?,
    };
    let raw = gateway::get(&cycle, "time")?.ok_or_else(|| Refusal::missing("time", "\"20261120070500\""))?;
    let when = When::stated(time(raw, rows)?);
    let data = gateway::get(&cycle, "data")?.ok_or_else(|| Refusal::missing("data", EXAMPLE))?;
    let data = Pairs::of(data).filter(|_| data.starts_with('{')).ok_or_else(|| {
        let (vi, en) = ("'data' không phải là một đối tượng", "'data' is no object");
        gateway::malformed(text.as_bytes(), vi, en, EXAMPLE)
    })?;
    for (symbol, raw) in data.iter() {
        if let Err(refusal) = parameter(symbol, raw, &subject, when, rows) {
            rows.reject(refusal, &quoted(symbol), raw.as_bytes());
        }
    }
    Ok(())
}

fn parameter<S: RowSink + ?Sized>(
    symbol: &str,
    raw: &str,
    subject: &Subject<'_>,
    when: When,
    rows: &mut Rows<'_, S>,
) -> Result<(), Refusal> {
    let Some(said) = Pairs::of(raw).filter(|_| raw.starts_with('{')) else {
        return Reading { symbol, value: raw, unit: None, when, quality: Quality::Good }
            .accept(subject, rows);
    };
    let quality = match gateway::get(&said, "st")? {
        None => Quality::Good,
        Some(raw) => {
            let written = scalar(raw);
            fields::station_status(&written).ok_or_else(|| Refusal::no_station_status("st", &written))?
        }
    };
    let Some(value) = gateway::get(&said, "v")? else {
        // What the pack passes over and what it does not know is said first.
        return match rows.reading("symbol", symbol, subject)? {
            Some(_) => Err(Refusal::not_a_number_of_device("v", "null")),
            None => Ok(()),
        };
    };
    let unit = gateway::get(&said, "u")?.and_then(gateway::text);
    Reading { symbol, value, unit: unit.as_deref(), when, quality }.accept(subject, rows)
}

/// Local, as `yyyyMMddHHmmss` or with separators, or with a zone.
fn time<S: RowSink + ?Sized>(raw: &str, rows: &Rows<'_, S>) -> Result<EventTime, Refusal> {
    let written = scalar(raw);
    let read = match moment::is_local_stamp(&written) {
        true => moment::local_stamp(&written, rows.calendar()),
        false => match moment::rfc3339(&written, &mut Minute::default()) {
            Err(NoTime::NoZone) => moment::local(&written, rows.calendar()),
            read => read,
        },
    };
    read.map_err(|fault| json_observation::no_time(fault, &written))
}
