//! Pieces of files and of streams: what stands in one is what it is in the whole, and what stands for a loss is no message.

use std::collections::BTreeSet;

use ioc_decode::Outcome;
use ioc_model::{
    attribute::{self, Attribute, Attributes},
    envelope::Envelope,
    event::EventKey,
    reject::RejectReason,
    row::Row,
    running_hash::RunningHash,
};
use proptest::prelude::*;

use crate::{decoded, decoder, envelope};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn once_a_line_of_a_piece_is_the_line_of_the_whole_file(
        lines in prop::collection::vec("[a-b\\r\\x00]{0,3}", 1..12), cut in 0..12_usize,
    ) {
        let (pieces, whole) = keys_of_pieces("permissive-syslog_lines", &lines, cut, "end");
        prop_assert_eq!(pieces, whole);
    }

    #[test]
    fn once_a_record_is_known_by_its_place_in_the_file_also_among_equal_ones(
        lines in prop::collection::vec(prop_oneof![
            Just(r#"{"event_type":"stats","stats":{"uptime":1}}"#.to_owned()),
            Just(r#" {"event_type":"flow","flow_id":7} "#.to_owned()),
            Just(r#"{"event_type":"dns","timestamp":"2026-01-01T00:00:00Z"}"#.to_owned()),
            Just("\r".to_owned()),
        ], 1..12), cut in 0..12_usize,
    ) {
        let (pieces, whole) = keys_of_pieces("permissive-eve", &lines, cut, r#"{"event_type":"end"}"#);
        let different: BTreeSet<_> = whole.iter().flatten().collect();
        prop_assert_eq!(different.len(), lines.iter().filter(|line| line.len() > 1).count());
        prop_assert_eq!(pieces, whole);
    }

    #[test]
    fn once_what_a_mapping_makes_of_a_line_is_known_by_its_place_in_the_file(
        lines in prop::collection::vec(prop_oneof![
            Just(r#"{"lock":"l","op":"forced","at":"20/11/2026 08:00:01"}"#.to_owned()),
            Just(r#" {"lock":"l","op":"open","at":"20/11/2026 08:00:01","result":"twice"} "#.to_owned()),
            Just(r#"{"op":"heartbeat"}"#.to_owned()),
            Just("\r".to_owned()),
        ], 1..12), cut in 0..12_usize,
    ) {
        let last = r#"{"lock":"l","op":"end","at":"20/11/2026 08:00:01"}"#;
        let (pieces, whole) = keys_of_pieces("doors", &lines, cut, last);
        let made = |line: &String| match line {
            line if line.contains("twice") => 2,
            line if line.contains("forced") => 1,
            _ => 0,
        };
        let different: BTreeSet<_> = whole.iter().flatten().collect();
        prop_assert_eq!(different.len(), lines.iter().map(made).sum::<usize>());
        prop_assert_eq!(pieces, whole);
    }
}

/// What the lines of a file are known by when it comes in two pieces, and when it comes whole, with a last line behind
/// them that is left out.
fn keys_of_pieces(
    feed: &str,
    lines: &[String],
    cut: usize,
    last: &str,
) -> (Vec<Option<EventKey>>, Vec<Option<EventKey>>) {
    let bytes = |lines: &[String]| {
        lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect::<Vec<u8>>()
    };
    let keys = |payload: &[u8], before: Option<&RunningHash>| {
        let mut known = Vec::new();
        if let Some(before) = before {
            attribute::write(&mut known, Attribute::Before, &before.to_string());
        }
        let piece = Envelope { attributes: Attributes::new(&[], &known), ..envelope(feed, "a.log", payload) };
        let (_, rows) = decoded(decoder(), &piece);
        let key = |row: &Row| match row {
            Row::Happened(event) => event.key,
            other => panic!("{other:?}"),
        };
        rows.others.iter().map(key).collect::<Vec<_>>()
    };
    let (first, rest) = lines.split_at(cut.min(lines.len()));
    let mut before = RunningHash::default();
    let mut pieces = keys(&bytes(first), Some(&before));
    before.update(&bytes(first));
    pieces.extend(keys(&bytes(rest), Some(&before)));
    // A file that comes whole loses the padding behind its last line.
    let mut whole = keys(&[bytes(lines), last.into(), b"\n".to_vec()].concat(), None);
    let _end = whole.pop();
    (pieces, whole)
}

#[test]
fn what_stands_for_a_loss_is_no_message_and_says_what_is_lost() {
    let decoder = decoder();
    for (loss, expected) in [
        ("lost: cut_short 8000 120", "at least 120 bytes are lost"),
        ("lost: gone 8000 0", "went away when 8000 bytes of it were read"),
        ("lost: rest_of_line 57", "the first 57 bytes of the line are left"),
        ("lost: datagrams 12", "dropped 12 datagrams"),
    ] {
        let mut known = Vec::new();
        attribute::write(&mut known, Attribute::Fault, loss);
        let lost =
            Envelope { attributes: Attributes::new(&[], &known), ..envelope("air", "eve.json", b"{}") };
        let (outcome, rows) = decoded(decoder, &lost);
        let Outcome::Undecodable(rejection) = outcome else { panic!("{outcome:?}") };
        assert_eq!(rejection.reason, RejectReason::Lost);
        assert!(rejection.message.en.contains(expected), "{}", rejection.message.en);
        assert!(!rejection.message.vi.is_empty() && rows.rejections.is_empty());
    }
}

#[test]
fn a_piece_of_a_stream_is_no_message_whatever_it_looks_like() {
    let decoder = decoder();
    let row = br#"{"ts":"2026-01-01T00:00:00Z","station":"TN-0412","indicator":"pm25","value":37.25}"#;
    for (fault, expected) in [
        ("octet_count: 95 of 150 bytes", "the connection ended after 95 of the 150 bytes it announced"),
        ("octet_count: 18 bytes left over", "18 bytes were left over"),
        ("of another kind", "of another kind"),
    ] {
        let mut known = Vec::new();
        attribute::write(&mut known, Attribute::Fault, fault);
        let piece =
            Envelope { attributes: Attributes::new(&[], &known), ..envelope("air", "syslog/tcp", row) };
        let (outcome, rows) = decoded(decoder, &piece);
        let Outcome::Undecodable(rejection) = outcome else { panic!("{outcome:?}") };
        assert_eq!(rejection.reason, RejectReason::Framing);
        assert!(rejection.message.en.contains(expected), "{}", rejection.message.en);
        assert!(rows.observations.is_empty() && rows.rejections.is_empty());
    }
}
