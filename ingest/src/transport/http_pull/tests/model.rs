//! A listing in memory that changes between any two requests, as an interface.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::super::{
    answer::{Answer, Body, Said},
    client::Asks,
    request::Request,
};
use crate::transport::pull::CannotFetch;

/// A record of the source: its number, its value, and when it was changed (the number of the change).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: u32,
    pub(super) value: u32,
    pub(super) changed: i64,
}

/// A listing, in the order of `id` or of the last change.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) rows: BTreeMap<u32, Row>,
    pub(super) clock: i64,
    pub(super) by_change: bool,
    /// What happens before the next requests, one each.
    pub(super) events: Vec<Event>,
    /// It says by what an answer is known.
    pub(super) etag: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Nothing,
    /// A row appears, or says something else.
    Put(u32, u32),
    Remove(u32),
    /// It does not answer.
    Away,
    /// What was asked for before is refused.
    Gone,
}

impl Listing {
    pub(super) fn put(&mut self, id: u32, value: u32) {
        self.clock += 1;
        let _before = self.rows.insert(id, Row { id, value, changed: self.clock });
    }

    pub(super) fn ordered(&self, since: i64) -> Vec<Row> {
        let mut rows: Vec<Row> = self.rows.values().copied().filter(|row| row.changed >= since).collect();
        if self.by_change {
            rows.sort_by_key(|row| row.changed);
        }
        rows
    }
}

/// The listing as an interface: `o`, `n` and `p` are pages, `c` a cursor behind an id, `tu` the change to read on from.
#[derive(Clone, Debug)]
pub(super) struct Model(pub(super) Arc<Mutex<Listing>>);

impl Model {
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Listing) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Asks for Model {
    async fn ask(&mut self, request: &Request) -> Result<Said, CannotFetch> {
        self.change(|listing| {
            match listing.events.pop().unwrap_or(Event::Nothing) {
                Event::Nothing => {}
                Event::Put(id, value) => listing.put(id, value),
                Event::Remove(id) => drop(listing.rows.remove(&id)),
                Event::Away => return Err(CannotFetch::told("", "away")),
                Event::Gone => return Ok(Said::Refused(410)),
            }
            let asked: BTreeMap<String, String> = request.url.query_pairs().into_owned().collect();
            let number = |name: &str| asked.get(name).and_then(|value| value.parse::<i64>().ok());
            let rows = listing.ordered(number("tu").unwrap_or(0));
            let size = number("n").unwrap_or(1_000) as usize;
            let from = match (number("o"), number("p"), number("c")) {
                (Some(offset), _, _) => offset as usize,
                (_, Some(page), _) => (page as usize - 1) * size,
                (_, _, Some(id)) => rows.iter().position(|row| i64::from(row.id) > id).unwrap_or(rows.len()),
                _ => 0,
            };
            let page: Vec<Row> = rows.iter().skip(from).take(size).copied().collect();
            let json = |row: &Row| format!("{{\"id\":{},\"v\":{},\"t\":{}}}", row.id, row.value, row.changed);
            let items: Vec<String> = page.iter().map(json).collect();
            let behind = rows.len() > from + size;
            let next = page.last().filter(|_| behind).map_or("null".to_owned(), |row| row.id.to_string());
            let body = format!("{{\"data\":[{}],\"total\":{},\"next\":{next}}}", items.join(","), rows.len());
            let mut link = request.url.clone();
            let kept: Vec<(String, String)> =
                asked.iter().filter(|(name, _)| *name != "o").map(|(a, b)| (a.clone(), b.clone())).collect();
            let _more = link
                .query_pairs_mut()
                .clear()
                .extend_pairs(kept)
                .append_pair("o", &(from + size).to_string());
            let etag = listing.etag.then(|| format!("\"{}\"", listing.clock));
            let known = request.validator.as_ref().and_then(|validator| validator.etag.clone());
            if etag.is_some() && known == etag {
                return Ok(Said::Unchanged);
            }
            Ok(Said::Answer(Box::new(Answer {
                etag,
                modified: None,
                content_type: None,
                links: if behind { vec![format!("<{link}>; rel=next")] } else { Vec::new() },
                content_range: None,
                body: Body::whole(body.into_bytes()),
            })))
        })
    }
}

/// An interface that answers by what is asked, and nothing else.
#[derive(Clone)]
pub(super) struct Scripted(Arc<Script>);

type Script = dyn Fn(&Request) -> Result<Said, CannotFetch> + Send + Sync;

impl Scripted {
    pub(super) fn new(
        script: impl Fn(&Request) -> Result<Said, CannotFetch> + Send + Sync + 'static,
    ) -> Scripted {
        Scripted(Arc::new(script))
    }
}

impl Asks for Scripted {
    async fn ask(&mut self, request: &Request) -> Result<Said, CannotFetch> {
        (self.0)(request)
    }
}

/// What a request says in its query.
pub(super) fn asked(request: &Request, name: &str) -> Option<String> {
    let mut pairs = request.url.query_pairs();
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// A page of these records, with a cursor and a link behind it.
pub(super) fn page(ids: &[u32], cursor: Option<&str>, link: Option<&str>) -> Said {
    let row = |id: &u32| format!("{{\"id\":{id},\"v\":0,\"t\":{id}}}");
    let rows: Vec<String> = ids.iter().map(row).collect();
    let next = cursor.map_or("null".to_owned(), |cursor| format!("\"{cursor}\""));
    let body = format!("{{\"data\":[{}],\"next\":{next}}}", rows.join(","));
    answer(Body::whole(body.into_bytes()), link)
}

pub(super) fn answer(body: Body, link: Option<&str>) -> Said {
    Said::Answer(Box::new(Answer {
        etag: None,
        modified: None,
        content_type: None,
        links: link.map(|link| format!("<{link}>; rel=next")).into_iter().collect(),
        content_range: None,
        body,
    }))
}
