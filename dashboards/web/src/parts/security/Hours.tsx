import type { EventSummary, HourHeard, Severity as Word } from "../../api";
import { atLeast, fullMoment, moment, number, shortMoment } from "../../format";
import { say } from "../../language";
import { isWall } from "../../wall";
import { securityWords, severityWords } from "../../words/security";
import { chosenFilter, filter, SEVERITIES } from "./filters";
import { heardWords, isWhole } from "./heard";
import { Severity } from "./Severity";

const HOUR = 3_600_000;
const WIDTH = 720;
const HEIGHT = 150;
/** However few the grave ones are beside the rest, they are seen. */
const LEAST = 3;

interface Bar {
  start: number;
  counts: Record<Word, number>;
  sum: number;
  /** How much of it was heard; nothing where the server does not say it. */
  heard: HourHeard | undefined;
}

/** Events of every hour, the worst at the foot, each severity with a pattern of its own; what was not heard whole is hatched. */
export function Hours({ of }: { of: EventSummary }) {
  const worse = chosenFilter("bars") === "worse";
  const shown = worse ? SEVERITIES.slice(0, 4) : SEVERITIES;
  const bars = barsOf(of, shown);
  const most = Math.max(1, ...bars.map(({ sum }) => sum));
  const wide = WIDTH / Math.max(1, bars.length);
  const peak = bars.find(({ sum }) => sum === most);
  const partly = !bars.every(({ heard }) => isWhole(heard));
  const incomplete = bars.filter(({ heard }) => heard?.standing === "incomplete");
  const counted = peak
    ? `${say(securityWords.hours)}: ${shown.map((word) => `${say(severityWords[word])} ${atLeast(number(total(bars, word)), partly)}`).join(", ")}. ${say(securityWords.most)}: ${atLeast(number(most), !isWhole(peak.heard))}, ${shortMoment(peak.start)}.`
    : `${say(securityWords.hours)}: ${say(securityWords.noEvents)}`;
  const missed = incomplete.map((bar) => `${shortMoment(bar.start)} ${heardWords(bar.heard, of.log_sources)}`);
  const summary = missed.length > 0 ? `${counted} ${say(securityWords.incompleteHours)}: ${missed.join(". ")}.` : counted;
  return (
    <section class="panel event-hours" aria-labelledby="event-hours-title">
      <div class="panel-head">
        <h2 id="event-hours-title">{say(securityWords.hours)}</h2>
        {!isWall && (
          <span role="group" aria-label={say(securityWords.severity)}>
            <button type="button" aria-pressed={!worse} onClick={() => filter({ bars: "" })}>
              {say(securityWords.everything)}
            </button>{" "}
            <button type="button" aria-pressed={worse} onClick={() => filter({ bars: "worse" })}>
              {say(securityWords.worse)}
            </button>
          </span>
        )}
      </div>
      <svg class="event-bars" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={summary}>
        <Patterns />
        {bars.map((bar, at) => (
          <g key={bar.start}>
            <title>{[`${fullMoment(bar.start)}: ${countsOf(bar, shown)}`, heardWords(bar.heard, of.log_sources)].filter(Boolean).join(" · ")}</title>
            <rect class="event-room" x={at * wide} y={0} width={wide} height={HEIGHT} />
            {bar.heard && bar.heard.standing !== "whole" && <rect class={`heard ${bar.heard.standing}`} x={at * wide + wide * 0.05} y={1} width={wide * 0.9} height={HEIGHT - 2} />}
            {stacked(bar, shown, most).map(({ word, y, height }) => (
              <rect key={word} class={`bar ${word}`} x={at * wide + wide * 0.12} y={y} width={wide * 0.76} height={height} />
            ))}
          </g>
        ))}
      </svg>
      <p class="event-axis calm" aria-hidden="true">
        {[0, 6, 12, 18].map((at) => bars[at] && <span key={at}>{shortMoment(bars[at].start)}</span>)}
        <span>{moment(of.until, "minute")}</span>
      </p>
      <ul class="event-legend">
        {shown.map((word) => (
          <li key={word}>
            <svg viewBox="0 0 12 12" aria-hidden="true" focusable="false">
              <rect class={`bar ${word}`} x="0.5" y="0.5" width="11" height="11" />
            </svg>
            <Severity of={word} /> <strong>{atLeast(number(total(bars, word)), partly)}</strong>
          </li>
        ))}
        {incomplete.length > 0 && (
          <li class="incomplete" data-incomplete={incomplete.length}>
            <svg viewBox="0 0 12 12" aria-hidden="true" focusable="false">
              <rect class="heard incomplete" x="0.5" y="0.5" width="11" height="11" />
            </svg>
            {say(securityWords.incompleteHours)} <strong>{number(incomplete.length)}</strong>
          </li>
        )}
      </ul>
      {!isWall && (
        <details class="as-table">
          <summary>{say(securityWords.asTable)}</summary>
          <div class="scroll" role="group" aria-labelledby="event-hours-title" tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{say(securityWords.hour)}</th>
                  {shown.map((word) => (
                    <th key={word} scope="col" class="figure">
                      {say(severityWords[word])}
                    </th>
                  ))}
                  <th scope="col">{say(securityWords.heardHours)}</th>
                </tr>
              </thead>
              <tbody>
                {bars.map((bar) => (
                  <tr key={bar.start}>
                    <th scope="row">{shortMoment(bar.start)}</th>
                    {shown.map((word) => (
                      <td key={word} class="figure">
                        {atLeast(number(bar.counts[word]), !isWhole(bar.heard))}
                      </td>
                    ))}
                    <td class="seen">{heardWords(bar.heard, of.log_sources) || say(securityWords.hourWhole)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </section>
  );
}

/** Severity by pattern as well as by colour. Colours are set by the style sheet. */
function Patterns() {
  return (
    <defs>
      <pattern id="bar-high" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect class="fill high" width="4" height="6" />
      </pattern>
      <pattern id="bar-medium" width="5" height="5" patternUnits="userSpaceOnUse">
        <rect class="fill medium" width="5" height="3" />
      </pattern>
      <pattern id="bar-low" width="5" height="5" patternUnits="userSpaceOnUse">
        <rect class="fill low" width="2.5" height="5" />
      </pattern>
      <pattern id="not-heard" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
        <rect class="not-known-line" width="1.5" height="6" />
      </pattern>
    </defs>
  );
}

function countsOf({ counts, heard }: Bar, shown: Word[]): string {
  const told = shown.filter((word) => counts[word] > 0).map((word) => `${say(severityWords[word])} ${atLeast(number(counts[word]), !isWhole(heard))}`);
  return told.join(", ") || atLeast(number(0), !isWhole(heard));
}

function barsOf({ hours, heard, from, until }: EventSummary, shown: Word[]): Bar[] {
  const none = () => Object.fromEntries(SEVERITIES.map((word) => [word, 0])) as Record<Word, number>;
  const bars = new Map<number, Bar>();
  for (let start = Math.floor(from / HOUR) * HOUR; start < until; start += HOUR) bars.set(start, { start, counts: none(), sum: 0, heard: undefined });
  for (const hour of heard) {
    const bar = bars.get(Math.floor(hour.start / HOUR) * HOUR);
    if (bar) bar.heard = hour;
  }
  for (const { start, severity, weight } of hours) {
    const bar = bars.get(start);
    if (!bar || !shown.includes(severity)) continue;
    bar.counts[severity] = weight;
    bar.sum += weight;
  }
  return [...bars.values()];
}

function stacked({ counts }: Bar, shown: Word[], most: number): { word: Word; y: number; height: number }[] {
  let foot = HEIGHT;
  return shown
    .filter((word) => counts[word] > 0)
    .map((word) => {
      // Room is left for what is raised to be seen.
      const height = Math.max(LEAST, (counts[word] / most) * (HEIGHT - SEVERITIES.length * LEAST));
      foot -= height;
      return { word, y: foot, height };
    });
}

function total(bars: Bar[], word: Word): number {
  return bars.reduce((sum, { counts }) => sum + counts[word], 0);
}
