import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { asking, standing } from "../../acknowledge";
import { open } from "../../address";
import { measureOf, openInOrder, stateWords, subjectOf, valueAndPeriod } from "../../alerts";
import { age, fullMoment, number } from "../../format";
import { say } from "../../language";
import type { Alert } from "../../model";
import { ageOf, alerts, alertsOpen, figureOf, pack } from "../../store";
import { isWall } from "../../wall";
import { alertWords } from "../../words/alerts";
import { priorityWords } from "../../words/page";
import { Mark } from "../frame/Mark";

/** A wall shows no more, however high it is. */
const MOST_ON_WALL = 6;
const MOST_ON_PHONE = 4;

/** Heights of a row in rem, as the style sheet has them: with the first step beside the value, or on its own line. */
const ROW = isWall ? 4.1 : 4.4;
const ROOMY_ROW = isWall ? 5.3 : 5.6;

/** Open alerts by whole rows: as many as there is room for, the rest counted. Of a screen, those that are of its matter. */
export function AlertList({ of }: { of?: (alert: Alert) => boolean }) {
  const all = openInOrder([...alerts.value.values()].filter((alert) => !of || of(alert)));
  const room = useRef<HTMLUListElement>(null);
  const fits = useSignal(MOST_ON_PHONE);
  const roomy = useSignal(false);
  useLayoutEffect(() => {
    const list = room.current;
    if (!list) return;
    const measure = () => {
      // Where the page scrolls the list may be as long as it likes, within reason.
      if (getComputedStyle(list).overflowY === "visible") {
        fits.value = MOST_ON_PHONE;
        roomy.value = true;
        return;
      }
      const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
      const row = (isRoomy: boolean) => (isRoomy ? ROOMY_ROW : ROW) * rem;
      roomy.value = all.length * row(true) <= list.clientHeight;
      fits.value = Math.max(1, Math.floor(list.clientHeight / row(roomy.value)));
    };
    const watch = new ResizeObserver(measure);
    watch.observe(list);
    measure();
    return () => watch.disconnect();
  }, [all.length]);
  const shown = all.slice(0, isWall ? Math.min(MOST_ON_WALL, fits.value) : fits.value);
  const total = of ? all.length : Math.max(alertsOpen.value, all.length);
  const hidden = total - shown.length;
  // The list is cut where very many are open: the figure has counted all of them.
  const counted = of ? null : figureOf("alerts").value?.of;
  const unacknowledged = counted ?? all.filter((alert) => !alert.acknowledged).length;
  return (
    <section class="panel alerts" aria-labelledby="alerts-title" data-part="alerts">
      <div class="panel-head">
        <h2 id="alerts-title">
          {say(alertWords.title)}
          <span class={`count-badge ${unacknowledged > 0 ? "lively" : ""}`}>
            {isWall
              ? `${number(unacknowledged)}/${number(total)} ${say(alertWords.unacknowledged)}`
              : `${number(unacknowledged)} ${say(alertWords.unacknowledged)} / ${number(total)} ${say(alertWords.open)}`}
          </span>
        </h2>
        {isWall ? (
          hidden > 0 && (
            <p class="more-count">
              +{number(hidden)} {say(alertWords.more)}
            </p>
          )
        ) : (
          <button type="button" class="more" onClick={() => open("alerts")}>
            {hidden > 0 ? `+${number(hidden)} ${say(alertWords.more)}` : say(alertWords.all)}
          </button>
        )}
      </div>
      {all.length === 0 && <p class="calm alerts-none">{say(alertWords.none)}</p>}
      <ul ref={room} class={roomy.value ? "roomy" : ""}>
        {shown.map((alert) => (
          <Row key={alert.id} alert={alert} />
        ))}
      </ul>
      <Announcer all={all} />
    </section>
  );
}

function Row({ alert }: { alert: Alert }) {
  const rule = pack.value?.rules[alert.rule];
  const sent = standing(alert);
  const states = `${alert.active ? "active" : "cleared"} ${alert.acknowledged ? "acknowledged" : "unacknowledged"}`;
  const since = alert.active ? alert.raised_at : (alert.cleared_at ?? alert.raised_at);
  const [value, when] = valueAndPeriod(alert);
  return (
    <li class={`alert ${alert.priority} ${states}`} data-alert={alert.id} data-priority={alert.priority} data-state={states}>
      <Mark priority={alert.priority} hollow={!alert.active} />
      <div class="alert-text">
        <p class="alert-head">
          <strong class="alert-priority">{say(priorityWords[alert.priority])}</strong>
          <span class="alert-place">{subjectOf(alert)}</span>
          <span class="alert-state">{stateWords(alert)}</span>
          <time class="alert-since" dateTime={new Date(since).toISOString()} title={fullMoment(since)}>
            {age(Math.floor(ageOf(since) / 60_000) * 60_000 || 1)}
          </time>
        </p>
        <p class="alert-rule">
          {isWall ? (
            <strong>{rule ? say(rule.name) : alert.rule}</strong>
          ) : (
            <button type="button" onClick={() => open("alert", alert.id)}>
              {rule ? say(rule.name) : alert.rule}
            </button>
          )}
          {alert.occurrences > 1 && (
            <span class="alert-times">
              {" "}
              ×{number(alert.occurrences)}
            </span>
          )}
        </p>
        <p class="alert-more">
          {value !== "" && (
            <span class="alert-value">
              <span>
                {measureOf(alert)} {value}
              </span>
              {when !== "" && <span>, {when}</span>}
            </span>
          )}
          {rule && <span class="alert-step">{say(rule.step)}</span>}
        </p>
      </div>
      {!isWall && !alert.acknowledged && (
        <div class="alert-act">
          {sent && (
            <span class={`sent ${sent.state}`} role="status">
              {say(sent.state === "failed" ? sent.why : alertWords[sent.state])}
            </span>
          )}
          {(!sent || sent.state === "failed") && (
            <button type="button" class="acknowledge" onClick={() => (asking.value = alert.id)}>
              {say(alertWords.acknowledge)}
              <span class="reader-only">: {rule ? say(rule.name) : alert.rule}, {subjectOf(alert)}</span>
            </button>
          )}
        </div>
      )}
    </li>
  );
}

/** Reads out new critical and high alerts, each once, and nothing else. */
function Announcer({ all }: { all: Alert[] }) {
  const told = useRef<Set<string> | null>(null);
  const said = useRef("");
  const key = (alert: Alert) => `${alert.id}/${alert.occurrences}`;
  const urgent = all.filter((alert) => alert.active && (alert.priority === "critical" || alert.priority === "high"));
  const fresh = urgent.filter((alert) => told.current !== null && !told.current.has(key(alert)));
  if (fresh.length > 0) {
    said.current = fresh
      .map((alert) => {
        const rule = pack.value?.rules[alert.rule];
        return `${say(priorityWords[alert.priority])}: ${rule ? say(rule.name) : alert.rule}, ${subjectOf(alert)}`;
      })
      .join(". ");
  }
  told.current = new Set(urgent.map(key));
  return (
    <p class="reader-only" aria-live="assertive" data-part="announced">
      {said.current}
    </p>
  );
}
