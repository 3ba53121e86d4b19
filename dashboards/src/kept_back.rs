//! What of reported numbers pages do not tell: small numbers of persons, and what would give them away.
//!
//! One place decides it for every page: of a form and period it is worked out from all of its cells at once, whoever asks for
//! which of them. A number of such an indicator is told only where it is the one that counts now and was looked at here, so
//! that a number that was replaced, that another agency says, or that came in between is not. Nought is none and always told.
//!
//! What ties numbers: every part over all places and what parts of the same dimensions add up to; what a group of places adds
//! up to, and the others; a whole and its parts, of a place, of a group and over all; and what the form declares
//! ([`Form::ties`]). On other maps nothing is told but what is made of numbers that are told here ([`crate::restated`]).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ioc_model::{
    form::{Form, Over, Period, SmallNumber, Target, Tie, Tied, gives_away, suppressed},
    pack::Pack,
    place::{Date, PlaceGroup},
};
use rust_decimal::Decimal;

use crate::reported::TargetYear;

/// The most cells that are looked at, the newest periods first. Of what lies behind them nothing is told.
pub const COUNTS_MAX: u32 = 400_000;

/// A cell whose number is above nought.
#[derive(Clone, Debug, PartialEq)]
pub struct CountedCell {
    /// What is reported.
    pub indicator: String,
    /// Which part; empty for the whole.
    pub breakdown: String,
    /// Code of the unit it is about,
    pub place: String,
    /// and the first day of the validity of that version of it.
    pub place_from: Date,
    /// When.
    pub period: Period,
    /// Its number.
    pub number: Decimal,
}

/// A number, and whether it is kept back.
type Told = (Decimal, bool);

/// What of a form is kept back.
#[derive(Debug, Default)]
pub struct KeptBack<'c> {
    /// The indicators that something is kept back of; none where the pack does not have the form, so that it may be any.
    tied: Option<BTreeSet<String>>,
    /// The first day of the newest period that was not looked at.
    unseen: Option<Date>,
    cells: HashMap<CellOf<'c>, Told>,
    /// By part, over all places.
    sums: HashMap<(&'c str, &'c str, Period), Told>,
    /// By group and part.
    groups: HashMap<(&'c str, &'c str, &'c str, Period), Told>,
    /// By dimensions, over all places and parts.
    totals: HashMap<(&'c str, String, Period), Told>,
}

/// The members of each group, by its identifier.
type Groups<'c> = Vec<(&'c str, HashSet<(&'c str, Date)>)>;

/// Indicator, part, place and its version, period.
type CellOf<'c> = (&'c str, &'c str, &'c str, Date, Period);

impl<'c> KeptBack<'c> {
    /// Of a form, given all cells of its tied indicators above nought in each period that is asked for, the newest period
    /// first: at most [`COUNTS_MAX`] and one more; and the groups of places of which sums are shown.
    #[must_use]
    pub fn of(
        form: Option<&Form>,
        groups: &'c BTreeMap<String, PlaceGroup>,
        cells: &'c [CountedCell],
    ) -> KeptBack<'c> {
        let Some(form) = form else { return KeptBack::default() };
        let mut kept_back = KeptBack { tied: Some(form.tied_indicators()), ..KeptBack::default() };
        if cells.len() > COUNTS_MAX as usize {
            kept_back.unseen = cells.last().map(|last| last.period.start);
        }
        let mut periods: BTreeMap<Period, Vec<&CountedCell>> = BTreeMap::new();
        for cell in cells.iter().filter(|cell| kept_back.unseen.is_none_or(|day| cell.period.start > day)) {
            periods.entry(cell.period).or_default().push(cell);
        }
        let ties = form.ties();
        let of_group = |group: &'c PlaceGroup| {
            group.members.iter().map(|key| (key.code.as_str(), key.valid_from)).collect()
        };
        let members: Groups<'c> = groups.iter().map(|(id, group)| (id.as_str(), of_group(group))).collect();
        for (period, mut of) in periods {
            // However they were read: of two whose turn it is at once the first goes.
            of.sort_by_key(|cell| (&cell.indicator, &cell.breakdown, &cell.place, cell.place_from));
            InPeriod::of(form, &ties, &members, &of).told(period, &of, &mut kept_back);
        }
        kept_back
    }

    /// Whether something of an indicator may be kept back.
    #[must_use]
    pub fn is_about(&self, indicator: &str) -> bool {
        self.tied.as_ref().is_none_or(|tied| tied.contains(indicator))
    }

    /// Whether a cell's number is not told.
    #[must_use]
    pub fn keeps(&self, (indicator, breakdown, place, from, period): CellOf<'_>, number: Decimal) -> bool {
        let told = || self.cells.get(&(indicator, breakdown, place, from, period));
        self.is_kept(indicator, number, told)
    }

    /// Whether what a part adds up to over all places is not told.
    #[must_use]
    pub fn keeps_sum(&self, indicator: &str, breakdown: &str, period: Period, sum: Decimal) -> bool {
        self.is_kept(indicator, sum, || self.sums.get(&(indicator, breakdown, period)))
    }

    /// Whether what a part adds up to over a group of places is not told.
    #[must_use]
    pub fn keeps_group(&self, group: &str, of: (&str, &str), period: Period, sum: Decimal) -> bool {
        self.is_kept(of.0, sum, || self.groups.get(&(group, of.0, of.1, period)))
    }

    /// Whether what all parts of some dimensions add up to over all places is not told.
    #[must_use]
    pub fn keeps_total(&self, indicator: &str, dimensions: &str, period: Period, total: Decimal) -> bool {
        if dimensions.is_empty() {
            return self.keeps_sum(indicator, "", period, total);
        }
        self.is_kept(indicator, total, || self.totals.get(&(indicator, dimensions.to_owned(), period)))
    }

    fn is_kept<'t>(&self, indicator: &str, number: Decimal, told: impl FnOnce() -> Option<&'t Told>) -> bool {
        let is_told = || told().is_some_and(|(known, hidden)| *known == number && !hidden);
        self.is_about(indicator) && !number.is_zero() && !is_told()
    }

    /// Whether how far a target is in a year would say what is kept back. A target is a sum of its own, over some places and
    /// perhaps several periods.
    #[must_use]
    pub fn keeps_target(&self, pack: &Pack, target: &Target, year: &TargetYear) -> bool {
        let indicators = || target.numerator.iter().chain(&target.denominator);
        if !indicators().any(|id| self.is_about(id)) {
            return false;
        }
        if self.unseen.is_some_and(|day| day.year() >= i16::try_from(year.year).unwrap_or(i16::MAX) - 1) {
            return true;
        }
        let is_of_it = |period: &Period| {
            let in_year = i32::from(period.end.year()) == i32::from(year.year);
            in_year && (target.over == Over::Year || period.label() == year.period)
        };
        let form = pack.forms.get(&target.form);
        let below = |id: &String| form.and_then(|form| form.indicators.get(id)?.suppress_below);
        let most = indicators().filter_map(below).max().unwrap_or_default();
        let counted: BTreeSet<(&str, Date)> = pack
            .places
            .iter()
            .filter(|place| target.tiers.contains(&place.kind))
            .map(|place| (place.key.code.as_str(), place.key.valid_from))
            .collect();
        [&target.numerator, &target.denominator].into_iter().any(|side| {
            let is_on = |id: &str| side.iter().any(|one| one == id);
            let theirs = self.cells.iter().filter(|((id, _, place, from, period), _)| {
                is_on(id) && is_of_it(period) && counted.contains(&(*place, *from))
            });
            let kept: Vec<Decimal> =
                theirs.filter(|(_, (_, hidden))| *hidden).map(|(_, (number, _))| *number).collect();
            let sums = self.sums.iter().filter(|((id, _, period), _)| is_on(id) && is_of_it(period));
            gives_away(&kept, most) || sums.into_iter().any(|(_, (_, hidden))| *hidden)
        })
    }
}

/// The place of what stands for all places.
const EVERYWHERE: At<'static> = None;

/// The version of a place that is none: a group of places, by its identifier.
const GROUP: Date = Date::MIN;

fn is_group(place: At<'_>) -> bool {
    place.is_some_and(|(_, from)| from == GROUP)
}

/// Numbers of a form in a period, and what ties them.
struct InPeriod<'c> {
    numbers: Vec<SmallNumber>,
    ties: Vec<Tied>,
    /// Sums by indicator and part.
    sums: BTreeMap<(&'c str, &'c str), usize>,
    groups: BTreeMap<(&'c str, &'c str, &'c str), usize>,
    totals: BTreeMap<(&'c str, String), usize>,
}

/// Numbers of an indicator at a place by their part.
type Parts<'c> = BTreeMap<&'c str, usize>;

/// A place and its version; none for all of them.
type At<'c> = Option<(&'c str, Date)>;

/// The same by indicator and place.
type Places<'c> = BTreeMap<(&'c str, At<'c>), Parts<'c>>;

impl<'c> InPeriod<'c> {
    /// The first numbers are the cells', in their order.
    fn of(form: &Form, ties: &[Tie], groups: &Groups<'c>, cells: &[&'c CountedCell]) -> InPeriod<'c> {
        let known = |id: &str| form.indicators.get(id);
        let below = |id: &str| known(id).and_then(|of| of.suppress_below).unwrap_or_default();
        let adds_up = |id: &str| known(id).is_some_and(|of| of.additive);
        let mut of = InPeriod {
            numbers: Vec::with_capacity(cells.len()),
            ties: Vec::new(),
            sums: BTreeMap::new(),
            groups: BTreeMap::new(),
            totals: BTreeMap::new(),
        };
        let mut places: Places<'c> = BTreeMap::new();
        let mut parts: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for cell in cells {
            let (id, part) = (cell.indicator.as_str(), cell.breakdown.as_str());
            let at = of.number(cell.number, below(id), true, &cell.place);
            let place = Some((cell.place.as_str(), cell.place_from));
            let _ = places.entry((id, place)).or_default().insert(part, at);
            parts.entry((id, part)).or_default().push(at);
        }
        // What may not be added up stands by itself where one place alone says it.
        for ((id, part), of_part) in parts.into_iter().filter(|((id, _), all)| adds_up(id) || all.len() == 1)
        {
            for (group, members) in groups.iter().filter(|_| adds_up(id)) {
                let is_member = |at: &&usize| members.contains(&place_of(cells[**at]));
                let inside: Vec<usize> = of_part.iter().filter(is_member).copied().collect();
                if !inside.is_empty() {
                    let at = of.sum(below(id), inside, group);
                    let _ = of.groups.insert((*group, id, part), at);
                    let _ = places.entry((id, Some((*group, GROUP)))).or_default().insert(part, at);
                }
            }
            let whole = of.sum(below(id), of_part.clone(), part);
            of.others(whole, (id, part), groups, (cells, &of_part), below(id));
            let _ = of.sums.insert((id, part), whole);
            let _ = places.entry((id, EVERYWHERE)).or_default().insert(part, whole);
        }
        let mut by_dimensions: BTreeMap<(&str, String), Vec<usize>> = BTreeMap::new();
        for ((id, part), at) in of.sums.iter().filter(|((id, part), _)| adds_up(id) && !part.is_empty()) {
            by_dimensions.entry((id, dimensions(part))).or_default().push(*at);
        }
        for ((id, dimensions), of_dimensions) in by_dimensions {
            let whole = of.sum(below(id), of_dimensions, &dimensions);
            let _ = of.totals.insert((id, dimensions), whole);
        }
        for ((id, _), parts) in places.iter().filter(|((id, _), _)| adds_up(id)) {
            of.wholes_of(parts, below(id));
        }
        of.declared(form, ties, &places);
        of
    }

    fn number(&mut self, number: Decimal, below: u32, stands: bool, of: &str) -> usize {
        self.numbers.push(SmallNumber { number, below, stands, turn: turn(of) });
        self.numbers.len() - 1
    }

    /// What numbers add up to, as a number of its own.
    fn sum(&mut self, below: u32, parts: Vec<usize>, of: &str) -> usize {
        // Of 400,000 numbers of 28 digits none is that large.
        let add = |sum: Decimal, at: &usize| sum.saturating_add(self.numbers[*at].number);
        let sum = parts.iter().fold(Decimal::ZERO, add);
        let whole = self.number(sum, below, true, of);
        self.ties.push(Tied::Sum { whole, parts });
        whole
    }

    /// What lies outside of a group is all of it less the group.
    fn others(
        &mut self,
        whole: usize,
        (id, part): (&'c str, &'c str),
        groups: &Groups<'c>,
        (cells, of_part): (&[&'c CountedCell], &[usize]),
        below: u32,
    ) {
        for (group, members) in groups {
            let Some(inside) = self.groups.get(&(*group, id, part)).copied() else { continue };
            let is_outside = |at: &&usize| !members.contains(&place_of(cells[**at]));
            let outside: Vec<usize> = of_part.iter().filter(is_outside).copied().collect();
            let mut parts = vec![inside];
            if !outside.is_empty() {
                let rest = self.sum(below, outside, part);
                self.numbers[rest].stands = false;
                parts.push(rest);
            }
            self.ties.push(Tied::Sum { whole, parts });
        }
    }

    /// A part is the whole of finer parts of it: girls, of girls by age.
    fn wholes_of(&mut self, parts: &Parts<'c>, below: u32) {
        let coarse: BTreeSet<Vec<&str>> = parts.keys().map(|part| names(part)).collect();
        let mut finer: BTreeMap<(usize, Vec<&str>), Vec<usize>> = BTreeMap::new();
        for (part, at) in parts {
            let fine = names(part);
            let is_coarser =
                |names: &&Vec<&str>| names.len() < fine.len() && names.iter().all(|name| fine.contains(name));
            for names in coarse.iter().filter(is_coarser) {
                let of = part.split(',').filter(|one| names.contains(&one.split('=').next().unwrap_or(one)));
                if let Some(whole) = parts.get(of.collect::<Vec<_>>().join(",").as_str()) {
                    finer.entry((*whole, fine.clone())).or_default().push(*at);
                }
            }
        }
        for ((whole, _), parts) in finer {
            // A part that nobody says, such as boys beside girls, is what is left over.
            let _ = self.left_over(whole, parts, below);
        }
    }

    /// Ties parts to what is at least their sum, and names what is left over; none where nothing is.
    fn left_over(&mut self, whole: usize, mut parts: Vec<usize>, below: u32) -> Option<usize> {
        let add = |sum: Decimal, at: &usize| sum.saturating_add(self.numbers[*at].number);
        let left = self.numbers[whole].number - parts.iter().fold(Decimal::ZERO, add);
        if left < Decimal::ZERO {
            return None;
        }
        let rest = (!left.is_zero()).then(|| self.number(left, below, false, ""));
        parts.extend(rest);
        self.ties.push(Tied::Sum { whole, parts });
        rest
    }

    /// What the form declares, at each place and over all.
    fn declared(&mut self, form: &Form, ties: &[Tie], places: &Places<'c>) {
        let below = |id: &str| form.indicators.get(id).and_then(|of| of.suppress_below).unwrap_or_default();
        let every_place: BTreeSet<At<'_>> = places.keys().map(|(_, place)| *place).collect();
        for tie in ties {
            let (Tie::Sum(one, others) | Tie::AtMost(one, others) | Tie::Made(one, others)) = tie;
            let most = others.iter().chain([one]).map(|id| below(id)).max().unwrap_or_default();
            let mut left_over: BTreeMap<&str, (Option<usize>, Vec<usize>)> = BTreeMap::new();
            for place in &every_place {
                let Some(wholes) = places.get(&(one.as_str(), *place)) else { continue };
                for (part, whole) in wholes {
                    let of = |id: &String| Some(*places.get(&(id.as_str(), *place))?.get(part)?);
                    let known: Vec<usize> = others.iter().filter_map(of).collect();
                    match tie {
                        // Of a part that is nought the whole is left over.
                        Tie::AtMost(..) if known.is_empty() && place.is_some() && !is_group(*place) => {
                            left_over.entry(part).or_default().1.push(*whole);
                        }
                        _ if known.is_empty() => {}
                        Tie::Sum(..) => self.ties.push(Tied::Sum { whole: *whole, parts: known }),
                        Tie::AtMost(..) => {
                            let rest = self.left_over(*whole, known, most);
                            let (of_all, of_places) = left_over.entry(part).or_default();
                            match place {
                                None => *of_all = rest,
                                // It is the sum of its places as all of them are.
                                Some(_) if is_group(*place) => {}
                                Some(_) => of_places.extend(rest),
                            }
                        }
                        Tie::Made(..) => {
                            if known.len() == others.len() {
                                self.ties.push(Tied::Made { made: *whole, of: known });
                            } else if self.says_a_small_one(form, one, *whole, &known) {
                                self.numbers[*whole].below = u32::MAX;
                            }
                        }
                    }
                }
            }
            // Whoever knows all but one of what is left over knows that, too: all of it is a difference of sums.
            for (whole, parts) in left_over.into_values() {
                self.ties.extend(whole.map(|whole| Tied::Sum { whole, parts }));
            }
        }
    }

    /// Whether a share of what is known would be a small number of persons that nobody says.
    fn says_a_small_one(&self, form: &Form, id: &str, at: usize, known: &[usize]) -> bool {
        let said = || {
            let indicator = form.indicators.get(id)?;
            let (numerator, _) = indicator.ratio.as_ref()?;
            let below = form.indicators.get(numerator)?.suppress_below?;
            let share = self.numbers[at].number.checked_mul(self.numbers[*known.first()?].number)?;
            let persons = if indicator.percent { share / Decimal::ONE_HUNDRED } else { share };
            Some(persons.round() < Decimal::from(below))
        };
        said().unwrap_or_default()
    }

    fn told(self, period: Period, cells: &[&'c CountedCell], to: &mut KeptBack<'c>) {
        let hidden = suppressed(&self.numbers, &self.ties);
        let told = |at: usize| (self.numbers[at].number, hidden[at]);
        for (at, cell) in cells.iter().enumerate() {
            let CountedCell { indicator, breakdown, place, place_from, .. } = *cell;
            let _ = to.cells.insert((indicator, breakdown, place, *place_from, period), told(at));
        }
        to.sums.extend(self.sums.iter().map(|((id, part), at)| ((*id, *part, period), told(*at))));
        to.groups.extend(
            self.groups.iter().map(|((group, id, part), at)| ((*group, *id, *part, period), told(*at))),
        );
        to.totals.extend(self.totals.into_iter().map(|((id, of), at)| ((id, of, period), told(at))));
    }
}

/// When a number goes with a small one, by what it is of: 64 bits of FNV-1a, so that it is not always the first of a list,
/// and the same in each period and for whoever asks.
fn turn(of: &str) -> u64 {
    of.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn place_of(cell: &CountedCell) -> (&str, Date) {
    (&cell.place, cell.place_from)
}

/// The dimensions of a part: `age=0-4,sex=f` is one of `age,sex`.
pub(crate) fn dimensions(breakdown: &str) -> String {
    names(breakdown).join(",")
}

fn names(breakdown: &str) -> Vec<&str> {
    let parts = breakdown.split(',').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').map_or(part, |(name, _)| name)).collect()
}
