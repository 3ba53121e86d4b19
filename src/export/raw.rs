//! Raw envelopes out of the archive.
//!
//! Each file is believed only if it is what was archived. In CSV a payload that is text stands in `payload`, any
//! other in `payload_hex`.

use std::{fs::File, io::BufWriter};

use anyhow::Context;
use ioc_model::{envelope::Content, time::ReceivedAt};
use ioc_storage::archive::{Archive, ArchiveError, ArchivedEnvelope, FileRecord, RawExport};

use super::{Form, Stretch, progress::Progress, target::Target};
use crate::config::Config;

enum Writer {
    Parquet(Box<RawExport<BufWriter<File>>>),
    Csv(Box<csv::Writer<File>>),
}

pub(super) fn export(
    config: &Config,
    feed: &str,
    stretch: Stretch,
    form: Form,
    target: &mut Target,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    let folder = config.archive_folder();
    let archive =
        Archive::read(&folder).with_context(|| format!("there is no archive in {}", folder.display()))?;
    let (from, to) = stretch.received();
    let files = archive.files_of(feed, from, to)?;
    let mut writer = Writer::new(form, target, feed)?;
    let mut envelopes = 0u64;
    for (index, file) in files.iter().enumerate() {
        archive.scan(file, |some| {
            for envelope in
                some.iter().filter(|envelope| from <= envelope.received_at && envelope.received_at < to)
            {
                writer.push(envelope)?;
                envelopes += 1;
                progress.add(envelope.payload.len() as u64, Some((index + 1, files.len())));
            }
            Ok(())
        })?;
    }
    writer.finish()?;
    let reach = archive.files_of(feed, ReceivedAt(i64::MIN), ReceivedAt(i64::MAX))?;
    match reach.iter().map(|file: &FileRecord| file.last_received).max() {
        Some(last) => {
            tracing::info!(feed, envelopes, files = files.len(), "the archive of the feed reaches to {last}")
        }
        None => tracing::warn!(feed, "nothing of this feed is archived"),
    }
    Ok(())
}

impl Writer {
    fn new(form: Form, target: &Target, feed: &str) -> anyhow::Result<Writer> {
        let file = target.file()?;
        Ok(match form {
            Form::Parquet => Writer::Parquet(Box::new(RawExport::new(BufWriter::new(file), feed)?)),
            Form::Csv => {
                let mut lines = csv::Writer::from_writer(file);
                lines.write_record([
                    "log",
                    "partition",
                    "offset",
                    "received_at",
                    "feed",
                    "address",
                    "content",
                    "payload",
                    "payload_hex",
                ])?;
                Writer::Csv(Box::new(lines))
            }
        })
    }

    fn push(&mut self, envelope: &ArchivedEnvelope) -> Result<(), ArchiveError> {
        match self {
            Writer::Parquet(file) => file.push(envelope),
            Writer::Csv(lines) => {
                let position = envelope.position;
                let (text, digits) = match std::str::from_utf8(&envelope.payload) {
                    Ok(text) => (text, String::new()),
                    Err(_) => ("", envelope.payload.iter().map(|byte| format!("{byte:02x}")).collect()),
                };
                let content = match envelope.content {
                    Content::Raw => "raw",
                    Content::Withheld => "withheld",
                };
                lines
                    .write_record([
                        &position.log.0.to_string(),
                        &position.partition.0.to_string(),
                        &position.offset.0.to_string(),
                        &envelope.received_at.rfc3339(),
                        &*envelope.feed,
                        &*envelope.address,
                        content,
                        text,
                        &*digits,
                    ])
                    .map_err(|error| ArchiveError::Output(error.to_string()))
            }
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Writer::Parquet(file) => {
                let _ = file.finish()?.into_inner()?;
            }
            Writer::Csv(mut lines) => lines.flush()?,
        }
        Ok(())
    }
}
