//! Speaking to nodes of Sparkplug.

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};

use super::{AppState, actions, fresh_json};
use crate::{
    access::Asked,
    nodes::{NotAsked, RebirthRequest},
    problem::Problem,
};

/// POST `/api/nodes/rebirth`.
pub(super) async fn rebirth(
    State(state): State<AppState>,
    Asked(asker): Asked,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    actions::must_be_json(&headers)?;
    // A node's stations may be anywhere, and its sender is of no place.
    if !asker.sees_everything() {
        return Err(Problem::forbidden("only who sees everything may speak to a node")
            .vi("chỉ người được xem toàn bộ mới được gửi lệnh cho nút"));
    }
    let of: RebirthRequest = actions::read(body).await?;
    match state.nodes.rebirth(&of) {
        Ok(asked) => {
            tracing::info!(sender = of.sender, group = of.group, node = of.node, "a rebirth is asked for by hand");
            fresh_json(&asked)
        }
        Err(NotAsked::NotHeard) => Err(Problem::not_found(
            "no session of that sender hears commands to that node: it is not subscribed, or does not publish for it",
        )
        .vi("không có phiên nào của bên gửi này nghe lệnh của nút: chưa đăng ký nhận, hoặc không gửi thay nút đó")),
        Err(NotAsked::TooSoon) => Err(Problem::conflict("the node was asked a moment ago; ask again in ten seconds")
            .vi("vừa gửi lệnh cho nút này; hãy thử lại sau 10 giây")),
        Err(NotAsked::NoName) => Err(Problem::invalid(
            "a group and a node are levels of a topic: 1 to 200 bytes, without '/', '+', '#'",
        )
        .vi("nhóm và nút là một mức của chủ đề: 1 đến 200 byte, không có '/', '+', '#'")),
    }
}
