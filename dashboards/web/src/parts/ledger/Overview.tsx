import type { ObligationState, ObligationSummary } from "../../api";
import { number } from "../../format";
import { say } from "../../language";
import type { Priority } from "../../model";
import { ledgerWords } from "../../words/ledger";
import { Mark } from "../frame/Mark";
import { goTo } from "../reports/chosen";
import { dueName } from "../reports/names";
import { type Choice, filter, onlyOf } from "./chosen";

export interface Figure {
  id: string;
  title: string;
  value: number;
  beside: string;
  /** As the server has it of the state that it counts; none where it counts nothing. */
  priority: Priority | null;
  /** What leads to those that it counts. */
  list: Partial<Record<Choice, string>>;
}

/** What is counted of a month or year, and what stands beside each number. */
export function figuresOf({ counts, soon_days, soon_until, now, until, due: time, states }: ObligationSummary): Figure[] {
  const { owed, on_time, late, missing, missing_before, soon, refused, revised, due, rejected, not_due } = counts;
  const urgency = (of: ObligationState, count: number) => (count > 0 ? (states.find(({ state }) => state === of)?.priority ?? null) : null);
  const isOwed = states.map(({ state }) => state).filter((state) => state !== "not_owed").join(",");
  const ofTime = (state: string): Figure["list"] => ({ ...onlyOf({}), due: time, state });
  return [
    {
      id: "missing",
      title: say(ledgerWords.missing),
      value: missing + missing_before,
      beside: missing_before > 0 ? `${number(missing_before)} ${say(time.includes("-") ? ledgerWords.missingBefore : ledgerWords.missingBeforeYear)}` : "",
      priority: urgency("missing", missing + missing_before),
      list: { ...onlyOf({ due_until: String(until) }), state: "missing" },
    },
    {
      id: "soon",
      title: say(ledgerWords.soon),
      value: soon,
      beside: `${say(ledgerWords.within)} ${number(soon_days)} ${say(ledgerWords.inDays)}`,
      priority: null,
      list: { ...onlyOf({ due_from: String(now), due_until: String(soon_until) }), state: "rejected,due,not_due" },
    },
    { id: "late", title: say(ledgerWords.late), value: late, beside: "", priority: urgency("late", late), list: ofTime("late") },
    {
      id: "on_time",
      title: say(ledgerWords.onTime),
      value: on_time,
      beside: revised > 0 ? `${number(revised)} ${say(ledgerWords.revisedOf)}` : "",
      priority: null,
      list: ofTime("on_time"),
    },
    {
      id: "owed",
      title: say(ledgerWords.owed),
      value: owed,
      beside: `${number(due)} ${say(ledgerWords.stillOpen)}, ${number(not_due)} ${say(ledgerWords.notDueYet)}`,
      priority: null,
      list: ofTime(isOwed),
    },
    {
      id: "refused",
      title: say(ledgerWords.refused),
      value: refused,
      beside: rejected > 0 ? `${number(rejected)} ${say(ledgerWords.stillOpen)}` : "",
      priority: urgency("rejected", rejected),
      list: { ...ofTime(isOwed), refused: "true" },
    },
  ];
}

/** How what is owed stands: a month at a glance. */
export function Overview({ of }: { of: ObligationSummary }) {
  return (
    <section class="panel listed" aria-labelledby="ledger-title">
      <h2 id="ledger-title" tabIndex={-1}>
        {say(ledgerWords.owedInMonth)} <small>{dueName(of.due)}</small>
      </h2>
      <div class="domain-figures">
        {figuresOf(of).map(({ id, title, value, beside, priority, list }) => (
          <article key={id} data-owed={id}>
            <h3>
              <button
                type="button"
                class="link"
                title={say(ledgerWords.show)}
                onClick={() => {
                  filter(list);
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
