// How a number of a place is drawn on the map: in equal steps up to the largest that is shown. What is kept back and what is
// not known have signs of their own and are no pale shade.

import type { Place } from "../../api";
import type { PlacedCell } from "./placed";

const STEPS = 5;

export type Shade = number | "kept-back" | "unknown";

export interface Shades {
  /** From and to of each step that there is. */
  steps: [number, number][];
  of: (cell: PlacedCell | undefined) => Shade;
}

/** The number of a cell that is known; that none occurred is 0. */
export function numberOf(cell: PlacedCell | undefined): number | null {
  if (!cell || cell.suppressed) return null;
  if (cell.is.mark === "none") return 0;
  return cell.is.number === null ? null : Number(cell.is.number);
}

export function shadesOf(cells: PlacedCell[]): Shades {
  const numbers = cells.map(numberOf).filter((value) => value !== null);
  const [least, most] = [Math.min(0, ...numbers), Math.max(0, ...numbers)];
  const step = (most - least) / STEPS;
  const steps = step === 0 ? (numbers.length === 0 ? [] : [[least, most]]) : Array.from({ length: STEPS }, (_, at) => [least + at * step, least + (at + 1) * step]);
  return {
    steps: steps as [number, number][],
    of: (cell) => {
      if (cell?.suppressed) return "kept-back";
      const value = numberOf(cell);
      if (value === null) return "unknown";
      return step === 0 ? 0 : Math.min(STEPS - 1, Math.floor((value - least) / step));
    },
  };
}

/** By code, of the places on the map alone: a former place may have had the code of one of today. */
export function byPlace(cells: PlacedCell[], places: Place[]): Map<string, PlacedCell> {
  const drawn = new Set(places.map(({ code, valid_from }) => `${code}/${valid_from}`));
  return new Map(cells.filter(({ place, place_from }) => drawn.has(`${place}/${place_from}`)).map((cell) => [cell.place, cell]));
}
