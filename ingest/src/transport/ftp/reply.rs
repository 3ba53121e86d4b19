//! Answers on the control connection: a code of RFC 959 and a sentence.

/// Of one line. What a client said may stand in it, so what would end the line is taken out.
pub(super) fn line(code: u16, sentence: &str) -> Vec<u8> {
    let sentence: String = sentence.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    format!("{code} {sentence}\r\n").into_bytes()
}

/// Of several lines (RFC 959, section 4.2), the first and the last with the code.
pub(super) fn lines(code: u16, first: &str, between: &[&str], last: &str) -> Vec<u8> {
    let mut text = format!("{code}-{first}\r\n");
    for line in between {
        text.push(' ');
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str(&format!("{code} {last}\r\n"));
    text.into_bytes()
}

/// A name in quotes, as PWD and MKD tell it: a quote in it stands twice.
pub(super) fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_an_answer_is_one_line_whatever_was_said() {
        assert_eq!(line(553, "no feed has /a\r\n226 done"), b"553 no feed has /a  226 done\r\n");
        assert_eq!(quoted("/a\"b"), "\"/a\"\"b\"");
    }

    #[test]
    fn of_several_lines_only_the_first_and_the_last_have_the_code() {
        assert_eq!(lines(211, "Spoken here", &["SIZE"], "End"), b"211-Spoken here\r\n SIZE\r\n211 End\r\n");
    }
}
