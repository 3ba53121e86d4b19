import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { moment, number } from "../format";
import { language } from "../language";
import type { Trend } from "../model";
import { pack } from "../store";
import { isIncomplete, missingHours } from "./Trend";

const HOUR = 3_600_000;
const LINE = "#c3d3e4";
const BAND = "rgba(150, 178, 208, 0.22)";
const GRID = "#262c33";
const TEXT = "#a3adb7";

interface Props {
  trend: Trend;
  decimals: number;
  label: string;
}

/** The hourly means with their lowest and highest. Missing hours break the line and are hatched; incomplete ones are
 * drawn as open points. */
export function TrendChart({ trend, decimals, label }: Props) {
  const room = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const missing = useRef<number[]>([]);
  const shown = language.value;

  useEffect(() => {
    const place = room.current;
    if (!place) return;
    const { data, gaps } = columns(trend);
    missing.current = gaps;
    const made = new uPlot(options(place, decimals, missing), data, place);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize(sizeOf(place)));
    watch.observe(place);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
    // The axes are written by language and series: a new one is a new plot. New hours only change its data.
  }, [trend.subject, trend.indicator, decimals, shown]);

  useEffect(() => {
    const { data, gaps } = columns(trend);
    missing.current = gaps;
    plot.current?.setData(data);
  }, [trend]);

  return <div class="chart" ref={room} role="img" aria-label={label} data-part="chart" />;
}

/** Seconds, mean, lowest, highest, and the means of incomplete hours; null where an hour is missing. */
function columns(trend: Trend): { data: uPlot.AlignedData; gaps: number[] } {
  const gaps = missingHours(trend);
  const byStart = new Map(trend.points.map((point) => [point.start, point]));
  for (const gap of gaps) byStart.delete(gap);
  const starts = [...byStart.keys(), ...gaps].sort((a, b) => a - b);
  const points = starts.map((start) => byStart.get(start));
  return {
    gaps,
    data: [
      starts.map((start) => start / 1000),
      points.map((point) => point?.mean ?? null),
      points.map((point) => point?.min ?? null),
      points.map((point) => point?.max ?? null),
      points.map((point) => (point && isIncomplete(point) ? point.mean : null)),
    ],
  };
}

function sizeOf(place: HTMLElement): { width: number; height: number } {
  return { width: place.clientWidth, height: place.clientHeight };
}

function options(place: HTMLElement, decimals: number, missing: { current: number[] }): uPlot.Options {
  // The wall's letters are larger than the desk's: everything is drawn in the page's own measure.
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const font = `${(0.8 * rem).toFixed(1)}px "Inter Variable", sans-serif`;
  const zone = pack.value?.timezone ?? "Asia/Ho_Chi_Minh";
  const axis: uPlot.Axis = {
    stroke: TEXT,
    font,
    grid: { stroke: GRID, width: 1 },
    ticks: { show: false },
    gap: 0.4 * rem,
  };
  return {
    ...sizeOf(place),
    padding: [0.6 * rem, 1.6 * rem, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    scales: { x: { time: true } },
    axes: [
      {
        ...axis,
        space: 5 * rem,
        size: 1.7 * rem,
        values: (_, splits) =>
          splits.map((seconds) => {
            const hour = moment(seconds * 1000, "minute");
            return hour === "00:00" ? moment(seconds * 1000, "dayMonth") : hour;
          }),
      },
      {
        ...axis,
        space: 2.4 * rem,
        size: (plot, values) => {
          const widest = Math.max(1, ...(values ?? []).map((value) => value.length));
          void plot;
          return (0.52 * widest + 1) * rem;
        },
        values: (_, splits) => {
          const step = splits.length > 1 ? Math.abs((splits[1] ?? 0) - (splits[0] ?? 0)) : 1;
          const places = Math.min(Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)), decimals + 2);
          return splits.map((value) => number(value, places));
        },
      },
    ],
    series: [
      {},
      {
        stroke: LINE,
        width: 0.12 * rem,
        spanGaps: false,
        points: { show: (plot) => (plot.data[0]?.length ?? 0) < 30, size: 0.35 * rem, fill: LINE },
      },
      { stroke: "transparent", points: { show: false } },
      { stroke: "transparent", points: { show: false } },
      {
        stroke: "transparent",
        points: { show: true, size: 0.6 * rem, stroke: LINE, fill: "#101316", width: 0.1 * rem },
      },
    ],
    bands: [{ series: [3, 2], fill: BAND }],
    hooks: { drawClear: [(plot) => hatch(plot, missing.current, rem)] },
  };
}

/** Hatches the hours of which there is nothing. */
function hatch(plot: uPlot, missing: number[], rem: number): void {
  const { ctx, bbox } = plot;
  const step = 0.6 * rem * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  for (const start of missing) {
    const left = plot.valToPos(start / 1000, "x", true);
    const right = plot.valToPos((start + HOUR) / 1000, "x", true);
    ctx.rect(left, bbox.top, right - left, bbox.height);
  }
  ctx.clip();
  ctx.strokeStyle = "#3a424b";
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  for (let x = bbox.left - bbox.height; x < bbox.left + bbox.width; x += step) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}
