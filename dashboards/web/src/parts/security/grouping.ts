// Repeats are shown once with their number, and none of them is dropped.

import type { LogEvent } from "../../api";

export interface Group {
  key: string;
  /** The newest first; at least one. */
  events: [LogEvent, ...LogEvent[]];
  /** How many times it happened, in all of them. */
  weight: number;
  /** How many attempts to log in all of them add. */
  attempts: number;
}

/** Events of a page that say the same of the same two ends, where the newest of them stands. */
export function grouped(events: LogEvent[]): Group[] {
  const groups = new Map<string, Group>();
  for (const event of events) {
    const key = keyOf(event);
    const group = groups.get(key);
    if (group) {
      group.events.push(event);
      group.weight += event.weight;
      group.attempts += event.attempts;
    } else {
      groups.set(key, { key, events: [event], weight: event.weight, attempts: event.attempts });
    }
  }
  return [...groups.values()];
}

function keyOf(event: LogEvent): string {
  const { kind, log_source, signature, category, message, source_address, target_address, severity } = event;
  // A line that no rule matched and that came from nowhere says nothing but its words.
  const said = signature || (source_address === "" ? message : category);
  return JSON.stringify([kind, severity, log_source, said, source_address, target_address]);
}
