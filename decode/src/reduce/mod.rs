//! What is kept of a message that tells of persons: reduced before it is appended, so that log, archive and store never
//! have the rest.
//!
//! A feed that is marked `personal` takes reports alone, since the forms of reports say what they are about. Its messages
//! are read here as the dataflow would read them, and what is left of them (a table's cells by the columns of its form, or
//! the cells that a message says) is written in one way of our own, whatever they came as. The dataflow reads that, and
//! judges it as any report: there is one judge, and it finds what is wrong at the clerk's own cells.
//!
//! What cannot be read keeps its size, a mark and an error. A mark is not a hash: whoever has a hash of a name and a date of
//! birth finds them by trying. It takes a key that lies with the installation and in no log, archive or store.
//!
//! Pure, as all of this crate: by a version of the pack, the key, the day.

mod key;
mod message;

use ioc_model::{
    calendar::{Calendar, UnknownZone},
    name::Name,
    pack::{FormatName, Pack},
    time::{EventTime, Millis, ReceivedAt},
};
use rustc_hash::FxHashMap;

pub use self::key::Key;
pub(crate) use self::message::{Reduced, Says};
use crate::{
    contract::form::{self, Forms, Message},
    format,
};

/// Of a mark, so many bytes: enough that no two messages share one.
const MARK: usize = 16;
/// Of a pseudonym, so many bytes.
const PSEUDONYM: usize = 8;

/// Reduces the messages of a pack's personal feeds.
#[derive(Debug)]
pub struct Reducer {
    /// The version of the pack, as it is written beside what is left.
    version: String,
    feeds: FxHashMap<Box<str>, PersonalFeed>,
    forms: Forms,
    calendar: Calendar,
    key: Key,
}

#[derive(Debug)]
struct PersonalFeed {
    format: FormatName,
    forms: Vec<Box<str>>,
    agency: Option<Name>,
    max_age: Millis,
}

impl Reducer {
    /// Of a version of a pack; none where none of its feeds is personal.
    ///
    /// # Errors
    /// If the pack's time zone is none; a pack that was parsed has one.
    pub fn of_pack(pack: &Pack, key: Key) -> Result<Option<Reducer>, UnknownZone> {
        let feeds: FxHashMap<Box<str>, PersonalFeed> = pack
            .feeds
            .values()
            .filter(|feed| feed.personal)
            .map(|feed| {
                let personal = PersonalFeed {
                    format: feed.format,
                    forms: feed.forms.iter().map(|form| form.as_str().into()).collect(),
                    agency: feed.agency.as_deref().map(Name::new),
                    max_age: feed.contract.max_age,
                };
                (feed.id.as_str().into(), personal)
            })
            .collect();
        if feeds.is_empty() {
            return Ok(None);
        }
        let calendar = Calendar::of_zone(&pack.timezone)?;
        let forms = Forms::of_pack(pack);
        Ok(Some(Reducer { version: pack.version.0.clone(), feeds, forms, calendar, key }))
    }

    /// The version of the pack that it reduces by.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether messages of a feed are reduced.
    #[must_use]
    pub fn is_personal(&self, feed: &str) -> bool {
        self.feeds.contains_key(feed)
    }

    /// The mark of bytes: the same for the same, and nothing to whoever has no key. 32 letters from `a` to `p`, which no
    /// reader of names takes for a number.
    #[must_use]
    pub fn mark(&self, bytes: &[u8]) -> String {
        letters(&self.key.mac("message", bytes)[..MARK])
    }

    /// What the address of a message may say of it: of the name of a file its period and places.
    #[must_use]
    pub fn address(&self, feed: &str, address: &str, received_at: ReceivedAt) -> String {
        let Some(feed) = self.feeds.get(feed) else { return self.mark(address.as_bytes()) };
        form::reduce_address(&self.forms, &self.message(feed, address, received_at), &|of, text| {
            self.pseudonym(of, text)
        })
    }

    /// What is left of a message of a personal feed.
    #[must_use]
    pub fn reduce(&self, feed: &str, address: &str, received_at: ReceivedAt, payload: &[u8]) -> Vec<u8> {
        self.reduced(feed, address, received_at, payload).to_json()
    }

    pub(crate) fn reduced(
        &self,
        feed: &str,
        address: &str,
        received_at: ReceivedAt,
        payload: &[u8],
    ) -> Reduced {
        let says = match self.feeds.get(feed) {
            Some(feed) => self.says(feed, &self.message(feed, address, received_at), payload),
            None => Says::Unread(Vec::new()),
        };
        Reduced { bytes: payload.len() as u64, mark: self.mark(payload), says }
    }

    fn says(&self, feed: &PersonalFeed, message: &Message<'_>, payload: &[u8]) -> Says {
        let read = match feed.format {
            FormatName::Table => return self.table(message, payload),
            format => format::read_cells(format, payload, &message.forms_of(&self.forms)),
        };
        match read {
            Ok((form, said)) => {
                Says::Cells { form: form.id.clone(), said: form::reduce_said(&self.forms, form, said) }
            }
            Err(wrong) => Says::Unread(vec![form::told_unread(wrong)]),
        }
    }

    fn table(&self, message: &Message<'_>, payload: &[u8]) -> Says {
        let mut workbook = match format::table::table(payload) {
            Ok(workbook) => workbook,
            Err(finding) => return Says::Unread(vec![form::told(finding)]),
        };
        let told = std::mem::take(&mut workbook.told);
        match form::reduce(&self.forms, message, workbook, &|of, text| self.pseudonym(of, text)) {
            Ok(table) => {
                let mut workbook = table.workbook;
                workbook.told = told.into_iter().map(form::told).collect();
                Says::Table { form: table.form.map(|form| form.as_str().to_owned()), workbook }
            }
            Err(findings) => Says::Unread(findings),
        }
    }

    fn message<'m>(&self, feed: &'m PersonalFeed, address: &'m str, received_at: ReceivedAt) -> Message<'m> {
        let today = self.calendar.local(EventTime(received_at.0)).unwrap_or_default().date();
        Message {
            forms: &feed.forms,
            agency: feed.agency,
            bound_to: None,
            bound: None,
            address,
            asked: None,
            today,
            oldest: Message::oldest(today, feed.max_age),
        }
    }

    fn pseudonym(&self, of: &str, text: &str) -> String {
        letters(&self.key.mac(of, text.as_bytes())[..PSEUDONYM])
    }
}

/// Half bytes as letters from `a` to `p`.
fn letters(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    halves.map(|half| char::from(b'a' + half)).collect()
}

#[cfg(test)]
mod tests;
