import type { Priority } from "../../model";

const SHAPES: Record<Priority, string> = {
  critical: "M2 2h12v12H2z",
  high: "M8 1.5 15 14H1z",
  medium: "M8 1 15 8 8 15 1 8z",
  low: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2z",
};

/** A priority's shape, hollow where its cause has gone. The words beside it say the same: it is hidden from readers. */
export function Mark({ priority, hollow = false }: { priority: Priority; hollow?: boolean }) {
  return (
    <svg class={`mark ${priority} ${hollow ? "hollow" : ""}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={SHAPES[priority]} />
    </svg>
  );
}

/** A check: kept, balanced, the same. */
export function Check() {
  return (
    <svg class="check" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d="m3 8.5 3.5 3.5L13 4.5" />
    </svg>
  );
}
