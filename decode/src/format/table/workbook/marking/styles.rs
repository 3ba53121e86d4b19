//! Looks with a mark: copies of looks that the workbook has, with another fill.

use std::collections::{BTreeMap, HashSet};

use ioc_model::form::Weight;

use super::markup::{Open, Piece, pieces, transitional};
use crate::marked::{FILLS, fill_of};

/// What becomes of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Filled {
    Marked(Weight),
    /// A mark of an earlier copy is taken away.
    Plain,
}

/// The looks of a workbook, and those that are made of them.
pub(super) struct Looks {
    stated: usize,
    /// Those with a mark of an earlier copy.
    ours: HashSet<usize>,
    made: BTreeMap<(usize, Filled), usize>,
}

impl Looks {
    /// Of the part that states them; none where it is damaged, or states none.
    pub(super) fn of(xml: &str) -> Option<Looks> {
        let mut looks = Looks { stated: 0, ours: HashSet::new(), made: BTreeMap::new() };
        let (mut within, mut fills) = (Vec::new(), Vec::new());
        pieces(xml, |piece| {
            match piece {
                Piece::Open(open) => {
                    let path: Vec<&str> = within.iter().skip(1).map(String::as_str).collect();
                    match (&path[..], open.local()) {
                        (["fills"], "fill") => fills.push(false),
                        (["fills", ..], "fgColor") => {
                            let color = open.attribute("rgb").unwrap_or_default();
                            let is_ours =
                                FILLS.iter().any(|fill| color.eq_ignore_ascii_case(&format!("FF{fill:06X}")));
                            *fills.last_mut()? |= is_ours;
                        }
                        (["cellXfs"], "xf") => {
                            let fill = open.number("fillId").unwrap_or_default();
                            if fills.get(fill).is_some_and(|is_ours| *is_ours) {
                                let _new = looks.ours.insert(looks.stated);
                            }
                            looks.stated += 1;
                        }
                        _ => {}
                    }
                    within.push(open.local().to_owned());
                }
                Piece::Close(_) => {
                    let _ = within.pop();
                }
                Piece::Text(_) => {}
            }
            Some(())
        })?;
        (looks.stated > 0 && !fills.is_empty()).then_some(looks)
    }

    /// The number of a look with a mark.
    pub(super) fn marked(&mut self, base: usize, weight: Weight) -> usize {
        self.made(base, Filled::Marked(weight))
    }

    /// The number of a look without a mark.
    pub(super) fn plain(&mut self, base: usize) -> usize {
        if self.ours.contains(&base) { self.made(base, Filled::Plain) } else { base }
    }

    fn made(&mut self, base: usize, filled: Filled) -> usize {
        let base = if base < self.stated { base } else { 0 };
        let next = self.stated + self.made.len();
        *self.made.entry((base, filled)).or_insert(next)
    }

    /// The part with those that were made.
    pub(super) fn written(&self, xml: &str) -> Option<String> {
        let xml = transitional(xml);
        let mut out = String::with_capacity(xml.len() + 4_096);
        let (mut within, mut skipped): (Vec<String>, Option<usize>) = (Vec::new(), None);
        let (mut fills, mut from, mut looks) = (0_usize, 0_usize, Vec::new());
        pieces(&xml, |piece| {
            match piece {
                Piece::Open(open) => {
                    let depth = within.len();
                    let above = within.last().map(String::as_str);
                    if skipped.is_none() && open.local() == "extLst" {
                        skipped = Some(depth);
                    }
                    if skipped.is_none() {
                        match (depth, above, open.local()) {
                            (2, Some("fills"), "fill") => fills += 1,
                            (2, Some("cellXfs"), "xf") => from = out.len(),
                            _ => {}
                        }
                        let counted = depth == 1 && matches!(open.local(), "fills" | "cellXfs");
                        out += &open.written(if counted { &["count"] } else { &[] }, &[]);
                    }
                    within.push(open.local().to_owned());
                }
                Piece::Close(name) => {
                    let local = within.pop()?;
                    let depth = within.len();
                    if let Some(above) = skipped {
                        if depth == above {
                            skipped = None;
                        }
                        return Some(());
                    }
                    let prefix = &name[..name.len() - local.len()];
                    match (depth, &*local) {
                        (1, "fills") => out += &our_fills(prefix),
                        (1, "cellXfs") => out += &self.our_looks(&looks, fills)?,
                        _ => {}
                    }
                    out += &format!("</{name}>");
                    if depth == 2 && local == "xf" && within.last().is_some_and(|above| above == "cellXfs") {
                        looks.push(out[from..].to_owned());
                    }
                }
                Piece::Text(text) if skipped.is_none() => out.push_str(text),
                Piece::Text(_) => {}
            }
            Some(())
        })?;
        Some(out)
    }

    fn our_looks(&self, looks: &[String], fills: usize) -> Option<String> {
        let mut made: Vec<(usize, (usize, Filled))> =
            self.made.iter().map(|(what, number)| (*number, *what)).collect();
        made.sort_unstable();
        let mut all = String::new();
        for (_, (base, filled)) in made {
            let look = looks.get(base)?;
            let (tag, rest) = look.strip_prefix('<')?.split_once('>')?;
            let fill = match filled {
                Filled::Marked(weight) => fills + weight as usize,
                Filled::Plain => 0,
            };
            let with = [("fillId", fill.to_string()), ("applyFill", "1".to_owned())];
            all += &Open::of(tag).written(&["fillId", "applyFill"], &with);
            all += rest;
        }
        Some(all)
    }
}

/// A fill for each weight, in the order of their numbers.
fn our_fills(prefix: &str) -> String {
    let one = |weight: Weight| {
        format!(
            "<{prefix}fill><{prefix}patternFill patternType=\"solid\"><{prefix}fgColor rgb=\"FF{:06X}\"/><{prefix}bgColor \
             indexed=\"64\"/></{prefix}patternFill></{prefix}fill>",
            fill_of(weight)
        )
    };
    Weight::ALL.into_iter().map(one).collect()
}
