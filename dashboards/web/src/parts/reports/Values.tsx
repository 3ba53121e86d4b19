import { useEffect, useState } from "preact/hooks";
import type { ReportCell, ReportIndicator, ReportTotal, ReportValue, ReportValues } from "../../api";
import { type Answered, useAnswer } from "../../asking";
import { decimal, number } from "../../format";
import { say } from "../../language";
import { mapsWords } from "../../words/maps";
import { markWords, reportWords } from "../../words/reports";
import { Choice } from "../frame/Choice";
import { Download } from "../frame/Download";
import { Waiting } from "../frame/Waiting";
import { cellColumns } from "./cells";
import { choose, chosen, openReport, valuesUrl, valuesUrlOf } from "./chosen";
import { type Head, type Matrix, matrices } from "./matrix";
import { More } from "./More";
import { byName, dayName, formName, indicatorName, partName, placeName, seen } from "./names";
import { MapChoice } from "./Reading";
import { Restated } from "./Restated";
import { PeriodSaid, Said, SIGNS, Vintage } from "./Said";

const LINES = 150;

/** What is shown of a form in a period: places by indicators, and what they add up to of how many that are known. */
export function Values() {
  const url = valuesUrl();
  return (
    <section class="panel listed report-values" aria-labelledby="values-title">
      <h2 id="values-title" tabIndex={-1}>
        {say(reportWords.values)}
      </h2>
      <Chooser />
      {url === null ? <p class="calm">{say(reportWords.choose)}</p> : <Shown key={url} form={chosen("of")} period={chosen("period")} />}
    </section>
  );
}

function Chooser() {
  const [form, period] = [chosen("of"), chosen("period")];
  const [typed, type] = useState(period);
  useEffect(() => type(period), [period]);
  const { forms } = seen.value;
  const take = () => choose({ period: typed.trim() });
  return (
    <form
      class="event-filters"
      onSubmit={(event) => {
        event.preventDefault();
        take();
      }}
    >
      <Choice value={form} choose={(of) => choose({ of })} title={say(reportWords.form)} any={say(reportWords.noForm)} of={[...forms.keys()].sort(byName).map((id) => [id, id])} />
      <label>
        {say(reportWords.period)} ({say(reportWords.example)})
        <input value={typed} list="report-periods" maxLength={16} spellcheck={false} autocomplete="off" onInput={(event) => type(event.currentTarget.value)} onBlur={take} />
      </label>
      <datalist id="report-periods">
        {[...(forms.get(form) ?? [])].sort((a, b) => byName(b, a)).map((label) => (
          <option key={label} value={label} />
        ))}
      </datalist>
      <button type="submit">{say(reportWords.show)}</button>
    </form>
  );
}

/** The values of a form and period. */
function Shown({ form, period }: { form: string; period: string }) {
  const answer = useAnswer<ReportValues>(valuesUrlOf(form, period), true).value;
  return (
    <>
      <div class="event-filters">
        <MapChoice of={answer.said?.map} />
      </div>
      <Read form={form} period={period} of={answer} />
    </>
  );
}

/** What was answered, as places are read; under the names of indicators where they are given, else under what reports call them. */
export function Read({ form, period, of: answer, names }: { form: string; period: string; of: Answered<ReportValues>; names?: ReportIndicator[] }) {
  const { said } = answer;
  return (
    <>
      <Waiting for={answer} />
      {said?.more_cells && <p class="calm">{say(said.map?.map ? mapsWords.tooMany : reportWords.moreValues)}</p>}
      {said && (said.map?.map ? <Restated values={said} form={form} period={period} names={names ?? said.indicators} /> : <Tables form={form} period={period} of={said} names={names} />)}
    </>
  );
}

/** Of the places that it was reported of. */
function Tables({ form, period, of: { cells, totals }, names }: { form: string; period: string; of: ReportValues; names: ReportIndicator[] | undefined }) {
  if (cells.length === 0) return <p class="calm">{say(reportWords.noValues)}</p>;
  return (
    <>
      {matrices(cells, totals).map((table, at) => (
        <Table key={`${table.period.kind}/${table.period.start}`} of={table} at={at} form={form} names={names} />
      ))}
      <Key of={cells} />
      <Download name={`values-${form}-${period}`} of={say(reportWords.values)} columns={cellColumns(false)} rows={() => cells} />
    </>
  );
}

function Table({ of: { period, heads, lines, feet }, at, form, names }: { of: Matrix; at: number; form: string; names: ReportIndicator[] | undefined }) {
  const nameOf = ({ indicator, of }: Head) => {
    const named = names?.find((one) => one.id === indicator);
    return named ? say(named.name) : indicatorName(of);
  };
  const [shown, show] = useState(LINES);
  const title = `values-period-${at}`;
  return (
    <>
      <h3 id={title}>
        {names ? null : `${formName(form)}, `}
        <PeriodSaid of={period} />
      </h3>
      <div class="clients-table" role="group" aria-labelledby={title} tabIndex={0}>
        <table class="matrix">
          <thead>
            <tr>
              <th scope="col">{say(reportWords.place)}</th>
              {heads.map((head) => (
                <th key={head.key} scope="col" class="figure">
                  {nameOf(head)}
                  {head.breakdown !== "" && <small> {partName(head.of)}</small>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.slice(0, shown).map(({ key, of, isVersion, cells }) => (
              <tr key={key} data-place={of.place}>
                <th scope="row">
                  {placeName(of)} <small>{[of.place_name && of.place, isVersion && `${say(reportWords.since)} ${dayName(of.place_from)}`].filter(Boolean).join(" ")}</small>
                </th>
                {heads.map((head) => (
                  <td key={head.key} class="figure" data-title={[nameOf(head), partName(head.of)].filter(Boolean).join(" · ")} data-value={head.key}>
                    <One of={cells.get(head.key)} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{say(reportWords.total)}</th>
              {feet.map(({ key, span, total }) => (
                <td key={key} class="figure" colSpan={span} data-title={key.replace(/\/$/, "").replace("/", " · ")} data-total={key}>
                  <Total of={total} />
                </td>
              ))}
            </tr>
          </tfoot>
        </table>
      </div>
      <More shown={shown} all={lines.length} of={say(reportWords.place)} show={() => show(shown + LINES)} />
    </>
  );
}

/** A value, which opens the report that says it. */
function One({ of: cell }: { of: ReportCell | undefined }) {
  if (!cell) {
    return (
      <span class="report-mark">
        <span aria-hidden="true">·</span>
        <span class="reader-only">{say(reportWords.absent)}</span>
      </span>
    );
  }
  return (
    <span>
      <button type="button" class="link" onClick={() => openReport(cell.position)}>
        <Said of={cell.is} />
        <span class="reader-only">
          {" "}
          {placeName(cell)}, {cell.indicator}: {say(reportWords.openReport)}
        </span>
      </button>
      <Vintage of={cell.vintage} />
      {cell.suppressed && <small class="report-note"> {say(reportWords.smallNumber)}</small>}
      {cell.note !== "" && <small class="report-note"> {cell.note}</small>}
    </span>
  );
}

/** What is known of how many, in the server's words. */
function Total({ of: total }: { of: ReportTotal | undefined }) {
  if (!total) return <>—</>;
  const { sum, withheld, known, expected, dimensions } = total;
  return (
    <span>
      <strong>{sum !== null ? decimal(sum) : known === 0 ? "—" : say(withheld ? reportWords.keptBack : reportWords.notAdded)}</strong>{" "}
      <small>
        {say(reportWords.totalOf)} {number(known)}/{number(expected)} {say(dimensions === "" ? reportWords.places : reportWords.cells)}
      </small>
    </span>
  );
}

const ORDER = ["none", "not_collected", "withheld"] as const satisfies ReportValue["mark"][];

/** What the signs mean, of those that stand in the table. */
function Key({ of: cells }: { of: ReportCell[] }) {
  const there = new Set(cells.map(({ is }) => is.mark));
  const said = ORDER.filter((mark) => there.has(mark)).map((mark) => `${SIGNS[mark]} ${say(markWords[mark])}`);
  return (
    <p class="calm report-key">
      {say(reportWords.key)}: {[...said, `· ${say(reportWords.absent)}`].join("; ")}
    </p>
  );
}
