//! SFTP, the other way to a partner's files: a session within SSH, in which folders are listed and files read by pieces.
//!
//! SSH is russh's; what is said within is written here ([`packet`], [`conversation`]), since a handle is bytes. Who the server
//! is was said before it was ever spoken to ([`host_keys`]): the first key that it shows is not believed because it is the
//! first. What is known of files, when they are taken and what is kept of them is no matter of the way they come by.

mod client;
mod conversation;
pub(super) mod fuzzing;
mod host_keys;
mod packet;
#[cfg(test)]
mod tests;

pub(super) use self::{
    client::{SftpClient, SftpLogin},
    host_keys::HostKeys,
};
