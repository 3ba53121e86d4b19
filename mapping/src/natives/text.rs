//! Texts, and the bytes that gateways write as texts.

use base64::{Engine, engine::general_purpose::STANDARD};
use jaq_core::native::{bome, unary, v};

use super::Natives;
use crate::{
    meter,
    value::{Error, Val},
};

pub(super) fn all() -> Natives {
    vec![
        ("utf8bytelength", v(0), |cv| bome(cv.1.as_text().map(|text| Val::count(text.len())))),
        ("ascii_downcase", v(0), |cv| bome(of(&cv.1, |text| Ok(Val::text(&text.to_ascii_lowercase()))))),
        ("ascii_upcase", v(0), |cv| bome(of(&cv.1, |text| Ok(Val::text(&text.to_ascii_uppercase()))))),
        ("trim", v(0), |cv| bome(of(&cv.1, |text| Ok(Val::text(text.trim()))))),
        ("ltrim", v(0), |cv| bome(of(&cv.1, |text| Ok(Val::text(text.trim_start()))))),
        ("rtrim", v(0), |cv| bome(of(&cv.1, |text| Ok(Val::text(text.trim_end()))))),
        ("explode", v(0), |cv| {
            bome(of(&cv.1, |text| Ok(text.chars().map(|one| Val::int(u32::from(one).into())).collect())))
        }),
        ("implode", v(0), |cv| bome(implode(&cv.1))),
        ("startswith", v(1), |cv| {
            unary(cv, |text, part| Ok(Val::Bool(paid(&text)?.starts_with(part.as_text()?))))
        }),
        ("endswith", v(1), |cv| {
            unary(cv, |text, part| Ok(Val::Bool(paid(&text)?.ends_with(part.as_text()?))))
        }),
        ("ltrimstr", v(1), |cv| {
            unary(cv, |text, part| {
                Ok(match (&text, &part) {
                    (Val::Str(whole), Val::Str(part)) => {
                        meter::steps(part.len() / 64);
                        whole.strip_prefix(&**part).map_or(text.clone(), Val::text)
                    }
                    _ => text,
                })
            })
        }),
        ("rtrimstr", v(1), |cv| {
            unary(cv, |text, part| {
                Ok(match (&text, &part) {
                    (Val::Str(whole), Val::Str(part)) => {
                        meter::steps(part.len() / 64);
                        whole.strip_suffix(&**part).map_or(text.clone(), Val::text)
                    }
                    _ => text,
                })
            })
        }),
        ("joined", v(1), |cv| unary(cv, |texts, separator| joined(texts.as_items()?, separator.as_text()?))),
        ("indices", v(1), |cv| unary(cv, |value, part| indices(&value, &part))),
        ("base64_text", v(0), |cv| {
            bome(of(&cv.1, |text| {
                let bytes = base64(text)?;
                let text = std::str::from_utf8(&bytes);
                text.map(Val::text).map_err(|_| {
                    Error::str("what is in the base64 is no text in UTF-8: read its bytes by base64_bytes")
                })
            }))
        }),
        ("to_base64", v(0), |cv| bome(of(&cv.1, |text| Ok(Val::text(&STANDARD.encode(text)))))),
        ("base64_bytes", v(0), |cv| bome(of(&cv.1, |text| Ok(bytes(&base64(text)?))))),
        ("hex_bytes", v(0), |cv| bome(of(&cv.1, |text| hexadecimal(text).map(|found| bytes(&found))))),
    ]
}

/// A text that is looked at, which is paid for.
fn paid(value: &Val) -> Result<&str, Error> {
    let text = value.as_text()?;
    meter::steps(1 + text.len() / 16);
    Ok(text)
}

/// Of a text.
fn of(value: &Val, make: impl Fn(&str) -> Result<Val, Error>) -> Result<Val, Error> {
    make(paid(value)?)
}

fn bytes(bytes: &[u8]) -> Val {
    bytes.iter().map(|byte| Val::int((*byte).into())).collect()
}

fn base64(text: &str) -> Result<Vec<u8>, Error> {
    meter::bytes(text.len());
    STANDARD.decode(text).map_err(|wrong| Error::str(format_args!("the text is no base64: {wrong}")))
}

fn hexadecimal(text: &str) -> Result<Vec<u8>, Error> {
    let wrong = || Error::str("the text is not of pairs of hexadecimal digits");
    let pair = |pair: &[u8]| match pair {
        [high, low] => {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
        }
        _ => None,
    };
    text.as_bytes().chunks(2).map(|two| pair(two).ok_or_else(wrong)).collect()
}

/// Texts as one; one after the other, each sum of two would be copied again.
fn joined(texts: &[Val], separator: &str) -> Result<Val, Error> {
    let mut all = String::new();
    for (at, text) in texts.iter().enumerate() {
        let separator = if at > 0 { separator } else { "" };
        let text = text.as_text()?;
        meter::steps(1);
        meter::bytes(separator.len() + text.len());
        all.push_str(separator);
        all.push_str(text);
    }
    Ok(Val::text(&all))
}

fn implode(value: &Val) -> Result<Val, Error> {
    let mut text = String::new();
    for item in value.as_items()? {
        meter::bytes(4);
        let Val::Num(number) = item else { return Err(Error::typ(item.clone(), "integer")) };
        let code = number.integer().and_then(|code| u32::try_from(code).ok()).and_then(char::from_u32);
        text.push(code.ok_or_else(|| Error::str(format_args!("{item} is the number of no character")))?);
    }
    Ok(Val::text(&text))
}

fn indices(value: &Val, part: &Val) -> Result<Val, Error> {
    match (value, part) {
        (Val::Null, _) => Ok(Val::Null),
        (Val::Str(text), Val::Str(part)) if !part.is_empty() => {
            meter::steps(text.len() / 16 + part.len());
            let mut found = Vec::new();
            let (mut at, mut character) = (0, 0);
            while let Some(length) = text[at..].find(&**part) {
                character += text[at..at + length].chars().count();
                found.push(Val::count(character));
                meter::steps(1 + part.len() / 16);
                let next = text[at + length..].chars().next().map_or(1, char::len_utf8);
                (at, character) = (at + length + next, character + 1);
            }
            Ok(Val::array(found))
        }
        (Val::Arr(all), Val::Arr(part)) if !part.items.is_empty() => {
            let windows = all.items.windows(part.items.len()).enumerate();
            Ok(windows.filter(|(_, window)| **window == *part.items).map(|(at, _)| Val::count(at)).collect())
        }
        (Val::Str(_), Val::Str(_)) | (Val::Arr(_), Val::Arr(_)) => Ok(Val::array(Vec::new())),
        (Val::Arr(all), one) => {
            let items = all.items.iter().enumerate();
            Ok(items.filter(|(_, item)| *item == one).map(|(at, _)| Val::count(at)).collect())
        }
        _ => Err(Error::index(value.clone(), part.clone())),
    }
}
