//! What agencies owe, as pages and senders ask for it.

use ioc_dashboards::{Ledger, history::HistoryAnswer, obligations::ATTEMPTS_MAX};
use ioc_ingest::transport::http::ReceiptsUnavailable;
use ioc_model::{
    asker::Asker,
    form::{
        ObligationCursor, ObligationFilter, ObligationKey, ObligationScore, ObligationSum, OwedPeriod, Owing,
    },
    position::Arrival,
    results::{Obligation, Receipt},
    time::{EventTime, Now},
};
use ioc_storage::Store;

use super::{StoreHistory, views::unanswered};

impl Ledger for StoreHistory {
    fn obligations<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        after: Option<&'a ObligationCursor>,
        limit: u32,
    ) -> HistoryAnswer<'a, Vec<Obligation>> {
        Box::pin(async move { self.store.obligations(asker, of, after, limit).await.map_err(unanswered) })
    }

    fn obligation_sums<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        within: (EventTime, EventTime),
        soon: (EventTime, EventTime),
    ) -> HistoryAnswer<'a, Vec<ObligationSum>> {
        Box::pin(async move { self.store.obligation_sums(asker, of, within, soon).await.map_err(unanswered) })
    }

    fn owed_periods<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        limit: u32,
    ) -> HistoryAnswer<'a, Vec<OwedPeriod>> {
        Box::pin(async move { self.store.owed_periods(asker, of, limit).await.map_err(unanswered) })
    }

    fn owing<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        limit: u32,
    ) -> HistoryAnswer<'a, Owing> {
        Box::pin(async move { self.store.owing(asker, of, limit).await.map_err(unanswered) })
    }

    fn obligation_scores<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
        limit: u32,
    ) -> HistoryAnswer<'a, Vec<ObligationScore>> {
        Box::pin(async move { self.store.obligation_scores(asker, of, limit).await.map_err(unanswered) })
    }

    fn reminders<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ObligationFilter,
    ) -> HistoryAnswer<'a, Vec<(String, u32)>> {
        Box::pin(async move { self.store.reminders(asker, of).await.map_err(unanswered) })
    }

    fn obligation_said<'a>(
        &'a self,
        asker: &'a Asker,
        key: &'a ObligationKey,
        at: Option<Now>,
    ) -> HistoryAnswer<'a, Vec<Obligation>> {
        Box::pin(async move { self.store.obligation_said(asker, key, at).await.map_err(unanswered) })
    }

    fn attempts<'a>(
        &'a self,
        asker: &'a Asker,
        at: Option<&'a ObligationKey>,
        arrivals: &'a [Arrival],
    ) -> HistoryAnswer<'a, Vec<Receipt>> {
        let most = ATTEMPTS_MAX.saturating_add(u32::try_from(arrivals.len()).unwrap_or(u32::MAX));
        Box::pin(async move { self.store.attempts(asker, at, arrivals, most).await.map_err(unanswered) })
    }
}

/// What agencies owe, as their sender asks for it itself.
pub(super) async fn owed(
    store: &Store,
    of: &ObligationFilter,
    limit: u32,
) -> Result<Vec<Obligation>, ReceiptsUnavailable> {
    let owed = store.obligations(&Asker::everyone(), of, None, limit).await;
    owed.map_err(|error| ReceiptsUnavailable(error.to_string()))
}
