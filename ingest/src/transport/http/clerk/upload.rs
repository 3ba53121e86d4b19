//! `POST /upload/feeds/{feed}`: a file that a clerk brings, taken as one that is pushed.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Path, Request, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};

use super::same_origin::is_of_the_page;
use crate::transport::http::{
    HttpPush,
    problem::Problem,
    push::{Pushed, Received},
    serve::Came,
};

/// The file's name, as `encodeURIComponent` writes it.
const FILE_NAME: &str = "x-file-name";
/// Bytes of a name that are kept.
const NAME_MAX: usize = 200;

pub(super) async fn upload(
    State(push): State<Arc<HttpPush>>,
    Path(feed): Path<String>,
    request: Request,
) -> Response {
    match push.upload(feed, request).await {
        Ok(response) => response,
        Err(problem) => push.told(problem),
    }
}

impl HttpPush {
    async fn upload(&self, feed: String, request: Request) -> Result<Response, Problem> {
        if !is_of_the_page(request.headers(), &Came::of(request.extensions())) {
            return Err(Problem::NotOfThePage);
        }
        let sender = self.clerk(request.headers()).await?;
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
        let file = file_name(request.headers());
        Ok(
            match self
                .take(&sender, Pushed { feed, peer, certificate: None, file: file.as_deref() }, request)
                .await?
            {
                Received::Durable(receipt) => axum::Json(receipt).into_response(),
                Received::Report(receipt, position) => self.judged(receipt, position).await,
            },
        )
    }

    /// The answer of a problem, which is counted.
    pub(super) fn told(&self, problem: Problem) -> Response {
        self.count(&problem);
        problem.into_response()
    }
}

/// The name of a file without its folders, as far as it can be read: it may say the period.
pub(in crate::transport::http) fn file_name(headers: &HeaderMap) -> Option<String> {
    let written = headers.get(FILE_NAME)?.to_str().ok()?;
    let mut bytes = Vec::with_capacity(written.len());
    let mut left = written.as_bytes();
    while let Some((first, rest)) = left.split_first() {
        let hex = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        match (first, rest.get(..2).and_then(hex)) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                left = &rest[2..];
            }
            _ => {
                bytes.push(*first);
                left = rest;
            }
        }
    }
    let name = String::from_utf8(bytes).ok()?;
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut name: String = name.chars().filter(|character| !character.is_control()).collect();
    // Its end says what it is.
    while name.len() > NAME_MAX {
        let _ = name.remove(0);
    }
    (!name.trim().is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_a_file_s_name_is_a_name_and_no_path() {
        for (written, name) in [
            ("B%C3%A1o%20c%C3%A1o%20T10.xlsx", Some("Báo cáo T10.xlsx")),
            ("..%2F..%2Fetc%2Fpasswd", Some("passwd")),
            ("C%3A%5Ca%5Cb.xls", Some("b.xls")),
            ("a%0d%0ab.csv", Some("ab.csv")),
            ("100%.xlsx", Some("100%.xlsx")),
            ("%ff", None),
            ("a/", None),
        ] {
            let mut headers = HeaderMap::new();
            let _none = headers.insert(FILE_NAME, written.parse().unwrap());
            assert_eq!(file_name(&headers).as_deref(), name, "{written}");
        }
        let mut headers = HeaderMap::new();
        let _none =
            headers.insert(FILE_NAME, format!("{}2026-10.xlsx", "%C3%A1".repeat(300)).parse().unwrap());
        let name = file_name(&headers).unwrap();
        assert!(name.len() <= NAME_MAX && name.ends_with("2026-10.xlsx"));
    }
}
