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
    rule::{AlertChange, AlertKey, CountBy, Counted, Counting, Group},
    time::{EventTime, Millis, Now},
};
use serde::{Deserialize, Serialize};

use super::{
    LATE, Sighting, SightingAdds, Suspected, Watcher,
    suspect::{Open, Reached, Run, Suspect},
};
use crate::{alert, exchange::VirtualShard, step::ShardResults};

/// So many addresses or users of a virtual shard are kept for a rule.
pub(super) const SUSPECTS: usize = 1_024;
/// So many sightings of them all.
pub(super) const SIGHTINGS: usize = 16_384;
/// So many of them may have an open alert.
pub(super) const OPEN: usize = 64;
const MINUTE: i64 = 60_000;
/// Who takes on what nobody did, and what is said of it.
pub(crate) const NOBODY: &str = "ioc";
const OUT_OF_PLACE: &str = "Đã hết và chưa ai nhận; nhường chỗ cho cảnh báo mới. / Over, and taken on by nobody; it gave its place to a new one.";

/// A rule's part of a virtual shard.
#[derive(Debug)]
pub(super) struct Watch {
    /// What the sightings were taken for.
    counting: Counting,
    suspects: BTreeMap<Group, Suspect>,
    /// Those of which something can be forgotten, by when they were heard last.
    heard: BTreeSet<((Now, Arrival), Group)>,
    /// Those with an active one, by when it is over unless something comes.
    due: BTreeSet<(EventTime, Group)>,
    /// Those with one that is over and that nobody took on, by when it was.
    over: BTreeSet<(EventTime, Group)>,
    sightings: usize,
    open: usize,
    /// The highest number of those that were forgotten: it does not come again in its minute.
    numbered: u32,
}

/// As a checkpoint keeps it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WatchRecord {
    rule: Name,
    shard: VirtualShard,
    counting: Counting,
    numbered: u32,
    suspects: Vec<(Group, Suspect)>,
}

/// [`WatchRecord`] as it is written: postcard writes both alike.
#[derive(Serialize)]
struct WatchRef<'a> {
    rule: Name,
    shard: VirtualShard,
    counting: &'a Counting,
    numbered: u32,
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
        let (suspects, heard, due, over) = Default::default();
        Watch { counting, suspects, heard, due, over, sightings: 0, open: 0, numbered: 0 }
    }

    /// Whether it has nothing to know any more.
    pub(super) fn is_empty(&self, now: Now) -> bool {
        self.suspects.is_empty() && self.numbered < minute(now)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.suspects.len()
    }

    pub(super) fn record(&self, rule: Name, shard: VirtualShard) -> Result<Vec<u8>, postcard::Error> {
        let suspects = self.suspects.iter().collect();
        let (counting, numbered) = (&self.counting, self.numbered);
        postcard::to_stdvec(&WatchRef { rule, shard, counting, numbered, suspects })
    }

    pub(super) fn load(record: WatchRecord) -> (Name, VirtualShard, Watch) {
        let WatchRecord { rule, shard, counting, numbered, suspects } = record;
        let mut watch = Watch { numbered, ..Watch::new(counting) };
        for (group, suspect) in suspects {
            let suspect = suspect.loaded();
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
        } else if suspect.open.is_some() {
            let _ = self.over.insert((over_at(&self.counting, suspect), group.clone()));
        }
        if suspect.open.is_none() || suspect.len() > 0 {
            let _ = self.heard.insert((suspect.heard, group.clone()));
        }
    }

    /// Takes one from there, to be changed. It is put back by [`Watch::put`].
    fn lift(&mut self, group: &Group) -> Option<Suspect> {
        let suspect = self.suspects.remove(group)?;
        let _ = self.heard.remove(&(suspect.heard, group.clone()));
        let place = (over_at(&self.counting, &suspect), group.clone());
        let _ = self.due.remove(&place);
        let _ = self.over.remove(&place);
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
        } else {
            self.numbered = self.numbered.max(suspect.number);
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
            None => Suspect::new((now, sighting.arrival)),
        };
        // Who was not heard of longest is forgotten first. There always is one: whoever cannot be forgotten has an open
        // alert and no sightings.
        while self.suspects.len() >= SUSPECTS || self.sightings + suspect.len() >= SIGHTINGS {
            let Some((_, unheard)) = self.heard.first().cloned() else { break };
            self.forget(unheard);
            results.forget(rule.id);
        }
        let room = if suspect.open.is_some() || self.open < OPEN { Some(self.numbered) } else { None };
        judge(rule, now, &sighting, &mut suspect, room, results);
        self.put(sighting.group, suspect);
        if self.open >= OPEN {
            self.let_go(rule.id, now, results);
        }
    }

    /// Of alerts that are over and that nobody took on, the one that is so longest gives its place to the next: it is taken
    /// on in the product's own name, and says why.
    fn let_go(&mut self, rule: Name, now: Now, results: &mut ShardResults) {
        let Some((_, group)) = self.over.first().cloned() else { return };
        let Some(mut suspect) = self.lift(&group) else { return };
        take_on(rule, now, &group, &mut suspect, (NOBODY, OUT_OF_PLACE), results);
        self.put(group, suspect);
    }

    /// What the clock ends and forgets.
    pub(super) fn pass(&mut self, rule: Name, now: Now, results: &mut ShardResults) {
        while let Some((_, group)) = self.due.first().filter(|(due, _)| due.0 <= now.0).cloned() {
            let Some(mut suspect) = self.lift(&group) else { break };
            clear(rule, now, &group, &mut suspect, results);
            self.put(group, suspect);
        }
        // A late sighting may lie next to what was told: as long as it counts, that is known.
        let keep = LATE.0.saturating_add(self.counting.within.0.max(self.counting.clear_after.0));
        let forgotten = now.0.saturating_sub(keep);
        while let Some((heard, group)) = self.heard.first().cloned() {
            let number_is_past = |suspect: &Suspect| suspect.number < minute(now);
            let is_due = heard.0.0 <= forgotten;
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
            clear(rule, now, &group, &mut suspect, results);
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
        // The rule may have counted by somebody else when it was raised. Another spelling is another alert, which there
        // never was.
        let is_it = |group: &Group| group.to_string() == *action.alert.subject;
        let said = [CountBy::From, CountBy::User].map(|by| Group::of_subject(by, &action.alert.subject));
        let group =
            said.into_iter().flatten().find(|group| is_it(group) && self.suspects.contains_key(group))?;
        let number = self.suspects.get(&group)?.number;
        if !(1..=number).contains(&action.alert.number) {
            return None;
        }
        let mut suspect = self.lift(&group)?;
        let is_it = action.alert.number == number;
        let effective = match suspect.open.filter(|open| is_it && !open.alert.acknowledged) {
            None => false,
            Some(_) => {
                take_on(rule, now, &group, &mut suspect, (&action.user, &action.note), results);
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
    room: Option<u32>,
    results: &mut ShardResults,
) {
    let Counting { within, clear_after: pause, .. } = rule.counting;
    let at = sighting.at;
    let adds = !matches!(sighting.adds, SightingAdds::More(..=0));
    let is_over = |end: EventTime| end.plus(pause) <= EventTime(now.0);
    // What was over before it came, and whose end the clock has not told yet.
    if suspect.run.is_some_and(|run| at >= run.end.plus(pause) && is_over(run.end)) && suspect.is_active() {
        clear(rule.id, now, &sighting.group, suspect, results);
    }
    let active = suspect.is_active();
    suspect.hear(now, sighting, within);
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
    raise(rule, now, sighting, suspect, (run, reached, active), room, results);
}

fn raise(
    rule: &Watcher,
    now: Now,
    sighting: &Sighting,
    suspect: &mut Suspect,
    (run, reached, active): (Run, Reached, bool),
    room: Option<u32>,
    results: &mut ShardResults,
) {
    let priority = rule.priority;
    let change = match &mut suspect.open {
        Some(open) => {
            open.alert.recur(active, priority);
            AlertChange::Recurred
        }
        None => {
            let Some(numbered) = room else {
                results.forget(rule.id);
                return;
            };
            let next = suspect.number.max(if numbered < minute(now) { 0 } else { numbered });
            suspect.number = minute(now).max(next.saturating_add(1));
            let about = rule.counting.by.about();
            suspect.open = Some(Open { alert: alert::Open::raised(active, priority), about });
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
        compared: None,
        sensor: None,
    };
    let happened = told(rule.id, now, &sighting.group, suspect, change);
    results.facts.alerts.extend(happened.map(|told| AlertResult { evidence: Some(evidence), ..told }));
    results.suspected.push(suspected(rule.id, &sighting.group, suspect));
}

fn clear(rule: Name, now: Now, group: &Group, suspect: &mut Suspect, results: &mut ShardResults) {
    let Some(open) = suspect.open.as_mut() else { return };
    open.alert.active = false;
    results.facts.alerts.extend(told(rule, now, group, suspect, AlertChange::Cleared));
    close_if_done(suspect);
    results.suspected.push(suspected(rule, group, suspect));
}

/// Somebody takes an alert on.
fn take_on(
    rule: Name,
    now: Now,
    group: &Group,
    suspect: &mut Suspect,
    (user, note): (&str, &str),
    results: &mut ShardResults,
) {
    let Some(open) = suspect.open.as_mut() else { return };
    open.alert.acknowledged = true;
    let happened = told(rule, now, group, suspect, AlertChange::Acknowledged);
    results.facts.alerts.extend(happened.map(|told| AlertResult {
        user: user.into(),
        note: note.into(),
        ..told
    }));
    close_if_done(suspect);
    results.suspected.push(suspected(rule, group, suspect));
}

fn close_if_done(suspect: &mut Suspect) {
    suspect.open = suspect.open.filter(|open| !open.alert.is_done());
}

fn told(rule: Name, now: Now, group: &Group, suspect: &Suspect, change: AlertChange) -> Option<AlertResult> {
    let open = suspect.open?;
    let key = AlertKey { rule: rule.into(), subject: group.to_string().into(), number: suspect.number };
    Some(open.alert.told(key, open.about, change, now))
}

fn suspected(rule: Name, group: &Group, suspect: &Suspect) -> Suspected {
    let open = suspect.open.map(|open| open.alert.counted(rule, suspect.number));
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
