//! Tells whether a name and a secret belong together, fast enough for everybody at once.
//!
//! A verification costs tens of milliseconds and 19 MiB on purpose, which five thousand gateways reconnecting after
//! a power cut must not each pay again: a verified credential is remembered by a hash under a key that lives and dies
//! with the process. A flood of wrong ones takes no more than half of the cores (invariant BOUND), a repeated wrong
//! one nothing, and an unknown name takes the time of a wrong secret. The file is looked at again at most once a
//! second, so senders come and go without a restart.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
    time::{Duration, Instant},
};

use argon2::{Argon2, PasswordHash, PasswordVerifier};
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::{MAX_SECRET, Sender, Senders, SendersError, Stored, hash_secret};

const LOOK_AGAIN: Duration = Duration::from_secs(1);
const FAILURES_KEPT: usize = 4_096;
const FAILURE_LIFE: Duration = Duration::from_secs(60);
pub(super) const FAILURE_ANSWER: Duration = Duration::from_millis(500);

/// Tells whether a name and a secret belong together. Shared by all transports.
#[derive(Debug)]
pub struct Authenticator {
    path: PathBuf,
    key: [u8; 32],
    /// Verified against when the name is unknown, so that both take the same time.
    nobody: Arc<str>,
    /// How many verifications run at once.
    verifying: Arc<Semaphore>,
    known: RwLock<Arc<Known>>,
    looked: Mutex<Looked>,
    failures: Mutex<FxHashMap<Mark, Instant>>,
}

/// A credential under the process's key.
type Mark = [u8; 32];

/// What a sender's secret is told by without being one: another secret has another seal. Of this process alone.
pub(crate) type Seal = [u8; 32];

#[derive(Debug, Default)]
struct Known {
    senders: FxHashMap<String, KnownSender>,
    /// The sender of each certificate, by the name in it in lower case.
    certified: FxHashMap<String, String>,
}

#[derive(Debug)]
struct KnownSender {
    stored: Stored,
    /// Set by the first verification that succeeded. A sender has one secret, so one mark is enough.
    verified: OnceLock<Mark>,
}

#[derive(Debug)]
struct Looked {
    at: Instant,
    stamp: Option<Stamp>,
}

/// What changes when the file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Authenticator {
    /// Reads the store of senders; a missing file holds none, and is noticed when it comes.
    ///
    /// # Errors
    /// If the file cannot be read or is malformed.
    pub fn open(path: &Path) -> Result<Authenticator, SendersError> {
        let stamp = Stamp::of(path);
        let known = Known::of(Senders::load(path)?, &Known::default());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Authenticator {
            path: path.to_owned(),
            key: rand::random(),
            nobody: hash_secret(&rand::random::<[u8; 16]>())?.into(),
            verifying: Arc::new(Semaphore::new((cores / 2).max(1))),
            known: RwLock::new(Arc::new(known)),
            looked: Mutex::new(Looked { at: Instant::now(), stamp }),
            failures: Mutex::default(),
        })
    }

    /// The sender of that name, if the secret is its own.
    pub async fn authenticate(&self, name: &str, secret: &[u8]) -> Option<Arc<Sender>> {
        self.look_again().await;
        let mark = self.mark(name, secret);
        if let Some(sender) = self.known().verified(name, &mark) {
            return Some(sender);
        }
        if !self.failed_lately(&mark)
            && let Some(sender) = self.verify(name, secret, mark).await
        {
            return Some(sender);
        }
        // Whoever guesses waits, and so does a gateway with a wrong password that reconnects at once.
        tokio::time::sleep(FAILURE_ANSWER).await;
        None
    }

    /// The sender a bearer token `<name>.<secret>` belongs to.
    #[cfg(test)]
    async fn authenticate_token(&self, token: &str) -> Option<Arc<Sender>> {
        let (name, secret) = token.split_once('.').unwrap_or(("", token));
        self.authenticate(name, secret.as_bytes()).await
    }

    /// The sender of that name as the store has it now: none when it was removed since it authenticated.
    #[must_use]
    pub fn sender(&self, name: &str) -> Option<Arc<Sender>> {
        self.known().senders.get(name).map(|known| known.stored.sender.clone())
    }

    /// The sender of that name as the store has it now, and its secret's seal: who was let in once stays so while both
    /// are the same.
    pub(crate) async fn sealed(&self, name: &str) -> Option<(Arc<Sender>, Seal)> {
        self.look_again().await;
        let known = self.known();
        let stored = &known.senders.get(name)?.stored;
        Some((stored.sender.clone(), self.mark("", stored.hash.as_ref()?.as_bytes())))
    }

    /// The sender whose client certificate has that name, as the store has it now.
    pub(super) async fn certified(&self, certificate: &str) -> Option<Arc<Sender>> {
        self.look_again().await;
        let known = self.known();
        let name = known.certified.get(&certificate.to_ascii_lowercase())?;
        Some(known.senders.get(name)?.stored.sender.clone())
    }

    async fn verify(&self, name: &str, secret: &[u8], mark: Mark) -> Option<Arc<Sender>> {
        let permit = self.verifying.clone().acquire_owned().await.ok()?;
        let known = self.known();
        // A thousand connections of one sender may have queued here behind its first.
        if let Some(sender) = known.verified(name, &mark) {
            return Some(sender);
        }
        if self.failed_lately(&mark) {
            return None;
        }
        let found = known.senders.get(name);
        let hash = found.and_then(|found| found.stored.hash.clone());
        let has_secret = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let candidate = if secret.len() <= MAX_SECRET { secret.to_vec() } else { Vec::new() };
        let matches = tokio::task::spawn_blocking(move || {
            // Whoever goes away meanwhile makes no room: the work goes on.
            let _permit = permit;
            PasswordHash::new(&hash)
                .is_ok_and(|parsed| Argon2::default().verify_password(&candidate, &parsed).is_ok())
        })
        .await
        .unwrap_or(false);
        match found {
            Some(found) if matches && has_secret => {
                let _first = found.verified.set(mark);
                Some(found.stored.sender.clone())
            }
            _ => {
                self.remember_failure(mark, &known);
                None
            }
        }
    }

    fn mark(&self, name: &str, secret: &[u8]) -> Mark {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        hash.update(secret);
        hash.finalize().into()
    }

    fn known(&self) -> Arc<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn failed_lately(&self, mark: &Mark) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(mark).is_some_and(|at| at.elapsed() < FAILURE_LIFE)
    }

    /// What failed against senders that have changed meanwhile may hold of those of now.
    fn remember_failure(&self, mark: Mark, against: &Arc<Known>) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&known, against) {
            return;
        }
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= FAILURES_KEPT {
            failures.clear();
        }
        let _before = failures.insert(mark, Instant::now());
    }

    /// Takes over the file if it changed.
    pub(crate) async fn look_again(&self) {
        let stamp = {
            let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
            if looked.at.elapsed() < LOOK_AGAIN {
                return;
            }
            looked.at = Instant::now();
            let stamp = Stamp::of(&self.path);
            if stamp == looked.stamp {
                return;
            }
            looked.stamp = stamp;
            stamp
        };
        let path = self.path.clone();
        let loaded = tokio::task::spawn_blocking(move || Senders::load(&path)).await;
        match loaded {
            Ok(Ok(senders)) => {
                let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                *known = Arc::new(Known::of(senders, &known));
                self.failures.lock().unwrap_or_else(PoisonError::into_inner).clear();
                tracing::info!(
                    senders = known.senders.len(),
                    missing = stamp.is_none(),
                    "took over the changed file of senders"
                );
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "the file of senders changed and cannot be read: the senders known before stay")
            }
            Err(error) => tracing::error!(%error, "reading the file of senders was cut short"),
        }
    }
}

impl Known {
    fn of(senders: Senders, before: &Known) -> Known {
        let known = |(name, stored): (String, Stored)| {
            let verified = match before.senders.get(&name) {
                // The same secret: who was verified stays so.
                Some(known) if known.stored.hash == stored.hash => known.verified.clone(),
                _ => OnceLock::new(),
            };
            (name, KnownSender { stored, verified })
        };
        let certified = senders.list().filter_map(|sender| {
            let certificate = sender.certificate.as_ref()?.to_ascii_lowercase();
            Some((certificate, sender.name.clone()))
        });
        let certified = certified.collect();
        Known { senders: senders.senders.into_iter().map(known).collect(), certified }
    }

    fn verified(&self, name: &str, mark: &Mark) -> Option<Arc<Sender>> {
        let known = self.senders.get(name)?;
        (known.verified.get() == Some(mark)).then(|| known.stored.sender.clone())
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Stamp> {
        let metadata = fs::metadata(path).ok()?;
        Some(Stamp {
            inode: metadata.ino(),
            size: metadata.size(),
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("senders.toml");
        (folder, path)
    }

    #[tokio::test]
    async fn safe_only_the_right_secret_authenticates_and_a_password_is_also_a_token() {
        let (_folder, path) = store();
        let mut senders = Senders::load(&path).expect("loaded");
        let secret = senders.add("gateway", vec!["air".into()], vec![]).expect("added");
        senders.save().expect("saved");
        let authenticator = Authenticator::open(&path).expect("opened");
        let wrong: [(&str, &[u8]); 4] =
            [("gateway", b"wrong"), ("gateway", b""), ("other", secret.password().as_bytes()), ("", b"")];
        for (name, guess) in wrong {
            assert_eq!(authenticator.authenticate(name, guess).await, None);
        }
        let long = vec![b'x'; 100_000];
        assert_eq!(authenticator.authenticate("gateway", &long).await, None);
        for _again in 0..2 {
            let sender =
                authenticator.authenticate("gateway", secret.password().as_bytes()).await.expect("right");
            assert!(sender.may_send_to("air") && !sender.may_send_to("water"));
            assert!(authenticator.authenticate_token(&secret.token()).await.is_some());
        }
        // Remembering the right one must not open the door to a wrong one.
        assert_eq!(authenticator.authenticate("gateway", b"wrong").await, None);
        assert_eq!(authenticator.authenticate_token(secret.password()).await, None);
    }

    #[tokio::test]
    async fn senders_come_and_go_without_a_restart_and_a_damaged_file_changes_nothing() {
        let (_folder, path) = store();
        let authenticator = Authenticator::open(&path).expect("opened");
        let look = || authenticator.looked.lock().expect("unpoisoned").at -= LOOK_AGAIN;
        let mut senders = Senders::load(&path).expect("loaded");
        let first = senders.add("a", vec!["air".into()], vec![]).expect("added");
        let second = senders.add("b", vec!["air".into()], vec![]).expect("added");
        assert!(authenticator.authenticate_token(&first.token()).await.is_none());
        senders.save().expect("saved");
        look();
        assert!(authenticator.authenticate_token(&first.token()).await.is_some());
        assert!(authenticator.authenticate_token(&second.token()).await.is_some());
        senders.remove("a").expect("removed");
        senders.set_secret("b", vec!["water".into()], vec![], "another secret").expect("replaced");
        senders.save().expect("saved");
        look();
        assert!(authenticator.authenticate_token(&first.token()).await.is_none(), "removed");
        assert!(authenticator.authenticate_token(&second.token()).await.is_none(), "its secret was replaced");
        let sender = authenticator.authenticate_token("b.another secret").await.expect("new secret");
        assert_eq!(sender.feeds, ["water"]);
        fs::write(&path, "damaged").expect("written");
        look();
        assert!(authenticator.authenticate_token("b.another secret").await.is_some());
    }

    #[tokio::test]
    async fn a_guess_that_was_judged_by_senders_of_before_is_no_failure_among_those_of_now() {
        let (_folder, path) = store();
        let authenticator = Authenticator::open(&path).expect("opened");
        let before = authenticator.known();
        let mut senders = Senders::load(&path).expect("loaded");
        let secret = senders.add("a", vec!["air".into()], vec![]).expect("added");
        let mark = authenticator.mark("a", secret.password().as_bytes());
        senders.save().expect("saved");
        authenticator.looked.lock().expect("unpoisoned").at -= LOOK_AGAIN;
        authenticator.look_again().await;
        // A verification that began before the file was taken over ends behind it.
        authenticator.remember_failure(mark, &before);
        assert!(!authenticator.failed_lately(&mark));
        assert!(authenticator.authenticate_token(&secret.token()).await.is_some());
        authenticator.remember_failure(mark, &authenticator.known());
        assert!(authenticator.failed_lately(&mark));
    }
}
