//! The ledger of obligations: who owes which report when, and how that stands.
//!
//! What the keepers of forms took or refused is said here, message by message ([`Filed`]), and kept by agency, form and
//! period, whether anybody owes it or not: what is owed is the pack's, and another pack asks the same messages anew. How an
//! obligation stands is a function of what came for it, of its deadline and of the recorded clock, so it does not depend on
//! the order in which messages were worked through (invariants REPLAY, BATCH). It is told when it opens, and whenever
//! anything of it is another.
//!
//! It is on the last exchange since a deadline is everybody's, and what an agency misses crosses forms: so many missed
//! obligations of a calendar year raise an alert ([`reminders`]). One worker keeps it, the one that works out the figures,
//! which count those alerts.
//!
//! Between two messages of an agency, and two moments at which something opens or falls due, what is kept of it lies packed
//! ([`account`]): about 40 bytes an obligation, so a form that 96 communes owe for 120 months costs 0.5 MB. Nothing of it is
//! forgotten: the first message of a period may come years behind its deadline.

mod account;
mod plan;
mod reminders;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, btree_map};

use ioc_decode::Decoder;
use ioc_model::{
    action::Action,
    form::Period,
    name::Name,
    obligation::{Owed, Received},
    pack::PackVersion,
    place::Date,
    position::Arrival,
    results::{Facts, Obligation, ObligationState},
    time::{EventTime, Now},
};
use serde::{Deserialize, Serialize};

use self::{
    account::{Account, Entries, Entry, Said},
    plan::{Opened, Plan},
    reminders::{Missed, Reminders},
};
use crate::step::Suspected;

/// What became of a message of a form, for whoever owes the form: of a period that it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filed {
    /// The form.
    pub form: Name,
    /// The agency that reports.
    pub agency: Name,
    /// The period.
    pub period: Period,
    /// When and where the message arrived.
    pub arrival: Arrival,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a message in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Something was taken that it says of the agency's own cells.
    Accepted {
        /// Whether that was anything but what was known.
        changed: bool,
    },
    /// It says nothing of them, and took back what was said: a correction.
    TookBack,
    /// Nothing of it was taken.
    Refused,
    /// With it ended an epoch behind which something stands of what the agency said, or nothing.
    Stands {
        /// Whether anything does.
        anything: bool,
    },
}

/// What an epoch made.
#[derive(Debug, Default)]
pub(crate) struct LedgerResults {
    /// Obligations, alerts and actions.
    pub(crate) facts: Facts,
    /// How alerts are now that changed, or that were not told since the start.
    pub(crate) open: Vec<Suspected>,
}

/// What is kept of all who owe.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    accounts: BTreeMap<Name, Account>,
    reminders: Reminders,
    plan: Option<Plan>,
    /// When something opens or falls due next, or another year begins.
    wake: Option<EventTime>,
}

/// As a checkpoint keeps it.
#[derive(Debug, Default, Deserialize)]
struct Record {
    accounts: BTreeMap<Name, Account>,
    reminders: Reminders,
}

/// [`Record`] as it is written: postcard writes both alike.
#[derive(Serialize)]
struct RecordRef<'a> {
    accounts: &'a BTreeMap<Name, Account>,
    reminders: &'a Reminders,
}

/// An obligation of an agency, as it is found now.
#[derive(Clone, Copy, Debug)]
struct Found {
    owed: Owed,
    place_from: Option<Date>,
    state: ObligationState,
    /// The calendar year of its deadline.
    year: i16,
    reminders: u32,
}

impl Found {
    fn of(opened: Opened, place_from: Option<Date>, received: &Received, now: Now) -> Found {
        let Opened { owed, year } = opened;
        let state = received.state(owed.owed_from, owed.due_at, now);
        Found { owed, place_from, state, year, reminders: 0 }
    }
}

impl Ledger {
    /// From what a checkpoint kept; from nothing it begins.
    pub(crate) fn load(bytes: &[u8]) -> Result<Ledger, postcard::Error> {
        let Record { accounts, reminders } =
            if bytes.is_empty() { Record::default() } else { postcard::from_bytes(bytes)? };
        for account in accounts.values() {
            let _ = account.unpacked()?;
        }
        Ok(Ledger { accounts, reminders, ..Ledger::default() })
    }

    /// What a checkpoint keeps.
    pub(crate) fn record(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_stdvec(&RecordRef { accounts: &self.accounts, reminders: &self.reminders })
    }

    /// Takes what an epoch's messages became and what operators did, and says what is another now.
    pub(crate) fn take(
        &mut self,
        now: Now,
        decoder: &Decoder,
        filed: Vec<Filed>,
        actions: Vec<Action>,
    ) -> LedgerResults {
        let mut results = LedgerResults::default();
        for action in actions {
            self.reminders.act(now, action, &mut results);
        }
        let mut by_agency: BTreeMap<Name, Vec<Filed>> = BTreeMap::new();
        for filed in filed {
            by_agency.entry(filed.agency).or_default().push(filed);
        }
        let plan = self.followed(now, decoder, &mut results);
        let is_due = self.wake.is_none_or(|wake| wake.0 <= now.0);
        let agencies: BTreeSet<Name> = match is_due {
            true => by_agency.keys().chain(self.accounts.keys()).copied().chain(plan.agencies()).collect(),
            false => by_agency.keys().copied().collect(),
        };
        for agency in agencies {
            let filed = by_agency.remove(&agency).unwrap_or_default();
            self.settle(now, &plan, agency, filed, &mut results);
        }
        if is_due {
            self.wake = plan.next_moment(now);
        }
        self.plan = Some(plan);
        self.reminders.tell(&mut results);
        results
    }

    /// The plan of an epoch's pack, as far as its clock has come.
    fn followed(&mut self, now: Now, decoder: &Decoder, results: &mut LedgerResults) -> Plan {
        let version: &PackVersion = &decoder.pack().version;
        let mut plan = match self.plan.take().filter(|plan| plan.version() == version) {
            Some(plan) => plan,
            None => {
                self.wake = None;
                Plan::of(decoder.pack(), decoder.calendar())
            }
        };
        self.reminders.follow(now, decoder.pack(), results);
        plan.reach(now);
        plan
    }

    /// Takes what an agency sent, and says what of its obligations is another now.
    fn settle(
        &mut self,
        now: Now,
        plan: &Plan,
        agency: Name,
        filed: Vec<Filed>,
        results: &mut LedgerResults,
    ) {
        let unpacked = self.accounts.get(&agency).map(Account::unpacked).transpose();
        let mut entries = unpacked
            .expect("accounts are made here or were looked into when they were loaded")
            .unwrap_or_default();
        let mut touched: BTreeSet<(Name, Period)> = BTreeSet::new();
        for Filed { form, period, arrival, outcome, .. } in filed {
            let entry = entries.entry((form, period)).or_default();
            let is_news = match outcome {
                Outcome::Accepted { changed } => {
                    entry.received.accept(arrival, changed);
                    true
                }
                Outcome::TookBack => {
                    entry.received.take_back(arrival);
                    true
                }
                Outcome::Refused => {
                    entry.received.refuse(arrival);
                    true
                }
                Outcome::Stands { anything } => entry.received.stands(anything),
            };
            if is_news {
                let _ = touched.insert((form, period));
            }
        }
        let found = found(now, plan, agency, &entries);
        for ((form, period), found) in &found {
            let entry = entries.entry((*form, *period)).or_default();
            let said = Said::of(found.owed, found.place_from, found.state, found.reminders);
            if entry.said.as_ref() != Some(&said) || touched.contains(&(*form, *period)) {
                let replaces = entry.said.replace(said).is_some();
                results.facts.obligations.push(row(now, (*form, agency, *period), entry, said, replaces));
            }
        }
        for (key, entry) in &mut entries {
            let Some(said) = entry.said.filter(|said| said.state != ObligationState::NotOwed) else {
                continue;
            };
            if found.contains_key(key) {
                continue;
            }
            let said = Said { state: ObligationState::NotOwed, reminders: 0, ..said };
            entry.said = Some(said);
            results.facts.obligations.push(row(now, (key.0, agency, key.1), entry, said, true));
        }
        let missed = missed(now, plan, found.values());
        self.reminders.judge(now, agency, missed, results);
        if !entries.is_empty() {
            let _ = self.accounts.insert(agency, Account::packed(&entries));
        }
    }
}

/// The obligations of an agency that have opened, or of which something came.
fn found(now: Now, plan: &Plan, agency: Name, entries: &Entries) -> BTreeMap<(Name, Period), Found> {
    let mut found: BTreeMap<(Name, Period), Found> = BTreeMap::new();
    let nothing = Received::default();
    for (form, opened, place_from) in plan.opened(agency) {
        let key = (form, opened.owed.period);
        let received = entries.get(&key).map_or(&nothing, |entry| &entry.received);
        let _ = found.insert(key, Found::of(opened, place_from, received, now));
    }
    // What came before its period began is told at once. Of all others the plan knows when they are due.
    for (key, Entry { received, .. }) in entries.iter().filter(|(_, entry)| entry.received.is_anything()) {
        if let btree_map::Entry::Vacant(free) = found.entry(*key)
            && let Some((opened, place_from)) = plan.of_period(agency, key.0, key.1)
        {
            let _ = free.insert(Found::of(opened, place_from, received, now));
        }
    }
    let mut missed: Vec<(i16, EventTime, (Name, Period))> = found
        .iter()
        .filter(|(_, found)| found.state.is_missed())
        .map(|(key, found)| (found.year, found.owed.due_at, *key))
        .collect();
    missed.sort_unstable();
    for of_year in missed.chunk_by(|one, other| one.0 == other.0) {
        for (number, (_, _, key)) in (1..).zip(of_year) {
            if let Some(found) = found.get_mut(key) {
                found.reminders = number;
            }
        }
    }
    found
}

/// What of this year's obligations was missed.
fn missed<'f>(now: Now, plan: &Plan, found: impl Iterator<Item = &'f Found>) -> Missed {
    let year = plan.year_of(EventTime(now.0));
    let of_year = found.filter(|found| found.state.is_missed() && found.year == year);
    let mut missed = Missed { count: 0, from: plan.first_of(year), last_due: None };
    for found in of_year {
        missed.count += 1;
        missed.last_due = missed.last_due.max(Some(found.owed.due_at));
    }
    missed
}

fn row(
    now: Now,
    (form, agency, period): (Name, Name, Period),
    entry: &Entry,
    said: Said,
    replaces: bool,
) -> Obligation {
    let received = &entry.received;
    Obligation {
        form,
        agency,
        place_from: said.place_from,
        period,
        owed_from: said.owed_from,
        due_at: said.due_at,
        state: said.state,
        first: received.first(),
        last: received.last(),
        revisions: received.revisions(),
        rejected: received.rejected(),
        last_rejected: received.last_rejected(),
        reminders: said.reminders,
        said_at: now,
        replaces,
    }
}
