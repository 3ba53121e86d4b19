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
        // A copy of another file is not unpacked up to the place.
        let first = usize::try_from(known.at).unwrap_or(KNOWN_BY).min(KNOWN_BY);
        let read = fill(&mut reader, &mut buffer[..first])?;
        mark.pass(&buffer[..read]);
        if !known.begins(&buffer[..read]) {
            return Ok(None);
        }
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
        match self {
            Source::Plain(file) => fill(&mut At { file, at }, buffer),
            Source::Compressed(reader) => fill(reader, buffer),
        }
    }

    /// The file, if it may grow.
    pub(super) fn plain(&self) -> Option<&File> {
        match self {
            Source::Plain(file) => Some(file),
            Source::Compressed(_) => None,
        }
    }
}

/// A file from a place on.
struct At<'a> {
    file: &'a File,
    at: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// As much as there is, and as the buffer takes.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match reader.read(&mut buffer[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom, Write};

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[test]
    fn a_copy_of_another_file_is_told_by_its_beginning_and_one_of_the_file_is_read_on_behind_the_place() {
        // Random enough not to be packed into nothing.
        let content: Vec<u8> =
            (0..300_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let mut known = Mark::default();
        known.pass(&content[..200_000]);
        // Both end in the middle, as while they are written.
        let copy_of = |content: &[u8]| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(content).unwrap();
            let mut packed = encoder.finish().unwrap();
            packed.truncate(packed.len() / 3);
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&packed).unwrap();
            let _start = file.seek(SeekFrom::Start(0)).unwrap();
            file
        };
        let mut other = content.clone();
        other[1_000] ^= 1;
        assert!(Source::compressed(copy_of(&other), &known.fingerprint()).unwrap().is_none());
        assert!(Source::compressed(copy_of(&content), &known.fingerprint()).is_err());

        let mut known = Mark::default();
        known.pass(&content[..2_000]);
        let (mut source, mark) =
            Source::compressed(copy_of(&content), &known.fingerprint()).unwrap().unwrap();
        let mut behind = [0; 100];
        assert_eq!((source.read(mark.at, &mut behind).unwrap(), mark.at), (100, 2_000));
        assert_eq!(behind, content[2_000..2_100]);
    }
}
