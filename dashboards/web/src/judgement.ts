// What a value means: its band of an index, and how urgent that is. The one place where a measured value gets a colour
// and a shape; whether it keeps a limit or a target, the flow says.

import type { Averaging, Category, IndexView, Limit, Priority, StationNames } from "./model";
import { pack } from "./store";

/** Bands of an index that are nothing to act on, counted from the best. */
const CALM: Record<string, number> = { vn_aqi: 2, vn_wqi: 3 };

const RISING: Priority[] = ["medium", "high", "critical"];

/** The index that speaks for a kind of station; none where none is computed. */
export function indexOfKind(kind: StationNames["kind"]): "vn_aqi" | "vn_wqi" | null {
  if (kind === "ambient_air") return "vn_aqi";
  return kind === "surface_water" ? "vn_wqi" : null;
}

export function categoryOf(index: string, view: IndexView | null): Category | null {
  const all = pack.value?.indices[index]?.categories ?? [];
  return all.find((category) => category.word === view?.category) ?? null;
}

/** The band a whole number lies in. */
export function categoryAt(index: string, value: number): Category | null {
  const all = pack.value?.indices[index]?.categories ?? [];
  return all.find(({ from, to }) => value >= from && value <= to) ?? null;
}

/** How urgent a band is; null for those with nothing to act on. */
export function priorityOfCategory(index: string, category: Category | null): Priority | null {
  const rank = category ? (pack.value?.indices[index]?.categories ?? []).indexOf(category) : -1;
  const above = rank - (CALM[index] ?? 2);
  return above < 0 ? null : (RISING[Math.min(above, RISING.length - 1)] ?? null);
}

/** The highest number of VN_AQI with nothing to act on. */
export function calmUntil(index: string): number | null {
  return pack.value?.indices[index]?.categories[(CALM[index] ?? 2) - 1]?.to ?? null;
}

/** All limits of a station's indicator, whenever they hold. */
export function limitsOf(station: StationNames | undefined, indicator: string, averaging: Averaging): Limit[] {
  return (pack.value?.limits ?? []).filter(
    (it) =>
      it.indicator === indicator &&
      it.averaging === averaging &&
      station !== undefined &&
      (it.stations.length > 0 ? it.stations.includes(station.id) : it.kinds.includes(station.kind)),
  );
}
