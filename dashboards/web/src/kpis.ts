// The eight figures of the overview: value, target, status, period, age and source of each, and what they are made of.
// A stale figure keeps its number and loses its judgement.

import { openInOrder } from "./alerts";
import { inOperation, silence } from "./attention";
import type { Step } from "./address";
import { now } from "./clock";
import { isoDay, number, percent, period, plain, roughAge, span, unit } from "./format";
import { type Freshness, assessmentFreshness, indexFreshness, lastEventOf, longestLateness } from "./freshness";
import { NEAR, VALID_SHARE, calmUntil, categoryOf, isOver, limitInForce, priorityOfCategory } from "./judgement";
import { dailyHistory } from "./histories";
import { say } from "./language";
import type { Alert, HourPoint, Limit, Priority, StationNames } from "./model";
import { ageOf, alerts, alertsOpen, allFeeds, assessmentsOf, feedNames, indexOf, pack, stationNames, status, tileOf } from "./store";
import { type Standing, isSending, standingOf, standingWords } from "./standing";
import { isWall } from "./wall";
import { freshnessWords } from "./words/page";
import { kpiWords, reasonsOfIndex } from "./words/overview";

const HOUR = 3_600_000;
const HOURS_KEPT = 24;

export type Verdict = "kept" | "near" | "missed" | "withheld";

export interface Kpi {
  id: string;
  name: string;
  /** Null where there is no number; then `where` says why. */
  value: string | null;
  unit: string;
  target: string | null;
  /** What the target comes from. */
  basis: string;
  verdict: Verdict;
  /** The word of the verdict. */
  word: string;
  priority: Priority | null;
  where: string;
  period: string;
  /** When the figure was so; null where it is of this moment. */
  at: number | null;
  freshness: Freshness;
  source: string;
  /** Values over time, oldest first, null for gaps. */
  history: (number | null)[];
  /** A line in the history's unit that the values should keep. */
  line: number | null;
  origin: Step;
}

/** Stations that are in operation today. */
export function stationsNow(): StationNames[] {
  const today = isoDay(now.value);
  return (pack.value?.stations ?? []).filter((station) => inOperation(station, today));
}

function airStations(): StationNames[] {
  return stationsNow().filter((station) => station.kind === "ambient_air");
}

const words = (verdict: Verdict, over = false): string =>
  say(verdict === "withheld" ? kpiWords.withheld : verdict === "near" ? kpiWords.near : verdict === "kept" ? kpiWords.kept : over ? kpiWords.over : kpiWords.missed);

/** Highest hourly VN_AQI of all stations. */
export function highestAqi(): Kpi {
  const all = airStations().map((station) => ({ station, series: indexOf("vn_aqi", station.id, "hour").value }));
  const shown = all.map((it) => ({ ...it, state: indexFreshness(it.series) }));
  const withValue = shown.filter(({ series }) => series.latest?.value != null);
  const judgeable = withValue.filter(({ state }) => state !== "stale");
  const pool = judgeable.length > 0 ? judgeable : withValue;
  const worst = pool.reduce<(typeof pool)[number] | null>(
    (one, other) => (one && (one.series.latest?.value ?? 0) >= (other.series.latest?.value ?? 0) ? one : other),
    null,
  );
  const latest = worst?.series.latest ?? null;
  const target = calmUntil("vn_aqi");
  const state: Freshness = worst ? worst.state : (shown.find(({ state }) => state !== "never")?.state ?? "never");
  const category = categoryOf("vn_aqi", latest);
  const value = latest?.value ?? null;
  const stale = state === "stale";
  const priority = stale ? null : priorityOfCategory("vn_aqi", category);
  const verdict: Verdict = stale || value === null ? "withheld" : priority ? "missed" : target !== null && value > NEAR * target ? "near" : "kept";
  const empty = shown.find(({ series }) => series.latest && series.latest.value === null);
  const absent = empty?.series.latest?.reason;
  const opened = worst ?? empty;
  return {
    id: "aqi",
    name: say(kpiWords.aqi),
    value: value === null ? null : number(value),
    unit: "",
    target: target === null ? null : `≤ ${number(target)}`,
    basis: "QĐ 1459",
    verdict,
    word: category && (verdict === "kept" || verdict === "missed") ? say(category.name) : words(verdict, true),
    priority,
    where: worst
      ? `${say(worst.station.name)}${latest?.dominant ? `, ${symbol(latest.dominant)}` : ""}`
      : airStations().length === 0
        ? say(kpiWords.noAir)
        : absent
          ? say(reasonsOfIndex[absent] ?? { vi: absent, en: absent })
          : say(freshnessWords.never),
    period: latest ? period("hour", latest.start, latest.end, isWall) : "",
    at: latest?.end ?? null,
    freshness: state,
    source: "",
    history: highestByHour(all.map(({ series }) => series.history)),
    line: target,
    origin: opened?.series.latest
      ? ["index", "vn_aqi", opened.station.id, "hour", String(opened.series.latest.start)]
      : ["kpi", "stations"],
  };
}

/** The highest of all stations, hour by hour over two days; null where no station has one. */
function highestByHour(all: { start: number; value: number | null }[][]): (number | null)[] {
  const highest = new Map<number, number>();
  for (const history of all) {
    for (const { start, value } of history) {
      if (value !== null) highest.set(start, Math.max(value, highest.get(start) ?? 0));
    }
  }
  const last = Math.max(0, ...highest.keys());
  return [...Array(48).keys()].map((back) => highest.get(last - (47 - back) * HOUR) ?? null);
}

function symbol(indicator: string): string {
  return pack.value?.indicators[indicator]?.symbol ?? indicator;
}

/** Stations that send, of those in operation. */
export function stationsReporting(): Kpi {
  const all = stationsNow();
  const standings = all.map(standingOf);
  const count = (standing: Standing) => standings.filter((it) => it === standing).length;
  const reporting = standings.filter(isSending).length;
  const gone = count("silent") + count("stale");
  const newest = Math.max(0, ...all.map((station) => lastEventOf(station.id) ?? 0));
  const judgeable = standings.some((it) => it !== "unjudged" && it !== "never");
  const incomplete = reporting < all.length || count("error") > 0 || count("partial") > 0;
  const verdict: Verdict = !judgeable ? "withheld" : gone > 0 ? "missed" : incomplete ? "near" : "kept";
  const told = (["silent", "stale", "error", "partial", "calibrating", "late", "never", "unjudged"] as const)
    .filter((standing) => count(standing) > 0)
    .map((standing) => `${number(count(standing))} ${say(standingWords[standing])}`);
  return {
    id: "stations",
    name: say(kpiWords.stations),
    value: number(reporting),
    unit: `/ ${number(all.length)}`,
    target: number(all.length),
    basis: "",
    verdict,
    word: verdict === "near" ? say(kpiWords.notAll) : words(verdict),
    priority: gone > 0 ? "high" : null,
    where: told.length > 0 ? told.join(", ") : say({ vi: "tất cả tốt", en: "all good" }),
    period: say(kpiWords.now),
    at: newest > 0 ? newest : null,
    freshness: newest > 0 ? "fresh" : "never",
    source: "",
    history: [],
    line: null,
    origin: ["kpi", "stations"],
  };
}

/** The station whose daily mean of PM2.5 is the largest share of the limit in force. */
export function worstPm25(): Kpi {
  const all = assessmentsOf("pm25", "day").map((it) => ({ it, state: assessmentFreshness(it) }));
  const operating = new Set(airStations().map((station) => station.id));
  const withValue = all.filter(({ it }) => it.value !== null && operating.has(it.subject));
  const judgeable = withValue.filter(({ state }) => state !== "stale");
  const pool = judgeable.length > 0 ? judgeable : withValue;
  const share = ({ it }: (typeof pool)[number]) => (it.value ?? 0) / (it.high || 1);
  const worst = pool.reduce<(typeof pool)[number] | null>((one, other) => (one && share(one) >= share(other) ? one : other), null);
  const names = pack.value?.indicators.pm25;
  const state: Freshness = worst ? worst.state : all.length > 0 ? "missing" : "never";
  const it = worst?.it;
  const stale = state === "stale";
  const over = it?.value != null && isOver(it.value, it);
  const verdict: Verdict = !worst || stale ? "withheld" : over ? "missed" : share(worst) > NEAR ? "near" : "kept";
  const limit = pack.value?.limits.find((limit) => limit.id === it?.limit);
  const station = it ? stationNames.value.get(it.subject) : undefined;
  return {
    id: "pm25",
    name: say(kpiWords.pm25),
    value: it?.value == null ? null : number(it.value, names?.decimals ?? 1),
    unit: unit(names?.unit ?? ""),
    target: it?.high != null ? `≤ ${plain(it.high, 1)}` : null,
    basis: (limit?.standard ?? "").split("/")[0] ?? "",
    verdict,
    word: words(verdict, true),
    priority: over && !stale ? "high" : null,
    where: station ? say(station.name) : say(state === "missing" ? kpiWords.noValue : kpiWords.noDay),
    period: it ? period("day", it.start, it.end) : "",
    at: it?.end ?? null,
    freshness: state,
    source: "",
    history: it ? dailyHistory(it.subject, "pm25", it.end) : [],
    line: it?.high ?? null,
    origin: it ? ["assessment", it.limit, it.subject, it.averaging, String(it.start)] : ["kpi", "stations"],
  };
}

/** An hourly mean that does not keep the limit in force. */
export interface HourOver {
  station: StationNames;
  indicator: string;
  hour: HourPoint;
  limit: Limit;
}

/** First moment of the last 24 hours that can have closed. It moves on when nothing closes any more. */
export function dayBack(): { from: number; until: number } {
  const closing = HOUR + longestLateness();
  let until = Math.floor((now.value - closing) / HOUR) * HOUR;
  for (const station of stationsNow()) {
    for (const indicator of Object.keys(station.measures)) {
      const last = tileOf(station.id, indicator).value.hours.at(-1);
      if (last && last.start + HOUR <= now.value) until = Math.max(until, last.start + HOUR);
    }
  }
  return { from: until - HOURS_KEPT * HOUR, until };
}

/** Every hour of the last 24 whose mean does not keep its limit, newest first. */
export function hoursOver(): { over: HourOver[]; judged: number; limited: number } {
  const { from, until } = dayBack();
  const over: HourOver[] = [];
  let judged = 0;
  let limited = 0;
  for (const station of stationsNow()) {
    for (const indicator of Object.keys(station.measures)) {
      const limit = limitInForce(station, indicator, "hour", until - HOUR);
      if (!limit) continue;
      limited += 1;
      for (const hour of tileOf(station.id, indicator).value.hours) {
        if (hour.start < from || hour.start >= until || hour.mean === null) continue;
        if (hour.count < VALID_SHARE * hour.expected) continue;
        judged += 1;
        if (isOver(hour.mean, limit)) over.push({ station, indicator, hour, limit });
      }
    }
  }
  return { over: over.sort((a, b) => b.hour.start - a.hour.start), judged, limited };
}

/** Hours of stations in which any hourly mean was over its limit, in the last 24 hours. */
export function hoursExceeded(): Kpi {
  const { over, judged, limited } = hoursOver();
  const { from, until } = dayBack();
  const distinct = new Set(over.map(({ station, hour }) => `${station.id}/${hour.start}`));
  const byHour = [...Array(HOURS_KEPT).keys()].map((back) => {
    const start = from + back * HOUR;
    return new Set(over.filter(({ hour }) => hour.start === start).map(({ station }) => station.id)).size;
  });
  const worst = over[0];
  const verdict: Verdict = judged === 0 ? "withheld" : distinct.size > 0 ? "missed" : "kept";
  return {
    id: "exceeded",
    name: say(kpiWords.exceeded),
    value: judged === 0 ? null : number(distinct.size),
    unit: say(kpiWords.hours),
    target: "0",
    basis: say({ vi: "QCVN 05, 1 giờ", en: "QCVN 05, 1 hour" }),
    verdict,
    word: words(verdict, true),
    priority: distinct.size > 0 ? "medium" : null,
    where: worst
      ? `${symbol(worst.indicator)}, ${say(worst.station.name)}`
      : say({ vi: `${number(judged)} giờ đã xét`, en: `${number(judged)} hours judged` }),
    period: say(kpiWords.lastDay),
    at: until,
    freshness: judged === 0 ? (limited > 0 ? "missing" : "never") : "fresh",
    source: "",
    history: byHour,
    line: null,
    origin: ["kpi", "exceeded"],
  };
}

/** Points that came of those expected, of one series in the last 24 hours. */
export function completenessOf(station: StationNames, indicator: string): { received: number; expected: number } {
  const { from, until } = dayBack();
  const cadence = station.measures[indicator] ?? HOUR;
  const hours = tileOf(station.id, indicator).value.hours.filter((hour) => hour.start >= from && hour.start < until);
  const received = hours.reduce((sum, hour) => sum + hour.received, 0);
  // Hours of which nothing came are expected as well: a day has as many points as its cadence says.
  return { received, expected: Math.max(1, Math.round((HOURS_KEPT * HOUR) / cadence)) };
}

/** Indicators of which hours are made at all: a wind's direction has no mean. */
function withHours(): Set<string> {
  const found = new Set<string>();
  for (const station of pack.value?.stations ?? []) {
    for (const indicator of Object.keys(station.measures)) {
      if (tileOf(station.id, indicator).value.hours.length > 0) found.add(indicator);
    }
  }
  return found;
}

/** Series that have ever reported: what never began is not incomplete, it is counted for itself. */
export function begun(station: StationNames): string[] {
  const counted = withHours();
  return Object.keys(station.measures).filter(
    (indicator) => counted.has(indicator) && tileOf(station.id, indicator).value.latest !== null,
  );
}

/** Points that came of those expected, over all series that have begun, in the last 24 hours. */
export function completeness(): Kpi {
  const { from, until } = dayBack();
  let received = 0;
  let expected = 0;
  let worst: { share: number; station: StationNames; indicator: string } | null = null;
  const byHour = Array.from({ length: HOURS_KEPT }, () => 0);
  let expectedAnHour = 0;
  for (const station of stationsNow()) {
    for (const indicator of begun(station)) {
      const cadence = station.measures[indicator] ?? HOUR;
      const of = completenessOf(station, indicator);
      received += of.received;
      expected += of.expected;
      expectedAnHour += HOUR / cadence;
      const share = of.received / of.expected;
      if (!worst || share < worst.share) worst = { share, station, indicator };
      for (const hour of tileOf(station.id, indicator).value.hours) {
        const at = (hour.start - from) / HOUR;
        if (at >= 0 && at < HOURS_KEPT) byHour[at] = (byHour[at] ?? 0) + hour.received;
      }
    }
  }
  const share = expected > 0 ? Math.min(1, received / expected) : 0;
  const verdict: Verdict = expected === 0 ? "withheld" : share < VALID_SHARE ? "missed" : share < 0.9 ? "near" : "kept";
  return {
    id: "completeness",
    name: say(kpiWords.completeness),
    value: expected === 0 ? null : percent(share),
    unit: "%",
    target: `≥ ${number(VALID_SHARE * 100)} %`,
    basis: say({ vi: "đủ đại diện", en: "representative" }),
    verdict,
    word: words(verdict),
    priority: verdict === "missed" ? "medium" : null,
    where: worst && worst.share < 1 ? `${symbol(worst.indicator)}, ${say(worst.station.name)} ${percent(worst.share)} %` : "",
    period: say(kpiWords.lastDay),
    at: until,
    freshness: expected === 0 ? "never" : "fresh",
    source: "",
    history: byHour.map((count) => (expectedAnHour > 0 ? (100 * count) / expectedAnHour : null)),
    line: VALID_SHARE * 100,
    origin: ["kpi", "completeness"],
  };
}

const ORDER: Priority[] = ["critical", "high", "medium", "low"];

/** Open alerts of each priority, most urgent first. */
export function alertsByPriority(): { priority: Priority; open: Alert[]; unacknowledged: number }[] {
  const all = [...alerts.value.values()];
  return ORDER.map((priority) => {
    const open = all.filter((alert) => alert.priority === priority);
    return { priority, open, unacknowledged: open.filter((alert) => !alert.acknowledged).length };
  });
}

export function openAlerts(): Kpi {
  const groups = alertsByPriority();
  const total = Math.max(alertsOpen.value, alerts.value.size);
  const unacknowledged = groups.reduce((sum, group) => sum + group.unacknowledged, 0);
  // What has cleared and nobody took still counts, and has lost its colour.
  const worst = groups.find(({ open }) => open.some((alert) => alert.active && !alert.acknowledged))?.priority ?? null;
  const first = openInOrder([...alerts.value.values()])[0];
  const raised = [...alerts.value.values()].map((alert) => alert.raised_at);
  const verdict: Verdict = unacknowledged > 0 ? "missed" : total > 0 ? "near" : "kept";
  return {
    id: "alerts",
    name: say(kpiWords.alerts),
    value: number(total),
    unit: "",
    target: "0",
    basis: "",
    verdict,
    word: unacknowledged > 0 ? `${number(unacknowledged)} ${say(kpiWords.unacknowledged)}` : say(total > 0 ? kpiWords.taken : kpiWords.kept),
    priority: worst,
    where: first ? say(pack.value?.rules[first.rule]?.name ?? { vi: first.rule, en: first.rule }) : "",
    period: say(raised.length > 0 ? kpiWords.newest : kpiWords.now),
    at: raised.length > 0 ? Math.max(...raised) : null,
    freshness: "fresh",
    source: "",
    history: [],
    line: null,
    origin: ["alerts"],
  };
}

/** What came and is nowhere: nothing, or an alarm (BALANCE). */
export function balance(): Kpi {
  const all = allFeeds().map((shown) => shown.value);
  const astray = all.reduce((sum, feed) => sum + Math.abs(feed.envelopes_astray) + Math.abs(feed.rows_astray), 0);
  const received = all.reduce((sum, feed) => sum + feed.counts.received, 0);
  const rejected = all.reduce((sum, feed) => sum + feed.counts.rejected, 0);
  const verdict: Verdict = status.value === null ? "withheld" : astray === 0 ? "kept" : "missed";
  return {
    id: "balance",
    name: say(kpiWords.balance),
    value: number(astray),
    unit: "",
    target: "0",
    basis: "",
    verdict,
    word: words(verdict),
    priority: astray === 0 ? null : "critical",
    where: say({ vi: `${number(received)} đã nhận`, en: `${number(received)} received` }),
    period: say(kpiWords.sinceStart),
    at: null,
    freshness: "fresh",
    source: say({ vi: `${number(rejected)} dòng bị loại`, en: `${number(rejected)} rows rejected` }),
    history: [],
    line: null,
    origin: ["kpi", "balance"],
  };
}

/** The feed whose silence is the largest share of what it promises. */
export function slowestFeed(): Kpi {
  const promising = allFeeds()
    .map((shown) => shown.value)
    .map((feed) => ({ feed, names: feedNames.value.get(feed.id) }))
    .filter(({ names }) => names?.silent_after != null);
  const heard = promising.filter(({ feed }) => feed.last_received !== null);
  const share = ({ feed, names }: (typeof heard)[number]) => ageOf(feed.last_received ?? 0) / (names?.silent_after || 1);
  const slowest = heard.reduce<(typeof heard)[number] | null>((one, other) => (one && share(one) >= share(other) ? one : other), null);
  const never = promising.length - heard.length;
  const promise = slowest?.names?.silent_after ?? null;
  const silent = slowest ? silence(slowest.feed, promise) === "silent" : false;
  const verdict: Verdict = !slowest ? "withheld" : silent ? "missed" : share(slowest) > NEAR ? "near" : "kept";
  return {
    id: "slowest",
    name: say(kpiWords.slowest),
    value: slowest ? roughAge(ageOf(slowest.feed.last_received ?? 0)) : null,
    unit: "",
    target: promise === null ? null : `≤ ${span(promise)}`,
    basis: say({ vi: "đã hứa", en: "promised" }),
    verdict,
    word: words(verdict),
    priority: silent ? "high" : null,
    where: slowest?.names ? say(slowest.names.name) : say(freshnessWords.never),
    period: say(kpiWords.now),
    at: null,
    freshness: slowest ? "fresh" : "never",
    source: never > 0 ? say({ vi: `${number(never)} chưa từng gửi`, en: `${number(never)} never sent` }) : "",
    history: [],
    line: null,
    origin: ["kpi", "feeds"],
  };
}

/** The eight, in the order they are read. */
export const KPIS = [highestAqi, worstPm25, openAlerts, hoursExceeded, stationsReporting, completeness, slowestFeed, balance];

/** A figure's age in words: of this moment where it has none of its own. */
export function ageOfKpi(kpi: Kpi): string {
  return kpi.at === null ? say(kpiWords.now) : roughAge(ageOf(kpi.at));
}

