// Which events are looked at. It lives in the address, so that a view can be passed on.

import { batch } from "@preact/signals";
import { own, view, way } from "../../address";
import type { EventKind, LogEvent, Severity } from "../../api";
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

/**
 * The names of the filters in the address. `attempts` is only what adds to the attempts to log in, `known`
 * only what log sources of the pack say, `counted` only what that measure counts, `agency` whose log sources (all of the
 * page looks at those), `window` how long the windows of what is counted are, `end` which end `at`
 * is, `flow` the number of a flow at its sensor (`source`), `from` and `until` the time of the number that was opened,
 * `before` the place the page begins behind.
 */
export type Filter = "event" | "attempts" | "known" | "counted" | "least" | "source" | "agency" | "at" | "end" | "flow" | "days" | "from" | "until" | "before" | "bars" | "measure" | "window";

/** What changes how something is drawn, and not which events are meant. */
const DRAWN: Filter[] = ["bars", "measure", "window"];

/** Nothing of it is chosen. */
const NOTHING = { event: "", attempts: "", known: "", counted: "", least: "", source: "", agency: "", at: "", end: "", flow: "", from: "", until: "" };

export function chosenFilter(name: Filter): string {
  return own.value[name] ?? "";
}

/** Changes a filter. Another question begins with its first page. */
export function filter(changed: Partial<Record<Filter, string>>): void {
  const { before: _, ...kept } = own.value;
  const all = { ...(DRAWN.some((name) => name in changed) ? own.value : kept), ...changed };
  own.value = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

/** Shows every event again. */
export function clear(): void {
  filter(NOTHING);
}

export function isFiltered(): boolean {
  return Object.keys(NOTHING).some((name) => chosenFilter(name as Filter) !== "");
}

/** Opens a number: exactly the events that it was counted of, and nothing that came after. */
export function openNumber({ from, until }: { from: number; until: number }, of: Partial<Record<Filter, string>>): void {
  // Whose log sources are looked at, all numbers of the page are of those.
  filter({ ...NOTHING, agency: chosenFilter("agency"), days: "", ...of, from: String(from), until: String(until) });
  goTo("events-title");
}

/** What else a sensor tells of the flow of a record: its records lie around it, and two sensors draw the same numbers. */
export function openFlow({ log_source, happened_at }: LogEvent, flow: string): void {
  const begin = happened_at - (happened_at % HOUR);
  openNumber({ from: begin - DAY, until: begin + DAY }, { source: log_source, flow });
}

/** The number that its sensor gave the flow of a record; none of other events. */
export function flowOf({ attributes }: LogEvent): string | null {
  return attributes.find(([name]) => name === "flow_id")?.[1] ?? null;
}

/** What a measure counts of events. */
export interface Counted {
  measure: string;
  kinds: EventKind[];
  severity: Severity | null;
  attempts: boolean;
}

/** The filters that leave what a measure counts. */
export function countedBy({ measure, kinds, severity, attempts }: Counted): Partial<Record<Filter, string>> {
  return { event: kinds.join(), least: severity ?? "", attempts: attempts ? "1" : "", known: "1", counted: measure };
}

/** The screen of events from anywhere, with these filters alone. */
export function lookAt(of: Partial<Record<Filter, string>>): void {
  batch(() => {
    view.value = "security";
    own.value = Object.fromEntries(Object.entries(of).filter(([, value]) => value !== ""));
    way.value = [];
  });
}

/** Brings the reader there, his keyboard too. */
export function goTo(id: string): void {
  const title = document.getElementById(id);
  title?.focus();
  title?.scrollIntoView({ block: "start" });
}

/** The time of the number that was opened; null where none was. */
export function openedTime(): [from: number, until: number] | null {
  const [from, until] = [Number(chosenFilter("from")), Number(chosenFilter("until"))];
  return until > 0 ? [from, until] : null;
}

export function daysChosen(): number {
  const said = Number(chosenFilter("days"));
  return PERIODS.find((days) => days === said) ?? 1;
}

/** A question of the page, about the log sources of the agency that is chosen. */
export function ofAgency(path: string, asked: Record<string, string> = {}): string {
  const agency = chosenFilter("agency");
  const all = new URLSearchParams(agency === "" ? asked : { ...asked, agency });
  return all.size === 0 ? path : `${path}?${all}`;
}

/** The question to the server. */
export function eventsUrl(limit: number): string {
  const asked = new URLSearchParams({ limit: String(limit) });
  const put = (name: string, value: string) => value !== "" && asked.set(name, value);
  const least = chosenFilter("least") as Severity;
  put("kind", chosenFilter("event"));
  put("severity", least === "not_rated" || !LEAST.includes(least) ? least : SEVERITIES.slice(0, SEVERITIES.indexOf(least) + 1).join());
  // A log source is one of its agency's.
  put("log_source", chosenFilter("source"));
  if (chosenFilter("source") === "") put("agency", chosenFilter("agency"));
  put("address", chosenFilter("at"));
  put("end", chosenFilter("end"));
  put("flow_id", chosenFilter("flow"));
  if (chosenFilter("attempts") !== "") put("attempts", "true");
  if (chosenFilter("known") !== "") put("known", "true");
  put("measure", chosenFilter("counted"));
  put("before", chosenFilter("before"));
  // From a full hour: the same question is asked in the same words again, and not another one every second.
  const opened = openedTime();
  if (opened) {
    put("from", String(opened[0]));
    put("until", String(opened[1]));
  } else if (daysChosen() > 1) put("from", String(now.peek() - (now.peek() % HOUR) - daysChosen() * DAY));
  return `/api/security/events?${asked}`;
}
