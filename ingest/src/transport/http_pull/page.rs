//! What an answer brings, and where it says that the listing goes on.

use ioc_model::pack::{HttpPullFeed, PagingBy, Since, Taken, Total};
use jiff::tz::TimeZone;
use serde_json::value::RawValue;
use url::Url;

use super::{
    answer::{Answer, Body},
    json, link,
    since::Mark,
};
use crate::transport::{
    pull::{
        CannotFetch,
        memory::{Hash, hash},
    },
    withheld::Digest,
};

/// An answer that was understood.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) brought: Brought,
    /// The hash of all of it.
    pub(super) hash: Hash,
    /// The address of the next one, as it is written.
    pub(super) link: Option<String>,
    /// The cursor of the next one.
    pub(super) cursor: Option<String>,
    /// How many records there are.
    pub(super) total: Option<u64>,
    pub(super) content_type: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) modified: Option<String>,
}

/// What an answer brings.
#[derive(Clone, Debug)]
pub(super) enum Brought {
    /// It itself.
    Answer(Vec<u8>),
    /// It is larger than its feed takes.
    TooLarge(Digest),
    Records(Vec<Record>),
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// As it is written.
    pub(super) json: String,
    pub(super) hash: Hash,
    /// What makes it one; none if it does not say that.
    pub(super) key: Option<String>,
    /// Where it stands in the order of the source; none if it does not say that.
    pub(super) mark: Option<Mark>,
}

impl Page {
    /// Behind the last page of a listing: there is nothing.
    pub(super) fn empty() -> Page {
        Page {
            brought: Brought::Records(Vec::new()),
            hash: hash([]),
            link: None,
            cursor: None,
            total: None,
            content_type: None,
            etag: None,
            modified: None,
        }
    }

    pub(super) fn of(of: &HttpPullFeed, zone: &TimeZone, answer: Answer) -> Result<Page, CannotFetch> {
        let Answer { etag, modified, content_type, links, content_range, body } = answer;
        let (whole, digest) = match (body, &of.taken) {
            (Body::Whole(bytes, digest), _) => (bytes, digest),
            (Body::TooLarge(digest), Taken::Answer) => {
                // Where it goes on may stand in its head.
                let link = match &of.paging.by {
                    PagingBy::Nothing => None,
                    PagingBy::Link(None) => link::next(links.iter().map(String::as_str)),
                    _ => return Err(too_large()),
                };
                let hash = hash_of_bytes(&digest);
                let brought = Brought::TooLarge(digest);
                return Ok(Page { brought, link, content_type, etag, modified, hash, ..Page::empty() });
            }
            (Body::TooLarge(_), _) => return Err(too_large()),
        };
        let needs_json = of.taken.records().is_some()
            || matches!(of.paging.by, PagingBy::Link(Some(_)) | PagingBy::Cursor(_))
            || matches!(of.paging.total, Some(Total::At(_)));
        let json = if needs_json { Some(json_of(&whole)?) } else { None };
        let told = |pointer: &str| {
            let Some(json) = json else { return Ok(None) };
            let found = json::at(json, pointer).map_err(|error| no_json(&error.to_string()))?;
            Ok(found.and_then(|found| json::text(found.get())).filter(|text| !text.is_empty()))
        };
        let link = match &of.paging.by {
            PagingBy::Link(None) => link::next(links.iter().map(String::as_str)),
            PagingBy::Link(Some(pointer)) => told(pointer)?,
            _ => None,
        };
        let cursor = match &of.paging.by {
            PagingBy::Cursor(pointer) => told(pointer)?,
            _ => None,
        };
        let total = match &of.paging.total {
            None => None,
            Some(Total::At(pointer)) => told(pointer)?.and_then(|total| total.parse().ok()),
            Some(Total::ContentRange) => content_range.as_deref().and_then(total_of_range),
        };
        let (brought, hash) = match of.taken.records().zip(json) {
            None => (Brought::Answer(whole), hash_of_bytes(&digest)),
            Some((pointer, json)) => {
                let items = items(json, pointer)?;
                let all = hash_of_items(&items);
                let records =
                    items.into_iter().map(|json| Record::of(of.taken.key(), of.since.as_ref(), zone, json));
                (Brought::Records(records.collect::<Result<_, _>>()?), all)
            }
        };
        Ok(Page { brought, hash, link, cursor, total, content_type, etag, modified })
    }

    /// The hash alone that the page of an answer has.
    pub(super) fn hash_of(of: &HttpPullFeed, answer: &Answer) -> Result<Hash, CannotFetch> {
        match (&answer.body, of.taken.records()) {
            (Body::Whole(bytes, _), Some(pointer)) => Ok(hash_of_items(&items(json_of(bytes)?, pointer)?)),
            (Body::Whole(_, digest) | Body::TooLarge(digest), None) => Ok(hash_of_bytes(digest)),
            (Body::TooLarge(_), Some(_)) => Err(too_large()),
        }
    }

    /// Whether it is one of records.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.brought, Brought::Records(_))
    }

    pub(super) fn records(&self) -> &[Record] {
        match &self.brought {
            Brought::Records(records) => records,
            Brought::Answer(_) | Brought::TooLarge(_) => &[],
        }
    }

    /// Leaves out the record that was the last one of the page before.
    pub(super) fn without_first(&mut self) {
        if let Brought::Records(records) = &mut self.brought {
            let _first = records.remove(0);
        }
    }
}

impl Record {
    fn of(
        key: &[String],
        since: Option<&Since>,
        zone: &TimeZone,
        json: &RawValue,
    ) -> Result<Record, CannotFetch> {
        let at = |pointer: &str| {
            let found = json::at(json, pointer).map_err(|error| no_json(&error.to_string()))?;
            Ok(found.map(RawValue::get))
        };
        let mut parts = Some(Vec::new());
        for pointer in key {
            let value = at(pointer)?.and_then(json::text);
            parts = parts.zip(value).map(|(mut parts, value)| {
                parts.push(value);
                parts
            });
        }
        let mark = match since {
            Some(Since { at: Some(pointer), form, .. }) => {
                at(pointer)?.and_then(|value| Mark::read(form, value, zone))
            }
            _ => None,
        };
        let key = parts.map(|parts| parts.join(" "));
        Ok(Record { json: json.get().to_owned(), hash: hash([json.get()]), key, mark })
    }

    /// What it is remembered by; none if nothing makes it one.
    pub(super) fn hashes(&self) -> Option<(Hash, Hash)> {
        Some((hash([self.key.as_deref()?]), self.hash))
    }
}

fn json_of(bytes: &[u8]) -> Result<&RawValue, CannotFetch> {
    let text = std::str::from_utf8(bytes).map_err(|_| no_json("it is no UTF-8"))?;
    // Some write a byte order mark before it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    json::whole(text).map_err(|error| no_json(&error.to_string()))
}

/// The records of the list at that place.
fn items<'b>(json: &'b RawValue, pointer: &str) -> Result<Vec<&'b RawValue>, CannotFetch> {
    let list = json::at(json, pointer).map_err(|error| no_json(&error.to_string()))?;
    let list = list.filter(|list| list.get().starts_with('['));
    let list = list.ok_or_else(|| no_json(&format!("there is no list of records at '{pointer}'")))?;
    json::items(list).map_err(|error| no_json(&error.to_string()))
}

fn hash_of_items(items: &[&RawValue]) -> Hash {
    hash(items.iter().map(|item| item.get()))
}

fn hash_of_bytes(digest: &Digest) -> Hash {
    hash([digest.clone().hex().as_str()])
}

/// `items 0-24/100` or `0-24/100` (RFC 9110 §14.4).
fn total_of_range(value: &str) -> Option<u64> {
    value.rsplit_once('/')?.1.trim().parse().ok()
}

/// The address of a link, from where it was given.
pub(super) fn joined(from: &Url, link: &str) -> Result<Url, CannotFetch> {
    from.join(link).map_err(|error| {
        CannotFetch::fault(
            format!("liên kết tới trang sau không phải địa chỉ: {error}"),
            format!("the link to the next page is no address: {error}"),
        )
    })
}

fn too_large() -> CannotFetch {
    CannotFetch::fault(
        "câu trả lời quá lớn: hãy hỏi ít bản ghi hơn mỗi lần",
        "the answer is too large: ask for fewer records at once",
    )
}

fn no_json(why: &str) -> CannotFetch {
    CannotFetch::fault(
        format!("câu trả lời không phải JSON như gói tỉnh khai: {why}"),
        format!("the answer is not the JSON that the pack says: {why}"),
    )
}
