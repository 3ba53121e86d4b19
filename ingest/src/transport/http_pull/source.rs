//! An interface as a source: passes over a listing, and whole periods between them.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::StatusCode;
use ioc_bus::ChunkBuilder;
use ioc_model::pack::{Feed, HttpPullFeed, PagingBy, Since};
use jiff::{SignedDuration, tz::TimeZone};
use url::Url;

use super::{
    answer::Said,
    client::{Asks, elsewhere, refused},
    counters::HttpPullCounters,
    envelopes::Envelopes,
    listing::{MOST_CHANGES, Turned},
    page::{Page, joined},
    place::{At, Comparing, Pass, Place, Validator},
    request::{Filled, Request, Span},
    secrets::Keys,
    since::Mark,
};
use crate::transport::pull::{
    CannotFetch, Compared, Fetched, Limit, Progress, Schedule, Source,
    memory::{Hash, Memory},
    progress::now,
};

/// What is asked of one feed.
#[derive(Debug)]
pub(super) struct HttpSource<A> {
    pub(super) feed: String,
    pub(super) of: HttpPullFeed,
    pub(super) max_bytes: usize,
    pub(super) zone: TimeZone,
    pub(super) keys: Keys,
    pub(super) asks: A,
    pub(super) counters: Arc<HttpPullCounters>,
    pub(super) progress: Arc<Progress>,
    pub(super) memory: Memory,
    /// What whole periods said when they were last read.
    pub(super) periods: BTreeMap<String, Hash>,
    /// The comparison under way.
    pub(super) found: Compared,
    /// A pass came to its end since the start: what was handed over before that is not remembered.
    is_warm: bool,
    name: String,
    comparisons: Option<Schedule>,
}

/// What came of asking for the next page of a listing.
#[derive(Debug)]
pub(super) enum Step {
    /// A page, what was asked, and where the listing goes on.
    Page { page: Box<Page>, request: Box<Request>, next: Option<At> },
    /// It is what it was.
    Unchanged,
    /// It is another listing by now.
    Changed,
    /// There is no such thing: the status.
    Refused(u16),
}

impl<A: Asks> HttpSource<A> {
    pub(super) fn new(
        feed: &Feed,
        of: &HttpPullFeed,
        zone: TimeZone,
        keys: Keys,
        asks: A,
        counters: Arc<HttpPullCounters>,
        progress: Arc<Progress>,
    ) -> HttpSource<A> {
        let every = |every: ioc_model::time::Millis| std::time::Duration::from_millis(every.0.unsigned_abs());
        HttpSource {
            feed: feed.id.clone(),
            max_bytes: feed.contract.max_bytes,
            comparisons: of.compare.as_ref().map(|compare| Schedule::every(every(compare.every), &feed.id)),
            name: source_name(of),
            of: of.clone(),
            zone,
            keys,
            asks,
            counters,
            progress,
            memory: Memory::default(),
            periods: BTreeMap::new(),
            found: Compared::default(),
            is_warm: false,
        }
    }

    /// Asks for the next page of a pass, and holds it against the one before.
    pub(super) async fn step(
        &mut self,
        template: &str,
        pass: &mut Pass,
        since: Option<&str>,
        period: Option<&Span>,
        validator: Option<&Validator>,
    ) -> Result<Step, CannotFetch> {
        let mut request = self.request(template, &pass.at, since, period, pass.overlaps())?;
        let known = request.hash();
        request.validator = validator.filter(|validator| validator.of == known).cloned();
        let is_counted = matches!(pass.at, At::Page(_) | At::Offset(_));
        let mut page = match self.asks.ask(&request).await? {
            Said::Answer(answer) => Page::of(&self.of, &self.zone, *answer)?,
            Said::Unchanged => return Ok(Step::Unchanged),
            // There is nothing behind the last record.
            Said::Refused(416) if is_counted && !pass.overlaps() => Page::empty(),
            // What led on to it does not any more.
            Said::Refused(_) if pass.at != At::First && !pass.is_loose() => return Ok(Step::Changed),
            Said::Refused(status) => return Ok(Step::Refused(status)),
        };
        let link = page.link.as_deref().map(|link| self.followed(&request.url, link)).transpose()?;
        let next = match pass.turn(&self.of.paging, &mut page, link)? {
            Turned::Changed => return Ok(Step::Changed),
            Turned::On(next) => next,
        };
        if let Some((at, said)) = pass.looks_back(&self.of.paging) {
            let before = self.request(template, &at.clone(), since, period, false)?;
            let is_same = match self.asks.ask(&before).await? {
                Said::Answer(answer) => Page::of(&self.of, &self.zone, *answer)?.hash == said,
                Said::Unchanged | Said::Refused(_) => false,
            };
            if !is_same {
                return Ok(Step::Changed);
            }
        }
        Ok(Step::Page { page: Box::new(page), request: Box::new(request), next })
    }

    fn request(
        &self,
        template: &str,
        at: &At,
        since: Option<&str>,
        period: Option<&Span>,
        overlaps: bool,
    ) -> Result<Request, CannotFetch> {
        let first = if let PagingBy::Page(first) = self.of.paging.by { first } else { 1 };
        Request::new(&self.of, template, &Filled { at, since, period, first, overlaps })
    }

    /// Where a link leads: nowhere but to the host that gave it, and without its keys.
    fn followed(&self, from: &Url, link: &str) -> Result<String, CannotFetch> {
        let url = joined(from, link)?;
        if url.origin() != from.origin() {
            return Err(elsewhere(&url));
        }
        Ok(self.keys.without(&url).into())
    }

    async fn read_on(&mut self, place: &mut Place) -> Result<Fetched, CannotFetch> {
        if place.comparing.is_some() {
            return self.compare(place).await;
        }
        let mut pass = place.pass.take().unwrap_or_else(|| Pass::begins(now()));
        let since = self.asked_since(place);
        let template = self.of.url.clone();
        let validator = place.validator.clone();
        let step = self.step(&template, &mut pass, since.as_deref(), None, validator.as_ref()).await?;
        let mut chunk = ChunkBuilder::new();
        let (page, request, next) = match step {
            Step::Page { page, request, next } => (page, request, next),
            Step::Unchanged => return Ok(self.ends(place, &pass, chunk)),
            Step::Refused(status) => return Err(refused(StatusCode::from_u16(status).unwrap_or_default())),
            Step::Changed => {
                self.counters.changed.one();
                place.pass = Some(pass.begins_again(now()));
                if pass.changed + 1 == MOST_CHANGES {
                    tracing::warn!(
                        feed = self.feed,
                        "the listing does not hold still: what there is is taken"
                    );
                }
                return Ok(Fetched { chunk, place: place.text(), more: true, passed: None });
            }
        };
        let name = match &pass.at {
            At::First => "first".to_owned(),
            at => serde_json::to_string(at).unwrap_or_default(),
        };
        let new = self.envelopes().page(&request.url, &name, &page, &self.memory, &mut chunk);
        self.count(place.since, &page, &new.records);
        pass.furthest = page.records().iter().filter_map(|record| record.mark).chain(pass.furthest).max();
        let fetched = match next {
            Some(next) => {
                // Of a page with nothing new in it, the last record is the one before.
                let before = pass.before.as_ref().map(|before| before.last);
                let last = page.records().last().map(|record| record.hash).or(before).unwrap_or_default();
                pass.goes_on(next, page.hash, last);
                place.pass = Some(pass);
                Fetched { chunk, place: place.text(), more: true, passed: None }
            }
            None => {
                if self.of.paging.by == PagingBy::Nothing {
                    let (etag, modified) = (page.etag.clone(), page.modified.clone());
                    let is_known = etag.is_some() || modified.is_some();
                    place.validator = is_known.then(|| Validator { of: request.hash(), etag, modified });
                }
                self.ends(place, &pass, chunk)
            }
        };
        self.memory.handed_over(fetched.place.clone(), new.hashes);
        Ok(fetched)
    }

    /// The pass has read to the end. Only a listing that held still moves the place.
    fn ends(&mut self, place: &mut Place, pass: &Pass, chunk: ChunkBuilder) -> Fetched {
        let is_settled = !pass.is_loose();
        if is_settled && let Some(since) = &self.of.since {
            let reached = reached(since, pass, place.given_out);
            place.since = place.since.max(reached);
            self.memory.settled();
            place.given_out = place.given_out.max(pass.furthest.filter(|_| !since.form.is_moment()));
        }
        if !is_settled {
            self.counters.unsettled.one();
        }
        self.is_warm = true;
        self.progress.limited(Limit::Unsettled, !is_settled);
        place.comparing = self.due(place).map(|turn| Comparing { turn, began: now(), read: 0 });
        let passed = is_settled.then_some(pass.began);
        Fetched { chunk, place: place.text(), more: place.comparing.is_some(), passed }
    }

    /// From where it is asked for; none if all of it is.
    fn asked_since(&self, place: &Place) -> Option<String> {
        let since = self.of.since.as_ref()?;
        let (mark, overlap) = match place.since {
            Some(mark) => (mark, SignedDuration::from_millis(since.overlap.0)),
            None => (Mark::first(since)?, SignedDuration::ZERO),
        };
        Some(mark.asked(&since.form, overlap, &self.zone))
    }

    /// Counts records that say nothing of their place, and new ones that lie behind where it was read to.
    fn count(&self, since: Option<Mark>, page: &Page, new: &[usize]) {
        let records = page.records();
        if self.of.since.as_ref().is_some_and(|since| since.at.is_some()) {
            self.counters.untimed.add(records.iter().filter(|record| record.mark.is_none()).count() as u64);
        }
        let is_late = |number: &&usize| {
            self.is_warm && records[**number].mark.zip(since).is_some_and(|(mark, since)| mark < since)
        };
        self.progress.late(new.iter().filter(is_late).count() as u64);
    }

    pub(super) fn envelopes(&self) -> Envelopes<'_> {
        Envelopes { feed: &self.feed, of: &self.of, max_bytes: self.max_bytes, counters: &self.counters }
    }

    /// Whose turn it is to be compared, if it was not yet.
    fn due(&self, place: &Place) -> Option<u64> {
        let turn = self.comparisons?.turn(u64::try_from(now().0).unwrap_or_default());
        (place.compared != Some(turn)).then_some(turn)
    }
}

impl<A: Asks> Source for HttpSource<A> {
    fn name(&self) -> &str {
        &self.name
    }

    async fn fetch(&mut self, behind: Option<&str>) -> Result<Fetched, CannotFetch> {
        self.memory.behind(behind);
        let mut place = Place::parse(behind)?;
        self.read_on(&mut place).await
    }

    fn told(&self, place: &str) -> String {
        let Ok(place) = Place::parse(Some(place)) else { return String::new() };
        let page = match place.pass.as_ref().map(|pass| &pass.at) {
            Some(At::Page(page)) => Some(format!("page {page}")),
            Some(At::Offset(offset)) => Some(format!("offset {offset}")),
            // A cursor and a link are the source's own, and may be secrets.
            _ => None,
        };
        let since = place.since.map(Mark::told);
        since.into_iter().chain(page).collect::<Vec<_>>().join(", ")
    }
}

/// Up to where a pass that came to its end saw everything. A record that changes meanwhile, among those that were read
/// already, is given a moment behind the pass's beginning, or a number behind all that had been given out by then.
fn reached(since: &Since, pass: &Pass, given_out: Option<Mark>) -> Option<Mark> {
    let began = Mark::of_now(pass.began);
    if since.at.is_none() {
        return Some(began);
    }
    let furthest = pass.furthest?;
    let is_one_answer = pass.before.is_none();
    match since.form.is_moment() {
        true => Some(furthest.not_behind(began)),
        false if since.ordered || is_one_answer => Some(furthest),
        false => given_out.map(|given_out| given_out.min(furthest)),
    }
}

/// What is read, with all that makes its places others.
pub(super) fn source_name(of: &HttpPullFeed) -> String {
    let body = of.body.as_ref().map(|body| format!(" {}", body.text)).unwrap_or_default();
    let since = of.since.as_ref().and_then(|since| since.at.as_deref()).unwrap_or_default();
    let paging = match &of.paging.by {
        PagingBy::Nothing => "whole",
        PagingBy::Link(_) => "by link",
        PagingBy::Cursor(_) => "by cursor",
        PagingBy::Page(_) => "by page",
        PagingBy::Offset => "by offset",
    };
    format!("{}{body} {paging} {since} of {}", of.url, of.paging.size)
}
