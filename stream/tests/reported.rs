//! BATCH, ONCE and REPLAY of what agencies report: whatever messages come, in whatever order, however many workers there
//! are and wherever the process is stopped, what is shown and what each message became is what one gets who goes over all
//! messages once more with pen and paper.
//!
//! The recomputation shares no code with the keeper: it holds all statements in a list, and looks through it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ioc_decode::Decoder;
use ioc_model::{
    counts::Counts,
    epoch::Epoch,
    fact::Ranks,
    form::{
        Absent, Cell, CellKey, Finding, Mark, Period, PeriodKind, Report, Rest, Rule, Value, Vintage, Weight,
        Whole,
    },
    name::Name,
    names::Names,
    position::{Arrival, Offset, Partition, Position},
    results::{Facts, Receipt, ReportVerdict, StoredCell},
    row::Row,
    text::Text,
    time::{Millis, Now, ReceivedAt},
};
use ioc_stream::{
    checkpoint,
    exchange::{Shards, WorkerShards},
    shard::{Happened, Rows, Shard, SubjectRecord},
    step::EpochFacts,
};
use proptest::prelude::*;
use rust_decimal::Decimal;

mod support;

use support::derived;

/// A message as it is made up.
#[derive(Clone, Debug)]
struct Sent {
    form: u8,
    agency: u8,
    /// Messages of the same number are the same bytes.
    file: u8,
    cells: Vec<(u8, u8, u8, u8)>,
    left_out: Vec<(u8, u8)>,
    absent: u8,
    parts: bool,
    /// So many of its rows are bad.
    bad: u8,
    /// It arrived so many turns before its place.
    earlier: u8,
    /// Whether its source was asked for it, its sender says that it is meant.
    asked: bool,
    confirmed: bool,
    /// What it is the whole of: nothing, and what becomes of the rest.
    whole: u8,
}

const VINTAGES: [Vintage; 3] = Vintage::ALL;
const FORMS: [&str; 5] = ["a", "b", "ktxh-x", "nsnn", "y-te"];
const AGENCIES: [&str; 3] = ["25486", "25489", "so-ldtbxh"];

fn sent() -> impl Strategy<Value = Sent> {
    // Few keys, so that words meet: the third indicator is the office's.
    let vintage = prop_oneof![1 => 0u8..2, 3 => Just(2u8)];
    let indicator = prop_oneof![3 => Just(0u8), 1 => 1u8..3];
    let cell = (indicator, 0u8..2, vintage, 0u8..5);
    let cells = proptest::collection::vec(cell, 0..5);
    let left_out = proptest::collection::vec((0u8..3, 0u8..2), 0..3);
    let bad = prop_oneof![4 => Just(0u8), 1 => 1u8..3];
    let earlier = prop_oneof![3 => Just(0u8), 1 => 0u8..6];
    let form = prop_oneof![6 => Just(0u8), 1 => 1u8..5];
    let agency = prop_oneof![6 => Just(0u8), 1 => 1u8..3];
    let file = prop_oneof![1 => 0u8..4, 6 => 4u8..=255];
    let asked = prop_oneof![4 => Just(false), 1 => Just(true)];
    let whole = prop_oneof![4 => Just(0u8), 1 => 1u8..3];
    let said = (asked, any::<bool>(), whole);
    (form, agency, file, cells, left_out, 0u8..2, any::<bool>(), bad, earlier, said).prop_map(
        |(form, agency, file, cells, left_out, absent, parts, bad, earlier, said)| Sent {
            form,
            agency,
            file,
            cells,
            left_out,
            absent,
            parts,
            bad,
            earlier,
            asked: said.0,
            confirmed: said.1,
            whole: said.2,
        },
    )
}

fn key(indicator: u8, month: u8) -> CellKey {
    CellKey {
        indicator: Name::new(&format!("X{indicator:02}")),
        breakdown: Name::default(),
        place: Name::from("25486"),
        place_from: "2025-07-01".parse().unwrap(),
        period: Period::of(PeriodKind::AdminMonth, 2026, i16::from(month) + 1).unwrap(),
    }
}

/// Whose word counts: the commune's, of one indicator the office's.
fn owner(key: &CellKey) -> Name {
    Name::from(if key.indicator == *"X02" { AGENCIES[2] } else { AGENCIES[0] })
}

fn report(number: u64, sent: &Sent) -> Report {
    let cell = |(row, (indicator, month, vintage, value)): (u32, &(u8, u8, u8, u8))| {
        let key = key(*indicator, *month);
        let value = match value {
            0 => Value::without(Mark::Withdrawn),
            1 => Value::without(Mark::None),
            value => Value::of(Decimal::new(i64::from(*value) * 10, 1)),
        };
        Cell {
            row,
            key,
            vintage: VINTAGES[usize::from(*vintage)],
            owner: owner(&key),
            value,
            at: format!("line {row}").into(),
            as_sent: Box::default(),
            note: Box::default(),
        }
    };
    let mistake = Finding {
        weight: Weight::Error,
        rule: Rule::Invalid,
        at: Box::default(),
        stands: Box::default(),
        message: Text::default(),
    };
    let cells: Vec<Cell> = (0..).zip(&sent.cells).map(cell).collect();
    let left_out: BTreeSet<CellKey> = sent.left_out.iter().map(|(of, month)| key(*of, *month)).collect();
    let said: BTreeSet<CellKey> = cells.iter().map(|cell| cell.key).collect();
    Report {
        form: Name::from(FORMS[usize::from(sent.form)]),
        agency: Name::from(AGENCIES[usize::from(sent.agency)]),
        // The first month's, of which much is said.
        period: (sent.whole > 0).then(|| key(0, 0).period),
        absent: [Absent::Keeps, Absent::Withdraws][usize::from(sent.absent)],
        parts: sent.parts,
        digest: [sent.file; 16],
        known_by: [sent.file; 16],
        asked: sent.asked,
        confirmed: sent.confirmed,
        whole: match sent.whole {
            0 => None,
            1 => Some(Whole { place: None, rest: Rest::Nought }),
            _ => Some(Whole { place: None, rest: Rest::Withdrawn }),
        },
        rows: (cells.len() as u32 + u32::from(sent.bad)).max(1),
        updated: Vec::new(),
        left_out: left_out.difference(&said).copied().collect(),
        cells,
        against: Vec::new(),
        findings: (0..sent.bad).map(|_| mistake.clone()).collect(),
        feed: Name::new(&format!("feed-{}", sent.agency)),
        sender: Name::from("sender"),
        arrival: Arrival {
            received_at: ReceivedAt(1_000 * (number as i64 - i64::from(sent.earlier))),
            position: Position {
                offset: Offset(number),
                partition: Partition(sent.agency.into()),
                ..Position::default()
            },
            row: 0,
        },
    }
}

/// What a run of epochs made: by epoch, arranged.
struct Made {
    facts: Vec<Facts>,
    counts: BTreeMap<Name, Counts>,
}

/// Epochs of messages over a number of workers. Behind the epoch of that number all state goes through a checkpoint, and
/// as many workers as that go on.
fn run(epochs: &[Vec<Report>], workers: usize, stopped: (usize, usize)) -> Made {
    let names = Names::default();
    let pack = support::pack::pack("test", derived::station("S0"), Vec::new(), Vec::new());
    let decoder = Arc::new(Decoder::new(Arc::new(pack), names.clone()).unwrap());
    let split = Shards::default();
    let shards = |of: usize, names: &Names| -> Vec<Shard> {
        let share = |index| WorkerShards { index, of, shards: split };
        (0..of).map(|index| Shard::new(names.clone(), share(index), None)).collect()
    };
    let holds = |index, of, name: &str| WorkerShards { index, of, shards: split }.holds(name);
    let mut held = shards(workers, &names);
    let mut made = Made { facts: Vec::new(), counts: BTreeMap::new() };
    for (number, reports) in epochs.iter().enumerate() {
        let facts = EpochFacts {
            epoch: Epoch(number as u64 + 1),
            now: Now(1_000 * number as i64),
            pack: decoder.pack().version.clone(),
            answers: Vec::new(),
            horizon: Millis::hours(6),
        };
        let of = held.len();
        let mut all = Facts::default();
        for (index, shard) in held.iter_mut().enumerate() {
            let mine = reports.iter().filter(|report| holds(index, of, &report.form));
            let mut rows: Vec<Row> = mine.map(|report| Row::Reported(Box::new(report.clone()))).collect();
            rows.sort_by_key(Row::arrival);
            let results = shard.apply(&facts, &decoder, &Rows::of([]), rows, Happened::NOTHING);
            all.gather(results.facts);
            results
                .counts
                .iter()
                .for_each(|(feed, counts)| made.counts.entry(*feed).or_default().add(counts));
        }
        all.arrange(&mut Ranks::default());
        made.facts.push(all);
        if number == stopped.0 {
            let records: Vec<Vec<u8>> =
                held.iter().flat_map(|shard| shard.records()).map(Result::unwrap).collect();
            let names = Names::default();
            held = shards(stopped.1, &names);
            for record in records {
                let record = SubjectRecord::decode(checkpoint::VERSION, &record).unwrap();
                let holder = (0..stopped.1).find(|index| holds(*index, stopped.1, record.name())).unwrap();
                held[holder].load(record);
            }
        }
    }
    made
}

/// One word about a cell.
#[derive(Clone, Copy, Debug)]
struct Word {
    form: Name,
    agency: Name,
    key: CellKey,
    vintage: Vintage,
    value: Value,
    arrival: Arrival,
}

/// By hand: all words that count, and what became of each message.
#[derive(Default)]
struct ByHand {
    words: Vec<Word>,
    taken: Vec<(Name, Name, [u8; 16])>,
    became: Vec<(ReportVerdict, u32, u32, u32, u32)>,
}

impl ByHand {
    /// What an agency says of a key in a vintage: its word with the latest arrival.
    fn says(&self, form: Name, agency: Name, key: &CellKey, vintage: Vintage) -> Option<Word> {
        let is_it =
            |word: &&Word| (word.form, word.agency, word.key, word.vintage) == (form, agency, *key, vintage);
        self.words.iter().filter(is_it).max_by_key(|word| word.arrival).copied()
    }

    /// What the agency says of these keys before a message, in vintages up to its highest, and did not take back.
    fn stands(&self, report: &Report, keys: &BTreeSet<CellKey>, newest: Vintage) -> Vec<Word> {
        let says = |(key, vintage): (&CellKey, Vintage)| self.says(report.form, report.agency, key, vintage);
        let all = keys.iter().flat_map(|key| VINTAGES.into_iter().map(move |vintage| (key, vintage)));
        let all = all.filter(|(_, vintage)| *vintage <= newest).filter_map(says);
        all.filter(|word| word.value.mark != Mark::Withdrawn && word.arrival < report.arrival).collect()
    }

    /// Says these words anew, behind all rows of a message.
    fn instead(&mut self, report: &Report, words: Vec<Word>, value: Value) {
        let arrival = Arrival { row: u32::MAX, ..report.arrival };
        self.words.extend(words.into_iter().map(|word| Word { value, arrival, ..word }));
    }

    fn read(&mut self, report: &Report) {
        let delivered = (report.form, report.agency, report.digest);
        if !report.asked && self.taken.contains(&delivered) {
            self.became.push((ReportVerdict::Duplicate, 0, 0, report.rows, 0));
            return;
        }
        let has_errors = !report.findings.is_empty();
        if report.cells.is_empty() || (has_errors && !report.parts) {
            self.became.push((ReportVerdict::Refused, 0, 0, 0, report.rows));
            return;
        }
        let newest = report.cells.iter().map(|cell| cell.vintage).max().unwrap();
        let rejected = report.rows - report.cells.len() as u32;
        let named: BTreeSet<CellKey> = report.cells.iter().map(|cell| cell.key).collect();
        let of_period = |word: &&Word| {
            report.whole.is_some()
                && (word.form, word.agency) == (report.form, report.agency)
                && Some(word.key.period) == report.period
        };
        let known: BTreeSet<CellKey> = self.words.iter().filter(of_period).map(|word| word.key).collect();
        let rest: BTreeSet<CellKey> = known.difference(&named).copied().collect();
        let rest_is = report.whole.map(|whole| whole.rest);
        let mut left_out: BTreeSet<CellKey> = BTreeSet::new();
        if report.absent == Absent::Withdraws {
            left_out.extend(&report.left_out);
        }
        let mut held = left_out.clone();
        if rest_is == Some(Rest::Withdrawn) {
            held.extend(&rest);
        }
        if !report.asked && !report.confirmed && !self.stands(report, &held, newest).is_empty() {
            self.became.push((ReportVerdict::Refused, 0, 0, 0, report.rows));
            return;
        }
        if !report.asked {
            self.taken.push(delivered);
        }
        let rest_is = rest_is.filter(|_| rejected == 0);
        let outdone = rest_is == Some(Rest::Nought)
            && self.words.iter().filter(of_period).any(|word| word.arrival > report.arrival);
        let (mut stored, mut changed, mut same) = (0, 0, 0);
        for cell in &report.cells {
            let arrival = Arrival { row: cell.row, ..report.arrival };
            let (form, agency, vintage) = (report.form, report.agency, cell.vintage);
            match self.says(form, agency, &cell.key, vintage) {
                Some(known) if known.value == cell.value => same += 1,
                None if outdone => {
                    stored += 1;
                    continue;
                }
                known => {
                    stored += 1;
                    changed += u32::from(known.is_some_and(|known| known.arrival < arrival));
                }
            }
            let is_newest =
                self.says(form, agency, &cell.key, vintage).is_none_or(|word| word.arrival < arrival);
            self.words.push(Word { form, agency, key: cell.key, vintage, value: cell.value, arrival });
            if cell.value.mark == Mark::Withdrawn && is_newest {
                let below = VINTAGES.into_iter().rfind(|below| *below < vintage);
                let key = BTreeSet::from([cell.key]);
                let words = below.map(|below| self.stands(report, &key, below)).unwrap_or_default();
                self.instead(report, words, Value::without(Mark::Withdrawn));
            }
        }
        match rest_is {
            Some(Rest::Nought) => {
                let words = self.stands(report, &rest, newest);
                self.instead(report, words, Value::of(Decimal::ZERO));
            }
            Some(Rest::Withdrawn) => left_out.extend(&rest),
            None => {}
        }
        let words = self.stands(report, &left_out, newest);
        self.instead(report, words, Value::without(Mark::Withdrawn));
        let verdict =
            if has_errors || rejected > 0 { ReportVerdict::InPart } else { ReportVerdict::Accepted };
        self.became.push((verdict, stored, changed, same, rejected));
    }

    /// What is shown: of each key the owner's highest vintage that is not taken back, or that all are.
    fn shown(&self) -> BTreeMap<(Name, CellKey), (Vintage, Value)> {
        let keys: BTreeSet<(Name, CellKey)> = self.words.iter().map(|word| (word.form, word.key)).collect();
        let of_key = |(form, key): (Name, CellKey)| {
            let said = |vintage: &Vintage| self.says(form, owner(&key), &key, *vintage);
            let all: Vec<Word> = VINTAGES.iter().rev().filter_map(said).collect();
            let word = all.iter().find(|word| word.value.mark != Mark::Withdrawn).or(all.first())?;
            Some(((form, key), (word.vintage, word.value)))
        };
        keys.into_iter().filter_map(of_key).collect()
    }
}

/// What a reader finds who goes by rows: of each key the newest row that was shown and not replaced since.
fn by_rows(facts: &[Facts]) -> BTreeMap<(Name, CellKey), (Vintage, Value)> {
    let mut shown = BTreeMap::new();
    for facts in facts {
        let mut in_epoch = BTreeSet::new();
        for row in facts.report_values.iter().filter(|row| row.shown) {
            let StoredCell { form, cell, replaces, .. } = row;
            assert!(in_epoch.insert((*form, cell.key)), "one row of a key and epoch says what is shown");
            let before = shown.insert((*form, cell.key), (cell.vintage, cell.value));
            assert_eq!(
                *replaces,
                before.is_some(),
                "it is said that something is replaced, where something is"
            );
        }
        assert_eq!(
            facts.superseded.len(),
            facts.report_values.iter().filter(|row| row.shown && row.replaces).count()
        );
    }
    shown
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn batch_what_is_shown_and_what_messages_became_is_what_pen_and_paper_give_whatever_is_stopped(
        epochs in proptest::collection::vec(proptest::collection::vec(sent(), 0..5), 1..8),
        workers in 1usize..5,
        stopped_at in 0usize..8,
        then in 1usize..5,
    ) {
        let mut number = 10;
        let epochs: Vec<Vec<Report>> = epochs
            .iter()
            .map(|sent| sent.iter().map(|sent| { number += 1; report(number, sent) }).collect())
            .collect();
        let made = run(&epochs, workers, (stopped_at, then));
        let again = run(&epochs, 1, (usize::MAX, 1));
        prop_assert_eq!(&made.facts, &again.facts, "REPLAY");

        let mut by_hand = ByHand::default();
        let mut rows: BTreeMap<Name, u64> = BTreeMap::new();
        let mut receipts: Vec<&Receipt> = Vec::new();
        for (reports, facts) in epochs.iter().zip(&made.facts) {
            let mut in_order: Vec<&Report> = reports.iter().collect();
            in_order.sort_by_key(|report| report.arrival);
            for report in &in_order {
                *rows.entry(report.feed).or_default() += u64::from(report.rows);
                by_hand.read(report);
                let at = |receipt: &&Receipt| receipt.arrival == report.arrival;
                receipts.extend(facts.receipts.iter().find(at));
            }
            prop_assert_eq!(facts.receipts.len(), reports.len(), "ONCE: each message has one receipt");
        }
        let became: Vec<_> = receipts
            .iter()
            .map(|receipt| {
                let Receipt { verdict, stored, changed, same, rejected, .. } = **receipt;
                (verdict, stored, changed, same, rejected)
            })
            .collect();
        prop_assert_eq!(became, by_hand.became.clone());
        prop_assert_eq!(by_rows(&made.facts), by_hand.shown(), "BATCH");
        for (feed, rows) in rows {
            let counts = made.counts[&feed];
            prop_assert_eq!(counts.stored + counts.duplicate + counts.rejected, rows, "BALANCE");
        }
        // A row of a message is stored once; beside those stand what was taken back by leaving it out, and what is shown
        // again.
        let stored: u64 = made.counts.values().map(|counts| counts.stored).sum();
        let withdrawn: u64 = receipts.iter().map(|receipt| u64::from(receipt.withdrawn)).sum();
        let restored = |row: &&StoredCell| row.standing == ioc_model::results::RowStanding::Restored;
        let values = || made.facts.iter().flat_map(|facts| &facts.report_values);
        prop_assert_eq!(values().count() as u64, stored + withdrawn + values().filter(restored).count() as u64);
    }
}
