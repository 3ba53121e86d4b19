//! An FTP server that is spoken to: connected, logged in, and asked for lists and files, each step within a time.
//!
//! The data connection goes to the machine that the control connection goes to, whatever the server says (RFC 2577), and
//! under TLS takes up the control connection's session, which many servers ask for. A file has come when its data ended, 226
//! was said, and the server says the same size behind it; a data connection that ends alone brings nothing.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use ioc_model::pack::{FtpSecrecy, FtpUrl};
use suppaftp::{
    FtpError, Mode, Status,
    tokio::{AsyncRustlsConnector, AsyncRustlsFtpStream, AsyncRustlsStream, TransferStream},
    types::FileType,
};
use tokio::{io::AsyncReadExt, time::Instant};
use tokio_rustls::{TlsConnector, rustls::ClientConfig};

use super::{
    counters::FtpPullCounters,
    fetched::{
        Asks, Coming, Got, LONGEST_LIST, Unable, WHOLE_WITHIN, addresses, away, cannot_connect, from_root,
        gone, join, told, too_long, too_slow,
    },
    listing::{self, Form, Listing},
    login::Login,
};
use crate::transport::pull::{CannotFetch, fetch::within};

/// What is read at once.
const PIECE: usize = 64 << 10;

type Ftp = AsyncRustlsFtpStream;
type Data = TransferStream<AsyncRustlsStream>;

/// A server, and how it is logged in at.
pub(super) struct Client {
    url: FtpUrl,
    login: Login,
    tls: Option<Arc<ClientConfig>>,
    within: Duration,
    counters: Arc<FtpPullCounters>,
    session: Option<Session>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client of {}", self.url)
    }
}

struct Session {
    ftp: Ftp,
    /// Where the login leads.
    home: String,
    form: Form,
    tells_sizes: bool,
}

impl Client {
    pub(super) fn new(
        url: FtpUrl,
        login: Login,
        tls: Option<Arc<ClientConfig>>,
        within: Duration,
        counters: Arc<FtpPullCounters>,
    ) -> Client {
        Client { url, login, tls, within, counters, session: None }
    }

    async fn open(&self) -> Result<Session, CannotFetch> {
        let mut last = gone();
        for address in addresses(&self.url.host, self.url.port, self.within).await? {
            match within(self.within, self.speak(address)).await {
                Ok(ftp) => return within(self.within, self.log_in(ftp)).await,
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn speak(&self, address: SocketAddr) -> Result<Ftp, CannotFetch> {
        let connector = || {
            let tls = self.tls.clone().ok_or_else(|| CannotFetch::said("there is nothing to trust it by"));
            tls.map(|tls| AsyncRustlsConnector::from(TlsConnector::from(tls)))
        };
        let host = self.url.host.as_str();
        let spoken = match self.url.secrecy {
            FtpSecrecy::Plain => Ftp::connect(address).await,
            FtpSecrecy::Explicit => match Ftp::connect(address).await {
                Ok(ftp) => ftp.into_secure(connector()?, host).await,
                Err(error) => Err(error),
            },
            FtpSecrecy::Implicit => Ftp::connect_secure_implicit(address, connector()?, host).await,
            FtpSecrecy::Ssh => return Err(CannotFetch::said("it is no FTP server")),
        };
        let mut ftp = spoken.map_err(|error| cannot_connect(host, &error.to_string()))?;
        // The address that a server gives for its data is not followed.
        ftp.set_passive_nat_workaround(true);
        ftp.set_mode(if address.is_ipv6() { Mode::ExtendedPassive } else { Mode::Passive });
        Ok(ftp)
    }

    async fn log_in(&self, mut ftp: Ftp) -> Result<Session, CannotFetch> {
        let unexpected = |error: FtpError| match refused(&error) {
            None => away(&error.to_string()),
            Some(words) => CannotFetch::said(words),
        };
        if self.url.secrecy == FtpSecrecy::Implicit {
            // What is said so is meant by some, and must be said to others.
            for command in ["PBSZ 0", "PROT P"] {
                let said = ftp.custom_command(command, &[Status::CommandOk]).await;
                let _either_way = answered(said.map(drop)).map_err(unexpected)?;
            }
        }
        let logged_in = ftp.login(&self.login.user, &self.login.password).await;
        logged_in.map_err(|error| match refused(&error) {
            None => away(&error.to_string()),
            Some(words) if code(&error) == Some(530) => CannotFetch::fault(
                format!("máy chủ từ chối đăng nhập: {words}"),
                format!("the server refuses the login: {words}"),
            ),
            Some(words) => CannotFetch::said(words),
        })?;
        self.counters.logins.one();
        let features = answered(ftp.feat().await).map_err(unexpected)?.unwrap_or_default();
        let has = |feature: &str| features.keys().any(|key| key.trim().eq_ignore_ascii_case(feature));
        let form = if has("MLST") || has("MLSD") { Form::Facts } else { Form::Lines };
        let tells_sizes = has("SIZE");
        if has("UTF8") {
            let _either_way = answered(ftp.opts("UTF8", Some("ON")).await).map_err(unexpected)?;
        }
        ftp.transfer_type(FileType::Binary).await.map_err(unexpected)?;
        let home = answered(ftp.pwd().await).map_err(unexpected)?.unwrap_or_default();
        Ok(Session { ftp, home, form, tells_sizes })
    }
}

impl Asks for Client {
    async fn connect(&mut self) -> Result<(), CannotFetch> {
        if self.session.is_none() {
            self.session = Some(self.open().await?);
        }
        Ok(())
    }

    async fn list(&mut self, folder: &str) -> Result<Listing, Unable> {
        let Some(mut session) = self.session.take() else { return Err(Unable::Away(gone())) };
        let listed = session.list(folder, self.within).await;
        // One that broke off in the middle is not used again.
        if !matches!(listed, Err(Unable::Away(_))) {
            self.session = Some(session);
        }
        listed
    }

    async fn fetch(&mut self, folder: &str, name: &str, keep: usize) -> Result<Got, Unable> {
        let Some(mut session) = self.session.take() else { return Err(Unable::Away(gone())) };
        let got = session.fetch(folder, name, keep, self.within).await;
        if !matches!(got, Err(Unable::Away(_)) | Ok(Got { is_cut: true, .. })) {
            self.session = Some(session);
        } else if got.is_ok() {
            // What is left of the file is not waited for.
            self.session = self.open().await.ok();
        }
        if let Ok(got) = &got {
            self.counters.bytes.add(got.digest.bytes());
        }
        got
    }

    async fn leave(&mut self) {
        if let Some(mut session) = self.session.take() {
            let _said = tokio::time::timeout(Duration::from_secs(2), session.ftp.quit()).await;
        }
    }
}

impl Session {
    async fn list(&mut self, folder: &str, patience: Duration) -> Result<Listing, Unable> {
        let path = from_root(&self.home, folder);
        let entered = step(patience, self.ftp.cwd(&path)).await;
        entered.map_err(|unable| match unable {
            Unable::Refused(words) => Unable::Missing(words),
            other => other,
        })?;
        let command = if self.form == Form::Facts { "MLSD" } else { "LIST" };
        let opened = [Status::AboutToSend, Status::AlreadyOpen];
        let (_, mut data) = step(patience, self.ftp.custom_data_command(command, &opened)).await?;
        let mut list = Vec::new();
        read(&mut data, patience, |piece| {
            list.extend_from_slice(piece);
            list.len() <= LONGEST_LIST
        })
        .await?;
        if list.len() > LONGEST_LIST {
            return Err(Unable::Away(too_long(folder)));
        }
        step(patience, data.finish()).await?;
        let mut listing = listing::read(self.form, &list);
        for (name, size, _) in listing.files.iter_mut().filter(|(_, size, _)| size.is_none()) {
            // Of one that does not say its size, nothing says that it is whole.
            let asked = step(patience, self.ftp.size(format!("{path}/{name}"))).await;
            match asked {
                Ok(said) => *size = Some(said as u64),
                Err(Unable::Away(error)) => return Err(Unable::Away(error)),
                Err(_) => {}
            }
        }
        let all = listing.files.len();
        listing.files.retain(|(_, size, _)| size.is_some());
        listing.strange += (all - listing.files.len()) as u64;
        Ok(listing)
    }

    async fn fetch(
        &mut self,
        folder: &str,
        name: &str,
        keep: usize,
        patience: Duration,
    ) -> Result<Got, Unable> {
        let path = join(&from_root(&self.home, folder), name);
        let mut data = step(patience, self.ftp.retr_as_stream(&path)).await?;
        let mut coming = Coming::new(keep);
        let came = read(&mut data, patience, |piece| coming.takes(piece)).await;
        if came.is_ok() && coming.is_too_long() {
            return Ok(coming.ended(None));
        }
        // What it says of the end is asked for first: it keeps the connection in step.
        step(patience, data.finish()).await?;
        came?;
        let mut size_behind = None;
        if self.tells_sizes {
            match step(patience, self.ftp.size(&path)).await {
                Ok(size) => size_behind = Some(size as u64),
                Err(Unable::Away(error)) => return Err(Unable::Away(error)),
                // It came whole, and was taken away since.
                Err(_) => {}
            }
        }
        Ok(coming.ended(size_behind))
    }
}

/// Reads a data connection to its end, or until it is not wanted any more.
async fn read(
    data: &mut Data,
    patience: Duration,
    mut wanted: impl FnMut(&[u8]) -> bool,
) -> Result<(), Unable> {
    let deadline = Instant::now() + WHOLE_WITHIN;
    let mut piece = vec![0; PIECE];
    loop {
        let idle = (Instant::now() + patience).min(deadline);
        match tokio::time::timeout_at(idle, data.read(&mut piece)).await {
            Err(_) => {
                return Err(Unable::Away(too_slow()));
            }
            Ok(Ok(0)) => return Ok(()),
            Ok(Ok(count)) if wanted(&piece[..count]) => {}
            Ok(Ok(_)) => return Ok(()),
            // Many servers close without TLS's closing alert: 226 and the size say whether it was whole.
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Ok(Err(error)) => return Err(Unable::Refused(format!("the data connection broke: {error}"))),
        }
    }
}

/// One step, within a time.
async fn step<T>(patience: Duration, asked: impl Future<Output = Result<T, FtpError>>) -> Result<T, Unable> {
    let outcome = within(patience, async { Ok(asked.await) }).await.map_err(Unable::Away)?;
    outcome.map_err(|error| match refused(&error) {
        Some(words) if code(&error) != Some(421) => Unable::Refused(words),
        _ => Unable::Away(away(&error.to_string())),
    })
}

/// What it answered; none if it refused.
fn answered<T>(said: Result<T, FtpError>) -> Result<Option<T>, FtpError> {
    match said {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if refused(&error).is_some() && code(&error) != Some(421) => Ok(None),
        Err(error) => Err(error),
    }
}

fn code(error: &FtpError) -> Option<u32> {
    match error {
        FtpError::UnexpectedResponse(response) => {
            std::str::from_utf8(response.body.get(..3)?).ok()?.parse().ok()
        }
        _ => None,
    }
}

/// The server's words, where it answered and refused.
fn refused(error: &FtpError) -> Option<String> {
    match error {
        FtpError::UnexpectedResponse(response) => Some(told(&String::from_utf8_lossy(&response.body))),
        _ => None,
    }
}
