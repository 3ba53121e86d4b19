import { now } from "../../clock";
import type { HourPoint } from "../../model";

const WIDTH = 96;
const HEIGHT = 24;
const HOUR = 3_600_000;
const HOURS = 24;

/** The last day's hourly means as a line that breaks where an hour is missing. The trend and its table say more. */
export function Spark({ hours }: { hours: HourPoint[] }) {
  const until = Math.floor(now.value / HOUR) * HOUR;
  const shown = hours.filter((hour) => hour.mean !== null && hour.start > until - HOURS * HOUR);
  if (shown.length === 0) return null;
  const means = shown.map((hour) => hour.mean ?? 0);
  const low = Math.min(...means);
  const range = Math.max(...means) - low || 1;
  const x = (start: number) => WIDTH - 2 - ((until - start) / HOUR) * ((WIDTH - 4) / HOURS);
  const y = (mean: number) => HEIGHT - 3 - ((mean - low) / range) * (HEIGHT - 6);
  let path = "";
  let before = -Infinity;
  for (const hour of shown) {
    const point = `${x(hour.start).toFixed(1)} ${y(hour.mean ?? 0).toFixed(1)}`;
    // A lone point still shows: a line of no length with round ends is a dot.
    path += hour.start - before > HOUR ? `M${point}l0 0` : `L${point}`;
    before = hour.start;
  }
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <path d={path} vector-effect="non-scaling-stroke" />
    </svg>
  );
}
