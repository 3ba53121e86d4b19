import { useState } from "preact/hooks";
import type { AgencyScore, AgencyScores, ObligationSummary } from "../../api";
import { useAnswer } from "../../asking";
import type { Column } from "../../csv";
import { age, number, plain } from "../../format";
import { say } from "../../language";
import { ledger } from "../../store";
import { ledgerWords, reasonWords } from "../../words/ledger";
import { Choice } from "../frame/Choice";
import { Download } from "../frame/Download";
import { Waiting } from "../frame/Waiting";
import { More } from "../reports/More";
import { PeriodSaid } from "../reports/Said";
import { goTo } from "../reports/chosen";
import { periodDays, periodName } from "../reports/names";
import { choose, chosen, filter, ledgerUrl, onlyOf, periodOf } from "./chosen";
import { agencyOf } from "./List";

const ROWS = 20;

/** How agencies keep what they owe, the worst first, with what speaks against each. */
export function Scores({ periods }: { periods: ObligationSummary["periods"] }) {
  const answer = useAnswer<AgencyScores>(ledgerUrl("/scores", { period: chosen("scored") }), chosen("at") === "", ledger.value).value;
  const { said } = answer;
  const judged = periods.filter((period) => period.judged > 0).map((period): [string, string] => [periodOf(period), [periodName(period), periodDays(period)].filter(Boolean).join(" · ")]);
  return (
    <section class="panel listed scores" aria-labelledby="scores-title">
      <div class="rejects-head">
        <h2 id="scores-title" tabIndex={-1}>
          {say(ledgerWords.scores)}
          {said?.period && (
            <small>
              {" "}
              <PeriodSaid of={said.period} />
            </small>
          )}
        </h2>
        {said && said.scores.length > 0 && <Download name="scores" of={say(ledgerWords.scores)} columns={columns()} rows={() => said.scores} />}
      </div>
      <p class="calm">{say(ledgerWords.scoresHow)}</p>
      <form class="event-filters" onSubmit={(event) => event.preventDefault()}>
        <Choice value={chosen("scored")} choose={(scored) => choose({ scored })} title={say(ledgerWords.period)} any={say(ledgerWords.newestPeriod)} of={judged} />
      </form>
      <Waiting for={answer} />
      {said && said.scores.length === 0 && <p class="calm">{say(ledgerWords.noScores)}</p>}
      {said && said.scores.length > 0 && <ScoreTable of={said.scores} year={said.year} />}
    </section>
  );
}

function ScoreTable({ of, year }: { of: AgencyScore[]; year: number }) {
  const [shown, show] = useState(ROWS);
  return (
    <>
      <div class="clients-table" role="group" aria-labelledby="scores-title" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{say(ledgerWords.agency)}</th>
              <th scope="col">{say(ledgerWords.score)}</th>
              <th scope="col">{say(ledgerWords.reasons)}</th>
              <th scope="col" class="figure">
                {say(ledgerWords.owed)}
              </th>
              <th scope="col" class="figure">
                {say(ledgerWords.onTime)}
              </th>
              <th scope="col" class="figure">
                {say(ledgerWords.remindersOfYear)} {String(year)}
              </th>
            </tr>
          </thead>
          <tbody>
            {of.slice(0, shown).map((score) => (
              <Row key={`${score.agency}/${score.period.kind}/${score.period.start}`} of={score} />
            ))}
          </tbody>
        </table>
      </div>
      <More shown={Math.min(shown, of.length)} all={of.length} of={say(ledgerWords.scores)} show={() => show(shown + ROWS)} />
    </>
  );
}

function Row({ of }: { of: AgencyScore }) {
  const { agency, period, owed, on_time, reminders } = of;
  return (
    <tr data-score={agency}>
      <th scope="row">
        <button
          type="button"
          class="link"
          title={say(ledgerWords.openOwed)}
          onClick={() => {
            filter({ ...onlyOf({ of: periodOf(period) }), agency, form: "", state: "", due: "", domain: "" });
            goTo("owed-title");
          }}
        >
          {agencyOf(of)}
          <span class="reader-only"> {say(ledgerWords.openOwed)}</span>
        </button>
      </th>
      <td data-title={say(ledgerWords.score)}>
        <ScoreSaid of={of} />
      </td>
      <td data-title={say(ledgerWords.reasons)} class="said">
        <span>{reasonsOf(of)}</span>
      </td>
      <td class="figure" data-title={say(ledgerWords.owed)}>
        {number(owed)}
      </td>
      <td class="figure" data-title={say(ledgerWords.onTime)}>
        {number(on_time)}
      </td>
      <td class={`figure ${reminders === 0 ? "zero" : ""}`} data-title={say(ledgerWords.remindersOfYear)}>
        {number(reminders)}
      </td>
    </tr>
  );
}

/** A score and how much of a whole it is; why there is none. */
export function ScoreSaid({ of: { score } }: { of: AgencyScore }) {
  if (score === null) return <span class="calm">{say(ledgerWords.notJudged)}</span>;
  return (
    <span class="score">
      <strong>{plain(score, 1)}%</strong>
      <span class="bullet" aria-hidden="true">
        <span style={{ width: `${Math.min(100, Math.max(0, score))}%` }} />
      </span>
    </span>
  );
}

/** What speaks against a score, in a sentence. */
export function reasonsOf(of: AgencyScore): string {
  const middle = of.median_late_seconds === null ? "" : age(of.median_late_seconds * 1000);
  const said = reasonWords(of, (value) => number(value), middle);
  if (of.reasons.length === 0) return of.score === null ? say(ledgerWords.notJudged) : say(ledgerWords.noReasons);
  return of.reasons.map((reason) => say(said[reason])).join(" · ");
}

function columns(): Column<AgencyScore>[] {
  return [
    ["id", ({ agency }) => agency],
    [say(ledgerWords.agency), agencyOf],
    [say(ledgerWords.period), ({ period }) => period.label],
    [say(ledgerWords.score), ({ score }) => score],
    [say(ledgerWords.owed), ({ owed }) => owed],
    [say(ledgerWords.onTime), ({ on_time }) => on_time],
    [say(ledgerWords.late), ({ late }) => late],
    [say(ledgerWords.missing), ({ missing }) => missing],
    [say(ledgerWords.refused), ({ rejected }) => rejected],
    [say(ledgerWords.revisions), ({ revisions }) => revisions],
    [say(ledgerWords.remindersOfYear), ({ reminders }) => reminders],
    [say(ledgerWords.reasons), reasonsOf],
  ];
}
