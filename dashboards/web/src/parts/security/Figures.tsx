import { open } from "../../address";
import type { EventSummary } from "../../api";
import { ageOfFigure, isHeardInPart, securityFigures, shown } from "../../figures";
import { atLeast, fullMoment, number } from "../../format";
import { say } from "../../language";
import type { FigureId } from "../../model";
import { ageOf, figureOf } from "../../store";
import { isWall } from "../../wall";
import { kpiWords } from "../../words/overview";
import { freshnessWords } from "../../words/page";
import { securityWords } from "../../words/security";
import { Check, Mark } from "../frame/Mark";
import { goTo, openNumber } from "./filters";
import { isWhole, whoMissed } from "./heard";

/** How long alerts take is for a desk. */
const ON_A_WALL = 4;

/** What a duty officer asks first, as the flow said it; and what the events of the time that is looked at add up to. */
export function Figures({ of: summary }: { of: EventSummary }) {
  return (
    <section class="event-figures" aria-labelledby="event-figures-title">
      <h2 id="event-figures-title" class="reader-only">
        {say(kpiWords.title)}
      </h2>
      {securityFigures(isWall ? ON_A_WALL : Infinity).map((id) => (
        <Tile key={id} id={id} missed={isWall && id === "severe" && isHeardInPart(figureOf(id).value) ? missed(summary) : ""} />
      ))}
      {!isWall && <Totals of={summary} />}
      {!isWall && missed(summary) !== "" && (
        <p class="incomplete" data-part="missing">
          {missed(summary)}
        </p>
      )}
    </section>
  );
}

/** Who did not see all of the time that is looked at; on a wall that is the day of the bad ones. */
function missed({ missing, log_sources }: EventSummary): string {
  return missing.length > 0 ? `${say(securityWords.incomplete)}: ${whoMissed(missing, log_sources)}` : "";
}

function Tile({ id, missed }: { id: FigureId; missed: string }) {
  const figure = shown(id);
  const stale = figure.freshness === "stale";
  return (
    <article class={`panel ${figure.verdict} ${figure.priority ?? ""} ${missed !== "" ? "not-whole" : ""}`} data-figure={id} data-verdict={figure.verdict}>
      <h3>
        {isWall ? (
          figure.name
        ) : (
          <button type="button" class="link" onClick={() => open("kpi", id)} title={say(kpiWords.open)}>
            {figure.name}
          </button>
        )}
      </h3>
      <p class="event-figure">
        {isWall && figure.priority && <Mark priority={figure.priority} />} {figure.value ?? "—"} {figure.unit !== "" && <small>{figure.unit}</small>}
      </p>
      {missed !== "" && (
        <p class="incomplete" data-part="missing" title={missed}>
          {missed}
        </p>
      )}
      <p class="event-verdict">
        {figure.priority ? !isWall && <Mark priority={figure.priority} /> : figure.verdict === "kept" ? <Check /> : null} {stale ? say(freshnessWords.stale) : figure.word}
      </p>
      <p class="calm">{figure.where}</p>
      <p class="calm">
        {figure.period !== "" && `${figure.period} · `}
        {figure.at !== null && (
          <time dateTime={new Date(figure.at).toISOString()} title={fullMoment(figure.at)}>
            {ageOf(figure.at) < 60_000 ? say(kpiWords.now) : ageOfFigure(figure)}
          </time>
        )}
      </p>
    </article>
  );
}

/** Of the events that are listed and ranked below. */
function Totals({ of: summary }: { of: EventSummary }) {
  const { weight, attempts, attackers } = summary.totals;
  const counted = (count: number) => atLeast(number(count), !summary.heard.every(isWhole));
  return (
    <p class="event-totals calm">
      {say(securityWords.figures)}: {counted(weight)} {say(securityWords.events).toLowerCase()} ·{" "}
      <button type="button" class="link" data-total="attempts" title={say(securityWords.attemptsMeaning)} onClick={() => openNumber(summary, { attempts: "1" })}>
        {say(securityWords.attempts)}: {counted(attempts)}
      </button>{" "}
      ·{" "}
      <button type="button" class="link" data-total="attackers" title={say(securityWords.attackersMeaning)} onClick={() => goTo("ranking-sources")}>
        {say(securityWords.attackers)}: {counted(attackers)}
      </button>
    </p>
  );
}
