//! What the child says: kept in a file of bounded size, its warnings passed on, its last words remembered.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    fs::{self, File},
    io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader},
};

/// The file is moved aside at this size; one older file is kept. Bytes.
const FILE_LIMIT: u64 = 8 << 20;
const LINES_REMEMBERED: usize = 8;
const LONGEST_LINE: usize = 2_000;

/// The last lines that were not of a stack trace.
#[derive(Clone, Debug, Default)]
pub(super) struct LastWords(Arc<Mutex<VecDeque<String>>>);

impl LastWords {
    fn add(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_REMEMBERED {
            let _ = lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }

    /// Them, in one line.
    pub(super) fn recent(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            return "nothing".to_owned();
        }
        lines.iter().map(String::as_str).collect::<Vec<_>>().join(" | ")
    }
}

/// Reads the child's standard error until it closes. A log that cannot be written is no reason to stop reading: a
/// child whose pipe is full stands still.
pub(super) async fn keep_log(source: impl AsyncRead + Unpin, path: PathBuf, last_words: LastWords) {
    let mut lines = BufReader::new(source).split(b'\n');
    let mut file = BoundedFile::open(&path).await;
    while let Ok(Some(bytes)) = lines.next_segment().await {
        let text = String::from_utf8_lossy(&bytes);
        let line = shortened(text.trim_end());
        if let Some(open) = &mut file
            && let Err(error) = open.write(&path, line).await
        {
            tracing::warn!(%error, path = %path.display(), "cannot keep clickhouse's log");
            file = None;
        }
        if line.is_empty() || is_stack_frame(line) {
            continue;
        }
        last_words.add(line);
        if is_hang_up(line) || is_the_askers(line) {
            tracing::debug!(target: "clickhouse", "{line}");
        } else if line.contains("<Error>") || line.contains("<Fatal>") || line.contains("<Critical>") {
            tracing::warn!(target: "clickhouse", "{line}");
        } else {
            tracing::debug!(target: "clickhouse", "{line}");
        }
    }
}

/// `17. ? @ 0x000000001c92ab0f`
fn is_stack_frame(line: &str) -> bool {
    line.split_once(". ").is_some_and(|(number, rest)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) && rest.contains(" @ 0x")
    })
}

fn shortened(line: &str) -> &str {
    let mut end = line.len().min(LONGEST_LINE);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    &line[..end]
}

/// A client that went before it had read all of an answer, as a pooled connection does when one row was enough.
fn is_hang_up(line: &str) -> bool {
    line.contains("(NETWORK_ERROR)") || line.contains("Write buffer has been canceled")
}

/// What a query was answered with: whoever asked was told, be it the product or an analyst who mistyped. What says that
/// something is wrong with the server itself is everybody's.
fn is_the_askers(line: &str) -> bool {
    const ANSWERS: [&str; 2] = ["<Error> executeQuery: Code: ", "<Error> DynamicQueryHandler: Code: "];
    const OF_THE_SERVER: [&str; 17] = [
        "ATTEMPT_TO_READ_AFTER_EOF",
        "CANNOT_ALLOCATE_MEMORY",
        "CANNOT_CREATE_DIRECTORY",
        "CANNOT_FSYNC",
        "CANNOT_OPEN_FILE",
        "CANNOT_READ_ALL_DATA",
        "CANNOT_READ_FROM_FILE_DESCRIPTOR",
        "CANNOT_WRITE_TO_FILE_DESCRIPTOR",
        "CHECKSUM_DOESNT_MATCH",
        "CORRUPTED_DATA",
        "FILE_DOESNT_EXIST",
        "LOGICAL_ERROR",
        "NO_FILE_IN_DATA_PART",
        "NOT_ENOUGH_SPACE",
        "POCO_EXCEPTION",
        "STD_EXCEPTION",
        "UNEXPECTED_END_OF_FILE",
    ];
    ANSWERS.iter().any(|answer| line.contains(answer))
        && !OF_THE_SERVER.iter().any(|word| line.contains(&format!("({word})")))
}

struct BoundedFile {
    file: File,
    size: u64,
}

impl BoundedFile {
    async fn open(path: &Path) -> Option<BoundedFile> {
        let file = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).await;
        match file {
            Ok(file) => {
                let size = file.metadata().await.map(|metadata| metadata.len()).unwrap_or(0);
                Some(BoundedFile { file, size })
            }
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "cannot keep clickhouse's log");
                None
            }
        }
    }

    async fn write(&mut self, path: &Path, line: &str) -> std::io::Result<()> {
        if self.size > FILE_LIMIT {
            self.file.flush().await?;
            fs::rename(path, path.with_extension("log.1")).await?;
            self.file = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).await?;
            self.size = 0;
        }
        self.file.write_all(line.as_bytes()).await?;
        self.file.write_all(b"\n").await?;
        self.file.flush().await?;
        self.size += line.len() as u64 + 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_askers_mistake_is_no_warning_and_broken_data_is_one() {
        let mistyped = "{7} <Error> executeQuery: Code: 62. DB::Exception: Syntax error: failed at position 1 (SELEC): \
                        SELEC 1. (SYNTAX_ERROR) (version 26.7.2.1) (from 127.0.0.1:1) (in query: SELEC 1)";
        assert!(is_the_askers(mistyped));
        assert!(is_the_askers(
            "{} <Error> DynamicQueryHandler: Code: 452. DB::Exception: … (SETTING_CONSTRAINT_VIOLATION)"
        ));
        for loud in [
            "{7} <Error> executeQuery: Code: 40. DB::Exception: Checksum doesn't match. (CHECKSUM_DOESNT_MATCH)",
            "{} <Error> MergeTreeBackgroundExecutor: Code: 243. DB::Exception: … (NOT_ENOUGH_SPACE)",
            "{} <Error> Application: Code: 210. DB::Exception: … (SYNTAX_ERROR)",
        ] {
            assert!(!is_the_askers(loud), "{loud}");
        }
    }

    #[tokio::test]
    async fn last_words_leave_out_stack_traces() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("server.log");
        let words = LastWords::default();
        let said = b"Cannot lock file\n0. ? @ 0x000000001c8fa4b3\n\nanother instance\n";
        keep_log(&said[..], path.clone(), words.clone()).await;
        assert_eq!(words.recent(), "Cannot lock file | another instance");
        assert_eq!(std::fs::read(&path).unwrap(), said);
    }
}
