//! The forms of a pack as tables.

use ioc_model::{
    form::{Form, FormIndicator, Owner, PlacesByCode, Target},
    pack::Pack,
    place::Date,
};
use serde_json::{Value, json};

/// What lasts is looked at on this day, the last that periods have.
const LAST: Date = Date::constant(2200, 12, 31);

/// Each dimension's rows, in the pack's order.
pub(super) fn dimensions(pack: &Pack) -> [(&'static str, Vec<Value>); 5] {
    let version = &pack.version.0;
    let places = PlacesByCode::of(&pack.places);
    let agencies = pack.agencies.values().map(|agency| {
        json!({
            "pack": version,
            "id": agency.id,
            "name_vi": agency.name.vi,
            "name_en": agency.name.en,
            "place": agency.place,
        })
    });
    let forms = pack.forms.values().map(|form| {
        json!({
            "pack": version,
            "id": form.id,
            "name_vi": form.name.vi,
            "name_en": form.name.en,
            "period_kind": form.period.word(),
            "owner": owner(&form.owner),
            "vintage": form.vintage.word(),
            "absent": form.absent.word(),
            "parts": form.parts,
            "screen": form.screen.as_deref().unwrap_or_default(),
        })
    });
    let indicators = pack.forms.values().flat_map(|form| form.indicators.values().map(move |of| (form, of)));
    let indicators = indicators.map(|(form, of)| indicator(version, form, of));
    // A form of no tiers is about whatever its messages name.
    let of_tiers = pack.forms.values().filter(|form| !form.places.kinds.is_empty());
    let in_scope = of_tiers.flat_map(|form| {
        places.of_scope(&form.places, LAST).into_iter().map(move |place| {
            json!({
                "pack": version,
                "form": form.id,
                "code": place.key.code,
                "valid_from": place.key.valid_from.to_string(),
                "valid_to": place.valid_to.map(|date| date.to_string()),
            })
        })
    });
    [
        ("agency", agencies.collect()),
        ("form", forms.collect()),
        ("form_indicator", indicators.collect()),
        ("form_place", in_scope.collect()),
        ("target", pack.targets.values().map(|of| target(version, of)).collect()),
    ]
}

fn indicator(version: &str, form: &Form, of: &FormIndicator) -> Value {
    let (numerator, denominator) = of.ratio.as_ref().map(|(of, by)| (&**of, &**by)).unwrap_or_default();
    json!({
        "pack": version,
        "form": form.id,
        "id": of.id,
        "code": of.code,
        "name_vi": of.name.vi,
        "name_en": of.name.en,
        "unit": of.unit,
        "decimals": of.decimals,
        "percent": of.percent,
        "suppress_below": of.suppress_below.unwrap_or_default(),
        "required": of.required,
        "additive": of.additive,
        "numerator": numerator,
        "denominator": denominator,
        "owner": of.owner.as_ref().map(owner).unwrap_or_default(),
    })
}

fn target(version: &str, of: &Target) -> Value {
    let tiers: Vec<&str> = of.tiers.iter().map(|tier| tier.word()).collect();
    json!({
        "pack": version,
        "id": of.id,
        "name_vi": of.name.vi,
        "name_en": of.name.en,
        "valid_from": of.valid.0.to_string(),
        "valid_to": of.valid.1.to_string(),
        "tiers": tiers,
        "form": of.form,
        "numerator": of.numerator,
        "denominator": of.denominator,
        "over": of.over.word(),
        "sense": of.sense.word(),
        "target": of.value.map(|value| value.to_string()),
        "basis": of.basis,
    })
}

fn owner(owner: &Owner) -> &str {
    match owner {
        Owner::Place => "place",
        Owner::Agency(agency) => agency,
    }
}
