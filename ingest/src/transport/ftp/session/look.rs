//! What a client sees of what it brought.

use std::io;

use super::{
    super::{
        listing::{Brought, Style, listing, stamp},
        passive,
        path::VirtualPath,
        reply,
        target::folders,
        wire::Wire,
    },
    Next, Session,
};

/// Files that a session remembers having brought.
const REMEMBERED: usize = 200;

impl Session {
    pub(super) fn remember(&mut self, path: VirtualPath, bytes: u64) {
        if self.brought.len() >= REMEMBERED {
            let _oldest = self.brought.pop_front();
        }
        let at = self.shared.intake.clock().received_at().0;
        self.brought.push_back(Brought { path, bytes, at });
    }

    /// What the client brought, as far as it is known.
    pub(super) fn all_brought(&self) -> impl Iterator<Item = Brought> {
        let unfinished = self.shared.unfinished.of(self.name()).into_iter().filter_map(|head| {
            let path = VirtualPath::default().join(&head.path).ok()?;
            Some(Brought { path, bytes: head.bytes, at: head.at })
        });
        self.brought.iter().cloned().chain(unfinished).collect::<Vec<_>>().into_iter()
    }

    pub(super) fn brought(&self, name: &str) -> Option<Brought> {
        let path = self.folder.join(name).ok()?;
        self.all_brought().filter(|file| file.path == path).max_by_key(|file| file.at)
    }

    pub(super) async fn list(&mut self, style: Style, name: &str) -> io::Result<Next> {
        // Options of `ls` are no names.
        let name = name.split(' ').filter(|word| !word.starts_with('-')).collect::<Vec<_>>().join(" ");
        let (at, known) = match (self.folder.join(&name), self.now()) {
            (Ok(at), Some(known)) => (at, known),
            (Err(why), _) => return self.say(550, why).await,
            (_, None) => return self.say(530, "This sender is no more").await,
        };
        let Some(listener) = self.listener.take() else { return self.say(425, "PASV or EPSV first").await };
        if self.control.is_encrypted() && !self.is_data_private && !self.shared.is_plain_allowed {
            return self.say(521, "Nothing travels in the clear here: PROT P first").await;
        }
        let (sender, routes) = known;
        let feeds = folders(&routes, &sender);
        let text = listing(style, &at, feeds.iter().map(|(_, folder)| *folder), self.all_brought());
        let _said = self.say(150, "Here it comes").await?;
        let socket = match passive::comes(&listener, self.peer.ip(), &self.shared.counters).await {
            Ok(socket) => socket,
            Err(error) => return self.say(425, &format!("No data connection came ({error})")).await,
        };
        let mut wire = Wire::Plain(socket);
        if let Some(secrecy) = self.secrecy() {
            wire = match secrecy.of(wire).await {
                Ok(wire) => wire,
                Err(error) => {
                    return self.say(425, &format!("No TLS on the data connection ({error})")).await;
                }
            };
        }
        let written = wire.write(text.as_bytes()).await;
        wire.end().await;
        match written {
            Ok(()) => self.say(226, "That is all").await,
            Err(error) => self.say(426, &format!("The data connection broke ({error})")).await,
        }
    }

    /// One file, or a folder, by its facts (RFC 3659, section 7).
    pub(super) async fn look_at(&mut self, name: &str) -> io::Result<Next> {
        let path = match self.folder.join(name) {
            Ok(path) => path,
            Err(why) => return self.say(550, why).await,
        };
        let facts = match self.brought(name) {
            Some(file) => format!("type=file;size={};modify={}; {path}", file.bytes, stamp(file.at)),
            None if path == self.folder || path.parts().is_empty() => format!("type=dir; {path}"),
            None => return self.say(550, "No such file was brought lately").await,
        };
        self.control.write(&reply::lines(250, "What there is", &[&facts], "End")).await?;
        Ok(Next::Go)
    }
}
