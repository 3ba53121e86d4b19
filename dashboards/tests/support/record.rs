//! What a board asks in tests: a record of epochs, told what to answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::ready,
    sync::{Mutex, PoisonError},
};

use ioc_dashboards::{
    HistoryError,
    alert_times::AlertTimesView,
    alerts::AlertView,
    events::{EventPage, EventView, EventsSummed},
    figures::FigureView,
    held::{HeldList, HeldOf},
    history::{AlertEvent, AlertStory, Fate, History, HistoryAnswer, TrendPoint},
    kept_back::CountedCell,
    lineage::{EnvelopeRows, TracedAssessment, TracedIndex, TracedWindow},
    measures::{DistinctTotal, MeasureWindows, SensorAlerts},
    misread::Misread,
    rejects::RejectView,
    replays::{RejectGroup, ReplayOrder, ReplayTrial, ReplayView, StoredPeriod},
    reported::{ReportedRatio, ReportedSum, TargetYear},
    reports::{CellView, FindingView, ReceiptPage, ReceiptView, ReportStory},
    series::{SeriesEntries, SeriesQuery},
};
use ioc_model::{
    asker::Asker,
    epoch::{Epoch, Revision},
    event::{EventCursor, EventFilter, MeasureFilter},
    form::{CellFilter, Form, ObligationScore, Period, ReceiptCursor, ReceiptFilter},
    index::IndexId,
    limit::Averaging,
    place::PlaceKey,
    position::Position,
    results::{AlertResult, EpochResults, Obligation, Receipt},
    rule::{AlertEvents, AlertKey},
    time::{EventTime, Now, ReceivedAt},
    window::WindowKind,
};
use rust_decimal::Decimal;

/// Windows, rejects and alerts of the epochs it was shown, and answers it was told.
#[derive(Debug, Default)]
pub struct Record(Mutex<Recorded>);

#[derive(Debug, Default)]
struct Recorded {
    windows: BTreeMap<(String, String), BTreeMap<EventTime, TrendPoint>>,
    rejects: Vec<RejectView>,
    alerts: BTreeMap<AlertKey, Vec<(Epoch, AlertResult)>>,
    told: Told,
    asked: Vec<String>,
    askers: Vec<Asker>,
}

/// What it answers whatever is asked, and none where nothing is there.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub series: Option<SeriesEntries>,
    pub index: Option<TracedIndex>,
    pub assessment: Option<TracedAssessment>,
    pub limit: Option<String>,
    pub window: Option<TracedWindow>,
    pub rows: EnvelopeRows,
    pub figures: Vec<FigureView>,
    pub held: HeldList,
    pub rejected: Vec<RejectGroup>,
    pub replays: Vec<ReplayView>,
    pub trial: ReplayTrial,
    pub period: StoredPeriod,
    /// The newest first.
    pub events: Vec<EventView>,
    pub summed: EventsSummed,
    pub measures: Vec<MeasureWindows>,
    /// However far back is asked for.
    pub different: Vec<DistinctTotal>,
    /// The newest first.
    pub receipts: Vec<Receipt>,
    pub cells: Vec<CellView>,
    /// The cells that are shown, where those are others: of a message that was corrected, of other periods.
    pub counts: Option<Vec<CellView>>,
    /// What they add up to.
    pub sums: Vec<ReportedSum>,
    /// How far targets are.
    pub targets: Vec<TargetYear>,
    pub sensors: Vec<SensorAlerts>,
    pub misread: Misread,
    pub alert_times: Vec<AlertTimesView>,
    /// What agencies owe,
    pub owed: Vec<Obligation>,
    /// and how they keep that.
    pub scores: Vec<ObligationScore>,
    pub trouble: Option<Trouble>,
}

impl Told {
    fn receipt(&self, asker: &Asker, position: Position) -> Option<&Receipt> {
        let mut seen = self.receipts.iter().filter(|receipt| asker.sees_feed(&receipt.feed));
        seen.find(|receipt| receipt.arrival.position == position)
    }
}

/// Why a store does not answer.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    Away,
    Refusing(&'static str),
}

impl Record {
    pub fn take(&self, results: &EpochResults) {
        let mut recorded = self.0.lock().unwrap();
        for window in &results.facts.windows {
            let count = window.aggregate.count > 0;
            let point = TrendPoint {
                start: window.start,
                end: window.end,
                mean: window.aggregate.mean(),
                min: count.then_some(window.aggregate.min),
                max: count.then_some(window.aggregate.max),
                count: window.aggregate.count,
                received: window.received,
                expected: window.expected,
                closed_by: window.closed_by,
                spiked: window.spiked,
                revision: results.epoch.into(),
            };
            let series = (window.subject.to_string(), window.indicator.to_string());
            recorded.windows.entry(series).or_default().insert(window.start, point);
        }
        recorded.rejects.extend(results.facts.rejects.iter().map(|row| RejectView::new(results.epoch, row)));
        for alert in &results.facts.alerts {
            recorded.alerts.entry(alert.key.clone()).or_default().push((results.epoch, alert.clone()));
        }
    }

    /// Changes what it answers.
    pub fn tell(&self, change: impl FnOnce(&mut Told)) {
        change(&mut self.0.lock().unwrap().told);
    }

    /// The rejects of the epochs it was shown.
    pub fn rejects(&self) -> Vec<RejectView> {
        self.0.lock().unwrap().rejects.clone()
    }

    /// What it was asked, each as one text.
    pub fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }

    /// By whom it was asked, each time.
    pub fn askers(&self) -> Vec<Asker> {
        self.0.lock().unwrap().askers.clone()
    }

    fn answer<'a, T: Send + 'a>(
        &self,
        asker: &Asker,
        asked: String,
        look: impl FnOnce(&Recorded) -> T,
    ) -> HistoryAnswer<'a, T> {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.asked.push(asked);
        recorded.askers.push(asker.clone());
        let answer = match recorded.told.trouble {
            Some(Trouble::Away) => Err(HistoryError::Away("connection refused".into())),
            Some(Trouble::Refusing(why)) => Err(HistoryError::Refused(why.into())),
            None => Ok(look(&recorded)),
        };
        Box::pin(ready(answer))
    }

    /// The same of what it was told.
    pub(super) fn told<'a, T: Send + 'a>(
        &self,
        asker: &Asker,
        asked: String,
        look: impl FnOnce(&Told) -> T,
    ) -> HistoryAnswer<'a, T> {
        self.answer(asker, asked, |recorded| look(&recorded.told))
    }
}

impl History for Record {
    fn trend<'a>(
        &'a self,
        asker: &'a Asker,
        subject: &'a str,
        indicator: &'a str,
        from: EventTime,
        until: EventTime,
    ) -> HistoryAnswer<'a, Vec<TrendPoint>> {
        self.answer(asker, format!("trend {subject} {indicator}"), |recorded| {
            let series = recorded.windows.get(&(subject.to_owned(), indicator.to_owned()));
            let range =
                series.map(|series| series.range(from..until).map(|(_, point)| point.clone()).collect());
            range.filter(|_| asker.sees_station(subject)).unwrap_or_default()
        })
    }

    fn rejects<'a>(&'a self, asker: &'a Asker, limit: usize) -> HistoryAnswer<'a, Vec<RejectView>> {
        self.answer(asker, format!("rejects {limit}"), |recorded| {
            let theirs = recorded.rejects.iter().rev().filter(|reject| asker.sees_feed(&reject.feed));
            theirs.take(limit).cloned().collect()
        })
    }

    fn fate<'a>(&'a self, asker: &'a Asker, position: Position) -> HistoryAnswer<'a, Fate> {
        self.answer(asker, format!("fate {position}"), |_| Fate::default())
    }

    fn reject_groups<'a>(
        &'a self,
        asker: &'a Asker,
        (from, until): (ReceivedAt, ReceivedAt),
    ) -> HistoryAnswer<'a, Vec<RejectGroup>> {
        self.answer(asker, format!("reject groups {} {}", from.0, until.0), |recorded| {
            recorded.told.rejected.clone()
        })
    }

    fn replays<'a>(&'a self, asker: &'a Asker, limit: u32) -> HistoryAnswer<'a, Vec<ReplayView>> {
        self.answer(asker, format!("replays {limit}"), |recorded| recorded.told.replays.clone())
    }

    fn stored_period<'a>(
        &'a self,
        asker: &'a Asker,
        feed: &'a str,
        (from, until): (ReceivedAt, ReceivedAt),
    ) -> HistoryAnswer<'a, StoredPeriod> {
        self.answer(asker, format!("stored period {feed} {} {}", from.0, until.0), |recorded| {
            recorded.told.period.clone()
        })
    }

    fn foresee<'a>(&'a self, asker: &'a Asker, orders: &'a [ReplayOrder]) -> HistoryAnswer<'a, ReplayTrial> {
        self.answer(asker, format!("foresee {orders:?}"), |recorded| recorded.told.trial.clone())
    }

    fn held<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a HeldOf,
        zone: &'a str,
        limit: u32,
    ) -> HistoryAnswer<'a, HeldList> {
        self.answer(asker, format!("held {of:?} {zone} {limit}"), |recorded| recorded.told.held.clone())
    }

    fn events<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a EventFilter,
        before: Option<EventCursor>,
        limit: u32,
    ) -> HistoryAnswer<'a, EventPage> {
        let asked = format!("events {of:?} {} {limit}", before.map(|it| it.to_string()).unwrap_or_default());
        self.answer(asker, asked, |recorded| {
            let theirs = recorded.told.events.iter().filter(|event| asker.sees_feed(&event.feed));
            let older =
                theirs.filter(|event| before.is_none_or(|place| event.happened_at < place.happened_at));
            EventPage::of(older.take(limit as usize + 1).cloned().collect(), limit)
        })
    }

    fn alert_times<'a>(
        &'a self,
        asker: &'a Asker,
        from: Now,
        until: Now,
    ) -> HistoryAnswer<'a, Vec<AlertTimesView>> {
        self.answer(asker, format!("times of alerts {} {}", from.0, until.0), move |recorded| {
            recorded.told.alert_times.clone()
        })
    }

    fn alert_events<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a AlertEvents,
        before: Option<EventCursor>,
        limit: u32,
    ) -> HistoryAnswer<'a, EventPage> {
        let group = &of.counted.group;
        let before = before.map(|it| it.to_string()).unwrap_or_default();
        let asked = format!("events of {group} {} {} {before} {limit}", of.from.0, of.epoch.0);
        self.answer(asker, asked, move |recorded| {
            let theirs = recorded.told.events.iter().filter(|event| asker.sees_feed(&event.feed));
            EventPage::of(theirs.cloned().collect(), limit)
        })
    }

    fn events_summed<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a EventFilter,
        log_sources: &'a [String],
        at: Now,
    ) -> HistoryAnswer<'a, EventsSummed> {
        let asked = format!("events_summed {of:?} {log_sources:?} {}", at.0);
        self.answer(asker, asked, |recorded| recorded.told.summed.clone())
    }

    fn misread<'a>(
        &'a self,
        asker: &'a Asker,
        feeds: &'a [String],
        from: EventTime,
        until: EventTime,
    ) -> HistoryAnswer<'a, Misread> {
        let asked = format!("misread {feeds:?} {} {}", from.0, until.0);
        self.answer(asker, asked, |recorded| recorded.told.misread.clone())
    }

    fn measures<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a MeasureFilter,
    ) -> HistoryAnswer<'a, Vec<MeasureWindows>> {
        self.answer(asker, measures_asked("measures", of), |recorded| {
            recorded.told.measures.clone().into_iter().filter(|_| asker.sees_province()).collect()
        })
    }

    fn distinct_totals<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a MeasureFilter,
    ) -> HistoryAnswer<'a, Vec<DistinctTotal>> {
        self.answer(asker, measures_asked("different ones", of), |recorded| {
            recorded.told.different.clone().into_iter().filter(|_| asker.sees_province()).collect()
        })
    }

    fn sensor_alerts<'a>(
        &'a self,
        asker: &'a Asker,
        measures: [&'a str; 2],
        from: EventTime,
        until: EventTime,
    ) -> HistoryAnswer<'a, Vec<SensorAlerts>> {
        let asked = format!("sensors {measures:?} {} {}", from.0, until.0);
        self.answer(asker, asked, |recorded| {
            recorded.told.sensors.clone().into_iter().filter(|_| asker.sees_province()).collect()
        })
    }

    fn series<'a>(&'a self, asker: &'a Asker, asked: &'a SeriesQuery) -> HistoryAnswer<'a, SeriesEntries> {
        self.answer(asker, format!("{asked:?}"), |recorded| recorded.told.series.clone().unwrap_or_default())
    }

    fn alerts<'a>(
        &'a self,
        asker: &'a Asker,
        before: Option<Now>,
        limit: u32,
    ) -> HistoryAnswer<'a, Vec<AlertView>> {
        self.answer(asker, format!("alerts {before:?} {limit}"), |recorded| {
            let views =
                recorded.alerts.values().filter_map(|told| AlertView::of(told.iter().map(|(_, it)| it)));
            let mut alerts: Vec<_> = views
                .filter(|view| {
                    asker.sees_alert(view.about, &view.subject)
                        && before.is_none_or(|before| view.raised_at < before)
                })
                .collect();
            alerts.sort_by_key(|view| std::cmp::Reverse(view.raised_at));
            alerts.truncate(limit as usize);
            alerts
        })
    }

    fn alert<'a>(&'a self, asker: &'a Asker, key: &'a AlertKey) -> HistoryAnswer<'a, Option<AlertStory>> {
        self.answer(asker, format!("alert {key}"), |recorded| {
            let sees = |told: &&Vec<(Epoch, AlertResult)>| {
                told.iter().all(|(_, result)| asker.sees_alert(result.about, &key.subject))
            };
            let told = recorded.alerts.get(key).filter(sees)?;
            let alert = AlertView::of(told.iter().map(|(_, result)| result))?;
            let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let event = |(epoch, result): &(Epoch, AlertResult)| AlertEvent {
                change: result.change,
                at: result.at,
                active: result.active,
                acknowledged: result.acknowledged,
                occurrences: result.occurrences,
                user: said(&result.user),
                note: said(&result.note),
                evidence: result.evidence.clone(),
                epoch: *epoch,
            };
            Some(AlertStory { alert, history: told.iter().map(event).collect() })
        })
    }

    fn figures_known_at<'a>(&'a self, asker: &'a Asker, moment: Now) -> HistoryAnswer<'a, Vec<FigureView>> {
        self.answer(asker, format!("figures {}", moment.0), |recorded| recorded.told.figures.clone())
    }

    fn index<'a>(
        &'a self,
        asker: &'a Asker,
        index: IndexId,
        subject: &'a str,
        kind: WindowKind,
        start: EventTime,
        revision: Option<Revision>,
    ) -> HistoryAnswer<'a, Option<TracedIndex>> {
        let revision = revision.map(|revision| revision.0);
        let asked = format!("index {} {subject} {} {} {revision:?}", index.word(), kind.word(), start.0);
        self.answer(asker, asked, |recorded| recorded.told.index.clone())
    }

    fn assessment<'a>(
        &'a self,
        asker: &'a Asker,
        limit: &'a str,
        subject: &'a str,
        averaging: Averaging,
        start: EventTime,
        revision: Option<Revision>,
    ) -> HistoryAnswer<'a, Option<TracedAssessment>> {
        let revision = revision.map(|revision| revision.0);
        let asked = format!("assessment {limit} {subject} {} {} {revision:?}", averaging.word(), start.0);
        self.answer(asker, asked, |recorded| recorded.told.assessment.clone())
    }

    fn judged_by<'a>(
        &'a self,
        asker: &'a Asker,
        indicator: &'a str,
        subject: &'a str,
        averaging: Averaging,
        start: EventTime,
    ) -> HistoryAnswer<'a, Option<String>> {
        let asked = format!("judged_by {indicator} {subject} {} {}", averaging.word(), start.0);
        self.answer(asker, asked, |recorded| recorded.told.limit.clone())
    }

    fn window<'a>(
        &'a self,
        asker: &'a Asker,
        indicator: &'a str,
        subject: &'a str,
        kind: WindowKind,
        start: EventTime,
        revision: Option<Revision>,
    ) -> HistoryAnswer<'a, Option<TracedWindow>> {
        let revision = revision.map(|revision| revision.0);
        let asked = format!("window {indicator} {subject} {} {} {revision:?}", kind.word(), start.0);
        self.answer(asker, asked, |recorded| recorded.told.window.clone())
    }

    fn receipts<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ReceiptFilter,
        before: Option<ReceiptCursor>,
        limit: u32,
    ) -> HistoryAnswer<'a, ReceiptPage> {
        let before = before.map(|it| it.to_string()).unwrap_or_default();
        self.answer(asker, format!("receipts {of:?} {before} {limit}"), |recorded| {
            let theirs = recorded.told.receipts.iter().filter(|receipt| asker.sees_feed(&receipt.feed));
            ReceiptPage::of(&theirs.take(limit as usize + 1).cloned().collect::<Vec<_>>(), limit)
        })
    }

    fn receipt<'a>(
        &'a self,
        asker: &'a Asker,
        position: Position,
    ) -> HistoryAnswer<'a, Option<(ReceiptView, Vec<FindingView>)>> {
        self.answer(asker, format!("receipt {position}"), |recorded| {
            let receipt = recorded.told.receipt(asker, position)?;
            Some((receipt.into(), receipt.findings.iter().map(FindingView::from).collect()))
        })
    }

    fn report<'a>(&'a self, asker: &'a Asker, position: Position) -> HistoryAnswer<'a, Option<ReportStory>> {
        self.answer(asker, format!("report {position}"), |recorded| {
            let receipt = recorded.told.receipt(asker, position)?;
            Some(ReportStory::of(receipt, recorded.told.cells.clone()))
        })
    }

    fn report_values<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a str,
        periods: &'a [Period],
        of: &'a CellFilter,
    ) -> HistoryAnswer<'a, Vec<CellView>> {
        let labels: Vec<String> =
            periods.iter().map(|period| format!("{} {}", period.kind.word(), period.start)).collect();
        let some = |of: &Option<BTreeSet<String>>| {
            of.as_ref().map_or("all".to_owned(), |of| of.iter().cloned().collect::<Vec<_>>().join("+"))
        };
        let part = of.part.as_deref().unwrap_or("all");
        let of_cells = format!("{} {part} {}", some(&of.indicators), some(&of.codes));
        let asked = format!("report_values {form} {} {of_cells}", labels.join(","));
        self.answer(asker, asked, |recorded| {
            let is_of = |cell: &&CellView| of.is_of(&cell.indicator, &cell.breakdown, &cell.place);
            recorded.told.cells.iter().filter(is_of).cloned().collect()
        })
    }

    fn report_places<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a str,
        _: &'a [Period],
    ) -> HistoryAnswer<'a, BTreeSet<PlaceKey>> {
        let place = |cell: &CellView| PlaceKey { code: cell.place.clone(), valid_from: cell.place_from };
        self.answer(asker, format!("report_places {form}"), |recorded| {
            recorded.told.cells.iter().map(place).collect()
        })
    }

    fn report_sums<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a str,
        places: Option<&'a BTreeSet<PlaceKey>>,
    ) -> HistoryAnswer<'a, Vec<ReportedSum>> {
        let of = places.map_or(String::new(), |places| format!(" of {} places", places.len()));
        self.answer(asker, format!("report_sums {form}{of}"), |recorded| recorded.told.sums.clone())
    }

    /// Made of the cells that it was told.
    fn report_ratios<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a Form,
        _places: Option<&'a BTreeSet<PlaceKey>>,
    ) -> HistoryAnswer<'a, Vec<ReportedRatio>> {
        self.answer(asker, format!("report_ratios {}", form.id), |recorded| {
            let cells = &recorded.told.cells;
            let ratios = form.indicators.values().filter_map(|of| Some((of.id.clone(), of.ratio.clone()?)));
            let mut made: BTreeMap<(String, String, Period), ReportedRatio> = BTreeMap::new();
            for (indicator, (over, by)) in ratios {
                for cell in cells.iter().filter(|cell| cell.indicator == over) {
                    let is_beside = |other: &&CellView| {
                        other.indicator == by
                            && (&other.place, &other.breakdown, &other.period)
                                == (&cell.place, &cell.breakdown, &cell.period)
                    };
                    let beside = cells.iter().find(is_beside).and_then(|other| other.is.number);
                    let Some((over, by)) = cell.is.number.zip(beside) else { continue };
                    let period = &cell.period;
                    let period = Period { kind: period.kind, start: period.start, end: period.end };
                    let sums = made
                        .entry((indicator.clone(), cell.breakdown.clone(), period))
                        .or_insert_with(|| ReportedRatio {
                            indicator: indicator.clone(),
                            breakdown: cell.breakdown.clone(),
                            period,
                            numerator: Decimal::ZERO,
                            denominator: Decimal::ZERO,
                            known: 0,
                        });
                    sums.numerator += over;
                    sums.denominator += by;
                    sums.known += 1;
                }
            }
            made.into_values().collect()
        })
    }

    /// Those of the cells that it was told.
    fn report_counts<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a str,
        indicators: &'a [String],
        periods: Option<&'a [Period]>,
    ) -> HistoryAnswer<'a, Vec<CountedCell>> {
        self.answer(asker, format!("report_counts {form} {indicators:?}"), |recorded| {
            let counted = |cell: &CellView| {
                let period = cell.period.period();
                let is_asked = indicators.contains(&cell.indicator)
                    && periods.is_none_or(|periods| periods.contains(&period));
                let number = cell.is.number.filter(|number| is_asked && *number > Decimal::ZERO)?;
                let CellView { indicator, breakdown, place, place_from, .. } = cell.clone();
                Some(CountedCell { indicator, breakdown, place, place_from, period, number })
            };
            let counts = recorded.told.counts.as_ref().unwrap_or(&recorded.told.cells);
            let mut counts: Vec<CountedCell> = counts.iter().filter_map(counted).collect();
            counts.sort_by_key(|cell| std::cmp::Reverse(cell.period.start));
            counts
        })
    }

    fn report_targets<'a>(&'a self, asker: &'a Asker) -> HistoryAnswer<'a, Vec<TargetYear>> {
        self.answer(asker, "report_targets ".to_owned(), |recorded| recorded.told.targets.clone())
    }

    fn rows_of<'a>(&'a self, asker: &'a Asker, position: Position) -> HistoryAnswer<'a, EnvelopeRows> {
        self.answer(asker, format!("rows_of {position}"), |recorded| recorded.told.rows.clone())
    }
}

fn measures_asked(what: &str, MeasureFilter { log_sources, kind, spans }: &MeasureFilter) -> String {
    let spans: Vec<String> = spans.iter().map(|(from, until)| format!("{} {}", from.0, until.0)).collect();
    format!("{what} {log_sources:?} {} {}", kind.word(), spans.join(", "))
}
