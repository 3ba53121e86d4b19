// Which events are looked at. It lives in the address, so that a view can be passed on.

import { own } from "../../address";
import type { EventKind, Severity } from "../../api";
import { now } from "../../clock";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The scale, worst first; what nobody rated stands behind it. */
export const SEVERITIES: Severity[] = ["critical", "high", "medium", "low", "info", "not_rated"];

export const KINDS: EventKind[] = [
  "alert",
  "infection",
  "login_failed",
  "login_limit",
  "login_user",
  "login_module",
  "login_probe",
  "login_accepted",
  "block",
  "allow",
  "anomaly",
  "protocol",
  "flow",
  "log",
  "repeat",
  "stats",
];

/** What can be chosen of severities: one and worse, or those that nobody rated. */
export const LEAST: Severity[] = ["critical", "high", "medium", "low", "not_rated"];

export const PERIODS = [1, 7, 31] as const;

/** The names of the filters in the address; `before` is the place the page begins behind. */
export type Filter = "event" | "least" | "source" | "at" | "days" | "before" | "bars" | "measure";

export function chosenFilter(name: Filter): string {
  return own.value[name] ?? "";
}

/** Changes a filter. Another question begins with its first page. */
export function filter(changed: Partial<Record<Filter, string>>): void {
  const { before: _, ...kept } = own.value;
  const all = { ...("bars" in changed || "measure" in changed) ? own.value : kept, ...changed };
  own.value = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

export function daysChosen(): number {
  const said = Number(chosenFilter("days"));
  return PERIODS.find((days) => days === said) ?? 1;
}

/** The question to the server. */
export function eventsUrl(limit: number): string {
  const asked = new URLSearchParams({ limit: String(limit) });
  const put = (name: string, value: string) => value !== "" && asked.set(name, value);
  const least = chosenFilter("least") as Severity;
  put("kind", chosenFilter("event"));
  put("severity", least === "not_rated" || !LEAST.includes(least) ? least : SEVERITIES.slice(0, SEVERITIES.indexOf(least) + 1).join());
  put("log_source", chosenFilter("source"));
  put("address", chosenFilter("at"));
  put("before", chosenFilter("before"));
  // From a full hour: the same question is asked in the same words again, and not another one every second.
  if (daysChosen() > 1) put("from", String(now.peek() - (now.peek() % HOUR) - daysChosen() * DAY));
  return `/api/security/events?${asked}`;
}
