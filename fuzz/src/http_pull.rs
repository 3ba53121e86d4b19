//! What is read of an interface's answer: where its listing goes on, how long it wants to be left alone, and what stands
//! at a place of its JSON.

use std::time::Duration;

use ioc_ingest::transport::http_pull::fuzzing::{at, next_link, pause};

use crate::allocation::within;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A line of the header `Link`, one of `Retry-After`, a place, and JSON.
pub(crate) fn answer(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut parts = text.splitn(4, '\n');
    let mut part = || parts.next().unwrap_or_default();
    let (link, retry, place, json) = (part(), part(), part(), part());
    if let Some(next) = within(4 * link.len() + 1_024, || next_link(link)) {
        assert!(
            link.contains(&format!("<{next}")) || link.contains(next.as_str()),
            "a link is what is written"
        );
        assert!(!next.contains('>'));
        assert!(link.to_ascii_lowercase().contains("next"));
        // What has ended stays what it is, whatever is written behind it.
        assert_eq!(next_link(&format!("{link}, <other>; rel=\"next\"")).as_deref(), Some(next.as_str()));
    }
    if let Some(pause) = pause(retry, 1_793_581_200_000) {
        assert!(pause <= DAY, "nobody is left alone for ever");
    }
    let found = at(json, place);
    let whole: Option<serde_json::Value> = serde_json::from_str(json).ok();
    match (&found, &whole) {
        (Some(found), Some(whole)) => {
            // The plain reader has the last of two fields with one name, too.
            let plain = whole.pointer(place);
            let read: Option<serde_json::Value> = serde_json::from_str(found).ok();
            if place.is_empty() || place.starts_with('/') {
                assert_eq!(read.as_ref(), plain, "a place is the plain reader's");
            }
        }
        (None, Some(whole)) if place.starts_with('/') => assert_eq!(whole.pointer(place), None),
        // A number that no float holds is none to the plain reader.
        _ => {}
    }
}

pub(crate) fn answers() -> Vec<Vec<u8>> {
    [
        "</a?page=2>; rel=\"next\", </a>; rel=last\n120\n/data/0/id\n{\"data\": [{\"id\": 1.10}]}",
        "<a>; title=\"x, <y>\"; rel=\"prev NEXT\"\nSun, 06 Nov 1994 08:49:37 GMT\n/a~1b/~0\n{\"a/b\": {\"~\": null}}",
        "<a>;rel=\"\\\"\n-1\n\n[[[[1]]]]",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}
