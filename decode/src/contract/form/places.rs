//! The units of all times, by code and by name.
//!
//! A code alone names nothing: 25459 was "Phường 3" until 2025-06-30 and is "Phường Tân Ninh" since. What a report is about
//! is the version that was there in its period.

use ioc_model::{
    form::{Period, PlaceScope},
    name::Name,
    pack::Pack,
    place::{Date, Place, PlaceKey, PlaceKind},
};
use rustc_hash::FxHashMap;

use super::spelling::spelled;

/// What stands before a unit's own name.
const KINDS: [&str; 12] =
    ["xã", "phường", "thị trấn", "tt.", "huyện", "thị xã", "tx.", "thành phố", "tp.", "tỉnh", "tp", "tx"];
/// A commune, a district, a province.
const TIERS: usize = 4;

/// All versions of all units.
#[derive(Debug, Default)]
pub(crate) struct Places {
    units: Vec<Unit>,
    by_code: FxHashMap<Box<str>, Vec<u32>>,
    by_name: FxHashMap<String, Vec<u32>>,
    kinds: Vec<String>,
    /// What became of the units that ended.
    successors: FxHashMap<u32, Vec<u32>>,
}

/// A version of a unit.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) code: Name,
    pub(crate) from: Date,
    pub(crate) to: Option<Date>,
    pub(crate) kind: PlaceKind,
    /// As people know it.
    pub(crate) name: Box<str>,
    parent: Option<Box<str>>,
}

impl Unit {
    fn is_there(&self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }

    fn is_there_in(&self, period: Period) -> bool {
        self.from <= period.end && self.to.is_none_or(|to| period.start <= to)
    }
}

impl Places {
    pub(crate) fn of_pack(pack: &Pack) -> Places {
        let kinds = KINDS.iter().map(|kind| spelled(kind)).collect();
        let mut places = Places { kinds, ..Places::default() };
        for place in &pack.places {
            places.add(place);
        }
        for succession in &pack.successions {
            let (from, to) = (places.version(&succession.from), places.version(&succession.to));
            if let (Some(from), Some(to)) = (from, to) {
                places.successors.entry(from).or_default().push(to);
            }
        }
        places
    }

    fn add(&mut self, place: &Place) {
        let at = u32::try_from(self.units.len()).unwrap_or(u32::MAX);
        let mut names = vec![spelled(&place.name.vi), spelled(&place.name.en)];
        names.push(self.own_name(&names[0]).to_owned());
        names.sort();
        names.dedup();
        for name in names {
            self.by_name.entry(name).or_default().push(at);
        }
        self.by_code.entry(place.key.code.as_str().into()).or_default().push(at);
        self.units.push(Unit {
            code: Name::new(&place.key.code),
            from: place.key.valid_from,
            to: place.valid_to,
            kind: place.kind,
            name: place.name.vi.as_str().into(),
            parent: place.parent.as_deref().map(Into::into),
        });
    }

    /// A spelled name without the kind before it. "Phường 3" is no "3".
    fn own_name<'n>(&self, name: &'n str) -> &'n str {
        let own = |kind: &String| {
            let rest = name.strip_prefix(kind.as_str())?;
            let ends = kind.ends_with('.') || rest.starts_with(' ');
            ends.then(|| rest.trim_start())
        };
        let is_name = |own: &&str| own.chars().any(char::is_alphabetic);
        self.kinds.iter().filter_map(own).find(is_name).unwrap_or(name)
    }

    /// By its number.
    pub(crate) fn unit(&self, number: u32) -> &Unit {
        &self.units[number as usize]
    }

    /// Whether a unit of any time has that code.
    pub(crate) fn knows(&self, code: &str) -> bool {
        self.by_code.contains_key(code)
    }

    /// A name as it is spelled, if some unit of any time has it.
    pub(crate) fn name_in_list(&self, name: &str) -> Option<String> {
        let name = spelled(name);
        (self.by_name.contains_key(&name) || self.by_name.contains_key(self.own_name(&name))).then_some(name)
    }

    /// Every version with that code.
    pub(crate) fn versions(&self, code: &str) -> impl Iterator<Item = &Unit> {
        self.by_code.get(code).into_iter().flatten().map(|at| self.unit(*at))
    }

    fn version(&self, key: &PlaceKey) -> Option<u32> {
        let versions = self.by_code.get(key.code.as_str())?;
        versions.iter().copied().find(|at| self.unit(*at).from == key.valid_from)
    }

    /// The version with that code that was there at the end of a period; else the last that was there within it.
    pub(crate) fn in_period(&self, code: &str, period: Period) -> Option<u32> {
        let versions = self.by_code.get(code)?;
        let there = |at: &&u32| self.unit(**at).is_there_in(period);
        let at_end = versions.iter().find(|at| self.unit(**at).is_there(period.end));
        at_end.or_else(|| versions.iter().filter(there).max_by_key(|at| self.unit(**at).from)).copied()
    }

    /// Those of a scope with that name that were there in a period.
    pub(crate) fn named(&self, name: &str, scope: &PlaceScope, period: Period) -> Vec<u32> {
        let name = spelled(name);
        let found = self.by_name.get(&name).or_else(|| self.by_name.get(self.own_name(&name)));
        let of = |at: &&u32| self.is_of(**at, scope, period) && self.has_kind(**at, &name);
        found.into_iter().flatten().filter(of).copied().collect()
    }

    /// Whether a name that says a kind says the unit's own. "Xã Tân Biên" is no "Phường Tân Biên".
    fn has_kind(&self, at: u32, name: &str) -> bool {
        let own = self.own_name(name);
        own.len() == name.len() || {
            let whole = spelled(&self.unit(at).name);
            self.own_name(&whole).len() == whole.len() || whole == name
        }
    }

    /// Whether a name is one of a unit's.
    pub(crate) fn is_named(&self, at: u32, name: &str) -> bool {
        let name = spelled(name);
        let of = |name: &str| self.by_name.get(name).is_some_and(|units| units.contains(&at));
        of(&name) || of(self.own_name(&name))
    }

    /// Whether a unit is of a scope and was there in a period.
    pub(crate) fn is_of(&self, at: u32, scope: &PlaceScope, period: Period) -> bool {
        let unit = self.unit(at);
        let day = if unit.is_there(period.end) { period.end } else { unit.to.unwrap_or(period.end) };
        (scope.kinds.is_empty() || scope.kinds.contains(&unit.kind))
            && unit.is_there_in(period)
            && (scope.below.is_empty() || scope.below.iter().any(|above| self.lies_in(at, above, day)))
    }

    /// Whether a unit is the one with that code or lies below it, on a day. All lie in the country.
    pub(crate) fn lies_in(&self, at: u32, above: &str, day: Date) -> bool {
        if self.versions(above).any(|unit| unit.kind == PlaceKind::Country) {
            return true;
        }
        let mut at = at;
        for _ in 0..TIERS {
            let unit = self.unit(at);
            if unit.code == *above {
                return true;
            }
            let parent = unit.parent.as_deref().and_then(|parent| self.by_code.get(parent));
            let there = |at: &&u32| self.unit(**at).is_there(day);
            let Some(next) = parent.and_then(|versions| versions.iter().find(there)) else { return false };
            at = *next;
        }
        false
    }

    /// Whether an agency of a place may report of a unit on a day: of what lay in its place then, and of what ended and went
    /// into something that lies in it. A department has the past of all that its province took over.
    pub(crate) fn is_reported_by(&self, at: u32, above: &str, day: Date) -> bool {
        let (mut seen, mut next) = (vec![at], 0);
        while let Some(at) = seen.get(next).copied() {
            next += 1;
            let day = if self.unit(at).is_there(day) { day } else { self.unit(at).from };
            if self.lies_in(at, above, day) {
                return true;
            }
            let became = self.successors.get(&at).into_iter().flatten().copied();
            let new: Vec<u32> = became.filter(|at| !seen.contains(at)).collect();
            seen.extend(new);
        }
        false
    }

    /// All of a scope that were there in a period, by code. None of a unit whose code has another version that was there
    /// later in it.
    pub(crate) fn of_scope(&self, scope: &PlaceScope, period: Period) -> Vec<u32> {
        let mut units: Vec<u32> = self
            .by_code
            .keys()
            .filter_map(|code| self.in_period(code, period))
            .filter(|at| self.is_of(*at, scope, period))
            .collect();
        units.sort_by_key(|at| self.unit(*at).code);
        units
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::form::PeriodKind;

    use super::*;

    fn month(text: &str) -> Period {
        Period::parse(PeriodKind::Month, text).unwrap()
    }

    #[test]
    fn a_code_is_of_the_version_that_was_there_in_the_period() {
        let places = Places::of_pack(&ioc_testing::tay_ninh(None));
        let name = |code: &str, at: &str| places.in_period(code, month(at)).map(|at| &*places.unit(at).name);
        assert_eq!(name("25459", "2025-06"), Some("Phường 3"));
        assert_eq!(name("25459", "2025-07"), Some("Phường Tân Ninh"));
        assert_eq!(name("703", "2025-07"), None);
        assert_eq!(name("99999", "2025-07"), None);
        let admin = Period::parse(PeriodKind::AdminMonth, "2025-07").unwrap();
        let at = places.in_period("25459", admin).unwrap();
        assert_eq!(&*places.unit(at).name, "Phường Tân Ninh", "as it was at the end");
    }

    #[test]
    fn a_name_is_found_with_and_without_its_kind_and_however_its_tone_stands() {
        let places = Places::of_pack(&ioc_testing::tay_ninh(None));
        let communes =
            PlaceScope { kinds: vec![PlaceKind::Commune, PlaceKind::Ward], below: vec!["80".to_owned()] };
        let codes = |name: &str, at: &str| -> Vec<&str> {
            let found = places.named(name, &communes, month(at));
            found.into_iter().map(|at| places.unit(at).code.as_str()).collect()
        };
        assert_eq!(codes("Xã Tân Biên", "2026-10"), ["25486"]);
        assert_eq!(codes("tân biên", "2026-10"), ["25486"]);
        assert_eq!(codes("Tan Bien", "2026-10"), ["25486"]);
        assert!(codes("Phường Tân Biên", "2026-10").is_empty());
        assert!(codes("3", "2025-06").is_empty());
        assert_eq!(codes("Phường Hoà Thành", "2026-10"), codes("Phường Hòa Thành", "2026-10"));
        assert_eq!(codes("Phường Hoà Thành", "2026-10").len(), 1);
        assert_eq!(places.of_scope(&communes, month("2026-10")).len(), 96);
        let all = PlaceScope::default();
        assert_eq!(places.named("Tỉnh Tây Ninh", &all, month("2026-10")).len(), 1);
    }
}
