//! A TOML file read by hand, key by key.
//!
//! Deserializing into structures with serde stops at the first fault of a file and has no line for a missing key.
//! Here every key is asked for, with its type; a wrong one is noted with its line, a stand-in is returned and
//! reading goes on; what nobody asked for is noted as unknown.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use toml::de::{DeTable, DeValue};

use super::{duration, faults::FaultLog};
use crate::{place::Date, text::Text, time::Millis};

/// One TOML file.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) file: &'a str,
    text: &'a str,
    root: DeTable<'a>,
    pub(super) log: &'a FaultLog,
}

impl<'a> Document<'a> {
    /// Reads a file; its syntax faults are noted, and what could be read is kept.
    pub(super) fn read(file: &'a str, text: &'a str, log: &'a FaultLog) -> Document<'a> {
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let offset = error.span().map_or(0, |span| span.start);
            log.add(file, line_of(text, offset), error.message().replace('\n', ", "));
        }
        Document { file, text, root: root.into_inner(), log }
    }

    /// The file as one table.
    pub(super) fn root(&self) -> Section<'_> {
        Section { document: self, name: String::new(), line: 1, entries: &self.root, asked: BTreeSet::new() }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    1 + text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count()
}

/// A table of a file, and which of its keys were asked for.
#[derive(Debug)]
pub(super) struct Section<'d> {
    document: &'d Document<'d>,
    /// What it is called in messages; empty for the file itself.
    name: String,
    /// The line it begins at.
    pub(super) line: usize,
    entries: &'d DeTable<'d>,
    asked: BTreeSet<String>,
}

impl<'d> Section<'d> {
    /// Notes a fault at a line of this file.
    pub(super) fn fault(&self, line: usize, message: impl Into<String>) {
        self.document.log.add(self.document.file, line, message);
    }

    /// The file it is of.
    pub(super) fn file(&self) -> &'d str {
        self.document.file
    }

    /// The line of a key; the table's own if it has no such key.
    pub(super) fn line_of(&self, key: &str) -> usize {
        match self.entries.get_key_value(key) {
            Some((found, _)) => line_of(self.document.text, found.span().start),
            None => self.line,
        }
    }

    /// Whether it has such a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    fn take(&mut self, key: &str) -> Option<&'d DeValue<'d>> {
        let _ = self.asked.insert(key.to_owned());
        self.entries.get(key).map(toml::Spanned::get_ref)
    }

    fn required(&mut self, key: &str, example: &str) -> Option<&'d DeValue<'d>> {
        let value = self.take(key);
        if value.is_none() {
            self.fault(self.line, format!("{}'{key}' is missing; write {key} = {example}", self.prefix()));
        }
        value
    }

    fn wrong_type(&self, key: &str, found: &DeValue<'_>, expected: &str) {
        let found = found.type_str();
        self.fault(
            self.line_of(key),
            format!("{}'{key}' is of type {found} but must be {expected}", self.prefix()),
        );
    }

    fn prefix(&self) -> String {
        if self.name.is_empty() { String::new() } else { format!("{}: ", self.name) }
    }

    /// A text that must be there and not be empty.
    pub(super) fn text(&mut self, key: &str, example: &str) -> String {
        let Some(value) = self.required(key, example) else { return String::new() };
        self.text_of(key, value)
    }

    /// A text that may be missing.
    pub(super) fn optional_text(&mut self, key: &str) -> Option<String> {
        let value = self.take(key)?;
        Some(self.text_of(key, value))
    }

    fn text_of(&self, key: &str, value: &DeValue<'_>) -> String {
        let Some(text) = value.as_str() else {
            self.wrong_type(key, value, "a text in quotes");
            return String::new();
        };
        if text.trim().is_empty() {
            self.fault(self.line_of(key), format!("{}'{key}' is empty", self.prefix()));
        }
        text.to_owned()
    }

    /// A text in both languages that must be there.
    pub(super) fn both_languages(&mut self, key: &str) -> Text {
        let Some(mut section) = self.section(key, "{ vi = \"…\", en = \"…\" }") else {
            return Text::default();
        };
        let text = Text { vi: section.text("vi", "\"…\""), en: section.text("en", "\"…\"") };
        section.finish();
        text
    }

    /// A duration that must be there; none if it is missing or wrong.
    pub(super) fn duration(&mut self, key: &str) -> Option<Millis> {
        let value = self.required(key, "\"5m\"")?;
        self.duration_of(key, value)
    }

    /// A duration that may be missing; none also if it is wrong.
    pub(super) fn optional_duration(&mut self, key: &str) -> Option<Millis> {
        let value = self.take(key)?;
        self.duration_of(key, value)
    }

    fn duration_of(&self, key: &str, value: &DeValue<'_>) -> Option<Millis> {
        let duration = value.as_str().and_then(duration::parse);
        if duration.is_none() {
            let message = format!("{}'{key}' must be {}", self.prefix(), duration::EXAMPLE);
            self.fault(self.line_of(key), message);
        }
        duration
    }

    /// A whole number from `least` to `most` that may be missing.
    pub(super) fn optional_integer(&mut self, key: &str, least: i64, most: i64) -> Option<i64> {
        let value = self.take(key)?;
        let Some(integer) = value.as_integer() else {
            self.wrong_type(key, value, "a whole number");
            return Some(least);
        };
        match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                let message = format!("{}'{key}' must lie between {least} and {most}", self.prefix());
                self.fault(self.line_of(key), message);
                Some(least)
            }
        }
    }

    /// A finite number that may be missing.
    pub(super) fn optional_number(&mut self, key: &str) -> Option<f64> {
        let value = self.take(key)?;
        Some(self.number_of(key, value))
    }

    fn number_of(&self, key: &str, value: &DeValue<'_>) -> f64 {
        match number(value) {
            Some(number) if number.is_finite() => number,
            Some(_) => {
                self.fault(self.line_of(key), format!("{}'{key}' must be a finite number", self.prefix()));
                1.0
            }
            None => {
                self.wrong_type(key, value, "a number");
                1.0
            }
        }
    }

    /// A date that must be there.
    pub(super) fn date(&mut self, key: &str) -> Date {
        let Some(value) = self.required(key, "2025-07-01") else { return Date::default() };
        self.date_of(key, value)
    }

    /// A date that may be missing.
    pub(super) fn optional_date(&mut self, key: &str) -> Option<Date> {
        let value = self.take(key)?;
        Some(self.date_of(key, value))
    }

    fn date_of(&self, key: &str, value: &DeValue<'_>) -> Date {
        let written = match value {
            DeValue::Datetime(moment) if moment.time.is_none() && moment.offset.is_none() => {
                moment.to_string()
            }
            DeValue::String(text) => text.to_string(),
            other => {
                self.wrong_type(key, other, "a date such as 2025-07-01");
                return Date::default();
            }
        };
        match parse_date(&written) {
            Some(date) => date,
            None => {
                let message =
                    format!("{}'{key}': '{written}' is not a date such as 2025-07-01", self.prefix());
                self.fault(self.line_of(key), message);
                Date::default()
            }
        }
    }

    /// A list of texts; empty if it is missing. Each with its line.
    pub(super) fn texts(&mut self, key: &str) -> Vec<(usize, String)> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let Some(list) = value.as_array() else {
            self.wrong_type(key, value, "a list of texts such as [\"…\"]");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in list.iter() {
            let line = line_of(self.document.text, item.span().start);
            match item.get_ref().as_str() {
                Some(text) if !text.trim().is_empty() => texts.push((line, text.to_owned())),
                _ => self.fault(line, format!("{}'{key}' must hold texts that are not empty", self.prefix())),
            }
        }
        texts
    }

    /// A list of finite numbers that may be missing.
    pub(super) fn optional_numbers(&mut self, key: &str) -> Option<Vec<f64>> {
        let value = self.take(key)?;
        let Some(list) = value.as_array() else {
            self.wrong_type(key, value, "a list of numbers such as [9999]");
            return None;
        };
        Some(list.iter().map(|item| self.number_of(key, item.get_ref())).collect())
    }

    /// Whether something is so, which it is not where it is missing.
    pub(super) fn flag(&mut self, key: &str) -> bool {
        let Some(value) = self.take(key) else { return false };
        value.as_bool().unwrap_or_else(|| {
            self.wrong_type(key, value, "true or false");
            false
        })
    }

    /// A pair of finite numbers that may be missing.
    pub(super) fn optional_pair(&mut self, key: &str, expected: &str) -> Option<(f64, f64)> {
        let value = self.take(key)?;
        let pair = value.as_array().and_then(|list| match &list[..] {
            [first, second] => Some((number(first.get_ref())?, number(second.get_ref())?)),
            _ => None,
        });
        match pair {
            Some((first, second)) if first.is_finite() && second.is_finite() => Some((first, second)),
            _ => {
                self.fault(self.line_of(key), format!("{}'{key}' must be {expected}", self.prefix()));
                Some((0.0, 0.0))
            }
        }
    }

    /// A table that must be there.
    pub(super) fn section(&mut self, key: &str, example: &str) -> Option<Section<'d>> {
        let value = self.required(key, example)?;
        self.section_of(key, value, example)
    }

    /// A table that may be missing.
    pub(super) fn optional_section(&mut self, key: &str, example: &str) -> Option<Section<'d>> {
        let value = self.take(key)?;
        self.section_of(key, value, example)
    }

    fn section_of(&self, key: &str, value: &'d DeValue<'d>, example: &str) -> Option<Section<'d>> {
        let Some(entries) = value.as_table() else {
            self.wrong_type(key, value, &format!("a table such as {example}"));
            return None;
        };
        let name = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        let line = self.line_of(key);
        Some(Section { document: self.document, name, line, entries, asked: BTreeSet::new() })
    }

    /// The tables of a list such as `[[…]]`; empty if it is missing.
    pub(super) fn sections(&mut self, key: &str) -> Vec<Section<'d>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let Some(list) = value.as_array() else {
            self.wrong_type(key, value, "a list of tables");
            return Vec::new();
        };
        let name = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        let mut sections = Vec::new();
        for item in list.iter() {
            let line = line_of(self.document.text, item.span().start);
            match item.get_ref().as_table() {
                Some(entries) => sections.push(Section {
                    document: self.document,
                    name: name.clone(),
                    line,
                    entries,
                    asked: BTreeSet::new(),
                }),
                None => self.fault(line, format!("{}'{key}' must hold tables", self.prefix())),
            }
        }
        sections
    }

    /// A number that may be missing, as it is written.
    pub(super) fn optional_decimal(&mut self, key: &str) -> Option<Decimal> {
        let value = self.take(key)?;
        let number = decimal(value);
        if number.is_none() {
            let message = format!("{}'{key}' must be a number of at most 28 digits", self.prefix());
            self.fault(self.line_of(key), message);
        }
        number
    }

    /// Two numbers that may be missing, as they are written.
    pub(super) fn optional_decimals(&mut self, key: &str, expected: &str) -> Option<(Decimal, Decimal)> {
        let value = self.take(key)?;
        let pair = value.as_array().and_then(|list| match &list[..] {
            [first, second] => Some((decimal(first.get_ref())?, decimal(second.get_ref())?)),
            _ => None,
        });
        if pair.is_none() {
            self.fault(self.line_of(key), format!("{}'{key}' must be {expected}", self.prefix()));
        }
        pair
    }

    /// All keys not asked for yet, in the order they are written, with their lines.
    pub(super) fn keys(&self) -> Vec<(usize, &'d str)> {
        let remaining = self.entries.keys().filter(|key| !self.asked.contains(key.get_ref().as_ref()));
        remaining.map(|key| (line_of(self.document.text, key.span().start), key.get_ref().as_ref())).collect()
    }

    /// Takes a key for asked for: what is wrong with it is said otherwise.
    pub(super) fn ignore(&mut self, key: &str) {
        let _ = self.take(key);
    }

    /// Notes every key nobody asked for.
    pub(super) fn finish(self) {
        for (line, key) in self.keys() {
            let known: Vec<&str> = self.asked.iter().map(String::as_str).collect();
            let mut message = format!("{}'{key}' is not a key of this table", self.prefix());
            if !known.is_empty() {
                message.push_str(&format!(" (it has: {})", known.join(", ")));
            }
            self.fault(line, message);
        }
    }
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|number| number as f64)
        }
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    }
}

/// A finite number, none of whose digits is lost.
fn decimal(value: &DeValue<'_>) -> Option<Decimal> {
    match value {
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(Decimal::from)
        }
        DeValue::Float(float) => {
            let written = float.as_str();
            Decimal::from_str_exact(written).or_else(|_| Decimal::from_scientific(written)).ok()
        }
        _ => None,
    }
}

/// A date `yyyy-mm-dd` and nothing else.
pub(super) fn parse_date(text: &str) -> Option<Date> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shape {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i16>().ok();
    Date::new(number(0..4)?, i8::try_from(number(5..7)?).ok()?, i8::try_from(number(8..10)?).ok()?).ok()
}
