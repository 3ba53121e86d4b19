//! Reads `transport = { kind = "http_pull", … }`, and says what is wrong with it.

use super::{
    HttpPullFeed, Paging, PagingBy, Placeholder, PullAuth, PullBody, Taken, Total,
    read_on::{read_compare, read_since},
};
use crate::pack::{
    FormatName,
    document::Section,
    draft::Draft,
    pulled::{self, read_every},
};

const MOST_RECORDS: i64 = 10_000;
const USUAL_RECORDS: i64 = 100;

/// Reads the transport of a feed.
pub(in crate::pack) fn read(id: &str, table: &mut Section<'_>, format: FormatName) -> HttpPullFeed {
    let url = read_url(id, table, "url", "\"https://lgsp.example.vn/ho-so?tu={since}&trang={page}\"");
    let body = read_body(id, table);
    let headers = read_headers(id, table);
    let auth = read_auth(id, table);
    let every = read_every(id, table, "every");
    let taken = read_taken(id, table, format);
    let paging = read_paging(id, table, &taken);
    let since = read_since(id, table, &taken);
    let is_whole = match taken {
        Taken::Answer => paging.by == PagingBy::Nothing,
        Taken::Records { .. } | Taken::Rows { .. } => true,
    };
    let compare = read_compare(id, table, is_whole, &url);
    let feed = HttpPullFeed { url, body, headers, auth, every, paging, taken, since, compare };
    check_placeholders(id, table, &feed);
    feed
}

pub(super) fn read_url(id: &str, table: &mut Section<'_>, key: &str, example: &str) -> String {
    let line = table.line_of(key);
    let url = table.text(key, example);
    if let Some(fault) = url_fault(&url).filter(|_| !url.is_empty()) {
        table.fault(line, format!("{id}: '{key}': {fault}"));
    }
    url
}

/// What is wrong with an address; none if nothing is.
fn url_fault(url: &str) -> Option<String> {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return Some(format!("'{url}' is no address: write https://host/path"));
    };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    if host.contains('@') {
        return Some(
            "who asks is not the pack's to say: names and secrets lie in apis.toml in the data folder"
                .to_owned(),
        );
    }
    if host.is_empty() || host.contains(['{', '}']) || url.contains('#') || url.contains(char::is_whitespace)
    {
        return Some(format!("'{url}' is no address: write https://host/path, without '#' and blanks"));
    }
    let mut left = rest;
    while let Some(at) = left.find('{') {
        left = &left[at..];
        let end = left.find('}').map_or(left.len(), |end| end + 1);
        let word = &left[..end];
        if !Placeholder::ALL.into_iter().any(|known| known.text() == word) {
            let known: Vec<&str> = Placeholder::ALL.into_iter().map(Placeholder::text).collect();
            return Some(format!("'{word}' stands for nothing (there are: {})", known.join(", ")));
        }
        left = &left[end..];
    }
    None
}

fn read_body(id: &str, table: &mut Section<'_>) -> Option<PullBody> {
    let mut body = table.optional_section("body", "{ type = \"application/json\", text = \"…\" }")?;
    let content_type = body.text("type", "\"application/json\"");
    let text = body.text("text", "\"{\\\"tu\\\": \\\"{since}\\\"}\"");
    if !content_type.is_empty() && !is_header(&content_type) {
        body.fault(body.line_of("type"), format!("{id}: '{content_type}' is no media type"));
    }
    body.finish();
    Some(PullBody { content_type, text })
}

/// Visible ASCII and blanks: what a header may hold.
fn is_header(value: &str) -> bool {
    value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

fn read_headers(id: &str, table: &mut Section<'_>) -> Vec<(String, String)> {
    let Some(mut section) = table.optional_section("headers", "{ Accept = \"application/json\" }") else {
        return Vec::new();
    };
    let mut headers = Vec::new();
    for (line, name) in section.keys() {
        let value = section.text(name, "\"application/json\"");
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        let ours = ["host", "authorization", "content-length", "transfer-encoding", "connection", "cookie"];
        if !is_name || ours.contains(&name.to_ascii_lowercase().as_str()) {
            let message = format!(
                "{id}: '{name}' is no header of a pack's: secrets lie in apis.toml in the data folder, and the \
                 connection is not the pack's"
            );
            section.fault(line, message);
        } else if !is_header(&value) {
            section.fault(line, format!("{id}: '{name}': a header holds visible ASCII"));
        } else {
            headers.push((name.to_owned(), value));
        }
    }
    headers
}

fn read_auth(id: &str, table: &mut Section<'_>) -> PullAuth {
    let Some(mut auth) = table.optional_section("auth", "{ kind = \"bearer\" }") else {
        return PullAuth::None;
    };
    let line = auth.line_of("kind");
    let kind = auth.text("kind", "\"oauth2\"");
    let read = match kind.as_str() {
        "basic" => PullAuth::Basic,
        "bearer" => PullAuth::Bearer,
        "oauth2" => {
            let token_url = read_url(id, &mut auth, "token_url", "\"https://lgsp.example.vn/token\"");
            if token_url.contains(['{', '?']) {
                auth.fault(
                    auth.line_of("token_url"),
                    format!("{id}: 'token_url' has no query and nothing in braces"),
                );
            }
            let scope = auth.optional_text("scope");
            let line = auth.line_of("by");
            let by = auth.optional_text("by");
            let in_body = match by.as_deref() {
                None | Some("header") => false,
                Some("body") => true,
                Some(other) => {
                    auth.fault(line, format!("{id}: 'by' is \"header\" or \"body\", not '{other}'"));
                    false
                }
            };
            PullAuth::OAuth2 { token_url, scope, in_body }
        }
        "" => PullAuth::None,
        other => {
            auth.fault(line, format!("{id}: '{other}' is not known (there are: basic, bearer, oauth2)"));
            return PullAuth::None;
        }
    };
    auth.finish();
    read
}

/// A place in a body, as RFC 6901 writes it; the whole body is the empty one.
fn read_pointer(id: &str, table: &Section<'_>, line: usize, key: &str, text: String) -> String {
    if !text.is_empty() && !text.starts_with('/') {
        let message =
            format!("{id}: '{key}': '{text}' is no place in JSON: write \"/{text}\", as RFC 6901 has it");
        table.fault(line, message);
    }
    text
}

pub(super) fn optional_pointer(id: &str, table: &mut Section<'_>, key: &str) -> Option<String> {
    let line = table.line_of(key);
    let text = table.optional_text(key)?;
    Some(read_pointer(id, table, line, key, text))
}

fn read_taken(id: &str, table: &mut Section<'_>, format: FormatName) -> Taken {
    let line = table.line_of("records");
    let records = table.optional_text("records");
    let keys = table.texts("key");
    let columns_line = table.line_of("columns");
    let columns: Vec<String> = table.texts("columns").into_iter().map(|(_, column)| column).collect();
    let Some(at) = records else {
        for key in ["key", "columns"] {
            if table.has(key) {
                let message =
                    format!("{id}: '{key}' is of records: say where they are, such as records = \"/data\"");
                table.fault(table.line_of(key), message);
            }
        }
        return Taken::Answer;
    };
    // The list may be the body itself, and an empty text is missing.
    let at = if at == "." { String::new() } else { read_pointer(id, table, line, "records", at) };
    if keys.is_empty() {
        table.fault(
            line,
            format!(
                "{id}: 'key' must name what makes a record one, such as key = [\"/id\"]: records come again"
            ),
        );
    }
    let mut key = Vec::new();
    for (line, text) in keys {
        key.push(read_pointer(id, table, line, "key", text));
    }
    let is_table = format.is_columns();
    let is_record = matches!(
        format,
        FormatName::JsonObservation
            | FormatName::Eve
            | FormatName::Fhir
            | FormatName::SdmxJson
            | FormatName::Dhis2
            | FormatName::Sensorthings
            | FormatName::NgsiLd
    );
    if is_table && columns.is_empty() {
        let message =
            format!("{id}: records of '{}' are rows: name their fields in 'columns'", format.word());
        table.fault(line, message);
    }
    if !is_table && !columns.is_empty() {
        table.fault(
            columns_line,
            format!("{id}: '{}' is no format of tables, and has no 'columns'", format.word()),
        );
    }
    if !is_table && !is_record {
        table.fault(line, format!("{id}: a message of '{}' is no record of JSON", format.word()));
    }
    for (at, column) in columns.iter().enumerate() {
        if columns[..at].contains(column) {
            table.fault(columns_line, format!("{id}: 'columns': '{column}' is named already"));
        }
    }
    match columns.is_empty() {
        true => Taken::Records { at, key },
        false => Taken::Rows { at, key, columns },
    }
}

fn read_paging(id: &str, table: &mut Section<'_>, taken: &Taken) -> Paging {
    let size = u64::try_from(USUAL_RECORDS).unwrap_or(1);
    let all = Paging { by: PagingBy::Nothing, size, total: None, look_back: false, ends_short: false };
    let Some(mut section) = table.optional_section("paging", "{ kind = \"page\", size = 100 }") else {
        return all;
    };
    let line = section.line_of("kind");
    let kind = section.text("kind", "\"page\"");
    let place = optional_pointer(id, &mut section, "at");
    let first = section.optional_integer("first", 0, i64::MAX);
    let by = match kind.as_str() {
        "link" => PagingBy::Link(place.clone()),
        "cursor" => {
            if place.is_none() {
                section
                    .fault(line, format!("{id}: 'at' says where the cursor is, such as at = \"/meta/next\""));
            }
            PagingBy::Cursor(place.clone().unwrap_or_default())
        }
        "page" => PagingBy::Page(first.and_then(|first| u64::try_from(first).ok()).unwrap_or(1)),
        "offset" => PagingBy::Offset,
        "" => return all,
        other => {
            let message = format!("{id}: '{other}' is no paging (there are: link, cursor, page, offset)");
            section.fault(line, message);
            return all;
        }
    };
    let is_counted = matches!(by, PagingBy::Page(_) | PagingBy::Offset);
    if is_counted && place.is_some() {
        section.fault(section.line_of("at"), format!("{id}: 'at' is of links and cursors"));
    }
    if first.is_some() && !matches!(by, PagingBy::Page(_)) {
        section.fault(section.line_of("first"), format!("{id}: 'first' is of pages by number"));
    }
    if is_counted && taken.records().is_none() {
        let message =
            format!("{id}: pages by number end where no record is: say where they are, in 'records'");
        section.fault(line, message);
    }
    // One record of a page stands in the one before.
    let least = if by == PagingBy::Offset { 2 } else { 1 };
    let size = section.optional_integer("size", least, MOST_RECORDS).unwrap_or(USUAL_RECORDS);
    let total_line = section.line_of("total");
    let total = section.optional_text("total").map(|total| match total.as_str() {
        "Content-Range" => Total::ContentRange,
        _ => Total::At(read_pointer(id, &section, total_line, "total", total)),
    });
    let look_back = match section.has("look_back") {
        true => section.flag("look_back"),
        // A number says nothing of what lies under it by now.
        false => matches!(by, PagingBy::Page(_)),
    };
    if look_back && by == PagingBy::Offset {
        let message =
            format!("{id}: pages by 'offset' overlap by a record, which is enough: leave 'look_back' out");
        section.fault(section.line_of("look_back"), message);
    }
    if total.is_some() && matches!(by, PagingBy::Cursor(_)) {
        let message =
            format!("{id}: 'total' is of pages that are counted or linked: a cursor leads to its own end");
        section.fault(total_line, message);
    }
    let line = section.line_of("ends_short");
    let ends_short = section.flag("ends_short");
    if ends_short && !is_counted && !matches!(by, PagingBy::Cursor(_)) {
        let message = format!(
            "{id}: 'ends_short' is of pages by number and by cursor: links say themselves where they end"
        );
        section.fault(line, message);
    }
    section.finish();
    Paging { by, size: u64::try_from(size).unwrap_or(1), total, look_back, ends_short }
}

/// What is asked for must be said where it is asked, and what stands in braces must stand for something.
fn check_placeholders(id: &str, table: &Section<'_>, feed: &HttpPullFeed) {
    let line = table.line_of("url");
    let query = feed.url.find('?').unwrap_or(feed.url.len());
    let body = feed.body.as_ref().map_or("", |body| body.text.as_str());
    let has = |place: Placeholder| feed.url.contains(place.text()) || body.contains(place.text());
    let must = |place: Placeholder, known: bool, of: &str| {
        if known && !has(place) {
            table.fault(
                line,
                format!("{id}: {} stands neither in 'url' nor in 'body', and {of} needs it", place.text()),
            );
        }
        if !known && has(place) {
            table.fault(line, format!("{id}: {} stands for nothing without {of}", place.text()));
        }
    };
    must(Placeholder::Since, feed.since.is_some(), "'since'");
    must(Placeholder::Cursor, matches!(feed.paging.by, PagingBy::Cursor(_)), "paging by cursor");
    must(Placeholder::Page, matches!(feed.paging.by, PagingBy::Page(_)), "paging by page");
    must(Placeholder::Offset, feed.paging.by == PagingBy::Offset, "paging by offset");
    for place in [Placeholder::Period, Placeholder::From, Placeholder::To, Placeholder::Next] {
        must(place, false, "'compare', which has an address of its own");
    }
    if feed.url[..query].contains(Placeholder::Cursor.text()) {
        table
            .fault(line, format!("{id}: {{cursor}} is not known at first, and can stand in the query alone"));
    }
    if let Some(compare) = &feed.compare {
        let pages = [
            (Placeholder::Cursor, matches!(feed.paging.by, PagingBy::Cursor(_))),
            (Placeholder::Page, matches!(feed.paging.by, PagingBy::Page(_))),
            (Placeholder::Offset, feed.paging.by == PagingBy::Offset),
        ];
        for (place, needed) in pages {
            if needed && !compare.url.contains(place.text()) && !body.contains(place.text()) {
                table.fault(
                    line,
                    format!(
                        "{id}: {} is missing in 'url' of 'compare': a period has pages, too",
                        place.text()
                    ),
                );
            }
        }
    }
}

/// Forms that are judged of a message as a whole cannot come in parts.
pub(in crate::pack) fn check_forms(
    id: &str,
    section: &Section<'_>,
    feed: &HttpPullFeed,
    forms: &[String],
    draft: &Draft,
) {
    if feed.is_in_parts() {
        let has_workbooks = feed.taken == Taken::Answer;
        let so = "what is asked for so comes in parts";
        pulled::check_forms(id, section, forms, draft, has_workbooks, so);
    }
}
