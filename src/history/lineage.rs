//! Which windows a number is made of, and what lies behind a window or an envelope.

use ioc_dashboards::{
    HistoryError,
    lineage::{EnvelopeRows, TracedAssessment, TracedIndex, TracedWindow, WindowRef},
    rejects::RejectView,
};
use ioc_model::{
    epoch::{Epoch, Generation},
    index::{IndexId, vn_wqi},
    limit::Averaging,
    position::Position,
    time::{EventTime, Millis},
    window::WindowKind,
};
use ioc_storage::Store;

use super::words::{
    assessment_view, closed_by, index_view, rejected_row, stored_row, traced_row, unanswered, window_ref,
};

const PARTICULATES: &[&str] = &["pm10", "pm25"];
const GASES: &[&str] = &["co", "no2", "o3", "so2"];
const GASES_OF_ONE_HOUR: &[&str] = &["co", "no2", "so2"];
const OZONE: &[&str] = &["o3"];

/// Windows of some indicators that start in a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Inputs {
    indicators: &'static [&'static str],
    kind: WindowKind,
    from: EventTime,
    to: EventTime,
}

/// Every window that goes into an index, by the decrees: an hour's VN_AQI takes the NowCast of particulates over
/// twelve hours and the hour of gases; a day's takes the day of particulates, the hours of gases, and for ozone those
/// of the eight-hour means that end in the day.
fn inputs_of(index: IndexId, kind: WindowKind, start: EventTime, end: EventTime) -> Vec<Inputs> {
    let inputs = |indicators, kind, hours_before| Inputs {
        indicators,
        kind,
        from: start.minus(Millis::hours(hours_before)),
        to: end,
    };
    match (index, kind) {
        (IndexId::VnAqi, WindowKind::Day) => vec![
            inputs(GASES_OF_ONE_HOUR, WindowKind::Hour, 0),
            inputs(OZONE, WindowKind::Hour, 7),
            inputs(PARTICULATES, WindowKind::Day, 0),
        ],
        (IndexId::VnAqi, _) => {
            vec![inputs(GASES, WindowKind::Hour, 0), inputs(PARTICULATES, WindowKind::Hour, 11)]
        }
        (IndexId::VnWqi, kind) => vec![inputs(&vn_wqi::INPUTS, kind, 0)],
    }
}

/// What a store remembers of how numbers were made.
pub(super) struct Lineage<'a>(pub(super) &'a Store);

impl Lineage<'_> {
    pub(super) async fn index(
        &self,
        index: IndexId,
        subject: &str,
        kind: WindowKind,
        start: EventTime,
    ) -> Result<Option<TracedIndex>, HistoryError> {
        let Some(row) = self.0.index(index, subject, kind, start).await.map_err(unanswered)? else {
            return Ok(None);
        };
        let mut inputs = Vec::new();
        for asked in inputs_of(index, kind, start, EventTime(row.end)) {
            let Inputs { indicators, kind, from, to } = asked;
            let generation = Generation(row.generation);
            inputs.extend(self.windows(indicators, subject, kind, from, to, generation, row.revision).await?);
        }
        Ok(Some(TracedIndex { view: index_view(&row)?, formula: row.formula, inputs }))
    }

    pub(super) async fn assessment(
        &self,
        limit: &str,
        subject: &str,
        averaging: Averaging,
        start: EventTime,
    ) -> Result<Option<TracedAssessment>, HistoryError> {
        let judged = self.0.assessments(subject, averaging, start).await.map_err(unanswered)?;
        let Some(row) = judged.into_iter().find(|row| row.limit == limit) else { return Ok(None) };
        let kind = match averaging {
            Averaging::Hour | Averaging::EightHours => WindowKind::Hour,
            Averaging::Day | Averaging::Year => WindowKind::Day,
        };
        let (to, generation) = (EventTime(row.end), Generation(row.generation));
        let indicators = [row.indicator.as_str()];
        let inputs = self.windows(&indicators, subject, kind, start, to, generation, row.revision).await?;
        Ok(Some(TracedAssessment { view: assessment_view(&row)?, inputs }))
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
        revision: u64,
    ) -> Result<Vec<WindowRef>, HistoryError> {
        let windows = self.0.windows_at(indicators, subject, kind, from, to, generation, revision).await;
        Ok(windows.map_err(unanswered)?.iter().map(|window| window_ref(kind, window)).collect())
    }

    pub(super) async fn window(
        &self,
        indicator: &str,
        subject: &str,
        kind: WindowKind,
        start: EventTime,
        revision: Option<u64>,
    ) -> Result<Option<TracedWindow>, HistoryError> {
        let window = self.0.window_at(indicator, subject, kind, start, revision).await.map_err(unanswered)?;
        let Some(window) = window else { return Ok(None) };
        let rows = self.0.window_rows(indicator, subject, &window).await.map_err(unanswered)?;
        Ok(Some(TracedWindow {
            subject: subject.to_owned(),
            min: window.min,
            max: window.max,
            closed_by: closed_by(&window.closed_by)?,
            window: window_ref(kind, &window),
            rows_found: rows.first().map_or(0, |row| row.found),
            rows: rows.iter().map(|row| traced_row(indicator, subject, row)).collect::<Result<_, _>>()?,
        }))
    }

    pub(super) async fn envelope(&self, position: Position) -> Result<EnvelopeRows, HistoryError> {
        let rows = self.0.envelope_rows(position).await.map_err(unanswered)?;
        let rejects = self.0.envelope_rejects(position).await.map_err(unanswered)?;
        let view = |reject| Ok(RejectView::new(Epoch(0), &rejected_row(reject)?));
        Ok(EnvelopeRows {
            rows: rows.iter().map(|row| stored_row(position, row)).collect::<Result<_, _>>()?,
            rejects: rejects.iter().map(view).collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn hours(inputs: &[Inputs], indicator: &str, kind: WindowKind) -> i64 {
        let of = inputs.iter().find(|asked| asked.indicators.contains(&indicator) && asked.kind == kind);
        of.map_or(0, |asked| (asked.to.0 - asked.from.0) / HOUR)
    }

    #[test]
    fn an_hours_index_is_made_of_twelve_hours_of_dust_and_its_own_of_gases() {
        let inputs = inputs_of(IndexId::VnAqi, WindowKind::Hour, EventTime(0), EventTime(HOUR));
        for (indicator, expected) in
            [("pm25", 12), ("pm10", 12), ("o3", 1), ("co", 1), ("no2", 1), ("so2", 1)]
        {
            assert_eq!(hours(&inputs, indicator, WindowKind::Hour), expected, "{indicator}");
        }
    }

    #[test]
    fn a_days_index_is_made_of_the_day_of_dust_the_hours_of_gases_and_seven_hours_more_of_ozone() {
        let inputs = inputs_of(IndexId::VnAqi, WindowKind::Day, EventTime(0), EventTime(24 * HOUR));
        for (indicator, expected) in [("pm25", 0), ("o3", 31), ("co", 24), ("no2", 24), ("so2", 24)] {
            assert_eq!(hours(&inputs, indicator, WindowKind::Hour), expected, "{indicator}");
        }
        assert_eq!(hours(&inputs, "pm25", WindowKind::Day), 24);
    }
}
