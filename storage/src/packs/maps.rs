//! How the units of a pack stand on each of its maps, as tables.

use ioc_model::{
    pack::Pack,
    place::{Maps, Place, PlaceKey},
};
use serde_json::{Value, json};

/// Each dimension's rows, in the pack's order.
pub(super) fn dimensions(pack: &Pack) -> [(&'static str, Vec<Value>); 3] {
    let version = &pack.version.0;
    let maps = Maps::of(&pack.places, &pack.successions);
    let (mut conversions, mut units) = (Vec::new(), Vec::new());
    for map in maps.days() {
        let of = maps.conversion(*map);
        for place in &pack.places {
            let row = |to: &PlaceKey, weight: String, alone: bool, reason: &str, covers: &[PlaceKey]| {
                let covered =
                    |unit: &PlaceKey| json!({ "code": unit.code, "valid_from": unit.valid_from.to_string() });
                let covers: Vec<Value> = covers.iter().map(covered).collect();
                json!({
                    "pack": version,
                    "map_from": map.to_string(),
                    "from_code": place.key.code,
                    "from_valid_from": place.key.valid_from.to_string(),
                    "from_valid_to": place.valid_to.map(|date| date.to_string()),
                    "to_code": to.code,
                    "to_valid_from": to.valid_from.to_string(),
                    "weight": weight,
                    "alone": alone,
                    "reason": reason,
                    "covers": covers,
                })
            };
            for share in of.shares.get(&place.key).map(Vec::as_slice).unwrap_or_default() {
                conversions.push(row(&share.to, share.weight.to_string(), share.alone, "", &[]));
            }
            if let Some((reason, covers)) = of.refused.get(&place.key) {
                conversions.push(row(&place.key, "0".to_owned(), false, reason.word(), covers));
            }
            units.extend(maps.within(&of, &place.key).into_iter().map(|within| {
                json!({
                    "pack": version,
                    "map_from": map.to_string(),
                    "from_code": place.key.code,
                    "from_valid_from": place.key.valid_from.to_string(),
                    "unit_code": within.unit.code,
                    "unit_valid_from": within.unit.valid_from.to_string(),
                    "weight": within.weight.map(|weight| weight.to_string()),
                })
            }));
        }
    }
    let groups = pack.groups.values().flat_map(|group| {
        let members = pack.places.iter().filter(|place| group.members.contains(&place.key));
        members.map(move |place: &Place| {
            json!({
                "pack": version,
                "id": group.id,
                "name_vi": group.name.vi,
                "name_en": group.name.en,
                "of_code": group.of.code,
                "of_valid_from": group.of.valid_from.to_string(),
                "code": place.key.code,
                "valid_from": place.key.valid_from.to_string(),
            })
        })
    });
    [("place_conversion", conversions), ("place_unit", units), ("place_group", groups.collect())]
}
