import { computed } from "@preact/signals";
import type { ObligationState } from "../../api";
import { now } from "../../clock";
import { age, fullMoment, number } from "../../format";
import { say } from "../../language";
import type { Priority } from "../../model";
import { behind, lateBy, left, revised, stateWords } from "../../words/ledger";
import { Check, Mark } from "../frame/Mark";
import { chosen } from "./chosen";

// What is not there is for somebody to do something about; nothing of it is an alert. Each state has a shape of its own.
const PRIORITIES: Partial<Record<ObligationState, Priority>> = { missing: "medium", rejected: "medium", late: "low" };

export const STATES: ObligationState[] = ["missing", "rejected", "due", "late", "on_time", "not_due", "not_owed"];

/** What is said of one beside its state. */
export interface Standing {
  state: ObligationState;
  due_at: number;
  late_seconds: number | null;
  revisions: number;
}

/** Deadlines are of minutes: hundreds of cells are not repainted every second. */
const minute = computed(() => now.value - (now.value % 60_000));

/** The moment as of which it is looked at. */
export function seenAt(): number {
  const at = chosen("at");
  return at === "" ? minute.value : Date.parse(at);
}

/** How long its deadline lies back or ahead, or how late it came. */
export function howLong({ state, due_at, late_seconds }: Standing): string {
  if (state === "late" && late_seconds !== null) return say(lateBy(age(late_seconds * 1000)));
  if (state === "missing") return say(behind(age(Math.max(0, seenAt() - due_at))));
  if (state === "due" || state === "rejected" || state === "not_due") return say(left(age(Math.max(0, due_at - seenAt()))));
  return "";
}

/** The shape of a state. */
export function Shape({ of }: { of: ObligationState }) {
  const priority = PRIORITIES[of];
  if (priority) return <Mark priority={priority} hollow={of === "rejected"} />;
  if (of === "on_time") return <Check />;
  return (
    <svg class="state-shape" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {of === "due" ? <circle cx="8" cy="8" r="5.5" /> : <path d={of === "not_due" ? "M4 8h8" : "M4 4l8 8M12 4l-8 8"} />}
    </svg>
  );
}

/** By word and shape alone. */
export function StateWord({ of }: { of: ObligationState }) {
  return (
    <span class={`verdict ${PRIORITIES[of] ?? ""}`} data-state={of}>
      <Shape of={of} /> {say(stateWords[of])}
    </span>
  );
}

/** By word and shape, and by how much. */
export function State({ of }: { of: Standing }) {
  const long = howLong(of);
  return (
    <span class={`verdict ${PRIORITIES[of.state] ?? ""}`} data-state={of.state}>
      <Shape of={of.state} /> {say(stateWords[of.state])}
      {long && (
        <small title={fullMoment(of.due_at)}>
          {" "}
          {long}
        </small>
      )}
      {of.revisions > 0 && <small> {say(revised(number(of.revisions)))}</small>}
    </span>
  );
}
