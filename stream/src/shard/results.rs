//! What an epoch made in one shard.

use std::sync::Arc;

use ioc_model::{
    action::Action,
    counts::Counts,
    name::Name,
    question::Question,
    reject::{RejectReason, Rejection},
    results::{
        AlertResult, Assessment, IndexResult, RejectedRow, Standing, StatusResult, StoredAction,
        StoredObservation, WindowResult,
    },
    text::Text,
};
use rustc_hash::FxHashMap;

use super::{Rows, terms::Terms};
use crate::series::Closed;

/// What an epoch made in one shard; observations by position, the rest unsorted.
#[derive(Debug, Default)]
pub struct ShardResults {
    /// Rows to store.
    pub observations: Vec<StoredObservation>,
    /// Windows to store.
    pub windows: Vec<WindowResult>,
    /// What became of judged rows, by feed.
    pub counts: FxHashMap<Name, Counts>,
    /// What the store must be asked.
    pub questions: Vec<Question>,
    /// Indices to store.
    pub indices: Vec<IndexResult>,
    /// Judgements by limits to store.
    pub assessments: Vec<Assessment>,
    /// Stations whose state changed.
    pub statuses: Vec<StatusResult>,
    /// What happened to alerts, in order by rule and subject.
    pub alerts: Vec<AlertResult>,
    /// Operators' actions to store.
    pub actions: Vec<StoredAction>,
    /// Operators' actions about alerts that never were.
    pub rejects: Vec<RejectedRow>,
}

/// What became of each row of an epoch, by its number.
#[derive(Debug)]
pub(super) struct Fates<'a> {
    pub(super) rows: &'a Rows<'a>,
    stored: Vec<Option<Standing>>,
    count: usize,
}

impl Fates<'_> {
    pub(super) fn of<'a>(rows: &'a Rows<'a>) -> Fates<'a> {
        Fates { rows, stored: vec![None; rows.end()], count: 0 }
    }

    #[inline]
    pub(super) fn store(&mut self, row: usize, standing: Standing) {
        self.stored[row] = Some(standing);
        self.count += 1;
    }

    /// The rows to store, by position. Rows that had waited are in the results already, and few.
    pub(super) fn settle(self, terms: &Terms, results: &mut ShardResults) {
        let waited = !results.observations.is_empty();
        results.observations.reserve_exact(self.count);
        for (number, row) in self.rows.numbered() {
            if let Some(standing) = self.stored[number as usize] {
                results.observations.push(terms.stored(row, standing));
            }
        }
        if waited {
            results.observations.sort_by_key(|row| (row.arrival.position, row.arrival.row));
        }
    }
}

pub(super) fn unknown_alert(action: &Action) -> RejectedRow {
    let alert = action.alert.to_string();
    let rejection = Rejection {
        reason: RejectReason::UnknownAlert,
        place: "alert".to_owned(),
        message: Text {
            vi: format!("Chưa từng có cảnh báo '{alert}'. Hãy chọn cảnh báo trong danh sách."),
            en: format!("There never was an alert '{alert}'. Choose one of the list."),
        },
    };
    RejectedRow {
        feed: action.feed,
        sender: action.sender,
        arrival: action.arrival,
        whole: false,
        address: "/api/alerts".into(),
        rejection: Arc::new(rejection),
        raw: alert.as_bytes().into(),
        raw_length: u32::try_from(alert.len()).unwrap_or(u32::MAX),
    }
}

pub(super) fn window_result(closed: Closed, indicator: Name, subject: Name) -> WindowResult {
    WindowResult {
        indicator,
        subject,
        kind: closed.kind,
        start: closed.span.start,
        end: closed.span.end,
        aggregate: closed.aggregate,
        received: closed.received,
        expected: closed.expected,
        closed_by: closed.closed_by,
    }
}
