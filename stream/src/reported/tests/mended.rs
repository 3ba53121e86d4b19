//! What a mended pack makes of what was taken is what it would have made of it from the beginning.

use proptest::prelude::*;

use super::{
    again::{Left, readings},
    *,
};
use crate::ledger::Outcome;

/// What a form and its mapping say at a time, of each of the columns of a message.
#[derive(Clone, Debug)]
struct Pack {
    /// Which indicator it is; an error where there is none.
    indicator: [Option<u8>; COLUMNS],
    factor: [u8; COLUMNS],
    /// Of each indicator whether the office owns it; else the commune does.
    is_offices: [bool; INDICATORS as usize],
    /// How final it is, where the form has vintages.
    is_preliminary: [bool; COLUMNS],
    /// Whether the second two columns are of the month after.
    is_of_two_months: bool,
    /// Whether what is good is taken where a column is an error.
    parts: bool,
}

const COLUMNS: usize = 4;
const INDICATORS: u8 = 5;

/// What does not change in a form: what it says of what a message does not name.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Keeps,
    /// Cells have vintages, and a value may be taken back by saying so.
    Vintages,
    /// A list: what it does not count is 0.
    List,
    /// What a message leaves out is taken back.
    Withdraws,
}

/// What a clerk sends.
#[derive(Clone, Debug)]
struct Sent {
    by_office: bool,
    /// How long before its place in the row it arrived.
    earlier: u8,
    values: [Option<u8>; COLUMNS],
}

fn packs() -> impl Strategy<Value = Pack> {
    let mostly =
        |value: u8| prop_oneof![6 => Just(Some(value)), 3 => (0..INDICATORS).prop_map(Some), 1 => Just(None)];
    (
        [mostly(0), mostly(1), mostly(2), mostly(3)],
        proptest::array::uniform4(1u8..3),
        proptest::array::uniform5(proptest::bool::weighted(0.2)),
        proptest::array::uniform4(any::<bool>()),
        proptest::bool::weighted(0.3),
        proptest::bool::weighted(0.6),
    )
        .prop_map(|(indicator, factor, is_offices, is_preliminary, is_of_two_months, parts)| Pack {
            indicator,
            factor,
            is_offices,
            is_preliminary,
            is_of_two_months,
            parts,
        })
}

fn sent() -> impl Strategy<Value = Sent> {
    let value = prop_oneof![3 => (0u8..4).prop_map(Some), 1 => Just(None)];
    (proptest::bool::weighted(0.25), 0u8..4, proptest::array::uniform4(value))
        .prop_map(|(by_office, earlier, values)| Sent { by_office, earlier, values })
}

impl Pack {
    fn reads(&self, number: u64, sent: &Sent, kind: Kind) -> Report {
        let (commune, office) = (Name::from(COMMUNE), Name::from(OFFICE));
        let labels = ["2026-10", if self.is_of_two_months { "2026-11" } else { "2026-10" }];
        let mut cells: Vec<Cell> = Vec::new();
        let (mut rows, mut findings) = (0, Vec::new());
        for (column, value) in sent.values.iter().enumerate() {
            let Some(value) = value else { continue };
            let row = rows;
            rows += 1;
            let Some(indicator) = self.indicator[column] else {
                findings.push(error(&format!("column {column}")));
                continue;
            };
            let vintage = match kind {
                Kind::Vintages if self.is_preliminary[column] => Vintage::Preliminary,
                _ => Vintage::Official,
            };
            let cell_key = key(&format!("X{indicator}"), labels[column / 2]);
            // Of two columns of one cell the first is read.
            if cells.iter().any(|cell| (cell.key, cell.vintage) == (cell_key, vintage)) {
                findings.push(error(&format!("column {column}")));
                continue;
            }
            cells.push(Cell {
                row,
                key: cell_key,
                vintage,
                owner: if self.is_offices[usize::from(indicator)] { office } else { commune },
                value: match (kind, value) {
                    (Kind::Vintages, 0) => Value::without(Mark::Withdrawn),
                    _ => Value::of(Decimal::from(*value * self.factor[column])),
                },
                at: format!("column {column}").into(),
                as_sent: Box::default(),
                note: Box::default(),
            });
        }
        let period = (!self.is_of_two_months).then(|| month("2026-10"));
        let is_named = |of: &CellKey| cells.iter().any(|cell| cell.key == *of);
        let (absent, whole, left_out) = match kind {
            Kind::Keeps | Kind::Vintages => (Absent::Keeps, None, Vec::new()),
            Kind::List => (Absent::Keeps, Some(Whole { place: None, rest: Rest::Nought }), Vec::new()),
            Kind::Withdraws => {
                let all = (0..INDICATORS).map(|indicator| key(&format!("X{indicator}"), "2026-10"));
                (Absent::Withdraws, None, all.filter(|of| !is_named(of)).collect())
            }
        };
        let received_at = ReceivedAt(1_000_000 + 1_000 * (number as i64 - i64::from(sent.earlier)));
        Report {
            agency: if sent.by_office { office } else { commune },
            period,
            absent,
            whole: whole.filter(|_| period.is_some()),
            owners: Arc::new(Owners::new((0..INDICATORS).map(|indicator| {
                let is_offices = self.is_offices[usize::from(indicator)];
                (Name::new(&format!("X{indicator}")), is_offices.then_some(office))
            }))),
            left_out,
            parts: self.parts,
            confirmed: true,
            rows,
            cells,
            findings,
            arrival: Arrival { received_at, ..arrival(number) },
            ..message(number, &[])
        }
    }
}

/// A message, and how it was read last.
struct Read {
    number: u64,
    sent: Sent,
    then: Report,
}

/// What is shown of each cell: the newest row that says so. What was taken back is as if it had not been said.
fn shown(world: &World) -> BTreeMap<CellKey, (Name, Value)> {
    let mut shown = BTreeMap::new();
    for row in world.values.iter().filter(|row| row.shown) {
        let replaced = shown.insert(row.cell.key, (row.agency, row.cell.value)).is_some();
        assert_eq!(row.replaces, replaced, "one row of a key is current: {row:?}");
    }
    shown.retain(|_, (_, value)| value.mark != Mark::Withdrawn);
    shown
}

/// The last word of each agency on each cell and vintage, by what is stored, and whose the cell is.
fn last_words(world: &World) -> BTreeMap<(CellKey, Name, Vintage), (Value, Name)> {
    let words = readings(&world.values).into_iter();
    words
        .map(|((key, agency, vintage, ..), row)| ((key, agency, vintage), (row.cell.value, row.cell.owner)))
        .collect()
}

/// The same by what is known.
fn known_words(world: &mut World) -> BTreeMap<(CellKey, Name, Vintage), (Value, Name)> {
    let mut words = BTreeMap::new();
    for label in ["2026-10", "2026-11"] {
        let (cells, _) = world.reported.cells(month(label));
        for (key, said) in cells.each() {
            let said = said.iter().filter(|(_, said)| said.is_word());
            words.extend(
                said.map(|(voice, said)| ((*key, voice.agency, voice.vintage), (said.value, said.owner))),
            );
        }
    }
    world.reported.settle(&mut ShardResults::default());
    words
}

fn would_be_taken(report: &Report) -> bool {
    !report.cells.is_empty() && (report.parts || !report.has_errors())
}

/// Whether what was taken stays as it was: it would be taken back, or would answer for fewer periods of its agency.
fn stays(then: &Report, now: &Report) -> bool {
    !would_be_taken(now) || now.is_about_less(&now.cells, then, &then.cells)
}

/// Has messages read again by a pack, in order of arrival.
fn mend(world: &mut World, read: &mut [Read], pack: &Pack, kind: Kind, met: &mut BTreeSet<(Name, Period)>) {
    read.sort_by_key(|read| read.then.arrival);
    for read in read.iter_mut() {
        let now = pack.reads(read.number, &read.sent, kind);
        let rejected = rejected_of(&read.then, &read.then.cells);
        let Left { receipt, replayed, filed, .. } = world.retake(&read.then, now.clone(), rejected);
        let is_unclear = replayed.iter().any(|row| row.reread == Reread::Unclear);
        assert_eq!(is_unclear, stays(&read.then, &now), "{:?} by {pack:?}", read.then);
        let accepted = filed.into_iter().filter(|filed| matches!(filed.outcome, Outcome::Accepted { .. }));
        met.extend(accepted.map(|filed| (filed.agency, filed.period)));
        if receipt.is_some() {
            read.then = now;
        }
    }
}

fn is_as_from_the_beginning(
    kind: Kind,
    sent: &[Sent],
    (packs, mended_at): (&[Pack; 3], [usize; 2]),
) -> Result<(), TestCaseError> {
    let mut world = World::default();
    let (mut read, mut met) = (Vec::<Read>::new(), BTreeSet::new());
    for (number, sent) in (1..).zip(sent) {
        let mends = mended_at.iter().filter(|at| **at < number as usize).count();
        for (pack, _) in packs.iter().skip(1).zip(mended_at).filter(|(_, at)| *at + 1 == number as usize) {
            mend(&mut world, &mut read, pack, kind, &mut met);
        }
        let then = packs[mends].reads(number, sent, kind);
        if !would_be_taken(&then) {
            continue;
        }
        met.extend(then.own_met(&then.cells).into_iter().map(|period| (then.agency, period)));
        let receipt = world.send(then.clone());
        prop_assert!(receipt.verdict != ReportVerdict::Refused, "{:?}", receipt);
        read.push(Read { number, sent: sent.clone(), then });
    }
    mend(&mut world, &mut read, &packs[2], kind, &mut met);

    let mut fresh = World::default();
    let (mut read_by, mut met_fresh) = (read.iter().collect::<Vec<_>>(), BTreeSet::new());
    // The order of arrival is what counts, in whatever order messages are worked through.
    read_by.sort_by_key(|read| read.then.arrival);
    for Read { then, number, sent } in read_by {
        let now = packs[2].reads(*number, sent, kind);
        let is = if stays(then, &now) { then.clone() } else { now };
        met_fresh.extend(is.own_met(&is.cells).into_iter().map(|period| (is.agency, period)));
        let _ = fresh.send(is);
    }
    let known = known_words(&mut world);
    prop_assert_eq!(&known, &known_words(&mut fresh), "what is known");
    prop_assert_eq!(shown(&world), shown(&fresh), "what is shown");
    prop_assert_eq!(&last_words(&world), &known, "what is stored says what is known");
    prop_assert_eq!(&last_words(&fresh), &known, "from the beginning, too");
    prop_assert_eq!(met, met_fresh, "what is met");
    for Read { then, number, sent } in &read {
        let now = packs[2].reads(*number, sent, kind);
        let is = if stays(then, &now) { then.clone() } else { now };
        let left = world.retake(&is, is.clone(), rejected_of(&is, &is.cells));
        prop_assert_eq!((left.rows, left.replayed.len()), (0, 0), "twice is once");
        prop_assert!(left.receipt.is_none() && known_words(&mut world) == known);
    }
    Ok(())
}

/// In any order of arrival every message says behind those before it what it says; by what is stored, too.
fn is_chained(world: &World, read: &[Report]) -> Result<(), TestCaseError> {
    let mut read: Vec<&Report> = read.iter().collect();
    read.sort_by_key(|report| report.arrival);
    for (at, report) in read.iter().enumerate() {
        let (own, earlier) = again::stored_words(&world.values, report, report);
        let said: BTreeMap<_, _> =
            earlier.iter().map(|word| ((word.key, word.vintage), word.value)).collect();
        let before: BTreeMap<_, _> = read[..at]
            .iter()
            .filter(|before| before.agency == report.agency)
            .flat_map(|before| before.cells.iter().map(|cell| ((cell.key, cell.vintage), cell.value)))
            .filter(|((key, _), _)| report.periods().contains(&key.period))
            .collect();
        prop_assert_eq!(said, before, "before {:?}", report.arrival.position);
        prop_assert!(own.iter().all(|word| word.arrival.position == report.arrival.position));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn batch_what_is_read_again_is_as_if_it_had_been_read_rightly_from_the_beginning(
        kind in prop_oneof![Just(Kind::Keeps), Just(Kind::Vintages), Just(Kind::List), Just(Kind::Withdraws)],
        sent in proptest::collection::vec(sent(), 1..8),
        packs in [packs(), packs(), packs()],
        (first, second) in (0usize..7, 0usize..7),
    ) {
        let mended_at = [first.min(second), first.max(second)];
        is_as_from_the_beginning(kind, &sent, (&packs, mended_at))?;
    }

    #[test]
    fn replay_what_is_stored_says_what_was_known_before_each_message(
        sent in proptest::collection::vec(sent(), 1..8),
        pack in packs(),
    ) {
        let mut world = World::default();
        let mut read = Vec::new();
        for (number, sent) in (1..).zip(&sent) {
            let report = pack.reads(number, sent, Kind::Keeps);
            if would_be_taken(&report) {
                let _ = world.send(report.clone());
                read.push(report);
            }
        }
        // A word that is worked through late may come between two that say the same: once all are read again it is known.
        let mut in_order = read.clone();
        in_order.sort_by_key(|report| report.arrival);
        for report in in_order {
            let rejected = rejected_of(&report, &report.cells);
            let _ = world.retake(&report, report.clone(), rejected);
        }
        is_chained(&world, &read)?;
    }
}
