//! W1 written for W1 alone, on timely: what the machine can do, and no product.
//!
//! Dense state by number, a parser that knows the order of the fields, the minute of the watermark as timestamp. No
//! log, no contract, no rejects that can be read, no corrections, no checkpoint: a bound, not a rival.
//!
//!     prototype INPUT OUTPUT WORKERS

mod line;
mod series;
mod windows;

use std::{
    fmt::Write as _,
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use serde::{Deserialize, Serialize};
use timely::{
    container::CapacityContainerBuilder,
    dataflow::{
        channels::pact::Exchange,
        operators::{Capability, Operator, generic::operator::source},
    },
};
use windows::{MINUTE, Open};

const LATENESS: i64 = 90_000;
const BLOCK: u64 = 800_000;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Keyed {
    series: u32,
    time: i64,
    value: f64,
}

/// The file in blocks of whole lines, shared by the workers.
struct Blocks(BufReader<File>);

impl Blocks {
    /// False at the end.
    fn next(&mut self, block: &mut Vec<u8>) -> bool {
        block.clear();
        let _ = (&mut self.0).take(BLOCK).read_to_end(block).expect("the file can be read");
        if block.last().is_some_and(|byte| *byte != b'\n') {
            let _ = self.0.read_until(b'\n', block).expect("the file can be read");
        }
        !block.is_empty()
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output, workers] = &arguments[..] else { panic!("prototype INPUT OUTPUT WORKERS") };
    let workers: usize = workers.parse().expect("a number of workers");
    let file = BufReader::with_capacity(1 << 20, File::open(input).expect("the input"));
    let (blocks, output) = (Arc::new(Mutex::new(Blocks(file))), output.clone());
    let began = Instant::now();
    let guards = timely::execute(timely::Config::process(workers), move |worker| {
        let (index, peers) = (worker.index(), worker.peers());
        let blocks = blocks.clone();
        let mut rows = File::create(format!("{output}.{index}")).expect("an output");
        worker.dataflow::<u64, _, _>(|scope| {
            let readings =
                source::<_, CapacityContainerBuilder<Vec<Keyed>>, _, _>(scope, "lines", |first, info| {
                    let again = scope.activator_for(info.address);
                    let mut held: Option<Capability<u64>> = Some(first);
                    let (mut numbers, mut minutes) = (series::Numbers::default(), line::Minutes::default());
                    let (mut block, mut newest) = (Vec::new(), 0);
                    move |out| {
                        let Some(capability) = &mut held else { return };
                        if !blocks.lock().unwrap_or_else(PoisonError::into_inner).next(&mut block) {
                            held = None;
                            return;
                        }
                        let mut session = out.session(&*capability);
                        for text in block.split(|byte| *byte == b'\n').filter(|text| !text.is_empty()) {
                            if let Some(reading) = line::parse(text, &mut minutes) {
                                newest = newest.max(reading.time);
                                let series = numbers.of(reading.station, reading.indicator);
                                session.give(Keyed { series, time: reading.time, value: reading.value });
                            }
                        }
                        drop(session);
                        let watermark = (newest - LATENESS).max(0).div_euclid(MINUTE) as u64;
                        if watermark > *capability.time() {
                            capability.downgrade(&watermark);
                        }
                        again.activate();
                    }
                });
            let (mut open, mut closed, mut names, mut text) =
                (Open::new(index, peers), 0, Vec::new(), String::new());
            readings.sink(
                Exchange::new(|keyed: &Keyed| u64::from(keyed.series)),
                "windows",
                move |(input, frontier)| {
                    input.for_each(|_, batch: &mut Vec<Keyed>| {
                        for keyed in batch.drain(..) {
                            open.add(keyed.series, keyed.time, keyed.value);
                        }
                    });
                    let watermark = frontier.frontier().first().map_or(i64::MAX, |minute| *minute as i64);
                    if watermark > closed {
                        closed = watermark;
                        open.close(watermark, |series, start, pane| {
                            if series as usize >= names.len() {
                                names.extend(series::names_from(names.len()));
                            }
                            let windows::Pane { count, sum, min, max, .. } = pane;
                            let name = &names[series as usize];
                            let _ = writeln!(text, "{name},{start},{count},{sum},{min},{max}");
                        });
                        rows.write_all(text.as_bytes()).expect("room for the output");
                        text.clear();
                    }
                },
            );
        });
    })
    .expect("workers");
    for guard in guards.join() {
        guard.expect("a worker that ends in order");
    }
    println!("{{\"seconds\":{:.3}}}", began.elapsed().as_secs_f64());
}
