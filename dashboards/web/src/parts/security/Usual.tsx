import type { LogSource, Measure, MeasureHour, Measures } from "../../api";
import { bandOf } from "../../alerts";
import { atLeast, fullMoment, number, shortMoment } from "../../format";
import { say } from "../../language";
import { securityWords, usualWords } from "../../words/security";
import { useAnswer } from "../../asking";
import { whoMissed } from "./heard";
import { chosenFilter, countedBy, filter, openNumber } from "./filters";

const HOUR = 3_600_000;
const WIDTH = 720;
const HEIGHT = 120;

/** What the pack counts, hour by hour, beside what is usual; hours of which too little is known are marked, not drawn as calm. */
export function Usual({ known }: { known: LogSource[] }) {
  const { said } = useAnswer<Measures>("/api/security/measures", true).value;
  if (!said || said.measures.length === 0) return null;
  const { measures, from, until } = said;
  const shown = measures.find(({ id }) => id === chosenFilter("measure")) ?? measures[0]!;
  const hours = slots(shown, from, until);
  const last = shown.hours.at(-1);
  return (
    <section class="panel usual" aria-labelledby="usual-title">
      <div class="panel-head">
        <h2 id="usual-title">{say(securityWords.usual)}</h2>
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
      </div>
      <p class="usual-last" data-measure={shown.id}>
        {last ? told(last, shown, known) : say(securityWords.noHour)}
      </p>
      {shown.totals.length > 0 && (
        <p class="usual-totals calm" data-part="totals">
          {shown.totals.map(({ hours, value, at_least }) => `${say(securityWords.inHours[hours === 24 ? "day" : "week"])}: ${value === null ? "—" : atLeast(much(value, shown), at_least)}`).join(" · ")}
        </p>
      )}
      <Chart hours={hours} of={shown} known={known} title={`${say(shown.name)}${last ? `: ${told(last, shown, known)}` : ""}`} />
      <p class="event-axis calm" aria-hidden="true">
        {[0, 6, 12, 18].map((at) => hours[at] && <span key={at}>{shortMoment(hours[at].start)}</span>)}
        <span>{shortMoment(until)}</span>
      </p>
      <details class="as-table">
        <summary>{say(securityWords.asTable)}</summary>
        <div class="scroll" role="group" aria-labelledby="usual-title" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say(securityWords.hour)}</th>
                {[say(shown.name), say(securityWords.usualBand), say(securityWords.logSources), say(securityWords.unknownAt)].map((title) => (
                  <th key={title} scope="col" class="figure">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.hours.map((hour) => (
                <tr key={hour.start}>
                  <th scope="row">{shortMoment(hour.start)}</th>
                  <td class="figure">
                    <button type="button" class="link" onClick={() => openHour(shown, hour)}>
                      {value(hour, shown)}
                    </button>
                  </td>
                  <td class="figure">{band(hour)}</td>
                  <td class="figure">{number(hour.log_sources)}</td>
                  <td class="figure">
                    {number(hour.missing)}
                    {hour.not_heard.length > 0 && <small> {whoMissed(hour.not_heard, known)}</small>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}

/** Opens an hour to the events that were counted. */
function openHour({ id, kinds, severity, count }: Measure, { start }: MeasureHour): void {
  openNumber({ from: start, until: start + HOUR }, countedBy({ measure: id, kinds, severity, attempts: count === "attempts" }));
}

type Slot = { start: number; hour: MeasureHour | undefined };

function slots({ hours }: Measure, from: number, until: number): Slot[] {
  const by = new Map(hours.map((hour) => [hour.start, hour]));
  const first = hours[0]?.start ?? Math.floor(from / HOUR) * HOUR;
  // Hours are those of the local day, which need not begin with ours.
  const begin = first - Math.floor((first - from) / HOUR) * HOUR;
  const all: Slot[] = [];
  for (let start = begin; start < until; start += HOUR) all.push({ start, hour: by.get(start) });
  return all;
}

function Chart({ hours, of, known, title }: { hours: Slot[]; of: Measure; known: LogSource[]; title: string }) {
  const most = Math.max(1, ...hours.map(({ hour }) => Math.max(hour?.value ?? 0, hour?.usual?.high ?? 0)));
  const wide = WIDTH / Math.max(1, hours.length);
  // Before it nothing was counted.
  const first = hours.findIndex(({ hour }) => hour !== undefined);
  const y = (count: number) => HEIGHT - (count / most) * (HEIGHT - 4);
  return (
    <svg class="event-bars usual-bars" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={title}>
      <defs>
        <pattern id="not-known" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="not-known-line" width="1.5" height="6" />
        </pattern>
      </defs>
      {hours.map(({ start, hour }, at) => (
        <g key={start}>
          <title>{`${fullMoment(start)}: ${hour ? told(hour, of, known) : say(at < first ? securityWords.hourUnknown : securityWords.hourOpen)}`}</title>
          <rect class="event-room" x={at * wide} y={0} width={wide} height={HEIGHT} />
          {hour?.usual && <rect class="usual-band" x={at * wide} y={y(hour.usual.high)} width={wide} height={Math.max(2, y(hour.usual.low) - y(hour.usual.high))} />}
          {hour && isIncomplete(hour) && <rect class="not-known" x={at * wide + 1} y={0} width={wide - 2} height={HEIGHT} />}
          {hour && hour.value > 0 && <rect class={`counted ${hour.standing ?? "open"}`} x={at * wide + wide * 0.3} y={y(hour.value)} width={wide * 0.4} height={HEIGHT - y(hour.value)} />}
          {hour?.usual && <rect class="usual-middle" x={at * wide} y={y(hour.usual.middle) - 0.75} width={wide} height={1.5} />}
        </g>
      ))}
    </svg>
  );
}

/** A sentence about an hour: how many, what is usual, what is not known. */
function told(hour: MeasureHour, of: Measure, known: LogSource[]): string {
  const parts = [`${shortMoment(hour.start)}: ${value(hour, of)}`];
  if (hour.usual) parts.push(`${say(securityWords.usually)} ${band(hour)}`);
  if (hour.standing) parts.push(say(usualWords[hour.standing]));
  if (hour.not_heard.length > 0) parts.push(`${say(securityWords.incomplete)}: ${whoMissed(hour.not_heard, known)}`);
  if (hour.missing > 0) parts.push(`${say(securityWords.unknownAt)}: ${number(hour.missing)}/${number(hour.log_sources)}`);
  return parts.join(" · ");
}

/** Somebody did not see all of it, or has not closed it. */
function isIncomplete({ missing, not_heard }: MeasureHour): boolean {
  return missing > 0 || not_heard.length > 0;
}

function value(hour: MeasureHour, of: Measure): string {
  // What stands is no least of anything.
  return atLeast(much(hour.value, of), isIncomplete(hour) && of.count !== "last");
}

/** A number in its unit. */
function much(value: number, { unit }: Measure): string {
  return unit === "" ? number(value) : `${number(value)} ${unit}`;
}

function band({ usual }: MeasureHour): string {
  return usual ? bandOf(usual) : "–";
}
