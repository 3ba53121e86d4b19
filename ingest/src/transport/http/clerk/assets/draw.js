// Elements, made of what they are and never of markup: what a file says stays text. And how numbers, moments and periods
// are written.

import { language, say, words } from "./words.js";

/** An element. Attributes that are false or null are left out; functions are listeners; strings become text. */
export function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name, value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const locale = () => (language() === "vi" ? "vi-VN" : "en-GB");

/** A decimal, which is a text so that it never is a double. */
export function decimal(text) {
  const places = String(text).split(".")[1]?.length ?? 0;
  return new Intl.NumberFormat(locale(), { minimumFractionDigits: places, maximumFractionDigits: places }).format(text);
}

export function count(number) {
  return new Intl.NumberFormat(locale()).format(number);
}

export function size(bytes) {
  const [unit, by] = bytes >= 1 << 20 ? ["MB", 1 << 20] : ["kB", 1024];
  return `${new Intl.NumberFormat(locale(), { maximumFractionDigits: 1 }).format(bytes / by)} ${unit}`;
}

/** A moment in the province's time. */
export function moment(text, zone) {
  const shape = { day: "2-digit", month: "2-digit", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone };
  return el("time", { datetime: text }, new Intl.DateTimeFormat(locale(), shape).format(new Date(text)).replaceAll("-", "/"));
}

/** A length of time in its largest unit: `2 ngày`. */
export function span(milliseconds) {
  const minutes = Math.max(1, Math.floor(milliseconds / 60_000));
  const [unit, of] = minutes >= 2_880 ? ["day", 1_440] : minutes >= 60 ? ["hour", 60] : ["minute", 1];
  return say(words.spans[unit], { count: count(Math.floor(minutes / of)) });
}

const day = (date) => date.split("-").reverse().join("/");

/** `tháng 10/2026 (15/09/2026 – 14/10/2026)`. */
export function period({ kind, label, start, end }) {
  const [year, ...rest] = label.split("-");
  const number = rest.reverse().join("/").replace(/^\D/, "").replace(/^0(?=\d$)/, "");
  // Which count of a school year, and the year in which that ends.
  const [round, next] = number.split("/");
  const named = kind === "school_round" ? say(words.rounds[round] ?? words.rounds[3], { year, number: next }) : say(words.periods[kind] ?? words.periods.day, { year, number });
  return kind.startsWith("admin_") || kind === "week" ? `${named} (${day(start)} – ${day(end)})` : named;
}

/** What a cell holds: a number, or why there is none. */
export function value({ mark, number }, unit = "") {
  if (mark === "value" && number !== null) return unit ? `${decimal(number)} ${unit}` : decimal(number);
  return say(words.marks[mark] ?? words.marks.not_filled);
}
