//! `ioc sender`: who may send, kept in the data folder.
//!
//! A secret is shown once, when it is made, with the commands that try it out; only its hash is kept. A running
//! `ioc` notices the change within a second.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, bail};
use ioc_ingest::{
    senders::{Secret, Senders},
    transport::{Login, Transport},
};
use ioc_model::{
    pack::{Feed, Pack},
    time::Now,
};

use crate::{
    clients,
    config::Config,
    instance::{DEMO_CLOCK_FILE, DataFolder, SENDERS_FILE},
    pack_files::{DEMO_OVERLAY, configured_pack},
    status::agent,
    told,
};

/// Arguments of `ioc sender`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: SenderCommand,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum SenderCommand {
    /// Add a sender and show its secret, once.
    Add {
        /// Its name, which is also its MQTT user: letters, digits, `-` and `_`.
        name: String,
        /// A feed it may send to; once for each.
        #[arg(long = "feed", value_name = "FEED", required = true)]
        feeds: Vec<String>,
        /// A subject it may speak of, or a pattern such as 'TN-04*'; once for each. Of anybody without it.
        #[arg(long = "subject", value_name = "PATTERN")]
        subjects: Vec<String>,
        /// The name in its client certificate, by which it logs in over TLS without its secret: the first DNS name, or
        /// the common name where there is none.
        #[arg(long, value_name = "NAME")]
        certificate: Option<String>,
        /// Make no secret: it has its certificate only.
        #[arg(long, requires = "certificate")]
        no_secret: bool,
    },
    /// List senders and their feeds.
    List,
    /// Remove a sender.
    Remove {
        /// Its name.
        name: String,
    },
}

/// What the command works on.
#[derive(Debug)]
struct House<'a> {
    /// The file of senders.
    file: PathBuf,
    /// The pack, whose feeds can be sent to.
    pack: Pack,
    /// When each sender was heard last.
    heard: BTreeMap<String, Now>,
    config: &'a Config,
}

impl House<'_> {
    /// A command that sends to a feed; none if nobody is registered for what comes its way.
    fn example(&self, feed: &Feed, sender: &str, login: Login) -> Option<String> {
        let takes = |transport: &&Arc<dyn Transport>| transport.takes(feed) || transport.takes_besides(feed);
        let mut ways = self.config.transports.iter().filter(takes);
        ways.find_map(|transport| transport.example(feed, sender, login))
    }

    /// Whether senders are registered for what comes by it.
    fn is_sent_to(&self, feed: &Feed) -> bool {
        [Login::Secret, Login::Certificate].iter().any(|login| self.example(feed, "", *login).is_some())
    }
}

/// Carries the command out and prints what was done.
///
/// # Errors
/// If a feed is unknown or cannot be sent to, a name is taken or unknown, or a file cannot be read or written.
pub fn run(config: &Config, args: Args) -> anyhow::Result<ExitCode> {
    let folder = &config.data.folder;
    let is_there = folder.try_exists().with_context(|| format!("cannot look for {}", folder.display()))?;
    let adds = matches!(args.command, SenderCommand::Add { .. });
    anyhow::ensure!(
        adds || is_there,
        "there is no data folder {}: name the one ioc runs on with IOC_DATA_FOLDER or --config",
        folder.display()
    );
    let files = configured_pack(&config.pack)?;
    // A demo's data folder has the demo's feeds as well.
    let is_demo = config.data_path(DEMO_CLOCK_FILE).try_exists()?;
    let house = House {
        file: config.data_path(SENDERS_FILE),
        pack: Pack::parse_with(&files, is_demo.then_some(DEMO_OVERLAY)).context("the pack is not valid")?,
        heard: clients::last_heard(config)?,
        config,
    };
    if adds {
        runs_elsewhere(config, is_there)?;
    }
    match args.command {
        // A secret that nobody read is an error, a list that was not read to its end is none.
        SenderCommand::List => told::say(|out| carry_out(args.command, &house, out))?,
        command => carry_out(command, &house, &mut io::stdout())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn carry_out(command: SenderCommand, house: &House<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut senders = Senders::load(&house.file)?;
    match command {
        SenderCommand::Add { name, mut feeds, subjects, certificate, no_secret } => {
            feeds.sort();
            feeds.dedup();
            let known = known_feeds(house, &feeds)?;
            let secret = match &certificate {
                Some(certificate) if no_secret => {
                    senders.add_certified(&name, feeds, subjects, certificate)?;
                    None
                }
                _ => Some(senders.add(&name, feeds, subjects)?),
            };
            if let Some(certificate) = &certificate {
                senders.certify(&name, certificate)?;
            }
            if let Some(folder) = house.file.parent() {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot make the data folder {}", folder.display()))?;
            }
            senders.save()?;
            let shown = Shown { name: &name, certificate: certificate.as_deref(), secret: secret.as_ref() };
            introduce(&shown, &known, house, out).context("cannot show the secret")?;
        }
        SenderCommand::List => {
            for sender in senders.list() {
                write!(out, "{}  {}", sender.name, sender.feeds.join(", "))?;
                if let subjects @ [_, ..] = sender.subjects.as_slice() {
                    write!(out, "  of {}", subjects.join(", "))?;
                }
                if let Some(certificate) = &sender.certificate {
                    write!(out, "  certificate {certificate}")?;
                }
                match house.heard.get(&sender.name) {
                    Some(last) => writeln!(out, "  last seen {last}")?,
                    None => writeln!(out, "  never seen")?,
                }
            }
        }
        SenderCommand::Remove { name } => {
            senders.remove(&name)?;
            senders.save()?;
            writeln!(out, "removed {name}")?;
        }
    }
    Ok(())
}

/// Says so where the data folder is not the one of what runs: a sender registered there is known to nobody, and who
/// looks for the fault looks at the gateway.
fn runs_elsewhere(config: &Config, is_there: bool) -> anyhow::Result<()> {
    let folder = config.data.folder.display();
    if is_there && DataFolder::is_in_use(&config.data.folder)? {
        return Ok(());
    }
    let address = config.http.listen;
    let answers = agent().get(format!("http://{address}/healthz")).call();
    if answers.is_ok_and(|mut answer| answer.body_mut().read_to_string().is_ok_and(|text| text == "alive\n"))
    {
        bail!(
            "the ioc that answers at http://{address} does not run on the data folder {folder}: name its folder with \
             IOC_DATA_FOLDER or --config"
        );
    }
    match is_there {
        true => told::note(format_args!("note: nothing runs on the data folder {folder} now")),
        false => told::note(format_args!(
            "note: the data folder {folder} is made now. If ioc runs on another one, name that with IOC_DATA_FOLDER or \
             --config, or it will not know this sender"
        )),
    }
    Ok(())
}

/// The feeds of those names, all faults at once.
fn known_feeds<'a>(house: &'a House<'_>, names: &[String]) -> anyhow::Result<Vec<&'a Feed>> {
    let pack = &house.pack;
    let is_sent_to = |feed: &&Feed| house.is_sent_to(feed);
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for name in names {
        match pack.feeds.get(name).filter(is_sent_to) {
            Some(feed) => known.push(feed),
            None => unknown.push(format!("'{name}'")),
        }
    }
    if !unknown.is_empty() {
        let all: Vec<&str> = pack.feeds.values().filter(is_sent_to).map(|feed| feed.id.as_str()).collect();
        bail!(
            "no feed {} in the pack that senders are registered for; there are: {}",
            unknown.join(", "),
            all.join(", ")
        );
    }
    Ok(known)
}

/// A new sender, as its operator is told of it.
struct Shown<'a> {
    name: &'a str,
    certificate: Option<&'a str>,
    secret: Option<&'a Secret>,
}

fn introduce(shown: &Shown<'_>, feeds: &[&Feed], house: &House<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Shown { name, certificate, secret } = *shown;
    writeln!(out, "sender    {name}")?;
    writeln!(out, "feeds     {}", feeds.iter().map(|feed| feed.id.as_str()).collect::<Vec<_>>().join(", "))?;
    if let Some(certificate) = certificate {
        writeln!(out, "certified as {certificate}")?;
    }
    if let Some(secret) = secret {
        writeln!(out, "password  {}", secret.password())?;
        writeln!(out, "token     {}", secret.token())?;
        writeln!(out)?;
        writeln!(out, "Shown once: only a hash is kept. Try it, with the secret in the environment:")?;
        writeln!(out)?;
        writeln!(out, "  read -rs SECRET    # paste the password")?;
        for example in feeds.iter().filter_map(|feed| house.example(feed, name, Login::Secret)) {
            writeln!(out, "  {example}")?;
        }
    }
    if certificate.is_some() {
        let examples = feeds.iter().filter_map(|feed| house.example(feed, name, Login::Certificate));
        let examples: Vec<String> = examples.collect();
        writeln!(out)?;
        match examples.is_empty() {
            true => writeln!(
                out,
                "Nobody listens by TLS where these feeds come in: set tls_certificate, tls_key and tls_client_ca there."
            )?,
            false => writeln!(out, "Try it with its certificate:")?,
        }
        writeln!(out)?;
        for example in examples {
            writeln!(out, "  {example}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house<'a>(folder: &std::path::Path, config: &'a Config) -> House<'a> {
        House {
            file: folder.join(SENDERS_FILE),
            pack: Pack::parse(&crate::pack_files::embedded_pack(crate::pack_files::DEFAULT_PACK).unwrap())
                .unwrap(),
            heard: BTreeMap::from([("heard".to_owned(), Now(1_800_000_000_000))]),
            config,
        }
    }

    fn said(command: SenderCommand, house: &House<'_>) -> anyhow::Result<String> {
        let mut out = Vec::new();
        carry_out(command, house, &mut out)?;
        Ok(String::from_utf8(out)?)
    }

    fn add(name: &str, feeds: &[&str]) -> SenderCommand {
        let feeds = feeds.iter().map(|feed| (*feed).to_owned()).collect();
        SenderCommand::Add {
            name: name.to_owned(),
            feeds,
            subjects: Vec::new(),
            certificate: None,
            no_secret: false,
        }
    }

    #[test]
    fn a_secret_is_shown_once_and_never_kept_or_listed() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::load(None, std::iter::empty()).unwrap();
        let house = house(folder.path(), &config);
        let shown = said(add("lab", &["air-push", "air-mqtt", "air-push"]), &house).unwrap();
        let field = |name: &str| {
            let line = shown.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().last().unwrap().to_owned()
        };
        let password = field("password");
        assert_eq!(field("token"), format!("lab.{password}"));
        assert_eq!(shown.matches(&password).count(), 2, "not in the commands, which a shell's history keeps");
        assert!(shown.contains("-u lab -P \"$SECRET\" -t 'ioc/air/STATION/observation'"), "{shown}");
        assert!(shown.contains("http://127.0.0.1:8081/ingest/air-push"), "{shown}");
        assert!(!std::fs::read_to_string(&house.file).unwrap().contains(&password));
        assert_eq!(said(SenderCommand::List, &house).unwrap(), "lab  air-mqtt, air-push  never seen\n");
        assert_eq!(said(SenderCommand::Remove { name: "lab".to_owned() }, &house).unwrap(), "removed lab\n");
        assert_eq!(said(SenderCommand::List, &house).unwrap(), "");
    }

    #[test]
    fn a_sender_with_a_certificate_needs_no_secret_and_is_shown_how_it_comes_in() {
        let folder = tempfile::tempdir().unwrap();
        let by_tls = ["CERTIFICATE", "KEY", "CLIENT_CA"]
            .map(|file| (format!("IOC_MQTT_TLS_{file}"), "x.pem".to_owned()));
        let config = Config::load(None, by_tls.into_iter()).unwrap();
        let house = house(folder.path(), &config);
        let SenderCommand::Add { name, feeds, subjects, .. } = add("gw", &["air-mqtt"]) else { panic!() };
        let certificate = Some("gw.example".to_owned());
        let shown =
            said(SenderCommand::Add { name, feeds, subjects, certificate, no_secret: true }, &house).unwrap();
        assert!(shown.contains("--cert CERTIFICATE.pem") && shown.contains("-p 8883"), "{shown}");
        assert!(!shown.contains("password"), "{shown}");
        let listed = said(SenderCommand::List, &house).unwrap();
        assert_eq!(listed, "gw  air-mqtt  certificate gw.example  never seen\n");
    }

    #[test]
    fn feeds_that_are_not_there_or_come_as_files_are_told_together_and_nothing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::load(None, std::iter::empty()).unwrap();
        let house = house(folder.path(), &config);
        let error = said(add("lab", &["air-push", "nowhere", "stations"]), &house).unwrap_err().to_string();
        assert!(error.contains("'nowhere', 'stations'") && error.contains("air-mqtt, air-push"), "{error}");
        assert!(!house.file.try_exists().unwrap());
    }
}
