//! The fields of one row of JSON, each as its raw text: by the quick way, or by the general parser.

use std::{borrow::Cow, ops::Range};

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use sonic_rs::LazyValue;

use super::{
    json_flat,
    json_text::{DEEPEST, is_shallow},
};
use crate::contract::{Refusal, quoted};

/// A right row, for messages.
pub(super) const EXAMPLE: &str =
    r#"{"indicator":"pm25","subject":"TN-0412","time":"2026-01-01T07:00:00+07:00","value":37.25}"#;

/// Why a text is no row.
#[derive(Debug)]
pub(super) enum NoRow {
    NotUtf8,
    TooDeep,
    NotAnObject,
}

impl NoRow {
    pub(super) fn refusal(&self, found: &[u8]) -> Refusal {
        if let (NoRow::NotAnObject, Some(word)) = (self, word_for_value(found)) {
            return Refusal::not_a_number("value", word);
        }
        let found = quoted(&String::from_utf8_lossy(&found[..found.len().min(400)]));
        let (vi, en) = match self {
            NoRow::NotUtf8 => ("có byte không thuộc bảng mã UTF-8", "it has bytes that are not UTF-8"),
            NoRow::TooDeep => ("các dấu ngoặc lồng nhau quá sâu", "its brackets nest too deep"),
            NoRow::NotAnObject => {
                ("đây không phải là một đối tượng JSON hoàn chỉnh", "it is not one whole JSON object")
            }
        };
        let levels = match self {
            NoRow::TooDeep => format!(" ({DEEPEST})"),
            _ => String::new(),
        };
        Refusal::malformed(
            format!("Không đọc được '{found}': {vi}{levels}. Ví dụ đúng: {EXAMPLE}"),
            format!("'{found}' cannot be read: {en}{levels}. A right one: {EXAMPLE}"),
        )
    }
}

/// The word in place of a value: `NaN` and `Infinity` are no JSON, but common printers write them.
fn word_for_value(row: &[u8]) -> Option<&'static str> {
    let at = memchr::memmem::find(row, b"\"value\"")?;
    let value = row[at + b"\"value\"".len()..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    ["NaN", "Infinity", "-Infinity", "-NaN", "inf", "-inf"]
        .into_iter()
        .find(|word| value.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes())))
}

/// A row's fields, each as its raw JSON text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Fields<'a> {
    /// By key.
    texts: [Option<&'a str>; Key::COUNT],
    pub(super) twice: Option<&'static str>,
    /// No text in it has an escape.
    pub(super) plain: bool,
}

/// The same, as the general parser hands them out.
#[derive(Debug, Default)]
pub(super) struct Parsed<'a> {
    indicator: Option<Cow<'a, str>>,
    subject: Option<Cow<'a, str>>,
    time: Option<Cow<'a, str>>,
    value: Option<Cow<'a, str>>,
    unit: Option<Cow<'a, str>>,
    quality: Option<Cow<'a, str>>,
    twice: Option<&'static str>,
}

impl<'a> Parsed<'a> {
    #[cold]
    pub(super) fn of(row: &'a [u8]) -> Result<Parsed<'a>, NoRow> {
        if !is_shallow(row) {
            return Err(NoRow::TooDeep);
        }
        let text = std::str::from_utf8(row).map_err(|_| NoRow::NotUtf8)?;
        sonic_rs::from_str(text).map_err(|_| NoRow::NotAnObject)
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        let mut fields = Fields { twice: self.twice, ..Fields::default() };
        for (key, text) in [
            (Key::Indicator, &self.indicator),
            (Key::Subject, &self.subject),
            (Key::Time, &self.time),
            (Key::Value, &self.value),
            (Key::Unit, &self.unit),
            (Key::Quality, &self.quality),
        ] {
            fields.texts[key as usize] = text.as_deref();
        }
        fields
    }
}

/// What is made of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    Indicator,
    Subject,
    Time,
    Value,
    Unit,
    Quality,
    Other,
}

impl Key {
    const COUNT: usize = Key::Other as usize + 1;

    #[inline]
    fn of(key: &str) -> Key {
        // As arrays they are compared as numbers; as texts, each by a call.
        match key.as_bytes() {
            [b't', b's'] | [b't', b'i', b'm', b'e'] => Key::Time,
            [b'u', b'n', b'i', b't'] => Key::Unit,
            [b'v', b'a', b'l', b'u', b'e'] => Key::Value,
            [b's', b'u', b'b', b'j', b'e', b'c', b't'] | [b's', b't', b'a', b't', b'i', b'o', b'n'] => {
                Key::Subject
            }
            [b'q', b'u', b'a', b'l', b'i', b't', b'y'] => Key::Quality,
            [b'i', b'n', b'd', b'i', b'c', b'a', b't', b'o', b'r'] => Key::Indicator,
            _ => Key::Other,
        }
    }
}

impl<'a> Fields<'a> {
    /// Of a row without escapes, nothing read yet.
    #[inline]
    pub(super) fn plain() -> Fields<'a> {
        Fields { plain: true, ..Fields::default() }
    }

    /// Of a row that is plainly flat; none if the general parser must look. `each` hears of every pair, and where in
    /// the text its value lies.
    #[inline]
    pub(super) fn of_flat(text: &'a str, mut each: impl FnMut(Key, Range<usize>)) -> Option<Fields<'a>> {
        let mut fields = Fields::plain();
        json_flat::pairs(text, |key, value| {
            let key = Key::of(key);
            if fields.get(key).is_some() {
                return None;
            }
            fields.set(key, text.get(value.clone())?);
            each(key, value);
            Some(())
        })?;
        Some(fields)
    }

    /// All that is made something of.
    #[cfg(test)]
    pub(super) fn read(&self) -> ([Option<&'a str>; Key::COUNT - 1], Option<&'static str>) {
        (std::array::from_fn(|at| self.texts[at]), self.twice)
    }

    /// The raw text of a field.
    #[inline]
    pub(super) fn get(&self, key: Key) -> Option<&'a str> {
        self.texts[key as usize].filter(|_| !matches!(key, Key::Other))
    }

    #[inline]
    pub(super) fn set(&mut self, key: Key, text: &'a str) {
        self.texts[key as usize] = Some(text);
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a key")
            }

            #[inline]
            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(Key::of(key))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}

impl<'de> Deserialize<'de> for Parsed<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Parsed<'de>, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Parsed<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an observation")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parsed<'de>, A::Error> {
                let mut fields = Parsed::default();
                while let Some(key) = map.next_key::<Key>()? {
                    let (slot, name) = match key {
                        Key::Indicator => (&mut fields.indicator, "indicator"),
                        Key::Subject => (&mut fields.subject, "subject"),
                        Key::Time => (&mut fields.time, "time"),
                        Key::Value => (&mut fields.value, "value"),
                        Key::Unit => (&mut fields.unit, "unit"),
                        Key::Quality => (&mut fields.quality, "quality"),
                        Key::Other => {
                            let _ignored: IgnoredAny = map.next_value()?;
                            continue;
                        }
                    };
                    let value: LazyValue<'de> = map.next_value()?;
                    if slot.replace(value.as_raw_cow()).is_some() {
                        fields.twice = Some(name);
                    }
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::json_shape::Shapes, *};

    /// Rows, nearly rows, and rows somebody leant on the keyboard of.
    fn text() -> impl Strategy<Value = String> {
        let key = prop_oneof![
            Just("ts"),
            Just("station"),
            Just("indicator"),
            Just("value"),
            Just("quality"),
            Just("unit"),
            Just("time"),
            Just("subject"),
            Just("trạm"),
            Just(""),
            Just("va\\u006cue"),
        ];
        let value = prop_oneof![
            "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][-+]?[0-9]{1,2})?",
            "[-+0-9.eE]{0,8}",
            "\"[ -~]{0,12}\"",
            "\"\\PC{0,6}\"",
            "true|false|null|NaN|\\{\\}|\\[1\\]",
        ];
        let pair =
            (key, " {0,2}", value).prop_map(|(key, blank, value)| format!("\"{key}\"{blank}:{blank}{value}"));
        let object =
            proptest::collection::vec(pair, 0..6).prop_map(|pairs| format!("{{{}}}", pairs.join(",")));
        (object, any::<prop::sample::Index>(), "[ \"{},:0x\\n\\t]?", any::<bool>()).prop_map(
            |(mut object, place, noise, lean)| {
                let place = place.index(object.len());
                if lean && object.is_char_boundary(place) {
                    object.insert_str(place, &noise);
                }
                object
            },
        )
    }

    /// Objects such as a device writes them, and such as one might that writes nearly the same.
    fn family() -> impl Strategy<Value = Vec<String>> {
        (text(), proptest::collection::vec((any::<prop::sample::Index>(), "[ -~]{0,3}"), 1..8)).prop_map(
            |(text, changes)| {
                let mut family = vec![text.clone()];
                for (place, put) in changes {
                    let (place, old) = place.get(&text.char_indices().collect::<Vec<_>>()).to_owned();
                    let mut other = text.clone();
                    other.replace_range(place..place + old.len_utf8(), &put);
                    family.push(other);
                }
                family
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn safe_a_known_shape_says_what_the_flat_way_says(
            family in family(),
            before in "[ -~]{0,20}",
            behind in "[ -~]{0,20}",
        ) {
            let mut shapes = Shapes::default();
            for text in family.iter().chain(&family) {
                if json_flat::is_plain(text.as_bytes()) && !text.contains('\n') {
                    let flat = Fields::of_flat(text, |_, _| {}).map(|fields| fields.read());
                    let among = format!("{before}{text}{behind}");
                    let shaped = shapes.fields(&among, before.len()..before.len() + text.len());
                    prop_assert_eq!(shaped.map(|fields| fields.read()), flat, "{}", text);
                }
            }
        }

        #[test]
        fn safe_the_quick_way_says_what_the_general_parser_says_or_nothing(text in text()) {
            let plain = json_flat::is_plain(text.as_bytes()) && !text.contains('\n');
            let quick = Some(&text).filter(|_| plain).and_then(|text| Fields::of_flat(text, |_, _| {}));
            if let Some(quick) = quick {
                let general = Parsed::of(text.as_bytes());
                prop_assert!(general.is_ok(), "only the quick way reads {}", text);
                let general = general.unwrap();
                prop_assert_eq!(quick.read(), general.fields().read(), "{}", text);
            }
        }
    }

    #[test]
    fn what_sensors_send_takes_the_quick_way() {
        for text in [
            EXAMPLE,
            r#"{ "ts": 1767225600, "station": "a", "indicator": "pm25", "value": "1.5", "quality": null }"#,
        ] {
            assert!(Fields::of_flat(text, |_, _| {}).is_some(), "{text}");
        }
    }
}
