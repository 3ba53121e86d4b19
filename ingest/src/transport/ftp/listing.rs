//! What a client sees of its folders: the feeds it may send to, and the files it brought lately.
//!
//! Taken files lie nowhere that could be listed. Those of this connection are shown all the same, and unfinished ones of any:
//! loggers look whether what they sent arrived.

use std::fmt::Write;

use jiff::Timestamp;

use super::path::VirtualPath;

/// How entries are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// LIST: as `ls -l` does, which clients parse.
    Long,
    /// NLST: names.
    Names,
    /// MLSD: facts (RFC 3659).
    Facts,
}

/// A file that was brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Brought {
    pub(super) path: VirtualPath,
    pub(super) bytes: u64,
    /// Milliseconds since 1970.
    pub(super) at: i64,
}

/// The entries of a folder: folders of feeds first, then files, each name once.
pub(super) fn listing<'a>(
    style: Style,
    at: &VirtualPath,
    feeds: impl Iterator<Item = &'a str>,
    files: impl Iterator<Item = Brought>,
) -> String {
    let mut folders: Vec<String> = feeds
        .filter_map(|folder| {
            let path = VirtualPath::default().join(folder).ok()?;
            let below = path.parts().strip_prefix(at.parts())?;
            below.first().cloned()
        })
        .collect();
    folders.sort();
    folders.dedup();
    let mut text = String::new();
    for folder in &folders {
        entry(&mut text, style, folder, None, 0);
    }
    let mut shown: Vec<_> = files.filter(|file| file.path.is_directly_in(at)).collect();
    shown.sort_by(|a, b| (&a.path, b.at).cmp(&(&b.path, a.at)));
    shown.dedup_by(|next, first| next.path == first.path);
    for file in &shown {
        entry(&mut text, style, file.path.name().unwrap_or_default(), Some(file.bytes), file.at);
    }
    text
}

fn entry(text: &mut String, style: Style, name: &str, bytes: Option<u64>, at: i64) {
    // Writing to a string cannot fail.
    let _ = match style {
        Style::Names => write!(text, "{name}\r\n"),
        Style::Facts => match bytes {
            Some(bytes) => write!(text, "type=file;size={bytes};modify={}; {name}\r\n", stamp(at)),
            None => write!(text, "type=dir; {name}\r\n"),
        },
        Style::Long => {
            let moment = Timestamp::from_millisecond(at).unwrap_or_default();
            let day = moment.strftime("%b %e %H:%M");
            let kind = if bytes.is_some() { "-rw-------" } else { "drwx------" };
            write!(text, "{kind} 1 ioc ioc {:>12} {day} {name}\r\n", bytes.unwrap_or_default())
        }
    };
}

/// A moment as MDTM and MLSD tell it: UTC, to the second (RFC 3659, section 2.3).
pub(super) fn stamp(millis: i64) -> String {
    Timestamp::from_millisecond(millis).unwrap_or_default().strftime("%Y%m%d%H%M%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> VirtualPath {
        VirtualPath::default().join(text).unwrap()
    }

    #[test]
    fn a_folder_shows_the_feeds_below_it_and_the_files_in_it() {
        let files = || {
            ["/air/a.txt", "/air/2026/b.txt", "/air/a.txt"]
                .map(|text| Brought { path: path(text), bytes: 98, at: 1_764_547_200_000 })
                .into_iter()
        };
        let feeds = || ["air", "water/kcn", "water/dam"].into_iter();
        assert_eq!(listing(Style::Names, &path("/"), feeds(), files()), "air\r\nwater\r\n");
        assert_eq!(listing(Style::Names, &path("/water"), feeds(), files()), "dam\r\nkcn\r\n");
        assert_eq!(
            listing(Style::Facts, &path("/air"), feeds(), files()),
            "type=file;size=98;modify=20251201000000; a.txt\r\n"
        );
        let long = listing(Style::Long, &path("/air"), feeds(), files());
        assert_eq!(long, "-rw------- 1 ioc ioc           98 Dec  1 00:00 a.txt\r\n");
    }
}
