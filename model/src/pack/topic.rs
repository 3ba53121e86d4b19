//! MQTT topic filters: which are valid, and which claim the same topic.
//!
//! Two subscriptions that claim one topic would bring its messages twice.
//! MQTT 5.0 (OASIS), section 4.7.

/// What is wrong with a topic filter; none if nothing is.
pub(super) fn filter_fault(filter: &str) -> Option<&'static str> {
    if filter.is_empty() {
        return Some("a topic filter holds at least one character");
    }
    if filter.len() > 65_535 {
        return Some("a topic filter is at most 65,535 bytes long");
    }
    if filter.contains('\0') {
        return Some("a topic filter holds no NUL");
    }
    if filter.starts_with('$') {
        return Some("topics that begin with '$' belong to the broker");
    }
    let levels: Vec<&str> = filter.split('/').collect();
    for (index, level) in levels.iter().enumerate() {
        if level.contains('+') && *level != "+" {
            return Some("'+' stands for a whole level, as in \"ioc/air/+/observation\"");
        }
        if level.contains('#') && (*level != "#" || index + 1 != levels.len()) {
            return Some("'#' stands for all last levels, as in \"ioc/air/#\"");
        }
    }
    None
}

/// Whether some topic matches both filters.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let one: Vec<&str> = one.split('/').collect();
    let other: Vec<&str> = other.split('/').collect();
    let mut index = 0;
    loop {
        match (one.get(index), other.get(index)) {
            (None, None) => return true,
            (Some(&"#"), _) | (_, Some(&"#")) => return true,
            (Some(left), Some(right)) if *left == "+" || *right == "+" || left == right => index += 1,
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_whole_levels_only() {
        for valid in ["a", "a/b", "+/b", "a/+/c", "#", "a/#", "/", "a//b", "ioc/air/+/observation"] {
            assert_eq!(filter_fault(valid), None, "{valid}");
        }
        for wrong in ["", "a+", "a/b+/c", "a#", "a/#/b", "#/a", "$SYS/x", "a\0b"] {
            assert!(filter_fault(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn filters_overlap_if_one_topic_matches_both() {
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
}
