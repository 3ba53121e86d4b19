// The figures as they are drawn: the flow says what they are and how they are judged, this puts
// words, units and lines to it. What the page adds is its clock: a figure that nothing newer follows gets old.

import { computed } from "@preact/signals";
import type { Step } from "./address";
import { inOperation } from "./attention";
import { now } from "./clock";
import { atLeast, isoDay, number, percent, period, plain, roughAge, span, unit } from "./format";
import { aged, type Freshness } from "./freshness";
import { categoryAt } from "./judgement";
import { dailyHistory } from "./histories";
import { say } from "./language";
import type { Figure, FigureId, FigureInput, Priority, StationNames, Text, Verdict } from "./model";
import { ageOf, alerts, feedNames, figureOf, indexOf, pack, subjectName } from "./store";
import { logStandingWords, standingWords } from "./standing";
import { isWall } from "./wall";
import { freshnessWords, priorityWords } from "./words/page";
import { kpiWords, reasonWords } from "./words/overview";

const HOUR = 3_600_000;

/** A figure with its words. */
export interface Shown {
  id: FigureId;
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
  /** When the figure was so; null where it never was. */
  at: number | null;
  freshness: Freshness;
  source: string;
  /** Values over time, oldest first, null for gaps. */
  history: (number | null)[];
  /** A line in the history's unit that the values should keep. */
  line: number | null;
}

/** Those that every province has, in the order they are read. */
const OF_ALL: FigureId[] = ["aqi", "pm25", "alerts", "exceeded", "stations", "completeness", "slowest", "balance"];

/** In the order they are read; log sources where the pack has any. */
export const figureIds = computed<FigureId[]>(() => (Object.keys(pack.value?.log_sources ?? {}).length > 0 ? [...OF_ALL, "log_sources"] : OF_ALL));

/** Those of information security, in the order they are read. */
const SECURITY: FigureId[] = ["events", "severe", "security_alerts", "log_sources", "time_to_acknowledge", "time_to_clear"];

/** The first so many of them; events where the pack counts any. */
export function securityFigures(most: number): FigureId[] {
  const isCounted = (id: FigureId) => (id !== "events" && id !== "severe") || figureOf(id).value?.reason !== "nothing";
  return SECURITY.slice(0, most).filter(isCounted);
}

/** Whether a part of the time it is of was not heard. */
export function isHeardInPart(figure: Figure | null): boolean {
  return figure !== null && figure.count < figure.expected;
}

/** Stations that are in operation today. */
export function stationsNow(): StationNames[] {
  const today = isoDay(now.value);
  return (pack.value?.stations ?? []).filter((station) => inOperation(station, today));
}

/** What a figure adds to what all have in common. */
type Drawn = Partial<Omit<Shown, "id" | "name" | "verdict" | "priority" | "freshness">>;

const NAMES: Record<FigureId, Text> = {
  aqi: kpiWords.aqi,
  pm25: kpiWords.pm25,
  alerts: kpiWords.alerts,
  exceeded: kpiWords.exceeded,
  stations: kpiWords.stations,
  completeness: kpiWords.completeness,
  slowest: kpiWords.slowest,
  balance: kpiWords.balance,
  log_sources: kpiWords.logSources,
  events: kpiWords.events,
  severe: kpiWords.severe,
  security_alerts: kpiWords.securityAlerts,
  time_to_acknowledge: kpiWords.timeToAcknowledge,
  time_to_clear: kpiWords.timeToClear,
};

const DRAWN: Record<FigureId, (figure: Figure) => Drawn> = {
  aqi: drawnAqi,
  pm25: drawnPm25,
  alerts: drawnAlerts,
  exceeded: drawnExceeded,
  stations: (figure) => drawnStandings(figure, standingWords),
  completeness: drawnCompleteness,
  slowest: drawnSlowest,
  balance: drawnBalance,
  log_sources: (figure) => drawnStandings(figure, logStandingWords),
  events: drawnEvents,
  severe: drawnSevere,
  security_alerts: drawnAlerts,
  time_to_acknowledge: drawnTime,
  time_to_clear: drawnTime,
};

/** What a figure is called; what an address says that is none has no name. */
export function nameOfFigure(id: string): string {
  return Object.hasOwn(NAMES, id) ? say(NAMES[id as FigureId]) : id;
}

/** A figure as it is shown now. */
export function shown(id: FigureId): Shown {
  const figure = figureOf(id).value;
  const freshness = figure ? aged(figure, figure.freshness) : "never";
  const stale = freshness === "stale";
  const verdict: Verdict = stale || !figure ? "withheld" : figure.verdict;
  const drawn = figure ? DRAWN[id](figure) : {};
  return {
    id,
    name: nameOfFigure(id),
    value: null,
    unit: "",
    target: null,
    basis: "",
    where: "",
    period: "",
    at: figure?.at ?? null,
    source: "",
    history: [],
    line: null,
    word: say(verdictWords(verdict, figure)),
    ...drawn,
    ...(!figure ? { where: say(freshnessWords.never) } : figure.value === null ? { where: say(reasonWords[figure.reason]) } : {}),
    verdict,
    priority: stale ? null : (figure?.priority ?? null),
    freshness,
  };
}

function verdictWords(verdict: Verdict, figure: Figure | null): Text {
  if (verdict === "withheld") return figure?.reason === "insufficient" ? kpiWords.insufficient : kpiWords.withheld;
  if (figure?.reason === "waiting") return kpiWords.waiting;
  if (verdict === "near") return figure?.reason === "not_all" ? kpiWords.notAll : figure?.reason === "taken" ? kpiWords.taken : kpiWords.near;
  if (verdict === "kept") return kpiWords.kept;
  return figure?.reason === "beyond" && figure.figure !== "completeness" && figure.figure !== "balance" ? kpiWords.over : kpiWords.missed;
}

function nameOf(subject: string): string {
  return say(subjectName(subject));
}

function symbol(indicator: string): string {
  return pack.value?.indicators[indicator]?.symbol ?? indicator;
}

/** The way to what a figure was made of: as it was when the figure was said, and not as it was revised since. */
export function stepTo(input: FigureInput, { revision }: Figure): Step {
  switch (input.kind) {
    case "index":
      return ["index", input.measure, input.subject, "hour", String(input.start), String(revision)];
    case "assessment":
      return ["assessment", input.measure, input.subject, "day", String(input.start), String(revision)];
    case "window":
    case "series":
      return ["window", input.measure, input.subject, "hour", String(input.start), String(revision)];
    case "alert":
      return ["alert", `${input.measure}~${input.subject}~${input.number}`];
    case "station":
      return ["station", input.subject];
    case "feed":
      return ["kpi", "slowest"];
    case "log_source":
      return ["kpi", "log_sources"];
  }
}

/** Highest hourly VN_AQI of all stations. */
function drawnAqi({ value, target, start, end, inputs, verdict }: Figure): Drawn {
  const [decides] = inputs;
  const category = value === null ? null : categoryAt("vn_aqi", value);
  const series = stationsNow().map((station) => indexOf("vn_aqi", station.id, "hour").value.history);
  return {
    value: value === null ? null : number(value),
    target: target === null ? null : `≤ ${number(target)}`,
    basis: "QĐ 1459",
    ...(category && (verdict === "kept" || verdict === "missed") ? { word: say(category.name) } : {}),
    where: decides ? `${nameOf(decides.subject)}${decides.word === "" ? "" : `, ${symbol(decides.word)}`}` : "",
    period: decides ? period("hour", start, end, isWall) : "",
    at: decides ? end : null,
    history: highestByHour(series),
    line: target,
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

/** The station whose daily mean of PM2.5 is the largest share of the limit in force. */
function drawnPm25({ value, target, start, end, inputs }: Figure): Drawn {
  const [decides] = inputs;
  const names = pack.value?.indicators.pm25;
  const limit = pack.value?.limits.find((limit) => limit.id === decides?.measure);
  return {
    value: value === null ? null : number(value, names?.decimals ?? 1),
    unit: unit(names?.unit ?? ""),
    target: target === null ? null : `≤ ${plain(target, 1)}`,
    basis: (limit?.standard ?? "").split("/")[0] ?? "",
    where: decides ? nameOf(decides.subject) : "",
    period: decides ? period("day", start, end) : "",
    at: decides ? end : null,
    history: decides ? dailyHistory(decides.subject, "pm25", end) : [],
    line: target,
  };
}

function drawnAlerts({ value, of, inputs, reason }: Figure): Drawn {
  const [first] = inputs;
  return {
    value: number(value ?? 0),
    target: "0",
    ...(reason === "unacknowledged" ? { word: `${number(of ?? 0)} ${say(kpiWords.unacknowledged)}` } : {}),
    where: first ? say(pack.value?.rules[first.measure]?.name ?? { vi: first.measure, en: first.measure }) : "",
  };
}

/** Hours of stations in which any hourly mean was over its limit, in the last 24 hours. */
function drawnExceeded({ value, end, inputs, hours, count }: Figure): Drawn {
  const [newest] = inputs;
  return {
    value: value === null ? null : number(value),
    unit: say(kpiWords.hours),
    target: "0",
    basis: say({ vi: "QCVN 05, 1 giờ", en: "QCVN 05, 1 hour" }),
    where: newest ? `${symbol(newest.measure)}, ${nameOf(newest.subject)}` : say({ vi: `${number(count)} giờ đã xét`, en: `${number(count)} hours judged` }),
    period: say(kpiWords.lastDay),
    at: end,
    history: hours.map(({ value }) => value),
  };
}

/** Stations that send, of those in operation; log sources that are heard. */
function drawnStandings({ value, of, parts }: Figure, words: Record<string, Text>): Drawn {
  const told = parts.filter(({ word }) => word !== "good").map(({ word, count }) => `${number(count)} ${say(words[word] ?? { vi: word, en: word })}`);
  return {
    value: value === null ? null : number(value),
    unit: of === null ? "" : `/ ${number(of)}`,
    target: of === null ? null : number(of),
    where: told.length > 0 ? told.join(", ") : say({ vi: "tất cả tốt", en: "all good" }),
  };
}

function drawnCompleteness({ value, target, end, inputs, hours }: Figure): Drawn {
  const [worst] = inputs;
  return {
    value: value === null ? null : percent(value / 100),
    unit: "%",
    target: target === null ? null : `≥ ${number(target)} %`,
    basis: say({ vi: "đủ đại diện", en: "representative" }),
    where: worst ? `${symbol(worst.measure)}, ${nameOf(worst.subject)} ${percent((worst.value ?? 0) / 100)} %` : "",
    period: say(kpiWords.lastDay),
    at: end,
    history: hours.map(({ value }) => value),
    line: target,
  };
}

/** The feed whose silence is the largest share of what it promises. */
function drawnSlowest({ value, target, inputs, parts }: Figure): Drawn {
  const [slowest] = inputs;
  const names = feedNames.value.get(slowest?.subject ?? "");
  const never = parts.find(({ word }) => word === "never")?.count ?? 0;
  return {
    value: value === null ? null : roughAge(value),
    target: target === null ? null : `≤ ${span(target)}`,
    basis: say({ vi: "đã hứa", en: "promised" }),
    where: names ? say(names.name) : "",
    source: never > 0 ? say({ vi: `${number(never)} chưa từng gửi`, en: `${number(never)} never sent` }) : "",
  };
}

/** How much of the time of events was heard. */
function heardOf({ count, expected }: Figure): string {
  return expected === 0 ? "" : say({ vi: `nghe được ${percent(count / expected)} % thời gian`, en: `${percent(count / expected)} % of the time heard` });
}

function drawnEvents(figure: Figure): Drawn {
  const { value, start, end, hours, verdict } = figure;
  return {
    value: value === null ? null : atLeast(number(value), isHeardInPart(figure)),
    // Nothing is wanted of it: kept says that nothing is missing.
    ...(verdict === "kept" ? { word: say(kpiWords.allHeard) } : {}),
    where: heardOf(figure),
    period: period("hour", start, end, isWall),
    at: end,
    history: hours.map(({ value }) => value),
  };
}

/** High and critical events of the last 24 hours. */
function drawnSevere(figure: Figure): Drawn {
  const { value, end, hours, parts } = figure;
  const told = parts.map(({ word, count }) => `${number(count)} ${say(priorityWords[word as Priority]).toLowerCase()}`);
  return {
    value: value === null ? null : atLeast(number(value), isHeardInPart(figure)),
    target: "0",
    where: [...told, heardOf(figure)].filter((said) => said !== "").join(" · "),
    period: say(kpiWords.lastDay),
    at: end,
    history: hours.map(({ value }) => value),
  };
}

/** The median of those that ended, with those that have not. */
function drawnTime({ value, count, of, verdict }: Figure): Drawn {
  return {
    value: value === null ? null : roughAge(value),
    ...(verdict === "kept" ? { word: say(kpiWords.noneWaits) } : {}),
    where: say({ vi: `${number(count)} đã đo · ${number(of ?? 0)} còn mở`, en: `${number(count)} measured · ${number(of ?? 0)} still open` }),
    period: say(kpiWords.month),
  };
}

/** What came and is nowhere: nothing, or an alarm (BALANCE). */
function drawnBalance({ value, parts }: Figure): Drawn {
  const count = (word: string) => number(parts.find((part) => part.word === word)?.count ?? 0);
  return {
    value: number(value ?? 0),
    target: "0",
    where: say({ vi: `${count("received")} đã nhận`, en: `${count("received")} received` }),
    period: say(kpiWords.sinceStart),
    source: say({ vi: `${count("rejected")} dòng bị loại`, en: `${count("rejected")} rows rejected` }),
  };
}

const ORDER: Priority[] = ["critical", "high", "medium", "low"];

/**
 * Open alerts of each priority, most urgent first, as the figure counted them: the list of alerts is cut. Urging: one is
 * active and nobody took it, which the list has first.
 */
export function alertsByPriority(): { priority: Priority; count: number; urging: boolean }[] {
  const parts = figureOf("alerts").value?.parts;
  const listed = [...alerts.value.values()];
  return ORDER.map((priority) => {
    const of = listed.filter((alert) => alert.priority === priority);
    const count = parts ? (parts.find(({ word }) => word === priority)?.count ?? 0) : of.length;
    return { priority, count, urging: of.some((alert) => alert.active && !alert.acknowledged) };
  });
}

/** A figure's age in words. */
export function ageOfFigure({ at }: Shown): string {
  return at === null ? say(kpiWords.now) : roughAge(ageOf(at));
}
