// What a wall shows at once. Its letters are as large as the farthest reader needs, so that the room counted in letters
// may be a page or a few words wide: what does not fit beside the rest comes on a page of its own, and the pages turn.

export type Block = { kind: "alerts" } | { kind: "figures"; from: number; until: number } | { kind: "map" } | { kind: "trend" } | { kind: "feeds" };

export interface Plan {
  /** Everything at once, as on a desk. */
  whole: boolean;
  /** Feeds that stand at the foot of every page; 0 where the foot is left out. */
  strip: number;
  /** Columns of figures on a page of them. */
  columns: number;
  /** Lines a figure has room for: name, number and verdict at least, then when it was, then where. */
  lines: 3 | 4 | 5;
  /** There is room for a map or its legend, not for both. */
  low: boolean;
  pages: Block[][];
}

/** Sizes in letters (rem), as the style sheet has them. */
const WHOLE = { width: 68, height: 36 };
const COLUMN = 21.5;
const FIGURE = { width: 12, height: 7.5 };
const LINE = 1.25;
const STRIP = { from: 26, height: 4.4, cell: 11.5 };
const LOW = 14;
const GAP = 0.4;

/** The least that anything can be said on. A wall smaller than that gets smaller letters, and says so. */
export const LEAST = { width: 26, height: 15 };

/** For a room of so many letters, and so many figures. The alerts are on the first page. */
export function plan(width: number, height: number, figures: number): Plan {
  const cells = Math.max(1, Math.floor(width / STRIP.cell));
  const all: Block = { kind: "figures", from: 0, until: figures };
  if (width >= WHOLE.width && height >= WHOLE.height) {
    return { whole: true, strip: cells, columns: 2, lines: 5, low: false, pages: [[{ kind: "alerts" }, all, { kind: "map" }, { kind: "trend" }]] };
  }
  const hasStrip = height >= STRIP.from;
  const room = hasStrip ? height - STRIP.height : height;
  const columns = Math.min(3, Math.max(1, Math.floor((width + GAP) / (COLUMN + GAP))));
  const column = (width - GAP * (columns - 1)) / columns;
  const across = Math.max(1, Math.floor((column + GAP) / (FIGURE.width + GAP)));
  const down = Math.max(1, Math.floor((room + GAP) / (FIGURE.height + GAP)));
  const parts = Math.ceil(figures / (across * down));
  const each = Math.ceil(figures / parts);
  const blocks: Block[] = [{ kind: "alerts" }];
  for (let from = 0; from < figures; from += each) blocks.push({ kind: "figures", from, until: Math.min(figures, from + each) });
  blocks.push({ kind: "map" }, { kind: "trend" });
  if (!hasStrip) blocks.push({ kind: "feeds" });
  const pages: Block[][] = [];
  for (let at = 0; at < blocks.length; at += columns) pages.push(blocks.slice(at, at + columns));
  const rows = Math.min(down, each);
  const tall = (room - GAP * (rows - 1)) / rows;
  const lines = tall >= FIGURE.height ? 5 : tall >= FIGURE.height - LINE ? 4 : 3;
  return { whole: false, strip: hasStrip ? cells : 0, columns: Math.ceil(each / down), lines, low: room < LOW, pages };
}
