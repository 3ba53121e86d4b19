//! TCVN3 (ABC): Vietnamese of the time before Unicode, a byte a letter (TCVN 5712:1993).
//!
//! A workbook holds such bytes as characters of Western Europe: 0xB6 as `¶`. Whoever has the font sees `ả`.

use std::borrow::Cow;

/// What the bytes from 0x80 on show.
static LETTERS: [&str; 8] = [
    "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨ",
    "ÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ",
    "\u{a0}ĂÂÊÔƠƯĐăâêôơưđẰ",
    "\u{300}\u{309}\u{303}\u{301}\u{323}àảãáạẲằẳẵắẴ",
    "ẮẦẨẪẤỀặầẩẫấậèỂẻẽ",
    "éẹềểễếệìỉỄẾỒĩíịò",
    "Ổỏõóọồổỗốộờởỡớợù",
    "ỖủũúụừửữứựỳỷỹýỵỐ",
];

pub(in crate::format::table) fn letter(byte: u8) -> Option<char> {
    let row = usize::from(byte.checked_sub(0x80)?);
    LETTERS[row / 16].chars().nth(row % 16)
}

/// The text that is seen. One with a letter that only Unicode has was written in Unicode, whatever its font, and stays.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || text.chars().any(is_of_unicode_alone) {
        return Cow::Borrowed(text);
    }
    let seen = |character: char| u8::try_from(character).ok().and_then(letter).unwrap_or(character);
    Cow::Owned(text.chars().map(seen).collect())
}

/// Letters of Vietnamese that no font of those bytes can show. Quotes and dashes are not among them.
fn is_of_unicode_alone(character: char) -> bool {
    matches!(character, '\u{100}'..='\u{1ff}' | '\u{300}'..='\u{36f}' | '\u{1e00}'..='\u{1eff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_a_letter_and_no_letter_has_two() {
        let mut letters: Vec<char> = (0x80..=0xff).filter_map(letter).collect();
        assert_eq!(letters.len(), 128);
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), 128);
        assert_eq!(letter(0x7f), None);
        let tones = ['\u{300}', '\u{309}', '\u{303}', '\u{301}', '\u{323}'];
        assert_eq!([0xb0, 0xb1, 0xb2, 0xb3, 0xb4].map(letter), tones.map(Some), "tones of their own");
    }

    #[test]
    fn what_a_workbook_of_the_year_2000_says_is_vietnamese() {
        for (stored, seen) in [
            ("S¶n xuÊt n«ng nghiÖp", "Sản xuất nông nghiệp"),
            ("TØnh T©y Ninh, th¸ng 10", "Tỉnh Tây Ninh, tháng 10"),
            ("Tû ®ång", "Tỷ đồng"),
            ("§iÖn – 110 kV", "Điện – 110 kV"),
            ("Total 12", "Total 12"),
            ("Điện", "Điện"),
            ("Tỉnh Tây Ninh", "Tỉnh Tây Ninh"),
        ] {
            assert_eq!(shown(stored), seen);
        }
    }
}
