//! `ioc contract`: what a form asks for, to be handed to those who report.
//!
//! Both the empty workbook and the JSON Schema are made of the definition that reports are judged by.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::ValueEnum;
use ioc_bus::clock::Clock;
use ioc_decode::template::{Template, Wanted, schema, workbook};
use ioc_model::{
    calendar::Calendar,
    form::{Form, Owner, Period},
    pack::{Pack, PackFiles},
    place::Date,
    time::EventTime,
};

use crate::{check::files_of, export::target::Target, told};

const AFTER_HELP: &str = "\
Examples:
  ioc contract
  ioc contract ktxh-x --period 2026-10 --output ktxh-x-2026-10.xlsx
  ioc contract ktxh-x --period 2026-10 --place 25486 --output tan-bien.xlsx
  ioc contract ktxh-x --format schema

A workbook has a row for each place and indicator of the form, as they are in the period; without one, as they are today, and
the clerk writes the period into the title. The schema is of an array of rows, whose fields are called as the form's columns.";

/// Arguments of `ioc contract`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The form. Without it, all forms are listed.
    #[arg(value_name = "FORM")]
    form: Option<String>,

    /// What is written. Default: by the name of the file, .xlsx or .json; the schema where there is none.
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// The period to be reported, such as 2026-10, 2026-Q4, 2026-W43 or 2026.
    #[arg(long, value_name = "PERIOD")]
    period: Option<String>,

    /// Only that place, or the form's places in it, by code.
    #[arg(long, value_name = "CODE")]
    place: Option<String>,

    /// Only what that agency reports: its id, or the code of the place whose authority it is.
    #[arg(long, value_name = "ID", conflicts_with = "place")]
    agency: Option<String>,

    /// The file to write; - is standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Replace the file if it is there.
    #[arg(long)]
    force: bool,

    /// A pack's folder, or the name of a pack that is compiled in.
    /// Default: the configured one.
    #[arg(long, value_name = "PACK")]
    pack: Option<PathBuf>,
}

/// What is written of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The empty workbook for clerks.
    Xlsx,
    /// JSON Schema, draft 2020-12.
    Schema,
}

/// Lists the forms, or writes what is asked for of one.
///
/// # Errors
/// If the pack has faults or no such form, what is asked for is not there, or the file cannot be written.
pub fn run(args: &Args, configured: &Path) -> anyhow::Result<ExitCode> {
    let files = files_of(args.pack.as_deref().unwrap_or(configured))?;
    let packs = packs(&files)?;
    let Some(name) = &args.form else {
        told::say(|out| list(&packs, out))?;
        return Ok(ExitCode::SUCCESS);
    };
    let found = packs.iter().find_map(|pack| Some((pack, pack.forms.get(name)?)));
    let Some((pack, form)) = found else {
        let known: Vec<&str> = forms(&packs).into_iter().map(|form| form.id.as_str()).collect();
        bail!("the pack has no form {name} (it has: {})", known.join(", "));
    };
    let today = today(pack)?;
    let wanted = Wanted {
        form,
        places: &pack.places,
        agencies: &pack.agencies,
        period: args.period.as_deref().map(|text| period(form, text)).transpose()?,
        today,
        place: args.place.as_deref(),
        agency: args.agency.as_deref(),
    };
    let bytes = match format(args)? {
        Format::Schema => {
            let mut text = serde_json::to_string_pretty(&schema(&wanted)?)?;
            text.push('\n');
            text.into_bytes()
        }
        Format::Xlsx => workbook(&Template::of(&wanted)?, today)?,
    };
    match &args.output {
        None => told::say(|out| Ok(out.write_all(&bytes)?))?,
        Some(path) => {
            let mut target = Target::open(path, args.force)?;
            match target.write_all(&bytes) {
                Err(_) if target.is_unheard() => {}
                written => {
                    written.with_context(|| format!("cannot write {}", path.display()))?;
                    let _ = target.finish()?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The pack alone and with each of its overlays.
fn packs(files: &PackFiles) -> anyhow::Result<Vec<Pack>> {
    let overlays = files.keys().filter_map(|path| path.strip_suffix("/pack.toml"));
    std::iter::once(None)
        .chain(overlays.map(Some))
        .map(|overlay| Pack::parse_with(files, overlay).context("the pack has faults"))
        .collect()
}

/// Each form once.
fn forms(packs: &[Pack]) -> Vec<&Form> {
    let mut forms: Vec<&Form> = packs.iter().flat_map(|pack| pack.forms.values()).collect();
    forms.sort_by(|one, other| one.id.cmp(&other.id));
    forms.dedup_by(|one, other| one.id == other.id);
    forms
}

fn list(packs: &[Pack], out: &mut dyn Write) -> anyhow::Result<()> {
    let forms = forms(packs);
    if forms.is_empty() {
        told::note("the pack has no forms");
    }
    for form in forms {
        let owner = match &form.owner {
            Owner::Place => "place",
            Owner::Agency(agency) => agency,
        };
        let indicators = form.indicators.len();
        writeln!(
            out,
            "{}\n  {} / {}\n  period {}, owner {owner}, {indicators} indicators",
            form.id,
            form.name.vi,
            form.name.en,
            form.period.word()
        )?;
    }
    Ok(())
}

fn today(pack: &Pack) -> anyhow::Result<Date> {
    let now = EventTime(Clock::Machine.received_at().0);
    let local = Calendar::of_zone(&pack.timezone)?.local(now);
    Ok(local.context("the clock of this machine stands outside of the calendar")?.date())
}

fn period(form: &Form, text: &str) -> anyhow::Result<Period> {
    Period::parse(form.period, text).with_context(|| {
        let example = Period::of(form.period, 2026, 1).map(|period| period.label()).unwrap_or_default();
        format!(
            "'{text}' is no period of form {}, which is by {}: write {example}",
            form.id,
            form.period.word()
        )
    })
}

fn format(args: &Args) -> anyhow::Result<Format> {
    let name = args
        .output
        .as_ref()
        .and_then(|path| path.extension())
        .map(|end| end.to_string_lossy().to_lowercase());
    let format = match (args.format, name.as_deref()) {
        (Some(format), _) => format,
        (None, Some("xlsx")) => Format::Xlsx,
        (None, Some("json")) => Format::Schema,
        (None, _) if args.output.is_none() => Format::Schema,
        (None, _) => bail!("the file ends neither in .xlsx nor in .json: add --format"),
    };
    if format == Format::Xlsx && args.output.is_none() {
        bail!("name the workbook by --output; - is standard output");
    }
    Ok(format)
}
