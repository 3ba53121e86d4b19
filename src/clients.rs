//! `ioc clients`: who is connected, which sender was heard when, and whom the door turned away.
//!
//! Asked of what runs on the data folder. When senders were heard last is also kept in a file there, so that
//! `ioc sender list` can say so while nothing runs.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use ioc_dashboards::{
    clients::{self as shown, ClientList, ClientView, NoticeView, SenderView},
    concern::priority_at_the_door,
};
use ioc_ingest::clients::{Clients, Connected, HeardSender, Notice};
use ioc_model::time::Now;

use crate::{
    config::Config,
    instance::DataFolder,
    status::{Run, agent},
    told,
};

/// When senders were heard last, in milliseconds since 1970 by name.
pub const HEARD_FILE: &str = "heard.json";

/// What happened within this time is news.
const LATELY: Duration = Duration::from_secs(10 * 60);
/// Notices a page is shown.
const NOTICES: usize = 20;

/// The clients, as pages ask for them.
#[derive(Debug)]
pub struct AtTheDoor(pub Arc<Clients>);

impl shown::Clients for AtTheDoor {
    fn list(&self) -> ClientList {
        ClientList {
            connected: self.0.connected().into_iter().map(connected).collect(),
            senders: self.0.senders().into_iter().map(heard).collect(),
            door: lately(&self.0),
        }
    }
}

/// What happened at the door lately.
#[must_use]
pub fn lately(clients: &Clients) -> Vec<NoticeView> {
    clients.notices(LATELY).into_iter().take(NOTICES).map(notice).collect()
}

fn text(peer: Option<SocketAddr>) -> String {
    peer.map(|peer| peer.to_string()).unwrap_or_default()
}

fn connected(client: Connected) -> ClientView {
    let Connected { transport, sender, client_id, peer, since, last_heard, messages, per_minute } = client;
    let (sender, client_id, peer) = (sender.to_string(), client_id.to_string(), text(peer));
    let transport = transport.to_owned();
    ClientView { transport, sender, client_id, peer, since, last_heard, messages, per_minute, rejects: 0 }
}

fn heard(sender: HeardSender) -> SenderView {
    let HeardSender { sender, last_heard, transport, peer, messages, per_minute } = sender;
    let (sender, peer) = (sender.to_string(), text(peer));
    let transport = transport.to_owned();
    SenderView { sender, last_heard, transport, peer, messages, per_minute, rejects: 0 }
}

fn notice(notice: Notice) -> NoticeView {
    let Notice { what, transport, user, client_id, peer, former, why, count, first, last } = notice;
    let (user, client_id) = (user.to_string(), client_id.to_string());
    let (peer, former) = (text(peer), text(former));
    let (what, transport) = (what.word().to_owned(), transport.to_owned());
    let priority = priority_at_the_door(count);
    NoticeView { what, transport, user, client_id, peer, former, why, count, priority, first, last }
}

/// Tells a new process what the one before knew.
///
/// # Errors
/// If the file cannot be read.
pub fn remember(data: &DataFolder, clients: &Clients) -> anyhow::Result<()> {
    let known: Option<BTreeMap<String, Now>> = data.recorded(HEARD_FILE)?;
    clients.remember(known.into_iter().flatten());
    Ok(())
}

/// Keeps when senders were heard, if that is not what was kept before.
pub fn keep(data: &DataFolder, clients: &Clients, kept: &mut BTreeMap<Arc<str>, Now>) {
    let senders: BTreeMap<Arc<str>, Now> =
        clients.senders().into_iter().map(|heard| (heard.sender, heard.last_heard)).collect();
    if senders == *kept {
        return;
    }
    let text: BTreeMap<&str, Now> = senders.iter().map(|(name, last)| (&**name, *last)).collect();
    let written = serde_json::to_vec_pretty(&text).map_err(Into::into);
    match written.and_then(|bytes| data.keep(HEARD_FILE, &bytes)) {
        Ok(()) => *kept = senders,
        Err(error) => tracing::warn!(%error, "when senders were heard last cannot be kept"),
    }
}

/// When each sender was heard last: what runs knows it, and the file what ran before.
///
/// # Errors
/// If the file is there and cannot be read.
pub fn last_heard(config: &Config) -> anyhow::Result<BTreeMap<String, Now>> {
    let mut heard: BTreeMap<String, Now> = match std::fs::read(config.data_path(HEARD_FILE)) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => return Err(error.into()),
    };
    if let Ok(list) = Run::of(config).and_then(|run| ask(&run)) {
        heard.extend(list.senders.into_iter().map(|sender| (sender.sender, sender.last_heard)));
    }
    Ok(heard)
}

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What happened at the door, in an operator's words.
#[must_use]
pub fn door_line(notice: &NoticeView) -> String {
    let NoticeView { what, transport, user, client_id, peer, former, why, count, last, .. } = notice;
    let mut who = if user.is_empty() { "nobody by name".to_owned() } else { user.clone() };
    if !client_id.is_empty() {
        who += &format!("/{client_id}");
    }
    let what = match what.as_str() {
        "taken_over" => "identifier TAKEN OVER",
        "wrong_credentials" => "REFUSED, wrong user or password",
        "wrong_version" => "REFUSED, version not spoken here",
        "forbidden" => "REFUSED, not its feed",
        "empty" => "NOTHING delivered, empty messages",
        "framing" => "FRAMED WRONGLY, pieces kept that are no messages",
        "dropped" => "DROPPED by the system before they were read",
        "lost" => "LOST before it could be read",
        "untold" => "NOT TOLD APART from others",
        _ => "REFUSED",
    };
    let mut line = format!("{who} ({transport}): {what}, {count}×, last {last}");
    if !peer.is_empty() {
        line += &format!(" by {peer}");
    }
    if !former.is_empty() {
        line += &format!(" from {former}");
    }
    if !why.is_empty() {
        line += &format!(": {why}");
    }
    line
}

fn ask(run: &Run) -> anyhow::Result<ClientList> {
    use anyhow::Context;
    let url = format!("http://{}/api/clients", run.http);
    let answer = agent().get(&url).call();
    let mut answer = answer.with_context(|| format!("ioc (process {}) does not answer at {url}", run.pid))?;
    answer.body_mut().read_json().context("not an answer of this version")
}

/// Runs the command.
///
/// # Errors
/// If nothing runs on the data folder, or it does not answer.
pub fn run(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    let list = ask(&Run::of(config)?)?;
    told::say(|out| match args.json {
        true => Ok(writeln!(out, "{}", serde_json::to_string_pretty(&list)?)?),
        false => Ok(print(&list, out)?),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn print(list: &ClientList, out: &mut dyn Write) -> io::Result<()> {
    let mut line = |columns: [&str; 9]| {
        let [sender, client, by, address, since, last_heard, messages, a_minute, rejects] = columns;
        writeln!(
            out,
            "{sender:<24} {client:<24} {by:<10} {address:<22} {since:<24} {last_heard:<24} {messages:>9} \
             {a_minute:>7} {rejects:>8}"
        )
    };
    line(["sender", "client", "by", "address", "since", "last heard", "messages", "a min", "rejects"])?;
    for one in &list.connected {
        line([
            &one.sender,
            &one.client_id,
            &one.transport,
            &one.peer,
            &one.since.to_string(),
            &one.last_heard.to_string(),
            &one.messages.to_string(),
            &one.per_minute.to_string(),
            &one.rejects.to_string(),
        ])?;
    }
    // A sender is told by its connections; one that has none, by when it was heard.
    for one in &list.senders {
        if list.connected.iter().any(|client| client.sender == one.sender) {
            continue;
        }
        line([
            &one.sender,
            "-",
            &one.transport,
            &one.peer,
            "not connected",
            &one.last_heard.to_string(),
            &one.messages.to_string(),
            &one.per_minute.to_string(),
            &one.rejects.to_string(),
        ])?;
    }
    writeln!(out, "\nMessages of a connection, rejects of its sender since the start.")?;
    for notice in &list.door {
        writeln!(out, "DOOR        {}", door_line(notice))?;
    }
    Ok(())
}
