//! Tables of events with a header, as the console of an antivirus product exports what it found.
//!
//! Every product has columns of its own, so the pack says which is which ([`EventColumns`]); what it does not name is kept
//! under the column's own name. What such exports have in common is read without being told: `,`, `;`, tab or `|` between
//! columns, quotes around what holds one of them, a title above the header, UTF-8 or UTF-16 with its mark, `SA` and `CH`
//! for the halves of a day.
//!
//! The same finding stands in every export until it is cleared away. Where the pack names the columns that make a line the
//! one it is, it is one event, however often it comes. Otherwise a line is known by its place in its file, as those of
//! other files are.
//!
//! A quote that is never closed would make one row of all that follows: where a row goes over several lines and has
//! another number of columns than the header, only its first line is refused.

use std::borrow::Cow;

use ioc_model::{
    event::{Event, EventKey, Severity},
    event_columns::{EventColumns, EventField},
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
const FIELDS: usize = EventField::ALL.len();
const LINE_ENDS: [char; 2] = ['\r', '\n'];
/// Of a reader, which is made anew behind a broken row. Bytes.
const BUFFER: usize = 1 << 10;

pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let text = decoded(payload)?;
    let header = Header::find(&text, rows.columns())?;
    let mut delivery = rows.delivery();
    if let Some(delivery) = &mut delivery {
        delivery.read(&text.as_bytes()[..header.end]);
    }
    let mut records = Records::new(&text, header.delimiter, header.end, header.line + 1);
    while let Some(record) = records.next(header.names.len()) {
        if let Some(delivery) = &mut delivery {
            delivery.read(record.whole.as_bytes());
        }
        if let Err(refusal) = read_one(&record, &header, delivery.as_ref(), rows) {
            rows.reject(refusal, &record.line, record.raw.as_bytes());
        }
    }
    Ok(())
}

fn read_one<S: RowSink + ?Sized>(
    record: &Record<'_, '_>,
    header: &Header,
    delivery: Option<&Delivery>,
    rows: &mut Rows<'_, S>,
) -> Result<(), Refusal> {
    record.check(header)?;
    let columns = rows.columns();
    let said = |field| header.said(field, record);
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
            attribute(&mut event, name.clone(), record.field(at));
        }
    }
    let reporter = rows.reporter(&columns.log_source)?;
    let key = header.identity(record, &reporter);
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
    delimiter: u8,
    names: Vec<String>,
    /// The column of each field, by its place in [`EventField::ALL`].
    of: [Option<usize>; FIELDS],
    id: Vec<usize>,
    /// Bytes of the text up to its end.
    end: usize,
    /// Its last line, from 1.
    line: usize,
}

impl Header {
    /// The first row in which all columns are that the pack names.
    fn find(text: &str, columns: &EventColumns) -> Result<Header, Refusal> {
        let mut nearest: (usize, Vec<String>) = Default::default();
        for delimiter in DELIMITERS {
            let mut records = Records::new(text, delimiter, 0, 1);
            for _ in 0..HEADER_WITHIN {
                let Some(record) = records.next(usize::MAX) else { break };
                let names: Vec<String> =
                    (0..record.fields.len().min(COLUMNS_MAX)).map(|at| record.field(at).to_owned()).collect();
                let found = columns.names().filter(|wanted| place(&names, wanted).is_some()).count();
                if found == columns.names().count() {
                    let line = record.line.0 + record.raw.matches('\n').count();
                    let end = records.end();
                    return Header::of(names, columns).map(|header| Header {
                        delimiter,
                        end,
                        line,
                        ..header
                    });
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
                "Không tìm thấy dòng tiêu đề: thiếu cột '{missing}'. Dòng gần đúng nhất có: '{found}'. Hãy xuất bảng kèm các cột này, hoặc sửa 'columns' của nguồn."
            ),
            format!(
                "There is no header: the columns '{missing}' are missing. The nearest line has '{found}'. Export the table with these columns, or correct the feed's 'columns'."
            ),
        ))
    }

    fn of(names: Vec<String>, columns: &EventColumns) -> Result<Header, Refusal> {
        let twice = |wanted: &&str| names.iter().filter(|name| is_named(name, wanted)).count() > 1;
        if let Some(twice) = columns.names().find(twice) {
            let twice = quoted(twice);
            return Err(Refusal::malformed(
                format!(
                    "Có hai cột tên '{twice}', không biết cột nào đúng. Hãy xuất lại bảng với mỗi cột một lần."
                ),
                format!(
                    "Two columns are called '{twice}', and nobody can tell which is meant. Export the table again with each column once."
                ),
            ));
        }
        let of =
            EventField::ALL.map(|field| columns.columns.get(&field).and_then(|wanted| place(&names, wanted)));
        let id = columns.id.iter().filter_map(|wanted| place(&names, wanted)).collect();
        Ok(Header { delimiter: 0, names, of, id, end: 0, line: 0 })
    }

    /// What stands in the column of a field; nothing where there is none.
    fn said<'r>(&self, field: EventField, record: &Record<'r, '_>) -> &'r str {
        self.of[field as usize].map_or("", |at| record.field(at))
    }

    /// What makes a row the one it is; none where the pack does not say, or nothing stands there.
    fn identity(&self, record: &Record<'_, '_>, reporter: &Reporter<'_>) -> Option<EventKey> {
        let said = self.id.iter().any(|at| !record.field(*at).is_empty());
        let with = |identity: Identity, at: &usize| identity.with(record.field(*at).as_bytes());
        said.then(|| self.id.iter().fold(Identity::of(reporter.log_source()), with).key())
    }
}

fn is_named(name: &str, wanted: &str) -> bool {
    name == wanted || name.to_lowercase() == wanted.trim().to_lowercase()
}

fn place(names: &[String], wanted: &str) -> Option<usize> {
    names.iter().position(|name| is_named(name, wanted))
}

/// The rows of a text, one after the other.
struct Records<'t> {
    text: &'t str,
    delimiter: u8,
    /// Where its reader began: bytes, and the line from 1.
    start: (usize, usize),
    reader: csv::Reader<&'t [u8]>,
    fields: csv::ByteRecord,
}

/// A row.
struct Record<'r, 't> {
    fields: &'r csv::ByteRecord,
    /// Where it begins.
    line: Line,
    /// Its text without the line ends around it.
    raw: &'t str,
    /// With them.
    whole: &'t str,
}

impl<'t> Records<'t> {
    fn new(text: &'t str, delimiter: u8, start: usize, line: usize) -> Records<'t> {
        let mut builder = csv::ReaderBuilder::new();
        let _ = builder.has_headers(false).flexible(true).delimiter(delimiter).buffer_capacity(BUFFER);
        let reader = builder.from_reader(text.get(start..).unwrap_or_default().as_bytes());
        Records { text, delimiter, start: (start, line), reader, fields: csv::ByteRecord::new() }
    }

    /// Bytes up to the end of the last row that was read.
    fn end(&self) -> usize {
        self.start.0 + usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX)
    }

    /// The next row that is not blank; none behind the last. Where one goes over several lines and has not so many
    /// columns, its first line is a row of its own.
    fn next(&mut self, columns: usize) -> Option<Record<'_, 't>> {
        let (start, line) = (self.end(), self.start.1 + as_lines(self.reader.position().line()) - 1);
        // Reading out of memory does not fail.
        if !self.reader.read_byte_record(&mut self.fields).unwrap_or(false) {
            return None;
        }
        let mut whole = self.text.get(start..self.end())?;
        let begins = whole.len() - whole.trim_start_matches(LINE_ENDS).len();
        let line = line + whole[..begins].matches('\n').count();
        let mut raw = whole.trim_matches(LINE_ENDS);
        if columns != usize::MAX
            && self.fields.len() != columns
            && let Some(end) = raw.find('\n')
        {
            whole = &whole[..begins + end + 1];
            raw = whole.trim_matches(LINE_ENDS);
            *self = Records::new(self.text, self.delimiter, start + whole.len(), line + 1);
        }
        Some(Record { fields: &self.fields, line: Line(line), raw, whole })
    }
}

fn as_lines(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

impl<'r> Record<'r, '_> {
    fn field(&self, at: usize) -> &'r str {
        // A part of a text between two of its characters.
        std::str::from_utf8(self.fields.get(at).unwrap_or_default()).unwrap_or_default().trim()
    }

    /// A row has the columns of its header; more only if nothing stands in them.
    fn check(&self, header: &Header) -> Result<(), Refusal> {
        let (found, right) = (self.fields.len(), header.names.len());
        if found == 0 {
            return Err(Refusal::malformed(
                "Một dấu ngoặc kép mở ra mà không đóng lại trong dòng. Hãy xuất lại bảng.".to_owned(),
                "A quote is opened and not closed in its line. Export the table again.".to_owned(),
            ));
        }
        if found < right || (right..found).any(|at| !self.field(at).is_empty()) {
            return Err(Refusal::malformed(
                format!(
                    "Số cột của dòng là {found}, của tiêu đề là {right}. Hãy đặt nội dung có dấu phân cách trong ngoặc kép."
                ),
                format!(
                    "The columns of the line are {found}, those of the header {right}. Put what holds a separator into quotes."
                ),
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

    #[test]
    fn bound_a_quote_that_is_never_closed_costs_its_own_line() {
        let text = "a,b\n\n1,\"2\n3,4\n\"5\n6\",7\r\n8,\"9";
        let mut records = Records::new(text, b',', 4, 2);
        let mut found = Vec::new();
        let mut read = String::new();
        while let Some(record) = records.next(2) {
            let fields: Vec<&str> = (0..record.fields.len()).map(|at| record.field(at)).collect();
            found.push(format!("{} {:?} {:?}", record.line, record.raw, fields));
            read.push_str(record.whole);
        }
        // What stands in quotes may go over lines, and 2 columns come of it by chance.
        assert_eq!(
            found,
            [
                r#"line 3 "1,\"2\n3,4\n\"5" ["1", "2\n3,4\n5"]"#,
                r#"line 6 "6\",7" ["6\"", "7"]"#,
                r#"line 7 "8,\"9" ["8", "9"]"#,
            ]
        );
        assert_eq!(text, format!("a,b\n{read}"), "every byte is some row's");
        let mut records = Records::new("1,\"2,3\n4,5\n", b',', 0, 1);
        let mut lines = Vec::new();
        while let Some(record) = records.next(3) {
            lines.push((record.line.0, record.fields.len()));
        }
        assert_eq!(lines, [(1, 0), (2, 2)]);
    }
}
