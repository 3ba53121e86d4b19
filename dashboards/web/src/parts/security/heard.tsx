// How much of an hour was heard, as the server says it: in words, and as what is drawn behind the hour.

import type { HourHeard, LogSource, NotHeard } from "../../api";
import { number, span } from "../../format";
import { say } from "../../language";
import { securityWords } from "../../words/security";

const MINUTE = 60_000;
/** So many are named; the others are counted. */
const NAMED = 3;

/** For how long who did not see enough: `20 min not seen by Sensor A`. */
export function whoMissed(missing: NotHeard[], known: LogSource[]): string {
  const named = missing.slice(0, NAMED).map(({ log_source, minutes }) => `${span(minutes * MINUTE)} ${say(securityWords.missedBy)} ${nameOf(log_source, known)}`);
  const others = missing.length - named.length;
  return [...named, others > 0 ? `+${number(others)}` : ""].filter(Boolean).join("; ");
}

/** Of any other hour there was at least what is counted: somebody saw too little, has not closed it, or nobody says it. */
export function isWhole(hour: HourHeard | undefined): boolean {
  return hour?.standing === "whole";
}

/** What is said of an hour beside its numbers; nothing of one that was heard whole. */
export function heardWords(hour: HourHeard | undefined, known: LogSource[]): string {
  switch (hour?.standing) {
    case "whole":
      return "";
    case "incomplete": {
      const unjudged = hour.judged ? "" : ` · ${say(securityWords.notJudged)}`;
      return `${say(securityWords.incomplete)}: ${whoMissed(hour.missing, known)}${unjudged}`;
    }
    case "open":
      return say(securityWords.hourOpen);
    default:
      return say(securityWords.hourUnknown);
  }
}

function nameOf(id: string, known: LogSource[]): string {
  const name = known.find((source) => source.id === id)?.name;
  return name ? say(name) : id;
}
