//! Which names are followed, and which ones rotation makes of them.

use ioc_model::pattern;

/// The ending of a compressed file that is read.
pub(super) const COMPRESSED: &str = ".gz";
/// Those of files that are not.
pub(super) const NOT_READ: [&str; 5] = [".bz2", ".xz", ".zst", ".lz4", ".zip"];

/// Patterns of the names that are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names(pub(super) Vec<String>);

impl Names {
    /// Whether a file of that name is read as it grows.
    pub(super) fn is_followed(&self, name: &str) -> bool {
        !name.ends_with(COMPRESSED) && self.fit(name)
    }

    /// Whether a name is what rotation makes of a followed one: `eve.json.1`, `eve.json-20261129.gz`,
    /// `eve-20261129.json`.
    pub(super) fn is_rotated(&self, name: &str) -> bool {
        let (name, was_compressed) = match name.strip_suffix(COMPRESSED) {
            Some(name) => (name, true),
            None => (name, false),
        };
        let mut cuts = name.char_indices().filter(|(_, character)| matches!(character, '.' | '-' | '_'));
        let is_before_ending = |pattern: &String| {
            let Some((stem, ending)) = pattern.rsplit_once('.') else { return false };
            let within = name.strip_suffix(ending).and_then(|name| name.strip_suffix('.'));
            within
                .and_then(|name| name.strip_prefix(stem))
                .is_some_and(|date| date.starts_with(['.', '-', '_']))
        };
        // `eve.json.gz` was `eve.json` itself.
        let is_itself = self.fit(name) && was_compressed;
        is_itself
            || !self.fit(name)
                && (cuts.any(|(at, _)| self.fit(&name[..at])) || self.0.iter().any(is_before_ending))
    }

    fn fit(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern::fits(pattern, name))
    }
}

/// Whether a file can be the one that had that name: it is not compressed under its reader.
pub(super) fn is_named_like(name: &str, former: &str) -> bool {
    name.starts_with(stem(former))
        && !name.ends_with(COMPRESSED)
        && !NOT_READ.iter().any(|ending| name.ends_with(ending))
}

/// What rotation leaves of a name: `eve` of `eve.json` and of `eve.json.1`.
fn stem(name: &str) -> &str {
    name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or(name)
}
