//! Who owes what under one version of the pack, as far as the recorded clock has come.

use std::collections::BTreeMap;

use ioc_model::{
    calendar::Calendar,
    form::{Period, PeriodKind},
    name::Name,
    obligation::{Debtor, ObligationRule, Owed},
    pack::{Pack, PackVersion},
    place::Date,
    time::{EventTime, Now},
    working_days::WorkingDays,
};

/// Another year begins when the clock has passed this.
const NEVER: EventTime = EventTime(i64::MAX);

/// The rules of a pack, and the obligations that have opened by them.
#[derive(Debug)]
pub(super) struct Plan {
    version: PackVersion,
    calendar: Calendar,
    days: WorkingDays,
    rules: Vec<Planned>,
    /// By agency: by which rule, and of which periods.
    by_agency: BTreeMap<Name, Vec<(usize, Debtor)>>,
}

#[derive(Debug)]
struct Planned {
    form: Name,
    kind: PeriodKind,
    rule: ObligationRule,
    /// Those that have opened, the earliest first.
    opened: Vec<Opened>,
    /// The first period that is not among them.
    next: Option<Period>,
    /// When that one opens.
    opens_next: Option<EventTime>,
}

/// A period that is owed, and the calendar year of its deadline.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opened {
    pub(super) owed: Owed,
    pub(super) year: i16,
}

impl Plan {
    /// What a pack wants.
    pub(super) fn of(pack: &Pack, calendar: &Calendar) -> Plan {
        let days = WorkingDays::of(&pack.holidays);
        let mut rules = Vec::new();
        let mut by_agency: BTreeMap<Name, Vec<(usize, Debtor)>> = BTreeMap::new();
        for rule in pack.obligations.values() {
            let Some(form) = pack.forms.get(&rule.form) else { continue };
            for debtor in rule.debtors(form, &pack.places, &pack.successions) {
                by_agency.entry(Name::new(&debtor.agency)).or_default().push((rules.len(), debtor));
            }
            rules.push(Planned {
                form: Name::new(&rule.form),
                kind: form.period,
                next: rule.periods(form.period).next(),
                rule: rule.clone(),
                opened: Vec::new(),
                opens_next: None,
            });
        }
        Plan { version: pack.version.clone(), calendar: calendar.clone(), days, rules, by_agency }
    }

    pub(super) fn version(&self) -> &PackVersion {
        &self.version
    }

    /// Who owes anything.
    pub(super) fn agencies(&self) -> impl Iterator<Item = Name> {
        self.by_agency.keys().copied()
    }

    /// Opens what begins up to a moment.
    pub(super) fn reach(&mut self, now: Now) {
        let Plan { calendar, days, rules, .. } = self;
        for planned in rules {
            while planned.opens_next.is_none_or(|opens| opens.0 <= now.0) {
                let Some(period) = planned.next.filter(|period| planned.rule.is_about(*period)) else {
                    break;
                };
                let Some(opens) = calendar.moment(period.start.at(0, 0, 0, 0)) else { break };
                planned.opens_next = Some(opens);
                if opens.0 > now.0 {
                    break;
                }
                planned.opened.extend(opened(&planned.rule, period, days, calendar));
                planned.next = period.next();
                planned.opens_next = None;
            }
        }
    }

    /// The obligations of an agency that have opened, by form; with the version of the place that owes each.
    pub(super) fn opened(&self, agency: Name) -> impl Iterator<Item = (Name, Opened, Option<Date>)> {
        self.by_agency.get(&agency).into_iter().flatten().flat_map(|(number, debtor)| {
            let planned = &self.rules[*number];
            let owed = planned.opened.iter().filter(|opened| debtor.owes(opened.owed.period));
            owed.map(|opened| (planned.form, *opened, debtor.place_from))
        })
    }

    /// The obligation of an agency about a period, also of one that has not opened.
    pub(super) fn of_period(
        &self,
        agency: Name,
        form: Name,
        period: Period,
    ) -> Option<(Opened, Option<Date>)> {
        let mut of_agency = self.by_agency.get(&agency)?.iter();
        of_agency.find_map(|(number, debtor)| {
            let planned = &self.rules[*number];
            let is_it = planned.form == form && planned.kind == period.kind && debtor.owes(period);
            let opened =
                is_it.then(|| opened(&planned.rule, period, &self.days, &self.calendar)).flatten()?;
            Some((opened, debtor.place_from))
        })
    }

    /// When something opens or falls due next, or another year begins.
    pub(super) fn next_moment(&self, now: Now) -> Option<EventTime> {
        let behind = |moment: EventTime| Some(moment).filter(|moment| moment.0 > now.0);
        let of_rules = self.rules.iter().flat_map(|planned| {
            let moments = planned.opened.iter().flat_map(move |Opened { owed, .. }| {
                // What arrives at the deadline is in time.
                [behind(owed.owed_from), behind(EventTime(owed.due_at.0.saturating_add(1)))]
            });
            moments.flatten().chain(planned.opens_next)
        });
        let year = self.year_of(EventTime(now.0));
        let next_year = year.checked_add(1).map(|year| self.first_of(year)).and_then(behind);
        of_rules.chain(next_year).min()
    }

    /// The calendar year of a moment.
    pub(super) fn year_of(&self, moment: EventTime) -> i16 {
        year_of(&self.calendar, moment)
    }

    /// The first moment of a year.
    pub(super) fn first_of(&self, year: i16) -> EventTime {
        let day = Date::new(year, 1, 1).ok();
        day.and_then(|day| self.calendar.moment(day.at(0, 0, 0, 0))).unwrap_or(NEVER)
    }
}

fn opened(rule: &ObligationRule, period: Period, days: &WorkingDays, calendar: &Calendar) -> Option<Opened> {
    let owed = rule.owed(period, days, calendar)?;
    Some(Opened { owed, year: year_of(calendar, owed.due_at) })
}

fn year_of(calendar: &Calendar, moment: EventTime) -> i16 {
    calendar.local(moment).map_or(0, jiff::civil::DateTime::year)
}
