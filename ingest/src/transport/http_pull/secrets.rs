//! Who asks at an agency's interface, and by what that is known: `apis.toml` in the data folder, by feed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::http::{HeaderName, HeaderValue};
use ioc_model::pack::{HttpPullFeed, PullAuth};
use serde::Deserialize;
use tokio_rustls::rustls::ClientConfig;
use url::Url;

use crate::transport::{
    pull::trust::{is_here, known_by, known_to_the_web},
    secrets_file::{self, SecretsFileFault},
};

/// Names and secrets of one feed. None of them is printed by `Debug`.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Secrets {
    /// Of `basic`.
    user: Option<String>,
    password: Option<String>,
    /// Of `bearer`.
    token: Option<String>,
    /// Of `oauth2`.
    client_id: Option<String>,
    client_secret: Option<String>,
    /// Parameters of the query that nobody may read.
    #[serde(default)]
    keys: BTreeMap<String, String>,
    /// Headers that nobody may read.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The CA that certifies the server, as PEM; that of web servers where none is named.
    ca: Option<PathBuf>,
    /// Secrets and records may be read on the way.
    #[serde(default)]
    plain: bool,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

/// What a request is sent with.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub(super) shown: Shown,
    /// Parameters of the query.
    pub(super) keys: Keys,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) tls: Arc<ClientConfig>,
}

/// How it says who asks.
#[derive(Clone)]
pub(super) enum Shown {
    Nobody,
    /// The value of `Authorization`.
    Header(HeaderValue),
    /// A token is fetched.
    Client {
        token_url: Url,
        scope: Option<String>,
        in_body: bool,
        id: String,
        secret: String,
    },
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Shown::Nobody => "Nobody",
            Shown::Header(_) => "Header",
            Shown::Client { .. } => "Client",
        })
    }
}

/// Parameters of the query that are secrets.
#[derive(Clone, Default)]
pub(super) struct Keys(BTreeMap<String, String>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Keys {
    /// The address as it is asked.
    pub(super) fn with(&self, url: &Url) -> Url {
        let mut url = self.without(url);
        if !self.0.is_empty() {
            let _query = url.query_pairs_mut().extend_pairs(&self.0);
        }
        url
    }

    /// The address as it may be seen: a server repeats keys in the addresses it gives.
    pub(super) fn without(&self, url: &Url) -> Url {
        let mut url = url.clone();
        let Some(query) = url.query() else { return url };
        let is_key = |part: &str| {
            let name = url::form_urlencoded::parse(part.as_bytes()).next();
            name.is_some_and(|(name, _)| self.0.contains_key(&*name))
        };
        let left: Vec<&str> = query.split('&').filter(|part| !is_key(part)).collect();
        let left = left.join("&");
        url.set_query(Some(left.as_str()).filter(|left| !left.is_empty()));
        url
    }
}

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum SecretsFault {
    #[error(transparent)]
    File(#[from] SecretsFileFault),
    #[error("{path} does not say {what} of feed '{feed}': write it below [{feed}]")]
    Missing { path: PathBuf, feed: String, what: &'static str },
    #[error(
        "{address} of feed '{feed}' is another machine, and not https: write plain = true in {path}, if whoever is on the \
         way may read secrets and records"
    )]
    Plain { path: PathBuf, feed: String, address: String },
    #[error("the CA of feed '{feed}' in {path} cannot be used: {why}")]
    Ca { path: PathBuf, feed: String, why: String },
    #[error("'{what}' of feed '{feed}' in {path} cannot be sent")]
    Unsendable { path: PathBuf, feed: String, what: String },
    #[error("'{address}' of feed '{feed}' is no address: {why}")]
    Address { feed: String, address: String, why: url::ParseError },
}

/// All secrets, and where they are written.
#[derive(Debug)]
pub(super) struct AllSecrets {
    path: PathBuf,
    of_feeds: BTreeMap<String, Secrets>,
}

impl AllSecrets {
    pub(super) fn read(data: &Path) -> Result<AllSecrets, SecretsFault> {
        let path = data.join("apis.toml");
        let of_feeds = secrets_file::of_feeds(&path)?;
        Ok(AllSecrets { path, of_feeds })
    }

    /// Those of a feed.
    pub(super) fn of(&self, feed: &str, of: &HttpPullFeed) -> Result<Login, SecretsFault> {
        let secrets = self.of_feeds.get(feed).cloned().unwrap_or_default();
        let path = || self.path.clone();
        let needed = |secret: &Option<String>, what| {
            let missing = || SecretsFault::Missing { path: path(), feed: feed.to_owned(), what };
            secret.clone().ok_or_else(missing)
        };
        let unsendable = |what: &str| SecretsFault::Unsendable {
            path: path(),
            feed: feed.to_owned(),
            what: what.to_owned(),
        };
        let hidden = |value: &str, what: &str| -> Result<HeaderValue, SecretsFault> {
            let mut value = HeaderValue::from_str(value).map_err(|_| unsendable(what))?;
            value.set_sensitive(true);
            Ok(value)
        };
        let address = |text: &str| {
            let plain =
                || SecretsFault::Plain { path: path(), feed: feed.to_owned(), address: text.to_owned() };
            let url = parsed(feed, text)?;
            let is_safe = url.scheme() == "https" || secrets.plain || url.host_str().is_some_and(is_here);
            is_safe.then_some(url).ok_or_else(plain)
        };
        // Periods are asked for at the same place, which the pack answers for.
        let _asked = address(of.address())?;
        let shown = match &of.auth {
            PullAuth::None => Shown::Nobody,
            PullAuth::Basic => {
                let (user, password) =
                    (needed(&secrets.user, "'user'")?, needed(&secrets.password, "'password'")?);
                Shown::Header(hidden(&basic(&user, &password), "password")?)
            }
            PullAuth::Bearer => {
                Shown::Header(hidden(&format!("Bearer {}", needed(&secrets.token, "'token'")?), "token")?)
            }
            PullAuth::OAuth2 { token_url, scope, in_body } => Shown::Client {
                token_url: address(token_url)?,
                scope: scope.clone(),
                in_body: *in_body,
                id: needed(&secrets.client_id, "'client_id'")?,
                secret: needed(&secrets.client_secret, "'client_secret'")?,
            },
        };
        let header = |(name, value): (&String, &String)| {
            let known = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable(name))?;
            Ok((known, hidden(value, name)?))
        };
        let headers = secrets.headers.iter().map(header).collect::<Result<_, SecretsFault>>()?;
        let tls = match &secrets.ca {
            Some(ca) => known_by(ca),
            None => known_to_the_web(),
        };
        let tls = tls.map_err(|why| SecretsFault::Ca {
            path: secrets.ca.clone().unwrap_or_default(),
            feed: feed.to_owned(),
            why,
        })?;
        Ok(Login { shown, keys: Keys(secrets.keys), headers, tls: Arc::new(tls) })
    }
}

fn parsed(feed: &str, text: &str) -> Result<Url, SecretsFault> {
    // What stands in braces is filled in later, and is no part of a host.
    Url::parse(&text.replace(['{', '}'], "")).map_err(|why| SecretsFault::Address {
        feed: feed.to_owned(),
        address: text.to_owned(),
        why,
    })
}

/// The value of `Authorization` (RFC 7617).
pub(super) fn basic(user: &str, password: &str) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_no_key_stands_in_an_address_that_is_shown_or_kept() {
        let keys = Keys([("apikey".to_owned(), "s€cret".to_owned())].into());
        let url = Url::parse("https://h/a?x=1&apikey=s%E2%82%ACcret&y=a%26b").unwrap();
        assert_eq!(keys.without(&url).as_str(), "https://h/a?x=1&y=a%26b");
        assert_eq!(keys.with(&url).as_str(), "https://h/a?x=1&y=a%26b&apikey=s%E2%82%ACcret");
        let bare = Url::parse("https://h/a?apikey=x").unwrap();
        assert_eq!(keys.without(&bare).as_str(), "https://h/a");
        assert!(!format!("{keys:?}").contains("s€cret"));
    }
}
