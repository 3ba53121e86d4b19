//! SDMX-JSON 2.0 and 2.1, by the field guide of the SDMX technical working group.
//!
//! A dimension's value is the position of its code in the list of that dimension, and observations lie below series or
//! below the data set, with keys of such positions (`"0:2:1"`). An attribute that has a list is a position in it, one that
//! has none is the value itself: `UNIT_MULT` 1 may be 10⁶, where the list says `["9", "6"]`. Attributes stand at the
//! observation, its series, a group of dimensions or the data set; what stands nearer counts.

mod message;
mod structure;

use std::borrow::Cow;

use ioc_model::form::{Form, Rule};
use sonic_rs::LazyValue;

use self::{
    message::{DataSet, Message, SaidStructure},
    structure::{Dimension, Groups, JsonStructure, put},
};
use super::{
    Action, form_of,
    observation::{Observation, Observations},
    structure::{Component, Structure},
};
use crate::said::{Said, Wrong, scalar, unreadable};

/// How much is told of a key. Characters.
const KEY_MAX: usize = 32;

/// Reads a message of one of the forms: which, and what it says.
///
/// # Errors
/// If it is no message, or it cannot be told of which form it is.
pub(in crate::format) fn read<'f>(text: &str, forms: &[&'f Form]) -> Result<(&'f Form, Said), Wrong> {
    let message: Message<'_> = sonic_rs::from_str(text).map_err(|error| {
        unreadable(&error, "Không đọc được tin SDMX-JSON 2.x", "This is no message of SDMX-JSON 2.x")
    })?;
    let data = &message.data;
    let Some(first) = data.structures.first() else {
        return Err(Wrong::new(
            Rule::Unreadable,
            "",
            "Thiếu 'data.structures': chỉ đọc được SDMX-JSON 2.x.",
            "'data.structures' is missing: SDMX-JSON 2.x is read and nothing older.",
        ));
    };
    let mut observations = Observations::new(named(forms, first)?);
    let form = observations.structure.form;
    let mut structures = Vec::with_capacity(data.structures.len());
    for said in &data.structures {
        if named(forms, said)?.form.id != form.id {
            return Err(Wrong::new(
                Rule::UnknownForm,
                "",
                "Tin có nhiều biểu. Hãy gửi mỗi biểu một tin.",
                "Several forms stand in one message. Send a message for each.",
            ));
        }
        let Some(structure) = JsonStructure::of(said, &mut observations) else {
            return Ok((form, observations.said));
        };
        structures.push(structure);
    }
    for (number, set) in data.data_sets.iter().enumerate() {
        let at = format!("dataSets[{number}]");
        let read = match structures.get(set.structure) {
            Some(structure) => read_set(&at, set, structure, &mut observations),
            None => Err(Wrong::new(
                Rule::Invalid,
                &set.structure.to_string(),
                "'structure' không phải là số thứ tự của một cấu trúc trong tin.",
                "'structure' is no position of a structure of the message.",
            )),
        };
        if let Err(wrong) = read {
            observations.said.refuse(&at, wrong);
        }
    }
    Ok((form, observations.said))
}

/// The form that a structure names; without a name the feed's only one.
fn named<'f>(forms: &[&'f Form], said: &SaidStructure<'_>) -> Result<Structure<'f>, Wrong> {
    let mut names = said.links.iter().filter_map(|link| link.urn.rsplit_once('=')).map(|(_, name)| name);
    let Some(first) = names.next() else {
        let mut all = forms.iter().filter_map(|form| Structure::of(form));
        return match (all.next(), all.next()) {
            (Some(only), None) => Ok(only),
            _ => form_of(forms, ""),
        };
    };
    let found = names.find_map(|name| form_of(forms, name).ok());
    form_of(forms, first).or_else(|unknown| found.ok_or(unknown))
}

/// A key as it is told: what is no position in it is not repeated.
fn shown(key: &str) -> String {
    let plain = |character: char| match character {
        '0'..='9' | ':' | '~' => character,
        _ => '?',
    };
    key.chars().take(KEY_MAX).map(plain).collect()
}

/// What is known of an observation above it.
#[derive(Clone)]
struct Place<'v> {
    /// What stands in each component that is read.
    values: Vec<Cow<'v, str>>,
    /// Positions in the order of all dimensions.
    positions: Vec<&'v str>,
}

impl<'v> Place<'v> {
    fn put(&mut self, dimensions: &'v [Dimension<'_>], positions: &[&'v str]) -> Result<(), Wrong> {
        for (dimension, position) in dimensions.iter().zip(positions) {
            let code = dimension.code(position)?;
            if let Some(place) = dimension.place {
                self.values[place] = Cow::Borrowed(code);
            }
            if let Some(in_key) = self.positions.get_mut(dimension.position) {
                *in_key = position;
            }
        }
        Ok(())
    }

    /// By a key, which has a position for each of the dimensions.
    fn put_key(&mut self, dimensions: &'v [Dimension<'_>], key: &'v str) -> Result<(), Wrong> {
        let positions: Vec<&str> = if dimensions.is_empty() { Vec::new() } else { key.split(':').collect() };
        if positions.len() != dimensions.len() {
            return Err(Wrong::new(
                Rule::Invalid,
                key,
                format!("Khóa phải có {} vị trí, cách nhau bằng ':'.", dimensions.len()),
                format!("The key has {} positions with ':' between them.", dimensions.len()),
            ));
        }
        self.put(dimensions, &positions)
    }
}

/// What is said of a data set.
struct Set<'s, 'v, 'm> {
    structure: &'v JsonStructure<'s>,
    said: &'v DataSet<'m>,
    groups: Groups<'v, 'm>,
    action: Action,
}

fn read_set(
    at: &str,
    said: &DataSet<'_>,
    structure: &JsonStructure<'_>,
    observations: &mut Observations<'_>,
) -> Result<(), Wrong> {
    let action = Action::from_word(&said.action).ok_or_else(|| {
        Wrong::new(
            Rule::Invalid,
            &said.action,
            "'action' phải là Merge, Replace hoặc Delete.",
            "'action' is Merge, Replace or Delete.",
        )
    })?;
    let set = Set { structure, said, groups: Groups::of(said, structure.keys)?, action };
    let [of_set, of_series, _] = &structure.dimensions;
    let mut whole = Place {
        values: vec![Cow::Borrowed(""); structure.layout.len()],
        positions: vec![""; structure.keys],
    };
    // A dimension of a data set has one value.
    whole.put(of_set, &vec!["0"; of_set.len()])?;
    for (key, series) in &said.series.0 {
        let at = format!("{at}.series[\"{}\"]", shown(key));
        let mut place = whole.clone();
        if let Err(wrong) = place.put_key(of_series, key) {
            observations.said.reject(&at, wrong);
            continue;
        }
        for (key, values) in &series.observations.0 {
            let at = format!("{at}.observations[\"{}\"]", shown(key));
            set.observe(&at, place.clone(), &series.attributes, Some((key, values)), observations);
        }
        if series.observations.0.is_empty() {
            set.observe(&at, place, &series.attributes, None, observations);
        }
    }
    for (key, values) in &said.observations.0 {
        let at = format!("{at}.observations[\"{}\"]", shown(key));
        set.observe(&at, whole.clone(), &[], Some((key, values)), observations);
    }
    Ok(())
}

impl<'v> Set<'_, 'v, '_> {
    /// Takes an observation, or what is said of a series that has none.
    fn observe<'m: 'v>(
        &self,
        at: &str,
        mut place: Place<'v>,
        of_series: &'v [LazyValue<'m>],
        observation: Option<(&'v str, &'v [LazyValue<'m>])>,
        observations: &mut Observations<'_>,
    ) {
        match self.complete(&mut place, of_series, observation) {
            Ok(()) => {
                let said = |component: Component| &*place.values[self.structure.layout.place(component)];
                observations.observe(&at, &Observation { action: self.action, is_local: false, said: &said });
            }
            Err(wrong) => observations.said.reject(&at, wrong),
        }
    }

    fn complete<'m: 'v>(
        &self,
        place: &mut Place<'v>,
        of_series: &'v [LazyValue<'m>],
        observation: Option<(&'v str, &'v [LazyValue<'m>])>,
    ) -> Result<(), Wrong> {
        let structure = self.structure;
        let [in_set, in_group, in_series, in_observation] = &structure.attributes;
        let (measures, own) = structure.measures;
        let values = observation.map_or(&[][..], |(_, values)| values);
        if let Some((key, _)) = observation {
            place.put_key(&structure.dimensions[2], key)?;
        }
        put(in_set, &self.said.attributes, &mut place.values)?;
        for said in self.groups.each(&place.positions) {
            put(in_group, said, &mut place.values)?;
        }
        put(in_series, of_series, &mut place.values)?;
        put(in_observation, values.get(measures..).unwrap_or_default(), &mut place.values)?;
        if let Some(value) = own.and_then(|own| values.get(own)) {
            place.values[structure.layout.place(Component::Measure)] = scalar(value).ok_or_else(|| {
                Wrong::new(
                    Rule::Invalid,
                    "",
                    "Giá trị phải là một số hoặc \"NaN\".",
                    "A value is a number or \"NaN\".",
                )
            })?;
        }
        Ok(())
    }
}
