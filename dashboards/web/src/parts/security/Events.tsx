import { useEffect, useState } from "preact/hooks";
import { open } from "../../address";
import type { EventKind, EventPage, LogEvent, LogSource } from "../../api";
import { type Column, at } from "../../csv";
import { fullMoment, isoDay, moment, number } from "../../format";
import { say } from "../../language";
import { now } from "../../clock";
import type { Text } from "../../model";
import { decidedWords, eventKindWords, securityWords, severityWords } from "../../words/security";
import { Choice } from "../frame/Choice";
import { Download } from "../frame/Download";
import { useAnswer } from "../../asking";
import { KINDS, LEAST, PERIODS, chosenFilter, clear, daysChosen, eventsUrl, filter, flowOf, isFiltered, openFlow, openedTime } from "./filters";
import { type Group, grouped } from "./grouping";
import { Severity } from "./Severity";

const PAGE = 100;
/** What stands among the kinds for those that add to the attempts to log in. */
const ATTEMPTS = "attempts";

/** What is counted of the events: attempts where their number was opened, so that the column sums up to it. */
function counted(): Text {
  return chosenFilter("attempts") ? securityWords.attempts : securityWords.count;
}

/** The newest events, filtered and paged by the server. The first page goes on by itself, an older one stands still. */
export function Events({ logSources }: { logSources: LogSource[] }) {
  const before = chosenFilter("before");
  const { said, trouble } = useAnswer<EventPage>(eventsUrl(PAGE), before === "" && !openedTime()).value;
  const groups = grouped(said?.events ?? []);
  return (
    <section class="panel events" aria-labelledby="events-title">
      <div class="rejects-head">
        <h2 id="events-title" tabIndex={-1}>
          {say(securityWords.newest)}
        </h2>
        {said && said.events.length > 0 && <Download name="events" of={say(securityWords.newest)} columns={columns()} rows={() => said.events} />}
      </div>
      <Filters logSources={logSources} />
      {trouble && (
        <p role="alert" class="event-trouble">
          {say(trouble)}
        </p>
      )}
      {said && groups.length === 0 && <p class="calm">{say(securityWords.noEvents)}</p>}
      {groups.length > 0 && (
        <div class="clients-table" role="group" aria-labelledby="events-title" tabIndex={0}>
          <table>
            <thead>
              <tr>
                {[securityWords.when, securityWords.severity, securityWords.kind, securityWords.what, securityWords.way, securityWords.logSource].map((title) => (
                  <th key={title.en} scope="col">
                    {say(title)}
                  </th>
                ))}
                <th scope="col" class="figure">
                  {say(counted())}
                </th>
                <th scope="col">{say(securityWords.message)}</th>
              </tr>
            </thead>
            {groups.map((group) => (
              <Rows key={group.key} of={group} logSources={logSources} />
            ))}
          </table>
        </div>
      )}
      <p class="event-pages">
        {before !== "" && (
          <button type="button" onClick={() => filter({ before: "" })}>
            {say(securityWords.newer)}
          </button>
        )}
        {said?.next ? (
          <button type="button" onClick={() => filter({ before: said.next ?? "" })}>
            {say(securityWords.older)}
          </button>
        ) : (
          said && groups.length > 0 && <span class="calm">{say(securityWords.lastPage)}</span>
        )}
      </p>
    </section>
  );
}

function Filters({ logSources }: { logSources: LogSource[] }) {
  const address = chosenFilter("at");
  const [typed, type] = useState(address);
  useEffect(() => type(address), [address]);
  const opened = openedTime();
  return (
    <form
      class="event-filters"
      onSubmit={(event) => {
        event.preventDefault();
        filter({ at: typed.trim(), end: "" });
      }}
    >
      <Choice
        value={chosenFilter("attempts") ? ATTEMPTS : chosenFilter("event")}
        choose={(value) => filter(value === ATTEMPTS ? { event: "", attempts: "1" } : { event: value, attempts: "" })}
        title={say(securityWords.kind)}
        any={say(securityWords.anyKind)}
        of={kinds()}
      />
      <Choice
        value={chosenFilter("least")}
        choose={(least) => filter({ least })}
        title={say(securityWords.severity)}
        any={say(securityWords.anySeverity)}
        of={LEAST.map((word) => [word, word === "not_rated" || word === "critical" ? say(severityWords[word]) : `${say(severityWords[word])} ${say(securityWords.orWorse)}`])}
      />
      <Choice
        value={chosenFilter("source")}
        choose={(source) => filter({ source })}
        title={say(securityWords.logSource)}
        any={say(securityWords.anySource)}
        of={logSources.map(({ id, name }) => [id, name ? say(name) : id])}
      />
      <label>
        {say(chosenFilter("end") === "source" ? securityWords.sources : chosenFilter("end") === "target" ? securityWords.targets : securityWords.address)}
        <input value={typed} maxLength={64} spellcheck={false} autocomplete="off" onInput={(event) => type(event.currentTarget.value)} onBlur={() => filterAddress(typed)} />
      </label>
      <label>
        {say(securityWords.period)}
        <select
          value={opened ? "" : String(daysChosen())}
          onChange={({ currentTarget: { value } }) => filter({ from: "", until: "", days: value === "1" ? "" : value })}
        >
          {opened && <option value="">{opened.map((at) => moment(at, "dayMonth") + " " + moment(at, "minute")).join(" – ")}</option>}
          {PERIODS.map((days) => (
            <option key={days} value={days}>
              {say(days === 1 ? securityWords.day : days === 7 ? securityWords.week : securityWords.month)}
            </option>
          ))}
        </select>
      </label>
      {chosenFilter("flow") && (
        <label>
          {say(securityWords.flow)}
          <input value={chosenFilter("flow")} readOnly />
        </label>
      )}
      {isFiltered() && (
        <button type="button" onClick={clear}>
          {say(securityWords.clear)}
        </button>
      )}
    </form>
  );
}

function filterAddress(typed: string): void {
  if (typed.trim() !== chosenFilter("at")) filter({ at: typed.trim(), end: "" });
}

/** What can be chosen of kinds: one, what adds to the attempts, and what a measure counts where that is several. */
function kinds(): [string, string][] {
  const name = (kind: string) => say(eventKindWords[kind as EventKind] ?? { vi: kind, en: kind });
  const chosen = chosenFilter("event");
  const several: [string, string][] = chosen.includes(",") ? [[chosen, chosen.split(",").map(name).join(", ")]] : [];
  return [[ATTEMPTS, say(securityWords.attempts)], ...KINDS.map((kind): [string, string] => [kind, name(kind)]), ...several];
}

/** What repeats stands once, with its number, and opens to all of them. */
function Rows({ of: { key, events, weight, attempts }, logSources }: { of: Group; logSources: LogSource[] }) {
  const [all, showAll] = useState(false);
  const [first, ...rest] = events;
  return (
    <tbody data-group={key}>
      <Row of={first} count={counted() === securityWords.attempts ? attempts : weight} logSources={logSources} alike={rest.length + 1} all={all} toggle={() => showAll(!all)} />
      {all && rest.map((event) => <Row key={`${event.position}/${event.row}`} of={event} count={counted() === securityWords.attempts ? event.attempts : event.weight} logSources={logSources} />)}
    </tbody>
  );
}

interface RowProps {
  of: LogEvent;
  count: number;
  logSources: LogSource[];
  alike?: number;
  all?: boolean;
  toggle?: () => void;
}

function Row({ of: event, count, logSources, alike = 1, all = false, toggle }: RowProps) {
  const names = logSources.find(({ id }) => id === event.log_source)?.name;
  const said = event.signature || event.message || event.category || say(eventKindWords[event.kind]);
  const today = isoDay(event.happened_at) === isoDay(now.peek());
  return (
    <tr data-event={`${event.position}/${event.row}`} class={toggle ? "" : "repeat"}>
      <td data-title={say(securityWords.when)}>
        <time dateTime={new Date(event.happened_at).toISOString()} title={fullMoment(event.happened_at)}>
          {today ? moment(event.happened_at, "clock") : `${moment(event.happened_at, "minute")} ${moment(event.happened_at, "dayMonth")}`}
        </time>
      </td>
      <td data-title={say(securityWords.severity)}>
        <Severity of={event.severity} />
      </td>
      <td data-title={say(securityWords.kind)}>
        {say(eventKindWords[event.kind])}
        {event.decided !== "unsaid" && event.kind !== "block" && event.kind !== "allow" && <small> · {say(decidedWords[event.decided])}</small>}
      </td>
      <td class="event-said" data-title={say(securityWords.what)}>
        <span>{said}</span>
      </td>
      <td class="event-way" data-title={say(securityWords.way)}>
        <Ends of={event} />
      </td>
      <td data-title={say(securityWords.logSource)}>{names ? say(names) : event.log_source}</td>
      <td class="figure" data-title={say(counted())}>
        {number(count)}
      </td>
      <td data-title={say(securityWords.message)}>
        <span>
          <button type="button" class="link" title={say(securityWords.open)} onClick={() => open("envelope", event.position, String(event.row))}>
            {event.position}
            <span class="reader-only">
              {" "}
              {say(securityWords.open)}: {said}
            </span>
          </button>
          <Flow of={event} />
          {alike > 1 && (
            <button type="button" class="more" aria-expanded={all} onClick={toggle}>
              {number(alike)} {say(securityWords.repeats)}
            </button>
          )}
        </span>
      </td>
    </tr>
  );
}

/** The way to what else is told of the flow. */
function Flow({ of: event }: { of: LogEvent }) {
  const flow = flowOf(event);
  if (flow === null || chosenFilter("flow") === flow) return null;
  return (
    <button type="button" class="link event-flow" title={say(securityWords.ofFlow)} onClick={() => openFlow(event, flow)}>
      {say(securityWords.flow)}
      <span class="reader-only"> {flow}</span>
    </button>
  );
}

/** Where it came from and went to; an address is chosen to see its events. */
function Ends({ of: event }: { of: LogEvent }) {
  const end = (address: string, port: number | null) =>
    address === "" ? null : (
      <>
        <button type="button" class="link" title={say(securityWords.onlyIt)} onClick={() => filter({ at: address, end: "" })}>
          {address}
        </button>
        {port !== null && <small>:{port}</small>}
      </>
    );
  return (
    <span>
      {end(event.source_address, event.source_port) ?? "—"}
      {event.target_address !== "" && <> → {end(event.target_address, event.target_port)}</>}
      {event.user !== "" && <small> · {event.user}</small>}
    </span>
  );
}

export function columns(): Column<LogEvent>[] {
  return [
    [say(securityWords.when), ({ happened_at }) => at(happened_at)],
    [say(securityWords.severity), ({ severity }) => severity],
    [say(securityWords.kind), ({ kind }) => kind],
    [say(securityWords.signature), ({ signature }) => signature],
    [say(securityWords.what), ({ message }) => message],
    [say(securityWords.sources), ({ source_address }) => source_address],
    [say(securityWords.targets), ({ target_address }) => target_address],
    [say(securityWords.user), ({ user }) => user],
    [say(securityWords.logSource), ({ log_source }) => log_source],
    [say(securityWords.count), ({ weight }) => weight],
    [say(securityWords.attempts), ({ attempts }) => attempts],
    [say(securityWords.message), ({ position }) => position],
  ];
}
