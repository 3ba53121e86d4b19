//! Which names are followed, and which ones rotation makes of them.

use ioc_model::{pack::COMPRESSED, pattern};

/// The ending of a compressed file that is read.
const READ: &str = ".gz";
/// Between a name and what rotation adds to it.
const SEPARATORS: [char; 3] = ['.', '-', '_'];

/// Patterns of the names that are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names(pub(super) Vec<String>);

impl Names {
    /// Whether a file of that name is read as it grows.
    pub(super) fn is_followed(&self, name: &str) -> bool {
        !is_compressed(name) && self.fit(name)
    }

    /// Whether a name is what rotation makes of a followed one, and what it holds can be read: `eve.json.1`,
    /// `eve.json-20261129.gz`, `eve-20261129.json`, `eve.json.old`.
    pub(super) fn is_rotated(&self, name: &str) -> bool {
        let plain = name.strip_suffix(READ).unwrap_or(name);
        if is_compressed(plain) {
            return false;
        }
        if self.fit(plain) {
            // `eve.json.gz` was `eve.json` itself.
            return is_gzip(name);
        }
        without_end(plain).any(|former| self.fit(former))
            || without_middle(plain).any(|former| self.fit(&former))
    }

    fn fit(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern::fits(pattern, name))
    }
}

/// Whether a file of that name is compressed, and read.
pub(super) fn is_gzip(name: &str) -> bool {
    name.ends_with(READ)
}

/// Whether a file can be the one that had that name, under its reader: what is compressed is another file.
pub(super) fn is_named_like(name: &str, former: &str) -> bool {
    !is_compressed(name) && is_of_one_log(name, former)
}

/// Whether one log can have had both names: rotation made one of the other, or both of a third.
pub(super) fn is_of_one_log(one: &str, other: &str) -> bool {
    let (one, other) = (uncompressed(one), uncompressed(other));
    let of_a_third = || without_end(one).any(|former| without_end(other).any(|theirs| former == theirs));
    let made = |of: &str, made: &str| {
        without_end(made).any(|former| former == of) || without_middle(made).any(|former| former == of)
    };
    one == other || made(one, other) || made(other, one) || of_a_third()
}

fn is_compressed(name: &str) -> bool {
    COMPRESSED.iter().any(|ending| name.ends_with(ending))
}

fn uncompressed(name: &str) -> &str {
    COMPRESSED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// A name before rotation added to its end: `eve.json` of `eve.json.1`.
fn without_end(name: &str) -> impl Iterator<Item = &str> {
    let cuts = name.match_indices(SEPARATORS).map(|(at, _)| name.split_at(at));
    cuts.filter(|(former, added)| !former.is_empty() && is_added(added)).map(|(former, _)| former)
}

/// A name before rotation added to it in front of its ending: `eve.json` of `eve-20261129.json`.
fn without_middle(name: &str) -> impl Iterator<Item = String> {
    let (before, ending) = name.split_at(name.rfind('.').unwrap_or(name.len()));
    without_end(before).map(move |former| format!("{former}{ending}"))
}

/// Whether rotation adds that to a name: numbers and dates, or a word for what was before. Anything else is of the name of
/// another log: `-tls`, `.0.0.2.log`.
fn is_added(text: &str) -> bool {
    let Some(added) = text.strip_prefix(SEPARATORS) else { return false };
    let is_of_a_date = |sign: char| sign.is_ascii_digit() || matches!(sign, 'T' | 'Z' | ':');
    let is_date =
        |part: &str| part.starts_with(|first: char| first.is_ascii_digit()) && part.chars().all(is_of_a_date);
    added.split(SEPARATORS).all(|part| is_date(part) || matches!(part, "old" | "bak"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_names_are_followed_and_which_ones_were() {
        for (pattern, name, is_followed, is_rotated) in [
            ("eve.json", "eve.json", true, false),
            ("eve.json", "eve.json.1", false, true),
            ("eve.json", "eve.json.2.gz", false, true),
            ("eve.json", "eve.json.gz", false, true),
            ("eve.json", "eve.json-20261129.gz", false, true),
            ("eve.json", "eve.json-2026-11-29_10", false, true),
            ("eve.json", "eve-20261129.json", false, true),
            ("eve.json", "eve-2026-11-29.json.gz", false, true),
            ("eve.json", "eve.json.old", false, true),
            ("eve.json", "eve_bak.json", false, true),
            // Other logs beside it.
            ("eve.json", "eve-tls.json", false, false),
            ("eve.json", "eve-tls.json.1", false, false),
            ("eve.json", "eve.json.swp", false, false),
            ("eve.json", "eve.jsonl", false, false),
            ("eve.json", "eve-older.json", false, false),
            // What is in these is not read.
            ("eve.json", "eve.json.1.zst", false, false),
            ("eve*", "eve.json.xz", false, false),
            ("eve*", "eve.json.1", true, false),
            ("eve*", "eve.json.1.gz", false, true),
            ("eve*.json", "eve-tls.json", true, false),
            ("eve*.json", "eve-tls.json.1", false, true),
            ("e*e.json", "eve-20261129.json", false, true),
            ("messages", "messages-20261129", false, true),
            ("messages", "messages", true, false),
            ("messages", "mess", false, false),
            ("nhật.ký", "nhật.ký-1", false, true),
            ("eve.json", "eve.json-2026-11-29T10:00:00Z.gz", false, true),
            ("eve.json", "eve.json.old.1", false, true),
            // Logs by address, and what is no number of a rotation.
            ("10.0.0.1.log", "10.0.0.2.log", false, false),
            ("10", "10.0.0.2.log", false, false),
            ("10.0.0.*.log", "10.0.0.2.log.3", false, true),
            ("eve.json", "eve.json.1-tls", false, false),
        ] {
            let names = Names(vec!["never".to_owned(), pattern.to_owned()]);
            let found = (names.is_followed(name), names.is_rotated(name));
            assert_eq!(found, (is_followed, is_rotated), "{pattern} {name}");
        }
    }

    #[test]
    fn which_names_one_log_can_have_had() {
        for (name, former, is_of_one, is_like) in [
            ("eve.json.1", "eve.json", true, true),
            ("eve.json.1.gz", "eve.json", true, false),
            ("eve.json.1.zst", "eve.json", true, false),
            ("eve-20261129.json", "eve.json", true, true),
            ("eve.json", "eve-20261129.json", true, true),
            ("eve.json.2", "eve.json.1", true, true),
            ("server-2.log", "server-1.log", false, false),
            ("10.0.0.2.log", "10.0.0.1.log", false, false),
            ("10.0.0.2.log.1", "10.0.0.2.log", true, true),
            ("eve-tls.json", "eve.json", false, false),
            ("events.json", "eve.json", false, false),
            ("auth.log", "eve.json", false, false),
            (".eve", ".auth", false, false),
        ] {
            let found = (is_of_one_log(name, former), is_named_like(name, former));
            assert_eq!(found, (is_of_one, is_like), "{name} {former}");
            assert_eq!(is_of_one_log(former, name), is_of_one, "{former} {name}");
        }
    }
}
