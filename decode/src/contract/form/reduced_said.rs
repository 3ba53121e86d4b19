//! What is left of a message of cells that tells of persons: the cells themselves, which name nothing but what the form
//! names, with the places and numbers in them looked at.
//!
//! A reader of such messages takes from them what its form maps and nothing else ([`said`](crate::said)). So who stored a
//! value, and what they wrote beside it, is gone as soon as the message is read. What it quotes beside a finding goes, too.

use ioc_model::form::{Finding, Form, Rule, Weight};

use super::{
    findings::said,
    reduced_cell::{is_a_value, length_of},
    rules::Forms,
};
use crate::said::{Said, SaidCell, Wrong, number};

/// What a reader calls a value that is taken back.
const DELETED: &str = "deleted";

/// Reduces what a message of that form says.
pub(crate) fn reduce_said(forms: &Forms, form: &Form, mut message: Said) -> Said {
    message.findings = std::mem::take(&mut message.findings).into_iter().map(told).collect();
    let mut cells = Vec::with_capacity(message.cells.len());
    for cell in std::mem::take(&mut message.cells) {
        match reduced(forms, form, cell) {
            Ok(cell) => cells.push(cell),
            Err((at, digits)) => message.reject(
                &at,
                Wrong::new(
                    Rule::Invalid,
                    &digits,
                    "Số dài như số điện thoại hay số giấy tờ: không được giữ. Nếu đúng là số liệu, biểu phải có 'range' cho chỉ tiêu \
                     này.",
                    "A number as long as those of telephones and identity cards: it is not kept. Where it is a value, the form says \
                     a 'range' of the indicator.",
                ),
            ),
        }
    }
    message.cells = cells;
    message
}

fn reduced(forms: &Forms, form: &Form, mut cell: SaidCell) -> Result<SaidCell, (Box<str>, String)> {
    let most = form.indicators.get(cell.indicator.as_str()).and_then(|indicator| indicator.most);
    if let Some(number) = cell.value.and_then(|value| value.number)
        && !is_a_value(number, most)
    {
        return Err((cell.at, length_of(&number.to_string())));
    }
    if !forms.places.knows(&cell.place) {
        let place = forms.places.name_in_list(&cell.place).unwrap_or_else(|| length_of(&cell.place));
        cell.place = place.into();
    }
    if number(&cell.as_sent).is_none() && &*cell.as_sent != DELETED {
        cell.as_sent = Box::default();
    }
    Ok(cell)
}

/// A finding without what stands there. Sentences say nothing that a sender wrote, but those of parsers.
pub(crate) fn told(finding: Finding) -> Finding {
    let Finding { weight, rule, at, stands, message } = finding;
    let is_own =
        rule != Rule::Unreadable || (stands.is_empty() && (at.is_empty() || at.starts_with("line ")));
    let message = match (is_own, weight) {
        (true, _) => message,
        (false, Weight::Error) => said(
            "Không đọc được tệp hay bản tin này. Nội dung có thông tin cá nhân nên không được giữ: hãy mở tệp gốc để kiểm tra, lưu lại \
             rồi gửi.",
            "The file or message cannot be read. It may tell of persons, so nothing of it is kept: check the original, save it again \
             and send it.",
        ),
        (false, _) => said(
            "Có phần không được đọc: trang không có ô, hoặc chữ dùng phông không phải Unicode hay TCVN3.",
            "Some of it is not read: a sheet without cells, or text in a font that is neither Unicode nor TCVN3.",
        ),
    };
    let at = if is_own { at } else { Box::default() };
    // A short number is a value as any that is kept.
    let is_value = number(&stands).is_some_and(|number| is_a_value(number, None));
    let stands = if is_value { stands } else { length_of(&stands).into() };
    Finding { weight, rule, at, stands, message }
}

/// As [`told`], of a message of cells that cannot be read: a parser's words may quote what it met.
pub(crate) fn told_unread(wrong: Wrong) -> Finding {
    let parsed = wrong.rule == Rule::Unreadable;
    let finding = wrong.finding(&"");
    match parsed {
        true => told(Finding { stands: "…".into(), ..finding }),
        false => told(finding),
    }
}
