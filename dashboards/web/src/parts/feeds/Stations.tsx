import { inOperation } from "../../attention";
import { now } from "../../clock";
import { type Column, at } from "../../csv";
import { fullMoment, isoDay, number, roughAge, unit } from "../../format";
import { freshness } from "../../freshness";
import { say } from "../../language";
import { clockLine } from "../../sensor";
import type { StationNames, Tile } from "../../model";
import { chooseSeries, open } from "../../address";
import { ageOf, pack, stateOf, tileOf } from "../../store";
import { selection } from "../../selection";
import { stationWords } from "../../words/overview";
import { freshnessWords, kindWords, qualityWords, words } from "../../words/page";
import { sensorWords } from "../../words/sensor";
import { Download } from "../frame/Download";
import { Mark } from "../frame/Mark";
import { Spark } from "./Spark";

export function Stations() {
  const today = isoDay(now.value);
  const all = pack.value?.stations ?? [];
  const stations = [
    ...all.filter((station) => inOperation(station, today)),
    ...all.filter((station) => station.valid_from > today),
  ];
  return (
    <section class="stations" aria-labelledby="stations-title">
      <div class="rejects-head">
        <h2 id="stations-title">{say(words.stations)}</h2>
        <Download name="stations" of={say(words.stations)} columns={readingColumns()} rows={() => readingsOf(stations.filter((station) => station.valid_from <= today))} />
      </div>
      <div class="station-grid">
        {stations.map((station) => (
          <Station key={station.id} station={station} notYet={station.valid_from > today} />
        ))}
      </div>
    </section>
  );
}

export interface Reading {
  station: StationNames;
  indicator: string;
  tile: Tile;
}

export function readingsOf(stations: StationNames[]): Reading[] {
  return stations.flatMap((station) =>
    Object.keys(station.measures).map((indicator) => ({ station, indicator, tile: tileOf(station.id, indicator).peek() })),
  );
}

export function readingColumns(): Column<Reading>[] {
  const names = ({ indicator }: Reading) => pack.value?.indicators[indicator];
  return [
    [say(words.station), ({ station }) => say(station.name)],
    [say(words.indicator), (row) => names(row)?.symbol ?? row.indicator],
    [say(words.unit), (row) => unit(names(row)?.unit ?? "")],
    [say(words.measuredAt), ({ tile }) => at(tile.latest?.event_time)],
    [say(words.value), ({ tile }) => tile.latest?.value],
    [say(words.quality), ({ tile }) => tile.latest && say(qualityWords[tile.latest.quality])],
    [say(words.age), ({ tile }) => say(freshnessWords[freshness(tile)])],
    [say(words.receivedAt), ({ tile }) => at(tile.latest?.received_at)],
    [say(words.feed), ({ tile }) => tile.latest?.feed],
    [say(words.envelope), ({ tile }) => tile.latest?.position],
  ];
}

function Station({ station, notYet }: { station: StationNames; notYet: boolean }) {
  const place = station.place ? say(station.place) : `${station.place_code}, ${say(words.noPlace)}`;
  return (
    <article class="panel station" aria-labelledby={`station-${station.id}`} data-station={station.id}>
      <div class="station-head">
        <h3 id={`station-${station.id}`}>{say(station.name)}</h3>
        <p>
          {say(kindWords[station.kind])} · {place}
          {notYet && ` · ${say(words.notYetValid)}`}
        </p>
      </div>
      {!notYet && <Clock station={station.id} />}
      {!notYet && <Readings station={station} />}
    </article>
  );
}

/** How far its sender's clock is off. */
function Clock({ station }: { station: string }) {
  const off = stateOf(station).value.clock_off;
  // A station that was never judged has none.
  if (!off) {
    return null;
  }
  return (
    <p role="note" class="clock-notice" data-clock={station}>
      <Mark priority="medium" /> {clockLine(off)} {say(sensorWords.stationClockNotice)}
    </p>
  );
}

function Readings({ station }: { station: StationNames }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{say(words.indicator)}</th>
          <th scope="col" class="figure">
            {say(words.value)}
          </th>
          <th scope="col">{say(words.quality)}</th>
          <th scope="col">{say(words.age)}</th>
          <th scope="col" class="spark-cell">
            {say(words.lastDay)}
          </th>
        </tr>
      </thead>
      <tbody>
        {Object.keys(station.measures).map((indicator) => (
          <Row key={indicator} subject={station.id} indicator={indicator} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ subject, indicator }: { subject: string; indicator: string }) {
  const tile = tileOf(subject, indicator).value;
  const names = pack.value?.indicators[indicator];
  const state = freshness(tile);
  const chosen = selection.value?.subject === subject && selection.value.indicator === indicator;
  const latest = tile.latest;
  const said = latest ? number(latest.value, names?.decimals ?? 0) : "—";
  // A stale value is not judged: neither colour nor shape.
  const priority = state === "stale" ? null : latest?.priority;
  return (
    <tr
      class={`${state} ${chosen ? "chosen" : ""}`}
      data-series={`${subject}/${indicator}`}
      data-freshness={state}
      onClick={() => chooseSeries(subject, indicator)}
    >
      <th scope="row">
        <button type="button" aria-pressed={chosen} onClick={() => chooseSeries(subject, indicator)}>
          <span>
            <span class="symbol">{names?.symbol ?? indicator}</span> <span class="unit">{unit(names?.unit ?? "")}</span>
          </span>
          <span class="indicator-name">{names ? say(names.name) : ""}</span>
        </button>
      </th>
      <td class="figure">
        <span class={`value ${said.length > 7 ? "long" : ""}`}>{said}</span>
      </td>
      {latest ? (
        <>
          <td class={`quality ${priority ?? ""}`}>
            {priority && <Mark priority={priority} />}
            {say(qualityWords[latest.quality])}
            {latest.correction && <span class="corrected">{say(words.corrected)}</span>}
          </td>
          <td class="age">
            <button
              type="button"
              class="link"
              title={say(stationWords.origin)}
              onClick={(event) => {
                event.stopPropagation();
                open("envelope", latest.position, String(latest.row));
              }}
            >
            <time dateTime={new Date(latest.event_time).toISOString()} title={fullMoment(latest.event_time)}>
              {state !== "fresh" && <span class="freshness">{say(freshnessWords[state])} </span>}
              {roughAge(ageOf(latest.event_time))}
            </time>
            </button>
          </td>
        </>
      ) : (
        <td class="age" colSpan={2}>
          {say(freshnessWords.never)}
        </td>
      )}
      <td class="spark-cell">
        <Spark hours={tile.hours} />
      </td>
    </tr>
  );
}
