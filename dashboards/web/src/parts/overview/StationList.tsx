import { chooseSeries, open } from "../../address";
import { fullMoment, number, roughAge } from "../../format";
import { indexFreshness, lastEventOf } from "../../freshness";
import { categoryOf, indexOfKind } from "../../judgement";
import { stationsNow } from "../../figures";
import { say } from "../../language";
import type { Priority, StationNames } from "../../model";
import { selection } from "../../selection";
import { missingOf, priorityOfStanding, standingIn, standingOf } from "../../standing";
import { ageOf, indexOf, pack } from "../../store";
import { stationWords } from "../../words/overview";
import { freshnessWords, notComputed } from "../../words/page";
import { Mark } from "../frame/Mark";

const URGENCY: (Priority | null)[] = ["critical", "high", "medium", "low", null];

/** Every station in operation: its index, its state, since when. The worst first. */
export function StationList() {
  const stations = stationsNow();
  const urgency = (station: StationNames) => {
    const standing = standingOf(station);
    // What never began comes last: it is no news.
    if (standing === "never") return URGENCY.length;
    return Math.min(URGENCY.indexOf(priorityOfStanding(station)), URGENCY.indexOf(priorityOfIndex(station)));
  };
  const shown = stations
    .map((station) => ({ station, urgency: urgency(station), value: valueOf(station) }))
    .sort((a, b) => a.urgency - b.urgency || b.value - a.value);
  const waiting = (pack.value?.stations.length ?? 0) - stations.length;
  return (
    <section class="panel station-list" aria-labelledby="station-list-title">
      <h2 id="station-list-title">{say(stationWords.title)}</h2>
      <ul tabIndex={0} aria-labelledby="station-list-title">
        {shown.map(({ station }) => (
          <Row key={station.id} station={station} />
        ))}
        {waiting > 0 && (
          <li class="calm">
            +{number(waiting)} {say(stationWords.notYet)}
          </li>
        )}
      </ul>
    </section>
  );
}

function priorityOfIndex(station: StationNames): Priority | null {
  const index = indexOfKind(station.kind);
  if (!index) return null;
  const series = indexOf(index, station.id, "hour").value;
  return indexFreshness(series) === "stale" ? null : (categoryOf(index, series.latest)?.priority ?? null);
}

function valueOf(station: StationNames): number {
  const index = indexOfKind(station.kind);
  return (index && indexOf(index, station.id, "hour").value.latest?.value) ?? 0;
}

function Row({ station }: { station: StationNames }) {
  const index = indexOfKind(station.kind);
  const series = index ? indexOf(index, station.id, "hour").value : null;
  const freshness = series ? indexFreshness(series) : "never";
  const category = index && series ? categoryOf(index, series.latest) : null;
  const priority = freshness === "stale" ? null : category?.priority;
  const standing = standingOf(station);
  const ill = priorityOfStanding(station);
  const measured = missingOf(station);
  const lastEvent = lastEventOf(station.id);
  const here = selection.value?.subject === station.id;
  const choose = () => {
    chooseSeries(station.id, index && pack.value?.indices[index] ? index : (Object.keys(station.measures)[0] ?? ""));
  };
  return (
    <li class={`station-row ${here ? "chosen" : ""}`} data-station-row={station.id} data-status={standing}>
      <button type="button" class="station-name" aria-pressed={here} onClick={choose}>
        <span>{say(station.name)}</span>
        <small>{station.place ? say(station.place) : ""}</small>
      </button>
      <span class={`station-index ${freshness} ${priority ?? ""}`}>
        {series?.latest?.value != null ? (
          <>
            <strong>{number(series.latest.value)}</strong>
            <small>
              {priority && <Mark priority={priority} />} {freshness === "stale" ? say(freshnessWords.stale) : category ? say(category.name) : ""}
            </small>
          </>
        ) : (
          <>
            <strong>{index || standing === "never" ? "—" : `${number(measured.all - measured.missing)}/${number(measured.all)}`}</strong>
            <small>{say(standing === "never" ? freshnessWords.never : !index ? stationWords.indicators : freshness === "never" ? notComputed : freshnessWords[freshness])}</small>
          </>
        )}
      </span>
      <span class={`station-state ${ill ?? ""}`}>
        <span>
          {ill && <Mark priority={ill} />}
          {standingIn(station)}
        </span>
        {lastEvent !== null && (
          <small>
            <time dateTime={new Date(lastEvent).toISOString()} title={fullMoment(lastEvent)}>
              {roughAge(ageOf(lastEvent))}
            </time>
          </small>
        )}
      </span>
      <button type="button" class="origin-button" aria-label={`${say(stationWords.origin)}: ${say(station.name)}`} onClick={() => open("station", station.id)}>
        <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
          <path d="m6 3 5 5-5 5" />
        </svg>
      </button>
    </li>
  );
}
