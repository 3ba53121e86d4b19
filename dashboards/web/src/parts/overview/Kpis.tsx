import { open } from "../../address";
import { ageOf } from "../../store";
import { fullMoment, number } from "../../format";
import { figureIds, ageOfFigure, alertsByPriority, shown } from "../../figures";
import { say } from "../../language";
import type { FigureId } from "../../model";
import { isWall } from "../../wall";
import { kpiWords } from "../../words/overview";
import { freshnessWords, priorityWords } from "../../words/page";
import { Check, Mark } from "../frame/Mark";
import { Line } from "./Line";

/** Columns where the page does not say: of the nine figures the last is alone in two columns as in the four of a tablet. */
const COLUMNS = 2;

interface Props {
  from?: number;
  until?: number;
  /** Columns they stand in, where the page says how many. */
  columns?: number;
  /** Lines each has room for. */
  lines?: number;
}

/** The figures or some of them, each with what it takes to trust it. */
export function Kpis({ from = 0, until = figureIds.value.length, columns, lines }: Props) {
  return (
    <section class="kpis" aria-labelledby="kpis-title">
      <h2 id="kpis-title" class="reader-only">
        {say(kpiWords.title)}
      </h2>
      <div class="kpi-grid" data-lines={lines} style={columns === undefined ? {} : rowsOf(until - from, columns)}>
        {figureIds.value.slice(from, until).map((id, at) => (
          <Tile key={id} id={id} alone={at === until - from - 1 && isLastAlone(until - from, columns ?? COLUMNS)} />
        ))}
      </div>
    </section>
  );
}

/** Whether the last of so many has no neighbour. */
function isLastAlone(count: number, columns: number): boolean {
  return columns > 1 && count % columns === 1;
}

function rowsOf(count: number, columns: number) {
  const even = (number: number) => `repeat(${number}, minmax(0, 1fr))`;
  return { gridTemplateColumns: even(columns), gridTemplateRows: even(Math.ceil(count / columns)) };
}

function Tile({ id, alone }: { id: FigureId; alone: boolean }) {
  const kpi = shown(id);
  const withheld = kpi.freshness === "stale";
  return (
    <article
      class={`panel kpi ${kpi.freshness} ${kpi.verdict} ${kpi.priority ?? ""} ${alone ? "alone" : ""}`}
      data-kpi={kpi.id}
      data-verdict={kpi.verdict}
      data-freshness={kpi.freshness}
    >
      <h3>
        {isWall ? (
          kpi.name
        ) : (
          <button type="button" onClick={() => open("kpi", kpi.id)} title={say(kpiWords.open)}>
            {kpi.name}
          </button>
        )}
      </h3>
      <p class="kpi-figure">
        <span class="kpi-value">{kpi.value ?? "—"}</span>
        {kpi.unit !== "" && <span class="kpi-unit"> {kpi.unit}</span>}
      </p>
      <p class="kpi-verdict">
        {kpi.priority && !withheld ? <Mark priority={kpi.priority} /> : kpi.verdict === "kept" ? <Check /> : null}
        <span class="kpi-word">{withheld ? say(freshnessWords.stale) : kpi.word}</span>
        {kpi.target !== null && (
          <span class="kpi-target">
            <span class={kpi.basis === "" ? "" : "reader-only"}>{say(kpiWords.target)} </span>
            {kpi.target} <span class="kpi-basis">{kpi.basis}</span>
          </span>
        )}
      </p>
      <div class="kpi-picture">
        {kpi.id === "alerts" ? (
          <ByPriority />
        ) : (
          <Line values={kpi.history} line={kpi.line} bars={kpi.id === "exceeded" || kpi.id === "completeness"} />
        )}
      </div>
      {kpi.where !== "" && <p class="kpi-where">{kpi.where}</p>}
      <p class="kpi-foot">
        {kpi.period !== "" && <span>{kpi.period}</span>}
        {kpi.at !== null && (
          <span class="kpi-age">
            <time dateTime={new Date(kpi.at).toISOString()} title={fullMoment(kpi.at)}>
              {kpi.freshness === "late" || kpi.freshness === "stale" ? `${say(freshnessWords[kpi.freshness])} ` : ""}
              {ageOf(kpi.at) < 60_000 ? say(kpiWords.now) : ageOfFigure(kpi)}
            </time>
          </span>
        )}
        {kpi.source !== "" && <span class="kpi-source">{kpi.source}</span>}
      </p>
    </article>
  );
}

/** How many open alerts of each priority, by shape, number and word. */
function ByPriority() {
  return (
    <ul class="by-priority">
      {alertsByPriority().map(({ priority, count, urging }) => (
        <li key={priority} class={count === 0 ? "none" : ""}>
          <Mark priority={priority} hollow={!urging} />
          {number(count)}
          <span class="reader-only"> {say(priorityWords[priority])}</span>
        </li>
      ))}
    </ul>
  );
}
