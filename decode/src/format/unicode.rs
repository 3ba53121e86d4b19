//! Texts in an encoding that says of itself which it is.

use std::borrow::Cow;

/// A text in UTF-8 or, with its mark, UTF-16; none if it is neither.
pub(super) fn unicode(payload: &[u8]) -> Option<Cow<'_, str>> {
    let (is_little, units) = match payload {
        [0xff, 0xfe, units @ ..] => (true, units),
        [0xfe, 0xff, units @ ..] => (false, units),
        _ => return simdutf8::basic::from_utf8(payload).map(Cow::Borrowed).ok(),
    };
    // Padding at the end of an envelope is cut off, and with it half of a last character.
    let unit = |pair: &[u8]| {
        let pair = [pair[0], pair.get(1).copied().unwrap_or_default()];
        if is_little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    };
    char::decode_utf16(units.chunks(2).map(unit)).collect::<Result<String, _>>().map(Cow::Owned).ok()
}
