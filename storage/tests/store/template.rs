//! The folder of an empty, migrated database, made once and laid down for each test: making its tables takes longer than
//! most tests.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

enum Kind {
    Folder,
    File(Vec<u8>),
    Link(PathBuf),
}

struct Entry {
    /// Below the folder.
    path: PathBuf,
    mode: u32,
    kind: Kind,
}

/// What a folder holds, some megabytes. In memory, so that nothing is left behind.
pub(crate) struct Template(Vec<Entry>);

impl Template {
    pub(crate) fn of(folder: &Path) -> io::Result<Template> {
        let (mut entries, mut left) = (Vec::new(), vec![PathBuf::new()]);
        while let Some(path) = left.pop() {
            let found = folder.join(&path);
            let about = fs::symlink_metadata(&found)?;
            let kind = if about.is_symlink() {
                Kind::Link(fs::read_link(&found)?)
            } else if about.is_dir() {
                for inner in fs::read_dir(&found)? {
                    left.push(path.join(inner?.file_name()));
                }
                Kind::Folder
            } else {
                Kind::File(fs::read(&found)?)
            };
            entries.push(Entry { path, mode: about.permissions().mode(), kind });
        }
        Ok(Template(entries))
    }

    /// Folders come before what is in them.
    pub(crate) fn lay_down(&self, folder: &Path) -> io::Result<()> {
        for Entry { path, mode, kind } in &self.0 {
            let place = folder.join(path);
            match kind {
                Kind::Link(to) => symlink(to, place)?,
                Kind::Folder => {
                    fs::create_dir_all(&place)?;
                    fs::set_permissions(place, fs::Permissions::from_mode(*mode))?;
                }
                Kind::File(content) => {
                    fs::write(&place, content)?;
                    fs::set_permissions(place, fs::Permissions::from_mode(*mode))?;
                }
            }
        }
        Ok(())
    }
}
