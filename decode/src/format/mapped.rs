//! Messages that a mapping of the pack makes rows of: any JSON, and tables of text.
//!
//! A JSON message is one input of its mapping; where the mapping fails on it, nothing is known of the message, and all of
//! it is refused. Each row of a table is an input of its own and costs only itself: an object of texts by the names of the
//! header, or an array of texts where there is none. What one message may cost is for all of its inputs together; where it
//! is spent, all of the message is refused, for nobody knows what was still to come.
//!
//! Each output is a measured row, in the fields of `json_observation`; `device` may stand for `subject`, where the pack says
//! whose device it is, and then the station's own symbols are known. Other fields are refused, since a misspelt one would
//! be missed by nobody. What makes no output carries nothing, and is counted as that.

use std::fmt;

use ioc_mapping::{Columns, Failed, Input, Made, Mapping, Output, Told};
use ioc_model::text::Text;
use rustc_hash::FxHashSet;

use super::{
    Line, gateway,
    json_observation::{self, Cache},
    json_pairs::Pairs,
    json_row::Parsed,
    separated::{COLUMNS_MAX, SEPARATORS, SeparatedRow, SeparatedRows},
    unicode::unicode,
};
use crate::contract::{Refusal, RowSink, Rows};

/// What an output may say.
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
    let shown = if payload.len() <= SHOWN { payload } else { b"" };
    for made in made {
        match made {
            Made::Failed(why) => return Err(Refusal::mapping_failed(file, &why)),
            Made::Outputs(outputs) => {
                for (at, output) in outputs.iter().enumerate() {
                    hand_on(output, &Place { line: None, output: at + 1 }, shown, rows, cache);
                }
            }
        }
    }
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
    let by = rows.mapping().map(|(_, by)| by);
    let separator = by.and_then(|by| by.separator).unwrap_or_else(|| separator_of(text));
    let mut left = SeparatedRows::new(separator);
    let header = match by.is_none_or(|by| by.header) {
        true => Some(Header::read(text, &mut left)?),
        false => None,
    };
    let all = lines(text, left);
    let checked: Vec<Result<(), Text>> = all.iter().map(|row| check(row, header.as_ref())).collect();
    let right = all.iter().zip(&checked).filter(|(_, checked)| checked.is_ok());
    let inputs = right.map(|(row, _)| match &header {
        Some(header) => Input::Named(&header.columns, header.fields(row)),
        None => Input::Listed(row.fields.iter().map(|field| field.trim()).collect()),
    });
    let mut made = run(mapping, file, text.len(), rows, inputs)?.into_iter();
    for (row, checked) in all.iter().zip(checked) {
        if let Err(Text { vi, en }) = checked {
            rows.reject(Refusal::malformed(vi, en), &Line(row.line), row.raw.as_bytes());
            continue;
        }
        match made.next() {
            Some(Made::Outputs(outputs)) => {
                for (at, output) in outputs.iter().enumerate() {
                    let place = Place { line: Some(row.line), output: at + 1 };
                    hand_on(output, &place, row.raw.as_bytes(), rows, cache);
                }
            }
            Some(Made::Failed(why)) => {
                rows.reject(Refusal::mapping_failed(file, &why), &Line(row.line), row.raw.as_bytes());
            }
            None => debug_assert!(false, "every input becomes something"),
        }
    }
    Ok(())
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

fn hand_on<S: RowSink + ?Sized>(
    output: &Output,
    place: &Place,
    raw: &[u8],
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) {
    if let Err(refusal) = accept(output, rows, cache) {
        rows.reject(refusal, place, raw);
    }
}

fn accept<S: RowSink + ?Sized>(
    output: &Output,
    rows: &mut Rows<'_, S>,
    cache: &mut Cache,
) -> Result<(), Refusal> {
    if output.kind != "object" {
        return Err(Refusal::no_row(output.kind, &output.json));
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

/// What the first line has most of.
fn separator_of(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: &u8| memchr::memchr_iter(*separator, first.as_bytes()).count();
    SEPARATORS.into_iter().rev().max_by_key(count).unwrap_or(b',')
}

/// The rows that are not blank. Spreadsheets end in rows of separators.
fn lines(text: &str, mut left: SeparatedRows) -> Vec<SeparatedRow<'_>> {
    let mut all = Vec::new();
    loop {
        let mut row = SeparatedRow::default();
        if !left.next(text, &mut row) {
            return all;
        }
        let is_blank = row.fields.iter().all(|field| field.trim().is_empty()) && !row.surplus;
        if row.broken.is_some() || !is_blank {
            all.push(row);
        }
    }
}

/// The header of a table.
struct Header {
    /// The names of the columns that have one.
    columns: Columns,
    /// Whether each column has a name.
    named: Vec<bool>,
}

impl Header {
    fn read(text: &str, left: &mut SeparatedRows) -> Result<Header, Refusal> {
        let mut row = SeparatedRow::default();
        let _found = left.next(text, &mut row);
        if let Some(broken) = row.broken {
            let Text { vi, en } = broken.text();
            return Err(Refusal::malformed(vi, en));
        }
        let names = (0..row.fields.len()).map(|at| row.field(at));
        let mut known = FxHashSet::default();
        if let Some(twice) = names.clone().find(|name| !name.is_empty() && !known.insert(*name)) {
            return Err(Refusal::column_twice(twice));
        }
        Ok(Header {
            columns: names.clone().filter(|name| !name.is_empty()).collect(),
            named: names.map(|name| !name.is_empty()).collect(),
        })
    }

    /// What stands in the columns that have a name.
    fn fields<'r>(&self, row: &'r SeparatedRow<'_>) -> Vec<&'r str> {
        let named = self.named.iter().enumerate().filter(|(_, named)| **named);
        named.map(|(at, _)| row.field(at)).collect()
    }
}

/// A row has the columns of its header; more only if nothing stands in them.
fn check(row: &SeparatedRow<'_>, header: Option<&Header>) -> Result<(), Text> {
    if let Some(broken) = row.broken {
        return Err(broken.text());
    }
    let right = header.map_or(row.columns.min(COLUMNS_MAX), |header| header.named.len());
    let has_more = row.surplus || (right..row.fields.len()).any(|at| !row.field(at).is_empty());
    if row.columns >= right && !has_more {
        return Ok(());
    }
    let found = row.columns;
    Err(Text {
        vi: format!(
            "Số cột của dòng là {found}, phải là {right}. Hãy đặt nội dung có dấu phân cách trong ngoặc kép."
        ),
        en: format!(
            "The columns of the line are {found}, there must be {right}. Put what holds a separator into quotes."
        ),
    })
}
