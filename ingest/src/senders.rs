//! Who may send: each sender has a name, a secret and the feeds it may send to.
//!
//! The secret is a sender's MQTT password (with its name as the MQTT user) and, as `<name>.<secret>`, its HTTP
//! bearer token; a name holds no dot, so the token is unambiguous. Only an Argon2id hash of it is kept, in
//! `senders.toml` in the data folder, readable by its owner alone and replaced atomically. A secret made here has
//! 190 bits and is shown once. A sender may have a certificate beside it or instead: by TLS it then logs in with the
//! name that its client certificate gives it, and needs no secret.
//!
//! [`Senders`] changes the store, one process at a time; a running process asks an [`Authenticator`].

mod authenticator;
mod login;

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use argon2::{
    Argon2, PasswordHash,
    password_hash::{PasswordHasher, SaltString},
};
pub use authenticator::Authenticator;
pub(crate) use authenticator::Seal;
use ioc_bus::Origin;
use ioc_model::{
    attribute::{self, Attribute},
    pattern,
};
pub(crate) use login::{LoginFault, Shown};
use rand::{Rng, distr::Alphanumeric};
use serde::{Deserialize, Serialize};

/// The longest name of a sender.
pub(crate) const MAX_NAME: usize = 64;
/// The shortest secret an operator may choose, in bytes.
pub(crate) const MIN_SECRET: usize = 12;
/// The longest secret, in bytes.
pub(crate) const MAX_SECRET: usize = 512;
/// The longest name in a certificate, in bytes: that of a DNS name.
const MAX_CERTIFICATE: usize = 253;
const GENERATED_SECRET: usize = 32;
/// No stored hash may ask for more memory than this (KiB) or more passes: a slip of the pen in the file must not
/// stop the process.
const MOST_MEMORY: u32 = 256 * 1_024;
const MOST_PASSES: u32 = 16;

/// An authenticated sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Its user name.
    pub name: String,
    /// The feeds it may send to.
    pub feeds: Vec<String>,
    /// Patterns of the subjects it may speak of; anybody if there are none.
    pub subjects: Vec<String>,
    /// The name in the client certificate that it may log in with; none if it has none.
    pub certificate: Option<String>,
}

impl Sender {
    /// What every chunk of it says of where it comes from. Whom it may speak of is among it: rows are judged by what
    /// was so when they arrived (invariants WHO, REPLAY). `certificate` is the name it logged in with, where it did so.
    #[must_use]
    pub fn origin(&self, peer: Option<SocketAddr>, certificate: Option<&str>) -> Origin {
        let peer = peer.map(|peer| peer.to_string()).unwrap_or_default();
        let bound_to = self.subjects.join(" ");
        let known = [
            (Attribute::Sender, &*self.name),
            (Attribute::Peer, &*peer),
            (Attribute::BoundTo, &*bound_to),
            (Attribute::Certificate, certificate.unwrap_or_default()),
        ];
        Origin::of(&known)
    }

    /// Whether a certificate with that name is its own.
    #[must_use]
    pub(crate) fn is_certified_as(&self, name: &str) -> bool {
        self.certificate.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name))
    }

    /// Whether it may send to that feed.
    #[must_use]
    pub(crate) fn may_send_to(&self, feed: &str) -> bool {
        self.feeds.iter().any(|allowed| allowed == feed)
    }
}

/// A sender's secret, to be shown once. Not printed by `Debug`.
#[derive(Clone)]
pub struct Secret {
    name: String,
    secret: String,
}

impl Secret {
    /// The MQTT password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.secret
    }

    /// The HTTP bearer token, `<name>.<secret>`.
    #[must_use]
    pub fn token(&self) -> String {
        format!("{}.{}", self.name, self.secret)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret of {}", self.name)
    }
}

/// Why the store of senders could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum SendersError {
    /// The system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The file is not what this program writes.
    #[error("{path} is no file of senders: {what}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A name outside the rule.
    #[error("'{0}' cannot name a sender: use 1 to 64 of a-z, A-Z, 0-9, '-' and '_'")]
    InvalidName(String),
    /// What is no pattern of subjects.
    #[error("'{0}' is no pattern of subjects: {1}")]
    InvalidSubject(String, &'static str),
    /// More patterns than an envelope can carry.
    #[error(
        "the patterns of subjects have more than {} bytes together: use '*' for many",
        attribute::MAX_TEXT
    )]
    TooManySubjects,
    /// A sender of that name is there already.
    #[error("a sender named '{0}' exists already")]
    Taken(String),
    /// No sender of that name.
    #[error("there is no sender named '{0}'")]
    Unknown(String),
    /// A secret outside the bounds.
    #[error("a secret has {MIN_SECRET} to {MAX_SECRET} bytes")]
    SecretLength,
    /// What is no name in a certificate.
    #[error(
        "'{0}' cannot be the name in a certificate: 1 to {MAX_CERTIFICATE} bytes without control characters"
    )]
    InvalidCertificate(String),
    /// A certificate is one sender's.
    #[error("the certificate '{0}' is that of the sender '{1}' already")]
    CertificateTaken(String, String),
    /// The hash function refused.
    #[error("cannot hash the secret: {0}")]
    Hash(String),
}

/// The store of senders, for changing it.
#[derive(Debug)]
pub struct Senders {
    path: PathBuf,
    senders: BTreeMap<String, Stored>,
}

#[derive(Clone, Debug)]
struct Stored {
    sender: Arc<Sender>,
    /// None of a sender without a secret.
    hash: Option<Arc<str>>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    sender: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    feeds: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subjects: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
}

impl Senders {
    /// Reads the store; a missing file holds no senders.
    ///
    /// # Errors
    /// If the file cannot be read or is malformed.
    pub fn load(path: &Path) -> Result<Senders, SendersError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(SendersError::Io { action: "read", path: path.to_owned(), source }),
        };
        let malformed = |what: String| SendersError::Malformed { path: path.to_owned(), what };
        let file: File = toml::from_str(&text).map_err(|error| malformed(error.message().to_owned()))?;
        let mut senders = Senders { path: path.to_owned(), senders: BTreeMap::new() };
        for Entry { name, feeds, subjects, certificate, hash } in file.sender {
            check_name(&name)?;
            check_subjects(&subjects)?;
            if let Some(hash) = &hash {
                check_hash(hash).map_err(|what| malformed(format!("sender '{name}': {what}")))?;
            }
            if let Some(certificate) = &certificate {
                senders
                    .check_certificate(&name, certificate)
                    .map_err(|fault| malformed(fault.to_string()))?;
            }
            if certificate.is_none() && hash.is_none() {
                return Err(malformed(format!("sender '{name}' has neither a hash nor a certificate")));
            }
            let sender = Arc::new(Sender { name: name.clone(), feeds, subjects, certificate });
            let stored = Stored { sender, hash: hash.map(Arc::from) };
            if senders.senders.insert(name.clone(), stored).is_some() {
                return Err(malformed(format!("sender '{name}' is there twice")));
            }
        }
        Ok(senders)
    }

    /// Adds a sender that logs in with its client certificate, by the name in it, and has no secret. Nothing is stored
    /// before [`Senders::save`].
    ///
    /// # Errors
    /// If a name is taken or outside the rule.
    pub fn add_certified(
        &mut self,
        name: &str,
        feeds: Vec<String>,
        subjects: Vec<String>,
        certificate: &str,
    ) -> Result<(), SendersError> {
        if self.senders.contains_key(name) {
            return Err(SendersError::Taken(name.to_owned()));
        }
        check_name(name)?;
        check_subjects(&subjects)?;
        self.check_certificate(name, certificate)?;
        let sender =
            Sender { name: name.to_owned(), feeds, subjects, certificate: Some(certificate.to_owned()) };
        let _new = self.senders.insert(name.to_owned(), Stored { sender: Arc::new(sender), hash: None });
        Ok(())
    }

    /// Gives a sender a certificate beside its secret. Nothing is stored before [`Senders::save`].
    ///
    /// # Errors
    /// If there is no such sender, or the certificate's name is another one's or outside the rule.
    pub fn certify(&mut self, name: &str, certificate: &str) -> Result<(), SendersError> {
        self.check_certificate(name, certificate)?;
        let stored = self.senders.get_mut(name).ok_or_else(|| SendersError::Unknown(name.to_owned()))?;
        stored.sender =
            Arc::new(Sender { certificate: Some(certificate.to_owned()), ..(*stored.sender).clone() });
        Ok(())
    }

    fn check_certificate(&self, of: &str, certificate: &str) -> Result<(), SendersError> {
        let is_one = (1..=MAX_CERTIFICATE).contains(&certificate.len())
            && certificate.trim() == certificate
            && !certificate.chars().any(char::is_control);
        if !is_one {
            return Err(SendersError::InvalidCertificate(certificate.to_owned()));
        }
        let holder = self.list().find(|sender| sender.name != of && sender.is_certified_as(certificate));
        match holder {
            Some(holder) => Err(SendersError::CertificateTaken(certificate.to_owned(), holder.name.clone())),
            None => Ok(()),
        }
    }

    /// Adds a sender with a new random secret. Nothing is stored before [`Senders::save`].
    ///
    /// # Errors
    /// If the name is taken or outside the rule.
    pub fn add(
        &mut self,
        name: &str,
        feeds: Vec<String>,
        subjects: Vec<String>,
    ) -> Result<Secret, SendersError> {
        if self.senders.contains_key(name) {
            return Err(SendersError::Taken(name.to_owned()));
        }
        let secret: String =
            rand::rng().sample_iter(&Alphanumeric).take(GENERATED_SECRET).map(char::from).collect();
        self.set_secret(name, feeds, subjects, &secret)?;
        Ok(Secret { name: name.to_owned(), secret })
    }

    /// Adds a sender or replaces it, with a secret chosen by the caller. Nothing is stored before
    /// [`Senders::save`].
    ///
    /// The certificate of one that is replaced stays.
    ///
    /// # Errors
    /// If name or secret are outside the rules.
    pub fn set_secret(
        &mut self,
        name: &str,
        feeds: Vec<String>,
        subjects: Vec<String>,
        secret: &str,
    ) -> Result<(), SendersError> {
        check_name(name)?;
        check_subjects(&subjects)?;
        if !(MIN_SECRET..=MAX_SECRET).contains(&secret.len()) {
            return Err(SendersError::SecretLength);
        }
        let certificate = self.senders.get(name).and_then(|before| before.sender.certificate.clone());
        let stored = Stored {
            sender: Arc::new(Sender { name: name.to_owned(), feeds, subjects, certificate }),
            hash: Some(hash_secret(secret.as_bytes())?.into()),
        };
        let _replaced = self.senders.insert(name.to_owned(), stored);
        Ok(())
    }

    /// Removes a sender. Nothing is stored before [`Senders::save`].
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn remove(&mut self, name: &str) -> Result<(), SendersError> {
        match self.senders.remove(name) {
            Some(_) => Ok(()),
            None => Err(SendersError::Unknown(name.to_owned())),
        }
    }

    /// All senders, by name.
    pub fn list(&self) -> impl Iterator<Item = &Sender> {
        self.senders.values().map(|stored| &*stored.sender)
    }

    /// Replaces the file: whole, atomically, readable by its owner alone.
    ///
    /// # Errors
    /// If the system refuses; the old file is then still there.
    pub fn save(&self) -> Result<(), SendersError> {
        let file = File {
            sender: self
                .senders
                .values()
                .map(|stored| Entry {
                    name: stored.sender.name.clone(),
                    feeds: stored.sender.feeds.clone(),
                    subjects: stored.sender.subjects.clone(),
                    certificate: stored.sender.certificate.clone(),
                    hash: stored.hash.as_ref().map(ToString::to_string),
                })
                .collect(),
        };
        let text = toml::to_string(&file)
            .map_err(|error| SendersError::Malformed { path: self.path.clone(), what: error.to_string() })?;
        let temporary = self.path.with_extension("toml.tmp");
        let folder = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let io = |action, path: &Path| {
            let path = path.to_owned();
            move |source| SendersError::Io { action, path, source }
        };
        // Removed first: the mode is given only to a file that is made new.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(io("remove", &temporary)(error));
            }
            _ => {}
        }
        let mut out = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)
            .map_err(io("create", &temporary))?;
        out.write_all(text.as_bytes()).map_err(io("write", &temporary))?;
        out.sync_all().map_err(io("sync", &temporary))?;
        fs::rename(&temporary, &self.path).map_err(io("replace", &self.path))?;
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io("sync", folder))
    }
}

fn check_name(name: &str) -> Result<(), SendersError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(allowed) {
        return Err(SendersError::InvalidName(name.to_owned()));
    }
    Ok(())
}

/// More patterns than an envelope can carry would let the sender speak of nobody beyond them.
fn check_subjects(patterns: &[String]) -> Result<(), SendersError> {
    if let Some((pattern, rule)) = patterns.iter().find_map(|one| Some((one, pattern::fault(one)?))) {
        return Err(SendersError::InvalidSubject(pattern.clone(), rule));
    }
    match patterns.iter().map(|pattern| pattern.len() + 1).sum::<usize>() {
        length if length > attribute::MAX_TEXT => Err(SendersError::TooManySubjects),
        _ => Ok(()),
    }
}

fn check_hash(hash: &str) -> Result<(), String> {
    let parsed = PasswordHash::new(hash).map_err(|error| error.to_string())?;
    if parsed.algorithm != argon2::ARGON2ID_IDENT {
        return Err("the hash is not argon2id".to_owned());
    }
    let cost = argon2::Params::try_from(&parsed).map_err(|error| error.to_string())?;
    if cost.m_cost() > MOST_MEMORY || cost.t_cost() > MOST_PASSES || cost.p_cost() > MOST_PASSES {
        return Err("the hash asks for too much memory or time".to_owned());
    }
    Ok(())
}

fn hash_secret(secret: &[u8]) -> Result<String, SendersError> {
    let refused = |error: argon2::password_hash::Error| SendersError::Hash(error.to_string());
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).map_err(refused)?;
    Ok(Argon2::default().hash_password(secret, &salt).map_err(refused)?.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn store() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("senders.toml");
        (folder, path)
    }

    #[test]
    fn a_store_comes_back_as_saved_and_is_its_owners_alone() {
        let (_folder, path) = store();
        let mut senders = Senders::load(&path).expect("a missing file holds none");
        assert_eq!(senders.list().count(), 0);
        let secret = senders.add("gateway-1", vec!["air".into()], vec!["TN-04*".into()]).expect("added");
        senders.save().expect("saved");
        senders.save().expect("saved over itself");
        let text = fs::read_to_string(&path).expect("read");
        assert!(!text.contains(secret.password()), "only the hash is stored");
        assert!(!format!("{secret:?}").contains(secret.password()));
        assert_eq!(fs::metadata(&path).expect("metadata").permissions().mode() & 0o777, 0o600);
        let again = Senders::load(&path).expect("loaded");
        assert_eq!(again.list().collect::<Vec<_>>(), senders.list().collect::<Vec<_>>());
    }

    #[test]
    fn names_taken_unknown_or_with_a_dot_are_refused() {
        let (_folder, path) = store();
        let mut senders = Senders::load(&path).expect("loaded");
        let _secret = senders.add("a", vec![], vec![]).expect("added");
        assert!(matches!(senders.add("a", vec![], vec![]), Err(SendersError::Taken(_))));
        assert!(matches!(senders.remove("b"), Err(SendersError::Unknown(_))));
        for name in ["", "a.b", "a b", "trạm", &"x".repeat(65)] {
            assert!(matches!(senders.add(name, vec![], vec![]), Err(SendersError::InvalidName(_))), "{name}");
        }
        assert!(matches!(senders.set_secret("b", vec![], vec![], "short"), Err(SendersError::SecretLength)));
    }

    #[test]
    fn who_a_certificate_is_one_senders_and_a_sender_may_have_it_instead_of_a_secret() {
        let (_folder, path) = store();
        let mut senders = Senders::load(&path).expect("loaded");
        senders.add_certified("gateway", vec!["air".into()], vec![], "gw-1.example").expect("added");
        let _secret = senders.add("lab", vec![], vec![]).expect("added");
        for taken in ["gw-1.example", "GW-1.Example"] {
            assert!(
                matches!(senders.certify("lab", taken), Err(SendersError::CertificateTaken(..))),
                "{taken}"
            );
        }
        for wrong in ["", " lab", "lab\n", &"x".repeat(254)] {
            assert!(matches!(senders.certify("lab", wrong), Err(SendersError::InvalidCertificate(_))));
        }
        assert!(matches!(senders.certify("nobody", "n.example"), Err(SendersError::Unknown(_))));
        senders.certify("lab", "lab.example").expect("certified");
        senders.set_secret("lab", vec![], vec![], "another secret").expect("replaced");
        senders.save().expect("saved");
        let again = Senders::load(&path).expect("loaded");
        let kept: Vec<_> =
            again.list().map(|sender| (&*sender.name, sender.certificate.as_deref())).collect();
        assert_eq!(kept, [("gateway", Some("gw-1.example")), ("lab", Some("lab.example"))]);
        assert_eq!(
            fs::read_to_string(&path).expect("read").matches("hash").count(),
            1,
            "the gateway has no secret"
        );
    }

    #[test]
    fn loud_a_damaged_store_is_an_error_that_names_the_file() {
        let (_folder, path) = store();
        for text in [
            "sender = 3",
            "[[sender]]\nname='a'\nfeeds=[]\nhash='plain'",
            "[[sender]]\nname='a'\nfeeds=[]\nhash='$argon2id$v=19$m=4000000000,t=2,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0'",
            "[[sender]]\nname='a'\nfeeds=[]\nhash='x'\npassword='y'",
            "[[sender]]\nname='a'\nfeeds=[]",
            "[[sender]]\nname='a'\nfeeds=[]\ncertificate=''",
            "[[sender]]\nname='a'\nfeeds=[]\ncertificate='c'\n[[sender]]\nname='b'\nfeeds=[]\ncertificate='C'",
        ] {
            fs::write(&path, text).expect("written");
            let error = Authenticator::open(&path).expect_err(text).to_string();
            assert!(error.contains("senders.toml"), "{error}");
        }
    }
}
