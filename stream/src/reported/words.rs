//! What the keeper says to whoever sent a message.

use ioc_model::{
    form::{Before, Cell, CellKey, Finding, Mark, Period, Rule, Value, Weight},
    name::Name,
    text::Text,
};
use rust_decimal::Decimal;

use super::against::Breach;

/// How a sender says that something is meant.
const CONFIRM_VI: &str =
    "trên trang gửi báo cáo hãy đánh dấu 'Đúng như trong tệp' (qua HTTP: tiêu đề Report-Confirmed: true)";
const CONFIRM_EN: &str =
    "tick 'It is meant as it stands' on the page (over HTTP: the header Report-Confirmed: true)";

fn finding(weight: Weight, rule: Rule, at: &str, stands: &str, vi: String, en: String) -> Finding {
    Finding { weight, rule, at: at.into(), stands: stands.into(), message: Text { vi, en } }
}

/// What stands in a cell, as it came.
pub(super) fn stands(as_sent: &str, number: Option<Decimal>) -> String {
    match (as_sent.is_empty(), number) {
        (false, _) => as_sent.to_owned(),
        (true, Some(number)) => number.to_string(),
        (true, None) => String::new(),
    }
}

/// A number as it is written in both languages, without zeros that say nothing.
fn number(number: Decimal) -> Text {
    let en = number.normalize().to_string();
    Text { vi: en.replace('.', ","), en }
}

/// A value in words.
fn value(value: Value) -> Text {
    let (vi, en) = match value.mark {
        Mark::Value => return number(value.number.unwrap_or_default()),
        Mark::None => ("không phát sinh", "none occurred"),
        Mark::NotCollected => ("không thu thập", "not collected"),
        Mark::NotFilled => ("không điền", "not filled in"),
        Mark::Withheld => ("không công bố", "withheld"),
        Mark::Withdrawn => ("đã rút", "taken back"),
    };
    Text { vi: vi.to_owned(), en: en.to_owned() }
}

/// Which cell: `X01 (sex=f) of 25486, 2026-10`.
fn cell_named(key: &CellKey) -> Text {
    let CellKey { indicator, breakdown, place, period, .. } = key;
    let part = match breakdown.is_empty() {
        true => String::new(),
        false => format!(" ({breakdown})"),
    };
    let period = period.label();
    Text {
        vi: format!("{indicator}{part} của {place}, kỳ {period}"),
        en: format!("{indicator}{part} of {place}, {period}"),
    }
}

/// The same bytes came before.
pub(super) fn delivered() -> Finding {
    finding(
        Weight::Note,
        Rule::Delivered,
        "",
        "",
        "Đúng tệp này, cho cùng kỳ và địa bàn, đã được cơ quan này gửi và được nhận trước đây; không có gì thay đổi. Muốn \
         trở lại các số liệu cũ, hãy gửi chúng trong một tệp mới."
            .to_owned(),
        "Exactly these bytes, of the same period and place, came from this agency before and were taken; nothing changes. \
         To go back to figures of then, send them in a new file."
            .to_owned(),
    )
}

/// It is taken, reports nothing, and nothing is left that was reported.
pub(super) fn says_nothing() -> Finding {
    finding(
        Weight::Warning,
        Rule::Empty,
        "",
        "",
        "Tệp này chỉ rút lại hoặc để trống các ô của chính cơ quan gửi, và không còn số liệu nào khác của cơ quan trong kỳ: \
         báo cáo của kỳ coi như chưa nộp."
            .to_owned(),
        "It only takes back cells of its own agency, or leaves them empty, and nothing else of them stands: the report of \
         the period is not handed in."
            .to_owned(),
    )
}

/// It was read again.
pub(super) fn read_again() -> Finding {
    finding(
        Weight::Note,
        Rule::Delivered,
        "",
        "",
        "Trung tâm đã đọc lại báo cáo này sau khi sửa biểu mẫu hoặc ánh xạ của mình; người gửi không phải làm gì. Thời điểm \
         nhận vẫn như cũ, số được gửi sau đó vẫn giữ nguyên."
            .to_owned(),
        "The center read this report again since it mended its form or mapping; its sender need not do anything. It counts as \
         received when it was, and what was sent later stays."
            .to_owned(),
    )
}

/// Nothing is said in it, and nobody said so yet.
pub(super) fn empty() -> Finding {
    finding(
        Weight::Error,
        Rule::Empty,
        "",
        "",
        "Không có ô nào dùng được. Hãy điền ít nhất một giá trị, ví dụ 12 hoặc 0.".to_owned(),
        "No cell of it can be used. Fill in at least one value, such as 12 or 0.".to_owned(),
    )
}

/// A value lies further from what was known than it may.
pub(super) fn against(breach: &Breach<'_>) -> Finding {
    let Breach { rule, cell, earlier, known, bounds } = *breach;
    let (of, is) = (cell_named(&cell.key), value(cell.value));
    let (was_in, was) = (earlier.period.label(), number(known));
    let bound = |bound: Option<Decimal>| bound.map(|bound| number(bound.round_dp(9)));
    let right = match bounds.map(bound) {
        [Some(least), Some(most)] => Text {
            vi: format!("từ {} đến {}", least.vi, most.vi),
            en: format!("from {} to {}", least.en, most.en),
        },
        [Some(least), None] => {
            Text { vi: format!("ít nhất {}", least.vi), en: format!("at least {}", least.en) }
        }
        [None, Some(most)] => {
            Text { vi: format!("nhiều nhất {}", most.vi), en: format!("at most {}", most.en) }
        }
        [None, None] => Text::default(),
    };
    let (before_vi, before_en) = match rule.before {
        Before::Previous => ("kỳ trước", "the period before"),
        Before::YearEarlier => ("cùng kỳ năm trước", "the same period of the year before"),
    };
    let (vi, en) = match rule.weight {
        Weight::Error => ("Hãy kiểm tra lại số và đơn vị.", "Check the number and its unit."),
        _ => (
            "Số vẫn được nhận; nếu không đúng, hãy gửi bản sửa.",
            "It is taken; if it is not meant, send a correction.",
        ),
    };
    finding(
        rule.weight,
        Rule::AgainstBefore,
        &cell.at,
        &stands(&cell.as_sent, cell.value.number),
        format!("{} là {}, {before_vi} ({was_in}) là {}: thường {}. {vi}", of.vi, is.vi, was.vi, right.vi),
        format!(
            "{} is {}, in {before_en} ({was_in}) it was {}: expected {}. {en}",
            of.en, is.en, was.en, right.en
        ),
    )
}

/// All numbers are those of the period before.
pub(super) fn as_before(period: Period, earlier: Period) -> Finding {
    let (is, was) = (period.label(), earlier.label());
    finding(
        Weight::Warning,
        Rule::Period,
        "",
        &is,
        format!(
            "Mọi số của kỳ {is} đều giống hệt kỳ {was}: có thể tệp của kỳ trước mới được đổi tiêu đề. Số vẫn được nhận; nếu \
             không đúng, hãy gửi bản sửa của kỳ {is}."
        ),
        format!(
            "All numbers of {is} are those of {was}: perhaps last period's file was given another title. They are taken; if \
             they are not meant, send a correction of {is}."
        ),
    )
}

/// All numbers of a period that is long over are others, and a later one is over, too. Where nobody says that this is
/// meant, nothing is taken.
pub(super) fn all_other(period: Period, next: Period, is_meant: bool) -> Finding {
    let (is, later) = (period.label(), next.label());
    let (weight, vi, en) = match is_meant {
        true => (
            Weight::Warning,
            format!("Số được nhận là bản sửa của kỳ {is}."),
            format!("They are taken as a correction of {is}."),
        ),
        false => (
            Weight::Error,
            format!(
                "Chưa nhận số nào. Nếu là số của kỳ {later}, hãy sửa tiêu đề rồi gửi lại; {CONFIRM_VI} nếu đúng là bản sửa của \
                 kỳ {is}."
            ),
            format!(
                "Nothing of it was taken. If they are those of {later}, correct the title and send it again; {CONFIRM_EN} if it \
                 is a correction of {is}."
            ),
        ),
    };
    finding(
        weight,
        if is_meant { Rule::Period } else { Rule::Confirm },
        "",
        &is,
        format!(
            "Mọi số của kỳ {is} đều khác số đã báo, trong khi kỳ {later} cũng đã hết: có thể tiêu đề còn ghi kỳ cũ. {vi}"
        ),
        format!(
            "All numbers of {is} are other than what was reported, and {later} is over, too: perhaps the title is the old \
             one. {en}"
        ),
    )
}

/// So many values would be taken back by leaving them out; each is listed beside it.
pub(super) fn would_withdraw(count: usize) -> Finding {
    finding(
        Weight::Error,
        Rule::Confirm,
        "",
        "",
        format!(
            "Tệp bỏ {count} ô đã báo trước đây, tức là rút lại các số đó (liệt kê bên dưới). Chưa nhận số nào: hãy ghi thêm các \
             số còn đúng rồi gửi lại, hoặc {CONFIRM_VI} nếu đúng là rút lại."
        ),
        format!(
            "The file leaves out {count} cells that were reported, which takes them back (listed below). Nothing of it was \
             taken: add those that still hold and send it again, or {CONFIRM_EN} if they are to be taken back."
        ),
    )
}

/// What became of a cell that a message does not name.
pub(super) fn missing(weight: Weight, message: Text) -> Finding {
    finding(weight, Rule::Missing, "", "", message.vi, message.en)
}

/// A value that would be taken back by leaving it out.
pub(super) fn is_left_out(key: &CellKey, known: Value) -> Text {
    let (of, known) = (cell_named(key), value(known));
    Text {
        vi: format!("{} không có trong tệp hoặc để trống: {} sẽ bị rút lại.", of.vi, known.vi),
        en: format!("{} is not in the message or empty: {} would be taken back.", of.en, known.en),
    }
}

/// A group that a list counted before, and does not any more.
pub(super) fn no_longer_counted(key: &CellKey, was: Value) -> Text {
    let (of, was) = (cell_named(key), value(was));
    Text {
        vi: format!("{} không còn trường hợp nào trong danh sách: trước đây là {}, nay là 0.", of.vi, was.vi),
        en: format!("{} has no row in the list any more: it was {} and is 0 now.", of.en, was.en),
    }
}

/// A cell that a message that is read again does not say any more.
pub(super) fn said_no_more(key: &CellKey, was: Value, is: Value) -> Text {
    let (of, was, is) = (cell_named(key), value(was), value(is));
    Text {
        vi: format!(
            "Đọc lại, báo cáo này không nói về {}: trước đọc nhầm là {}, nay là {}.",
            of.vi, was.vi, is.vi
        ),
        en: format!(
            "Read again this report says nothing of {}: it was read wrongly as {} and is {} now.",
            of.en, was.en, is.en
        ),
    }
}

/// A value was taken back by its sender, and so is what the agency said of it less finally.
pub(super) fn withdrawn_below(key: &CellKey, was: Value) -> Text {
    let (of, was) = (cell_named(key), value(was));
    Text {
        vi: format!("{} được rút lại, cả số ước tính hoặc sơ bộ đã báo ({}).", of.vi, was.vi),
        en: format!("{} is taken back, and with it what was said less finally ({}).", of.en, was.en),
    }
}

/// So many values are others than what is known, and older.
pub(super) fn older(count: usize) -> Finding {
    finding(
        Weight::Warning,
        Rule::AgainstBefore,
        "",
        "",
        format!(
            "{count} giá trị khác số đã biết, và lần sửa cuối ở nguồn (lastUpdated) là trước khi số đã biết được gửi đến: có thể \
             đây là bản xuất cũ. Số vẫn được nhận; nếu không đúng, hãy xuất lại và gửi."
        ),
        format!(
            "{count} values are other than what is known, and were last changed at their source (lastUpdated) before that came: \
             perhaps this is an older export. They are taken; if they are not meant, export them again and send that."
        ),
    )
}

/// So many numbers come in another multiple of their unit than those of the period before.
pub(super) fn in_another_scale(count: usize, key: &CellKey, is: &str, was: &str) -> Finding {
    let of = cell_named(key);
    finding(
        Weight::Warning,
        Rule::Unit,
        "",
        is,
        format!(
            "{count} số được gửi theo bội số khác kỳ trước, ví dụ {}: nay ghi {is}, kỳ trước ghi {was}. Số đã được đổi sang đơn \
             vị của biểu; hãy kiểm tra lại đơn vị.",
            of.vi
        ),
        format!(
            "{count} numbers come in another multiple than in the period before, such as {}: now {is}, then {was}. They were \
             converted to the unit of the form; check the unit.",
            of.en
        ),
    )
}

/// Another agency owns the cell.
pub(super) fn conflict(cell: &Cell, owners: Option<Value>) -> Finding {
    let (of, is, owner) = (cell_named(&cell.key), value(cell.value), cell.owner);
    let says = owners.map(value);
    let agrees = owners == Some(cell.value);
    let (vi, en) = match says {
        Some(says) => (format!("{owner} báo {}", says.vi), format!("{owner} says {}", says.en)),
        None => (format!("{owner} chưa báo"), format!("{owner} has said nothing")),
    };
    finding(
        if agrees { Weight::Note } else { Weight::Warning },
        Rule::Conflict,
        &cell.at,
        &stands(&cell.as_sent, cell.value.number),
        format!(
            "{} thuộc trách nhiệm của {owner}: {vi}. Giá trị {} được giữ bên cạnh, không dùng để tổng hợp.",
            of.vi, is.vi
        ),
        format!("{} is for {owner} to say: {en}. {} is kept beside it and not added up.", of.en, is.en),
    )
}

/// The owner says other than what another agency had said.
pub(super) fn contradicted(cell: &Cell, by: Name, says: Value) -> Finding {
    let (of, is, says) = (cell_named(&cell.key), value(cell.value), value(says));
    finding(
        Weight::Note,
        Rule::Conflict,
        &cell.at,
        &stands(&cell.as_sent, cell.value.number),
        format!("{} là {}; {by} báo {}, được giữ bên cạnh và không dùng để tổng hợp.", of.vi, is.vi, says.vi),
        format!("{} is {}; {by} says {}, which is kept beside it and not added up.", of.en, is.en, says.en),
    )
}

/// A cell that the message leaves out stays as it was.
pub(super) fn kept(key: &CellKey, known: Value) -> Text {
    let (of, known) = (cell_named(key), value(known));
    Text {
        vi: format!("{} không có trong tệp hoặc để trống: giữ nguyên {}.", of.vi, known.vi),
        en: format!("{} is not in the message or empty: {} stays.", of.en, known.en),
    }
}

/// So many more cells stay.
pub(super) fn more_kept(count: u32) -> Finding {
    let vi = format!("Còn {count} ô nữa không có trong tệp hoặc để trống: giữ nguyên.");
    let en = format!("{count} more cells are not in the message or empty and stay.");
    missing(Weight::Note, Text { vi, en })
}

/// A cell that the message leaves out is taken back.
pub(super) fn withdrawn(key: &CellKey, known: Value) -> Text {
    let (of, known) = (cell_named(key), value(known));
    Text {
        vi: format!("{} không có trong tệp hoặc để trống: {} bị rút lại.", of.vi, known.vi),
        en: format!("{} is not in the message or empty: {} is taken back.", of.en, known.en),
    }
}

/// So many findings more than are listed.
pub(super) fn more(weight: Weight, count: usize) -> Finding {
    finding(
        weight,
        Rule::More,
        "",
        "",
        format!("Còn {count} điều nữa không liệt kê ở đây; hãy sửa các lỗi đã nêu rồi gửi lại."),
        format!("{count} more are not listed; mend what is said above and send again."),
    )
}

/// What stands in the list of rejects for a message, or those of its rows that were not taken: its first errors.
pub(super) fn rejection(findings: &[Finding], rejected: u32, rows: u32) -> (String, Text) {
    const FIRST: usize = 3;
    let errors: Vec<&Finding> = findings.iter().filter(|finding| finding.weight == Weight::Error).collect();
    let place =
        errors.iter().map(|error| &*error.at).find(|at| !at.is_empty()).unwrap_or_default().to_owned();
    let listed = |of: fn(&Finding) -> &str| {
        let line = |error: &&Finding| match error.at.is_empty() {
            true => of(error).to_owned(),
            false => format!("{}: {}", error.at, of(error)),
        };
        errors.iter().take(FIRST).map(line).collect::<Vec<_>>().join(" ")
    };
    let (mut vi, mut en) = (listed(|error| &error.message.vi), listed(|error| &error.message.en));
    if rejected < rows {
        vi = format!("{rejected} trong {rows} dòng không được nhận. {vi}");
        en = format!("{rejected} of {rows} rows were not taken. {en}");
    }
    if errors.len() > FIRST {
        let further = errors.len() - FIRST;
        vi = format!("{vi} Và {further} lỗi nữa.");
        en = format!("{en} And {further} more errors.");
    }
    (place, Text { vi, en })
}
