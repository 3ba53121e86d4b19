//! What is asked: an address and a body with everything in braces filled in.

use ioc_model::pack::{HttpCompare, HttpPullFeed, PackVersion, PeriodLength, Placeholder};
use jiff::{ToSpan, civil::Date, fmt::strtime};
use url::{Url, form_urlencoded};

use super::place::{At, Validator};
use crate::transport::pull::{
    CannotFetch,
    memory::{Hash, hash},
};

/// A request, without what is secret in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) url: Url,
    /// Media type and text; a GET without.
    pub(super) body: Option<(String, String)>,
    /// What would be the same answer.
    pub(super) validator: Option<Validator>,
}

/// What is filled in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filled<'f> {
    pub(super) at: &'f At,
    pub(super) since: Option<&'f str>,
    pub(super) period: Option<&'f Span>,
    /// The first page's number.
    pub(super) first: u64,
    /// A page by offset begins with the last record of the one before.
    pub(super) overlaps: bool,
}

/// A whole period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// As the source writes it.
    pub(super) name: String,
    pub(super) from: Date,
    /// Its last day.
    pub(super) to: Date,
}

impl Request {
    /// Of this address, as the pack has it.
    pub(super) fn new(
        of: &HttpPullFeed,
        template: &str,
        filled: &Filled<'_>,
    ) -> Result<Request, CannotFetch> {
        let value = |place: Placeholder| filled.value(place, of.paging.size);
        let url = match filled.at {
            At::Url(url) => Url::parse(url),
            _ => Url::parse(&address(template, value)),
        };
        let url = url.map_err(|error| {
            CannotFetch::fault(
                format!("địa chỉ không đọc được: {error}"),
                format!("it is no address: {error}"),
            )
        })?;
        let body = of.body.as_ref().map(|body| {
            let is_json = body.content_type.contains("json");
            let is_form = body.content_type.starts_with("application/x-www-form-urlencoded");
            let text = replaced(&body.text, |place| {
                let value = value(place).unwrap_or_default();
                match () {
                    () if is_json => quoted(&value),
                    () if is_form => encoded(&value),
                    () => value,
                }
            });
            (body.content_type.clone(), text)
        });
        Ok(Request { url, body, validator: None })
    }

    /// By what it is told from another one, and from the same one that another pack makes something else of.
    pub(super) fn hash(&self, pack: &PackVersion) -> Hash {
        let body = self.body.as_ref().map_or("", |(_, text)| text.as_str());
        hash([self.url.as_str(), body, pack.0.as_str()])
    }
}

impl Filled<'_> {
    /// None where it has no value yet.
    fn value(&self, place: Placeholder, size: u64) -> Option<String> {
        let number = |number: u64| Some(number.to_string());
        match (place, self.at) {
            (Placeholder::Since, _) => self.since.map(str::to_owned),
            (Placeholder::Cursor, At::Cursor(cursor)) => Some(cursor.clone()),
            (Placeholder::Page, At::Page(page)) => number(*page),
            (Placeholder::Page, _) => number(self.first),
            (Placeholder::Offset, At::Offset(offset)) => {
                number(offset.saturating_sub(u64::from(self.overlaps)))
            }
            (Placeholder::Offset, _) => number(0),
            (Placeholder::Limit, _) => number(size),
            (Placeholder::Period, _) => self.period.map(|period| period.name.clone()),
            (Placeholder::From, _) => self.period.map(|period| period.from.to_string()),
            (Placeholder::To, _) => self.period.map(|period| period.to.to_string()),
            (Placeholder::Next, _) => {
                self.period.and_then(|period| Some(period.to.tomorrow().ok()?.to_string()))
            }
            (Placeholder::Cursor, _) => None,
        }
    }
}

/// Fills an address in. A parameter of the query that has no value yet is left out.
fn address(template: &str, value: impl Fn(Placeholder) -> Option<String>) -> String {
    let (path, query) =
        template.split_once('?').map_or((template, None), |(path, query)| (path, Some(query)));
    let has_value = |part: &&str| {
        Placeholder::ALL
            .into_iter()
            .filter(|place| part.contains(place.text()))
            .all(|place| value(place).is_some())
    };
    let filled = |text: &str| replaced(text, |place| encoded(&value(place).unwrap_or_default()));
    let mut address = filled(path);
    let parts: Vec<String> =
        query.into_iter().flat_map(|query| query.split('&')).filter(has_value).map(filled).collect();
    if !parts.is_empty() {
        address.push('?');
        address.push_str(&parts.join("&"));
    }
    address
}

/// In one go: what is filled in is not looked into again.
fn replaced(text: &str, value: impl Fn(Placeholder) -> String) -> String {
    let mut filled = String::new();
    let mut left = text;
    while let Some(at) = left.find('{') {
        let (before, braced) = left.split_at(at);
        filled.push_str(before);
        match Placeholder::ALL.into_iter().find(|place| braced.starts_with(place.text())) {
            Some(place) => {
                filled.push_str(&value(place));
                left = &braced[place.text().len()..];
            }
            None => {
                filled.push('{');
                left = &braced[1..];
            }
        }
    }
    filled.push_str(left);
    filled
}

fn encoded(value: &str) -> String {
    // A blank is `+` in a query alone, and `%20` everywhere.
    form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>().replace('+', "%20")
}

/// As it stands within the quotes of JSON.
fn quoted(value: &str) -> String {
    let quoted = serde_json::to_string(value).unwrap_or_default();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// The periods that are compared, the earliest first. `today` is the local day.
pub(super) fn periods(of: &HttpCompare, today: Date) -> Vec<Span> {
    let first_of = |date: Date| match of.period {
        PeriodLength::Day => date,
        PeriodLength::Month => date.first_of_month(),
        PeriodLength::Quarter => {
            let month = (date.month() - 1) / 3 * 3 + 1;
            Date::new(date.year(), month, 1).unwrap_or(date)
        }
        PeriodLength::Year => date.first_of_year(),
    };
    let mut from = first_of(today);
    let mut spans = Vec::new();
    for _ in 0..of.back {
        let next = match of.period {
            PeriodLength::Day => from.checked_add(1.day()),
            PeriodLength::Month => from.checked_add(1.month()),
            PeriodLength::Quarter => from.checked_add(3.months()),
            PeriodLength::Year => from.checked_add(1.year()),
        };
        let (Ok(to), Ok(name)) =
            (next.and_then(|next| next.yesterday()), strtime::format(of.format.as_str(), from))
        else {
            break;
        };
        spans.push(Span { name, from, to });
        let Ok(before) = from.yesterday() else { break };
        from = first_of(before);
    }
    spans.reverse();
    spans
}

#[cfg(test)]
mod tests {
    use ioc_model::{
        pack::{Paging, PagingBy, PullAuth, PullBody, Taken},
        time::Millis,
    };

    use super::*;

    fn feed(body: Option<(&str, &str)>) -> HttpPullFeed {
        HttpPullFeed {
            url: String::new(),
            body: body.map(|(content_type, text)| PullBody {
                content_type: content_type.to_owned(),
                text: text.to_owned(),
            }),
            headers: Vec::new(),
            auth: PullAuth::None,
            every: Millis(1_000),
            paging: Paging {
                by: PagingBy::Nothing,
                size: 50,
                total: None,
                look_back: false,
                ends_short: false,
            },
            taken: Taken::Answer,
            since: None,
            compare: None,
        }
    }

    fn filled<'f>(at: &'f At, since: &'f str) -> Filled<'f> {
        Filled { at, since: Some(since), period: None, first: 1, overlaps: true }
    }

    #[test]
    fn safe_what_is_filled_in_stays_where_it_was_put() {
        let of = |template: &str, at: &At, since: &str| {
            Request::new(&feed(None), template, &filled(at, since)).unwrap().url.to_string()
        };
        let cursor = At::Cursor("a&b={page}/../?#".to_owned());
        assert_eq!(
            of("https://h/x?tu={since}&c={cursor}&n={limit}", &cursor, "2026-11-02T08:00:00+07:00"),
            "https://h/x?tu=2026-11-02T08%3A00%3A00%2B07%3A00&c=a%26b%3D%7Bpage%7D%2F..%2F%3F%23&n=50"
        );
        assert_eq!(
            of("https://h/{since}/x?c={cursor}&n={limit}", &At::First, "a/b c"),
            "https://h/a%2Fb%20c/x?n=50"
        );
        assert_eq!(of("https://h/x?o={offset}&p={page}", &At::Offset(100), ""), "https://h/x?o=99&p=1");
        let next = At::Url("https://h/other?page=2".to_owned());
        assert_eq!(of("https://h/x?tu={since}", &next, "x"), "https://h/other?page=2");
        let json = feed(Some(("application/json", "{\"tu\": \"{since}\", \"sau\": \"{cursor}\"}")));
        let body = Request::new(&json, "https://h/x", &filled(&At::First, "a\"b")).unwrap().body.unwrap().1;
        assert_eq!(body, "{\"tu\": \"a\\\"b\", \"sau\": \"\"}");
    }

    #[test]
    fn periods_are_whole_and_the_current_one_is_the_last() {
        let of = |period, back, format: &str| {
            let compare =
                HttpCompare { every: Millis(1), url: String::new(), period, back, format: format.to_owned() };
            let spans = periods(&compare, Date::new(2026, 3, 31).unwrap());
            spans
                .into_iter()
                .map(|span| format!("{} {} {}", span.name, span.from, span.to))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of(PeriodLength::Month, 2, "%Y-%m"),
            ["2026-02 2026-02-01 2026-02-28", "2026-03 2026-03-01 2026-03-31"]
        );
        assert_eq!(
            of(PeriodLength::Quarter, 2, "Q%q/%Y"),
            ["Q4/2025 2025-10-01 2025-12-31", "Q1/2026 2026-01-01 2026-03-31"]
        );
        assert_eq!(of(PeriodLength::Year, 1, "%Y"), ["2026 2026-01-01 2026-12-31"]);
        assert_eq!(of(PeriodLength::Day, 1, "%d/%m/%Y"), ["31/03/2026 2026-03-31 2026-03-31"]);
    }
}
