import { backTo, own, view } from "../../address";
import { clockSpeed, now } from "../../clock";
import { moment, number } from "../../format";
import { choose, language, say } from "../../language";
import { blind, pack } from "../../store";
import { type Screen, screen, screens } from "../../screens";
import { isWall, paged, reach } from "../../wall";
import { words } from "../../words/page";

export function Header() {
  const names = pack.value;
  const replayed = names?.replayed;
  const other = language.value === "vi" ? "en" : "vi";
  return (
    <header>
      <h1>
        {say(words.title)} <span class="province">{names ? say(names.name) : ""}</span>
      </h1>
      {!isWall && (
        <nav aria-label={say(words.views)}>
          {screens.value.map((to, at) => (
            <ScreenLink key={to.id} to={to} path={at === 0 ? "" : to.id} />
          ))}
        </nav>
      )}
      <div class="header-state">
        {replayed && (
          <p class="replayed" data-part="replayed">
            <strong>{replayLabel(say(replayed))}</strong>
            {clockSpeed.value !== 1 && <span> ×{number(clockSpeed.value)}</span>}
          </p>
        )}
        {reach.value !== null && <p class="reach">{reachLabel(reach.value)}</p>}
        <p class={`connection ${blind.value ? "lost" : ""}`} data-part="connection">
          <span class="dot" aria-hidden="true" />
          {say(blind.value ? words.offline : words.online)}
        </p>
        {paged.value && (
          <p class="paged">
            <span class="reader-only">{say(words.page)} </span>
            {number(paged.value[0])}/{number(paged.value[1])}
          </p>
        )}
        <p class="clock" data-part="clock">
          <span class="reader-only">{say(words.serverClock)}: </span>
          <time dateTime={new Date(now.value).toISOString()}>
            <strong>{moment(now.value, "clock")}</strong> <span class="clock-day">{moment(now.value, "weekday")}, </span>
            <span class="clock-date">{moment(now.value, "date")}</span>
          </time>
        </p>
        {!isWall && (
          <button type="button" class="language" lang={other} onClick={() => choose(other)}>
            {other === "en" ? "English" : "Tiếng Việt"}
          </button>
        )}
      </div>
    </header>
  );
}

function ScreenLink({ to, path }: { to: Screen; path: string }) {
  const go = (event: Event) => {
    event.preventDefault();
    view.value = path;
    own.value = {};
    backTo(-1);
  };
  return (
    <a href={`#/${path}`} aria-current={screen.value === to ? "page" : undefined} onClick={go}>
      {say(to.title)}
    </a>
  );
}

/** Said in the letters that are too small for the farthest reader: whoever sets the wall up stands before it. */
function reachLabel(metres: number): string {
  const far = number(metres, 1);
  return say({ vi: `chữ đọc được từ ${far} m`, en: `readable from ${far} m` });
}

/** What is replayed, in words that say that it is replayed. */
function replayLabel(what: string): string {
  const label = say(words.replayed);
  return what.toLowerCase().includes(label.toLowerCase()) ? what : `${label}: ${what}`;
}
