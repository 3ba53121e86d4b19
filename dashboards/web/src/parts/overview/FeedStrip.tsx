import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { astrayOf, byUrgency, silence } from "../../attention";
import { backTo, view } from "../../address";
import { number, span } from "../../format";
import { say } from "../../language";
import type { Feed } from "../../model";
import { ageOf, feedNames } from "../../store";
import { isWall } from "../../wall";
import { words } from "../../words/page";
import { feedsInOrder } from "../feeds/order";
import { FeedHeard, FeedName, nameOfFeed } from "../frame/FeedSign";
import { Check } from "../frame/Mark";

/** Size of a cell on a wall, in rem. */
const CELL = { width: 11.5, height: 3.9 };

/** Always in sight: which feeds speak, and whether what came is all accounted for. In so many cells, or all that fit. */
export function FeedStrip({ cells }: { cells: number | null }) {
  const list = useRef<HTMLUListElement>(null);
  const room = useSignal(1);
  useLayoutEffect(() => {
    const at = list.current;
    if (!at || cells !== null) return;
    const measure = () => {
      const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
      const fit = (length: number, cell: number) => Math.max(1, Math.floor(length / (cell * rem)));
      room.value = fit(at.clientWidth, CELL.width) * fit(at.clientHeight, CELL.height);
    };
    const watch = new ResizeObserver(measure);
    watch.observe(at);
    measure();
    return () => watch.disconnect();
  }, [cells]);
  const all = feedsInOrder().filter((feed) => feedNames.value.get(feed.id)?.silent_after !== null || feed.counts.received > 0);
  // More feeds than there is room for: the quiet ones are kept in sight, the rest is counted.
  const most = cells ?? room.value;
  // On a wall what is counted takes a cell too.
  const kept = all.length <= most ? all : [...all].sort(byUrgency).slice(0, isWall ? most - 1 : most);
  const shown = all.filter((feed) => kept.includes(feed));
  const go = (event: Event) => {
    event.preventDefault();
    view.value = "feeds";
    backTo(-1);
  };
  return (
    <section class="panel feed-strip" aria-labelledby="strip-title">
      <h2 id="strip-title">
        {isWall ? say(words.feeds) : <a href="#/feeds" onClick={go}>{say(words.feeds)}</a>}
      </h2>
      <ul ref={list}>
        {shown.map((feed) => (
          <Cell key={feed.id} feed={feed} />
        ))}
        {all.length > shown.length && (
          <li class="strip-more">
            +{number(all.length - shown.length)} {say(words.more)}
          </li>
        )}
      </ul>
    </section>
  );
}

function Cell({ feed }: { feed: Feed }) {
  const promise = feedNames.value.get(feed.id)?.silent_after ?? null;
  const state = silence(feed);
  const gone = feed.last_received === null ? null : ageOf(feed.last_received);
  const used = gone === null || promise === null ? 0 : Math.min(1, gone / promise);
  const astray = Math.abs(feed.envelopes_astray) + Math.abs(feed.rows_astray);
  const lost = astrayOf(feed);
  return (
    <li class={`strip-cell ${lost ? "astray" : state}`} data-strip={feed.id} data-signal={state}>
      <p class="strip-name" title={nameOfFeed(feed)}>
        <FeedName feed={feed} />
      </p>
      <svg class="signal-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <rect class="signal-track" width="100" height="4" />
        <rect class="signal-used" width={used * 100} height="4" />
      </svg>
      <p class="strip-state">
        <span>
          <FeedHeard feed={feed} />
          {promise !== null && <span class="promise"> / {span(promise)}</span>}
        </span>
        {lost ? (
          <strong class="strip-astray">
            {number(astray)} {say(words.astray)}
          </strong>
        ) : (
          feed.counts.received > 0 && (
            <span class="strip-count">
              {number(feed.counts.received)} <Check />
              <span class="reader-only">{say(words.balanced)}</span>
            </span>
          )
        )}
      </p>
    </li>
  );
}
