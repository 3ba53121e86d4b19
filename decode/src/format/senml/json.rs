//! Packs as JSON.

use super::{
    Each, no_pack,
    record::{Record, Value},
};
use crate::{
    contract::Refusal,
    format::{
        gateway::{self, Element},
        json_pairs::{Pairs, scalar},
        json_text::elements,
    },
};

pub(super) fn records<'a>(payload: &'a [u8], each: &mut Each<'_, 'a>) -> Result<(), Refusal> {
    let text = gateway::json(without_padding(payload), super::EXAMPLE)?;
    if text.starts_with('[') {
        return of_array(text, each);
    }
    // The drafts' form: an object of the base fields, with the records in it.
    let pairs = Pairs::of(text).ok_or_else(|| torn(text))?;
    let entries = gateway::get(&pairs, "e")?.filter(|raw| raw.starts_with('['));
    let Some(entries) = entries else {
        return Err(no_pack(
            text.as_bytes(),
            "gói SenML là một mảng các bản ghi",
            "a pack of SenML is an array of records",
        ));
    };
    each(&"", of_pairs(&pairs, "e"), text.as_bytes())?;
    of_array(entries, each)
}

fn of_array<'a>(text: &'a str, each: &mut Each<'_, 'a>) -> Result<(), Refusal> {
    let all = elements(text.as_bytes()).ok_or_else(|| torn(text))?;
    if text[1..text.len() - 1].trim_ascii().is_empty() {
        return Ok(());
    }
    for (at, element) in all.enumerate() {
        let pairs = std::str::from_utf8(element).ok().and_then(Pairs::of);
        let pairs = pairs.ok_or_else(|| {
            let (vi, en) = (
                "một bản ghi không phải là đối tượng JSON, nên không rõ các bản ghi sau nói về gì",
                "a record is no JSON object, so that what the records behind it are about is unclear",
            );
            no_pack(element, vi, en)
        })?;
        each(&Element(at), of_pairs(&pairs, ""), element)?;
    }
    Ok(())
}

fn torn(text: &str) -> Refusal {
    no_pack(text.as_bytes(), "gói không trọn vẹn", "the pack is not whole")
}

fn of_pairs<'a>(pairs: &Pairs<'a>, but: &str) -> Record<'a> {
    let mut record = Record::default();
    for (key, raw) in pairs.iter().filter(|(key, _)| *key != but) {
        let value = match raw.as_bytes().first() {
            Some(b'"') => Value::Text(scalar(raw)),
            Some(b't') => Value::Flag(true),
            Some(b'f') => Value::Flag(false),
            Some(b'n') => Value::Nothing,
            Some(b'[' | b'{') => Value::Other,
            _ => Value::Number(raw.into()),
        };
        record.take_named(key, value);
    }
    record
}

/// Without the NULs of a buffer behind it: of bytes that may be CBOR nobody has cut them off before.
fn without_padding(payload: &[u8]) -> &[u8] {
    let payload = payload.strip_prefix(b"\xef\xbb\xbf").unwrap_or(payload);
    let end = payload.iter().rposition(|byte| *byte != 0 && !byte.is_ascii_whitespace());
    &payload[..end.map_or(0, |last| last + 1)]
}
