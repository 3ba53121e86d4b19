//! Which windows a number is made of, and what lies behind a window or an envelope.

use ioc_dashboards::{
    HistoryError,
    lineage::{EnvelopeRows, TracedAssessment, TracedIndex, TracedWindow, WindowRef},
};
use ioc_model::{
    asker::Asker,
    epoch::{Epoch, Generation, Revision},
    index::{IndexId, Inputs, inputs_of},
    limit::Averaging,
    position::Position,
    time::EventTime,
    window::WindowKind,
};
use ioc_storage::Store;

use super::views::{
    PacksOf, assessment_view, event_view, index_view, reject_view, stored_row, traced_row, unanswered,
    window_ref,
};

/// What a store remembers of how numbers were made, as far as somebody sees it.
pub(super) struct Lineage<'a> {
    pub(super) store: &'a Store,
    pub(super) asker: &'a Asker,
    pub(super) generation: Generation,
}

impl Lineage<'_> {
    pub(super) async fn index(
        &self,
        index: IndexId,
        subject: &str,
        kind: WindowKind,
        start: EventTime,
        revision: Option<Revision>,
    ) -> Result<Option<TracedIndex>, HistoryError> {
        let Some(row) =
            self.store.index(self.asker, index, subject, kind, start, revision).await.map_err(unanswered)?
        else {
            return Ok(None);
        };
        let mut inputs = Vec::new();
        for asked in inputs_of(index, kind, start, row.end) {
            let Inputs { indicators, kind, from, to } = asked;
            inputs.extend(
                self.windows(indicators, subject, kind, from, to, row.generation, row.revision).await?,
            );
        }
        Ok(Some(TracedIndex { view: index_view(&row), formula: row.formula, inputs }))
    }

    pub(super) async fn assessment(
        &self,
        limit: &str,
        subject: &str,
        averaging: Averaging,
        start: EventTime,
        revision: Option<Revision>,
    ) -> Result<Option<TracedAssessment>, HistoryError> {
        let judged = self
            .store
            .assessments(self.asker, subject, averaging, start, revision)
            .await
            .map_err(unanswered)?;
        let Some(row) = judged.into_iter().find(|row| row.limit == limit) else { return Ok(None) };
        let kind = match averaging {
            Averaging::Hour | Averaging::EightHours => WindowKind::Hour,
            Averaging::Day | Averaging::Year => WindowKind::Day,
        };
        let (to, generation) = (row.end, row.generation);
        let indicators = [row.indicator.as_str()];
        let inputs = self.windows(&indicators, subject, kind, start, to, generation, row.revision).await?;
        Ok(Some(TracedAssessment { view: assessment_view(&row), inputs }))
    }

    #[allow(clippy::too_many_arguments, reason = "each is a column of the key")]
    async fn windows(
        &self,
        indicators: &[&str],
        subject: &str,
        kind: WindowKind,
        from: EventTime,
        to: EventTime,
        generation: Generation,
        revision: Revision,
    ) -> Result<Vec<WindowRef>, HistoryError> {
        let windows = self
            .store
            .windows_at(self.asker, indicators, subject, kind, from, to, generation, revision)
            .await;
        Ok(windows.map_err(unanswered)?.iter().map(|window| window_ref(kind, window)).collect())
    }

    pub(super) async fn window(
        &self,
        indicator: &str,
        subject: &str,
        kind: WindowKind,
        start: EventTime,
        revision: Option<Revision>,
    ) -> Result<Option<TracedWindow>, HistoryError> {
        let window = self
            .store
            .window_at(self.asker, indicator, subject, kind, start, revision)
            .await
            .map_err(unanswered)?;
        let Some(window) = window else { return Ok(None) };
        let rows =
            self.store.window_rows(self.asker, indicator, subject, &window).await.map_err(unanswered)?;
        let packs = self.packs(rows.iter().map(|row| row.epoch), window.generation).await?;
        Ok(Some(TracedWindow {
            subject: subject.to_owned(),
            min: window.min,
            max: window.max,
            closed_by: window.closed_by,
            spiked: window.spiked,
            window: window_ref(kind, &window),
            rows_found: rows.first().map_or(0, |row| row.found),
            rows: rows.iter().map(|row| traced_row(&row.indicator, subject, row, &packs)).collect(),
        }))
    }

    /// With which packs epochs were judged.
    async fn packs(
        &self,
        epochs: impl Iterator<Item = Epoch>,
        generation: Generation,
    ) -> Result<PacksOf, HistoryError> {
        let epochs = epochs.map(|epoch| epoch.0).collect();
        self.store.packs_of(epochs, generation).await.map_err(unanswered)
    }

    pub(super) async fn envelope(&self, position: Position) -> Result<EnvelopeRows, HistoryError> {
        let rows = self.store.envelope_rows(self.asker, position).await.map_err(unanswered)?;
        let rejects = self.store.envelope_rejects(self.asker, position).await.map_err(unanswered)?;
        let events = self.store.envelope_events(self.asker, position).await.map_err(unanswered)?;
        let view = |reject| reject_view(Epoch(0), reject);
        let packs = self.packs(rows.iter().map(|row| row.epoch), self.generation).await?;
        Ok(EnvelopeRows {
            rows: rows.iter().map(|row| stored_row(position, row, &packs)).collect(),
            events: events.into_iter().map(event_view).collect(),
            rejects: rejects.iter().map(view).collect(),
        })
    }
}
