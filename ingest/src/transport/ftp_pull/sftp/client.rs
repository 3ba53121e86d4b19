//! An SFTP server that is connected to: its host key is one that was named, and who logs in does so by key, by password, or by
//! both.
//!
//! A connection that is let go is shut down at once, whatever its task waits for: nothing is left that a silent server holds.

use std::{
    net::{Shutdown, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ioc_model::pack::FtpUrl;
use russh::{
    ChannelMsg, ChannelStream, Disconnect, MethodKind, MethodSet, Preferred,
    client::{self, AuthResult, DisconnectReason, Handle, KeyboardInteractiveAuthResponse as Asked, Msg},
    keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate},
};
use tokio::net::TcpStream;

use super::{
    super::{
        counters::FtpPullCounters,
        fetched::{Asks, Got, Unable, addresses, away, cannot_connect, gone, told},
        listing::Listing,
    },
    conversation::Conversation,
    host_keys::HostKeys,
};
use crate::transport::pull::{CannotFetch, fetch::within};

/// What a server may send before it is read. Bytes.
const WINDOW: u32 = 1 << 20;

/// Who logs in, and by what the server is known. What is secret is not printed by `Debug`.
#[derive(Clone)]
pub(in super::super) struct SftpLogin {
    pub(in super::super) user: String,
    pub(in super::super) password: Option<String>,
    pub(in super::super) key: Option<Arc<PrivateKey>>,
    pub(in super::super) host_keys: HostKeys,
}

impl std::fmt::Debug for SftpLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SftpLogin of {}", self.user)
    }
}

/// A server, and how it is logged in at.
#[derive(Debug)]
pub(in super::super) struct SftpClient {
    url: FtpUrl,
    login: SftpLogin,
    within: Duration,
    counters: Arc<FtpPullCounters>,
    session: Option<Session>,
}

struct Session {
    ssh: Handle<Guard>,
    conversation: Conversation<ChannelStream<Msg>>,
    cut: Cut,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}

/// Shuts the connection down with it.
struct Cut(std::net::TcpStream);

impl Drop for Cut {
    fn drop(&mut self) {
        let _gone_already = self.0.shutdown(Shutdown::Both);
    }
}

/// Looks at the key that a server shows.
struct Guard {
    host_keys: HostKeys,
    /// No other way of logging in was left.
    refused: Arc<AtomicBool>,
}

/// Why there is no session.
#[derive(Debug)]
enum Broken {
    /// It shows a key that was not named: its kind, and its fingerprint.
    Stranger(String),
    Ssh(russh::Error),
}

impl From<russh::Error> for Broken {
    fn from(error: russh::Error) -> Broken {
        Broken::Ssh(error)
    }
}

impl client::Handler for Guard {
    type Error = Broken;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Broken> {
        match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } if self.host_keys.has(key) => Ok(true),
            PublicKeyOrCertificate::PublicKey { key, .. } => Err(Broken::Stranger(named(key))),
            PublicKeyOrCertificate::Certificate(_) => Err(Broken::Stranger("a certificate".to_owned())),
        }
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Broken>) -> Result<(), Broken> {
        if let DisconnectReason::Error(Broken::Ssh(russh::Error::NoAuthMethod)) = reason {
            self.refused.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn named(key: &PublicKey) -> String {
    format!("{} {}", key.algorithm().as_str(), key.fingerprint(HashAlg::Sha256))
}

impl SftpClient {
    pub(in super::super) fn new(
        url: FtpUrl,
        login: SftpLogin,
        within: Duration,
        counters: Arc<FtpPullCounters>,
    ) -> SftpClient {
        SftpClient { url, login, within, counters, session: None }
    }

    async fn open(&self) -> Result<Session, CannotFetch> {
        let (mut last, refused) = (gone(), Arc::<AtomicBool>::default());
        for address in addresses(&self.url.host, self.url.port, self.within).await? {
            match within(self.within, self.speak(address, &refused)).await {
                Ok((ssh, cut)) => return self.begin(ssh, cut, &refused).await,
                // Another address of one that is a stranger is not asked: it is to be seen.
                Err(error) if error.is_fault => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn speak(
        &self,
        address: SocketAddr,
        refused: &Arc<AtomicBool>,
    ) -> Result<(Handle<Guard>, Cut), CannotFetch> {
        let host = self.url.host.as_str();
        let cannot = |error: std::io::Error| cannot_connect(host, &error.to_string());
        let stream = TcpStream::connect(address).await.map_err(cannot)?;
        stream.set_nodelay(true).map_err(cannot)?;
        let stream = stream.into_std().map_err(cannot)?;
        let cut = Cut(stream.try_clone().map_err(cannot)?);
        let stream = TcpStream::from_std(stream).map_err(cannot)?;
        let guard = Guard { host_keys: self.login.host_keys.clone(), refused: refused.clone() };
        let spoken = client::connect_stream(Arc::new(self.spoken()), stream, guard).await;
        match spoken {
            Ok(ssh) => Ok((ssh, cut)),
            Err(Broken::Stranger(key)) => Err(stranger(host, &key)),
            Err(Broken::Ssh(error)) => Err(cannot_connect(host, &error.to_string())),
        }
    }

    fn spoken(&self) -> client::Config {
        let kinds = self.login.host_keys.kinds(&Preferred::DEFAULT.key);
        client::Config {
            window_size: WINDOW,
            preferred: Preferred { key: kinds.into(), ..Preferred::DEFAULT },
            ..client::Config::default()
        }
    }

    async fn begin(
        &self,
        mut ssh: Handle<Guard>,
        cut: Cut,
        refused: &AtomicBool,
    ) -> Result<Session, CannotFetch> {
        within(self.within, self.log_in(&mut ssh, refused)).await?;
        self.counters.logins.one();
        let lost = |error: russh::Error| away(&error.to_string());
        let channel = within(self.within, async {
            let mut channel = ssh.channel_open_session().await.map_err(lost)?;
            channel.request_subsystem(true, "sftp").await.map_err(lost)?;
            loop {
                match channel.wait().await {
                    Some(ChannelMsg::Success) => return Ok(channel),
                    Some(ChannelMsg::Failure) => {
                        return Err(CannotFetch::fault(
                            "máy chủ không mở SFTP cho tài khoản này",
                            "the server has no SFTP for this account",
                        ));
                    }
                    Some(ChannelMsg::Close | ChannelMsg::Eof) | None => return Err(gone()),
                    Some(_) => {}
                }
            }
        })
        .await?;
        let conversation = Conversation::begin(channel.into_stream(), self.within).await?;
        Ok(Session { ssh, conversation, cut })
    }

    /// In a way that the server takes: by key first, where there is one; by password behind it, or in its place.
    async fn log_in(&self, ssh: &mut Handle<Guard>, refused: &AtomicBool) -> Result<(), CannotFetch> {
        let (user, login) = (self.login.user.as_str(), &self.login);
        let lost = |error: russh::Error| away(&error.to_string());
        let offered = match ssh.authenticate_none(user).await.map_err(lost)? {
            AuthResult::Success => return Ok(()),
            AuthResult::Failure { remaining_methods, .. } => remaining_methods,
        };
        let mut takes = offered.clone();
        if let Some(key) = login.key.as_ref().filter(|_| takes.contains(&MethodKind::PublicKey)) {
            let hash = hash(ssh, key.algorithm()).await.map_err(lost)?;
            let key = PrivateKeyWithHashAlg::new(key.clone(), hash);
            match ssh.authenticate_publickey(user, key).await.map_err(lost)? {
                AuthResult::Success => return Ok(()),
                AuthResult::Failure { remaining_methods, .. } => takes = remaining_methods,
            }
        }
        if let Some(password) = &login.password {
            // Said once: some lock an account behind a few that were wrong.
            if takes.contains(&MethodKind::Password) {
                match ssh.authenticate_password(user, password).await.map_err(lost)? {
                    AuthResult::Success => return Ok(()),
                    AuthResult::Failure { remaining_methods, .. } => takes = remaining_methods,
                }
            } else if takes.contains(&MethodKind::KeyboardInteractive) {
                match answer(ssh, user, password).await.map_err(lost)? {
                    None => return Ok(()),
                    Some(left) => takes = left,
                }
            }
        }
        // Nothing more is taken: it was refused, or the line is gone.
        if takes.is_empty() {
            let _end = (&mut *ssh).await;
            if !refused.load(Ordering::Relaxed) {
                return Err(gone());
            }
        }
        Err(refuses(user, &offered))
    }
}

/// By what a signature of a key is hashed; SHA-1 is not used.
async fn hash(ssh: &Handle<Guard>, key: Algorithm) -> Result<Option<HashAlg>, russh::Error> {
    if !key.is_rsa() {
        return Ok(None);
    }
    let best = ssh.best_supported_rsa_hash().await?;
    Ok(best.flatten().or(Some(HashAlg::Sha512)))
}

/// Says the password where a server asks for it as it would ask a person; once. What it takes else, if that was not it.
async fn answer(
    ssh: &mut Handle<Guard>,
    user: &str,
    password: &str,
) -> Result<Option<MethodSet>, russh::Error> {
    const MOST: usize = 5;
    let mut is_said = false;
    let mut asked = ssh.authenticate_keyboard_interactive_start(user, None).await?;
    for _ in 0..MOST {
        let answers = match asked {
            Asked::Success => return Ok(None),
            Asked::Failure { remaining_methods, .. } => return Ok(Some(remaining_methods)),
            // Some ask for nothing, to say something.
            Asked::InfoRequest { prompts, .. } if prompts.is_empty() => Vec::new(),
            Asked::InfoRequest { prompts, .. } if prompts.len() == 1 && !is_said => {
                is_said = true;
                vec![password.to_owned()]
            }
            Asked::InfoRequest { .. } => break,
        };
        asked = ssh.authenticate_keyboard_interactive_respond(answers).await?;
    }
    Ok(Some((&[MethodKind::KeyboardInteractive][..]).into()))
}

fn stranger(host: &str, key: &str) -> CannotFetch {
    CannotFetch::fault(
        format!(
            "khóa của máy chủ {host} không phải là khóa đã biết: máy chủ đưa ra {key}. Hãy so với khóa mà bên quản trị máy chủ \
             cho biết; nếu đúng, ghi vào host_keys trong ftp.toml"
        ),
        format!(
            "the host key of {host} is none that is known: it shows {key}. Compare it with what those who run the server say; \
             if it is theirs, write it into host_keys in ftp.toml"
        ),
    )
}

fn refuses(user: &str, offered: &MethodSet) -> CannotFetch {
    let takes: Vec<&str> = offered.iter().map(Into::into).collect();
    let (user, takes) = (told(user), if takes.is_empty() { "?".to_owned() } else { takes.join(", ") });
    CannotFetch::fault(
        format!("máy chủ từ chối đăng nhập của {user} (máy chủ nhận: {takes})"),
        format!("the server refuses the login of {user} (it takes: {takes})"),
    )
}

impl Asks for SftpClient {
    async fn connect(&mut self) -> Result<(), CannotFetch> {
        if self.session.is_none() {
            self.session = Some(self.open().await?);
        }
        Ok(())
    }

    async fn list(&mut self, folder: &str) -> Result<Listing, Unable> {
        let Some(mut session) = self.session.take() else { return Err(Unable::Away(gone())) };
        let listed = session.conversation.list(folder).await;
        // One that broke off in the middle is not used again.
        if !matches!(listed, Err(Unable::Away(_))) {
            self.session = Some(session);
        }
        listed
    }

    async fn fetch(&mut self, folder: &str, name: &str, keep: usize) -> Result<Got, Unable> {
        let Some(mut session) = self.session.take() else { return Err(Unable::Away(gone())) };
        let got = session.conversation.fetch(folder, name, keep).await;
        if !matches!(got, Err(Unable::Away(_))) {
            self.session = Some(session);
        }
        if let Ok(got) = &got {
            self.counters.bytes.add(got.digest.bytes());
        }
        got
    }

    async fn leave(&mut self) {
        if let Some(Session { ssh, conversation, cut }) = self.session.take() {
            let _said = tokio::time::timeout(Duration::from_secs(2), async {
                ssh.disconnect(Disconnect::ByApplication, "", "").await?;
                ssh.await
            })
            .await;
            drop((conversation, cut));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, sync::atomic::AtomicUsize};

    use ioc_model::pack::FtpSecrecy;
    use russh::server::{self, Auth, ChannelOpenHandle, Response};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that takes a password in one way only, and has no SFTP.
    struct Door {
        by: MethodKind,
        tried: Arc<AtomicUsize>,
        /// One that is let go is closed.
        channel: Option<russh::Channel<server::Msg>>,
    }

    impl Door {
        fn tried(&self, password: &str) -> Auth {
            let _before = self.tried.fetch_add(1, Ordering::Relaxed);
            if password == "s3cret" { Auth::Accept } else { Auth::reject() }
        }
    }

    impl server::Handler for Door {
        type Error = russh::Error;

        async fn auth_password(&mut self, _user: &str, password: &str) -> Result<Auth, russh::Error> {
            Ok(if self.by == MethodKind::Password { self.tried(password) } else { Auth::reject() })
        }

        async fn auth_keyboard_interactive<'a>(
            &'a mut self,
            _user: &str,
            _submethods: &str,
            response: Option<Response<'a>>,
        ) -> Result<Auth, russh::Error> {
            let Some(mut answers) = response else {
                let prompts = Cow::Borrowed(&[(Cow::Borrowed("Password: "), false)][..]);
                return Ok(Auth::Partial { name: "".into(), instructions: "".into(), prompts });
            };
            let answer = answers.next().unwrap_or_default();
            Ok(self.tried(&String::from_utf8_lossy(&answer)))
        }

        async fn channel_open_session(
            &mut self,
            channel: russh::Channel<server::Msg>,
            reply: ChannelOpenHandle,
            _session: &mut server::Session,
        ) -> Result<(), russh::Error> {
            self.channel = Some(channel);
            reply.accept().await;
            Ok(())
        }

        async fn subsystem_request(
            &mut self,
            channel: russh::ChannelId,
            _name: &str,
            session: &mut server::Session,
        ) -> Result<(), russh::Error> {
            session.channel_failure(channel)
        }
    }

    /// What such a server says to a password, and how often it was asked for one.
    async fn told(by: MethodKind, password: &str) -> (CannotFetch, usize) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap();
        let host_keys = HostKeys::read(&[key.public_key().to_openssh().unwrap()]).unwrap();
        let config = Arc::new(server::Config {
            methods: (&[by][..]).into(),
            auth_rejection_time: Duration::ZERO,
            keys: vec![key],
            ..server::Config::default()
        });
        let tried = Arc::<AtomicUsize>::default();
        let door = Door { by, tried: tried.clone(), channel: None };
        let _task = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let _end = server::run_stream(config, stream, door).await.unwrap().await;
        });
        let url = FtpUrl { secrecy: FtpSecrecy::Ssh, host: "127.0.0.1".to_owned(), port };
        let login =
            SftpLogin { user: "ioc".to_owned(), password: Some(password.to_owned()), key: None, host_keys };
        let client = SftpClient::new(url, login, Duration::from_secs(20), Arc::default());
        (client.open().await.unwrap_err(), tried.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn a_password_is_said_once_in_the_way_that_the_server_takes() {
        for by in [MethodKind::Password, MethodKind::KeyboardInteractive] {
            let (error, tried) = told(by, "s3cret").await;
            assert!(error.is_fault && error.en.contains("has no SFTP"), "{error}");
            assert_eq!(tried, 1);
            let (error, tried) = told(by, "wr0ng").await;
            assert!(error.is_fault && error.en.contains("refuses the login of ioc"), "{error}");
            assert!(!error.en.contains("wr0ng") && error.en.contains(<&str>::from(&by)), "{error}");
            assert_eq!(tried, 1);
        }
    }
}
