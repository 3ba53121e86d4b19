//! The page's files, embedded in the binary.
//!
//! Plain files: what a clerk's page does is little, and so there is nothing to build before `cargo build`.

use axum::{
    extract::Path,
    http::header,
    response::{Html, IntoResponse, Response},
};

use crate::transport::http::problem::Problem;

const PAGE: &str = include_str!("assets/index.html");
const SCRIPT: &str = "text/javascript; charset=utf-8";
const FILES: [(&str, &str, &str); 7] = [
    ("app.js", SCRIPT, include_str!("assets/app.js")),
    ("draw.js", SCRIPT, include_str!("assets/draw.js")),
    ("owed.js", SCRIPT, include_str!("assets/owed.js")),
    ("story.js", SCRIPT, include_str!("assets/story.js")),
    ("words.js", SCRIPT, include_str!("assets/words.js")),
    ("style.css", "text/css; charset=utf-8", include_str!("assets/style.css")),
    ("favicon.svg", "image/svg+xml", include_str!("assets/favicon.svg")),
];

/// GET `/upload`.
pub(super) async fn page() -> Html<&'static str> {
    Html(PAGE)
}

/// GET `/upload/assets/{file}`.
pub(super) async fn asset(Path(file): Path<String>) -> Response {
    match FILES.iter().find(|(name, ..)| *name == file) {
        Some((_, kind, content)) => ([(header::CONTENT_TYPE, *kind)], *content).into_response(),
        None => Problem::NothingHere.into_response(),
    }
}
