//! Answers as envelopes: columns under a header (RFC 4180), nothing of them changed.

use ioc_bus::ChunkBuilder;
use ioc_model::{
    attribute::{Asked, Attribute},
    envelope::Content,
};

use super::{
    answer::{Answer, Position, Value},
    counters::SqlCounters,
};
use crate::transport::{
    pull::{
        line::line,
        memory::{Hash, Memory, hash},
    },
    withheld::{Digest, Withheld},
};

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
