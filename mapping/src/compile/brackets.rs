//! How deep the brackets of a text nest, before anything goes down into them.
//!
//! Brackets count where they are brackets: not in texts and not in comments, but again in what a text takes in by `\\( … )`.
//! It is read as the interpreter's lexer reads it, or a closing bracket in a text would hide an opening one from the count.

const DEEPEST_BRACKETS: usize = 100;

/// What one is in, the innermost last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// Brackets of any kind: what closes others is wrong in any case, and ends the lexer's way.
    Brackets,
    Text,
}

/// Where the brackets nest too deep. Byte of the text.
pub(super) fn too_many_brackets(text: &str) -> Option<usize> {
    let mut within = Vec::new();
    let mut depth = 0usize;
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (within.last(), byte) {
            (Some(Within::Text), b'"') => drop(within.pop()),
            (Some(Within::Text), b'\\') => {
                at += 1;
                if bytes.get(at) == Some(&b'(') {
                    within.push(Within::Brackets);
                    depth += 1;
                }
            }
            (Some(Within::Text), _) => {}
            (_, b'"') => within.push(Within::Text),
            (_, b'#') => at = end_of_comment(text, at + 1),
            (_, b'(' | b'[' | b'{') => {
                within.push(Within::Brackets);
                depth += 1;
            }
            (_, b')' | b']' | b'}') => depth -= usize::from(within.pop().is_some()),
            _ => {}
        }
        if depth > DEEPEST_BRACKETS {
            return Some(at.min(text.len()));
        }
        at += 1;
    }
    None
}

/// The last byte of a comment that begins behind a `#`: a line that ends in an odd number of backslashes goes on.
fn end_of_comment(text: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        let rest = &text.as_bytes()[at..];
        let Some(length) = memchr::memchr(b'\n', rest) else { return text.len() };
        let line = rest[..length].strip_suffix(b"\r").unwrap_or(&rest[..length]);
        let backslashes = line.iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes.is_multiple_of(2) {
            return at + length;
        }
        at += length + 1;
    }
}

#[cfg(test)]
mod tests {
    use jaq_core::load::{
        Lexer,
        lex::{StrPart, Tok, Token},
    };
    use proptest::prelude::*;

    use super::*;

    /// How deep the lexer of the interpreter went.
    fn depth_of(tokens: &[Token<&str>]) -> usize {
        let of = |token: &Token<&str>| match &token.1 {
            Tok::Block(within) => 1 + depth_of(within),
            Tok::Str(parts) => {
                let within = parts.iter().map(|part| match part {
                    StrPart::Term(token) => depth_of(std::slice::from_ref(token)),
                    StrPart::Str(_) | StrPart::Char(_) => 0,
                });
                within.max().unwrap_or_default()
            }
            _ => 0,
        };
        tokens.iter().map(of).max().unwrap_or_default()
    }

    #[test]
    fn safe_brackets_in_texts_and_comments_close_nothing() {
        let deep = |one: &str| one.repeat(DEEPEST_BRACKETS + 1);
        for text in [
            deep("(\")\"|"),
            deep("[\"]]]]\","),
            deep("{a: \"}\" + "),
            deep("( # ))))\n"),
            deep("( # \\\n ) \\\r\n )\n"),
            deep("(\"\\\")\"|"),
            deep("\"\\("),
            deep("\")\\(\")\"|"),
            deep("(\"\\u0029)\"|"),
        ] {
            assert!(too_many_brackets(&text).is_some(), "{}", &text[..20]);
        }
        for text in [
            "\"((((\",".repeat(200),
            "# ((((\n".repeat(200),
            "# \\\n((((\n".repeat(200),
            "\"\\(1)\",".repeat(200),
            "(\"\\\\\")|".repeat(200),
            "([{}])".repeat(200),
        ] {
            assert_eq!(too_many_brackets(&text), None, "{}", &text[..20]);
        }
    }

    /// A text in jq's lexis whose brackets nest so deep, with closing ones where they are none.
    fn nested() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("1".to_owned()),
            Just("\")]}\"".to_owned()),
            Just("\"\\\")\"".to_owned()),
            Just("\"\\\\\"".to_owned()),
            Just("\"ấ\\u0029(\"".to_owned()),
            Just(".a # )]}\"\n".to_owned()),
            Just(". # ) \\\n ] \\\\\n".to_owned()),
        ];
        leaf.prop_recursive(140, 400, 3, |inner| {
            let both = (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("{one},{two}"));
            prop_oneof![
                4 => inner.clone().prop_map(|inner| format!("({inner})")),
                4 => inner.clone().prop_map(|inner| format!("[{inner}]")),
                4 => inner.clone().prop_map(|inner| format!("{{a:{inner}}}")),
                4 => inner.clone().prop_map(|inner| format!("\")x\\({inner})]\"")),
                1 => both,
            ]
        })
    }

    fn agrees(text: &str) -> Result<(), TestCaseError> {
        // Not so deep that the lexer itself has no room.
        prop_assume!(text.len() < 20_000);
        let Ok(tokens) = Lexer::new(text).lex() else { return Ok(()) };
        prop_assert_eq!(too_many_brackets(text).is_some(), depth_of(&tokens) > DEEPEST_BRACKETS, "{}", text);
        Ok(())
    }

    proptest! {
        #[test]
        fn safe_the_depth_is_that_which_the_lexer_goes_to(text in nested(), more in 0..120usize) {
            agrees(&text)?;
            agrees(&format!("{}{text}{}", "(".repeat(more), ")".repeat(more)))?;
            agrees(&format!("{}{text}{}", "\"]\\(".repeat(more), ")[\"".repeat(more)))?;
        }

        #[test]
        fn safe_whatever_else_a_text_is_the_depth_is_the_lexers(
            text in "[\\(\\)\\[\\]{}\"\\\\#\\na.u0]{0,40}",
            more in 95..105usize,
        ) {
            agrees(&text)?;
            agrees(&format!("{}{text}{}", "[".repeat(more), "]".repeat(more)))?;
        }
    }
}
