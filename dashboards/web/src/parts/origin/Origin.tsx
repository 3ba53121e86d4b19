import { useLayoutEffect, useRef } from "preact/hooks";
import { type Step, backTo, here, way } from "../../address";
import { nameOfFigure } from "../../figures";
import { period } from "../../format";
import { say } from "../../language";
import { lazy } from "../../lazy";
import { blind, pack, stationNames } from "../../store";
import { alertWords, originWords } from "../../words/alerts";

/** What each step shows, loaded when the first way is gone. */
const Steps = lazy(async () => (await import("./Steps")).Steps);

/** The way from a number to the message it came in, one step a screen; the whole way is in the address. */
export function Origin() {
  const step = here.value;
  const title = useRef<HTMLHeadingElement>(null);
  const opener = useRef<Element | null>(document.activeElement);
  const key = step?.join("/") ?? "";
  // In the moment in which the panel appears, not when there is time for it: on a busy machine a key that is pressed on
  // sight of the panel would find nobody who listens.
  useLayoutEffect(() => title.current?.focus(), [key]);
  useLayoutEffect(() => {
    const leave = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) backTo(-1);
    };
    addEventListener("keydown", leave);
    return () => removeEventListener("keydown", leave);
  }, []);
  useLayoutEffect(
    () => () => {
      // Back to where the reader was, in the same moment in which the panel goes. What is not there any more, an alert
      // that somebody took, leaves him in the content.
      const from = opener.current;
      const there = from instanceof HTMLElement || from instanceof SVGElement ? from : null;
      (there?.isConnected && there !== document.body ? there : document.getElementById("content"))?.focus();
    },
    [],
  );
  if (!step) return null;
  return (
    <aside class={`origin ${blind.value ? "blind" : ""}`} aria-label={say(originWords.panel)} data-part="origin">
      <div class="origin-top">
        <nav aria-label={say(originWords.way)}>
          <ol>
            {way.value.map((passed, at) => (
              <li key={passed.join("/")}>
                {at === way.value.length - 1 ? (
                  <span aria-current="step">{shortName(passed)}</span>
                ) : (
                  <button type="button" class="link" onClick={() => backTo(at)}>
                    {shortName(passed)}
                  </button>
                )}
              </li>
            ))}
          </ol>
        </nav>
        <button type="button" class="close" aria-label={say(originWords.close)} onClick={() => backTo(-1)}>
          <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d="m3.5 3.5 9 9m0-9-9 9" />
          </svg>
        </button>
      </div>
      <h2 tabIndex={-1} ref={title}>
        {longName(step)}
      </h2>
      <div class="origin-body" key={key}>
        <Steps step={step} />
      </div>
    </aside>
  );
}

const HOUR = 3_600_000;
const LENGTHS: Record<string, number> = { hour: HOUR, eight_hours: 8 * HOUR, day: 24 * HOUR, year: 24 * HOUR };

function symbol(indicator: string): string {
  return pack.value?.indicators[indicator]?.symbol ?? indicator.toUpperCase();
}

function when(kind: string, start: string): string {
  return period(kind, Number(start), Number(start) + (LENGTHS[kind] ?? HOUR));
}

function station(id: string): string {
  const names = stationNames.value.get(id);
  return names ? say(names.name) : id;
}

/** As the way shows it. */
function shortName([kind, first = "", , third = ""]: Step): string {
  switch (kind) {
    case "alerts":
      return say(alertWords.title);
    case "alert":
      return say({ vi: "Cảnh báo", en: "Alert" });
    case "station":
      return say(originWords.station);
    case "kpi":
      return nameOfFigure(first);
    case "index":
      return first.toUpperCase();
    case "assessment":
      return say(originWords.standard);
    case "window":
      return `${symbol(first)} ${say(third === "day" ? originWords.dayWindow : originWords.hourWindow).toLowerCase()}`;
    case "envelope":
      return say(originWords.message);
  }
}

function longName([kind, first = "", second = "", third = "", fourth = ""]: Step): string {
  switch (kind) {
    case "alerts":
      return say(alertWords.all);
    case "alert": {
      const rule = pack.value?.rules[first.split("~")[0] ?? ""];
      return rule ? say(rule.name) : first;
    }
    case "station":
      return station(first);
    case "kpi":
      return nameOfFigure(first);
    case "index":
      return `${first.toUpperCase()}, ${station(second)}, ${when(third, fourth)}`;
    case "assessment": {
      const limit = pack.value?.limits.find(({ id }) => id === first);
      return `${limit ? symbol(limit.indicator) : first}, ${station(second)}, ${when(third, fourth)}`;
    }
    case "window":
      return `${symbol(first)}, ${station(second)}, ${when(third, fourth)}`;
    case "envelope":
      return `${say(originWords.message)} ${first}`;
  }
}
