// What is looked at lives in the address: view, series, period, colours, what a screen adds of its own, and the way from a
// number to its origin. A view can be passed on, and Back goes one step back.

import { batch, computed, effect, signal } from "@preact/signals";

/** A step of the way from a number to its origin: what it is, and which one. */
export type Step = [kind: StepKind, ...ids: string[]];

export const STEPS = ["alerts", "alert", "station", "kpi", "index", "assessment", "window", "envelope"] as const;
export type StepKind = (typeof STEPS)[number];

/** The longest way that is kept. */
const MOST_STEPS = 8;

const SHARED = ["", "series", "kind", "span", "colours", "step"];

/** Periods of the trend in hours; 0 is everything there is. */
export const SPANS = [24, 72, 168, 744, 8784, 0] as const;
export type SeriesKind = "point" | "hour" | "day";

export interface Selection {
  subject: string;
  indicator: string;
}

/** The screen that is asked for; empty for the first. */
export const view = signal("");
export const chosen = signal<Selection | null>(null);
export const kind = signal<SeriesKind>("hour");
export const span = signal<number>(72);
export const officialColours = signal(false);
/** What the screen says of itself in the address, by names that the others here do not have. */
export const own = signal<Readonly<Record<string, string>>>({});
export const way = signal<Step[]>([]);

/** The step on the screen. */
export const here = computed<Step | null>(() => way.value.at(-1) ?? null);

/** Opens the origin of something that stands on the page itself: a new way. */
export function open(...step: Step): void {
  way.value = [step];
}

/** Goes one step deeper. */
export function deeper(...step: Step): void {
  way.value = [...way.value, step].slice(-MOST_STEPS);
}

/** Goes back to a step of the way; -1 closes it. */
export function backTo(index: number): void {
  way.value = way.value.slice(0, index + 1);
}

export function chooseSeries(subject: string, indicator: string): void {
  chosen.value = { subject, indicator };
}

const written = computed(() => {
  const said: string[] = [];
  const join = (parts: string[]) => parts.map(encodeURIComponent).join("/");
  if (chosen.value) said.push(`series=${join([chosen.value.subject, chosen.value.indicator])}`);
  if (kind.value !== "hour") said.push(`kind=${kind.value}`);
  if (span.value !== 72) said.push(`span=${span.value}`);
  if (officialColours.value) said.push("colours=official");
  for (const [name, value] of Object.entries(own.value)) said.push(`${name}=${encodeURIComponent(value)}`);
  for (const step of way.value) said.push(`step=${join(step)}`);
  return `#/${encodeURIComponent(view.value)}${said.length > 0 ? `?${said.join("&")}` : ""}`;
});

/** Keeps choice and address the same, in both directions. */
export function followAddress(): void {
  read();
  addEventListener("popstate", read);
  let depth = placeOf();
  effect(() => {
    const hash = written.value;
    const place = placeOf();
    if (location.hash !== hash && !(hash === "#/" && location.hash === "")) {
      // A change of what is looked at can be gone back from; a change of how it is drawn cannot.
      if (place === depth) history.replaceState(null, "", hash);
      else history.pushState(null, "", hash);
    }
    depth = place;
  });
}

function placeOf(): string {
  return `${view.value} ${way.value.join(" ")}`;
}

function read(): void {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const said = query.split("&").map((pair) => pair.split("=") as [string, string | undefined]);
  const first = (name: string) => said.find(([key]) => key === name)?.[1] ?? "";
  batch(() => {
    view.value = decoded(path);
    const [subject, indicator] = split(first("series"));
    chosen.value = subject && indicator ? { subject, indicator } : null;
    const wanted = first("kind");
    kind.value = wanted === "point" || wanted === "day" ? wanted : "hour";
    const hours = first("span") === "" ? 72 : Number(first("span"));
    span.value = (SPANS as readonly number[]).includes(hours) ? hours : 72;
    officialColours.value = first("colours") === "official";
    own.value = Object.fromEntries(said.filter(([key, value]) => value && !SHARED.includes(key)).map(([key, value]) => [key, decoded(value ?? "")]));
    const steps = said.filter(([key]) => key === "step").map(([, value]) => split(value ?? ""));
    way.value = steps.filter((step): step is Step => (STEPS as readonly string[]).includes(step[0] ?? "")).slice(-MOST_STEPS);
  });
}

function split(joined: string): string[] {
  return joined === "" ? [] : joined.split("/").map(decoded);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
