//! How far a source was read.
//!
//! A cursor is what the source itself calls a place: a number, a moment, a token. Nobody but the source's own reader
//! looks into it. It lies in a file of its own below the data folder and advances only behind the append: whoever
//! advances it shows what the log answered (invariant ONCE). Killed between the two, the process fetches the same again:
//! nothing is missing, and what has a key of its own is known. A source whose rows have none must give them one.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use ioc_bus::{Appended, whole_file};
use serde::{Deserialize, Serialize};

const FOLDER: &str = "cursors";

/// The place behind which a source is read next.
#[derive(Debug)]
pub struct Cursor {
    path: Arc<Path>,
    source: String,
    place: Option<String>,
}

/// What its file holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// What is read there: a cursor of another address or query says nothing of this one.
    source: String,
    place: String,
}

/// Why there is no telling how far a source was read.
#[derive(Debug, thiserror::Error)]
pub enum CursorError {
    /// The system refuses.
    #[error("{path}: {error}")]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// Not what this program writes.
    #[error("{path} is no cursor ({what}): remove it to read the source from its beginning")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// What the feed reads is another than it was.
    #[error(
        "{path} says how far '{was}' was read, and the feed reads '{is}' now: remove it to read that from its beginning, \
         or put the feed back"
    )]
    Elsewhere {
        /// The file.
        path: PathBuf,
        /// What was read.
        was: String,
        /// What is to be read.
        is: String,
    },
}

impl Cursor {
    /// That of a feed which reads `source`; at the beginning if there is none yet.
    ///
    /// # Errors
    /// If there is one that cannot be read, or is of another source: it is never guessed where to go on.
    pub fn open(data: &Path, feed: &str, source: &str) -> Result<Cursor, CursorError> {
        Cursor::open_renamed(data, feed, source, |_| false)
    }

    /// As [`Cursor::open`]; `was` knows by which other names the same was kept.
    pub(crate) fn open_renamed(
        data: &Path,
        feed: &str,
        source: &str,
        was: impl Fn(&str) -> bool,
    ) -> Result<Cursor, CursorError> {
        let path = data.join(FOLDER).join(format!("{feed}.json"));
        let kept: Option<Kept> = match fs::read(&path) {
            // What it holds may be a secret, which the error would quote.
            Ok(bytes) => Some(serde_json::from_slice(&bytes).map_err(|error| {
                let what = format!("line {}, column {}", error.line(), error.column());
                CursorError::Unreadable { path: path.clone(), what }
            })?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(CursorError::Io { path, error }),
        };
        match kept {
            Some(Kept { source: before, .. }) if before != source && !was(&before) => {
                Err(CursorError::Elsewhere { path, was: before, is: source.to_owned() })
            }
            kept => Ok(Cursor {
                path: path.into(),
                source: source.to_owned(),
                place: kept.map(|kept| kept.place),
            }),
        }
    }

    /// The place it is at; none at the beginning.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// Goes on to a place before which there is nothing that is not on the log. It is not written: whoever starts again
    /// passes over the same nothing.
    pub fn pass(&mut self, place: String) {
        self.place = Some(place);
    }

    /// Keeps a place before which nothing is missing, though nothing was appended for it: durable when it returns.
    ///
    /// # Errors
    /// As [`Cursor::advance`].
    pub async fn keep(&mut self, place: &str) -> Result<(), CursorError> {
        self.write(place).await
    }

    /// Goes on to a place, now that everything before it is on the log: durable when it returns.
    ///
    /// # Errors
    /// If it cannot be written; the place it was at is still there then.
    pub async fn advance(&mut self, _behind: &Appended, place: &str) -> Result<(), CursorError> {
        self.write(place).await
    }

    async fn write(&mut self, place: &str) -> Result<(), CursorError> {
        let kept = Kept { source: self.source.clone(), place: place.to_owned() };
        let path = self.path.clone();
        // A sync takes as long as the disk does: not on a thread that others wait for.
        let written = tokio::task::spawn_blocking(move || {
            whole_file::write(&path, &serde_json::to_vec(&kept).map_err(io::Error::from)?)
        });
        let written = written.await.map_err(io::Error::other).flatten();
        written.map_err(|error| CursorError::Io { path: self.path.to_path_buf(), error })?;
        self.place = Some(place.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::{position::Offset, time::ReceivedAt};

    use super::*;

    const APPENDED: Appended = Appended { base: Offset(0), next: Offset(1), received_at: ReceivedAt(0) };

    #[tokio::test]
    async fn once_a_cursor_is_where_it_was_left_and_never_guessed() {
        let data = tempfile::tempdir().unwrap();
        let open = |source: &str| Cursor::open(data.path(), "dossiers", source);
        let mut cursor = open("https://a.example/dossiers").unwrap();
        assert_eq!(cursor.place(), None);
        cursor.advance(&APPENDED, "2026-11-20T08:00:00+07:00").await.unwrap();
        let again = open("https://a.example/dossiers").unwrap();
        assert_eq!(again.place(), Some("2026-11-20T08:00:00+07:00"));
        let error = open("https://b.example/dossiers").unwrap_err().to_string();
        assert!(error.contains("https://a.example/dossiers") && error.contains("remove it"), "{error}");
        fs::write(data.path().join("cursors/dossiers.json"), b"{\"source\":\"htt").unwrap();
        let error = open("https://a.example/dossiers").unwrap_err().to_string();
        assert!(error.contains("is no cursor"), "{error}");
    }
}
