//! Reports as agencies send them: published indices of the province, dengue of elsewhere, and what communes and departments
//! might report.
//!
//! What was published is dropped into the inbox as it was published ([`recorded`]). The rest nobody reported: the numbers are
//! made from a seed ([`numbers`]) and filled into the forms' own templates ([`filled`]), each some days after its period has
//! ended. Departments push a workbook; communes drop a CSV file or push one. Some are wrong, as real ones are: a number that
//! is none, parts that are more than the whole, a figure ten times too large, one that comes corrected days later, none at
//! all. Wards also report every day, mostly before nine the next morning, so that obligations fall due, are met, missed and
//! revised while one looks. What is wrong depends on the seed, the commune and the month alone.

mod filled;
mod numbers;
mod recorded;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use ioc_model::{
    calendar::Calendar,
    form::{Owner, Period, PeriodKind, PlacesByCode},
    pack::Pack,
    place::Date,
    time::{EventTime, Millis},
};

use jiff::civil::Time;

use super::{PublisherArgs, dust::drop_file, follow::wait_until};
use crate::pack_files::embedded_pack;

/// The pack whose forms are filled in: that of the demo.
const PACK: &str = "tay-ninh";
const PUSHED_TO: &str = "demo-reports";
const DROPPED_TO: &str = "demo-reports";
/// How far back reports go at the start, in days from the end of their periods: of departments, of each commune.
const BACK: i64 = 150;
const BACK_OF_COMMUNES: i64 = 100;
/// Of reports of a day.
const BACK_OF_DAYS: i64 = 4;
/// At the start of a school year schools are counted.
const SCHOOLS_COUNTED: i64 = 34;
const DAY: i64 = Millis::hours(24).0;
const HOUR: i64 = Millis::hours(1).0;
const RETRY_AFTER: Duration = Duration::from_secs(2);
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// What is the matter with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// Words instead of a number: refused.
    Words,
    /// A part that is more than the whole: refused.
    Part,
    /// A number ten times too large: taken with a warning.
    Tenfold,
    /// An error of the one before, put right.
    Correction,
}

/// A report that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Due<'p> {
    at: EventTime,
    form: &'p str,
    period: Period,
    /// Of a form of one commune a message.
    place: Option<&'p str>,
    fault: Fault,
    is_pushed: bool,
}

/// A report as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Message {
    name: String,
    content_type: &'static str,
    content: Vec<u8>,
}

/// Sends reports for ever, each at its moment, if it is said where.
pub(super) async fn publish(args: &PublisherArgs, calendar: &Calendar) {
    let Some(inbox) = &args.lists_inbox else { return };
    if let Err(error) = try_publish(args, inbox, calendar).await {
        tracing::error!(%error, "no reports are sent any more");
    }
}

async fn try_publish(args: &PublisherArgs, inbox: &Path, calendar: &Calendar) -> anyhow::Result<()> {
    let files = embedded_pack(PACK).context("the demo's pack is not in this binary")?;
    let pack = Pack::parse_with(&files, Some("demo"))
        .map_err(|faults| anyhow::anyhow!("the demo's pack has faults: {faults}"))?;
    for (folder, Message { name, content, .. }) in recorded::files(&pack)? {
        drop_it(&inbox.join(folder), &name, &content).await;
    }
    let now = EventTime(args.clock.now().0);
    let mut after = now.minus(Millis(400 * DAY));
    let mut until = now;
    loop {
        for due in reports_between(&pack, args.seed, after, until, calendar) {
            // At the start: what is older nobody asks for.
            let back = match due.period.kind {
                PeriodKind::Day => BACK_OF_DAYS,
                _ if due.place.is_some() => BACK_OF_COMMUNES,
                _ => BACK,
            };
            let is_old = due.at < now.minus(Millis(back * DAY)) && due.period.kind != PeriodKind::SchoolRound;
            if is_old {
                continue;
            }
            wait_until(args.clock, due.at).await;
            let Some(message) = filled::message(&pack, args.seed, &due)? else { continue };
            match &args.reports_push {
                Some(address) if due.is_pushed => push(args, address, message).await,
                _ => drop_it(&inbox.join(DROPPED_TO), &message.name, &message.content).await,
            }
            // Other channels share this thread.
            tokio::task::yield_now().await;
        }
        after = until;
        until = until.plus(Millis(DAY));
        wait_until(args.clock, after).await;
    }
}

async fn drop_it(folder: &Path, name: &str, content: &[u8]) {
    while let Err(error) = drop_file(folder, name, content) {
        tracing::warn!(%error, ?folder, "cannot drop a report: trying again");
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

/// Pushes until it is answered, be it that the report is refused.
async fn push(args: &PublisherArgs, address: &str, message: Message) {
    let url: Arc<str> = format!("{}/{PUSHED_TO}", address.trim_end_matches('/')).into();
    let bearer: Arc<str> = format!("Bearer {}.{}", args.user, args.secret).into();
    let message = Arc::new(message);
    loop {
        let (url, bearer, message) = (url.clone(), bearer.clone(), message.clone());
        let sent = tokio::task::spawn_blocking(move || {
            let agent: ureq::Agent = ureq::Agent::config_builder()
                .timeout_global(Some(ANSWERED_WITHIN))
                .http_status_as_error(false)
                .build()
                .into();
            let request = agent.post(&*url).header("authorization", &*bearer);
            let answer = request.header("content-type", message.content_type).send(&message.content[..])?;
            Ok::<u16, ureq::Error>(answer.status().as_u16())
        });
        match sent.await {
            Ok(Ok(status)) if status < 500 && status != 429 => {
                if !matches!(status, 200..=299 | 422) {
                    tracing::warn!(status, "a report was not taken: is its feed in the pack?");
                }
                return;
            }
            other => tracing::warn!(?other, "cannot push a report: trying again"),
        }
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

/// Reports due in a stretch of time, by their moments.
fn reports_between<'p>(
    pack: &'p Pack,
    seed: u64,
    after: EventTime,
    until: EventTime,
    calendar: &Calendar,
) -> Vec<Due<'p>> {
    let places = PlacesByCode::of(&pack.places);
    let mut reports = Vec::new();
    for form in pack.forms.values().filter(|form| numbers::are_made_of(&form.id)) {
        // A report is due within weeks of its period.
        let Some(mut day) = day_of(after.minus(Millis(60 * DAY)), calendar) else { continue };
        let Some(last) = day_of(until, calendar) else { continue };
        let mut before: Option<Period> = None;
        while day <= last {
            let period = Period::holding(form.period, day).filter(|period| before != Some(*period));
            if let Some(period) = period {
                before = Some(period);
                let of_places = form.owner == Owner::Place;
                let there = if of_places { places.of_scope_on(&form.places, period.end) } else { Vec::new() };
                let each = there.iter().map(|place| Some(place.key.code.as_str()));
                let whom: Vec<Option<&str>> = if of_places { each.collect() } else { vec![None] };
                for place in whom {
                    reports.extend(of(seed, &form.id, period, place, calendar));
                }
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
    }
    reports.retain(|due| due.at > after && due.at <= until);
    reports.sort_by(|a, b| (a.at, a.form, a.place).cmp(&(b.at, b.form, b.place)));
    reports
}

/// What is sent of a form, period and commune: once, not at all, or wrong and then right.
fn of<'p>(
    seed: u64,
    form: &'p str,
    period: Period,
    place: Option<&'p str>,
    calendar: &Calendar,
) -> Vec<Due<'p>> {
    let chance = numbers::hash(seed, &[form, place.unwrap_or_default(), &period.label()]);
    let days = match period.kind {
        PeriodKind::SchoolRound => SCHOOLS_COUNTED,
        PeriodKind::Day => 1,
        _ => 2 + i64::try_from(chance % 8).unwrap_or_default(),
    };
    let from = if period.kind == PeriodKind::SchoolRound { period.start } else { period.end };
    let Some(midnight) = calendar.moment(from.to_datetime(Time::midnight())) else { return Vec::new() };
    let minutes = i64::try_from(chance / 8 % 540).unwrap_or_default();
    let (minutes, pause) = match period.kind {
        // From seven on; of twelve reports one comes behind nine.
        PeriodKind::Day if chance.is_multiple_of(12) => (540 + minutes % 90, HOUR),
        PeriodKind::Day => (420 + minutes % 115, HOUR),
        _ => (480 + minutes, DAY),
    };
    let at = midnight.plus(Millis(days * DAY + minutes * 60_000));
    let due = |later: i64, fault: Fault, is_pushed: bool| Due {
        at: at.plus(Millis(later * pause)),
        form,
        period,
        place,
        fault,
        is_pushed,
    };
    if place.is_none() {
        return vec![due(0, Fault::None, true)];
    }
    match chance / 4_320 % 24 {
        0 => vec![due(0, Fault::Part, true), due(1, Fault::None, true)],
        1 => vec![due(0, Fault::Words, true)],
        2 => vec![due(0, Fault::Tenfold, false)],
        3 => Vec::new(),
        4 => vec![due(0, Fault::None, true), due(3, Fault::Correction, true)],
        5..=8 => vec![due(0, Fault::None, true)],
        _ => vec![due(0, Fault::None, false)],
    }
}

fn day_of(at: EventTime, calendar: &Calendar) -> Option<Date> {
    calendar.local(at).map(|local| local.date())
}
