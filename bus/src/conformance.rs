//! What any implementation of [`Bus`] must do, as a suite (test infrastructure).
//!
//! An implementation hands in a [`TestBed`] and runs [`all`]; each check opens a log of its own. The checks hold for
//! logs whose offsets have gaps: they go on reading at `next`, and never count.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};

use ioc_model::{
    envelope::Content,
    position::{LogNumber, Offset, Partition},
    time::ReceivedAt,
};

use crate::{
    AppendError, Appended, Bounds, Chunk, ChunkBuilder, Durable, Health, ReadError, SharedBus, has_more_than,
};

/// Where a log under test lives.
pub trait TestBed {
    /// Opens the log; after the bus opened before was dropped, the same log again. At least two partitions, and a
    /// queue of no more than [`QUEUE_BYTES`].
    fn open(&self) -> SharedBus;

    /// From now on nothing becomes durable, as with a full disk or a broker that is away.
    fn stall(&self);

    /// Ends the stall. The bus goes on by itself.
    fn resume(&self);
}

/// The most a queue of a log under test may hold.
pub const QUEUE_BYTES: usize = 1 << 20;

/// A check and its name.
pub type Check = (&'static str, fn(&dyn TestBed));

/// All checks.
pub const ALL: &[Check] = &[
    ("ack: what was appended is read back byte for byte", reads_back),
    ("ack: one sender's chunks become durable in their order", keeps_order),
    ("ack: many senders at once all become durable once", takes_many_senders),
    ("ack: reopening keeps everything acknowledged, and the log's identity", survives_reopening),
    ("once: ranges read again give the same chunks", reads_ranges),
    ("once: an offset inside a chunk starts at that chunk", starts_at_chunk),
    ("once: partitions are independent", separates_partitions),
    ("frontier: arrivals never go back inside a partition", keeps_arrivals),
    ("bound: a read is bounded in bytes but gives at least one chunk", bounds_reads),
    ("bound: senders wait while nothing becomes durable, and nothing is lost", pushes_back),
    ("bound: a chunk larger than the queue passes", passes_large_chunk),
    ("loud: reading behind the end is an error", refuses_unwritten),
    ("once: releasing never removes what was not released", keeps_unreleased),
    ("waiting wakes for what is durable and only for that", waits),
    ("a reader never sleeps over what is durable", never_sleeps_over_what_is_durable),
    ("an empty chunk is answered and leaves nothing to read", answers_empty_chunk),
];

/// Runs all checks, each on a fresh bed.
pub fn all<B: TestBed>(fresh: impl Fn() -> B) {
    for (name, check) in ALL {
        // Shown when the check after it fails.
        println!("{name}");
        check(&fresh());
    }
}

const FIRST: Partition = Partition(0);
const SECOND: Partition = Partition(1);

fn chunk(payloads: &[String], received_at: i64) -> Chunk {
    let mut builder = ChunkBuilder::new();
    for (number, payload) in payloads.iter().enumerate() {
        let feed = if number % 2 == 0 { "even" } else { "odd" };
        builder.push(feed, Content::Raw, "sensors/a", payload.as_bytes());
    }
    builder.finish(ReceivedAt(received_at))
}

/// A chunk of that many envelopes which say whose they are.
fn named(name: &str, number: usize, envelopes: usize) -> Chunk {
    let payloads: Vec<_> = (0..envelopes).map(|envelope| format!("{name}/{number}/{envelope}")).collect();
    chunk(&payloads, 1_000 + number as i64)
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(future)
}

fn append(bus: &SharedBus, partition: Partition, chunk: Chunk) -> Appended {
    block_on(async { bus.append(partition, chunk).await.expect("a place in line").await.expect("durable") })
}

/// All payloads of a partition from an offset on, with their offsets.
fn read_all(bus: &SharedBus, partition: Partition, from: Offset, max_bytes: usize) -> Vec<(u64, String)> {
    let mut read = Vec::new();
    let mut next = from;
    loop {
        let batch = bus.read(partition, next, None, max_bytes).expect("a readable log");
        assert_eq!(batch.partition, partition);
        if batch.chunks.is_empty() {
            assert_eq!(next, bus.bounds(partition).end, "an empty batch before the end");
            return read;
        }
        assert!(batch.next > next, "reading does not go on");
        for (base, chunk) in &batch.chunks {
            let envelopes = chunk.iter(LogNumber(1), partition, *base);
            read.extend(envelopes.map(|envelope| {
                (envelope.position.offset.0, String::from_utf8_lossy(envelope.payload).into_owned())
            }));
        }
        next = batch.next;
    }
}

fn payloads(read: &[(u64, String)]) -> Vec<&str> {
    read.iter().map(|(_, payload)| payload.as_str()).collect()
}

fn reads_back(bed: &dyn TestBed) {
    let bus = bed.open();
    let chunk = named("a", 0, 5);
    let bytes = chunk.bytes().to_vec();
    let appended = append(&bus, FIRST, chunk);
    assert_eq!(bus.bounds(FIRST), Bounds { start: appended.base, end: appended.next });
    let batch = bus.read(FIRST, appended.base, None, usize::MAX).expect("a readable log");
    assert_eq!((batch.from, batch.next), (appended.base, appended.next));
    let [(base, read)] = &batch.chunks[..] else { panic!("{} chunks", batch.chunks.len()) };
    assert_eq!((*base, &read.bytes()[..]), (appended.base, &bytes[..]));
    assert_eq!(bus.health(), Health::Writing);
}

fn keeps_order(bed: &dyn TestBed) {
    let bus = bed.open();
    let appended = block_on(async {
        let mut line: Vec<Durable> = Vec::new();
        for number in 0..200 {
            line.push(bus.append(FIRST, named("a", number, 1 + number % 3)).await.expect("a place in line"));
        }
        let mut appended = Vec::new();
        for durable in line {
            appended.push(durable.await.expect("durable"));
        }
        appended
    });
    assert!(appended.windows(2).all(|pair| pair[0].next <= pair[1].base), "the order was changed");
    let expected: Vec<_> = (0..200)
        .flat_map(|number| (0..1 + number % 3).map(move |envelope| format!("a/{number}/{envelope}")))
        .collect();
    let read = read_all(&bus, FIRST, appended[0].base, 1 << 16);
    assert_eq!(payloads(&read), expected);
}

fn takes_many_senders(bed: &dyn TestBed) {
    let bus = bed.open();
    let start = bus.bounds(FIRST).start;
    std::thread::scope(|scope| {
        for sender in 0..8 {
            let bus = &bus;
            scope.spawn(move || {
                for number in 0..25 {
                    append(bus, FIRST, named(&format!("s{sender}"), number, 2));
                }
            });
        }
    });
    let mut by_sender: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, payload) in read_all(&bus, FIRST, start, 4096) {
        let sender = payload.split('/').next().unwrap_or_default().to_owned();
        by_sender.entry(sender).or_default().push(payload);
    }
    assert_eq!(by_sender.len(), 8);
    for (sender, payloads) in by_sender {
        let expected: Vec<_> =
            (0..25).flat_map(|number| (0..2).map(move |envelope| (number, envelope))).collect();
        let expected: Vec<_> =
            expected.iter().map(|(number, envelope)| format!("{sender}/{number}/{envelope}")).collect();
        assert_eq!(payloads, expected);
    }
}

fn survives_reopening(bed: &dyn TestBed) {
    let bus = bed.open();
    let id = bus.log_id();
    let first = append(&bus, FIRST, named("a", 0, 3));
    append(&bus, FIRST, named("a", 1, 3));
    let before = read_all(&bus, FIRST, first.base, usize::MAX);
    let bounds = bus.bounds(FIRST);
    drop(bus);
    let bus = bed.open();
    assert_eq!(bus.log_id(), id, "another log");
    assert_eq!(bus.bounds(FIRST), bounds);
    let third = append(&bus, FIRST, named("a", 2, 1));
    assert!(third.base >= bounds.end, "an offset was given twice");
    let after = read_all(&bus, FIRST, first.base, usize::MAX);
    assert_eq!(after[..before.len()], before[..]);
    assert_eq!(after.last().map(|(_, payload)| payload.as_str()), Some("a/2/0"));
}

fn reads_ranges(bed: &dyn TestBed) {
    let bus = bed.open();
    let appended: Vec<_> = (0..30).map(|number| append(&bus, FIRST, named("a", number, 2))).collect();
    for (from, to) in [(0, 30), (3, 4), (7, 7), (10, 25), (29, 30)] {
        let start = appended[from].base;
        let end = appended.get(to).map_or(appended[29].next, |appended| appended.base);
        let mut read = Vec::new();
        let mut next = start;
        while next < end {
            let batch = bus.read(FIRST, next, Some(end), 100).expect("a readable log");
            if batch.chunks.is_empty() {
                break;
            }
            read.extend(batch.chunks.iter().map(|(base, _)| *base));
            next = batch.next;
        }
        let expected: Vec<_> = appended[from..to].iter().map(|appended| appended.base).collect();
        assert_eq!(read, expected, "from {from} to {to}");
    }
}

fn starts_at_chunk(bed: &dyn TestBed) {
    let bus = bed.open();
    append(&bus, FIRST, named("a", 0, 4));
    let second = append(&bus, FIRST, named("a", 1, 4));
    let batch = bus.read(FIRST, Offset(second.base.0 + 2), None, 1).expect("a readable log");
    assert_eq!((batch.from, batch.next), (second.base, second.next));
    assert_eq!(batch.chunks.len(), 1);
}

fn separates_partitions(bed: &dyn TestBed) {
    let bus = bed.open();
    assert!(bus.partitions() >= 2, "a test bed has two partitions");
    append(&bus, FIRST, named("first", 0, 1));
    append(&bus, SECOND, named("second", 0, 2));
    append(&bus, FIRST, named("first", 1, 1));
    let first = read_all(&bus, FIRST, bus.bounds(FIRST).start, usize::MAX);
    assert_eq!(payloads(&first), ["first/0/0", "first/1/0"]);
    let second = read_all(&bus, SECOND, bus.bounds(SECOND).start, usize::MAX);
    assert_eq!(payloads(&second), ["second/0/0", "second/0/1"]);
}

fn keeps_arrivals(bed: &dyn TestBed) {
    let bus = bed.open();
    let at = |received_at| append(&bus, FIRST, chunk(&["x".into()], received_at)).received_at;
    assert_eq!((at(5_000), at(4_000), at(6_000)), (ReceivedAt(5_000), ReceivedAt(5_000), ReceivedAt(6_000)));
    let batch = bus.read(FIRST, bus.bounds(FIRST).start, None, usize::MAX).expect("a readable log");
    let stored: Vec<_> = batch.chunks.iter().map(|(_, chunk)| chunk.received_at().0).collect();
    assert_eq!(stored, [5_000, 5_000, 6_000]);
    drop(bus);
    let bus = bed.open();
    let appended = append(&bus, FIRST, chunk(&["x".into()], 1));
    assert_eq!(appended.received_at, ReceivedAt(6_000), "a restart let arrivals go back");
}

fn bounds_reads(bed: &dyn TestBed) {
    let bus = bed.open();
    let large = chunk(&["x".repeat(5_000)], 0);
    let size = large.bytes().len();
    for _ in 0..6 {
        append(&bus, FIRST, large.clone());
    }
    let start = bus.bounds(FIRST).start;
    let chunks = |max_bytes| bus.read(FIRST, start, None, max_bytes).expect("a readable log").chunks.len();
    assert_eq!((chunks(0), chunks(1), chunks(2 * size), chunks(3 * size - 1)), (1, 1, 2, 2));
    assert_eq!(read_all(&bus, FIRST, start, 1).len(), 6);
}

/// Polls once.
fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn pushes_back(bed: &dyn TestBed) {
    let bus = bed.open();
    let start = append(&bus, FIRST, named("a", 0, 1)).next;
    bed.stall();
    let body = "x".repeat(QUEUE_BYTES / 16);
    let payload = |number: usize| format!("{number} {body}");
    let mut line: Vec<Durable> = Vec::new();
    // What lies in the queue, in a commit and in an implementation's own buffers is bounded, so it ends.
    let waits = (0..64).find(|number| {
        let mut waiting = bus.append(FIRST, chunk(&[payload(*number)], 0));
        match poll(waiting.as_mut()) {
            Poll::Ready(durable) => line.push(durable.expect("a place in line")),
            Poll::Pending => return true,
        }
        false
    });
    let Some(waits) = waits else { panic!("took {} bytes without having to wait", 64 * QUEUE_BYTES / 16) };
    for durable in &mut line {
        assert!(poll(durable.as_mut()).is_pending(), "acknowledged during a stall");
    }
    // A sender that waits and goes away leaves nothing; one that waits on gets its place.
    let mut waiting = pin!(bus.append(FIRST, chunk(&[payload(waits)], 0)));
    assert!(poll(waiting.as_mut()).is_pending());
    bed.resume();
    block_on(async {
        for durable in line {
            durable.await.expect("durable after the stall");
        }
        waiting.await.expect("a place in line").await.expect("durable");
    });
    let read = read_all(&bus, FIRST, start, usize::MAX);
    let numbers: Vec<_> =
        read.iter().map(|(_, payload)| payload.split(' ').next().unwrap_or_default().to_owned()).collect();
    let expected: Vec<_> = (0..=waits).map(|number| number.to_string()).collect();
    assert_eq!(numbers, expected);
    assert_eq!(bus.health(), Health::Writing);
}

fn passes_large_chunk(bed: &dyn TestBed) {
    let bus = bed.open();
    let appended = append(&bus, FIRST, chunk(&["x".repeat(2 * QUEUE_BYTES)], 0));
    let after = append(&bus, FIRST, named("a", 0, 1));
    let read = read_all(&bus, FIRST, appended.base, 1);
    assert_eq!((read.len(), read[0].1.len()), (2, 2 * QUEUE_BYTES));
    assert_eq!(read[1], (after.base.0, "a/0/0".to_owned()));
}

fn refuses_unwritten(bed: &dyn TestBed) {
    let bus = bed.open();
    let end = append(&bus, FIRST, named("a", 0, 1)).next;
    assert!(bus.read(FIRST, end, None, 1).expect("nothing yet").chunks.is_empty());
    let error = bus.read(FIRST, Offset(end.0 + 1), None, 1).expect_err("behind the end");
    assert!(matches!(error, ReadError::Ahead { .. }), "{error}");
}

fn keeps_unreleased(bed: &dyn TestBed) {
    let bus = bed.open();
    let appended: Vec<_> = (0..60)
        .map(|number| append(&bus, FIRST, chunk(&[format!("{number} {}", "x".repeat(1_000))], 0)))
        .collect();
    for kept in [0, 1, 17, 40, 59] {
        bus.release(FIRST, appended[kept].base);
        assert!(bus.bounds(FIRST).start <= appended[kept].base, "removed what was not released");
        assert_eq!(read_all(&bus, FIRST, appended[kept].base, usize::MAX).len(), 60 - kept);
    }
    bus.release(FIRST, appended[3].base);
    assert_eq!(read_all(&bus, FIRST, appended[59].base, usize::MAX).len(), 1);
    let start = bus.bounds(FIRST).start;
    if start > appended[0].base {
        let error = bus.read(FIRST, appended[0].base, None, 1).expect_err("it is gone");
        assert!(matches!(error, ReadError::Released { .. }), "{error}");
    }
    let next = append(&bus, FIRST, named("a", 0, 1));
    assert!(next.base >= appended[59].next, "an offset was given twice");
}

fn waits(bed: &dyn TestBed) {
    let bus = bed.open();
    let ends =
        || -> Vec<_> { (0..bus.partitions()).map(|number| bus.bounds(Partition(number)).end).collect() };
    let seen = ends();
    let wait = |timeout| bus.bell().wait_until(timeout, || has_more_than(&*bus, &seen));
    assert!(!wait(Duration::from_millis(1)), "there is nothing");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| wait(Duration::from_secs(60)));
        append(&bus, SECOND, named("a", 0, 1));
        assert!(waiting.join().expect("no panic"), "slept through what became durable");
    });
    assert!(wait(Duration::ZERO));
    assert!(!has_more_than(&*bus, &ends()));
}

/// However appending and waiting fall together: a reader that takes one chunk at a time never sleeps while one is there.
fn never_sleeps_over_what_is_durable(bed: &dyn TestBed) {
    const CHUNKS: usize = 300;
    let bus = bed.open();
    let mut seen = vec![bus.bounds(FIRST).end, bus.bounds(SECOND).end];
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            for number in 0..CHUNKS {
                let there = bus.bell().wait_until(Duration::from_secs(60), || has_more_than(&*bus, &seen));
                assert!(there, "slept through chunk {number}");
                for (partition, seen) in [FIRST, SECOND].into_iter().zip(&mut seen) {
                    *seen = bus.read(partition, *seen, None, 1).expect("it is durable").next;
                }
                if seen[0].0 + seen[1].0 == CHUNKS as u64 {
                    return;
                }
            }
        });
        for number in 0..CHUNKS {
            append(&bus, if number % 2 == 0 { FIRST } else { SECOND }, named("a", number, 1));
        }
        reading.join().expect("no panic");
    });
}

fn answers_empty_chunk(bed: &dyn TestBed) {
    let bus = bed.open();
    let end = append(&bus, FIRST, named("a", 0, 1)).next;
    let appended = append(&bus, FIRST, ChunkBuilder::new().finish(ReceivedAt(0)));
    assert_eq!(appended.base, appended.next);
    let read = read_all(&bus, FIRST, bus.bounds(FIRST).start, usize::MAX);
    assert_eq!((read.len(), bus.bounds(FIRST).end), (1, end));
}

/// For implementations' own tests: what an append answers once the log takes no more.
///
/// # Panics
/// If it is taken.
pub fn assert_refused(bus: &SharedBus, partition: Partition) {
    let refused = block_on(async { bus.append(partition, named("late", 0, 1)).await?.await });
    assert!(matches!(refused, Err(AppendError::Poisoned { .. } | AppendError::Closed)), "{refused:?}");
}
