// A series as it comes over the wire: columns of little-endian numbers, read in place. Twenty-four bytes an entry, so
// that fifty thousand of them are there before a reader notices.

import type { SeriesKind } from "./address";

const MAGIC = 0x53434f49;
const HEAD = 20;

/** Columns of one length; NaN where there is no value. Moments are milliseconds since 1970. */
export interface Series {
  count: number;
  moments: Float64Array;
  means: Float32Array;
  lows: Float32Array;
  highs: Float32Array;
  /** Received of expected; NaN where nothing is known to be expected. */
  completeness: Float32Array;
  /** How many entries the server put into one; 1 for all of them. */
  thinned: number;
}

export interface Asked {
  subject: string;
  indicator: string;
  kind: SeriesKind;
  from: number;
  until: number;
  points: number;
}

export async function fetchSeries(asked: Asked, signal: AbortSignal): Promise<Series> {
  const { subject, indicator, kind, from, until, points } = asked;
  const query = new URLSearchParams({ subject, indicator, kind, points: String(points) });
  if (from > 0) query.set("from", String(Math.round(from)));
  query.set("to", String(Math.round(until)));
  const response = await fetch(`/api/series?${query}`, { signal });
  if (!response.ok) throw new Error(`series: ${response.status}`);
  const thinned = Number(response.headers.get("x-ioc-thinned") ?? 1) || 1;
  return { ...columns(await response.arrayBuffer()), thinned };
}

/** Reads the columns; throws where the bytes are not what they say. */
export function columns(bytes: ArrayBuffer): Omit<Series, "thinned"> {
  const head = new DataView(bytes);
  if (bytes.byteLength < HEAD || head.getUint32(0, true) !== MAGIC || head.getUint32(4, true) !== 1) {
    throw new Error("series: not a series of version 1");
  }
  const count = head.getUint32(8, true);
  if (bytes.byteLength !== HEAD + count * 24) throw new Error("series: cut short");
  const moments = new Float64Array(bytes.slice(HEAD, HEAD + count * 8));
  const column = (index: number) => {
    const from = HEAD + count * 8 + index * count * 4;
    return new Float32Array(bytes.slice(from, from + count * 4));
  };
  return { count, moments, means: column(0), lows: column(1), highs: column(2), completeness: column(3) };
}

/** The series with a newer tail: what the tail covers is the tail's, entries before `from` are dropped. */
export function withTail(series: Series, tail: Series, from: number): Series {
  const first = tail.count > 0 ? (tail.moments[0] ?? Infinity) : Infinity;
  const start = firstAt(series.moments, from);
  const end = Math.max(start, firstAt(series.moments, first));
  const count = end - start + tail.count;
  const joined = <A extends Float32Array | Float64Array>(of: (it: Series) => A, into: A): A => {
    into.set(of(series).subarray(start, end));
    into.set(of(tail), end - start);
    return into;
  };
  return {
    count,
    moments: joined((it) => it.moments as Float64Array<ArrayBuffer>, new Float64Array(count)),
    means: joined((it) => it.means as Float32Array<ArrayBuffer>, new Float32Array(count)),
    lows: joined((it) => it.lows as Float32Array<ArrayBuffer>, new Float32Array(count)),
    highs: joined((it) => it.highs as Float32Array<ArrayBuffer>, new Float32Array(count)),
    completeness: joined((it) => it.completeness as Float32Array<ArrayBuffer>, new Float32Array(count)),
    thinned: Math.max(series.thinned, tail.thinned),
  };
}

/** The entries from one moment to another. */
export function between(series: Series, from: number, until: number): Series {
  const start = firstAt(series.moments, from);
  const end = Math.max(start, firstAt(series.moments, until));
  return {
    count: end - start,
    moments: series.moments.subarray(start, end),
    means: series.means.subarray(start, end),
    lows: series.lows.subarray(start, end),
    highs: series.highs.subarray(start, end),
    completeness: series.completeness.subarray(start, end),
    thinned: series.thinned,
  };
}

/** Index of the first moment at or behind `at`. */
function firstAt(moments: Float64Array, at: number): number {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((moments[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Stretches of which there is nothing: from the first entry to `until`, one step long at least. */
export function gapsOf({ moments, means, count }: Series, step: number, until: number): [number, number][] {
  const gaps: [number, number][] = [];
  const add = (from: number, to: number) => {
    const last = gaps.at(-1);
    if (last && from <= last[1]) last[1] = to;
    else gaps.push([from, to]);
  };
  for (let i = 0; i < count; i++) {
    const at = moments[i] ?? 0;
    if (Number.isNaN(means[i])) add(at, at + step);
    const next = i + 1 < count ? (moments[i + 1] ?? 0) : until;
    if (next > at + 1.5 * step) add(at + step, next);
  }
  return gaps;
}
