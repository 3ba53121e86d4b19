// Which reports are looked at, which of them is opened, and of which form and period the values are. It lives in the
// address, so that a view can be passed on.

import { own } from "../../address";

/**
 * The names in the address. `form`, `agency` and `verdict` filter the list, `before` is the place its page begins behind,
 * `report` the position of the one that is opened; `of` and `period` say whose values are shown; `part`,
 * `indicator` and `year` what of them on the screens of domains and targets; `map` and `group` how places are read.
 */
export type Choice = "form" | "agency" | "verdict" | "before" | "report" | "of" | "period" | "part" | "indicator" | "year" | "map" | "group";

/** Those that leave less of the list. */
const FILTERS: Choice[] = ["form", "agency", "verdict"];

export function chosen(name: Choice): string {
  return own.value[name] ?? "";
}

/** Changes what is chosen. */
export function choose(changed: Partial<Record<Choice, string>>): void {
  own.value = Object.fromEntries(Object.entries({ ...own.value, ...changed }).filter(([, value]) => value !== ""));
}

/** Filters the list, which begins with its first page then. */
export function filter(changed: Partial<Record<Choice, string>>): void {
  choose({ before: "", ...changed });
}

export function clear(): void {
  filter({ form: "", agency: "", verdict: "" });
}

export function isFiltered(): boolean {
  return FILTERS.some((name) => chosen(name) !== "");
}

/** The question for a page of the list. */
export function receiptsUrl(limit: number): string {
  const asked = new URLSearchParams({ limit: String(limit) });
  for (const name of [...FILTERS, "before"] as const) if (chosen(name) !== "") asked.set(name, chosen(name));
  return `/api/reports/receipts?${asked}`;
}

/** The question for the values of a form and period; null while one of them is not chosen. */
export function valuesUrl(): string | null {
  const [form, period] = [chosen("of"), chosen("period")];
  return form === "" || period === "" ? null : valuesUrlOf(form, period);
}

export function valuesUrlOf(form: string, period: string): string {
  return `/api/reports/values?${new URLSearchParams({ form, period, ...mapAsked() })}`;
}

/** That of one indicator and part of them: what a map and a ranking need, however many there are. */
export function placedUrl(form: string, period: string, indicator: string, part: string): string {
  return `/api/reports/values?${new URLSearchParams({ form, period, indicator, part, ...mapAsked() })}`;
}

/** What a question says of the map of places; nothing as reported. */
export function mapAsked(): { map?: string } {
  return chosen("map") === "" ? {} : { map: chosen("map") };
}

/** The question for a screen of a domain, of one of its forms or the first. */
export function domainUrl(screen: string, form: string): string {
  const group = chosen("group");
  return `/api/reports/domain?${new URLSearchParams({ screen, ...(form !== "" && { form }), ...mapAsked(), ...(group !== "" && { group }) })}`;
}

/** Brings the reader there once it is drawn, his keyboard too. */
export function goTo(id: string): void {
  requestAnimationFrame(() => {
    const title = document.getElementById(id);
    title?.focus({ preventScroll: true });
    title?.scrollIntoView({ block: "start" });
  });
}

export function openReport(position: string): void {
  choose({ report: position });
  goTo("report-title");
}

/** The report that was left for the list, until its row is there. */
let left = "";

export function closeReport(): void {
  left = chosen("report");
  choose({ report: "" });
}

/** Brings the reader to the row that he left, once the list is there; to its title where the row is not in it any more. */
export function returnToRow(): void {
  if (left !== "") goTo(document.getElementById(`receipt-${left}`) ? `receipt-${left}` : "receipts-title");
  left = "";
}

export function openValues(form: string, period: string): void {
  choose({ of: form, period });
  goTo("values-title");
}
