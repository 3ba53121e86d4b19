//! What components of a message are in a form: which dimension is the place, the indicator, a part.

use ioc_model::form::{Form, Member, Of, Sdmx};

use crate::said::dimensions;

/// Attributes that any message may have and that say nothing of a value's worth. What a column is that is not among them,
/// the form must say.
const IGNORABLE: [&str; 20] = [
    "DECIMALS",
    "TITLE",
    "TITLE_COMPL",
    "UNIT",
    "TIME_FORMAT",
    "COLLECTION",
    "COMPILATION",
    "COVERAGE",
    "COMMENT_OBS",
    "COMMENT_TS",
    "COMMENT_DSET",
    "OBS_COM",
    "OBS_COMMENT",
    "PRE_BREAK_VALUE",
    "OBS_PRE_BREAK",
    "SOURCE_AGENCY",
    "DATA_COMP",
    "UPDATED",
    "LAST_UPDATE",
    "TIME_PERIOD_COLLECT",
];

/// What stands in a component of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Component {
    Area,
    Indicator,
    Time,
    Measure,
    /// A dimension that is a column of the form, by its place in [`Structure::parts`].
    Part(usize),
    /// A dimension that has one value, by its place in [`Structure::fixed`].
    Fixed(usize),
    UnitMult,
    UnitMeasure,
    ObsStatus,
    ConfStatus,
}

/// Where components stand among those that are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    parts: usize,
    fixed: usize,
}

impl Layout {
    /// How many there are.
    pub(super) fn len(self) -> usize {
        self.place(Component::Fixed(self.fixed))
    }

    /// Where one stands.
    pub(super) fn place(self, component: Component) -> usize {
        match component {
            Component::Area => 0,
            Component::Indicator => 1,
            Component::Time => 2,
            Component::Measure => 3,
            Component::UnitMult => 4,
            Component::UnitMeasure => 5,
            Component::ObsStatus => 6,
            Component::ConfStatus => 7,
            Component::Part(at) => 8 + at,
            Component::Fixed(at) => 8 + self.parts + at,
        }
    }
}

/// What a form is in SDMX, ready to read observations by.
#[derive(Debug)]
pub(super) struct Structure<'f> {
    pub(super) form: &'f Form,
    pub(super) sdmx: &'f Sdmx,
    pub(super) parts: Vec<Part<'f>>,
    pub(super) fixed: Vec<(&'f str, &'f str)>,
    /// How many dimensions the form has.
    pub(super) dimensions: usize,
}

/// A dimension that is a column of the form.
#[derive(Debug)]
pub(super) struct Part<'f> {
    pub(super) name: &'f str,
    /// Which of the form's dimensions it is.
    pub(super) at: usize,
    pub(super) members: &'f [Member],
}

impl<'f> Structure<'f> {
    /// None of a form that is not reported in SDMX.
    pub(super) fn of(form: &'f Form) -> Option<Structure<'f>> {
        let sdmx = form.sdmx.as_ref()?;
        let all = dimensions(form);
        let part = |(name, column): (&'f String, &'f String)| {
            let at = all.iter().position(|(id, _)| id == column)?;
            Some(Part { name, at, members: all[at].1 })
        };
        Some(Structure {
            form,
            sdmx,
            parts: sdmx.dimensions.iter().filter_map(part).collect(),
            dimensions: all.len(),
            fixed: sdmx.fixed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        })
    }

    /// What a component of that name is; none of one that is not read.
    pub(super) fn component(&self, name: &str) -> Option<Component> {
        let is = |of: &Of| matches!(of, Of::Dimension(dimension) if dimension == name);
        Some(match name {
            "UNIT_MULT" => Component::UnitMult,
            "UNIT_MEASURE" => Component::UnitMeasure,
            "OBS_STATUS" => Component::ObsStatus,
            "CONF_STATUS" => Component::ConfStatus,
            _ if is(&self.sdmx.area) => Component::Area,
            _ if is(&self.sdmx.indicator) => Component::Indicator,
            _ if name == self.sdmx.time => Component::Time,
            _ if name == self.sdmx.measure => Component::Measure,
            _ => {
                let part = self.parts.iter().position(|part| part.name == name).map(Component::Part);
                let fixed = || self.fixed.iter().position(|(fixed, _)| *fixed == name).map(Component::Fixed);
                return part.or_else(fixed);
            }
        })
    }

    /// Where components stand among those that are read.
    pub(super) fn layout(&self) -> Layout {
        Layout { parts: self.parts.len(), fixed: self.fixed.len() }
    }

    /// Whether a component may be there without being read.
    pub(super) fn may_ignore(&self, name: &str) -> bool {
        IGNORABLE.contains(&name) || self.sdmx.ignored.iter().any(|ignored| ignored == name)
    }

    /// The dimensions that every observation names.
    pub(super) fn needed(&self) -> Vec<(Component, &'f str)> {
        let named = |component, of: &'f Of| match of {
            Of::Dimension(name) => Some((component, name.as_str())),
            Of::Always(_) => None,
        };
        let own =
            [named(Component::Area, &self.sdmx.area), named(Component::Indicator, &self.sdmx.indicator)];
        let time = (Component::Time, self.sdmx.time.as_str());
        let parts = self.parts.iter().enumerate().map(|(at, part)| (Component::Part(at), part.name));
        own.into_iter().flatten().chain([time]).chain(parts).collect()
    }
}
