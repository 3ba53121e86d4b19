//! Tokens by client credentials (RFC 6749 §4.4): what is asked for one, and how long it is good.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::secrets::basic;
use crate::transport::pull::CannotFetch;

/// A token is not used in the last moments of its life: it would end on the way.
const BEFORE_ITS_END: Duration = Duration::from_secs(20);

/// A token. Not printed by `Debug`.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) value: String,
    /// None where the server does not say.
    until: Option<Instant>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("until", &self.until).finish_non_exhaustive()
    }
}

/// The client, as it is sent: a header, or fields of the body (§2.3.1).
pub(super) fn asked(id: &str, secret: &str, scope: Option<&str>, in_body: bool) -> (Option<String>, String) {
    let mut body = Serializer::new(String::new());
    let _more = body.append_pair("grant_type", "client_credentials");
    if let Some(scope) = scope {
        let _more = body.append_pair("scope", scope);
    }
    if in_body {
        let _more = body.append_pair("client_id", id).append_pair("client_secret", secret);
        return (None, body.finish());
    }
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    (Some(basic(&encoded(id), &encoded(secret))), body.finish())
}

#[derive(Deserialize)]
struct Given {
    access_token: Option<String>,
    token_type: Option<String>,
    expires_in: Option<Value>,
    error: Option<String>,
}

impl Token {
    /// Reads what a token's server said with that status.
    pub(super) fn read(status: u16, body: &[u8], now: Instant) -> Result<Token, CannotFetch> {
        let given: Option<Given> = serde_json::from_slice(body).ok();
        let fault = |why: &str| {
            CannotFetch::fault(
                format!("máy chủ cấp mã truy cập từ chối: {why}"),
                format!("the token's server refuses: {why}"),
            )
        };
        let Some(given) = given else { return Err(fault(&format!("{status}, and no JSON of RFC 6749"))) };
        if let Some(error) = given.error {
            // A word of the standard; what is told beside it may repeat the request.
            let word: String = error.chars().filter(|letter| letter.is_ascii_graphic()).take(64).collect();
            return Err(fault(&format!("{status} {word}")));
        }
        let value = given
            .access_token
            .filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
        let Some(value) = value.filter(|_| (200..300).contains(&status)) else {
            return Err(fault(&format!("{status} without a token")));
        };
        if given.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(fault("its tokens are none of RFC 6750"));
        }
        // A number, which some write as a text.
        let seconds = given.expires_in.and_then(|seconds| match seconds {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        });
        let lives = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let until = lives.map(|lives| now + lives.saturating_sub(BEFORE_ITS_END.min(lives / 2)));
        Ok(Token { value, until })
    }

    pub(super) fn is_good(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_asked_for_as_the_standard_says_and_used_until_before_its_end() {
        assert_eq!(
            asked("ioc:1", "s&t", Some("ho-so doc"), true),
            (
                None,
                "grant_type=client_credentials&scope=ho-so+doc&client_id=ioc%3A1&client_secret=s%26t"
                    .to_owned()
            )
        );
        let (header, body) = asked("ioc:1", "s t", None, false);
        assert_eq!(
            (header.unwrap(), body.as_str()),
            (basic("ioc%3A1", "s+t"), "grant_type=client_credentials")
        );
        let now = Instant::now();
        let read = |text: &str| Token::read(200, text.as_bytes(), now);
        let good = read(r#"{"access_token": "abc", "token_type": "bearer", "expires_in": 3600}"#).unwrap();
        assert!(
            good.is_good(now + Duration::from_secs(3_579)) && !good.is_good(now + Duration::from_secs(3_581))
        );
        let text = read(r#"{"access_token": "abc", "token_type": "Bearer", "expires_in": "10"}"#).unwrap();
        assert!(text.is_good(now + Duration::from_secs(4)) && !text.is_good(now + Duration::from_secs(6)));
        assert!(read(r#"{"access_token": "abc"}"#).unwrap().is_good(now + Duration::from_secs(1_000_000)));
        for wrong in
            ["{}", "<html>", r#"{"access_token": "a b"}"#, r#"{"access_token": "a", "token_type": "mac"}"#]
        {
            assert!(read(wrong).unwrap_err().is_fault, "{wrong}");
        }
        let refused = Token::read(401, br#"{"error": "invalid_client", "error_description": "s3cret"}"#, now)
            .unwrap_err();
        assert_eq!(refused.en, "the token's server refuses: 401 invalid_client");
        assert!(!format!("{good:?}").contains("abc"));
    }
}
