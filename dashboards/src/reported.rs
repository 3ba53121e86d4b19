//! What a domain's screen shows of reported numbers: sums by period beside what was before, ratios, and how far plans are.
//!
//! A part of an indicator is added up over all places. What is kept back of it is said by [`KeptBack`].

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    asker::Asker,
    form::{Form, Over, Period, PeriodKind, PlacesByCode, Sense, Target, Vintage},
    pack::{Feed, Pack},
    place::{Date, Place, PlaceGroup, PlaceKind},
    text::Text,
    time::ReceivedAt,
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::Serialize;

use crate::{
    kept_back::KeptBack,
    reports::{IndicatorView, PeriodView, as_text, number_as_text},
    restated::{Asked, MapView},
};

/// The most sums of a form that are looked at: five years of months of a form of 80 indicators and parts.
pub const SUMS_MAX: u32 = 5_000;
/// The most periods that a series has.
const PERIODS_MAX: usize = 61;
/// Decimal places of a share or growth, in per cent.
const SHARE_DECIMALS: u32 = 4;

/// What a part of an indicator adds up to over all places in a period, before anything of it is kept back.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedSum {
    /// The indicator.
    pub indicator: String,
    /// Which part; empty for the whole.
    pub breakdown: String,
    /// When.
    pub period: Period,
    /// The sum of what is known; none where nothing is.
    pub sum: Option<Decimal>,
    /// Cells that are known.
    pub known: u32,
    /// Cells of which something was said.
    pub said: u32,
    /// The least final of them.
    pub vintage: Vintage,
    /// When the newest of them arrived.
    pub received_at: ReceivedAt,
    /// The epoch that stored the newest of them.
    pub revision: u64,
}

/// What a ratio is made of in a period: sums over the cells that know both, before anything of it is kept back.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedRatio {
    /// The ratio.
    pub indicator: String,
    /// Which part; empty for the whole.
    pub breakdown: String,
    /// When.
    pub period: Period,
    /// The sum of its numerators,
    pub numerator: Decimal,
    /// and of its denominators.
    pub denominator: Decimal,
    /// Of so many cells.
    pub known: u32,
}

impl ReportedSum {
    /// Whether it is not told, be it of all places or of a group of them.
    fn is_kept_by(&self, kept_back: &KeptBack<'_>, group: Option<&PlaceGroup>) -> bool {
        let of = (&*self.indicator, &*self.breakdown);
        let keeps = |sum| match group {
            Some(group) => kept_back.keeps_group(&group.id, of, self.period, sum),
            None => kept_back.keeps_sum(of.0, of.1, self.period, sum),
        };
        self.sum.is_some_and(keeps)
    }
}

/// A form of the screen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DomainForm {
    /// Identifier.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// The feeds that bring it, of those that the asker sees.
    pub feeds: Vec<String>,
}

/// What a plan wants reached of an indicator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetLine {
    /// The target.
    pub id: String,
    /// What is to be reached.
    pub name: Text,
    /// The indicator that says it, over all places.
    pub indicator: String,
    /// How much, in the unit of the indicator.
    #[serde(serialize_with = "number_as_text")]
    pub value: Decimal,
    /// On which side of it the value is to be: `at_least`, `at_most`.
    pub sense: &'static str,
    /// The first day of the plan's time,
    pub valid_from: Date,
    /// and the last, on which it is due.
    pub valid_to: Date,
    /// The decision behind it.
    pub basis: String,
}

/// A part of its indicators.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartView {
    /// As it is kept: `disease=A91`; empty for the whole.
    pub id: String,
    /// Its name.
    pub name: Text,
}

/// What an indicator's part is in a period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SumView {
    /// When.
    pub period: PeriodView,
    /// The sum over all places, or the ratio of sums; none where it is not known or kept back.
    #[serde(serialize_with = "as_text")]
    pub value: Option<Decimal>,
    /// Whether it is kept back for being a small number of persons.
    pub withheld: bool,
    /// Cells that are known,
    pub known: u32,
    /// of how many.
    pub expected: u32,
    /// The least final of them.
    pub vintage: Vintage,
    /// When the newest of them arrived.
    pub received_at: ReceivedAt,
    /// The epoch that stored the newest of them.
    pub revision: u64,
    /// Per cent by which it grew since the period before; none where not all of both is known, or places are others.
    #[serde(serialize_with = "as_text")]
    pub growth: Option<Decimal>,
    /// The same of the same period a year before.
    #[serde(serialize_with = "as_text")]
    pub growth_in_year: Option<Decimal>,
}

/// A part of an indicator, period by period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeriesOfSums {
    /// The indicator.
    pub indicator: String,
    /// Which part; empty for the whole.
    pub part: String,
    /// The newest first.
    pub points: Vec<SumView>,
}

/// What a domain's screen shows of one of its forms.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DomainView {
    /// Its forms, those of which something is known first.
    pub forms: Vec<DomainForm>,
    /// The one that is shown; none where there is none.
    pub form: Option<String>,
    /// What is reported in it.
    pub indicators: Vec<IndicatorView>,
    /// What plans want reached of them.
    pub targets: Vec<TargetLine>,
    /// Parts of which something is known.
    pub parts: Vec<PartView>,
    /// What was reported.
    pub series: Vec<SeriesOfSums>,
    /// How places are read; none of a screen without a form.
    pub map: Option<MapView>,
    /// The group of places that is added up; none for all of them.
    pub group: Option<String>,
}

/// A target of a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetView {
    /// Identifier.
    pub id: String,
    /// What is to be reached.
    pub name: Text,
    /// The first day of the plan's time,
    pub valid_from: Date,
    /// and the last, on which it is due.
    pub valid_to: Date,
    /// The tiers that are counted.
    pub tiers: Vec<PlaceKind>,
    /// The form that says it.
    pub form: String,
    /// That form's name.
    pub form_name: Text,
    /// On which side of it the value is to be.
    pub sense: &'static str,
    /// Whether it is in per cent.
    pub percent: bool,
    /// What is to be reached; none where the plan gives no number.
    #[serde(serialize_with = "as_text")]
    pub target: Option<Decimal>,
    /// What of a year counts: `latest`, `year`.
    pub over: &'static str,
    /// The decision behind it.
    pub basis: String,
    /// How far it is, the newest year first; nothing of years of which nothing is known.
    pub years: Vec<TargetYear>,
}

/// A target in a year.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetYear {
    /// The target.
    #[serde(skip)]
    pub target: String,
    /// The year.
    pub year: u16,
    /// Its last period of which anything is known, as it is written.
    pub period: String,
    /// Periods of the year of which anything is known,
    pub periods: u64,
    /// of how many.
    pub periods_of_year: u64,
    /// What is reached; none where it is not known.
    pub value: Option<f64>,
    /// Cells that are known,
    pub known: u64,
    /// of how many.
    pub expected: u64,
    /// `on_target`, `behind`, `no_target`, `unknown`; `withheld` where it would say what is kept back of persons.
    pub verdict: String,
    /// Whether the plan's time was not over.
    pub is_in_time: bool,
}

/// All targets of a pack.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TargetList {
    /// They, by identifier.
    pub targets: Vec<TargetView>,
    /// How places are read: a target is a sum over all of them, which is the same on every map.
    pub map: Option<MapView>,
}

impl TargetList {
    /// Of a pack, with what is known of them.
    #[must_use]
    pub fn of(pack: &Pack, years: &[TargetYear]) -> TargetList {
        let view = |target: &Target| TargetView {
            id: target.id.clone(),
            name: target.name.clone(),
            valid_from: target.valid.0,
            valid_to: target.valid.1,
            tiers: target.tiers.clone(),
            form: target.form.clone(),
            form_name: pack.forms.get(&target.form).map(|form| form.name.clone()).unwrap_or_default(),
            sense: Sense::word(target.sense),
            percent: !target.denominator.is_empty(),
            target: target.value,
            over: Over::word(target.over),
            basis: target.basis.clone(),
            years: years.iter().filter(|year| year.target == target.id).cloned().collect(),
        };
        TargetList { targets: pack.targets.values().map(view).collect(), map: None }
    }
}

impl DomainView {
    /// Of a screen that has no form.
    #[must_use]
    pub fn empty(pack: &Pack, asker: &Asker, screen: &str) -> DomainView {
        let feeds = |form: &Form| {
            let brings = |feed: &&Feed| feed.forms.contains(&form.id) && asker.sees_feed(&feed.id);
            pack.feeds.values().filter(brings).map(|feed| feed.id.clone()).collect()
        };
        let view =
            |form: &Form| DomainForm { id: form.id.clone(), name: form.name.clone(), feeds: feeds(form) };
        DomainView { forms: forms_of(pack, screen).map(view).collect(), ..DomainView::default() }
    }

    /// Of one of a screen's forms, with what was reported in it.
    #[must_use]
    pub fn of(
        pack: &Pack,
        (asker, screen): (&Asker, &str),
        form: &Form,
        (sums, ratios, group): (&[ReportedSum], &[ReportedRatio], Option<&PlaceGroup>),
        kept_back: &KeptBack<'_>,
        asked: &Asked<'_>,
    ) -> DomainView {
        let scope = ScopeOf { form, places: PlacesByCode::of(&pack.places), group, asked };
        let mut series: BTreeMap<(&str, &str), Vec<&ReportedSum>> = BTreeMap::new();
        for sum in sums {
            series.entry((&sum.indicator, &sum.breakdown)).or_default().push(sum);
        }
        for of in series.values_mut() {
            of.sort_by_key(|sum| std::cmp::Reverse(sum.period.start));
            of.truncate(PERIODS_MAX);
        }
        let parts: BTreeSet<&str> = series.keys().map(|(_, part)| *part).collect();
        let mut shown = Vec::new();
        for indicator in form.indicators.values() {
            for part in &parts {
                let of = |id: &str| -> &[&ReportedSum] {
                    let found = series.iter().find(|((indicator, of), _)| (*indicator, of) == (id, part));
                    found.map(|(_, sums)| sums.as_slice()).unwrap_or_default()
                };
                let points = match &indicator.ratio {
                    Some((numerator, denominator)) => {
                        let made =
                            ratios.iter().filter(|of| of.indicator == indicator.id && of.breakdown == *part);
                        let made: BTreeMap<Period, &ReportedRatio> = made.map(|of| (of.period, of)).collect();
                        scope.ratios(kept_back, of(numerator), of(denominator), (&made, indicator.percent))
                    }
                    None => scope.sums(kept_back, of(&indicator.id), indicator.additive),
                };
                if !points.is_empty() {
                    let (indicator, part) = (indicator.id.clone(), (*part).to_owned());
                    shown.push(SeriesOfSums { indicator, part, points: scope.with_growth(points) });
                }
            }
        }
        DomainView {
            form: Some(form.id.clone()),
            indicators: form.indicators.values().map(IndicatorView::from).collect(),
            targets: target_lines(pack, form, group),
            parts: parts.iter().map(|part| part_view(form, part)).collect(),
            series: shown,
            map: Some(asked.view()),
            group: group.map(|group| group.id.clone()),
            ..DomainView::empty(pack, asker, screen)
        }
    }
}

/// What plans want reached of a form's indicators over all places. Of some of them a plan wants nothing said.
fn target_lines(pack: &Pack, form: &Form, group: Option<&PlaceGroup>) -> Vec<TargetLine> {
    let lines = form.indicators.values().flat_map(|indicator| {
        let of = pack.targets.values().filter(move |target| target.is_said_by(form, indicator));
        of.filter_map(|target| {
            Some(TargetLine {
                id: target.id.clone(),
                name: target.name.clone(),
                indicator: indicator.id.clone(),
                value: target.value?,
                sense: target.sense.word(),
                valid_from: target.valid.0,
                valid_to: target.valid.1,
                basis: target.basis.clone(),
            })
        })
    });
    lines.filter(|_| group.is_none()).collect()
}

/// The forms of a screen.
pub(crate) fn forms_of<'p>(pack: &'p Pack, screen: &'p str) -> impl Iterator<Item = &'p Form> {
    pack.forms.values().filter(move |form| form.screen.as_deref() == Some(screen))
}

fn part_view(form: &Form, part: &str) -> PartView {
    let named = part.split(',').filter(|one| !one.is_empty()).map(|one| {
        let (column, member) = one.split_once('=').unwrap_or((one, ""));
        form.member_name(column, member).unwrap_or_else(|| Text { vi: one.to_owned(), en: one.to_owned() })
    });
    let (vi, en): (Vec<String>, Vec<String>) = named.map(|name| (name.vi, name.en)).unzip();
    PartView { id: part.to_owned(), name: Text { vi: vi.join(", "), en: en.join(", ") } }
}

/// The places that a form is about, period by period.
struct ScopeOf<'p> {
    form: &'p Form,
    places: PlacesByCode<'p>,
    /// The group that is added up; none for all places.
    group: Option<&'p PlaceGroup>,
    asked: &'p Asked<'p>,
}

impl<'p> ScopeOf<'p> {
    /// Versions of places that could say something on a day; none where the form is about whatever is named.
    fn on(&self, day: Date) -> Option<BTreeSet<(&'p str, Date)>> {
        let scope = &self.form.places;
        let there = || self.places.of_scope_on(scope, day).into_iter();
        let is_counted = |place: &&Place| self.group.is_none_or(|group| group.members.contains(&place.key));
        let key = |place: &'p Place| (place.key.code.as_str(), place.key.valid_from);
        (!scope.kinds.is_empty()).then(|| there().filter(is_counted).map(key).collect())
    }

    /// Whether both days have the same people and land: the same places, or what covers the same on the map that is asked for.
    /// A group always has.
    fn is_same(&self, one: Date, other: Date) -> bool {
        let (one, other) = (self.on(one), self.on(other));
        let extent = |of: &Option<BTreeSet<(&str, Date)>>| of.as_ref().and_then(|of| self.asked.extent(of));
        self.group.is_some() || one == other || extent(&one).is_some_and(|of| Some(of) == extent(&other))
    }

    fn expected(&self, sum: &ReportedSum) -> u32 {
        let places = self.on(sum.period.end).map_or(0, |places| places.len());
        sum.said.max(u32::try_from(places).unwrap_or(u32::MAX))
    }

    fn sums(&self, kept_back: &KeptBack<'_>, of: &[&ReportedSum], additive: bool) -> Vec<SumView> {
        let view = |sum: &&ReportedSum| {
            // What may not be added up is there as it is where one place alone says it.
            let is_one = additive || sum.known == 1;
            let withheld = is_one && sum.is_kept_by(kept_back, self.group);
            let value = sum.sum.filter(|_| is_one && !withheld);
            self.view(sum, value, withheld, sum.known)
        };
        of.iter().map(view).collect()
    }

    /// Sums by sums, of the cells that know both. Where those are not all that are added up, they are a part that nobody
    /// looked at: of persons it is not told.
    fn ratios(
        &self,
        kept_back: &KeptBack<'_>,
        numerators: &[&ReportedSum],
        denominators: &[&ReportedSum],
        (made, percent): (&BTreeMap<Period, &ReportedRatio>, bool),
    ) -> Vec<SumView> {
        let both = numerators.iter().filter_map(|of| {
            let by = denominators.iter().find(|by| by.period == of.period)?;
            let made = made.get(&of.period);
            let known = made.map_or(0, |made| made.known);
            let is_part = known < of.known || known < by.known;
            let is_of_persons = kept_back.is_about(&of.indicator) || kept_back.is_about(&by.indicator);
            let is_kept = of.is_kept_by(kept_back, self.group) || by.is_kept_by(kept_back, self.group);
            let withheld = is_kept || (is_part && is_of_persons && known > 0);
            let share = || {
                let made = made.filter(|made| made.denominator > Decimal::ZERO)?;
                let share = made.numerator.checked_div(made.denominator)?;
                Some((if percent { share * Decimal::ONE_HUNDRED } else { share }).round_dp(SHARE_DECIMALS))
            };
            Some(self.view(of, share().filter(|_| !withheld), withheld, known))
        });
        both.collect()
    }

    fn view(&self, sum: &ReportedSum, value: Option<Decimal>, withheld: bool, known: u32) -> SumView {
        SumView {
            period: PeriodView::from(sum.period),
            value,
            withheld,
            known,
            expected: self.expected(sum),
            vintage: sum.vintage,
            received_at: sum.received_at,
            revision: sum.revision,
            growth: None,
            growth_in_year: None,
        }
    }

    /// Beside what was before, where all of both is known of the same places.
    fn with_growth(&self, points: Vec<SumView>) -> Vec<SumView> {
        let period =
            |of: &SumView| Period { kind: of.period.kind, start: of.period.start, end: of.period.end };
        let growth = |now: &SumView, before: Option<Period>| {
            let before = before?;
            let then = points.iter().find(|point| period(point) == before)?;
            let whole = |of: &SumView| of.known >= of.expected;
            let (now_value, was) = (now.value?, then.value.filter(|was| *was > Decimal::ZERO)?);
            let same = self.is_same(now.period.end, then.period.end);
            let grown = (now_value - was).checked_div(was)? * Decimal::ONE_HUNDRED;
            (whole(now) && whole(then) && same).then(|| grown.round_dp(SHARE_DECIMALS))
        };
        let grown: Vec<(Option<Decimal>, Option<Decimal>)> = points
            .iter()
            .map(|now| {
                let of = period(now);
                let before = (of.kind != PeriodKind::Day).then(|| of.previous()).flatten();
                (growth(now, before), growth(now, of.a_year_earlier()))
            })
            .collect();
        points
            .into_iter()
            .zip(grown)
            .map(|(point, (growth, growth_in_year))| SumView { growth, growth_in_year, ..point })
            .collect()
    }
}

impl TargetYear {
    /// Without its number, and without which side of the target that is on.
    #[must_use]
    pub fn withheld(self) -> TargetYear {
        TargetYear { value: None, verdict: "withheld".to_owned(), ..self }
    }

    /// Its value to as many places as a page shows.
    #[must_use]
    pub fn rounded(self) -> TargetYear {
        let round = |value: f64| Decimal::from_f64_retain(value)?.round_dp(SHARE_DECIMALS).to_f64();
        TargetYear { value: self.value.and_then(round), ..self }
    }
}
