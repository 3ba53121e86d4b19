import type { Pull, PullList } from "../../api";
import { useAnswer } from "../../asking";
import { type Column, at } from "../../csv";
import { fullMoment, number, roughAge, span } from "../../format";
import { say } from "../../language";
import { feedNames } from "../../store";
import { limitWords, pullWords } from "../../words/pulls";
import { Download } from "../frame/Download";
import { Mark } from "../frame/Mark";

const COLUMNS = 6;

/** How far the sources are that are asked instead of sending, and what is not guaranteed. There only where there are some. */
export function Pulls() {
  const list = useAnswer<PullList>("/api/pulls", true).value.said;
  if (!list || list.pulls.length === 0) return null;
  return (
    <section class="panel clients pulls" aria-labelledby="pulls-title">
      <div class="rejects-head">
        <h2 id="pulls-title">{say(pullWords.title)}</h2>
        <Download name="pulls" of={say(pullWords.title)} columns={columns()} rows={() => list.pulls} />
      </div>
      <div class="clients-table" role="group" aria-labelledby="pulls-title" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {[pullWords.source, pullWords.passed, pullWords.place, pullWords.next, pullWords.compared].map((title) => (
                <th key={title.en} scope="col">
                  {say(title)}
                </th>
              ))}
              <th scope="col" class="figure">
                {say(pullWords.late)}
              </th>
            </tr>
          </thead>
          {list.pulls.map((pull) => (
            <Source key={pull.feed} pull={pull} now={list.now} />
          ))}
        </table>
      </div>
    </section>
  );
}

function nameOf({ feed }: Pull): string {
  const names = feedNames.value.get(feed);
  return names ? say(names.name) : feed;
}

function Source({ pull, now }: { pull: Pull; now: number }) {
  const { failing, compared } = pull;
  return (
    <tbody data-pull={pull.feed} data-failing={failing !== null}>
      <tr>
        <th scope="row" data-title={say(pullWords.source)}>
          <span>
            <strong>{nameOf(pull)}</strong>
            <span class="feed-owner">
              {pull.address} · {say(pullWords.every)} {span(pull.every)}
            </span>
          </span>
        </th>
        <td data-title={say(pullWords.passed)}>
          {pull.passed === null ? <span class="calm">{say(pullWords.notYet)}</span> : <Moment at={pull.passed} now={now} />}
        </td>
        <td data-title={say(pullWords.place)}>{pull.place === "" ? say(pullWords.beginning) : <code>{pull.place}</code>}</td>
        <td data-title={say(pullWords.next)}>
          {pull.next === null ? (
            say(pullWords.reading)
          ) : (
            <time dateTime={new Date(pull.next).toISOString()} title={fullMoment(pull.next)}>
              {say(pullWords.within)} {span(Math.max(0, pull.next - now))}
            </time>
          )}
        </td>
        <td data-title={say(pullWords.compared)}>
          {compared === null ? (
            say(pullWords.notCompared)
          ) : (
            <span>
              <Moment at={compared.at} now={now} />: {number(compared.periods)} {say(pullWords.periods)}, {number(compared.changed)}{" "}
              {say(pullWords.changed)}
              {compared.first > 0 && `, ${number(compared.first)} ${say(pullWords.first)}`}
              {compared.gone > 0 && <strong>, {`${number(compared.gone)} ${say(pullWords.gone)}`}</strong>}
              {compared.priority && (
                <strong class="pull-given-up">
                  {" "}
                  <Mark priority={compared.priority} /> {number(compared.given_up)} {say(pullWords.givenUp)}
                </strong>
              )}
            </span>
          )}
        </td>
        <td class="figure" data-title={say(pullWords.late)}>
          {number(pull.late)}
        </td>
      </tr>
      {failing && (
        <tr>
          <td colSpan={COLUMNS} class="pull-failing">
            <span>
              <Mark priority={failing.priority} /> <strong>{say(pullWords.failing)}</strong>{" "}
              {failing.fault && `(${say(pullWords.fault)}) `}
              {say(pullWords.since)}{" "}
              <time dateTime={new Date(failing.since).toISOString()} title={fullMoment(failing.since)}>
                {roughAge(now - failing.since)}
              </time>
              , {number(failing.times)} {say(pullWords.times)}: {say(failing.error)}
            </span>
          </td>
        </tr>
      )}
      {pull.limits.length > 0 && (
        <tr>
          <td colSpan={COLUMNS} class="pull-limits">
            <span>
              {say(pullWords.limits)}: {pull.limits.map((limit) => say(limitWords[limit])).join("; ")}.
            </span>
          </td>
        </tr>
      )}
    </tbody>
  );
}

function Moment({ at, now }: { at: number; now: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={fullMoment(at)}>
      {roughAge(Math.max(0, now - at))}
    </time>
  );
}

function columns(): Column<Pull>[] {
  return [
    [say(pullWords.source), nameOf],
    [say(pullWords.by), ({ transport }) => transport],
    [say(pullWords.address), ({ address }) => address],
    [say(pullWords.passed), ({ passed }) => at(passed)],
    [say(pullWords.place), ({ place }) => place],
    [say(pullWords.asked), ({ asked }) => at(asked)],
    [say(pullWords.next), ({ next }) => at(next)],
    [say(pullWords.envelopes), ({ envelopes }) => envelopes],
    [say(pullWords.late), ({ late }) => late],
    [say(pullWords.compared), ({ compared }) => at(compared?.at)],
    [`${say(pullWords.compared)}: ${say(pullWords.periods)}`, ({ compared }) => compared?.periods ?? null],
    [`${say(pullWords.compared)}: ${say(pullWords.first)}`, ({ compared }) => compared?.first ?? null],
    [`${say(pullWords.compared)}: ${say(pullWords.changed)}`, ({ compared }) => compared?.changed ?? null],
    [`${say(pullWords.compared)}: ${say(pullWords.gone)}`, ({ compared }) => compared?.gone ?? null],
    [`${say(pullWords.compared)}: ${say(pullWords.givenUp)}`, ({ compared }) => compared?.given_up ?? null],
    [say(pullWords.error), ({ failing }) => (failing ? say(failing.error) : null)],
    [say(pullWords.limits), ({ limits }) => limits.map((limit) => say(limitWords[limit])).join("; ")],
  ];
}
