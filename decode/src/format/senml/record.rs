//! A record of SenML before it is resolved, whichever way it was written.

use std::borrow::Cow;

/// A record's fields as they stand there; numbers as decimal texts.
#[derive(Debug, Default)]
pub(super) struct Record<'a> {
    pub(super) bver: Option<Cow<'a, str>>,
    pub(super) bn: Option<Cow<'a, str>>,
    pub(super) bt: Option<Cow<'a, str>>,
    pub(super) bu: Option<Cow<'a, str>>,
    pub(super) bv: Option<Cow<'a, str>>,
    pub(super) n: Option<Cow<'a, str>>,
    pub(super) u: Option<Cow<'a, str>>,
    pub(super) v: Option<Cow<'a, str>>,
    pub(super) t: Option<Cow<'a, str>>,
    pub(super) vb: Option<bool>,
    /// Whether its value is a text or bytes.
    pub(super) is_other: bool,
    pub(super) has_sum: bool,
    /// A field that is given twice.
    pub(super) twice: Option<&'static str>,
    /// A field of another type than it has.
    pub(super) wrong: Option<Wrong>,
    /// A label that must be understood and is not.
    pub(super) must_understand: Option<Box<str>>,
    seen: u16,
}

/// What stands in a field that is not of its type.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) field: &'static str,
    pub(super) found: Box<str>,
}

/// What stands behind a label.
#[derive(Debug)]
pub(super) enum Value<'a> {
    /// As a decimal text.
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    Flag(bool),
    /// Bytes, or what has others within it.
    Other,
    /// `null` of JSON: as good as not there.
    Nothing,
}

/// The labels (RFC 8428, table 4): their names in JSON and their numbers in CBOR.
const LABELS: [(&str, i64); 15] = [
    ("bver", -1),
    ("bn", -2),
    ("bt", -3),
    ("bu", -4),
    ("bv", -5),
    ("bs", -6),
    ("n", 0),
    ("u", 1),
    ("v", 2),
    ("vs", 3),
    ("vb", 4),
    ("s", 5),
    ("t", 6),
    ("ut", 7),
    ("vd", 8),
];

impl<'a> Record<'a> {
    /// Takes a field by its number in CBOR. Other numbers mean nothing.
    pub(super) fn take_numbered(&mut self, number: i64, value: Value<'a>) {
        if let Some(at) = LABELS.iter().position(|(_, known)| *known == number) {
            self.take_at(at, value);
        }
    }

    /// Takes a field by its name in JSON.
    pub(super) fn take_named(&mut self, name: &str, value: Value<'a>) {
        match LABELS.iter().position(|(known, _)| *known == name) {
            Some(at) => self.take_at(at, value),
            None if name.ends_with('_') => self.must_understand = Some(name.into()),
            None => {}
        }
    }

    fn take_at(&mut self, at: usize, value: Value<'a>) {
        let (field, _) = LABELS[at];
        if self.seen & (1 << at) != 0 {
            self.twice = Some(field);
        }
        self.seen |= 1 << at;
        let (slot, is_text) = match (field, &value) {
            (_, Value::Nothing) => return,
            ("vs", Value::Text(_)) | ("vd", Value::Text(_) | Value::Other) => {
                self.is_other = true;
                return;
            }
            ("vb", Value::Flag(flag)) => {
                self.vb = Some(*flag);
                return;
            }
            ("s", Value::Number(_)) => {
                self.has_sum = true;
                return;
            }
            ("bs" | "ut", Value::Number(_)) => return,
            ("bn", _) => (&mut self.bn, true),
            ("bu", _) => (&mut self.bu, true),
            ("n", _) => (&mut self.n, true),
            ("u", _) => (&mut self.u, true),
            ("bver", _) => (&mut self.bver, false),
            ("bt", _) => (&mut self.bt, false),
            ("bv", _) => (&mut self.bv, false),
            ("v", _) => (&mut self.v, false),
            ("t", _) => (&mut self.t, false),
            _ => {
                self.wrong = Some(Wrong { field, found: value.told() });
                return;
            }
        };
        match value {
            Value::Text(text) if is_text => *slot = Some(text),
            Value::Number(number) if !is_text => *slot = Some(number),
            other => self.wrong = Some(Wrong { field, found: other.told() }),
        }
    }
}

impl Value<'_> {
    fn told(&self) -> Box<str> {
        match self {
            Value::Number(text) | Value::Text(text) => text.chars().take(100).collect::<String>().into(),
            Value::Flag(flag) => flag.to_string().into(),
            Value::Other => "…".into(),
            Value::Nothing => "null".into(),
        }
    }
}
