import type { EventSummary } from "../../api";
import { isOfEvents } from "../../alerts";
import { say } from "../../language";
import { words } from "../../words/page";
import { Urgent } from "../frame/Attention";
import { AlertList } from "../overview/AlertList";
import { useAnswer } from "../../asking";
import { Agencies } from "./Agencies";
import { AlertTimes } from "./AlertTimes";
import { Events } from "./Events";
import { Figures } from "./Figures";
import { ofAgency } from "./filters";
import { Hours } from "./Hours";
import { LogSources } from "./LogSources";
import { Misread } from "./Misread";
import { Ranking } from "./Ranking";
import { Usual } from "./Usual";

/** What happened: figures, who is silent, when, from where and to where, and the events themselves. */
export function Body() {
  const { said, trouble } = useAnswer<EventSummary>(ofAgency("/api/security/summary"), true).value;
  return (
    <>
      <Urgent />
      {trouble && (
        <p role="alert" class="event-trouble">
          {say(trouble)}
        </p>
      )}
      {said ? (
        <div class="security-grid">
          <Figures of={said} />
          <AlertList of={isOfEvents} />
          <AlertTimes />
          <Agencies of={said} />
          <LogSources of={said} />
          <Misread />
          <Hours of={said} />
          <Usual known={said.log_sources} />
          <Ranking end="sources" of={said} />
          <Ranking end="targets" of={said} />
        </div>
      ) : (
        <p class="calm" role="status">
          {say(trouble ? words.notAnswered : words.loading)}
        </p>
      )}
      <Events logSources={said?.log_sources ?? []} />
    </>
  );
}
