//! One rule and the addresses or users of one virtual shard.
//!
//! What is kept is bounded by virtual shard and not by worker, since a worker holds as many of them as there are workers
//! for: the same sightings are forgotten however many there are (invariants BOUND, REPLAY).

use std::{collections::BTreeMap, collections::BTreeSet, sync::Arc};

use ioc_model::{
    action::Action,
    name::Name,
    position::Arrival,
    results::{AlertResult, Evidence},
    rule::{AlertChange, AlertKey, Counted, Counting, Group},
    time::{EventTime, Millis, Now},
};
use serde::{Deserialize, Serialize};

use super::{
    LATE, Seen, Sighting, Suspected, Watcher,
    suspect::{Open, Reached, Run, Suspect},
};
use crate::{derive::said::OpenAlert, exchange::VirtualShard, step::ShardResults};

/// So many addresses or users of a virtual shard are kept for a rule.
pub(super) const SUSPECTS: usize = 1_024;
/// So many sightings of them all.
pub(super) const SIGHTINGS: usize = 16_384;
/// So many of them may have an open alert.
pub(super) const OPEN: usize = 64;
const MINUTE: i64 = 60_000;

/// A rule's part of a virtual shard.
#[derive(Debug)]
pub(super) struct Watch {
    /// What the sightings were taken for.
    counting: Counting,
    suspects: BTreeMap<Group, Suspect>,
    /// Those of which something can be forgotten, by when they were heard last.
    heard: BTreeSet<(Arrival, Group)>,
    /// Those with an active one, by when it is over unless something comes.
    due: BTreeSet<(EventTime, Group)>,
    sightings: usize,
    open: usize,
}

/// As a checkpoint keeps it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WatchRecord {
    rule: Name,
    shard: VirtualShard,
    counting: Counting,
    suspects: Vec<(Group, Suspect)>,
}

/// [`WatchRecord`] as it is written: postcard writes both alike.
#[derive(Serialize)]
struct WatchRef<'a> {
    rule: Name,
    shard: VirtualShard,
    counting: &'a Counting,
    suspects: Vec<(&'a Group, &'a Suspect)>,
}

impl WatchRecord {
    /// The virtual shard it is of.
    pub(crate) fn shard(&self) -> VirtualShard {
        self.shard
    }
}

impl Watch {
    pub(super) fn new(counting: Counting) -> Watch {
        let (suspects, heard, due) = Default::default();
        Watch { counting, suspects, heard, due, sightings: 0, open: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.suspects.is_empty()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.suspects.len()
    }

    pub(super) fn record(&self, rule: Name, shard: VirtualShard) -> Result<Vec<u8>, postcard::Error> {
        let suspects = self.suspects.iter().collect();
        postcard::to_stdvec(&WatchRef { rule, shard, counting: &self.counting, suspects })
    }

    pub(super) fn load(record: WatchRecord) -> (Name, VirtualShard, Watch) {
        let WatchRecord { rule, shard, counting, suspects } = record;
        let mut watch = Watch::new(counting);
        for (group, suspect) in suspects {
            watch.sightings += suspect.len();
            watch.open += usize::from(suspect.open.is_some());
            watch.note(&group, &suspect);
            let _ = watch.suspects.insert(group, suspect);
        }
        (rule, shard, watch)
    }

    /// Those with an open alert.
    pub(super) fn open(&self, rule: Name) -> impl Iterator<Item = Suspected> {
        let open = self.suspects.iter().filter(|(_, suspect)| suspect.open.is_some());
        open.map(move |(group, suspect)| suspected(rule, group, suspect))
    }

    /// Puts one where the clock finds it.
    fn note(&mut self, group: &Group, suspect: &Suspect) {
        if suspect.is_active() {
            let _ = self.due.insert((over_at(&self.counting, suspect), group.clone()));
        }
        if suspect.open.is_none() || suspect.len() > 0 {
            let _ = self.heard.insert((suspect.heard, group.clone()));
        }
    }

    /// Takes one from there, to be changed. It is put back by [`Watch::put`].
    fn lift(&mut self, group: &Group) -> Option<Suspect> {
        let suspect = self.suspects.remove(group)?;
        let _ = self.heard.remove(&(suspect.heard, group.clone()));
        let _ = self.due.remove(&(over_at(&self.counting, &suspect), group.clone()));
        self.sightings -= suspect.len();
        self.open -= usize::from(suspect.open.is_some());
        Some(suspect)
    }

    /// Forgets one; of one with an open alert what was seen and not told.
    fn forget(&mut self, group: Group) {
        let Some(mut suspect) = self.lift(&group) else { return };
        if suspect.open.is_some() {
            suspect.begin_anew();
            self.put(group, suspect);
        }
    }

    fn put(&mut self, group: Group, suspect: Suspect) {
        self.note(&group, &suspect);
        self.sightings += suspect.len();
        self.open += usize::from(suspect.open.is_some());
        let _ = self.suspects.insert(group, suspect);
    }

    /// Takes a sighting, and raises an alert if that is enough.
    pub(super) fn take(&mut self, rule: &Watcher, now: Now, sighting: Sighting, results: &mut ShardResults) {
        let mut suspect = match self.lift(&sighting.group) {
            Some(suspect) => suspect,
            None => Suspect::new(sighting.arrival),
        };
        // Who was not heard of longest is forgotten first.
        while self.suspects.len() >= SUSPECTS || self.sightings + suspect.len() >= SIGHTINGS {
            let Some((_, unheard)) = self.heard.first().cloned() else { break };
            self.forget(unheard);
            results.forget(rule.id);
        }
        if self.suspects.len() >= SUSPECTS || self.sightings + suspect.len() >= SIGHTINGS {
            results.forget(rule.id);
            if suspect.len() > 0 || suspect.open.is_some() {
                self.put(sighting.group, suspect);
            }
            return;
        }
        let has_room = self.open < OPEN || suspect.open.is_some();
        judge(rule, now, &sighting, &mut suspect, has_room, results);
        self.put(sighting.group, suspect);
    }

    /// What the clock ends and forgets.
    pub(super) fn pass(&mut self, rule: Name, now: Now, results: &mut ShardResults) {
        while let Some((_, group)) = self.due.first().filter(|(due, _)| due.0 <= now.0).cloned() {
            let Some(mut suspect) = self.lift(&group) else { break };
            clear(rule, now, &group, &self.counting, &mut suspect, results);
            self.put(group, suspect);
        }
        // A late sighting may lie next to what was told: as long as it counts, that is known.
        let keep = LATE.0.saturating_add(self.counting.within.0.max(self.counting.clear_after.0));
        let forgotten = now.0.saturating_sub(keep);
        while let Some((heard, group)) = self.heard.first().cloned() {
            let number_is_past = |suspect: &Suspect| suspect.number < minute(now);
            let is_due = heard.received_at.0 <= forgotten;
            // Its number would come again in the same minute.
            if !is_due || !self.suspects.get(&group).is_some_and(number_is_past) {
                break;
            }
            self.forget(group);
        }
    }

    /// Goes over to what a rule counts now. What was seen for another count is let go.
    pub(super) fn follow(&mut self, counting: &Counting) {
        if self.counting == *counting {
            return;
        }
        let groups: Vec<Group> = self.suspects.keys().cloned().collect();
        for group in groups {
            let Some(mut suspect) = self.lift(&group) else { continue };
            suspect.begin_anew();
            // Who was never suspected is nobody.
            if suspect.number > 0 {
                let _ = self.suspects.insert(group, suspect);
            }
        }
        self.counting = counting.clone();
        for (group, suspect) in std::mem::take(&mut self.suspects) {
            self.put(group, suspect);
        }
    }

    /// The rule is gone.
    pub(super) fn withdraw(&mut self, rule: Name, now: Now, results: &mut ShardResults) {
        let active: Vec<Group> = self.due.iter().map(|(_, group)| group.clone()).collect();
        for group in active {
            let Some(mut suspect) = self.lift(&group) else { continue };
            clear(rule, now, &group, &self.counting, &mut suspect, results);
            self.put(group, suspect);
        }
    }

    /// Takes an operator's action; none if there never was such an alert.
    pub(super) fn act(
        &mut self,
        rule: Name,
        now: Now,
        action: &Action,
        results: &mut ShardResults,
    ) -> Option<bool> {
        let group = Group::of_subject(self.counting.by, &action.alert.subject)?;
        // Another spelling is another alert, which there never was.
        if group.to_string() != *action.alert.subject {
            return None;
        }
        let number = self.suspects.get(&group)?.number;
        if !(1..=number).contains(&action.alert.number) {
            return None;
        }
        let mut suspect = self.lift(&group)?;
        let is_it = action.alert.number == number;
        let effective = match suspect.open.as_mut().filter(|open| is_it && !open.acknowledged) {
            None => false,
            Some(open) => {
                open.acknowledged = true;
                let taken = *open;
                let happened = told(rule, now, &group, &self.counting, &suspect, AlertChange::Acknowledged);
                results.facts.alerts.extend(happened.map(|told| AlertResult {
                    user: action.user.clone(),
                    note: action.note.clone(),
                    ..told
                }));
                if !taken.active {
                    suspect.open = None;
                }
                results.suspected.push(suspected(rule, &group, &suspect));
                true
            }
        };
        self.put(group, suspect);
        Some(effective)
    }
}

/// What a sighting makes of one.
fn judge(
    rule: &Watcher,
    now: Now,
    sighting: &Sighting,
    suspect: &mut Suspect,
    has_room: bool,
    results: &mut ShardResults,
) {
    let Counting { within, clear_after: pause, .. } = rule.counting;
    let at = sighting.at;
    let adds = !matches!(sighting.seen, Seen::More(..=0));
    let is_over = |end: EventTime| end.plus(pause) <= EventTime(now.0);
    let active = suspect.is_active();
    suspect.hear(sighting, within);
    if let Some(run) = suspect.run.filter(|run| at >= run.start && (active || at < run.end.plus(pause))) {
        let end = if adds { run.end.max(at) } else { run.end };
        // What goes on into now is looked at: it may be active again.
        if active || at <= run.end || is_over(end) {
            suspect.begin_run(Run { end, ..run });
            return;
        }
    }
    suspect.keep(sighting);
    if active || !adds {
        return;
    }
    let Some(reached) = suspect.reached(&rule.counting, at) else { return };
    let mut run = Run { start: reached.after.plus(Millis(1)), end: suspect.run(reached.at, pause) };
    let active = !is_over(run.end);
    if let Some(told) = suspect.run
        && run.start < told.end.plus(pause)
        && told.start < run.end.plus(pause)
    {
        run = Run { start: told.start.min(run.start), end: told.end.max(run.end) };
        if !active {
            suspect.begin_run(run);
            return;
        }
    }
    raise(rule, now, sighting, suspect, (run, reached, active), has_room, results);
}

fn raise(
    rule: &Watcher,
    now: Now,
    sighting: &Sighting,
    suspect: &mut Suspect,
    (run, reached, active): (Run, Reached, bool),
    has_room: bool,
    results: &mut ShardResults,
) {
    let priority = rule.priority;
    let change = match &mut suspect.open {
        Some(open) => {
            open.active = active;
            open.occurrences = open.occurrences.saturating_add(1);
            open.priority = priority;
            AlertChange::Recurred
        }
        None if !has_room => {
            results.forget(rule.id);
            return;
        }
        None => {
            suspect.number = minute(now).max(suspect.number.saturating_add(1));
            suspect.open = Some(Open { active, acknowledged: false, occurrences: 1, priority });
            AlertChange::Raised
        }
    };
    suspect.begin_run(run);
    let Counting { reach, count, .. } = rule.counting;
    let counted =
        Counted { counting: rule.counting.clone(), group: sighting.group.text(), last: sighting.arrival };
    let evidence = Evidence {
        measure: Name::from(count.word()),
        averaging: None,
        start: reached.after.plus(Millis(1)),
        end: reached.at.plus(Millis(1)),
        value: Some(reached.value as f64),
        threshold: Some(f64::from(reach)),
        status: None,
        events: Some(Arc::new(counted)),
    };
    let happened = told(rule.id, now, &sighting.group, &rule.counting, suspect, change);
    results.facts.alerts.extend(happened.map(|told| AlertResult { evidence: Some(evidence), ..told }));
    results.suspected.push(suspected(rule.id, &sighting.group, suspect));
}

fn clear(
    rule: Name,
    now: Now,
    group: &Group,
    counting: &Counting,
    suspect: &mut Suspect,
    results: &mut ShardResults,
) {
    let Some(open) = suspect.open.as_mut() else { return };
    open.active = false;
    let acknowledged = open.acknowledged;
    results.facts.alerts.extend(told(rule, now, group, counting, suspect, AlertChange::Cleared));
    if acknowledged {
        suspect.open = None;
    }
    results.suspected.push(suspected(rule, group, suspect));
}

fn told(
    rule: Name,
    now: Now,
    group: &Group,
    counting: &Counting,
    suspect: &Suspect,
    change: AlertChange,
) -> Option<AlertResult> {
    let open = suspect.open?;
    Some(AlertResult {
        key: AlertKey { rule: rule.into(), subject: group.to_string().into(), number: suspect.number },
        about: counting.by.about(),
        change,
        priority: open.priority,
        active: open.active,
        acknowledged: open.acknowledged,
        occurrences: open.occurrences,
        at: now,
        evidence: None,
        user: Box::default(),
        note: Box::default(),
        seq: 0,
    })
}

fn suspected(rule: Name, group: &Group, suspect: &Suspect) -> Suspected {
    let open = suspect.open.map(|open| OpenAlert {
        rule,
        number: suspect.number,
        priority: open.priority,
        active: open.active,
        acknowledged: open.acknowledged,
    });
    Suspected { subject: group.to_string().into(), rule, open }
}

/// When its alert is over unless something comes.
fn over_at(counting: &Counting, suspect: &Suspect) -> EventTime {
    suspect.run.map_or(EventTime(i64::MIN), |run| run.end.plus(counting.clear_after))
}

/// Of the recorded clock, from 1970: what alerts are numbered by.
fn minute(now: Now) -> u32 {
    u32::try_from(now.0.div_euclid(MINUTE).max(1)).unwrap_or(u32::MAX)
}
