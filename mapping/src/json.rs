//! Values from JSON and back. A message is read strictly (RFC 8259): what parsers disagree about is an error here, with the
//! line and column of it: keys given twice, `NaN`, numbers without digits.

use std::{
    fmt::{self, Write},
    rc::Rc,
};

use ioc_model::text::Text;

use crate::{
    meter::{self, DEEPEST},
    number::Number,
    value::{Map, Val},
};

/// Why a text is no JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotJson {
    /// Line and column, counted from 1; columns are characters.
    pub at: (usize, usize),
    /// What is wrong there.
    pub why: Text,
}

/// Reads one value, and nothing behind it but blanks.
pub(crate) fn parse(text: &str) -> Result<Val, NotJson> {
    let mut reader = Reader { text, at: 0 };
    let read = reader.value(0).and_then(|value| {
        reader.blanks();
        match reader.at == text.len() {
            true => Ok(value),
            false => Err(("sau giá trị JSON còn nội dung khác", "something stands behind the JSON value")),
        }
    });
    read.map_err(|(vi, en)| {
        let before = &text[..reader.at.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        NotJson { at: (line, column), why: Text { vi: vi.to_owned(), en: en.to_owned() } }
    })
}

/// What is wrong, in Vietnamese and English.
type Wrong = (&'static str, &'static str);

const ENDS: Wrong = ("JSON bị cắt giữa chừng", "the JSON ends before it is whole");
const NO_VALUE: Wrong = (
    "ở đây phải là một giá trị JSON (NaN và Infinity không phải là JSON)",
    "a JSON value must stand here (NaN and Infinity are none)",
);
const NO_NUMBER: Wrong = ("đây không phải là một số của JSON", "this is no number of JSON");
const NO_TEXT: Wrong = ("chuỗi ký tự này không đúng JSON", "this text in quotes is no JSON");
const TWICE: Wrong = (
    "khóa này xuất hiện hai lần trong đối tượng, không rõ giá trị nào đúng",
    "this key is given twice in its object, and which one counts is unclear",
);
const DEEP: Wrong = ("các dấu ngoặc lồng nhau quá sâu (128)", "its brackets nest too deep (128)");

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.next(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: u16) -> Result<Val, Wrong> {
        if depth > DEEPEST {
            return Err(DEEP);
        }
        self.blanks();
        match self.next().ok_or(ENDS)? {
            b'{' => self.object(depth + 1),
            b'[' => self.array(depth + 1),
            b'"' => Ok(Val::text(&self.string()?)),
            b'-' | b'0'..=b'9' => self.number(),
            _ => {
                let words = [("null", Val::Null), ("true", Val::Bool(true)), ("false", Val::Bool(false))];
                let word = words.into_iter().find(|(word, _)| self.text[self.at..].starts_with(word));
                let (word, value) = word.ok_or(NO_VALUE)?;
                self.at += word.len();
                Ok(value)
            }
        }
    }

    fn number(&mut self) -> Result<Val, Wrong> {
        let of_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.text.as_bytes()[self.at..].iter().take_while(|byte| of_number(byte)).count();
        let number = Number::parse(&self.text[self.at..self.at + length]).ok_or(NO_NUMBER)?;
        self.at += length;
        meter::bytes(length);
        Ok(Val::Num(number))
    }

    fn string(&mut self) -> Result<String, Wrong> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        loop {
            match bytes.get(end).ok_or(ENDS)? {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let raw = self.text.get(start..=end).ok_or(NO_TEXT)?;
        let text = serde_json::from_str(raw).map_err(|_| NO_TEXT)?;
        self.at = end + 1;
        Ok(text)
    }

    /// Behind an element: whether another follows.
    fn another(&mut self, close: u8) -> Result<bool, Wrong> {
        self.blanks();
        let found = self.next().ok_or(ENDS)?;
        if found != b',' && found != close {
            return Err((
                "ở đây phải là dấu phẩy hoặc dấu ngoặc đóng",
                "a comma or a closing bracket must stand here",
            ));
        }
        self.at += 1;
        Ok(found == b',')
    }

    /// Whether the brackets close at once.
    fn is_empty(&mut self, close: u8) -> bool {
        self.at += 1;
        self.blanks();
        let is_empty = self.next() == Some(close);
        self.at += usize::from(is_empty);
        is_empty
    }

    fn array(&mut self, depth: u16) -> Result<Val, Wrong> {
        let mut items = Vec::new();
        if !self.is_empty(b']') {
            loop {
                meter::steps(1);
                items.push(self.value(depth)?);
                if !self.another(b']')? {
                    break;
                }
            }
        }
        if depth > DEEPEST { Err(DEEP) } else { Ok(Val::array(items)) }
    }

    fn object(&mut self, depth: u16) -> Result<Val, Wrong> {
        let mut map = Map::new();
        if !self.is_empty(b'}') {
            loop {
                meter::steps(1);
                self.blanks();
                if self.next().ok_or(ENDS)? != b'"' {
                    return Err((
                        "ở đây phải là một khóa trong dấu ngoặc kép",
                        "a key in quotes must stand here",
                    ));
                }
                let start = self.at;
                let key: Rc<str> = self.string()?.into();
                if map.contains_key(&key) {
                    self.at = start;
                    return Err(TWICE);
                }
                self.blanks();
                if self.next().ok_or(ENDS)? != b':' {
                    return Err(("ở đây phải là dấu hai chấm", "a colon must stand here"));
                }
                self.at += 1;
                meter::bytes(key.len());
                let _ = map.insert(key, self.value(depth)?);
                if !self.another(b'}')? {
                    break;
                }
            }
        }
        if depth > DEEPEST { Err(DEEP) } else { Ok(Val::object(map)) }
    }
}

/// Writes a value as JSON. What is shared is written as often as it is said, so that every part of it counts.
pub(crate) fn write(value: &Val, to: &mut dyn Write) -> fmt::Result {
    meter::steps(1);
    match value {
        Val::Null => to.write_str("null"),
        Val::Bool(truth) => write!(to, "{truth}"),
        Val::Num(number) => write!(to, "{number}"),
        Val::Str(text) => write_text(text, to),
        Val::Arr(array) => {
            to.write_char('[')?;
            for (at, item) in array.items.iter().enumerate() {
                if at > 0 {
                    to.write_char(',')?;
                }
                write(item, to)?;
            }
            to.write_char(']')
        }
        Val::Obj(object) => {
            to.write_char('{')?;
            for (at, (key, value)) in object.map.iter().enumerate() {
                if at > 0 {
                    to.write_char(',')?;
                }
                write_text(key, to)?;
                to.write_char(':')?;
                write(value, to)?;
            }
            to.write_char('}')
        }
    }
}

fn write_text(text: &str, to: &mut dyn Write) -> fmt::Result {
    meter::bytes(text.len());
    to.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => to.write_str("\\\"")?,
            '\\' => to.write_str("\\\\")?,
            '\n' => to.write_str("\\n")?,
            '\r' => to.write_str("\\r")?,
            '\t' => to.write_str("\\t")?,
            control if control < ' ' => write!(to, "\\u{:04x}", u32::from(control))?,
            other => to.write_char(other)?,
        }
    }
    to.write_char('"')
}

pub(crate) fn to_text(value: &Val) -> String {
    let mut text = String::new();
    let _whole = write(value, &mut text);
    text
}

/// As much of a text as a sentence has room for.
pub(crate) struct Start {
    pub(crate) text: String,
    most: usize,
}

impl Start {
    pub(crate) fn of(most: usize) -> Start {
        Start { text: String::new(), most }
    }
}

impl Write for Start {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        for character in part.chars() {
            if self.text.len() >= self.most {
                self.text.push('…');
                return Err(fmt::Error);
            }
            self.text.push(character);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_read_is_written_as_it_was() {
        for text in [
            r#"{"a":[1,2.50,-0.1,18446744073709551615],"b":{"c":null,"d":true},"e":"\"ấ\\\n\u0001"}"#,
            "[]",
            "{}",
            "1e300",
            "\"\"",
        ] {
            assert_eq!(to_text(&parse(text).unwrap()), text);
        }
    }

    #[test]
    fn what_parsers_disagree_about_is_an_error_with_its_place() {
        for (text, at, en) in [
            ("{\"a\":1,\n \"a\":2}", (2, 2), "this key is given twice"),
            ("{\"v\":NaN}", (1, 6), "a JSON value must stand here"),
            ("[1,]", (1, 4), "a JSON value must stand here"),
            ("[1 2]", (1, 4), "a comma"),
            ("{\"v\":01}", (1, 6), "this is no number"),
            ("{\"v\":", (1, 6), "the JSON ends"),
            ("\"\\x\"", (1, 1), "this text in quotes"),
            ("{} {}", (1, 4), "something stands behind"),
        ] {
            let wrong = parse(text).unwrap_err();
            assert_eq!(wrong.at, at, "{text}");
            assert!(wrong.why.en.starts_with(en), "{text}: {}", wrong.why.en);
        }
    }

    #[test]
    fn safe_brackets_nest_to_a_bound() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(usize::from(DEEPEST))).is_ok());
        for depth in [usize::from(DEEPEST) + 1, 100_000] {
            assert_eq!(parse(&nested(depth)).unwrap_err().why.en, DEEP.1);
        }
        assert!(parse(&"{\"a\":".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn safe_any_text_is_json_as_serde_json_has_it_or_none(text in "[\\[\\]{}\":,0-9a-f\\\\. eE+-]{0,30}") {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            if let Ok(value) = parse(&text) {
                prop_assert!(theirs.is_ok() || to_text(&value).contains(['e', 'E']), "{text}");
            }
        }
    }
}
