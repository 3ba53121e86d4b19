// Alerts in the order they are worked on, and what they say of themselves.

import type { Usual } from "./api";
import { age, number, period, plain, unit } from "./format";
import { say } from "./language";
import type { Alert, Priority } from "./model";
import { sensorLine } from "./sensor";
import { pack } from "./store";
import { isWall } from "./wall";
import { alertWords, countWords } from "./words/alerts";
import { averagingWords, statusWords } from "./words/page";
import { sensorWords } from "./words/sensor";

const ORDER: Priority[] = ["critical", "high", "medium", "low"];

/** Unacknowledged first, then by priority, then the newest. */
export function openInOrder(all: Alert[]): Alert[] {
  return all.sort(
    (a, b) =>
      Number(a.acknowledged) - Number(b.acknowledged) ||
      ORDER.indexOf(a.priority) - ORDER.indexOf(b.priority) ||
      b.raised_at - a.raised_at,
  );
}

/** What it is about: a station, a log source or an agency by its name, an address, a network as `2001:db8:0:9::/64`, a user. */
export function subjectOf({ subject, about, subject_name }: Pick<Alert, "subject" | "about" | "subject_name">): string {
  if (about === "network" && subject.includes(":")) return `${subject}/64`;
  return subject_name ? say(subject_name) : subject;
}

/** Whether it is of whom events were counted by: an address, a network, a user. */
export function isOfGroup({ about }: Alert): boolean {
  return about !== "station" && about !== "log_source" && about !== "agency";
}

/** Whether it is of events: of whom they were counted by, or of who reports them. */
export function isOfEvents({ about }: Pick<Alert, "about">): boolean {
  return about !== "station" && about !== "agency";
}

/** Whether it is of what an agency owes. */
export function isOfObligations({ about }: Alert): boolean {
  return about === "agency";
}

/** The two flags in words; an active one that nobody took says nothing, its place in the list does. */
export function stateWords(alert: Alert): string {
  const said: string[] = [];
  if (!alert.active) said.push(say(alert.cleared_at === null ? alertWords.over : alertWords.cleared));
  if (alert.acknowledged) said.push(`${say(alertWords.takenBy)}: ${alert.user ?? "—"}`);
  return said.join(" · ");
}

/** What the rule looks at: `PM2.5 24 giờ`. */
export function measureOf({ about, evidence }: Alert): string {
  if (!evidence || evidence.measure === "status") return "";
  if (about === "agency") return say(alertWords.missedReports);
  if (evidence.sensor) return say(sensorWords.record);
  if (evidence.events) return say(countWords[evidence.events.count]);
  const names = pack.value?.indicators[evidence.measure];
  const averaging = evidence.averaging ? ` ${say(averagingWords[evidence.averaging])}` : "";
  const counted = pack.value?.measures[evidence.measure];
  return `${counted ? say(counted) : (names?.symbol ?? evidence.measure.toUpperCase())}${averaging}`;
}

/** `62,3 µg/m³ > 45`, and when it was so. */
export function valueAndPeriod({ about, evidence }: Alert): [string, string] {
  if (!evidence) return ["", ""];
  if (evidence.measure === "status") return [evidence.status ? say(statusWords[evidence.status]) : "", ""];
  if (evidence.sensor) return [sensorLine(evidence.sensor), period("minute", evidence.start, evidence.end, isWall)];
  if (evidence.value === null) return ["", ""];
  if (about === "agency") return [`${number(evidence.value)}${evidence.threshold === null ? "" : ` (${say(alertWords.threshold)} ${number(evidence.threshold)})`}`, period("year", evidence.start, evidence.end)];
  if (evidence.events) {
    const { reach, within } = evidence.events;
    const asked = `${number(evidence.value)} ≥ ${number(reach)} ${say(alertWords.within)} ${age(within)}`;
    return [asked, period("minute", evidence.start, evidence.end, isWall)];
  }
  const names = pack.value?.indicators[evidence.measure];
  // A multiple of a count need not be one.
  const decimals = names?.decimals ?? (Number.isInteger(evidence.threshold) ? 0 : 1);
  const value = `${number(evidence.value, decimals)}${names ? ` ${unit(names.unit)}` : ""}`;
  const sign = evidence.threshold === null ? "" : evidence.value > evidence.threshold ? ">" : evidence.value < evidence.threshold ? "<" : "=";
  const threshold = evidence.threshold === null ? "" : ` ${sign} ${plain(evidence.threshold, decimals)}`;
  const usual = evidence.compared && ` (${say(alertWords.usually)} ${bandOf(evidence.compared.usual)})`;
  return [`${value}${threshold}${usual ?? ""}`, period(evidence.averaging ?? "hour", evidence.start, evidence.end, isWall)];
}

/** What is usual: `12 – 40`. */
export function bandOf({ low, high }: Usual): string {
  return `${number(low)} – ${number(high)}`;
}

/** Both in a line. */
export function valueLine(alert: Alert): string {
  return valueAndPeriod(alert).filter((said) => said !== "").join(", ");
}
