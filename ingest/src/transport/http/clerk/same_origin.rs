//! Whether a request is of the page's own script, and not made by another site's page in the clerk's browser.
//!
//! The cookie is `SameSite=Strict`, which already leaves it out of such requests. Beside it: a header that a script sets
//! (another origin's would have to ask first, and nobody answers that question here), what the browser says of the site
//! that asks, and where it says nothing of that (without TLS) the origin, held against the host. A proxy that gives the
//! host another name says the first one in `X-Forwarded-Host`. What comes by TLS that ends here was asked for by a page that
//! did, too: the same name without TLS is another origin, which anybody on the way can be.

use axum::http::{HeaderMap, header};

use crate::transport::http::serve::Came;

const SET_BY_THE_PAGE: &str = "x-ioc-page";

/// Whether it is.
pub(super) fn is_of_the_page(headers: &HeaderMap, came: &Came) -> bool {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if said(SET_BY_THE_PAGE).is_none() {
        return false;
    }
    if let Some(site) = said("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = said(header::ORIGIN.as_str()) else { return true };
    let Some((scheme, host)) = origin.split_once("://") else { return false };
    if came.by_tls && scheme != "https" {
        return false;
    }
    [said(header::HOST.as_str()), said("x-forwarded-host")].into_iter().flatten().any(|known| known == host)
}

/// Whether the page is reached by TLS: here, or at a proxy.
pub(super) fn is_by_tls(headers: &HeaderMap, came: &Came) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    came.by_tls || origin.is_some_and(|origin| origin.starts_with("https://"))
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
            assert_eq!(is_of_the_page(&headers, &Came::default()), is, "{said:?}");
        }
    }

    #[test]
    fn safe_by_tls_the_same_name_without_it_is_another_origin_and_the_cookie_is_secure() {
        let by_tls = Came { by_tls: true, pass: None };
        for (origin, is) in [("https://a:8443", true), ("http://a:8443", false), ("https://b:8443", false)] {
            let mut headers = HeaderMap::new();
            for (name, value) in [("x-ioc-page", "1"), ("host", "a:8443"), ("origin", origin)] {
                let _none = headers.insert(HeaderName::from_static(name), value.parse().unwrap());
            }
            assert_eq!(is_of_the_page(&headers, &by_tls), is, "{origin}");
            assert!(is_by_tls(&headers, &by_tls), "whatever is said");
        }
        assert!(!is_by_tls(&HeaderMap::new(), &Came::default()));
    }
}
