import { deeper } from "../../address";
import { type Column, at } from "../../csv";
import { fullMoment, number, period, plain, roughAge, unit } from "../../format";
import { aged, freshness, indexFreshness, lastEventOf } from "../../freshness";
import { categoryOf, indexOfKind } from "../../judgement";
import { say } from "../../language";
import type { Assessment, IndexKind, IndexSeries, StationNames } from "../../model";
import { priorityOfStanding, standingIn } from "../../standing";
import { ageOf, assessmentsAt, indexOf, pack, stateOf, stationNames, tileOf } from "../../store";
import { originWords, verdictWords } from "../../words/alerts";
import { mapWords } from "../../words/overview";
import { averagingWords, freshnessWords, kindWords, notComputed, qualityWords, words } from "../../words/page";
import { readingColumns, readingsOf } from "../feeds/Stations";
import { Download } from "../frame/Download";
import { Mark } from "../frame/Mark";
import { Facts } from "./Asked";

/** A station: its state, its indices, its values against the limits, each with its own origin. */
export function StationStep({ id }: { id: string }) {
  const station = stationNames.value.get(id);
  if (!station) return <p class="calm">{say(originWords.missing)}</p>;
  const state = stateOf(id).value;
  const ill = priorityOfStanding(station);
  const lastEvent = lastEventOf(id);
  const index = indexOfKind(station.kind);
  return (
    <>
      <p class={`origin-figure ${ill ?? ""}`}>
        {ill && <Mark priority={ill} />}
        <strong class="words">{standingIn(station)}</strong>
        <span>
          {say(kindWords[station.kind])}
          {station.place ? `, ${say(station.place)}` : ""}
        </span>
      </p>
      <Facts
        of={[
          [say({ vi: "Trạng thái từ", en: "In this state since" }), state.since !== null ? fullMoment(state.since) : ""],
          [say(originWords.lastEvent), lastEvent === null ? say(freshnessWords.never) : fullMoment(lastEvent)],
        ]}
      />
      {index && pack.value?.indices[index] && <Indices station={station} index={index} />}
      <Values station={station} />
      <Limits id={id} />
    </>
  );
}

function Indices({ station, index }: { station: StationNames; index: IndexSeries["index"] }) {
  const kinds: IndexKind[] = ["hour", "day"];
  const latest = (kind: IndexKind) => indexOf(index, station.id, kind).peek().latest;
  const columns: Column<IndexKind>[] = [
    [say({ vi: "Khoảng", en: "Period" }), (kind) => say(averagingWords[kind])],
    [say({ vi: "Bắt đầu", en: "Start" }), (kind) => at(latest(kind)?.start)],
    [index.toUpperCase(), (kind) => latest(kind)?.value],
    [say(mapWords.category), (kind) => say(categoryOf(index, latest(kind))?.name ?? { vi: "", en: "" })],
  ];
  return (
    <>
    <Download name={`${index}-${station.id}`} of={index.toUpperCase()} columns={columns} rows={() => kinds} />
    <table>
      <tbody>
        {kinds.map((kind) => {
          const series = indexOf(index, station.id, kind).value;
          const latest = series.latest;
          const category = categoryOf(index, latest);
          const state = indexFreshness(series);
          return (
            <tr key={kind} class={state}>
              <th scope="row">
                {latest ? (
                  <button type="button" class="link" onClick={() => deeper("index", index, station.id, kind, String(latest.start))}>
                    {index.toUpperCase()} {period(kind, latest.start, latest.end)}
                  </button>
                ) : (
                  `${index.toUpperCase()} ${say(averagingWords[kind])}`
                )}
              </th>
              <td class="figure">{latest?.value == null ? "—" : number(latest.value)}</td>
              <td>{state === "fresh" ? (category ? say(category.name) : "") : say(state === "never" ? notComputed : freshnessWords[state])}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
    </>
  );
}

function Values({ station }: { station: StationNames }) {
  return (
    <>
      <h3>{say(originWords.latest)}</h3>
      <Download name={`station-${station.id}`} of={say(originWords.latest)} columns={readingColumns()} rows={() => readingsOf([station])} />
      <table>
        <tbody>
          {Object.keys(station.measures).map((indicator) => {
            const tile = tileOf(station.id, indicator).value;
            const names = pack.value?.indicators[indicator];
            const latest = tile.latest;
            const state = freshness(tile);
            return (
              <tr key={indicator} class={state}>
                <th scope="row">{names?.symbol ?? indicator}</th>
                <td class="figure">
                  {latest ? number(latest.value, names?.decimals ?? 1) : "—"} <small>{unit(names?.unit ?? "")}</small>
                </td>
                <td>{latest ? say(qualityWords[latest.quality]) : say(freshnessWords.never)}</td>
                <td>
                  {latest && (
                    <>
                      {state !== "fresh" && `${say(freshnessWords[state])} `}
                      {roughAge(ageOf(latest.event_time))}
                    </>
                  )}
                </td>
                <td>
                  {latest && (
                    <button type="button" class="link" onClick={() => deeper("envelope", latest.position, String(latest.row))}>
                      {latest.position}
                    </button>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}

function limitColumns(): Column<Assessment>[] {
  return [
    [say(words.indicator), ({ indicator }) => pack.value?.indicators[indicator]?.symbol ?? indicator],
    [say({ vi: "Khoảng", en: "Period" }), ({ averaging }) => say(averagingWords[averaging])],
    [say({ vi: "Bắt đầu", en: "Start" }), ({ start }) => at(start)],
    [say(words.value), ({ value }) => value],
    [say({ vi: "Ít nhất", en: "At least" }), ({ low }) => low],
    [say({ vi: "Nhiều nhất", en: "At most" }), ({ high }) => high],
    [say(words.unit), ({ indicator }) => unit(pack.value?.indicators[indicator]?.unit ?? "")],
    [say(originWords.verdict), ({ verdict }) => say(verdictWords[verdict] ?? { vi: verdict, en: verdict })],
  ];
}

function Limits({ id }: { id: string }) {
  const all = assessmentsAt(id);
  if (all.length === 0) return null;
  return (
    <>
      <h3>{say(originWords.limits)}</h3>
      <Download name={`limits-${id}`} of={say(originWords.limits)} columns={limitColumns()} rows={() => all} />
      <table>
        <tbody>
          {all.map((it) => {
            const names = pack.value?.indicators[it.indicator];
            const stale = aged(it) === "stale";
            const priority = stale ? null : it.priority;
            return (
              <tr key={`${it.indicator}/${it.averaging}`} class={stale ? "stale" : ""}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => deeper("assessment", it.limit, it.subject, it.averaging, String(it.start))}>
                    {names?.symbol ?? it.indicator} {say(averagingWords[it.averaging])}
                  </button>
                </th>
                <td class="figure">{it.value === null ? "—" : number(it.value, names?.decimals ?? 1)}</td>
                <td class="figure">{it.high === null ? `≥ ${plain(it.low ?? 0, 1)}` : `≤ ${plain(it.high, 1)}`}</td>
                <td class={priority ?? ""}>
                  {priority && <Mark priority={priority} />} {stale ? say(freshnessWords.stale) : say(verdictWords[it.verdict] ?? { vi: it.verdict, en: it.verdict })}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
