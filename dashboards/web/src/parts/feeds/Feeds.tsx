import { Fragment } from "preact";
import { priorityOfSilence, silence, unheardWords } from "../../attention";
import { type Column, at } from "../../csv";
import { fullMoment, number, roughAge, span } from "../../format";
import { say } from "../../language";
import type { Counts, Feed, Text } from "../../model";
import { ageOf, feedNames, status } from "../../store";
import { words } from "../../words/page";
import { Download } from "../frame/Download";
import { Check, Mark } from "../frame/Mark";
import { feedsInOrder } from "./order";

export function Feeds() {
  const feeds = feedsInOrder();
  return (
    <section class="panel feeds" aria-labelledby="feeds-title" tabIndex={0}>
      <div class="rejects-head">
        <h2 id="feeds-title">{say(words.feeds)}</h2>
        <Download name="feeds" of={say(words.feeds)} columns={columns()} rows={feedsInOrder} />
      </div>
      <div role="table" aria-label={say(words.feedsCaption)} class="feed-table">
        <div role="row" class="feed-row feed-titles">
          <span role="columnheader">{say(words.feed)}</span>
          <span role="columnheader">{say(words.lastSeen)}</span>
          <span role="columnheader">{say(words.envelopes)}</span>
          <span role="columnheader">{say(words.rows)}</span>
        </div>
        {feeds.map((feed) => (
          <FeedRow key={feed.id} feed={feed} />
        ))}
      </div>
    </section>
  );
}

function nameOfFeed({ id }: Feed): string {
  const names = feedNames.value.get(id);
  return names ? say(names.name) : id;
}

function columns(): Column<Feed>[] {
  const counted: [Text, keyof Counts][] = [
    [words.decoded, "decoded"],
    [words.empty, "empty"],
    [words.undecodable, "undecodable"],
    [words.rows, "rows"],
    [words.stored, "stored"],
    [words.duplicate, "duplicate"],
    [words.rejected, "rejected"],
    [words.waiting, "waiting"],
    [words.held, "held"],
    [words.datagramsDropped, "datagrams_dropped"],
    [words.recordsLost, "records_lost"],
  ];
  const inFlight = ({ id }: Feed) => status.peek()?.in_flight[id] ?? 0;
  return [
    [say(words.feed), nameOfFeed],
    [say(words.lastSeen), ({ last_received }) => at(last_received)],
    [`${say(words.envelopes)}: ${say(words.received)}`, (feed) => feed.counts.received + inFlight(feed)],
    [say(words.inFlight), inFlight],
    ...counted.map(([name, key]): Column<Feed> => [say(name), ({ counts }) => counts[key]]),
    [`${say(words.envelopes)}: ${say(words.astray)}`, (feed) => feed.envelopes_astray],
    [`${say(words.rows)}: ${say(words.astray)}`, (feed) => feed.rows_astray],
  ];
}

function FeedRow({ feed }: { feed: Feed }) {
  const names = feedNames.value.get(feed.id);
  const inFlight = status.value?.in_flight[feed.id] ?? 0;
  const { counts } = feed;
  return (
    <div role="row" class="feed-row" data-feed={feed.id}>
      <span role="rowheader" class="feed-name">
        <strong>{names ? say(names.name) : feed.id}</strong>
        <span class="feed-owner" title={names?.owner ? say(names.owner) : undefined}>
          {names ? say(names.way) : ""}
          {names?.owner ? ` · ${say(names.owner)}` : ""}
        </span>
      </span>
      <span role="cell" class="feed-signal">
        <Signal feed={feed} silentAfter={names?.silent_after ?? null} />
      </span>
      <Identity
        title={words.envelopes}
        total={[words.received, counts.received + inFlight]}
        parts={[
          [words.decoded, counts.decoded],
          [words.empty, counts.empty],
          [words.undecodable, counts.undecodable],
          [words.inFlight, inFlight],
        ]}
        astray={feed.envelopes_astray}
        lost={[
          [words.datagramsDropped, counts.datagrams_dropped],
          [words.recordsLost, counts.records_lost],
        ]}
      />
      <Identity
        title={words.rows}
        total={[words.readRows, counts.rows]}
        parts={[
          [words.stored, counts.stored],
          [words.duplicate, counts.duplicate],
          [words.rejected, counts.rejected],
          [words.waiting, counts.waiting],
          ...(counts.held === 0 ? [] : [[words.held, counts.held] as [Text, number]]),
        ]}
        astray={feed.rows_astray}
      />
    </div>
  );
}

export function Signal({ feed, silentAfter }: { feed: Feed; silentAfter: number | null }) {
  const state = silence(feed);
  const priority = priorityOfSilence(feed);
  const gone = feed.last_received === null ? null : ageOf(feed.last_received);
  const used = gone === null || silentAfter === null ? 0 : Math.min(1, gone / silentAfter);
  return (
    <span class={`signal ${state}`} data-signal={state}>
      {priority && <Mark priority={priority} />}
      <span class="signal-words">
        {feed.last_received === null ? (
          <strong>{say(unheardWords(feed))}</strong>
        ) : (
          <time dateTime={new Date(feed.last_received).toISOString()} title={fullMoment(feed.last_received)}>
            {state === "silent" && <strong>{say(words.silent)} </strong>}
            {roughAge(gone ?? 0)}
          </time>
        )}
        {silentAfter !== null && <span class="promise"> / {span(silentAfter)}</span>}
      </span>
      <svg class="signal-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <rect class="signal-track" width="100" height="4" />
        <rect class="signal-used" width={used * 100} height="4" />
      </svg>
    </span>
  );
}

interface IdentityProps {
  title: Text;
  total: [Text, number];
  parts: [Text, number][];
  astray: number;
  /** What is known to be lost before it came: in no identity. */
  lost?: [Text, number][];
}

/** One identity of the balance: what came is the sum of what became of it, or an alarm. */
function Identity({ title, total, parts, astray, lost = [] }: IdentityProps) {
  return (
    <span role="cell" class="identity" data-identity={astray === 0 ? "balanced" : "astray"}>
      <span class="identity-title" aria-hidden="true">
        {say(title)}
      </span>
      <Figure name={total[0]} value={total[1]} />
      <span class="sign">=</span>
      {parts.map(([name, value], index) => (
        <Fragment key={name.en}>
          {index > 0 && <span class="sign">+</span>}
          <Figure name={name} value={value} />
        </Fragment>
      ))}
      {astray === 0 ? (
        <span class="balanced">
          <Check />
          <span class="reader-only">{say(words.balanced)}</span>
        </span>
      ) : (
        <strong class="astray">
          <Mark priority="critical" />
          {say(words.astray)} {number(astray)}
        </strong>
      )}
      {lost
        .filter(([, count]) => count > 0)
        .map(([name, count]) => (
          <span key={name.en} class="lost" data-lost={count}>
            <Mark priority="medium" />
            {number(count)} {say(name)}
          </span>
        ))}
    </span>
  );
}

function Figure({ name, value }: { name: Text; value: number }) {
  return (
    <span class={`count ${value === 0 ? "zero" : ""}`}>
      <span class="count-value">{number(value)}</span> <span class="count-name">{say(name)}</span>
    </span>
  );
}
