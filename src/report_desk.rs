//! Who waits for what becomes of a report, and tells them when its epoch is committed.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use ioc_model::{position::Position, results::Receipt};
use tokio::sync::oneshot;

/// Senders who wait, by where their report lies.
#[derive(Debug, Default)]
pub struct ReportDesk(Mutex<HashMap<Position, Vec<oneshot::Sender<Receipt>>>>);

impl ReportDesk {
    /// Waits for the receipt of a report. What was committed before is not told: who waits looks that up once it waits.
    pub fn wait(&self, position: Position) -> oneshot::Receiver<Receipt> {
        let (tell, told) = oneshot::channel();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those who went away meanwhile are let go here: who comes pays for it, and nobody comes where nobody waits.
        waiting.retain(|_, tellers| {
            tellers.retain(|teller| !teller.is_closed());
            !tellers.is_empty()
        });
        waiting.entry(position).or_default().push(tell);
        told
    }

    /// Tells who waits for one of these.
    pub fn committed(&self, receipts: &[Receipt]) {
        if receipts.is_empty() {
            return;
        }
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for receipt in receipts {
            for teller in waiting.remove(&receipt.arrival.position).into_iter().flatten() {
                // Who no longer waits looks it up.
                let _ = teller.send(receipt.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::{
        name::Name,
        position::{Arrival, Offset},
        results::ReportVerdict,
    };

    use super::*;

    fn receipt(offset: u64) -> Receipt {
        Receipt {
            form: Name::from("ktxh-x"),
            agency: Name::from("25486"),
            period: None,
            verdict: ReportVerdict::Accepted,
            rows: 1,
            stored: 1,
            changed: 0,
            conflicts: 0,
            same: 0,
            rejected: 0,
            kept: 0,
            withdrawn: 0,
            findings: Vec::new(),
            digest: [0; 16],
            feed: Name::from("reports"),
            sender: Name::from("xa"),
            arrival: Arrival { position: place(offset), ..Arrival::default() },
        }
    }

    fn place(offset: u64) -> Position {
        Position { offset: Offset(offset), ..Position::default() }
    }

    #[test]
    fn everybody_who_waits_for_a_report_is_told_of_it_and_of_no_other() {
        let desk = ReportDesk::default();
        let (mut first, mut second, mut other) =
            (desk.wait(place(1)), desk.wait(place(1)), desk.wait(place(2)));
        desk.committed(&[receipt(1), receipt(3)]);
        assert_eq!(first.try_recv().unwrap(), receipt(1));
        assert_eq!(second.try_recv().unwrap(), receipt(1));
        assert!(other.try_recv().is_err());
    }

    #[test]
    fn bound_who_went_away_is_let_go_when_the_next_one_comes() {
        let desk = ReportDesk::default();
        for offset in 0..100 {
            drop(desk.wait(place(offset)));
        }
        let _waits = desk.wait(place(100));
        assert_eq!(desk.0.lock().unwrap().len(), 1);
    }
}
