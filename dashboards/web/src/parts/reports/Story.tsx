import { useEffect, useState } from "preact/hooks";
import { open } from "../../address";
import type { ReportCell, ReportFinding, ReportPeriod, ReportStory } from "../../api";
import type { Column } from "../../csv";
import { fullMoment, number } from "../../format";
import { say } from "../../language";
import { feedNames } from "../../store";
import { ledgerWords } from "../../words/ledger";
import { reportWords, standingWords } from "../../words/reports";
import { Download } from "../frame/Download";
import { hasLedger, obligationOf, openLedger } from "../ledger/chosen";
import { Asked, Facts } from "../origin/Asked";
import { cellColumns } from "./cells";
import { closeReport, openValues } from "./chosen";
import { More } from "./More";
import { agencyName, formName, notice, partName, placeName } from "./names";
import { COUNTED } from "./Receipts";
import { PeriodSaid, Said, Verdict, Vintage, Weight } from "./Said";

const FINDINGS = 100;
const CELLS = 200;

/** One report: what became of it, what was found in it, what it changed cell by cell, and where it lies. */
export function Story({ position }: { position: string }) {
  return (
    <section class="panel listed report-story" aria-labelledby="report-title">
      <div class="rejects-head">
        <h2 id="report-title" tabIndex={-1}>
          {say(reportWords.report)} {position}
        </h2>
        <button type="button" onClick={closeReport}>
          {say(reportWords.back)}
        </button>
      </div>
      <Asked<ReportStory> url={`/api/reports/receipts/${encodeURIComponent(position)}`}>
        {(story) => (
          <>
            <Told of={story} />
            <Findings of={story.findings} position={position} />
            <Changes of={story} />
          </>
        )}
      </Asked>
    </section>
  );
}

function Told({ of: { receipt } }: { of: ReportStory }) {
  useEffect(() => notice([receipt]), [receipt]);
  const { form, agency, period, verdict, feed, sender, position } = receipt;
  const name = agencyName(agency);
  const feedName = feedNames.value.get(feed)?.name;
  const counts = [...COUNTED, ["notes", reportWords.notes] as const].filter(([what]) => receipt[what] > 0);
  return (
    <Facts
      of={[
        [say(reportWords.verdict), <Verdict of={verdict} />],
        [say(reportWords.received), fullMoment(receipt.received_at)],
        [say(reportWords.form), formName(form) === form ? form : `${formName(form)} (${form})`],
        [say(reportWords.agency), name === agency ? agency : `${name} (${agency})`],
        [
          say(reportWords.period),
          period && (
            <button type="button" class="link" title={say(reportWords.openValues)} onClick={() => openValues(form, period.label)}>
              <PeriodSaid of={period} />
            </button>
          ),
        ],
        [
          say(ledgerWords.owedReport),
          period && hasLedger() ? (
            <button type="button" class="link" onClick={() => openLedger({ owes: obligationOf(form, agency, period) })}>
              {say(ledgerWords.openObligation)}
            </button>
          ) : null,
        ],
        [say(reportWords.rows), number(receipt.rows)],
        ...counts.map(([what, title]): [string, string] => [say(title), number(receipt[what])]),
        [say(reportWords.feed), feedName ? say(feedName) : feed],
        [say(reportWords.sender), sender],
        [
          say(reportWords.message),
          <button type="button" class="link" title={say(reportWords.openMessage)} onClick={() => open("envelope", position)}>
            {position}
            <span class="reader-only"> {say(reportWords.openMessage)}</span>
          </button>,
        ],
      ]}
    />
  );
}

function Findings({ of, position }: { of: ReportFinding[]; position: string }) {
  const [shown, show] = useState(FINDINGS);
  return (
    <>
      <div class="rejects-head">
        <h3 id="findings-title">
          {say(reportWords.findings)} ({number(of.length)})
        </h3>
        {of.length > 0 && <Download name={`findings-${position}`} of={say(reportWords.findings)} columns={findingColumns()} rows={() => of} />}
      </div>
      {of.length === 0 ? (
        <p class="calm">{say(reportWords.noFindings)}</p>
      ) : (
        <div class="clients-table" role="group" aria-labelledby="findings-title" tabIndex={0}>
          <table class="findings">
            <thead>
              <tr>
                {[reportWords.weight, reportWords.where, reportWords.stands, reportWords.says].map((title) => (
                  <th key={title.en} scope="col">
                    {say(title)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {of.slice(0, shown).map((finding, at) => (
                <tr key={at} data-finding={finding.rule}>
                  <td data-title={say(reportWords.weight)}>
                    <Weight of={finding.weight} />
                  </td>
                  <td data-title={say(reportWords.where)}>{finding.at || say(reportWords.whole)}</td>
                  <td data-title={say(reportWords.stands)}>{finding.stands === "" ? "—" : <code>{finding.stands}</code>}</td>
                  <td class="said" data-title={say(reportWords.says)}>
                    {say(finding.message)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <More shown={shown} all={of.length} of={say(reportWords.findings)} show={() => show(shown + FINDINGS)} />
    </>
  );
}

function Changes({ of: { receipt, cells, more_cells } }: { of: ReportStory }) {
  const [shown, show] = useState(CELLS);
  return (
    <>
      <div class="rejects-head">
        <h3 id="changes-title">
          {say(reportWords.changes)} ({number(cells.length)}
          {more_cells && "+"})
        </h3>
        {cells.length > 0 && <Download name={`report-${receipt.position}`} of={say(reportWords.changes)} columns={cellColumns(true)} rows={() => cells} />}
      </div>
      {more_cells && <p class="calm">{say(reportWords.moreCells)}</p>}
      {cells.length === 0 ? (
        <p class="calm">{say(reportWords.noChanges)}</p>
      ) : (
        <div class="clients-table" role="group" aria-labelledby="changes-title" tabIndex={0}>
          <table>
            <thead>
              <tr>
                {[reportWords.place, reportWords.indicator].map((title) => (
                  <th key={title.en} scope="col">
                    {say(title)}
                  </th>
                ))}
                <th scope="col" class="figure">
                  {say(reportWords.wasIs)}
                </th>
                {[reportWords.standing, reportWords.asSent, reportWords.where].map((title) => (
                  <th key={title.en} scope="col">
                    {say(title)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {cells.slice(0, shown).map((cell, at) => (
                <Change key={at} of={cell} within={receipt.period} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <More shown={shown} all={cells.length} of={say(reportWords.changes)} show={() => show(shown + CELLS)} />
    </>
  );
}

function Change({ of: cell, within }: { of: ReportCell; within: ReportPeriod | null }) {
  const { indicator, indicator_name, breakdown, place, period, was, is, vintage, standing, shown, as_sent, note, at } = cell;
  const name = placeName(cell);
  return (
    <tr data-cell={`${indicator}/${breakdown}/${place}`}>
      <th scope="row">
        {name}
        {name !== place && <small> {place}</small>}
      </th>
      <td data-title={say(reportWords.indicator)}>
        <span>
          {indicator_name ? say(indicator_name) : indicator}
          {indicator_name && <small> {indicator}</small>}
          {breakdown !== "" && <small> · {partName(cell)}</small>}
          {period.label !== within?.label && (
            <small>
              {" · "}
              <PeriodSaid of={period} />
            </small>
          )}
        </span>
      </td>
      <td class="figure" data-title={say(reportWords.wasIs)}>
        <span>
          {was ? <Said of={was} /> : <small>{say(reportWords.nothingBefore)}</small>}
          {" → "}
          <strong>
            <Said of={is} />
          </strong>
          <Vintage of={vintage} />
        </span>
      </td>
      <td data-title={say(reportWords.standing)}>
        <span>
          {say(standingWords[standing])}
          {!shown && <small> · {say(reportWords.beside)}</small>}
        </span>
      </td>
      <td data-title={say(reportWords.asSent)}>
        <span>
          {as_sent === "" ? "—" : <code>{as_sent}</code>}
          {note !== "" && <small> {note}</small>}
        </span>
      </td>
      <td data-title={say(reportWords.where)}>{at || "—"}</td>
    </tr>
  );
}

function findingColumns(): Column<ReportFinding>[] {
  return [
    [say(reportWords.weight), ({ weight }) => weight],
    [say(reportWords.rule), ({ rule }) => rule],
    [say(reportWords.where), ({ at }) => at],
    [say(reportWords.stands), ({ stands }) => stands],
    [say(reportWords.says), ({ message }) => say(message)],
  ];
}
