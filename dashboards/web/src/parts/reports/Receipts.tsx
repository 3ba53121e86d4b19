import { useEffect } from "preact/hooks";
import { open } from "../../address";
import type { Receipt, ReceiptPage, ReportVerdict } from "../../api";
import { useAnswer } from "../../asking";
import { now } from "../../clock";
import { type Column, at } from "../../csv";
import { fullMoment, isoDay, moment, number } from "../../format";
import { say } from "../../language";
import type { Text } from "../../model";
import { reportWords, verdictWords } from "../../words/reports";
import { Choice } from "../frame/Choice";
import { Download } from "../frame/Download";
import { Waiting } from "../frame/Waiting";
import { choose, chosen, clear, filter, isFiltered, openReport, openValues, receiptsUrl, returnToRow } from "./chosen";
import { agencyName, byName, formName, notice, seen } from "./names";
import { PeriodSaid, Verdict } from "./Said";

const PAGE = 25;
const VERDICTS: ReportVerdict[] = ["refused", "held", "in_part", "accepted", "duplicate"];

type Counted = "stored" | "changed" | "same" | "rejected" | "conflicts" | "kept" | "withdrawn" | "errors" | "warnings";

/** What is counted of a report, in the order of its columns, and what it means where its title does not say it. */
export const COUNTED: [Counted, Text, Text?][] = [
  ["stored", reportWords.stored, reportWords.storedMeaning],
  ["changed", reportWords.changed, reportWords.changedMeaning],
  ["same", reportWords.same],
  ["rejected", reportWords.rejected],
  ["conflicts", reportWords.conflicts, reportWords.conflictsMeaning],
  ["kept", reportWords.kept, reportWords.keptMeaning],
  ["withdrawn", reportWords.withdrawn],
  ["errors", reportWords.errors],
  ["warnings", reportWords.warnings],
];

/** What arrived, the newest first, filtered and paged by the server. The first page goes on by itself, an older one stands still. */
export function Receipts() {
  const before = chosen("before");
  const answer = useAnswer<ReceiptPage>(receiptsUrl(PAGE), before === "").value;
  const { said } = answer;
  useEffect(() => {
    if (!said) return;
    notice(said.receipts);
    returnToRow();
  }, [said]);
  return (
    <section class="panel listed receipts" aria-labelledby="receipts-title">
      <div class="rejects-head">
        <h2 id="receipts-title" tabIndex={-1}>
          {say(reportWords.arrived)}
        </h2>
        {said && said.receipts.length > 0 && <Download name="reports" of={say(reportWords.arrived)} columns={columns()} rows={() => said.receipts} />}
      </div>
      <Filters />
      <Waiting for={answer} />
      {said && said.receipts.length === 0 && <p class="calm">{say(reportWords.noReports)}</p>}
      {said && said.receipts.length > 0 && <Table of={said.receipts} />}
      <p class="event-pages">
        {before !== "" && (
          <button type="button" onClick={() => choose({ before: "" })}>
            {say(reportWords.newer)}
          </button>
        )}
        {said?.next ? (
          <button type="button" onClick={() => choose({ before: said.next ?? "" })}>
            {say(reportWords.older)}
          </button>
        ) : (
          said && said.receipts.length > 0 && <span class="calm">{say(reportWords.lastPage)}</span>
        )}
      </p>
    </section>
  );
}

function Filters() {
  const { forms, agencies } = seen.value;
  const named = [...agencies].map((id): [string, string] => [id, agencyName(id)]).sort(([, a], [, b]) => byName(a, b));
  return (
    <form class="event-filters" onSubmit={(event) => event.preventDefault()}>
      <Choice
        value={chosen("form")}
        choose={(form) => filter({ form })}
        title={say(reportWords.form)}
        any={say(reportWords.anyForm)}
        of={[...forms.keys()].map((id): [string, string] => [id, formName(id)]).sort(([, a], [, b]) => byName(a, b))}
      />
      <Choice
        value={chosen("verdict")}
        choose={(verdict) => filter({ verdict })}
        title={say(reportWords.verdict)}
        any={say(reportWords.anyVerdict)}
        of={VERDICTS.map((verdict) => [verdict, say(verdictWords[verdict])])}
      />
      <Choice value={chosen("agency")} choose={(agency) => filter({ agency })} title={say(reportWords.agency)} any={say(reportWords.anyAgency)} of={named} />
      {isFiltered() && (
        <button type="button" onClick={clear}>
          {say(reportWords.clear)}
        </button>
      )}
    </form>
  );
}

function Table({ of }: { of: Receipt[] }) {
  return (
    <div class="clients-table" role="group" aria-labelledby="receipts-title" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {[reportWords.received, reportWords.form, reportWords.agency, reportWords.period, reportWords.verdict].map((title) => (
              <th key={title.en} scope="col">
                {say(title)}
              </th>
            ))}
            {COUNTED.map(([what, title, meaning]) => (
              <th key={what} scope="col" class="figure">
                {meaning ? <abbr title={say(meaning)}>{say(title)}</abbr> : say(title)}
              </th>
            ))}
            <th scope="col">{say(reportWords.message)}</th>
          </tr>
        </thead>
        <tbody>
          {of.map((receipt) => (
            <Row key={receipt.position} of={receipt} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ of: receipt }: { of: Receipt }) {
  const { position, received_at, form, agency, period, verdict } = receipt;
  const today = isoDay(received_at) === isoDay(now.peek());
  const name = agencyName(agency);
  const called = formName(form);
  return (
    <tr data-receipt={position}>
      <th scope="row">
        <button type="button" id={`receipt-${position}`} class="link" title={say(reportWords.openReport)} onClick={() => openReport(position)}>
          <time dateTime={new Date(received_at).toISOString()} title={fullMoment(received_at)}>
            {today ? moment(received_at, "clock") : `${moment(received_at, "minute")} ${moment(received_at, "date")}`}
          </time>
          <span class="reader-only">
            {" "}
            {say(reportWords.openReport)}: {called}, {name}
          </span>
        </button>
      </th>
      <td data-title={say(reportWords.form)}>
        <span>
          {called}
          {called !== form && <small> {form}</small>}
        </span>
      </td>
      <td data-title={say(reportWords.agency)}>
        <span>
          {name}
          {name !== agency && <small> {agency}</small>}
        </span>
      </td>
      <td data-title={say(reportWords.period)}>
        {period ? (
          <button type="button" class="link" title={say(reportWords.openValues)} onClick={() => openValues(form, period.label)}>
            <PeriodSaid of={period} />
          </button>
        ) : (
          "—"
        )}
      </td>
      <td data-title={say(reportWords.verdict)}>
        <Verdict of={verdict} />
      </td>
      {COUNTED.map(([what, title]) => (
        <td key={what} class={`figure ${receipt[what] === 0 ? "zero" : ""}`} data-title={say(title)} data-count={what}>
          {number(receipt[what])}
        </td>
      ))}
      <td data-title={say(reportWords.message)}>
        <button type="button" class="link" title={say(reportWords.openMessage)} onClick={() => open("envelope", position)}>
          {position}
          <span class="reader-only"> {say(reportWords.openMessage)}</span>
        </button>
      </td>
    </tr>
  );
}

function columns(): Column<Receipt>[] {
  return [
    [say(reportWords.received), ({ received_at }) => at(received_at)],
    [say(reportWords.form), ({ form }) => form],
    [say(reportWords.agency), ({ agency }) => agency],
    [say(reportWords.period), ({ period }) => period?.label],
    [say(reportWords.start), ({ period }) => period?.start],
    [say(reportWords.end), ({ period }) => period?.end],
    [say(reportWords.verdict), ({ verdict }) => verdict],
    [say(reportWords.rows), ({ rows }) => rows],
    ...COUNTED.map(([what, title]): Column<Receipt> => [say(title), (receipt) => receipt[what]]),
    [say(reportWords.notes), ({ notes }) => notes],
    [say(reportWords.feed), ({ feed }) => feed],
    [say(reportWords.sender), ({ sender }) => sender],
    [say(reportWords.message), ({ position }) => position],
  ];
}
