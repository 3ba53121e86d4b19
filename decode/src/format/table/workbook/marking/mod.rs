//! The same XLSX workbook with marks: a fill and a note at every cell that something was found in, and a sheet that lists
//! all of it.
//!
//! The package is written anew of the parts that carry what a clerk sees of cells: sheets, texts, looks, the theme, names.
//! What could act does not come along: macros, links to other files and data, controls, embedded objects; nor do pictures
//! and diagrams, which say nothing of a value. A formula that reaches outside of its workbook leaves its last result (SAFE).
//! Everything of a sheet that is kept is copied as it stands ([`sheet`]); a look with a mark is a copy of the cell's own with
//! another fill ([`styles`]). Marks of an earlier copy are taken away, so that a clerk may correct the copy itself.
//!
//! Rejected: writing the workbook from what was read of it. Widths, colours, print areas and formulas are the clerk's work.

mod markup;
mod notes;
mod packed;
mod sheet;
mod styles;

use std::io::Read;

use ioc_model::form::Finding;

use self::{
    markup::escaped,
    packed::Packed,
    sheet::{has_reach, marked_sheet},
    styles::Looks,
};
use super::{
    archive::Archive,
    package::{Relationships, document},
    refusal::{self, Limit},
    serial::Epoch,
    xlsx::{Contents, contents, main_part},
};
use crate::marked::{FOUND, Listed, Mark, Marks};

pub(super) const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
pub(super) const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const TYPE: &str = "application/vnd.openxmlformats-officedocument";
const DECLARED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
/// What is copied of a workbook, inflated. Bytes.
const MOST: usize = 64 << 20;

/// Parts that are being read.
struct Source<'a> {
    archive: &'a Archive<'a>,
    left: usize,
}

impl Source<'_> {
    /// A part as it stands; none if there is no such part.
    fn text(&mut self, name: &str) -> Result<Option<String>, Finding> {
        let Some(part) = self.archive.part(name)? else { return Ok(None) };
        let mut bytes = Vec::new();
        // A token may be as long as its part: nothing is held beside it here.
        let read = part.unbroken().take(self.left as u64 + 1).read_to_end(&mut bytes);
        if bytes.len() > self.left {
            return Err(refusal::too_large(Limit::Inflated));
        }
        self.left -= bytes.len();
        let text = read.ok().and_then(|_| String::from_utf8(bytes).ok());
        let text = text.ok_or_else(|| refusal::damaged(name))?;
        Ok(Some(text.trim_start_matches('\u{feff}').to_owned()))
    }
}

/// A sheet of the copy.
struct Kept {
    name: String,
    hidden: bool,
    /// Its place in the original, of all sheets.
    was: usize,
}

/// The workbook with marks.
///
/// # Errors
/// If it is none that can be copied, or larger than what is.
pub(crate) fn marked(bytes: &[u8], marks: &Marks) -> Result<Vec<u8>, Finding> {
    let archive = Archive::open(bytes)?;
    let main = main_part(&archive)?.ok_or_else(refusal::cut_off)?;
    let parts = Relationships::of(&archive, &main)?;
    let contents = contents(&archive, &main)?;
    let mut source = Source { archive: &archive, left: MOST };
    let part = |kind: &str| parts.by_kind(kind).map(|part| part.target.clone());
    let styles = part("styles").map(|part| source.text(&part)).transpose()?.flatten();
    let styles = styles.ok_or_else(|| refusal::damaged("styles"))?;
    let mut looks = Looks::of(&styles).ok_or_else(|| refusal::damaged("styles"))?;

    let mut packed = Packed::default();
    let mut kept: Vec<Kept> = Vec::new();
    let mut noted: Vec<usize> = Vec::new();
    let mut of_sheets = marks.sheets.iter();
    for (was, listed) in contents.sheets.iter().enumerate() {
        let part = parts.by_id(&listed.relationship).ok_or_else(|| refusal::damaged(&main))?;
        if part.kind != "worksheet" {
            continue;
        }
        let marks: &[Mark] = of_sheets.next().map_or(&[], Vec::as_slice);
        if listed.name == FOUND {
            continue;
        }
        kept.push(Kept { name: listed.name.clone(), hidden: listed.hidden, was });
        let number = kept.len();
        let xml = source.text(&part.target)?.ok_or_else(|| refusal::damaged(&part.target))?;
        let notes = notes::of_sheet(&archive, &part.target, marks)?;
        let copy = marked_sheet(&xml, marks, &mut looks, !notes.is_empty());
        let copy = copy.ok_or_else(|| refusal::damaged(&part.target))?;
        packed.add(&format!("xl/worksheets/sheet{number}.xml"), copy.as_bytes());
        if !notes.is_empty() {
            noted.push(number);
            packed.add(&format!("xl/comments{number}.xml"), notes::comments(&notes).as_bytes());
            packed.add(&format!("xl/drawings/vmlDrawing{number}.vml"), notes::shapes(&notes).as_bytes());
            let relationships = [
                ("rIdMarks", "vmlDrawing", format!("../drawings/vmlDrawing{number}.vml")),
                ("rIdNotes", "comments", format!("../comments{number}.xml")),
            ];
            let name = format!("xl/worksheets/_rels/sheet{number}.xml.rels");
            packed.add(&name, related(&relationships).as_bytes());
        }
    }
    let list = kept.len() + 1;
    packed.add(&format!("xl/worksheets/sheet{list}.xml"), listed(marks, &mut looks).as_bytes());
    let styles = looks.written(&styles).ok_or_else(|| refusal::damaged("styles"))?;
    packed.add("xl/styles.xml", styles.as_bytes());
    let mut relationships: Vec<(String, &str, String)> =
        (1..=list).map(|at| (format!("rId{at}"), "worksheet", format!("worksheets/sheet{at}.xml"))).collect();
    relationships.push(("rIdStyles".to_owned(), "styles", "styles.xml".to_owned()));
    for (kind, name) in [("sharedStrings", "sharedStrings.xml"), ("theme", "theme1.xml")] {
        let text = part(kind).map(|part| source.text(&part)).transpose()?.flatten();
        // A theme may have pictures; what it names is not there.
        let Some(text) =
            text.filter(|text| kind != "theme" || !text.contains("embed=") && !text.contains("link="))
        else {
            continue;
        };
        packed.add(&format!("xl/{name}"), markup::transitional(&text).as_bytes());
        relationships.push((format!("rId{kind}"), kind, name.to_owned()));
    }
    packed.add("xl/workbook.xml", workbook(&archive, &main, &contents, &kept)?.as_bytes());
    packed.add("xl/_rels/workbook.xml.rels", related(&relationships).as_bytes());
    packed
        .add("_rels/.rels", related(&[("rId1", "officeDocument", "xl/workbook.xml".to_owned())]).as_bytes());
    packed.add("[Content_Types].xml", types(list, &noted, &relationships).as_bytes());
    Ok(packed.finish())
}

fn related<Id: AsRef<str>>(relationships: &[(Id, &str, String)]) -> String {
    let one = |(id, kind, target): &(Id, &str, String)| {
        format!("<Relationship Id=\"{}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>", id.as_ref())
    };
    let all: String = relationships.iter().map(one).collect();
    format!("{DECLARED}<Relationships xmlns=\"{PACKAGE}/relationships\">{all}</Relationships>")
}

fn types(sheets: usize, noted: &[usize], relationships: &[(String, &str, String)]) -> String {
    let one = |part: String, of: &str| {
        format!("<Override PartName=\"/xl/{part}\" ContentType=\"{TYPE}.{of}+xml\"/>")
    };
    let mut all = one("workbook.xml".to_owned(), "spreadsheetml.sheet.main");
    for at in 1..=sheets {
        all += &one(format!("worksheets/sheet{at}.xml"), "spreadsheetml.worksheet");
    }
    for at in noted {
        all += &one(format!("comments{at}.xml"), "spreadsheetml.comments");
    }
    for (kind, of) in [
        ("styles", "spreadsheetml.styles"),
        ("sharedStrings", "spreadsheetml.sharedStrings"),
        ("theme", "theme"),
    ] {
        if let Some((.., target)) = relationships.iter().find(|(_, known, _)| *known == kind) {
            all += &one(target.clone(), of);
        }
    }
    format!(
        "{DECLARED}<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
         ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" \
         ContentType=\"application/xml\"/><Default Extension=\"vml\" ContentType=\"{TYPE}.vmlDrawing\"/>{all}</Types>"
    )
}

/// The part that says which sheets there are, and what is called by a name.
fn workbook(
    archive: &Archive<'_>,
    main: &str,
    contents: &Contents,
    kept: &[Kept],
) -> Result<String, Finding> {
    let epoch = if contents.epoch == Epoch::Of1904 { " date1904=\"1\"" } else { "" };
    let found = Kept { name: FOUND.to_owned(), hidden: false, was: usize::MAX };
    let sheet = |(at, of): (usize, &Kept)| {
        let (id, name) = (at + 1, escaped(&of.name));
        let state = if of.hidden { " state=\"hidden\"" } else { "" };
        format!("<sheet name=\"{name}\" sheetId=\"{id}\"{state} r:id=\"rId{id}\"/>")
    };
    let sheets: String = kept.iter().chain([&found]).enumerate().map(sheet).collect();
    // Where the first is not shown another one is looked at.
    let active = kept.iter().position(|sheet| !sheet.hidden).unwrap_or(kept.len());
    let names = names(archive, main, kept)?;
    Ok(format!(
        "{DECLARED}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><workbookPr{epoch}/><bookViews><workbookView \
         activeTab=\"{active}\" firstSheet=\"{active}\"/></bookViews><sheets>{sheets}</sheets>{names}<calcPr \
         fullCalcOnLoad=\"1\"/></workbook>"
    ))
}

/// What is called by a name: areas to print, lists to choose from. Names of functions and of what lies elsewhere stay behind.
fn names(archive: &Archive<'_>, main: &str, kept: &[Kept]) -> Result<String, Finding> {
    const MOST_NAMES: usize = 10_000;
    let mut xml = document(archive, main, "workbook")?;
    let (mut all, mut count) = (String::new(), 0);
    while let Some(tag) = xml.child()? {
        if tag.name() != "definedNames" {
            xml.skip()?;
            continue;
        }
        while let Some(tag) = xml.child()? {
            let acts = ["function", "vbProcedure", "xlm"].iter().any(|name| tag.says(name));
            let name = tag.attribute("name").unwrap_or_default().into_owned();
            let hidden = if tag.says("hidden") { " hidden=\"1\"" } else { "" };
            let of: Option<usize> = tag.number("localSheetId");
            let mut text = String::new();
            xml.text(&mut text)?;
            let place = of.map(|was| kept.iter().position(|sheet| sheet.was == was));
            let local = match place {
                None => String::new(),
                Some(Some(place)) => format!(" localSheetId=\"{place}\""),
                Some(None) => continue,
            };
            let is_of_found = text.contains(FOUND);
            let starts_itself = name.to_lowercase().trim_start_matches("_xlnm.").starts_with("auto_");
            if acts || has_reach(&text) || is_of_found || starts_itself || count >= MOST_NAMES {
                continue;
            }
            count += 1;
            all += &format!(
                "<definedName name=\"{}\"{local}{hidden}>{}</definedName>",
                escaped(&name),
                escaped(&text)
            );
        }
    }
    xml.end()?;
    Ok(if all.is_empty() { all } else { format!("<definedNames>{all}</definedNames>") })
}

/// The sheet that lists everything that was found.
fn listed(marks: &Marks, looks: &mut Looks) -> String {
    let row = |number: usize, style: usize, texts: &[String; 5]| {
        let cell = |(letter, text): (char, &String)| {
            format!(
                "<c r=\"{letter}{number}\" s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>",
                escaped(text)
            )
        };
        let cells: String = ('A'..='E').zip(texts).map(cell).collect();
        format!("<row r=\"{number}\">{cells}</row>")
    };
    let mut rows = row(1, 0, &Listed::heads());
    for (at, Listed { weight, texts }) in marks.list.iter().enumerate() {
        rows += &row(at + 2, looks.marked(0, *weight), texts);
    }
    format!(
        "{DECLARED}<worksheet xmlns=\"{MAIN}\"><sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" \
         topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews><cols><col min=\"1\" \
         max=\"1\" width=\"18\" customWidth=\"1\"/><col min=\"2\" max=\"3\" width=\"26\" customWidth=\"1\"/><col min=\"4\" \
         max=\"5\" width=\"90\" customWidth=\"1\"/></cols><sheetData>{rows}</sheetData></worksheet>"
    )
}
