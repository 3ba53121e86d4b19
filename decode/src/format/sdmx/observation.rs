//! From an observation, as CSV or JSON have it, to a cell of a form.

use std::fmt::Display;

use ioc_model::{
    form::{Form, FormIndicator, Member, Of, Period, PeriodKind, Rule, Sdmx, Value, Weight},
    name::Name,
};
use rustc_hash::FxHashMap;

use super::{
    Action, SWITCHED_OFF,
    status::{Worth, worth},
};
use crate::said::{Said, SaidCell, WHOLE, Wrong, dimensions, scaled};

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
    parts: Vec<Part<'f>>,
    fixed: Vec<(&'f str, &'f str)>,
    /// How many dimensions the form has.
    dimensions: usize,
}

/// A dimension that is a column of the form.
#[derive(Debug)]
struct Part<'f> {
    name: &'f str,
    /// Which of the form's dimensions it is.
    at: usize,
    members: &'f [Member],
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
    fn needed(&self) -> Vec<(Component, &'f str)> {
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

/// The observations of a message.
#[derive(Debug)]
pub(super) struct Observations<'f> {
    pub(super) structure: Structure<'f>,
    /// What every one of them must name.
    pub(super) dimensions: Vec<(Component, &'f str)>,
    pub(super) said: Said,
    /// Periods by how they are written: most observations share a few.
    periods: FxHashMap<Box<str>, Option<Period>>,
    /// Whether it was told that what is said of groups is not kept.
    has_attributes_above: bool,
}

/// What stands in a component; nothing where there is none.
type Says<'o, 'm> = &'o dyn Fn(Component) -> &'m str;

/// An observation.
pub(super) struct Observation<'o, 'm> {
    pub(super) action: Action,
    /// A comma is the decimal sign.
    pub(super) is_local: bool,
    pub(super) said: Says<'o, 'm>,
}

impl<'f> Observations<'f> {
    pub(super) fn new(structure: Structure<'f>) -> Observations<'f> {
        let dimensions = structure.needed();
        Observations {
            structure,
            dimensions,
            said: Said::default(),
            periods: FxHashMap::default(),
            has_attributes_above: false,
        }
    }

    /// Takes one.
    pub(super) fn observe(&mut self, at: &dyn Display, observation: &Observation<'_, '_>) {
        match self.cell(at, observation) {
            Ok(Some(cell)) => self.said.cells.push(cell),
            Ok(None) => {}
            Err(wrong) => self.said.reject(at, wrong),
        }
    }

    /// None where it says nothing of a value.
    fn cell(
        &mut self,
        at: &dyn Display,
        observation: &Observation<'_, '_>,
    ) -> Result<Option<SaidCell>, Wrong> {
        let said = observation.said;
        let is_off = self.dimensions.iter().any(|(component, _)| said(*component) == SWITCHED_OFF);
        let gap = self.dimensions.iter().find(|(component, _)| said(*component).is_empty());
        if is_off || gap.is_some() {
            return self.above(observation, is_off, gap.map(|(_, name)| *name)).map(|()| None);
        }
        for (at, (name, right)) in self.structure.fixed.iter().enumerate() {
            let stands = said(Component::Fixed(at));
            if !stands.is_empty() && stands != *right {
                return Err(Wrong::new(
                    Rule::Invalid,
                    stands,
                    format!("{name} là '{stands}', biểu này chỉ nhận '{right}'."),
                    format!("{name} is '{stands}', and this form is of '{right}' alone"),
                ));
            }
        }
        let indicator = self.indicator(said)?;
        let (worth, vintage) = worth(
            observation.action,
            (said(Component::Measure), observation.is_local),
            (said(Component::ObsStatus), said(Component::ConfStatus)),
        )?;
        let (value, as_sent) = self.value(worth, &indicator.unit, said)?;
        Ok(Some(SaidCell {
            at: at.to_string().into(),
            indicator: Name::new(&indicator.id),
            members: self.members(said)?,
            place: self.place(said),
            period: self.period(said(Component::Time))?,
            vintage: vintage.unwrap_or(self.structure.form.vintage),
            value,
            as_sent: as_sent.into(),
        }))
    }

    /// What stands above the single observation says nothing of a value, unless it says how values are to be read.
    fn above(
        &mut self,
        observation: &Observation<'_, '_>,
        is_off: bool,
        gap: Option<&str>,
    ) -> Result<(), Wrong> {
        let said = observation.said;
        let value = said(Component::Measure);
        let name = gap.unwrap_or(SWITCHED_OFF);
        if observation.action == Action::Delete && !is_off {
            return Err(Wrong::new(
                Rule::Missing,
                "",
                format!(
                    "Lệnh xóa (D) bỏ trống {name}, tức là xóa nhiều ô cùng lúc. Hãy ghi đủ các chiều của từng ô cần rút lại."
                ),
                format!(
                    "a deletion (D) leaves {name} empty, which means many cells at once: name all dimensions of each"
                ),
            ));
        }
        if !value.is_empty() {
            return Err(match gap {
                Some(name) => Wrong::new(
                    Rule::Missing,
                    "",
                    format!("Thiếu {name}: không biết giá trị {value} là của ô nào."),
                    format!("{name} is missing: nobody can tell whose value {value} is"),
                ),
                None => Wrong::new(
                    Rule::Invalid,
                    SWITCHED_OFF,
                    format!("Một chiều bị tắt (~) nhưng dòng có giá trị {value}."),
                    format!("a dimension is switched off (~), and yet there is a value, {value}"),
                ),
            });
        }
        let reading = [
            (Component::UnitMult, "UNIT_MULT"),
            (Component::UnitMeasure, "UNIT_MEASURE"),
            (Component::ObsStatus, "OBS_STATUS"),
            (Component::ConfStatus, "CONF_STATUS"),
        ];
        if let Some((component, name)) =
            reading.into_iter().find(|(component, _)| !said(*component).is_empty())
        {
            return Err(Wrong::new(
                Rule::Missing,
                said(component),
                format!("{name} được ghi cho cả nhóm quan sát. Hãy ghi lại ở từng quan sát."),
                format!("{name} is said of a group of observations: say it again with each of them"),
            ));
        }
        if !self.has_attributes_above {
            self.has_attributes_above = true;
            self.said.find(
                Weight::Note,
                Rule::Surplus,
                &"",
                "",
                (
                    "Thuộc tính của cả nhóm quan sát không được lưu.".to_owned(),
                    "attributes of groups of observations are not kept".to_owned(),
                ),
            );
        }
        Ok(())
    }

    /// What a code of a component means, where it is not the form's own.
    fn meant<'c>(&'c self, component: &str, code: &'c str) -> &'c str {
        self.structure
            .sdmx
            .codes
            .get(component)
            .and_then(|codes| codes.get(code))
            .map_or(code, String::as_str)
    }

    fn place(&self, said: Says<'_, '_>) -> Box<str> {
        match &self.structure.sdmx.area {
            Of::Dimension(name) => self.meant(name, said(Component::Area)).into(),
            Of::Always(place) => place.as_str().into(),
        }
    }

    fn indicator(&self, said: Says<'_, '_>) -> Result<&'f FormIndicator, Wrong> {
        let indicators = &self.structure.form.indicators;
        let (name, code) = match &self.structure.sdmx.indicator {
            Of::Dimension(name) => (name.as_str(), said(Component::Indicator)),
            Of::Always(indicator) => ("", indicator.as_str()),
        };
        let meant = self.meant(name, code);
        let by_code = || indicators.values().find(|indicator| indicator.code == meant);
        indicators.get(meant).or_else(by_code).ok_or_else(|| {
            let known: Vec<&str> =
                indicators.values().map(|indicator| indicator.code.as_str()).take(20).collect();
            let known = known.join(", ");
            Wrong::new(
                Rule::Invalid,
                code,
                format!("{name} '{code}' không phải chỉ tiêu của biểu này (có: {known})."),
                format!("{name} '{code}' is no indicator of this form (there are: {known})"),
            )
        })
    }

    fn members(&self, said: Says<'_, '_>) -> Result<Box<[u32]>, Wrong> {
        let mut members = vec![WHOLE; self.structure.dimensions];
        for (at, part) in self.structure.parts.iter().enumerate() {
            let code = said(Component::Part(at));
            if self.structure.sdmx.whole.iter().any(|whole| whole == code) {
                continue;
            }
            let meant = self.meant(part.name, code);
            let Some(member) = part.members.iter().position(|member| member.id == meant) else {
                let known: Vec<&str> =
                    part.members.iter().map(|member| member.id.as_str()).take(20).collect();
                let known = known.join(", ");
                return Err(Wrong::new(
                    Rule::Invalid,
                    code,
                    format!("{} '{code}' không có trong danh mục của biểu này (có: {known}).", part.name),
                    format!("{} '{code}' is not of this form's list (there are: {known})", part.name),
                ));
            };
            members[part.at] = u32::try_from(member).unwrap_or(WHOLE);
        }
        Ok(members.into())
    }

    fn period(&mut self, written: &str) -> Result<Period, Wrong> {
        let kind = self.structure.form.period;
        let period = match self.periods.get(written) {
            Some(period) => *period,
            None => {
                let period = Period::parse(kind, written);
                let _ = self.periods.insert(written.into(), period);
                period
            }
        };
        period.ok_or_else(|| {
            let right = example(kind);
            let time = &self.structure.sdmx.time;
            Wrong::new(
                Rule::Period,
                written,
                format!("{time} '{written}' không phải kỳ của biểu này; ví dụ đúng: {right}."),
                format!("{time} '{written}' is no period of this form; right would be {right}"),
            )
        })
    }

    /// The value in the form's unit, and how it came where that is another number.
    fn value(&self, worth: Worth, unit: &str, said: Says<'_, '_>) -> Result<(Option<Value>, String), Wrong> {
        let number = match worth {
            Worth::Unsaid => return Ok((None, String::new())),
            // A number that is kept back is not kept.
            Worth::Without(mark) => {
                return Ok((Some(Value::without(mark)), said(Component::ObsStatus).to_owned()));
            }
            Worth::Number(number) => number,
        };
        let (value, power) = (said(Component::Measure), self.power(unit, said)?);
        let scaled = scaled(number, power).ok_or_else(|| {
            Wrong::new(
                Rule::Invalid,
                value,
                format!("{value} đổi ra '{unit}' có quá nhiều chữ số (tối đa 9 chữ số thập phân)."),
                format!("{value} has too many digits in '{unit}' (at most 9 decimals)"),
            )
        })?;
        let as_sent = match power {
            0 if value == scaled.to_string() => String::new(),
            0 => value.to_owned(),
            _ => format!("{value} ×10^{}", said(Component::UnitMult)),
        };
        Ok((Some(Value::of(scaled)), as_sent))
    }

    /// The power of ten between the message's unit and the form's.
    fn power(&self, unit: &str, said: Says<'_, '_>) -> Result<i32, Wrong> {
        let (mult, measure) = (said(Component::UnitMult), said(Component::UnitMeasure));
        let own = self.structure.sdmx.units.get(unit);
        if let Some(own) = own.filter(|own| !measure.is_empty() && measure != own.measure) {
            let right = &own.measure;
            return Err(Wrong::new(
                Rule::Unit,
                measure,
                format!("UNIT_MEASURE là '{measure}', chỉ tiêu này tính bằng '{right}' ({unit})."),
                format!("UNIT_MEASURE is '{measure}', and this indicator is in '{right}' ({unit})"),
            ));
        }
        match (mult, own) {
            ("", None) => Ok(0),
            ("", Some(own)) => Err(Wrong::new(
                Rule::Unit,
                "",
                format!(
                    "Thiếu UNIT_MULT: không biết giá trị tính bằng {} hay bội số nào của nó; ví dụ đúng: {}.",
                    own.measure, own.power
                ),
                format!(
                    "UNIT_MULT is missing: nobody can tell which multiple of {} it is in; right would be {}",
                    own.measure, own.power
                ),
            )),
            _ => match mult.parse::<i32>().ok().filter(|mult| (-15..=15).contains(mult)) {
                Some(mult) => Ok(mult - own.map_or(0, |own| own.power)),
                None => Err(Wrong::new(
                    Rule::Unit,
                    mult,
                    format!("UNIT_MULT '{mult}' không phải số mũ của 10; ví dụ đúng: 6 nghĩa là triệu."),
                    format!("UNIT_MULT '{mult}' is no power of ten; right would be 6 for a million"),
                )),
            },
        }
    }
}

/// How a period of that kind is written.
fn example(kind: PeriodKind) -> &'static str {
    match kind {
        PeriodKind::Day => "2026-10-23",
        PeriodKind::Week => "2026-W43",
        PeriodKind::Month | PeriodKind::AdminMonth => "2026-10",
        PeriodKind::Quarter | PeriodKind::AdminQuarter => "2026-Q4",
        PeriodKind::HalfYear | PeriodKind::AdminHalfYear => "2026-S2",
        PeriodKind::Year | PeriodKind::AdminYear => "2026",
        PeriodKind::SchoolYear => "2026-2027",
    }
}
