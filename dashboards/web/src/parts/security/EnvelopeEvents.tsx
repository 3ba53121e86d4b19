import type { LogEvent } from "../../api";
import { fullMoment, number } from "../../format";
import { say } from "../../language";
import { words } from "../../words/page";
import { decidedWords, eventKindWords, securityWords, timeWords } from "../../words/security";
import { Download } from "../frame/Download";
import { Facts } from "../origin/Asked";
import { columns } from "./Events";
import { Severity } from "./Severity";

/** The events that were made of a message, each with all that its format says of it. */
export function EnvelopeEvents({ events, position, row }: { events: LogEvent[]; position: string; row: number | null }) {
  return (
    <>
      <h3>
        {say(securityWords.storedEvents)} ({number(events.length)})
      </h3>
      <Download name={`events-${position}`} of={say(securityWords.storedEvents)} columns={columns()} rows={() => events} />
      <ul class="envelope-events">
        {events.map((event) => (
          <li key={event.row} class={event.row === row ? "followed" : ""} data-event={`${position}/${event.row}`}>
            <p>
              <strong>
                {say(words.row)} {number(event.row)}
              </strong>{" "}
              <Severity of={event.severity} /> · {say(eventKindWords[event.kind])}
            </p>
            <Facts of={factsOf(event)} />
          </li>
        ))}
      </ul>
    </>
  );
}

function factsOf(event: LogEvent): [string, string][] {
  const end = (address: string, port: number | null) => (address === "" ? "" : port === null ? address : `${address} ${say(securityWords.port)} ${port}`);
  return [
    [say(securityWords.when), fullMoment(event.happened_at)],
    [say(securityWords.time), say(timeWords[event.time_from])],
    [say(securityWords.logSource), event.known ? event.log_source : `${event.log_source} (${say(securityWords.unknownSource)})`],
    [say(securityWords.relayed), event.relay],
    [say(securityWords.signature), [event.signature_id, event.signature].filter((part) => part !== "").join(" ")],
    [say(securityWords.category), event.category],
    [say(securityWords.what), event.message],
    [say(securityWords.sources), end(event.source_address, event.source_port)],
    [say(securityWords.targets), end(event.target_address, event.target_port)],
    [say(securityWords.protocol), event.protocol],
    [say(securityWords.decided), say(decidedWords[event.decided])],
    [say(securityWords.user), event.user],
    [say(securityWords.host), event.host],
    [say(securityWords.program), event.program],
    [say(securityWords.rated), event.rated],
    [say(securityWords.count), event.weight === 1 ? "" : number(event.weight)],
    [say(securityWords.attempts), event.attempts === 0 ? "" : number(event.attempts)],
    ...event.attributes.map(([name = "", text = ""]): [string, string] => [name, text]),
  ];
}
