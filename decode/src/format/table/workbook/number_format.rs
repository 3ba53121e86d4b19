//! What a format code says of the numbers it shows: `0%`, `dd/mm/yyyy`, `#,##0,`, `@`.
//!
//! A code has up to four sections, divided by `;`: which one shows a number is decided by its sign or by conditions. Only
//! what changes a number's meaning is of interest; colours, literal texts and widths are not (ECMA-376 part 1, 18.8.31).

use crate::grid::NumberFormat;

/// How a number is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// As a number.
    As(NumberFormat),
    /// As a date or a time of day.
    Moment,
    /// As a length of time, such as 36 hours.
    Span,
}

impl Shown {
    /// As the grid says it.
    pub(super) fn format(self) -> NumberFormat {
        match self {
            Shown::As(format) => format,
            Shown::Moment | Shown::Span => NumberFormat::Date,
        }
    }
}

/// A format code, ready to be asked.
#[derive(Clone, Debug, Default)]
pub(super) struct FormatCode {
    /// Those that show numbers, in their order.
    sections: Vec<Section>,
    /// Whether every number is shown as the text that was typed.
    text: bool,
}

#[derive(Clone, Debug)]
struct Section {
    when: Option<(Comparison, f64)>,
    shows: Shown,
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    Unequal,
    AtLeast,
    More,
}

impl FormatCode {
    /// A code that stands in the file.
    pub(super) fn parse(code: &str) -> FormatCode {
        let mut rest = code.chars();
        let mut format = FormatCode::default();
        let mut ended = false;
        while !ended && format.sections.len() < 4 {
            let section;
            (section, ended) = SectionRead::read(&mut rest);
            if section.text {
                format.text = format.sections.is_empty();
            } else {
                format.text = false;
                format.sections.push(section.shows());
            }
        }
        // Of four without a condition the last one shows texts, also where it has no `@`.
        format.sections.truncate(3);
        format
    }

    /// One of those that every file has, by its number (ECMA-376 part 1, 18.8.30; the dates of East Asian ones, too).
    pub(super) fn built_in(number: u32) -> FormatCode {
        let shows = match number {
            9 | 10 => Shown::As(NumberFormat::Percent),
            14..=22 | 27..=36 | 45 | 47 | 50..=58 => Shown::Moment,
            46 => Shown::Span,
            49 => return FormatCode { sections: Vec::new(), text: true },
            _ => return FormatCode::default(),
        };
        FormatCode { sections: vec![Section { when: None, shows }], text: false }
    }

    /// How it shows that number.
    pub(super) fn of(&self, number: f64) -> Shown {
        if self.text {
            return Shown::As(NumberFormat::Text);
        }
        let Some(first) = self.sections.first() else { return Shown::As(NumberFormat::Plain) };
        if self.sections.iter().any(|section| section.when.is_some()) {
            let holds = |section: &&Section| section.when.is_none_or(|(how, than)| how.holds(number, than));
            return self.sections.iter().find(holds).unwrap_or(first).shows;
        }
        let by_sign = match self.sections.len() {
            1 => 0,
            _ if number < 0.0 => 1,
            3 if number == 0.0 => 2,
            _ => 0,
        };
        self.sections[by_sign].shows
    }

    /// How it shows what is no number.
    pub(super) fn of_others(&self) -> NumberFormat {
        self.of(1.0).format()
    }
}

impl Comparison {
    fn of(sign: &str) -> Option<Comparison> {
        Some(match sign {
            "<" => Comparison::Less,
            "<=" => Comparison::AtMost,
            "=" => Comparison::Equal,
            "<>" => Comparison::Unequal,
            ">=" => Comparison::AtLeast,
            ">" => Comparison::More,
            _ => return None,
        })
    }

    fn holds(self, number: f64, than: f64) -> bool {
        match self {
            Comparison::Less => number < than,
            Comparison::AtMost => number <= than,
            Comparison::Equal => number == than,
            Comparison::Unequal => number != than,
            Comparison::AtLeast => number >= than,
            Comparison::More => number > than,
        }
    }
}

/// What was met in a section.
#[derive(Default)]
struct SectionRead {
    when: Option<(Comparison, f64)>,
    text: bool,
    percent: bool,
    span: bool,
    /// A letter of a date or a time.
    date: bool,
    /// A digit's place before any letter of seconds: a fraction of seconds has places, too.
    number: bool,
    seconds: bool,
    point: bool,
    /// Commas since the last digit's place, in front of the point and behind it.
    commas: [u8; 2],
}

impl SectionRead {
    /// One section, and whether the code ends with it.
    fn read(rest: &mut std::str::Chars<'_>) -> (SectionRead, bool) {
        let mut met = SectionRead::default();
        while let Some(character) = rest.next() {
            match character {
                ';' => return (met, false),
                '"' => {
                    let _ = rest.find(|quoted| *quoted == '"');
                }
                '\\' | '_' | '*' => {
                    let _ = rest.next();
                }
                '[' => {
                    let inside: String = rest.take_while(|inside| *inside != ']').collect();
                    met.bracketed(&inside);
                }
                other => met.plain(other, rest),
            }
        }
        (met, true)
    }

    fn bracketed(&mut self, inside: &str) {
        let letters = inside.to_ascii_lowercase();
        if ["h", "hh", "m", "mm", "s", "ss"].contains(&letters.as_str()) {
            self.span = true;
            return;
        }
        let number_at = inside.find(|c: char| !matches!(c, '<' | '>' | '=')).unwrap_or(inside.len());
        let (sign, number) = inside.split_at(number_at);
        if let (Some(comparison), Ok(number)) = (Comparison::of(sign), number.trim().parse()) {
            self.when = Some((comparison, number));
        }
    }

    fn plain(&mut self, character: char, rest: &mut std::str::Chars<'_>) {
        match character {
            '@' => self.text = true,
            '%' => self.percent = true,
            '0' | '#' | '?' => {
                self.number |= !self.seconds;
                self.commas[usize::from(self.point)] = 0;
            }
            '.' => self.point = true,
            ',' => {
                let commas = &mut self.commas[usize::from(self.point)];
                *commas = commas.saturating_add(u8::from(self.number));
            }
            'E' | 'e' if rest.as_str().starts_with(['+', '-']) => {
                let _ = rest.next();
            }
            'G' | 'g' if starts_with_case(rest.as_str(), "eneral") => {
                let _ = rest.nth("eneral".len() - 1);
            }
            'A' | 'a' if starts_with_case(rest.as_str(), "m/pm") || starts_with_case(rest.as_str(), "/p") => {
                self.date = true;
            }
            's' | 'S' => {
                self.date = true;
                self.seconds = true;
            }
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 'e' => self.date = true,
            _ => {}
        }
    }

    fn shows(&self) -> Section {
        let scale = self.commas[0].saturating_add(self.commas[1]);
        let shows = if self.number {
            match (self.percent, scale) {
                (true, _) => Shown::As(NumberFormat::Percent),
                (false, 0) => Shown::As(NumberFormat::Plain),
                (false, commas) => Shown::As(NumberFormat::Thousands(commas)),
            }
        } else if self.span {
            Shown::Span
        } else if self.date {
            Shown::Moment
        } else {
            Shown::As(NumberFormat::Plain)
        };
        Section { when: self.when, shows }
    }
}

fn starts_with_case(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: &str, number: f64) -> Shown {
        FormatCode::parse(code).of(number)
    }

    const PLAIN: Shown = Shown::As(NumberFormat::Plain);

    #[test]
    fn codes_say_what_numbers_mean() {
        for code in [
            "General",
            "0",
            "0.00",
            "#,##0",
            "#,##0.00",
            "0.00E+00",
            "# ?/?",
            "#,##0\\ \"đồng\"",
            "0 \"m/s\"",
            "_(* #,##0.0_);_(* \\(#,##0.0\\);_(* \"-\"_);_(@_)",
            "[Red]0",
            "#,##0;-#,##0;\"-\"",
            "\"Quý\" 0",
            "",
            "0 hs",
            "[$-42A]General",
            "#,##0 [$₫-42A]",
            "\"50%\"0",
            "0\\%",
        ] {
            assert_eq!(shown(code, 12.0), PLAIN, "{code}");
        }
        for code in ["0%", "0.00%", "#,##0.0 %", "0%;[Red]-0%", "[>1]0%;0%"] {
            assert_eq!(shown(code, 0.82), Shown::As(NumberFormat::Percent), "{code}");
        }
        for code in [
            "dd/mm/yyyy",
            "d-mmm",
            "[$-42A]dd mmmm yyyy;@",
            "yyyy\\-mm\\-dd hh:mm:ss.000",
            "h:mm AM/PM",
            "mm:ss.0",
            "\"Ngày\" dd \"tháng\" mm",
            "m/d/yy",
            "[$-409]d-mmm-yy;@",
            "hh:mm A/P",
            "e.m.d",
        ] {
            assert_eq!(shown(code, 46_000.0), Shown::Moment, "{code}");
        }
        assert_eq!(shown("[h]:mm:ss", 1.5), Shown::Span);
        assert_eq!(shown("@", 1.0), Shown::As(NumberFormat::Text));
    }

    #[test]
    fn commas_behind_the_last_digit_are_thousands_and_those_among_digits_are_not() {
        for (code, thousands) in
            [("#,##0,", 1), ("0.0,,", 2), ("0,.0", 1), ("#,##0,,\"tr\"", 2), ("0.0,\\,", 1)]
        {
            assert_eq!(shown(code, 5.0), Shown::As(NumberFormat::Thousands(thousands)), "{code}");
        }
        for code in ["#,##0", "0.0\",\"", "\"a,\"0"] {
            assert_eq!(shown(code, 5.0), PLAIN, "{code}");
        }
    }

    #[test]
    fn a_section_is_chosen_by_its_condition_or_by_the_sign() {
        let by_size = "[>=1000000]0.0,,\"M\";[>=1000]0.0,\"K\";0";
        assert_eq!(shown(by_size, 2e6), Shown::As(NumberFormat::Thousands(2)));
        assert_eq!(shown(by_size, 2e3), Shown::As(NumberFormat::Thousands(1)));
        assert_eq!(shown(by_size, 2.0), PLAIN);
        assert_eq!(shown("0;0%;dd/mm", -1.0), Shown::As(NumberFormat::Percent));
        assert_eq!(shown("0;0%;dd/mm", 0.0), Shown::Moment);
        assert_eq!(shown("0;0%", 0.0), PLAIN);
        assert_eq!(shown("dd/mm/yyyy;@", 0.0), Shown::Moment);
        assert_eq!(shown("0%;;;", -1.0), PLAIN);
    }

    #[test]
    fn safe_codes_that_are_none_show_numbers_as_they_are() {
        for code in ["\"", "\\", "[", "[>", "[>=x]0", "_", ";;;;;;", "*", "E+", "E"] {
            let _ = shown(code, 1.0);
            let _ = FormatCode::parse(code).of_others();
        }
    }
}
