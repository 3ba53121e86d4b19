// How much a value's age says against it. Nothing here ever turns into "fresh" because data stopped.

import type { Assessment, IndexSeries, Tile } from "./model";
import { ageOf, feedNames, grace, stateOf, stationNames, tileOf } from "./store";

/**
 * fresh: within what is promised; late: beyond; stale: beyond twice that, judgement withheld; missing: it reported, and
 * says that there is no value; never: it is expected and has never reported.
 */
export type Freshness = "fresh" | "late" | "stale" | "missing" | "never";

const HOUR = 3_600_000;
const LENGTHS: Record<string, number> = { hour: HOUR, eight_hours: HOUR, day: 24 * HOUR, year: 24 * HOUR };

/** How old the newest value of a series may be before it is late. Milliseconds. */
export function allowedAge(tile: Tile): number {
  const cadence = stationNames.value.get(tile.subject)?.measures[tile.indicator] ?? 0;
  const lateness = tile.latest ? (feedNames.value.get(tile.latest.feed)?.lateness ?? 0) : 0;
  return cadence + lateness;
}

export function freshness(tile: Tile): Freshness {
  return tile.latest ? judged(tile.latest.event_time, allowedAge(tile)) : "never";
}

/** Of a moment that should lie at most so far back. */
export function judged(moment: number, allowed: number): Exclude<Freshness, "missing" | "never"> {
  const age = ageOf(moment);
  if (age > 2 * allowed + grace()) return "stale";
  return age > allowed + grace() ? "late" : "fresh";
}

/** Until a window's successor is there: its length, and what its inputs may take. Milliseconds. */
export function allowedAfterWindow(subject: string, length: string, indicators?: string[]): number {
  const station = stationNames.value.get(subject);
  const inputs = indicators ?? Object.keys(station?.measures ?? {});
  const slowest = Math.max(0, ...inputs.map((indicator) => allowedAge(tileOf(subject, indicator).value)));
  return (LENGTHS[length] ?? HOUR) + slowest;
}

/** When a station's newest value was measured; null if it never sent one. Its state tells only of its changes. */
export function lastEventOf(subject: string): number | null {
  const indicators = Object.keys(stationNames.value.get(subject)?.measures ?? {});
  const newest = indicators.map((indicator) => tileOf(subject, indicator).value.latest?.event_time ?? 0);
  const last = Math.max(stateOf(subject).value.last_event ?? 0, ...newest);
  return last > 0 ? last : null;
}

/** Of a station as a whole: its newest value against what its slowest indicator may take. */
export function stationFreshness(subject: string): Freshness {
  const lastEvent = lastEventOf(subject);
  if (lastEvent === null) return "never";
  const indicators = Object.keys(stationNames.value.get(subject)?.measures ?? {});
  return judged(lastEvent, Math.max(0, ...indicators.map((indicator) => allowedAge(tileOf(subject, indicator).value))));
}

export function indexFreshness(series: IndexSeries): Freshness {
  if (!series.latest) return "never";
  const state = judged(series.latest.end, allowedAfterWindow(series.subject, series.kind));
  return state !== "stale" && series.latest.value === null ? "missing" : state;
}

export function assessmentFreshness(assessment: Assessment): Freshness {
  const { subject, averaging, indicator, end } = assessment;
  const allowed = allowedAfterWindow(subject, averaging, [indicator]);
  // A year's window ends with the year: what is there so far is as old as its newest day.
  const state = averaging === "year" ? "fresh" : judged(end, allowed);
  return state !== "stale" && assessment.value === null ? "missing" : state;
}
