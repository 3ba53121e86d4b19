import type { EventSummary, LogSource } from "../../api";
import { number } from "../../format";
import { say } from "../../language";
import { sensorLine } from "../../sensor";
import { logSourcesNow } from "../../standing";
import { shift } from "../../wall";
import { words } from "../../words/page";
import { securityWords } from "../../words/security";
import { Urgent } from "../frame/Attention";
import { useAnswer } from "../../asking";
import { useWholeRows } from "../frame/wholeRows";
import { Figures } from "./Figures";
import { Hours } from "./Hours";
import { Age, Standing } from "./LogSources";

/** For a wall: the figures, and by whole rows who is silent or blind. */
export function Wall() {
  const [x, y] = shift.value;
  const { said, trouble } = useAnswer<EventSummary>("/api/security/summary", true).value;
  return (
    <div class="security-wall" style={{ transform: `translate(${x}px, ${y}px)` }}>
      <div class="security-wall-all">
        <Urgent />
        {trouble && <p class="event-trouble">{say(trouble)}</p>}
        {said ? (
          <>
            <Figures of={said} />
            <div class="security-wall-body">
              <Amiss of={logSourcesNow(said).filter(({ amiss }) => amiss)} />
              <Hours of={said} />
            </div>
          </>
        ) : (
          <p class="calm">{say(words.loading)}</p>
        )}
      </div>
    </div>
  );
}

/** As many as there is room for, whole; the rest is counted. */
function Amiss({ of }: { of: LogSource[] }) {
  const [list, fit] = useWholeRows<HTMLUListElement>(of.length);
  const shown = of.slice(0, fit);
  return (
    <section class="panel amiss" aria-labelledby="amiss-title">
      <h2 id="amiss-title">{say(securityWords.amissSources)}</h2>
      <ul ref={list}>
        {of.length === 0 && <li class="calm">{say(words.nothingWrong)}</li>}
        {shown.map((source) => (
          <li key={source.id} data-log-source={source.id}>
            <strong>{source.name ? say(source.name) : source.id}</strong>
            <span class="amiss-since">
              <Standing of={{ ...source, silent_after: null, since: null, sensor: null, clock_off: null }} />
              {(source.standing === "silent" || source.standing === "error") && (
                <>
                  {" "}
                  <Age of={source.standing === "silent" ? source.received_at : source.since} />
                </>
              )}
              {source.standing === "error" && source.sensor && ` · ${sensorLine(source.sensor)}`}
            </span>
          </li>
        ))}
        {of.length > shown.length && (
          <li class="calm">
            +{number(of.length - shown.length)} {say(words.more)}
          </li>
        )}
      </ul>
    </section>
  );
}
