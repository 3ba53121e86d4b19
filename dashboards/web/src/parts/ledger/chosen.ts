// Which obligations are looked at, as of when, and which of them is opened. It lives in the address, so that a view can be
// passed on.

import { batch } from "@preact/signals";
import { own, view, way } from "../../address";
import { screens } from "../../screens";

/**
 * The names in the address. `domain`, `form`, `agency`, `state` and `due` (the month or year of the deadline) filter; of the list
 * alone `due_from` and `due_until`, moments between which its deadlines lie whatever month is looked at, `refused` that an
 * attempt was refused, and `of` a period as `kind~label`. `after` is the place its page begins behind, `owes` the obligation
 * that is opened, `scored` the period whose scores are shown, written like `of`, `at` the moment as of which all of it is.
 */
export type Choice = "domain" | "form" | "agency" | "state" | "due" | "due_from" | "due_until" | "refused" | "of" | "after" | "owes" | "scored" | "at";

/** Those of the list alone. */
const OF_LIST = ["due_from", "due_until", "refused", "of"] as const;

const FILTERS: Choice[] = ["domain", "form", "agency", "state", "due", ...OF_LIST];

export function chosen(name: Choice): string {
  return own.value[name] ?? "";
}

/** Changes what is chosen. */
export function choose(changed: Partial<Record<Choice, string>>): void {
  own.value = Object.fromEntries(Object.entries({ ...own.value, ...changed }).filter(([, value]) => value !== ""));
}

/** What the list is of beside what all of the ledger is of: nothing but what is named. */
export function onlyOf(list: Partial<Record<(typeof OF_LIST)[number], string>>): Partial<Record<Choice, string>> {
  return { ...Object.fromEntries(OF_LIST.map((name) => [name, ""])), ...list };
}

/** A period as what is owed is called by it. */
export function periodOf({ kind, label }: { kind: string; label: string }): string {
  return `${kind}~${label}`;
}

/** Filters, and begins with the first page. */
export function filter(changed: Partial<Record<Choice, string>>): void {
  choose({ after: "", ...changed });
}

export function clear(): void {
  filter(Object.fromEntries(FILTERS.map((name) => [name, ""])));
}

export function isFiltered(): boolean {
  return FILTERS.some((name) => chosen(name) !== "");
}

/** A question to the ledger, as of the moment that is chosen. */
export function ledgerUrl(path: string, asked: Record<string, string>): string {
  const all = Object.entries({ ...asked, at: chosen("at") }).filter(([, value]) => value !== "");
  const query = new URLSearchParams(all).toString();
  return `/api/obligations${path}${query === "" ? "" : `?${query}`}`;
}

/** Whether the province has a ledger to go to. */
export function hasLedger(): boolean {
  return screens.value.some(({ id }) => id === "ledger");
}

/** The ledger from anywhere. */
export function openLedger(of: Partial<Record<Choice, string>>): void {
  batch(() => {
    view.value = "ledger";
    way.value = [];
    own.value = Object.fromEntries(Object.entries(of).filter(([, value]) => value !== ""));
  });
}

/** What one is called: `form~agency~kind~period`. */
export function obligationOf(form: string, agency: string, { kind, label }: { kind: string; label: string }): string {
  return [form, agency, periodOf({ kind, label })].join("~");
}
