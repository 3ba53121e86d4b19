//! Who logs in at a cluster, and by what its brokers are known: `kafka.toml` in the data folder, by feed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ioc_model::pack::KafkaFeed;
use rdkafka::ClientConfig;
use serde::Deserialize;

use crate::transport::pull::trust::{is_here, known_by};

/// As the file has it. The password is not printed by `Debug`.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    /// None where nobody has to log in.
    user: Option<String>,
    #[serde(default)]
    password: String,
    #[serde(default)]
    mechanism: Mechanism,
    /// The CA that certifies the brokers, as PEM.
    ca: Option<PathBuf>,
    /// What this client shows of itself, as PEM; both or none.
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    /// Passwords and records may be read on the way.
    #[serde(default)]
    plain: bool,
}

/// How a password is shown (SASL).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
enum Mechanism {
    #[default]
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    #[serde(rename = "PLAIN")]
    Plain,
}

impl Mechanism {
    fn word(self) -> &'static str {
        match self {
            Mechanism::ScramSha512 => "SCRAM-SHA-512",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::Plain => "PLAIN",
        }
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login of {}", self.user.as_deref().unwrap_or("nobody"))
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum LoginFault {
    #[error("cannot read {path}: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path} is not valid: {source}")]
    Invalid { path: PathBuf, source: toml::de::Error },
    #[error(
        "{broker} of feed '{feed}' is another machine: name under [{feed}] in {path} the 'ca' that certifies it, or write \
         plain = true, if whoever is on the way may read passwords and records"
    )]
    Plain { path: PathBuf, feed: String, broker: String },
    #[error("the CA of feed '{feed}' in {path} cannot be used: {why}")]
    Ca { path: PathBuf, feed: String, why: String },
    #[error("feed '{feed}' in {path}: 'certificate' and 'key' go together, and with 'ca'")]
    Half { path: PathBuf, feed: String },
}

/// All logins, and where they are written.
#[derive(Debug)]
pub(super) struct Logins {
    path: PathBuf,
    of_feeds: BTreeMap<String, Login>,
}

impl Logins {
    pub(super) fn read(data: &Path) -> Result<Logins, LoginFault> {
        let path = data.join("kafka.toml");
        let of_feeds = match std::fs::read_to_string(&path) {
            // The text holds passwords, which a fault would quote.
            Ok(text) => toml::from_str(&text).map_err(|mut source: toml::de::Error| {
                source.set_input(None);
                LoginFault::Invalid { path: path.clone(), source }
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(source) => return Err(LoginFault::Unreadable { path, source }),
        };
        Ok(Logins { path, of_feeds })
    }

    /// That of a feed; nobody where brokers of this machine ask for nobody.
    pub(super) fn of(&self, feed: &str, of: &KafkaFeed) -> Result<Login, LoginFault> {
        let login = self.of_feeds.get(feed).cloned().unwrap_or_default();
        let (path, feed) = (self.path.clone(), feed.to_owned());
        if login.certificate.is_some() != login.key.is_some() || login.key.is_some() && login.ca.is_none() {
            return Err(LoginFault::Half { path, feed });
        }
        match &login.ca {
            Some(ca) => {
                // Whether it is one is said before anybody is gone to.
                let _known = known_by(ca).map_err(|why| LoginFault::Ca { path: ca.clone(), feed, why })?;
            }
            None => {
                let other = of.brokers.iter().find(|broker| !is_here(host(broker)));
                if let Some(broker) = other.filter(|_| !login.plain) {
                    return Err(LoginFault::Plain { path, feed, broker: broker.clone() });
                }
            }
        }
        Ok(login)
    }
}

fn host(broker: &str) -> &str {
    let host = broker.rsplit_once(':').map_or(broker, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

impl Login {
    pub(super) fn configure(&self, settings: &mut ClientConfig) {
        let protocol = match (&self.user, &self.ca) {
            (None, None) => "PLAINTEXT",
            (None, Some(_)) => "SSL",
            (Some(_), None) => "SASL_PLAINTEXT",
            (Some(_), Some(_)) => "SASL_SSL",
        };
        let _settings = settings.set("security.protocol", protocol);
        if let Some(user) = &self.user {
            let _settings = settings
                .set("sasl.mechanism", self.mechanism.word())
                .set("sasl.username", user)
                .set("sasl.password", &self.password);
        }
        let files = [
            ("ssl.ca.location", &self.ca),
            ("ssl.certificate.location", &self.certificate),
            ("ssl.key.location", &self.key),
        ];
        for (key, file) in files {
            if let Some(file) = file {
                let _settings = settings.set(key, file.to_string_lossy());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::pack::KafkaStart;

    use super::*;

    fn feed(broker: &str) -> KafkaFeed {
        KafkaFeed {
            brokers: vec!["127.0.0.1:9092".to_owned(), broker.to_owned()],
            topics: vec!["air".to_owned()],
            group: "ioc".to_owned(),
            start: KafkaStart::First,
        }
    }

    fn logins(text: &str) -> (tempfile::TempDir, Result<Logins, LoginFault>) {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join("kafka.toml"), text).unwrap();
        let logins = Logins::read(data.path());
        (data, logins)
    }

    #[test]
    fn safe_nothing_goes_in_plain_to_another_machine_unless_the_file_says_so() {
        let data = tempfile::tempdir().unwrap();
        let none = Logins::read(data.path()).unwrap();
        assert!(
            none.of("air", &feed("[::1]:9092")).is_ok() && none.of("air", &feed("localhost:9092")).is_ok()
        );
        let error = none.of("air", &feed("kafka.example.vn:9092")).unwrap_err().to_string();
        assert!(error.contains("kafka.example.vn:9092") && error.contains("plain = true"), "{error}");
        let (_data, plain) = logins("[air]\nuser = \"ioc\"\npassword = \"s3cret\"\nplain = true\n");
        let login = plain.unwrap().of("air", &feed("kafka.example.vn:9092")).unwrap();
        let mut settings = ClientConfig::new();
        login.configure(&mut settings);
        assert_eq!(settings.get("security.protocol"), Some("SASL_PLAINTEXT"));
        assert_eq!(settings.get("sasl.mechanism"), Some("SCRAM-SHA-512"));
        assert!(!format!("{login:?} {settings:?}").contains("s3cret"));
    }

    #[test]
    fn loud_a_file_that_is_none_is_told_without_what_is_in_it() {
        for text in [
            "[air]\npassword = s3cret\n",
            "[air]\npasswort = \"s3cret\"\n",
            "[air]\nmechanism = \"s3cret\"\n",
        ] {
            let (_data, logins) = logins(text);
            let error = logins.unwrap_err().to_string();
            assert!(error.contains("kafka.toml is not valid") && !error.contains("= \"s3cret\""), "{error}");
        }
        let (_data, half) = logins("[air]\nkey = \"/k.pem\"\n");
        assert!(matches!(half.unwrap().of("air", &feed("[::1]:1")), Err(LoginFault::Half { .. })));
        let (_data, no_ca) = logins("[air]\nca = \"/nowhere.pem\"\n");
        assert!(matches!(no_ca.unwrap().of("air", &feed("[::1]:1")), Err(LoginFault::Ca { .. })));
    }
}
