//! What became of an epoch's rows, and results in the words of the tables.

use std::sync::Arc;

use ioc_model::{
    action::Action,
    name::Name,
    reject::{RejectReason, Rejection},
    results::{RejectedRow, RowStanding, WindowResult},
    text::Text,
    window::Registers,
};

use super::{Rows, terms::Terms};
use crate::{series::Closed, step::ShardResults};

/// What became of each row of an epoch, by its number.
#[derive(Debug)]
pub(super) struct Fates<'a> {
    pub(super) rows: &'a Rows<'a>,
    stored: Vec<Option<Fate>>,
    count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Fate {
    standing: RowStanding,
    last_word: bool,
}

impl Fates<'_> {
    pub(super) fn of<'a>(rows: &'a Rows<'a>) -> Fates<'a> {
        Fates { rows, stored: vec![None; rows.end()], count: 0 }
    }

    #[inline]
    pub(super) fn store(&mut self, row: usize, standing: RowStanding, last_word: bool) {
        self.stored[row] = Some(Fate { standing, last_word });
        self.count += 1;
    }

    #[inline]
    pub(super) fn is_last_word(&self, row: usize) -> bool {
        self.stored[row].is_some_and(|fate| fate.last_word)
    }

    /// It was the last word until another row of its key and epoch came.
    pub(super) fn take_word(&mut self, row: usize) {
        if let Some(fate) = &mut self.stored[row] {
            fate.last_word = false;
        }
    }

    /// The rows to store, by position. Rows that had waited or are said again are in the results already, and few.
    pub(super) fn settle(self, terms: &Terms, results: &mut ShardResults) {
        let stored = &mut results.facts.observations;
        let others = !stored.is_empty();
        stored.reserve_exact(self.count);
        for (number, row) in self.rows.numbered() {
            if let Some(Fate { standing, last_word }) = self.stored[number as usize] {
                stored.push(terms.stored(row, standing, last_word));
            }
        }
        if others {
            stored.sort_by_key(|row| row.arrival.place());
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
        spiked: closed.spiked,
        registers: Registers::default(),
    }
}
