//! Symbols and units as senders spell them.
//!
//! `PM2,5`, `pm2,5` and a symbol with a NUL from a logger's fixed-size buffer are one symbol; `µg/m³`, `μg/m3` and
//! `ug/M3` are one unit. The comparable form has a fixed size, so that a row is looked up without an allocation.

/// The comparable form of a symbol or unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spelling {
    bytes: [u8; Spelling::CAPACITY],
    length: u8,
}

impl Spelling {
    /// Longer spellings are none of a pack's. Bytes of UTF-8.
    pub(crate) const CAPACITY: usize = 47;

    const EMPTY: Spelling = Spelling { bytes: [0; Spelling::CAPACITY], length: 0 };

    /// Of a symbol: without case, surrounding white space, NULs and byte-order marks. None if nothing is left or it
    /// is too long.
    #[must_use]
    pub fn of_symbol(symbol: &str) -> Option<Spelling> {
        let symbol = symbol.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
        let mut spelling = Spelling::EMPTY;
        for character in symbol.chars().filter(|c| *c != '\0' && *c != '\u{feff}') {
            spelling.push_lower(character)?;
        }
        (spelling.length > 0).then_some(spelling)
    }

    /// Of a unit: without case and white space, with `µ` and `μ` as `u`, `³` as `3` and `²` as `2`. None if nothing
    /// is left or it is too long.
    #[must_use]
    pub fn of_unit(unit: &str) -> Option<Spelling> {
        let mut spelling = Spelling::EMPTY;
        for character in unit.chars().filter(|c| !c.is_whitespace() && *c != '\0') {
            match character {
                'µ' | 'μ' => spelling.push('u')?,
                '²' => spelling.push('2')?,
                '³' => spelling.push('3')?,
                other => spelling.push_lower(other)?,
            }
        }
        (spelling.length > 0).then_some(spelling)
    }

    /// The comparable form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }

    fn push_lower(&mut self, character: char) -> Option<()> {
        if character.is_ascii() {
            return self.push(character.to_ascii_lowercase());
        }
        for lower in character.to_lowercase() {
            self.push(lower)?;
        }
        Some(())
    }

    fn push(&mut self, character: char) -> Option<()> {
        let start = usize::from(self.length);
        let room = self.bytes.get_mut(start..start + character.len_utf8())?;
        let _ = character.encode_utf8(room);
        self.length += u8::try_from(character.len_utf8()).ok()?;
        Some(())
    }
}

impl std::fmt::Debug for Spelling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_compared_without_case_and_nul() {
        assert_eq!(Spelling::of_symbol("PM2,5"), Spelling::of_symbol(" pm2,5\0\0"));
        assert_eq!(Spelling::of_symbol("\u{feff}PM\x0010").unwrap().as_str(), "pm10");
        assert_ne!(Spelling::of_symbol("PM2,5"), Spelling::of_symbol("PM2.5"));
        assert_eq!(Spelling::of_symbol("\0 "), None);
    }

    #[test]
    fn units_are_compared_without_case_and_with_one_micro() {
        for spelling in ["µg/m³", "μg/m3", "UG/M3", "ug / m3"] {
            assert_eq!(Spelling::of_unit(spelling).unwrap().as_str(), "ug/m3", "{spelling}");
        }
        assert_eq!(Spelling::of_unit(""), None);
    }

    #[test]
    fn a_spelling_longer_than_any_of_a_pack_is_none() {
        assert!(Spelling::of_symbol(&"x".repeat(Spelling::CAPACITY)).is_some());
        assert_eq!(Spelling::of_symbol(&"x".repeat(Spelling::CAPACITY + 1)), None);
        assert_eq!(Spelling::of_unit(&"ộ".repeat(20)), None);
    }
}
