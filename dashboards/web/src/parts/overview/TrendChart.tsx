import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { SeriesKind } from "../../address";
import { moment, number, plain } from "../../format";
import { language, say } from "../../language";
import { pack } from "../../store";
import { isWall } from "../../wall";
import { trendWords } from "../../words/overview";
import { type Drawn, entryName, hasBand } from "./drawn";

const LINE = "#c3d3e4";
const BAND = "rgba(150, 178, 208, 0.2)";
const GRID = "#242a31";
const TEXT = "#a3adb7";
const LIMIT = "#d8dee4";
const GAP = "#39414a";

/** A limit farther above the values than this would press them flat: it is named instead of drawn. */
const NEAR_ENOUGH = 2.5;

interface Props {
  drawn: Drawn;
  kind: SeriesKind;
  label: string;
  /** Opens the origin of the entry that starts there. */
  onOpen?: (start: number) => void;
  /** Takes the stretch that was drawn over with a mouse, a pen or a finger. */
  onSelect?: (from: number, until: number) => void;
}

/** A stroke shorter than this is a click. Pixels. */
const LEAST_STROKE = 8;

/** The values with their lowest and highest, the limit in force as a dated step, and gaps hatched. */
export function TrendChart({ drawn, kind, label, onOpen, onSelect }: Props) {
  const room = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const current = useRef(drawn);
  const opens = useRef(onOpen);
  const under = useSignal<number | null>(null);
  current.current = drawn;
  opens.current = onOpen;
  const selects = useRef(onSelect);
  selects.current = onSelect;
  const shown = language.value;

  useEffect(() => {
    const place = room.current;
    if (!place) return;
    const made = new uPlot(options(place, current, (index) => (under.value = index)), columns(drawn), place);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize(sizeOf(place)));
    watch.observe(place);
    const stroke = strokes(made, (from, until) => selects.current?.(from, until));
    const click = () => {
      if (stroke.wasDrawn()) return;
      const at = made.cursor.idx;
      const start = at == null ? undefined : made.data[0]?.[at];
      if (start !== undefined && made.data[1]?.[at ?? 0] != null) opens.current?.(Math.round(start * 1000));
    };
    made.over.addEventListener("click", click);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
    // The axes are written by language and series: a new one is a new plot. New entries only change its data.
  }, [drawn.key, shown]);

  useEffect(() => {
    plot.current?.setData(columns(drawn));
  }, [drawn]);

  const far = farLimit(drawn);
  return (
    <div class="chart-room">
      <div class={`chart ${onOpen ? "opens" : ""}`} ref={room} role="img" aria-label={label} data-part="chart" />
      {far !== null && (
        <p class="chart-note">
          ↑ {plain(far, 1)} {say(trendWords.above)}
        </p>
      )}
      {under.value !== null && <Readout drawn={drawn} kind={kind} at={under.value} />}
    </div>
  );
}

/** Draws over a stretch: with the mouse, a pen or a finger, which may still scroll the page up and down. */
function strokes(plot: uPlot, done: (from: number, until: number) => void): { wasDrawn: () => boolean } {
  const { over } = plot;
  let began: { pointer: number; x: number } | null = null;
  let drawn = false;
  const along = (event: PointerEvent) => Math.min(over.clientWidth, Math.max(0, event.clientX - over.getBoundingClientRect().left));
  const end = () => {
    began = null;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  };
  over.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    began = { pointer: event.pointerId, x: along(event) };
    drawn = false;
  });
  over.addEventListener("pointermove", (event) => {
    if (!began || event.pointerId !== began.pointer) return;
    const x = along(event);
    if (!drawn && Math.abs(x - began.x) < LEAST_STROKE) return;
    if (!drawn) over.setPointerCapture(event.pointerId);
    drawn = true;
    plot.setSelect({ left: Math.min(x, began.x), top: 0, width: Math.abs(x - began.x), height: over.clientHeight }, false);
  });
  over.addEventListener("pointerup", (event) => {
    if (!began || event.pointerId !== began.pointer) return;
    const [one, other] = [began.x, along(event)].sort((a, b) => a - b);
    end();
    if (drawn) done(plot.posToVal(one ?? 0, "x") * 1000, plot.posToVal(other ?? 0, "x") * 1000);
  });
  // The finger scrolls the page after all.
  over.addEventListener("pointercancel", end);
  return { wasDrawn: () => drawn };
}

function Readout({ drawn, kind, at }: { drawn: Drawn; kind: SeriesKind; at: number }) {
  const { series, decimals, step } = drawn;
  const found = nearest(series.moments, at * 1000);
  const mean = series.means[found] ?? NaN;
  return (
    <p class="chart-readout" aria-hidden="true">
      <strong>{Number.isNaN(mean) ? "—" : number(mean, decimals)}</strong> {entryName(series.moments[found] ?? 0, step, kind)}
    </p>
  );
}

function nearest(moments: Float64Array, at: number): number {
  let low = 0;
  let high = moments.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((moments[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The limit that is too far above the values to be drawn; null where it is drawn or there is none. */
function farLimit({ series, lines }: Drawn): number | null {
  const line = lines.at(-1);
  return line && !isDrawn(line.value, highest(series.highs)) ? line.value : null;
}

function isDrawn(value: number, high: number): boolean {
  return value <= high * NEAR_ENOUGH;
}

function highest(values: Float32Array): number {
  let found = 0;
  for (const value of values) if (value > found) found = value;
  return found;
}

/** Seconds, mean, lowest, highest; null where there is nothing, so that the line breaks there. */
function columns({ series, gaps }: Drawn): uPlot.AlignedData {
  const banded = hasBand(series);
  const at: number[] = [];
  const means: (number | null)[] = [];
  const lows: (number | null)[] = [];
  const highs: (number | null)[] = [];
  const push = (moment: number, mean: number | null, low: number | null, high: number | null) => {
    at.push(moment / 1000);
    means.push(mean);
    lows.push(low);
    highs.push(high);
  };
  let gap = 0;
  for (let i = 0; i < series.count; i++) {
    const moment = series.moments[i] ?? 0;
    while (gap < gaps.length && (gaps[gap]?.[0] ?? 0) < moment) {
      const [from] = gaps[gap] ?? [0];
      if (from > (at.at(-1) ?? -Infinity) * 1000) push(from, null, null, null);
      gap += 1;
    }
    const mean = series.means[i] ?? NaN;
    if (Number.isNaN(mean)) push(moment, null, null, null);
    else push(moment, mean, banded ? (series.lows[i] ?? null) : null, banded ? (series.highs[i] ?? null) : null);
  }
  return [at, means, lows, highs];
}

function sizeOf(place: HTMLElement): { width: number; height: number } {
  return { width: place.clientWidth, height: place.clientHeight };
}

function options(place: HTMLElement, drawn: { current: Drawn }, point: (seconds: number | null) => void): uPlot.Options {
  // The wall's letters are larger than the desk's: everything is drawn in the page's own measure.
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const letter = isWall ? rem : 0.82 * rem;
  const font = `${letter.toFixed(1)}px "Inter Variable", sans-serif`;
  const zone = pack.value?.timezone ?? "Asia/Ho_Chi_Minh";
  const axis: uPlot.Axis = { stroke: TEXT, font, grid: { stroke: GRID, width: 1 }, ticks: { show: false }, gap: 0.35 * rem };
  return {
    ...sizeOf(place),
    padding: [0.6 * rem, 1.4 * rem, 0, 0],
    legend: { show: false },
    cursor: { show: !isWall, y: false, points: { show: false }, drag: { x: false, y: false } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    scales: {
      x: { time: true, range: () => [drawn.current.from / 1000, drawn.current.until / 1000] },
      y: { range: (_, low, high) => heights(low, high, drawn.current) },
    },
    axes: [
      {
        ...axis,
        space: 6 * letter,
        size: 1.6 * letter + 0.35 * rem,
        values: (_, splits, __, ___, step) => splits.map((seconds) => tick(seconds * 1000, step)),
      },
      {
        ...axis,
        space: 2.6 * letter,
        size: (_, values) => 0.62 * letter * Math.max(1, ...(values ?? []).map((value) => value.length)) + 0.8 * rem,
        values: (_, splits) => {
          const step = splits.length > 1 ? Math.abs((splits[1] ?? 0) - (splits[0] ?? 0)) : 1;
          const places = Math.min(Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)), drawn.current.decimals + 2);
          return splits.map((value) => number(value, places));
        },
      },
    ],
    series: [
      {},
      {
        stroke: LINE,
        width: 0.11 * rem,
        spanGaps: false,
        points: { show: (plot) => (plot.data[0]?.length ?? 0) < 30, size: 0.35 * rem, fill: LINE },
      },
      { stroke: "transparent", points: { show: false } },
      { stroke: "transparent", points: { show: false } },
    ],
    bands: [{ series: [3, 2], fill: BAND }],
    hooks: {
      drawClear: [(plot) => hatch(plot, drawn.current.gaps, rem)],
      draw: [(plot) => limits(plot, drawn.current, rem)],
      setCursor: [
        (plot) => {
          const at = plot.cursor.idx;
          point(at == null || (plot.cursor.left ?? -1) < 0 ? null : (plot.data[0]?.[at] ?? null));
        },
      ],
    },
  };
}

/** Zero is the ground; the limit is in sight where it is not far away. */
function heights(low: number | null, high: number | null, { lines }: Drawn): [number, number] {
  const least = Math.min(0, low ?? 0);
  let most = high ?? 1;
  for (const { value } of lines) if (isDrawn(value, most)) most = Math.max(most, value);
  return [least, most + (most - least) * 0.08 || 1];
}

function tick(at: number, step: number): string {
  if (step >= 20 * 86_400) return `${moment(at, "date").slice(3)}`;
  const hour = moment(at, "minute");
  return step >= 86_400 || hour === "00:00" ? moment(at, "dayMonth") : hour;
}

/** The limit in force: a dashed line that steps where it changed. */
function limits(plot: uPlot, { lines }: Drawn, rem: number): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.beginPath();
  for (const line of lines) {
    const y = plot.valToPos(line.value, "y", true);
    ctx.moveTo(plot.valToPos(line.from / 1000, "x", true), y);
    ctx.lineTo(plot.valToPos(line.until / 1000, "x", true), y);
    const next = lines.find((other) => other.from === line.until);
    if (next) ctx.lineTo(plot.valToPos(next.from / 1000, "x", true), plot.valToPos(next.value, "y", true));
  }
  ctx.setLineDash([0.5 * rem * devicePixelRatio, 0.35 * rem * devicePixelRatio]);
  ctx.strokeStyle = LIMIT;
  ctx.lineWidth = 0.09 * rem * devicePixelRatio;
  ctx.stroke();
  ctx.restore();
}

/** Hatches the stretches of which there is nothing. */
function hatch(plot: uPlot, gaps: [number, number][], rem: number): void {
  if (gaps.length === 0) return;
  const { ctx, bbox } = plot;
  const step = 0.55 * rem * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  for (const [from, until] of gaps) {
    const left = Math.max(bbox.left, plot.valToPos(from / 1000, "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(until / 1000, "x", true));
    if (right > left) ctx.rect(left, bbox.top, right - left, bbox.height);
  }
  ctx.clip();
  ctx.strokeStyle = GAP;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  for (let x = bbox.left - bbox.height; x < bbox.left + bbox.width; x += step) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}

