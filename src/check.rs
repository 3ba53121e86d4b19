//! `ioc check`: is a province pack right?
//!
//! All faults of all files are printed at once, one a line as `file:line: message`, so that editors can jump to them.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use ioc_decode::mapping_faults;
use ioc_model::pack::{Faults, Pack, PackFiles};

use crate::{
    pack_files::{embedded_pack, embedded_packs, pack_from_dir},
    told,
};

/// Arguments of `ioc check`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// A pack's folder, or the name of a pack that is compiled in.
    /// Default: the configured one.
    #[arg(value_name = "PACK")]
    pub pack: Option<PathBuf>,
}

/// The files of a pack by folder, or of one that is compiled in by name; a folder comes first.
///
/// # Errors
/// If there is neither, or the folder cannot be read.
pub fn files_of(pack: &Path) -> anyhow::Result<PackFiles> {
    if pack.try_exists().with_context(|| format!("cannot look at {}", pack.display()))? {
        return pack_from_dir(pack).context("cannot read the pack");
    }
    let Some(files) = pack.to_str().and_then(embedded_pack) else {
        bail!(
            "there is no folder {} and no such pack is compiled in (there are: {})",
            pack.display(),
            embedded_packs().join(", ")
        );
    };
    Ok(files)
}

/// Checks a pack and prints its faults or what it holds.
///
/// # Errors
/// If the pack cannot be read or nothing can be printed.
pub fn run(args: Args, configured: PathBuf) -> anyhow::Result<ExitCode> {
    let path = args.pack.unwrap_or(configured);
    let files = files_of(&path)?;
    match parsed(&files) {
        Ok(pack) => {
            told::say(|out| Ok(summarise(&pack, &files, out)?))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(faults) => {
            told::say(|out| Ok(writeln!(out, "{faults}")?))?;
            let count = faults.0.len();
            let plural = if count == 1 { "" } else { "s" };
            told::note(format_args!("{count} fault{plural} in {}", path.display()));
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The pack without its overlays, if it and all of them are right, their mappings included.
fn parsed(files: &PackFiles) -> Result<Pack, Faults> {
    let pack = Pack::parse(files)?;
    let mut faults: Vec<_> = mapping_faults(&pack).into_iter().flat_map(|faults| faults.0).collect();
    for overlay in files.keys().filter_map(|path| path.strip_suffix("/pack.toml")) {
        let laid_over = Pack::parse_with(files, Some(overlay))?;
        faults.extend(mapping_faults(&laid_over).into_iter().flat_map(|faults| faults.0));
    }
    faults.sort();
    faults.dedup();
    if faults.is_empty() { Ok(pack) } else { Err(Faults(faults)) }
}

fn summarise(pack: &Pack, files: &PackFiles, out: &mut dyn Write) -> io::Result<()> {
    let today = pack.places.iter().filter(|place| place.valid_to.is_none()).count();
    writeln!(out, "{} ({}): no faults, version {}", pack.id, pack.name.en, pack.version.0)?;
    writeln!(out, "  time zone   {}", pack.timezone)?;
    writeln!(out, "  places      {} ({today} of them valid today)", pack.places.len())?;
    writeln!(out, "  indicators  {}", pack.indicators.len())?;
    writeln!(out, "  stations    {}", pack.stations.len())?;
    writeln!(out, "  forms       {}", pack.forms.len())?;
    writeln!(out, "  targets     {}", pack.targets.len())?;
    writeln!(out, "  feeds       {}", pack.feeds.keys().map(String::as_str).collect::<Vec<_>>().join(", "))?;
    let mut overlays: Vec<&str> = files.keys().filter_map(|path| path.strip_suffix("/pack.toml")).collect();
    overlays.dedup();
    if !overlays.is_empty() {
        writeln!(out, "  overlays    {}", overlays.join(", "))?;
    }
    Ok(())
}
