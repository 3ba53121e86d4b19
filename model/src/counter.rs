//! What was added between the counts of a counter.
//!
//! A people counter, a meter, a rain gauge's tips: a number that only grows, until it does not. It starts again at
//! midnight or with its device, shows 0 for some seconds and then the old total, takes one back, or wraps. Whoever takes
//! each fall as a start anew counts corrections and hiccups once more; whoever takes none loses days; whoever takes
//! differences in order of arrival does both. So the counts are kept as they came, and what was added is worked out of
//! them in the order of their moments, by the rule of [`steps`] alone: any order of arrival gives the same (BATCH).
//!
//! It is worked out day by day. What one day hands on to the next ([`Carried`]) is all that the next needs to know of it.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::{
    time::{EventTime, Millis},
    window::Aggregate,
};

/// A fall to this share of the count before or above is taken back, not begun anew.
const TAKEN_BACK: f64 = 0.9;
/// A rate is judged over a minute at least: two counts of one second say nothing of it.
const SHORTEST: Millis = Millis::minutes(1);
/// So many counts may wait for what follows them at the end of a day; with more it is settled by them.
const WAITING_MOST: usize = 64;

/// How a counter behaves.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CounterRule {
    /// Counts that lie apart from those around them, for so long at most, are a hiccup if the counter comes back.
    pub hiccup: Millis,
    /// A fall by so much is taken back also where it is more than a tenth. In the counter's unit.
    pub taken_back: f64,
    /// The most that is added in a minute, if that is known.
    pub most_per_minute: Option<f64>,
    /// Behind its largest count it begins with 0 again: how many counts there are, such as 65,536.
    pub wraps_at: Option<f64>,
    /// Of what was added between counts that lie further apart nobody knows when.
    pub gap: Option<Millis>,
}

/// A good count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// When it stood there.
    pub at: EventTime,
    /// What it showed.
    pub value: f64,
}

/// What a count is to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// There is none before it: nothing is known of what was added.
    First,
    /// It goes on.
    Counted,
    /// It goes on after so long that nobody knows when.
    AfterGap,
    /// It went over its end and on.
    Wrapped,
    /// The counter took some back: nothing is added until it is above what was counted.
    TakenBack,
    /// It began anew: what is shown was added since; what was added before is unknown.
    Restarted,
    /// More than can be was added: nothing is, and what was is unknown.
    Leapt,
    /// It lies apart from the counts around it: it says nothing.
    Hiccup,
    /// What it is will be known by the next count.
    Waiting,
}

impl Turn {
    /// Whether what was added since the count before is known, and known to be of that time.
    #[must_use]
    pub fn is_known(self) -> bool {
        matches!(self, Turn::Counted | Turn::Wrapped | Turn::TakenBack)
    }
}

/// What a count adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The count.
    pub count: Count,
    /// What was added since the one before it.
    pub added: f64,
    /// What it is.
    pub turn: Turn,
}

/// What a day hands on to the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Carried {
    standing: Option<Standing>,
    /// Counts of which it is not known what they are.
    waiting: Vec<Count>,
}

/// Where a counter stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Standing {
    /// The last count that was taken for one.
    last: Count,
    /// What was counted since it began: above `last` where some was taken back.
    level: f64,
}

impl CounterRule {
    /// A counter of which nothing is known but that it is one.
    #[must_use]
    pub fn plain() -> CounterRule {
        let (most_per_minute, wraps_at, gap) = (None, None, None);
        CounterRule { hiccup: Millis::minutes(1), taken_back: 0.0, most_per_minute, wraps_at, gap }
    }

    fn is_taken_back(&self, last: f64, value: f64) -> bool {
        value > 0.0 && (value >= TAKEN_BACK * last || last - value <= self.taken_back)
    }

    fn can_be(&self, added: f64, between: Millis) -> bool {
        let minutes = between.0.max(SHORTEST.0) as f64 / 60_000.0;
        self.most_per_minute.is_none_or(|most| added <= most * minutes)
    }

    fn is_near(&self, before: Count, after: Count) -> bool {
        after.at.0.saturating_sub(before.at.0) <= self.hiccup.0
    }

    fn key(&self) -> (Millis, u64, Option<u64>, Option<u64>, Option<Millis>) {
        let bits = |number: Option<f64>| number.map(f64::to_bits);
        let CounterRule { hiccup, taken_back, most_per_minute, wraps_at, gap } = *self;
        (hiccup, taken_back.to_bits(), bits(most_per_minute), bits(wraps_at), gap)
    }
}

impl PartialEq for CounterRule {
    fn eq(&self, other: &CounterRule) -> bool {
        self.key() == other.key()
    }
}

impl Eq for CounterRule {}

impl Hash for CounterRule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl Carried {
    /// The first of the counts of which it is not known yet what they are.
    #[must_use]
    pub fn waits_since(&self) -> Option<EventTime> {
        self.waiting.first().map(|count| count.at)
    }
}

/// What the counts of a day add, in the order of their moments, and what it hands on. `carried` is what the day before
/// handed on; its counts that waited are among the steps, in front.
///
/// A count *goes on* from where the counter stands. One that lies below it (and is not merely taken back), or further
/// above than can be, *departs*. If within the time of a hiccup a count goes on from where the counter stood, those that
/// departed are the hiccup; so are counts from which, within that time, it falls back to where it had stood before them.
/// What departed and did not come back has wrapped, if that can be, or begun anew, or leapt. While no count lies behind the
/// time of a hiccup, it waits.
#[must_use]
pub fn steps(rule: &CounterRule, carried: &Carried, counts: &[Count]) -> (Vec<Step>, Carried) {
    let all: Vec<Count> = carried.waiting.iter().chain(counts).copied().collect();
    let mut steps: Vec<Step> = Vec::with_capacity(all.len());
    // Where the counter stood before each step of this day.
    let mut before: Vec<Option<Standing>> = Vec::with_capacity(all.len());
    let mut standing = carried.standing;
    let mut next = 0;
    while let Some(&count) = all.get(next) {
        let Some(stood) = standing else {
            before.push(None);
            steps.push(Step { count, added: 0.0, turn: Turn::First });
            standing = Some(Standing { last: count, level: count.value });
            next += 1;
            continue;
        };
        if let Some((turn, added, stands)) = goes_on(rule, stood, count) {
            before.push(standing);
            steps.push(Step { count, added, turn });
            standing = Some(stands);
            next += 1;
            continue;
        }
        let behind = &all[next + 1..];
        let near = behind.iter().take_while(|other| rule.is_near(count, **other));
        let near: Vec<Count> = near.copied().collect();
        if let Some(back) = near.iter().position(|other| goes_on(rule, stood, *other).is_some()) {
            for departed in &all[next..=next + back] {
                before.push(standing);
                steps.push(Step { count: *departed, added: 0.0, turn: Turn::Hiccup });
            }
            next += 1 + back;
            continue;
        }
        if let Some(peak) = peak(rule, &steps, &before, count) {
            for step in &mut steps[peak..] {
                (step.added, step.turn) = (0.0, Turn::Hiccup);
            }
            standing = before[peak];
            continue;
        }
        if near.len() == behind.len() && near.len() < WAITING_MOST {
            let waiting = all[next..].to_vec();
            let step = |count: &Count| Step { count: *count, added: 0.0, turn: Turn::Waiting };
            steps.extend(waiting.iter().map(step));
            return (steps, Carried { standing, waiting });
        }
        before.push(standing);
        let (turn, added) = departs(rule, stood, count);
        steps.push(Step { count, added, turn });
        standing = Some(Standing { last: count, level: count.value });
        next += 1;
    }
    (steps, Carried { standing, waiting: Vec::new() })
}

/// What a count adds that goes on from where the counter stands; none if it departs.
fn goes_on(rule: &CounterRule, stood: Standing, count: Count) -> Option<(Turn, f64, Standing)> {
    let between = Millis(count.at.0.saturating_sub(stood.last.at.0));
    if count.value < stood.last.value {
        let taken_back = rule.is_taken_back(stood.last.value, count.value);
        return taken_back.then_some((Turn::TakenBack, 0.0, Standing { last: count, level: stood.level }));
    }
    let added = (count.value - stood.level).max(0.0);
    if !rule.can_be(added, between) {
        return None;
    }
    let turn = if rule.gap.is_some_and(|gap| between > gap) { Turn::AfterGap } else { Turn::Counted };
    Some((turn, added, Standing { last: count, level: stood.level.max(count.value) }))
}

/// What a count adds that departed for good.
fn departs(rule: &CounterRule, stood: Standing, count: Count) -> (Turn, f64) {
    if count.value >= stood.last.value {
        return (Turn::Leapt, 0.0);
    }
    let between = Millis(count.at.0.saturating_sub(stood.last.at.0));
    let wrapped = rule.wraps_at.map(|end| count.value + end - stood.last.value);
    match wrapped.filter(|added| *added >= 0.0 && rule.can_be(*added, between)) {
        Some(added) => (Turn::Wrapped, added),
        None => (Turn::Restarted, count.value),
    }
}

/// Where counts begin that lie above those around them: a fall goes back to where the counter stood before them.
fn peak(rule: &CounterRule, steps: &[Step], before: &[Option<Standing>], fallen: Count) -> Option<usize> {
    for (number, step) in steps.iter().enumerate().rev() {
        if !rule.is_near(step.count, fallen) {
            return None;
        }
        let stood = before[number].filter(|_| step.turn != Turn::Hiccup && step.turn != Turn::Restarted);
        if stood.is_some_and(|stood| stood.level <= fallen.value && goes_on(rule, stood, fallen).is_some()) {
            return Some(number);
        }
        // What began anew within the time is no peak of what was before.
        if step.turn == Turn::Restarted {
            return None;
        }
    }
    None
}

/// What was added in a window: the sum of its steps in the order of their moments. Counted are those of which it is known
/// what was added, and when. An addition belongs to the time before its count, so the window ends with its last moment and
/// begins behind its first: `(start, end]`.
#[must_use]
pub fn added(steps: &[Step], start: EventTime, end: EventTime) -> Aggregate {
    let mut window = Aggregate::default();
    let within = |step: &&Step| start < step.count.at && step.count.at <= end;
    for step in steps.iter().filter(within) {
        if step.turn.is_known() {
            window.push(step.added);
        } else {
            window.sum += step.added;
        }
    }
    window
}

#[cfg(test)]
mod tests;
