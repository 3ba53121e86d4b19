//! Whether a listing held still while it was read, and what of it is read next.
//!
//! A record is inserted or removed before the page that is read, and all behind it move by one: whoever goes on by numbers
//! skips one, or reads one twice. Two pages belong together if what ends the first still stands before what begins the
//! second in one and the same answer. Pages by offset are asked for with one record more, the last one of the page before.
//! Pages by number cannot be, so the page before is asked for again behind each: while it says what it said, nothing
//! before its end has moved. Where a source's own cursor or link leads on, it answers for it; `look_back` holds it to that.
//!
//! A number of records that changes tells where nothing else does.
//!
//! A page that is the one before once more is a listing that moved by as many records as a page has, or a source that does
//! not understand how the next one is asked for: that one gives the same however often it is read from its beginning.
//!
//! A source that leaves records out behind its paging gives pages without any in the middle. So a cursor is followed behind
//! such a page, too, until it is the one that was asked by. Where it leads on behind many of them nobody knows whether
//! anything comes: the pass waits there, and goes on from there at the next turn, beside another one that begins anew.

use ioc_model::pack::{Paging, PagingBy};

use super::{
    page::Page,
    place::{At, Pass},
};
use crate::transport::pull::{CannotFetch, memory::Hash};

/// So often in a row a listing may change while it is read; then what there is is taken.
pub(super) const MOST_CHANGES: u32 = 5;
/// So many pages in a row may bring no record while their cursor leads on, within one turn.
pub(super) const MOST_EMPTY: u32 = 20;

/// What a page means for its pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turned {
    /// It belongs behind the one before; there the listing goes on, if it does.
    On(Option<At>),
    /// It does not belong behind the one before.
    Changed,
}

impl Pass {
    /// It takes what there is: the listing would not hold still.
    pub(super) fn is_loose(&self) -> bool {
        self.changed >= MOST_CHANGES
    }

    /// Whether each page was the one before it, however often it was read from its beginning.
    pub(super) fn is_always_repeated(&self) -> bool {
        self.repeated >= MOST_CHANGES
    }

    /// Whether its cursor leads on, and has brought nothing for long.
    pub(super) fn is_barren(&self) -> bool {
        self.empty >= MOST_EMPTY
    }

    /// Whether the page that is asked for begins with the last record of the one before.
    pub(super) fn overlaps(&self) -> bool {
        matches!(self.at, At::Offset(_)) && self.before.is_some() && !self.is_loose()
    }

    /// The page that must still say what it said.
    pub(super) fn looks_back(&self, paging: &Paging) -> Option<(&At, Hash)> {
        let before = self.before.as_ref().filter(|_| paging.look_back && !self.is_loose())?;
        Some((&before.at, before.page))
    }

    /// Takes a page in; a record that overlaps is left out of it. `next` is where its link leads.
    pub(super) fn turn(
        &mut self,
        paging: &Paging,
        page: &mut Page,
        next: Option<String>,
    ) -> Result<Turned, CannotFetch> {
        let had = self.total;
        self.total = page.total.or(had);
        if self.overlaps() {
            let last = self.before.as_ref().map(|before| before.last);
            if page.records().first().map(|record| record.hash) != last {
                return Ok(Turned::Changed);
            }
            page.without_first();
        } else if let Some(before) = &self.before {
            if before.page == page.hash && !page.records().is_empty() {
                if !self.is_loose() {
                    self.repeated += 1;
                    return Ok(Turned::Changed);
                }
                if !self.is_always_repeated() {
                    return Ok(Turned::On(None));
                }
                return Err(CannotFetch::fault(
                    "hai trang liên tiếp giống hệt nhau: nguồn không hiểu cách hỏi trang tiếp theo",
                    "two pages in a row are the same: the source does not understand how the next one is asked for",
                ));
            }
            let is_told = had.is_some() && page.total.is_some() && had != page.total;
            if is_told && !paging.look_back && !self.is_loose() {
                return Ok(Turned::Changed);
            }
        }
        let records = page.records().len() as u64;
        // Where something else leads on, a place that is come by twice must be the same both times.
        if matches!(paging.by, PagingBy::Page(_) | PagingBy::Offset) {
            self.seen += records;
        }
        let is_last = records == 0
            || self.total.is_some_and(|total| self.seen >= total)
            || (paging.ends_short && records < self.asked_for(paging));
        let is_empty = page.is_list() && records == 0;
        let next = match &paging.by {
            PagingBy::Nothing => None,
            PagingBy::Link(_) => next.map(At::Url),
            PagingBy::Cursor(_) if page.is_list() && paging.ends_short && records < paging.size => None,
            // Some give a cursor behind the last record, too: the same again.
            PagingBy::Cursor(_) => {
                page.cursor.clone().map(At::Cursor).filter(|next| !(is_empty && *next == self.at))
            }
            PagingBy::Page(_) | PagingBy::Offset if is_last => None,
            PagingBy::Page(first) => {
                Some(At::Page(1 + if let At::Page(page) = self.at { page } else { *first }))
            }
            PagingBy::Offset => {
                Some(At::Offset(records + if let At::Offset(offset) = self.at { offset } else { 0 }))
            }
        };
        if next.as_ref().is_some_and(|next| *next == self.at) {
            return Err(CannotFetch::fault(
                "nguồn báo trang sau chính là trang này",
                "the source says that the page behind this one is this one",
            ));
        }
        self.empty = if is_empty && matches!(next, Some(At::Cursor(_))) { self.empty + 1 } else { 0 };
        Ok(Turned::On(next))
    }

    /// Records that a full page has, without the one that overlaps.
    fn asked_for(&self, paging: &Paging) -> u64 {
        paging.size - u64::from(self.overlaps())
    }
}
