//! The section `[ftp_pull]`, and a reader for each feed that is fetched from an FTP or SFTP server.
//!
//! Where the server is and what is fetched there is the pack's; who logs in is not, and lies in `ftp.toml` in the data
//! folder, by feed.

use std::sync::Arc;

use figment::Figment;
use futures_util::future::BoxFuture;
use ioc_model::pack::{self, Feed};
use jiff::SignedDuration;
use serde::Deserialize;

use super::{
    client::Client,
    counters::FtpPullCounters,
    known::Journal,
    login::{Access, Logins},
    server::Server,
    sftp::SftpClient,
    source::{FtpSource, Kept},
};
use crate::transport::{
    CannotStart, Kind, Running, Site, Transport, Words,
    pull::{Limit, Pull, start::Asked},
    section,
};

/// FTP and SFTP servers that files are fetched from.
pub static KIND: Kind = Kind {
    word: "ftp_pull",
    section: "ftp_pull",
    name: Words { vi: "lấy tệp từ máy chủ FTP, SFTP", en: "files fetched by FTP or SFTP" },
    listens: false,
    to_try: Words {
        vi: "hãy xem lại địa chỉ trong feeds.toml của gói tỉnh và ftp.toml trong thư mục dữ liệu",
        en: "look at the address in the pack's feeds.toml and at ftp.toml in the data folder",
    },
    configure: |settings| Ok(Arc::new(Servers::configured(settings)?)),
};

const SHORTEST: SignedDuration = SignedDuration::from_secs(1);
/// Below the data folder: what was taken, a folder for each feed.
const FOLDER: &str = "ftp_pull";

/// `[ftp_pull]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Servers {
    /// The longest pause before one that does not answer is asked again.
    longest_pause: SignedDuration,
    /// A step that does not come within so long has failed.
    answer_within: SignedDuration,
}

impl Servers {
    fn configured(settings: &Figment) -> Result<Servers, Box<figment::Error>> {
        section(settings, &KIND)
    }
}

impl Transport for Servers {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn faults(&self) -> Vec<String> {
        let times =
            [("ftp_pull.longest_pause", self.longest_pause), ("ftp_pull.answer_within", self.answer_within)];
        let too_short = times.into_iter().filter(|(_, set)| *set < SHORTEST);
        too_short.map(|(name, _)| format!("{name} must be at least 1s")).collect()
    }

    fn takes(&self, feed: &Feed) -> bool {
        matches!(feed.transport, pack::Transport::FtpPull(_))
    }

    fn start<'a>(&'a self, site: &'a Site) -> BoxFuture<'a, Result<Running, CannotStart>> {
        Box::pin(async move {
            let mut running = Running::new(&KIND, site);
            let logins = Logins::read(&site.data)?;
            for feed in site.pack.feeds.values() {
                let pack::Transport::FtpPull(of) = &feed.transport else { continue };
                let access = logins.of(&feed.id, &of.url)?;
                let address = of.address();
                let asked = Asked {
                    feed: &feed.id,
                    address: &address,
                    every: of.every,
                    longest_pause: self.longest_pause,
                    limits: (of.compare.contents == 0).then_some(Limit::NotCompared).into_iter().collect(),
                };
                let progress = asked.progress(site, &KIND);
                let counters = Arc::<FtpPullCounters>::default();
                let within = self.answer_within.unsigned_abs();
                let (url, counted) = (of.url.clone(), counters.clone());
                let server = match access {
                    Access::Ftp(login, tls) => {
                        Server::Ftp(Box::new(Client::new(url, login, tls, within, counted)))
                    }
                    Access::Sftp(login) => {
                        Server::Sftp(Box::new(SftpClient::new(url, login, within, counted)))
                    }
                };
                let kept = Kept {
                    journal: Journal::open(&site.data.join(FOLDER).join(&feed.id))?,
                    zone: site.calendar.zone().clone(),
                };
                let source = FtpSource::new(feed, of, server, kept, counters.clone(), progress.clone());
                Pull::start(&asked, site, &mut running, source, |_| false, progress, counters)?;
            }
            Ok(running)
        })
    }
}
