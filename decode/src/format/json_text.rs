//! The outline of a JSON text: how deep it goes, and where an array's elements lie.
//!
//! The JSON parser recurses over nested values it skips, without a limit: a megabyte of `[` would end the process
//! (invariant SAFE). So the depth is looked at first, over plain bytes and without recursion; rows are flat and need
//! none of it. The same walk finds the elements of an array, so that one broken element costs only itself.

/// Deeper nesting than this is refused.
pub(super) const DEEPEST: usize = 32;

/// Whether a text nests at most [`DEEPEST`] levels.
#[inline]
pub(super) fn is_shallow(text: &[u8]) -> bool {
    // Almost every row has fewer brackets than levels are allowed.
    let brackets = memchr::memchr2_iter(b'{', b'[', text).take(DEEPEST + 1).count();
    brackets <= DEEPEST || nests_at_most(text, DEEPEST)
}

fn nests_at_most(text: &[u8], limit: usize) -> bool {
    let mut outline = Outline::default();
    text.iter().all(|byte| {
        let _ = outline.step(*byte);
        outline.depth <= limit
    })
}

/// Where in a JSON text a walk is.
#[derive(Clone, Copy, Debug, Default)]
struct Outline {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

/// What a byte means to the outline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Open,
    Close,
    Comma,
    Other,
}

impl Outline {
    #[inline]
    fn step(&mut self, byte: u8) -> Mark {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Mark::Other;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                Mark::Other
            }
            b'{' | b'[' => {
                self.depth += 1;
                Mark::Open
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                Mark::Close
            }
            b',' => Mark::Comma,
            _ => Mark::Other,
        }
    }
}

/// The elements of an array that begins and ends with the text, without surrounding white space; none if the text is
/// not one array from its first to its last byte, or nests too deep.
pub(super) fn elements(text: &[u8]) -> Option<Elements<'_>> {
    let mut outline = Outline::default();
    for (at, byte) in text.iter().enumerate() {
        let _ = outline.step(*byte);
        if outline.depth > DEEPEST + 1 {
            return None;
        }
        if outline.depth == 0 {
            let is_array = text.first() == Some(&b'[') && *byte == b']' && at + 1 == text.len();
            return is_array.then(|| Elements { rest: Some(&text[1..at]) });
        }
    }
    None
}

/// See [`elements`].
#[derive(Debug)]
pub(super) struct Elements<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let mut outline = Outline::default();
        let end = rest.iter().position(|byte| outline.step(*byte) == Mark::Comma && outline.depth == 0);
        let element = match end {
            Some(comma) => {
                self.rest = Some(&rest[comma + 1..]);
                &rest[..comma]
            }
            None => {
                self.rest = None;
                rest
            }
        };
        Some(element.trim_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<Vec<&str>> {
        elements(text.as_bytes()).map(|all| all.map(|one| std::str::from_utf8(one).unwrap()).collect())
    }

    #[test]
    fn an_array_is_split_at_its_own_commas_only() {
        assert_eq!(parts("[]"), Some(vec![""]));
        assert_eq!(
            parts("[1, {\"a\":[1,2]} ,\"x,]\\\",\"]"),
            Some(vec!["1", "{\"a\":[1,2]}", "\"x,]\\\",\""])
        );
        assert_eq!(parts("[1,,2]"), Some(vec!["1", "", "2"]));
    }

    #[test]
    fn what_is_not_one_whole_array_has_no_elements() {
        for text in ["", "[", "[1", "[1]]", "[1] [2]", "{\"a\":1}", "[\"]", "1", "[1}"] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    #[test]
    fn depth_is_counted_outside_of_strings() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(is_shallow(nested(DEEPEST).as_bytes()));
        assert!(!is_shallow(nested(DEEPEST + 1).as_bytes()));
        assert!(!is_shallow("[".repeat(1 << 20).as_bytes()));
        assert!(is_shallow(format!("\"{}\"", "[".repeat(1_000)).as_bytes()));
        assert_eq!(parts(&"[".repeat(1 << 20)), None);
    }
}
