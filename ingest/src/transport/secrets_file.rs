//! Files of secrets in the data folder, by feed: who this installation is where it goes and fetches.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;

/// Why such a file says nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum SecretsFileFault {
    #[error("cannot read {path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} is not valid: {source}")]
    Invalid { path: PathBuf, source: toml::de::Error },
}

/// What it says of each feed. Where there is none, nothing is said of any.
pub(super) fn of_feeds<T: DeserializeOwned>(path: &Path) -> Result<BTreeMap<String, T>, SecretsFileFault> {
    match std::fs::read_to_string(path) {
        // The text holds secrets, which a fault would quote.
        Ok(text) => toml::from_str(&text).map_err(|mut source: toml::de::Error| {
            source.set_input(None);
            SecretsFileFault::Invalid { path: path.to_owned(), source }
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(source) => Err(SecretsFileFault::Unreadable { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_a_fault_of_a_file_of_secrets_quotes_none_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("apis.toml");
        let read = || of_feeds::<BTreeMap<String, String>>(&path);
        assert!(read().unwrap().is_empty(), "there is none");
        std::fs::write(&path, "[registers]\npassword = \"s3cret\"\n").unwrap();
        assert_eq!(read().unwrap()["registers"]["password"], "s3cret");
        std::fs::write(&path, "[registers]\npassword = \"s3cret\n").unwrap();
        let fault = read().unwrap_err();
        for told in [fault.to_string(), format!("{fault:?}")] {
            assert!(told.contains("apis.toml") && !told.contains("s3cret"), "{told}");
        }
    }
}
