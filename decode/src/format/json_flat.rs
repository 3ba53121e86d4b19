//! The quick way through a JSON object whose values are texts, numbers and words, as nearly every sensor sends it.
//!
//! Keys may come in any order. What this way does not see at a glance (an escape, a control character, a nested value,
//! anything that might not be JSON) it declines, and the general parser decides: so it can be slower, never different.

use std::ops::Range;

/// The pairs of a flat object, in order: each key, and where its value lies. None where the general parser must look.
///
/// `text` is [plain](is_plain) and has no line feed; `each` may decline as well.
#[inline]
pub(super) fn pairs<'a>(
    text: &'a str,
    mut each: impl FnMut(&'a str, Range<usize>) -> Option<()>,
) -> Option<()> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'{') {
        return None;
    }
    let mut at = blanks(bytes, 1);
    loop {
        if *bytes.get(at)? != b'"' {
            return None;
        }
        let key_end = quote(bytes, at + 1)?;
        let key = text.get(at + 1..key_end)?;
        at = blanks(bytes, key_end + 1);
        if *bytes.get(at)? != b':' {
            return None;
        }
        let start = blanks(bytes, at + 1);
        let end = match *bytes.get(start)? {
            b'"' => quote(bytes, start + 1)? + 1,
            _ => scalar(bytes, start)?,
        };
        each(key, start..end)?;
        at = blanks(bytes, end);
        match *bytes.get(at)? {
            b',' => at = blanks(bytes, at + 1),
            b'}' => return (at + 1 == bytes.len()).then_some(()),
            _ => return None,
        }
    }
}

/// Whether a text has neither escapes nor control characters, line feeds aside: in it a quote ends a string, whatever
/// stands before it.
#[inline]
pub(super) fn is_plain(text: &[u8]) -> bool {
    // Without a way out of the loop, so that the compiler makes a vector loop of it.
    let special = |byte: u8| u8::from((byte < 0x20) & (byte != b'\n')) | u8::from(byte == b'\\');
    text.iter().fold(0, |any, byte| any | special(*byte)) == 0
}

/// Behind any blanks; other white space is control characters.
#[inline]
pub(super) fn blanks(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

/// Behind a number or a word.
#[inline]
pub(super) fn scalar(bytes: &[u8], start: usize) -> Option<usize> {
    match *bytes.get(start)? {
        b'-' | b'0'..=b'9' => number(bytes, start),
        b't' => word(bytes, start, b"true"),
        b'f' => word(bytes, start, b"false"),
        b'n' => word(bytes, start, b"null"),
        _ => None,
    }
}

/// Where the next quote is.
#[inline]
pub(super) fn quote(bytes: &[u8], at: usize) -> Option<usize> {
    next(bytes, at, |eight| zeros(eight ^ QUOTES), |byte| byte == b'"')
}

/// Whether there is a backslash. Texts of records are short: the last eight bytes are looked at with those before them.
#[inline]
pub(super) fn has_escape(text: &str) -> bool {
    let (eights, rest) = text.as_bytes().as_chunks::<8>();
    let is_marked = |eight: &[u8; 8]| zeros(u64::from_le_bytes(*eight) ^ ESCAPES) != 0;
    eights.iter().any(is_marked)
        || match text.as_bytes().last_chunk::<8>() {
            Some(last) => is_marked(last),
            None => rest.contains(&b'\\'),
        }
}

/// Where the next quote or backslash is.
#[inline]
pub(super) fn quote_or_escape(bytes: &[u8], at: usize) -> Option<usize> {
    let marks = |eight| zeros(eight ^ QUOTES) | zeros(eight ^ ESCAPES);
    next(bytes, at, marks, |byte| matches!(byte, b'"' | b'\\'))
}

const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
const ESCAPES: u64 = u64::from_ne_bytes([b'\\'; 8]);

/// Marks the bytes that are zero, of which the first is right.
#[inline]
fn zeros(eight: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    eight.wrapping_sub(ONES) & !eight & HIGHS
}

/// Where the next byte is that is marked. Eight are looked at at once: names and times are a few of them.
#[inline]
fn next(
    bytes: &[u8],
    mut at: usize,
    marks: impl Fn(u64) -> u64,
    is_marked: impl Fn(u8) -> bool,
) -> Option<usize> {
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let marks = marks(u64::from_le_bytes(*eight));
        if marks != 0 {
            return Some(at + (marks.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?;
    Some(at + rest.iter().position(|byte| is_marked(*byte))?)
}

/// Behind a number of JSON's grammar (RFC 8259 section 6).
#[inline]
fn number(bytes: &[u8], start: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let some_digits = |at: usize| Some(digits(at)).filter(|end| *end > at);
    let mut at = start + usize::from(bytes[start] == b'-');
    at = if bytes.get(at) == Some(&b'0') { at + 1 } else { some_digits(at)? };
    if bytes.get(at) == Some(&b'.') {
        at = some_digits(at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = some_digits(at)?;
    }
    Some(at)
}

#[inline]
fn word(bytes: &[u8], start: usize, word: &[u8]) -> Option<usize> {
    bytes.get(start..)?.starts_with(word).then_some(start + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<(&str, &str)>> {
        let mut read = Vec::new();
        if !is_plain(text.as_bytes()) {
            return None;
        }
        pairs(text, |key, value| {
            read.push((key, text.get(value)?));
            Some(())
        })?;
        Some(read)
    }

    #[test]
    fn a_flat_object_is_read_in_any_order_with_blanks_anywhere() {
        assert_eq!(
            read(r#"{ "value" : -0.5e+3 ,"trạm":"TN-0412" , "ok":true,"x":null }"#),
            Some(vec![("value", "-0.5e+3"), ("trạm", "\"TN-0412\""), ("ok", "true"), ("x", "null")])
        );
    }

    #[test]
    fn what_is_not_plainly_flat_is_left_to_the_general_parser() {
        for text in [
            "",
            "{",
            "{}",
            "[]",
            "1",
            r#"{"a":1"#,
            r#"{"a":1}}"#,
            r#"{"a":1,}"#,
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":+1}"#,
            r#"{"a":.5}"#,
            r#"{"a":1e}"#,
            r#"{"a":-}"#,
            r#"{"a":{}}"#,
            r#"{"a":[1]}"#,
            r#"{"a":tru}"#,
            r#"{"a":"\n"}"#,
            "{\"a\":\"\t\"}",
            r#"{"a" "b"}"#,
            r#"{a:1}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":nullx}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
