import { batch } from "@preact/signals";
import { open, own, view } from "../../address";
import type { ObligationAttempt, ObligationStory } from "../../api";
import { fullMoment, number } from "../../format";
import { say } from "../../language";
import { ledger } from "../../store";
import { ledgerWords, revised } from "../../words/ledger";
import { Asked, Facts } from "../origin/Asked";
import { PeriodSaid, Verdict } from "../reports/Said";
import { ledgerUrl } from "./chosen";
import { agencyOf, closeObligation, formOf } from "./List";
import { ScoreSaid, reasonsOf } from "./Scores";
import { State, StateWord } from "./State";

/** One obligation: how it stands, how it came to stand so, what came of it, and how its agency keeps what it owes. */
export function One({ id }: { id: string }) {
  return (
    <section class="panel listed report-story obligation-story" aria-labelledby="obligation-title">
      <div class="rejects-head">
        <h2 id="obligation-title" tabIndex={-1}>
          {say(ledgerWords.one)}
        </h2>
        <button type="button" onClick={closeObligation}>
          {say(ledgerWords.close)}
        </button>
      </div>
      <Asked<ObligationStory> url={ledgerUrl(`/${encodeURIComponent(id)}`, {})} again={ledger.value}>
        {(story) => (
          <>
            <Told of={story} />
            <Attempts of={story.attempts} />
            <History of={story.said} />
            <OfAgency of={story} />
          </>
        )}
      </Asked>
    </section>
  );
}

function Told({ of: { obligation } }: { of: ObligationStory }) {
  const { form, agency, period, owed_from, due_at, received_at, revisions, revised_at, rejected, reminders } = obligation;
  return (
    <Facts
      of={[
        [say(ledgerWords.state), <State of={obligation} />],
        [say(ledgerWords.form), formOf(obligation) === form ? form : `${formOf(obligation)} (${form})`],
        [say(ledgerWords.agency), agencyOf(obligation) === agency ? agency : `${agencyOf(obligation)} (${agency})`],
        [
          say(ledgerWords.period),
          <button type="button" class="link" title={say(ledgerWords.values)} onClick={() => reports({ of: form, period: period.label })}>
            <PeriodSaid of={period} />
          </button>,
        ],
        [say(ledgerWords.owedFrom), fullMoment(owed_from)],
        [say(ledgerWords.due), fullMoment(due_at)],
        [say(ledgerWords.received), received_at === null ? null : fullMoment(received_at)],
        [say(ledgerWords.revisions), revisions > 0 ? number(revisions) : null],
        [say(ledgerWords.lastRevised), revised_at === null ? null : fullMoment(revised_at)],
        [say(ledgerWords.refusals), rejected > 0 ? number(rejected) : null],
        [say(ledgerWords.reminders), reminders > 0 ? number(reminders) : null],
      ]}
    />
  );
}

function Attempts({ of }: { of: ObligationAttempt[] }) {
  if (of.length === 0) return <p class="calm">{say(ledgerWords.noAttempts)}</p>;
  const titles = [ledgerWords.received, ledgerWords.verdict, ledgerWords.stored, ledgerWords.changed, ledgerWords.errors, ledgerWords.firstError, ledgerWords.sender, ledgerWords.message];
  return (
    <>
      <h3 id="attempts-title">{say(ledgerWords.attempts)}</h3>
      <div class="clients-table" role="group" aria-labelledby="attempts-title" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {titles.map((title) => (
                <th key={title.en} scope="col">
                  {say(title)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {of.map((attempt) => (
              <Attempt key={attempt.position} of={attempt} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Attempt({ of: { position, received_at, verdict, stored, changed, errors, reason, sender } }: { of: ObligationAttempt }) {
  return (
    <tr data-attempt={position}>
      <th scope="row">
        <button type="button" class="link" title={say(ledgerWords.openReceipt)} onClick={() => reports({ report: position })}>
          <time dateTime={new Date(received_at).toISOString()}>{fullMoment(received_at)}</time>
          <span class="reader-only"> {say(ledgerWords.openReceipt)}</span>
        </button>
      </th>
      <td data-title={say(ledgerWords.verdict)}>
        <Verdict of={verdict} />
      </td>
      <td data-title={say(ledgerWords.stored)} class={stored === 0 ? "zero" : ""}>
        {number(stored)}
      </td>
      <td data-title={say(ledgerWords.changed)} class={changed === 0 ? "zero" : ""}>
        {number(changed)}
      </td>
      <td data-title={say(ledgerWords.errors)} class={errors === 0 ? "zero" : ""}>
        {number(errors)}
      </td>
      <td data-title={say(ledgerWords.firstError)} class={`said ${reason ? "" : "zero"}`}>
        {reason ? say(reason) : "—"}
      </td>
      <td data-title={say(ledgerWords.sender)}>{sender}</td>
      <td data-title={say(ledgerWords.message)}>
        <button type="button" class="link" title={say(ledgerWords.openMessage)} onClick={() => open("envelope", position)}>
          {position}
          <span class="reader-only"> {say(ledgerWords.openMessage)}</span>
        </button>
      </td>
    </tr>
  );
}

function History({ of }: { of: ObligationStory["said"] }) {
  return (
    <>
      <h3 id="history-title">{say(ledgerWords.history)}</h3>
      <ol class="obligation-history" aria-labelledby="history-title">
        {of.map((said, at) => (
          <li key={`${said.said_at}/${at}`} data-said={said.state}>
            <time dateTime={new Date(said.said_at).toISOString()}>{fullMoment(said.said_at)}</time> <StateWord of={said} />
            {said.revisions > 0 && <small> {say(revised(number(said.revisions)))}</small>}
            {said.rejected > 0 && (
              <small>
                {" "}
                {say(ledgerWords.refusals)}: {number(said.rejected)}
              </small>
            )}
          </li>
        ))}
      </ol>
    </>
  );
}

function OfAgency({ of: { scores } }: { of: ObligationStory }) {
  if (scores.length === 0) return null;
  return (
    <>
      <h3 id="of-agency-title">
        {say(ledgerWords.ofAgency)} <small>{scores[0] && `${say(ledgerWords.remindersOfYear)}: ${number(scores[0].reminders)}`}</small>
      </h3>
      <ul class="obligation-history" aria-labelledby="of-agency-title">
        {scores.slice(0, 12).map((score) => (
          <li key={`${score.period.kind}/${score.period.start}`} data-agency-score={score.period.label}>
            <PeriodSaid of={score.period} />: <ScoreSaid of={score} /> <small>{reasonsOf(score)}</small>
          </li>
        ))}
      </ul>
    </>
  );
}

/** The screen of reports, at a receipt or at the values of a form and period. */
function reports(of: Record<string, string>): void {
  batch(() => {
    view.value = "reports";
    own.value = of;
  });
}
