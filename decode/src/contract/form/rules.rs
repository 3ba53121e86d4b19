//! Forms as the judge needs them: every look-up prepared.

use std::sync::Arc;

use ioc_model::{
    form::{Column, Form, FormIndicator, Member, Owner, Owners, Role, Vintage},
    name::Name,
    pack::Pack,
};
use rust_decimal::Decimal;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    draft::WHOLE,
    number::Marks,
    places::Places,
    spelling::{heading, spelled},
    templated::Templates,
};

/// Of a place with more parts nobody expects each.
const PARTS_MAX: usize = 64;

/// The forms of one version of a pack, and what they refer to.
#[derive(Debug, Default)]
pub(crate) struct Forms {
    pub(crate) forms: FxHashMap<Box<str>, FormRules>,
    pub(crate) places: Places,
    /// By identifier: its name, and the code of the place it is of.
    pub(crate) agencies: FxHashMap<Box<str>, (Name, Name)>,
    /// By its spelled names: its identifier.
    pub(crate) agency_names: FxHashMap<String, Name>,
}

/// One form.
#[derive(Debug)]
pub(crate) struct FormRules {
    pub(crate) form: Form,
    pub(crate) name: Name,
    pub(super) marks: Marks,
    /// Spelled patterns.
    pub(super) titles: Vec<String>,
    pub(super) columns: Vec<ColumnRules>,
    pub(super) indicators: Vec<IndicatorRules>,
    pub(super) owners: Arc<Owners>,
    /// By identifier, code and name, spelled.
    indicator_by: FxHashMap<String, usize>,
    /// By identifier, as checks name them.
    by_id: FxHashMap<Box<str>, u32>,
    /// Spelled, the longest first: beginnings of labels.
    totals: Vec<String>,
    of_which: Vec<(String, Option<usize>)>,
    /// The tables of workbooks that others made.
    pub(super) templates: Templates,
}

/// A column of a form.
#[derive(Debug)]
pub(super) struct ColumnRules {
    pub(super) role: ColumnRole,
    pub(super) required: bool,
    /// As it is called in messages.
    pub(super) name: ioc_model::text::Text,
    /// Spelled headings.
    pub(super) headings: FxHashSet<String>,
}

/// What stands in a column.
#[derive(Debug)]
pub(super) enum ColumnRole {
    Place,
    PlaceName,
    Period,
    Indicator,
    Dimension(Members),
    /// Of that indicator; of the row's where none.
    Value(Option<usize>),
    Unit,
    Vintage,
    Date,
    Id,
    Note,
    Ignored,
}

/// The members of a dimension.
#[derive(Debug)]
pub(super) struct Members {
    /// The dimension: its column's identifier.
    pub(super) id: Box<str>,
    pub(super) members: Vec<Member>,
    by_label: FxHashMap<String, u32>,
    /// Of those that are written as numbers: a spreadsheet may have taken zeros from them.
    by_number: FxHashMap<Decimal, Vec<u32>>,
}

/// An indicator of a form.
#[derive(Debug)]
pub(super) struct IndicatorRules {
    pub(super) id: Name,
    pub(super) of: FormIndicator,
    pub(super) owner: OwnerRules,
    units: FxHashMap<String, Decimal>,
    /// The parts of a ratio, by their places.
    pub(super) ratio: Option<(usize, usize)>,
    /// Which rows it is the number of.
    pub(super) counts: Option<CountedRows>,
}

/// Which rows are counted: all, or those between whose days, by the places of their columns, lie at most so many.
#[derive(Clone, Copy, Debug)]
pub(super) struct CountedRows {
    pub(super) within: Option<(usize, usize, u16)>,
}

/// Whose word on a cell counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum OwnerRules {
    Place,
    Agency(Name),
}

impl Forms {
    pub(crate) fn of_pack(pack: &Pack) -> Forms {
        let mut forms = Forms { places: Places::of_pack(pack), ..Forms::default() };
        for agency in pack.agencies.values() {
            let id = Name::new(&agency.id);
            let _ = forms.agencies.insert(agency.id.as_str().into(), (id, Name::new(&agency.place)));
            for name in [&agency.name.vi, &agency.name.en] {
                let _ = forms.agency_names.insert(spelled(name), id);
            }
        }
        for form in pack.forms.values() {
            let _ = forms.forms.insert(form.id.as_str().into(), FormRules::of_form(form));
        }
        forms
    }
}

impl FormRules {
    fn of_form(form: &Form) -> FormRules {
        let place = |id: &str| form.indicators.keys().position(|known| known == id);
        let column = |id: &str| form.columns.iter().position(|column| column.id == id);
        let indicators: Vec<IndicatorRules> = form
            .indicators
            .values()
            .map(|of| IndicatorRules {
                id: Name::new(&of.id),
                owner: owner(of.owner.as_ref().unwrap_or(&form.owner)),
                units: std::iter::once((spelled(&of.unit), Decimal::ONE))
                    .chain(of.units.iter().map(|(unit, factor)| (spelled(unit), *factor)))
                    .collect(),
                ratio: of.ratio.as_ref().and_then(|(part, whole)| Some((place(part)?, place(whole)?))),
                counts: of.counts.as_ref().map(|counts| {
                    let within = counts.within.as_ref();
                    CountedRows {
                        within: within.and_then(|(from, to, days)| Some((column(from)?, column(to)?, *days))),
                    }
                }),
                of: of.clone(),
            })
            .collect();
        // What is closer to the identifier comes later and counts.
        let names: [fn(&FormIndicator) -> &str; 4] =
            [|of| &of.name.en, |of| &of.name.vi, |of| &of.code, |of| &of.id];
        let mut indicator_by = FxHashMap::default();
        for name in names {
            for (at, indicator) in indicators.iter().enumerate() {
                let _ = indicator_by.insert(heading(name(&indicator.of)), at);
            }
        }
        let mut totals: Vec<String> = form.totals.iter().map(|label| spelled(label)).collect();
        totals.sort_by_key(|label| std::cmp::Reverse(label.len()));
        let read = |(label, of): (&String, &Option<String>)| (spelled(label), of.as_deref().and_then(place));
        let mut of_which: Vec<(String, Option<usize>)> = form.of_which.iter().map(read).collect();
        of_which.sort_by_key(|(label, _)| std::cmp::Reverse(label.len()));
        FormRules {
            name: Name::new(&form.id),
            marks: Marks::of_form(form),
            titles: form.titles.iter().map(|title| spelled(title)).collect(),
            columns: form.columns.iter().map(|column| ColumnRules::of_column(column, &place)).collect(),
            by_id: (0..).zip(form.indicators.keys()).map(|(at, id)| (id.as_str().into(), at)).collect(),
            owners: Arc::new(Owners::new(indicators.iter().map(|indicator| {
                let agency = match indicator.owner {
                    OwnerRules::Place => None,
                    OwnerRules::Agency(agency) => Some(agency),
                };
                (indicator.id, agency)
            }))),
            indicators,
            indicator_by,
            totals,
            of_which,
            templates: Templates::of_form(form),
            form: form.clone(),
        }
    }

    /// An indicator by its identifier.
    pub(super) fn place_of(&self, id: &str) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    /// An indicator by its identifier, code or name.
    pub(super) fn indicator(&self, said: &str) -> Option<usize> {
        self.indicator_by.get(&heading(said)).copied()
    }

    /// Whether a label begins as those of rows that add up others do.
    pub(super) fn is_total(&self, label: &str) -> bool {
        let label = spelled(label);
        self.totals.iter().any(|total| label.starts_with(total.as_str()))
    }

    /// If a label begins as those of rows that are a part of the row above: the indicator they are of, if they are read.
    pub(super) fn of_which(&self, label: &str) -> Option<Option<usize>> {
        let label = spelled(label);
        let found = self.of_which.iter().find(|(of, _)| label.starts_with(of.as_str()));
        found.map(|(_, indicator)| *indicator)
    }

    /// The label of rows that add up others, or are a part of the row above, that a text begins with.
    pub(super) fn own_label(&self, text: &str) -> Option<&str> {
        let label = spelled(text);
        let labels = self.totals.iter().chain(self.of_which.iter().map(|(of, _)| of));
        labels.map(String::as_str).find(|of| !of.is_empty() && label.starts_with(of))
    }

    /// Whether its rows are counted.
    pub(super) fn counts_rows(&self) -> bool {
        self.indicators.iter().any(|indicator| indicator.counts.is_some())
    }

    /// The places of its columns of days.
    pub(super) fn day_columns(&self) -> Vec<usize> {
        self.columns_of(|role| matches!(role, ColumnRole::Date))
    }

    /// The places of its columns of a kind.
    pub(super) fn columns_of(&self, is: fn(&ColumnRole) -> bool) -> Vec<usize> {
        let all = self.columns.iter().enumerate().filter(|(_, column)| is(&column.role));
        all.map(|(at, _)| at).collect()
    }

    /// Its dimensions, with the places of their columns.
    pub(super) fn dimensions(&self) -> impl Iterator<Item = (usize, &Members)> {
        self.columns.iter().enumerate().filter_map(|(at, column)| match &column.role {
            ColumnRole::Dimension(members) => Some((at, members)),
            _ => None,
        })
    }

    /// Every part that a place must have; none where nobody can say it: a row need not name each dimension, or there are so
    /// many that nobody expects each.
    pub(super) fn parts(&self) -> Option<Vec<Vec<u32>>> {
        let are_named = self.dimensions().all(|(column, _)| self.columns[column].required);
        are_named.then(|| self.parts_of(|_| true)).flatten()
    }

    /// Every part by the dimensions that a row must name, of the whole of the others; the whole alone where there are too
    /// many of them.
    pub(super) fn parts_of_the_required(&self) -> Vec<Vec<u32>> {
        let parts = self.parts_of(|column| self.columns[column].required);
        parts.unwrap_or_else(|| vec![vec![WHOLE; self.dimensions().count()]])
    }

    fn parts_of(&self, is_divided: impl Fn(usize) -> bool) -> Option<Vec<Vec<u32>>> {
        let mut parts: Vec<Vec<u32>> = vec![Vec::new()];
        for (column, dimension) in self.dimensions() {
            let members: Vec<u32> = match is_divided(column) {
                true => (0..u32::try_from(dimension.members.len()).ok()?).collect(),
                false => vec![WHOLE],
            };
            if parts.len() * members.len() > PARTS_MAX {
                return None;
            }
            let with = |part: Vec<u32>| {
                members.iter().map(move |member| [&part[..], &[*member]].concat()).collect::<Vec<_>>()
            };
            parts = parts.into_iter().flat_map(with).collect();
        }
        Some(parts)
    }
}

fn owner(owner: &Owner) -> OwnerRules {
    match owner {
        Owner::Place => OwnerRules::Place,
        Owner::Agency(id) => OwnerRules::Agency(Name::new(id)),
    }
}

impl IndicatorRules {
    /// The factor from a unit to the indicator's own.
    pub(super) fn factor(&self, unit: &str) -> Option<Decimal> {
        self.units.get(&spelled(unit)).copied()
    }

    /// The units that are known, for messages.
    pub(super) fn unit_names(&self) -> String {
        let others = self.of.units.keys().map(String::as_str);
        std::iter::once(self.of.unit.as_str()).chain(others).collect::<Vec<_>>().join(", ")
    }
}

impl ColumnRules {
    fn of_column(column: &Column, place: &impl Fn(&str) -> Option<usize>) -> ColumnRules {
        let role = match &column.role {
            Role::Place => ColumnRole::Place,
            Role::PlaceName => ColumnRole::PlaceName,
            Role::Period => ColumnRole::Period,
            Role::Indicator => ColumnRole::Indicator,
            Role::Dimension(members) => ColumnRole::Dimension(Members::of(&column.id, members)),
            Role::Value(indicator) => ColumnRole::Value(indicator.as_deref().and_then(place)),
            Role::Unit => ColumnRole::Unit,
            Role::Vintage => ColumnRole::Vintage,
            Role::Date => ColumnRole::Date,
            Role::Id => ColumnRole::Id,
            Role::Note => ColumnRole::Note,
            Role::Ignored => ColumnRole::Ignored,
        };
        let names = [&column.name.vi, &column.name.en].into_iter().chain(&column.headers);
        ColumnRules {
            role,
            required: column.required,
            name: column.name.clone(),
            headings: names.map(|name| heading(name)).collect(),
        }
    }
}

impl Members {
    fn of(id: &str, members: &[Member]) -> Members {
        let mut by_label = FxHashMap::default();
        let mut by_number: FxHashMap<Decimal, Vec<u32>> = FxHashMap::default();
        for (at, member) in (0..).zip(members) {
            for label in [&member.id, &member.name.vi, &member.name.en].into_iter().chain(&member.labels) {
                let _ = by_label.insert(spelled(label), at);
            }
            let is_number = member.id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            if let Some(number) = Decimal::from_str_exact(&member.id).ok().filter(|_| is_number) {
                by_number.entry(number.normalize()).or_default().push(at);
            }
        }
        Members { id: id.into(), members: members.to_vec(), by_label, by_number }
    }

    /// The member that a text is.
    pub(super) fn member(&self, said: &str) -> Option<u32> {
        self.by_label.get(&spelled(said)).copied()
    }

    /// The only member whose digits are those of a number, if it had zeros more.
    pub(super) fn of_number(&self, number: Decimal) -> Option<u32> {
        match self.by_number.get(&number.normalize())?[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The member that was typed where a spreadsheet made a day of it, if one of both orders alone is one.
    pub(super) fn of_day(&self, day: i8, month: i8) -> Option<&str> {
        let found = [format!("{day}-{month}"), format!("{month}-{day}")].map(|typed| self.member(&typed));
        let member = match found {
            [Some(one), None] | [None, Some(one)] => one,
            [Some(one), Some(other)] if one == other => one,
            _ => return None,
        };
        self.members.get(member as usize).map(|member| member.id.as_str())
    }

    /// Some of them, for messages.
    pub(super) fn some(&self) -> String {
        const SOME: usize = 8;
        let mut some: Vec<&str> = self.members.iter().take(SOME).map(|member| member.id.as_str()).collect();
        if self.members.len() > SOME {
            some.push("…");
        }
        some.join(", ")
    }
}

/// How final values are, by how people write it.
pub(super) fn vintage(said: &str) -> Option<Vintage> {
    let said = super::spelling::plain(said);
    let known = match said.as_str() {
        "uoc" | "uoc tinh" | "so uoc tinh" | "e" => Vintage::Estimate,
        "so bo" | "so so bo" | "p" => Vintage::Preliminary,
        "chinh thuc" | "so chinh thuc" | "a" => Vintage::Official,
        word => return Vintage::from_word(word),
    };
    Some(known)
}
