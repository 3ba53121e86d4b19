// What stands beside a map for places without a number.

/** Hatched, as the places are that it stands for. */
export function Hatched({ grounded = true }: { grounded?: boolean }) {
  return (
    <svg class="swatch" viewBox="0 0 16 12" aria-hidden="true" focusable="false">
      {grounded && <rect class="pattern-ground" width="16" height="12" />}
      <path class="swatch-lines" d="M-2 12 10 0M4 12 16 0M10 12 22 0" />
    </svg>
  );
}

/** Dotted. */
export function Dotted() {
  return (
    <svg class="swatch" viewBox="0 0 16 12" aria-hidden="true" focusable="false">
      <rect class="pattern-ground" width="16" height="12" />
      <path class="swatch-dots" d="M4 4h0M12 4h0M8 6h0M4 8h0M12 8h0" />
    </svg>
  );
}
