// How a station or a log source stands, in words: the server says it, and the figure of the stations, or of the log
// sources, counts the same.

import type { EventSummary, LogSource } from "./api";
import { number } from "./format";
import { aged, passed } from "./freshness";
import { say } from "./language";
import type { Priority, StationNames, StationState, Text } from "./model";
import { figureOf, stateOf } from "./store";
import { freshnessWords, notJudged, statusWords } from "./words/page";
import { t } from "./words/text";

/** partial: it sends, but not all that is expected of it; stale: nobody says any more how it stands. */
export type Standing = NonNullable<StationState["standing"]> | "stale" | "unjudged";

export function standingOf(station: StationNames): Standing {
  const { standing } = stateOf(station.id).value;
  return standing !== null && areStale() ? "stale" : (standing ?? "unjudged");
}

/** A pipeline that stands still says nothing of stations either: their figure is made once a minute. */
function areStale(): boolean {
  const figure = figureOf("stations").value;
  return figure !== null && aged(figure) === "stale";
}

/** Indicators of a station that never reported or are stale, of all of them. */
export function missingOf(station: StationNames): { missing: number; all: number } {
  const { never, stale, all } = stateOf(station.id).value.missing;
  return { missing: never + stale, all };
}

export const standingWords: Record<Standing, Text> = {
  ...statusWords,
  partial: { vi: "thiếu thông số", en: "incomplete" },
  stale: freshnessWords.stale,
  never: freshnessWords.never,
  unjudged: notJudged,
};

/** The same of log sources: what is at fault is a sensor that sees too little. */
export const logStandingWords: Record<LogSource["standing"], Text> = {
  ...standingWords,
  silent: t("im lặng", "silent"),
  error: t("mù", "blind"),
  never: t("chưa từng gửi", "never heard"),
  good: t("đang gửi", "heard"),
  unknown: t("lạ, gói tỉnh không biết", "unknown to the pack"),
};

/**
 * Whether nobody says any more how log sources stand: by what came last, an answer about them or their figure, which is
 * pushed and may be newer.
 */
function areLogSourcesStale({ stale_from }: EventSummary): boolean {
  const pushed = figureOf("log_sources").value?.stale_from ?? null;
  return passed(stale_from === null ? pushed : Math.max(stale_from, pushed ?? stale_from));
}

/** Log sources as they stand; of those of the pack nobody knows it where the pipeline stands still. */
export function logSourcesNow(summary: EventSummary): LogSource[] {
  if (!areLogSourcesStale(summary)) return summary.log_sources;
  const withheld = (source: LogSource): LogSource => ({ ...source, standing: "stale", since: null, sensor: null, clock_off: null, amiss: source.silent_after !== null || source.amiss, priority: null });
  return summary.log_sources.map((source) => (source.standing === "unknown" ? source : withheld(source)));
}

/** In words, with how much of it is missing. */
export function standingIn(station: StationNames): string {
  const standing = standingOf(station);
  if (standing !== "partial") return say(standingWords[standing]);
  const { missing, all } = missingOf(station);
  return partialIn(missing, all);
}

export function partialIn(missing: number, all: number): string {
  return say({ vi: `thiếu ${number(missing)}/${number(all)}`, en: `${number(missing)} of ${number(all)} missing` });
}

/** How urgent it is; of what nobody says any more, nobody can say that. */
export function priorityOfStanding(station: StationNames): Priority | null {
  return areStale() ? null : stateOf(station.id).value.priority;
}
