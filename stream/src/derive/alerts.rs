//! Rules, judged window by window in time order, and what operators say to them.
//!
//! A rule looks at the newest windows it has valid values of. A window without one neither raises nor clears, so an
//! alert does not go because data stopped (invariant SILENT); nor does it push out those before it, so a channel that
//! lags behind another one of its station, whose windows are closed empty before its rows come, is judged as if it had
//! been alone (invariant BATCH). A revision of one of those windows is judged anew; one
//! further back changes what is known of the past ([`Assessment`](ioc_model::results::Assessment) says so), not what
//! is so now.
//!
//! A station that comes back after hours sends what it measured meanwhile. Windows that raise, and whose next one is
//! overdue, say what was, not what is: such an alert is raised as over, once a run, to be acknowledged like any other.
//! When windows of now go on raising, it is active.

mod blind;

use std::{collections::BTreeMap, sync::Arc};

use ioc_model::{
    action::Action,
    bound::{is_above, is_below},
    limit::Averaging,
    name::Name,
    results::{AlertResult, Evidence},
    rule::{AlertAbout, AlertChange, AlertKey, Bound, Condition, Measure, Rule},
    sensor::SensorRecord,
    status::StationStatus,
    time::{EventTime, Millis, Now},
    usual::Usual,
};
use serde::{Deserialize, Serialize};

use super::{HOUR, StationPlan, statement::OpenAlert, usual::UsualHours};
use crate::{
    alert::{Open, close_if_done, raise},
    step::ShardResults,
};

/// Windows without a valid value that may lie between those of a row.
const GAP_WINDOWS: i64 = 6;

/// A mean or index of a window as rules see it.
#[derive(Clone, Debug)]
pub(super) struct WatchedWindow {
    pub(super) measure: Name,
    pub(super) averaging: Averaging,
    pub(super) start: EventTime,
    pub(super) end: EventTime,
    pub(super) value: WatchedValue,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum WatchedValue {
    /// An index.
    Index(Option<f64>),
    /// A mean that has enough points, and the limits in force, lower and upper.
    Mean { valid: Option<f64>, limit: Option<(Option<f64>, Option<f64>)> },
    /// A count, if enough is known of it, beside what is usual, if enough is known of that.
    Counted { value: Option<f64>, usual: Option<Usual> },
}

/// What an epoch brought to be judged.
pub(super) struct Judged<'a> {
    pub(super) windows: &'a mut [WatchedWindow],
    pub(super) status: Option<(StationStatus, Now)>,
    /// The newest record of a sensor.
    pub(super) sensor: Option<&'a Arc<SensorRecord>>,
    /// What the counts among it are held against.
    pub(super) usual: &'a UsualHours,
}

/// Whose alerts they are, and what that is.
pub(super) type Whose = (Name, AlertAbout);

/// Every rule of a station, or of a log source.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Alerts {
    rules: BTreeMap<Name, RuleState>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct RuleState {
    /// The newest windows with a valid value.
    recent: BTreeMap<EventTime, Entry>,
    /// Since when a watched status holds, or a watched cause.
    status_since: Option<EventTime>,
    /// Alerts there were.
    number: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Entry {
    end: EventTime,
    value: f64,
    threshold: f64,
    stands: Stands,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stands {
    Raising,
    Clearing,
    /// Between the two: neither.
    Between,
}

impl Alerts {
    /// Takes an operator's action; none if there never was such an alert.
    pub(super) fn act(
        &mut self,
        now: Now,
        about: AlertAbout,
        action: &Action,
        results: &mut ShardResults,
    ) -> Option<bool> {
        let state = self.rules.get_mut(&*action.alert.rule)?;
        if !(1..=state.number).contains(&action.alert.number) {
            return None;
        }
        let is_it = action.alert.number == state.number;
        let Some(open) = state.open.as_mut().filter(|open| is_it && !open.acknowledged) else {
            return Some(false);
        };
        open.acknowledged = true;
        results.facts.alerts.push(AlertResult {
            user: action.user.clone(),
            note: action.note.clone(),
            ..open.told(action.alert.clone(), about, AlertChange::Acknowledged, now)
        });
        close_if_done(&mut state.open);
        Some(true)
    }

    /// Those that are active or that nobody took on, by rule.
    pub(super) fn open(&self) -> impl Iterator<Item = OpenAlert> + '_ {
        self.rules.iter().filter_map(|(rule, state)| {
            let open = state.open?;
            Some(open.counted(*rule, state.number))
        })
    }

    /// Judges what an epoch brought.
    pub(super) fn advance(
        &mut self,
        now: Now,
        plan: &StationPlan,
        (subject, patience): (Whose, Millis),
        judged: Judged<'_>,
        results: &mut ShardResults,
    ) {
        let Judged { windows, status, sensor, usual } = judged;
        windows.sort_by_key(|window| (window.end, window.start));
        for rule in &plan.rules {
            let state = self.rules.entry(Name::new(&rule.id)).or_default();
            let mut step = Step { now, patience, rule, subject, usual, state, results };
            match &rule.condition {
                Condition::Status { statuses, lasting } => {
                    let watched = status.filter(|(status, _)| statuses.contains(status));
                    step.status(watched, *lasting);
                }
                Condition::Blind { causes, lasting } => {
                    sensor.into_iter().for_each(|record| step.blind(record, causes, *lasting, plan));
                }
                _ => windows.iter().for_each(|window| step.judge(window)),
            }
        }
        self.withdraw(now, plan, subject, results);
    }

    /// When the clock alone raises one.
    pub(super) fn due(&self, plan: &StationPlan) -> Option<EventTime> {
        let due = |rule: &Rule| {
            let (Condition::Status { lasting, .. } | Condition::Blind { lasting, .. }) = rule.condition
            else {
                return None;
            };
            let state = self.rules.get(rule.id.as_str())?;
            let active = state.open.is_some_and(|open| open.active);
            state.status_since.filter(|_| !active).map(|since| since.plus(lasting))
        };
        plan.rules.iter().filter_map(due).min()
    }

    /// An active alert of a rule that does not watch this station any more is cleared: nothing would ever clear it.
    fn withdraw(&mut self, now: Now, plan: &StationPlan, subject: Whose, results: &mut ShardResults) {
        if self.rules.len() == plan.rules.len() {
            return;
        }
        for (rule, state) in &mut self.rules {
            if plan.rules.iter().any(|watching| *watching.id == **rule) {
                continue;
            }
            state.recent.clear();
            state.status_since = None;
            if state.open.is_some_and(|open| open.active) {
                state.clear(now, *rule, subject, None, results);
            }
        }
    }
}

/// One rule and what it is judged by.
struct Step<'a> {
    now: Now,
    /// A window is overdue so long after its end.
    patience: Millis,
    rule: &'a Rule,
    subject: Whose,
    usual: &'a UsualHours,
    state: &'a mut RuleState,
    results: &'a mut ShardResults,
}

impl Step<'_> {
    fn judge(&mut self, window: &WatchedWindow) {
        if !watches(&self.rule.condition, window) {
            return;
        }
        let span = (i64::from(self.rule.raise_windows.max(self.rule.clear_windows)) + GAP_WINDOWS)
            .saturating_mul(length(window.averaging).0);
        let newest = self.state.recent.keys().next_back().copied().unwrap_or(window.start);
        if window.start < newest.minus(Millis(span)) {
            return;
        }
        let stood = self.state.stands(self.rule);
        match entry(&self.rule.condition, window) {
            Some(entry) => {
                let _ = self.state.recent.insert(window.start, entry);
                let oldest = newest.max(window.start).minus(Millis(span));
                self.state.recent = self.state.recent.split_off(&oldest);
            }
            None => {
                // Silence changes nothing, whatever the pack asks for by now (invariant SILENT).
                if self.state.recent.remove(&window.start).is_none() {
                    return;
                }
            }
        }
        let active = self.state.open.is_some_and(|open| open.active);
        let stands = [Stands::Raising, Stands::Clearing];
        let Some(now_stands) = stands.into_iter().find(|stands| self.state.in_a_row(self.rule, *stands))
        else {
            return;
        };
        let Some((start, entry)) = self.state.recent.iter().next_back() else { return };
        let compared = match self.rule.condition {
            Condition::Unusual(_) => self.usual.compared(window.measure, *start).map(Arc::new),
            _ => None,
        };
        let evidence = Evidence {
            measure: window.measure,
            averaging: Some(window.averaging),
            start: *start,
            end: entry.end,
            value: Some(entry.value),
            threshold: Some(entry.threshold),
            status: None,
            events: None,
            compared,
            sensor: None,
        };
        let was_raising = active || stood == Some(Stands::Raising);
        let next_is_due = entry.end.plus(length(window.averaging)).plus(self.patience);
        let is_over = next_is_due < EventTime(self.now.0);
        match now_stands {
            Stands::Clearing if was_raising => self.turn(true, evidence),
            Stands::Raising if !active && !is_over => self.turn(false, evidence),
            Stands::Raising if !was_raising => self.raise(evidence, false),
            _ => {}
        }
    }

    fn status(&mut self, watched: Option<(StationStatus, Now)>, lasting: Millis) {
        let active = self.state.open.is_some_and(|open| open.active);
        let now = EventTime(self.now.0);
        let evidence = |start, status| Evidence {
            measure: Name::from("status"),
            averaging: None,
            start,
            end: now,
            value: None,
            threshold: None,
            status,
            events: None,
            compared: None,
            sensor: None,
        };
        match watched {
            Some((status, since)) => {
                let since = *self.state.status_since.get_or_insert(EventTime(since.0));
                if !active && since.plus(lasting) <= now {
                    self.turn(false, evidence(since, Some(status)));
                }
            }
            None => {
                let since = self.state.status_since.take();
                if active {
                    self.turn(true, evidence(since.unwrap_or(now), None));
                }
            }
        }
    }

    /// From active to cleared, or to active.
    fn turn(&mut self, active: bool, evidence: Evidence) {
        if active {
            let rule = Name::new(&self.rule.id);
            self.state.clear(self.now, rule, self.subject, Some(evidence), self.results);
        } else {
            self.raise(evidence, true);
        }
    }

    /// `active`: not if it is over.
    fn raise(&mut self, evidence: Evidence, active: bool) {
        self.state.number += u32::from(self.state.open.is_none());
        let change = raise(&mut self.state.open, active, self.rule.priority);
        let rule = Name::new(&self.rule.id);
        self.state.tell(self.now, change, rule, self.subject, Some(evidence), self.results);
    }
}

impl RuleState {
    /// Whether the newest windows, as many as the rule asks for, all stand so.
    fn in_a_row(&self, rule: &Rule, wanted: Stands) -> bool {
        let windows = windows(rule, wanted);
        self.recent.len() >= windows
            && self.recent.values().rev().take(windows).all(|entry| entry.stands == wanted)
    }

    /// What the last run of windows that was long enough said, as far back as they are known.
    fn stands(&self, rule: &Rule) -> Option<Stands> {
        let mut last = None;
        let (mut run, mut length) = (Stands::Between, 0);
        for entry in self.recent.values() {
            length = if entry.stands == run { length + 1 } else { 1 };
            run = entry.stands;
            if run != Stands::Between && length >= windows(rule, run) {
                last = Some(run);
            }
        }
        last
    }

    fn clear(
        &mut self,
        now: Now,
        rule: Name,
        subject: Whose,
        evidence: Option<Evidence>,
        results: &mut ShardResults,
    ) {
        let Some(open) = &mut self.open else { return };
        open.active = false;
        self.tell(now, AlertChange::Cleared, rule, subject, evidence, results);
        close_if_done(&mut self.open);
    }

    fn tell(
        &self,
        now: Now,
        change: AlertChange,
        rule: Name,
        subject: Whose,
        evidence: Option<Evidence>,
        results: &mut ShardResults,
    ) {
        let Some(open) = self.open else { return };
        let key = AlertKey { rule: rule.into(), subject: subject.0.into(), number: self.number };
        results.facts.alerts.push(AlertResult { evidence, ..open.told(key, subject.1, change, now) });
    }
}

/// So many windows in a row change something.
fn windows(rule: &Rule, stands: Stands) -> usize {
    let windows = if stands == Stands::Raising { rule.raise_windows } else { rule.clear_windows };
    windows.max(1) as usize
}

fn watches(condition: &Condition, window: &WatchedWindow) -> bool {
    match (condition, window.value) {
        (Condition::Threshold { measure: Measure::Index(index), averaging, .. }, WatchedValue::Index(_)) => {
            *window.measure == *index.word() && window.averaging == *averaging
        }
        (
            Condition::Threshold { measure: Measure::Indicator(indicator), averaging, .. },
            WatchedValue::Mean { .. },
        )
        | (Condition::Limit { indicator, averaging, .. }, WatchedValue::Mean { .. }) => {
            *window.measure == **indicator && window.averaging == *averaging
        }
        (Condition::Unusual(unusual), WatchedValue::Counted { .. }) => *window.measure == *unusual.measure,
        _ => false,
    }
}

/// How a window stands to a rule; none where there is no valid value, no limit in force, or nothing usual.
fn entry(condition: &Condition, window: &WatchedWindow) -> Option<Entry> {
    let value = match window.value {
        WatchedValue::Index(value) => value?,
        WatchedValue::Mean { valid, .. } => valid?,
        WatchedValue::Counted { value, .. } => value?,
    };
    let (stands, threshold) = match (condition, window.value) {
        (Condition::Threshold { bound, .. }, _) => by_bound(*bound, value),
        (Condition::Limit { clear_share, .. }, WatchedValue::Mean { limit: Some((low, high)), .. }) => {
            by_limit(low, high, *clear_share, value)?
        }
        (Condition::Unusual(unusual), WatchedValue::Counted { usual: Some(usual), .. }) => {
            by_bound(unusual.bound(&usual)?, value)
        }
        _ => return None,
    };
    Some(Entry { end: window.end, value, threshold, stands })
}

fn by_bound(bound: Bound, value: f64) -> (Stands, f64) {
    match bound {
        Bound::Above { raise, .. } if is_above(value, raise) => (Stands::Raising, raise),
        Bound::Above { raise, clear } => {
            (if is_above(value, clear) { Stands::Between } else { Stands::Clearing }, raise)
        }
        Bound::Below { raise, .. } if is_below(value, raise) => (Stands::Raising, raise),
        Bound::Below { raise, clear } => {
            (if is_below(value, clear) { Stands::Between } else { Stands::Clearing }, raise)
        }
    }
}

fn by_limit(low: Option<f64>, high: Option<f64>, clear_share: f64, value: f64) -> Option<(Stands, f64)> {
    match (low, high) {
        (_, Some(high)) if is_above(value, high) => Some((Stands::Raising, high)),
        (Some(low), _) if is_below(value, low) => Some((Stands::Raising, low)),
        // Between two limits a share of the upper one may lie below the lower: then kept is enough.
        (Some(_), Some(high)) => Some((Stands::Clearing, high)),
        (None, Some(high)) => {
            Some((if is_above(value, clear_share * high) { Stands::Between } else { Stands::Clearing }, high))
        }
        (Some(low), None) => Some((Stands::Clearing, low)),
        (None, None) => None,
    }
}

/// How far apart the windows of an averaging begin.
fn length(averaging: Averaging) -> Millis {
    match averaging {
        Averaging::Hour | Averaging::EightHours => HOUR,
        Averaging::Day => Millis::hours(24),
        Averaging::Year => Millis::hours(24 * 366),
    }
}
