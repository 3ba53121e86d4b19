// What a commune shows: the worst of the stations in it, or that there is none. Nothing is interpolated.

import { type ReadonlySignal, computed } from "@preact/signals";
import { inOperation } from "../attention";
import { now } from "../clock";
import { isoDay } from "../format";
import { indexFreshness } from "../freshness";
import { categoryOf } from "../judgement";
import type { IndexSeries, StationNames } from "../model";
import { indexOf, pack } from "../store";

/** `none`: no station; `never`, `stale`, `missing`: a station without a judged value; else the category's word. */
export type Band = string;

export interface Shown {
  band: Band;
  /** The station that decides; null where there is none. */
  station: StationNames | null;
  series: IndexSeries | null;
}

const NOT_JUDGED = ["never", "missing", "stale"];

const today = computed(() => isoDay(now.value));

/** Air stations in operation, by the commune they stand in. */
const byCommune = computed(() => {
  const found = new Map<string, StationNames[]>();
  for (const station of pack.value?.stations ?? []) {
    if (station.kind !== "ambient_air" || !inOperation(station, today.value)) continue;
    found.set(station.place_code, [...(found.get(station.place_code) ?? []), station]);
  }
  return found;
});

const shownOf = new Map<string, ReadonlySignal<Shown>>();
const bands = new Map<string, ReadonlySignal<Band>>();

/** What a commune shows and why. */
export function shownAt(code: string): ReadonlySignal<Shown> {
  let shown = shownOf.get(code);
  if (!shown) {
    shown = computed(() => worst(byCommune.value.get(code) ?? []));
    shownOf.set(code, shown);
  }
  return shown;
}

/** A commune's band alone: it changes seldom, and only then the commune is painted again. */
export function bandAt(code: string): ReadonlySignal<Band> {
  let band = bands.get(code);
  if (!band) {
    const shown = shownAt(code);
    band = computed(() => shown.value.band);
    bands.set(code, band);
  }
  return band;
}

function worst(stations: StationNames[]): Shown {
  let found: Shown = { band: "none", station: null, series: null };
  let rank = -Infinity;
  for (const station of stations) {
    const series = indexOf("vn_aqi", station.id, "hour").value;
    const state = indexFreshness(series);
    const category = state === "fresh" || state === "late" ? categoryOf("vn_aqi", series.latest) : null;
    const band = category?.word ?? (state === "stale" ? "stale" : state === "never" ? "never" : "missing");
    const its = category ? (series.latest?.value ?? 0) : NOT_JUDGED.indexOf(band) - NOT_JUDGED.length;
    if (its > rank) {
      rank = its;
      found = { band, station, series };
    }
  }
  return found;
}
