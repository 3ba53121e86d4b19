//! What an operator did, as the page's API appends it: one JSON object an envelope.
//!
//! ```json
//! {"action": "acknowledge", "alert": "pm25-day~TN-0412~3", "user": "an", "note": "gọi trạm"}
//! {"action": "accept_held", "user": "an",
//!  "rows": [{"sender": "gateway-1", "indicator": "pm25", "subject": "TN-0412", "day": "2026-01-01"}]}
//! {"action": "replay", "user": "an",
//!  "replays": [{"feed": "air", "reason": "unknown_unit", "from": 1767200400000, "until": 1769792400000}]}
//! ```
//!
//! `accept_held` and `refuse_held` decide about what is held: each of `rows` names a sender, a series and a local day and
//! is a row of its own.
//!
//! `replay` has messages read again of which something was rejected: each of `replays` names a feed and a period of
//! arrival, in milliseconds since 1970, and is a row of its own; without a reason it is about all of them. With
//! `"stored": true` it is about those of which something is stored, and has no reason.
//!
//! The API checks the same before it appends; whatever comes otherwise is a reject like any other.

use std::borrow::Cow;

use ioc_model::{
    action::{NOTE_MAX, USER_MAX},
    contract::is_subject,
    reject::RejectReason,
    replay::ReplayScope,
    rule::AlertKey,
    time::ReceivedAt,
};
use serde::Deserialize;

use crate::contract::{Refusal, RowSink, Rows, legible};

/// So many series and days may be decided about at once.
const DECIDED_MAX: usize = 1_000;
/// The longest name of a sender. Characters.
const SENDER_MAX: usize = 256;

/// Moments of arrival that every table can hold. Half-open.
const MOMENTS: std::ops::Range<i64> = 0..7_289_654_400_000;
/// How much is told of what the parser says. Characters.
const ERROR_MAX: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow, default)]
    alert: Cow<'a, str>,
    #[serde(borrow, default)]
    rows: Vec<HeldDay<'a>>,
    #[serde(borrow, default)]
    replays: Vec<Rejects<'a>>,
    #[serde(borrow)]
    user: Cow<'a, str>,
    #[serde(borrow, default)]
    note: Cow<'a, str>,
}

/// A series and a local day of which rows are held.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeldDay<'a> {
    #[serde(borrow)]
    sender: Cow<'a, str>,
    #[serde(borrow)]
    indicator: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    #[serde(borrow)]
    day: Cow<'a, str>,
}

/// Rejects of a feed that arrived in a period, or what is stored of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rejects<'a> {
    #[serde(borrow)]
    feed: Cow<'a, str>,
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
    #[serde(default)]
    stored: bool,
    from: i64,
    until: i64,
}

pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let said: Said<'_> = serde_json::from_slice(payload).map_err(|error| {
        // The parser's words quote what it met, whole.
        let error = legible(&error.to_string(), ERROR_MAX);
        Refusal::malformed(
            format!("Không đọc được thao tác: {error}."),
            format!("The action cannot be read: {error}."),
        )
    })?;
    let judged = by(&said).and_then(|()| match &*said.action {
        "acknowledge" => acknowledged(&said).map(|alert| rows.act(alert, &said.user, &said.note)),
        "accept_held" => decide(&said, true, rows),
        "refuse_held" => decide(&said, false, rows),
        "replay" => replay(&said, rows),
        _ => Err(Refusal::invalid(
            "action",
            &said.action,
            "không phải một thao tác",
            "which is no action",
            "acknowledge, accept_held, refuse_held, replay",
        )),
    });
    if let Err(refusal) = judged {
        rows.reject(refusal, &"", payload);
    }
    Ok(())
}

/// Hands on a decision about each series and day.
fn decide<S: RowSink + ?Sized>(
    said: &Said<'_>,
    accepted: bool,
    rows: &mut Rows<'_, S>,
) -> Result<(), Refusal> {
    if !(1..=DECIDED_MAX).contains(&said.rows.len()) {
        let (vi, en) = (
            format!("phải có từ 1 đến {DECIDED_MAX} mục"),
            format!("of which there must be 1 to {DECIDED_MAX}"),
        );
        let example =
            r#"[{"sender": "gateway-1", "indicator": "pm25", "subject": "TN-0412", "day": "2026-01-01"}]"#;
        return Err(Refusal::invalid("rows", &said.rows.len().to_string(), &vi, &en, example));
    }
    for (index, HeldDay { sender, indicator, subject, day }) in said.rows.iter().enumerate() {
        let place = format!("rows[{index}]");
        let is_sender = sender.chars().count() <= SENDER_MAX && !sender.chars().any(char::is_control);
        let named = is_sender && is_subject(indicator) && is_subject(subject);
        match day.parse().ok().and_then(|date| rows.local_day(date)).filter(|_| named) {
            Some(day) => rows.decide((indicator, subject), day, sender, accepted, (&said.user, &said.note)),
            None => {
                let text = format!("{sender} {indicator} {subject} {day}");
                let vi = "không phải bên gửi, chỉ số, trạm và ngày";
                let en = "which is no sender, indicator, station and day";
                let refusal = Refusal::invalid("rows", &text, vi, en, "gateway-1 pm25 TN-0412 2026-01-01");
                rows.reject(refusal, &place, &[]);
            }
        }
    }
    Ok(())
}

/// Hands on what is to be read again, feed by feed.
fn replay<S: RowSink + ?Sized>(said: &Said<'_>, rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    let example = r#"[{"feed": "air", "from": 1767200400000, "until": 1769792400000}]"#;
    if !(1..=DECIDED_MAX).contains(&said.replays.len()) {
        let (vi, en) = (
            format!("phải có từ 1 đến {DECIDED_MAX} mục"),
            format!("of which there must be 1 to {DECIDED_MAX}"),
        );
        return Err(Refusal::invalid("replays", &said.replays.len().to_string(), &vi, &en, example));
    }
    for (index, Rejects { feed, reason, stored, from, until }) in said.replays.iter().enumerate() {
        let reason = reason.as_ref().map(|word| RejectReason::from_word(word));
        let in_bounds = |moment: &i64| MOMENTS.contains(moment);
        let is_known = feed_name(feed) && reason != Some(None) && [*from, *until].iter().all(in_bounds);
        let scope = if *stored { ReplayScope::Stored } else { ReplayScope::Rejects };
        if is_known && from < until && !(*stored && reason.is_some()) {
            rows.replay(
                feed,
                (scope, reason.flatten()),
                (ReceivedAt(*from), ReceivedAt(*until)),
                (&said.user, &said.note),
            );
        } else {
            let vi = "không phải nguồn, lý do loại và khoảng thời gian";
            let en = "which is no feed, reason and period";
            let refusal = Refusal::invalid("replays", &format!("{feed} {from} {until}"), vi, en, example);
            rows.reject(refusal, &format!("replays[{index}]"), &[]);
        }
    }
    Ok(())
}

/// Whether it may be a feed's name. Whether there is such a feed now does not matter: it came by it then.
fn feed_name(feed: &str) -> bool {
    (1..=SENDER_MAX).contains(&feed.chars().count()) && !feed.chars().any(char::is_control)
}

fn acknowledged(said: &Said<'_>) -> Result<AlertKey, Refusal> {
    said.alert.parse().map_err(|_| {
        Refusal::invalid(
            "alert",
            &said.alert,
            "không phải mã cảnh báo",
            "which is not an alert's name",
            "pm25-day~TN-0412~3",
        )
    })
}

/// Who acted, and in which words.
fn by(said: &Said<'_>) -> Result<(), Refusal> {
    let length = said.user.chars().count();
    if !(1..=USER_MAX).contains(&length)
        || said.user.chars().any(char::is_control)
        || said.user.trim().is_empty()
    {
        let (vi, en) = (
            format!("phải có từ 1 đến {USER_MAX} ký tự"),
            format!("which must be 1 to {USER_MAX} characters"),
        );
        return Err(Refusal::invalid("user", &said.user, &vi, &en, "an"));
    }
    if said.note.chars().count() > NOTE_MAX {
        let (vi, en) =
            (format!("dài quá {NOTE_MAX} ký tự"), format!("which is longer than {NOTE_MAX} characters"));
        return Err(Refusal::invalid("note", &said.note, &vi, &en, "gọi trạm"));
    }
    Ok(())
}
