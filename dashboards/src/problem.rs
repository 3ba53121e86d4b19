//! Errors as problem details (RFC 9457).

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::history::HistoryError;

/// An error reply.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    detail_vi: Option<Cow<'static, str>>,
    retry_after: Option<u32>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail_vi: Option<&'a str>,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem { status, detail: detail.into(), detail_vi: None, retry_after: None }
    }

    /// The request asks for something that cannot be meant (400).
    #[must_use]
    pub(crate) fn bad_request(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    /// It is not theirs to do (403).
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, detail)
    }

    /// There is no such thing (404).
    #[must_use]
    pub(crate) fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, detail)
    }

    /// It was done already (409).
    #[must_use]
    pub(crate) fn conflict(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, detail)
    }

    /// There is more of it than is taken (413).
    #[must_use]
    pub fn too_large(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// It comes in a form that is not taken (415).
    #[must_use]
    pub(crate) fn unsupported(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    }

    /// What a person entered does not do (422).
    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// There is no room or no store now (503); worth trying again after that many seconds.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>, retry_after: u32) -> Problem {
        Problem { retry_after: Some(retry_after), ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    /// It is our fault (500).
    #[must_use]
    pub(crate) fn internal(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    /// The same in Vietnamese: for whoever sees it on the page.
    #[must_use]
    pub fn vi(self, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem { detail_vi: Some(detail.into()), ..self }
    }
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Problem {
        match error {
            HistoryError::Away(cause) => {
                tracing::warn!(%cause, "the store did not answer a page");
                Problem::unavailable("the store does not answer now", 2)
            }
            HistoryError::Refused(cause) => {
                // What the store said may name tables and users: it is for the log, not for a browser.
                tracing::error!(%cause, "the store refused a page's question");
                Problem::internal("the store refused the question; the log says why")
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            detail_vi: self.detail_vi.as_deref(),
        };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let mut response = (self.status, text).into_response();
        let headers = response.headers_mut();
        let _ = headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let _ = headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            let _ = headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
