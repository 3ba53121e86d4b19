// How a station stands: the state the pipeline gives it, but for what that state cannot know. A station of which some
// indicators send and others do not is not plainly good.

import { number } from "./format";
import { freshness, stationFreshness } from "./freshness";
import { say } from "./language";
import type { Priority, StationNames, StationStatus, Text } from "./model";
import { stateOf, tileOf } from "./store";
import { freshnessWords, notJudged, statusWords } from "./words/page";

/** partial: it sends, but not all that is expected of it. */
export type Standing = StationStatus | "partial" | "stale" | "never" | "unjudged";

export function standingOf(station: StationNames): Standing {
  const { status } = stateOf(station.id).value;
  const state = stationFreshness(station.id);
  if (state === "never") return "never";
  // A station called good by a pipeline that stands still is not reporting either.
  if (status !== "silent" && state === "stale") return "stale";
  if (status === "good" && missingOf(station).missing > 0) return "partial";
  return status ?? "unjudged";
}

/** Indicators of a station that never reported or are stale, of all of them. */
export function missingOf(station: StationNames): { never: number; stale: number; missing: number; all: number } {
  const states = Object.keys(station.measures).map((indicator) => freshness(tileOf(station.id, indicator).value));
  const never = states.filter((state) => state === "never").length;
  const stale = states.filter((state) => state === "stale").length;
  return { never, stale, missing: never + stale, all: states.length };
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
  return say({ vi: `thiếu ${number(missing)}/${number(all)}`, en: `${number(missing)} of ${number(all)} missing` });
}

/** Its priority: gone is urgent, never there is a note. */
export function priorityOfStanding(station: StationNames): Priority | null {
  const standing = standingOf(station);
  if (standing === "silent" || standing === "stale") return "high";
  if (standing === "partial") return missingOf(station).stale > 0 ? "medium" : "low";
  return standing === "error" ? "medium" : standing === "never" ? "low" : null;
}
