//! What an answer brings as envelopes, without what is known to say the same.

use std::collections::BTreeMap;

use ioc_bus::ChunkBuilder;
use ioc_model::{
    attribute::{Asked, Attribute},
    pack::{HttpPullFeed, Taken},
};
use url::Url;

use super::{
    counters::HttpPullCounters,
    json,
    page::{Brought, Page, Record},
};
use crate::transport::pull::{
    bounded::Bounded,
    line::line,
    memory::{Hash, Memory, hash},
};

/// Where what is brought goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelopes<'e> {
    pub(super) to: Bounded<'e>,
    pub(super) of: &'e HttpPullFeed,
    pub(super) counters: &'e HttpPullCounters,
}

/// What was new of an answer.
#[derive(Debug, Default)]
pub(super) struct New {
    /// To be remembered.
    pub(super) hashes: Vec<(Hash, Hash)>,
    /// Which records, by their number.
    pub(super) records: Vec<usize>,
}

impl New {
    pub(super) fn is_nothing(&self) -> bool {
        self.hashes.is_empty() && self.records.is_empty()
    }
}

impl Envelopes<'_> {
    /// What of a page is new. `name` tells the answer from others of its pass.
    pub(super) fn page(
        &self,
        url: &Url,
        name: &str,
        page: &Page,
        memory: &Memory,
        chunk: &mut ChunkBuilder,
    ) -> New {
        let mut new = New::default();
        let asked = if self.of.is_in_parts() { Asked::Page } else { Asked::Whole };
        let known = (hash(["answer", name]), page.hash);
        match &page.brought {
            Brought::Answer(_) | Brought::TooLarge(_) if memory.knows(&known) => self.counters.known.one(),
            Brought::Answer(bytes) => {
                self.push(url.as_str(), asked, page.content_type.as_deref(), bytes, chunk);
                self.counters.rows.one();
                new.hashes.push(known);
            }
            Brought::TooLarge(digest) => {
                let said = [(Attribute::Asked, asked.word()), (Attribute::Origin, url.as_str())];
                self.to.withhold(&said, digest.clone(), chunk);
                new.hashes.push(known);
            }
            Brought::Records(records) => {
                for (number, record) in records.iter().enumerate() {
                    let hashes = record.hashes();
                    if hashes.as_ref().is_some_and(|hashes| memory.knows(hashes)) {
                        self.counters.known.one();
                        continue;
                    }
                    new.hashes.extend(hashes);
                    new.records.push(number);
                }
                self.records(url, records, &new.records, chunk);
                self.counters.rows.add(new.records.len() as u64);
            }
        }
        new
    }

    fn records(&self, url: &Url, records: &[Record], new: &[usize], chunk: &mut ChunkBuilder) {
        match &self.of.taken {
            Taken::Rows { columns, .. } => {
                let header = header(columns);
                let mut lines = header.clone();
                for &number in new {
                    let row = row(columns, &records[number].json);
                    if lines.len() + row.len() > self.to.max_bytes && lines.len() > header.len() {
                        self.push(url.as_str(), Asked::Page, None, lines.as_bytes(), chunk);
                        lines.clone_from(&header);
                    }
                    lines.push_str(&row);
                }
                if lines.len() > header.len() {
                    self.push(url.as_str(), Asked::Page, None, lines.as_bytes(), chunk);
                }
            }
            _ => new.iter().for_each(|&number| self.record(&records[number], chunk)),
        }
    }

    /// A record alone. Where it comes from is what makes it one, so that it is known when it comes again.
    pub(super) fn record(&self, record: &Record, chunk: &mut ChunkBuilder) {
        let origin = record.key.as_deref().unwrap_or_default();
        self.push(origin, Asked::Page, Some("application/json"), record.json.as_bytes(), chunk);
    }

    /// All records of a period, as one message that is whole; its hash. None if there is no record.
    pub(super) fn table(&self, columns: &[String], records: &[Record]) -> Option<(Hash, String)> {
        let mut lines = header(columns);
        records.iter().for_each(|record| lines.push_str(&row(columns, &record.json)));
        (!records.is_empty()).then(|| (hash([lines.as_str()]), lines))
    }

    pub(super) fn push(
        &self,
        origin: &str,
        asked: Asked,
        kind: Option<&str>,
        bytes: &[u8],
        chunk: &mut ChunkBuilder,
    ) {
        let mut known = vec![(Attribute::Asked, asked.word()), (Attribute::Origin, origin)];
        known.extend(kind.map(|kind| (Attribute::ContentType, kind)));
        self.to.push(&known, bytes, chunk);
    }
}

fn header(columns: &[String]) -> String {
    line(columns.iter().map(|column| Some(column.as_str())))
}

/// A record's fields as a line. One that is no object has none of them.
fn row(columns: &[String], record: &str) -> String {
    let fields: BTreeMap<String, &str> = json::fields(record).unwrap_or_default();
    let values: Vec<Option<String>> =
        columns.iter().map(|column| fields.get(column).and_then(|value| json::text(value))).collect();
    line(values.iter().map(Option::as_deref))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_fields_of_its_record_as_they_are_written() {
        let columns = ["ma_xa", "gia_tri", "ghi_chu", "vang"].map(str::to_owned);
        let record = r#"{"gia_tri": 0.10, "ma_xa": "25459", "ghi_chu": "a,\"b\"", "khac": [1]}"#;
        assert_eq!(row(&columns, record), "25459,0.10,\"a,\"\"b\"\"\",\n");
        assert_eq!(row(&columns, "[1]"), ",,,\n");
        assert_eq!(header(&columns), "ma_xa,gia_tri,ghi_chu,vang\n");
    }
}
