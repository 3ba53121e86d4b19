// What a sensor's record of itself says, in words: whether it sees, and if not, why.

import type { BlindCause, SensorRecord } from "./api";
import { number, percent, span } from "./format";
import { say } from "./language";
import { sensorWords } from "./words/sensor";

/** Why it sees too little: `no rules loaded (31,000 failed) · 60 % of packets dropped`; that it sees, where it does. */
export function sensorLine(record: SensorRecord): string {
  const said = record.causes.map((cause) => causeWords(cause, record));
  if (said.length === 0) said.push(say(sensorWords.sees));
  if (record.restarted) said.push(say(sensorWords.restarted));
  return said.join(" · ");
}

function causeWords(cause: BlindCause, { rules_failed, packets, dropped, discarded }: SensorRecord): string {
  switch (cause) {
    case "no_rules":
      return rules_failed ? `${say(sensorWords.noRules)} (${number(rules_failed)} ${say(sensorWords.failed)})` : say(sensorWords.noRules);
    case "packets_dropped":
      return `${percent(dropped / Math.max(1, packets + dropped))} % ${say(sensorWords.dropped)}`;
    case "alerts_discarded":
      return `${number(discarded)} ${say(sensorWords.discarded)}`;
  }
}

/** How far a clock is off: `clock 7 h ahead`. */
export function clockLine(off: number): string {
  return `${say(sensorWords.clock)} ${say(off > 0 ? sensorWords.ahead : sensorWords.behind)} ${span(Math.abs(off))}`;
}
