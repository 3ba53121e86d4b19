//! Places in JSON (RFC 6901), and what stands there as it is written: nobody's numbers go through a float.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// A text as JSON, read through once.
///
/// # Errors
/// If it is none.
pub(super) fn whole(text: &str) -> Result<&RawValue, serde_json::Error> {
    serde_json::from_str(text)
}

/// What stands at a place of JSON; none if nothing does.
///
/// # Errors
/// If something on the way there is no JSON.
pub(super) fn at<'b>(whole: &'b RawValue, pointer: &str) -> Result<Option<&'b RawValue>, serde_json::Error> {
    let mut found = whole;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let below = match found.get().as_bytes().first() {
            Some(b'{') => {
                let fields: BTreeMap<String, &RawValue> = serde_json::from_str(found.get())?;
                fields.get(&token).copied()
            }
            Some(b'[') => match index(&token) {
                Some(index) => items(found)?.get(index).copied(),
                None => None,
            },
            _ => None,
        };
        match below {
            Some(below) => found = below,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// Digits without a leading zero.
fn index(token: &str) -> Option<usize> {
    let is_index =
        token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    token.parse().ok().filter(|_| is_index)
}

/// The items of a list, as they are written.
pub(super) fn items(list: &RawValue) -> Result<Vec<&RawValue>, serde_json::Error> {
    serde_json::from_str(list.get())
}

/// The fields of an object, as they are written.
pub(super) fn fields(text: &str) -> Result<BTreeMap<String, &str>, serde_json::Error> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
    Ok(fields.into_iter().map(|(name, value)| (name, value.get())).collect())
}

/// A value as a text: a text is what it says, everything else as it is written; none of `null`.
pub(super) fn text(value: &str) -> Option<String> {
    match value.as_bytes().first() {
        Some(b'"') => serde_json::from_str(value).ok(),
        _ if value == "null" => None,
        _ => Some(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_gives_what_is_written_there() {
        let text = r#" {"data": [ {"id": 12345678901234567890.10, "a/b": {"m~n": "x"}} , 2 ], "": null} "#;
        let whole = whole(text).unwrap();
        let of = |pointer: &str| at(whole, pointer).unwrap().map(RawValue::get);
        assert_eq!(of("/data/0/id"), Some("12345678901234567890.10"));
        assert_eq!(of("/data/0/a~1b/m~0n"), Some("\"x\""));
        assert_eq!(of("/data/1"), Some("2"));
        assert_eq!(of("/"), Some("null"));
        assert_eq!(of("").unwrap().as_bytes()[0], b'{');
        for none in ["/data/2", "/data/00", "/data/x", "/data/-", "/data/1/x", "/nothing"] {
            assert_eq!(of(none), None, "{none}");
        }
        for none in ["{\"a\": [1,]}", "<html>", ""] {
            assert!(super::whole(none).is_err(), "{none}");
        }
    }

    #[test]
    fn a_value_is_told_as_it_is_written_and_null_is_nothing() {
        assert_eq!(text("\"C\\u00e1i\""), Some("Cái".to_owned()));
        assert_eq!(text("0.10"), Some("0.10".to_owned()));
        assert_eq!(text("true"), Some("true".to_owned()));
        assert_eq!(text("null"), None);
    }
}
