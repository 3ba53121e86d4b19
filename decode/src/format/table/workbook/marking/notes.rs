//! Notes at cells: those that the clerk wrote, and those that say what was found.

use std::collections::BTreeMap;

use ioc_model::form::Finding;

use super::{DECLARED, MAIN, markup::escaped, sheet::first_cell};
use crate::{
    format::table::workbook::{
        archive::Archive,
        package::{Relationships, document},
        xml::Xml,
    },
    grid::letters,
    marked::{AUTHOR, Mark},
};

/// Notes of a sheet that are copied, and characters of one.
const MOST: usize = 20_000;
const LONGEST: usize = 4_000;

/// By row and column: who wrote it, and what.
pub(super) type Notes = BTreeMap<(u32, u32), (String, String)>;

/// Those of a sheet: the clerk's own, without what an earlier copy said, and what was found.
pub(super) fn of_sheet(archive: &Archive<'_>, part: &str, marks: &[Mark]) -> Result<Notes, Finding> {
    let mut notes = Notes::new();
    if let Some(of) = Relationships::of(archive, part)?.by_kind("comments")
        && archive.has(&of.target)
    {
        own(&mut document(archive, &of.target, "comments")?, &mut notes)?;
    }
    for mark in marks {
        let found = notes.entry((mark.row, mark.column)).or_default();
        let before = std::mem::take(&mut found.1);
        found.0 = AUTHOR.to_owned();
        // What the clerk had written there stays below.
        found.1 =
            if before.is_empty() { mark.note.clone() } else { format!("{}\n{OWN}\n{before}", mark.note) };
    }
    Ok(notes)
}

/// Stands before what a clerk wrote at a cell that has a mark, too.
const OWN: &str = "― Ghi chú trước / Earlier note ―";

fn own(xml: &mut Xml<'_>, notes: &mut Notes) -> Result<(), Finding> {
    let mut authors = Vec::new();
    while let Some(tag) = xml.child()? {
        match tag.name() {
            "authors" => {
                while xml.child()?.is_some() {
                    let mut author = String::new();
                    xml.text(&mut author)?;
                    authors.push(author.chars().take(100).collect::<String>());
                }
            }
            "commentList" => {
                while let Some(tag) = xml.child()? {
                    let at = tag.attribute("ref").and_then(|at| first_cell(&at));
                    let author: usize = tag.number("authorId").unwrap_or(usize::MAX);
                    let author = authors.get(author).cloned().unwrap_or_default();
                    let mut text = String::new();
                    collect(xml, &mut text)?;
                    if author == AUTHOR {
                        text = text.split_once(OWN).map_or("", |(_, before)| before.trim_start()).to_owned();
                    }
                    let text: String = text.chars().take(LONGEST).collect();
                    if let Some(at) = at
                        && !text.is_empty()
                        && notes.len() < MOST
                    {
                        let _ =
                            notes.insert(at, (if author == AUTHOR { String::new() } else { author }, text));
                    }
                }
            }
            _ => xml.skip()?,
        }
    }
    Ok(())
}

/// The texts within the element that is open.
fn collect(xml: &mut Xml<'_>, into: &mut String) -> Result<(), Finding> {
    while let Some(tag) = xml.child()? {
        match tag.name() {
            "t" => xml.text(into)?,
            "rPh" => xml.skip()?,
            _ => collect(xml, into)?,
        }
    }
    Ok(())
}

/// The part that says them.
pub(super) fn comments(notes: &Notes) -> String {
    let mut authors: Vec<&str> = notes.values().map(|(author, _)| author.as_str()).collect();
    authors.sort_unstable();
    authors.dedup();
    let one = |(&(row, column), (author, text)): (&(u32, u32), &(String, String))| {
        let author = authors.binary_search(&author.as_str()).unwrap_or_default();
        format!(
            "<comment ref=\"{}{row}\" authorId=\"{author}\"><text><r><t xml:space=\"preserve\">{}</t></r></text></comment>",
            letters(column),
            escaped(text)
        )
    };
    let all: String = notes.iter().map(one).collect();
    let authors: String =
        authors.iter().map(|author| format!("<author>{}</author>", escaped(author))).collect();
    format!(
        "{DECLARED}<comments xmlns=\"{MAIN}\"><authors>{authors}</authors><commentList>{all}</commentList></comments>"
    )
}

/// The part that draws them: a box beside each cell, not shown before somebody points there.
pub(super) fn shapes(notes: &Notes) -> String {
    let one = |(number, (row, column)): (usize, &(u32, u32))| {
        let (row, number) = (row - 1, number + 1);
        let (left, top) = (column + 1, row.saturating_sub(1));
        format!(
            "<v:shape id=\"_x0000_s{number}\" type=\"#note\" style=\"position:absolute;width:240pt;height:110pt;\
             visibility:hidden\" fillcolor=\"#ffffe1\" o:insetmode=\"auto\"><v:fill color2=\"#ffffe1\"/><v:path \
             o:connecttype=\"none\"/><v:textbox style=\"mso-direction-alt:auto\"/><x:ClientData \
             ObjectType=\"Note\"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{left}, 15, {top}, 2, {}, 31, {}, \
             9</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData>\
             </v:shape>",
            left + 4,
            top + 7,
        )
    };
    let all: String = notes.keys().enumerate().map(one).collect();
    format!(
        "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" \
         xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><v:shapetype id=\"note\" coordsize=\"21600,21600\" o:spt=\"202\" \
         path=\"m,l,21600r21600,l21600,xe\"><v:stroke joinstyle=\"miter\"/><v:path gradientshapeok=\"t\" \
         o:connecttype=\"rect\"/></v:shapetype>{all}</xml>"
    )
}
