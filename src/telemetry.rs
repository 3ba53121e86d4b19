//! Log lines.

use tracing_subscriber::{EnvFilter, fmt::time::SystemTime};

use crate::{
    config::{Log, LogFormat},
    told,
};

/// Writes log lines to standard error from now on.
///
/// # Errors
/// If the filter is not valid.
pub fn start(log: &Log) -> anyhow::Result<()> {
    // Whatever is asked for, passwords are not: the FTP client writes its commands down, with what they carry. SSH's does not,
    // and shall not begin to.
    let filter = EnvFilter::try_new(&log.filter)?
        .add_directive("suppaftp=warn".parse()?)
        .add_directive("russh=warn".parse()?);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_timer(SystemTime)
        .with_ansi(told::can_colour(&std::io::stderr()));
    match log.format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}
