//! Messages in which there is nothing.
//!
//! No transport parses what it carries, but a body of no bytes or an empty list delivers nothing whatever its format,
//! and whoever sent it must not read an acknowledgement as if something had arrived. It is recorded all the same, and
//! counted as empty.

/// Whether there is no value in it: no bytes but blanks, or an empty JSON array, with what pads a buffer behind it. It is
/// what becomes empty when it is decoded: nothing but NULs does not, since something was lost there.
pub(super) fn holds_nothing(payload: &[u8]) -> bool {
    let payload = payload.strip_prefix(b"\xef\xbb\xbf").unwrap_or(payload).trim_ascii_start();
    match payload.first() {
        None => true,
        Some(b'[') => payload[1..].trim_ascii_start().strip_prefix(b"]").is_some_and(is_blank),
        Some(_) => false,
    }
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0 || byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_from_something() {
        for nothing in [&b""[..], b" \r\n", b"[]", b" [ \n ] ", b"\xef\xbb\xbf[]\0\0"] {
            assert!(holds_nothing(nothing), "{nothing:?}");
        }
        for something in
            [&b"0"[..], b"[0]", b"{}", b"[", b"[]x", b"[][1]", b"[[]]", b"\0\0", b"\0x", b"PM10\t1"]
        {
            assert!(!holds_nothing(something), "{something:?}");
        }
    }
}
