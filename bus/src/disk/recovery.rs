//! Opening a partition's segments: what is kept, what is cut, what halts.
//!
//! Sealed segments must end where the next one starts; their frames are checked when they are read. The last one is
//! read whole:
//!
//! | found | judged |
//! |---|---|
//! | an invalid frame below the durability mark | corrupt: it was acknowledged |
//! | an invalid frame, and the head of a later frame behind it | corrupt: a frame is written only after the one before it was synced |
//! | an invalid frame, only noise behind it | a write that never finished: cut, and logged |
//! | valid frames behind the mark | kept: whole and in order, acknowledged or not |
//! | zeros to the end | room reserved |
//!
//! What is kept behind the mark is written again and synced before anything else: after a failed fsync the page
//! cache may show bytes that no disk holds, and reading them proves nothing.

use std::{collections::VecDeque, io::IoSlice, sync::Arc};

use super::{
    chain::{Chain, ChainSettings},
    file_system::{SegmentFile, UNFINISHED, write_all},
    frame::{ALIGNMENT, FRAME_HEAD, find_head},
    index::SparseIndex,
    mark::Mark,
    open_error::OpenError,
    segment::{FIRST_FRAME, Frames, Segment, SegmentHeader, base_of_name},
    writer::ChainWriter,
};

const BLOCK: usize = 1 << 20;

/// Makes the folder and first, empty segment of a partition.
pub(crate) fn create_chain(settings: &ChainSettings) -> Result<(), OpenError> {
    let files = &*settings.files;
    let folder = &settings.folder;
    files.create_folder(folder).map_err(OpenError::io("creating", folder))?;
    let header = SegmentHeader {
        log: settings.log,
        partition: settings.partition,
        base: 0,
        lowest_received_at: i64::MIN,
    };
    Segment::create(files, folder, header, settings.segment_bytes)
        .and_then(|_| files.sync_folder(folder))
        .map_err(OpenError::io("creating the first segment in", folder))
}

/// Opens the segments of a partition.
pub(crate) fn open_chain(settings: ChainSettings) -> Result<(Arc<Chain>, ChainWriter), OpenError> {
    let bases = segment_bases(&settings)?;
    // A name may be seen that a crash of the process left unsynced: nothing may be built on it before it is durable.
    let folder = &settings.folder;
    settings.files.sync_folder(folder).map_err(OpenError::io("syncing the names in", folder))?;
    let mut opened = Vec::with_capacity(bases.len());
    for base in bases {
        let (segment, mark) =
            Segment::open(&*settings.files, &settings.folder, base, settings.log, settings.partition)?;
        settings.budget.count(segment.length());
        opened.push((segment, mark));
        if let [.., (before, mark), (after, _)] = &mut opened[..] {
            seal_finished(&settings, before, mark, after.header.base)?;
        }
    }
    let Some((last, mark)) = opened.pop() else {
        let file = settings.folder.display().to_string();
        return Err(OpenError::Corrupt { file, at: 0, what: "it holds no segment".into() });
    };
    if mark.sealed {
        let file = settings.folder.display().to_string();
        let what = format!("the segment of offset {} is missing, the one before it is sealed", mark.next);
        return Err(OpenError::Corrupt { file, at: 0, what });
    }
    let (end, mark) = recover(&settings, &last, mark)?;
    let last = Arc::new(last);
    let mut segments: VecDeque<Arc<Segment>> =
        opened.into_iter().map(|(segment, _)| Arc::new(segment)).collect();
    segments.push_back(last.clone());
    let chain = Arc::new(Chain::new(settings, segments));
    chain.publish(mark.next, mark.received_at);
    let writer = ChainWriter::new(chain.clone(), last, end, mark)
        .map_err(OpenError::io("opening the last segment in", &chain.settings.folder))?;
    Ok((chain, writer))
}

fn segment_bases(settings: &ChainSettings) -> Result<Vec<u64>, OpenError> {
    let (files, folder) = (&*settings.files, &settings.folder);
    let mut bases = Vec::new();
    for name in files.names(folder).map_err(OpenError::io("listing", folder))? {
        if let Some(base) = base_of_name(&name) {
            bases.push(base);
        } else if name.ends_with(UNFINISHED) {
            let path = folder.join(&name);
            files.remove(&path).map_err(OpenError::io("removing the unfinished", &path))?;
        }
    }
    bases.sort_unstable();
    Ok(bases)
}

/// Settles a segment that has one behind it: it is durable up to there.
fn seal_finished(
    settings: &ChainSettings,
    segment: &Segment,
    mark: &mut Mark,
    next_base: u64,
) -> Result<(), OpenError> {
    if !mark.sealed {
        // The process ended between making the next segment and sealing this one.
        let file = segment.file(&*settings.files).map_err(OpenError::io("opening", &segment.path))?;
        let mut frames = Frames::new(segment, file.clone(), segment.length(), BLOCK);
        let (mut position, mut next, mut received_at) = (FIRST_FRAME, segment.header.base, mark.received_at);
        while next < next_base {
            let checked = frames.head_of(position, next).and_then(|head| {
                frames.durable_entries(position, &head)?;
                Ok(head)
            });
            let head = checked.map_err(OpenError::reading(&segment.path))?;
            position += head.size();
            next = head.next();
            received_at = head.last_received_at;
        }
        *mark = Mark { sequence: mark.sequence + 1, position, next, received_at, sealed: true };
        // A mark must be durable before the next one is written into the other slot.
        let sealed = file
            .sync()
            .and_then(|()| mark.write(segment.seed, &*file))
            .and_then(|()| file.set_length(position))
            .and_then(|()| file.sync());
        sealed.map_err(OpenError::io("sealing", &segment.path))?;
        settings.budget.free(segment.length().saturating_sub(position));
        segment.set_length(position);
    }
    if mark.next != next_base {
        let what = format!("it ends before offset {}, but the next segment starts at {next_base}", mark.next);
        return Err(OpenError::Corrupt { file: segment.path.display().to_string(), at: mark.position, what });
    }
    segment.set_durable(mark.position);
    segment.let_go();
    Ok(())
}

/// Where the frames of the last segment end, and a mark that says so.
fn recover(settings: &ChainSettings, segment: &Segment, mark: Mark) -> Result<(u64, Mark), OpenError> {
    let file = segment.file(&*settings.files).map_err(OpenError::io("opening", &segment.path))?;
    let corrupt =
        |at: u64, what: String| OpenError::Corrupt { file: segment.path.display().to_string(), at, what };
    let mut frames = Frames::new(segment, file.clone(), segment.length(), BLOCK);
    let mut index = SparseIndex::default();
    let (mut position, mut next) = (FIRST_FRAME, segment.header.base);
    let mut received_at = segment.header.lowest_received_at;
    let damage = loop {
        if position == mark.position && next != mark.next {
            return Err(corrupt(
                position,
                format!("offset {next} is where offset {} was acknowledged", mark.next),
            ));
        }
        if position >= frames.limit {
            break "the file ends";
        }
        let head = match frames.head(position).map_err(OpenError::io("reading", &segment.path))? {
            Ok(head) if head.base == next => head,
            Ok(_) => break "there is a frame of another offset",
            Err(damage) => break damage,
        };
        match frames.entries(position, &head).map_err(OpenError::io("reading", &segment.path))? {
            Ok(_) => {}
            Err(damage) => break damage,
        }
        index.add(position, &head, settings.index_bytes);
        position += head.size();
        next = head.next();
        received_at = head.last_received_at;
    };
    if position < mark.position {
        return Err(corrupt(position, damage.into()));
    }
    let tail = judge_tail(segment, &mut frames, position).map_err(OpenError::io("reading", &segment.path))?;
    if let Tail::Followed { place, base } = tail {
        let what =
            format!("{damage}, and the frame of offset {base}, written later, follows at byte {place}");
        return Err(corrupt(position, what));
    }
    let kept = Mark { position, next, received_at, ..mark };
    let settled =
        settle(segment, &*file, mark, kept, &tail).map_err(OpenError::io("recovering", &segment.path))?;
    if let Tail::Noise { bytes } = tail {
        tracing::warn!(
            file = %segment.path.display(), at = position, bytes, damage,
            "cut a write that never finished and was never acknowledged"
        );
        // What was cut is not reserved any more; the writer reserves it again.
        settings.budget.free(segment.length().saturating_sub(position));
        segment.set_length(position);
    }
    segment.set_index(index);
    segment.set_durable(position);
    Ok((position, settled))
}

enum Tail {
    Zeros,
    Noise { bytes: u64 },
    Followed { place: u64, base: u64 },
}

fn judge_tail(segment: &Segment, frames: &mut Frames<'_>, end: u64) -> std::io::Result<Tail> {
    const ZEROS: &[u8] = &[0; 4096];
    let mut last_noise = None;
    let mut place = end;
    while place < frames.limit {
        // A head may lie across two blocks.
        let block = frames.bytes(place, BLOCK + FRAME_HEAD)?;
        if block.is_empty() {
            break;
        }
        for (number, piece) in block.chunks(ZEROS.len()).enumerate() {
            if *piece == ZEROS[..piece.len()] {
                continue;
            }
            let at = number * ZEROS.len();
            last_noise = Some(place + (at + piece.len()) as u64);
            // The head at `end` itself may be whole; what counts is one behind it.
            let behind = (end + ALIGNMENT).saturating_sub(place) as usize;
            let reach = at.max(behind)..(at + ZEROS.len() + FRAME_HEAD).min(block.len());
            if let Some(bytes) = block.get(reach.clone())
                && let Some((place, head)) = find_head(segment.seed, place + reach.start as u64, bytes)
            {
                return Ok(Tail::Followed { place, base: head.base });
            }
        }
        place += block.len().min(BLOCK) as u64;
    }
    Ok(last_noise.map_or(Tail::Zeros, |behind| Tail::Noise { bytes: behind - end }))
}

/// Cuts the noise, makes what is kept durable for certain, and marks it so.
fn settle(
    segment: &Segment,
    file: &dyn SegmentFile,
    mark: Mark,
    kept: Mark,
    tail: &Tail,
) -> std::io::Result<Mark> {
    let cut = matches!(tail, Tail::Noise { .. });
    if kept.position == mark.position && !cut {
        return Ok(mark);
    }
    if cut {
        file.set_length(kept.position)?;
    }
    let mut place = mark.position;
    let mut again = vec![0; BLOCK];
    while place < kept.position {
        let length = BLOCK.min((kept.position - place) as usize);
        let read = super::file_system::read_full(file, &mut again[..length], place)?;
        write_all(file, &mut [IoSlice::new(&again[..read])], place)?;
        place += read.max(1) as u64;
    }
    file.sync()?;
    let settled = Mark { sequence: mark.sequence + 1, ..kept };
    settled.write(segment.seed, file)?;
    file.sync()?;
    Ok(settled)
}
