import { useSignal } from "@preact/signals";
import { asking, standing } from "../../acknowledge";
import { deeper } from "../../address";
import { isOfGroup, measureOf, stateWords, subjectOf, valueLine } from "../../alerts";
import { fullMoment, number, shortMoment } from "../../format";
import { say } from "../../language";
import type { AlertHistory, AlertOrigin, RaisedBy } from "../../lineage";
import type { Alert } from "../../model";
import { alerts, pack } from "../../store";
import { alertWords, changeWords, originWords } from "../../words/alerts";
import { priorityWords } from "../../words/page";
import { sensorWords } from "../../words/sensor";
import { Mark } from "../frame/Mark";
import { openLedger } from "../ledger/chosen";
import { countedBy, lookAt } from "../security/filters";
import { AlertEvents } from "./AlertEvents";
import { Asked, Facts } from "./Asked";
import { ComparedHours } from "./ComparedHours";

const PAGE = 50;

/** Every alert there was, newest first, by pages. */
export function AlertsStep() {
  const before = useSignal<number | null>(null);
  const older = useSignal<Alert[]>([]);
  // What changes on the board shows here too.
  const open = alerts.value;
  const query = `state=all&limit=${PAGE}${before.value === null ? "" : `&before=${before.value}`}`;
  return (
    <Asked<{ alerts: Alert[] }> url={`/api/alerts?${query}`} again={open}>
      {(answer) => {
        const known = new Set(answer.alerts.map(({ id }) => id));
        const all = [...older.value.filter(({ id }) => !known.has(id)), ...answer.alerts].map((alert) => open.get(alert.id) ?? alert);
        const last = answer.alerts.at(-1);
        return (
          <>
            {all.length === 0 && <p class="calm">{say(alertWords.noHistory)}</p>}
            <ul class="alert-history">
              {all.map((alert) => (
                <Item key={alert.id} alert={alert} />
              ))}
            </ul>
            {answer.alerts.length === PAGE && last && (
              <button
                type="button"
                onClick={() => {
                  older.value = all;
                  before.value = last.raised_at;
                }}
              >
                {say(alertWords.older)}
              </button>
            )}
          </>
        );
      }}
    </Asked>
  );
}

function Item({ alert }: { alert: Alert }) {
  const rule = pack.value?.rules[alert.rule];
  return (
    <li class={alert.active || !alert.acknowledged ? "open" : "closed"}>
      <Mark priority={alert.priority} hollow={!alert.active} />
      <span>
        <button type="button" class="link" onClick={() => deeper("alert", alert.id)}>
          {rule ? say(rule.name) : alert.rule}
        </button>
        <small>
          {say(priorityWords[alert.priority])} · {subjectOf(alert)} · {shortMoment(alert.raised_at)}
          {alert.cleared_at !== null && ` – ${shortMoment(alert.cleared_at)}`}
          {stateWords(alert) !== "" && ` · ${stateWords(alert)}`}
        </small>
      </span>
    </li>
  );
}

/** One alert: what raised it, what to do first, and everything that happened to it. */
export function AlertStep({ id }: { id: string }) {
  const live = alerts.value.get(id);
  return (
    <Asked<AlertHistory> url={`/api/alerts/${encodeURIComponent(id)}`} again={live}>
      {({ alert: told, history }) => {
        const alert = live ?? told;
        const rule = pack.value?.rules[alert.rule];
        const sent = standing(alert);
        return (
          <>
            <p class={`origin-figure ${alert.active ? alert.priority : ""}`}>
              <Mark priority={alert.priority} hollow={!alert.active} />
              <strong class="words">{say(priorityWords[alert.priority])}</strong>
              <span>
                {subjectOf(alert)}
                {stateWords(alert) !== "" && ` · ${stateWords(alert)}`}
              </span>
            </p>
            <Facts
              of={[
                [say({ vi: "Số đo", en: "Measured" }), `${measureOf(alert)} ${valueLine(alert)}`],
                [say({ vi: "Phát lúc", en: "Raised" }), fullMoment(alert.raised_at)],
                [say({ vi: "Số lần", en: "Occurrences" }), number(alert.occurrences)],
                [say(alertWords.firstStep), rule ? say(rule.step) : ""],
                [say({ vi: "Ghi chú", en: "Note" }), alert.note],
              ]}
            />
            <div class="origin-buttons">
              {!alert.acknowledged && (!sent || sent.state === "failed") && (
                <button type="button" class="primary" onClick={() => (asking.value = alert.id)}>
                  {say(alertWords.acknowledge)}
                </button>
              )}
              {sent && (
                <span class={`sent ${sent.state}`} role="status">
                  {say(sent.state === "failed" ? sent.why : alertWords[sent.state])}
                </span>
              )}
              <Asked<AlertOrigin> url={`/api/lineage/alert/${encodeURIComponent(id)}`} again={alert.occurrences}>
                {({ raised_by }) => (raised_by ? <Cause of={alert} by={raised_by} /> : null)}
              </Asked>
            </div>
            {alert.evidence?.compared && <ComparedHours alert={alert} with={alert.evidence.compared} />}
            {/* One that came back was raised by other lines: they are read from their first page. */}
            {isOfGroup(alert) && <AlertEvents key={alert.occurrences} alert={alert} />}
            <h3>{say(alertWords.history)}</h3>
            <ol class="timeline">
              {history.map((entry, at) => (
                <li key={at}>
                  <time dateTime={new Date(entry.at).toISOString()}>{fullMoment(entry.at)}</time>
                  <span>
                    <strong>{say(changeWords[entry.change])}</strong>
                    {entry.user !== null && entry.change === "acknowledged" && ` · ${entry.user}`}
                    {entry.note !== null && entry.note !== "" && entry.change === "acknowledged" && `: ${entry.note}`}
                    {entry.change !== "acknowledged" && (
                      <small>
                        {measureOf({ ...alert, evidence: entry.evidence })} {valueLine({ ...alert, evidence: entry.evidence })}
                      </small>
                    )}
                  </span>
                </li>
              ))}
            </ol>
          </>
        );
      }}
    </Asked>
  );
}

function Cause({ of: alert, by }: { of: Alert; by: RaisedBy }) {
  const ofSource = by.kind === "status" && alert.about === "log_source";
  const go = () => {
    if (by.kind === "obligations") openLedger({ agency: by.agency, state: "missing,late", due: by.due ?? "" });
    else if (by.kind === "measure") lookAt({ ...countedBy(by), source: by.log_source, from: String(by.from), until: String(by.until) });
    else if (by.kind === "sensor") deeper("envelope", by.position);
    else if (ofSource) lookAt({ source: by.subject, days: "31" });
    else if (by.kind === "index") deeper("index", by.index, by.subject, by.window, String(by.start));
    else if (by.kind === "assessment") deeper("assessment", by.limit, by.subject, by.averaging, String(by.start));
    else if (by.kind === "window") deeper("window", by.indicator, by.subject, by.window, String(by.start));
    else deeper("station", by.subject);
  };
  // Its lines stand below.
  if (by.kind === "events") return null;
  return (
    <button type="button" onClick={go}>
      {say(by.kind === "obligations" ? alertWords.openMissed : by.kind === "measure" ? alertWords.counted : by.kind === "sensor" ? sensorWords.openRecord : ofSource ? alertWords.allOfSource : originWords.panel)}
    </button>
  );
}
