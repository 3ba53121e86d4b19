import type { LogSource, Measure, MeasureWindow, Measures } from "../../api";
import { bandOf } from "../../alerts";
import { atLeast, fullMoment, moment, number, shortMoment } from "../../format";
import { say } from "../../language";
import { securityWords, usualWords } from "../../words/security";
import { useAnswer } from "../../asking";
import { whoMissed } from "./heard";
import { chosenFilter, countedBy, filter, ofAgency, openNumber } from "./filters";

type Kind = Measures["window"];

/** How long the windows are. */
const LONG: Record<Kind, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const WIDTH = 720;
const HEIGHT = 120;

/** What the pack counts, by minute, hour or day, beside what is usual; where too little is known it is marked, not drawn as calm. */
export function Usual({ known }: { known: LogSource[] }) {
  const { said } = useAnswer<Measures>(ofAgency("/api/security/measures", chosenFilter("window") === "" ? {} : { window: chosenFilter("window") }), true).value;
  if (!said || (said.measures.length === 0 && said.offered.length === 0)) return null;
  const { measures, from, until, window: kind, offered } = said;
  const shown = measures.find(({ id }) => id === chosenFilter("measure")) ?? measures[0];
  return (
    <section class="panel usual" aria-labelledby="usual-title">
      <div class="panel-head">
        <h2 id="usual-title">{say(securityWords.usual)}</h2>
        {offered.length > 1 && (
          <span role="group" aria-label={say(securityWords.window)}>
            {offered.map((one) => (
              <button key={one} type="button" aria-pressed={one === kind} onClick={() => filter({ window: one === "hour" ? "" : one })}>
                {say(securityWords.by[one])}
              </button>
            ))}
          </span>
        )}
        {shown && (
          <label>
            <span class="reader-only">{say(securityWords.measure)}</span>
            <select value={shown.id} onChange={({ currentTarget }) => filter({ measure: currentTarget.value })}>
              {measures.map(({ id, name }) => (
                <option key={id} value={id}>
                  {say(name)}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      {shown ? <Counted of={shown} kind={kind} from={from} until={until} known={known} /> : <p class="calm">{say(securityWords.none[kind])}</p>}
    </section>
  );
}

function Counted({ of: shown, kind, from, until, known }: { of: Measure; kind: Kind; from: number; until: number; known: LogSource[] }) {
  const all = slots(shown, kind, from, until);
  const last = shown.windows.at(-1);
  return (
    <>
      <p class="usual-last" data-measure={shown.id}>
        {last ? told(last, kind, shown, known) : say(securityWords.none[kind])}
      </p>
      {shown.totals.length > 0 && (
        <p class="usual-totals calm" data-part="totals">
          {shown.totals.map(({ hours, value, at_least }) => `${say(securityWords.inHours[hours === 24 ? "day" : "week"])}: ${value === null ? "—" : atLeast(much(value, shown), at_least)}`).join(" · ")}
        </p>
      )}
      <Chart all={all} kind={kind} of={shown} known={known} title={`${say(shown.name)}${last ? `: ${told(last, kind, shown, known)}` : ""}`} />
      <p class="event-axis calm" aria-hidden="true">
        {[0, 1, 2, 3].map((quarter) => {
          const at = all[Math.floor((quarter * all.length) / 4)];
          return at && <span key={quarter}>{when(at.start, kind)}</span>;
        })}
        <span>{when(until, kind)}</span>
      </p>
      <details class="as-table">
        <summary>{say(securityWords.asTable)}</summary>
        <div class="scroll" role="group" aria-labelledby="usual-title" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say(securityWords.by[kind])}</th>
                {[say(shown.name), say(securityWords.usualBand), say(securityWords.logSources), say(securityWords.unknownAt)].map((title) => (
                  <th key={title} scope="col" class="figure">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.windows.map((window) => (
                <tr key={window.start}>
                  <th scope="row">{when(window.start, kind)}</th>
                  <td class="figure">
                    <button type="button" class="link" onClick={() => open(shown, kind, window)}>
                      {value(window, shown)}
                    </button>
                  </td>
                  <td class="figure">{band(window)}</td>
                  <td class="figure">{number(window.log_sources)}</td>
                  <td class="figure">
                    {number(window.missing)}
                    {window.not_heard.length > 0 && <small> {whoMissed(window.not_heard, known)}</small>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

/** Opens a window to the events that were counted. */
function open({ id, kinds, severity, count }: Measure, kind: Kind, { start }: MeasureWindow): void {
  openNumber({ from: start, until: start + LONG[kind] }, countedBy({ measure: id, kinds, severity, attempts: count === "attempts" }));
}

function when(at: number, kind: Kind): string {
  return kind === "day" ? moment(at, "dayMonth") : shortMoment(at);
}

type Slot = { start: number; window: MeasureWindow | undefined };

function slots({ windows }: Measure, kind: Kind, from: number, until: number): Slot[] {
  const long = LONG[kind];
  const by = new Map(windows.map((window) => [window.start, window]));
  const first = windows[0]?.start ?? Math.floor(from / long) * long;
  // Hours and days are local ones, which need not begin with ours.
  const begin = first - Math.floor((first - from) / long) * long;
  const all: Slot[] = [];
  for (let start = begin; start < until; start += long) all.push({ start, window: by.get(start) });
  return all;
}

function Chart({ all, kind, of, known, title }: { all: Slot[]; kind: Kind; of: Measure; known: LogSource[]; title: string }) {
  const most = Math.max(1, ...all.map(({ window }) => Math.max(window?.value ?? 0, window?.usual?.high ?? 0)));
  const wide = WIDTH / Math.max(1, all.length);
  // Before it nothing was counted.
  const first = all.findIndex(({ window }) => window !== undefined);
  const y = (count: number) => HEIGHT - (count / most) * (HEIGHT - 4);
  return (
    <svg class="event-bars usual-bars" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={title}>
      <defs>
        <pattern id="not-known" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="not-known-line" width="1.5" height="6" />
        </pattern>
      </defs>
      {all.map(({ start, window }, at) => (
        <g key={start}>
          <title>{`${fullMoment(start)}: ${window ? told(window, kind, of, known) : say(at < first ? securityWords.hourUnknown : securityWords.windowOpen)}`}</title>
          <rect class="event-room" x={at * wide} y={0} width={wide} height={HEIGHT} />
          {window?.usual && <rect class="usual-band" x={at * wide} y={y(window.usual.high)} width={wide} height={Math.max(2, y(window.usual.low) - y(window.usual.high))} />}
          {window && isIncomplete(window) && <rect class="not-known" x={at * wide + 1} y={0} width={wide - 2} height={HEIGHT} />}
          {window && window.value > 0 && <rect class={`counted ${window.standing ?? "open"}`} x={at * wide + wide * 0.3} y={y(window.value)} width={wide * 0.4} height={HEIGHT - y(window.value)} />}
          {window?.usual && <rect class="usual-middle" x={at * wide} y={y(window.usual.middle) - 0.75} width={wide} height={1.5} />}
        </g>
      ))}
    </svg>
  );
}

/** A sentence about a window: how many, what is usual, what is not known. */
function told(window: MeasureWindow, kind: Kind, of: Measure, known: LogSource[]): string {
  const parts = [`${when(window.start, kind)}: ${value(window, of)}`];
  if (window.usual) parts.push(`${say(securityWords.usually)} ${band(window)}`);
  if (window.standing) parts.push(say(usualWords[window.standing]));
  if (window.not_heard.length > 0) parts.push(`${say(securityWords.incomplete)}: ${whoMissed(window.not_heard, known)}`);
  if (window.missing > 0) parts.push(`${say(securityWords.unknownAt)}: ${number(window.missing)}/${number(window.log_sources)}`);
  return parts.join(" · ");
}

/** Somebody did not see all of it, or has not closed it. */
function isIncomplete({ missing, not_heard }: MeasureWindow): boolean {
  return missing > 0 || not_heard.length > 0;
}

function value(window: MeasureWindow, of: Measure): string {
  // What stands is no least of anything.
  return atLeast(much(window.value, of), isIncomplete(window) && of.count !== "last");
}

/** A number in its unit. */
function much(value: number, { unit }: Measure): string {
  return unit === "" ? number(value) : `${number(value)} ${unit}`;
}

function band({ usual }: MeasureWindow): string {
  return usual ? bandOf(usual) : "–";
}
