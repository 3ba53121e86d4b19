//! Topic filters of MQTT (v3.1.1 and v5.0, OASIS, section 4.7): which are valid, what they match, which of two is the
//! more specific, and whether two claim the same topic. The one place that reads them.

use std::cmp::Ordering;

/// A topic filter of MQTT (v3.1.1 and v5, section 4.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFilter {
    levels: Vec<Level>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Level {
    Literal(String),
    One,
    Rest,
}

/// A text that is no topic filter.
#[derive(Debug, thiserror::Error)]
#[error("'{filter}' is no topic filter: {rule}")]
pub struct InvalidFilter {
    filter: String,
    /// The rule it breaks, in words for who wrote it.
    pub rule: &'static str,
}

impl TopicFilter {
    /// Reads a filter.
    ///
    /// # Errors
    /// If MQTT does not allow it.
    pub fn parse(filter: &str) -> Result<TopicFilter, InvalidFilter> {
        let invalid = |rule| InvalidFilter { filter: filter.to_owned(), rule };
        if filter.is_empty() {
            return Err(invalid("a topic filter holds at least one character"));
        }
        if filter.len() > usize::from(u16::MAX) {
            return Err(invalid("a topic filter is at most 65,535 bytes long"));
        }
        if filter.contains('\0') {
            return Err(invalid("a topic filter holds no NUL"));
        }
        let mut levels = Vec::new();
        for level in filter.split('/') {
            if levels.last() == Some(&Level::Rest) {
                return Err(invalid("'#' stands for all last levels, as in \"ioc/air/#\""));
            }
            levels.push(match level {
                "+" => Level::One,
                "#" => Level::Rest,
                level if level.contains('#') => {
                    return Err(invalid("'#' stands for all last levels, as in \"ioc/air/#\""));
                }
                level if level.contains('+') => {
                    return Err(invalid("'+' stands for a whole level, as in \"ioc/air/+/observation\""));
                }
                level => Level::Literal(level.to_owned()),
            });
        }
        Ok(TopicFilter { levels })
    }

    /// Whether a topic matches. A topic starting with `$` matches no filter that starts with a wildcard.
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        if topic.starts_with('$') && !matches!(self.levels.first(), Some(Level::Literal(_))) {
            return false;
        }
        let mut parts = topic.split('/');
        for level in &self.levels {
            // `a/#` matches `a` too.
            if *level == Level::Rest {
                return true;
            }
            match (level, parts.next()) {
                (Level::Literal(literal), Some(part)) if literal == part => {}
                (Level::One, Some(_)) => {}
                _ => return false,
            }
        }
        parts.next().is_none()
    }

    /// Compares level by level from the left: a level spelled out comes before `+`, `+` before `#`, and a filter that
    /// ends before one that goes on with `#`.
    #[must_use]
    pub fn by_specificity(&self, other: &TopicFilter) -> Ordering {
        let rank = |level: Option<&Level>| match level {
            None => 0,
            Some(Level::Literal(_)) => 1,
            Some(Level::One) => 2,
            Some(Level::Rest) => 3,
        };
        let longest = self.levels.len().max(other.levels.len());
        (0..longest)
            .map(|at| rank(self.levels.get(at)).cmp(&rank(other.levels.get(at))))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    /// Whether some topic matches both.
    #[must_use]
    pub fn overlaps(&self, other: &TopicFilter) -> bool {
        let mut index = 0;
        loop {
            match (self.levels.get(index), other.levels.get(index)) {
                (None, None) => return true,
                (Some(Level::Rest), _) | (_, Some(Level::Rest)) => return true,
                (Some(Level::One), Some(_)) | (Some(_), Some(Level::One)) => index += 1,
                (Some(one), Some(other)) if one == other => index += 1,
                _ => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn filters_match_as_section_4_7_says() {
        let cases = [
            ("a/b", "a/b", true),
            ("a/b", "a/B", false),
            ("a/b", "a/b/", false),
            ("a/b", "/a/b", false),
            ("#", "a/b/c", true),
            ("#", "/", true),
            ("+", "a", true),
            ("+", "a/b", false),
            ("+/+", "/a", true),
            ("/+", "/a", true),
            ("+", "/a", false),
            ("a/+", "a/", true),
            ("a/+", "a", false),
            ("a/+/c", "a//c", true),
            ("a/+/c", "a/b/d", false),
            ("a/#", "a", true),
            ("a/#", "a/", true),
            ("a/#", "a/b/c", true),
            ("a/#", "ab", false),
            ("+/b/#", "a/b/c/d", true),
            ("#", "$SYS/load", false),
            ("+/load", "$SYS/load", false),
            ("$SYS/#", "$SYS/load", true),
            ("a/#", "a/$x", true),
            ("trạm/+/khí", "trạm/1/khí", true),
        ];
        for (filter, topic, expected) in cases {
            let parsed = TopicFilter::parse(filter).expect(filter);
            assert_eq!(parsed.matches(topic), expected, "{filter} on {topic}");
        }
        for filter in ["", "a/#/b", "a#", "a/b+", "#/", "#/a", "a\0b", "a+", "a/b+/c", "++"] {
            assert!(TopicFilter::parse(filter).is_err(), "{filter:?}");
        }
    }

    #[test]
    fn filters_overlap_if_one_topic_matches_both() {
        let overlap = |one: &str, other: &str| {
            TopicFilter::parse(one).expect(one).overlaps(&TopicFilter::parse(other).expect(other))
        };
        for (one, other) in
            [("a/+", "a/b"), ("a/#", "a"), ("#", "x/y/z"), ("a/+/c", "a/b/+"), ("a/b", "a/b"), ("+/+", "/x")]
        {
            assert!(overlap(one, other), "{one} {other}");
            assert!(overlap(other, one), "{other} {one}");
        }
        for (one, other) in [("a/+", "a/b/c"), ("a/b", "a/c"), ("a", "a/b"), ("a/+/c", "a/b/d")] {
            assert!(!overlap(one, other), "{one} {other}");
            assert!(!overlap(other, one), "{other} {one}");
        }
    }

    #[test]
    fn the_most_specific_filter_comes_first() {
        let order = ["a/b/c", "a/b", "a/b/#", "a/+/c", "a/+", "a/#", "+/b", "+/#", "#"];
        for (index, left) in order.iter().enumerate() {
            for right in &order[index + 1..] {
                let (l, r) = (TopicFilter::parse(left).expect(left), TopicFilter::parse(right).expect(right));
                // Filters that cannot match the same topic may stand either way.
                let both = ["a/b/c", "a/b", "a/x", "a", "x/b"].iter().any(|t| l.matches(t) && r.matches(t));
                assert!(!both || l.by_specificity(&r).is_lt(), "{left} before {right}");
                assert_eq!(l.by_specificity(&r), r.by_specificity(&l).reverse());
            }
        }
    }

    /// Matching by the definition: recursion over levels, without any shortcut.
    fn by_definition(filter: &[&str], topic: &[&str]) -> bool {
        match (filter, topic) {
            (["#"], _) => true,
            (["+", filter @ ..], [_, topic @ ..]) => by_definition(filter, topic),
            ([f, filter @ ..], [t, topic @ ..]) if f == t => by_definition(filter, topic),
            ([], []) => true,
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_definition(
            filter in "(a|b|\\+|)(/(a|b|\\+|)){0,3}(/#)?",
            topic in "(a|b|)(/(a|b|)){0,4}",
        ) {
            prop_assume!(!filter.is_empty() && !topic.is_empty());
            let parsed = TopicFilter::parse(&filter).expect("made valid");
            let expected = by_definition(&filter.split('/').collect::<Vec<_>>(), &topic.split('/').collect::<Vec<_>>());
            prop_assert_eq!(parsed.matches(&topic), expected);
        }
    }
}
