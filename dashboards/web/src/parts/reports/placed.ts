// A number of a place, be it as reported or on another map: what maps, rankings and walls draw.

import type { ReportCell, ReportValues } from "../../api";

export interface PlacedCell extends Pick<ReportCell, "place" | "place_from" | "place_name" | "suppressed"> {
  is: Pick<ReportCell["is"], "mark" | "number">;
  /** Whether a part of it is a share of a unit that was split. */
  estimated: boolean;
}

/** Those of an indicator and part, as places are read in the answer. */
export function placedOf(values: ReportValues | null, indicator: string, part: string): PlacedCell[] {
  if (!values) return [];
  const isOf = (of: { indicator: string; breakdown: string }) => of.indicator === indicator && of.breakdown === part;
  if (!values.map?.map) return values.cells.filter(isOf).map((cell) => ({ ...cell, estimated: false }));
  return values.restated.filter((of) => isOf(of) && of.on_map).map((of) => ({ ...of, is: { mark: of.number === null ? "not_filled" : "value", number: of.number } }));
}
