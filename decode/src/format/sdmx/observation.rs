//! From an observation, as CSV or JSON have it, to a cell of a form.

use std::fmt::Display;

use ioc_model::{
    form::{FormIndicator, Mark, Of, Period, PeriodKind, Rule, Value, Vintage, Weight},
    name::Name,
};
use rust_decimal::Decimal;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Action, SWITCHED_OFF,
    status::{Worth, worth},
    structure::{Component, Structure},
};
use crate::{
    contract::legible,
    said::{Said, SaidCell, WHOLE, Wrong, scaled},
};

/// What a cell is about: indicator, members, place and period.
type Deleted = (Name, Box<[u32]>, Box<str>, Period);

/// The observations of a message.
#[derive(Debug)]
pub(super) struct Observations<'f> {
    pub(super) structure: Structure<'f>,
    /// What every one of them must name.
    pub(super) dimensions: Vec<(Component, &'f str)>,
    pub(super) said: Said,
    /// Periods by how they are written: most observations share a few.
    periods: FxHashMap<Box<str>, Option<Period>>,
    /// Cells that were deleted and not said anew since, by what they are about.
    deleted: FxHashMap<Deleted, usize>,
    /// Whether it was told that what is said of groups is not kept.
    has_attributes_above: bool,
    /// Indicators of which it was told that their numbers come times that power of ten.
    scaled: FxHashSet<(Name, i32)>,
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
            deleted: FxHashMap::default(),
            has_attributes_above: false,
            scaled: FxHashSet::default(),
        }
    }

    /// Takes one.
    pub(super) fn observe(&mut self, at: &dyn Display, observation: &Observation<'_, '_>) {
        match self.cell(at, observation) {
            Ok(Some(cell)) => self.put(cell, observation.action),
            Ok(None) => {}
            Err(wrong) => self.said.reject(at, wrong),
        }
    }

    /// What is deleted and then said anew in one message is as it is said: the rows of a message are done in their order.
    fn put(&mut self, cell: SaidCell, action: Action) {
        if action != Action::Delete && self.deleted.is_empty() {
            self.said.cells.push(cell);
            return;
        }
        let key = (cell.indicator, cell.members.clone(), cell.place.clone(), cell.period);
        if action == Action::Delete {
            let _ = self.deleted.insert(key, self.said.cells.len());
        } else if let Some(at) = self.deleted.remove(&key)
            && cell.value.is_some()
        {
            self.said.cells[at] = cell;
            return;
        }
        self.said.cells.push(cell);
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
                    format!("{name} của biểu này phải là '{right}'."),
                    format!("{name} of this form is '{right}'."),
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
        if let (Some(number), Worth::Number(sent)) = (value.and_then(|value| value.number), worth) {
            self.tell_scale(at, indicator, (sent, number, self.power(&indicator.unit, said)?));
        }
        // An observation that is taken back has no value any more, however final the one was that it had.
        let is_taken_back = value.is_some_and(|value| value.mark == Mark::Withdrawn);
        let vintage = if is_taken_back { Some(Vintage::Official) } else { vintage };
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
        if observation.action == Action::Delete && !is_off {
            let name = gap.unwrap_or_default();
            return Err(Wrong::new(
                Rule::Missing,
                "",
                format!(
                    "Lệnh xóa (D) bỏ trống {name}, tức là xóa nhiều ô cùng lúc. Hãy ghi đủ các chiều của từng ô cần rút lại."
                ),
                format!(
                    "A deletion (D) leaves {name} empty, which means many cells at once. Name all dimensions of each cell."
                ),
            ));
        }
        if !value.is_empty() {
            return Err(match gap.filter(|_| !is_off) {
                Some(name) => Wrong::new(
                    Rule::Missing,
                    value,
                    format!("Thiếu {name}: không biết giá trị là của ô nào."),
                    format!("{name} is missing: whose value it is cannot be known."),
                ),
                None => Wrong::new(
                    Rule::Invalid,
                    value,
                    "Một chiều bị tắt (~) nhưng dòng có giá trị.",
                    "A dimension is switched off (~), and yet there is a value.",
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
                format!("{name} is said of a group of observations. Say it again with each of them."),
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
                    "Attributes of groups of observations are not kept.".to_owned(),
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
                format!("{name}: biểu không có chỉ tiêu này (biểu có: {known})."),
                format!("{name}: the form has no such indicator (it has: {known})."),
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
                    format!("{}: không có trong danh mục của biểu (có: {known}).", part.name),
                    format!("{}: not of the form's list (there are: {known}).", part.name),
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
                format!("{time}: không phải là kỳ báo cáo của biểu này. Ví dụ đúng: {right}."),
                format!("{time}: not a period of this form. A right one: {right}."),
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
                format!(
                    "Đổi ra {unit} thì số có quá nhiều chữ số (nhiều nhất 28, trong đó 9 sau dấu thập phân)."
                ),
                format!("In {unit} the number has too many digits (at most 28, 9 of them decimals)."),
            )
        })?;
        let as_sent = match power {
            0 if value == scaled.to_string() => String::new(),
            0 => value.to_owned(),
            _ => format!("{value} ×10^{}", legible(said(Component::UnitMult), 8)),
        };
        Ok((Some(Value::of(scaled)), as_sent))
    }

    /// Tells once of each indicator and power that numbers came in another multiple of the form's unit.
    fn tell_scale(
        &mut self,
        at: &dyn Display,
        indicator: &FormIndicator,
        (sent, kept, power): (Decimal, Decimal, i32),
    ) {
        if power == 0 || kept.is_zero() || !self.scaled.insert((Name::new(&indicator.id), power)) {
            return;
        }
        let (id, unit) = (&indicator.id, &indicator.unit);
        let vi = [sent, kept].map(|number| number.to_string().replace('.', ","));
        let told = (
            format!(
                "{id}: bội số của tin khác đơn vị của biểu ({unit}), số được nhân với 10^{power}, ví dụ {} → {}.",
                vi[0], vi[1]
            ),
            format!(
                "{id}: the message counts in another multiple than the form ({unit}): times 10^{power}, as in {sent} → {kept}."
            ),
        );
        self.said.find(Weight::Note, Rule::Unit, at, "", told);
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
                format!("UNIT_MEASURE của chỉ tiêu này là {right} (biểu tính bằng {unit})."),
                format!("UNIT_MEASURE of this indicator is {right} (the form counts in {unit})."),
            ));
        }
        match (mult, own) {
            ("", None) => Ok(0),
            ("", Some(own)) => Err(Wrong::new(
                Rule::Unit,
                said(Component::Measure),
                format!(
                    "Thiếu UNIT_MULT: không biết giá trị tính bằng bội số nào của {}. Ví dụ đúng: {}.",
                    own.measure, own.power
                ),
                format!(
                    "UNIT_MULT is missing: which multiple of {} the value is in cannot be known. A right one: {}.",
                    own.measure, own.power
                ),
            )),
            _ => match mult.parse::<i32>().ok().filter(|mult| (-15..=15).contains(mult)) {
                Some(mult) => Ok(mult - own.map_or(0, |own| own.power)),
                None => Err(Wrong::new(
                    Rule::Unit,
                    mult,
                    "UNIT_MULT không phải là số mũ của 10. Ví dụ đúng: 6, nghĩa là triệu.",
                    "UNIT_MULT is no power of ten. A right one: 6, which means a million.",
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
        PeriodKind::SchoolRound => "2026-2027-R1",
    }
}
