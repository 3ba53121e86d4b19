//! Every call of a script fails in every way, and whatever is left must hold everything acknowledged.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Dice,
    fake::{End, FakeFileSystem, Fault},
    open,
};
use crate::disk::{
    OpenError,
    chain::Chain,
    frame::Entry,
    writer::{ChainWriter, WriteError},
};

/// What was handed in and what was acknowledged.
#[derive(Default)]
struct Model {
    /// By number, which grows with each one handed in.
    handed_in: BTreeMap<u64, (Vec<u8>, u32)>,
    /// Number to offset.
    acknowledged: BTreeMap<u64, u64>,
    released: u64,
}

impl Model {
    fn payload(&mut self, length: usize, count: u32) -> u64 {
        let number = self.handed_in.len() as u64;
        let mut payload = number.to_le_bytes().to_vec();
        payload.extend((0..length).map(|at| (number as usize * 31 + at) as u8));
        self.handed_in.insert(number, (payload, count));
        number
    }

    /// ACK and ONCE: everything acknowledged is there, at its place, byte for byte; all else that is there was
    /// handed in, once, in order.
    fn check(&self, chain: &Chain, context: &str) {
        let start = chain.start();
        assert!(start <= self.released, "{context}: removed what was not released");
        let run =
            chain.read(start, u64::MAX, usize::MAX).unwrap_or_else(|error| panic!("{context}: {error}"));
        let mut found = BTreeMap::new();
        let (mut last, mut received_at) = (None, i64::MIN);
        for entry in &run.entries {
            let number = u64::from_le_bytes(entry.bytes[..8].try_into().unwrap());
            let (payload, count) = &self.handed_in[&number];
            assert_eq!(
                (&entry.bytes[..], entry.count),
                (&payload[..], *count),
                "{context}: {number} changed"
            );
            assert!(last < Some(number), "{context}: {number} after {last:?}");
            assert!(entry.received_at >= received_at, "{context}: arrivals go back");
            (last, received_at) = (Some(number), entry.received_at);
            found.insert(number, entry.base);
        }
        for (number, base) in self.acknowledged.iter().filter(|(_, base)| **base >= start) {
            assert_eq!(found.get(number), Some(base), "{context}: acknowledged {number} is not at its place");
        }
        assert_eq!(run.next, chain.next(), "{context}");
        chain.verify().unwrap_or_else(|error| panic!("{context}: {error}"));
    }
}

struct Script {
    files: FakeFileSystem,
    model: Model,
    dice: Dice,
    end: End,
    context: String,
    made: bool,
    /// Faults still to come, shortly after a restart: recovering fails too.
    faults_left: u32,
}

type Opened = (Arc<Chain>, ChainWriter);

impl Script {
    /// Opens, starting anew as often as a fault comes in between. Nothing here damages bytes, so it is never corrupt.
    fn open(&mut self) -> Opened {
        for _ in 0..5 {
            match open(self.files.shared(), !self.made) {
                Ok(opened) => {
                    self.made = true;
                    self.model.check(&opened.0, &self.context);
                    return opened;
                }
                Err(OpenError::Io { .. }) => self.end_life(),
                // A chain of which even the making did not finish.
                Err(OpenError::Corrupt { .. }) if !self.made => self.end_life(),
                Err(error) => panic!("{}: {error}", self.context),
            }
        }
        panic!("{}: does not open", self.context)
    }

    fn end_life(&mut self) {
        self.files.stop();
        // A kill followed by a power cut finds what the kill left only in the page cache.
        let killed_first = self.end == End::Kill || self.dice.one_in(3);
        self.files.restart(if killed_first { End::Kill } else { self.end });
        if let End::PowerCut(seed) = &mut self.end {
            *seed += 1;
        }
        if self.faults_left > 0 && self.dice.one_in(2) {
            self.faults_left -= 1;
            let fault = [Fault::End, Fault::Io, Fault::Full][self.dice.below(3)];
            self.files.fail(1 + self.dice.below(12) as u64, fault);
        }
    }

    /// Appends a group, as a committer does.
    fn append(&mut self, writer: &mut ChainWriter, lengths: &[usize]) -> Result<(), WriteError> {
        let received_at = writer.received_at().max(1000 + i64::from(self.dice.below(3) as u32));
        let numbers: Vec<u64> =
            lengths.iter().map(|length| self.model.payload(*length, 1 + (*length % 3) as u32)).collect();
        for attempt in 0..3 {
            let entries: Vec<_> = numbers
                .iter()
                .map(|number| &self.model.handed_in[number])
                .map(|(bytes, count)| Entry { bytes, count: *count, received_at })
                .collect();
            let mut base = writer.next();
            let written = writer.write(&entries).and_then(|()| writer.commit());
            match written {
                Ok(_) => {
                    for number in numbers {
                        self.model.acknowledged.insert(number, base);
                        base += u64::from(self.model.handed_in[&number].1);
                    }
                    return Ok(());
                }
                Err(WriteError::Full { .. }) if attempt < 2 => {}
                Err(error) => return Err(error),
            }
        }
        unreachable!()
    }

    fn run(&mut self, steps: usize) {
        let (mut chain, mut writer) = self.open();
        for step in 0..steps {
            let lengths: Vec<usize> = (0..=self.dice.below(3)).map(|_| self.dice.below(700)).collect();
            let lengths = if step == 5 { vec![9000] } else { lengths };
            let mut outcome = self.append(&mut writer, &lengths);
            if outcome.is_ok() && step % 4 == 3 {
                outcome = writer.settle();
            }
            if outcome.is_ok() && step % 5 == 4 {
                self.model.released = self.model.released.max(chain.next() / 2);
                // A removal that fails is tried again later.
                let _ = chain.release(self.model.released);
            }
            if outcome.is_err() || step == steps / 2 {
                self.end_life();
                (chain, writer) = self.open();
            }
        }
        drop((chain, writer));
        for _ in 0..2 {
            self.faults_left = 0;
            self.end_life();
            drop(self.open());
        }
    }
}

fn run(seed: u64, fault: Option<(u64, Fault)>, end: End, steps: usize) -> u64 {
    let mut script = Script {
        files: FakeFileSystem::new(seed),
        model: Model::default(),
        dice: Dice(seed ^ fault.map_or(0, |(call, _)| call)),
        end,
        context: format!("seed {seed}, {fault:?}, {end:?}"),
        made: false,
        faults_left: if fault.is_some() { 2 } else { 0 },
    };
    script.files.create_root();
    if let Some((call, fault)) = fault {
        script.files.fail(call, fault);
    }
    script.run(steps);
    script.files.calls()
}

#[test]
fn ack_whatever_call_fails_however_everything_acknowledged_is_there_once_and_in_order() {
    for seed in 0..6 {
        let calls = run(seed, None, End::Kill, 16);
        for call in 1..=calls {
            for fault in [Fault::Full, Fault::Io, Fault::Short, Fault::End] {
                run(seed, Some((call, fault)), End::Kill, 16);
                run(seed, Some((call, fault)), End::PowerCut(seed * 1000 + call), 16);
            }
        }
    }
}

#[test]
fn ack_after_any_power_cut_everything_acknowledged_is_there_once_and_in_order() {
    for seed in 0..1500 {
        let mut dice = Dice(seed ^ 0xABCD);
        let fault = (1 + dice.below(150) as u64, Fault::End);
        run(seed % 40, Some(fault), End::PowerCut(seed), 14);
    }
}
