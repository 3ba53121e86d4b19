//! Taking a changed pack over.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{AppState, actions::is_json, fresh_json};
use crate::{access::Asked, pack::NotReloaded, problem::Problem};

#[derive(Serialize)]
struct Refused {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
    detail_vi: &'static str,
    /// A line each.
    faults: Vec<String>,
}

/// POST `/api/pack/reload`.
pub(super) async fn reload(
    State(state): State<AppState>,
    Asked(asker): Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // A page of somebody else cannot send this type without asking first.
    if !is_json(&headers) {
        return Err(Problem::unsupported("send the order as application/json")
            .vi("hãy gửi yêu cầu dưới dạng application/json"));
    }
    // It changes what everybody is shown.
    if !asker.sees_everything() {
        return Err(Problem::forbidden("only who sees everything may take another pack over")
            .vi("chỉ người được xem toàn bộ mới được áp dụng gói tỉnh khác"));
    }
    match state.reload.reload().await {
        Ok(reloaded) => fresh_json(&reloaded),
        Err(NotReloaded::Faulty(faults)) => Ok(refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the pack has faults and was not taken over",
            "gói tỉnh có lỗi nên chưa được áp dụng",
            faults,
        )),
        Err(NotReloaded::NeedsRestart(why)) => Ok(refused(
            StatusCode::CONFLICT,
            "the pack needs a restart and was not taken over",
            "gói tỉnh cần khởi động lại nên chưa được áp dụng",
            why,
        )),
        Err(NotReloaded::NotNow(why)) => {
            Err(Problem::unavailable(format!("the pack was not taken over: {why}"), 10)
                .vi("chưa áp dụng được gói tỉnh; hãy thử lại sau"))
        }
    }
}

fn refused(
    status: StatusCode,
    detail: &'static str,
    detail_vi: &'static str,
    faults: Vec<String>,
) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let body = Refused { r#type: "about:blank", title, status: status.as_u16(), detail, detail_vi, faults };
    let mut response = (status, Json(body)).into_response();
    let problem = HeaderValue::from_static("application/problem+json");
    let _json = response.headers_mut().insert(header::CONTENT_TYPE, problem);
    response
}
