//! How what people write is compared: headings, names of places, members of lists, marks.
//!
//! The same Vietnamese word is written with its tone on one vowel or the next ("Hoà Thành", "Hòa Thành": 11 of 96 communes
//! differ between two current lists), composed or not, with blanks that do not break. So words are compared without case,
//! with the tone behind the word; and where the words themselves are known, without any accent.

/// Each vowel with its tones, in the order of [`TONES`].
const VOWELS: [&str; 12] = [
    "aàảãáạ",
    "ăằẳẵắặ",
    "âầẩẫấậ",
    "eèẻẽéẹ",
    "êềểễếệ",
    "iìỉĩíị",
    "oòỏõóọ",
    "ôồổỗốộ",
    "ơờởỡớợ",
    "uùủũúụ",
    "ưừửữứự",
    "yỳỷỹýỵ",
];
/// The combining marks of the tones; none for the first.
const TONES: [char; 6] = [' ', '\u{300}', '\u{309}', '\u{303}', '\u{301}', '\u{323}'];
/// A vowel, the mark it bears, and what both are.
const BEARING: [(char, char, char); 6] = [
    ('a', '\u{306}', 'ă'),
    ('a', '\u{302}', 'â'),
    ('e', '\u{302}', 'ê'),
    ('o', '\u{302}', 'ô'),
    ('o', '\u{31b}', 'ơ'),
    ('u', '\u{31b}', 'ư'),
];

/// As it is compared: without case, the tone of a word behind it, blanks and dashes of all kinds as one.
pub(crate) fn spelled(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    let mut tone = None;
    let end = |spelled: &mut String, tone: &mut Option<char>| spelled.extend(tone.take());
    for written in text.chars().flat_map(char::to_lowercase) {
        let (letter, own) = toned(plain_sign(written));
        if let Some(mark) = TONES.into_iter().skip(1).find(|mark| *mark == letter) {
            tone = Some(mark);
            continue;
        }
        if let Some((.., both)) = BEARING.iter().find(|(_, mark, _)| *mark == letter) {
            let bears = |(vowel, mark, _): &&(char, char, char)| *mark == letter && spelled.ends_with(*vowel);
            let made = BEARING.iter().find(bears).map_or(*both, |(.., both)| *both);
            if BEARING.iter().any(|one| bears(&one)) {
                let _ = spelled.pop();
                spelled.push(made);
            }
            continue;
        }
        if letter.is_alphanumeric() {
            spelled.push(letter);
            tone = own.or(tone);
            continue;
        }
        end(&mut spelled, &mut tone);
        if letter != ' ' {
            spelled.push(letter);
        } else if !spelled.is_empty() && !spelled.ends_with(' ') {
            spelled.push(' ');
        }
    }
    end(&mut spelled, &mut tone);
    if spelled.ends_with(' ') {
        let _ = spelled.pop();
    }
    spelled
}

/// As [`spelled`], without accents: `thang 10 nam 2026`.
pub(crate) fn plain(text: &str) -> String {
    let letter = |letter: char| match letter {
        'ă' | 'â' => Some('a'),
        'ê' => Some('e'),
        'ô' | 'ơ' => Some('o'),
        'ư' => Some('u'),
        'đ' => Some('d'),
        mark if TONES[1..].contains(&mark) => None,
        other => Some(other),
    };
    spelled(text).chars().filter_map(letter).collect()
}

/// A heading as it is compared: what stands around its words does not count.
pub(crate) fn heading(text: &str) -> String {
    spelled(text).trim_matches([':', '.', ';', '*', ' ']).to_owned()
}

fn plain_sign(written: char) -> char {
    match written {
        '\u{200b}' | '\u{feff}' | '\u{ad}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '‘' | '’' => '\'',
        '“' | '”' => '"',
        blank if blank.is_whitespace() => ' ',
        other => other,
    }
}

/// A letter without its tone, and the tone.
fn toned(letter: char) -> (char, Option<char>) {
    if letter.is_ascii() {
        return (letter, None);
    }
    for vowel in VOWELS {
        if let Some(at) = vowel.chars().position(|one| one == letter) {
            let tone = TONES.get(at).copied().filter(|_| at > 0);
            return (vowel.chars().next().unwrap_or(letter), tone);
        }
    }
    (letter, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_word_is_spelled_the_same_however_it_is_written() {
        for (one, other) in [
            ("Xã Hoà Thành", "xã  HÒA THÀNH"),
            ("Thị xã Hoà\u{a0}Thành", "Thi\u{323} xa\u{303} Ho\u{300}a Tha\u{300}nh "),
            ("Thủy", "Thuỷ"),
            ("Mỹ Lộc", "My\u{303} Lô\u{323}c"),
            ("Đường", "đu\u{31b}o\u{31b}\u{300}ng"),
            ("Bắc", "Ba\u{306}\u{301}c"),
            ("5–9 tuổi", "5-9 tuổi"),
        ] {
            assert_eq!(spelled(one), spelled(other), "{one}");
        }
        assert_ne!(spelled("Tân Lập"), spelled("Tân Lạp"));
        assert_ne!(spelled("Xã Tân Biên"), spelled("Xã Tan Bien"));
        assert_eq!(plain("THÁNG 10 năm 2026, Quý IV – đầu"), "thang 10 nam 2026, quy iv - dau");
        assert_eq!(plain("tha\u{301}ng"), "thang");
        assert_eq!(heading(" Mã chỉ tiêu: "), heading("mã chỉ tiêu"));
    }
}
