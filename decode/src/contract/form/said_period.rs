//! Which period a title, a file's name or a cell says.
//!
//! Titles are written by people: "tháng 10/2026", "THANG 10 NAM 2026", "từ 15/10/2026 đến 14/11/2026", "quý IV năm 2026",
//! "6 tháng đầu năm 2026", "năm học 2026-2027". They are read without accents, as words and numbers. A day that is not the
//! beginning or the end of a stretch ("Tây Ninh, ngày 12 tháng 11 năm 2026") is when something was signed, and says nothing.

use ioc_model::{
    form::{Period, PeriodKind},
    place::Date,
};

use super::spelling::plain;

/// Longer texts are no titles. Characters.
const TITLE_MAX: usize = 600;

/// What a text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Said {
    /// A period of the kind that was asked for.
    Period(Period),
    /// A stretch of days that is none of that kind.
    Other(Date, Date),
}

/// The periods that a title says, each once.
pub(super) fn in_title(text: &str, kind: PeriodKind) -> Vec<Said> {
    let short: String = text.chars().take(TITLE_MAX).collect();
    let tokens = tokens(&plain(&short));
    let mut said = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let left = &tokens[at..];
        let (length, found) = stretch(left, kind)
            .or_else(|| a_day(left, kind))
            .or_else(|| a_round(left, kind))
            .or_else(|| named(left, kind))
            .or_else(|| label(left, kind))
            .unwrap_or((1, None));
        said.extend(found.filter(|found| !said.contains(found)));
        at += length;
    }
    said
}

/// The period that a cell says.
pub(super) fn in_cell(text: &str, kind: PeriodKind) -> Option<Period> {
    if let Some(period) = Period::parse(kind, text.trim()) {
        return Some(period);
    }
    if let [Said::Period(period)] = in_title(text, kind)[..] {
        return Some(period);
    }
    let tokens = tokens(&plain(text));
    match (class(kind), &tokens[..]) {
        // "10/2026", as the cells of a column of months are written.
        (Class::Month, [Token::Number(month, _), Token::Sign(_), Token::Number(year, 4)])
        | (Class::Quarter, [Token::Number(month, _), Token::Sign(_), Token::Number(year, 4)]) => {
            Period::of(kind, *year, *month)
        }
        (Class::Day, days) => match date(days) {
            Some((length, day)) if length == days.len() => Period::holding(kind, day),
            _ => None,
        },
        _ => None,
    }
}

/// A day as a text says it, day before month; an error where the month comes first.
pub(super) fn in_text(text: &str) -> Option<Result<Date, Date>> {
    let tokens = tokens(&plain(text));
    if let Some((length, day)) = date(&tokens) {
        return (length == tokens.len()).then_some(Ok(day));
    }
    match tokens[..] {
        [
            Token::Number(month, 1 | 2),
            Token::Sign('/' | '-' | '.'),
            Token::Number(day, 1 | 2),
            Token::Sign('/' | '-' | '.'),
            Token::Number(year, 4),
        ] => Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().map(Err),
        _ => None,
    }
}

/// The period that the name of a file says; none where it says none or several. What looks like the day of an export is
/// not read, unless the period is a day.
pub(super) fn in_file_name(name: &str, kind: PeriodKind) -> Option<Period> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let tokens = tokens(&plain(stem).replace('_', " - "));
    let mut found: Vec<Period> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let left = &tokens[at..];
        let (length, period) = stamp(left, kind)
            .or_else(|| in_name(left, kind))
            .or_else(|| a_round(left, kind).map(|(length, said)| (length, period_of(said))))
            .or_else(|| named(left, kind).map(|(length, said)| (length, period_of(said))))
            .unwrap_or((1, None));
        found.extend(period.filter(|period| !found.contains(period)));
        at += length;
    }
    match found[..] {
        [period] => Some(period),
        _ => None,
    }
}

fn period_of(said: Option<Said>) -> Option<Period> {
    match said {
        Some(Said::Period(period)) => Some(period),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Day,
    Week,
    Month,
    Quarter,
    HalfYear,
    Year,
    SchoolYear,
    SchoolRound,
}

fn class(kind: PeriodKind) -> Class {
    match kind {
        PeriodKind::Day => Class::Day,
        PeriodKind::Week => Class::Week,
        PeriodKind::Month | PeriodKind::AdminMonth => Class::Month,
        PeriodKind::Quarter | PeriodKind::AdminQuarter => Class::Quarter,
        PeriodKind::HalfYear | PeriodKind::AdminHalfYear => Class::HalfYear,
        PeriodKind::Year | PeriodKind::AdminYear => Class::Year,
        PeriodKind::SchoolYear => Class::SchoolYear,
        PeriodKind::SchoolRound => Class::SchoolRound,
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// Letters.
    Word(String),
    /// Digits, and how many.
    Number(i16, usize),
    /// Digits that are no year, month or day.
    Long(String),
    Sign(char),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut left = text.chars().peekable();
    while let Some(first) = left.next() {
        let is_digit = first.is_ascii_digit();
        if !is_digit && !first.is_alphabetic() {
            if !first.is_whitespace() {
                tokens.push(Token::Sign(first));
            }
            continue;
        }
        let mut run = String::from(first);
        let goes_on = |next: &char| {
            if is_digit { next.is_ascii_digit() } else { next.is_alphabetic() }
        };
        while let Some(next) = left.next_if(goes_on) {
            run.push(next);
        }
        tokens.push(match (is_digit, run.parse::<i16>()) {
            (false, _) => Token::Word(run),
            (true, Ok(number)) if run.len() <= 4 => Token::Number(number, run.len()),
            (true, _) => Token::Long(run),
        });
    }
    tokens
}

fn is_word(token: Option<&Token>, words: &[&str]) -> bool {
    matches!(token, Some(Token::Word(word)) if words.contains(&word.as_str()))
}

/// How many of the first tokens are one of these words, or none: 1 or 0.
fn skip(tokens: &[Token], words: &[&str]) -> usize {
    usize::from(is_word(tokens.first(), words))
}

/// "15/9/2026", "15 tháng 9 năm 2026": how many tokens, and the day.
fn date(tokens: &[Token]) -> Option<(usize, Date)> {
    let made = |year: i16, month: i16, day: i16| {
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    };
    match tokens {
        [
            Token::Number(day, 1 | 2),
            Token::Sign('/' | '-' | '.'),
            Token::Number(month, 1 | 2),
            Token::Sign('/' | '-' | '.'),
            Token::Number(year, 4),
            ..,
        ] => Some((5, made(*year, *month, *day)?)),
        [
            Token::Number(year, 4),
            Token::Sign('-'),
            Token::Number(month, 2),
            Token::Sign('-'),
            Token::Number(day, 2),
            ..,
        ] => Some((5, made(*year, *month, *day)?)),
        [
            Token::Number(day, 1 | 2),
            Token::Word(thang),
            Token::Number(month, 1 | 2),
            Token::Word(nam),
            Token::Number(year, 4),
            ..,
        ] if thang == "thang" && nam == "nam" => Some((5, made(*year, *month, *day)?)),
        _ => None,
    }
}

/// "từ ngày 15/9/2026 đến ngày 14/10/2026"; the year of the first may be left out.
fn stretch(tokens: &[Token], kind: PeriodKind) -> Option<(usize, Option<Said>)> {
    if !is_word(tokens.first(), &["tu"]) {
        return None;
    }
    let mut at = 1;
    at += skip(&tokens[at..], &["ngay"]);
    let (first, is_whole) = match (date(&tokens[at..]), &tokens[at..]) {
        (Some((length, day)), _) => {
            at += length;
            ((day.month(), day.day(), day.year()), true)
        }
        (
            None,
            [Token::Number(day, 1 | 2), Token::Sign('/' | '-' | '.'), Token::Number(month, 1 | 2), ..],
        ) => {
            at += 3;
            ((i8::try_from(*month).ok()?, i8::try_from(*day).ok()?, 0), false)
        }
        _ => return None,
    };
    match tokens.get(at) {
        Some(Token::Word(to)) if to == "den" => at += 1,
        Some(Token::Sign('-')) => at += 1,
        _ => return None,
    }
    at += skip(&tokens[at..], &["ngay"]);
    let (length, end) = date(&tokens[at..])?;
    let year = match is_whole {
        true => first.2,
        false if (first.0, first.1) > (end.month(), end.day()) => end.year() - 1,
        false => end.year(),
    };
    let start = Date::new(year, first.0, first.1).ok()?;
    let period = Period::holding(kind, start).filter(|period| period.start == start && period.end == end);
    Some((at + length, Some(period.map_or(Said::Other(start, end), Said::Period))))
}

/// A day: said only where days are asked for.
fn a_day(tokens: &[Token], kind: PeriodKind) -> Option<(usize, Option<Said>)> {
    let before = skip(tokens, &["ngay"]);
    let (length, day) = date(&tokens[before..])?;
    let is_asked_for = class(kind) == Class::Day;
    let period = Period::holding(kind, day).filter(|_| is_asked_for);
    Some((before + length, period.map(Said::Period)))
}

/// Which of a year, and the year: what stands between may be "/", "-", "năm".
fn of_year(tokens: &[Token]) -> Option<(usize, i16)> {
    let between = tokens
        .iter()
        .take(3)
        .take_while(|token| {
            matches!(token, Token::Sign('/' | '-' | '.' | ',')) || is_word(Some(*token), &["nam", "cua"])
        })
        .count();
    match tokens.get(between) {
        Some(Token::Number(year, 4)) if between > 0 => Some((between + 1, *year)),
        _ => None,
    }
}

/// "tháng 10 năm 2026", "quý IV/2026", "6 tháng đầu năm 2026", "năm học 2026-2027", "tuần 48/2026", "năm 2026".
fn named(tokens: &[Token], kind: PeriodKind) -> Option<(usize, Option<Said>)> {
    let (length, of, year, number) = match tokens {
        [Token::Number(6, 1), Token::Word(thang), Token::Word(which), rest @ ..]
            if thang == "thang" && matches!(which.as_str(), "dau" | "cuoi") =>
        {
            let (length, year) = match rest {
                [Token::Number(year, 4), ..] => (1, *year),
                _ => of_year(rest)?,
            };
            (3 + length, Class::HalfYear, year, if which == "dau" { 1 } else { 2 })
        }
        [
            Token::Word(nam),
            Token::Word(hoc),
            Token::Number(year, 4),
            Token::Sign('-' | '/'),
            Token::Number(next, 4),
            ..,
        ] if nam == "nam" && hoc == "hoc" && *next == year + 1 => (5, Class::SchoolYear, *year, 1),
        [Token::Word(nam), Token::Number(year, 4), ..] if nam == "nam" => (2, Class::Year, *year, 1),
        [Token::Word(word), rest @ ..] => {
            let of = match word.as_str() {
                "thang" | "t" => Class::Month,
                "quy" | "q" => Class::Quarter,
                "tuan" => Class::Week,
                _ => return None,
            };
            let skipped = skip(rest, &["thu"]);
            let number = match rest.get(skipped)? {
                Token::Number(number, 1 | 2) => *number,
                Token::Word(roman) if of == Class::Quarter => {
                    let at = ["i", "ii", "iii", "iv"].iter().position(|one| one == roman)?;
                    i16::try_from(at).ok()? + 1
                }
                _ => return None,
            };
            let (length, year) = of_year(&rest[skipped + 1..])?;
            (2 + skipped + length, of, year, number)
        }
        _ => return None,
    };
    let period = Period::of(kind, year, number).filter(|_| class(kind) == of);
    Some((length, period.map(Said::Period)))
}

/// Which round of a school year: "đầu năm học 2026-2027", "năm học 2026-2027 (giữa năm)". Where whole school years are asked
/// for, the words beside them say nothing.
fn a_round(tokens: &[Token], kind: PeriodKind) -> Option<(usize, Option<Said>)> {
    if class(kind) != Class::SchoolRound {
        return None;
    }
    let number = |token: Option<&Token>| match token {
        Some(Token::Word(which)) => ["dau", "giua", "cuoi"].iter().position(|one| one == which),
        _ => None,
    };
    let before = number(tokens.first());
    let at = usize::from(before.is_some());
    let [
        Token::Word(nam),
        Token::Word(hoc),
        Token::Number(year, 4),
        Token::Sign('-' | '/'),
        Token::Number(next, 4),
        rest @ ..,
    ] = tokens.get(at..)?
    else {
        return None;
    };
    if nam != "nam" || hoc != "hoc" || *next != year + 1 {
        return None;
    }
    let (length, number) = match before {
        Some(number) => (at + 5, number),
        None => {
            let between = rest
                .iter()
                .take(3)
                .take_while(|token| {
                    matches!(token, Token::Sign('(' | ',' | ':' | '-'))
                        || is_word(Some(*token), &["ky", "dot"])
                })
                .count();
            let number = number(rest.get(between)).filter(|_| is_word(rest.get(between + 1), &["nam"]))?;
            (at + 5 + between + 2, number)
        }
    };
    let period = Period::of(kind, *year, i16::try_from(number).ok()? + 1);
    Some((length, period.map(Said::Period)))
}

/// As programs write it: "2026-10", "2026-Q4", "2026-2027-R1".
fn label(tokens: &[Token], kind: PeriodKind) -> Option<(usize, Option<Said>)> {
    let (length, text) = match tokens {
        [
            Token::Number(year, 4),
            Token::Sign('-'),
            Token::Number(next, 4),
            Token::Sign('-'),
            Token::Word(letter),
            Token::Number(number, _),
            ..,
        ] => (6, format!("{year}-{next}-{letter}{number}")),
        [Token::Number(year, 4), Token::Sign('-'), Token::Number(number, 2), rest @ ..]
            if !matches!(rest, [Token::Sign('-'), Token::Number(..), ..]) =>
        {
            (3, format!("{year}-{number:02}"))
        }
        [Token::Number(year, 4), Token::Sign('-'), Token::Word(letter), Token::Number(number, _), ..] => {
            (4, format!("{year}-{letter}{number}"))
        }
        _ => return None,
    };
    Some((length, Period::parse(kind, &text).map(Said::Period)))
}

/// The day of an export.
fn stamp(tokens: &[Token], kind: PeriodKind) -> Option<(usize, Option<Period>)> {
    let (length, day) = match tokens {
        [Token::Long(digits), ..] if digits.len() >= 8 => {
            let period = Period::parse(PeriodKind::Day, digits.get(..8)?)?;
            (1, period.start)
        }
        _ => date(tokens)?,
    };
    Some((length, Period::holding(kind, day).filter(|_| class(kind) == Class::Day)))
}

/// "2026-11", "202611", "11-2026", "Q4-2026", "2026-Q4", "2026-2027", "2026-2027-R1".
fn in_name(tokens: &[Token], kind: PeriodKind) -> Option<(usize, Option<Period>)> {
    let month = |year, number| Period::of(kind, year, number).filter(|_| class(kind) == Class::Month);
    match tokens {
        [
            Token::Number(year, 4),
            Token::Sign('-'),
            Token::Number(next, 4),
            Token::Sign('-'),
            Token::Word(letter),
            Token::Number(number, 1),
            ..,
        ] if class(kind) == Class::SchoolRound => {
            Some((6, Period::parse(kind, &format!("{year}-{next}-{letter}{number}"))))
        }
        [Token::Number(year, 4), Token::Sign('-'), Token::Number(next, 4), ..] => {
            let follows = *next == year + 1;
            Some((3, Period::of(kind, *year, 1).filter(|_| follows && class(kind) == Class::SchoolYear)))
        }
        [Token::Number(year, 4), Token::Sign('-' | '.'), Token::Number(number, 1 | 2), ..] => {
            Some((3, month(*year, *number)))
        }
        [Token::Number(number, 1 | 2), Token::Sign('-' | '.'), Token::Number(year, 4), ..] => {
            Some((3, month(*year, *number)))
        }
        [Token::Long(digits), ..] if digits.len() == 6 => {
            let year = digits.get(..4)?.parse().ok()?;
            Some((1, month(year, digits.get(4..)?.parse().ok()?)))
        }
        [Token::Number(year, 4), Token::Sign('-'), Token::Word(letter), Token::Number(number, 1 | 2), ..]
            if matches!(letter.as_str(), "q" | "s" | "w") =>
        {
            Some((
                4,
                Period::parse(kind, &format!("{year}-{letter}{number:02}"))
                    .or_else(|| Period::parse(kind, &format!("{year}-{letter}{number}"))),
            ))
        }
        [Token::Number(year, 4), ..] => {
            Some((1, Period::of(kind, *year, 1).filter(|_| class(kind) == Class::Year)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
