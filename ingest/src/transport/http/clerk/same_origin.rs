//! Whether a request is of the page's own script, and not made by another site's page in the clerk's browser.
//!
//! The cookie is `SameSite=Strict`, which already leaves it out of such requests. Beside it: a header that a script sets
//! (another origin's would have to ask first, and nobody answers that question here), what the browser says of the site
//! that asks, and where it says nothing of that (without TLS) the origin, held against the host. A proxy that gives the
//! host another name says the first one in `X-Forwarded-Host`.

use axum::http::{HeaderMap, header};

const SET_BY_THE_PAGE: &str = "x-ioc-page";

/// Whether it is.
pub(super) fn is_of_the_page(headers: &HeaderMap) -> bool {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if said(SET_BY_THE_PAGE).is_none() {
        return false;
    }
    if let Some(site) = said("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = said(header::ORIGIN.as_str()) else { return true };
    let Some((_, host)) = origin.split_once("://") else { return false };
    [said(header::HOST.as_str()), said("x-forwarded-host")].into_iter().flatten().any(|known| known == host)
}

/// Whether the page is reached by TLS: there is a proxy for that.
pub(super) fn is_by_tls(headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    origin.is_some_and(|origin| origin.starts_with("https://"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn safe_only_the_page_itself_is_heard() {
        for (said, is) in [
            (&[("x-ioc-page", "1"), ("sec-fetch-site", "same-origin"), ("origin", "https://a")][..], true),
            (&[("x-ioc-page", "1"), ("origin", "http://a:8081"), ("host", "a:8081")], true),
            (&[("x-ioc-page", "1"), ("origin", "https://a"), ("host", "b"), ("x-forwarded-host", "a")], true),
            (&[("x-ioc-page", "1")], true),
            (&[("sec-fetch-site", "same-origin"), ("host", "a")], false),
            (&[("x-ioc-page", "1"), ("sec-fetch-site", "cross-site")], false),
            (&[("x-ioc-page", "1"), ("sec-fetch-site", "same-site")], false),
            (&[("x-ioc-page", "1"), ("origin", "http://b"), ("host", "a")], false),
            (&[("x-ioc-page", "1"), ("origin", "null"), ("host", "a")], false),
            (&[("x-ioc-page", "1"), ("origin", "http://a")], false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in said {
                let _none = headers.insert(HeaderName::from_static(name), value.parse().unwrap());
            }
            assert_eq!(is_of_the_page(&headers), is, "{said:?}");
        }
    }
}
