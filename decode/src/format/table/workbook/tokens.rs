//! Which other sheet list's entry a formula of an XLS refers to: the file keeps no text of it, but tokens ([MS-XLS] 2.5.198).
//!
//! Tokens have no length of their own, so each kind's is known here, or the formula is read no further.

use super::biff::{CutOff, Fields, Version};

/// The entries of the list of other sheets that a formula names, in its order.
pub(super) fn sheets_named(tokens: &[u8], version: Version) -> Vec<u16> {
    let mut named = Vec::new();
    let mut fields = Fields::of(tokens);
    while !fields.rest().is_empty() {
        match token(&mut fields, version) {
            Ok(Some(sheet)) => named.push(sheet),
            Ok(None) => {}
            Err(CutOff) => break,
        }
    }
    named
}

/// Goes over a token; the entry that it names.
fn token(fields: &mut Fields<'_>, version: Version) -> Result<Option<u16>, CutOff> {
    let old = version == Version::Biff5;
    let first = fields.u8()?;
    // Operands come in three classes, which differ in these bits.
    let kind = if first >= 0x20 { first & 0x1f | 0x20 } else { first };
    let length = match kind {
        0x03..=0x16 => 0,
        0x01 | 0x02 => 4,
        0x17 => {
            let characters = usize::from(fields.u8()?);
            match old {
                true => characters,
                false => characters << (fields.u8()? & 1),
            }
        }
        0x19 => {
            let (flags, data) = (fields.u8()?, usize::from(fields.u16()?));
            if flags & 4 != 0 { 2 * (data + 1) } else { 0 }
        }
        0x1a if old => 10,
        0x1b if old => 4,
        0x1c | 0x1d => 1,
        0x1e | 0x21 | 0x29 | 0x2e | 0x2f => 2,
        0x1f => 8,
        0x20 => 7,
        0x22 => 3,
        0x23 => {
            if old {
                14
            } else {
                4
            }
        }
        0x24 | 0x2a | 0x2c => {
            if old {
                3
            } else {
                4
            }
        }
        0x25 | 0x2b | 0x2d => {
            if old {
                6
            } else {
                8
            }
        }
        0x26..=0x28 => 6,
        0x39..=0x3d => {
            let sheet = fields.u16()?;
            let length = match (kind, old) {
                (0x39, false) => 4,
                (0x39, true) => 22,
                (0x3a | 0x3c, false) => 4,
                (0x3a | 0x3c, true) => 15,
                (_, false) => 8,
                (_, true) => 18,
            };
            let _ = fields.bytes(length)?;
            return Ok(Some(sheet));
        }
        _ => return Err(CutOff),
    };
    let _ = fields.bytes(length)?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_names_the_sheets_that_its_tokens_do() {
        // SUM(Other!A1:B2)+"ab"+Third!C3
        let tokens = [
            &[0x3b, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0][..],
            &[0x19, 0x10, 0, 0],
            &[0x17, 2, 0, b'a', b'b', 0x03],
            &[0x5a, 3, 0, 2, 0, 2, 0, 0x03],
        ]
        .concat();
        assert_eq!(sheets_named(&tokens, Version::Biff8), [2, 3]);
        let old = [&[0x3a, 1, 0][..], &[0; 15], &[0x1e, 1, 0, 0x05]].concat();
        assert_eq!(sheets_named(&old, Version::Biff5), [1]);
        assert_eq!(sheets_named(&[0x18, 0x3a, 1, 0], Version::Biff8), [0u16; 0], "what is not known ends it");
        assert_eq!(sheets_named(&[0x3a, 1], Version::Biff8), [0u16; 0]);
        assert_eq!(
            sheets_named(&[0x19, 4, 2, 0, 0, 0, 0, 0, 0, 0, 0x3a, 1, 0, 0, 0, 0, 0], Version::Biff8),
            [1]
        );
    }
}
