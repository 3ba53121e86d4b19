// A table as a file that spreadsheets and scripts read: RFC 4180 with a byte order mark, without which Excel takes
// Vietnamese for something else; moments in local time with their offset, numbers with a point, nothing where nothing is.

import { pack } from "./store";

/** A moment, milliseconds since 1970. */
export interface Moment {
  moment: number;
}

/** A number as the server writes it, of more digits than a double may have. */
export interface Decimal {
  decimal: string;
}

export type Cell = string | number | Moment | Decimal | null | undefined;

/** A column: its title, and what of a row stands in it. */
export type Column<Row> = [title: string, of: (row: Row) => Cell];

const MARK = "\uFEFF";

export function at(moment: number | null | undefined): Cell {
  return moment == null ? null : { moment };
}

/** The rows in their order. */
export function csvOf<Row>(columns: Column<Row>[], rows: Row[]): string {
  const line = (cells: Cell[]) => `${cells.map(written).join(",")}\r\n`;
  return MARK + line(columns.map(([title]) => title)) + rows.map((row) => line(columns.map(([, of]) => of(row)))).join("");
}

function written(cell: Cell): string {
  if (cell == null) return "";
  if (typeof cell === "number") return Number.isFinite(cell) ? String(shortest(cell)) : "";
  if (typeof cell === "object") return "decimal" in cell ? cell.decimal : local(cell.moment);
  // What senders wrote must not be taken for a formula.
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The series come as 32-bit numbers: 61.2 is not 61.20000076293945. */
function shortest(value: number): number {
  return !Number.isInteger(value) && Math.fround(value) === value ? Number(value.toPrecision(7)) : value;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** `2026-01-31T18:00:00+07:00`, in the pack's zone. */
export function local(moment: number): string {
  const timeZone = pack.peek()?.timezone ?? "Asia/Ho_Chi_Minh";
  let format = formats.get(timeZone);
  if (!format) {
    const two = "2-digit";
    format = new Intl.DateTimeFormat("en-CA", {
      ...{ timeZone, year: "numeric", month: two, day: two, hour: two, minute: two, second: two },
      ...{ hourCycle: "h23", timeZoneName: "longOffset" },
    });
    formats.set(timeZone, format);
  }
  const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? "";
  const offset = part("timeZoneName").replace("GMT", "") || "+00:00";
  return `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}:${part("second")}${offset}`;
}

/** Hands the file to the browser. */
export function save(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${name.replaceAll(/[^\w.-]+/g, "-")}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
