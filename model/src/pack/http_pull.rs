//! A feed that is asked of an agency's interface over HTTP: what is asked, how it goes on, what is taken of an answer.
//!
//! Places in braces stand for what changes from one request to the next: `{since}`, `{cursor}`, `{page}`, `{offset}`,
//! `{limit}`, and in a comparison `{period}`, `{from}`, `{to}`, `{next}`. Who asks is not the pack's to say.

mod read;
mod read_on;

pub(super) use read::{check_forms, read};

use crate::time::Millis;

/// What stands for something in an address or a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// How far the source was read.
    Since,
    /// What the answer before said that comes next.
    Cursor,
    /// The number of the page.
    Page,
    /// How many records lie before the page.
    Offset,
    /// How many records are asked for at once.
    Limit,
    /// The period that is compared, as `compare.format` writes its first day.
    Period,
    /// Its first day.
    From,
    /// Its last day.
    To,
    /// The day behind it.
    Next,
}

impl Placeholder {
    /// All of them.
    pub const ALL: [Placeholder; 9] = [
        Placeholder::Since,
        Placeholder::Cursor,
        Placeholder::Page,
        Placeholder::Offset,
        Placeholder::Limit,
        Placeholder::Period,
        Placeholder::From,
        Placeholder::To,
        Placeholder::Next,
    ];

    /// As it is written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Placeholder::Since => "{since}",
            Placeholder::Cursor => "{cursor}",
            Placeholder::Page => "{page}",
            Placeholder::Offset => "{offset}",
            Placeholder::Limit => "{limit}",
            Placeholder::Period => "{period}",
            Placeholder::From => "{from}",
            Placeholder::To => "{to}",
            Placeholder::Next => "{next}",
        }
    }
}

/// What is asked of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpPullFeed {
    /// The address, with what stands in braces. Without user, password and keys.
    pub url: String,
    /// What is sent along; a request without it is a GET, one with it a POST.
    pub body: Option<PullBody>,
    /// Headers of each request, such as `Accept`. No secrets.
    pub headers: Vec<(String, String)>,
    /// How it says who asks.
    pub auth: PullAuth,
    /// Between two turns.
    pub every: Millis,
    /// How a listing goes on.
    pub paging: Paging,
    /// What of an answer is a message.
    pub taken: Taken,
    /// From where it is read on; none if each turn asks for all of it.
    pub since: Option<Since>,
    /// Asking for whole periods again; none where it is not done.
    pub compare: Option<HttpCompare>,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullBody {
    /// Its media type.
    pub content_type: String,
    /// It itself, with what stands in braces.
    pub text: String,
}

/// How a request says who asks. Names and secrets lie in the data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullAuth {
    /// It does not, or by a key among the secrets.
    None,
    /// User and password (RFC 7617).
    Basic,
    /// A token (RFC 6750).
    Bearer,
    /// A token that is fetched by client credentials (RFC 6749 §4.4).
    OAuth2 {
        /// Where.
        token_url: String,
        /// What for; none where the server needs none.
        scope: Option<String>,
        /// The client's secret goes in the body, not in a header.
        in_body: bool,
    },
}

/// How a listing goes on behind an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// By what.
    pub by: PagingBy,
    /// Records that are asked for at once: `{limit}`.
    pub size: u64,
    /// Where the answer says how many records there are, of pages that are counted or linked; none if it does not.
    pub total: Option<Total>,
    /// The answer before is asked for again behind each one, and must say what it said.
    pub look_back: bool,
    /// A page by number or cursor with fewer records than were asked for is the last one.
    pub ends_short: bool,
}

/// By what a listing goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PagingBy {
    /// An answer is all of it.
    Nothing,
    /// An address of the next one: in the header `Link` (RFC 8288), or at this place (RFC 6901) of the body.
    Link(Option<String>),
    /// What stands at this place of the body is `{cursor}` of the next one.
    Cursor(String),
    /// Numbers of pages, from this one.
    Page(u64),
    /// Numbers of records.
    Offset,
}

/// Where it stands how many records there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Total {
    /// At this place of the body.
    At(String),
    /// In the header `Content-Range` (RFC 9110 §14.4).
    ContentRange,
}

/// What of an answer is a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// All of it, as it is.
    Answer,
    /// Each record of the list at this place.
    Records {
        /// The list's place.
        at: String,
        /// The places in a record that make it one.
        key: Vec<String>,
    },
    /// The records of the list at this place, as rows of a table.
    Rows {
        /// The list's place.
        at: String,
        /// The places in a record that make it one.
        key: Vec<String>,
        /// The table's columns, which are the records' fields.
        columns: Vec<String>,
    },
}

/// From where a source is read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// Where a record says it; none where it is the moment at which the last pass began.
    pub at: Option<String>,
    /// How it is written.
    pub form: SinceForm,
    /// How far back it is asked for once more. Of moments.
    pub overlap: Millis,
    /// What is asked for first.
    pub first: String,
    /// Answers are in this order, so that a record that changes while they are read comes behind. Of numbers: a moment is
    /// held against the clock.
    pub ordered: bool,
}

/// How a place in a source is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinceForm {
    /// A number that grows.
    Number,
    /// A moment of RFC 3339, in UTC.
    Rfc3339,
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Millis,
    /// A local moment, written so (`%Y-%m-%d %H:%M:%S`).
    Local(String),
}

/// Whole periods are asked for now and then: what no moment tells is found so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpCompare {
    /// Between two times.
    pub every: Millis,
    /// The address of a period.
    pub url: String,
    /// How long one is.
    pub period: PeriodLength,
    /// How many, the current one among them.
    pub back: u32,
    /// How `{period}` is written.
    pub format: String,
}

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodLength {
    /// A day.
    Day,
    /// A month.
    Month,
    /// A quarter.
    Quarter,
    /// A year.
    Year,
}

impl Taken {
    /// Where the list of records is; none if nobody looks into an answer.
    #[must_use]
    pub fn records(&self) -> Option<&str> {
        match self {
            Taken::Answer => None,
            Taken::Records { at, .. } | Taken::Rows { at, .. } => Some(at),
        }
    }

    /// The places in a record that make it one.
    #[must_use]
    pub fn key(&self) -> &[String] {
        match self {
            Taken::Answer => &[],
            Taken::Records { key, .. } | Taken::Rows { key, .. } => key,
        }
    }
}

impl SinceForm {
    /// Whether it is a moment.
    #[must_use]
    pub fn is_moment(&self) -> bool {
        *self != SinceForm::Number
    }
}

impl HttpPullFeed {
    /// The address without what is asked: `https://host/path`.
    #[must_use]
    pub fn address(&self) -> &str {
        self.url.split(['?', '#']).next().unwrap_or_default()
    }

    /// Whether a message may be less than all that is meant.
    #[must_use]
    pub fn is_in_parts(&self) -> bool {
        self.paging.by != PagingBy::Nothing || self.since.is_some() || self.taken != Taken::Answer
    }
}
