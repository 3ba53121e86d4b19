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
        let (within, ending) = match plain.rfind('.') {
            Some(at) => plain.split_at(at),
            None => (plain, ""),
        };
        cuts(plain).any(|(former, added)| is_added(added) && self.fit(former))
            || cuts(within).any(|(former, added)| is_added(added) && self.fit(&format!("{former}{ending}")))
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

/// Whether rotation can have made one name of the other.
pub(super) fn is_of_one_log(one: &str, other: &str) -> bool {
    let (one, other) = (stem(one), stem(other));
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    long.strip_prefix(short).is_some_and(|added| added.is_empty() || is_added(added))
}

fn is_compressed(name: &str) -> bool {
    COMPRESSED.iter().any(|ending| name.ends_with(ending))
}

/// A name cut before each separator.
fn cuts(name: &str) -> impl Iterator<Item = (&str, &str)> {
    name.match_indices(SEPARATORS).map(|(at, _)| name.split_at(at))
}

/// Whether rotation adds that to a name: a number or a date, or a word for what was before. Anything else is the name of
/// another log: `-tls`.
fn is_added(text: &str) -> bool {
    let Some(added) = text.strip_prefix(SEPARATORS) else { return false };
    added.starts_with(|first: char| first.is_ascii_digit()) || matches!(added, "old" | "bak")
}

/// What rotation leaves of a name, but for a date within it: `eve` of `eve.json` and of `eve.json.1`.
fn stem(name: &str) -> &str {
    name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or(name)
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
            ("server-2.log", "server-1.log", false, false),
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
