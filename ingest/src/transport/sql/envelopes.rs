//! Answers as envelopes: columns under a header (RFC 4180), nothing of them changed.
//!
//! What was handed over is remembered by hashes of a row's key and of the row, some hundred thousand of them, so that
//! rows that are read again and say the same are left out. That only spares the log: what says the same is the same
//! to the flow, too, and what was forgotten or not yet durable comes once more.

use ioc_bus::ChunkBuilder;
use ioc_model::{
    attribute::{Asked, Attribute},
    envelope::Content,
};
use rustc_hash::FxHashMap;
use sha2::{Digest as _, Sha256};

use super::{
    answer::{Answer, Position, Value},
    counters::SqlCounters,
};
use crate::transport::withheld::{Digest, Withheld};

/// Rows that are remembered. 32 bytes each.
const REMEMBERED: usize = 200_000;

type Hash = [u8; 16];

/// What was handed over.
#[derive(Debug, Default)]
pub(super) struct Memory {
    rows: FxHashMap<Hash, Hash>,
    /// What was handed over with the last answer, and the place behind it: remembered when that is durable.
    last: Option<(String, Vec<(Hash, Hash)>)>,
}

/// Where rows go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelopes<'e> {
    pub(super) feed: &'e str,
    pub(super) address: &'e str,
    /// What the column is called that rows are ordered by.
    pub(super) by: &'e str,
    /// Bytes of one envelope at most.
    pub(super) max_bytes: usize,
    pub(super) counters: &'e SqlCounters,
}

impl Memory {
    /// What was handed over is durable, if it is asked for what comes behind it.
    pub(super) fn behind(&mut self, place: Option<&str>) {
        let Some((_, rows)) = self.last.take().filter(|(last, _)| Some(last.as_str()) == place) else {
            return;
        };
        for (key, row) in rows {
            if self.rows.len() < REMEMBERED || self.rows.contains_key(&key) {
                let _ = self.rows.insert(key, row);
            }
        }
    }

    /// Whether there is room for no more.
    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= REMEMBERED
    }

    /// What is settled is not read again: room for what comes.
    pub(super) fn settled(&mut self) {
        if self.is_full() {
            self.rows.clear();
        }
    }

    fn knows(&self, (key, row): &(Hash, Hash)) -> bool {
        self.rows.get(key) == Some(row)
    }

    pub(super) fn handed_over(&mut self, place: String, rows: Vec<(Hash, Hash)>) {
        self.last = Some((place, rows));
    }
}

impl Envelopes<'_> {
    /// A page of rows, without those that are known to say the same; what was new of them.
    pub(super) fn page(
        &self,
        answer: &Answer,
        positions: &[Position],
        memory: &Memory,
        chunk: &mut ChunkBuilder,
    ) -> Vec<(Hash, Hash)> {
        let header = line(answer.columns.iter().map(|column| Some(column.as_str())));
        let (mut rows, mut lines, mut new) = (0_u64, header.clone(), Vec::new());
        let mut between: Option<(&Value, &Value)> = None;
        for (row, position) in answer.rows.iter().zip(positions) {
            let told = written(row);
            let hashes = (hash(position.iter().map(|value| value.text.as_str())), hash([told.as_str()]));
            if memory.knows(&hashes) {
                self.counters.known.one();
                continue;
            }
            if lines.len() + told.len() > self.max_bytes && lines.len() > header.len() {
                self.push(&lines, between.take(), Asked::Page, chunk);
                lines.clone_from(&header);
            }
            lines.push_str(&told);
            if let Some(at) = position.first() {
                between = Some((between.map_or(at, |(first, _)| first), at));
            }
            new.push(hashes);
            rows += 1;
        }
        if rows > 0 {
            self.push(&lines, between, Asked::Page, chunk);
            self.counters.rows.add(rows);
        }
        new
    }

    /// All rows of a period, as one message that is whole. Its hash.
    pub(super) fn period(&self, answer: &Answer) -> (Hash, String) {
        let mut lines = line(answer.columns.iter().map(|column| Some(column.as_str())));
        answer.rows.iter().for_each(|row| lines.push_str(&written(row)));
        (hash([lines.as_str()]), lines)
    }

    pub(super) fn push_period(&self, lines: &str, rows: usize, chunk: &mut ChunkBuilder) {
        self.push(lines, None, Asked::Whole, chunk);
        self.counters.rows.add(rows as u64);
    }

    fn push(&self, lines: &str, between: Option<(&Value, &Value)>, asked: Asked, chunk: &mut ChunkBuilder) {
        let origin = between.map(|(first, last)| format!("{} {} … {}", self.by, first.told(), last.told()));
        let mut known = vec![(Attribute::Asked, asked.word())];
        known.extend(origin.as_deref().map(|origin| (Attribute::Origin, origin)));
        if lines.len() <= self.max_bytes {
            chunk.push_with(self.feed, Content::Raw, self.address, &known, lines.as_bytes());
            return;
        }
        self.counters.oversize.one();
        let mut digest = Digest::default();
        digest.update(lines.as_bytes());
        let said = Withheld::too_large(digest).to_json();
        chunk.push_with(self.feed, Content::Withheld, self.address, &known, said.as_bytes());
    }
}

fn written(row: &[Option<Value>]) -> String {
    let told: Vec<Option<String>> = row.iter().map(|value| value.as_ref().map(Value::told)).collect();
    line(told.iter().map(Option::as_deref))
}

/// A line of CSV: an empty text is quoted, so that it is not what is not there.
fn line<'v>(values: impl Iterator<Item = Option<&'v str>>) -> String {
    let mut line = String::new();
    for (number, value) in values.enumerate() {
        if number > 0 {
            line.push(',');
        }
        let Some(value) = value else { continue };
        let is_plain = !value.is_empty()
            && !value.contains([',', ';', '\t', '"', '\n', '\r'])
            && value.trim().len() == value.len();
        if is_plain {
            line.push_str(value);
        } else {
            line.push('"');
            line.push_str(&value.replace('"', "\"\""));
            line.push('"');
        }
    }
    line.push('\n');
    line
}

fn hash<'t>(texts: impl IntoIterator<Item = &'t str>) -> Hash {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    let mut first = Hash::default();
    first.copy_from_slice(&hash.finalize()[..16]);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_stands_in_the_database_and_an_empty_text_is_not_nothing() {
        let values =
            [Some("25459"), None, Some(""), Some("a,b"), Some("nói \"vâng\""), Some("1\n2"), Some(" x")];
        assert_eq!(line(values.into_iter()), "25459,,\"\",\"a,b\",\"nói \"\"vâng\"\"\",\"1\n2\",\" x\"\n");
    }
}
