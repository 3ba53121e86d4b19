import type { Severity as Word } from "../../api";
import { say } from "../../language";
import { severityWords } from "../../words/security";
import { Mark } from "../frame/Mark";

/** A severity by its shape and its word. */
export function Severity({ of }: { of: Word }) {
  return (
    <span class={`severity ${of}`} data-severity={of}>
      <SeverityMark of={of} /> {say(severityWords[of])}
    </span>
  );
}

/** Its shape: those of the four priorities, a dot for information, a hollow ring for what nobody rated. */
export function SeverityMark({ of }: { of: Word }) {
  if (of !== "info" && of !== "not_rated") return <Mark priority={of} />;
  return (
    <svg class="mark" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {of === "info" ? <circle cx="8" cy="8" r="2.5" /> : <circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="3 2" />}
    </svg>
  );
}
