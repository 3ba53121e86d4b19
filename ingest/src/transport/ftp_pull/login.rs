//! Who logs in at a partner's FTP server, and by what that is known: `ftp.toml` in the data folder, by feed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use ioc_model::pack::{FtpSecrecy, FtpUrl};
use serde::Deserialize;
use tokio_rustls::rustls::ClientConfig;

use crate::transport::{
    pull::trust::{is_here, known_by, known_to_the_web},
    secrets_file::{self, SecretsFileFault},
};

/// User name and password, and by what the server is known. The password is not printed by `Debug`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    pub(super) user: String,
    #[serde(default)]
    pub(super) password: String,
    /// The CA that certifies the server, as PEM; that of web servers where none is named.
    ca: Option<PathBuf>,
    /// Passwords and files may be read on the way.
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
        "{address} of feed '{feed}' is another machine, and spoken to in the clear: write ftpes:// or ftps:// in the pack, or \
         plain = true in {path}, if whoever is on the way may read the password and change the files"
    )]
    Plain { path: PathBuf, feed: String, address: String },
    #[error("the user or password of feed '{feed}' in {path} cannot be sent: it holds a line end")]
    Unsendable { path: PathBuf, feed: String },
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
        let path = data.join("ftp.toml");
        let of_feeds = secrets_file::of_feeds(&path)?;
        Ok(Logins { path, of_feeds })
    }

    /// That of a feed, and how its server is known; none if it is spoken to in the clear.
    pub(super) fn of(
        &self,
        feed: &str,
        url: &FtpUrl,
    ) -> Result<(Login, Option<Arc<ClientConfig>>), LoginFault> {
        let (path, feed) = (|| self.path.clone(), || feed.to_owned());
        let login =
            self.of_feeds.get(&feed()).ok_or_else(|| LoginFault::Nobody { path: path(), feed: feed() })?;
        if [&login.user, &login.password].iter().any(|text| text.contains(['\r', '\n', '\0'])) {
            return Err(LoginFault::Unsendable { path: path(), feed: feed() });
        }
        if url.secrecy == FtpSecrecy::Plain {
            return match login.plain || is_here(&url.host) {
                true => Ok((login.clone(), None)),
                false => Err(LoginFault::Plain { path: path(), feed: feed(), address: url.to_string() }),
            };
        }
        let tls = match &login.ca {
            Some(ca) => known_by(ca),
            None => known_to_the_web(),
        };
        let ca = || login.ca.clone().unwrap_or_default();
        let tls = tls.map_err(|why| LoginFault::Ca { path: ca(), feed: feed(), why })?;
        Ok((login.clone(), Some(Arc::new(tls))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_a_password_goes_to_another_machine_in_the_clear_on_purpose_only_and_is_never_told() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(folder.path().join("ftp.toml"), text).unwrap();
        let of = |secrecy, host: &str| {
            let url = FtpUrl { secrecy, host: host.to_owned(), port: 21 };
            let logins = Logins::read(folder.path())?;
            logins.of("air", &url).map(|(login, tls)| (login, tls.is_some()))
        };
        assert!(matches!(of(FtpSecrecy::Plain, "127.0.0.1"), Err(LoginFault::Nobody { .. })));
        write("[air]\nuser = \"ioc\"\npassword = \"s3cret\"\n");
        assert!(!of(FtpSecrecy::Plain, "127.0.0.1").unwrap().1);
        assert!(of(FtpSecrecy::Explicit, "ftp.example.vn").unwrap().1);
        let fault = of(FtpSecrecy::Plain, "ftp.example.vn").unwrap_err().to_string();
        assert!(fault.contains("plain = true") && !fault.contains("s3cret"), "{fault}");
        write("[air]\nuser = \"ioc\"\npassword = \"s3cret\"\nplain = true\n");
        let login = of(FtpSecrecy::Plain, "ftp.example.vn").unwrap().0;
        assert!(!format!("{login:?}").contains("s3cret"));
        write("[air]\nuser = \"ioc\"\npassword = \"s3cret\\r\\nDELE x\"\n");
        assert!(matches!(of(FtpSecrecy::Plain, "127.0.0.1"), Err(LoginFault::Unsendable { .. })));
    }
}
