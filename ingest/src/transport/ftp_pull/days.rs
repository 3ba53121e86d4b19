//! Which folders are listed: those of days, by the province's calendar, or the one that is named.

use jiff::{ToSpan, civil::Date};

/// A folder to be listed, and the day it is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Folder {
    pub(super) day: Option<Date>,
    pub(super) path: String,
}

/// The folders of today, of so many days before, and of tomorrow, since a server's clock or zone may be ahead; the oldest
/// first. The one that is named, where days have none of their own.
pub(super) fn folders(pattern: &str, today: Date, back: u32) -> Vec<Folder> {
    if !pattern.contains('%') {
        return vec![Folder { day: None, path: pattern.to_owned() }];
    }
    let days = (-1..=i64::from(back)).rev();
    days.filter_map(|back| today.checked_sub(back.days()).ok())
        .map(|day| Folder { day: Some(day), path: written(pattern, day) })
        .collect()
}

/// Whether a path is a folder's, or of something below it.
pub(super) fn is_at_or_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || above.ends_with('/') || rest.starts_with('/'))
}

fn written(pattern: &str, day: Date) -> String {
    pattern
        .replace("%Y", &format!("{:04}", day.year()))
        .replace("%m", &format!("{:02}", day.month()))
        .replace("%d", &format!("{:02}", day.day()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_folders_of_days_are_the_oldest_first_and_tomorrows_is_among_them() {
        let paths = |pattern: &str, back| -> Vec<String> {
            folders(pattern, date(2026, 3, 1), back).into_iter().map(|folder| folder.path).collect()
        };
        assert_eq!(paths("/%Y/%m/%d", 1), ["/2026/02/28", "/2026/03/01", "/2026/03/02"]);
        assert_eq!(paths("x/%d%m%Y", 0), ["x/01032026", "x/02032026"]);
        assert_eq!(paths("/du-lieu", 60), ["/du-lieu"]);
    }
}
