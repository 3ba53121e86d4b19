//! `ioc export`: tables, views and raw envelopes as files for other tools.
//!
//! Tables and views come from ClickHouse, which encodes them; raw envelopes from the archive, which needs no server.
//! A file appears whole under its name or not at all: it is written aside and moved when it is complete.

mod progress;
mod raw;
mod target;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use ioc_model::{
    calendar::Calendar,
    pack::Pack,
    time::{EventTime, ReceivedAt},
};
use ioc_storage::{
    Store, StoreConfig,
    embedded::PRODUCT_USER,
    export::{ExportFormat, ExportQuery},
};

use self::{progress::Progress, target::Target};
use crate::{
    config::Config,
    packs::configured_pack,
    status::{RUN_FILE, Run},
    telemetry,
};

const AFTER_HELP: &str = "\
Examples:
  ioc export --table observation_current --subject TN_UBNDTN_KHIXQU --from 2026-01-01 --to 2026-02-01 --output jan.parquet
  ioc export --table window_current --indicator pm25 --format csv --output pm25.csv
  ioc export --raw --feed air-mqtt --from 2026-02-01T07:00:00+07:00 --output raw.parquet

Tables need a running ioc (or the ClickHouse of IOC_CLICKHOUSE_URL); --raw needs the archive's folder only. A date
stands for its first moment in the pack's time zone. Times are half-open: from is in, to is not.

Settings used: IOC_DATA_FOLDER, IOC_PACK_NAME, IOC_PACK_FOLDER, IOC_ARCHIVE_FOLDER, IOC_CLICKHOUSE_URL,
IOC_CLICKHOUSE_USER, IOC_CLICKHOUSE_PASSWORD, IOC_CLICKHOUSE_DATABASE.";

/// Arguments of `ioc export`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The table or view, such as observation_current, window_current, reject_current.
    #[arg(long, value_name = "NAME", required_unless_present = "raw", conflicts_with = "raw")]
    table: Option<String>,

    /// Raw envelopes out of the archive.
    #[arg(long, requires = "feed")]
    raw: bool,

    /// With --raw: the feed.
    #[arg(long, value_name = "FEED", requires = "raw")]
    feed: Option<String>,

    /// From that moment on: a date, or a time with a zone.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,

    /// Before that moment.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,

    /// The column that --from and --to go by. Default: the table's own, such as event_time or start_time.
    #[arg(long, value_name = "COLUMN", conflicts_with = "raw")]
    time_column: Option<String>,

    /// Rows of that subject only, such as a station.
    #[arg(long, value_name = "ID", conflicts_with = "raw")]
    subject: Option<String>,

    /// Rows of that indicator only.
    #[arg(long, value_name = "ID", conflicts_with = "raw")]
    indicator: Option<String>,

    /// A parameter of a view that takes some, such as known_at=2026-03-03.
    #[arg(long, value_name = "NAME=VALUE", value_parser = named, conflicts_with = "raw")]
    parameter: Vec<(String, String)>,

    /// The file's form.
    #[arg(long, value_enum, default_value_t = Form::Parquet, env = "IOC_EXPORT_FORMAT")]
    format: Form,

    /// The file to write.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,

    /// Replace the file if it is there.
    #[arg(long)]
    force: bool,
}

/// The form of an exported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values with a line of names.
    Csv,
}

fn named(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "written NAME=VALUE".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A stretch of time `[from, to)` in milliseconds since 1970; open where none.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Option<i64>,
    to: Option<i64>,
}

/// Writes the file.
///
/// # Errors
/// If what is asked for is not there, the file is, or something fails on the way: no file is left then.
pub fn run(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    telemetry::start(&config.log)?;
    let stretch = stretch(config, args)?;
    let mut target = Target::open(&args.output, args.force)?;
    let mut progress = Progress::new(&args.output);
    if args.raw {
        let feed = args.feed.as_deref().unwrap_or_default();
        raw::export(config, feed, stretch, args.format, &mut target, &mut progress)?;
    } else {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(table(config, args, stretch, &mut target, &mut progress))?;
    }
    let bytes = target.finish()?;
    progress.done(bytes);
    Ok(ExitCode::SUCCESS)
}

async fn table(
    config: &Config,
    args: &Args,
    stretch: Stretch,
    target: &mut Target,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    let query = ExportQuery {
        table: args.table.clone().unwrap_or_default(),
        time_column: args.time_column.clone(),
        from: stretch.from,
        to: stretch.to,
        subject: args.subject.clone(),
        indicator: args.indicator.clone(),
        parameters: args.parameter.clone(),
    };
    let format = match args.format {
        Form::Parquet => ExportFormat::Parquet,
        Form::Csv => ExportFormat::Csv,
    };
    let mut export = store(config)?.export(&query, format).await?;
    while let Some(bytes) = export.next().await? {
        target.write(&bytes)?;
        progress.add(bytes.len() as u64, None);
    }
    // An answer that broke off in silence would lack its end.
    if args.format == Form::Parquet && !target.ends_with(b"PAR1")? {
        bail!("the answer of ClickHouse broke off");
    }
    Ok(())
}

/// The store of the configured ClickHouse, or of the process that runs on the data folder.
fn store(config: &Config) -> anyhow::Result<Store> {
    let settings = &config.clickhouse;
    if !settings.url.is_empty() {
        return Ok(Store::connect(&StoreConfig {
            url: settings.url.clone(),
            user: settings.user.clone(),
            password: settings.password.0.clone(),
            database: settings.database.clone(),
        })?);
    }
    let path = config.data_path(RUN_FILE);
    let run = std::fs::read(&path).with_context(|| {
        format!(
            "nothing has run on {}: start ioc up, or name a server with IOC_CLICKHOUSE_URL",
            config.data.folder.display()
        )
    })?;
    let run: Run =
        serde_json::from_slice(&run).with_context(|| format!("{} is not valid", path.display()))?;
    let file =
        run.password_files.get(PRODUCT_USER).context("the process that ran last used another ClickHouse")?;
    let password = std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
    Ok(Store::connect(&StoreConfig {
        url: run.clickhouse,
        user: PRODUCT_USER.to_owned(),
        password: password.trim().to_owned(),
        database: run.database,
    })?)
}

fn stretch(config: &Config, args: &Args) -> anyhow::Result<Stretch> {
    let files = configured_pack(&config.pack)?;
    let pack =
        Pack::parse_with(&files, None).map_err(|faults| anyhow::anyhow!("the pack has faults:\n{faults}"))?;
    let calendar = Calendar::of_zone(&pack.timezone)?;
    let read = |name: &str, text: &Option<String>| {
        text.as_deref().map(|text| moment(text, &calendar).with_context(|| format!("--{name}"))).transpose()
    };
    let stretch = Stretch { from: read("from", &args.from)?, to: read("to", &args.to)? };
    if let (Some(from), Some(to)) = (stretch.from, stretch.to)
        && from >= to
    {
        bail!("--from must lie before --to");
    }
    Ok(stretch)
}

/// Milliseconds since 1970 of a time with a zone, or of a date's first moment.
fn moment(text: &str, calendar: &Calendar) -> anyhow::Result<i64> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(timestamp.as_millisecond());
    }
    let date = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == 10);
    let first = date.and_then(|date| calendar.moment(date.at(0, 0, 0, 0)));
    let EventTime(moment) = first.with_context(|| {
        format!("'{text}' is neither a date such as 2026-02-01 nor a time with a zone such as 2026-02-01T07:00:00+07:00")
    })?;
    Ok(moment)
}

impl Stretch {
    fn received(self) -> (ReceivedAt, ReceivedAt) {
        (ReceivedAt(self.from.unwrap_or(i64::MIN)), ReceivedAt(self.to.unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_first_local_moment_and_a_time_needs_a_zone() {
        let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
        let midnight = moment("2026-02-01", &calendar).unwrap();
        assert_eq!(midnight, moment("2026-02-01T00:00:00+07:00", &calendar).unwrap());
        assert_eq!(midnight, moment("2026-01-31T17:00:00Z", &calendar).unwrap());
        for text in ["2026-02-01T00:00:00", "yesterday", "", "2026-13-01", "01/02/2026"] {
            assert!(moment(text, &calendar).is_err(), "{text}");
        }
    }
}
