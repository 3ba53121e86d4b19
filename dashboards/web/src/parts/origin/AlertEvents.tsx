import { useSignal } from "@preact/signals";
import { deeper } from "../../address";
import { subjectOf } from "../../alerts";
import type { EventPage, LogEvent } from "../../api";
import { fullMoment, number } from "../../format";
import { say } from "../../language";
import type { Alert } from "../../model";
import { subjectName } from "../../store";
import { alertWords } from "../../words/alerts";
import { eventKindWords, securityWords } from "../../words/security";
import { lookAt } from "../security/filters";
import { Severity } from "../security/Severity";
import { Asked } from "./Asked";

const PAGE = 100;

/** The lines that raised an alert, each opening to the message as it came. */
export function AlertEvents({ alert }: { alert: Alert }) {
  const before = useSignal("");
  const newer = useSignal<LogEvent[]>([]);
  const url = `/api/alerts/${encodeURIComponent(alert.id)}/events?limit=${PAGE}${before.value === "" ? "" : `&before=${before.value}`}`;
  return (
    <section class="alert-events" data-part="alert-events">
      <h3>{say(alertWords.lines)}</h3>
      <p class="calm">{say(alertWords.linesMeaning)}</p>
      <Asked<EventPage> url={url}>
        {({ events, next }) => {
          const known = new Set(events.map(place));
          const all = [...newer.value.filter((event) => !known.has(place(event))), ...events];
          return (
            <>
              {all.length === 0 && <p class="calm">{say(alertWords.noLines)}</p>}
              <ul class="alert-history">
                {all.map((event) => (
                  <Line key={place(event)} of={event} />
                ))}
              </ul>
              {next !== null && (
                <button
                  type="button"
                  onClick={() => {
                    newer.value = all;
                    before.value = next;
                  }}
                >
                  {say(alertWords.moreLines)}
                </button>
              )}
            </>
          );
        }}
      </Asked>
      {alert.about !== "user" && (
        <button type="button" onClick={() => lookAt({ at: subjectOf(alert), days: "31" })}>
          {say(alert.about === "network" && alert.subject.includes(":") ? alertWords.allOfNetwork : alertWords.allOf)}
        </button>
      )}
    </section>
  );
}

function Line({ of: event }: { of: LogEvent }) {
  return (
    <li data-event={place(event)}>
      <span>
        <button type="button" class="link" onClick={() => deeper("envelope", event.position, String(event.row))}>
          {event.signature || event.message || event.category || say(eventKindWords[event.kind])}
        </button>
        <small>
          {fullMoment(event.happened_at)} · {say(eventKindWords[event.kind])} · <Severity of={event.severity} /> · {say(subjectName(event.log_source))}
          {event.weight > 1 && ` · ×${number(event.weight)}`}
          {event.attempts !== 0 && ` · ${say(alertWords.adds)} ${number(event.attempts)}`}
          {event.target_address !== "" && ` · ${say(securityWords.targets)}: ${event.target_address}${event.target_port === null ? "" : ` ${say(securityWords.port)} ${event.target_port}`}`}
        </small>
      </span>
    </li>
  );
}

function place(event: LogEvent): string {
  return `${event.position}/${event.row}`;
}
