//! Reported numbers on another map, as pages show them: as they were reported, on today's map, or on that of a day.
//!
//! What is told here is made of nothing but numbers that are told as they were reported. So a restated number says nothing of
//! a small number of persons that those did not say; one that is made of a number that is kept back is kept back.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ioc_model::{
    form::{Form, FormIndicator, Mark, Period, Restated, Said, Value, ratio, restate},
    pack::Pack,
    place::{Conversion, Date, Maps, NotRestated, PlaceKey},
    text::Text,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    kept_back::KeptBack,
    reports::{CellView, as_text},
};

/// Decimal places of a share, in per cent.
const SHARE_DECIMALS: u32 = 4;

/// How numbers by place are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// Of the places that they were reported of.
    #[default]
    Reported,
    /// On the map of today.
    Today,
    /// On the map of a day.
    On(Date),
}

impl Reading {
    /// From what a question says: `reported`, `today`, or a day such as `2025-06-30`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Reading> {
        match text {
            "reported" => Some(Reading::Reported),
            "today" => Some(Reading::Today),
            day => day.parse().ok().map(Reading::On),
        }
    }

    /// The day whose map it is.
    #[must_use]
    pub fn day(self, today: Date) -> Option<Date> {
        match self {
            Reading::Reported => None,
            Reading::Today => Some(today),
            Reading::On(day) => Some(day),
        }
    }
}

/// Which of the three readings it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadingName {
    /// As reported.
    Reported,
    /// Today's map.
    Today,
    /// The map of a day.
    Day,
}

/// A map: the days on which it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MapDays {
    /// Its first day.
    pub from: Date,
    /// Its last day; none of the newest.
    pub to: Option<Date>,
}

/// A group of units that stays comparable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupView {
    /// Identifier.
    pub id: String,
    /// Its name.
    pub name: Text,
}

/// How numbers by place are read in an answer, and how they could be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MapView {
    /// Which reading.
    pub reading: ReadingName,
    /// The days on which the map holds; none as reported.
    pub map: Option<MapDays>,
    /// All maps of the pack, from the oldest.
    pub maps: Vec<MapDays>,
    /// The groups of the pack.
    pub groups: Vec<GroupView>,
}

/// A place that is asked for: `25486`, or one version of it, `25486@2025-07-01`. A code may have been another unit's before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedPlace {
    code: String,
    from: Option<Date>,
}

impl AskedPlace {
    /// From what a question says; none of what is written otherwise.
    #[must_use]
    pub fn parse(text: &str) -> Option<AskedPlace> {
        let (code, from) = match text.split_once('@') {
            Some((code, from)) => (code, Some(from.parse().ok()?)),
            None => (text, None),
        };
        (!code.is_empty()).then(|| AskedPlace { code: code.to_owned(), from })
    }

    /// Whether a version of a unit is meant.
    #[must_use]
    pub fn is_of(&self, code: &str, from: Date) -> bool {
        self.code == code && self.from.is_none_or(|asked| asked == from)
    }

    /// What is said of it on a map. By its code alone it is the unit of the map that is called so; where there is none, what was
    /// reported of those that were.
    #[must_use]
    pub fn on_map(&self, mut restated: Vec<RestatedView>) -> Vec<RestatedView> {
        restated.retain(|of| self.is_of(&of.place, of.place_from));
        if self.from.is_none() && restated.iter().any(|of| of.on_map) {
            restated.retain(|of| of.on_map);
        }
        restated
    }
}

/// What a unit of a map says of a part of an indicator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RestatedView {
    /// The indicator.
    pub indicator: String,
    /// Which part; empty for the whole.
    pub breakdown: String,
    /// Code of the unit of the map, or of the unit that it was reported of where it is told under none,
    pub place: String,
    /// the first day of the validity of that version of it,
    pub place_from: Date,
    /// and its name; none where the pack has none like it.
    pub place_name: Option<Text>,
    /// Whether it is of a unit of the map; else it stands for what was reported and is told under none.
    pub on_map: bool,
    /// Its number, or the share made of it; none where there is none or it is kept back.
    #[serde(serialize_with = "as_text")]
    pub number: Option<Decimal>,
    /// Whether it is kept back, for being a small number of persons or made of one that is.
    pub suppressed: bool,
    /// Why there is none.
    pub reason: Option<NotRestated>,
    /// Whether a part of it is a share of a unit that was split.
    pub estimated: bool,
    /// Parts that are known,
    pub known: usize,
    /// of how many.
    pub expected: usize,
    /// What was reported that it is made of.
    pub parts: Vec<PartOfUnit>,
}

/// A unit that something was reported of, and how much of that is in another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartOfUnit {
    /// Its code,
    pub place: String,
    /// and the first day of the validity of that version of it.
    pub place_from: Date,
    /// How much of it: above 0 and at most 1.
    pub weight: Decimal,
}

/// The maps of a pack, and the one that is asked for.
#[derive(Debug)]
pub struct Asked<'p> {
    pack: &'p Pack,
    maps: Maps<'p>,
    reading: Reading,
    conversion: Option<Conversion>,
}

impl<'p> Asked<'p> {
    /// Of a pack, on a day; none where there is no map of the day that is asked for.
    #[must_use]
    pub fn of(pack: &'p Pack, reading: Reading, today: Date) -> Option<Asked<'p>> {
        let maps = Maps::of(&pack.places, &pack.successions);
        let conversion = match reading.day(today) {
            Some(day) => Some(maps.conversion(maps.on(day)?)),
            None => None,
        };
        Some(Asked { pack, maps, reading, conversion })
    }

    /// How an answer says it.
    #[must_use]
    pub fn view(&self) -> MapView {
        let days = self.maps.days();
        let last = |at: usize| days.get(at + 1).and_then(|next| next.yesterday().ok());
        let maps: Vec<MapDays> =
            days.iter().enumerate().map(|(at, from)| MapDays { from: *from, to: last(at) }).collect();
        let map = self.conversion.as_ref().map(|of| of.map);
        MapView {
            reading: match self.reading {
                Reading::Reported => ReadingName::Reported,
                Reading::Today => ReadingName::Today,
                Reading::On(_) => ReadingName::Day,
            },
            map: maps.iter().find(|days| Some(days.from) == map).copied(),
            maps,
            groups: self
                .pack
                .groups
                .values()
                .map(|group| GroupView { id: group.id.clone(), name: group.name.clone() })
                .collect(),
        }
    }

    /// Whether numbers are read as they were reported.
    #[must_use]
    pub fn is_as_reported(&self) -> bool {
        self.conversion.is_none()
    }

    /// What places cover on the map, so that the same people and land are the same whatever they were called; none as reported.
    /// Wider units cover what lies in them: where there are communes, these say it.
    #[must_use]
    pub fn extent(&self, places: &BTreeSet<(&str, Date)>) -> Option<BTreeSet<PlaceKey>> {
        let of = self.conversion.as_ref()?;
        let key = |(code, from): &(&str, Date)| PlaceKey { code: (*code).to_owned(), valid_from: *from };
        let communes = |key: &PlaceKey| self.maps.place(key).is_some_and(|place| place.kind.is_lowest());
        let all: Vec<PlaceKey> = places.iter().map(key).collect();
        let has_communes = all.iter().any(communes);
        let mut extent = BTreeSet::new();
        for key in all.iter().filter(|key| !has_communes || communes(key)) {
            match of.shares.get(key) {
                Some(shares) => extent.extend(shares.iter().map(|share| share.to.clone())),
                None => match of.refused.get(key) {
                    Some((_, covers)) if !covers.is_empty() => extent.extend(covers.iter().cloned()),
                    _ => {
                        let _ = extent.insert(key.clone());
                    }
                },
            }
        }
        Some(extent)
    }

    /// The indicators that one is made of: of a ratio on a map its numerator and denominator.
    #[must_use]
    pub fn made_of(&self, form: Option<&Form>, indicator: &str) -> BTreeSet<String> {
        let mut made_of = BTreeSet::from([indicator.to_owned()]);
        let of = form.and_then(|form| form.indicators.get(indicator)).filter(|_| !self.is_as_reported());
        if let Some((numerator, denominator)) = of.and_then(|of| of.ratio.as_ref()) {
            made_of.extend([numerator.clone(), denominator.clone()]);
        }
        made_of
    }

    /// The codes of which all has to be read that was reported, to say what is said of a place: its own; on a map of all that
    /// the units are made of that hold a share of it, since what one of them said itself displaces the words of others.
    #[must_use]
    pub fn codes(&self, place: &AskedPlace) -> BTreeSet<String> {
        let mut codes = BTreeSet::from([place.code.clone()]);
        let Some(of) = &self.conversion else { return codes };
        let meant = of.shares.iter().filter(|(unit, _)| place.is_of(&unit.code, unit.valid_from));
        let held = meant.flat_map(|(_, shares)| shares).map(|share| &share.to);
        let those = of.parts.keys().filter(|unit| place.is_of(&unit.code, unit.valid_from));
        for unit in held.chain(those) {
            let _ = codes.insert(unit.code.clone());
            codes.extend(of.parts.get(unit).into_iter().flatten().map(|span| span.from.code.clone()));
        }
        codes
    }

    /// Cells of a form and period by unit of the map, all of them of one question; nothing as reported.
    #[must_use]
    pub fn restated(
        &self,
        form: Option<&Form>,
        cells: &[CellView],
        kept_back: &KeptBack<'_>,
    ) -> Vec<RestatedView> {
        let Some(of) = &self.conversion else { return Vec::new() };
        let keys: Vec<PlaceKey> = cells.iter().map(CellView::unit).collect();
        let kept: HashMap<(&str, &str, &PlaceKey, Period), bool> = cells
            .iter()
            .zip(&keys)
            .map(|(cell, key)| {
                let of = (&*cell.indicator, &*cell.breakdown, key, cell.period.period());
                (of, cell.is_kept_by(kept_back))
            })
            .collect();
        let mut by_cell: BTreeMap<(&str, &str, Period), Vec<Said<'_>>> = BTreeMap::new();
        // What was taken back is no word of anybody's.
        for (cell, key) in cells.iter().zip(&keys).filter(|(cell, _)| cell.is.mark != Mark::Withdrawn) {
            let counts = Value { mark: cell.is.mark, number: cell.is.number }.counts();
            let of = (&*cell.indicator, &*cell.breakdown, cell.period.period());
            by_cell.entry(of).or_default().push((key, counts));
        }
        let known = |id: &str| form.and_then(|form| form.indicators.get(id));
        let mut shown = Vec::new();
        let mut made: BTreeMap<(&str, &str, PlaceKey, Period), (Restated, bool)> = BTreeMap::new();
        for ((indicator, breakdown, period), said) in by_cell {
            let additive = known(indicator).is_some_and(|of| of.additive);
            let below = known(indicator).and_then(|of| of.suppress_below).map(Decimal::from);
            for one in restate(of, period.end, additive, &said) {
                let is_small = || {
                    one.number.zip(below).is_some_and(|(number, below)| !number.is_zero() && number < below)
                };
                let is_kept =
                    |part: &PlaceKey| kept.get(&(indicator, breakdown, part, period)) == Some(&true);
                let suppressed = one.parts.iter().any(|(part, _)| is_kept(part)) || is_small();
                shown.push(self.shown(indicator, breakdown, &one, suppressed));
                let _ = made.insert((indicator, breakdown, one.place.clone(), period), (one, suppressed));
            }
        }
        let shares = form.into_iter().flat_map(|form| form.indicators.values());
        for (share, (numerator, denominator)) in shares.filter_map(|of| Some((of, of.ratio.as_ref()?))) {
            // Where one of both was said by nobody, the share says so.
            let is_side = |id: &str| id == numerator || id == denominator;
            let units: BTreeSet<(&str, &PlaceKey, Period)> = made
                .keys()
                .filter(|(id, ..)| is_side(id))
                .map(|(_, breakdown, place, period)| (*breakdown, place, *period))
                .collect();
            for (breakdown, place, period) in units {
                let side = |id| made.get(&(id, breakdown, place.clone(), period));
                let made = self.share(share, breakdown, side(numerator.as_str()), side(denominator.as_str()));
                shown.extend(made);
            }
        }
        shown
    }

    fn shown(&self, indicator: &str, breakdown: &str, of: &Restated, suppressed: bool) -> RestatedView {
        let part = |(place, weight): &(PlaceKey, Decimal)| PartOfUnit {
            place: place.code.clone(),
            place_from: place.valid_from,
            weight: *weight,
        };
        RestatedView {
            indicator: indicator.to_owned(),
            breakdown: breakdown.to_owned(),
            place: of.place.code.clone(),
            place_from: of.place.valid_from,
            place_name: self.maps.place(&of.place).map(|place| place.name.clone()),
            on_map: !of.reason.is_some_and(NotRestated::is_off_map),
            number: of.number.filter(|_| !suppressed),
            suppressed,
            reason: of.reason,
            estimated: of.estimated,
            known: of.known,
            expected: of.expected,
            parts: of.parts.iter().map(part).collect(),
        }
    }

    /// Of what was made of its numerator and denominator in a unit, with whether that is kept back; none where both are said by
    /// nobody.
    fn share(
        &self,
        indicator: &FormIndicator,
        breakdown: &str,
        numerator: Option<&(Restated, bool)>,
        denominator: Option<&(Restated, bool)>,
    ) -> Option<RestatedView> {
        let (of, by) = (numerator.map(|(of, _)| of), denominator.map(|(by, _)| by));
        let share = ratio(indicator, of, by, SHARE_DECIMALS);
        let sides = [of, by];
        let known = sides.map(|side| side.map_or(0, |side| side.known));
        let sides: Vec<&Restated> = sides.into_iter().flatten().collect();
        let mut parts: Vec<(PlaceKey, Decimal)> = Vec::new();
        for (place, weight) in sides.iter().flat_map(|side| &side.parts) {
            if !parts.iter().any(|(of, _)| of == place) {
                parts.push((place.clone(), *weight));
            }
        }
        let one = Restated {
            place: sides.first()?.place.clone(),
            number: share.ok(),
            reason: share.err(),
            estimated: sides.iter().any(|side| side.estimated),
            known: known[0].min(known[1]),
            expected: sides.iter().map(|side| side.expected).max()?,
            parts,
        };
        let is_kept = [numerator, denominator].into_iter().flatten().any(|(_, is_kept)| *is_kept);
        Some(self.shown(&indicator.id, breakdown, &one, is_kept))
    }
}

impl RestatedView {
    /// Whether it is made of what was reported of a place.
    #[must_use]
    pub fn is_made_of(&self, cell: &CellView) -> bool {
        self.parts.iter().any(|part| part.place == cell.place && part.place_from == cell.place_from)
    }
}
