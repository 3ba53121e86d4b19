// What places without a number are filled with.

/** `size` is a letter's height in the map's own units. */
export function Patterns({ size }: { size: number }) {
  const step = size * 0.42;
  return (
    <defs>
      <pattern id="no-station" width={step * 1.6} height={step * 1.6} patternUnits="userSpaceOnUse">
        <rect class="pattern-ground" width={step * 1.6} height={step * 1.6} />
        <circle class="pattern-dot" cx={step * 0.8} cy={step * 0.8} r={step * 0.2} />
      </pattern>
      <pattern id="stale" width={step} height={step} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect class="pattern-ground" width={step} height={step} />
        <rect class="pattern-line" width={step * 0.4} height={step} />
      </pattern>
      <pattern id="missing" width={step} height={step} patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
        <rect class="pattern-ground" width={step} height={step} />
        <rect class="pattern-line" width={step * 0.16} height={step} />
      </pattern>
    </defs>
  );
}
