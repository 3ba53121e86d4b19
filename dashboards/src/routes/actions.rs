//! What all actions of operators have in common.
//!
//! A foreign page must not be able to make a browser act, so the content type has to be JSON, which a browser sends to
//! another origin only after asking, and nobody answers that. The answer comes when the action's bytes are durable
//! (invariant ACK); what it changes changes with the epoch that takes it in, like everything on the board.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, header},
};
use ioc_model::{
    action::{NOTE_MAX, USER_MAX},
    position::Position,
};
use serde::{Serialize, de::DeserializeOwned};

use super::AppState;
use crate::{operator::NotAppended, problem::Problem};

/// The largest body of an action.
const ACTION_BYTES: usize = 16 << 10;
/// How long it may take to come.
const ACTION_WITHIN: Duration = Duration::from_secs(10);

pub(super) fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    if is_json(headers) {
        return Ok(());
    }
    Err(Problem::unsupported("send the action as application/json")
        .vi("hãy gửi thao tác dưới dạng application/json"))
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

pub(super) async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    let bytes = match tokio::time::timeout(ACTION_WITHIN, to_bytes(body, ACTION_BYTES)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => {
            return Err(Problem::too_large(format!("an action has at most {ACTION_BYTES} bytes"))
                .vi("thao tác không được vượt quá 16 KiB"));
        }
        Err(_) => {
            return Err(Problem::bad_request("the body came too slowly").vi("nội dung gửi đến quá chậm"));
        }
    };
    serde_json::from_slice(&bytes).map_err(|error| {
        Problem::invalid(format!("the action cannot be read: {error}")).vi("không đọc được nội dung thao tác")
    })
}

/// Who acts, and in which words.
pub(super) fn by<'a>(user: &'a str, note: &'a str) -> Result<(&'a str, &'a str), Problem> {
    let (user, note) = (user.trim(), note.trim());
    if !(1..=USER_MAX).contains(&user.chars().count()) || user.chars().any(char::is_control) {
        return Err(Problem::invalid(format!("'user' must be a name of 1 to {USER_MAX} characters"))
            .vi("tên người tiếp nhận phải có từ 1 đến 64 ký tự"));
    }
    if note.chars().count() > NOTE_MAX {
        return Err(Problem::invalid(format!("'note' must not be longer than {NOTE_MAX} characters"))
            .vi("ghi chú không được dài quá 1.000 ký tự"));
    }
    Ok((user, note))
}

/// Appends what came to that path. Resolves when it is durable.
pub(super) async fn append(
    state: &AppState,
    address: &str,
    said: &impl Serialize,
) -> Result<Position, Problem> {
    let payload = serde_json::to_vec(said).map_err(|error| Problem::internal(error.to_string()))?;
    state.operator.act(address, &payload).await.map_err(|not_taken| match not_taken {
        NotAppended::Full => Problem::unavailable("the log has no room now; nothing was recorded", 10)
            .vi("nhật ký đang đầy, thao tác chưa được ghi nhận; hãy thử lại sau"),
        NotAppended::Down(cause) => {
            tracing::error!(%cause, "an operator's action was not taken");
            Problem::unavailable("the log takes nothing now; nothing was recorded", 30)
                .vi("nhật ký tạm thời không nhận, thao tác chưa được ghi nhận; hãy thử lại sau")
        }
    })
}
