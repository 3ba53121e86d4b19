//! Answers as envelopes: columns under a header (RFC 4180), nothing of them changed.

use ioc_bus::ChunkBuilder;
use ioc_model::attribute::{Asked, Attribute};

use super::{
    answer::{Answer, Position, Value},
    counters::SqlCounters,
};
use crate::transport::pull::{
    bounded::Bounded,
    line::line,
    memory::{Hash, Memory, hash},
};

/// Where rows go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelopes<'e> {
    pub(super) to: Bounded<'e>,
    /// What the column is called that rows are ordered by.
    pub(super) by: &'e str,
    pub(super) counters: &'e SqlCounters,
}

/// What was new of a page.
#[derive(Debug, Default)]
pub(super) struct New {
    /// To be remembered.
    pub(super) hashes: Vec<(Hash, Hash)>,
    /// Which rows, by their number.
    pub(super) rows: Vec<usize>,
}

impl Envelopes<'_> {
    /// A page of rows, without those that are known to say the same; what was new of them. A row is known by its key: by
    /// its position without the values before that. By its moment, too, it would be another row at each one, and what a
    /// transaction that began before puts back with the moment it had would be left out.
    pub(super) fn page(
        &self,
        answer: &Answer,
        positions: &[Position],
        before_key: usize,
        memory: &Memory,
        chunk: &mut ChunkBuilder,
    ) -> New {
        let header = line(answer.columns.iter().map(|column| Some(column.as_str())));
        let (mut lines, mut new) = (header.clone(), New::default());
        let mut between: Option<(&Value, &Value)> = None;
        for (number, (row, position)) in answer.rows.iter().zip(positions).enumerate() {
            let told = written(row);
            let key = position.iter().skip(before_key).map(|value| value.text.as_str());
            let hashes = (hash(key), hash([told.as_str()]));
            if memory.knows(&hashes) {
                self.counters.known.one();
                continue;
            }
            if lines.len() + told.len() > self.to.max_bytes && lines.len() > header.len() {
                self.push(&lines, between.take(), Asked::Page, chunk);
                lines.clone_from(&header);
            }
            lines.push_str(&told);
            if let Some(at) = position.first() {
                between = Some((between.map_or(at, |(first, _)| first), at));
            }
            new.hashes.push(hashes);
            new.rows.push(number);
        }
        if !new.rows.is_empty() {
            self.push(&lines, between, Asked::Page, chunk);
            self.counters.rows.add(new.rows.len() as u64);
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
        self.to.push(&known, lines.as_bytes(), chunk);
    }
}

fn written(row: &[Option<Value>]) -> String {
    let told: Vec<Option<String>> = row.iter().map(|value| value.as_ref().map(Value::told)).collect();
    line(told.iter().map(Option::as_deref))
}
