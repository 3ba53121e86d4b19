//! Files that are brought: received, handed over, and answered when they are on disk.

use std::{io, time::Duration};

use ioc_bus::ChunkBuilder;
use ioc_model::{envelope::Content, position::Position};
use tokio::{net::TcpListener, time::Instant};

use super::{
    super::{
        BUS, NotAppended,
        command::Command,
        path::VirtualPath,
        receive::{NotReceived, Received, Source, receive},
        reply,
        rooms::Room,
        target::Target,
        unfinished::{self, Head, NotKept},
    },
    Next, Session,
};
use crate::{
    clients::DoorEvent,
    senders::Sender,
    transport::{
        nothing::holds_nothing,
        tls::{Pass, until_void},
        withheld::Digest,
    },
};

/// Lines that may come while a file does. Whoever says more is not listened to any more.
const MOST_HELD: usize = 16;
/// When the power fails both connections end, and the control connection's end may arrive a moment behind the file's.
const LAST_WORD: Duration = Duration::from_millis(20);

/// What became of a file that came whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is on the log as what it is.
    Taken,
    /// It is on the log as something to be told of: empty, or over the limit.
    Recorded,
    /// It is not on the log.
    NotAppended,
}

/// What became of a file, and what its sender is told.
#[derive(Debug)]
pub(super) struct Became {
    pub(super) code: u16,
    pub(super) sentence: String,
    pub(super) fate: Fate,
}

/// Why nothing was taken of a file.
enum NotTaken {
    /// The control connection ended before the file was handed over.
    ControlEnded,
    /// The client said ABOR.
    Aborted,
    /// The process ends.
    Stopping,
    /// The certificate that the client came with does not count any more.
    Void,
    /// The data connection did not bring it.
    NotReceived(NotReceived),
}

impl Session {
    pub(super) async fn stor(&mut self, name: &str) -> io::Result<Next> {
        let Some((sender, path, target)) = self.aim(name).await? else { return Ok(Next::Go) };
        let is_unfinished = path.is_unfinished();
        if is_unfinished && self.is_personal(&target) {
            let why = "nothing of persons lies on disk as it came: send the file under its last name";
            return self.forbidden(why).await;
        }
        let Some(listener) = self.listener.take() else { return self.say(425, "PASV or EPSV first").await };
        let mut room = match self.shared.rooms.transfer(&sender.name) {
            Ok(room) => room,
            Err(crowded) => {
                self.shared.counters.unavailable.one();
                return self.say(450, crowded.sentence()).await;
            }
        };
        if self.control.is_encrypted() && !self.is_data_private && !self.shared.is_plain_allowed {
            return self.say(521, "Files do not travel in the clear here: PROT P first").await;
        }
        let _said = self.say(150, "Ready").await?;
        let mut seen = 0;
        let limit = target.max_bytes.min(self.shared.rooms.largest_file());
        let received = match self.receive(listener, limit, &mut room, &mut seen).await {
            Ok(received) => received,
            Err(not_taken) => return self.broken_off(&path, seen, not_taken).await,
        };
        // It may have taken an hour: whoever may not any more has not brought it.
        let Some((sender, path, target)) = self.aim(name).await? else { return Ok(Next::Go) };
        if self.pass.as_mut().and_then(Pass::fault).is_some() {
            return self.broken_off(&path, seen, NotTaken::Void).await;
        }
        match received {
            Received::Whole { bytes, .. } if is_unfinished => self.keep(&path, bytes).await,
            received => {
                let became = self.hand_over(&sender, &target, received, 226).await;
                if became.fate == Fate::Taken {
                    self.remember(path, seen);
                }
                self.say(became.code, &became.sentence).await
            }
        }
    }

    pub(super) fn is_personal(&self, target: &Target) -> bool {
        self.shared.intake.is_personal(std::slice::from_ref(&target.feed))
    }

    /// Receives a file while it listens to what the client says meanwhile.
    async fn receive(
        &mut self,
        listener: TcpListener,
        limit: usize,
        room: &mut Room,
        seen: &mut u64,
    ) -> Result<Received, NotTaken> {
        let source = Source {
            listener,
            peer: self.peer.ip(),
            tls: self.secrecy(),
            idle_after: self.shared.transfer_idle_after,
            counters: self.shared.counters.clone(),
        };
        let stop = self.shared.stop.clone();
        let (control, held, pass) = (&mut self.control, &mut self.held, &mut self.pass);
        let mut coming = std::pin::pin!(receive(source, limit, room, seen));
        let mut received = None;
        let mut until = Instant::now() + self.shared.idle_after;
        loop {
            tokio::select! {
                biased;
                // First what the client says: an end of both connections is an end that nobody meant.
                line = control.line() => {
                    let line = line.ok().flatten().ok_or(NotTaken::ControlEnded)?;
                    let answer = match Command::of(&line) {
                        Command::Abor => return Err(NotTaken::Aborted),
                        Command::Noop => Some(reply::line(200, "Here")),
                        Command::Stat => Some(reply::line(211, "A file is coming")),
                        // Whatever else it says is answered behind the file, and its end is heard behind all of that.
                        _ if held.len() == MOST_HELD => return Err(NotTaken::ControlEnded),
                        _ => {
                            held.push_back(line);
                            None
                        }
                    };
                    if let Some(answer) = answer {
                        control.write(&answer).await.map_err(|_| NotTaken::ControlEnded)?;
                    }
                }
                came = &mut coming, if received.is_none() => {
                    received = Some(came.map_err(NotTaken::NotReceived)?);
                    until = Instant::now() + LAST_WORD;
                }
                () = tokio::time::sleep_until(until), if received.is_some() => {}
                () = stop.cancelled(), if received.is_none() => return Err(NotTaken::Stopping),
                _fault = until_void(pass.as_mut()), if received.is_none() => return Err(NotTaken::Void),
            }
            if Instant::now() >= until
                && let Some(received) = received.take()
            {
                return Ok(received);
            }
        }
    }

    async fn broken_off(&mut self, path: &VirtualPath, seen: u64, why: NotTaken) -> io::Result<Next> {
        let (code, sentence) = match &why {
            NotTaken::ControlEnded => {
                (0, "the control connection ended before the file was taken".to_owned())
            }
            NotTaken::Aborted => (426, "ABOR: nothing was taken".to_owned()),
            NotTaken::Void => (421, "Your certificate was revoked or has expired".to_owned()),
            NotTaken::Stopping => (421, "The server is stopping: nothing was taken".to_owned()),
            NotTaken::NotReceived(NotReceived::NoConnection(error)) => {
                (425, format!("No data connection came ({error}): nothing was taken"))
            }
            NotTaken::NotReceived(NotReceived::Broken(error)) => {
                (426, format!("The data connection broke ({error}): nothing was taken, send it again"))
            }
            NotTaken::NotReceived(NotReceived::Silent) => {
                (426, "Nothing came for too long: nothing was taken, send it again".to_owned())
            }
            NotTaken::NotReceived(NotReceived::Crowded(crowded)) => {
                self.shared.counters.unavailable.one();
                return self.say(452, &format!("{}: come again", crowded.sentence())).await;
            }
        };
        self.shared.counters.broken_off.one();
        self.shared.counters.broken_off_bytes.add(seen);
        self.shared.note(DoorEvent::Refused, self.name(), self.peer, "a file broke off");
        tracing::warn!(
            sender = self.name(), peer = %self.peer, file = %path, bytes = seen, why = sentence,
            "a file that came by FTP broke off: nothing was taken of it"
        );
        match why {
            NotTaken::ControlEnded => Ok(Next::End),
            NotTaken::Aborted => {
                let _said = self.say(code, &sentence).await?;
                self.say(226, "Aborted").await
            }
            NotTaken::Void => {
                self.end_with_pass().await?;
                Ok(Next::End)
            }
            NotTaken::Stopping => {
                let _said = self.say(code, &sentence).await?;
                Ok(Next::End)
            }
            NotTaken::NotReceived(_) => self.say(code, &sentence).await,
        }
    }

    /// Hands a file over, and gives what its sender is to be told.
    pub(super) async fn hand_over(
        &mut self,
        sender: &Sender,
        target: &Target,
        received: Received,
        success: u16,
    ) -> Became {
        let line = self
            .shared
            .intake
            .line_of(&sender.name, sender.origin(Some(self.peer), self.certificate()))
            .of_feeds(&sender.feeds);
        let mut chunk = ChunkBuilder::new();
        let (feed, address) = (&*target.feed, &*target.address);
        let (bytes, is_empty, is_withheld) = match received {
            Received::Whole { bytes, digest } => {
                chunk.push(feed, Content::Raw, address, &bytes);
                // Of a report without a value in it there is a receipt as of any.
                (digest.bytes(), !target.is_report && holds_nothing(&bytes), false)
            }
            Received::Withheld(withheld) => {
                chunk.push(feed, Content::Withheld, address, withheld.to_json().as_bytes());
                (0, false, true)
            }
        };
        let appended = match self.shared.append(&line, chunk).await {
            Ok(appended) => appended,
            Err(why) => {
                self.shared.counters.unavailable.one();
                let sentence = match why {
                    NotAppended::Full => format!("The log had no room for {} s: come again", BUS.as_secs()),
                    NotAppended::Down => "The log cannot be written: come again".to_owned(),
                };
                return Became { code: 451, sentence, fate: Fate::NotAppended };
            }
        };
        fail::fail_point!("ftp_before_answer", |_| std::process::abort());
        if let Some(guest) = &self.guest {
            guest.visit.heard(1);
        }
        let number = *self.shared.log.borrow();
        let position = number
            .map(|log| format!(" as {}", Position { log, partition: line.partition, offset: appended.base }));
        let position = position.unwrap_or_default();
        let counters = &self.shared.counters;
        if is_withheld {
            counters.withheld.one();
            let limit = target.max_bytes;
            tracing::warn!(feed, sender = sender.name, limit, "a file over the limit was withheld");
            let sentence = format!("Larger than {limit} bytes: recorded by size and hash{position}");
            return Became { code: 552, sentence, fate: Fate::Recorded };
        }
        if is_empty {
            counters.empty.one();
            self.shared.note(DoorEvent::Empty, &sender.name, self.peer, "a file without a value in it");
            let sentence = format!("There is nothing in it: recorded as empty{position}");
            return Became { code: 550, sentence, fate: Fate::Recorded };
        }
        counters.acknowledged.one();
        counters.acknowledged_bytes.add(bytes);
        Became { code: success, sentence: format!("On disk{position}"), fate: Fate::Taken }
    }

    /// Keeps an unfinished file until it is renamed.
    async fn keep(&mut self, path: &VirtualPath, bytes: Vec<u8>) -> io::Result<Next> {
        let mut digest = Digest::default();
        digest.update(&bytes);
        let count = digest.bytes();
        let head = Head {
            sender: self.name().to_owned(),
            path: path.to_string(),
            peer: self.peer.to_string(),
            certificate: self.certificate().map(str::to_owned),
            at: self.shared.intake.clock().received_at().0,
            bytes: count,
            sha256: digest.hex(),
        };
        let kept = unfinished::keep(&self.shared.unfinished, head, bytes).await;
        self.shared.counters.unfinished.set(self.shared.unfinished.count() as u64);
        match kept {
            Ok(()) => {
                self.shared.counters.acknowledged.one();
                self.shared.counters.acknowledged_bytes.add(count);
                self.say(226, "On disk until it is renamed").await
            }
            Err(why @ NotKept::TooMany) => {
                self.shared.counters.unavailable.one();
                self.say(452, &why.to_string()).await
            }
            Err(NotKept::Io(error)) => {
                self.shared.counters.unavailable.one();
                tracing::error!(%error, "an unfinished file cannot be kept");
                self.say(451, "It cannot be written: come again").await
            }
        }
    }
}
