//! Servers that say what no server should, over a channel in memory: each is told from one that is well, and none is waited
//! for or believed for ever.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::{
    super::{fetched::Unable, listing::Listing},
    conversation::Conversation,
};
use crate::transport::pull::CannotFetch;

/// An answer under a number: its kind, and what follows.
fn answer(kind: u8, number: u32, parts: &[&[u8]]) -> Vec<u8> {
    let body = [&[kind][..], &number.to_be_bytes(), &parts.concat()].concat();
    [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], &body].concat()
}

fn text(text: &[u8]) -> Vec<u8> {
    [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text].concat()
}

fn status(number: u32, code: u32, words: &str) -> Vec<u8> {
    answer(101, number, &[&code.to_be_bytes(), &text(words.as_bytes()), &text(b"en")])
}

fn data(number: u32, piece: &[u8]) -> Vec<u8> {
    answer(103, number, &[&text(piece)])
}

/// A regular file with a size, as an entry of a folder.
fn entry(name: &[u8], size: u64) -> Vec<u8> {
    let attributes = [
        &13_u32.to_be_bytes()[..],
        &size.to_be_bytes(),
        &0o100_644_u32.to_be_bytes(),
        &[0; 4],
        &[0, 0, 0, 9],
    ];
    [text(name), text(b""), attributes.concat()].concat()
}

fn names(number: u32, entries: &[Vec<u8>]) -> Vec<u8> {
    answer(104, number, &[&u32::try_from(entries.len()).unwrap().to_be_bytes(), &entries.concat()])
}

/// What is asked, as its kind and number, is answered by a function; by silence where it gives nothing. Handles are no text.
async fn served(
    mut to: DuplexStream,
    mut answers: impl FnMut(u8, u32, &[u8]) -> Option<Vec<u8>> + Send + 'static,
) {
    loop {
        let Ok(length) = to.read_u32().await else { return };
        let mut asked = vec![0; length as usize];
        let _count = to.read_exact(&mut asked).await.unwrap();
        let number = u32::from_be_bytes(asked[1..5].try_into().unwrap());
        let said = match asked[0] {
            1 => Some(answer(2, 3, &[])),
            16 => Some(names(number, &[entry(b"/home/ioc", 0)])),
            3 | 11 => Some(answer(102, number, &[&text(b"\xff\x00\xfe")])),
            4 => Some(status(number, 0, "")),
            kind => answers(kind, number, &asked[5..]),
        };
        if let Some(said) = said
            && to.write_all(&said).await.is_err()
        {
            return;
        }
    }
}

async fn with(
    answers: impl FnMut(u8, u32, &[u8]) -> Option<Vec<u8>> + Send + 'static,
) -> Conversation<DuplexStream> {
    let (here, there) = tokio::io::duplex(1 << 20);
    let _task = tokio::spawn(served(there, answers));
    Conversation::begin(here, Duration::from_millis(300)).await.unwrap()
}

fn is_away<T>(said: Result<T, Unable>) -> CannotFetch {
    match said {
        Err(Unable::Away(error)) => error,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was taken"),
    }
}

#[tokio::test]
async fn a_folder_is_listed_and_a_file_is_read_by_pieces_with_handles_that_are_no_text() {
    let mut listed = false;
    let mut conversation = with(move |kind, number, rest| match kind {
        12 if !std::mem::replace(&mut listed, true) => Some(names(
            number,
            &[
                entry(b".", 0),
                entry(b"a.txt", 5),
                entry(b"caf\xe9.txt", 5),
                entry(b"../b", 5),
                entry(b"a\nb", 1),
            ],
        )),
        12 => Some(status(number, 1, "end")),
        5 => {
            assert_eq!(rest[..7], [0, 0, 0, 3, 0xff, 0, 0xfe]);
            match u64::from_be_bytes(rest[7..15].try_into().unwrap()) {
                0 => Some(data(number, b"he")),
                2 => Some(data(number, b"llo")),
                _ => Some(status(number, 1, "end")),
            }
        }
        7 => Some(answer(105, number, &[&1_u32.to_be_bytes(), &5_u64.to_be_bytes()])),
        _ => None,
    })
    .await;
    let listing = conversation.list("2026").await.unwrap();
    let expected = Listing { files: vec![("a.txt".to_owned(), Some(5), 9)], folders: Vec::new(), strange: 3 };
    assert_eq!(listing, expected);
    let got = conversation.fetch("2026", "a.txt", 5).await.unwrap();
    assert_eq!((got.bytes.as_deref(), got.size_behind, got.is_cut), (Some(&b"hello"[..]), Some(5), false));
    let got = conversation.fetch("2026", "a.txt", 4).await.unwrap();
    assert_eq!((got.bytes, got.digest.bytes()), (None, 5));
}

#[tokio::test]
async fn bound_a_list_without_an_end_is_given_up() {
    for entries in [Vec::new(), vec![entry(&[b'x'; 200], 1); 200]] {
        let mut conversation = with(move |_, number, _| Some(names(number, &entries))).await;
        let error = is_away(conversation.list("/data").await);
        assert!(error.is_fault && error.en.contains("too long"), "{error}");
    }
}

#[tokio::test]
async fn bound_a_server_that_falls_silent_is_given_up() {
    let mut conversation = with(|_, _, _| None).await;
    assert!(is_away(conversation.list("/data").await).en.contains("no answer within"));
}

#[tokio::test]
async fn safe_what_was_not_asked_for_is_no_answer() {
    let answers: [fn(u32) -> Vec<u8>; 6] = [
        |number| data(number + 1, b"x"),
        |number| names(number, &[]),
        |number| data(number, b""),
        |number| data(number, &[0; (32 << 10) + 1]),
        |number| answer(77, number, &[]),
        |_| u32::MAX.to_be_bytes().to_vec(),
    ];
    for said in answers {
        let mut conversation = with(move |_, number, _| Some(said(number))).await;
        let _error = is_away(conversation.fetch("/data", "a.txt", 9).await);
    }
}

#[tokio::test]
async fn a_file_that_is_refused_is_left_and_the_next_one_is_asked_for() {
    let mut conversation = with(|kind, number, _| match kind {
        5 => Some(status(number, 4, "\u{1b}[31mnot now")),
        12 => Some(status(number, 1, "")),
        _ => None,
    })
    .await;
    let refused = conversation.fetch("/data", "a.txt", 9).await.unwrap_err();
    assert_eq!(refused, Unable::Refused(" [31mnot now".to_owned()));
    assert_eq!(conversation.list("/data").await.unwrap(), Listing::default());
}

#[tokio::test]
async fn safe_what_turned_into_a_link_is_not_taken() {
    let link = [&4_u32.to_be_bytes()[..], &0o120_777_u32.to_be_bytes()].concat();
    let mut conversation = with(move |kind, number, _| match kind {
        5 => Some(status(number, 1, "")),
        7 => Some(answer(105, number, &[&link])),
        _ => None,
    })
    .await;
    let refused = conversation.fetch("/data", "a.txt", 9).await.unwrap_err();
    assert!(matches!(refused, Unable::Refused(_)));
}
