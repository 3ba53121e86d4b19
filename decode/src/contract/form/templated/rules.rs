//! Templates as they are looked up.

use ioc_model::{
    form::{Form, HeadReads, HeadValues, LabelReads, SheetTemplate},
    pattern,
};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::{
    super::{draft::WHOLE, rules::FormRules},
    folded::{HeadPattern, Month, folded, label},
};

/// The templates of a form.
#[derive(Debug, Default)]
pub(in crate::contract::form) struct Templates {
    pub(super) sheets: Vec<SheetRules>,
    /// By place of the indicator: factors by folded unit.
    units: Vec<FxHashMap<String, Decimal>>,
    /// By place of the dimension: members by label; none of a label that two have.
    labels: Vec<FxHashMap<String, Option<u32>>>,
}

/// One template.
#[derive(Debug)]
pub(super) struct SheetRules {
    pub(super) id: String,
    titles: Vec<String>,
    except: Vec<String>,
    pub(super) unit: Option<String>,
    columns: Vec<(Vec<HeadPattern>, HeadRead)>,
    pub(super) rows: Vec<RowRule>,
}

/// What a column is.
#[derive(Clone, Debug)]
pub(super) enum HeadRead {
    /// Values of the first of these that knows the unit.
    Values(Vec<usize>, HeadValues),
    Unit,
    Ignored,
    /// Values that another column says it has, too.
    Unclear,
}

/// What a row is.
#[derive(Debug)]
pub(super) struct RowRule {
    labels: Vec<String>,
    under: Vec<String>,
    pub(super) section: bool,
    /// Of which of its columns' indicators it is; of any where none is named.
    pub(super) indicators: Vec<usize>,
    /// Folded.
    pub(super) units: Vec<String>,
    pub(super) reads: RowRead,
}

/// What a row says; dimensions by their order, members by theirs.
#[derive(Clone, Debug)]
pub(super) enum RowRead {
    Whole,
    Dimension(usize),
    Member(usize, u32),
    Total { dimension: usize, parts: Vec<u32>, within: Decimal },
    PartOf(usize, u32),
    Place(Vec<Box<str>>),
    Ignored,
}

impl Templates {
    pub(in crate::contract::form) fn of_form(form: &Form) -> Templates {
        let place = |id: &String| form.indicators.keys().position(|known| known == id);
        let dimensions: Vec<_> = form
            .columns
            .iter()
            .filter_map(|column| match &column.role {
                ioc_model::form::Role::Dimension(members) => Some((column.id.as_str(), members)),
                _ => None,
            })
            .collect();
        let dimension = |id: &str| dimensions.iter().position(|(known, _)| *known == id).unwrap_or_default();
        let member = |of: usize, id: &str| {
            let at = dimensions.get(of).and_then(|(_, members)| members.iter().position(|one| one.id == id));
            at.and_then(|at| u32::try_from(at).ok()).unwrap_or(WHOLE)
        };
        let labels = dimensions.iter().map(|(_, members)| {
            let mut labels: FxHashMap<String, Option<u32>> = FxHashMap::default();
            for (at, member) in (0u32..).zip(*members) {
                for written in std::iter::once(&member.name.vi).chain(&member.labels) {
                    let known = labels.entry(label(written)).or_insert(Some(at));
                    if *known != Some(at) {
                        *known = None;
                    }
                }
            }
            labels
        });
        let labels = labels.collect();
        let rows = |template: &SheetTemplate| {
            let rule = |rule: &ioc_model::form::LabelRule| RowRule {
                labels: rule
                    .labels
                    .iter()
                    .map(|one| if one.contains('*') { folded(one) } else { label(one) })
                    .collect(),
                under: rule.under.iter().map(|one| folded(one)).collect(),
                section: rule.section,
                indicators: rule.indicators.iter().filter_map(place).collect(),
                units: rule.units.iter().map(|one| folded(one)).collect(),
                reads: match &rule.reads {
                    LabelReads::Whole => RowRead::Whole,
                    LabelReads::Dimension(id) => RowRead::Dimension(dimension(id)),
                    LabelReads::Member(id, one) => RowRead::Member(dimension(id), member(dimension(id), one)),
                    LabelReads::Total { dimension: id, parts, within } => RowRead::Total {
                        dimension: dimension(id),
                        parts: parts.iter().map(|part| member(dimension(id), part)).collect(),
                        within: *within,
                    },
                    LabelReads::PartOf(id, one) => RowRead::PartOf(dimension(id), member(dimension(id), one)),
                    LabelReads::Place(codes) => {
                        RowRead::Place(codes.iter().map(|code| code.as_str().into()).collect())
                    }
                    LabelReads::Ignored => RowRead::Ignored,
                },
            };
            template.rows.iter().map(rule).collect()
        };
        let columns = |template: &SheetTemplate| {
            let rule = |rule: &ioc_model::form::HeadRule| {
                let reads = match &rule.reads {
                    HeadReads::Values(values) => {
                        HeadRead::Values(values.indicators.iter().filter_map(place).collect(), values.clone())
                    }
                    HeadReads::Unit => HeadRead::Unit,
                    HeadReads::Ignored => HeadRead::Ignored,
                };
                (rule.heads.iter().map(|head| HeadPattern::new(head)).collect(), reads)
            };
            template.columns.iter().map(rule).collect()
        };
        let sheets = form.templates.iter().map(|template| SheetRules {
            id: template.id.clone(),
            titles: template.titles.iter().map(|title| folded(title)).collect(),
            except: template.except.iter().map(|title| folded(title)).collect(),
            unit: template.unit.clone(),
            columns: columns(template),
            rows: rows(template),
        });
        let units = form.indicators.values().map(|indicator| {
            let own = std::iter::once((folded(&indicator.unit), Decimal::ONE));
            own.chain(indicator.units.iter().map(|(unit, factor)| (folded(unit), *factor))).collect()
        });
        Templates { sheets: sheets.collect(), units: units.collect(), labels }
    }

    /// Whether there is none.
    pub(in crate::contract::form) fn is_empty(&self) -> bool {
        self.sheets.is_empty()
    }

    /// The factor from a unit to an indicator's own.
    pub(super) fn factor(&self, indicator: usize, unit: &str) -> Option<Decimal> {
        self.units.get(indicator)?.get(&folded(unit)).copied()
    }

    /// Whether any indicator has a unit that is written so.
    pub(super) fn is_unit(&self, unit: &str) -> bool {
        let unit = folded(unit);
        self.units.iter().any(|units| units.contains_key(&unit))
    }

    /// The template whose title fits: the one with the longest pattern.
    pub(super) fn of_title(&self, title: &str) -> Option<&SheetRules> {
        let fits = |patterns: &[String]| {
            patterns.iter().filter(|one| pattern::fits(one, title)).map(String::len).max()
        };
        let known = self.sheets.iter().filter(|sheet| fits(&sheet.except).is_none());
        known
            .filter_map(|sheet| Some((fits(&sheet.titles)?, sheet)))
            .max_by_key(|(length, _)| *length)
            .map(|(_, s)| s)
    }

    /// What a label, as it is written, is below others: the rule, and the member.
    pub(super) fn row<'t>(
        &self,
        sheet: &'t SheetRules,
        written: &str,
        above: &[&str],
    ) -> Option<(&'t RowRule, Option<u32>)> {
        let whole = label(written);
        let bare = super::folded::parenthesis(written).map(|(before, _)| label(before));
        let mut ways = vec![whole];
        ways.extend(bare.filter(|bare| !bare.is_empty()));
        for way in &ways {
            for rule in &sheet.rows {
                let is_under = |pattern: &String| above.iter().any(|above| pattern::fits(pattern, above));
                if !rule.under.is_empty() && !rule.under.iter().any(is_under) {
                    continue;
                }
                if let RowRead::Dimension(of) = rule.reads {
                    let found = self.labels.get(of).and_then(|labels| labels.get(way)).copied().flatten();
                    if found.is_some() {
                        return Some((rule, found));
                    }
                } else if rule.labels.iter().any(|pattern| pattern::fits(pattern, way)) {
                    return Some((rule, None));
                }
            }
        }
        None
    }
}

impl SheetRules {
    /// What a column is by its headings.
    pub(super) fn column(&self, path: &str, month: Month) -> Option<&HeadRead> {
        let fits =
            |(heads, _): &&(Vec<HeadPattern>, HeadRead)| heads.iter().any(|head| head.fits(path, month));
        self.columns.iter().find(fits).map(|(_, read)| read)
    }
}

/// How many dimensions a form has.
pub(super) fn dimensions(form: &FormRules) -> usize {
    form.dimensions().count()
}
