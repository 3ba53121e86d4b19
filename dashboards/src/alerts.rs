//! The open alerts: active, or not acknowledged yet.
//!
//! A rule and a station, address or user have at most one open alert. Stations are of the pack, and of the others the
//! dataflow keeps so many: their number is bounded; the page is shown the
//! first [`ALERTS_SHOWN`] of them and told how many there are (invariant BOUND). A browser is sent the alerts that
//! changed since its epoch, and a closed one once, so that it can drop it. Where that would not be enough, because
//! more are open than are shown or because the closing was forgotten, it is sent the whole list instead, and told so.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use ioc_model::{
    asker::Asker,
    epoch::Epoch,
    name::Name,
    results::{AlertResult, Evidence},
    rule::{AlertAbout, AlertChange, AlertKey, Priority},
    text::Text,
    time::Now,
};
use serde::{Deserialize, Serialize};

use crate::place::PlaceView;

/// How many open alerts a page is shown.
pub const ALERTS_SHOWN: usize = 1_000;
/// How many of the last closed alerts are remembered for browsers that have not heard of it.
const CLOSED_KEPT: usize = 1_000;

/// The open alerts of the board.
#[derive(Clone, Debug, Default)]
pub struct OpenAlerts {
    open: BTreeMap<AlertKey, (AlertView, Epoch)>,
    /// Oldest first.
    closed: VecDeque<(AlertView, Epoch)>,
    /// A browser that has an older epoch needs the whole list.
    differences_from: Epoch,
    changed: Epoch,
}

/// The alerts as they are sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertChanges {
    /// Those that changed, or all there are to show.
    pub alerts: Vec<AlertView>,
    /// These are all there are to show: what is not among them is not open, or lies beyond those shown.
    pub whole: bool,
}

impl OpenAlerts {
    /// Takes all that happened to alerts in an epoch, in order.
    pub fn take(&mut self, epoch: Epoch, results: &[AlertResult]) {
        if results.is_empty() {
            return;
        }
        for result in results {
            let mut view = match self.open.remove(&result.key) {
                Some((view, _)) => view,
                None => AlertView::raised(result),
            };
            view.take(result);
            self.put(epoch, result.key.clone(), view);
        }
        self.settle(epoch);
    }

    /// Takes the open alerts from the store, as of that epoch. What was closed before it, the store alone knows.
    pub fn remember(&mut self, epoch: Epoch, alerts: Vec<AlertView>) {
        for view in alerts {
            if let Ok(key) = view.id.parse() {
                self.put(epoch, key, view);
            }
        }
        self.differences_from = epoch;
        self.settle(epoch);
    }

    fn put(&mut self, epoch: Epoch, key: AlertKey, view: AlertView) {
        if view.is_open() {
            let _ = self.open.insert(key, (view, epoch));
        } else {
            self.closed.push_back((view, epoch));
        }
    }

    fn settle(&mut self, epoch: Epoch) {
        self.changed = self.changed.max(epoch);
        let forgotten = self.closed.len().saturating_sub(CLOSED_KEPT);
        for (_, closed) in self.closed.drain(..forgotten) {
            self.differences_from = self.differences_from.max(closed);
        }
        if self.open.len() > ALERTS_SHOWN {
            self.differences_from = self.differences_from.max(Epoch(epoch.0 + 1));
        }
    }

    /// An open alert that the asker sees.
    #[must_use]
    pub fn get(&self, asker: &Asker, key: &AlertKey) -> Option<&AlertView> {
        self.open.get(key).map(|(view, _)| view).filter(|view| asker.sees_alert(view.about, &view.subject))
    }

    /// How many are open that the asker sees.
    #[must_use]
    pub fn count(&self, asker: &Asker) -> usize {
        match asker.sees_everything() {
            true => self.open.len(),
            false => self.seen_by(asker).count(),
        }
    }

    fn seen_by(&self, asker: &Asker) -> impl Iterator<Item = &(AlertView, Epoch)> {
        self.open.values().filter(|(view, _)| asker.sees_alert(view.about, &view.subject))
    }

    /// The open alerts to show: those nobody acknowledged first, then by priority, then the newest.
    #[must_use]
    pub fn shown(&self, asker: &Asker) -> Vec<AlertView> {
        in_order(self.seen_by(asker).map(|(view, _)| view).collect(), ALERTS_SHOWN)
    }

    /// What happened after an epoch.
    #[must_use]
    pub fn since(&self, asker: &Asker, since: Epoch) -> AlertChanges {
        if since >= self.changed {
            return AlertChanges::default();
        }
        if since < self.differences_from {
            return AlertChanges { alerts: self.shown(asker), whole: true };
        }
        let open = self.seen_by(asker).filter(|(_, changed)| *changed > since);
        let closed = self.closed.iter().filter(|(view, _)| asker.sees_alert(view.about, &view.subject));
        let closed = closed.filter(|(_, changed)| *changed > since);
        let changed = closed.chain(open).map(|(view, _)| view).collect();
        AlertChanges { alerts: in_order(changed, ALERTS_SHOWN + CLOSED_KEPT), whole: false }
    }
}

fn in_order(mut alerts: Vec<&AlertView>, most: usize) -> Vec<AlertView> {
    fn place(view: &AlertView) -> (bool, Priority, Reverse<Now>, &str) {
        (view.acknowledged, view.priority, Reverse(view.raised_at), &view.id)
    }
    if alerts.len() > most {
        let _ = alerts.select_nth_unstable_by(most, |one, other| place(one).cmp(&place(other)));
        alerts.truncate(most);
    }
    alerts.sort_unstable_by(|one, other| place(one).cmp(&place(other)));
    alerts.into_iter().cloned().collect()
}

/// An alert as the page gets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertView {
    /// `rule~subject~number`.
    pub id: String,
    /// The rule.
    pub rule: Name,
    /// The station, the address, network or user that events were counted by, the log source, or who owes reports.
    pub subject: Arc<str>,
    /// What the subject is.
    pub about: AlertAbout,
    /// What it is called; none of an address, a network or a user, and where the pack has none like it.
    pub subject_name: Option<Text>,
    /// Where it is; none where no pack says so, and of what is no station.
    pub place: Option<PlaceView>,
    /// As the rule had it when it last changed.
    pub priority: Priority,
    /// Whether its condition holds.
    pub active: bool,
    /// Whether somebody took it on.
    pub acknowledged: bool,
    /// How often it became active.
    pub occurrences: u32,
    /// When it became active for the first time.
    pub raised_at: Now,
    /// Since when its condition holds no more; none while it does.
    pub cleared_at: Option<Now>,
    /// When somebody took it on.
    pub acknowledged_at: Option<Now>,
    /// Who did.
    pub user: Option<String>,
    /// In their words.
    pub note: Option<String>,
    /// What happened to it last.
    pub change: AlertChange,
    /// When, on the recorded clock.
    pub at: Now,
    /// What it was last raised, raised again or cleared by.
    pub evidence: Option<Evidence>,
}

impl AlertView {
    /// An alert before anything that happened to it was taken.
    fn raised(result: &AlertResult) -> AlertView {
        AlertView {
            id: result.key.to_string(),
            rule: Name::new(&result.key.rule),
            subject: result.key.subject.clone(),
            about: result.about,
            subject_name: None,
            place: None,
            priority: result.priority,
            active: false,
            acknowledged: false,
            occurrences: 0,
            raised_at: result.at,
            cleared_at: None,
            acknowledged_at: None,
            user: None,
            note: None,
            change: result.change,
            at: result.at,
            evidence: None,
        }
    }

    /// Makes an alert out of everything that happened to it, in order; none of nothing.
    #[must_use]
    pub fn of<'a>(happened: impl IntoIterator<Item = &'a AlertResult>) -> Option<AlertView> {
        let mut view = None;
        for result in happened {
            view.get_or_insert_with(|| AlertView::raised(result)).take(result);
        }
        view
    }

    fn take(&mut self, result: &AlertResult) {
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.priority = result.priority;
        self.active = result.active;
        self.acknowledged = result.acknowledged;
        self.occurrences = result.occurrences;
        self.change = result.change;
        self.at = result.at;
        match result.change {
            AlertChange::Raised | AlertChange::Recurred => self.cleared_at = None,
            AlertChange::Cleared => self.cleared_at = Some(result.at),
            AlertChange::Acknowledged => {
                self.acknowledged_at = Some(result.at);
                self.user = said(&result.user);
                self.note = said(&result.note);
            }
        }
        if result.evidence.is_some() {
            self.evidence.clone_from(&result.evidence);
        }
    }

    /// Whether it is active or nobody acknowledged it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.active || !self.acknowledged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static ALL: Asker = Asker::everyone();

    fn happened(number: u32, change: AlertChange, at: i64) -> AlertResult {
        let key = AlertKey { rule: "aqi-bad".into(), subject: format!("st{number}").into(), number };
        AlertResult {
            key,
            about: AlertAbout::Station,
            change,
            priority: if number.is_multiple_of(2) { Priority::High } else { Priority::Low },
            active: change != AlertChange::Cleared,
            acknowledged: change == AlertChange::Acknowledged,
            occurrences: 1,
            at: Now(at),
            evidence: None,
            user: if change == AlertChange::Acknowledged { "an".into() } else { "".into() },
            note: "".into(),
            seq: 0,
        }
    }

    fn closing(number: u32, at: i64) -> AlertResult {
        AlertResult { acknowledged: true, ..happened(number, AlertChange::Cleared, at) }
    }

    #[test]
    fn a_closed_alert_is_told_once_and_then_gone() {
        let mut alerts = OpenAlerts::default();
        alerts.take(Epoch(1), &[happened(1, AlertChange::Raised, 10)]);
        alerts.take(Epoch(2), &[happened(1, AlertChange::Acknowledged, 20)]);
        assert_eq!(alerts.since(&ALL, Epoch(1)).alerts[0].user.as_deref(), Some("an"));
        alerts.take(Epoch(3), &[closing(1, 30)]);
        let told = alerts.since(&ALL, Epoch(2));
        assert!(!told.whole);
        assert_eq!((told.alerts[0].active, told.alerts[0].acknowledged), (false, true));
        assert_eq!((told.alerts[0].raised_at, told.alerts[0].cleared_at), (Now(10), Some(Now(30))));
        assert_eq!(told.alerts[0].user.as_deref(), Some("an"), "who took it on is not forgotten");
        assert_eq!(alerts.since(&ALL, Epoch(3)), AlertChanges::default());
        assert!(alerts.shown(&ALL).is_empty());
    }

    #[test]
    fn an_alert_that_nobody_acknowledged_stays_although_its_condition_is_over_silent() {
        let mut alerts = OpenAlerts::default();
        alerts.take(Epoch(1), &[happened(1, AlertChange::Raised, 10)]);
        alerts.take(Epoch(2), &[happened(1, AlertChange::Cleared, 20)]);
        assert_eq!(alerts.shown(&ALL).len(), 1);
        assert!(!alerts.shown(&ALL)[0].active);
    }

    #[test]
    fn those_nobody_acknowledged_come_first_then_by_priority_then_the_newest() {
        let mut alerts = OpenAlerts::default();
        for number in 1..=4 {
            alerts.take(Epoch(1), &[happened(number, AlertChange::Raised, 10 * i64::from(number))]);
        }
        alerts.take(Epoch(2), &[happened(4, AlertChange::Acknowledged, 90)]);
        let shown: Vec<String> = alerts.shown(&ALL).into_iter().map(|view| view.id).collect();
        assert_eq!(shown, ["aqi-bad~st2~2", "aqi-bad~st3~3", "aqi-bad~st1~1", "aqi-bad~st4~4"]);
    }

    #[test]
    fn more_open_alerts_than_are_shown_are_counted_and_the_list_stays_right_bound() {
        let mut alerts = OpenAlerts::default();
        let most = u32::try_from(ALERTS_SHOWN).unwrap() + 5;
        for number in 1..=most {
            alerts.take(Epoch(1), &[happened(number, AlertChange::Raised, i64::from(number))]);
        }
        assert_eq!((alerts.shown(&ALL).len(), alerts.count(&ALL)), (ALERTS_SHOWN, ALERTS_SHOWN + 5));
        // One is closed: another takes its place in the list, so the difference alone would not do.
        alerts.take(Epoch(2), &[closing(most, 5_000)]);
        let told = alerts.since(&ALL, Epoch(1));
        assert_eq!((told.alerts.len(), told.whole), (ALERTS_SHOWN, true));
        let closings: Vec<_> = (2..most).map(|number| closing(number, 6_000)).collect();
        alerts.take(Epoch(3), &closings);
        assert_eq!(
            (alerts.since(&ALL, Epoch(2)).alerts.len(), alerts.since(&ALL, Epoch(2)).whole),
            (1, true)
        );
        alerts.take(Epoch(4), &[happened(1, AlertChange::Cleared, 7_000)]);
        assert!(!alerts.since(&ALL, Epoch(3)).whole);
    }

    #[test]
    fn closings_that_were_forgotten_are_made_up_for_by_the_whole_list_bound() {
        let mut alerts = OpenAlerts::default();
        for epoch in 1..=5_000_u32 {
            alerts.take(Epoch(epoch.into()), &[happened(epoch, AlertChange::Raised, 1)]);
            alerts.take(Epoch(epoch.into()), &[closing(epoch, 2)]);
        }
        assert_eq!(alerts.closed.len(), CLOSED_KEPT);
        assert_eq!(alerts.since(&ALL, Epoch(100)), AlertChanges { alerts: Vec::new(), whole: true });
        assert_eq!(alerts.since(&ALL, Epoch(4_998)).alerts.len(), 2);
        assert!(!alerts.since(&ALL, Epoch(4_998)).whole);
    }
}
