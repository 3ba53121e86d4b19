//! `holidays.csv`: days that are not like their weekday, one line a day.

use std::collections::BTreeMap;

use super::{Holiday, csv_table, draft::Draft, faults::FaultLog};
use crate::{place::Date, text::Text};

const COLUMNS: [&str; 4] = ["date", "worked", "name_vi", "name_en"];

/// Reads the file; a day is there once.
pub(super) fn read(file: &str, text: &str, log: &FaultLog, draft: &mut Draft) {
    let Some(lines) = csv_table::read((file, text), &COLUMNS, log, holiday) else { return };
    let mut days: BTreeMap<Date, usize> = BTreeMap::new();
    for (line, holiday) in lines {
        if let Some(earlier) = days.insert(holiday.date, line) {
            log.add(file, line, format!("{} is already in line {earlier}", holiday.date));
        }
        draft.holidays.push(holiday);
    }
}

fn holiday(row: &csv_table::Row<'_, { COLUMNS.len() }>) -> Option<Holiday> {
    let (date, worked) = (row.date(0), row.flag(1));
    let name = Text { vi: row.field(2).to_owned(), en: row.field(3).to_owned() };
    if name.vi.is_empty() || name.en.is_empty() {
        row.fault("name_vi and name_en must not be empty");
    }
    Some(Holiday { date: date?, worked: worked?, name })
}
