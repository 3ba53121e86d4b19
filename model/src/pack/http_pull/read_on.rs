//! Reads from where a source is read on, and which periods of it are compared.

use super::{
    HttpCompare, PeriodLength, Placeholder, Since, SinceForm, Taken,
    read::{optional_pointer, read_url},
};
use crate::{
    pack::{
        document::Section,
        pulled::{read_every, read_overlap},
    },
    time::Millis,
};

const MOST_PERIODS: i64 = 400;
const USUAL_OVERLAP: Millis = Millis::minutes(1);

pub(super) fn read_since(id: &str, table: &mut Section<'_>, taken: &Taken) -> Option<Since> {
    let mut section =
        table.optional_section("since", "{ at = \"/cap_nhat\", first = \"2026-01-01T00:00:00Z\" }")?;
    let at = optional_pointer(id, &mut section, "at");
    if at.is_some() && taken.records().is_none() {
        section.fault(
            section.line_of("at"),
            format!("{id}: 'at' is a place in a record: say where records are, in 'records'"),
        );
    }
    let form = match section.optional_text("form").as_deref() {
        None | Some("rfc3339") => SinceForm::Rfc3339,
        Some("number") => SinceForm::Number,
        Some("seconds") => SinceForm::Seconds,
        Some("millis") => SinceForm::Millis,
        Some(local) => SinceForm::Local(local.to_owned()),
    };
    let form_line = section.line_of("form");
    if form == SinceForm::Number && at.is_none() {
        section
            .fault(form_line, format!("{id}: a number that grows stands in the records: say where, in 'at'"));
    }
    let mut first = section.text("first", "\"2026-01-01T00:00:00Z\"");
    let is_first = match &form {
        SinceForm::Number => first.parse::<i64>().is_ok(),
        // The first moment is always written so.
        _ => first.parse::<jiff::Timestamp>().is_ok(),
    };
    if !is_first && !first.is_empty() {
        let example =
            if form.is_moment() { "a moment such as 2026-01-01T00:00:00+07:00" } else { "a whole number" };
        section.fault(section.line_of("first"), format!("{id}: 'first' is {example}"));
        first.clear();
    }
    if let SinceForm::Local(format) = &form {
        let moment = jiff::civil::date(2026, 1, 2).at(3, 4, 5, 0);
        // What cannot be read again as it is written is no format of a moment.
        let written = jiff::fmt::strtime::format(format.as_str(), moment);
        let read = written.and_then(|text| jiff::fmt::strtime::parse(format.as_str(), text)?.to_datetime());
        if read.is_err() {
            section.fault(
                form_line,
                format!(
                    "{id}: 'form': '{format}' is neither number, rfc3339, seconds, millis nor a local moment such as \
                     %Y-%m-%d %H:%M:%S"
                ),
            );
        }
    }
    let line = section.line_of("overlap");
    let overlap = read_overlap(id, &mut section);
    if overlap.is_some() && !form.is_moment() {
        section.fault(line, format!("{id}: 'overlap' is of moments"));
    }
    let overlap = if form.is_moment() { overlap.unwrap_or(USUAL_OVERLAP) } else { Millis(0) };
    let line = section.line_of("ordered");
    let ordered = section.flag("ordered");
    if ordered && form.is_moment() {
        section.fault(
            line,
            format!("{id}: 'ordered' is of numbers: leave it out, a moment is held against the clock"),
        );
    }
    section.finish();
    Some(Since { at, form, overlap, first, ordered })
}

/// `asked` is the address of the listing.
pub(super) fn read_compare(
    id: &str,
    table: &mut Section<'_>,
    is_whole: bool,
    asked: &str,
) -> Option<HttpCompare> {
    let example = "{ every = \"24h\", period = \"month\", back = 3, url = \"https://…?ky={period}\" }";
    let mut section = table.optional_section("compare", example)?;
    if !is_whole {
        section.fault(
            table.line_of("compare"),
            format!("{id}: a period is compared whole, and answers in pages are not: name 'records', or leave 'paging' out"),
        );
    }
    let every = read_every(id, &mut section, "every");
    let url = read_url(id, &mut section, "url", "\"https://lgsp.example.vn/ho-so?ky={period}\"");
    let line = section.line_of("period");
    let (period, usual) = match section.text("period", "\"month\"").as_str() {
        "day" => (PeriodLength::Day, "%Y-%m-%d"),
        "month" | "" => (PeriodLength::Month, "%Y-%m"),
        "quarter" => (PeriodLength::Quarter, "%Y-Q%q"),
        "year" => (PeriodLength::Year, "%Y"),
        other => {
            section
                .fault(line, format!("{id}: '{other}' is no period (there are: day, month, quarter, year)"));
            (PeriodLength::Month, "%Y-%m")
        }
    };
    let back = section.optional_integer("back", 1, MOST_PERIODS).unwrap_or(3);
    let line = section.line_of("form");
    let format = section.optional_text("form").unwrap_or_else(|| usual.to_owned());
    if jiff::fmt::strtime::format(format.as_str(), jiff::civil::date(2026, 1, 2)).is_err() {
        section.fault(line, format!("{id}: 'form': '{format}' is no format of a day such as {usual}"));
    }
    let says_which = [Placeholder::Period, Placeholder::From].iter().any(|place| url.contains(place.text()));
    if !url.is_empty() && !says_which {
        section.fault(
            section.line_of("url"),
            format!("{id}: 'url' says nowhere which period: {{period}} or {{from}}"),
        );
    }
    if url.contains(Placeholder::Since.text()) {
        section.fault(section.line_of("url"), format!("{id}: a whole period has no {{since}}"));
    }
    if !url.is_empty() && !asked.is_empty() && origin(&url) != origin(asked) {
        let message = format!(
            "{id}: 'url' of 'compare' leads to another place than that of the feed: scheme, host and port are the same"
        );
        section.fault(section.line_of("url"), message);
    }
    section.finish();
    Some(HttpCompare { every, url, period, back: u32::try_from(back).unwrap_or(1), format })
}

/// Scheme, host and port of an address, written one way.
fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let host = rest.split(['/', '?']).next().unwrap_or_default().to_ascii_lowercase();
    let usual = if scheme == "https" { ":443" } else { ":80" };
    format!("{scheme}://{}", host.strip_suffix(usual).unwrap_or(&host))
}
