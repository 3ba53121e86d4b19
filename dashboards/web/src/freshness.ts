// How much a value's age says against it. Nothing here ever turns into "fresh" because data stopped.

import type { Tile } from "./model";
import { ageOf, feedNames, grace, pack } from "./store";

/**
 * fresh: within its cadence and allowed lateness; late: beyond; stale: beyond twice that, judgement withheld;
 * never: the series is expected and has never reported.
 */
export type Freshness = "fresh" | "late" | "stale" | "never";

/** How old the newest value of a series may be before it is late. Milliseconds. */
export function allowedAge(tile: Tile): number {
  const station = pack.value?.stations.find((station) => station.id === tile.subject);
  const cadence = station?.measures[tile.indicator] ?? 0;
  const lateness = tile.latest ? (feedNames.value.get(tile.latest.feed)?.lateness ?? 0) : 0;
  return cadence + lateness;
}

export function freshness(tile: Tile): Freshness {
  if (!tile.latest) return "never";
  const age = ageOf(tile.latest.event_time);
  const allowed = allowedAge(tile);
  if (age > 2 * allowed + grace()) return "stale";
  return age > allowed + grace() ? "late" : "fresh";
}
