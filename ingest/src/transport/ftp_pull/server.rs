//! A server, by the way that it is spoken to.

use super::{
    client::Client,
    fetched::{Asks, Got, Unable},
    listing::Listing,
    sftp::SftpClient,
};
use crate::transport::pull::CannotFetch;

/// One of the two.
#[derive(Debug)]
pub(super) enum Server {
    Ftp(Box<Client>),
    Sftp(Box<SftpClient>),
}

impl Asks for Server {
    async fn connect(&mut self) -> Result<(), CannotFetch> {
        match self {
            Server::Ftp(client) => client.connect().await,
            Server::Sftp(client) => client.connect().await,
        }
    }

    async fn list(&mut self, folder: &str) -> Result<Listing, Unable> {
        match self {
            Server::Ftp(client) => client.list(folder).await,
            Server::Sftp(client) => client.list(folder).await,
        }
    }

    async fn fetch(&mut self, folder: &str, name: &str, keep: usize) -> Result<Got, Unable> {
        match self {
            Server::Ftp(client) => client.fetch(folder, name, keep).await,
            Server::Sftp(client) => client.fetch(folder, name, keep).await,
        }
    }

    async fn leave(&mut self) {
        match self {
            Server::Ftp(client) => client.leave().await,
            Server::Sftp(client) => client.leave().await,
        }
    }
}
