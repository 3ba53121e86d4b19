//! The key that what is left of personal messages is marked with.
//!
//! It lies in the data folder and in nothing that is archived, stored or shown: who has log, archive or store cannot find
//! out by trying whether somebody is in there. Without it the same case has another pseudonym and the same file is no
//! duplicate, so it belongs in the backup of the data folder, apart from that of the archive.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};

use anyhow::{Context, bail};
use ioc_bus::whole_file;
use ioc_decode::reduce::{Key, Reducer};
use ioc_model::pack::Pack;

/// Its file in the data folder: 64 hexadecimal digits.
const KEY_FILE: &str = "personal.key";
const OTHERS: u32 = 0o077;

/// What messages of a pack's personal feeds are reduced by; none where no feed is personal. The key is made with the first
/// such feed.
///
/// # Errors
/// If the key cannot be read or made, is none, or others may read it.
pub fn reducer(data: &Path, pack: &Pack) -> anyhow::Result<Option<Reducer>> {
    match pack.feeds.values().any(|feed| feed.personal) {
        true => Ok(Reducer::of_pack(pack, key(&data.join(KEY_FILE))?)?),
        false => Ok(None),
    }
}

fn key(path: &Path) -> anyhow::Result<Key> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return made(path),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    if fs::metadata(path)?.permissions().mode() & OTHERS != 0 {
        bail!("{} may be read by its owner alone: chmod 600", path.display());
    }
    let Some(bytes) = parsed(text.trim()) else { bail!("{} is not 64 hexadecimal digits", path.display()) };
    Ok(Key::new(bytes))
}

fn made(path: &Path) -> anyhow::Result<Key> {
    let bytes: [u8; 32] = rand::random();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    whole_file::write(path, format!("{hex}\n").as_bytes())
        .with_context(|| format!("cannot make {}", path.display()))?;
    tracing::info!(path = %path.display(), "made the key of personal feeds: keep a copy of it apart from log and archive");
    Ok(Key::new(bytes))
}

fn parsed(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if hex.len() != 2 * bytes.len() || !hex.is_ascii() {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_for_its_owner_alone_and_refused_where_others_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        assert!(key(&path).is_ok());
        let first = fs::read_to_string(&path).unwrap();
        assert!(key(&path).is_ok());
        assert_eq!(fs::read_to_string(&path).unwrap(), first);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(key(&path).unwrap_err().to_string().contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "not a key").unwrap();
        assert!(key(&path).unwrap_err().to_string().contains("64 hexadecimal digits"));
    }
}
