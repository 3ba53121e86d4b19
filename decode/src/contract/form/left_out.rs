//! What a form has and a message leaves out or empty.
//!
//! What that means is said by the form. Under `keeps` a correction of three numbers is three numbers, and whoever sent it is
//! told of the rest; under `refused` half a report is none; under `withdraws` it takes back what was known, which is told
//! before anybody else knows.

use ioc_model::{
    form::{Absent, CellKey, Period, Rule, Weight},
    name::Name,
};
use rustc_hash::FxHashSet;

use super::{
    draft::{About, Breakdowns, Reading},
    findings::{Found, RIGHT, Spot, said},
};

/// More keys are not listed: no form has as many that one message is of.
const KEYS_MAX: usize = 100_000;
/// So many are named in one sentence.
const NAMED_MAX: usize = 8;

/// Whose report it is, and of what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'e> {
    /// The one place it is of, if it is of one.
    pub(super) place: Option<u32>,
    /// The unit that the agency is of, by code.
    pub(super) area: Option<&'e str>,
    pub(super) period: Option<Period>,
    /// Whether it is a table, of which something can be absent that it does not name.
    pub(super) is_table: bool,
}

impl Reading<'_> {
    /// The keys that are left out, in their order, and what that means.
    pub(super) fn left_out(&mut self, expected: Expected<'_>, breakdowns: &mut Breakdowns) -> Vec<CellKey> {
        let unread: FxHashSet<(u32, u32)> = self.unread.iter().copied().collect();
        let stands = self.about.len();
        // What cannot be read may be what seems to be absent.
        if self.has_unknown_rows {
            let unfilled: FxHashSet<(u32, u32)> =
                self.unfilled.iter().map(|one| (one.about, one.indicator)).collect();
            let is_known = |key: &(u32, u32)| !self.by_key.contains_key(key);
            let mut known: Vec<(u32, u32)> = unfilled.into_iter().filter(is_known).collect();
            known.sort_unstable();
            known.truncate(KEYS_MAX);
            let mut keys: Vec<CellKey> =
                known.iter().map(|(about, indicator)| self.key(breakdowns, *about, *indicator)).collect();
            keys.sort_unstable();
            known.retain(|(_, indicator)| self.form.indicators[*indicator as usize].of.required);
            self.tell_left_out(&known, stands);
            return keys;
        }
        for about in self.absent(expected) {
            let _ = self.number(about);
        }
        let mut keys: Vec<CellKey> = Vec::new();
        let mut absent: Vec<(u32, u32)> = Vec::new();
        let mut beyond = 0_u64;
        for about in 0..u32::try_from(self.about.len()).unwrap_or(u32::MAX) {
            for indicator in 0..u32::try_from(self.form.indicators.len()).unwrap_or(u32::MAX) {
                let key = (about, indicator);
                if self.by_key.contains_key(&key) || unread.contains(&key) {
                    continue;
                }
                if keys.len() >= KEYS_MAX {
                    beyond += 1;
                    continue;
                }
                keys.push(self.key(breakdowns, about, indicator));
                if self.form.indicators[indicator as usize].of.required {
                    absent.push(key);
                }
            }
        }
        keys.sort_unstable();
        self.tell_left_out(&absent, stands);
        if beyond > 0 {
            self.findings.at(
                Weight::Warning,
                Rule::More,
                Spot::Whole,
                "",
                said(
                    format!("Còn {beyond} ô nữa của biểu không có trong tệp: quá nhiều để liệt kê."),
                    format!("{beyond} more cells of the form are not in the file: too many to be listed."),
                ),
            );
        }
        keys
    }

    /// What the message should be about and is not. Where nobody can say which parts a place must have, it is places of which
    /// nothing is said at all.
    fn absent(&self, expected: Expected<'_>) -> Vec<About> {
        let mentioned: FxHashSet<&About> = self.about.iter().collect();
        let places: FxHashSet<u32> = self.about.iter().map(|about| about.place).collect();
        let are_known = self.form.parts().is_some();
        if !are_known && !expected.is_table {
            return Vec::new();
        }
        let mut absent = self.expected_of(expected);
        absent.retain(|about| !mentioned.contains(about) && (are_known || !places.contains(&about.place)));
        absent.truncate(KEYS_MAX);
        absent
    }

    /// What a message of that is about, where it says all: each part of each place, the whole of each where nobody can say
    /// which parts it must have.
    pub(super) fn expected_of(&self, expected: Expected<'_>) -> Vec<About> {
        let Some(period) = expected.period else { return Vec::new() };
        let scope = &self.form.form.places;
        let places: Vec<u32> = match (expected.place, expected.area) {
            (Some(place), _) => vec![place],
            (None, Some(area)) if !scope.kinds.is_empty() => {
                let all = self.forms.places.of_scope(scope, period).into_iter();
                all.filter(|at| self.forms.places.lies_in(*at, area, period.end)).collect()
            }
            _ => Vec::new(),
        };
        let parts = self.form.parts().unwrap_or_else(|| self.form.parts_of_the_required());
        let each = places.into_iter().flat_map(|place| {
            parts.iter().map(move |part| About { place, period, members: part.as_slice().into() })
        });
        each.take(KEYS_MAX).collect()
    }

    fn tell_left_out(&mut self, absent: &[(u32, u32)], stands: usize) {
        if absent.is_empty() {
            return;
        }
        let (weight, vi, en) = match self.absent {
            Absent::Keeps => (Weight::Note, "số đã biết được giữ nguyên", "what was known stays as it is"),
            Absent::Refused => (Weight::Error, "biểu phải gửi đủ", "the form is sent whole"),
            Absent::Withdraws => {
                (Weight::Warning, "số đã biết sẽ bị rút lại", "what was known is taken back")
            }
        };
        self.is_refused |= weight == Weight::Error;
        let unfilled: Vec<(Spot, (u32, u32))> =
            self.unfilled.iter().map(|one| (one.spot, (one.about, one.indicator))).collect();
        let listed: FxHashSet<(u32, u32)> = absent.iter().copied().collect();
        let mut told: FxHashSet<(u32, u32)> = FxHashSet::default();
        for (spot, key) in unfilled {
            if listed.contains(&key) && told.insert(key) {
                self.findings.add(Found {
                    weight,
                    rule: Rule::Missing,
                    spot,
                    stands: String::new(),
                    message: said(
                        format!("Chưa điền: {RIGHT}; {vi}."),
                        format!("Not filled in: {RIGHT}; {en}."),
                    ),
                    right: self.label(key.0, key.1),
                });
            }
        }
        let mut rest: Vec<(u32, u32)> = absent.iter().copied().filter(|key| !told.contains(key)).collect();
        let without_rows = |key: &(u32, u32)| key.0 as usize >= stands;
        let mut places: Vec<Name> = rest
            .iter()
            .filter(|key| without_rows(key))
            .map(|key| self.forms.places.unit(self.about[key.0 as usize].place).code)
            .collect();
        places.sort_unstable();
        places.dedup();
        // Places of which nothing is said at all are named as places.
        let is_list = places.len() > 1;
        if is_list {
            rest.retain(|key| !without_rows(key));
            let (count, named) = (places.len(), named(places.iter().map(|code| code.as_str().to_owned())));
            self.findings.at(
                weight,
                Rule::Missing,
                Spot::Whole,
                "",
                said(
                    format!("Không có trong tệp: {count} địa bàn ({named}); {vi}."),
                    format!("Not in the file: {count} places ({named}); {en}."),
                ),
            );
        }
        if !rest.is_empty() {
            let named = named(rest.iter().map(|key| self.label(key.0, key.1)));
            self.findings.at(
                weight,
                Rule::Missing,
                Spot::Whole,
                "",
                said(
                    format!("Không có trong tệp: {named}; {vi}."),
                    format!("Not in the file: {named}; {en}."),
                ),
            );
        }
    }
}

fn named(names: impl Iterator<Item = String>) -> String {
    let mut some: Vec<String> = names.take(NAMED_MAX + 1).collect();
    if some.len() > NAMED_MAX {
        some[NAMED_MAX] = "…".to_owned();
    }
    some.join("; ")
}
