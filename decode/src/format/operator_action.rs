//! What an operator did, as the page's API appends it: one JSON object an envelope.
//!
//! ```json
//! {"action": "acknowledge", "alert": "pm25-day~TN-0412~3", "user": "an", "note": "gọi trạm"}
//! ```
//!
//! The API checks the same before it appends; whatever comes otherwise is a reject like any other.

use ioc_model::{
    action::{NOTE_MAX, USER_MAX},
    rule::AlertKey,
};
use serde::Deserialize;

use crate::contract::{Refusal, RowSink, Rows, legible};

/// How much is told of what the parser says. Characters.
const ERROR_MAX: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said<'a> {
    #[serde(borrow)]
    action: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    alert: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    user: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    note: std::borrow::Cow<'a, str>,
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
    match judged(&said) {
        Ok(alert) => rows.act(alert, &said.user, &said.note),
        Err(refusal) => rows.reject(refusal, &"", payload),
    }
    Ok(())
}

fn judged(said: &Said<'_>) -> Result<AlertKey, Refusal> {
    if said.action != "acknowledge" {
        return Err(Refusal::invalid(
            "action",
            &said.action,
            "không phải một thao tác",
            "which is no action",
            "acknowledge",
        ));
    }
    let alert = said.alert.parse().map_err(|_| {
        Refusal::invalid(
            "alert",
            &said.alert,
            "không phải mã cảnh báo",
            "which is not an alert's name",
            "pm25-day~TN-0412~3",
        )
    })?;
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
    Ok(alert)
}
