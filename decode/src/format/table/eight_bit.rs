//! Texts of one byte a character, as old programs write Vietnamese: windows-1258 and TCVN3 (the "ABC" fonts).
//!
//! Neither says which it is. They use the same bytes for other letters, so a text read as the wrong one has letters that are
//! not Vietnamese, signs within words, small letters before capitals, tones where no vowel is: whichever has fewer of these
//! is meant.

use super::workbook::tcvn3;

/// 0x80 to 0xff of windows-1258; what it leaves open is U+FFFD.
const WINDOWS_1258: &str = "\
    €\u{fffd}‚ƒ„…†‡ˆ‰\u{fffd}‹Œ\u{fffd}\u{fffd}\u{fffd}\
    \u{fffd}‘’“”•–—˜™\u{fffd}›œ\u{fffd}\u{fffd}Ÿ\
    \u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯\
    °±²³´µ¶·¸¹º»¼½¾¿\
    ÀÁÂĂÄÅÆÇÈÉÊË\u{300}ÍÎÏ\
    ĐÑ\u{309}ÓÔƠÖ×ØÙÚÛÜƯ\u{303}ß\
    àáâăäåæçèéêë\u{301}íîï\
    đñ\u{323}óôơö÷øùúûüư₫ÿ";

/// The text that is meant.
pub(super) fn decoded(bytes: &[u8]) -> String {
    let upper: Vec<char> = WINDOWS_1258.chars().collect();
    let windows = |byte: u8| upper.get(usize::from(byte.checked_sub(0x80)?)).copied();
    let [windows, tcvn]: [String; 2] = [&windows as &dyn Fn(u8) -> Option<char>, &tcvn3::letter]
        .map(|letter| bytes.iter().map(|byte| letter(*byte).unwrap_or(char::from(*byte))).collect());
    if oddities(&tcvn) < oddities(&windows) { tcvn } else { windows }
}

/// How often letters follow each other as they do in no word.
fn oddities(text: &str) -> usize {
    let is_tone = |c: char| matches!(c, '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}');
    let is_vowel = |c: char| {
        c.is_alphabetic() && !matches!(c, 'b'..='d' | 'f'..='h' | 'k'..='n' | 'p'..='t' | 'v'..='x' | 'z')
    };
    let is_vietnamese = |c: char| (0x80..=0xff).any(|byte| tcvn3::letter(byte) == Some(c));
    // Signs that stand behind words as they are.
    let is_sign =
        |c: char| c.is_whitespace() || matches!(c, '’' | '”' | '»' | '…' | '–' | '—' | '°' | '²' | '³');
    let mut odd = 0;
    let mut last = ' ';
    for now in text.chars() {
        odd += usize::from(match () {
            () if is_tone(now) => !is_vowel(last.to_lowercase().next().unwrap_or(last)),
            () if now.is_uppercase() && last.is_lowercase() => true,
            () if now.is_ascii() => false,
            () if now.is_alphabetic() => !is_vietnamese(now),
            () => last.is_alphabetic() && !is_sign(now),
        });
        last = now;
    }
    odd
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_character_for_every_byte() {
        assert_eq!(WINDOWS_1258.chars().count(), 128);
    }

    #[test]
    fn the_text_that_is_meant_is_told_by_its_words() {
        for (bytes, expected) in [
            (
                &b"S\xb6n xu\xcat n\xabng nghi\xd6p th\xb8ng 10 n\xa8m 2026"[..],
                "Sản xuất nông nghiệp tháng 10 năm 2026",
            ),
            (b"Ch\xd8 ti\xaau;Gi\xb8 tr\xde", "Chỉ tiêu;Giá trị"),
            (b"T\xe6ng c\xe9ng", "Tổng cộng"),
            (b"th\xe1ng 10 n\xe3m 2026", "tháng 10 năm 2026"),
            (
                b"S\xf4\xec l\xfd\xf5\xf2ng;T\xf4\xd2ng c\xf4\xf2ng",
                "Sô\u{301} lươ\u{323}ng;Tô\u{309}ng cô\u{323}ng",
            ),
            (b"Gi\xe1 tri\xf2;865,4", "Giá tri\u{323};865,4"),
            (b"X01;1204", "X01;1204"),
        ] {
            assert_eq!(decoded(bytes), expected);
        }
    }
}
