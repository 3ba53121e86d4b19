//! Where a line ends in a file that grows.

use ioc_ingest::transport::follow::fuzzing::{Cut, cut};

use crate::allocation::within;

/// The limit of a line, and a file as it is read until it ends.
pub(crate) fn lines(input: &[u8]) {
    let Some((&how, bytes)) = input.split_first() else { return };
    let limit = [16, 64, 480, 65_536][usize::from(how & 3)];
    // The list of all of them, while it grows, is the most of it: a line is a byte at least.
    let whole = within(65_536 + 128 * bytes.len(), || cut(limit, [bytes]));
    assert_eq!(cut(limit, bytes.chunks(1)), whole, "however it is read");
    assert_eq!(cut(limit, bytes.chunks(bytes.len() / 3 + 1)), whole, "however it is read");
    let (cut, _, end) = whole;
    let left = usize::try_from(end).ok().and_then(|end| bytes.get(end..)).expect("no more than there is");
    assert!(left.iter().all(|byte| *byte == 0), "all of it was read but a hole at its end");
    for line in &cut {
        if let Cut::Line(line) = line {
            assert!(line.len() <= limit && line.ends_with(b"\n"));
        }
    }
    let mark = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let ends = mark.iter().filter(|byte| **byte == b'\n').count();
    let is_left =
        mark.rsplit(|byte| *byte == b'\n').next().is_some_and(|last| last.iter().any(|byte| *byte != 0));
    assert_eq!(cut.len(), ends + usize::from(is_left), "each line once");
}

pub(crate) fn files() -> Vec<Vec<u8>> {
    [
        (0, &b"\xef\xbb\xbffirst\nsecond\r\n\n\0\0\0third\n"[..]),
        (0, b"\xef\xbbno mark\nmuch longer than sixteen bytes\nshort\nwithout an end"),
        (1, b"\xef\xbb"),
        (1, b"\0\0\0\0"),
        (2, "d\u{f2}ng m\u{1ed9}t\nd\u{f2}ng hai\n".as_bytes()),
    ]
    .into_iter()
    .map(|(how, bytes)| [&[how], bytes].concat())
    .collect()
}
