//! Files that grow: a sensor's `eve.json`, a server's `auth.log`, what a console writes on a share.
//!
//! A feed names a folder and patterns of names; each file is read as it grows, and its whole lines are appended as pieces
//! of it, which say what lay before them, so that a line is known by its place in the file however reading was cut. How far
//! a file was read is kept behind the append ([`kept`]): killed between the two, the process reads the same lines again,
//! and they are known (invariant ONCE). While the log is full nothing is read; the file waits (invariant BOUND).
//!
//! A file is known by its content ([`mark`]), not by its name, and by its inode only as long as the content agrees:
//!
//! * **renamed**: it is read to its end, and on for a while, since its writer may not know yet; the new file of its name is
//!   another one. After a restart it is found by its inode, or by its content in any file of the folder.
//! * **cut short** (`copytruncate`), or its content is another: what was not read yet is read from a copy in the same
//!   folder, one compressed by gzip among them.
//! * **replaced by a longer one** with the same beginning, as by `rsync`: it is the same file.
//!
//! What cannot be found is a loss, and told as one: an envelope that stands for it ([`Loss`](ioc_model::loss::Loss)), a
//! reject like any other. What is lost between the copying and the truncating of `copytruncate` nobody can see: it is not
//! in the copy, and was never in the file when anybody looked.
//!
//! Polling, not inotify: it works on shares, and it cannot miss an event. A symbolic link is not followed, so that whoever
//! may write into the folder makes nothing outside of it be read (invariant SAFE).

mod counters;
mod followed;
mod follower;
#[doc(hidden)]
pub mod fuzzing;
mod kept;
mod lines;
mod listing;
mod look;
mod mark;
mod names;
mod read;
mod rotated;
mod settings;
mod source;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use counters::{FollowCounters, FollowCounts};
use ioc_bus::{AppendError, Origin, clock::Clock};
use ioc_model::loss::Loss;
pub use settings::KIND;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use self::{follower::Follower, read::Read};
use crate::{
    clients::{Caller, DoorEvent},
    intake::{Intake, SenderLine},
    transport::blocking,
};

/// Between two attempts to keep how far it is.
const KEPT_AGAIN: Duration = Duration::from_secs(1);

/// Follows a feed's files until cancelled, or until the log takes no more.
async fn follow(follower: Follower, look_every: Duration, intake: Intake, stop: CancellationToken) {
    let feed = follower.feed().to_owned();
    let source = format!("follow:{feed}");
    let line = intake.line_of(&source, Origin::sender(&source));
    let mut follower = follower;
    while !stop.is_cancelled() {
        // What files are stamped with, also where a demo's clock shows another year.
        let clock = Clock::Machine.received_at();
        (follower, ()) = blocking(follower, move |follower| follower.look(Instant::now(), clock)).await;
        loop {
            let (returned, mut read) = blocking(follower, |follower| follower.read(Instant::now())).await;
            follower = returned;
            let appended = tokio::select! {
                appended = append(&intake, &line, &mut read) => appended,
                () = stop.cancelled() => return,
            };
            if let Err(error) = appended {
                tracing::error!(feed, %error, "files are not followed until a restart");
                return;
            }
            note(&intake, &source, &read);
            fail::fail_point!("follow_before_keep", |_| std::process::abort());
            let Some(kept) = keep(follower, &feed, &stop).await else { return };
            follower = kept;
            follower.count(&read);
            if !read.more || stop.is_cancelled() {
                break;
            }
        }
        let _stopped = timeout(look_every, stop.cancelled()).await;
    }
}

/// Durable when it returns.
async fn append(intake: &Intake, line: &SenderLine, read: &mut Read) -> Result<(), AppendError> {
    if !read.is_empty() {
        let _appended = intake.hand_over(line, &mut read.chunk).await?.await?;
    }
    Ok(())
}

/// Keeps how far it is; none if everything ends before that succeeds.
async fn keep(mut follower: Follower, feed: &str, stop: &CancellationToken) -> Option<Follower> {
    let mut is_said = false;
    loop {
        let (returned, kept) = blocking(follower, Follower::keep).await;
        follower = returned;
        let Err(error) = kept else { return Some(follower) };
        if !std::mem::replace(&mut is_said, true) {
            tracing::error!(feed, %error, "cannot keep how far files were read: trying again, and reading no more before");
        }
        if timeout(KEPT_AGAIN, stop.cancelled()).await.is_ok() {
            return None;
        }
    }
}

fn note(intake: &Intake, source: &str, read: &Read) {
    let caller = Caller { transport: KIND.word, user: source, client_id: "", peer: None };
    for loss in read.losses() {
        let why = match loss {
            Loss::CutShort(_) => "a file was cut short before it was read, and no copy of it was found",
            Loss::Gone(_) => "a file went away before it was read",
            // The others are not of files.
            Loss::RestOfLine { .. } | Loss::Datagrams { .. } | Loss::Records(_) | Loss::MadeAnew { .. } => {
                "a copy of a file ends within a line"
            }
        };
        intake.clients().note(DoorEvent::Lost, &caller, None, why);
    }
}
