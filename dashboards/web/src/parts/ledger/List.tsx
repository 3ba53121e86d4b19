import { useEffect } from "preact/hooks";
import type { Obligation, ObligationPage } from "../../api";
import { useAnswer } from "../../asking";
import { type Column, at } from "../../csv";
import { fullMoment, moment, number, shortMoment } from "../../format";
import { say } from "../../language";
import { ledger } from "../../store";
import { ledgerWords } from "../../words/ledger";
import { Download } from "../frame/Download";
import { Waiting } from "../frame/Waiting";
import { PeriodSaid } from "../reports/Said";
import { goTo } from "../reports/chosen";
import { choose, chosen, ledgerUrl } from "./chosen";
import { State } from "./State";

const PAGE = 25;

export const formOf = ({ form, form_name }: Pick<Obligation, "form" | "form_name">): string => (form_name ? say(form_name) : form);
export const agencyOf = ({ agency, agency_name }: Pick<Obligation, "agency" | "agency_name">): string => (agency_name ? say(agency_name) : agency);

export function openObligation(id: string): void {
  choose({ owes: id });
  goTo("obligation-title");
}

/** The obligation that was left for the list, until its row is there. */
let left = "";

export function closeObligation(): void {
  left = chosen("owes");
  choose({ owes: "" });
}

/** What is owed: what is open behind its deadline first, filtered and paged by the server. */
export function List() {
  const [domain, form, agency, state, due_from, due_until, refused, period, after] = (["domain", "form", "agency", "state", "due_from", "due_until", "refused", "of", "after"] as const).map(chosen);
  const isBetween = due_from !== "" || due_until !== "";
  const due = isBetween ? "" : chosen("due");
  const url = ledgerUrl("", { domain, form, agency, state, due, due_from, due_until, refused, period, after, limit: String(PAGE) } as Record<string, string>);
  const answer = useAnswer<ObligationPage>(url, chosen("at") === "" && after === "", ledger.value).value;
  const { said } = answer;
  useEffect(() => {
    if (!said || left === "") return;
    goTo(document.getElementById(`owes-${left}`) ? `owes-${left}` : "owed-title");
    left = "";
  }, [said]);
  return (
    <section class="panel listed obligations" aria-labelledby="owed-title">
      <div class="rejects-head">
        <h2 id="owed-title" tabIndex={-1}>
          {say(ledgerWords.list)}
        </h2>
        {said && said.obligations.length > 0 && <Download name="obligations" of={say(ledgerWords.list)} columns={columns()} rows={() => said.obligations} />}
      </div>
      <p class="calm">{say(ledgerWords.listHow)}</p>
      {isBetween && (
        <p class="calm" data-part="between">
          {say(ledgerWords.due)} {due_from !== "" && `${say(ledgerWords.from)} ${fullMoment(Number(due_from))} `}
          {due_until !== "" && `${say(ledgerWords.until)} ${fullMoment(Number(due_until))}`}
        </p>
      )}
      {refused !== "" && <p class="calm">{say(ledgerWords.onlyRefused)}</p>}
      <Waiting for={answer} />
      {said && said.obligations.length === 0 && <p class="calm">{say(ledgerWords.none)}</p>}
      {said && said.obligations.length > 0 && <Table of={said.obligations} />}
      <p class="event-pages">
        {after !== "" && (
          <button type="button" onClick={() => choose({ after: "" })}>
            {say(ledgerWords.first)}
          </button>
        )}
        {said?.next ? (
          <button type="button" onClick={() => choose({ after: said.next ?? "" })}>
            {say(ledgerWords.next)}
          </button>
        ) : (
          said && said.obligations.length > 0 && <span class="calm">{say(ledgerWords.lastPage)}</span>
        )}
      </p>
    </section>
  );
}

function Table({ of }: { of: Obligation[] }) {
  return (
    <div class="clients-table" role="group" aria-labelledby="owed-title" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {[ledgerWords.state, ledgerWords.form, ledgerWords.agency, ledgerWords.period, ledgerWords.due, ledgerWords.received].map((title) => (
              <th key={title.en} scope="col">
                {say(title)}
              </th>
            ))}
            <th scope="col" class="figure">
              {say(ledgerWords.refusals)}
            </th>
            <th scope="col">{say(ledgerWords.why)}</th>
            <th scope="col" class="figure">
              <abbr title={say(ledgerWords.remindersMeaning)}>{say(ledgerWords.reminders)}</abbr>
            </th>
          </tr>
        </thead>
        <tbody>
          {of.map((one) => (
            <Row key={one.id} of={one} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ of }: { of: Obligation }) {
  const { id, period, due_at, received_at, rejected, last_rejected, reminders } = of;
  return (
    <tr data-obligation={id}>
      <th scope="row">
        <button type="button" id={`owes-${id}`} class="link" title={say(ledgerWords.open)} onClick={() => openObligation(id)}>
          <State of={of} />
          <span class="reader-only">
            {" "}
            {say(ledgerWords.open)}: {formOf(of)}, {agencyOf(of)}
          </span>
        </button>
      </th>
      <td data-title={say(ledgerWords.form)}>
        <span>{formOf(of)}</span>
      </td>
      <td data-title={say(ledgerWords.agency)}>
        <span>{agencyOf(of)}</span>
      </td>
      <td data-title={say(ledgerWords.period)}>
        <span>
          <PeriodSaid of={period} />
        </span>
      </td>
      <td data-title={say(ledgerWords.due)}>
        <time dateTime={new Date(due_at).toISOString()} title={fullMoment(due_at)}>
          {moment(due_at, "minute")} {moment(due_at, "date")}
        </time>
      </td>
      <td data-title={say(ledgerWords.received)} class={received_at === null ? "zero" : ""}>
        {received_at === null ? "—" : <time dateTime={new Date(received_at).toISOString()}>{shortMoment(received_at)}</time>}
      </td>
      <td class={`figure ${rejected === 0 ? "zero" : ""}`} data-title={say(ledgerWords.refusals)}>
        {number(rejected)}
      </td>
      <td data-title={say(ledgerWords.why)} class={`said ${last_rejected ? "" : "zero"}`}>
        {last_rejected ? (last_rejected.reason ? say(last_rejected.reason) : say(ledgerWords.notSeen)) : "—"}
      </td>
      <td class={`figure ${reminders === 0 ? "zero" : ""}`} data-title={say(ledgerWords.reminders)}>
        {number(reminders)}
      </td>
    </tr>
  );
}

function columns(): Column<Obligation>[] {
  return [
    [say(ledgerWords.state), ({ state }) => state],
    [say(ledgerWords.form), ({ form }) => form],
    [say(ledgerWords.agency), ({ agency }) => agency],
    [`${say(ledgerWords.agency)} (${say({ vi: "tên", en: "name" })})`, agencyOf],
    [say(ledgerWords.period), ({ period }) => period.label],
    [say(ledgerWords.due), ({ due_at }) => at(due_at)],
    [say(ledgerWords.received), ({ received_at }) => at(received_at)],
    [`${say(ledgerWords.lateBy)} (s)`, ({ late_seconds }) => late_seconds],
    [say(ledgerWords.revisions), ({ revisions }) => revisions],
    [say(ledgerWords.refusals), ({ rejected }) => rejected],
    [say(ledgerWords.why), ({ last_rejected }) => last_rejected?.reason && say(last_rejected.reason)],
    [say(ledgerWords.reminders), ({ reminders }) => reminders],
    [say(ledgerWords.message), ({ position }) => position],
  ];
}
