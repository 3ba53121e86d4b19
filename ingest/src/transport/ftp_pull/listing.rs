//! What a server says lies in a folder: MLSD (RFC 3659), or the lists that Unix and DOS servers give people to read.
//!
//! All of it is a stranger's. A name is one only if it can lie in that folder and be asked for again: no path, no control
//! characters, no bytes that are no UTF-8 (invariant SAFE). What is not understood is counted and told.
//!
//! Of a time nothing is made but a number that changes when it does: nobody knows its zone, and its clock may be wrong.

/// Bytes of a name at most.
const LONGEST_NAME: usize = 255;
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// How a server lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// MLSD.
    Facts,
    /// LIST.
    Lines,
}

/// What a listing says of a file. Its time is a number that changes when it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) size: u64,
    pub(super) said: u64,
}

/// A folder's content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// Names, and what is said of them; without their size, where that is not said.
    pub(super) files: Vec<(String, Option<u64>, u64)>,
    /// Names of folders in it.
    pub(super) folders: Vec<String>,
    /// Lines that say nothing that is understood, and names that are none.
    pub(super) strange: u64,
}

enum Entry<'l> {
    File {
        name: &'l str,
        size: Option<u64>,
        said: u64,
    },
    Folder(&'l str),
    /// The folder itself, the one above it, a sum.
    Nothing,
}

/// Reads a listing.
pub(super) fn read(form: Form, bytes: &[u8]) -> Listing {
    let mut listing = Listing::default();
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let entry = std::str::from_utf8(line).ok().and_then(|line| match form {
            Form::Facts => facts(line),
            Form::Lines => unix(line).or_else(|| dos(line)),
        });
        match entry {
            Some(Entry::File { name, size, said }) if is_name(name) => {
                listing.files.push((name.to_owned(), size, said));
            }
            Some(Entry::Folder("." | "..") | Entry::Nothing) => {}
            Some(Entry::Folder(name)) if is_name(name) => listing.folders.push(name.to_owned()),
            _ => listing.strange += 1,
        }
    }
    listing
}

/// Whether it is a name of something in a folder, and nothing else.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && !matches!(name, "." | "..")
        && !name.contains(['/', '\\', '\u{fffd}'])
        && !name.contains(char::is_control)
}

/// `type=file;size=98;modify=20261120070512; name`: facts in any order and any case, a blank, and the name, which may hold
/// anything.
fn facts(line: &str) -> Option<Entry<'_>> {
    let (facts, name) = line.split_once(' ')?;
    let (mut kind, mut size, mut said) = ("", None, 0);
    for fact in facts.split(';').filter(|fact| !fact.is_empty()) {
        let (key, value) = fact.split_once('=')?;
        match key.to_ascii_lowercase().as_str() {
            "type" => kind = value,
            "size" => size = Some(value.parse().ok()?),
            "modify" => said = number(value),
            _ => {}
        }
    }
    match kind.to_ascii_lowercase().as_str() {
        "file" => Some(Entry::File { name, size, said }),
        "dir" => Some(Entry::Folder(name)),
        "cdir" | "pdir" => Some(Entry::Nothing),
        _ => None,
    }
}

/// `-rw-r--r-- 1 ftp ftp 98 Nov 20 07:05 name`: owner and group may be missing, so it is read from where the time is.
fn unix(line: &str) -> Option<Entry<'_>> {
    if line.strip_prefix("total ").is_some_and(|sum| sum.trim().parse::<u64>().is_ok()) {
        return Some(Entry::Nothing);
    }
    let kind = line.chars().next().filter(|kind| ['-', 'd', 'l'].contains(kind))?;
    let words = words(line);
    let at = (2..words.len().saturating_sub(3)).find(|at| {
        let word = |ahead: usize| words[at + ahead].1;
        word(0).parse::<u64>().is_ok() && is_month(word(1)) && is_day(word(2)) && is_hour_or_year(word(3))
    })?;
    let (size, (until, last)) = (words[at].1.parse().ok(), words[at + 3]);
    let time = &line[words[at + 1].0..until + last.len()];
    let name = line.get(until + last.len()..)?.strip_prefix(' ')?;
    match kind {
        '-' => Some(Entry::File { name, size, said: number(time) }),
        'd' => Some(Entry::Folder(name)),
        // A link leads anywhere.
        _ => None,
    }
}

/// `11-20-26  07:05AM       98 name`, `<DIR>` in place of the size.
fn dos(line: &str) -> Option<Entry<'_>> {
    let words = words(line);
    let [(from, date), (at, time), (size_at, size), ..] = words[..] else { return None };
    let is_date = matches!(date.len(), 8 | 10)
        && date.chars().all(|character| character.is_ascii_digit() || ['-', '/', '.'].contains(&character));
    let is_time = time.contains(':')
        && time.chars().all(|character| character.is_ascii_digit() || ":APMapm".contains(character));
    if !is_date || !is_time {
        return None;
    }
    let name = line.get(size_at + size.len()..)?.trim_start_matches(' ');
    if size.eq_ignore_ascii_case("<dir>") {
        return Some(Entry::Folder(name));
    }
    let size = size.replace(',', "").parse().ok()?;
    Some(Entry::File { name, size: Some(size), said: number(&line[from..at + time.len()]) })
}

/// The words of a line, each with where it begins.
fn words(line: &str) -> Vec<(usize, &str)> {
    // A name may be of any number of words: those of the time are among the first.
    const MOST: usize = 16;
    let begins = |word: &str| word.as_ptr() as usize - line.as_ptr() as usize;
    line.split(' ').filter(|word| !word.is_empty()).take(MOST).map(|word| (begins(word), word)).collect()
}

fn is_month(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    MONTHS.iter().any(|month| word == *month)
}

fn is_day(word: &str) -> bool {
    word.parse::<u8>().is_ok_and(|day| (1..=31).contains(&day))
}

fn is_hour_or_year(word: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match word.split_once(':') {
        Some((hour, minute)) => is_number(hour) && is_number(minute),
        None => word.len() == 4 && is_number(word),
    }
}

/// A number that is another one when the text is.
fn number(text: &str) -> u64 {
    let whole = text.split('.').next().unwrap_or_default();
    let is_moment = whole.len() == 14 && whole.bytes().all(|byte| byte.is_ascii_digit());
    match whole.parse() {
        // Fractions of a second are not kept by every file system that a server moves to.
        Ok(moment) if is_moment => moment,
        _ => u64::from(crc32c::crc32c(text.as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn files(form: Form, text: &str) -> Vec<(String, Option<u64>)> {
        read(form, text.as_bytes()).files.into_iter().map(|(name, size, _)| (name, size)).collect()
    }

    #[test]
    fn the_lists_that_servers_give_are_read() {
        let facts = "type=cdir;modify=20261120000000; .\r\n\
            Type=file;Size=98;Modify=20261120070512.123;UNIX.mode=0644; TN_A B_20261120070500.txt\r\n\
            size=7;type=file; a; b=c.txt\r\ntype=file;modify=20261120070512; no-size.txt\r\n\
            type=dir;modify=20261120070512; tram 1\r\ntype=OS.unix=slink:/etc;size=1; link\r\nmodify=1; untyped\r\n";
        let read_facts = read(Form::Facts, facts.as_bytes());
        let expected =
            [("TN_A B_20261120070500.txt", Some(98)), ("a; b=c.txt", Some(7)), ("no-size.txt", None)];
        assert_eq!(files(Form::Facts, facts), expected.map(|(name, size)| (name.to_owned(), size)));
        assert_eq!(read_facts.files[0].2, 20_261_120_070_512);
        assert_eq!((read_facts.folders, read_facts.strange), (vec!["tram 1".to_owned()], 2));
        let lines = "total 12\r\n\
            -rw-r--r--    1 ftp      ftp            98 Nov 20 07:05 TN_A_20261120070500.txt\r\n\
            -rw-rw-r--.   1 so tnmt ban quan ly     5 Jan  3  2025  two  blanks.txt\r\n\
            -rw-r--r--   1 owner 77 Feb 29 13:46 12 Nov 20 07:05 x\r\n\
            drwxr-xr-x   3 ftp ftp 4096 Nov 20 00:00 tram-1\r\n\
            lrwxrwxrwx   1 ftp ftp 9 Nov 20 00:00 link -> /etc/passwd\r\n\
            11-20-26  07:05AM                   98 DOS 1.txt\r\n\
            11-20-2026  07:05              1,098 DOS2.txt\r\n\
            11-20-26  07:05AM       <DIR>          tram-2\r\n\
            ls: cannot open: Permission denied\r\n";
        let read_lines = read(Form::Lines, lines.as_bytes());
        let expected = [
            ("TN_A_20261120070500.txt", 98),
            (" two  blanks.txt", 5),
            ("12 Nov 20 07:05 x", 77),
            ("DOS 1.txt", 98),
            ("DOS2.txt", 1_098),
        ];
        assert_eq!(files(Form::Lines, lines), expected.map(|(name, size)| (name.to_owned(), Some(size))));
        assert_eq!(read_lines.folders, ["tram-1", "tram-2"]);
        assert_eq!(read_lines.strange, 2);
    }

    #[test]
    fn another_time_is_another_number() {
        let said = |time: &str| {
            let line = format!("-rw-r--r-- 1 ftp ftp 98 {time} x.txt");
            read(Form::Lines, line.as_bytes()).files[0].2
        };
        assert_ne!(said("Nov 20 07:05"), said("Nov 20 07:06"));
        assert_ne!(said("Nov 20 07:05"), said("Nov 20  2026"));
    }

    #[test]
    fn safe_a_name_leads_nowhere_else() {
        for name in
            ["../../etc/passwd", "/etc/passwd", "a/b", "..", ".", "a\\b", "a\rDELE x", "a\u{1b}[31m", "a\0b"]
        {
            let text = format!("type=file;size=1; {name}\ntype=dir; {name}\n");
            let listing = read(Form::Facts, text.as_bytes());
            assert!(listing.files.is_empty() && listing.folders.is_empty(), "{name:?}");
        }
        let raw = b"type=file;size=1; caf\xe9.txt\n";
        assert_eq!(read(Form::Facts, raw), Listing { strange: 1, ..Listing::default() });
    }

    proptest! {
        #[test]
        fn safe_whatever_a_server_lists_names_are_names_and_each_line_is_counted(
            lines in prop::collection::vec(prop_oneof![
                any::<Vec<u8>>(),
                "[-dl][rwx-]{9} [0-9]{1,3} [a-z ]{0,9} [0-9]{1,25} (Nov|feb|Xyz) [0-9]{1,2} [0-9:]{1,5} .{0,20}"
                    .prop_map(String::into_bytes),
                "[0-9]{2}-[0-9]{2}-[0-9]{2,4} {1,3}[0-9]{2}:[0-9]{2}[AP]M {1,9}(<DIR>|[0-9,]{1,9}) .{0,20}"
                    .prop_map(String::into_bytes),
                "(type|size|modify|;|=|file|dir| |[0-9]{1,20}|\\.|/){0,12}".prop_map(String::into_bytes),
            ], 0..20),
            is_facts in any::<bool>(),
        ) {
            let form = if is_facts { Form::Facts } else { Form::Lines };
            let text = lines.join(&b'\n');
            let listing = read(form, &text);
            let names = listing.files.iter().map(|(name, _, _)| name).chain(&listing.folders);
            let mut count = listing.strange as usize;
            for name in names {
                count += 1;
                prop_assert!(is_name(name));
                let is_there = text.windows(name.len()).any(|window| window == name.as_bytes());
                prop_assert!(is_there, "a name is what is written");
            }
            let written = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
            prop_assert!(count <= written);
        }
    }
}
