//! Where a message ends in what a connection of syslog sends.

use ioc_ingest::transport::syslog::fuzzing::{Cut, cut};

use crate::{allocation::within, files_of, repository};

/// The limit of a message, and what a connection sends until it ends.
pub(crate) fn framing(input: &[u8]) {
    let Some((&how, bytes)) = input.split_first() else { return };
    let limit = [16, 64, 480, 65_536][usize::from(how & 3)];
    // No count becomes an allocation: what is kept is what came.
    let whole = within(65_536 + 64 * bytes.len(), || cut(limit, [bytes]));
    assert_eq!(cut(limit, bytes.chunks(1)), whole, "however it is cut");
    let in_three = bytes.chunks(bytes.len() / 3 + 1);
    assert_eq!(cut(limit, in_three), whole, "however it is cut");
    let mut kept = 0;
    for found in &whole {
        kept += match found {
            Cut::Message(message, _) => {
                assert!(!message.is_empty() && message.len() <= limit);
                message.len()
            }
            Cut::LongLine(length, ..) => {
                assert!(*length > limit as u64);
                usize::try_from(*length).expect("no more than came")
            }
            Cut::Piece(piece, fault) => {
                assert!(piece.len() <= limit && fault.starts_with("octet_count: "));
                piece.len()
            }
        };
    }
    // Left out are heads, line ends and NULs, and nothing else.
    let carries = |byte: &&u8| !matches!(byte, b'\n' | b'\r' | 0 | b' ' | b'0'..=b'9');
    assert!(bytes.iter().filter(carries).count() <= kept && kept <= bytes.len());
}

pub(crate) fn connections() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = files_of(&repository("ingest/cases/syslog"))
        .iter()
        .map(|path| [&[3], &std::fs::read(path).expect("a case can be read")[..]].concat())
        .collect();
    for (how, bytes) in [
        (0, "10 <1>abcdefghi1714 <2>abcdefghi 79 <3>abcdef"),
        (1, "20 <1>abcdefg12 <2>abcdefghi9 <3>abcdef"),
        (1, "6 <1>abc\n6 <2>abc\0\r\n<3>line\r\n\nlast"),
        (0, "0 <1>abc6 <2>abc11 <13>một tin12 <13>một tin"),
    ] {
        seeds.push([&[how], bytes.as_bytes()].concat());
    }
    seeds
}
