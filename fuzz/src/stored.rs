//! What lies on disk: chunks, frames and marks of the log, manifests, checkpoints, records of the archive.
//!
//! Checksums are made right, so that what they cover is looked at and not only they.

use std::{fs, path::Path};

use bytes::Bytes;
use ioc_bus::{
    Chunk, ChunkBuilder, ChunkView, Origin,
    disk::fuzzing::{BLOCK, Frame, newest_mark, put_mark, read_frame, seal_frame, write_frame},
};
use ioc_model::{
    attribute::Attribute,
    calendar::{Calendar, DayNumber},
    envelope::Content,
    epoch::{Epoch, Generation},
    observation::Quality,
    pack::PackVersion,
    position::{Arrival, LogNumber, Offset, OffsetRange, Partition},
    question::{About, Answer, Found, Question, RecalledRow},
    time::{EventTime, Millis, Now, ReceivedAt},
};
use ioc_stream::{
    checkpoint::{self, Checkpoints},
    manifest::{Manifest, Recorded},
};

use crate::{allocation::within, repository};

/// What a parser may hold beside its input, and for each byte of it.
pub(crate) fn limit(input: &[u8]) -> usize {
    16_384 + 64 * input.len()
}

pub(crate) fn chunk(input: &[u8]) {
    let bytes = Bytes::copy_from_slice(input);
    let Ok(chunk) = within(limit(input), || ChunkView::parse(bytes)) else { return };
    let envelopes: Vec<_> = chunk.iter(LogNumber(1), Partition(2), Offset(40)).collect();
    assert_eq!(envelopes.len(), chunk.envelopes() as usize);
    let counted: u64 = chunk.counts().map(|(_, count)| u64::from(count)).sum();
    assert_eq!(counted, envelopes.len() as u64, "counted by feed");
    let mut builder = ChunkBuilder::new();
    for (at, envelope) in envelopes.iter().enumerate() {
        assert_eq!(envelope.position.offset, Offset(40 + at as u64));
        assert_eq!(envelope.received_at, chunk.received_at());
        assert_eq!(
            envelope.attributes.sender(),
            envelope.attributes.get(Attribute::Sender).unwrap_or_default()
        );
        if envelope.feed.len() > ioc_bus::chunk::MAX_FEED_NAME {
            return; // no pack has one
        }
        builder.push(envelope.feed, envelope.content, envelope.address, envelope.payload);
    }
    let again = builder.finish(chunk.received_at());
    let again = ChunkView::parse(Bytes::copy_from_slice(again.bytes())).expect("what is written is a chunk");
    let whole = |chunk: &ChunkView| -> Vec<(String, Content, String, Vec<u8>)> {
        let envelopes = chunk.iter(LogNumber(1), Partition(2), Offset(40));
        envelopes
            .map(|e| (e.feed.to_owned(), e.content, e.address.to_owned(), e.payload.to_owned()))
            .collect()
    };
    assert_eq!(whole(&again), whole(&chunk));
}

fn sample() -> Chunk {
    let mut builder = ChunkBuilder::new();
    builder.push("air", Content::Raw, "ioc/air/TN-0412/observation", b"{}");
    builder.push_with("water", Content::Withheld, "s/b", &[(Attribute::Retained, "1")], b"");
    builder.push("air", Content::Raw, "trạm", b"xyz");
    builder.finish_from(&Origin::sender("gateway-1"), ReceivedAt(7))
}

pub(crate) fn chunks() -> Vec<Vec<u8>> {
    vec![sample().bytes().to_vec(), ChunkBuilder::new().finish(ReceivedAt(-1)).bytes().to_vec()]
}

/// A frame as it is, and once more with its checksums made right.
pub(crate) fn frame(input: &[u8]) {
    const PLACE: u64 = 4_096;
    let mut sealed = input.to_vec();
    seal_frame(PLACE, &mut sealed);
    for bytes in [input, &sealed] {
        let bytes = Bytes::copy_from_slice(bytes);
        let Ok(frame) = within(limit(input), || read_frame(PLACE, &bytes)) else { continue };
        assert!(frame.size >= bytes.len().min(56) as u64);
        let offsets =
            frame.entries.iter().try_fold(frame.base, |at, (count, ..)| at.checked_add(u64::from(*count)));
        assert!(offsets.is_some(), "offsets beyond all numbers");
        let again = write_frame(PLACE, &frame);
        assert_eq!(again.len() as u64, frame.size);
        assert_eq!(read_frame(PLACE, &Bytes::from(again)).as_ref(), Ok(&frame));
    }
}

pub(crate) fn frames() -> Vec<Vec<u8>> {
    let entry = |count, received_at, bytes: &'static [u8]| (count, received_at, Bytes::from_static(bytes));
    [
        vec![entry(2, 5, b"one"), entry(1, 9, b"second")],
        vec![(3, 7, Bytes::copy_from_slice(sample().bytes()))],
        vec![],
    ]
    .into_iter()
    .map(|entries| write_frame(4_096, &Frame { base: 40, entries, size: 0 }))
    .collect()
}

/// Two marks, their sequences and what is done to the block that holds them.
pub(crate) fn segment_mark(input: &[u8]) {
    let Some((numbers, damage)) = input.split_at_checked(25) else { return };
    let number = |at: usize| u64::from_le_bytes(numbers[at..at + 8].try_into().unwrap_or_default());
    let mark = |sequence| (sequence, number(0), number(8), number(16) as i64, numbers[24] & 1 == 1);
    let mut block = [0; BLOCK];
    assert_eq!(newest_mark(&block), None);
    put_mark(mark(6), &mut block);
    put_mark(mark(7), &mut block);
    assert_eq!(newest_mark(&block).map(|(mark, _)| mark), Some(mark(7)));
    for change in damage.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % BLOCK;
        block[at] ^= change[2];
    }
    if let Some((found, again)) = newest_mark(&block) {
        assert!(found == mark(6) || found == mark(7), "a mark that nobody wrote: {found:?}");
        let again = again.try_into().unwrap_or([0; BLOCK]);
        assert_eq!(newest_mark(&again).map(|(mark, _)| mark), Some(found));
    }
}

pub(crate) fn segment_heads() -> Vec<Vec<u8>> {
    let numbers = [&8_192u64.to_le_bytes()[..], &40u64.to_le_bytes(), &(-5i64).to_le_bytes(), &[1]].concat();
    vec![numbers.clone(), [&numbers[..], &[0, 4, 1, 17, 8, 255]].concat()]
}

pub(crate) fn manifest(input: &[u8]) {
    // Serde makes room for a mebibyte of a list whose length is only claimed, and lists lie three deep.
    let Ok(manifest) = within(limit(input) + (3 << 20), || Manifest::decode(input)) else { return };
    let written = manifest.encode().expect("it fits into memory");
    let again = Manifest::decode(&written).expect("what is written is a manifest");
    assert_eq!(again.encode().ok().as_ref(), Some(&written));
    assert_eq!(format!("{again:?}"), format!("{manifest:?}"));
}

pub(crate) fn manifests() -> Vec<Vec<u8>> {
    let about = About::Day { indicator: "pm25".into(), day: DayNumber(20_000) };
    let (from, to) = (EventTime(1_728_000_000_000), EventTime(1_728_086_400_000));
    let row = RecalledRow {
        event_time: EventTime(1_728_000_060_000),
        value: 12.5,
        quality: Quality::Good,
        arrival: Arrival::default(),
        feed: "air".into(),
        sender: "gateway".into(),
    };
    let question = Question { subject: "S0".into(), about, from, to, asked: Epoch(3) };
    let answer = |found| Recorded::Answer(Answer { question: question.clone(), found });
    let manifest = Manifest {
        logic: ioc_stream::manifest::LOGIC,
        epoch: Epoch(7),
        generation: Generation(0),
        now: Now(1_728_100_000_000),
        pack: PackVersion("one".to_owned()),
        horizon: Millis::hours(36),
        ranges: vec![OffsetRange { partition: Partition(1), from: Offset(10), to: Offset(300) }],
        recorded: vec![answer(Found::Rows(vec![row])), answer(Found::Windows(Vec::new()))],
    };
    vec![manifest.encode().expect("it fits into memory")]
}

const CHECKPOINT_HEAD: usize = 20;

/// The version and the body of a checkpoint, whose head is made right.
pub(crate) fn checkpoint(input: &[u8]) {
    let Some((&version, body)) = input.split_first() else { return };
    let version_checksum = if version == 4 { 0 } else { crc32c::crc32c(&[version]) };
    let mut file = b"IOCCKPT".to_vec();
    file.push(version);
    file.extend_from_slice(&(body.len() as u64).to_le_bytes());
    file.extend_from_slice(&crc32c::crc32c_append(version_checksum, body).to_le_bytes());
    assert_eq!(file.len(), CHECKPOINT_HEAD);
    file.extend_from_slice(body);
    with_folder(|folder| {
        let checkpoints = Checkpoints::open(folder).expect("a folder");
        let path = folder.join("00000000000000000033.checkpoint");
        fs::write(&path, &file).expect("a file");
        let held = 2 * file.len() + limit(input) + (1 << 20);
        let Some(read) = within(held, || checkpoints.newest(Epoch(33))).expect("a folder") else { return };
        let Ok(subjects) = read.subjects() else { return };
        for subject in &subjects {
            let bytes = postcard::to_stdvec(subject).expect("it fits into memory");
            let again = ioc_stream::shard::SubjectRecord::decode(checkpoint::VERSION, &bytes);
            let again = again.expect("what is written is a subject");
            assert_eq!(postcard::to_stdvec(&again).ok().as_ref(), Some(&bytes));
            let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").expect("a zone");
            let _waiting = subject.awaited(&calendar).take(1_000).count();
        }
        fs::remove_file(&path).expect("the file");
    });
}

pub(crate) fn checkpoints() -> Vec<Vec<u8>> {
    let file = fs::read(repository("stream/tests/fixtures/checkpoint-4")).expect("the fixture");
    vec![[&file[7..8], &file[CHECKPOINT_HEAD..]].concat()]
}

/// A folder of this thread, in memory where there is such a place.
pub(crate) fn with_folder(call: impl FnOnce(&Path)) {
    thread_local! {
        static FOLDER: tempfile::TempDir = {
            let memory = Path::new("/dev/shm");
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
        };
    }
    FOLDER.with(|folder| call(folder.path()));
}
