//! Files that lie at a partner's FTP or SFTP server, fetched there.
//!
//! Loggers write a file each five minutes into a folder a day, and whoever fetches them sees what others have been caught
//! by: files in the making, files that grow, files that are corrected under the same name, a clock that went back, a file
//! of last week that appears today. So nothing rests on a time that the server says.
//!
//! * **What was taken is known by its path**, with the size and time that the listing said and a digest of its content
//!   ([`known`]). A file that is known, and of which the listing says the same, is left alone. Else it is fetched, and handed
//!   over if its content is another one (invariant ONCE).
//! * **Folders of the last days are listed at each turn**, those of weeks now and then ([`days`]). What says the same and is
//!   not the same is found by fetching the files of the last days once more, once a day.
//! * **A file is taken when two listings said the same of it**, so long apart as the feed says ([`plan`]), it came to its end
//!   in order, and is as long as the listing said before and the server says behind it ([`client`] by FTP, [`sftp`] by SFTP).
//! * **The oldest first**; a file that cannot be fetched is tried again, less and less often, and keeps no other behind it.
//! * **What was taken is durable behind the log** ([`source`]): the batch stands in the cursor, which moves behind the
//!   append, and goes into the journal of what is known from there. Killed between the append and the cursor, the batch is
//!   fetched once more, and its rows are known by their keys, as those of all pulls; formats without one are refused.
//!
//! Nothing is written, renamed or removed at the server.

mod client;
mod counters;
mod days;
mod failing;
mod fetched;
pub mod fuzzing;
mod known;
mod listing;
mod login;
mod plan;
mod server;
mod settings;
mod sftp;
mod source;
#[cfg(test)]
mod tests;

pub use self::{
    counters::{FtpPullCounters, FtpPullCounts},
    settings::KIND,
};
