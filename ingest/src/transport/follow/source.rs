//! Where the bytes of a followed file are read: the file itself, or a compressed copy of it.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    os::unix::fs::FileExt,
};

use flate2::read::MultiGzDecoder;

use super::mark::{Fingerprint, KNOWN_BY, Mark};

const BUFFER: usize = 64 << 10;

/// Something to read on in.
#[derive(Debug)]
pub(super) enum Source {
    /// A file, which may grow.
    Plain(File),
    /// A copy, from its place on.
    Compressed(Box<MultiGzDecoder<BufReader<File>>>),
}

impl Source {
    /// A compressed copy behind a place, if it is one of that file.
    pub(super) fn compressed(file: File, known: &Fingerprint) -> io::Result<Option<(Source, Mark)>> {
        let mut reader = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file));
        let mut mark = Mark::default();
        let mut buffer = vec![0; BUFFER];
        while mark.at < known.at {
            let missing = usize::try_from(known.at - mark.at).unwrap_or(BUFFER).min(BUFFER);
            match reader.read(&mut buffer[..missing])? {
                0 => return Ok(None),
                read => mark.pass(&buffer[..read]),
            }
        }
        Ok(known.is_of(&mark).then(|| (Source::Compressed(Box::new(reader)), mark)))
    }

    /// The first bytes of a file, or of what it is the compressed copy of.
    pub(super) fn beginning(file: File, is_compressed: bool) -> io::Result<Vec<u8>> {
        let mut source = match is_compressed {
            true => Source::Compressed(Box::new(MultiGzDecoder::new(BufReader::new(file)))),
            false => Source::Plain(file),
        };
        let mut first = vec![0; KNOWN_BY];
        let read = source.read(0, &mut first)?;
        first.truncate(read);
        Ok(first)
    }

    /// Reads at a place: as much as there is, and as the buffer takes.
    pub(super) fn read(&mut self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut read = 0;
        while read < buffer.len() {
            let rest = &mut buffer[read..];
            let more = match self {
                Source::Plain(file) => file.read_at(rest, at + read as u64),
                Source::Compressed(reader) => reader.read(rest),
            };
            match more {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    /// The file, if it may grow.
    pub(super) fn plain(&self) -> Option<&File> {
        match self {
            Source::Plain(file) => Some(file),
            Source::Compressed(_) => None,
        }
    }
}
