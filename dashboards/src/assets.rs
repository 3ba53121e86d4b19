//! The page's files, embedded in the binary and revalidated by the hash of their content.
//!
//! File names carry no hashes, so that the committed bundle is the same files after every change; the browser asks
//! each time and is answered 304.

use std::sync::OnceLock;

use axum::{
    body::{Body, Bytes},
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::Embed;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

#[derive(Embed)]
#[folder = "web/dist"]
struct Bundle;

/// Identifies the page: changes with any of its files. Twelve hexadecimal digits.
pub(crate) fn build_id() -> &'static str {
    static BUILD: OnceLock<String> = OnceLock::new();
    BUILD.get_or_init(|| {
        let mut names: Vec<_> = Bundle::iter().collect();
        names.sort();
        let mut hash = Sha256::new();
        for name in names {
            if let Some(file) = Bundle::get(&name) {
                hash.update(name.as_bytes());
                hash.update(file.metadata.sha256_hash());
            }
        }
        hexadecimal(&hash.finalize()[..6])
    })
}

/// GET `/`, and the walls' screens: the bundle looks at the address.
pub(crate) async fn page(headers: HeaderMap) -> Response {
    serve("index.html", &headers)
}

/// GET `/assets/{*file}`.
pub(crate) async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Response {
    serve(&format!("assets/{file}"), &headers)
}

/// GET `/favicon.svg`.
pub(crate) async fn icon(headers: HeaderMap) -> Response {
    serve("favicon.svg", &headers)
}

fn serve(name: &str, asked: &HeaderMap) -> Response {
    // The name is looked up in a table made at build time: it never reaches a file system (invariant SAFE).
    let Some(file) = Bundle::get(name) else {
        return Problem::not_found("there is no such file").into_response();
    };
    let tag = format!("\"{}\"", hexadecimal(&file.metadata.sha256_hash()[..16]));
    revalidated(asked, &tag, content_type(name), || match file.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    })
}

/// The tag of some content: its hash, quoted.
pub(crate) fn tag_of(content: &[u8]) -> String {
    format!("\"{}\"", hexadecimal(&Sha256::digest(content)[..16]))
}

/// The content, or that the browser has it already.
pub(crate) fn revalidated(
    asked: &HeaderMap,
    tag: &str,
    content_type: &'static str,
    content: impl FnOnce() -> Bytes,
) -> Response {
    let known = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|value| value.trim().trim_start_matches("W/"))
        .any(|value| value == tag || value == "*");
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Body::from(content()).into_response();
        let _ = response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(tag) {
        let _ = headers.insert(header::ETAG, tag);
    }
    let _ = headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
