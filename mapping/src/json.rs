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

/// Writes a value as JSON, and pays for every byte that is written. What is shared is written as often as it is said, so
/// that every part of it counts.
pub(crate) fn write(value: &Val, to: &mut dyn Write) -> fmt::Result {
    write_paid(value, &mut Paid(to))
}

struct Paid<'w>(&'w mut dyn Write);

impl Write for Paid<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        meter::bytes(part.len());
        self.0.write_str(part)
    }
}

fn write_paid(value: &Val, to: &mut Paid<'_>) -> fmt::Result {
    meter::steps(1);
    match value {
        Val::Null => to.write_str("null"),
        Val::Bool(truth) => write!(to, "{truth}"),
        Val::Num(number) => write!(to, "{number}"),
        Val::Str(text) => write_text(text, to),
        Val::Arr(array) => {
            to.write_str("[")?;
            for (at, item) in array.items.iter().enumerate() {
                if at > 0 {
                    to.write_str(",")?;
                }
                write_paid(item, to)?;
            }
            to.write_str("]")
        }
        Val::Obj(object) => {
            to.write_str("{")?;
            for (at, (key, value)) in object.map.iter().enumerate() {
                if at > 0 {
                    to.write_str(",")?;
                }
                write_text(key, to)?;
                to.write_str(":")?;
                write_paid(value, to)?;
            }
            to.write_str("}")
        }
    }
}

fn write_text(text: &str, to: &mut Paid<'_>) -> fmt::Result {
    to.write_str("\"")?;
    let mut rest = text;
    while let Some(at) = rest.find(|character| character < ' ' || matches!(character, '"' | '\\')) {
        to.write_str(&rest[..at])?;
        match rest.as_bytes()[at] {
            b'"' => to.write_str("\\\"")?,
            b'\\' => to.write_str("\\\\")?,
            b'\n' => to.write_str("\\n")?,
            b'\r' => to.write_str("\\r")?,
            b'\t' => to.write_str("\\t")?,
            control => write!(to, "\\u{control:04x}")?,
        }
        rest = &rest[at + 1..];
    }
    to.write_str(rest)?;
    to.write_str("\"")
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
mod tests;
