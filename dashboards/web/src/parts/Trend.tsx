import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { now } from "../clock";
import { fullMoment, moment, number, shortMoment, span, unit } from "../format";
import { language, say } from "../language";
import type { IndicatorNames, Latest, Trend as TrendAnswer, TrendPoint } from "../model";
import { choose, hours, RANGES, selection } from "../selection";
import { feedNames, pack, tileOf } from "../store";
import { words } from "../text";
import { TrendChart } from "./TrendChart";

const HOUR = 3_600_000;

/** New hours are fetched together when they come quickly, as in a replay. Milliseconds. */
const REFETCH_PAUSE = 1500;

type State = { kind: "loading" } | { kind: "failed" } | { kind: "shown"; trend: TrendAnswer };

export function Trend() {
  const chosen = selection.value;
  const state = useSignal<State>({ kind: "loading" });
  const subject = chosen?.subject ?? "";
  const indicator = chosen?.indicator ?? "";
  const tile = tileOf(subject, indicator).value;
  // The newest revision of any hour of the series: when it moves, the trend has something new.
  const revision = tile.hours.reduce((newest, hour) => Math.max(newest, hour.revision), 0);
  // A series that fell silent changes nothing; that its missing hours grow must still show.
  const hourNow = useComputed(() => Math.floor(now.value / HOUR)).value;
  const key = `${subject}/${indicator}/${hours.value}`;
  const shownKey = useSignal("");

  useEffect(() => {
    if (!chosen) return;
    const stop = new AbortController();
    const first = shownKey.value !== key;
    if (first) state.value = { kind: "loading" };
    const timer = setTimeout(
      async () => {
        try {
          const query = new URLSearchParams({ subject, indicator, hours: String(hours.value) });
          const response = await fetch(`/api/trend?${query}`, { signal: stop.signal });
          if (!response.ok) throw new Error(String(response.status));
          state.value = { kind: "shown", trend: (await response.json()) as TrendAnswer };
          shownKey.value = key;
        } catch {
          // A trend already on the screen stays: it says itself until when it reaches.
          if (!stop.signal.aborted && first) state.value = { kind: "failed" };
        }
      },
      first ? 0 : REFETCH_PAUSE,
    );
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [key, revision, hourNow]);

  if (!chosen) return null;
  const station = pack.value?.stations.find((station) => station.id === subject);
  const names = pack.value?.indicators[indicator];
  const shown = state.value;
  return (
    <section class="panel trend" aria-labelledby="trend-title">
      <div class="trend-head">
        <h2 id="trend-title">
          <span class="trend-word">{say(words.trend)} </span>
          {names?.symbol ?? indicator}
          {names?.unit ? `, ${unit(names.unit)}` : ""}
          <span class="trend-place"> · {station ? say(station.name) : subject}</span>
        </h2>
        <div class="ranges" role="group" aria-label={say(words.range)}>
          {RANGES.map((range) => (
            <button
              key={range}
              type="button"
              aria-pressed={hours.value === range}
              onClick={() => {
                choose(subject, indicator);
                hours.value = range;
              }}
            >
              {range <= 72 ? `${range} ${language.value === "vi" ? "giờ" : "h"}` : span(range * HOUR)}
            </button>
          ))}
        </div>
      </div>
      {shown.kind === "loading" && <p class="trend-room calm">{say(words.loading)}</p>}
      {shown.kind === "failed" && <p class="trend-room calm">{say(words.trendFailed)}</p>}
      {shown.kind === "shown" && <Shown trend={shown.trend} names={names} />}
      {tile.latest && <Evidence latest={tile.latest} />}
    </section>
  );
}

function Shown({ trend, names }: { trend: TrendAnswer; names: IndicatorNames | undefined }) {
  const decimals = names?.decimals ?? 1;
  const withValues = trend.points.filter((point) => point.mean !== null);
  if (withValues.length === 0) return <p class="trend-room calm">{say(words.trendEmpty)}</p>;
  const summary = summaryOf(trend, decimals);
  return (
    <>
      <TrendChart trend={trend} decimals={decimals} label={summary} />
      <p class="trend-summary">{summary}</p>
      <details class="trend-table">
        <summary>{say(words.asTable)}</summary>
        <div class="scroll" tabIndex={0} role="region" aria-labelledby="trend-title">
          <table>
            <thead>
              <tr>
                <th scope="col">{say(words.hour)}</th>
                <th scope="col">{say(words.mean)}</th>
                <th scope="col">{say(words.lowest)}</th>
                <th scope="col">{say(words.highest)}</th>
                <th scope="col">{say(words.points)}</th>
                <th scope="col">{say(words.state)}</th>
              </tr>
            </thead>
            <tbody>
              {[...trend.points].reverse().map((point) => (
                <tr key={point.start}>
                  <th scope="row">
                    {moment(point.start, "minute")} {moment(point.start, "date")}
                  </th>
                  <td>{point.mean === null ? "—" : number(point.mean, decimals)}</td>
                  <td>{point.min === null ? "—" : number(point.min, decimals)}</td>
                  <td>{point.max === null ? "—" : number(point.max, decimals)}</td>
                  <td>
                    {number(point.received)}
                    {point.expected > 0 ? `/${number(point.expected)}` : ""}
                  </td>
                  <td>{stateOf(point)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

export function isIncomplete(point: TrendPoint): boolean {
  return point.expected > 0 && point.received < point.expected;
}

function stateOf(point: TrendPoint): string {
  const words_ = [say(point.received === 0 ? words.missing : isIncomplete(point) ? words.incomplete : words.complete)];
  if (point.closed_by === "revision") words_.push(say(words.revised));
  return words_.join(", ");
}

/**
 * The hours since the first one of which there is no window, or an empty one, up to now: a series that fell silent
 * has hours that are missing, not a trend that ends early. The hour before this one may still be closing.
 */
export function missingHours({ points, until }: TrendAnswer): number[] {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last) return [];
  const present = new Set(points.filter((point) => point.mean !== null).map((point) => point.start));
  const missing = [];
  for (let start = first.start; start <= Math.max(last.start, until - 2 * HOUR); start += HOUR) {
    if (!present.has(start)) missing.push(start);
  }
  return missing;
}

function summaryOf(trend: TrendAnswer, decimals: number): string {
  let lowest: TrendPoint | undefined;
  let highest: TrendPoint | undefined;
  let sum = 0;
  let count = 0;
  for (const point of trend.points) {
    if (point.mean === null) continue;
    sum += point.mean;
    count += 1;
    if (!lowest || (point.min ?? Infinity) < (lowest.min ?? Infinity)) lowest = point;
    if (!highest || (point.max ?? -Infinity) > (highest.max ?? -Infinity)) highest = point;
  }
  const low = `${number(lowest?.min ?? 0, decimals)} (${shortMoment(lowest?.start ?? 0)})`;
  const high = `${number(highest?.max ?? 0, decimals)} (${shortMoment(highest?.start ?? 0)})`;
  const mean = number(sum / count, decimals);
  const incomplete = trend.points.filter((point) => point.mean !== null && isIncomplete(point)).length;
  const missing = missingHours(trend).length;
  return say({
    vi:
      `${number(count)} giờ có số liệu: trung bình ${mean}, thấp nhất ${low}, cao nhất ${high}` +
      `; ${number(missing)} giờ không có số liệu, ${number(incomplete)} giờ thiếu điểm đo.`,
    en:
      `${number(count)} hours with data: mean ${mean}, lowest ${low}, highest ${high}` +
      `; ${number(missing)} hours without data, ${number(incomplete)} incomplete.`,
  });
}

function Evidence({ latest }: { latest: Latest }) {
  const feed = feedNames.value.get(latest.feed);
  return (
    <div class="evidence">
      <h3>{say(words.evidence)}</h3>
      <dl>
        <div>
          <dt>{say(words.measuredAt)}</dt>
          <dd>{fullMoment(latest.event_time)}</dd>
        </div>
        <div>
          <dt>{say(words.receivedAt)}</dt>
          <dd>{fullMoment(latest.received_at)}</dd>
        </div>
        <div>
          <dt>{say(words.feed)}</dt>
          <dd>{feed ? say(feed.name) : latest.feed}</dd>
        </div>
        <div>
          <dt>{say(words.envelope)}</dt>
          <dd>
            {latest.position}, {say(words.row)} {number(latest.row)}
          </dd>
        </div>
        {latest.epoch !== null && (
          <div>
            <dt>{say(words.epoch)}</dt>
            <dd>{number(latest.epoch)}</dd>
          </div>
        )}
      </dl>
    </div>
  );
}
