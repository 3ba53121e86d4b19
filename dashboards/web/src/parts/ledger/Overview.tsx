import type { ObligationSummary } from "../../api";
import { number } from "../../format";
import { say } from "../../language";
import type { Priority } from "../../model";
import { ledgerWords } from "../../words/ledger";
import { Mark } from "../frame/Mark";
import { goTo } from "../reports/chosen";
import { monthName } from "../reports/names";
import { filter } from "./chosen";

export interface Figure {
  id: string;
  title: string;
  value: number;
  beside: string;
  priority?: Priority | undefined;
  /** The states that it counts. */
  states: string;
  /** Whether it is of the month alone. */
  ofMonth: boolean;
}

/** What is counted of a month, and what stands beside each number. */
export function figuresOf({ counts, soon_days }: ObligationSummary): Figure[] {
  const { owed, on_time, late, missing, missing_before, soon, refused, revised, due, rejected, not_due } = counts;
  const one = (id: string, title: string, value: number, beside: string, states: string, ofMonth = true, priority?: Priority): Figure => ({ id, title, value, beside, states, ofMonth, priority: value > 0 ? priority : undefined });
  return [
    one("missing", say(ledgerWords.missing), missing + missing_before, missing_before > 0 ? `${number(missing_before)} ${say(ledgerWords.missingBefore)}` : "", "missing", false, "medium"),
    one("soon", say(ledgerWords.soon), soon, `${say(ledgerWords.within)} ${number(soon_days)} ${say(ledgerWords.inDays)}`, "due,rejected,not_due", false),
    one("late", say(ledgerWords.late), late, "", "late", true, "low"),
    one("on_time", say(ledgerWords.onTime), on_time, revised > 0 ? `${number(revised)} ${say(ledgerWords.revisedOf)}` : "", "on_time"),
    one("owed", say(ledgerWords.owed), owed, `${number(due)} ${say(ledgerWords.stillOpen)}, ${number(not_due)} ${say(ledgerWords.notDueYet)}`, ""),
    one("refused", say(ledgerWords.refused), refused, rejected > 0 ? `${number(rejected)} ${say(ledgerWords.stillOpen)}` : "", "rejected", true, rejected > 0 ? "medium" : undefined),
  ];
}

/** How what is owed stands: a month at a glance. */
export function Overview({ of }: { of: ObligationSummary }) {
  return (
    <section class="panel listed" aria-labelledby="ledger-title">
      <h2 id="ledger-title" tabIndex={-1}>
        {say(ledgerWords.owedInMonth)} <small>{monthName(of.month)}</small>
      </h2>
      <div class="domain-figures">
        {figuresOf(of).map(({ id, title, value, beside, priority, states, ofMonth }) => (
          <article key={id} data-owed={id}>
            <h3>
              <button
                type="button"
                class="link"
                title={say(ledgerWords.show)}
                onClick={() => {
                  filter({ state: states, due: ofMonth ? of.month : "" });
                  goTo("owed-title");
                }}
              >
                {title}
              </button>
            </h3>
            <p class="domain-figure">
              {priority && <Mark priority={priority} />} {number(value)}
            </p>
            {beside && <p class="calm">{beside}</p>}
          </article>
        ))}
      </div>
    </section>
  );
}
