// What things of a report are called: agencies, parts, periods.

import type { Receipt, ReportCell, ReportPeriod } from "../../api";
import { signal } from "@preact/signals";
import { language, say } from "../../language";
import type { Text } from "../../model";
import { periodWords } from "../../words/reports";

/** An agency by its identifier, as a receipt of it says. */
export function agencyName(agency: string): string {
  const name = seen.value.agencyNames.get(agency);
  return name ? say(name) : agency;
}

/** A form by its identifier. */
export function formName(form: string): string {
  const name = seen.value.formNames.get(form);
  return name ? say(name) : form;
}

export function placeName({ place, place_name }: Pick<ReportCell, "place" | "place_name">): string {
  return place_name ? say(place_name) : place;
}

export function indicatorName({ indicator, indicator_name }: ReportCell): string {
  return indicator_name ? say(indicator_name) : indicator;
}

/** `age=0-4,sex=f` as it is read. */
export function partName({ breakdown, part_name }: ReportCell): string {
  return part_name ? say(part_name) : breakdown.replaceAll("=", " ").replaceAll(",", " · ");
}

/** `tháng 10/2026`. */
export function periodName({ kind, label }: ReportPeriod): string {
  const [year = "", ...rest] = label.split("-");
  return say(periodWords[kind](year, rest.reverse().join("/").replace(/^\D/, "").replace(/^0(?=\d$)/, "")));
}

/** Its days, where its name does not say them: `15/09–14/10`. */
export function periodDays({ kind, start, end }: ReportPeriod): string {
  if (!kind.startsWith("admin_") && kind !== "week") return "";
  const day = (date: string) => date.split("-").slice(1).reverse().join("/");
  return `${day(start)}–${day(end)}`;
}

/** `tháng 11/2026` or `năm 2026`, of the label of a calendar month or year. */
export function dueName(label: string): string {
  return periodName({ kind: label.includes("-") ? "month" : "year", label, start: "", end: "" });
}

/** A day as it is written. */
export function dayName(date: string): string {
  return date.split("-").reverse().join("/");
}

export function byName(a: string, b: string): number {
  return a.localeCompare(b, language.value, { numeric: true });
}

interface Seen {
  forms: ReadonlyMap<string, ReadonlySet<string>>;
  agencies: ReadonlySet<string>;
  /** What the server calls them. */
  formNames: ReadonlyMap<string, Text>;
  agencyNames: ReadonlyMap<string, Text>;
}

/** Forms with their periods, the newest last, and agencies, of every receipt that was on the screen. */
export const seen = signal<Seen>({ forms: new Map(), agencies: new Set(), formNames: new Map(), agencyNames: new Map() });

export function notice(receipts: Receipt[]): void {
  const forms = new Map([...seen.peek().forms].map(([form, periods]) => [form, new Set(periods)]));
  const agencies = new Set(seen.peek().agencies);
  const [formNames, agencyNames] = [new Map(seen.peek().formNames), new Map(seen.peek().agencyNames)];
  for (const { form, form_name, agency, agency_name, period } of receipts) {
    if (form_name) formNames.set(form, form_name);
    if (agency_name) agencyNames.set(agency, agency_name);
    const periods = forms.get(form) ?? new Set<string>();
    if (period) periods.add(period.label);
    forms.set(form, periods);
    agencies.add(agency);
  }
  seen.value = { forms, agencies, formNames, agencyNames };
}
