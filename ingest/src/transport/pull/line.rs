//! Rows of an answer as lines of CSV (RFC 4180), nothing of their values changed.

/// A line of CSV: an empty text is quoted, so that it is not what is not there.
pub(crate) fn line<'v>(values: impl Iterator<Item = Option<&'v str>>) -> String {
    let mut line = String::new();
    for (number, value) in values.enumerate() {
        if number > 0 {
            line.push(',');
        }
        let Some(value) = value else { continue };
        let is_plain = !value.is_empty()
            && !value.contains([',', ';', '\t', '"', '\n', '\r'])
            && value.trim().len() == value.len();
        if is_plain {
            line.push_str(value);
        } else {
            line.push('"');
            line.push_str(&value.replace('"', "\"\""));
            line.push('"');
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_stands_in_the_source_and_an_empty_text_is_not_nothing() {
        let values =
            [Some("25459"), None, Some(""), Some("a,b"), Some("nói \"vâng\""), Some("1\n2"), Some(" x")];
        assert_eq!(line(values.into_iter()), "25459,,\"\",\"a,b\",\"nói \"\"vâng\"\"\",\"1\n2\",\" x\"\n");
    }
}
