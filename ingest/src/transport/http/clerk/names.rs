//! What things of a report are called, in both languages, as far as the pack says.

use ioc_model::{form::Form, pack::Pack, place::Date, text::Text};

/// An agency by its identifier; the authority of a place by the place's name.
pub(super) fn agency_named(pack: &Pack, agency: &str) -> Text {
    if let Some(known) = pack.agencies.get(agency) {
        return known.name.clone();
    }
    let place =
        pack.places.iter().filter(|place| place.key.code == agency).max_by_key(|place| place.key.valid_from);
    place.map_or_else(|| same(agency), |place| place.name.clone())
}

/// A place by its code and version.
pub(super) fn place_named(pack: &Pack, code: &str, from: Date) -> Text {
    let is_it = |place: &&ioc_model::place::Place| place.key.code == code && place.key.valid_from == from;
    pack.places.iter().find(is_it).map_or_else(|| same(code), |place| place.name.clone())
}

/// A form by its identifier.
pub(super) fn form_named(pack: &Pack, form: &str) -> Text {
    pack.forms.get(form).map_or_else(|| same(form), |form| form.name.clone())
}

/// An indicator of a form: its name, and the unit of its numbers.
pub(super) fn indicator_named(form: Option<&Form>, indicator: &str) -> (Text, String) {
    let known = form.and_then(|form| form.indicators.get(indicator));
    known.map_or_else(|| (same(indicator), String::new()), |known| (known.name.clone(), known.unit.clone()))
}

/// Without a name it is called as it is known.
fn same(id: &str) -> Text {
    Text { vi: id.to_owned(), en: id.to_owned() }
}
