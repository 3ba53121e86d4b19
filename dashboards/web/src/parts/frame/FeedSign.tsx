// How a feed does, the same on every screen: a mark where something is wrong, its name, and in words when it was heard last.

import { astrayOf, priorityOfSilence, silence, unheardWords } from "../../attention";
import { roughAge } from "../../format";
import { say } from "../../language";
import type { Feed } from "../../model";
import { ageOf, feedNames } from "../../store";
import { words } from "../../words/page";
import { Mark } from "./Mark";

/** What went astray comes before silence; who never spoke is hollow. */
export function FeedName({ feed }: { feed: Feed }) {
  const lost = astrayOf(feed);
  const priority = lost ? lost.priority : priorityOfSilence(feed);
  return (
    <>
      {priority && <Mark priority={priority} hollow={!lost && silence(feed) !== "silent"} />} <span class="feed-name">{nameOfFeed(feed)}</span>
    </>
  );
}

export function FeedHeard({ feed }: { feed: Feed }) {
  if (feed.last_received === null) return <>{say(unheardWords(feed))}</>;
  return (
    <>
      {silence(feed) === "silent" && <strong>{say(words.silent)} </strong>}
      {roughAge(ageOf(feed.last_received))}
    </>
  );
}

export function nameOfFeed({ id }: Feed): string {
  const names = feedNames.value.get(id);
  return names ? say(names.name) : id;
}
