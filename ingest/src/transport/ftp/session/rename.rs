//! Unfinished files: renamed, removed, or overdue.

use std::io;

use ioc_bus::{ChunkBuilder, Origin};
use ioc_model::{
    attribute::Attribute,
    envelope::{Content, UNMATCHED},
};

use super::{
    super::{
        BUS, Shared,
        path::VirtualPath,
        receive::Received,
        target::target,
        unfinished::{self, Kept},
    },
    Next, Session,
    bring::Fate,
};
use crate::transport::withheld::{Digest, Withheld};

impl Session {
    pub(super) async fn rnfr(&mut self, name: &str) -> io::Result<Next> {
        let path = match self.folder.join(name) {
            Ok(path) => path,
            Err(why) => return self.say(550, why).await,
        };
        self.renaming = self.shared.unfinished.take(self.name(), &path);
        match self.renaming.is_empty() {
            false => self.say(350, "And to what").await,
            true if self.brought.iter().any(|file| file.path == path) => {
                let why = "It was taken under this name: one that is still to be renamed ends in .tmp, .part or \
                           .filepart, or begins with a dot";
                self.say(550, why).await
            }
            true => self.say(550, "No such file was brought").await,
        }
    }

    pub(super) async fn rnto(&mut self, name: &str) -> io::Result<Next> {
        let kept = std::mem::take(&mut self.renaming);
        if kept.is_empty() {
            return self.say(503, "RNFR first").await;
        }
        let renamed = self.rename(&kept, name).await;
        self.shared.unfinished.give_back(&kept);
        self.shared.counters.unfinished.set(self.shared.unfinished.count() as u64);
        renamed
    }

    /// Gives a file its next name. What came under the name before it goes with it, and before it: the last one is what
    /// its sender means, and nothing that was acknowledged vanishes.
    async fn rename(&mut self, kept: &[Kept], name: &str) -> io::Result<Next> {
        let Some((sender, path, target)) = self.aim(name).await? else { return Ok(Next::Go) };
        if self.is_personal(&target) {
            let why = "nothing of persons lies on disk as it came: send the file under its last name";
            return self.forbidden(why).await;
        }
        if path.is_unfinished() {
            return self.rename_unfinished(kept, &path).await;
        }
        let mut told = None;
        for one in kept {
            let mut room = match self.shared.rooms.transfer(&sender.name) {
                Ok(room) => room,
                Err(crowded) => return self.come_again(450, crowded.sentence()).await,
            };
            let size = usize::try_from(one.head.bytes).unwrap_or(usize::MAX);
            if let Err(crowded) = room.grow(size, BUS).await {
                return self.come_again(450, crowded.sentence()).await;
            }
            let from = one.clone();
            let bytes = match unfinished::with(&self.shared.unfinished, move |all| all.bytes(&from)).await {
                Ok(bytes) => bytes,
                Err(error) => {
                    tracing::error!(%error, "an unfinished file cannot be read");
                    return self.come_again(451, "It cannot be read: come again").await;
                }
            };
            let count = bytes.len() as u64;
            let mut digest = Digest::default();
            digest.update(&bytes);
            let received = match bytes.len() <= target.max_bytes {
                true => Received::Whole { bytes, digest },
                false => Received::Withheld(Withheld::too_large(digest)),
            };
            let became = self.hand_over(&sender, &target, received, 250).await;
            if became.fate == Fate::NotAppended {
                return self.say(became.code, &became.sentence).await;
            }
            // Before it is answered: an answer that does not arrive makes nothing come twice.
            self.done_with(one).await;
            if became.fate == Fate::Taken {
                self.remember(path.clone(), count);
            }
            told = Some(became);
        }
        match told {
            Some(became) => self.say(became.code, &became.sentence).await,
            None => self.say(503, "RNFR first").await,
        }
    }

    async fn rename_unfinished(&mut self, kept: &[Kept], path: &VirtualPath) -> io::Result<Next> {
        let (renamed, to) = (kept.to_vec(), path.to_string());
        let renamed = unfinished::with(&self.shared.unfinished, move |all| {
            renamed.iter().try_for_each(|one| all.rename(one, &to))
        });
        match renamed.await {
            Ok(()) => self.say(250, "On disk until it is renamed").await,
            Err(error) => {
                tracing::error!(%error, "an unfinished file cannot be renamed");
                self.come_again(451, "It cannot be renamed: come again").await
            }
        }
    }

    async fn come_again(&mut self, code: u16, sentence: &str) -> io::Result<Next> {
        self.shared.counters.unavailable.one();
        self.say(code, sentence).await
    }

    async fn done_with(&self, kept: &Kept) {
        let gone = kept.clone();
        if let Err(error) = unfinished::with(&self.shared.unfinished, move |all| all.remove(&gone)).await {
            tracing::error!(%error, "an unfinished file that was handed over cannot be removed: it will be handed over again");
        }
    }

    pub(super) async fn dele(&mut self, name: &str) -> io::Result<Next> {
        let path = match self.folder.join(name) {
            Ok(path) => path,
            Err(why) => return self.say(550, why).await,
        };
        let kept = self.shared.unfinished.take(self.name(), &path);
        if kept.is_empty() {
            return self.say(550, "What was taken stays").await;
        }
        let removed = kept.clone();
        let removed = unfinished::with(&self.shared.unfinished, move |all| {
            removed.iter().try_for_each(|one| all.remove(one))
        });
        let removed = removed.await;
        self.shared.unfinished.give_back(&kept);
        self.shared.counters.unfinished.set(self.shared.unfinished.count() as u64);
        match removed {
            Ok(()) => {
                self.shared.counters.withdrawn.add(kept.len() as u64);
                let bytes: u64 = kept.iter().map(|one| one.head.bytes).sum();
                tracing::info!(sender = self.name(), file = %path, bytes, "an unfinished file was removed by its sender");
                self.say(250, "Removed").await
            }
            Err(error) => {
                tracing::error!(%error, "an unfinished file cannot be removed");
                self.say(450, "It cannot be removed: come again").await
            }
        }
    }
}

/// Hands over unfinished files that nobody renamed in time, under the names they have.
pub(in super::super) async fn hand_over_overdue(shared: &Shared) {
    let keep = i64::try_from(shared.keep_unfinished.as_millis()).unwrap_or(i64::MAX);
    let before = shared.intake.clock().received_at().0.saturating_sub(keep);
    // One that cannot be handed over now keeps none behind it.
    let mut from = 0;
    while let Some(kept) = shared.unfinished.take_overdue(before, from) {
        from = kept.number() + 1;
        if !overdue(shared, &kept).await {
            tracing::warn!(file = kept.head.path, "an overdue file is tried again later");
        }
        shared.unfinished.give_back(std::slice::from_ref(&kept));
        shared.counters.unfinished.set(shared.unfinished.count() as u64);
        if shared.stop.is_cancelled() {
            return;
        }
    }
}

/// Whether it is on the log.
async fn overdue(shared: &Shared, kept: &Kept) -> bool {
    let from = kept.clone();
    let bytes = match unfinished::with(&shared.unfinished, move |kept| kept.bytes(&from)).await {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::error!(%error, file = kept.head.path, "an unfinished file cannot be read");
            return false;
        }
    };
    let sender = shared.authenticator.sender(&kept.head.sender);
    let routes = shared.routes.borrow().clone();
    let path = VirtualPath::default().join(&kept.head.path).unwrap_or_default();
    // Who may not any more when it is handed over, or where it belongs to nobody now, is a reject like any other.
    let aimed = sender.as_ref().and_then(|sender| target(&routes, sender, &path).ok());
    let origin = match &sender {
        Some(sender) => sender.origin(kept.head.peer.parse().ok(), kept.head.certificate.as_deref()),
        None => Origin::of(&[(Attribute::Sender, &*kept.head.sender), (Attribute::Peer, &*kept.head.peer)]),
    };
    let feeds = sender.as_ref().map_or(&[][..], |sender| &sender.feeds);
    let line = shared.intake.line_of(&kept.head.sender, origin).of_feeds(feeds);
    let (feed, address) = match &aimed {
        Some(target) => (&*target.feed, &*target.address),
        None => (UNMATCHED, kept.head.path.trim_start_matches('/')),
    };
    let mut chunk = ChunkBuilder::new();
    chunk.push(feed, Content::Raw, address, &bytes);
    if shared.append(&line, chunk).await.is_err() {
        return false;
    }
    shared.counters.overdue.one();
    tracing::warn!(
        sender = kept.head.sender,
        file = kept.head.path,
        bytes = kept.head.bytes,
        "an unfinished file was not renamed in time: it is handed over under the name it has"
    );
    let gone = kept.clone();
    match unfinished::with(&shared.unfinished, move |kept| kept.remove(&gone)).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "an unfinished file cannot be removed");
            false
        }
    }
}
