//! One client's session: who it is, where it stands, and what it asks for.

mod bring;
mod look;
mod rename;

use std::{collections::VecDeque, io, net::SocketAddr, sync::Arc, time::Duration};

pub(super) use rename::hand_over_overdue;
use tokio::{net::TcpListener, time::Instant};

use super::{
    KIND, Shared,
    command::{Command, Control},
    listing::{Brought, Style, stamp},
    path::VirtualPath,
    receive::Secrecy,
    reply,
    rooms::{Place, Seat},
    target::{Target, target},
    unfinished::Kept,
    wire::Wire,
};
use crate::{
    clients::{Caller, DoorEvent, Visit},
    routes::Routes,
    senders::{LoginFault, Sender, Shown},
    transport::tls::{Pass, until_void},
};

/// Whoever has not logged in by then is let go.
const LOG_IN_WITHIN: Duration = Duration::from_secs(30);
/// Wrong log-ins of one session.
const MOST_FAILURES: u32 = 3;

/// Whether it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Go,
    End,
}

/// What an authenticated client may do.
#[derive(Debug)]
struct Guest {
    name: String,
    visit: Visit,
    _seat: Seat,
}

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    shared: Arc<Shared>,
    control: Control,
    /// The certificate that the client showed.
    pass: Option<Pass>,
    peer: SocketAddr,
    local: SocketAddr,
    _place: Place,
    since: Instant,
    user: Option<String>,
    failures: u32,
    guest: Option<Guest>,
    /// Data connections are encrypted (PROT P).
    is_data_private: bool,
    folder: VirtualPath,
    listener: Option<TcpListener>,
    /// All that was brought under a name that is being changed, the oldest first.
    renaming: Vec<Kept>,
    brought: VecDeque<Brought>,
    /// Lines that came while a file did.
    held: VecDeque<Vec<u8>>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.unfinished.give_back(&self.renaming);
    }
}

impl Session {
    pub(super) fn new(
        shared: Arc<Shared>,
        wire: Wire,
        pass: Option<Pass>,
        peer: SocketAddr,
        local: SocketAddr,
        place: Place,
    ) -> Session {
        Session {
            shared,
            control: Control::new(wire),
            pass,
            peer,
            local,
            _place: place,
            since: Instant::now(),
            user: None,
            failures: 0,
            guest: None,
            is_data_private: false,
            folder: VirtualPath::default(),
            listener: None,
            renaming: Vec::new(),
            brought: VecDeque::new(),
            held: VecDeque::new(),
        }
    }

    /// Serves it to its end.
    pub(super) async fn run(mut self) {
        if let Err(error) = self.serve().await {
            tracing::debug!(peer = %self.peer, %error, "an FTP session broke off");
        }
        self.control.end().await;
    }

    async fn serve(&mut self) -> io::Result<()> {
        self.say(220, "ioc: files are answered 226 when they are on disk").await?;
        loop {
            let line = match self.held.pop_front() {
                Some(line) => line,
                None => match self.next_line().await? {
                    Some(line) => line,
                    None => return Ok(()),
                },
            };
            if self.obey(Command::of(&line)).await? == Next::End {
                return Ok(());
            }
        }
    }

    /// The next line; none where there is none, or nothing came for too long.
    async fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let until = match self.guest {
            Some(_) => Instant::now() + self.shared.idle_after,
            None => self.since + LOG_IN_WITHIN,
        };
        let stop = self.shared.stop.clone();
        let line = tokio::select! {
            () = stop.cancelled() => {
                self.say(421, "The server is stopping").await?;
                return Ok(None);
            }
            _fault = until_void(self.pass.as_mut()) => {
                self.end_with_pass().await?;
                return Ok(None);
            }
            line = tokio::time::timeout_at(until, self.control.line()) => line,
        };
        match line {
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                self.say(500, "The line is too long").await?;
                Ok(None)
            }
            Ok(line) => line,
            Err(_) => {
                self.shared.counters.idle.one();
                self.say(421, "Nothing came for too long").await?;
                Ok(None)
            }
        }
    }

    async fn say(&mut self, code: u16, sentence: &str) -> io::Result<Next> {
        self.control.write(&reply::line(code, sentence)).await?;
        Ok(Next::Go)
    }

    async fn obey(&mut self, command: Command) -> io::Result<Next> {
        // RNTO belongs to the RNFR right before it.
        if !matches!(command, Command::Rnto(_) | Command::Noop) {
            let kept = std::mem::take(&mut self.renaming);
            self.shared.unfinished.give_back(&kept);
        }
        match command {
            Command::User(name) => self.user(name).await,
            Command::Pass(secret) => self.pass(&secret).await,
            Command::Auth(how) => self.auth(&how).await,
            Command::Pbsz => self.say(200, "PBSZ=0").await,
            Command::Prot(level) => self.prot(&level).await,
            Command::Quit => {
                let _said = self.say(221, "Goodbye").await?;
                Ok(Next::End)
            }
            Command::Noop => self.say(200, "Here").await,
            Command::Syst => self.say(215, "UNIX Type: L8").await,
            Command::Feat => self.feat().await,
            Command::Help => self.say(214, "Files are brought with STOR, behind PASV or EPSV").await,
            Command::Opts(option) if option.to_ascii_uppercase().starts_with("UTF8") => {
                self.say(200, "Names are UTF-8").await
            }
            Command::Opts(option) if option.to_ascii_uppercase().starts_with("MLST") => {
                self.say(200, "MLST OPTS type;size;modify;").await
            }
            Command::Opts(_) => self.say(501, "There is no such option").await,
            Command::Stat => self.say(211, "No file is coming").await,
            Command::Allo => self.say(202, "Room is found when the file comes").await,
            Command::Mode(mode) if mode.eq_ignore_ascii_case("S") => self.say(200, "Stream").await,
            Command::Mode(_) => self.say(504, "Stream mode only").await,
            Command::Stru(structure) if structure.eq_ignore_ascii_case("F") => self.say(200, "File").await,
            Command::Stru(_) => self.say(504, "File structure only").await,
            Command::Type(kind) => match kind.to_ascii_uppercase().chars().next() {
                Some('I' | 'L') => self.say(200, "Bytes as they are").await,
                Some('A') => self.say(200, "Taken as they are sent, line ends too").await,
                _ => self.say(504, "Types I and A only").await,
            },
            Command::Rest(offset) if offset.trim() == "0" => self.say(350, "From the beginning").await,
            Command::Rest(_) => self.say(502, "Files come whole: send it from its beginning").await,
            Command::Append => {
                self.say(502, "Files come whole, under a name: nothing is appended. Use STOR").await
            }
            Command::Active => {
                self.say(502, "Passive mode only: use PASV or EPSV (your client's passive mode)").await
            }
            Command::Unknown(verb) => self.say(500, &format!("'{verb}' is not spoken here")).await,
            Command::Abor => self.say(226, "Nothing was coming").await,
            command if self.guest.is_none() => {
                drop(command);
                self.say(530, "Log in first, with USER and PASS").await
            }
            Command::Pwd => {
                let folder = reply::quoted(&self.folder.to_string());
                self.say(257, &folder).await
            }
            // Folders are made by naming them.
            Command::Cwd(name) => match self.folder.join(&name) {
                Ok(folder) => {
                    self.folder = folder;
                    self.say(250, "Done").await
                }
                Err(why) => self.say(550, why).await,
            },
            Command::Mkd(name) => match self.folder.join(&name) {
                Ok(folder) => {
                    let told = format!("{} is there", reply::quoted(&folder.to_string()));
                    self.say(257, &told).await
                }
                Err(why) => self.say(550, why).await,
            },
            Command::Rmd => self.say(550, "There is no folder to remove").await,
            Command::Pasv => self.pasv().await,
            Command::Epsv(asked) => self.epsv(&asked).await,
            Command::Read => self.say(550, "Files are brought here, and not read").await,
            Command::List(name) => self.list(Style::Long, &name).await,
            Command::Nlst(name) => self.list(Style::Names, &name).await,
            Command::Mlsd(name) => self.list(Style::Facts, &name).await,
            Command::Mlst(name) => self.look_at(&name).await,
            Command::Size(name) => match self.brought(&name) {
                Some(file) => self.say(213, &file.bytes.to_string()).await,
                None => self.say(550, "No such file was brought lately").await,
            },
            Command::Mdtm(name) => match self.brought(&name) {
                Some(file) => self.say(213, &stamp(file.at)).await,
                None => self.say(550, "No such file was brought lately").await,
            },
            Command::Stor(name) => self.stor(&name).await,
            Command::Rnfr(name) => self.rnfr(&name).await,
            Command::Rnto(name) => self.rnto(&name).await,
            Command::Dele(name) => self.dele(&name).await,
        }
    }

    async fn feat(&mut self) -> io::Result<Next> {
        let mut features = vec!["EPSV", "MDTM", "MLST type*;size*;modify*;", "PASV", "SIZE", "UTF8"];
        if self.shared.tls.is_some() {
            features.extend(["AUTH TLS", "PBSZ", "PROT"]);
        }
        self.control.write(&reply::lines(211, "Spoken here", &features, "End")).await?;
        Ok(Next::Go)
    }

    async fn user(&mut self, name: String) -> io::Result<Next> {
        if !self.shared.is_plain_allowed && !self.control.is_encrypted() {
            return self.say(530, "Passwords do not travel in the clear here: AUTH TLS first").await;
        }
        self.leave();
        self.user = Some(name);
        self.say(331, "And the password, or an empty one beside a certificate").await
    }

    /// Nobody is logged in any more, and somebody else may: nothing of whoever was is left.
    fn leave(&mut self) {
        if self.guest.take().is_some() {
            self.since = Instant::now();
            self.brought.clear();
            self.folder = VirtualPath::default();
        }
    }

    async fn pass(&mut self, secret: &[u8]) -> io::Result<Next> {
        let Some(name) = self.user.take() else { return self.say(503, "USER first").await };
        let certificate = self.certificate().map(str::to_owned);
        let shown = Shown { certificate: certificate.as_deref(), name: Some(&name), secret: Some(secret) };
        let sender = match self.shared.authenticator.log_in(shown).await {
            Ok(sender) => sender,
            Err(fault) => return self.wrong_log_in(&name, fault).await,
        };
        let seat = match self.shared.rooms.session(&sender.name) {
            Ok(seat) => seat,
            Err(crowded) => {
                self.shared.counters.refused_connections.one();
                self.shared.note(DoorEvent::Refused, &sender.name, self.peer, crowded.sentence());
                let _said = self.say(421, crowded.sentence()).await?;
                return Ok(Next::End);
            }
        };
        let caller =
            Caller { transport: KIND.word, user: &sender.name, client_id: "", peer: Some(self.peer) };
        let visit = self.shared.intake.clients().enter(&caller);
        self.guest = Some(Guest { name: sender.name.clone(), visit, _seat: seat });
        self.say(230, "Come in").await
    }

    async fn wrong_log_in(&mut self, name: &str, fault: LoginFault) -> io::Result<Next> {
        self.failures += 1;
        self.shared.counters.wrong_credentials.one();
        if let (true, Some(pass)) = (fault.is_of_certificate(), &self.pass) {
            pass.is_strange();
        }
        let known = self.shared.authenticator.sender(name);
        // What stands where a name should may be a secret.
        let told = known.as_ref().map_or("", |sender| &sender.name);
        self.shared.note(DoorEvent::WrongCredentials, told, self.peer, fault.why());
        let _said = self.say(530, "Wrong user, password or certificate").await?;
        Ok(if self.failures < MOST_FAILURES { Next::Go } else { Next::End })
    }

    /// The certificate that it came in with does not count any more.
    async fn end_with_pass(&mut self) -> io::Result<()> {
        if let Some(pass) = &self.pass {
            pass.is_ended();
        }
        let why = LoginFault::VoidCertificate.why();
        self.shared.note(DoorEvent::WrongCredentials, self.name(), self.peer, why);
        let _said = self.say(421, "Your certificate was revoked or has expired").await?;
        Ok(())
    }

    /// The name in the certificate that the client showed.
    fn certificate(&self) -> Option<&str> {
        self.pass.as_ref().map(|pass| pass.name().unwrap_or_default())
    }

    /// How data connections are encrypted; none where they are not.
    fn secrecy(&self) -> Option<Secrecy> {
        let door = self.shared.tls.clone().filter(|_| self.is_data_private)?;
        let certificate = self.certificate().map(str::to_owned);
        Some(Secrecy { door, certificate })
    }

    async fn auth(&mut self, how: &str) -> io::Result<Next> {
        let Some(door) = self.shared.tls.clone() else {
            return self.say(502, "There is no certificate here").await;
        };
        if !["TLS", "TLS-C", "SSL"].contains(&&*how.to_ascii_uppercase()) {
            return self.say(504, "TLS only").await;
        }
        if self.control.is_encrypted() {
            return self.say(503, "It is encrypted already").await;
        }
        let _said = self.say(234, "Shake hands").await?;
        let (wire, pass) = match self.control.take().secured(&door).await {
            Ok(secured) => secured,
            Err(refused) => {
                self.shared.refuse(&refused, self.peer);
                return Ok(Next::End);
            }
        };
        self.control.put(wire);
        self.pass = pass;
        // Who it was before was said in the clear.
        self.leave();
        Ok(Next::Go)
    }

    async fn prot(&mut self, level: &str) -> io::Result<Next> {
        if !self.control.is_encrypted() {
            return self.say(503, "AUTH TLS first").await;
        }
        match &*level.to_ascii_uppercase() {
            "P" => self.is_data_private = true,
            "C" if self.shared.is_plain_allowed => self.is_data_private = false,
            "C" => return self.say(534, "Files do not travel in the clear here: PROT P").await,
            _ => return self.say(504, "Levels P and C only").await,
        }
        self.say(200, "So be it").await
    }

    async fn open(&mut self) -> io::Result<Option<u16>> {
        self.listener = None;
        match self.shared.ports.open(self.local.ip()).await {
            Ok(listener) => {
                let port = listener.local_addr()?.port();
                self.listener = Some(listener);
                Ok(Some(port))
            }
            Err(error) => {
                tracing::warn!(%error, "no port is free for a data connection");
                let _said = self.say(425, "No port is free: come again").await?;
                Ok(None)
            }
        }
    }

    async fn pasv(&mut self) -> io::Result<Next> {
        let Some(address) = self.shared.ports.told(self.local) else {
            return self.say(522, "By IPv6 use EPSV").await;
        };
        let Some(port) = self.open().await? else { return Ok(Next::Go) };
        let [a, b, c, d] = address.octets();
        let told = format!("Come to ({a},{b},{c},{d},{},{})", port >> 8, port & 255);
        self.say(227, &told).await
    }

    async fn epsv(&mut self, asked: &str) -> io::Result<Next> {
        match &*asked.trim().to_ascii_uppercase() {
            "ALL" => return self.say(200, "EPSV it is").await,
            "" | "1" | "2" => {}
            _ => return self.say(522, "Protocols (1,2)").await,
        }
        let Some(port) = self.open().await? else { return Ok(Next::Go) };
        self.say(229, &format!("Come to (|||{port}|)")).await
    }

    /// The sender as the store has it now, and the routes as they are now. None where it was removed since it logged in.
    fn now(&self) -> Option<(Arc<Sender>, Arc<Routes>)> {
        let guest = self.guest.as_ref()?;
        Some((self.shared.authenticator.sender(&guest.name)?, self.shared.routes.borrow().clone()))
    }

    fn name(&self) -> &str {
        self.guest.as_ref().map_or("", |guest| &guest.name)
    }

    async fn forbidden(&mut self, why: &str) -> io::Result<Next> {
        self.shared.counters.forbidden.one();
        self.shared.note(DoorEvent::Forbidden, self.name(), self.peer, why);
        self.say(553, why).await
    }

    /// Where a name leads, and the target of it; or says why there is none.
    async fn aim(&mut self, name: &str) -> io::Result<Option<(Arc<Sender>, VirtualPath, Target)>> {
        // Whoever was removed since is not known any more.
        self.shared.authenticator.look_again().await;
        let Some((sender, routes)) = self.now() else {
            let _said = self.say(530, "This sender is no more").await?;
            self.guest = None;
            return Ok(None);
        };
        let aimed = match self.folder.join(name) {
            Ok(path) => target(&routes, &sender, &path).map(|target| (path, target)),
            Err(why) => Err(why.to_owned()),
        };
        match aimed {
            Ok((path, target)) => Ok(Some((sender, path, target))),
            Err(why) => {
                let _said = self.forbidden(&why).await?;
                Ok(None)
            }
        }
    }
}
