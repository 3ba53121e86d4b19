//! An interface as a source: passes over a listing, and whole periods between them.

use std::sync::Arc;

use axum::http::StatusCode;
use ioc_bus::ChunkBuilder;
use ioc_model::{
    pack::{Feed, HttpPullFeed, PagingBy, Since, SinceForm},
    time::Now,
};
use jiff::{SignedDuration, tz::TimeZone};
use tokio::sync::watch;
use url::Url;

use super::{
    answer::Said,
    client::{Asks, elsewhere, refused},
    counters::HttpPullCounters,
    envelopes::Envelopes,
    listing::{MOST_CHANGES, MOST_EMPTY, Turned},
    page::{Page, joined},
    place::{At, Comparing, Pass, Place, Validator},
    request::{Filled, Request, Span},
    secrets::Keys,
    since::Mark,
};
use crate::{
    routes::Routes,
    transport::pull::{
        CannotFetch, Fetched, Limit, Progress, Source, bounded::Bounded, comparison::Comparisons,
        horizon::Horizon, in_effect::InEffect, memory::Memory, place::Place as _, progress::now,
    },
};

/// What is asked of one feed.
#[derive(Debug)]
pub(super) struct HttpSource<A> {
    pub(super) feed: String,
    pub(super) of: HttpPullFeed,
    in_effect: InEffect,
    pub(super) max_bytes: usize,
    pub(super) zone: TimeZone,
    pub(super) keys: Keys,
    pub(super) asks: A,
    pub(super) counters: Arc<HttpPullCounters>,
    pub(super) progress: Arc<Progress>,
    pub(super) memory: Memory,
    pub(super) comparisons: Comparisons,
    /// A pass came to its end since the start: what was handed over before that is not remembered.
    is_warm: bool,
    name: String,
}

/// What its answers are read by, beside what the feed says.
#[derive(Debug)]
pub(super) struct ReadBy {
    /// Of the pack that is in effect.
    pub(super) routes: watch::Receiver<Arc<Routes>>,
    /// Of moments that do not say theirs.
    pub(super) zone: TimeZone,
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
        by: ReadBy,
        keys: Keys,
        asks: A,
        counters: Arc<HttpPullCounters>,
        progress: Arc<Progress>,
    ) -> HttpSource<A> {
        let ReadBy { routes, zone } = by;
        let every = of.compare.as_ref().map(|compare| compare.every);
        HttpSource {
            feed: feed.id.clone(),
            max_bytes: feed.contract.max_bytes,
            comparisons: Comparisons::new(&feed.id, every, progress.clone()),
            name: source_name(of),
            of: of.clone(),
            in_effect: InEffect::of(routes),
            zone,
            keys,
            asks,
            counters,
            progress,
            memory: Memory::default(),
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
        let known = request.hash(self.in_effect.pack());
        request.validator = validator.filter(|validator| validator.of == known).cloned();
        let is_counted = matches!(pass.at, At::Page(_) | At::Offset(_));
        let mut page = match self.asks.ask(&request).await? {
            Said::Answer(answer) => Page::of(&self.of, &self.zone, *answer)?,
            Said::Nothing => Page::empty(),
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
                Said::Answer(answer) => Page::hash_of(&self.of, &answer)? == said,
                Said::Nothing => Page::empty().hash == said,
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
        let size = self.of.paging.size;
        let under_way = place.pass.take().or_else(|| place.waiting.take().map(Pass::goes_on_waiting));
        let under_way = under_way.filter(|pass| pass.size == size);
        let mut pass = under_way.unwrap_or_else(|| Pass::begins(now(), size));
        let since = self.asked_since(place);
        let template = self.of.url.clone();
        let validator = place.validator.clone();
        let step = self.step(&template, &mut pass, since.as_deref(), None, validator.as_ref()).await?;
        let mut chunk = ChunkBuilder::new();
        let (page, request, next) = match step {
            Step::Page { page, request, next } => (page, request, next),
            Step::Unchanged => return Ok(self.ends(place, &pass, chunk)),
            // It may not know by now what it led on to: what is left of the listing is read by the next pass.
            Step::Refused(_) if pass.at != At::First => return Ok(self.ends(place, &pass, chunk)),
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
        if !new.is_nothing() {
            self.comparisons.forget_all();
        }
        self.count(place.since, &page, &new.records);
        pass.furthest = page.records().iter().filter_map(|record| record.mark).chain(pass.furthest).max();
        let fetched = match next {
            Some(next) => {
                // Of a page with nothing new in it, the last record is the one before.
                let before = pass.before.as_ref().map(|before| before.last);
                let last = page.records().last().map(|record| record.hash).or(before).unwrap_or_default();
                pass.goes_on(next, page.hash, last);
                if pass.is_barren() {
                    self.waits(place, pass, chunk)
                } else {
                    place.pass = Some(pass);
                    Fetched { chunk, place: place.text(), more: true, passed: None }
                }
            }
            None => {
                let horizon = Horizon::of(pass.began);
                let is_ahead =
                    matches!(pass.furthest, Some(Mark::Moment(moment)) if horizon.is_far_from(moment));
                self.progress.limited(Limit::Future, is_ahead);
                if self.of.paging.by == PagingBy::Nothing {
                    let (etag, modified) = (page.etag.clone(), page.modified.clone());
                    let is_known = etag.is_some() || modified.is_some();
                    place.validator = is_known.then(|| Validator {
                        of: request.hash(self.in_effect.pack()),
                        etag,
                        modified,
                    });
                }
                self.ends(place, &pass, chunk)
            }
        };
        self.memory.handed_over(fetched.place.clone(), new.hashes);
        Ok(fetched)
    }

    /// The pass has read many pages without a record, and has not come to its end: it goes on from there at the next turn.
    /// One that has waited already is followed by one from the beginning, since a source that gives another cursor each
    /// time has no end, and what is new may be at its beginning. That one brings what there is, and the place stays.
    fn waits(&mut self, place: &mut Place, pass: Pass, chunk: ChunkBuilder) -> Fetched {
        if pass.has_waited {
            place.pass = Some(Pass::begins(now(), pass.size));
            place.waiting = Some(pass);
            return Fetched { chunk, place: place.text(), more: true, passed: None };
        }
        if place.waiting.is_none() {
            tracing::warn!(
                feed = self.feed,
                MOST_EMPTY,
                "pages without a record lead on: what came before them is taken, and the place stays until the listing \
                 was read to its end, turn by turn. If the source gives another cursor each time, say 'ends_short = true'"
            );
        }
        let _furthest = place.waiting.get_or_insert(pass);
        self.turn_ends(place, chunk, None)
    }

    /// The pass has read to the end. Only a listing that held still, and has one, moves the place.
    fn ends(&mut self, place: &mut Place, pass: &Pass, chunk: ChunkBuilder) -> Fetched {
        let is_settled = !pass.is_loose();
        if is_settled && let Some(since) = &self.of.since {
            let reached = reached(since, pass, place.given_out);
            place.since = place.since.max(reached);
            self.memory.settled();
            place.given_out = place.given_out.max(pass.furthest.filter(|_| !since.form.is_moment()));
        }
        if is_settled {
            // It has read what the waiting one would have.
            place.waiting = None;
        }
        self.turn_ends(place, chunk, is_settled.then_some(pass.began))
    }

    /// Nothing more is read of the listing at this turn. `passed` is when the pass began that read all of it.
    fn turn_ends(&mut self, place: &mut Place, chunk: ChunkBuilder, passed: Option<Now>) -> Fetched {
        let is_settled = passed.is_some();
        if !is_settled {
            self.counters.unsettled.one();
        }
        self.is_warm = true;
        self.progress.limited(Limit::Unsettled, !is_settled);
        self.progress.limited(Limit::Repeats, self.memory.is_full());
        let due = self.comparisons.due(place.compared);
        place.comparing = due.map(|turn| Comparing { turn, began: now(), read: 0 });
        Fetched { chunk, place: place.text(), more: place.comparing.is_some(), passed }
    }

    /// Another pack makes something else of the same answers: what said the same is taken once more when it is in effect.
    fn takes_up_pack(&mut self) {
        if self.in_effect.is_another() {
            self.memory = Memory::default();
            self.comparisons.forget_all();
        }
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
        let to = Bounded {
            feed: &self.feed,
            address: self.of.address(),
            max_bytes: self.max_bytes,
            counters: self.progress.counters(),
        };
        Envelopes { to, of: &self.of, counters: &self.counters }
    }
}

impl<A: Asks> Source for HttpSource<A> {
    fn name(&self) -> &str {
        &self.name
    }

    async fn fetch(&mut self, behind: Option<&str>) -> Result<Fetched, CannotFetch> {
        self.takes_up_pack();
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
    let horizon = Horizon::of(pass.began);
    if since.at.is_none() {
        return Some(Mark::Moment(horizon.at()));
    }
    let furthest = pass.furthest?;
    let is_one_answer = pass.before.is_none();
    match furthest {
        Mark::Moment(moment) => Some(Mark::Moment(horizon.holds(moment))),
        _ if since.ordered || is_one_answer => Some(furthest),
        _ => given_out.map(|given_out| given_out.min(furthest)),
    }
}

/// What is read, with all that makes its places others.
fn source_name(of: &HttpPullFeed) -> String {
    let form = of.since.as_ref().map(|since| match &since.form {
        SinceForm::Number => "number",
        SinceForm::Rfc3339 => "rfc3339",
        SinceForm::Seconds => "seconds",
        SinceForm::Millis => "millis",
        SinceForm::Local(format) => format,
    });
    let form = form.map(|form| format!(" as {form}")).unwrap_or_default();
    what_is_read(of) + &form
}

/// Whether places of it were kept by that name once: with the number of records at once, and without how places are
/// written.
pub(super) fn was_named(of: &HttpPullFeed, name: &str) -> bool {
    let size = name.strip_prefix(&what_is_read(of)).and_then(|rest| rest.strip_prefix(" of "));
    size.is_some_and(|size| size.parse::<u64>().is_ok())
}

fn what_is_read(of: &HttpPullFeed) -> String {
    let body = of.body.as_ref().map(|body| format!(" {}", body.text)).unwrap_or_default();
    let since = of.since.as_ref().and_then(|since| since.at.as_deref()).unwrap_or_default();
    let paging = match &of.paging.by {
        PagingBy::Nothing => "whole",
        PagingBy::Link(_) => "by link",
        PagingBy::Cursor(_) => "by cursor",
        PagingBy::Page(_) => "by page",
        PagingBy::Offset => "by offset",
    };
    format!("{}{body} {paging} {since}", of.url)
}
