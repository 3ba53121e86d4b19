import type { ReportCell, ReportFinding, ReportPeriod, ReportValue, ReportVerdict } from "../../api";
import { decimal } from "../../format";
import { say } from "../../language";
import type { Priority } from "../../model";
import { markWords, verdictWords, vintageWords, weightWords } from "../../words/reports";
import { Mark } from "../frame/Mark";
import { periodDays, periodName } from "./names";

type Without = Exclude<ReportValue["mark"], "value">;

/** Signs of statistics; what has none is a word. */
export const SIGNS: Partial<Record<Without, string>> = { none: "–", not_collected: "…", withheld: "x" };

/** What a cell says: its number with all of its digits, or why there is none. */
export function Said({ of: { mark, number } }: { of: ReportValue }) {
  if (mark === "value") return <>{number === null ? "—" : decimal(number)}</>;
  const sign = SIGNS[mark];
  if (!sign) return <span class="report-mark">{say(markWords[mark])}</span>;
  return (
    <span class="report-mark" title={say(markWords[mark])}>
      <span aria-hidden="true">{sign}</span>
      <span class="reader-only">{say(markWords[mark])}</span>
    </span>
  );
}

/** How final it is, where it is not final. */
export function Vintage({ of }: { of: ReportCell["vintage"] }) {
  return of === "official" ? null : <small class="vintage"> {say(vintageWords[of])}</small>;
}

// What was not taken whole is for somebody to do something about; nothing of it is an alert.
const VERDICTS: Partial<Record<ReportVerdict, Priority>> = { refused: "medium", held: "medium", in_part: "low" };
const WEIGHTS: Partial<Record<ReportFinding["weight"], Priority>> = { error: "medium", warning: "low" };

/** By word, and where it is abnormal by shape. */
export function Verdict({ of }: { of: ReportVerdict }) {
  const priority = VERDICTS[of];
  return (
    <span class={`verdict ${priority ?? ""}`} data-verdict={of}>
      {priority && <Mark priority={priority} />} {say(verdictWords[of])}
    </span>
  );
}

export function Weight({ of }: { of: ReportFinding["weight"] }) {
  const priority = WEIGHTS[of];
  return (
    <span class={`verdict ${priority ?? ""}`} data-weight={of}>
      {priority && <Mark priority={priority} />} {say(weightWords[of])}
    </span>
  );
}

export function PeriodSaid({ of }: { of: ReportPeriod }) {
  const days = periodDays(of);
  return (
    <>
      {periodName(of)}
      {days && <small> ({days})</small>}
    </>
  );
}
