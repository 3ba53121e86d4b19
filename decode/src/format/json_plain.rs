//! A walk over a JSON text that is plain: without control characters, with nothing but blanks between. What it does not
//! see at a glance it declines, and the parser decides: so it can be slower, never different.

use std::ops::Range;

use super::json_flat::{blanks, quote, quote_or_escape, scalar};

/// A text that may be plain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    has_escapes: bool,
}

impl<'a> Plain<'a> {
    /// None where a text has control characters. Line feeds stand for blanks where a payload is cut, so they are none; but
    /// where there are escapes, too, a glance does not tell.
    #[inline]
    pub(super) fn of(text: &'a str) -> Option<Plain<'a>> {
        let bytes = text.as_bytes();
        // Without a way out of the loop, so that the compiler makes a vector loop of it.
        let special = |byte: u8| u8::from(byte < 0x20) | u8::from(byte == b'\\') << 1;
        let has_escapes = match bytes.iter().fold(0, |any, byte| any | special(*byte)) {
            0 => false,
            0b10 => true,
            0b01 if bytes.iter().all(|byte| *byte >= 0x20 || *byte == b'\n') => false,
            _ => return None,
        };
        Some(Plain { text, bytes, has_escapes })
    }

    /// Behind an object that begins at a place, in which others lie so many deep at most; each of its pairs is handed on
    /// by where it lies.
    pub(super) fn members(
        self,
        start: usize,
        deepest: usize,
        mut each: impl FnMut(Range<usize>, Range<usize>) -> Option<()>,
    ) -> Option<usize> {
        if self.byte(start)? != b'{' {
            return None;
        }
        let mut at = blanks(self.bytes, start + 1);
        if self.byte(at)? == b'}' {
            return Some(at + 1);
        }
        loop {
            let (key, begin) = self.key(at)?;
            let end = self.value(begin, deepest)?;
            each(key, begin..end)?;
            at = blanks(self.bytes, end);
            match self.byte(at)? {
                b',' => at = blanks(self.bytes, at + 1),
                b'}' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// Where a key lies that begins with the quote at a place and has no escapes, and where its value begins.
    #[inline]
    pub(super) fn key(self, start: usize) -> Option<(Range<usize>, usize)> {
        if self.byte(start)? != b'"' {
            return None;
        }
        let end = match self.has_escapes {
            false => quote(self.bytes, start + 1)?,
            true => quote_or_escape(self.bytes, start + 1).filter(|at| self.bytes[*at] == b'"')?,
        };
        let colon = blanks(self.bytes, end + 1);
        (self.byte(colon)? == b':').then(|| (start + 1..end, blanks(self.bytes, colon + 1)))
    }

    /// Behind a value, in which others lie so many deep at most.
    #[inline]
    pub(super) fn value(self, start: usize, deepest: usize) -> Option<usize> {
        match self.byte(start)? {
            b'"' => self.string(start),
            b'{' => self.skipped(start, deepest.checked_sub(1)?),
            b'[' => self.array(start, deepest.checked_sub(1)?),
            _ => scalar(self.bytes, start),
        }
    }

    fn skipped(self, start: usize, deepest: usize) -> Option<usize> {
        self.members(start, deepest, |_, _| Some(()))
    }

    fn array(self, start: usize, deepest: usize) -> Option<usize> {
        let mut at = blanks(self.bytes, start + 1);
        if self.byte(at)? == b']' {
            return Some(at + 1);
        }
        loop {
            at = blanks(self.bytes, self.value(at, deepest)?);
            match self.byte(at)? {
                b',' => at = blanks(self.bytes, at + 1),
                b']' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// Behind a string that begins with the quote at a place.
    #[inline]
    pub(super) fn string(self, start: usize) -> Option<usize> {
        let end = match self.has_escapes {
            false => quote(self.bytes, start + 1)?,
            true => self.end_of_escaped(start + 1)?,
        };
        Some(end + 1)
    }

    fn end_of_escaped(self, mut at: usize) -> Option<usize> {
        loop {
            at = quote_or_escape(self.bytes, at)?;
            if self.bytes[at] == b'"' {
                return Some(at);
            }
            at += match self.byte(at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
                b'u' if self.bytes.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) => 6,
                _ => return None,
            };
        }
    }

    #[inline]
    pub(super) fn byte(self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }
}
