//! What the structure of a message says about its positions: which code each stands for.

use std::borrow::Cow;

use ioc_model::form::Rule;
use rustc_hash::FxHashMap;
use sonic_rs::LazyValue;

use super::message::{DataSet, SaidComponent, SaidStructure};
use crate::{
    contract::quoted,
    format::sdmx::{
        observation::Observations,
        structure::{Component, Layout, Structure},
    },
    said::{Said, Wrong, scalar},
};

/// Where structures stand.
const STRUCTURES: &str = "data.structures";
/// Groups of dimensions that attributes may be said of are no more.
const GROUPS_MAX: usize = 32;

/// A structure, ready to look positions up in.
pub(super) struct JsonStructure<'s> {
    pub(super) layout: Layout,
    /// Dimensions of the data set, the series and the observation.
    pub(super) dimensions: [Vec<Dimension<'s>>; 3],
    /// How many there are in all of them.
    pub(super) keys: usize,
    /// How many measures an observation begins with, and which of them is read.
    pub(super) measures: (usize, Option<usize>),
    /// Attributes of the data set, the group, the series and the observation.
    pub(super) attributes: [Vec<Attribute<'s>>; 4],
}

/// A dimension and its codes.
pub(super) struct Dimension<'s> {
    pub(super) name: &'s str,
    /// Where it stands among the components that are read.
    pub(super) place: Option<usize>,
    /// Its position in the key of all dimensions.
    pub(super) position: usize,
    codes: Vec<Cow<'s, str>>,
}

/// An attribute that is read, or that one is passed over for.
pub(super) struct Attribute<'s> {
    name: &'s str,
    place: Option<usize>,
    /// None where the message has its values themselves.
    codes: Option<Vec<Cow<'s, str>>>,
    default: Option<Cow<'s, str>>,
}

fn codes<'s>(component: &'s SaidComponent<'_>) -> Option<Vec<Cow<'s, str>>> {
    let code = |code: &'s super::message::SaidCode<'_>| match (&code.id, &code.value) {
        (Some(id), _) => Cow::Borrowed(&**id),
        (None, Some(value)) => scalar(value).unwrap_or_default(),
        (None, None) => Cow::Borrowed(""),
    };
    Some(component.values.as_ref()?.iter().map(code).collect())
}

impl<'s> JsonStructure<'s> {
    /// None where no observation of it can be read, which is told.
    pub(super) fn of(said: &'s SaidStructure<'_>, into: &mut Observations<'_>) -> Option<JsonStructure<'s>> {
        let Observations { structure, dimensions: needed, said: findings, .. } = into;
        let layout = structure.layout();
        let mut position = 0;
        let mut surplus = None;
        let mut of_level = |components: &'s [SaidComponent<'_>]| -> Vec<Dimension<'s>> {
            let dimension = |component: &'s SaidComponent<'_>| {
                let place = structure.component(&component.id).map(|component| layout.place(component));
                if place.is_none() && !structure.may_ignore(&component.id) {
                    surplus = surplus.or(Some(&*component.id));
                }
                position += 1;
                Dimension {
                    name: &component.id,
                    place,
                    position: component.key_position.unwrap_or(position - 1),
                    codes: codes(component).unwrap_or_default(),
                }
            };
            components.iter().map(dimension).collect()
        };
        let levels = &said.dimensions;
        let dimensions =
            [of_level(&levels.data_set), of_level(&levels.series), of_level(&levels.observation)];
        if let Some(name) = surplus {
            let form = &structure.form.id;
            let wrong = Wrong::new(
                Rule::Surplus,
                name,
                format!(
                    "Biểu {form} không có chiều này. Hãy khai báo nó trong 'dimensions' hay 'fixed' của biểu."
                ),
                format!("Form {form} has no such dimension. Name it in the form's 'dimensions' or 'fixed'."),
            );
            findings.refuse(&STRUCTURES, wrong);
            return None;
        }
        let has = |component: &Component| {
            let place = Some(layout.place(*component));
            dimensions.iter().flatten().any(|dimension| dimension.place == place)
        };
        if let Some((_, name)) = needed.iter().find(|(component, _)| !has(component)) {
            findings.refuse(&STRUCTURES, missing(name));
            return None;
        }
        let measures = measures(said, structure, findings)?;
        let attribute = |component: &'s SaidComponent<'_>| Attribute {
            name: &component.id,
            place: structure.component(&component.id).map(|component| layout.place(component)),
            codes: codes(component),
            default: component.default.as_ref().and_then(scalar),
        };
        let of = |components: &'s [SaidComponent<'_>]| components.iter().map(attribute).collect::<Vec<_>>();
        let levels = &said.attributes;
        let attributes =
            [of(&levels.data_set), of(&levels.dimension_group), of(&levels.series), of(&levels.observation)];
        let keys = dimensions.iter().map(Vec::len).sum();
        Some(JsonStructure { layout, dimensions, keys, measures, attributes })
    }
}

/// How many measures there are, and which is the form's; one where nothing is said of them.
fn measures(
    said: &SaidStructure<'_>,
    structure: &Structure<'_>,
    findings: &mut Said,
) -> Option<(usize, Option<usize>)> {
    let Some(levels) = &said.measures else { return Some((1, Some(0))) };
    let measures = &levels.observation;
    let own = measures.iter().position(|measure| measure.id == structure.sdmx.measure);
    if own.is_none() && !measures.is_empty() {
        findings.refuse(&STRUCTURES, missing(&structure.sdmx.measure));
        return None;
    }
    Some((measures.len(), own))
}

fn missing(name: &str) -> Wrong {
    Wrong::new(Rule::Missing, "", format!("Thiếu '{name}'."), format!("'{name}' is missing."))
}

impl Dimension<'_> {
    /// What a part of a key stands for: a code, nothing, or that the dimension is switched off.
    pub(super) fn code(&self, part: &str) -> Result<&str, Wrong> {
        if part.is_empty() || part == super::super::SWITCHED_OFF {
            return Ok(if part.is_empty() { "" } else { super::super::SWITCHED_OFF });
        }
        let code = part.parse::<usize>().ok().and_then(|position| self.codes.get(position));
        code.map(|code| &**code).ok_or_else(|| no_position(self.name, part))
    }
}

impl Attribute<'_> {
    /// Puts what is said of it where it is read from. Nothing changes where it is not said.
    fn put<'v>(&'v self, said: Option<&'v LazyValue<'_>>, values: &mut [Cow<'v, str>]) -> Result<(), Wrong> {
        let Some(place) = self.place else { return Ok(()) };
        let text = match said {
            Some(value) => scalar(value).ok_or_else(|| no_position(self.name, value.as_raw_str()))?,
            None => Cow::Borrowed(""),
        };
        let text = match &self.codes {
            _ if text.is_empty() => self.default.as_deref().unwrap_or_default().into(),
            Some(codes) => {
                let code = text.parse::<usize>().ok().and_then(|position| codes.get(position));
                Cow::Borrowed(&**code.ok_or_else(|| no_position(self.name, &text))?)
            }
            None => text,
        };
        if !text.is_empty() {
            values[place] = text;
        }
        Ok(())
    }
}

/// Puts what is said of a level's attributes where they are read from.
pub(super) fn put<'v>(
    attributes: &'v [Attribute<'_>],
    said: &'v [LazyValue<'_>],
    values: &mut [Cow<'v, str>],
) -> Result<(), Wrong> {
    attributes.iter().enumerate().try_for_each(|(at, attribute)| attribute.put(said.get(at), values))
}

fn no_position(name: &str, stands: &str) -> Wrong {
    let name = quoted(name);
    Wrong::new(
        Rule::Invalid,
        stands,
        format!("Không phải là một vị trí trong danh sách của {name}."),
        format!("Not a position in the list of {name}."),
    )
}

/// What is said of a group, by its dimensions' positions.
type ByPositions<'v, 'm> = FxHashMap<Vec<&'v str>, &'v [LazyValue<'m>]>;

/// What is said of groups of dimensions: by which of them are named, and their positions.
pub(super) struct Groups<'v, 'm> {
    by: Vec<(Vec<usize>, ByPositions<'v, 'm>)>,
}

impl<'v, 'm> Groups<'v, 'm> {
    pub(super) fn of(set: &'v DataSet<'m>, keys: usize) -> Result<Groups<'v, 'm>, Wrong> {
        let mut groups = Groups { by: Vec::new() };
        for (key, said) in &set.dimension_group_attributes.0 {
            let parts: Vec<&str> = key.split(':').collect();
            if parts.len() != keys {
                return Err(no_position("dimensionGroupAttributes", key));
            }
            let named: Vec<usize> = (0..keys).filter(|at| !parts[*at].is_empty()).collect();
            let positions = named.iter().map(|at| parts[*at]).collect();
            let at = match groups.by.iter().position(|(of, _)| *of == named) {
                Some(at) => at,
                None if groups.by.len() == GROUPS_MAX => {
                    return Err(no_position("dimensionGroupAttributes", key));
                }
                None => {
                    groups.by.push((named, FxHashMap::default()));
                    groups.by.len() - 1
                }
            };
            let _ = groups.by[at].1.insert(positions, said.as_slice());
        }
        Ok(groups)
    }

    /// What is said of those an observation lies in, by its positions in the order of all dimensions.
    pub(super) fn each(&self, positions: &[&str]) -> impl Iterator<Item = &'v [LazyValue<'m>]> {
        self.by.iter().filter_map(move |(named, said)| {
            let key: Vec<&str> = named.iter().map(|at| positions[*at]).collect();
            said.get(key.as_slice()).copied()
        })
    }
}
