//! The sheet that says how the form is filled in: its rules, columns with an example, indicators, signs and checks.
//!
//! The example stands down a column and not in a row, so that nobody takes it for a row of the table.

use ioc_model::{
    form::{Absent, Form, FormIndicator, Period, PeriodKind, Role},
    text::Text,
};
use rust_decimal::Decimal;

use super::{
    input::{meaning_name, numbers_of, vintage_name},
    scope::{Scope, Wanted},
};

/// A row of the guide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuideRow {
    /// The heading of what follows.
    Title(String),
    /// The headings of a table.
    Headings(Vec<String>),
    /// Texts beside each other.
    Texts(Vec<String>),
}

/// All of it.
pub(super) fn of(wanted: &Wanted<'_>, scope: &Scope<'_>) -> Vec<GuideRow> {
    let form = wanted.form;
    let mut rows =
        vec![GuideRow::Title(format!("Hướng dẫn điền {} / How to fill in {}", form.name.vi, form.name.en))];
    rows.extend(rules(form).into_iter().map(|rule| GuideRow::Texts(vec![rule.vi, rule.en])));
    let mut table = |title: &str, headings: &[&str], texts: Vec<Vec<String>>| {
        if !texts.is_empty() {
            rows.push(GuideRow::Title(title.to_owned()));
            rows.push(GuideRow::Headings(headings.iter().map(|heading| (*heading).to_owned()).collect()));
            rows.extend(texts.into_iter().map(GuideRow::Texts));
        }
    };
    table(
        "Các cột / Columns",
        &[
            "Tên cột",
            "Column",
            "Nội dung / What stands in it",
            "Phải có / Required",
            "Ví dụ, không tính / Example, not counted",
        ],
        columns(wanted, scope),
    );
    table(
        "Các chỉ tiêu / Indicators",
        &["Tên chỉ tiêu", "Indicator", "Mã / Code", "Đơn vị tính / Unit", "Số đúng / Right numbers"],
        scope.indicators.iter().map(|indicator| described(indicator)).collect(),
    );
    let marks = form.marks.iter().map(|(sign, meaning)| {
        let name = meaning_name(*meaning);
        vec![name.vi, name.en, sign.clone()]
    });
    table("Ký hiệu / Signs", &["Nghĩa", "Meaning", "Ký hiệu / Sign"], marks.collect());
    let checks = form.checks.iter().map(|check| {
        let said = check.says.clone().unwrap_or_default();
        vec![said.vi, said.en, check.text.clone()]
    });
    table("Kiểm tra / Checks", &["Ý nghĩa", "What it says", "Phải đúng / Must hold"], checks.collect());
    rows
}

fn rules(form: &Form) -> Vec<Text> {
    let both = |vi: String, en: String| Text { vi, en };
    let said = |vi: &str, en: &str| both(vi.to_owned(), en.to_owned());
    let mut rules = vec![said(
        "Trang này chỉ để đọc, không có ô nào được tính.",
        "This sheet is for reading, nothing on it is counted.",
    )];
    let (closes_vi, closes_en) = closing(form.period);
    rules.push(both(format!("Kỳ báo cáo: {closes_vi}."), format!("Reporting period: {closes_en}.")));
    let counts_rows = form.indicators.values().any(|indicator| indicator.counts.is_some());
    rules.push(match form.absent {
        _ if counts_rows => said(
            "Danh sách là toàn bộ trường hợp của kỳ, mỗi trường hợp một hàng: trường hợp đã gửi trước đó mà không còn trong danh sách \
             thì không được tính nữa. Kỳ không có trường hợp nào thì gửi bảng trống, giữ nguyên phần tiêu đề.",
            "The list is all cases of the period, a row each: one that was sent before and is not in it any more is not counted. A \
             period without a case is an empty table below its titles.",
        ),
        Absent::Keeps => said(
            "Ô để trống: số đã báo cáo trước đó được giữ nguyên.",
            "An empty cell: what was reported before stays as it is.",
        ),
        Absent::Refused => said(
            "Ô để trống là lỗi: không có số thì ghi ký hiệu.",
            "An empty cell is an error: where there is no number, write a sign.",
        ),
        Absent::Withdraws => said(
            "Ô để trống: số đã báo cáo trước đó bị rút lại, khi người gửi xác nhận.",
            "An empty cell: what was reported before is taken back, once its sender says that this is meant.",
        ),
    });
    rules.push(match form.parts {
        true => said(
            "Ô có lỗi không được nhận, các ô khác vẫn được nhận.",
            "Cells with an error are not taken, the others are.",
        ),
        false => {
            said("Có một lỗi thì cả biểu không được nhận.", "With one error the form is not taken at all.")
        }
    });
    rules.push(said(
        "Ô tô xám là công thức: có thể gõ số đè lên nếu biết tổng mà không biết đủ các thành phần.",
        "Grey cells are formulas: type over one if the total is known and its parts are not.",
    ));
    let vintage = vintage_name(form.vintage);
    rules.push(both(
        format!("Không ghi gì khác thì số liệu là: {}.", vintage.vi.to_lowercase()),
        format!("Figures are {} where nothing else is said.", vintage.en.to_lowercase()),
    ));
    rules
}

/// What a period of that kind is and when it closes.
fn closing(kind: PeriodKind) -> (&'static str, &'static str) {
    match kind {
        PeriodKind::Day => ("ngày", "a day"),
        PeriodKind::Week => ("tuần, từ thứ Hai đến Chủ nhật", "a week, Monday to Sunday"),
        PeriodKind::Month => ("tháng dương lịch", "a calendar month"),
        PeriodKind::AdminMonth => (
            "tháng, từ ngày 15 tháng trước đến ngày 14",
            "a month, from the 15th of the month before to the 14th",
        ),
        PeriodKind::Quarter => ("quý dương lịch", "a calendar quarter"),
        PeriodKind::AdminQuarter => {
            ("quý, chốt ngày 14 của tháng cuối quý", "a quarter that closes on the 14th of its last month")
        }
        PeriodKind::HalfYear => ("6 tháng dương lịch", "a calendar half-year"),
        PeriodKind::AdminHalfYear => {
            ("6 tháng, chốt ngày 14/6 hoặc 14/12", "a half-year that closes on 14 June or 14 December")
        }
        PeriodKind::Year => ("năm dương lịch", "a calendar year"),
        PeriodKind::AdminYear => {
            ("năm, từ 15/12 năm trước đến 14/12", "a year, from 15 December to 14 December")
        }
        PeriodKind::SchoolYear => ("năm học, từ 1/9 đến 31/5", "a school year, from 1 September to 31 May"),
        PeriodKind::SchoolRound => (
            "đợt thu thập đầu, giữa hoặc cuối năm học (từ 1/9, 1/12, 1/3)",
            "the count at the beginning, in the middle or at the end of a school year (from 1 September, 1 December, 1 March)",
        ),
    }
}

fn described(indicator: &FormIndicator) -> Vec<String> {
    let numbers = numbers_of(indicator);
    vec![
        indicator.name.vi.clone(),
        indicator.name.en.clone(),
        indicator.code.clone(),
        indicator.unit.clone(),
        format!("{} / {}", numbers.vi, numbers.en),
    ]
}

fn columns(wanted: &Wanted<'_>, scope: &Scope<'_>) -> Vec<Vec<String>> {
    let described = |column: &ioc_model::form::Column| {
        let (content, example) = content(&column.role, wanted, scope);
        let required = if column.required { "có / yes" } else { "không / no" };
        vec![
            column.name.vi.clone(),
            column.name.en.clone(),
            format!("{} / {}", content.vi, content.en),
            required.to_owned(),
            example,
        ]
    };
    wanted.form.columns.iter().map(described).collect()
}

/// What stands in a column, and an example of it.
fn content(role: &Role, wanted: &Wanted<'_>, scope: &Scope<'_>) -> (Text, String) {
    let place = scope.places.first();
    let indicator = match role {
        Role::Value(Some(id)) => scope.indicators.iter().find(|indicator| indicator.id == *id),
        _ => scope.indicators.first(),
    };
    let of = |read: fn(&FormIndicator) -> &String| indicator.map(|one| read(one).clone()).unwrap_or_default();
    let (vi, en, example) = match role {
        Role::Place => {
            ("mã đơn vị hành chính", "code of the place", place.map(|place| place.key.code.clone()))
        }
        Role::PlaceName => ("tên đơn vị", "name of the place", place.map(|place| place.name.vi.clone())),
        Role::Period => {
            let period = wanted.period.or_else(|| Period::holding(wanted.form.period, wanted.today));
            ("kỳ của dòng", "period of the row", period.map(|period| period.label()))
        }
        Role::Indicator => ("mã chỉ tiêu", "code of the indicator", Some(of(|one| &one.code))),
        Role::Dimension(members) => {
            ("một mục của danh sách", "one of a list", members.first().map(|member| member.name.vi.clone()))
        }
        Role::Value(_) => {
            ("số hoặc ký hiệu", "a number or a sign", indicator.map(|one| number(one, wanted.form)))
        }
        Role::Unit => ("đơn vị tính", "unit", Some(of(|one| &one.unit))),
        Role::Vintage => (
            "ước tính, sơ bộ hay chính thức",
            "estimate, preliminary or official",
            Some(vintage_name(wanted.form.vintage).vi),
        ),
        Role::Date => {
            ("ngày/tháng/năm, dạng văn bản", "day/month/year, as text", Some("03/11/2026".to_owned()))
        }
        Role::Id => {
            ("mã của dòng, không trùng nhau", "what the row is known by, once each", Some("A-01".to_owned()))
        }
        Role::Note => ("ghi chú, được lưu cùng số liệu", "a remark, kept with the figures", None),
        Role::Ignored => ("để người đọc, không được tính", "for people, not read", None),
    };
    (Text { vi: vi.to_owned(), en: en.to_owned() }, example.unwrap_or_default())
}

/// A number that the indicator can have, as text is written in this form.
fn number(indicator: &FormIndicator, form: &Form) -> String {
    let plain = if indicator.whole { Decimal::from(1204) } else { Decimal::new(825, 1) };
    let at_least = plain.max(indicator.least.unwrap_or(plain));
    at_least.min(indicator.most.unwrap_or(at_least)).to_string().replace('.', &form.decimal.to_string())
}
