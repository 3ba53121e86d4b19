// What a value is looked up in: the bands of its index, and its limits. How urgent a band is, the pack says.

import type { Averaging, Category, IndexView, Limit, StationNames } from "./model";
import { pack } from "./store";

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
