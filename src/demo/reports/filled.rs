//! A form's own template, filled in: as the workbook it is, or as the CSV file that a spreadsheet saves of it.

use anyhow::Context;
use ioc_decode::template::{Holds, Template, Wanted, workbook};
use ioc_model::{
    form::{Form, Owner, PlacesByCode, Role},
    pack::Pack,
    place::Place,
};

use super::{Due, Fault, Message, numbers};

/// What words stand for a number in a report that is refused.
const WORDS: &str = "khoảng 120";

/// The report that is due; none where the form is about nothing then.
pub(super) fn message(pack: &Pack, seed: u64, due: &Due<'_>) -> anyhow::Result<Option<Message>> {
    let form = pack.forms.get(due.form).with_context(|| format!("the pack has no form {}", due.form))?;
    let places = PlacesByCode::of(&pack.places).of_scope_on(&form.places, due.period.end);
    if places.is_empty() {
        return Ok(None);
    }
    let agency = match &form.owner {
        Owner::Agency(agency) => Some(agency.as_str()),
        Owner::Place => due.place,
    };
    let wanted = Wanted {
        form,
        places: &pack.places,
        agencies: &pack.agencies,
        period: Some(due.period),
        today: due.period.end,
        place: None,
        agency,
    };
    let mut template = Template::of(&wanted)?;
    fill(&mut template, form, &places, seed, due);
    let name = format!("{}_{}_{}", due.form, due.place.unwrap_or("tinh"), due.period.label());
    // A correction is another file: the same name would be the same file.
    let name = if due.fault == Fault::Correction { format!("{name}_sua") } else { name };
    Ok(Some(match due.is_pushed {
        true => Message {
            name: format!("{name}.xlsx"),
            content_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            content: workbook(&template, due.period.end)?,
        },
        false => Message { name: format!("{name}.csv"), content_type: "text/csv", content: csv(&template)? },
    }))
}

/// Writes numbers into the rows of places; rows of totals are left to the spreadsheet.
fn fill(template: &mut Template, form: &Form, places: &[&Place], seed: u64, due: &Due<'_>) {
    let at = |is: fn(&Role) -> bool| form.columns.iter().position(|column| is(&column.role));
    let place_at = at(|role| matches!(role, Role::Place));
    let member_at = at(|role| matches!(role, Role::Dimension(_)));
    let indicator_at = at(|role| matches!(role, Role::Indicator));
    template.rows.retain_mut(|row| {
        let text = |column: Option<usize>| match column.map(|at| &row[at].holds) {
            Some(Holds::Text(text)) => text.clone(),
            _ => String::new(),
        };
        let code = if place_at.is_some() { text(place_at) } else { due.place.unwrap_or_default().to_owned() };
        let Some(place) = places.iter().find(|place| place.key.code == code) else { return false };
        let member = member(form, member_at, &text(member_at));
        let numbers = numbers::of(seed, due.form, (&code, place.kind), &member, due.period);
        let of_row = text(indicator_at);
        for (column, slot) in form.columns.iter().zip(row.iter_mut()) {
            let id = match &column.role {
                Role::Value(Some(id)) => id.clone(),
                Role::Value(None) => match form.indicators.values().find(|of| of.code == of_row) {
                    Some(of) => of.id.clone(),
                    None => continue,
                },
                _ => continue,
            };
            if slot.holds == Holds::Nothing
                && let Some(number) = numbers.get(id.as_str())
            {
                slot.holds = Holds::Text(wrong(due.fault, &id, number));
            }
        }
        true
    });
}

/// The member that a row names.
fn member(form: &Form, column: Option<usize>, name: &str) -> String {
    let Some(Role::Dimension(members)) = column.map(|at| &form.columns[at].role) else {
        return String::new();
    };
    members.iter().find(|member| member.name.vi == name).map(|member| member.id.clone()).unwrap_or_default()
}

/// A number as it stands in a report of that kind.
fn wrong(fault: Fault, indicator: &str, number: &str) -> String {
    match (fault, indicator) {
        (Fault::Words, "poor" | "complaints") => WORDS.to_owned(),
        (Fault::Part, "on_time") => format!("{number}0"),
        (Fault::Tenfold, "poor" | "complaints") => format!("{number}0"),
        (Fault::Correction, "revenue") => number.split(',').next().unwrap_or_default().to_owned(),
        _ => number.to_owned(),
    }
}

/// As a spreadsheet in Vietnamese saves it: semicolons, and a mark in front that says that it is UTF-8.
fn csv(template: &Template) -> anyhow::Result<Vec<u8>> {
    let mut writer =
        csv::WriterBuilder::new().delimiter(b';').flexible(true).from_writer(vec![0xEF, 0xBB, 0xBF]);
    for line in &template.above {
        writer.write_record([&line.text])?;
    }
    writer.write_record(template.columns.iter().map(|column| &column.heading))?;
    for row in &template.rows {
        writer.write_record(row.iter().map(|slot| match &slot.holds {
            Holds::Text(text) => text.as_str(),
            Holds::Nothing | Holds::Formula(_) => "",
        }))?;
    }
    Ok(writer.into_inner()?)
}
