//! BATCH, ONCE and REPLAY of what agencies report: whatever messages come, in whatever order, however many workers there
//! are and wherever the process is stopped, what is shown and what each message became is what one gets who goes over all
//! messages once more with pen and paper.
//!
//! The recomputation shares no code with the keeper, and knows no message that comes late: it goes over all that was taken
//! anew, in the order in which it arrived, whenever another message is. What is kept for a message that is worked through
//! behind later ones is nothing that it has.
//!
//! Where one agency sends whole messages of a period in several vintages, the keeper knows the last alone: so messages come
//! in several vintages, late, or are whole, of which each case has two.

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
    let earlier = prop_oneof![2 => Just(0u8), 1 => 0u8..8];
    let form = prop_oneof![6 => Just(0u8), 1 => 1u8..5];
    let agency = prop_oneof![6 => Just(0u8), 1 => 1u8..3];
    let file = prop_oneof![1 => 0u8..4, 6 => 4u8..=255];
    let asked = prop_oneof![4 => Just(false), 1 => Just(true)];
    let whole = prop_oneof![3 => Just(0u8), 2 => 1u8..3];
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
        owners: Arc::default(),
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

/// Whose word about what: a form's, an agency's, of a cell and how final.
type Voice = (Name, Name, CellKey, Vintage);

/// What is known of all cells by one who reads messages in the order in which they arrived: everything that is known when a
/// message is read came before it.
#[derive(Default)]
struct Words(BTreeMap<Voice, (Value, Arrival)>);

impl Words {
    /// Of whole messages, and of so many cells of one of them.
    fn of(taken: &[&Report], in_part: Option<(&Report, usize)>) -> Words {
        let whole = taken.iter().map(|report| (*report, usize::MAX));
        let mut all: Vec<(&Report, usize)> = whole.chain(in_part).collect();
        all.sort_by_key(|(report, _)| report.arrival);
        let mut words = Words::default();
        for (report, cells) in all {
            words.read(report, cells);
        }
        words
    }

    fn read(&mut self, report: &Report, cells: usize) {
        let (form, agency) = (report.form, report.agency);
        for cell in report.cells.iter().take(cells) {
            let arrival = Arrival { row: cell.row, ..report.arrival };
            let _ = self.0.insert((form, agency, cell.key, cell.vintage), (cell.value, arrival));
        }
        if cells < usize::MAX {
            return;
        }
        let taken_back = Value::without(Mark::Withdrawn);
        for cell in report.cells.iter().filter(|cell| cell.value == taken_back) {
            if let Some(below) = VINTAGES.into_iter().rfind(|below| *below < cell.vintage) {
                self.instead(report, &BTreeSet::from([cell.key]), below, taken_back);
            }
        }
        let (rest, left_out) = (self.rest(report), left_out(report));
        let value = match report.whole.map(|whole| whole.rest) {
            Some(Rest::Nought) => Value::of(Decimal::ZERO),
            _ => taken_back,
        };
        self.instead(report, &rest, newest(report), value);
        self.instead(report, &left_out, newest(report), taken_back);
    }

    /// What the agency said before a message and the message, which is whole, does not name.
    fn rest(&self, report: &Report) -> BTreeSet<CellKey> {
        let is_whole = report.whole.is_some() && report.rows as usize == report.cells.len();
        let named: BTreeSet<CellKey> = report.cells.iter().map(|cell| cell.key).collect();
        let said = self.0.keys().filter(|(form, agency, key, _)| {
            is_whole && (*form, *agency, Some(key.period)) == (report.form, report.agency, report.period)
        });
        said.map(|(_, _, key, _)| *key).filter(|key| !named.contains(key)).collect()
    }

    /// What the agency says of these keys before a message, in vintages up to that one.
    fn before(&self, report: &Report, keys: &BTreeSet<CellKey>, newest: Vintage) -> Vec<(Voice, Value)> {
        let is_it = |(form, agency, key, vintage): &Voice| {
            (*form, *agency) == (report.form, report.agency) && keys.contains(key) && *vintage <= newest
        };
        let said = self.0.iter().filter(|(voice, (_, arrival))| is_it(voice) && *arrival < report.arrival);
        said.map(|(voice, (value, _))| (*voice, *value)).collect()
    }

    /// Says another value of these, behind all rows of a message.
    fn instead(&mut self, report: &Report, keys: &BTreeSet<CellKey>, newest: Vintage, value: Value) {
        let arrival = Arrival { row: u32::MAX, ..report.arrival };
        for (voice, _) in self.before(report, keys, newest) {
            let _ = self.0.insert(voice, (value, arrival));
        }
    }

    /// What is shown: of each key the owner's highest vintage that is not taken back, or that all are.
    fn shown(&self) -> BTreeMap<(Name, CellKey), (Vintage, Value)> {
        let keys: BTreeSet<(Name, CellKey)> = self.0.keys().map(|(form, _, key, _)| (*form, *key)).collect();
        let of_key = |(form, key): (Name, CellKey)| {
            let said = |vintage: &Vintage| {
                let (value, _) = self.0.get(&(form, owner(&key), key, *vintage))?;
                Some((*vintage, *value))
            };
            let all: Vec<(Vintage, Value)> = VINTAGES.iter().rev().filter_map(said).collect();
            let stands = all.iter().find(|(_, value)| value.mark != Mark::Withdrawn);
            Some(((form, key), *stands.or(all.first())?))
        };
        keys.into_iter().filter_map(of_key).collect()
    }
}

fn newest(report: &Report) -> Vintage {
    report.cells.iter().map(|cell| cell.vintage).max().unwrap()
}

/// What a message takes back by leaving it out.
fn left_out(report: &Report) -> BTreeSet<CellKey> {
    report.left_out.iter().copied().filter(|_| report.absent == Absent::Withdraws).collect()
}

/// By hand: the messages that count, and what became of each.
#[derive(Default)]
struct ByHand<'r> {
    taken: Vec<&'r Report>,
    delivered: Vec<(Name, Name, [u8; 16])>,
    became: Vec<(ReportVerdict, u32, u32, u32, u32)>,
}

impl<'r> ByHand<'r> {
    fn read(&mut self, report: &'r Report) {
        let delivered = (report.form, report.agency, report.digest);
        if !report.asked && self.delivered.contains(&delivered) {
            self.became.push((ReportVerdict::Duplicate, 0, 0, report.rows, 0));
            return;
        }
        let has_errors = !report.findings.is_empty();
        if report.cells.is_empty() || (has_errors && !report.parts) || self.is_held(report) {
            self.became.push((ReportVerdict::Refused, 0, 0, 0, report.rows));
            return;
        }
        let (mut stored, mut changed, mut same) = (0, 0, 0);
        for (number, cell) in report.cells.iter().enumerate() {
            let voice = (report.form, report.agency, cell.key, cell.vintage);
            let says = |cells| Words::of(&self.taken, Some((report, cells))).0.get(&voice).copied();
            let (known, arrival) = (says(number), Arrival { row: cell.row, ..report.arrival });
            // A late word is kept also where it says what is known: it was known earlier.
            if known.is_some_and(|(value, since)| value == cell.value && since < arrival) {
                same += 1;
                continue;
            }
            stored += 1;
            let counts = says(number + 1).is_some_and(|(_, newest)| newest == arrival);
            changed += u32::from(known.is_some() && counts);
        }
        self.taken.push(report);
        if !report.asked {
            self.delivered.push(delivered);
        }
        let rejected = report.rows - report.cells.len() as u32;
        let verdict =
            if has_errors || rejected > 0 { ReportVerdict::InPart } else { ReportVerdict::Accepted };
        self.became.push((verdict, stored, changed, same, rejected));
    }

    /// Whether a message takes something back by leaving it out, and nobody says that it is meant.
    fn is_held(&self, report: &Report) -> bool {
        let words = Words::of(&self.taken, None);
        let mut keys = left_out(report);
        if report.whole.is_some_and(|whole| whole.rest == Rest::Withdrawn) {
            keys.extend(words.rest(report));
        }
        let mut said = words.before(report, &keys, newest(report)).into_iter();
        let takes_back = said.any(|(_, value)| value.mark != Mark::Withdrawn);
        takes_back && !report.asked && !report.confirmed
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
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn batch_what_is_shown_and_what_messages_became_is_what_pen_and_paper_give_whatever_is_stopped(
        epochs in proptest::collection::vec(proptest::collection::vec(sent(), 0..5), 1..8),
        workers in 1usize..5,
        stopped_at in 0usize..8,
        then in 1usize..5,
        without in 0u8..3,
    ) {
        let mut epochs = epochs;
        for sent in epochs.iter_mut().flatten() {
            match without {
                0 => sent.earlier = 0,
                1 => sent.cells.iter_mut().for_each(|(_, _, vintage, _)| *vintage = 2),
                _ => sent.whole = 0,
            }
        }
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
        prop_assert_eq!(by_rows(&made.facts), Words::of(&by_hand.taken, None).shown(), "BATCH");
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
