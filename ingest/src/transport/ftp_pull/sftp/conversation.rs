//! What is said to an SFTP server by one channel: one request at a time, and its answer within a time.
//!
//! An answer to anything else than what was asked ends the connection, since what comes behind it cannot be told apart. The
//! end of a file is what the server says it is; a piece that is empty, or longer than what was asked for, is no answer.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::Instant,
};

use super::{
    super::{
        fetched::{
            Coming, Got, LONGEST_LIST, Unable, WHOLE_WITHIN, away, from_root, join, told, too_long, too_slow,
        },
        listing::{Listing, is_name},
    },
    packet::{self, Answer, Ask, Kind, LONGEST, NO_SUCH_FILE, NO_SUCH_PATH, Named, VERSION},
};
use crate::transport::pull::{CannotFetch, fetch::within};

/// What is asked for at once: what every server gives. Bytes.
const PIECE: u32 = 32 << 10;
/// What an answer and an entry of a folder weigh beside the name, so that a list of nothing ends, too. Bytes.
const WEIGHT: usize = 64;

/// A channel by which SFTP is spoken.
#[derive(Debug)]
pub(super) struct Conversation<S> {
    stream: S,
    number: u32,
    patience: Duration,
    /// Where the login leads.
    home: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Conversation<S> {
    /// Agrees on the version, and asks where the login leads.
    pub(super) async fn begin(stream: S, patience: Duration) -> Result<Conversation<S>, CannotFetch> {
        let mut conversation = Conversation { stream, number: 0, patience, home: String::new() };
        let unable = |unable: Unable| match unable {
            Unable::Away(error) => error,
            Unable::Missing(words) | Unable::Refused(words) => CannotFetch::said(words),
        };
        match conversation.ask(Ask::Begin).await.map_err(unable)? {
            Answer::Version(VERSION) => {}
            Answer::Version(version) => {
                return Err(CannotFetch::fault(
                    format!("máy chủ nói SFTP phiên bản {version}, không phải {VERSION}"),
                    format!("the server speaks version {version} of SFTP, and not {VERSION}"),
                ));
            }
            _ => return Err(out_of_step()),
        }
        // Where it does not say so, paths are from where the login leads all the same.
        if let Answer::Names(names) = conversation.ask(Ask::RealPath(".")).await.map_err(unable)? {
            let home = names.into_iter().next().and_then(|named| String::from_utf8(named.name).ok());
            conversation.home = home.filter(|home| home.starts_with('/')).unwrap_or_default();
        }
        Ok(conversation)
    }

    /// What lies in a folder.
    pub(super) async fn list(&mut self, folder: &str) -> Result<Listing, Unable> {
        let path = from_root(&self.home, folder);
        let handle = match self.ask(Ask::OpenFolder(&path)).await? {
            Answer::Handle(handle) => handle,
            Answer::Status { code: NO_SUCH_FILE | NO_SUCH_PATH, words } => {
                return Err(Unable::Missing(said(&words)));
            }
            Answer::Status { words, .. } => return Err(Unable::Refused(said(&words))),
            _ => return Err(Unable::Away(out_of_step())),
        };
        let listed = self.entries(&handle, folder).await;
        self.close(&handle, listed).await
    }

    async fn entries(&mut self, handle: &[u8], folder: &str) -> Result<Listing, Unable> {
        let deadline = Instant::now() + WHOLE_WITHIN;
        let (mut listing, mut weight) = (Listing::default(), 0);
        loop {
            let entries = match self.ask(Ask::ReadFolder(handle)).await? {
                Answer::Names(entries) => entries,
                Answer::Status { code: packet::END, .. } => return Ok(listing),
                Answer::Status { words, .. } => return Err(Unable::Refused(said(&words))),
                _ => return Err(Unable::Away(out_of_step())),
            };
            weight += WEIGHT;
            for entry in entries {
                weight += WEIGHT + entry.name.len();
                enter(&entry, &mut listing);
            }
            if weight > LONGEST_LIST {
                return Err(Unable::Away(too_long(folder)));
            }
            if Instant::now() >= deadline {
                return Err(Unable::Away(too_slow()));
            }
        }
    }

    /// A file, of which so many bytes are kept at most.
    pub(super) async fn fetch(&mut self, folder: &str, name: &str, keep: usize) -> Result<Got, Unable> {
        let path = join(&from_root(&self.home, folder), name);
        let handle = match self.ask(Ask::OpenFile(&path)).await? {
            Answer::Handle(handle) => handle,
            Answer::Status { words, .. } => return Err(Unable::Refused(said(&words))),
            _ => return Err(Unable::Away(out_of_step())),
        };
        let came = self.pieces(&handle, keep).await;
        let came = self.close(&handle, came).await?;
        if came.is_too_long() {
            return Ok(came.ended(None));
        }
        match self.ask(Ask::Look(&path)).await? {
            Answer::Is(attributes) if matches!(attributes.kind(), None | Some(Kind::File)) => {
                Ok(came.ended(attributes.size))
            }
            Answer::Is(_) => Err(Unable::Refused("it is no file, but leads to one".to_owned())),
            // It came whole, and was taken away since.
            Answer::Status { .. } => Ok(came.ended(None)),
            _ => Err(Unable::Away(out_of_step())),
        }
    }

    async fn pieces(&mut self, handle: &[u8], keep: usize) -> Result<Coming, Unable> {
        let deadline = Instant::now() + WHOLE_WITHIN;
        let mut coming = Coming::new(keep);
        loop {
            let ask = Ask::ReadFile { handle, offset: coming.count(), length: PIECE };
            match self.ask(ask).await? {
                Answer::Piece(piece) if (1..=PIECE as usize).contains(&piece.len()) => {
                    if !coming.takes(&piece) {
                        return Ok(coming);
                    }
                }
                Answer::Status { code: packet::END, .. } => return Ok(coming),
                Answer::Status { words, .. } => return Err(Unable::Refused(said(&words))),
                _ => return Err(Unable::Away(out_of_step())),
            }
            if Instant::now() >= deadline {
                return Err(Unable::Away(too_slow()));
            }
        }
    }

    /// A handle is given back, whatever came by it: servers have few.
    async fn close<T>(&mut self, handle: &[u8], came: Result<T, Unable>) -> Result<T, Unable> {
        if !matches!(came, Err(Unable::Away(_))) {
            let _either_way = self.ask(Ask::Close(handle)).await?;
        }
        came
    }

    async fn ask(&mut self, ask: Ask<'_>) -> Result<Answer, Unable> {
        let patience = self.patience;
        within(patience, self.answered(ask)).await.map_err(Unable::Away)
    }

    async fn answered(&mut self, ask: Ask<'_>) -> Result<Answer, CannotFetch> {
        self.number = self.number.wrapping_add(1);
        let lost = |error: std::io::Error| away(&error.to_string());
        self.stream.write_all(&ask.written(self.number)).await.map_err(lost)?;
        self.stream.flush().await.map_err(lost)?;
        let length = self.stream.read_u32().await.map_err(lost)? as usize;
        if length > LONGEST {
            return Err(out_of_step());
        }
        let mut bytes = vec![0; length];
        let _count = self.stream.read_exact(&mut bytes).await.map_err(lost)?;
        let (number, answer) =
            packet::read(&bytes).map_err(|strange| CannotFetch::said(strange.to_string()))?;
        let asked = (!matches!(ask, Ask::Begin)).then_some(self.number);
        if number == asked { Ok(answer) } else { Err(out_of_step()) }
    }
}

/// Enters what a folder holds. A link leads anywhere, and what is not said to be a file may be one.
pub(super) fn enter(entry: &Named, listing: &mut Listing) {
    let name = std::str::from_utf8(&entry.name).ok();
    if matches!(name, Some("." | "..")) {
        return;
    }
    match (name.filter(|name| is_name(name)), entry.kind()) {
        (Some(name), Some(Kind::File)) if entry.attributes.size.is_some() => {
            let said = entry.attributes.modified.unwrap_or_default().into();
            listing.files.push((name.to_owned(), entry.attributes.size, said));
        }
        (Some(name), Some(Kind::Folder)) => listing.folders.push(name.to_owned()),
        _ => listing.strange += 1,
    }
}

fn said(words: &[u8]) -> String {
    let words = told(&String::from_utf8_lossy(words));
    if words.is_empty() { "the server refuses, without a word".to_owned() } else { words }
}

fn out_of_step() -> CannotFetch {
    CannotFetch::told(
        "máy chủ trả lời điều không được hỏi",
        "the server answers something that was not asked",
    )
}
