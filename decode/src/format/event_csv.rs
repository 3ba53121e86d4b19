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

use std::borrow::Cow;

use ioc_model::{
    event::{Event, EventKey, Severity},
    event_columns::{EventColumns, EventField},
    name::Name,
    text::Text,
    time::EventTime,
};
use jiff::{civil, fmt::strtime};

use super::{
    Line,
    moment::{self, Minute},
    separated::{LINE_ENDS, SEPARATORS, SeparatedRow, SeparatedRows},
    told::{self, End, attribute, decided, end, message, protocol, text, weight},
    unicode::unicode,
};
use crate::contract::{Delivery, Identity, Refusal, Reporter, RowSink, Rows, SaidTime, legible, quoted};

/// A header stands so far down at most, below titles.
const HEADER_WITHIN: usize = 20;
const FIELDS: usize = EventField::ALL.len();
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
    let text = unicode(payload).ok_or_else(not_text)?;
    let header = Header::find(&text, rows.columns())?;
    let mut delivery = rows.delivery();
    if let Some(delivery) = &mut delivery {
        delivery.read(text[..header.rows.at()].trim_end_matches(LINE_ENDS).as_bytes());
    }
    let mut left = header.rows;
    let mut row = SeparatedRow::default();
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
    row: &SeparatedRow<'_>,
    header: &Header,
    delivery: Option<&Delivery>,
    rows: &mut Rows<'_, S>,
) -> Result<(), Refusal> {
    check(row, header)?;
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
    rate(said(EventField::Severity), "csv", rows, &mut event);
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
pub(super) fn decide(said: &str, columns: &EventColumns, event: &mut Event) {
    let own = columns.decided.get(&said.to_lowercase());
    event.decided = own.copied().unwrap_or_else(|| decided(said));
    attribute(event, "action", said);
}

/// How bad it is: in the product's own words or on its own scale where the pack says what they mean, else in words that
/// everybody knows. `source` stands for a product without a name.
pub(super) fn rate<S: RowSink + ?Sized>(said: &str, source: &str, rows: &Rows<'_, S>, event: &mut Event) {
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
    let name = [product, vendor].into_iter().find(|name| !name.is_empty()).map_or(source, String::as_str);
    event.rated = told::joined([name, " ", said]).into_string().into();
}

/// A time as it is read: the halves of a day as their format has them.
pub(super) fn written<'a>(said: &'a str, format: &str) -> Cow<'a, str> {
    let half = |vietnamese: &str| said.strip_suffix(vietnamese).filter(|_| format.contains("%p"));
    match (half("SA"), half("CH")) {
        (Some(before), _) => format!("{before}AM").into(),
        (_, Some(before)) => format!("{before}PM").into(),
        _ => said.into(),
    }
}

pub(super) fn time<'a>(written: &'a str, format: &str) -> SaidTime<'a> {
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
    rows: SeparatedRows,
}

impl Header {
    /// The first row in which all columns are that the pack names.
    fn find(text: &str, columns: &EventColumns) -> Result<Header, Refusal> {
        let mut nearest: (usize, Vec<String>) = Default::default();
        let mut row = SeparatedRow::default();
        for separator in SEPARATORS {
            let mut left = SeparatedRows::new(separator);
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

    fn of(names: Vec<String>, columns: &EventColumns, rows: SeparatedRows) -> Result<Header, Refusal> {
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
    fn said<'r>(&self, field: EventField, row: &'r SeparatedRow<'_>) -> &'r str {
        self.of[field as usize].map_or("", |at| row.field(at))
    }

    /// What makes a row the one it is, with its time: what is seen again later is another event. None where the pack does
    /// not say, or nothing stands there. Two tables of one console may count alike, so the feed is part of it.
    fn identity(&self, row: &SeparatedRow<'_>, feed: Name, reporter: &Reporter<'_>) -> Option<EventKey> {
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

/// A row has the columns of its header; more only if nothing stands in them. And it tells of something.
fn check(row: &SeparatedRow<'_>, header: &Header) -> Result<(), Refusal> {
    if let Some(broken) = row.broken {
        let Text { vi, en } = broken.text();
        return Err(Refusal::malformed(vi, en));
    }
    let (found, right) = (row.columns, header.names.len());
    let has_more = row.surplus || (right..row.fields.len()).any(|at| !row.field(at).is_empty());
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
    if telling.peek().is_some() && telling.all(|field| header.said(field, row).is_empty()) {
        return Err(Refusal::malformed(
            "Dòng không cho biết lúc nào, ở đâu hay việc gì, như một dòng tổng cộng. Hãy xuất bảng không kèm dòng tổng."
                .to_owned(),
            "The line says neither when, nor where, nor what, as a line of sums does. Export the table without sums."
                .to_owned(),
        ));
    }
    Ok(())
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
}
