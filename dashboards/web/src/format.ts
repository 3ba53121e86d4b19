// Numbers, moments and ages as their reader writes them: vi-VN or en-GB, in the pack's time zone.

import { type Language, language } from "./language";
import { pack } from "./store";

const LOCALES: Record<Language, string> = { vi: "vi-VN", en: "en-GB" };

const numberFormats = new Map<string, Intl.NumberFormat>();
const momentFormats = new Map<string, Intl.DateTimeFormat>();

/** A value with so many decimal places. */
export function number(value: number, decimals = 0): string {
  return numberFormat(decimals).format(value);
}

/** A number as it is written: at least so many where not all was seen. */
export function atLeast(written: string, partly: boolean): string {
  return partly ? `≥ ${written}` : written;
}

/** A decimal as it stands, with all of its digits: it never was a double. */
export function decimal(value: string): string {
  return numberFormat(value.split(".")[1]?.length ?? 0).format(value as Intl.StringNumericLiteral);
}

function numberFormat(decimals: number): Intl.NumberFormat {
  const locale = LOCALES[language.value];
  const key = `${locale}/${decimals}`;
  let format = numberFormats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    numberFormats.set(key, format);
  }
  return format;
}

const SHAPES = {
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  minute: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  date: { day: "2-digit", month: "2-digit", year: "numeric" },
  dayMonth: { day: "2-digit", month: "2-digit" },
  weekday: { weekday: "long" },
} satisfies Record<string, Intl.DateTimeFormatOptions>;

/** A moment in one of the page's shapes. */
export function moment(at: number, shape: keyof typeof SHAPES): string {
  const locale = LOCALES[language.value];
  const zone = pack.value?.timezone ?? "Asia/Ho_Chi_Minh";
  const key = `${locale}/${zone}/${shape}`;
  let format = momentFormats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, { ...SHAPES[shape], timeZone: zone });
    momentFormats.set(key, format);
  }
  // The locale data of some browsers writes 14-06 where Vietnamese writes 14/06.
  const written = format.format(at);
  return language.value === "vi" ? written.replaceAll("-", "/") : written;
}

/** Day, month, hour and minute: `14:05 12/06`. */
export function shortMoment(at: number): string {
  return `${moment(at, "minute")} ${moment(at, "dayMonth")}`;
}

/** The full moment, for evidence: `14:05:09 12/06/2004`. */
export function fullMoment(at: number): string {
  return `${moment(at, "clock")} ${moment(at, "date")}`;
}

const dayFormats = new Map<string, Intl.DateTimeFormat>();

/** The local calendar day of a moment as `yyyy-mm-dd`, to compare with validity dates. */
export function isoDay(at: number): string {
  const zone = pack.value?.timezone ?? "Asia/Ho_Chi_Minh";
  let format = dayFormats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
    dayFormats.set(zone, format);
  }
  return format.format(at);
}

const AGE_UNITS: Record<Language, { now: string; s: string; min: string; h: string; d: string }> = {
  vi: { now: "vừa xong", s: "giây", min: "phút", h: "giờ", d: "ngày" },
  en: { now: "now", s: "s", min: "min", h: "h", d: "d" },
};

/** A length of time in at most two units: `2 giờ 5 phút`. */
export function age(milliseconds: number): string {
  const unit = AGE_UNITS[language.value];
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 5) return unit.now;
  if (seconds < 60) return `${seconds} ${unit.s}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} ${unit.min}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} ${unit.h}` : `${hours} ${unit.h} ${minutes % 60} ${unit.min}`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 || days > 9 ? `${number(days)} ${unit.d}` : `${days} ${unit.d} ${hours % 24} ${unit.h}`;
}

/** A length of time in its largest unit, rounded down: `2 giờ`. */
export function roughAge(milliseconds: number): string {
  const HOUR = 3_600_000;
  const DAY = 24 * HOUR;
  if (milliseconds >= DAY) return age(milliseconds - (milliseconds % DAY));
  if (milliseconds >= HOUR) return age(milliseconds - (milliseconds % HOUR));
  return age(milliseconds);
}

/** A length of time as a promise: `1 giờ`. */
export function span(milliseconds: number): string {
  const unit = AGE_UNITS[language.value];
  return milliseconds < 5000 ? `${Math.round(milliseconds / 1000)} ${unit.s}` : age(milliseconds);
}

/** A unit as it is printed: `ug/m3` is `µg/m³`. */
export function unit(plain: string): string {
  return plain
    .replace(/^[uμ](?=g|m|S)/, "µ")
    .replace(/m3\b/, "m³")
    .replace(/m2\b/, "m²")
    .replace(/^(deg|o)?C$/, "°C")
    .replace(/^deg$/, "°")
    .replace(/^-$/, "");
}

/** A number without needless decimals: 45, 0.3. */
export function plain(value: number, decimals: number): string {
  return number(value, Number.isInteger(value) ? 0 : decimals);
}

/** A window by its length: `11:00–12:00 24/11`, `24/11/2026`, `2026`. Brief: without the day of an hour. */
export function period(kind: string, start: number, end: number, brief = false): string {
  if (kind === "year") return moment(start, "date").slice(-4);
  if (kind === "day") return moment(start, "date");
  const hours = `${moment(start, "minute")}–${moment(end, "minute")}`;
  return brief ? hours : `${hours} ${moment(start, "dayMonth")}`;
}

export function percent(share: number): string {
  // 99.96 % is not all of it.
  return number(Math.floor(share * 1000) / 10, share >= 1 || share === 0 ? 0 : 1);
}
