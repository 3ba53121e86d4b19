import { useEffect, useState } from "preact/hooks";
import type { MatrixCell, MatrixColumn, MatrixRow, ObligationMatrix } from "../../api";
import { useAnswer } from "../../asking";
import { number } from "../../format";
import { say } from "../../language";
import { ledger } from "../../store";
import { ledgerWords, stateWords } from "../../words/ledger";
import { Waiting } from "../frame/Waiting";
import { More } from "../reports/More";
import { PeriodSaid } from "../reports/Said";
import { dueName, periodName } from "../reports/names";
import { chosen, filter, ledgerUrl } from "./chosen";
import { agencyOf, openObligation } from "./List";
import { Shape, type Stands, howLong } from "./State";

/** Rows that are drawn at once. */
const ROWS = 30;

/** Who owes what: agencies by forms of a month, or by the periods of the form that is chosen. */
export function Matrix({ states }: { states: Stands[] }) {
  const [domain, form, agency, due] = (["domain", "form", "agency", "due"] as const).map(chosen);
  const answer = useAnswer<ObligationMatrix>(ledgerUrl("/matrix", { domain, form, agency, due } as Record<string, string>), chosen("at") === "", ledger.value).value;
  const { said } = answer;
  const ofForm = said?.form !== null && said?.form !== undefined;
  const name = said?.columns[0]?.form_name;
  return (
    <section class="panel listed" aria-labelledby="matrix-title">
      <h2 id="matrix-title" tabIndex={-1}>
        {say(ofForm ? ledgerWords.matrixOf : ledgerWords.matrix)} <small>{ofForm ? (name ? say(name) : (said?.form ?? "")) : said?.due ? dueName(said.due) : ""}</small>
      </h2>
      <p class="calm">{say(ledgerWords.matrixHow)}</p>
      <Waiting for={answer} />
      {said && said.rows.length === 0 && <p class="calm">{say(ledgerWords.none)}</p>}
      {said && said.rows.length > 0 && <Table of={said} />}
      {said?.more && <p class="calm">{say(ledgerWords.moreCells)}</p>}
      {said && said.rows.length > 0 && <Key of={states} />}
    </section>
  );
}

function Table({ of: { columns, rows } }: { of: ObligationMatrix }) {
  const [shown, show] = useState(ROWS);
  useEffect(() => show(ROWS), [columns.length]);
  return (
    <>
      <div class="ledger-matrix" role="group" aria-labelledby="matrix-title" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{say(ledgerWords.agency)}</th>
              {columns.map((column) => (
                <th key={`${column.form}/${column.period?.start ?? ""}`} scope="col">
                  <Head of={column} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map((row) => (
              <Row key={row.agency} of={row} columns={columns} />
            ))}
          </tbody>
        </table>
      </div>
      <More shown={Math.min(shown, rows.length)} all={rows.length} of={say(ledgerWords.agency)} show={() => show(shown + ROWS)} />
    </>
  );
}

function Head({ of: { form, form_name, period } }: { of: MatrixColumn }) {
  if (period) return <PeriodSaid of={period} />;
  return (
    <button type="button" class="link" onClick={() => filter({ form })}>
      {form_name ? say(form_name) : form}
    </button>
  );
}

function headName({ form, form_name, period }: MatrixColumn): string {
  if (period) return periodName(period);
  return form_name ? say(form_name) : form;
}

function Row({ of, columns }: { of: MatrixRow; columns: MatrixColumn[] }) {
  return (
    <tr data-agency={of.agency}>
      <th scope="row">{agencyOf(of)}</th>
      {of.cells.map((cell, at) => (
        <td key={at} data-title={columns[at] ? headName(columns[at]) : ""} class={cell ? "" : "zero"}>{cell ? <Cell of={cell} name={columns[at] ? headName(columns[at]) : ""} /> : <span class="calm" title={say(ledgerWords.owesNothing)}>·</span>}</td>
      ))}
    </tr>
  );
}

/** A cell by shape and number; its words are read out, and shown where it is pointed at. */
function Cell({ of, name }: { of: MatrixCell; name: string }) {
  const { id, state, count } = of;
  const several = count > 1 ? ` (${number(count)} ${say(ledgerWords.ofSeveral)})` : "";
  const words = `${name}: ${say(stateWords[state])} ${howLong(of)}${several}`.trim();
  return (
    <button type="button" class="matrix-cell" data-cell={state} title={words} onClick={() => openObligation(id)}>
      <Shape of={of} />
      <span aria-hidden="true">
        {say(stateWords[state])}
        {count > 1 && ` ×${number(count)}`}
      </span>
      <span class="reader-only">{words}</span>
    </button>
  );
}

function Key({ of }: { of: Stands[] }) {
  return (
    <ul class="ledger-key" aria-label={say(ledgerWords.key)}>
      {of.map((one) => (
        <li key={one.state}>
          <Shape of={one} /> {say(stateWords[one.state])}
        </li>
      ))}
    </ul>
  );
}
