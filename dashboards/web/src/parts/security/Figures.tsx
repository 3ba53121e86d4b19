import type { EventFigure, EventSummary } from "../../api";
import { age, moment, number } from "../../format";
import { say } from "../../language";
import type { Text } from "../../model";
import { areLogSourcesStale } from "../../standing";
import { ageOf } from "../../store";
import { isWall } from "../../wall";
import { freshnessWords } from "../../words/page";
import { securityWords } from "../../words/security";
import { Mark } from "../frame/Mark";
import { goTo, openNumber } from "./filters";
import { atLeast, whoMissed } from "./heard";

/** Name, what it is out of or what it means, and the way to what it was counted of. */
const SHOWN: Record<EventFigure["figure"], [name: Text, of: Text, open: (of: EventSummary) => void]> = {
  grave: [securityWords.grave, securityWords.ofEvents, (of) => openNumber(of, { least: "high" })],
  attempts: [securityWords.attempts, securityWords.attemptsMeaning, (of) => openNumber(of, { attempts: "1" })],
  attackers: [securityWords.attackers, securityWords.attackersMeaning, () => goTo("ranking-sources")],
  amiss: [securityWords.amissSources, securityWords.ofSources, () => goTo("log-sources-title")],
};

/** What a duty officer asks first, of the last 24 hours. */
export function Figures({ of: summary }: { of: EventSummary }) {
  const { until } = summary;
  return (
    <section class="event-figures" aria-labelledby="event-figures-title">
      <h2 id="event-figures-title" class="reader-only">
        {say(securityWords.figures)}
      </h2>
      {summary.figures.map(({ figure, value, of, priority: said, incomplete }) => {
        const [name, meaning, open] = SHOWN[figure];
        // The number stays, and how urgent it is nobody knows.
        const stale = figure === "amiss" && areLogSourcesStale(summary);
        const priority = stale ? null : said;
        return (
          <article key={figure} class={`panel ${priority ?? ""} ${incomplete.length > 0 ? "not-whole" : ""}`} data-figure={figure}>
            <h3>
              {isWall ? (
                say(name)
              ) : (
                <button type="button" class="link" onClick={() => open(summary)}>
                  {say(name)}
                </button>
              )}
            </h3>
            <p class="event-figure">
              {priority && <Mark priority={priority} />} {atLeast(value, incomplete.length > 0)}
            </p>
            {incomplete.length > 0 && (
              <p class="incomplete" title={whoMissed(incomplete, summary.log_sources)}>
                {say(securityWords.incomplete)}: {whoMissed(incomplete, summary.log_sources)}
              </p>
            )}
            <p class="calm">
              {say(meaning)}
              {of !== null && `: ${number(of)}`}
              {stale && ` · ${say(freshnessWords.stale)}`}
            </p>
            <p class="calm">
              {say(securityWords.figures)} · {say(securityWords.counted)} {moment(until, "minute")}
              {ageOf(until) > 60_000 && ` (${age(ageOf(until))})`}
            </p>
          </article>
        );
      })}
    </section>
  );
}
