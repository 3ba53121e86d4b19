import type { ObligationSummary } from "../../api";
import { isOfObligations } from "../../alerts";
import { useAnswer } from "../../asking";
import { say } from "../../language";
import { ledger } from "../../store";
import { ledgerWords } from "../../words/ledger";
import { Urgent } from "../frame/Attention";
import { Waiting } from "../frame/Waiting";
import { AlertList } from "../overview/AlertList";
import { chosen, ledgerUrl } from "./chosen";
import { Filters, KnownAt } from "./Filters";
import { List } from "./List";
import { Matrix } from "./Matrix";
import { One } from "./One";
import { Overview } from "./Overview";
import { Scores } from "./Scores";

/** What agencies owe: a month at a glance, what is late and since when, who owes what, and how each keeps it. */
export function Ledger() {
  const [domain, form, agency, due] = (["domain", "form", "agency", "due"] as const).map(chosen);
  const answer = useAnswer<ObligationSummary>(ledgerUrl("/summary", { domain, form, agency, due } as Record<string, string>), chosen("at") === "", ledger.value).value;
  const { said } = answer;
  const one = chosen("owes");
  return (
    <div class="reports ledger">
      <Urgent />
      <KnownAt />
      <Waiting for={answer} />
      {said && said.agencies.length === 0 && said.periods.length === 0 && <p class="panel listed calm">{say(ledgerWords.nothingOwed)}</p>}
      {said && <Overview of={said} />}
      {said && <AlertList of={isOfObligations} />}
      <Filters of={said} />
      {one !== "" && <One key={one} id={one} />}
      <List />
      <Matrix states={said?.states ?? []} />
      <Scores periods={said?.periods ?? []} />
    </div>
  );
}
