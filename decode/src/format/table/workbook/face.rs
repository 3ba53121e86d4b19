//! Text as it is seen: what a font of the time before Unicode makes of a text.
//!
//! Fonts whose names begin with `.Vn` show the bytes of TCVN3 (ABC) as Vietnamese; a workbook holds those bytes as
//! characters of Western Europe, `S¶n xuÊt` for "Sản xuất". Only the font says so, and it is a cell's or that of a piece of
//! its text. Those that end with `H` show small letters as capitals.

use std::borrow::Cow;

use super::tcvn3;

/// What a font makes of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Face {
    /// What is written.
    #[default]
    Unicode,
    /// TCVN3 (ABC).
    Tcvn3,
    /// TCVN3 (ABC), all in capitals.
    Tcvn3Capitals,
    /// VNI, which is not read: two characters for one letter.
    Vni,
}

impl Face {
    /// By a font's name.
    pub(super) fn of_font(name: &str) -> Face {
        let name = name.trim();
        let begins =
            |with: &str| name.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        if begins(".vn") {
            if name.ends_with('H') { Face::Tcvn3Capitals } else { Face::Tcvn3 }
        } else if begins("vni-") {
            Face::Vni
        } else {
            Face::Unicode
        }
    }

    /// The text that is seen.
    fn shows(self, text: &str) -> Cow<'_, str> {
        match self {
            Face::Unicode | Face::Vni => Cow::Borrowed(text),
            Face::Tcvn3 => tcvn3::shown(text),
            Face::Tcvn3Capitals => Cow::Owned(tcvn3::shown(text).to_uppercase()),
        }
    }
}

/// A text of pieces in fonts of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RichText {
    text: String,
    /// Where each piece ends and what its font makes of it: nothing of its own where the cell's decides. What lies
    /// behind the last one is the cell's.
    pieces: Vec<(usize, Option<Face>)>,
}

impl RichText {
    /// A text in the cell's font.
    pub(super) fn plain(text: String) -> RichText {
        RichText { text, pieces: Vec::new() }
    }

    /// Appends a piece.
    pub(super) fn push(&mut self, text: &str, face: Option<Face>) {
        self.text.push_str(text);
        let end = self.text.len();
        match self.pieces.last_mut() {
            Some((last, same)) if *same == face => *last = end,
            None if face.is_none() => {}
            _ => {
                if self.pieces.is_empty() && end > text.len() {
                    self.pieces.push((end - text.len(), None));
                }
                self.pieces.push((end, face));
            }
        }
    }

    /// Its length in bytes, as it is kept.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    /// What is seen in a cell, and whether a piece of it is in a font that is not read.
    pub(super) fn in_cell(&self, cell: Face) -> (String, bool) {
        let mut shown = String::new();
        let mut unread = false;
        let mut from = 0;
        for (end, face) in self.pieces.iter().copied().chain([(self.text.len(), None)]) {
            let piece = &self.text[from..end];
            let face = face.unwrap_or(cell);
            unread |= face == Face::Vni && !piece.is_ascii();
            shown.push_str(&face.shows(piece));
            from = end;
        }
        (shown, unread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_font_says_how_text_is_read() {
        for (font, face) in [
            (".VnTime", Face::Tcvn3),
            (".VnTimeH", Face::Tcvn3Capitals),
            (".vnarial narrow", Face::Tcvn3),
            (".VnArial NarrowH", Face::Tcvn3Capitals),
            ("VNI-Times", Face::Vni),
            ("Times New Roman", Face::Unicode),
            ("Vnet", Face::Unicode),
            ("", Face::Unicode),
        ] {
            assert_eq!(Face::of_font(font), face, "{font}");
        }
    }

    #[test]
    fn pieces_are_one_text_and_each_is_read_by_its_font() {
        let mut text = RichText::default();
        text.push("S¶n ", None);
        text.push("xuÊt ", Some(Face::Tcvn3));
        text.push("nông ", Some(Face::Unicode));
        text.push("nghiÖp", None);
        assert_eq!(text.in_cell(Face::Tcvn3), ("Sản xuất nông nghiệp".to_owned(), false));
        assert_eq!(text.in_cell(Face::Unicode), ("S¶n xuất nông nghiÖp".to_owned(), false));
        assert_eq!(RichText::plain("gi¸ trÞ".to_owned()).in_cell(Face::Tcvn3Capitals).0, "GIÁ TRỊ");
        assert_eq!(RichText::plain("Soá".to_owned()).in_cell(Face::Vni), ("Soá".to_owned(), true));
        assert_eq!(RichText::plain("So 1".to_owned()).in_cell(Face::Vni), ("So 1".to_owned(), false));
    }
}
