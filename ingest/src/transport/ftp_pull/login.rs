//! Who logs in at a partner's FTP or SFTP server, and by what that is known: `ftp.toml` in the data folder, by feed.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use ioc_model::pack::{FtpSecrecy, FtpUrl};
use russh::keys::{PrivateKey, decode_secret_key};
use serde::Deserialize;
use tokio_rustls::rustls::ClientConfig;

use super::sftp::{HostKeys, SftpLogin};
use crate::transport::{
    pull::trust::{is_here, known_by, known_to_the_web},
    secrets_file::{self, SecretsFileFault},
};

/// Whoever else may do something with a file.
const OTHERS: u32 = 0o077;

/// User name and password, and by what the server is known. What is secret is not printed by `Debug`.
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
    /// The private key, in a file; of SFTP.
    key: Option<PathBuf>,
    /// What that file is encrypted with.
    passphrase: Option<String>,
    /// By what an SFTP server is known.
    #[serde(default)]
    host_keys: Vec<String>,
}

/// How a server is logged in at.
#[derive(Debug)]
pub(super) enum Access {
    /// By FTP, and how the server is known; none if it is spoken to in the clear.
    Ftp(Login, Option<Arc<ClientConfig>>),
    Sftp(SftpLogin),
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
    #[error("{path} says '{setting}' of feed '{feed}', which is not of {address}")]
    Unfit { path: PathBuf, feed: String, setting: &'static str, address: String },
    #[error(
        "{path} does not say by what the server of feed '{feed}' is known: ask those who run {address} for its host key, and \
         write host_keys = [\"SHA256:…\"], or a line of known_hosts"
    )]
    Unknown { path: PathBuf, feed: String, address: String },
    #[error(
        "'{line}' in host_keys of feed '{feed}' in {path} is no host key: write a line of known_hosts, or a fingerprint \
         SHA256:…"
    )]
    HostKey { path: PathBuf, feed: String, line: String },
    #[error("{path} says neither password nor key of feed '{feed}'")]
    Neither { path: PathBuf, feed: String },
    #[error("the private key {path} of feed '{feed}' cannot be used: {why}")]
    Key { path: PathBuf, feed: String, why: String },
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

    pub(super) fn of(&self, feed: &str, url: &FtpUrl) -> Result<Access, LoginFault> {
        let (path, feed) = (|| self.path.clone(), || feed.to_owned());
        let login =
            self.of_feeds.get(&feed()).ok_or_else(|| LoginFault::Nobody { path: path(), feed: feed() })?;
        let unfit =
            |setting| LoginFault::Unfit { path: path(), feed: feed(), setting, address: url.to_string() };
        if url.secrecy == FtpSecrecy::Ssh {
            let of_ftp = [(login.ca.is_some(), "ca"), (login.plain, "plain")];
            if let Some((_, setting)) = of_ftp.into_iter().find(|(is_said, _)| *is_said) {
                return Err(unfit(setting));
            }
            return self.of_sftp(&feed(), url, login).map(Access::Sftp);
        }
        let of_sftp = [
            (login.key.is_some(), "key"),
            (login.passphrase.is_some(), "passphrase"),
            (!login.host_keys.is_empty(), "host_keys"),
        ];
        if let Some((_, setting)) = of_sftp.into_iter().find(|(is_said, _)| *is_said) {
            return Err(unfit(setting));
        }
        if [&login.user, &login.password].iter().any(|text| text.contains(['\r', '\n', '\0'])) {
            return Err(LoginFault::Unsendable { path: path(), feed: feed() });
        }
        if url.secrecy == FtpSecrecy::Plain {
            return match login.plain || is_here(&url.host) {
                true => Ok(Access::Ftp(login.clone(), None)),
                false => Err(LoginFault::Plain { path: path(), feed: feed(), address: url.to_string() }),
            };
        }
        let tls = match &login.ca {
            Some(ca) => known_by(ca),
            None => known_to_the_web(),
        };
        let ca = || login.ca.clone().unwrap_or_default();
        let tls = tls.map_err(|why| LoginFault::Ca { path: ca(), feed: feed(), why })?;
        Ok(Access::Ftp(login.clone(), Some(Arc::new(tls))))
    }

    fn of_sftp(&self, feed: &str, url: &FtpUrl, login: &Login) -> Result<SftpLogin, LoginFault> {
        let (path, feed) = (|| self.path.clone(), || feed.to_owned());
        let host_keys = HostKeys::read(&login.host_keys).map_err(|line| LoginFault::HostKey {
            path: path(),
            feed: feed(),
            line,
        })?;
        if host_keys.is_empty() {
            return Err(LoginFault::Unknown { path: path(), feed: feed(), address: url.to_string() });
        }
        let key = match &login.key {
            None => None,
            Some(file) => {
                let key = private_key(file, login.passphrase.as_deref());
                Some(Arc::new(key.map_err(|why| LoginFault::Key {
                    path: file.clone(),
                    feed: feed(),
                    why,
                })?))
            }
        };
        let password = Some(&login.password).filter(|password| !password.is_empty()).cloned();
        if key.is_none() && password.is_none() {
            return Err(LoginFault::Neither { path: path(), feed: feed() });
        }
        Ok(SftpLogin { user: login.user.clone(), password, key, host_keys })
    }
}

/// A private key, which nobody else may read. The error says what is wrong with the file, and nothing of what is in it.
fn private_key(path: &Path, passphrase: Option<&str>) -> Result<PrivateKey, String> {
    let said = |error: io::Error| error.to_string();
    let mode = fs::metadata(path).map_err(said)?.permissions().mode();
    if mode & OTHERS != 0 {
        return Err(format!("others may read it ({:o}): chmod 600", mode & 0o777));
    }
    let text = fs::read_to_string(path).map_err(said)?;
    decode_secret_key(&text, passphrase).map_err(|_| match passphrase {
        None => "it is no private key, or asks for a passphrase".to_owned(),
        Some(_) => "it is no private key, or has another passphrase".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_a_password_goes_to_another_machine_in_the_clear_on_purpose_only_and_is_never_told() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| fs::write(folder.path().join("ftp.toml"), text).unwrap();
        let of = |secrecy, host: &str| {
            let url = FtpUrl { secrecy, host: host.to_owned(), port: 21 };
            let logins = Logins::read(folder.path())?;
            logins.of("air", &url).map(|access| match access {
                Access::Ftp(login, tls) => (login, tls.is_some()),
                Access::Sftp(_) => panic!("it is no SFTP"),
            })
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

    #[test]
    fn safe_an_sftp_server_is_known_and_a_key_is_nobody_elses_before_anything_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let key_file = folder.path().join("key");
        let key =
            PrivateKey::random(&mut russh::keys::key::safe_rng(), russh::keys::Algorithm::Ed25519).unwrap();
        fs::write(&key_file, key.to_openssh(russh::keys::ssh_key::LineEnding::LF).unwrap()).unwrap();
        let mode = |mode| fs::set_permissions(&key_file, fs::Permissions::from_mode(mode)).unwrap();
        let of = |said: &str, secrecy| {
            fs::write(folder.path().join("ftp.toml"), format!("[air]\nuser = \"ioc\"\n{said}")).unwrap();
            let url = FtpUrl { secrecy, host: "sftp.example.vn".to_owned(), port: 22 };
            Logins::read(folder.path()).unwrap().of("air", &url)
        };
        let by_key = format!("key = {key_file:?}\n");
        let known = format!("host_keys = [{:?}]\n", key.public_key().to_openssh().unwrap());
        mode(0o640);
        let fault = of(&format!("{by_key}{known}"), FtpSecrecy::Ssh).unwrap_err().to_string();
        assert!(fault.contains("640") && fault.contains("chmod 600"), "{fault}");
        mode(0o600);
        let Access::Sftp(login) = of(&format!("{by_key}{known}"), FtpSecrecy::Ssh).unwrap() else {
            panic!("it is no FTP")
        };
        assert!(login.key.is_some() && login.password.is_none());
        assert!(matches!(of(&by_key, FtpSecrecy::Ssh), Err(LoginFault::Unknown { .. })));
        assert!(matches!(of(&known, FtpSecrecy::Ssh), Err(LoginFault::Neither { .. })));
        assert!(matches!(
            of("password = \"a\"\nhost_keys = [\"x\"]", FtpSecrecy::Ssh),
            Err(LoginFault::HostKey { .. })
        ));
        for (said, secrecy) in [
            (format!("{by_key}{known}plain = true"), FtpSecrecy::Ssh),
            (format!("{by_key}{known}ca = \"a\""), FtpSecrecy::Ssh),
            (by_key, FtpSecrecy::Explicit),
            (known, FtpSecrecy::Plain),
        ] {
            assert!(matches!(of(&said, secrecy), Err(LoginFault::Unfit { .. })), "{said}");
        }
    }
}
