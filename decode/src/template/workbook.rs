//! Writes the workbook of a template, as Office Open XML.

use std::collections::BTreeMap;

use ioc_model::{place::Date, text::Text};
use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, DocProperties, ExcelDateTime, Format, FormatAlign,
    FormatBorder, Formula, ProtectionOptions, Workbook, Worksheet, XlsxError,
};

use super::{
    NoTemplate,
    cells::Holds,
    guide::GuideRow,
    input::{Accepts, Input, NumberInput},
    layout::{LineLook, Template},
    sums::quoted,
};
use crate::grid::letters;

const LISTS: &str = "Danh mục";
const GUIDE: &str = "Hướng dẫn";
/// Sheets of a template beside the one that is filled in.
pub(crate) const OWN_SHEETS: [&str; 2] = [LISTS, GUIDE];

/// Excel's limits.
const LONGEST_MESSAGE: usize = 255;
const LONGEST_RULE: usize = 255;
/// Stretches of cells that one rule names.
const STRETCHES: usize = 100;
/// Columns that stay in sight.
const MOST_FROZEN: u16 = 3;
const A4: u8 = 9;
/// From so many columns on it is printed across.
const WIDE: usize = 7;

const HEADING: u32 = 0xD9_E2_F3;
const WORKED: u32 = 0xED_ED_ED;
const QUIET: u32 = 0x59_59_59;

/// The workbook's bytes. The same template of the same day gives the same ones.
///
/// # Errors
/// If something of it is longer than a workbook can hold.
pub fn workbook(template: &Template, made_on: Date) -> Result<Vec<u8>, NoTemplate> {
    written(template, made_on).map_err(|error| {
        NoTemplate(Text {
            vi: format!("Không ghi được biểu mẫu này thành tệp Excel: {error}"),
            en: format!("this form cannot be written as a workbook: {error}"),
        })
    })
}

fn written(template: &Template, made_on: Date) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let year = u16::try_from(made_on.year()).unwrap_or_default();
    let month = u8::try_from(made_on.month()).unwrap_or_default();
    let day = u8::try_from(made_on.day()).unwrap_or_default();
    let made_on = ExcelDateTime::from_ymd(year, month, day)?;
    workbook
        .set_properties(&DocProperties::new().set_title(&template.name.vi).set_creation_datetime(&made_on));
    write_table(workbook.add_worksheet(), template)?;
    write_guide(workbook.add_worksheet(), template)?;
    if !template.lists.is_empty() {
        write_lists(workbook.add_worksheet(), template)?;
    }
    workbook.save_to_buffer()
}

fn plain() -> Format {
    Format::new().set_text_wrap().set_align(FormatAlign::Top)
}

fn heading() -> Format {
    Format::new()
        .set_bold()
        .set_background_color(Color::RGB(HEADING))
        .set_border(FormatBorder::Thin)
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter)
        .set_text_wrap()
}

fn quiet() -> Format {
    Format::new().set_italic().set_font_color(Color::RGB(QUIET))
}

/// Whoever fills it in may make columns wider, and nothing else of what is protected.
fn protect(sheet: &mut Worksheet) {
    let _ = sheet.protect_with_options(&ProtectionOptions {
        format_columns: true,
        format_rows: true,
        ..ProtectionOptions::new()
    });
}

fn column_number(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

fn write_table(sheet: &mut Worksheet, template: &Template) -> Result<(), XlsxError> {
    let _ = sheet.set_name(&template.sheet)?.set_formula_result_default("");
    for (row, line) in template.above.iter().enumerate() {
        let format = match line.look {
            LineLook::Title => Format::new().set_bold().set_font_size(14),
            LineLook::Beside => quiet(),
            LineLook::Said => Format::new().set_bold(),
            LineLook::Open => Format::new().set_bold().set_unlocked(),
        };
        let _ = sheet.write_string_with_format(row_number(row), 0, &line.text, &format)?;
    }
    for (at, column) in template.columns.iter().enumerate() {
        let at = column_number(at);
        let small = quiet().set_font_size(9).set_text_wrap().set_align(FormatAlign::Center);
        let _ = sheet
            .write_string_with_format(template.header - 1, at, &column.above, &small)?
            .write_string_with_format(template.header, at, &column.heading, &heading())?
            .set_column_width(at, f64::from(column.width))?;
    }
    for (below, slots) in template.rows.iter().enumerate() {
        let row = template.header + 1 + row_number(below);
        for (at, slot) in slots.iter().enumerate() {
            let input = slot.input.map(|number| &template.inputs[number]);
            let format = format_of(input, &slot.holds);
            let at = column_number(at);
            let _ = match &slot.holds {
                Holds::Nothing => sheet.write_blank(row, at, &format)?,
                Holds::Text(text) => sheet.write_string_with_format(row, at, text, &format)?,
                Holds::Formula(formula) => {
                    sheet.write_formula_with_format(row, at, Formula::new(formula), &format)?
                }
            };
        }
    }
    for ((input, at), rows) in cells_by_input(template) {
        let input = &template.inputs[input];
        for stretches in stretches(&rows).chunks(STRETCHES) {
            add_input(sheet, template, input, at, stretches)?;
        }
    }
    protect(sheet);
    let _ = sheet
        .set_freeze_panes(template.header + 1, frozen(template))?
        .set_repeat_rows(template.header, template.header)?
        .set_paper_size(A4)
        .set_print_fit_to_pages(1, 0);
    if template.columns.len() >= WIDE {
        let _ = sheet.set_landscape();
    }
    Ok(())
}

fn row_number(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

fn format_of(input: Option<&Input>, holds: &Holds) -> Format {
    let format = Format::new().set_border(FormatBorder::Thin);
    let format = match input.map(|input| &input.accepts) {
        Some(Accepts::Number(number)) => match number.decimals {
            Some(0) => format.set_num_format("#,##0"),
            Some(decimals) => format.set_num_format(format!("#,##0.{}", "0".repeat(decimals.into()))),
            None => format,
        },
        // What is worked out and cannot be changed is a number, too.
        None if matches!(holds, Holds::Formula(_)) => format.set_num_format("#,##0.#########"),
        _ => format.set_num_format("@"),
    };
    let format = match holds {
        Holds::Formula(_) => format.set_background_color(Color::RGB(WORKED)),
        _ => format,
    };
    if input.is_some() { format.set_unlocked() } else { format }
}

/// Rows by input and column.
fn cells_by_input(template: &Template) -> BTreeMap<(usize, u16), Vec<u32>> {
    let mut cells: BTreeMap<(usize, u16), Vec<u32>> = BTreeMap::new();
    for (below, slots) in template.rows.iter().enumerate() {
        for (at, slot) in slots.iter().enumerate() {
            if let Some(input) = slot.input {
                let row = template.header + 1 + row_number(below);
                cells.entry((input, column_number(at))).or_default().push(row);
            }
        }
    }
    cells
}

/// First and last of rows that follow each other.
fn stretches(rows: &[u32]) -> Vec<(u32, u32)> {
    let mut stretches: Vec<(u32, u32)> = Vec::new();
    for row in rows {
        match stretches.last_mut() {
            Some((_, last)) if *last + 1 == *row => *last = *row,
            _ => stretches.push((*row, *row)),
        }
    }
    stretches
}

fn add_input(
    sheet: &mut Worksheet,
    template: &Template,
    input: &Input,
    at: u16,
    stretches: &[(u32, u32)],
) -> Result<(), XlsxError> {
    let ((Some((first, _)), Some((_, last))), column) =
        ((stretches.first(), stretches.last()), letters(u32::from(at)))
    else {
        return Ok(());
    };
    let told = told(&input.told);
    let validation = match &input.accepts {
        Accepts::Text => DataValidation::new().allow_any_value(),
        Accepts::Number(number) => {
            DataValidation::new().allow_custom(Formula::new(rule(number, &format!("{column}{}", first + 1))))
        }
        Accepts::OneOf(list) => {
            let entries = template.lists.get(*list).map_or(0, |list| list.items.len());
            let of = letters(u32::try_from(*list).unwrap_or(u32::MAX));
            let formula = format!("='{LISTS}'!${of}$2:${of}${}", entries + 1);
            DataValidation::new().allow_list_formula(Formula::new(formula))
        }
    };
    let named: Vec<String> =
        stretches.iter().map(|(from, to)| format!("{column}{}:{column}{}", from + 1, to + 1)).collect();
    let validation = validation
        .set_input_message(told.clone())?
        .set_error_message(told)?
        .set_error_style(DataValidationErrorStyle::Warning)
        .set_multi_range(named.join(" "));
    let _ = sheet.add_data_validation(*first, at, *last, at, &validation)?;
    Ok(())
}

/// Both languages in what a message can hold.
fn told(text: &Text) -> String {
    let half = (LONGEST_MESSAGE - 1) / 2;
    format!("{}\n{}", cut(&text.vi, half), cut(&text.en, half))
}

/// As much of it as fits, counted as Excel counts.
fn cut(text: &str, most: usize) -> String {
    if text.encode_utf16().count() <= most {
        return text.to_owned();
    }
    let mut left = most - 1;
    let fits = |character: &char| {
        let fits = character.len_utf16() <= left;
        left = left.saturating_sub(character.len_utf16());
        fits
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// What is right in a cell: a number in its bounds, or a sign. Where there are too many signs, any text.
fn rule(number: &NumberInput, cell: &str) -> String {
    let mut bounds = vec![format!("ISNUMBER({cell})")];
    bounds.extend(number.least.map(|least| format!("{cell}>={least}")));
    bounds.extend(number.most.map(|most| format!("{cell}<={most}")));
    if number.whole {
        bounds.push(format!("{cell}=INT({cell})"));
    }
    let bounds = format!("AND({})", bounds.join(","));
    let signs: String = number.signs.iter().map(|sign| format!(",{cell}={}", quoted(sign))).collect();
    let rule = format!("=OR({bounds}{signs})");
    match rule.encode_utf16().count() <= LONGEST_RULE {
        true => rule,
        false => format!("=OR(ISTEXT({cell}),{bounds})"),
    }
}

/// The columns before the first that is filled in.
fn frozen(template: &Template) -> u16 {
    let is_fixed = |at: &usize| template.rows.iter().all(|row| row[*at].input.is_none());
    column_number((0..template.columns.len()).take_while(is_fixed).count()).min(MOST_FROZEN)
}

fn write_guide(sheet: &mut Worksheet, template: &Template) -> Result<(), XlsxError> {
    let _ = sheet.set_name(GUIDE)?;
    for (at, width) in [44.0, 44.0, 40.0, 18.0, 40.0].into_iter().enumerate() {
        let _ = sheet.set_column_width(column_number(at), width)?;
    }
    for (row, guide) in template.guide.iter().enumerate() {
        let (texts, format): (&[String], Format) = match guide {
            GuideRow::Title(title) => {
                (std::slice::from_ref(title), Format::new().set_bold().set_font_size(12))
            }
            GuideRow::Headings(headings) => (headings, heading()),
            GuideRow::Texts(texts) => (texts, plain()),
        };
        for (at, text) in texts.iter().enumerate() {
            let _ = sheet.write_string_with_format(row_number(row), column_number(at), text, &format)?;
        }
    }
    protect(sheet);
    let _ = sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
    Ok(())
}

fn write_lists(sheet: &mut Worksheet, template: &Template) -> Result<(), XlsxError> {
    let _ = sheet.set_name(LISTS)?;
    let text = Format::new().set_num_format("@");
    for (at, list) in template.lists.iter().enumerate() {
        let at = column_number(at);
        let name = format!("{} / {}", list.name.vi, list.name.en);
        let _ = sheet.write_string_with_format(0, at, name, &heading())?.set_column_width(at, 30.0)?;
        for (below, item) in list.items.iter().enumerate() {
            let _ = sheet.write_string_with_format(row_number(below + 1), at, item, &text)?;
        }
    }
    protect(sheet);
    Ok(())
}
