//! The whole log, committers and all, against a model: whatever happens in whatever order, what was acknowledged is
//! there, once, in order, byte for byte, and what was not may be there only as whole chunks in order.

use std::collections::BTreeMap;

use ioc_model::position::{LogNumber, Offset, Partition};
use proptest::prelude::*;

use super::{
    behaviour::block_on,
    chunk,
    fake::{End, FakeFileSystem, Fault},
    small_log,
};
use crate::{Appended, Bus, DiskLog, DiskLogConfig, OpenError};

#[derive(Clone, Debug)]
enum Step {
    /// Chunks handed over at once, by their payloads' lengths.
    Append {
        partition: u16,
        lengths: Vec<usize>,
    },
    /// The so-manieth call from now fails.
    Fail {
        calls: u64,
        fault: Fault,
    },
    /// No room for a while: the next chunk has to wait.
    FillUp,
    /// Hundredths of what is there.
    Release {
        partition: u16,
        share: u64,
    },
    Reopen,
    Kill,
    PowerCut {
        seed: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let lengths = prop::collection::vec(0usize..2500, 1..6);
    prop_oneof![
        8 => (0u16..2, lengths).prop_map(|(partition, lengths)| Step::Append { partition, lengths }),
        1 => (1u64..12, prop_oneof![Just(Fault::Io), Just(Fault::Full), Just(Fault::Short), Just(Fault::End)])
            .prop_map(|(calls, fault)| Step::Fail { calls, fault }),
        1 => Just(Step::FillUp),
        2 => (0u16..2, 0u64..=100).prop_map(|(partition, share)| Step::Release { partition, share }),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
        1 => any::<u64>().prop_map(|seed| Step::PowerCut { seed }),
    ]
}

#[derive(Default)]
struct PartitionModel {
    handed_over: BTreeMap<u64, Vec<u8>>,
    acknowledged: BTreeMap<u64, Appended>,
    released: u64,
}

struct Run {
    files: FakeFileSystem,
    config: DiskLogConfig,
    log: Option<DiskLog>,
    numbers: u64,
    partitions: [PartitionModel; 2],
}

impl Run {
    fn open(&mut self) {
        for _ in 0..4 {
            match DiskLog::open_on(&self.files.shared(), &self.config) {
                Ok(log) => {
                    self.log = Some(log);
                    self.check();
                    return;
                }
                // A fault that was still to come.
                Err(OpenError::Io { .. }) => {
                    self.files.stop();
                    self.files.restart(End::Kill);
                }
                Err(error) => panic!("{error}"),
            }
        }
        panic!("does not open");
    }

    fn end(&mut self, end: End) {
        self.files.stop();
        self.log = None;
        self.files.restart(end);
        self.open();
    }

    fn append(&mut self, partition: u16, lengths: &[usize]) {
        let log = self.log.as_ref().unwrap();
        let model = &mut self.partitions[usize::from(partition)];
        let mut line = Vec::new();
        for length in lengths {
            let number = self.numbers;
            self.numbers += 1;
            let mut payload = number.to_le_bytes().to_vec();
            payload.resize(8 + length, number as u8);
            model.handed_over.insert(number, payload.clone());
            let chunk = chunk(&payload, 1 + (*length % 3) as u32, (*length % 7) as i64);
            if let Ok(durable) = block_on(log.append(Partition(partition), chunk)) {
                line.push((number, durable));
            }
        }
        // Whoever had to wait for room is served once there is some.
        self.files.leave_room(usize::MAX);
        let mut refused = false;
        for (number, durable) in line {
            match block_on(durable) {
                Ok(appended) => {
                    assert!(!refused, "acknowledged behind a refused one");
                    model.acknowledged.insert(number, appended);
                }
                Err(_) => refused = true,
            }
        }
        if refused {
            self.end(End::Kill);
        }
    }

    fn check(&self) {
        let log = self.log.as_ref().unwrap();
        for (number, model) in self.partitions.iter().enumerate() {
            let partition = Partition(number as u16);
            let bounds = log.bounds(partition);
            assert!(bounds.start.0 <= model.released, "removed what was not released");
            let mut found = BTreeMap::new();
            let (mut next, mut last, mut received_at) = (bounds.start, None, None);
            while next < bounds.end {
                let batch = log.read(partition, next, None, 3000).unwrap();
                assert!(!batch.chunks.is_empty() && batch.from == next);
                for (base, chunk) in &batch.chunks {
                    let first = chunk.iter(LogNumber(0), partition, *base).next().unwrap();
                    let number = u64::from_le_bytes(first.payload[..8].try_into().unwrap());
                    assert_eq!(first.payload, &model.handed_over[&number][..]);
                    assert!(last < Some(number), "chunk {number} follows {last:?}");
                    assert!(received_at <= Some(chunk.received_at()), "arrivals go back");
                    (last, received_at) = (Some(number), Some(chunk.received_at()));
                    let next = Offset(base.0 + u64::from(chunk.envelopes()));
                    found.insert(number, Appended { base: *base, next, received_at: chunk.received_at() });
                }
                next = batch.next;
            }
            for (number, appended) in &model.acknowledged {
                if appended.base >= bounds.start {
                    assert_eq!(found.get(number), Some(appended), "acknowledged chunk {number}");
                }
            }
        }
        log.verify().unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]
    #[test]
    fn ack_everything_acknowledged_is_there_once_in_order_whatever_happens(
        steps in prop::collection::vec(step(), 1..30),
        seed in any::<u64>(),
    ) {
        let files = FakeFileSystem::new(seed);
        let config = DiskLogConfig { partitions: 2, ..small_log() };
        let mut run = Run { files, config, log: None, numbers: 0, partitions: Default::default() };
        run.open();
        for step in steps {
            match step {
                Step::Append { partition, lengths } => run.append(partition, &lengths),
                Step::Fail { calls, fault } => run.files.fail(calls, fault),
                Step::FillUp => run.files.leave_room(0),
                Step::Release { partition, share } => {
                    let log = run.log.as_ref().unwrap();
                    let bounds = log.bounds(Partition(partition));
                    let before = bounds.start.0 + (bounds.end.0 - bounds.start.0) * share / 100;
                    let model = &mut run.partitions[usize::from(partition)];
                    model.released = model.released.max(before);
                    log.release(Partition(partition), Offset(before));
                }
                Step::Reopen => {
                    run.log = None;
                    run.files.restart(End::Kill);
                    run.open();
                }
                Step::Kill => run.end(End::Kill),
                Step::PowerCut { seed } => run.end(End::PowerCut(seed)),
            }
        }
        run.end(End::PowerCut(seed));
    }
}
