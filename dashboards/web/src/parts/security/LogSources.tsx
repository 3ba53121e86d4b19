import type { EventSummary, LogSource, SensorAlerts } from "../../api";
import { type Column, at } from "../../csv";
import { fullMoment, number, percent, roughAge, shortMoment, span } from "../../format";
import { say } from "../../language";
import { clockLine, sensorLine } from "../../sensor";
import { logSourcesNow, logStandingWords } from "../../standing";
import { ageOf } from "../../store";
import { securityWords } from "../../words/security";
import { sensorWords } from "../../words/sensor";
import { Download } from "../frame/Download";
import { Mark } from "../frame/Mark";
import { openNumber } from "./filters";

/** Who reports, and first who does not, or sees too little. */
export function LogSources({ of: summary }: { of: EventSummary }) {
  const of = logSourcesNow(summary);
  const sensors = new Map(summary.sensors.map((sensor) => [sensor.log_source, sensor]));
  return (
    <section class="panel log-sources" aria-labelledby="log-sources-title">
      <div class="rejects-head">
        <h2 id="log-sources-title" tabIndex={-1}>
          {say(securityWords.logSources)}
        </h2>
        {of.length > 0 && <Download name="log-sources" of={say(securityWords.logSources)} columns={columns(sensors)} rows={() => of} />}
      </div>
      {of.map(
        ({ id, name, clock_off }) =>
          clock_off !== null && (
            <p key={id} role="note" class="clock-notice" data-clock={id}>
              <Mark priority="medium" /> <strong>{name ? say(name) : id}</strong>: {clockLine(clock_off)} {say(sensorWords.clockNotice)}
            </p>
          ),
      )}
      {of.length === 0 ? (
        <p class="calm">{say(securityWords.noSources)}</p>
      ) : (
        <div class="clients-table" role="group" aria-labelledby="log-sources-title" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say(securityWords.logSource)}</th>
                <th scope="col">{say(securityWords.standing)}</th>
                <th scope="col">{say(securityWords.lastReceived)}</th>
                <th scope="col" class="figure">
                  {say(securityWords.events)}
                </th>
                {sensors.size > 0 && (
                  <th scope="col" class="figure">
                    <abbr title={say(securityWords.ownCountMeaning)}>{say(securityWords.ownCount)}</abbr>
                  </th>
                )}
                <th scope="col" class="figure">
                  <abbr title={say(securityWords.absurdMeaning)}>{say(securityWords.absurd)}</abbr>
                </th>
              </tr>
            </thead>
            <tbody>
              {of.map((source) => (
                <Row key={source.id} of={source} within={summary} sensor={sensors.get(source.id)} hasSensors={sensors.size > 0} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {summary.log_sources_more > 0 && (
        <p class="calm" data-more={summary.log_sources_more}>
          + {number(summary.log_sources_more)} {say(securityWords.moreUnknown)}
        </p>
      )}
    </section>
  );
}

interface RowProps {
  of: LogSource;
  within: EventSummary;
  sensor: SensorAlerts | undefined;
  hasSensors: boolean;
}

function Row({ of: source, within, sensor, hasSensors }: RowProps) {
  return (
    <tr data-log-source={source.id} data-standing={source.standing}>
      <th scope="row">
        <button type="button" class="link" onClick={() => openNumber(within, { source: source.id })}>
          {source.name ? say(source.name) : source.id}
        </button>
        <small>
          {[source.name && source.id, source.owner && say(source.owner), source.relay && say(securityWords.relay)].filter(Boolean).join(" · ")}
        </small>
      </th>
      <td data-title={say(securityWords.standing)}>
        <Standing of={source} />
      </td>
      <td data-title={say(securityWords.lastReceived)}>
        <Age of={source.received_at} />
      </td>
      <td class="figure" data-title={say(securityWords.events)}>
        {number(source.weight)}
        {source.relayed > 0 && (
          <small class="by-relay" title={say(securityWords.byRelayMeaning)}>
            {" "}
            {percent(source.relayed / source.rows)} % {say(securityWords.byRelay)}
          </small>
        )}
      </td>
      {hasSensors && (
        <td class="figure" data-title={say(securityWords.ownCount)}>
          {sensor ? <OwnCount of={sensor} /> : "–"}
        </td>
      )}
      <td class="figure" data-title={say(securityWords.absurd)}>
        {source.rows === 0 ? "–" : `${percent(source.absurd / source.rows)} %`}
      </td>
    </tr>
  );
}

/** What a sensor says it raised, and what of that arrived: a loss on the way is nobody's but ours to see. */
function OwnCount({ of: { raised, lost } }: { of: SensorAlerts }) {
  return (
    <span class="own-count" data-lost={lost}>
      {number(raised)}
      <small>
        {lost > 0 ? (
          <>
            {say(securityWords.arrived)} {number(raised - lost)} · <Mark priority="medium" /> {number(lost)} {say(securityWords.neverArrived)}
          </>
        ) : (
          say(securityWords.allArrived)
        )}
      </small>
    </span>
  );
}

/** By shape and word; who reports is calm. */
export function Standing({ of: { standing, priority, silent_after, since, sensor, clock_off } }: { of: LogSource }) {
  return (
    <span class={`standing ${standing}`} title={standing === "error" ? (sensor ? sensorLine(sensor) : say(securityWords.seesTooLittle)) : undefined}>
      {priority && <Mark priority={priority} hollow={standing === "unknown"} />} {say(logStandingWords[standing])}
      {standing === "silent" && silent_after !== null && (
        <small>
          {" "}
          ({say(securityWords.maySilent)} {span(silent_after)})
        </small>
      )}
      {standing === "error" && since !== null && (
        <small>
          {" "}
          ({say(securityWords.sinceThen)}{" "}
          <time dateTime={new Date(since).toISOString()} title={fullMoment(since)}>
            {shortMoment(since)}
          </time>
          )
        </small>
      )}
      {standing === "error" && sensor && <small class="why-blind"> {sensorLine(sensor)}</small>}
      {clock_off !== null && <small class="clock-off"> {clockLine(clock_off)}</small>}
    </span>
  );
}

export function Age({ of: moment }: { of: number | null }) {
  if (moment === null) return <>—</>;
  return (
    <time dateTime={new Date(moment).toISOString()} title={fullMoment(moment)}>
      {roughAge(ageOf(moment))}
    </time>
  );
}

function columns(sensors: Map<string, SensorAlerts>): Column<LogSource>[] {
  return [
    [say(securityWords.logSource), ({ id }) => id],
    [say(securityWords.owner), ({ owner }) => owner && say(owner)],
    [say(securityWords.standing), ({ standing }) => say(logStandingWords[standing])],
    [say(securityWords.why), ({ standing, sensor }) => (standing === "error" && sensor ? sensorLine(sensor) : null)],
    [say(securityWords.clockOff), ({ clock_off }) => (clock_off === null ? null : clock_off / 3_600_000)],
    [say(securityWords.since), ({ since }) => at(since)],
    [say(securityWords.lastReceived), ({ received_at }) => at(received_at)],
    [say(securityWords.events), ({ weight }) => weight],
    [say(securityWords.ownCount), ({ id }) => sensors.get(id)?.raised ?? null],
    [say(securityWords.neverArrived), ({ id }) => sensors.get(id)?.lost ?? null],
    [say(securityWords.absurd), ({ absurd, rows }) => (rows === 0 ? null : absurd / rows)],
    [say(securityWords.byRelay), ({ relayed, rows }) => (rows === 0 ? null : relayed / rows)],
  ];
}
