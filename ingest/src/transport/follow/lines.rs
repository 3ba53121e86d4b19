//! From bytes as they are read to pieces of whole lines, each with what lay before it.
//!
//! What is not ended by a line end waits. A line over the limit is told by size and hash, and never held. Pieces are cut
//! wherever reading happened to stop, so nothing a line is known by may depend on the cut: that is the hash of all lines
//! before it and itself, the same as if the file had come whole.
//!
//! NULs at the beginning of a line are none of it: they are the hole that a writer leaves who goes on at its old place
//! behind a truncation. Neither is a byte order mark at the beginning of a file.

use ioc_model::running_hash::RunningHash;

use super::mark::Mark;
use crate::transport::withheld::{Digest, Withheld};

/// A piece has about so many bytes, or one line.
const PIECE: usize = 64 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A reader's place between lines, and what it has of the next one.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    /// Behind the last whole line.
    pub(super) mark: Mark,
    /// Of all lines before it.
    pub(super) hash: RunningHash,
    /// How far bytes were read.
    pub(super) ahead: Mark,
    line: Vec<u8>,
    /// Of a line that is over the limit, in place of its bytes.
    over: Option<(Digest, RunningHash)>,
    /// So many bytes at the beginning of the file may be those of a byte order mark; none once that is decided.
    mark_held: Option<usize>,
    limit: usize,
}

/// What was cut off.
#[derive(Debug)]
pub(super) struct Piece {
    /// Where it begins in the file.
    pub(super) at: u64,
    /// Of all lines before it.
    pub(super) before: RunningHash,
    /// What it is.
    pub(super) what: PieceKind,
}

/// What a piece is.
#[derive(Debug)]
pub(super) enum PieceKind {
    /// Whole lines.
    Lines(Vec<u8>, u64),
    /// A line over the limit.
    TooLong(Withheld),
}

impl Lines {
    /// A reader at that place. No line may have more bytes than that, its end among them.
    pub(super) fn new(mark: Mark, hash: RunningHash, limit: usize) -> Lines {
        let mark_held = (mark.at == 0).then_some(0);
        Lines { ahead: mark.clone(), mark, hash, line: Vec::new(), over: None, mark_held, limit }
    }

    /// Bytes of a line that has not ended yet.
    pub(super) fn waiting(&self) -> u64 {
        self.ahead.at - self.mark.at
    }

    /// Whether nothing of a line is there.
    pub(super) fn is_between(&self) -> bool {
        self.line.is_empty() && self.over.is_none()
    }

    /// Passes over a hole.
    pub(super) fn skip(&mut self, bytes: &[u8]) {
        self.mark_held = None;
        self.ahead.pass(bytes);
        if self.is_between() {
            self.mark = self.ahead.clone();
        }
    }

    /// Takes the next bytes.
    pub(super) fn take(&mut self, bytes: &[u8], pieces: &mut Vec<Piece>) {
        let mut piece = self.piece(self.mark.at);
        // Where the line began that is being taken.
        let mut began = self.mark.at;
        let behind_last = memchr::memrchr(b'\n', bytes).map_or(0, |end| end + 1);
        let mut rest = self.behind_mark(bytes);
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest);
            let (line, behind) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
            let at = self.ahead.at + (bytes.len() - behind.len()) as u64;
            rest = behind;
            self.add(line);
            if end.is_none() {
                break;
            }
            self.end_line(began, &mut piece, pieces);
            began = at;
        }
        piece.close(pieces);
        self.ahead.pass(&bytes[..behind_last]);
        if behind_last > 0 {
            self.mark = self.ahead.clone();
        }
        self.ahead.pass(&bytes[behind_last..]);
    }

    /// What lies behind a byte order mark, of which a read may bring a part.
    fn behind_mark<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(held) = self.mark_held else { return bytes };
        let expected = &BYTE_ORDER_MARK[held..];
        let more = bytes.iter().zip(expected).take_while(|(byte, expected)| byte == expected).count();
        let rest = &bytes[more..];
        let held = held + more;
        self.mark_held = (held < BYTE_ORDER_MARK.len() && rest.is_empty()).then_some(held);
        if held < BYTE_ORDER_MARK.len() && !rest.is_empty() {
            self.add(&BYTE_ORDER_MARK[..held]);
        }
        rest
    }

    /// The last line of a file that has ended, without a line end.
    pub(super) fn end(&mut self, pieces: &mut Vec<Piece>) {
        if let Some(held) = self.mark_held.take() {
            self.add(&BYTE_ORDER_MARK[..held]);
        }
        if self.is_between() {
            return;
        }
        let mut piece = self.piece(self.mark.at);
        self.add(b"\n");
        self.end_line(self.mark.at, &mut piece, pieces);
        piece.close(pieces);
        self.mark = self.ahead.clone();
    }

    /// The beginning of a line whose rest is lost, as far as it is held.
    pub(super) fn broken(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.line)
    }

    fn add(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if self.is_between() {
            let nuls = bytes.iter().take_while(|byte| **byte == 0).count();
            bytes = &bytes[nuls..];
        }
        if self.over.is_none() && self.line.len() + bytes.len() > self.limit {
            let (mut digest, mut hash) = (Digest::default(), self.hash.clone());
            digest.update(&self.line);
            hash.update(&self.line);
            self.line = Vec::new();
            self.over = Some((digest, hash));
        }
        match &mut self.over {
            Some((digest, hash)) => {
                digest.update(bytes);
                hash.update(bytes);
            }
            None => self.line.extend_from_slice(bytes),
        }
    }

    fn end_line(&mut self, began: u64, piece: &mut Growing, pieces: &mut Vec<Piece>) {
        if let Some((digest, hash)) = self.over.take() {
            piece.close(pieces);
            let what = PieceKind::TooLong(Withheld::too_large(digest));
            pieces.push(Piece { at: began, before: std::mem::replace(&mut self.hash, hash), what });
            return;
        }
        let most = self.limit.min(PIECE);
        if piece.lines > 0 && piece.bytes.len() + self.line.len() > most {
            piece.close(pieces);
        }
        if piece.lines == 0 {
            (piece.at, piece.before) = (began, self.hash.clone());
        }
        self.hash.update(&self.line);
        piece.bytes.append(&mut self.line);
        piece.lines += 1;
    }

    fn piece(&self, at: u64) -> Growing {
        Growing { at, before: self.hash.clone(), bytes: Vec::new(), lines: 0 }
    }
}

struct Growing {
    at: u64,
    before: RunningHash,
    bytes: Vec<u8>,
    lines: u64,
}

impl Growing {
    fn close(&mut self, pieces: &mut Vec<Piece>) {
        if self.lines > 0 {
            let what = PieceKind::Lines(std::mem::take(&mut self.bytes), std::mem::take(&mut self.lines));
            pieces.push(Piece { at: self.at, before: self.before.clone(), what });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 40;

    fn cut(lines: &mut Lines, parts: &[&[u8]]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for part in parts {
            lines.take(part, &mut pieces);
        }
        pieces
    }

    fn new() -> Lines {
        Lines::new(Mark::default(), RunningHash::default(), LIMIT)
    }

    /// The lines of pieces, each with the hash it is known by.
    fn known(pieces: &[Piece]) -> Vec<(Vec<u8>, [u8; 32])> {
        let mut known = Vec::new();
        for piece in pieces {
            let mut hash = piece.before.clone();
            match &piece.what {
                PieceKind::Lines(bytes, count) => {
                    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
                    assert_eq!(lines.len() as u64, *count);
                    for line in lines {
                        assert!(line.ends_with(b"\n"));
                        hash.update(line);
                        known.push((line.to_vec(), hash.digest()));
                    }
                }
                PieceKind::TooLong(withheld) => known.push((withheld.to_json().into_bytes(), hash.digest())),
            }
        }
        known
    }

    proptest! {
        #[test]
        fn once_lines_are_known_by_the_same_wherever_reading_stopped(
            bytes in prop::collection::vec(prop_oneof![4 => 97..100_u8, 1 => Just(b'\n'), 1 => Just(0_u8)], 0..400),
            cuts in prop::collection::vec(0.0..1.0_f64, 0..6),
        ) {
            let whole = cut(&mut new(), &[&bytes]);
            let mut cuts: Vec<usize> = cuts.iter().map(|share| (share * bytes.len() as f64) as usize).collect();
            cuts.sort_unstable();
            let mut lines = new();
            let (mut pieces, mut from) = (Vec::new(), 0);
            for to in cuts.into_iter().chain([bytes.len()]) {
                lines.take(&bytes[from..to], &mut pieces);
                prop_assert_eq!(lines.ahead.at, to as u64);
                from = to;
                // Whoever starts again behind the last whole line goes on alike.
                if to % 2 == 0 {
                    lines = Lines::new(lines.mark.clone(), lines.hash.clone(), LIMIT);
                    from = lines.mark.at as usize;
                }
            }
            prop_assert_eq!(known(&pieces), known(&whole));
            for piece in pieces {
                if let PieceKind::Lines(payload, _) = piece.what {
                    prop_assert!(payload.len() <= LIMIT);
                    let at = piece.at as usize;
                    prop_assert!(at == 0 || bytes[at - 1] == b'\n');
                }
            }
        }
    }

    #[test]
    fn a_line_waits_for_its_end_and_a_longer_one_is_told() {
        let mut lines = new();
        assert!(cut(&mut lines, &[b"ab", b"c"]).is_empty());
        assert_eq!((lines.mark.at, lines.waiting()), (0, 3));
        let long = [b'x'; LIMIT];
        let pieces = cut(&mut lines, &[b"\nd\n", &long, &long, b"\ne\n"]);
        let [first, long, last] = &pieces[..] else { panic!("{pieces:?}") };
        assert!(matches!(&first.what, PieceKind::Lines(bytes, 2) if bytes == b"abc\nd\n"));
        assert!(
            matches!(&long.what, PieceKind::TooLong(withheld) if withheld.to_json().contains("\"bytes\":81"))
        );
        assert!(matches!(&last.what, PieceKind::Lines(bytes, 1) if bytes == b"e\n"));
        assert_eq!((first.at, long.at, last.at), (0, 6, 87));
    }

    #[test]
    fn a_hole_and_a_byte_order_mark_are_no_part_of_a_line() {
        let plain = known(&cut(&mut new(), &[b"a\nb\n"]));
        assert_eq!(known(&cut(&mut new(), &[b"\xef\xbb\xbfa\nb\n"])), plain);
        assert_eq!(known(&cut(&mut new(), &[b"\0\0", b"\0a\n", b"\0\0b\n"])), plain);
    }

    #[test]
    fn the_last_line_of_a_file_that_ended_needs_no_end() {
        let mut lines = new();
        let mut pieces = cut(&mut lines, &[b"a\nb"]);
        lines.end(&mut pieces);
        lines.end(&mut pieces);
        assert_eq!(known(&pieces), known(&cut(&mut new(), &[b"a\nb\n"])));
    }
}
