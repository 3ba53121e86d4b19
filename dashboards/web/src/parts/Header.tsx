import { clockSpeed, now } from "../clock";
import { moment, number } from "../format";
import { language, say } from "../language";
import { blind, pack } from "../store";
import { words } from "../text";

export function Header() {
  const names = pack.value;
  const replayed = names?.replayed;
  const other = language.value === "vi" ? "en" : "vi";
  return (
    <header>
      <h1>
        {say(words.title)} <span class="province">{names ? say(names.name) : ""}</span>
      </h1>
      <div class="header-state">
        {replayed && (
          <p class="replayed" data-part="replayed">
            <strong>{replayLabel(say(replayed))}</strong>
            {clockSpeed.value !== 1 && <span> ×{number(clockSpeed.value)}</span>}
          </p>
        )}
        <p class={`connection ${blind.value ? "lost" : ""}`} data-part="connection">
          <span class="dot" aria-hidden="true" />
          {say(blind.value ? words.offline : words.online)}
        </p>
        <p class="clock" data-part="clock">
          <span class="reader-only">{say(words.serverClock)}: </span>
          <time dateTime={new Date(now.value).toISOString()}>
            <strong>{moment(now.value, "clock")}</strong> <span class="clock-day">{moment(now.value, "weekday")}, </span>
            {moment(now.value, "date")}
          </time>
        </p>
        <button type="button" class="language" lang={other} onClick={() => (language.value = other)}>
          {other === "en" ? "English" : "Tiếng Việt"}
        </button>
      </div>
    </header>
  );
}

/** What is replayed, in words that say that it is replayed. */
function replayLabel(what: string): string {
  const label = say(words.replayed);
  return what.toLowerCase().includes(label.toLowerCase()) ? what : `${label}: ${what}`;
}
