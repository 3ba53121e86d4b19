//! `ioc export`: tables, views and raw envelopes as files for other tools.
//!
//! Tables and views come from ClickHouse, which encodes them; raw envelopes from the archive, which needs no server.
//! A file appears whole under its name or not at all: it is written aside and moved when it is complete.

mod progress;
mod raw;
pub mod target;

use std::{io::Write, path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use clap::ValueEnum;
use ioc_model::{
    asker::Asker,
    calendar::Calendar,
    pack::Pack,
    time::{EventTime, ReceivedAt},
};
use ioc_storage::{
    Store, StoreConfig,
    embedded::PRODUCT_USER,
    export::{ExportFormat, ExportQuery, rows_of_parquet},
};

use self::{progress::Progress, target::Target};
use crate::{
    config::Config,
    pack_files::configured_pack,
    status::{RUN_FILE, Run},
    telemetry,
};

const AFTER_HELP: &str = "\
Examples:
  ioc export --table observation_current --subject TN_UBNDTN_KHIXQU --from 2026-01-01 --to 2026-02-01 --output jan.parquet
  ioc export --table window_current --indicator pm25 --output pm25.csv
  ioc export --table air_quality_daily --bom --output aqi-for-excel.csv
  ioc export --table station_status --format csv --output - | head
  ioc export --raw --feed air-mqtt --from 2026-02-01T07:00:00+07:00 --output raw.parquet

Tables need a running ioc (or the ClickHouse of IOC_CLICKHOUSE_URL); --raw needs the archive's folder only. A date
stands for its first moment in the pack's time zone. Times are half-open: from is in, to is not.

The form is the one of the file's name, .parquet or .csv, or of --format, or of IOC_EXPORT_FORMAT. In CSV a missing value
is empty, a moment is local with its offset (2026-02-01T07:00:00.000+07:00), rows are sorted. Parquet has moments in UTC.

Settings used: IOC_EXPORT_FORMAT, IOC_DATA_FOLDER, IOC_PACK_NAME, IOC_PACK_FOLDER, IOC_ARCHIVE_FOLDER, IOC_CLICKHOUSE_URL,
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

    /// The file's form. Default: by its name.
    #[arg(long, value_enum)]
    format: Option<Form>,

    /// Begin a CSV file with a byte order mark, by which Excel knows that it is UTF-8.
    #[arg(long)]
    bom: bool,

    /// The file to write; - is standard output.
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
    let form = form(args, std::env::var("IOC_EXPORT_FORMAT").ok().as_deref())?;
    let files = configured_pack(&config.pack)?;
    let pack =
        Pack::parse_with(&files, None).map_err(|faults| anyhow::anyhow!("the pack has faults:\n{faults}"))?;
    let stretch = stretch(&pack, args)?;
    let mut target = Target::open(&args.output, args.force)?;
    let mut progress = Progress::new(&args.output);
    // Whoever may read the data folder has everything before them anyway.
    let asker = Asker::everyone();
    match write(config, &asker, args, form, &pack, stretch, &mut target, &mut progress) {
        Ok(rows) => {
            let bytes = target.finish()?;
            progress.done(bytes, rows);
        }
        Err(_) if target.is_unheard() => {}
        Err(error) => return Err(error),
    }
    Ok(ExitCode::SUCCESS)
}

/// What the file is to be: as asked, or by its name, or as the environment has it.
fn form(args: &Args, environment: Option<&str>) -> anyhow::Result<Form> {
    let name = args.output.extension().map(|end| end.to_string_lossy().to_lowercase());
    let named = match name.as_deref() {
        Some("parquet" | "pq") => Some(Form::Parquet),
        Some("csv") => Some(Form::Csv),
        _ => None,
    };
    let environment = environment.filter(|word| !word.is_empty()).map(|word| {
        Form::from_str(word, true)
            .map_err(|_| anyhow::anyhow!("IOC_EXPORT_FORMAT is parquet or csv, not {word}"))
    });
    let form = match (args.format, named, environment.transpose()?) {
        (Some(form), ..) | (None, Some(form), _) | (None, None, Some(form)) => form,
        _ => bail!("{} ends neither in .parquet nor in .csv: add --format", args.output.display()),
    };
    if args.bom && form != Form::Csv {
        bail!("--bom is for CSV");
    }
    Ok(form)
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Writes everything; how many rows.
#[allow(clippy::too_many_arguments, reason = "each is a part of the errand")]
fn write(
    config: &Config,
    asker: &Asker,
    args: &Args,
    form: Form,
    pack: &Pack,
    stretch: Stretch,
    target: &mut Target,
    progress: &mut Progress,
) -> anyhow::Result<u64> {
    if args.bom {
        target.write_all(BYTE_ORDER_MARK)?;
    }
    if args.raw {
        let feed = args.feed.as_deref().unwrap_or_default();
        return raw::export(config, asker, feed, stretch, form, pack, target, progress);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(table(config, asker, args, form, pack, stretch, target, progress))
}

#[allow(clippy::too_many_arguments, reason = "each is a part of the errand")]
async fn table(
    config: &Config,
    asker: &Asker,
    args: &Args,
    form: Form,
    pack: &Pack,
    stretch: Stretch,
    target: &mut Target,
    progress: &mut Progress,
) -> anyhow::Result<u64> {
    let query = ExportQuery {
        table: args.table.clone().unwrap_or_default(),
        time_column: args.time_column.clone(),
        from: stretch.from,
        to: stretch.to,
        subject: args.subject.clone(),
        indicator: args.indicator.clone(),
        parameters: args.parameter.clone(),
        zone: (form == Form::Csv).then(|| pack.timezone.clone()),
    };
    let format = match form {
        Form::Parquet => ExportFormat::Parquet,
        Form::Csv => ExportFormat::Csv,
    };
    let mut export = store(config)?.export(asker, &query, format).await?;
    let mut lines = Lines::default();
    while let Some(bytes) = export.next().await? {
        target.write_all(&bytes)?;
        lines.add(&bytes);
        progress.add(bytes.len() as u64, None);
    }
    match form {
        // The first one is of names.
        Form::Csv => Ok(lines.count.saturating_sub(1)),
        // An answer that broke off in silence lacks its end.
        Form::Parquet => rows_of_parquet(target.end()).context("the answer of ClickHouse broke off"),
    }
}

/// Counts the lines of CSV: not those inside of a text in quotes.
#[derive(Debug, Default)]
struct Lines {
    count: u64,
    is_quoted: bool,
}

impl Lines {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'"' => self.is_quoted = !self.is_quoted,
                b'\n' if !self.is_quoted => self.count += 1,
                _ => {}
            }
        }
    }
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

fn stretch(pack: &Pack, args: &Args) -> anyhow::Result<Stretch> {
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

    fn asked(format: Option<Form>, output: &str) -> Args {
        Args {
            table: Some("pack".to_owned()),
            raw: false,
            feed: None,
            from: None,
            to: None,
            time_column: None,
            subject: None,
            indicator: None,
            parameter: Vec::new(),
            format,
            bom: false,
            output: output.into(),
            force: false,
        }
    }

    #[test]
    fn the_form_is_what_was_asked_for_then_what_the_name_says_then_what_the_environment_has() {
        let csv = Some(Form::Csv);
        assert_eq!(form(&asked(None, "a/b.CSV"), Some("parquet")).unwrap(), Form::Csv);
        assert_eq!(form(&asked(None, "b.parquet"), None).unwrap(), Form::Parquet);
        assert_eq!(form(&asked(csv, "b.parquet"), None).unwrap(), Form::Csv);
        assert_eq!(form(&asked(None, "-"), Some("csv")).unwrap(), Form::Csv);
        for (output, environment) in [("b.xlsx", None), ("-", None), ("b", Some("")), ("b", Some("xlsx"))] {
            let refused = form(&asked(None, output), environment).unwrap_err().to_string();
            assert!(refused.contains("csv"), "{refused}");
        }
        let marked = Args { bom: true, ..asked(None, "b.parquet") };
        assert!(form(&marked, None).is_err());
    }

    #[test]
    fn a_line_end_in_a_quoted_text_ends_no_row() {
        let mut lines = Lines::default();
        for part in ["a,b\n1,\"two\nlines, \"", "\"quoted\"\"\"\n2,\n"] {
            lines.add(part.as_bytes());
        }
        assert_eq!(lines.count, 3);
    }

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
