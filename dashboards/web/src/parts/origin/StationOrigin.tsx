import { deeper } from "../../address";
import { fullMoment, number, period, plain, roughAge, unit } from "../../format";
import { assessmentFreshness, freshness, indexFreshness, lastEventOf } from "../../freshness";
import { categoryOf, indexOfKind } from "../../judgement";
import { priorityOfStanding, standingOf, standingWords } from "../../kpis";
import { say } from "../../language";
import type { IndexKind, StationNames } from "../../model";
import { ageOf, assessmentsAt, indexOf, pack, stateOf, stationNames, tileOf } from "../../store";
import { originWords, verdictWords } from "../../words/alerts";
import { averagingWords, freshnessWords, kindWords, qualityWords } from "../../words/page";
import { Mark } from "../frame/Mark";
import { Facts } from "./Asked";

/** A station: its state, its indices, its values against the limits, each with its own origin. */
export function StationStep({ id }: { id: string }) {
  const station = stationNames.value.get(id);
  if (!station) return <p class="calm">{say(originWords.missing)}</p>;
  const state = stateOf(id).value;
  const standing = standingOf(station);
  const ill = priorityOfStanding(standing);
  const lastEvent = lastEventOf(id);
  const index = indexOfKind(station.kind);
  return (
    <>
      <p class={`origin-figure ${ill ?? ""}`}>
        {ill && <Mark priority={ill} />}
        <strong class="words">{say(standingWords[standing])}</strong>
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

function Indices({ station, index }: { station: StationNames; index: string }) {
  const kinds: IndexKind[] = ["hour", "day"];
  return (
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
              <td>{state === "fresh" ? (category ? say(category.name) : "") : say(freshnessWords[state])}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Values({ station }: { station: StationNames }) {
  return (
    <>
      <h3>{say(originWords.latest)}</h3>
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

function Limits({ id }: { id: string }) {
  const all = assessmentsAt(id);
  if (all.length === 0) return null;
  return (
    <>
      <h3>{say(originWords.limits)}</h3>
      <table>
        <tbody>
          {all.map((it) => {
            const names = pack.value?.indicators[it.indicator];
            const stale = assessmentFreshness(it) === "stale";
            const over = it.verdict === "exceeded" && !stale;
            return (
              <tr key={`${it.indicator}/${it.averaging}`} class={stale ? "stale" : ""}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => deeper("assessment", it.limit, it.subject, it.averaging, String(it.start))}>
                    {names?.symbol ?? it.indicator} {say(averagingWords[it.averaging])}
                  </button>
                </th>
                <td class="figure">{it.value === null ? "—" : number(it.value, names?.decimals ?? 1)}</td>
                <td class="figure">{it.high === null ? `≥ ${plain(it.low ?? 0, 1)}` : `≤ ${plain(it.high, 1)}`}</td>
                <td class={over ? "high" : ""}>
                  {over && <Mark priority="high" />} {stale ? say(freshnessWords.stale) : say(verdictWords[it.verdict] ?? { vi: it.verdict, en: it.verdict })}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
