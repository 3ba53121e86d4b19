//! Station files of TT 10/2021/TT-BTNMT, as loggers really write them.
//!
//! One line a parameter, columns separated by tabs: `symbol value unit yyyyMMddHHmmss status`. The station is in the
//! file's name, the part before its time. What the national receiver tolerates is tolerated here:
//!
//! * the time as the first column, or anywhere behind the value: it is the column of 14 digits;
//! * no status (it counts as 00), no unit (the indicator's own), or neither; a unit is never a status code;
//! * a byte-order mark, CRLF, NULs in the symbol, `PM2,5`, a decimal comma.
//!
//! What it drops in silence is a reject here: a line of fewer than three columns is malformed; a value that is no
//! number, which there becomes status 02, has no value to keep and is rejected with that status named; a last line that
//! breaks off, so that it lacks what all the others have, is incomplete: an upload that was cut behind the first digit
//! of status 02 would be a good value else; a time that lies half a year and more beside the one in the file's name is a
//! slip of a year. Where a separator with three digits behind it may mean thousands or decimals, the rest of the file
//! decides: what contradicts it is rejected, what it leaves open is kept as suspect. Times are local times of the pack's
//! zone. A file without a single line of three columns is no station file.

use ioc_model::{observation::Quality, time::EventTime};

use super::{
    fields, lines,
    moment::{self, NoTime},
};
use crate::contract::{Refusal, RowSink, Rows, Subject, quoted};

const EXAMPLE: &str = "PM10⇥61.3⇥ug/m3⇥20241105090000⇥00";
const TIME_EXAMPLE: &str = "20241105090000 (yyyyMMddHHmmss)";
const MOST_COLUMNS: usize = 5;
/// Milliseconds.
const HALF_A_YEAR: u64 = 183 * 24 * 3_600_000;

pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let is_row = |line: &[u8]| memchr::memchr_iter(b'\t', line.trim_ascii()).nth(1).is_some();
    if !lines(payload).any(|(_, line)| is_row(&payload[line])) {
        return Err(not_a_station_file(payload));
    }
    let name = file_name(rows.address());
    let subject = match name.time {
        true => rows.subject_of_file(&[name.code]),
        false => rows.subject_of_file(&[name.stem, name.code]),
    }?;
    let torn = torn_line(payload);
    let named = name.stamp.and_then(|stamp| Some((stamp, moment::local_stamp(stamp, rows.calendar()).ok()?)));
    let file = File { subject, named, separators: Separators::of(payload) };
    for (place, line) in lines(payload) {
        let is_torn = torn == Some(line.start);
        let line = &payload[line];
        let columns =
            if is_torn { Err(breaks_off(line)) } else { columns(line).map_err(|none| none.refusal(line)) };
        if let Err(refusal) = columns.and_then(|columns| accept(&columns, &file, rows)) {
            rows.reject(refusal, &place, line.strip_suffix(b"\r").unwrap_or(line));
        }
    }
    Ok(())
}

/// What a line is judged by beside itself.
struct File<'d, 'a> {
    subject: Subject<'d>,
    /// The local time in its name, as it stands there and what it is.
    named: Option<(&'a str, EventTime)>,
    separators: Separators,
}

/// Which signs stand for the decimal point, as the numbers of a file say that have only one reading.
#[derive(Debug, Default, PartialEq, Eq)]
struct Separators {
    point: bool,
    comma: bool,
}

/// How sure it is what a number means.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Sure,
    /// It may be a thousand times as much.
    Open,
    /// It is a thousand times as much, or the file is written in two ways.
    Contradicted,
}

impl Separators {
    fn of(payload: &[u8]) -> Separators {
        let mut found = Separators::default();
        // Without a comma nobody can have meant one; most files have none.
        if memchr::memchr(b',', payload).is_none() {
            return found;
        }
        for Columns { value, .. } in lines(payload).filter_map(|(_, line)| columns(&payload[line]).ok()) {
            if fields::number_with_comma(value).is_some() && !may_group_thousands(value) {
                found.point |= value.contains('.');
                found.comma |= value.contains(',');
            }
        }
        found
    }

    fn meaning(&self, value: &str) -> Meaning {
        match (may_group_thousands(value), value.contains(',')) {
            (false, _) => Meaning::Sure,
            (true, true) if self.point => Meaning::Contradicted,
            (true, true) if self.comma => Meaning::Sure,
            (true, true) => Meaning::Open,
            (true, false) if self.comma => Meaning::Open,
            (true, false) => Meaning::Sure,
        }
    }
}

/// Whether the one separator of a number may group thousands: one to three digits before it, not beginning with 0, and
/// just three behind.
fn may_group_thousands(value: &str) -> bool {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    let Some((before, behind)) = digits.split_once(['.', ',']) else { return false };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (1..=3).contains(&before.len())
        && !before.starts_with('0')
        && behind.len() == 3
        && all_digits(before)
        && all_digits(behind)
}

/// Where the last line starts, if it has no line end and lacks what all lines before it have: as long a status, or a
/// unit. A whole last line without a line end is as many loggers write it.
fn torn_line(payload: &[u8]) -> Option<usize> {
    let start = memchr::memrchr(b'\n', payload)? + 1;
    let (before, last) = payload.split_at(start);
    if last.ends_with(b"\r") {
        return None;
    }
    let shape = |line: &[u8]| columns(line).ok().map(|columns| columns.shape());
    let (status, unit) = shape(last)?;
    let least = |least: (usize, bool), line: (usize, bool)| (least.0.min(line.0), least.1 && line.1);
    let (least_status, all_units) =
        lines(before).filter_map(|(_, line)| shape(&before[line])).reduce(least)?;
    (status < least_status || (all_units && !unit)).then_some(start)
}

fn breaks_off(line: &[u8]) -> Refusal {
    let found = quoted(&String::from_utf8_lossy(&line[..line.len().min(400)]));
    Refusal::malformed(
        format!(
            "Tệp đứt giữa dòng cuối: '{found}' không có dấu xuống dòng và thiếu cột mà mọi dòng khác đều có. Hãy gửi lại trọn \
             tệp; ví dụ đúng: {EXAMPLE}"
        ),
        format!(
            "The file breaks off within its last line: '{found}' has no line end and lacks what all other lines have. Send \
             the whole file again; a right line: {EXAMPLE}"
        ),
    )
}

/// What a file's name says.
#[derive(Debug, PartialEq, Eq)]
struct FileName<'a> {
    /// Without folders and extension.
    stem: &'a str,
    /// The station's code: what stands before the time; before the last `_` if there is no time.
    code: &'a str,
    /// Whether there is a time.
    time: bool,
    /// The time, if it is whole.
    stamp: Option<&'a str>,
}

fn file_name(address: &str) -> FileName<'_> {
    let last = address.rsplit(['/', '\\']).next().unwrap_or(address);
    let stem = match last.len().checked_sub(4).and_then(|at| Some((last.get(..at)?, last.get(at..)?))) {
        Some((stem, extension)) if extension.eq_ignore_ascii_case(".txt") => stem,
        _ => last,
    };
    // From the right, so that `…_20241105090000_again` still has its time.
    let mut end = stem.len();
    while let Some(at) = stem[..end].rfind('_') {
        let part = &stem[at + 1..end];
        if part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_digit()) {
            let stamp = Some(part).filter(|part| moment::is_local_stamp(part));
            return FileName { stem, code: &stem[..at], time: true, stamp };
        }
        end = at;
    }
    let code = stem.rfind('_').map_or(stem, |at| &stem[..at]);
    FileName { stem, code, time: false, stamp: None }
}

fn not_a_station_file(payload: &[u8]) -> Refusal {
    let beginning = String::from_utf8_lossy(&payload[..payload.len().min(400)]);
    // Of lines of text the first says enough; bytes that are no text are told as they are.
    let is_text =
        !beginning.contains(|letter: char| letter.is_control() && !matches!(letter, '\t' | '\r' | '\n'));
    let first = beginning.trim_start().lines().next().filter(|_| is_text);
    let found = quoted(first.unwrap_or(&beginning));
    Refusal::malformed(
        format!(
            "Đây không phải là tệp trạm quan trắc: không dòng nào có ít nhất ba cột cách nhau bằng dấu tab (tệp bắt đầu \
             bằng '{found}'). Ví dụ một dòng đúng: {EXAMPLE}"
        ),
        format!(
            "This is not a station file: no line has at least three columns separated by tabs (it begins with \
             '{found}'). A right line: {EXAMPLE}"
        ),
    )
}

/// A line's columns by their meaning.
#[derive(Debug, PartialEq, Eq)]
struct Columns<'a> {
    symbol: &'a str,
    value: &'a str,
    unit: Option<&'a str>,
    time: &'a str,
    status: Option<&'a str>,
}

impl Columns<'_> {
    /// How long its status is, and whether it has a unit.
    fn shape(&self) -> (usize, bool) {
        (self.status.map_or(0, str::len), self.unit.is_some())
    }
}

fn accept<S: RowSink + ?Sized>(
    columns: &Columns<'_>,
    file: &File<'_, '_>,
    rows: &mut Rows<'_, S>,
) -> Result<(), Refusal> {
    let subject = &file.subject;
    let indicator = rows.indicator_in_file("symbol", columns.symbol, subject)?;
    let time = moment::local_stamp(columns.time, rows.calendar()).map_err(|fault| match fault {
        NoTime::NoSuchDay => Refusal::no_such_time("time", columns.time, TIME_EXAMPLE),
        NoTime::Shape | NoTime::NoZone => no_time(columns.time),
    })?;
    rows.check_time("time", time, subject)?;
    if let Some((stamp, named)) = file.named
        && named.0.abs_diff(time.0) > HALF_A_YEAR
    {
        return Err(Refusal::other_time("time", columns.time, stamp));
    }
    let quality = match columns.status {
        None => Quality::Good,
        Some(status) => {
            fields::station_status(status).ok_or_else(|| Refusal::no_station_status("status", status))?
        }
    };
    let sent = fields::number_with_comma(columns.value)
        .ok_or_else(|| Refusal::not_a_number_of_device("value", columns.value))?;
    let value = rows.convert("unit", indicator, sent, columns.unit)?;
    let quality =
        match (indicator.stated(subject, sent, value, quality), file.separators.meaning(columns.value)) {
            (_, Meaning::Contradicted) => return Err(thousands_or_decimals(columns.value)),
            (Quality::Good, Meaning::Open) => Quality::Suspect,
            (quality, _) => quality,
        };
    rows.accept(subject, indicator, time, value, quality);
    Ok(())
}

fn thousands_or_decimals(value: &str) -> Refusal {
    Refusal::invalid(
        "value",
        value,
        "có dấu phẩy và đúng ba chữ số sau đó, trong khi các dòng khác của tệp dùng dấu chấm thập phân: không rõ là số \
         nghìn hay số lẻ",
        "whose comma has just three digits behind it, while other lines of the file write a decimal point: it may mean \
         thousands or decimals",
        "1250",
    )
}

fn no_time(line: &str) -> Refusal {
    Refusal::invalid(
        "time",
        line,
        "nhưng không cột nào là thời gian gồm 14 chữ số",
        "but no column is a time of 14 digits",
        TIME_EXAMPLE,
    )
}

/// Why a line has no columns. What is said of it is written when it is rejected: a file is looked through for what its
/// other lines say, too.
#[derive(Clone, Copy, Debug)]
enum NoColumns {
    NotUtf8,
    Count(usize),
    NoTime,
}

impl NoColumns {
    fn refusal(self, line: &[u8]) -> Refusal {
        let text = || String::from_utf8_lossy(line);
        match self {
            NoColumns::NotUtf8 => not_utf8(line),
            NoColumns::Count(count) => wrong_count(&text(), count),
            NoColumns::NoTime => no_time(text().trim()),
        }
    }
}

fn not_utf8(line: &[u8]) -> Refusal {
    let found = quoted(&String::from_utf8_lossy(&line[..line.len().min(400)]));
    Refusal::malformed(
        format!(
            "Dòng '{found}' có byte không thuộc bảng mã UTF-8. Hãy lưu tệp bằng UTF-8; ví dụ đúng: {EXAMPLE}"
        ),
        format!(
            "The line '{found}' has bytes that are not UTF-8. Save the file as UTF-8; a right line: {EXAMPLE}"
        ),
    )
}

fn columns(line: &[u8]) -> Result<Columns<'_>, NoColumns> {
    let text = std::str::from_utf8(line).map_err(|_| NoColumns::NotUtf8)?;
    let mut fields = [""; MOST_COLUMNS];
    let mut count = 0;
    // Tabs at the end of a line are columns left empty.
    for field in text.trim_end().split('\t') {
        if let Some(slot) = fields.get_mut(count) {
            *slot = field.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
        }
        count += 1;
    }
    let Some(fields) = fields.get(..count).filter(|fields| fields.len() >= 3) else {
        return Err(NoColumns::Count(count));
    };
    let time_at = match moment::is_local_stamp(fields[0]) {
        true => 0,
        false => {
            let behind_value = (2..count).rev().find(|at| moment::is_local_stamp(fields[*at]));
            behind_value.ok_or(NoColumns::NoTime)?
        }
    };
    let mut others = fields.iter().enumerate().filter(|(at, _)| *at != time_at).map(|(_, field)| *field);
    let (symbol, value) = (others.next().unwrap_or_default(), others.next().unwrap_or_default());
    let (unit, status) = match (others.next(), others.next()) {
        (Some(only), None) if fields::station_status(only).is_some() => (None, Some(only)),
        (unit, status) => (unit, status),
    };
    let given = |field: &&str| !field.is_empty();
    Ok(Columns {
        symbol,
        value,
        unit: unit.filter(given),
        time: fields[time_at],
        status: status.filter(given),
    })
}

fn wrong_count(line: &str, count: usize) -> Refusal {
    let found = quoted(line.trim());
    Refusal::malformed(
        format!(
            "Dòng '{found}' có {count} cột, nhưng phải có từ 3 đến 5 cột cách nhau bằng dấu tab. Ví dụ đúng: {EXAMPLE}"
        ),
        format!(
            "The line '{found}' needs 3 to 5 columns separated by tabs, not {count}. A right one: {EXAMPLE}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> (&str, &str, Option<&str>, &str, Option<&str>) {
        let Columns { symbol, value, unit, time, status } =
            columns(line.as_bytes()).unwrap_or_else(|none| panic!("{line}: {none:?}"));
        (symbol, value, unit, time, status)
    }

    #[test]
    fn every_order_of_columns_that_the_national_receiver_takes_is_read() {
        const T: &str = "20241105090000";
        let whole = ("CO", "8.1", Some("mg/m3"), T, Some("01"));
        assert_eq!(read(&format!("CO\t8.1\tmg/m3\t{T}\t01")), whole);
        assert_eq!(read(&format!("{T}\tCO\t8.1\tmg/m3\t01")), whole);
        assert_eq!(read(&format!("CO\t8.1\tmg/m3\t01\t{T}")), whole);
        assert_eq!(read(&format!("CO\t8.1\tmg/m3\t{T}\t01\t\t\r")), whole);
        let without_status = ("CO", "8.1", Some("mg/m3"), T, None);
        assert_eq!(read(&format!("CO\t8.1\tmg/m3\t{T}")), without_status);
        assert_eq!(read(&format!("{T}\tCO\t8.1\tmg/m3")), without_status);
        let without_unit = ("CO", "8.1", None, T, Some("02"));
        assert_eq!(read(&format!("CO\t8.1\t{T}\t02")), without_unit);
        assert_eq!(read(&format!("{T}\tCO\t8.1\t02")), without_unit);
        assert_eq!(read(&format!("CO\t8.1\t\t{T}\t02")), without_unit);
        let bare = ("CO", "8.1", None, T, None);
        assert_eq!(read(&format!("CO\t8.1\t{T}")), bare);
        assert_eq!(read(&format!("{T}\tCO\t8.1")), bare);
        assert_eq!(read(&format!("\u{feff}CO\0\0\t8.1\t{T}")), bare);
    }

    #[test]
    fn too_few_or_too_many_columns_and_no_time_are_refused() {
        for line in
            ["CO\t8.1", "CO", "a\tb\tc\td\te\tf", "CO\t8.1\tmg/m3", "CO\t8.1\tmg/m3\t2024110509000\t00"]
        {
            assert!(columns(line.as_bytes()).is_err(), "{line}");
        }
        assert!(columns(b"CO\t8.1\t\xff\xfe").is_err());
    }

    #[test]
    fn a_last_line_that_breaks_off_is_found_wherever_it_was_cut_and_a_whole_one_is_not() {
        let whole = "PM10\t61.3\tug/m3\t20261120070500\t00\nSO2\t412\tug/m3\t20261120070500\t02";
        assert_eq!(torn_line(whole.as_bytes()), None);
        let second = whole.find("SO2").unwrap();
        for cut in second + 1..whole.len() {
            let cut = &whole.as_bytes()[..cut];
            let (_, line) = lines(cut).last().unwrap();
            let read = columns(&cut[line]).is_ok();
            assert!(!read || torn_line(cut) == Some(second), "{}", String::from_utf8_lossy(cut));
        }
        let time_first = "20261120070500\tPM10\t61.3\tug/m3\t00\n20261120070500\tSO2\t412\tug/m3\t02";
        for cut in time_first.rfind("412").unwrap() + 1..time_first.len() - 1 {
            assert!(torn_line(&time_first.as_bytes()[..cut]).is_some(), "{}", &time_first[..cut]);
        }
        for tolerated in [
            "SO2\t412\tug/m3\t20261120070500\t0",
            "PM10\t61.3\tug/m3\t20261120070500\nSO2\t412\tug/m3\t20261120070500",
            "PM10\t61.3\tug/m3\t20261120070500\t0\nSO2\t412\tug/m3\t20261120070500\t2",
            "PM10\t61.3\tug/m3\t20261120070500\t00\nSO2\t412\tug/m3\t20261120070500\n",
        ] {
            assert_eq!(torn_line(tolerated.as_bytes()), None, "{tolerated}");
        }
    }

    #[test]
    fn the_rest_of_a_file_says_what_a_separator_with_three_digits_behind_it_means() {
        let separators = |values: &[&str]| {
            let line = |value: &&str| format!("CO\t{value}\t20261120070500\t00\n");
            Separators::of(values.iter().map(line).collect::<String>().as_bytes())
        };
        let meaning = |values: &[&str], of: &str| separators(values).meaning(of);
        assert_eq!(meaning(&["61.3", "1,250", "23.8"], "1,250"), Meaning::Contradicted);
        assert_eq!(meaning(&["1.250", "12,5", "1.204"], "1.250"), Meaning::Open);
        assert_eq!(meaning(&["1,250", "12,5"], "1,250"), Meaning::Sure);
        assert_eq!(meaning(&["1,250", "800"], "1,250"), Meaning::Open);
        assert_eq!(meaning(&["1.250", "800"], "1.250"), Meaning::Sure);
        for sure in ["0,125", "12,5", "1234,567", "1,25", "1250", "-0,500"] {
            assert_eq!(meaning(&["61.3", sure], sure), Meaning::Sure, "{sure}");
        }
        assert_eq!(meaning(&["61.3", "-1,250"], "-1,250"), Meaning::Contradicted);
    }

    #[test]
    fn the_station_is_named_before_the_time_of_the_file() {
        let code = |address| file_name(address).code.to_owned();
        assert_eq!(code("TN_KCNPD_NUOTHA_20241105083500.txt"), "TN_KCNPD_NUOTHA");
        assert_eq!(code("stations/2024/11/05/TN_KCNPD_NUOTHA_20241105083500.TXT"), "TN_KCNPD_NUOTHA");
        assert_eq!(code("TN_UBNDTN_KHIXQU_20241105090000_dirty.txt"), "TN_UBNDTN_KHIXQU");
        assert_eq!(code("TN_UBNDTN_KHIXQU_20241105.txt"), "TN_UBNDTN_KHIXQU");
        assert_eq!(code("TN_UBNDTN_x.txt"), "TN_UBNDTN");
        assert_eq!(code("x.txt"), "x");
        assert_eq!(code("ộ"), "ộ");
        assert_eq!(code(""), "");
    }
}
