import { computed } from "@preact/signals";
import type { ObligationState } from "../../api";
import { now } from "../../clock";
import { age, fullMoment, number } from "../../format";
import { say } from "../../language";
import type { Priority } from "../../model";
import { behind, lateBy, left, revised, stateWords } from "../../words/ledger";
import { Check, Mark } from "../frame/Mark";
import { chosen } from "./chosen";

/** How one stands, and how urgent the server says that is. */
export interface Stands {
  state: ObligationState;
  priority: Priority | null;
}

/** What is said of one beside its state. */
export interface Standing extends Stands {
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
export function howLong({ state, due_at, late_seconds }: Omit<Standing, "priority">): string {
  if (state === "late" && late_seconds !== null) return say(lateBy(age(late_seconds * 1000)));
  if (state === "missing") return say(behind(age(Math.max(0, seenAt() - due_at))));
  if (state === "due" || state === "rejected" || state === "not_due") return say(left(age(Math.max(0, due_at - seenAt()))));
  return "";
}

/** The shape of a state: each has one of its own. */
export function Shape({ of: { state, priority } }: { of: Stands }) {
  if (priority) return <Mark priority={priority} hollow={state === "rejected"} />;
  if (state === "on_time") return <Check />;
  return (
    <svg class="state-shape" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {state === "due" ? <circle cx="8" cy="8" r="5.5" /> : <path d={state === "not_due" ? "M4 8h8" : "M4 4l8 8M12 4l-8 8"} />}
    </svg>
  );
}

/** By word and shape alone. */
export function StateWord({ of }: { of: Stands }) {
  return (
    <span class={`verdict ${of.priority ?? ""}`} data-state={of.state}>
      <Shape of={of} /> {say(stateWords[of.state])}
    </span>
  );
}

/** By word and shape, and by how much. */
export function State({ of }: { of: Standing }) {
  const long = howLong(of);
  return (
    <span class={`verdict ${of.priority ?? ""}`} data-state={of.state}>
      <Shape of={of} /> {say(stateWords[of.state])}
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
