// In which order feeds are shown.

import type { Feed } from "../../model";
import { allFeeds, feedNames } from "../../store";

/** The feeds in the pack's order. What no feed claims shows as soon as there is some of it. */
export function feedsInOrder(): Feed[] {
  const feeds = allFeeds()
    .map((shown) => shown.value)
    .filter((feed) => feedNames.value.get(feed.id)?.transport !== "any" || feed.counts.received > 0);
  const order = [...feedNames.value.keys()];
  return feeds.sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
}
