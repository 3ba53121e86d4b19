// Daily means behind a figure: asked for once a day and station, and kept.

import { signal } from "@preact/signals";
import { fetchSeries } from "./series";

const DAY = 86_400_000;
const DAYS = 30;

const known = signal<ReadonlyMap<string, (number | null)[]>>(new Map());
const asked = new Set<string>();

/** The daily means up to `until`, oldest first, null for days without one; empty until they have come. */
export function dailyHistory(subject: string, indicator: string, until: number): (number | null)[] {
  const key = `${subject}/${indicator}/${until}`;
  if (!asked.has(key)) {
    asked.add(key);
    void ask(key, subject, indicator, until);
  }
  return known.value.get(key) ?? [];
}

async function ask(key: string, subject: string, indicator: string, until: number): Promise<void> {
  const from = until - DAYS * DAY;
  try {
    const asking = { subject, indicator, kind: "day" as const, from, until, points: 2 * DAYS };
    const series = await fetchSeries(asking, AbortSignal.timeout(10_000));
    const days: (number | null)[] = Array.from({ length: DAYS }, () => null);
    for (let i = 0; i < series.count; i++) {
      const at = Math.round(((series.moments[i] ?? 0) - from) / DAY);
      const mean = series.means[i] ?? NaN;
      if (at >= 0 && at < DAYS && !Number.isNaN(mean)) days[at] = mean;
    }
    // Only the newest is ever drawn: what came before it is let go.
    known.value = new Map([[key, days]]);
  } catch {
    // The figure stands without its line.
    asked.delete(key);
  }
}
