//! Whole periods, asked for now and then: what was removed, changed without its moment, or has none is found so.
//!
//! A period's pages are put together before anything of it is handed over. A listing that changed on the way would make
//! records absent that are not, so it is read again from its beginning, and given up if it does not hold still.

use std::collections::BTreeSet;

use ioc_bus::ChunkBuilder;
use ioc_model::{attribute::Asked, pack::Taken};
use jiff::Timestamp;

use super::{
    client::Asks,
    page::{Brought, Page, Record},
    place::{At, Pass, Place},
    request::{Span, periods},
    source::{HttpSource, Step},
};
use crate::transport::pull::{CannotFetch, Fetched, memory::Hash, place::Place as _, progress::now};

/// A period has no more pages than that: nothing else is read meanwhile.
const MOST_PAGES: usize = 10_000;
const REPEATED: &str =
    "its pages are all the same: the source does not understand how the next one is asked for";
const ENDLESS: &str = "its pages lead on without an end";

/// All that a period is: its records, or the one answer.
#[derive(Debug)]
enum Whole {
    Records(Vec<Record>),
    Answer(Box<Page>),
    /// It cannot be read whole; why.
    GivenUp(&'static str),
}

impl<A: Asks> HttpSource<A> {
    /// Reads the next period whole.
    pub(super) async fn compare(&mut self, place: &mut Place) -> Result<Fetched, CannotFetch> {
        let mut chunk = ChunkBuilder::new();
        let Some(compare) = self.of.compare.clone() else {
            place.comparing = None;
            return Ok(Fetched { chunk, place: place.text(), more: false, passed: None });
        };
        let Some(mut comparing) = place.comparing.take() else {
            return Ok(Fetched { chunk, place: place.text(), more: false, passed: None });
        };
        let began = Timestamp::from_millisecond(comparing.began.0).unwrap_or_default();
        let spans = periods(&compare, began.to_zoned(self.zone.clone()).date());
        match spans.get(comparing.read as usize) {
            Some(span) => {
                let new = match self.period(&compare.url, span, &mut chunk).await {
                    Ok(new) => new,
                    Err(error) => {
                        let left = spans.len() - comparing.read as usize - 1;
                        if self.comparisons.fails(&span.name, left, error)? {
                            comparing.read += u32::try_from(left).unwrap_or_default();
                        }
                        Vec::new()
                    }
                };
                comparing.read += 1;
                place.comparing = Some(comparing);
                self.memory.handed_over(place.text(), new);
            }
            None => {
                place.compared = Some(comparing.turn);
                // What lies before the periods that are asked for is there all the same.
                self.comparisons.ended(false);
            }
        }
        Ok(Fetched { chunk, place: place.text(), more: place.comparing.is_some(), passed: None })
    }

    /// What of single records is to be remembered.
    async fn period(
        &mut self,
        url: &str,
        span: &Span,
        chunk: &mut ChunkBuilder,
    ) -> Result<Vec<(Hash, Hash)>, CannotFetch> {
        let mut new = Vec::new();
        let given_up = match self.whole(url, span).await? {
            Whole::Records(records) => match self.of.taken.clone() {
                Taken::Rows { columns, .. } => self.take_rows(&columns, span, &records, chunk),
                _ => {
                    new = self.take_singly(&records, chunk);
                    None
                }
            },
            Whole::Answer(page) => self.take_answer(span, &page, chunk),
            Whole::GivenUp(why) => Some(why),
        };
        if let Some(why) = given_up {
            self.comparisons.gives_up(&span.name, why);
        }
        Ok(new)
    }

    /// All of a period, from its first page to its last.
    async fn whole(&mut self, url: &str, span: &Span) -> Result<Whole, CannotFetch> {
        let mut pass = Pass::begins(now(), self.of.paging.size);
        let mut records = Vec::new();
        let mut bytes = 0;
        let mut asked: BTreeSet<At> = BTreeSet::new();
        loop {
            if asked.len() == MOST_PAGES || !asked.insert(pass.at.clone()) {
                return Ok(Whole::GivenUp(ENDLESS));
            }
            let (page, next) = match self.step(url, &mut pass, None, Some(span), None).await? {
                Step::Page { page, next, .. } => (page, next),
                Step::Refused(_) => return Ok(Whole::GivenUp("the source refuses it")),
                Step::Unchanged => return Ok(Whole::GivenUp("the source says nothing of it")),
                Step::Changed => {
                    self.counters.changed.one();
                    pass = pass.begins_again(now());
                    records.clear();
                    asked.clear();
                    bytes = 0;
                    if pass.is_loose() {
                        let same = pass.is_always_repeated();
                        return Ok(Whole::GivenUp(if same { REPEATED } else { "it does not hold still" }));
                    }
                    continue;
                }
            };
            if pass.is_barren() {
                return Ok(Whole::GivenUp(ENDLESS));
            }
            if !page.is_list() {
                return Ok(Whole::Answer(page));
            }
            bytes += page.records().iter().map(|record| record.json.len()).sum::<usize>();
            // A row of a table is shorter than its record.
            if bytes > 16 * self.max_bytes {
                self.progress.counters().oversize.one();
                return Ok(Whole::GivenUp("it is too large"));
            }
            let last = page.records().last().map(|record| record.hash);
            let last = last.or(pass.before.as_ref().map(|before| before.last)).unwrap_or_default();
            records.extend(page.records().iter().cloned());
            match next {
                Some(next) => pass.goes_on(next, page.hash, last),
                None => return Ok(Whole::Records(records)),
            }
        }
    }

    /// Why not, if it cannot be read whole. One of which everything is gone is not told: no row says which it was.
    fn take_rows(
        &mut self,
        columns: &[String],
        span: &Span,
        records: &[Record],
        chunk: &mut ChunkBuilder,
    ) -> Option<&'static str> {
        let Some((hash, lines)) = self.envelopes().table(columns, records) else {
            self.comparisons.is_empty(&span.name);
            return None;
        };
        if lines.len() > self.max_bytes {
            self.progress.counters().oversize.one();
            return Some("it is too large");
        }
        if !self.comparisons.says_new(Some(span.name.clone()), hash) {
            self.counters.known.add(records.len() as u64);
            return None;
        }
        self.counters.rows.add(records.len() as u64);
        self.envelopes().push(&origin(span), Asked::Whole, None, lines.as_bytes(), chunk);
        None
    }

    /// Single records: those that say something else than what was handed over.
    fn take_singly(&mut self, records: &[Record], chunk: &mut ChunkBuilder) -> Vec<(Hash, Hash)> {
        let is_known = |record: &&Record| record.hashes().is_some_and(|hashes| self.memory.knows(&hashes));
        let new: Vec<&Record> = records.iter().filter(|record| !is_known(record)).collect();
        self.counters.known.add((records.len() - new.len()) as u64);
        self.counters.rows.add(new.len() as u64);
        new.iter().for_each(|record| self.envelopes().record(record, chunk));
        let hashes: Vec<(Hash, Hash)> = new.iter().filter_map(|record| record.hashes()).collect();
        self.comparisons.was_read(!new.is_empty());
        hashes
    }

    fn take_answer(&mut self, span: &Span, page: &Page, chunk: &mut ChunkBuilder) -> Option<&'static str> {
        let Brought::Answer(bytes) = &page.brought else {
            self.progress.counters().oversize.one();
            return Some("it is too large");
        };
        if !self.comparisons.says_new(Some(span.name.clone()), page.hash) {
            self.counters.known.one();
            return None;
        }
        self.counters.rows.one();
        self.envelopes().push(&origin(span), Asked::Whole, page.content_type.as_deref(), bytes, chunk);
        None
    }
}

fn origin(span: &Span) -> String {
    format!("{} ({} … {})", span.name, span.from, span.to)
}
