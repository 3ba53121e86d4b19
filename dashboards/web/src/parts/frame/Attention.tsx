import { useRef } from "preact/hooks";
import { type Concern, concerns, sinceWhen, urgentConcerns } from "../../attention";
import { number } from "../../format";
import { say } from "../../language";
import { words } from "../../words/page";
import { Mark } from "./Mark";

const SHOWN = 6;

/** What is abnormal beside the alerts, where and since when; by whole items, the rest counted. */
export function Attention() {
  const all = concerns();
  const shown = all.slice(0, SHOWN);
  const hidden = all.length - shown.length;
  return (
    <section class="attention" aria-labelledby="attention-title">
      <h2 id="attention-title">{say(words.attention)}</h2>
      {all.length === 0 ? (
        <p class="calm">{say(words.nothingWrong)}</p>
      ) : (
        <ul>
          {shown.map((concern) => (
            <Item key={concern.key} concern={concern} />
          ))}
          {hidden > 0 && (
            <li class="hidden-count">
              +{number(hidden)} {say(words.more)}
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

/** The urgent ones alone, above the overview; nothing where there are none. */
export function Urgent() {
  const all = urgentConcerns();
  if (all.length === 0) return null;
  return (
    <section class="attention urgent" aria-label={say(words.attention)}>
      <ul>
        {all.slice(0, 3).map((concern) => (
          <Item key={concern.key} concern={concern} />
        ))}
        {all.length > 3 && (
          <li class="hidden-count">
            +{number(all.length - 3)} {say(words.more)}
          </li>
        )}
      </ul>
    </section>
  );
}

function Item({ concern }: { concern: Concern }) {
  const since = sinceWhen(concern);
  return (
    <li class={`concern ${concern.priority}`}>
      <Mark priority={concern.priority} />
      <span>
        <strong>{concern.where}</strong> {concern.what}
        {since && (
          <span class="since" title={since.whole}>
            {" "}
            {say(words.since)} {since.short}
          </span>
        )}
      </span>
    </li>
  );
}

/** Reads out new urgent concerns, each once, and nothing else. */
export function ConcernAnnouncer() {
  const told = useRef(new Set<string>());
  const said = useRef("");
  const urgent = urgentConcerns();
  const fresh = urgent.filter((concern) => !told.current.has(concern.key));
  if (fresh.length > 0) said.current = fresh.map((concern) => `${concern.where}: ${concern.what}`).join(". ");
  told.current = new Set(urgent.map((concern) => concern.key));
  return (
    <p class="reader-only" aria-live="polite">
      {said.current}
    </p>
  );
}
