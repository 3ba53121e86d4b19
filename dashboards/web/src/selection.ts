// Which series the trend shows, and over how long. It lives in the address, so that a view can be passed on.

import { computed, effect, signal } from "@preact/signals";
import { pack, tileOf } from "./store";

export interface Selection {
  subject: string;
  indicator: string;
}

/** The periods to choose from, in hours. */
export const RANGES = [24, 72, 168, 744] as const;

const chosen = signal<Selection | null>(null);

export const hours = signal<number>(72);

/** What is chosen, if the pack has it; the first series of the pack otherwise. */
export const selection = computed<Selection | null>(() => {
  const stations = pack.value?.stations ?? [];
  const wanted = chosen.value;
  if (wanted) {
    const station = stations.find((station) => station.id === wanted.subject);
    if (station && wanted.indicator in station.measures) return wanted;
  }
  return first.value;
});

/** The first series that has reported, else the first there is; looked for once, so that the view does not jump. */
const first = computed<Selection | null>(() => {
  const all = (pack.value?.stations ?? []).flatMap((station) =>
    Object.keys(station.measures).map((indicator) => ({ subject: station.id, indicator })),
  );
  const reported = ({ subject, indicator }: Selection) => tileOf(subject, indicator).peek().latest !== null;
  return all.find(reported) ?? all[0] ?? null;
});

export function choose(subject: string, indicator: string): void {
  chosen.value = { subject, indicator };
}

/** Keeps choice and address the same. */
export function followAddress(): void {
  read();
  addEventListener("hashchange", read);
  effect(() => {
    if (!chosen.value) return;
    const { subject, indicator } = chosen.value;
    const hash = `#${encodeURIComponent(subject)}/${encodeURIComponent(indicator)}/${hours.value}`;
    if (location.hash !== hash) history.replaceState(null, "", hash);
  });
}

function read(): void {
  const [subject, indicator, span] = location.hash.slice(1).split("/").map(decoded);
  if (subject && indicator) chosen.value = { subject, indicator };
  const wanted = Number(span);
  if ((RANGES as readonly number[]).includes(wanted)) hours.value = wanted;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
