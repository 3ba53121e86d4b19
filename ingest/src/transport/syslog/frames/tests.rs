use proptest::prelude::*;

use super::*;

const LIMIT: usize = 65_536;

/// What was found, for comparing.
#[derive(Clone, Debug, PartialEq)]
enum Kept {
    Message(Vec<u8>),
    OfCharacters(Vec<u8>),
    LongLine(u64, String, bool),
    Piece(Vec<u8>, String),
}

fn kept(found: Found<'_>) -> Kept {
    match found {
        Found::Message(message) => Kept::Message(message.to_vec()),
        Found::OfCharacters(message) => Kept::OfCharacters(message.to_vec()),
        Found::LongLine { digest, is_cut_off } => Kept::LongLine(digest.bytes(), digest.hex(), is_cut_off),
        Found::Piece(piece, fault) => Kept::Piece(piece.to_vec(), fault.to_string()),
    }
}

/// As a connection is read: what is not used is kept for the next bytes.
fn cut<'a>(limit: usize, parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<Kept> {
    let mut frames = Frames::new(limit);
    let (mut all, mut left) = (Vec::new(), Vec::new());
    let mut look = |left: &mut Vec<u8>, more| {
        let mut at = 0;
        loop {
            let (used, found) = frames.next(&left[at..], more);
            at += used;
            match found {
                Some(found) => all.push(kept(found)),
                None => break,
            }
        }
        drop(left.drain(..at));
    };
    for part in parts {
        for piece in part.chunks(limit) {
            left.extend_from_slice(piece);
            look(&mut left, More::Comes);
            assert!(left.len() <= most_undecided(limit), "bound: {} bytes are undecided", left.len());
        }
    }
    look(&mut left, More::Never);
    assert!(left.is_empty(), "everything was decided at the end: {left:?}");
    all
}

fn whole_and_byte_by_byte(bytes: &[u8]) -> Vec<Kept> {
    let whole = cut(LIMIT, [bytes]);
    assert_eq!(whole, cut(LIMIT, bytes.chunks(1)), "byte by byte");
    whole
}

fn case(name: &str) -> Vec<Kept> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/syslog").join(name);
    whole_and_byte_by_byte(&std::fs::read(path).unwrap())
}

fn messages(found: &[Kept]) -> Vec<String> {
    let text = |found: &Kept| match found {
        Kept::Message(bytes) | Kept::OfCharacters(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        other => panic!("no message: {other:?}"),
    };
    found.iter().map(text).collect()
}

#[test]
fn counted_frames_hold_line_ends_and_a_mark_of_byte_order() {
    let found = messages(&case("counted.bin"));
    assert_eq!(found.iter().map(String::len).collect::<Vec<_>>(), [108, 117, 84, 111]);
    assert!(found[1].contains("\u{feff}Đã chặn mã độc trên máy của người dùng user10"));
    assert_eq!(found[2].lines().count(), 3);
}

#[test]
fn a_count_of_characters_is_seen_through() {
    let found = case("characters.bin");
    assert!(matches!(found[1], Kept::OfCharacters(_)), "{:?}", found[1]);
    let found = messages(&found);
    assert_eq!(found.len(), 4);
    assert!(found[1].ends_with("user10") && found[1].len() == 117);
    assert_eq!(found.iter().filter(|text| text.contains("Failed password")).count(), 2);
    assert_eq!(found.iter().filter(|text| text.contains("Accepted password")).count(), 1);
}

#[test]
fn lines_that_begin_with_a_number_are_lines() {
    let found = messages(&case("digits.bin"));
    let begins: Vec<&str> = found.iter().map(|text| text.split(' ').next().unwrap()).collect();
    assert_eq!(begins, ["<134>Nov", "2026-11-20T07:31:01+07:00", "10", "<134>Nov"]);
}

#[test]
fn balance_a_frame_cut_off_is_kept_and_is_no_message() {
    let found = case("cut-off.bin");
    assert_eq!(messages(&found[..1])[0].len(), 111);
    let [_, Kept::Piece(piece, fault)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(fault, "octet_count: 95 of 150 bytes");
    assert!(piece.starts_with(b"<86>1 ") && piece.len() == 95);
}

#[test]
fn bound_an_absurd_count_announces_nothing() {
    let found = case("absurd-count.bin");
    assert_eq!(messages(&found[..1])[0].len(), 108);
    let [_, Kept::Piece(piece, fault)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(fault, "octet_count: 99999999999999999999 bytes announced, 65536 allowed");
    assert!(piece.starts_with(b"<86>1 ") && piece.ends_with(b"port 50300 ssh2"));
}

#[test]
fn balance_behind_a_wrong_count_reading_goes_on_at_the_next_frame() {
    let fault = |piece: &str, fault: &str| Kept::Piece(piece.into(), fault.into());
    let message = |text: &str| Kept::Message(text.into());
    for (bytes, expected) in [
        // Too small: what is left over ends in digits, and so does not begin the next count.
        (
            "10 <1>abcdefghi1714 <2>abcdefghi 79 <3>abcdef",
            vec![
                message("<1>abcdefg"),
                fault("hi17", "octet_count: 4 bytes left over"),
                message("<2>abcdefghi 7"),
                message("<3>abcdef"),
            ],
        ),
        // Too large: it has swallowed the beginning of the next one.
        (
            "20 <1>abcdefg12 <2>abcdefghi9 <3>abcdef",
            vec![
                fault("<1>abcdefg", "octet_count: 20 bytes announced, 10 found"),
                message("<2>abcdefghi"),
                message("<3>abcdef"),
            ],
        ),
        (
            "0 <1>abc6 <2>abc",
            vec![fault("<1>abc", "octet_count: 0 bytes announced, 6 found"), message("<2>abc")],
        ),
        // A count within a text that is counted rightly is a part of the text.
        ("14 <1>said 4 <2>x6 <2>abc", vec![message("<1>said 4 <2>x"), message("<2>abc")]),
        // A line end or a NUL behind a counted frame, and lines behind counted frames.
        (
            "6 <1>abc\n6 <2>abc\0\r\n<3>line\r\n",
            vec![message("<1>abc"), message("<2>abc"), message("<3>line")],
        ),
        ("plain\n\n\0\r\n<1>x\0\nlast", vec![message("plain"), message("<1>x"), message("last")]),
        ("6 <1>abcrest", vec![message("<1>abc"), fault("rest", "octet_count: 4 bytes left over")]),
        ("12 <1>", vec![fault("<1>", "octet_count: 3 of 12 bytes")]),
        ("12 ", vec![message("12 ")]),
        ("007 <1>abcd", vec![message("<1>abcd")]),
    ] {
        assert_eq!(whole_and_byte_by_byte(bytes.as_bytes()), expected, "{bytes}");
    }
}

#[test]
fn bound_a_line_without_an_end_is_hashed_and_not_kept() {
    let line = vec![b'x'; 3 * 64 + 5];
    let mut digest = Digest::default();
    digest.update(&line);
    let hash = digest.hex();
    let expected = |is_cut_off| Kept::LongLine(197, hash.clone(), is_cut_off);
    assert_eq!(cut(64, [&line[..]]), [expected(true)]);
    let ended = [&line[..], b"\n<1>x\n"].concat();
    assert_eq!(cut(64, ended.chunks(1)), [expected(false), Kept::Message(b"<1>x".to_vec())]);
    // Of the limit itself it is a message.
    assert_eq!(cut(64, [&[b'x'; 64][..], b"\n"]), [Kept::Message(vec![b'x'; 64])]);
}

#[test]
fn a_message_that_may_be_cut_wrongly_waits_until_more_comes_or_nothing_does() {
    let mut frames = Frames::new(LIMIT);
    let ascii = frames.next(b"6 <1>abc", More::Comes);
    assert!(matches!(ascii, (8, Some(Found::Message(b"<1>abc")))), "{ascii:?}");
    let text = "9 <1>độ".as_bytes();
    assert!(matches!(frames.next(text, More::Comes), (0, None)));
    assert!(matches!(frames.next(text, More::Quiet), (0, None)), "it is not whole yet");
    let text = "8 <1>độ".as_bytes();
    assert!(matches!(frames.next(text, More::Comes), (0, None)));
    assert!(matches!(frames.next(text, More::Quiet), (10, Some(Found::Message(_)))));
}

/// What senders send, and what they should not.
fn sent() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        "<[0-9]{1,3}>[a-z0-9 ]{0,20}",
        "<[0-9]{1,3}>[a-zạđ0-9 ]{0,9}",
        "<1>[a-z]{0,3}[0-9]{1,3} <[0-9]>[a-z]{0,9}",
        "[0-9 <>\n\r\0a]{0,9}",
    ];
    let frame = (text, 0..8u8, -3..4i64).prop_map(|(text, how, wrong)| match how {
        0..=2 => format!("{} {text}", text.len()),
        3 => format!("{} {text}", text.chars().count()),
        4 => format!("{} {text}", (text.len() as i64 + wrong).max(0)),
        5 => format!("{text}\n"),
        6 => format!("{}9999 {text}", text.len()),
        _ => text,
    });
    prop::collection::vec(frame, 0..6).prop_map(|frames| frames.concat().into_bytes())
}

proptest! {
    #[test]
    fn safe_a_connection_is_the_same_however_it_is_cut(
        bytes in sent(),
        limit in prop_oneof![Just(16usize), Just(64), Just(LIMIT)],
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let whole = cut(limit, [&bytes[..]]);
        prop_assert_eq!(&whole, &cut(limit, bytes.chunks(1)));
        let mut places: Vec<usize> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
        places.sort_unstable();
        let mut parts = Vec::new();
        let mut from = 0;
        for place in places {
            parts.push(&bytes[from..place]);
            from = place;
        }
        parts.push(&bytes[from..]);
        prop_assert_eq!(&whole, &cut(limit, parts));
    }

    #[test]
    fn balance_what_is_counted_rightly_is_found_whole(
        texts in prop::collection::vec("<[0-9]{1,3}>[a-zạ \n]{0,20}", 1..6),
    ) {
        let bytes: String = texts.iter().map(|text| format!("{} {text}", text.len())).collect();
        prop_assert_eq!(messages(&whole_and_byte_by_byte(bytes.as_bytes())), texts);
    }

    #[test]
    fn balance_what_is_sent_by_lines_is_found_by_lines(
        texts in prop::collection::vec("[<a-z2][0-9a-zạ:>-]{1,20}", 1..6),
    ) {
        let bytes: String = texts.iter().map(|text| format!("{text}\n")).collect();
        prop_assert_eq!(messages(&whole_and_byte_by_byte(bytes.as_bytes())), texts);
    }
}
