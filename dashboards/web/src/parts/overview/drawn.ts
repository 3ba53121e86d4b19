/** What a trend draws, as a chart and as a table: a series, its gaps, the lines it should keep. */

import type { SeriesKind } from "../../address";
import { moment, period } from "../../format";
import { type Series, between } from "../../series";

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

/** The part of it from and to moments; null where there is nothing between them. */
export function partOf(drawn: Drawn, from: number, until: number): Drawn | null {
  const series = between(drawn.series, from, until);
  if (series.count === 0) return null;
  const inside = (start: number, end: number) => start < until && end > from;
  return {
    ...drawn,
    series,
    from,
    until,
    gaps: drawn.gaps.filter(([start, end]) => inside(start, end)).map(([start, end]) => [Math.max(start, from), Math.min(end, until)]),
    lines: drawn.lines
      .filter((line) => inside(line.from, line.until))
      .map((line) => ({ ...line, from: Math.max(line.from, from), until: Math.min(line.until, until) })),
  };
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
