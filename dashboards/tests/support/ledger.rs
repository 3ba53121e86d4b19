//! What agencies owe, as the record was told: filtered, ordered and summed up as the store does.

use std::collections::{BTreeMap, BTreeSet};

use ioc_dashboards::{Ledger, history::HistoryAnswer};
use ioc_model::{
    asker::Asker,
    form::{
        ObligationCursor, ObligationFilter, ObligationKey, ObligationScore, ObligationSum, OwedPeriod, Owing,
    },
    position::Arrival,
    results::{Obligation, ObligationState, Receipt},
    time::{EventTime, Now},
};

use super::record::{Record, Told};

fn those<'t>(told: &'t Told, asker: &Asker, of: &ObligationFilter) -> Vec<&'t Obligation> {
    let is_named = |named: &Option<Vec<String>>, it: &str| {
        named.as_ref().is_none_or(|all| all.iter().any(|one| one == it))
    };
    let is_meant = |owed: &&Obligation| {
        asker.sees_province()
            && is_named(&of.forms, &owed.form)
            && is_named(&of.agencies, &owed.agency)
            && of.periods.as_ref().is_none_or(|periods| periods.contains(&owed.period))
            && of.states.as_ref().is_none_or(|states| states.contains(&owed.state))
            && of.due.is_none_or(|(from, until)| (from..until).contains(&owed.due_at))
            && (!of.refused || owed.rejected > 0)
    };
    told.owed.iter().filter(is_meant).collect()
}

/// Those of them that are owed.
fn owed<'t>(told: &'t Told, asker: &Asker, of: &ObligationFilter) -> Vec<&'t Obligation> {
    let mut those = those(told, asker, of);
    those.retain(|owed| owed.state != ObligationState::NotOwed);
    those
}

fn periods(owed: &[&Obligation], limit: u32) -> Vec<OwedPeriod> {
    let mut periods: BTreeMap<_, OwedPeriod> = BTreeMap::new();
    for owed in owed {
        let period = owed.period;
        let known = periods.entry(period).or_insert(OwedPeriod { period, owed: 0, judged: 0 });
        known.owed += 1;
        known.judged += u32::from(owed.state == ObligationState::OnTime || owed.state.is_missed());
    }
    periods.into_values().rev().take(limit as usize).collect()
}

fn place(owed: &Obligation) -> (u8, i64, ObligationKey) {
    let ObligationCursor { rank, by, key } = ObligationCursor::from(owed);
    (rank, by, key)
}

impl Ledger for Record {
    fn obligations<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        after: Option<&'a ObligationCursor>,
        limit: u32,
    ) -> HistoryAnswer<'a, Vec<Obligation>> {
        let at = of.at.map_or(String::new(), |at| format!(" at {}", at.0));
        self.told(asker, format!("obligations {limit}{at}"), |told| {
            let mut found = those(told, asker, of);
            found.sort_by_key(|owed| place(owed));
            let after = after.map(|ObligationCursor { rank, by, key }| (*rank, *by, key.clone()));
            let behind =
                found.into_iter().filter(|owed| after.as_ref().is_none_or(|after| place(owed) > *after));
            behind.take(limit as usize).cloned().collect()
        })
    }

    fn obligation_sums<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        (from, until): (EventTime, EventTime),
        (now, soon): (EventTime, EventTime),
    ) -> HistoryAnswer<'a, Vec<ObligationSum>> {
        self.told(asker, format!("obligation_sums {} {}", from.0, until.0), |told| {
            let mut sums: BTreeMap<(String, ObligationState), ObligationSum> = BTreeMap::new();
            for owed in those(told, asker, of) {
                let (form, state) = (owed.form.to_string(), owed.state);
                let nothing = ObligationSum {
                    form: form.clone(),
                    state,
                    within: 0,
                    before: 0,
                    soon: 0,
                    revised: 0,
                    refused: 0,
                };
                let sum = sums.entry((form, state)).or_insert(nothing);
                let is_within = (from..until).contains(&owed.due_at);
                sum.within += u32::from(is_within);
                sum.before += u32::from(owed.due_at < from);
                sum.soon += u32::from((now..soon).contains(&owed.due_at));
                sum.revised += u32::from(is_within && owed.revisions > 0);
                sum.refused += if is_within { owed.rejected } else { 0 };
            }
            sums.into_values().collect()
        })
    }

    fn owed_periods<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        limit: u32,
    ) -> HistoryAnswer<'a, Vec<OwedPeriod>> {
        self.told(asker, format!("owed_periods {limit}"), |told| periods(&owed(told, asker, of), limit))
    }

    fn owing<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        limit: u32,
    ) -> HistoryAnswer<'a, Owing> {
        self.told(asker, format!("owing {limit}"), |told| {
            let anybody = owed(told, asker, &ObligationFilter { agencies: None, ..of.clone() });
            let agencies: BTreeSet<String> = anybody.iter().map(|owed| owed.agency.to_string()).collect();
            Owing {
                agencies: agencies.into_iter().collect(),
                periods: periods(&owed(told, asker, of), limit),
                first_due: anybody.iter().map(|owed| owed.due_at).min(),
            }
        })
    }

    fn obligation_scores<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        limit: u32,
    ) -> HistoryAnswer<'a, Vec<ObligationScore>> {
        self.told(asker, format!("obligation_scores {limit}"), |told| {
            let is_meant = |score: &&ObligationScore| {
                of.agencies.as_ref().is_none_or(|all| all.contains(&score.agency))
                    && of.periods.as_ref().is_none_or(|all| all.contains(&score.period))
            };
            told.scores.iter().filter(is_meant).cloned().collect()
        })
    }

    fn reminders<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
    ) -> HistoryAnswer<'a, Vec<(String, u32)>> {
        self.told(asker, "reminders ".to_owned(), |told| {
            let mut all: BTreeMap<String, u32> = BTreeMap::new();
            for owed in those(told, asker, of).into_iter().filter(|owed| owed.state.is_missed()) {
                let known = all.entry(owed.agency.to_string()).or_default();
                *known = (*known).max(owed.reminders);
            }
            all.into_iter().collect()
        })
    }

    fn obligation_said<'a>(
        &'a self,
        asker: &'a Asker,
        key: &'a ObligationKey,
        at: Option<Now>,
    ) -> HistoryAnswer<'a, Vec<Obligation>> {
        self.told(asker, format!("obligation_said {key}"), |told| {
            let is_it = |owed: &&Obligation| {
                asker.sees_province()
                    && ObligationKey::from(*owed) == *key
                    && at.is_none_or(|at| owed.said_at <= at)
            };
            told.owed.iter().filter(is_it).cloned().collect()
        })
    }

    fn attempts<'a>(
        &'a self,
        asker: &'a Asker,
        at: Option<&'a ObligationKey>,
        arrivals: &'a [Arrival],
    ) -> HistoryAnswer<'a, Vec<Receipt>> {
        self.told(asker, format!("attempts {}", arrivals.len()), |told| {
            let is_about = |receipt: &Receipt| {
                at.is_some_and(|key| {
                    *receipt.form == *key.form
                        && *receipt.agency == *key.agency
                        && receipt.period == Some(key.period)
                })
            };
            let is_meant = |receipt: &&Receipt| {
                asker.sees_feed(&receipt.feed) && (arrivals.contains(&receipt.arrival) || is_about(receipt))
            };
            let mut found: Vec<Receipt> = told.receipts.iter().filter(is_meant).cloned().collect();
            found.sort_by_key(|receipt| receipt.arrival.received_at);
            found
        })
    }
}
