//! Small languages: addresses, patterns, keys. What is written is read as the same, and readers agree with the plainest
//! reading of their definition.

use ioc_model::{
    attribute::{self, Attribute, Attributes},
    pattern,
    position::Position,
    rule::AlertKey,
    topic::TopicFilter,
};

use crate::allocation::within;

fn lines(input: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(input).ok()?.split_once('\n')
}

/// Of two encoded parts, the length of the first in the first byte.
pub(crate) fn attributes(input: &[u8]) {
    let Some((&first, bytes)) = input.split_first() else { return };
    let (common, own) = bytes.split_at(usize::from(first).min(bytes.len()));
    if !attribute::are_valid(common) || !attribute::are_valid(own) {
        return;
    }
    let attributes = Attributes::new(common, own);
    let all: Vec<_> = attributes.iter().collect();
    assert_eq!(
        all.iter().find(|(word, _)| word == "sender").map_or("", |(_, text)| *text),
        attributes.sender()
    );
    let told = || all.iter().map(|(word, text)| (word.as_str(), *text));
    let again = attribute::of_words(told()).expect("each has a word that is understood");
    assert!(attribute::are_valid(&again));
    // What says nothing is left out, and what is longer than any transport writes is cut.
    let is_written = |text: &str| !text.is_empty() && text.len() <= attribute::MAX_TEXT;
    let kept = |bytes: &[u8]| -> Vec<(String, String)> {
        let all = Attributes::new(bytes, &[]).iter().filter(|(_, text)| is_written(text));
        all.map(|(word, text)| (word, text.to_owned())).collect()
    };
    if all.iter().all(|(_, text)| text.len() <= attribute::MAX_TEXT) {
        assert_eq!(kept(&again), kept(&[common, own].concat()));
    }
}

pub(crate) fn some_attributes() -> Vec<Vec<u8>> {
    let (mut common, mut own) = (Vec::new(), Vec::new());
    attribute::write(&mut common, Attribute::Sender, "gateway-1");
    attribute::write(&mut common, Attribute::BoundTo, "TN-04* A");
    attribute::write(&mut own, Attribute::Retained, "1");
    vec![[&[common.len() as u8][..], &common, &own].concat(), b"\x04\xc8\x01\x00x\xc9\x02\x00xy".to_vec()]
}

/// A filter, a line feed, a topic.
pub(crate) fn topic_filter(input: &[u8]) {
    let Some((filter, topic)) = lines(input) else { return };
    let levels: Vec<&str> = filter.split('/').collect();
    let is_plain = |level: &&str| !level.contains(['+', '#']);
    // Section 4.7.1 of both standards.
    let is_valid = !filter.is_empty()
        && filter.len() <= 65_535
        && !filter.contains('\0')
        && levels
            .iter()
            .enumerate()
            .all(|(at, level)| is_plain(level) || *level == "+" || (*level == "#" && at + 1 == levels.len()));
    let limit = 4_096 + 64 * input.len();
    let parsed = within(limit, || TopicFilter::parse(filter));
    assert_eq!(parsed.is_ok(), is_valid, "{filter:?}");
    let Ok(parsed) = parsed else { return };
    let parts: Vec<&str> = topic.split('/').collect();
    let hidden = topic.starts_with('$') && matches!(levels[0], "+" | "#");
    assert_eq!(parsed.matches(topic), !hidden && fits_by_levels(&levels, &parts), "{filter:?} on {topic:?}");
    let Ok(other) = TopicFilter::parse(topic) else { return };
    assert_eq!(parsed.overlaps(&other), other.overlaps(&parsed));
    assert_eq!(parsed.by_specificity(&other), other.by_specificity(&parsed).reverse());
    if parsed.matches(topic) && !topic.contains(['+', '#']) {
        assert!(parsed.overlaps(&other), "{filter:?} and {topic:?} share a topic");
    }
}

fn fits_by_levels(filter: &[&str], topic: &[&str]) -> bool {
    match filter.last() {
        Some(&"#") => {
            let filter = &filter[..filter.len() - 1];
            topic.len() >= filter.len() && fits_by_levels(filter, &topic[..filter.len()])
        }
        _ => {
            filter.len() == topic.len()
                && filter.iter().zip(topic).all(|(one, part)| *one == "+" || one == part)
        }
    }
}

pub(crate) fn filters_and_topics() -> Vec<Vec<u8>> {
    [
        "a/+/c\na//c",
        "+/b/#\na/b/c/d",
        "#\n$SYS/load",
        "$SYS/#\n$SYS/load",
        "a/#\na",
        "a/#/b\na",
        "trạm/+\ntrạm/1",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

/// Patterns, a line feed, a subject.
pub(crate) fn subject_pattern(input: &[u8]) {
    let Some((patterns, subject)) = lines(input) else { return };
    if input.len() > 2_000 {
        return; // the plain reading is a square
    }
    let expected =
        patterns.split(' ').filter(|one| !one.is_empty()).any(|one| fits(one.as_bytes(), subject.as_bytes()));
    assert_eq!(within(1_024, || pattern::allows(patterns, subject)), expected, "{patterns:?} {subject:?}");
    if pattern::fault(patterns).is_none() {
        assert!(!patterns.contains(' '), "one pattern, and not several");
    }
}

/// By a table: whether the first `p` bytes of the pattern fit the first `s` of the subject.
fn fits(pattern: &[u8], subject: &[u8]) -> bool {
    let mut row: Vec<bool> = vec![false; subject.len() + 1];
    row[0] = true;
    for sign in pattern {
        let mut next = vec![false; row.len()];
        next[0] = *sign == b'*' && row[0];
        for (at, letter) in subject.iter().enumerate() {
            next[at + 1] = if *sign == b'*' { row[at + 1] || next[at] } else { row[at] && sign == letter };
        }
        row = next;
    }
    row[subject.len()]
}

pub(crate) fn patterns_and_subjects() -> Vec<Vec<u8>> {
    ["TN-04*\nTN-0412", "A TN-05*\nTN-0512", "T*4*2\nTN-0412", "ab*ba\naba", "*\nbất kỳ", "**a*\nbab"]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect()
}

pub(crate) fn position(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(position) = text.parse::<Position>() else { return };
    let written = position.to_string();
    assert_eq!(written.parse::<Position>().ok(), Some(position));
}

pub(crate) fn positions() -> Vec<Vec<u8>> {
    vec![b"1-0-42".to_vec(), b"65535-65535-18446744073709551615".to_vec(), b"1-0".to_vec()]
}

pub(crate) fn alert_key(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(key) = text.parse::<AlertKey>() else { return };
    let written = key.to_string();
    assert_eq!(written.parse::<AlertKey>().ok().as_ref(), Some(&key));
}

pub(crate) fn alert_keys() -> Vec<Vec<u8>> {
    vec![b"pm25-day~TN-0412~3".to_vec(), "a~trạm~4294967295".as_bytes().to_vec(), b"a~b".to_vec()]
}
