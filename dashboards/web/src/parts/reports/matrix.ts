// Cells as a table: places by columns, a table a period. What they add up to is the server's word and stands below.

import type { ReportCell, ReportPeriod, ReportTotal } from "../../api";
import { byName, placeName } from "./names";

export interface Head {
  key: string;
  indicator: string;
  breakdown: string;
  /** Any of its cells: it says what they are called. */
  of: ReportCell;
}

export interface Line {
  key: string;
  /** Any of its cells: it says the place. */
  of: ReportCell;
  /** Whether another version of the same place stands in the table. */
  isVersion: boolean;
  /** By the key of the column. */
  cells: Map<string, ReportCell>;
}

/** A total, over as many columns as it is of. */
export interface Foot {
  key: string;
  span: number;
  total: ReportTotal | undefined;
}

export interface Matrix {
  period: ReportPeriod;
  heads: Head[];
  lines: Line[];
  feet: Foot[];
}

/** A label alone is no period: months that close on the 14th are others. */
const idOf = ({ kind, start }: ReportPeriod) => `${kind}/${start}`;
const headOf = ({ indicator, breakdown }: ReportCell) => `${indicator}/${breakdown}`;
const lineOf = ({ place, place_from }: ReportCell) => `${place}/${place_from}`;
const dimensionsOf = (breakdown: string) => breakdown.split(",").map((part) => part.split("=")[0]).join();

export function matrices(cells: ReportCell[], totals: ReportTotal[]): Matrix[] {
  const periods = new Map<string, ReportCell[]>();
  for (const cell of cells) {
    const of = periods.get(idOf(cell.period));
    if (of) of.push(cell);
    else periods.set(idOf(cell.period), [cell]);
  }
  return [...periods].map(([id, of]) => matrix(of, totals.filter(({ period }) => idOf(period) === id)));
}

function matrix(cells: ReportCell[], totals: ReportTotal[]): Matrix {
  const heads = new Map<string, Head>();
  const lines = new Map<string, Line>();
  for (const cell of cells) {
    const { indicator, breakdown } = cell;
    heads.set(headOf(cell), { key: headOf(cell), indicator, breakdown, of: cell });
    const line = lines.get(lineOf(cell)) ?? { key: lineOf(cell), of: cell, isVersion: false, cells: new Map() };
    line.cells.set(headOf(cell), cell);
    lines.set(lineOf(cell), line);
  }
  const versions = new Map<string, number>();
  for (const { of } of lines.values()) versions.set(of.place, (versions.get(of.place) ?? 0) + 1);
  for (const line of lines.values()) line.isVersion = (versions.get(line.of.place) ?? 0) > 1;
  // Columns that one total is of stand beside each other, the whole before its parts.
  const inOrder = [...heads.values()].sort(
    (a, b) => byName(a.indicator, b.indicator) || byName(dimensionsOf(a.breakdown), dimensionsOf(b.breakdown)) || byName(a.breakdown, b.breakdown),
  );
  const feet: Foot[] = [];
  for (const { indicator, breakdown } of inOrder) {
    const key = `${indicator}/${dimensionsOf(breakdown)}`;
    const last = feet.at(-1);
    if (last?.key === key) last.span += 1;
    else feet.push({ key, span: 1, total: totals.find((total) => `${total.indicator}/${total.dimensions}` === key) });
  }
  return {
    // There is no table without a cell.
    period: (cells[0] as ReportCell).period,
    heads: inOrder,
    lines: [...lines.values()].sort((a, b) => byName(placeName(a.of), placeName(b.of)) || byName(a.key, b.key)),
    feet,
  };
}
