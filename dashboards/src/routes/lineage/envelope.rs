//! A message as it came, and what was made of it.

use std::collections::BTreeMap;

use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ioc_model::{envelope::Content, position::Position, time::ReceivedAt};
use serde::Serialize;

use crate::{
    access::Asked,
    lineage::EnvelopeRows,
    originals::Kept,
    problem::Problem,
    routes::{AppState, fresh_json, position, reports::is_kept_back},
};

/// How many bytes of an envelope are shown; all of them are at its `raw`.
const SHOWN_BYTES: usize = 64 << 10;

#[derive(Serialize)]
struct EnvelopeLineage {
    position: String,
    feed: Option<String>,
    address: Option<String>,
    received_at: Option<ReceivedAt>,
    /// `raw`, or `withheld` where a description stands for bytes that were too large.
    content: Option<&'static str>,
    /// What is known of it beside its bytes, by word: `sender`, `peer`, `content_type`, `retained`, ….
    attributes: BTreeMap<String, String>,
    length: Option<usize>,
    /// `log` or `archive`; none where the bytes are gone.
    r#where: Option<&'static str>,
    file: Option<String>,
    /// The beginning, where all of it is UTF-8.
    text: Option<String>,
    /// The beginning, where it is not.
    base64: Option<String>,
    /// The beginning is not all of it.
    cut: bool,
    /// It says numbers of persons, and nothing of it is shown: whoever sent it has it.
    kept_back: bool,
    #[serde(flatten)]
    made: EnvelopeRows,
}

/// GET `/api/lineage/envelope/{position}`.
pub(in crate::routes) async fn envelope(
    State(state): State<AppState>,
    Asked(asker): Asked,
    Path(text): Path<String>,
) -> Result<Response, Problem> {
    let position = position(&text)?;
    let made = state.history.rows_of(&asker, position).await?;
    let mut lineage = EnvelopeLineage {
        position: position.to_string(),
        feed: None,
        address: None,
        received_at: None,
        content: None,
        attributes: BTreeMap::new(),
        length: None,
        r#where: None,
        file: None,
        text: None,
        base64: None,
        cut: false,
        kept_back: false,
        made,
    };
    let shown = state.shown();
    let rejects = lineage.made.rejects.into_iter();
    lineage.made.rejects = rejects.map(|reject| shown.guarded.reject(reject)).collect();
    match state.originals.open(&asker, position).await? {
        Some(original) => {
            let payload = &original.payload;
            lineage.kept_back = is_kept_back(&state, &asker, position, &original.feed).await?;
            lineage.cut = payload.len() > SHOWN_BYTES && !lineage.kept_back;
            lineage.length = Some(payload.len());
            match std::str::from_utf8(payload) {
                _ if lineage.kept_back => {}
                Ok(text) => lineage.text = Some(beginning(text).to_owned()),
                Err(_) => {
                    let shown = &payload[..payload.len().min(SHOWN_BYTES)];
                    lineage.base64 = Some(STANDARD.encode(shown));
                }
            }
            lineage.feed = Some(original.feed);
            lineage.address = Some(original.address);
            lineage.attributes = original.attributes.into_iter().collect();
            lineage.received_at = Some(original.received_at);
            lineage.content = Some(match original.content {
                Content::Raw => "raw",
                Content::Withheld => "withheld",
            });
            (lineage.r#where, lineage.file) = match original.kept {
                Kept::Log => (Some("log"), None),
                Kept::Archive(file) => (Some("archive"), Some(file)),
            };
        }
        None if lineage.made == EnvelopeRows::default() => {
            return Err(gone(position));
        }
        None => {}
    }
    fresh_json(&lineage)
}

/// The longest beginning of a text that ends between characters and is not longer than what is shown.
fn beginning(text: &str) -> &str {
    let mut end = text.len().min(SHOWN_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// GET `/api/lineage/envelope/{position}/raw`.
pub(in crate::routes) async fn raw(
    State(state): State<AppState>,
    Asked(asker): Asked,
    Path(text): Path<String>,
) -> Result<Response, Problem> {
    let position = position(&text)?;
    let original = state.originals.open(&asker, position).await?.ok_or_else(|| gone(position))?;
    if is_kept_back(&state, &asker, position, &original.feed).await? {
        let detail =
            "it says numbers of persons, of which small ones are kept back here; whoever sent it has it";
        let detail_vi =
            "bản tin có số liệu về người, trong đó số nhỏ không được hiển thị ở đây; nơi gửi có bản gốc";
        return Err(Problem::forbidden(detail).vi(detail_vi));
    }
    let mut response = original.payload.into_response();
    let headers = response.headers_mut();
    // Whatever a sender sent is never shown as a page of ours: it is saved, under a name of ours.
    let _ = headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    let name = format!("attachment; filename=\"envelope-{position}.bin\"");
    if let Ok(disposition) = HeaderValue::from_str(&name) {
        let _ = headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    let _ = headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn gone(position: Position) -> Problem {
    Problem::not_found(format!("no envelope lies at {position}, or it is kept no more"))
        .vi("không có bản tin ở vị trí này, hoặc bản tin không còn được lưu")
}
