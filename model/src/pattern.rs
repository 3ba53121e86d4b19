//! Patterns of subjects: whom a sender may speak of.
//!
//! A pattern is a subject's name in which `*` stands for any run of characters, none among them: `TN-04*`. Several are
//! written one after the other, separated by spaces, which no subject has.

/// Whether one of the patterns fits the subject.
#[must_use]
pub fn allows(patterns: &str, subject: &str) -> bool {
    patterns.split(' ').filter(|pattern| !pattern.is_empty()).any(|pattern| fits(pattern, subject))
}

/// What is wrong with a pattern; none if nothing is.
#[must_use]
pub fn fault(pattern: &str) -> Option<&'static str> {
    if pattern.is_empty() {
        return Some("a pattern holds at least one character");
    }
    let stray = |character: char| character.is_whitespace() || character.is_control();
    pattern.contains(stray).then_some("a pattern holds no spaces, as in \"TN-04*\"")
}

/// Whether a name fits a single pattern, in which spaces are like any other character.
#[must_use]
pub fn fits(pattern: &str, subject: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == subject };
    let Some(mut left) = subject.strip_prefix(first) else { return false };
    let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    // The leftmost place of each part leaves the most for those behind it.
    for part in between.split('*') {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn who_a_pattern_fits_whole_names_and_stars_stand_for_anything() {
        for (patterns, subject, expected) in [
            ("TN-0412", "TN-0412", true),
            ("TN-0412", "TN-04120", false),
            ("TN-04*", "TN-0412", true),
            ("TN-04*", "TN-04", true),
            ("TN-04*", "TN-0512", false),
            ("*", "bất kỳ", true),
            ("A TN-05*", "TN-0512", true),
            ("", "TN-0412", false),
            ("*12", "TN-0412", true),
            ("T*4*2", "TN-0412", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(allows(patterns, subject), expected, "{patterns} {subject}");
        }
        assert!(fault("TN-04*").is_none() && fault("").is_some() && fault("a b").is_some());
    }

    fn by_definition(pattern: &[u8], subject: &[u8]) -> bool {
        match (pattern, subject) {
            ([b'*', rest @ ..], _) => {
                by_definition(rest, subject) || (!subject.is_empty() && by_definition(pattern, &subject[1..]))
            }
            ([p, pattern @ ..], [s, subject @ ..]) if p == s => by_definition(pattern, subject),
            ([], []) => true,
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn who_fitting_agrees_with_the_definition(pattern in "[ab*]{1,6}", subject in "[ab]{0,7}") {
            prop_assert_eq!(fits(&pattern, &subject), by_definition(pattern.as_bytes(), subject.as_bytes()));
        }
    }
}
