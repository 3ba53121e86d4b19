//! What is asked of the store of what agencies owe, as far as the page asks it.

use ioc_model::{
    asker::Asker,
    form::{
        ObligationCursor, ObligationFilter, ObligationKey, ObligationScore, ObligationSum, OwedPeriod, Owing,
    },
    position::Arrival,
    results::{Obligation, Receipt},
    time::{EventTime, Now},
};

use crate::history::HistoryAnswer;

/// The store's record of obligations. Who owes what is the province's to see.
pub trait Ledger {
    /// Obligations in the order of [`ObligationCursor`], those behind a place, at most so many.
    fn obligations<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        after: Option<&'a ObligationCursor>,
        limit: u32,
    ) -> HistoryAnswer<'a, Vec<Obligation>>;

    /// What obligations sum up to, by form and state: with a deadline in `[from, until)`, before it, and in `[now, soon)`.
    fn obligation_sums<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        within: (EventTime, EventTime),
        soon: (EventTime, EventTime),
    ) -> HistoryAnswer<'a, Vec<ObligationSum>>;

    /// Periods of which something is owed, the newest first, at most so many.
    fn owed_periods<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        limit: u32,
    ) -> HistoryAnswer<'a, Vec<OwedPeriod>>;

    /// Who owes or owed something, of which periods, at most so many, and since when: in one look.
    fn owing<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        limit: u32,
    ) -> HistoryAnswer<'a, Owing>;

    /// How agencies kept what they owed, of a filter's agencies, periods and moment: the worst first, of named agencies the
    /// newest period; at most so many.
    fn obligation_scores<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        limit: u32,
    ) -> HistoryAnswer<'a, Vec<ObligationScore>>;

    /// How many obligations each agency was found to miss by the last of those that are asked for; none of those that missed
    /// none of them.
    fn reminders<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
    ) -> HistoryAnswer<'a, Vec<(String, u32)>>;

    /// All that was said of an obligation until a moment or now, in order.
    fn obligation_said<'a>(
        &'a self,
        asker: &'a Asker,
        key: &'a ObligationKey,
        at: Option<Now>,
    ) -> HistoryAnswer<'a, Vec<Obligation>>;

    /// Receipts of messages that were about an obligation, and of those that arrived so, by arrival: at most
    /// [`ATTEMPTS_MAX`](crate::obligations::ATTEMPTS_MAX), and as many as are named.
    fn attempts<'a>(
        &'a self,
        asker: &'a Asker,
        at: Option<&'a ObligationKey>,
        arrivals: &'a [Arrival],
    ) -> HistoryAnswer<'a, Vec<Receipt>>;
}
