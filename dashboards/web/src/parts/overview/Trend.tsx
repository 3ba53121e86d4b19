import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { type SeriesKind, SPANS, chooseSeries, kind, open, span } from "../../address";
import { now } from "../../clock";
import { type Column, at } from "../../csv";
import { moment, number, plain, shortMoment, span as spanWords, unit } from "../../format";
import { limitsOf } from "../../judgement";
import { language, say } from "../../language";
import type { Averaging, Limit, StationNames, Text } from "../../model";
import { isIndex, selection, seriesOf, shownKind } from "../../selection";
import { type Series, fetchSeries, gapsOf, withTail } from "../../series";
import { indexOf, pack, pictures, stationNames, tileOf } from "../../store";
import { isWall } from "../../wall";
import { trendWords } from "../../words/overview";
import { averagingWords, words } from "../../words/page";
import { TrendChart } from "./TrendChart";
import { Download } from "../frame/Download";
import { type Drawn, type TargetLine, entryName, hasBand, partOf } from "./drawn";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Entries the server sends at most, on a desk and on a phone. */
const MOST_POINTS = 50_000;
const PHONE_POINTS = 2_000;

/** New entries are fetched together when they come quickly, as in a replay. Milliseconds. */
const REFETCH_PAUSE = 1500;

/** Late rows revise: so much of the end is asked for again. */
const TAIL: Record<SeriesKind, number> = { point: 6 * HOUR, hour: 2 * DAY, day: 4 * DAY };

/** Entries the table shows; more would be no table to read. */
const TABLE_ROWS = 200;

type State = { kind: "loading" } | { kind: "failed" } | { kind: "shown"; drawn: Drawn };

export function Trend() {
  const chosen = selection.value;
  const subject = chosen?.subject ?? "";
  const indicator = chosen?.indicator ?? "";
  const drawnKind = shownKind.value;
  const state = useSignal<State>({ kind: "loading" });
  const station = stationNames.value.get(subject);
  const key = `${subject}/${indicator}/${drawnKind}/${span.value}`;
  // When this moves, the series has something new.
  const newest = useComputed(() => newestOf(selection.value?.subject ?? "", selection.value?.indicator ?? "", shownKind.value)).value;
  // A series that fell silent changes nothing; that its missing hours grow must still show.
  const hourNow = useComputed(() => Math.floor(now.value / HOUR)).value;

  // One question at a time, and a pause between two: however quickly the series moves, it is followed.
  const next = useRef<(() => void) | null>(null);
  useEffect(() => {
    if (!station) return;
    const stop = new AbortController();
    let known: Drawn | null = null;
    let busy = false;
    let again = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    state.value = { kind: "loading" };
    const go = async () => {
      busy = true;
      again = false;
      try {
        known = await ask(key, station, indicator, drawnKind, known, stop.signal);
        state.value = { kind: "shown", drawn: known };
      } catch {
        // A trend already on the screen stays: it says itself until when it reaches.
        if (!stop.signal.aborted && !known) state.value = { kind: "failed" };
      }
      timer = setTimeout(() => {
        busy = false;
        if (again && !stop.signal.aborted) void go();
      }, REFETCH_PAUSE);
    };
    next.current = () => {
      again = true;
      if (!busy) void go();
    };
    void go();
    return () => {
      next.current = null;
      clearTimeout(timer);
      stop.abort();
    };
  }, [key, station?.id]);
  useEffect(() => next.current?.(), [newest, hourNow, pictures.value]);

  if (!chosen || !station) return null;
  const shown = state.value;
  return (
    <section class="panel trend" aria-labelledby="trend-title" data-part="trend">
      <div class="panel-head">
        <h2 id="trend-title">
          {say(trendWords.title)}{" "}
          <span class={isWall ? "" : "reader-only"}>
            <strong>{seriesName(indicator)}</strong>
            <span class="trend-place"> · {say(station.name)}</span>
          </span>
        </h2>
        {!isWall && <Ranges />}
      </div>
      {!isWall && <Pickers station={station} indicator={indicator} />}
      {shown.kind === "loading" && <p class="chart calm centred">{say(words.loading)}</p>}
      {shown.kind === "failed" && <p class="chart calm centred">{say(trendWords.failed)}</p>}
      {shown.kind === "shown" && <Shown drawn={shown.drawn} station={station} indicator={indicator} kind={drawnKind} />}
    </section>
  );
}

/** Something that grows whenever the series has something new. */
function newestOf(subject: string, indicator: string, of: SeriesKind): number {
  if (isIndex(indicator)) {
    return indexOf(indicator, subject, of === "day" ? "day" : "hour").value.latest?.revision ?? 0;
  }
  const tile = tileOf(subject, indicator).value;
  if (of === "point") return tile.latest?.event_time ?? 0;
  return tile.hours.reduce((newest, hour) => Math.max(newest, hour.revision), 0);
}

async function ask(
  key: string,
  station: StationNames,
  indicator: string,
  of: SeriesKind,
  known: Drawn | null,
  signal: AbortSignal,
): Promise<Drawn> {
  const until = now.peek();
  const hours = span.peek();
  const from = hours === 0 ? 0 : until - hours * HOUR;
  const points = matchMedia("(max-width: 799px)").matches ? PHONE_POINTS : MOST_POINTS;
  const asked = { subject: station.id, indicator, kind: of, until: until + HOUR, points };
  let series: Series;
  if (known && known.series.count > 0 && known.series.thinned === 1) {
    const last = known.series.moments[known.series.count - 1] ?? 0;
    const tailFrom = Math.max(from, last - TAIL[of]);
    const tail = await fetchSeries({ ...asked, from: tailFrom }, signal);
    series = withTail(known.series, tail, from);
  } else {
    series = await fetchSeries({ ...asked, from }, signal);
  }
  const cadence = of === "day" ? DAY : of === "hour" ? HOUR : (station.measures[indicator] ?? HOUR);
  const step = cadence * series.thinned;
  // The entry that is still being made is not missing yet.
  const closing = of === "point" ? 2 * step : step + HOUR;
  const names = pack.peek()?.indicators[indicator];
  const first = series.moments[0] ?? from;
  return {
    key,
    series,
    step,
    from: hours === 0 ? first : from,
    until,
    gaps: gapsOf(series, step, Math.max(first, until - closing)),
    lines: targetLines(station, indicator, of, first, until),
    decimals: isIndex(indicator) ? 0 : (names?.decimals ?? 1),
  };
}

/** The averaging of the limits that a kind of series is held against; an indicator without an hourly limit shows its
 * daily one for comparison. */
function averagingOf(station: StationNames, indicator: string, of: SeriesKind): Averaging {
  if (of === "day") return "day";
  return limitsOf(station, indicator, "hour").length > 0 ? "hour" : "day";
}

/** The limits in force, each for its own time: a limit that changes is a step. */
function targetLines(station: StationNames, indicator: string, of: SeriesKind, from: number, until: number): TargetLine[] {
  if (isIndex(indicator)) {
    const calm = pack.value?.indices[indicator]?.calm_until ?? null;
    return calm === null ? [] : [{ from, until, value: calm }];
  }
  const midnight = (day: string) => localMidnight(day);
  return limitsOf(station, indicator, averagingOf(station, indicator, of)).flatMap((limit) =>
    [limit.high, limit.low]
      .filter((value) => value !== null)
      .map((value) => ({
        from: Math.max(from, midnight(limit.valid_from)),
        until: limit.valid_to === null ? until : Math.min(until, midnight(limit.valid_to) + DAY),
        value,
      }))
      .filter((line) => line.from < line.until),
  );
}

/** First moment of a local day `yyyy-mm-dd`, in the pack's zone. */
function localMidnight(day: string): number {
  const guess = Date.parse(`${day}T00:00:00Z`);
  const zone = pack.peek()?.timezone ?? "Asia/Ho_Chi_Minh";
  const shown = new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short", timeStyle: "medium", hourCycle: "h23" }).format(guess);
  return guess - (Date.parse(`${shown.replace(", ", "T")}Z`) - guess);
}

export function seriesName(indicator: string): string {
  if (isIndex(indicator)) return indicator.toUpperCase();
  const names = pack.value?.indicators[indicator];
  return `${names?.symbol ?? indicator}${names?.unit ? `, ${unit(names.unit)}` : ""}`;
}

function Ranges() {
  return (
    <div class="ranges" role="group" aria-label={say(trendWords.range)}>
      {SPANS.map((range) => (
        <button key={range} type="button" aria-pressed={span.value === range} onClick={() => (span.value = range)}>
          {rangeName(range)}
        </button>
      ))}
    </div>
  );
}

function rangeName(range: number): string {
  if (range === 0) return say(trendWords.all);
  if (range === 8784) return say({ vi: "1 năm", en: "1 y" });
  if (range <= 24) return `${range} ${language.value === "vi" ? "giờ" : "h"}`;
  return spanWords(range * HOUR);
}

function Pickers({ station, indicator }: { station: StationNames; indicator: string }) {
  const stations = pack.value?.stations ?? [];
  const kinds: SeriesKind[] = isIndex(indicator) ? ["hour", "day"] : ["point", "hour", "day"];
  const names = { point: trendWords.point, hour: trendWords.hour, day: trendWords.day };
  const toStation = (id: string) => {
    const other = stationNames.value.get(id);
    if (!other) return;
    const all = seriesOf(other);
    chooseSeries(id, all.includes(indicator) ? indicator : (all[0] ?? ""));
  };
  return (
    <div class="pickers">
      <select aria-label={say(trendWords.station)} value={station.id} onChange={(event) => toStation(event.currentTarget.value)}>
        {stations.map((other) => (
          <option key={other.id} value={other.id}>
            {say(other.name)}
          </option>
        ))}
      </select>
      <select aria-label={say(trendWords.series)} value={indicator} onChange={(event) => chooseSeries(station.id, event.currentTarget.value)}>
        {seriesOf(station).map((other) => (
          <option key={other} value={other}>
            {seriesName(other)}
          </option>
        ))}
      </select>
      <select aria-label={say(trendWords.step)} value={shownKind.value} onChange={(event) => (kind.value = event.currentTarget.value as SeriesKind)}>
        {kinds.map((other) => (
          <option key={other} value={other}>
            {say(names[other])}
          </option>
        ))}
      </select>
    </div>
  );
}

/** The least that is looked at closely, in entries. */
const CLOSEST = 6;

function Shown({ drawn: all, station, indicator, kind }: { drawn: Drawn; station: StationNames; indicator: string; kind: SeriesKind }) {
  const zoom = useSignal<{ key: string; from: number; until: number } | null>(null);
  if (all.series.count === 0) return <p class="chart calm centred">{say(trendWords.empty)}</p>;
  const closer = zoom.value?.key === all.key ? zoom.value : null;
  // Another span, another series: what was looked at closely is not in it.
  const drawn = (closer && partOf(all, closer.from, closer.until)) ?? all;
  const look = (from: number, until: number) => {
    const length = Math.max(until - from, CLOSEST * all.step);
    if (length >= all.until - all.from) {
      zoom.value = null;
      return;
    }
    const start = Math.min(Math.max(all.from, (from + until - length) / 2), all.until - length);
    if (partOf(all, start, start + length)) zoom.value = { key: all.key, from: start, until: start + length };
  };
  const summary = summaryOf(drawn, kind);
  const origin = (start: number) =>
    isIndex(indicator)
      ? open("index", indicator, station.id, kind === "day" ? "day" : "hour", String(start))
      : open("window", indicator, station.id, kind === "day" ? "day" : "hour", String(kind === "point" ? Math.floor(start / HOUR) * HOUR : start));
  const canOpen = drawn.series.thinned === 1 && !isWall;
  return (
    <>
      <div class="trend-row">
        <Key drawn={drawn} station={station} indicator={indicator} kind={kind} />
        {!isWall && <Zoom drawn={drawn} isClose={closer !== null} look={look} />}
      </div>
      <TrendChart drawn={drawn} kind={kind} label={summary} {...(canOpen ? { onOpen: origin } : {})} {...(isWall ? {} : { onSelect: look })} />
      <p class="trend-summary" aria-live={closer ? "polite" : "off"}>
        {summary}
      </p>
      {!isWall && <AsTable drawn={drawn} kind={kind} station={station} indicator={indicator} origin={canOpen ? origin : null} />}
    </>
  );
}

/** Looking closely without a mouse: nearer, farther, earlier, later, and all of it again. */
function Zoom({ drawn: { from, until }, isClose, look }: { drawn: Drawn; isClose: boolean; look: (from: number, until: number) => void }) {
  const length = until - from;
  const by = (share: number, shift: number) => () => {
    const middle = (from + until) / 2 + shift * length;
    look(middle - (share * length) / 2, middle + (share * length) / 2);
  };
  const button = (name: Text, sign: string, go: () => void) => (
    <button type="button" aria-label={say(name)} title={say(name)} onClick={go}>
      {sign}
    </button>
  );
  return (
    <div class="zoom" role="group" aria-label={say(trendWords.zoom)}>
      {button(trendWords.nearer, "+", by(0.5, 0))}
      {isClose && (
        <>
          {button(trendWords.farther, "−", by(2, 0))}
          {button(trendWords.earlier, "‹", by(1, -0.5))}
          {button(trendWords.later, "›", by(1, 0.5))}
          <button type="button" class="zoom-reset" onClick={() => look(-Infinity, Infinity)}>
            {say(trendWords.reset)}
          </button>
        </>
      )}
    </div>
  );
}

/** What the lines mean. */
function Key({ drawn, station, indicator, kind }: { drawn: Drawn; station: StationNames; indicator: string; kind: SeriesKind }) {
  const { series } = drawn;
  const averaging = averagingOf(station, indicator, kind);
  const limits: Limit[] = isIndex(indicator) ? [] : limitsOf(station, indicator, averaging);
  const limit = limits.at(-1);
  const line = drawn.lines.at(-1);
  const named = isIndex(indicator)
    ? `${indicator.toUpperCase()} ≤ ${line ? number(line.value) : ""}`
    : limit
      ? `${limit.standard} (${say(averagingWords[averaging])}) ≤ ${plain(limit.high ?? limit.low ?? 0, 1)}`
      : "";
  return (
    <p class="trend-key">
      <span>
        <i class="key-line" /> {say(kind === "point" ? trendWords.value : isIndex(indicator) ? trendWords.value : trendWords.mean)}
      </span>
      {hasBand(series) && (
        <span>
          <i class="key-band" /> {say(trendWords.band)}
        </span>
      )}
      {line && (
        <span>
          <i class="key-limit" /> {named}
        </span>
      )}
      {drawn.gaps.length > 0 && (
        <span>
          <i class="key-gap" /> {say(trendWords.gap)}
        </span>
      )}
      <span class="key-count">
        {number(series.count)} {say(trendWords.points)}
        {series.thinned > 1 && ` (${say(trendWords.thinned)} ×${number(series.thinned)})`}
      </span>
    </p>
  );
}

interface TableProps {
  drawn: Drawn;
  kind: SeriesKind;
  station: StationNames;
  indicator: string;
  origin: ((start: number) => void) | null;
}

function AsTable({ drawn, kind, station, indicator, origin }: TableProps) {
  const shown = useSignal(false);
  const { series, decimals, step } = drawn;
  const rows = [...Array(Math.min(TABLE_ROWS, series.count)).keys()].map((back) => series.count - 1 - back);
  // The file has every entry of what is drawn, in the table's order.
  const every = () => [...Array(series.count).keys()].map((back) => series.count - 1 - back);
  const columns: Column<number>[] = [
    [say(trendWords.station), () => say(station.name)],
    [say(trendWords.series), () => seriesName(indicator)],
    [say(trendWords.start), (entry) => at(series.moments[entry])],
    [say(kind === "point" ? trendWords.value : trendWords.mean), (entry) => series.means[entry]],
    [say(trendWords.lowest), (entry) => series.lows[entry]],
    [say(trendWords.highest), (entry) => series.highs[entry]],
    [say(trendWords.completeness), (entry) => series.completeness[entry]],
  ];
  const value = (of: Float32Array, at: number) => (Number.isNaN(of[at] ?? NaN) ? "—" : number(of[at] ?? 0, decimals));
  return (
    <details class="as-table" onToggle={(event) => (shown.value = event.currentTarget.open)}>
      <summary>{say(trendWords.asTable)}</summary>
      {shown.value && (
        <div class="scroll" tabIndex={0} role="region" aria-labelledby="trend-title">
          <Download name={`${station.id}-${indicator}`} of={say(trendWords.title)} columns={columns} rows={every} />
          <table>
            <caption>
              {say({
                vi: `${number(rows.length)} trên ${number(series.count)} mục, mới nhất trước`,
                en: `${number(rows.length)} of ${number(series.count)} entries, newest first`,
              })}
            </caption>
            <thead>
              <tr>
                <th scope="col">{say(trendWords.start)}</th>
                <th scope="col" class="figure">{say(kind === "point" ? trendWords.value : trendWords.mean)}</th>
                <th scope="col" class="figure">{say(trendWords.lowest)}</th>
                <th scope="col" class="figure">{say(trendWords.highest)}</th>
                <th scope="col" class="figure">{say(trendWords.completeness)}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((at) => {
                const start = series.moments[at] ?? 0;
                const complete = series.completeness[at] ?? NaN;
                return (
                  <tr key={start}>
                    <th scope="row">
                      {origin ? (
                        <button type="button" class="link" onClick={() => origin(start)}>
                          {entryName(start, step, kind)}
                        </button>
                      ) : (
                        entryName(start, step, kind)
                      )}
                    </th>
                    <td class="figure">{value(series.means, at)}</td>
                    <td class="figure">{value(series.lows, at)}</td>
                    <td class="figure">{value(series.highs, at)}</td>
                    <td class="figure">{Number.isNaN(complete) ? "" : `${number(complete * 100)} %`}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function summaryOf({ series, decimals, gaps, step, lines }: Drawn, kind: SeriesKind): string {
  let lowest = -1;
  let highest = -1;
  let sum = 0;
  let count = 0;
  let over = 0;
  const limit = lines.at(-1)?.value ?? null;
  for (let i = 0; i < series.count; i++) {
    const mean = series.means[i] ?? NaN;
    if (Number.isNaN(mean)) continue;
    sum += mean;
    count += 1;
    if (limit !== null && mean > limit) over += 1;
    if (lowest < 0 || (series.lows[i] ?? 0) < (series.lows[lowest] ?? 0)) lowest = i;
    if (highest < 0 || (series.highs[i] ?? 0) > (series.highs[highest] ?? 0)) highest = i;
  }
  if (count === 0) return say(trendWords.empty);
  const at = (index: number) => (kind === "day" ? moment(series.moments[index] ?? 0, "date") : shortMoment(series.moments[index] ?? 0));
  const low = `${number(series.lows[lowest] ?? 0, decimals)} (${at(lowest)})`;
  const high = `${number(series.highs[highest] ?? 0, decimals)} (${at(highest)})`;
  const mean = number(sum / count, decimals);
  const missing = gaps.reduce((all, [from, until]) => all + Math.round((until - from) / step), 0);
  const what = {
    point: { vi: "điểm đo", en: "points" },
    hour: { vi: "giờ", en: "hours" },
    day: { vi: "ngày", en: "days" },
  }[kind];
  return say({
    vi:
      `${number(count)} ${what.vi} có số liệu: trung bình ${mean}, thấp nhất ${low}, cao nhất ${high}; ` +
      `${number(missing)} ${what.vi} không có số liệu${over > 0 ? `; ${number(over)} trên mức` : ""}.`,
    en:
      `${number(count)} ${what.en} with data: mean ${mean}, lowest ${low}, highest ${high}; ` +
      `${number(missing)} ${what.en} without data${over > 0 ? `; ${number(over)} over the line` : ""}.`,
  });
}
