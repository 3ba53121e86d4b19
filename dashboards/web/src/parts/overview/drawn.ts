/** What a trend draws, as a chart and as a table: a series, its gaps, the lines it should keep. */

import type { SeriesKind } from "../../address";
import { moment, period } from "../../format";
import type { Series } from "../../series";

/** A series with what is drawn around it. */
export interface Drawn {
  key: string;
  series: Series;
  /** Length of an entry in milliseconds. */
  step: number;
  from: number;
  until: number;
  gaps: [number, number][];
  lines: TargetLine[];
  decimals: number;
}

/** A line the values should keep, from and to moments. */
export interface TargetLine {
  from: number;
  until: number;
  value: number;
}

/** Whether the entries have a band: some value differs from its mean. */
export function hasBand({ lows, highs, count }: Series): boolean {
  for (let i = 0; i < count; i++) {
    if ((highs[i] ?? 0) - (lows[i] ?? 0) > 1e-6) return true;
  }
  return false;
}

/** A moment of the series as its reader writes it. */
export function entryName(start: number, step: number, kind: SeriesKind): string {
  if (kind === "day") return moment(start, "date");
  return kind === "hour" ? period("hour", start, start + step) : `${moment(start, "minute")} ${moment(start, "date")}`;
}
