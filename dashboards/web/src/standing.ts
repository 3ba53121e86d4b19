// How a station stands, in words: the server says it, and the figure of the stations counts the same.

import { number } from "./format";
import { aged } from "./freshness";
import { say } from "./language";
import type { Priority, StationNames, StationState, Text } from "./model";
import { figureOf, stateOf } from "./store";
import { freshnessWords, notJudged, statusWords } from "./words/page";

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
