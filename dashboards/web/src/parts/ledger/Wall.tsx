import type { AgencyScores, ObligationPage, ObligationSummary } from "../../api";
import { useAnswer } from "../../asking";
import { number, plain } from "../../format";
import { say } from "../../language";
import { ledger } from "../../store";
import { shift } from "../../wall";
import { ledgerWords } from "../../words/ledger";
import { words } from "../../words/page";
import { Urgent } from "../frame/Attention";
import { Mark } from "../frame/Mark";
import { useWholeRows } from "../frame/wholeRows";
import { dueName } from "../reports/names";
import { useFigures } from "../reports/DomainWall";
import { agencyOf, formOf } from "./List";
import { figuresOf } from "./Overview";
import { Shape, howLong } from "./State";

/** Rows that are asked for: more than any wall has room for, so that what is left out is counted. */
const ROWS = 200;

/** For a wall: a month at a glance, who is behind and since when, and who keeps it worst. */
export function LedgerWall() {
  const [x, y] = shift.value;
  const summary = useAnswer<ObligationSummary>("/api/obligations/summary", true, ledger.value).value;
  const open = useAnswer<ObligationPage>(`/api/obligations?state=missing,rejected,due&limit=${ROWS}`, true, ledger.value).value.said?.obligations ?? [];
  const scored = useAnswer<AgencyScores>("/api/obligations/scores", true, ledger.value).value.said;
  const [row, figures] = useFigures<HTMLElement>();
  const all = summary.said ? figuresOf(summary.said) : [];
  const scores = scored?.scores.filter(({ score }) => score !== null) ?? [];
  const [late, ofLate] = useWholeRows<HTMLOListElement>(open.length);
  const [lowest, ofLowest] = useWholeRows<HTMLOListElement>(scores.length);
  return (
    <div class="domain-wall" style={{ transform: `translate(${x}px, ${y}px)` }}>
      <div class="domain-wall-all">
        <Urgent />
        {summary.trouble && <p class="event-trouble">{say(summary.trouble)}</p>}
        {!summary.said && !summary.trouble && <p class="calm">{say(words.loading)}</p>}
        {summary.said && (
          <h2 class="domain-wall-title">
            {say(ledgerWords.owedInMonth)} <small>{dueName(summary.said.due)}</small>
          </h2>
        )}
        <section class="domain-wall-figures" aria-label={say(ledgerWords.owedInMonth)} ref={row}>
          {all.slice(0, figures).map(({ id, title, value, beside, priority }) => (
            <article key={id} class="panel" data-owed={id}>
              <h3>{title}</h3>
              <p class="event-figure">
                {priority && <Mark priority={priority} />} {number(value)}
              </p>
              <p class="calm wall-beside">{beside || "\u00a0"}</p>
            </article>
          ))}
        </section>
        <div class="domain-wall-body">
          <section class="panel domain-wall-list" aria-labelledby="wall-late">
            <h2 id="wall-late">{say(ledgerWords.list)}</h2>
            <ol ref={late}>
              {summary.said && open.length === 0 && <li class="calm">{say(ledgerWords.allMet)}</li>}
              {open.slice(0, ofLate).map((one) => (
                <li key={one.id} data-obligation={one.id}>
                  <span class="wall-place">
                    <Shape of={one} /> {agencyOf(one)} · {formOf(one)}
                  </span>{" "}
                  <span class="ranked-value">{howLong(one)}</span>
                </li>
              ))}
              {open.length > ofLate && <More of={open.length - ofLate} more={open.length === ROWS} />}
            </ol>
          </section>
          <section class="panel domain-wall-list" aria-labelledby="wall-scores">
            <h2 id="wall-scores">{say(ledgerWords.lowest)}</h2>
            <ol ref={lowest}>
              {scored && scores.length === 0 && <li class="calm">{say(ledgerWords.noScores)}</li>}
              {scores.slice(0, ofLowest).map((score) => (
                <li key={score.agency} data-score={score.agency}>
                  <span class="wall-place">{agencyOf(score)}</span> <span class="ranked-value">{plain(score.score ?? 0, 1)}%</span>
                </li>
              ))}
              {scores.length > ofLowest && <More of={scores.length - ofLowest} more={false} />}
            </ol>
          </section>
        </div>
      </div>
    </div>
  );
}

/** How many more there are, or at least. */
function More({ of, more }: { of: number; more: boolean }) {
  return (
    <li class="calm">
      {more ? "≥ " : "+"}
      {number(of)} {say(words.more)}
    </li>
  );
}
