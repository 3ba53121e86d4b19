//! Messages that a mapping of the pack makes rows of: any JSON, lines of JSON, and tables of text.
//!
//! A JSON message is one input of its mapping; where the mapping fails on it, nothing is known of the message, and all of
//! it is refused. What one message may cost is for all of its inputs together; where it is spent, all of the message is
//! refused, for nobody knows what was still to come. Each row of a table is an input of its own, and where the mapping fails
//! on it costs only itself ([`table`]). Each line of lines is a message of its own, with bounds of its own.
//!
//! What an output is, the feed says: a measured row, in the fields of `json_observation`, or an event ([`event`]). Other
//! fields are refused, since a misspelt one would be missed by nobody. What makes no output carries nothing, and is counted
//! as that.

mod event;
mod table;

use std::fmt;

use ioc_mapping::{Failed, Input, Made, Mapping, Output, Told};
use ioc_model::event::EventKey;

use self::table::Table;
use super::{
    Line, all_lines, gateway,
    json_observation::{self, Cache},
    json_pairs::Pairs,
    json_row::Parsed,
    unicode::unicode,
};
use crate::contract::{Delivery, Refusal, RowSink, Rows};

/// What an output may say that is a measured row; `device` stands for `subject` where the pack says whose device it is, and
/// then the station's own symbols are known.
const FIELDS: [&str; 9] =
    ["subject", "station", "device", "indicator", "time", "ts", "value", "unit", "quality"];
/// A message that is no longer is shown whole with each row of it that is refused. Bytes.
const SHOWN: usize = 2 << 10;

pub(super) fn read_json<S: RowSink + ?Sized>(
    payload: &[u8],
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) -> Result<(), Refusal> {
    let text = unicode(payload).ok_or_else(Refusal::no_text)?;
    let text = text.trim_start_matches('\u{feff}');
    let (mapping, file) = mapping_of(rows)?;
    let made = run(mapping, file, text.len(), rows, [Input::Json(text)].into_iter())?;
    let mut taker = Taker::new(rows, cache);
    taker.read(text.as_bytes());
    for made in made {
        match made {
            Made::Failed(why) => return Err(Refusal::mapping_failed(file, &why)),
            Made::Outputs(outputs) => taker.take(&outputs, None, shown(payload)),
        }
    }
    Ok(())
}

/// Lines that are blank are none.
pub(super) fn read_lines<S: RowSink + ?Sized>(
    payload: &[u8],
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) -> Result<(), Refusal> {
    let (mapping, file) = mapping_of(rows)?;
    let received_at = rows.received_at().rfc3339();
    let told = Told { address: rows.address(), received_at: &received_at };
    let all = || all_lines(payload).map(|(number, line)| (number, &payload[line]));
    let is_text = |line: &[u8]| !line.trim_ascii().is_empty() && simdutf8::basic::from_utf8(line).is_ok();
    let texts = all().map(|(_, line)| line).filter(|line| is_text(line));
    let texts = texts.filter_map(|line| simdutf8::basic::from_utf8(line.trim_ascii()).ok());
    let mut taker = Taker::new(rows, cache);
    let mut lines = all();
    mapping.run_each(payload.len(), told, texts, |made| {
        let Some((number, line)) = taker.next_text(&mut lines, is_text) else { return };
        let refusal = match made {
            Ok(Made::Outputs(outputs)) => return taker.take(&outputs, Some(number), line),
            Ok(Made::Failed(why)) => Refusal::mapping_failed(file, &why),
            Err(Failed::NotJson(wrong)) => Refusal::not_json_in_line(number, &wrong),
            Err(Failed::Spent(spent)) => Refusal::mapping_spent(file, spent),
        };
        taker.rows.reject(refusal, &Line(number), line);
    });
    let _behind = taker.next_text(&mut lines, is_text);
    Ok(())
}

pub(super) fn read_csv<S: RowSink + ?Sized>(
    payload: &[u8],
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) -> Result<(), Refusal> {
    let text = unicode(payload).ok_or_else(Refusal::no_text)?;
    let text = text.trim_start_matches('\u{feff}');
    let (mapping, file) = mapping_of(rows)?;
    let table = Table::read(text, rows.mapping().map(|(_, by)| by))?;
    let mut made = run(mapping, file, text.len(), rows, table.inputs())?.into_iter();
    let mut taker = Taker::new(rows, cache);
    taker.read(table.header().as_bytes());
    for (row, checked) in table.rows() {
        taker.read(row.raw.as_bytes());
        if let Err(wrong) = checked {
            let refusal = Refusal::malformed(wrong.vi.clone(), wrong.en.clone());
            taker.rows.reject(refusal, &Line(row.line), row.raw.as_bytes());
            continue;
        }
        match made.next() {
            Some(Made::Outputs(outputs)) => taker.take(&outputs, Some(row.line), row.raw.as_bytes()),
            Some(Made::Failed(why)) => {
                let refusal = Refusal::mapping_failed(file, &why);
                taker.rows.reject(refusal, &Line(row.line), row.raw.as_bytes());
            }
            None => debug_assert!(false, "every input becomes something"),
        }
    }
    Ok(())
}

fn shown(payload: &[u8]) -> &[u8] {
    if payload.len() <= SHOWN { payload } else { b"" }
}

fn mapping_of<'d, S: RowSink + ?Sized>(rows: &Rows<'d, S>) -> Result<(&'d Mapping, &'d str), Refusal> {
    let found = rows.mapping().map(|(mapping, by)| (mapping, by.file.as_str()));
    found.ok_or_else(Refusal::no_mapping)
}

fn run<'i, S: RowSink + ?Sized>(
    mapping: &Mapping,
    file: &str,
    bytes: usize,
    rows: &Rows<'_, S>,
    inputs: impl Iterator<Item = Input<'i>>,
) -> Result<Vec<Made>, Refusal> {
    let received_at = rows.received_at().rfc3339();
    let told = Told { address: rows.address(), received_at: &received_at };
    mapping.run(bytes, told, inputs).map_err(|failed| match failed {
        Failed::NotJson(wrong) => Refusal::not_json(&wrong),
        Failed::Spent(spent) => Refusal::mapping_spent(file, spent),
    })
}

/// Which output of which line.
struct Place {
    line: Option<usize>,
    output: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) if self.output == 1 => write!(f, "line {line}"),
            Some(line) => write!(f, "line {line}, output {}", self.output),
            None => write!(f, "output {}", self.output),
        }
    }
}

/// Takes what a mapping made, as its feed says what that is.
struct Taker<'t, 'd, S: RowSink + ?Sized> {
    rows: &'t mut Rows<'d, S>,
    cache: &'t mut Cache,
    are_events: bool,
    /// By what events are known that have no key of their own.
    delivery: Option<Delivery>,
}

impl<'t, 'd, S: RowSink + ?Sized> Taker<'t, 'd, S> {
    fn new(rows: &'t mut Rows<'d, S>, cache: &'t mut Cache) -> Taker<'t, 'd, S> {
        let are_events = rows.mapping().is_some_and(|(_, by)| by.events);
        let delivery = if are_events { rows.delivery() } else { None };
        Taker { rows, cache, are_events, delivery }
    }

    /// Goes on in what was delivered.
    fn read(&mut self, part: &[u8]) {
        if let Some(delivery) = &mut self.delivery {
            delivery.read(part);
        }
    }

    /// Goes on to the next line that is a text; what is none is refused, and nothing is said of a blank one.
    fn next_text<'p>(
        &mut self,
        lines: &mut impl Iterator<Item = (usize, &'p [u8])>,
        is_text: impl Fn(&[u8]) -> bool,
    ) -> Option<(usize, &'p [u8])> {
        for (number, line) in lines {
            self.read(line);
            let line = line.trim_ascii();
            if is_text(line) {
                return Some((number, line));
            }
            if !line.is_empty() {
                self.rows.reject(Refusal::no_text(), &Line(number), line);
            }
        }
        None
    }

    fn take(&mut self, outputs: &[Output], line: Option<usize>, raw: &[u8]) {
        for (at, output) in outputs.iter().enumerate() {
            let place = Place { line, output: at + 1 };
            let taken = match self.are_events {
                true => {
                    let delivery = self.delivery.as_ref();
                    event::accept(output, |by| Some(key_of(delivery?, place.output, by)), self.rows)
                }
                false => accept(output, self.rows, self.cache),
            };
            if let Err(refusal) = taken {
                self.rows.reject(refusal, &place, raw);
            }
        }
    }
}

/// The key of an event that is the so manyth output of what was delivered last.
fn key_of(delivery: &Delivery, output: usize, log_source: &str) -> EventKey {
    if output == 1 {
        return delivery.key(log_source);
    }
    let mut delivery = delivery.clone();
    delivery.read(format!("output {output}").as_bytes());
    delivery.key(log_source)
}

fn accept<S: RowSink + ?Sized>(
    output: &Output,
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) -> Result<(), Refusal> {
    if output.kind != "object" {
        return Err(Refusal::no_row(output.kind, &output.json, "indicator, subject, time, value"));
    }
    if let Some(unknown) = output.keys.iter().find(|key| !FIELDS.contains(&&***key)) {
        return Err(Refusal::unknown_field(unknown, &FIELDS));
    }
    let json = output.json.as_bytes();
    let parsed = Parsed::of(json).map_err(|fault| fault.refusal(json))?;
    let fields = parsed.fields();
    let pairs = Pairs::of(&output.json);
    let device = match &pairs {
        Some(pairs) => gateway::get(pairs, "device")?.filter(|raw| *raw != "null"),
        None => None,
    };
    // What a broker had kept was measured nobody knows when: that it came now is no time of it.
    let time = match &pairs {
        Some(pairs) if rows.arrived().is_none() => gateway::get(pairs, "time")?,
        _ => None,
    };
    let received_at = rows.received_at().rfc3339();
    if time.is_some_and(|time| time.trim_matches('"') == received_at) {
        return Ok(());
    }
    match device {
        Some(device) => json_observation::accept_of_device(device, &fields, rows, cache),
        None => json_observation::accept(&fields, rows, cache),
    }
}
