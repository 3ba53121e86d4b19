//! XLSX: a workbook of XML parts in a ZIP archive (ECMA-376, ISO/IEC 29500, also its strict form).

use std::collections::HashSet;

use ioc_model::form::Finding;

use super::{
    archive::Archive,
    budget::{Budget, MOST_LINKS, MOST_SHEETS},
    package::{Relationships, document, file_name},
    reference::is_sheet_name,
    refusal::{self, Limit},
    serial::Epoch,
    sheet::{Shared, SheetRead},
    strings,
    styles::Styles,
    told::Told,
};
use crate::grid::{Sheet, Workbook};

/// What the workbook's part says of a sheet.
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) hidden: bool,
    pub(super) relationship: String,
}

/// What the workbook's part says.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) sheets: Vec<Listed>,
    pub(super) epoch: Epoch,
    /// Relationships of other workbooks, as formulas number them.
    linked: Vec<String>,
}

/// The name of the part that says what a workbook holds; none if the archive is no workbook of XML.
pub(super) fn main_part(archive: &Archive<'_>) -> Result<Option<String>, Finding> {
    let stated = Relationships::of(archive, "")?;
    let stated = stated.by_kind("officeDocument").map(|main| main.target.clone());
    let is_workbook = |part: &String| part.to_lowercase().ends_with(".xml") && !is_of_another_program(part);
    Ok(stated.filter(|part| archive.has(part) && is_workbook(part)))
}

fn is_of_another_program(part: &str) -> bool {
    let part = part.to_lowercase();
    ["word/", "ppt/", "visio/"].iter().any(|folder| part.starts_with(folder))
}

/// Reads a workbook.
///
/// # Errors
/// If it is damaged, or more than a report.
pub(super) fn read(archive: &Archive<'_>, main: &str) -> Result<Workbook, Finding> {
    let parts = Relationships::of(archive, main)?;
    let contents = contents(archive, main)?;
    let mut budget = Budget::new();
    let mut told = Told::default();
    if archive.names().any(|name| name.ends_with("vbaproject.bin")) {
        told.macros();
    }
    let strings = match parts.by_kind("sharedStrings") {
        Some(part) => strings::read(document(archive, &part.target, "sst")?, &mut budget)?,
        None => Vec::new(),
    };
    let styles = match parts.by_kind("styles") {
        Some(part) => Styles::read(document(archive, &part.target, "styleSheet")?)?,
        None => Styles::default(),
    };
    let linked: Result<Vec<String>, Finding> =
        contents.linked.iter().map(|id| linked_file(archive, &parts, id)).collect();
    let shared = Shared { strings, styles, epoch: contents.epoch, linked: linked? };
    let mut sheets = Vec::new();
    for listed in contents.sheets {
        let part = parts.by_id(&listed.relationship).ok_or_else(|| refusal::damaged(main))?;
        if part.kind != "worksheet" {
            told.no_cells(&listed.name);
            continue;
        }
        let sheet = Sheet { name: listed.name, hidden: listed.hidden, ..Sheet::default() };
        let xml = document(archive, &part.target, "worksheet")?;
        sheets.push(SheetRead::new(sheet, &shared, &mut budget, &mut told).read(xml)?);
    }
    Ok(Workbook { sheets, told: told.into_findings() })
}

/// Reads what the workbook's part says.
pub(super) fn contents(archive: &Archive<'_>, main: &str) -> Result<Contents, Finding> {
    let mut xml = document(archive, main, "workbook")?;
    let mut contents = Contents::default();
    // Where a cell is says its sheet's name.
    let mut names = HashSet::new();
    while let Some(tag) = xml.child()? {
        match tag.name() {
            "workbookPr" => {
                if tag.says("date1904") {
                    contents.epoch = Epoch::Of1904;
                }
                xml.skip()?;
            }
            "sheets" => {
                while let Some(tag) = xml.child()? {
                    let said = |name| tag.attribute(name).map(String::from).unwrap_or_default();
                    let listed = Listed {
                        name: strings::unescaped(&said("name")).into_owned(),
                        hidden: matches!(&*said("state"), "hidden" | "veryHidden"),
                        relationship: said("id"),
                    };
                    if !is_sheet_name(&listed.name) || !names.insert(listed.name.clone()) {
                        return Err(xml.damaged());
                    }
                    if contents.sheets.len() >= MOST_SHEETS {
                        return Err(refusal::too_large(Limit::Sheets));
                    }
                    contents.sheets.push(listed);
                    xml.skip()?;
                }
            }
            "externalReferences" => {
                while let Some(tag) = xml.child()? {
                    if contents.linked.len() >= MOST_LINKS {
                        return Err(refusal::too_large(Limit::Looks));
                    }
                    contents.linked.push(tag.attribute("id").map(String::from).unwrap_or_default());
                    xml.skip()?;
                }
            }
            _ => xml.skip()?,
        }
    }
    xml.end()?;
    Ok(contents)
}

/// The name of another workbook, or of what else a formula is linked with. Its part keeps what was last seen there, as many
/// cells as it has: they are not read.
fn linked_file(archive: &Archive<'_>, parts: &Relationships, id: &str) -> Result<String, Finding> {
    let part = parts.by_id(id).map(|part| part.target.as_str()).unwrap_or_default();
    if !archive.has(part) {
        return Ok(String::new());
    }
    let mut xml = document(archive, part, "externalLink")?;
    let mut source = String::new();
    while let Some(tag) = xml.child()? {
        let said = |name| tag.attribute(name).map(String::from).unwrap_or_default();
        match tag.name() {
            "externalBook" | "oleLink" => {
                source = said("id");
                break;
            }
            "ddeLink" => return Ok(format!("{}|{}", said("ddeService"), said("ddeTopic"))),
            _ => xml.skip()?,
        }
    }
    let links = Relationships::of(archive, part)?;
    Ok(links.by_id(&source).map(|link| file_name(&link.target)).unwrap_or_default())
}
