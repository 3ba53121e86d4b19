// Which series the trend shows: what is chosen, if the pack has it, else the first that has something to show.

import { computed } from "@preact/signals";
import { type Selection, type SeriesKind, chosen, kind } from "./address";
import { indexOfKind } from "./judgement";
import type { StationNames } from "./model";
import { indexOf, pack, roster, stationNames, tileOf } from "./store";

/** What a station has to show: its index, then its indicators. */
export function seriesOf(station: StationNames): string[] {
  const index = indexOfKind(station.kind);
  const known = index && pack.value?.indices[index] ? [index] : [];
  return [...known, ...Object.keys(station.measures)];
}

export function isIndex(series: string): series is "vn_aqi" | "vn_wqi" {
  return pack.value?.indices[series] !== undefined;
}

export const selection = computed<Selection | null>(() => {
  const wanted = chosen.value;
  const station = wanted && stationNames.value.get(wanted.subject);
  if (wanted && station && seriesOf(station).includes(wanted.indicator)) return wanted;
  return first.value;
});

/** Looked for when something appears, not with every value, so that the view does not jump. */
const first = computed<Selection | null>(() => {
  void roster.value;
  const all = (pack.value?.stations ?? []).flatMap((station) =>
    seriesOf(station).map((indicator) => ({ subject: station.id, indicator })),
  );
  const reported = ({ subject, indicator }: Selection) =>
    isIndex(indicator)
      ? indexOf(indicator, subject, "hour").peek().latest !== null
      : tileOf(subject, indicator).peek().latest !== null;
  return all.find(reported) ?? all[0] ?? null;
});

/** The kind that is drawn: an index has hours and days only. */
export const shownKind = computed<SeriesKind>(() =>
  kind.value === "point" && selection.value && isIndex(selection.value.indicator) ? "hour" : kind.value,
);
