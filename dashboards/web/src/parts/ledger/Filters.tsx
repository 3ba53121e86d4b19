import type { ObligationSummary } from "../../api";
import { now } from "../../clock";
import { local } from "../../csv";
import { fullMoment, isoDay } from "../../format";
import { say } from "../../language";
import { ledgerWords, stateWords } from "../../words/ledger";
import { words } from "../../words/page";
import { Choice } from "../frame/Choice";
import { byName, dueName } from "../reports/names";
import { choose, chosen, clear, filter, isFiltered, onlyOf } from "./chosen";

/** What of the ledger is looked at, and as of when. */
export function Filters({ of }: { of: ObligationSummary | null }) {
  const forms = (of?.forms ?? []).map(({ form, form_name }): [string, string] => [form, form_name ? say(form_name) : form]);
  const agencies = (of?.agencies ?? []).map(({ agency, agency_name }): [string, string] => [agency, agency_name ? say(agency_name) : agency]);
  const states = chosen("state");
  return (
    <form class="panel listed event-filters ledger-filters" onSubmit={(event) => event.preventDefault()}>
      <Choice value={chosen("due")} choose={(due) => filter({ ...onlyOf({}), due })} title={say(ledgerWords.dueIn)} any={say(ledgerWords.anyTime)} of={times(of?.first_due ?? null)} />
      <Choice value={chosen("domain")} choose={(domain) => filter({ domain })} title={say(ledgerWords.domain)} any={say(ledgerWords.anyDomain)} of={(of?.domains ?? []).map((id) => [id, say(words[id])])} />
      <Choice value={chosen("form")} choose={(form) => filter({ form })} title={say(ledgerWords.form)} any={say(ledgerWords.anyForm)} of={forms.sort(([, a], [, b]) => byName(a, b))} />
      <Choice value={chosen("agency")} choose={(agency) => filter({ agency })} title={say(ledgerWords.agency)} any={say(ledgerWords.anyAgency)} of={agencies.sort(([, a], [, b]) => byName(a, b))} />
      <Choice
        value={states}
        choose={(state) => filter({ state })}
        title={say(ledgerWords.state)}
        any={say(ledgerWords.anyState)}
        of={[
          ...(of?.states ?? []).map(({ state }): [string, string] => [state, say(stateWords[state])]),
          ...(states.includes(",") ? [[states, states.split(",").map((state) => say(stateWords[state as keyof typeof stateWords] ?? { vi: state, en: state })).join(", ")] as [string, string]] : []),
        ]}
      />
      <AsOf />
      {isFiltered() && (
        <button type="button" onClick={clear}>
          {say(ledgerWords.clear)}
        </button>
      )}
    </form>
  );
}

/** A moment of the province's time; nothing is now. */
function AsOf() {
  const at = chosen("at");
  const written = at === "" ? "" : local(Date.parse(at)).slice(0, 16);
  return (
    <label>
      {say(ledgerWords.asOf)}
      <input
        type="datetime-local"
        value={written}
        max={local(now.peek()).slice(0, 16)}
        onChange={(event) => {
          const typed = event.currentTarget.value;
          // The offset of the moment is the zone's on that day, which is nearly always the one of now.
          choose({ after: "", at: typed === "" ? "" : `${typed}:00${local(Date.parse(`${typed}:00Z`)).slice(19)}` });
        }}
      />
    </label>
  );
}

/** That all of it is of a moment that has passed. */
export function KnownAt() {
  const at = chosen("at");
  if (at === "") return null;
  return (
    <p class="panel listed known-at" role="status">
      <span>
        {say(ledgerWords.knownAt)} <strong>{fullMoment(Date.parse(at))}</strong>
      </span>{" "}
      <button type="button" onClick={() => choose({ at: "", after: "" })}>
        {say(ledgerWords.backToNow)}
      </button>
    </p>
  );
}

/** Times that one may choose: each year there is, behind it its months from the first in which anything was due, up to the next month. */
function times(firstDue: number | null): [string, string][] {
  const monthOf = (moment: number) => isoDay(moment).slice(0, 7);
  const [year = 0, month = 0] = monthOf(now.peek()).split("-").map(Number);
  const first = monthOf(Math.min(firstDue ?? now.peek(), now.peek()));
  const labels: string[] = [];
  for (let back = -1; ; back += 1) {
    const label = new Date(Date.UTC(year, month - 1 - back, 1)).toISOString().slice(0, 7);
    if (label < first) break;
    if (label.slice(0, 4) !== labels.at(-1)?.slice(0, 4)) labels.push(label.slice(0, 4));
    labels.push(label);
  }
  return labels.map((label) => [label, dueName(label)]);
}
