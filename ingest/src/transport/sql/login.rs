//! Who logs in at an agency's database: `databases.toml` in the data folder, by feed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use ioc_model::pack::SqlAddress;
use serde::Deserialize;
use tokio_rustls::rustls::ClientConfig;

use crate::transport::{
    pull::trust::{is_here, known_by},
    secrets_file::{self, SecretsFileFault},
};

/// User name and password, and by what the server is known. The password is not printed by `Debug`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    pub(super) user: String,
    #[serde(default)]
    pub(super) password: String,
    /// The CA that certifies the server, as PEM.
    pub(super) ca: Option<PathBuf>,
    /// Passwords and rows may be read on the way.
    #[serde(default)]
    plain: bool,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login of {}", self.user)
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum LoginFault {
    #[error(transparent)]
    File(#[from] SecretsFileFault),
    #[error("{path} says nothing of feed '{feed}': write [{feed}] with user and password")]
    Nobody { path: PathBuf, feed: String },
    #[error(
        "{address} of feed '{feed}' is another machine: name in {path} the 'ca' that certifies it, or write plain = true, \
         if whoever is on the way may read passwords and rows"
    )]
    Plain { path: PathBuf, feed: String, address: String },
    #[error("the CA of feed '{feed}' in {path} cannot be used: {why}")]
    Ca { path: PathBuf, feed: String, why: String },
}

/// All logins, and where they are written.
#[derive(Debug)]
pub(super) struct Logins {
    path: PathBuf,
    of_feeds: BTreeMap<String, Login>,
}

impl Logins {
    pub(super) fn read(data: &Path) -> Result<Logins, LoginFault> {
        let path = data.join("databases.toml");
        let of_feeds = secrets_file::of_feeds(&path)?;
        Ok(Logins { path, of_feeds })
    }

    /// That of a feed, and how its server is known; none if it need not be.
    pub(super) fn of(
        &self,
        feed: &str,
        address: &SqlAddress,
    ) -> Result<(Login, Option<Arc<ClientConfig>>), LoginFault> {
        let path = || self.path.clone();
        let Some(login) = self.of_feeds.get(feed) else {
            return Err(LoginFault::Nobody { path: path(), feed: feed.to_owned() });
        };
        let Some(ca) = &login.ca else {
            return match login.plain || is_here(&address.host) {
                true => Ok((login.clone(), None)),
                false => Err(LoginFault::Plain {
                    path: path(),
                    feed: feed.to_owned(),
                    address: address.to_string(),
                }),
            };
        };
        let tls =
            known_by(ca).map_err(|why| LoginFault::Ca { path: ca.clone(), feed: feed.to_owned(), why })?;
        Ok((login.clone(), Some(Arc::new(tls))))
    }
}
