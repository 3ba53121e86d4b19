// Where the places' names go: outside the province, beside its outline, so that no name covers a commune; where that
// would take a long line, close to the place. No two names or lines meet, and none covers another place.

export interface Wanted {
  key: string;
  /** Where the line begins, in pixels. */
  x: number;
  y: number;
  /** Size of the text, in pixels. */
  width: number;
  height: number;
}

export interface Placed extends Wanted {
  /** Top left corner of the text. */
  left: number;
  top: number;
  side: "left" | "right";
}

export interface Room {
  width: number;
  height: number;
  /** Space between the outline and a text. */
  gap: number;
  /** For a row of pixels: leftmost and rightmost pixel of the province; null where it has none. */
  span: (y: number) => [number, number] | null;
}

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** How far apart the tried heights are, in text heights. */
const STEP = 0.25;

/** A name on the map costs as much as a line so many text heights longer: it may, but it should not. */
const ON_MAP = 2.5;

/** Places what is wanted, the most important first; what finds no room is left out, and its point still shows. */
export function place(wanted: Wanted[], room: Room): Placed[] {
  const placed: Placed[] = [];
  for (const want of wanted) {
    let best: Placed | null = null;
    let least = Infinity;
    for (const [candidate, extra] of candidates(want, room)) {
      const cost = extra + Math.hypot(anchorX(candidate) - want.x, middle(candidate) - want.y);
      if (cost < least && isFree(candidate, placed, wanted)) {
        best = candidate;
        least = cost;
      }
    }
    if (best) placed.push(best);
  }
  return placed;
}

function* candidates(want: Wanted, room: Room): Generator<[Placed, number]> {
  for (let top = 0; top + want.height <= room.height; top += want.height * STEP) {
    for (const side of ["left", "right"] as const) {
      const beside = candidateAt(want, side, top, room);
      if (beside) yield [beside, 0];
    }
  }
  for (let lift = -2.5; lift <= 2.5; lift += STEP) {
    for (const side of ["left", "right"] as const) {
      const left = side === "left" ? want.x - 2 * room.gap - want.width : want.x + 2 * room.gap;
      const top = want.y + lift * want.height - want.height / 2;
      const fits = left >= 0 && left + want.width <= room.width && top >= 0 && top + want.height <= room.height;
      if (fits) yield [{ ...want, left, top, side }, ON_MAP * want.height];
    }
  }
}

function candidateAt(want: Wanted, side: Placed["side"], top: number, room: Room): Placed | null {
  let edge = side === "left" ? Infinity : -Infinity;
  for (let y = top - room.gap / 2; y <= top + want.height + room.gap / 2; y += 2) {
    const span = room.span(y);
    if (span) edge = side === "left" ? Math.min(edge, span[0]) : Math.max(edge, span[1]);
  }
  // Above or below the province there is no edge to keep to: only rows it has are used.
  if (!Number.isFinite(edge)) return null;
  const left = side === "left" ? edge - room.gap - want.width : edge + room.gap;
  return left >= 0 && left + want.width <= room.width ? { ...want, left, top, side } : null;
}

function isFree(candidate: Placed, placed: Placed[], wanted: Wanted[]): boolean {
  const dot = candidate.height * 0.2;
  const covers = wanted.some((other) => {
    if (other.key === candidate.key) return false;
    const box = { left: other.x - dot, top: other.y - dot, width: 2 * dot, height: 2 * dot };
    return overlap(candidate, box, 0) || through(candidate, box);
  });
  if (covers) return false;
  return placed.every(
    (other) =>
      !overlap(candidate, other, 3) &&
      !cross(candidate, other) &&
      !through(candidate, other) &&
      !through(other, candidate),
  );
}

function overlap(one: Box, other: Box, margin: number): boolean {
  return (
    one.left < other.left + other.width + margin &&
    other.left < one.left + one.width + margin &&
    one.top < other.top + other.height + margin &&
    other.top < one.top + one.height + margin
  );
}

/** Where a label's line ends. */
export function anchorX(label: Placed): number {
  return label.side === "left" ? label.left + label.width : label.left;
}

export function middle(label: Placed): number {
  return label.top + label.height / 2;
}

function cross(one: Placed, other: Placed): boolean {
  const turn = (ax: number, ay: number, bx: number, by: number, cx: number, cy: number) =>
    Math.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax));
  const [ax, ay, bx, by] = [one.x, one.y, anchorX(one), middle(one)];
  const [cx, cy, dx, dy] = [other.x, other.y, anchorX(other), middle(other)];
  return (
    turn(ax, ay, bx, by, cx, cy) !== turn(ax, ay, bx, by, dx, dy) &&
    turn(cx, cy, dx, dy, ax, ay) !== turn(cx, cy, dx, dy, bx, by)
  );
}

/** Whether a label's line runs through a rectangle. */
function through(line: Placed, text: Box): boolean {
  for (let at = 0; at <= 1; at += 0.02) {
    const x = line.x + at * (anchorX(line) - line.x);
    const y = line.y + at * (middle(line) - line.y);
    if (overlap({ left: x, top: y, width: 0, height: 0 }, text, 2)) return true;
  }
  return false;
}
