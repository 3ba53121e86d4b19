//! Raw envelopes out of the archive.
//!
//! Each file is believed only if it is what was archived. In CSV a payload that is text stands in `payload`, any
//! other in `payload_hex`.

use std::{
    collections::BTreeSet,
    io::{BufWriter, Write},
};

use anyhow::{Context, bail};
use ioc_model::{asker::Asker, envelope::Content, pack::Pack, time::ReceivedAt};
use ioc_storage::archive::{Archive, ArchiveError, ArchivedEnvelope, FileRecord, RawExport};
use jiff::{Timestamp, tz::TimeZone};

use super::{Form, Stretch, progress::Progress, target::Target};
use crate::config::Config;

enum Writer<'a> {
    Parquet(Box<RawExport<BufWriter<&'a mut Target>>>),
    Csv(Box<csv::Writer<&'a mut Target>>, TimeZone),
}

#[allow(clippy::too_many_arguments, reason = "each is a part of the errand")]
pub(super) fn export(
    config: &Config,
    asker: &Asker,
    feed: &str,
    stretch: Stretch,
    form: Form,
    pack: &Pack,
    target: &mut Target,
    progress: &mut Progress,
) -> anyhow::Result<u64> {
    if !asker.sees_feed(feed) {
        bail!("there is no feed '{feed}'");
    }
    let zone = TimeZone::get(&pack.timezone)?;
    let folder = config.archive_folder();
    let archive =
        Archive::read(&folder).with_context(|| format!("there is no archive in {}", folder.display()))?;
    let (from, to) = stretch.received();
    let reach = archive.files_of(feed, ReceivedAt(i64::MIN), ReceivedAt(i64::MAX))?;
    if reach.is_empty() {
        known(&archive, feed, pack)?;
    }
    let files = archive.files_of(feed, from, to)?;
    let mut writer = Writer::new(form, &zone, target, feed)?;
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
    match reach.iter().map(|file: &FileRecord| file.last_received).max() {
        Some(last) => {
            tracing::info!(feed, envelopes, files = files.len(), "the archive of the feed reaches to {last}")
        }
        None => tracing::warn!(feed, "nothing of this feed is archived"),
    }
    Ok(envelopes)
}

impl Writer<'_> {
    fn new<'a>(
        form: Form,
        zone: &TimeZone,
        target: &'a mut Target,
        feed: &str,
    ) -> anyhow::Result<Writer<'a>> {
        Ok(match form {
            Form::Parquet => Writer::Parquet(Box::new(RawExport::new(BufWriter::new(target), feed)?)),
            Form::Csv => {
                let mut lines = csv::Writer::from_writer(target);
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
                Writer::Csv(Box::new(lines), zone.clone())
            }
        })
    }

    fn push(&mut self, envelope: &ArchivedEnvelope) -> Result<(), ArchiveError> {
        match self {
            Writer::Parquet(file) => file.push(envelope),
            Writer::Csv(lines, zone) => {
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
                        &local(envelope.received_at, zone),
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
                file.finish()?.flush()?;
            }
            Writer::Csv(mut lines, _) => lines.flush()?,
        }
        Ok(())
    }
}

/// Refuses a feed that neither the archive nor the pack has, with those there are.
fn known(archive: &Archive, feed: &str, pack: &Pack) -> anyhow::Result<()> {
    if pack.feeds.contains_key(feed) {
        return Ok(());
    }
    let mut archived = BTreeSet::new();
    for span in archive.spans() {
        archived.extend(archive.record(span)?.files.into_iter().map(|file| file.feed));
    }
    let archived = archived.into_iter().collect::<Vec<_>>().join(", ");
    let archived = if archived.is_empty() { "none yet".to_owned() } else { archived };
    let feeds = pack.feeds.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    bail!("there is no feed '{feed}': archived are {archived}; the pack has {feeds}")
}

/// By the local clock, with its offset.
fn local(at: ReceivedAt, zone: &TimeZone) -> String {
    let moment = Timestamp::from_millisecond(at.0).ok();
    moment.map_or_else(
        || at.rfc3339(),
        |moment| moment.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S.%3f%:z").to_string(),
    )
}
