//! Tables of events with a header, as the console of an antivirus product exports what it found.
//!
//! Every product has columns of its own, so the pack says which is which ([`EventColumns`]); what it does not name is kept
//! under the column's own name. What such exports have in common is read without being told: `,`, `;`, tab or `|` between
//! columns, quotes around what holds one of them, a title above the header, UTF-8 or UTF-16 with its mark, `SA` and `CH`
//! for the halves of a day.
//!
//! The same finding stands in every export until it is cleared away. Where the pack names the columns that make a row the
//! one it is, they and its time are what it is known by, so that it is one event, however often it comes. Otherwise a row
//! is known by its place in its file, as those of other files are.
//!
//! Quotes are those of RFC 4180: around a whole column, doubled within it. A quote that is opened and not closed would make
//! one row of all that follows, so a row goes over a few lines at most, and a broken one costs its first line alone.

use std::borrow::Cow;

use ioc_model::{
    event::{Event, EventKey, Severity},
    event_columns::{EventColumns, EventField},
    name::Name,
    time::EventTime,
};
use jiff::{civil, fmt::strtime};

use super::{
    Line,
    moment::{self, Minute},
    told::{self, End, attribute, decided, end, message, protocol, text, weight},
};
use crate::contract::{Delivery, Identity, Refusal, Reporter, RowSink, Rows, SaidTime, legible, quoted};

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// A header stands so far down at most, below titles.
const HEADER_WITHIN: usize = 20;
/// No table has more columns that anybody reads.
const COLUMNS_MAX: usize = 256;
/// A row that is not broken goes over no more lines.
const LINES_MAX: usize = 50;
/// What stands between two quotes is no longer. Bytes.
const QUOTED_MAX: usize = 64 << 10;
const FIELDS: usize = EventField::ALL.len();
const LINE_ENDS: [char; 2] = ['\r', '\n'];
/// One of these is said of whatever happened.
const TELLING: [EventField; 9] = [
    EventField::Time,
    EventField::Host,
    EventField::Source,
    EventField::Target,
    EventField::User,
    EventField::Category,
    EventField::Signature,
    EventField::SignatureId,
    EventField::Message,
];

pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let text = decoded(payload)?;
    let header = Header::find(&text, rows.columns())?;
    let mut delivery = rows.delivery();
    if let Some(delivery) = &mut delivery {
        delivery.read(text[..header.rows.at].trim_end_matches(LINE_ENDS).as_bytes());
    }
    let mut left = header.rows;
    let mut row = Row::default();
    while left.next(&text, &mut row) {
        if let Some(delivery) = &mut delivery {
            delivery.read(row.raw.as_bytes());
        }
        // Spreadsheets end in rows of separators.
        if row.broken.is_none() && row.fields.iter().all(|field| field.trim().is_empty()) && !row.surplus {
            continue;
        }
        if let Err(refusal) = read_one(&row, &header, delivery.as_ref(), rows) {
            rows.reject(refusal, &Line(row.line), row.raw.as_bytes());
        }
    }
    Ok(())
}

fn read_one<S: RowSink + ?Sized>(
    row: &Row<'_>,
    header: &Header,
    delivery: Option<&Delivery>,
    rows: &mut Rows<'_, S>,
) -> Result<(), Refusal> {
    row.check(header)?;
    let columns = rows.columns();
    let said = |field| header.said(field, row);
    let mut event = Box::new(Event { kind: columns.kind, ..Event::default() });
    event.host = text(said(EventField::Host));
    event.user = text(said(EventField::User));
    event.category = text(said(EventField::Category));
    event.signature = text(said(EventField::Signature));
    event.signature_id = text(said(EventField::SignatureId));
    event.protocol = protocol(said(EventField::Protocol));
    message(&mut event, said(EventField::Message));
    for (which, address, port) in [
        (End::From, EventField::Source, EventField::SourcePort),
        (End::To, EventField::Target, EventField::TargetPort),
    ] {
        if !said(address).is_empty() || !said(port).is_empty() {
            end(&mut event, which, said(address), said(port));
        }
    }
    decide(said(EventField::Decided), columns, &mut event);
    rate(said(EventField::Severity), rows, &mut event);
    let times = said(EventField::Events);
    match weight(times) {
        Some(times) => event.weight = times,
        None => attribute(&mut event, "count", times),
    }
    for (at, name) in header.names.iter().enumerate() {
        if !header.of.contains(&Some(at)) {
            attribute(&mut event, name.clone(), row.field(at));
        }
    }
    let reporter = rows.reporter(&columns.log_source)?;
    let key = header.identity(row, rows.feed(), &reporter);
    event.key = key.or_else(|| delivery.map(|delivery| delivery.key(reporter.log_source())));
    let written = written(said(EventField::Time), &columns.time_format);
    rows.happen(&reporter, time(&written, &columns.time_format), event);
    Ok(())
}

/// What was done about it: in the product's own words where the pack says what they mean.
fn decide(said: &str, columns: &EventColumns, event: &mut Event) {
    let own = columns.decided.get(&said.to_lowercase());
    event.decided = own.copied().unwrap_or_else(|| decided(said));
    attribute(event, "action", said);
}

/// How bad it is: in the product's own words or on its own scale where the pack says what they mean, else in words that
/// everybody knows.
fn rate<S: RowSink + ?Sized>(said: &str, rows: &Rows<'_, S>, event: &mut Event) {
    let columns = rows.columns();
    event.severity = columns.severity;
    if said.is_empty() {
        return;
    }
    let (vendor, product) = &columns.product;
    let word = said.to_lowercase();
    let own = || rows.severity_scale(vendor, product)?.severity(said.parse().ok()?);
    let known = columns.severities.get(&word).copied().or_else(own).or_else(|| Severity::from_word(&word));
    match known {
        Some(severity) => event.severity = severity,
        None => attribute(event, "severity_not_mapped", said),
    }
    let name = [product, vendor].into_iter().find(|name| !name.is_empty()).map_or("csv", String::as_str);
    event.rated = told::joined([name, " ", said]).into_string().into();
}

/// A time as it is read: the halves of a day as their format has them.
fn written<'a>(said: &'a str, format: &str) -> Cow<'a, str> {
    let half = |vietnamese: &str| said.strip_suffix(vietnamese).filter(|_| format.contains("%p"));
    match (half("SA"), half("CH")) {
        (Some(before), _) => format!("{before}AM").into(),
        (_, Some(before)) => format!("{before}PM").into(),
        _ => said.into(),
    }
}

fn time<'a>(written: &'a str, format: &str) -> SaidTime<'a> {
    if written.is_empty() {
        return SaidTime::Unsaid;
    }
    if format.is_empty() {
        return match (moment::rfc3339(written, &mut Minute::default()), written.parse::<civil::DateTime>()) {
            (Ok(moment), _) => SaidTime::Stated(moment),
            (_, Ok(local)) => SaidTime::Local(local),
            _ => SaidTime::Unreadable(written),
        };
    }
    let Ok(read) = strtime::parse(format, written) else { return SaidTime::Unreadable(written) };
    if read.offset().is_some()
        && let Ok(moment) = read.to_timestamp()
    {
        return SaidTime::Stated(EventTime(moment.as_millisecond()));
    }
    let local = read.to_datetime().or_else(|_| read.to_date().map(|day| day.at(0, 0, 0, 0)));
    local.map_or(SaidTime::Unreadable(written), SaidTime::Local)
}

/// The text of a table.
fn decoded(payload: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    let (is_little, units) = match payload {
        [0xff, 0xfe, units @ ..] => (true, units),
        [0xfe, 0xff, units @ ..] => (false, units),
        _ => return simdutf8::basic::from_utf8(payload).map(Cow::Borrowed).map_err(|_| not_text()),
    };
    // Padding at the end of an envelope is cut off, and with it half of a last character.
    let unit = |pair: &[u8]| {
        let pair = [pair[0], pair.get(1).copied().unwrap_or_default()];
        if is_little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    };
    char::decode_utf16(units.chunks(2).map(unit))
        .collect::<Result<String, _>>()
        .map(Cow::Owned)
        .map_err(|_| not_text())
}

fn not_text() -> Refusal {
    Refusal::malformed(
        "Tệp không phải là văn bản UTF-8 hay UTF-16. Hãy xuất lại bảng dưới dạng CSV UTF-8.".to_owned(),
        "The file is no text in UTF-8 or UTF-16. Export the table again as CSV in UTF-8.".to_owned(),
    )
}

/// The header of a table, and where its rows begin.
struct Header {
    names: Vec<String>,
    /// The column of each field, by its place in [`EventField::ALL`].
    of: [Option<usize>; FIELDS],
    id: Vec<usize>,
    /// The rows behind it.
    rows: Left,
}

impl Header {
    /// The first row in which all columns are that the pack names.
    fn find(text: &str, columns: &EventColumns) -> Result<Header, Refusal> {
        let mut nearest: (usize, Vec<String>) = Default::default();
        let mut row = Row::default();
        for delimiter in DELIMITERS {
            let mut left = Left { delimiter, at: 0, line: 1 };
            for _ in 0..HEADER_WITHIN {
                if !left.next(text, &mut row) {
                    break;
                }
                let names: Vec<String> = (0..row.fields.len()).map(|at| row.field(at).to_owned()).collect();
                let found = columns.names().filter(|wanted| place(&names, wanted).is_some()).count();
                if found == columns.names().count() {
                    return Header::of(names, columns, left);
                }
                if found > nearest.0 || nearest.1.is_empty() {
                    nearest = (found, names);
                }
            }
        }
        let missing: Vec<&str> =
            columns.names().filter(|wanted| place(&nearest.1, wanted).is_none()).collect();
        let (missing, found) = (legible(&missing.join(", "), 200), legible(&nearest.1.join(", "), 200));
        Err(Refusal::malformed(
            format!(
                "Không tìm thấy dòng tiêu đề: thiếu cột '{missing}'. Dòng gần đúng nhất có: '{found}'. Hãy xuất bảng kèm \
                 các cột này, hoặc sửa 'columns' của nguồn."
            ),
            format!(
                "There is no header: the columns '{missing}' are missing. The nearest line has '{found}'. Export the \
                 table with these columns, or correct the feed's 'columns'."
            ),
        ))
    }

    fn of(names: Vec<String>, columns: &EventColumns, rows: Left) -> Result<Header, Refusal> {
        let twice = |wanted: &&str| names.iter().filter(|name| is_named(name, wanted)).count() > 1;
        if let Some(twice) = columns.names().find(twice) {
            let twice = quoted(twice);
            return Err(Refusal::malformed(
                format!(
                    "Có hai cột tên '{twice}', không biết cột nào đúng. Hãy xuất lại bảng với mỗi cột một lần."
                ),
                format!(
                    "Two columns are called '{twice}', and nobody can tell which is meant. Export the table again with \
                     each column once."
                ),
            ));
        }
        let column_of = |field| columns.columns.get(&field).and_then(|wanted| place(&names, wanted));
        let of = EventField::ALL.map(column_of);
        let id = columns.id.iter().filter_map(|wanted| place(&names, wanted)).collect();
        Ok(Header { names, of, id, rows })
    }

    /// What stands in the column of a field; nothing where there is none.
    fn said<'r>(&self, field: EventField, row: &'r Row<'_>) -> &'r str {
        self.of[field as usize].map_or("", |at| row.field(at))
    }

    /// What makes a row the one it is, with its time: what is seen again later is another event. None where the pack does
    /// not say, or nothing stands there. Two tables of one console may count alike, so the feed is part of it.
    fn identity(&self, row: &Row<'_>, feed: Name, reporter: &Reporter<'_>) -> Option<EventKey> {
        let said = self.id.iter().any(|at| !row.field(*at).is_empty());
        let of = Identity::of(reporter.log_source()).with(feed.as_bytes());
        let of = of.with(self.said(EventField::Time, row).as_bytes());
        let with = |identity: Identity, at: &usize| identity.with(row.field(*at).as_bytes());
        said.then(|| self.id.iter().fold(of, with).key())
    }
}

fn is_named(name: &str, wanted: &str) -> bool {
    name == wanted || name.to_lowercase() == wanted.trim().to_lowercase()
}

fn place(names: &[String], wanted: &str) -> Option<usize> {
    names.iter().position(|name| is_named(name, wanted))
}

/// The rows of a text that were not read yet.
#[derive(Clone, Copy)]
struct Left {
    delimiter: u8,
    /// Where the next one begins. Bytes.
    at: usize,
    /// The line it begins in, from 1.
    line: usize,
}

/// A row.
#[derive(Default)]
struct Row<'t> {
    /// What stands in its columns, as far as anybody reads them.
    fields: Vec<Cow<'t, str>>,
    /// How many there are.
    columns: usize,
    /// Something stands in one that nobody reads.
    surplus: bool,
    broken: Option<Broken>,
    /// Where it begins, from 1.
    line: usize,
    /// Its text without line ends around it.
    raw: &'t str,
}

/// Why a row cannot be told from those behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// A quote is not closed, or something stands behind the one that closes.
    Quote,
    /// It goes on for longer than a row does.
    Long,
}

impl Left {
    /// Takes the next row that is not blank; false behind the last.
    fn next<'t>(&mut self, text: &'t str, row: &mut Row<'t>) -> bool {
        loop {
            let Some(rest) = text.get(self.at..).filter(|rest| !rest.is_empty()) else { return false };
            (row.line, row.broken) = (self.line, None);
            let length = match self.split(rest, row) {
                Ok(length) => length,
                Err(broken) => {
                    row.broken = Some(broken);
                    memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |end| end + 1)
                }
            };
            let whole = &rest[..length];
            row.raw = whole.trim_matches(LINE_ENDS);
            self.at += length;
            self.line += memchr::memchr_iter(b'\n', whole.as_bytes()).count();
            if !row.raw.trim().is_empty() {
                return true;
            }
        }
    }

    /// Splits the first row of what is left; how long it is, its line end included.
    fn split<'t>(&self, rest: &'t str, row: &mut Row<'t>) -> Result<usize, Broken> {
        let bytes = rest.as_bytes();
        row.fields.clear();
        (row.columns, row.surplus) = (0, false);
        let (mut at, mut lines) = (0, 1);
        loop {
            let (field, end) = match bytes.get(at) {
                Some(b'"') => quoted_field(rest, at, self.delimiter, &mut lines)?,
                _ => {
                    let end = memchr::memchr2(self.delimiter, b'\n', &bytes[at..]);
                    let end = end.map_or(bytes.len(), |length| at + length);
                    (Cow::Borrowed(&rest[at..end]), end)
                }
            };
            row.columns += 1;
            match row.fields.len() < COLUMNS_MAX {
                true => row.fields.push(field),
                false => row.surplus |= !field.trim().is_empty(),
            }
            if bytes.get(end) != Some(&self.delimiter) {
                return Ok((end + 1).min(bytes.len()));
            }
            at = end + 1;
        }
    }
}

/// What stands within quotes, and where its column ends.
fn quoted_field<'t>(
    rest: &'t str,
    at: usize,
    delimiter: u8,
    lines: &mut usize,
) -> Result<(Cow<'t, str>, usize), Broken> {
    let bytes = rest.as_bytes();
    let start = at + 1;
    let within = &bytes[..bytes.len().min(start + QUOTED_MAX)];
    let (mut from, mut is_doubled) = (start, false);
    let end = loop {
        let Some(length) = memchr::memchr(b'"', &within[from..]) else {
            return Err(if within.len() < bytes.len() { Broken::Long } else { Broken::Quote });
        };
        *lines += memchr::memchr_iter(b'\n', &within[from..from + length]).count();
        if *lines > LINES_MAX {
            return Err(Broken::Long);
        }
        let quote = from + length;
        if within.get(quote + 1) != Some(&b'"') {
            break quote;
        }
        (from, is_doubled) = (quote + 2, true);
    };
    let field = &rest[start..end];
    let field = if is_doubled { field.replace("\"\"", "\"").into() } else { Cow::Borrowed(field) };
    // Some write blanks behind the quote; the last column of a line may end in a carriage return.
    let blanks = bytes[end + 1..].iter().take_while(|byte| matches!(byte, b' ' | b'\r')).count();
    let behind = end + 1 + blanks;
    match bytes.get(behind) {
        None | Some(b'\n') => Ok((field, behind)),
        Some(byte) if *byte == delimiter => Ok((field, behind)),
        Some(_) => Err(Broken::Quote),
    }
}

impl Row<'_> {
    fn field(&self, at: usize) -> &str {
        self.fields.get(at).map_or("", |field| field.trim())
    }

    /// A row has the columns of its header; more only if nothing stands in them. And it tells of something.
    fn check(&self, header: &Header) -> Result<(), Refusal> {
        match self.broken {
            Some(Broken::Quote) => {
                return Err(Refusal::malformed(
                    "Một dấu ngoặc kép mở ra mà không đóng lại, hoặc có chữ sau dấu đóng. Dấu ngoặc kép bên trong phải viết \
                     hai lần. Hãy xuất lại bảng."
                        .to_owned(),
                    "A quote is opened and not closed, or something stands behind the one that closes. A quote within a \
                     column is written twice. Export the table again."
                        .to_owned(),
                ));
            }
            Some(Broken::Long) => {
                return Err(Refusal::malformed(
                    format!(
                        "Một dấu ngoặc kép mở ra và không đóng lại trong {LINES_MAX} dòng. Hãy xuất lại bảng."
                    ),
                    format!(
                        "A quote is opened and not closed within {LINES_MAX} lines. Export the table again."
                    ),
                ));
            }
            None => {}
        }
        let (found, right) = (self.columns, header.names.len());
        let has_more = self.surplus || (right..self.fields.len()).any(|at| !self.field(at).is_empty());
        if found < right || has_more {
            return Err(Refusal::malformed(
                format!(
                    "Số cột của dòng là {found}, của tiêu đề là {right}. Hãy đặt nội dung có dấu phân cách trong ngoặc kép."
                ),
                format!(
                    "The columns of the line are {found}, those of the header {right}. Put what holds a separator into \
                     quotes."
                ),
            ));
        }
        let mut telling = TELLING.into_iter().filter(|field| header.of[*field as usize].is_some()).peekable();
        if telling.peek().is_some() && telling.all(|field| header.said(field, self).is_empty()) {
            return Err(Refusal::malformed(
                "Dòng không cho biết lúc nào, ở đâu hay việc gì, như một dòng tổng cộng. Hãy xuất bảng không kèm dòng tổng."
                    .to_owned(),
                "The line says neither when, nor where, nor what, as a line of sums does. Export the table without sums."
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_the_pack_has_it_or_as_everybody_does() {
        let of = |format: &str, said: &str| {
            let written = written(said, format);
            match time(&written, format) {
                SaidTime::Unsaid => "unsaid".to_owned(),
                SaidTime::Unreadable(text) => format!("not {text}"),
                SaidTime::Stated(moment) => format!("{} stated", moment.rfc3339()),
                said => said.written().unwrap(),
            }
        };
        const VIETNAMESE: &str = "%d/%m/%Y %I:%M:%S %p";
        for (format, said, expected) in [
            ("", "", "unsaid"),
            ("", "2026-11-20T08:00:02+07:00", "2026-11-20T01:00:02.000Z stated"),
            ("", "2026-11-20 08:00:01", "2026-11-20T08:00:01"),
            ("", "2026-11-20", "2026-11-20T00:00:00"),
            ("", "20/11/2026", "not 20/11/2026"),
            (VIETNAMESE, "9/3/2026 1:05:09 CH", "2026-03-09T13:05:09"),
            (VIETNAMESE, "09/03/2026 12:05:09 SA", "2026-03-09T00:05:09"),
            (VIETNAMESE, "09/03/2026 01:05:09 PM", "2026-03-09T13:05:09"),
            (VIETNAMESE, "09/13/2026 01:05:09 PM", "not 09/13/2026 01:05:09 PM"),
            ("%d/%m/%Y", "20/11/2026", "2026-11-20T00:00:00"),
            ("%d/%m/%Y", "20/11/2026 SA", "not 20/11/2026 SA"),
            ("%m/%d/%Y %H:%M %z", "11/20/2026 08:00 +0700", "2026-11-20T01:00:00.000Z stated"),
        ] {
            assert_eq!(of(format, said), expected, "{said} as {format}");
        }
    }

    /// The rows of a text: their lines, what stands in their columns, or why they are broken.
    fn rows(text: &str) -> Vec<(usize, Result<Vec<String>, Broken>)> {
        let mut left = Left { delimiter: b',', at: 0, line: 1 };
        let mut row = Row::default();
        let mut rows = Vec::new();
        while left.next(text, &mut row) {
            let fields = (0..row.fields.len()).map(|at| row.field(at).to_owned()).collect();
            rows.push((row.line, row.broken.map_or(Ok(fields), Err)));
        }
        assert_eq!(left.at, text.len(), "every byte is some row's");
        rows
    }

    #[test]
    fn rows_are_split_by_rfc_4180_and_a_broken_one_costs_its_own_line() {
        let fields = |fields: &[&str]| Ok(fields.iter().map(|field| (*field).to_owned()).collect());
        for (text, expected) in [
            ("a,b\r\n\r\n1,2", vec![(1, fields(&["a", "b"])), (3, fields(&["1", "2"]))]),
            ("1,\"2\n3,4\"\n5, 6 ,\n", vec![(1, fields(&["1", "2\n3,4"])), (3, fields(&["5", "6", ""]))]),
            ("\"a\"\"b\" \r\n\"\",c", vec![(1, fields(&["a\"b"])), (2, fields(&["", "c"]))]),
            ("a\"b,\"\"\n", vec![(1, fields(&["a\"b", ""]))]),
            ("1,\"2\n3,4\n", vec![(1, Err(Broken::Quote)), (2, fields(&["3", "4"]))]),
            (
                "1,\"2\n3,\"4\n5,6",
                vec![(1, Err(Broken::Quote)), (2, Err(Broken::Quote)), (3, fields(&["5", "6"]))],
            ),
            ("\"a\"b,1\nc,d", vec![(1, Err(Broken::Quote)), (2, fields(&["c", "d"]))]),
        ] {
            assert_eq!(rows(text), expected, "{text:?}");
        }
    }

    #[test]
    fn bound_no_row_is_looked_for_far_behind_its_first_line() {
        let text = "x\",\"\n".repeat(10_000);
        assert_eq!(rows(&text).len(), 10_000);
        let quoted = format!("a,\"{}\"\nb,c", "x".repeat(QUOTED_MAX));
        assert_eq!(rows(&quoted)[0], (1, Err(Broken::Long)));
        let over = format!("\"{}\"\nb", "\n".repeat(LINES_MAX));
        assert_eq!(rows(&over).first(), Some(&(1, Err(Broken::Long))));
        let wide = ",".repeat(100_000) + "x";
        let mut row = Row::default();
        assert!(Left { delimiter: b',', at: 0, line: 1 }.next(&wide, &mut row));
        assert_eq!((row.fields.len(), row.columns, row.surplus), (COLUMNS_MAX, 100_001, true));
    }
}
