const WIDTH = 96;
const HEIGHT = 28;

interface Props {
  values: (number | null)[];
  /** A line the values should keep; drawn where it lies near them. */
  line?: number | null;
  /** Zero is the ground: counts and shares. */
  bars?: boolean;
}

/** Values over time without axes: a line that breaks at gaps, or bars. The words beside it say what it is. */
export function Line({ values, line = null, bars = false }: Props) {
  const there = values.filter((value) => value !== null);
  if (there.length < 2) return null;
  const highest = Math.max(...there);
  const lowest = bars ? 0 : Math.min(...there);
  const room = highest - lowest || 1;
  // A target far away would press the values flat: it shows when they come near it.
  const isNear = line !== null && line <= highest + room && line >= lowest - room;
  const top = isNear ? Math.max(highest, line) : highest;
  const bottom = isNear && !bars ? Math.min(lowest, line) : lowest;
  const step = (WIDTH - 4) / Math.max(1, values.length - 1);
  const x = (at: number) => 2 + at * step;
  const y = (value: number) => HEIGHT - 2 - ((value - bottom) / (top - bottom || 1)) * (HEIGHT - 4);
  let path = "";
  // The ground lies below what is known, be it zero.
  let ground = "";
  let broken = true;
  values.forEach((value, at) => {
    if (value === null) {
      broken = true;
      return;
    }
    const point = `${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    if (bars) ground += `M${(x(at) - step / 2).toFixed(1)} ${HEIGHT - 0.5}H${(x(at) + step / 2).toFixed(1)}`;
    if (bars) path += value > 0 ? `M${x(at).toFixed(1)} ${HEIGHT - 1}V${y(value).toFixed(1)}` : "";
    else path += broken ? `M${point}l0 0` : `L${point}`;
    broken = false;
  });
  return (
    <svg
      class={`line ${bars ? "bars" : ""}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      {isNear && <path class="target" d={`M0 ${y(line).toFixed(1)}H${WIDTH}`} vector-effect="non-scaling-stroke" />}
      {bars && <path class="ground" d={ground} vector-effect="non-scaling-stroke" />}
      <path d={path} vector-effect="non-scaling-stroke" />
    </svg>
  );
}
