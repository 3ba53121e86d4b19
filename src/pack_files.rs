//! The packs the binary brings along, and packs from a folder.
//!
//! One binary is enough to run a province: `deploy/provinces` is compiled in. A folder takes its place when a
//! province changes its own.

use std::{fs, io, path::Path};

use anyhow::Context;
use ioc_model::pack::PackFiles;
use rust_embed::RustEmbed;

use crate::config::PackChoice;

/// The pack used when none is named.
#[cfg(test)]
pub const DEFAULT_PACK: &str = "tay-ninh";

/// A pack's files are small; a folder that holds more than this is not one.
const LARGEST_FILE: u64 = 32 << 20;
const DEEPEST_FOLDER: usize = 4;

#[derive(RustEmbed)]
#[folder = "deploy/provinces/"]
struct Provinces;

/// What `ioc demo` adds to a pack.
pub const DEMO_OVERLAY: &str = "demo";

/// The files of the configured pack.
///
/// # Errors
/// If its folder cannot be read, or no pack of that name was compiled in.
pub fn configured_pack(choice: &PackChoice) -> anyhow::Result<PackFiles> {
    if choice.folder.as_os_str().is_empty() {
        return embedded_pack(&choice.name)
            .with_context(|| format!("there is no pack '{}' in this binary", choice.name));
    }
    pack_from_dir(&choice.folder).with_context(|| format!("cannot read the pack {}", choice.folder.display()))
}

/// The files of a pack that was compiled in.
#[must_use]
pub fn embedded_pack(id: &str) -> Option<PackFiles> {
    let folder = format!("{id}/");
    let mut files = PackFiles::new();
    for path in Provinces::iter() {
        let Some(name) = path.strip_prefix(&folder) else { continue };
        let Some(file) = Provinces::get(&path) else { continue };
        if let Ok(text) = String::from_utf8(file.data.into_owned()) {
            let _ = files.insert(name.to_owned(), text);
        }
    }
    (!files.is_empty()).then_some(files)
}

/// The identifiers of the packs that were compiled in.
#[must_use]
pub fn embedded_packs() -> Vec<String> {
    let mut ids: Vec<String> =
        Provinces::iter().filter_map(|path| Some(path.split_once('/')?.0.to_owned())).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// The files of a pack's folder. Hidden files are left out, and so are files other than TOML, CSV, JSON and jq that are no text.
///
/// # Errors
/// If a folder or file cannot be read, is absurdly large, or a TOML, CSV, JSON or jq file is not UTF-8. The error names it.
pub fn pack_from_dir(path: &Path) -> io::Result<PackFiles> {
    let mut files = PackFiles::new();
    collect(path, "", 0, &mut files)?;
    Ok(files)
}

fn collect(folder: &Path, prefix: &str, depth: usize, files: &mut PackFiles) -> io::Result<()> {
    let named =
        |path: &Path, error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    for entry in fs::read_dir(folder).map_err(|error| named(folder, error))? {
        let entry = entry.map_err(|error| named(folder, error))?;
        let path = entry.path();
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        if name.starts_with('.') {
            continue;
        }
        let metadata = fs::metadata(&path).map_err(|error| named(&path, error))?;
        if metadata.is_dir() {
            if depth < DEEPEST_FOLDER {
                collect(&path, &format!("{prefix}{name}/"), depth + 1, files)?;
            }
            continue;
        }
        let is_read = [".toml", ".csv", ".json", ".jq"].iter().any(|ending| name.ends_with(ending));
        if metadata.len() > LARGEST_FILE {
            if is_read {
                let error = io::Error::new(io::ErrorKind::FileTooLarge, "too large for a file of a pack");
                return Err(named(&path, error));
            }
            continue;
        }
        let bytes = fs::read(&path).map_err(|error| named(&path, error))?;
        match String::from_utf8(bytes) {
            Ok(text) => {
                let _ = files.insert(format!("{prefix}{name}"), text);
            }
            Err(_) if is_read => {
                return Err(named(&path, io::Error::new(io::ErrorKind::InvalidData, "not UTF-8 text")));
            }
            Err(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ioc_model::pack::Pack;

    use super::*;

    #[test]
    fn the_default_pack_is_compiled_in_whole() {
        let embedded = embedded_pack(DEFAULT_PACK).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/provinces").join(DEFAULT_PACK);
        assert_eq!(embedded, pack_from_dir(&folder).unwrap());
        let pack = Pack::parse_with(&embedded, Some("demo")).unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(pack.id, DEFAULT_PACK);
        assert!(embedded_packs().contains(&DEFAULT_PACK.to_owned()));
        assert_eq!(embedded_pack("nowhere"), None);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_that_names_it() {
        let error = pack_from_dir(Path::new("/nowhere/at/all")).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/at/all: "), "{error}");
    }
}
