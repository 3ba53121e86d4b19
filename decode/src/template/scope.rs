//! Whose cells a template has: which places and which indicators.

use std::collections::BTreeMap;

use ioc_model::{
    form::{Agency, Form, FormIndicator, Owner, Period, PlaceScope, PlacesByCode},
    place::{Date, Place, PlaceKind},
    text::Text,
};

use super::NoTemplate;

/// What somebody wants to fill in, or to read about.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The form.
    pub form: &'a Form,
    /// The pack's places, of all times.
    pub places: &'a [Place],
    /// Its agencies.
    pub agencies: &'a BTreeMap<String, Agency>,
    /// The period that is reported; none where the clerk writes it down.
    pub period: Option<Period>,
    /// Places are those of this day where there is no period.
    pub today: Date,
    /// Only this place, or the form's places below it.
    pub place: Option<&'a str>,
    /// Only what is this agency's: a department's indicators, or those of a place's authority.
    pub agency: Option<&'a str>,
}

/// The places and indicators that are left of a form.
#[derive(Clone, Debug)]
pub(super) struct Scope<'a> {
    /// By code.
    pub(super) places: Vec<&'a Place>,
    /// By identifier.
    pub(super) indicators: Vec<&'a FormIndicator>,
}

impl<'a> Wanted<'a> {
    /// The day whose places are meant.
    pub(super) fn day(&self) -> Date {
        self.period.map_or(self.today, |period| period.end)
    }

    /// # Errors
    /// If the place or the agency is not known, or nothing of the form is theirs.
    pub(super) fn scope(&self) -> Result<Scope<'a>, NoTemplate> {
        if !self.form.templates.is_empty() {
            let id = &self.form.id;
            return Err(NoTemplate(Text {
                vi: format!("{id} được đọc từ tệp do nơi khác lập, không có mẫu để điền."),
                en: format!("{id} is read from workbooks that others make: nobody fills it in"),
            }));
        }
        let department = self.agency.and_then(|id| self.agencies.get(id));
        let place = match (self.agency, department) {
            // An authority is known by the code of its place.
            (Some(id), None) => Some(id),
            _ => self.place,
        };
        let places = self.places_of(place)?;
        let form = self.form;
        let is_theirs = |indicator: &&FormIndicator| {
            let owner = indicator.owner.as_ref().unwrap_or(&form.owner);
            match (self.agency, department, owner) {
                (None, ..) => true,
                (_, Some(agency), owner) => *owner == Owner::Agency(agency.id.clone()),
                (Some(_), None, owner) => *owner == Owner::Place,
            }
        };
        let indicators: Vec<&FormIndicator> = form.indicators.values().filter(is_theirs).collect();
        if indicators.is_empty() {
            let agency = self.agency.unwrap_or_default();
            return Err(NoTemplate(Text {
                vi: format!("Biểu {} không có chỉ tiêu nào của cơ quan {agency}.", form.id),
                en: format!("form {} has no indicator of agency {agency}", form.id),
            }));
        }
        Ok(Scope { places, indicators })
    }

    fn places_of(&self, place: Option<&str>) -> Result<Vec<&'a Place>, NoTemplate> {
        let (day, scope, form) = (self.day(), &self.form.places, &self.form.id);
        let by_code = PlacesByCode::of(self.places);
        let all = by_code.of_scope_on(scope, day);
        if all.is_empty() {
            return Err(NoTemplate(Text {
                vi: format!("Ngày {day} không có đơn vị nào phải báo cáo biểu {form}."),
                en: format!("there is no place that reports in form {form} on {day}"),
            }));
        }
        let Some(code) = place else { return Ok(all) };
        if by_code.of_scope_on(&below(code, &[]), day).is_empty() {
            return Err(NoTemplate(Text {
                vi: format!("Ngày {day} không có đơn vị hành chính hay cơ quan nào mang mã {code}."),
                en: format!("there is no place and no agency {code} on {day}"),
            }));
        }
        let chosen = by_code.of_scope_on(&below(code, &scope.kinds), day);
        let chosen: Vec<&Place> = chosen.into_iter().filter(|place| all.contains(place)).collect();
        if chosen.is_empty() {
            return Err(NoTemplate(Text {
                vi: format!("Biểu {form} không thu thập số liệu của đơn vị {code}."),
                en: format!("form {form} is not about place {code}, nor about a place in it"),
            }));
        }
        Ok(chosen)
    }
}

/// A unit and those below it, of these tiers.
fn below(code: &str, kinds: &[PlaceKind]) -> PlaceScope {
    PlaceScope { kinds: kinds.to_vec(), below: vec![code.to_owned()] }
}
