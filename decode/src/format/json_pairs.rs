//! The pairs of a JSON object, each value as its raw text: of nested records of which only some fields are looked at.
//!
//! A key that is given twice is handed on twice: Suricata has written such records, and an event is not lost for it.

use std::borrow::Cow;

use super::{
    json_flat::has_escape,
    json_plain::Plain,
    json_text::{self, DEEPEST},
};

/// The pairs of one object, in order.
#[derive(Debug)]
pub(super) struct Pairs<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Pairs<'a> {
    /// Of a text that is one object and [nests no deeper](json_text::is_shallow) than may be; none if it is not.
    pub(super) fn of(text: &'a str) -> Option<Pairs<'a>> {
        Pairs::of_plain(text).or_else(|| Pairs::of_any(text))
    }

    /// By a walk over what is plain. What it does not see at a glance it leaves to the parser: this can be quicker, never
    /// different.
    fn of_plain(text: &'a str) -> Option<Pairs<'a>> {
        let mut pairs = Vec::with_capacity(24);
        let end = Plain::of(text)?.members(0, DEEPEST - 1, |key, value| {
            pairs.push((Cow::Borrowed(text.get(key)?), text.get(value)?));
            Some(())
        })?;
        (end == text.len()).then_some(Pairs(pairs))
    }

    fn of_any(text: &'a str) -> Option<Pairs<'a>> {
        let mut pairs = Vec::with_capacity(24);
        let mut end = None;
        for pair in sonic_rs::to_object_iter(text) {
            let (key, value) = pair.ok()?;
            // Of a text at hand every value is a part of that.
            let Cow::Borrowed(raw) = value.as_raw_cow() else { return None };
            end = Some((raw.as_ptr() as usize).checked_sub(text.as_ptr() as usize)? + raw.len());
            pairs.push((key, raw));
        }
        // The parser stops where the object ends.
        let behind = match end {
            Some(end) => text.get(end..)?,
            None => text.trim_ascii_start().strip_prefix('{')?,
        };
        (behind.trim_ascii() == "}").then_some(Pairs(pairs))
    }

    /// Each key and the raw text of its value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(key, value)| (&**key, *value))
    }
}

/// A scalar as a text: what stands between the quotes, a number as it is written, nothing for `null`.
pub(super) fn scalar(raw: &str) -> Cow<'_, str> {
    match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(text) if !has_escape(text) => Cow::Borrowed(text),
        Some(_) => sonic_rs::from_str::<String>(raw).map_or(Cow::Borrowed(raw), Cow::Owned),
        None if raw == "null" => Cow::Borrowed(""),
        None => Cow::Borrowed(raw),
    }
}

/// A scalar, or those of an array, with blanks between them.
pub(super) fn joined(raw: &str) -> Cow<'_, str> {
    if !raw.starts_with('[') {
        return scalar(raw);
    }
    let elements = json_text::elements(raw.as_bytes()).into_iter().flatten();
    let texts = elements.filter_map(|element| std::str::from_utf8(element).ok());
    let texts: Vec<Cow<'_, str>> = texts.map(scalar).filter(|text| !text.is_empty()).take(32).collect();
    Cow::Owned(texts.join(" "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_are_handed_on_with_their_values_as_they_are_written() {
        let text = r#"{ "a" : 1e999, "b\u0061":"x\ny","a":{"c":[1,{"d":2}]}, "e":null }"#;
        let pairs = Pairs::of(text).unwrap();
        let found: Vec<(&str, &str)> = pairs.iter().collect();
        let expected = [("a", "1e999"), ("ba", r#""x\ny""#), ("a", r#"{"c":[1,{"d":2}]}"#), ("e", "null")];
        assert_eq!(found, expected);
        assert_eq!(Pairs::of(" { } ").map(|pairs| pairs.0.len()), Some(0));
        for no_object in
            ["", "{", "[]", "1", r#"{"a":1}}"#, r#"{"a":}"#, r#"{"a":1} x"#, "{}{}", "{}}", r#"{"a":1,}"#]
        {
            assert!(Pairs::of(no_object).is_none(), "{no_object}");
        }
    }

    #[test]
    fn scalars_become_texts() {
        for (raw, text) in [
            (r#""a\"b""#, "a\"b"),
            ("12", "12"),
            ("null", ""),
            ("true", "true"),
            (r#"["Any", "Web\tServer",null,3]"#, "Any Web\tServer 3"),
            ("[]", ""),
        ] {
            assert_eq!(joined(raw), text, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn a_walk_finds_what_the_parser_finds(pieces in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\":", "\"\\n\"", "1", "-0.5e3", "01", "true", "nul", "null", " ", "\n",
            "{\"c\":[1,{}]}", "ế", "\"a\":1,", "\"\\/\\u00e1\\\"\"", "\"\\u00\"", "\"\\x\"", "\"\\\\\"", "\\", "\"\\u0061\":1,", "\t",
        ]), 0..12), wraps: bool) {
            let text = pieces.concat();
            let text = if wraps { format!("{{\"a\":{text}}}") } else { text };
            if let Some(walked) = Pairs::of_plain(&text) {
                let parsed = Pairs::of_any(&text).map(|pairs| pairs.0);
                prop_assert_eq!(Some(walked.0), parsed, "{}", text);
            }
        }
    }
}
