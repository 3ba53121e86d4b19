//! A CSV file with a header, read line by line.
//!
//! Columns are found by name. A line that is wrong is noted with its number, and reading goes on.

use super::{document::parse_date, faults::FaultLog};
use crate::place::Date;

/// One line, and where to complain about it.
#[derive(Debug)]
pub(super) struct Row<'r, const N: usize> {
    file: &'r str,
    pub(super) line: usize,
    log: &'r FaultLog,
    record: &'r csv::StringRecord,
    names: &'r [&'r str; N],
    columns: [usize; N],
}

/// What `each` makes of the lines, with their numbers; none if the file cannot be read to its end. Columns are named
/// to `each` by their place in `names`.
pub(super) fn read<T, const N: usize>(
    (file, text): (&str, &str),
    names: &[&str; N],
    log: &FaultLog,
    each: impl Fn(&Row<'_, N>) -> Option<T>,
) -> Option<Vec<(usize, T)>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut columns: Option<[usize; N]> = None;
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                log.add(file, as_line(line), format!("not a line of CSV: {error}"));
                return None;
            }
        };
        let line = as_line(record.position().map_or(1, csv::Position::line));
        let Some(columns) = columns else {
            match read_header(&record, names) {
                Ok(found) => columns = Some(found),
                Err(message) => {
                    log.add(file, line, message);
                    return None;
                }
            }
            continue;
        };
        if record.len() != N {
            log.add(file, line, format!("the line has {} columns, the header {N}", record.len()));
            continue;
        }
        let row = Row { file, line, log, record: &record, names, columns };
        if let Some(entry) = each(&row) {
            lines.push((line, entry));
        }
    }
    if columns.is_none() {
        log.add(file, 1, format!("the file is empty; its first line is {}", names.join(",")));
        return None;
    }
    Some(lines)
}

fn as_line(line: u64) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX)
}

fn read_header<const N: usize>(record: &csv::StringRecord, names: &[&str; N]) -> Result<[usize; N], String> {
    let mut columns = [0; N];
    for (column, name) in columns.iter_mut().zip(names) {
        let at = record.iter().position(|found| found.trim() == *name);
        *column =
            at.ok_or_else(|| format!("column '{name}' is missing; the first line is {}", names.join(",")))?;
    }
    if record.len() != N {
        return Err(format!("there are other columns than {}", names.join(",")));
    }
    Ok(columns)
}

impl<const N: usize> Row<'_, N> {
    /// Without blanks around it.
    pub(super) fn field(&self, column: usize) -> &str {
        self.columns.get(column).and_then(|at| self.record.get(*at)).unwrap_or_default().trim()
    }

    /// Notes a fault of this line.
    pub(super) fn fault(&self, message: impl Into<String>) {
        self.log.add(self.file, self.line, message);
    }

    /// A date that must be there.
    pub(super) fn date(&self, column: usize) -> Option<Date> {
        let date = parse_date(self.field(column));
        if date.is_none() {
            let message =
                format!("{} '{}' is not a date such as 2025-07-01", self.name(column), self.field(column));
            self.fault(message);
        }
        date
    }

    /// A finite number that may be missing.
    pub(super) fn number(&self, column: usize) -> Option<f64> {
        let field = self.field(column);
        if field.is_empty() {
            return None;
        }
        let number = field.parse::<f64>().ok().filter(|number| number.is_finite());
        if number.is_none() {
            self.fault(format!("{} '{field}' is not a number such as 12.5", self.name(column)));
        }
        number
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, column: usize) -> Option<bool> {
        let flag = self.field(column).parse().ok();
        if flag.is_none() {
            self.fault(format!("{} '{}' must be true or false", self.name(column), self.field(column)));
        }
        flag
    }

    fn name(&self, column: usize) -> &str {
        self.names.get(column).copied().unwrap_or_default()
    }
}
