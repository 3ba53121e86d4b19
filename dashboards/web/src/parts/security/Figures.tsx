import type { EventSummary } from "../../api";
import { age, moment, number } from "../../format";
import { say } from "../../language";
import type { Priority, Text } from "../../model";
import { ageOf } from "../../store";
import { isWall } from "../../wall";
import { securityWords } from "../../words/security";
import { Mark } from "../frame/Mark";
import { filter } from "./filters";

interface Figure {
  id: string;
  name: Text;
  value: number;
  /** What it is out of, or what it means. */
  of: string;
  priority: Priority | null;
  open: () => void;
}

/** What a duty officer asks first, of the last 24 hours. */
export function Figures({ of: { totals, hours, log_sources, until } }: { of: EventSummary }) {
  const quiet = log_sources.filter(({ standing }) => standing === "silent" || standing === "never").length;
  const known = log_sources.filter(({ standing }) => standing !== "unknown").length;
  const worst = hours.some(({ severity }) => severity === "critical") ? "critical" : totals.grave > 0 ? "high" : null;
  const figures: Figure[] = [
    { id: "grave", name: securityWords.grave, value: totals.grave, of: `${say(securityWords.ofEvents)}: ${number(totals.weight)}`, priority: worst, open: () => toEvents({ least: "high" }) },
    { id: "attempts", name: securityWords.attempts, value: Math.max(0, totals.attempts), of: say(securityWords.attemptsMeaning), priority: null, open: () => toEvents({ event: "login_failed" }) },
    { id: "attackers", name: securityWords.attackers, value: totals.attackers, of: say(securityWords.attackersMeaning), priority: null, open: () => goTo("ranking-sources") },
    { id: "silent", name: securityWords.silentSources, value: quiet, of: `${say(securityWords.ofSources)}: ${number(known)}`, priority: quiet > 0 ? "medium" : null, open: () => goTo("log-sources-title") },
  ];
  return (
    <section class="event-figures" aria-labelledby="event-figures-title">
      <h2 id="event-figures-title" class="reader-only">
        {say(securityWords.figures)}
      </h2>
      {figures.map(({ id, name, value, of, priority, open }) => (
        <article key={id} class={`panel ${priority ?? ""}`} data-figure={id}>
          <h3>{isWall ? say(name) : <button type="button" class="link" onClick={open}>{say(name)}</button>}</h3>
          <p class="event-figure">
            {priority && <Mark priority={priority} />} {number(value)}
          </p>
          <p class="calm">{of}</p>
          <p class="calm">
            {say(securityWords.figures)} · {say(securityWords.counted)} {moment(until, "minute")}
            {ageOf(until) > 60_000 && ` (${age(ageOf(until))})`}
          </p>
        </article>
      ))}
    </section>
  );
}

function toEvents(changed: Parameters<typeof filter>[0]): void {
  filter({ event: "", least: "", source: "", at: "", ...changed });
  goTo("events-title");
}

/** Brings the reader there, his keyboard too. */
function goTo(id: string): void {
  const title = document.getElementById(id);
  title?.focus();
  title?.scrollIntoView({ block: "start" });
}
