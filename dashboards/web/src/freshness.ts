// How much a value's age says against it: the server says from when on it is late and stale, the page compares that with
// its clock. Nothing here ever turns into "fresh" because data stopped.

import { now } from "./clock";
import type { Figure, IndexSeries, Tile } from "./model";
import { grace, stateOf, stationNames, tileOf } from "./store";

/**
 * fresh: within what is promised; late: beyond; stale: beyond twice that, judgement withheld; missing: it reported, and
 * says that there is no value; never: it is expected and has never reported.
 */
export type Freshness = Figure["freshness"];

/** Whether a moment from which on something is late, stale or silent has passed. */
export function passed(moment: number | null): boolean {
  return moment !== null && now.value >= moment + grace.value;
}

/** How old it is by now, when it was said to be that. */
export function aged({ late_from, stale_from }: Pick<Tile, "late_from" | "stale_from">, said: Freshness = "fresh"): Freshness {
  if (passed(stale_from)) return "stale";
  return said === "fresh" && passed(late_from) ? "late" : said;
}

export function freshness(tile: Tile): Freshness {
  return tile.latest ? aged(tile) : "never";
}

export function indexFreshness(series: IndexSeries): Freshness {
  return series.latest ? aged(series, series.latest.value === null ? "missing" : "fresh") : "never";
}

/** When a station's newest value was measured; null if it never sent one. Its state tells only of its changes. */
export function lastEventOf(subject: string): number | null {
  const indicators = Object.keys(stationNames.value.get(subject)?.measures ?? {});
  const newest = indicators.map((indicator) => tileOf(subject, indicator).value.latest?.event_time ?? 0);
  const last = Math.max(stateOf(subject).value.last_event ?? 0, ...newest);
  return last > 0 ? last : null;
}
