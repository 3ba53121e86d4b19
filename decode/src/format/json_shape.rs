//! The shapes of the JSON objects met lately.
//!
//! A device writes each of its readings with the same few lines of program: the same keys in the same order, with the
//! same blanks. Where an object has a shape that is known, what stands between its values is compared, sixteen bytes
//! at once, and only the values are looked at. Shapes are learned from objects that the [flat way](super::json_flat) has
//! read, and an object is read by its shape as the flat way would read it: this can be quicker, never different.

use std::ops::Range;

use super::{
    json_flat::{quote, scalar},
    json_row::{Fields, Key},
};

/// So many shapes are remembered; the one longest known makes room.
const MOST_SHAPES: usize = 8;
/// A shape has at most so many pairs.
const MOST_PAIRS: usize = 16;
/// What is compared at once.
pub(super) const WORD: usize = size_of::<u128>();

/// The shapes one decoding thread has met.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    shapes: Vec<Shape>,
    oldest: usize,
}

/// What stands before each value, up to the brace that ends the object.
type Shape = Vec<Before>;

/// What stands between the end of a value, or the beginning of the object, and the next value.
#[derive(Debug)]
struct Before {
    /// Its bytes, with the quote that begins a text.
    bytes: [Word; 2],
    length: usize,
    key: Key,
    /// The value is a text.
    quoted: bool,
}

/// At most sixteen bytes to compare with.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Word {
    pub(super) bytes: u128,
    mask: u128,
}

impl Shapes {
    /// The fields of a flat object that takes up a range of a [plain](super::json_flat::is_plain) text. None where the
    /// general parser must look.
    #[inline]
    pub(super) fn fields<'a>(&mut self, text: &'a str, object: Range<usize>) -> Option<Fields<'a>> {
        let known = self.shapes.iter().find_map(|shape| read(shape, text, object.clone()));
        known.or_else(|| self.learn(text, object))
    }

    #[cold]
    fn learn<'a>(&mut self, text: &'a str, object: Range<usize>) -> Option<Fields<'a>> {
        let text = text.get(object)?;
        let mut shape = Shape::new();
        let mut end = 0;
        let mut fits = true;
        let fields = Fields::of_flat(text, |key, value| {
            let quoted = text.as_bytes()[value.start] == b'"';
            let before = &text.as_bytes()[end..value.start + usize::from(quoted)];
            end = value.end;
            fits &= before.len() <= 2 * WORD && shape.len() < MOST_PAIRS;
            if fits {
                let (first, second) = before.split_at(before.len().min(WORD));
                let bytes = [Word::of(first), Word::of(second)];
                shape.push(Before { bytes, length: before.len(), key, quoted });
            }
        })?;
        // Behind the last value stands the brace and nothing else: blanks there are left to the flat way.
        if fits && end + 1 == text.len() {
            self.remember(shape);
        }
        Some(fields)
    }

    fn remember(&mut self, shape: Shape) {
        if self.shapes.len() < MOST_SHAPES {
            self.shapes.push(shape);
        } else {
            self.shapes[self.oldest] = shape;
            self.oldest = (self.oldest + 1) % MOST_SHAPES;
        }
    }
}

/// Reads an object of a shape; none if it is of another.
#[inline]
fn read<'a>(shape: &[Before], text: &'a str, object: Range<usize>) -> Option<Fields<'a>> {
    // Words are read beyond the object, values are not.
    let (whole, bytes) = (text.as_bytes(), text.as_bytes().get(..object.end)?);
    let mut fields = Fields::plain();
    let mut at = object.start;
    for before in shape {
        let [first, second] = &before.bytes;
        if !first.stands_at(whole, at) || (before.length > WORD && !second.stands_at(whole, at + WORD)) {
            return None;
        }
        at += before.length;
        let (start, end) = match before.quoted {
            true => (at - 1, quote(bytes, at)? + 1),
            false => (at, scalar(bytes, at)?),
        };
        fields.set(before.key, text.get(start..end)?);
        at = end;
    }
    (bytes.get(at) == Some(&b'}') && at + 1 == object.end).then_some(fields)
}

impl Word {
    pub(super) fn of(bytes: &[u8]) -> Word {
        let unused = 8 * (WORD - bytes.len());
        Word { bytes: last_word(bytes), mask: u128::MAX.unbounded_shr(unused as u32) }
    }

    #[inline]
    pub(super) fn stands_at(&self, bytes: &[u8], at: usize) -> bool {
        (word_at(bytes, at) ^ self.bytes) & self.mask == 0
    }
}

/// Sixteen bytes; beyond the last of them, zeros.
#[inline]
fn word_at(bytes: &[u8], at: usize) -> u128 {
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(word) => u128::from_le_bytes(*word),
        None => last_word(bytes.get(at..).unwrap_or_default()),
    }
}

fn last_word(rest: &[u8]) -> u128 {
    let mut word = [0; WORD];
    word[..rest.len()].copy_from_slice(rest);
    u128::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(shapes: &mut Shapes, text: &'a str) -> Option<&'a str> {
        shapes.fields(text, 0..text.len()).and_then(|fields| fields.get(Key::Value))
    }

    #[test]
    fn an_object_of_a_known_shape_is_read_without_learning_it_again() {
        let mut shapes = Shapes::default();
        for (text, expected) in [
            (r#"{"station":"TN-0412","value":1.5}"#, Some("1.5")),
            (r#"{"station":"","value":-0}"#, Some("-0")),
            (r#"{"station":"TN-0412 TN-0412 TN-0412","value":null}"#, Some("null")),
            (r#"{"station":"TN"0412","value":1.5}"#, None),
            (r#"{"station":"TN-0412","value":1.5."#, None),
            (r#"{"station":"TN-0412","value":01}"#, None),
            (r#"{"station":"TN-0412","value"#, None),
        ] {
            assert_eq!(value(&mut shapes, text), expected, "{text}");
        }
        assert_eq!(shapes.shapes.len(), 1);
        let _ = value(&mut shapes, r#"{"station":"TN-0412", "value":1.5}"#);
        assert_eq!(shapes.shapes.len(), 2);
    }

    #[test]
    fn an_object_ends_where_it_ends() {
        let mut shapes = Shapes::default();
        let text = r#"{"value":1.5}{"value":1.5}"#;
        assert!(shapes.fields(text, 0..13).is_some() && shapes.fields(text, 13..26).is_some());
        for other in [0..26, 0..12, 0..14, 1..13] {
            assert!(shapes.fields(text, other.clone()).is_none(), "{other:?}");
        }
    }

    #[test]
    fn bound_of_more_shapes_than_are_remembered_the_oldest_is_forgotten() {
        let mut shapes = Shapes::default();
        for number in 0..100 {
            let text = format!(r#"{{"other{number}":1,"value":{number}}}"#);
            assert_eq!(value(&mut shapes, &text), Some(number.to_string().as_str()));
        }
        assert_eq!(shapes.shapes.len(), MOST_SHAPES);
        let long = "k".repeat(2 * WORD);
        assert_eq!(value(&mut shapes, &format!(r#"{{"{long}":1,"value":2}}"#)), Some("2"));
        let pairs = r#""other":1,"#.repeat(MOST_PAIRS);
        assert_eq!(value(&mut shapes, &format!(r#"{{{pairs}"value":2}}"#)), Some("2"));
        assert!(shapes.shapes.iter().all(|shape| shape.len() == 2));
    }
}
