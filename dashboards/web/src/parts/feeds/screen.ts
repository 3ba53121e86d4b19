import { lazy } from "../../lazy";
import type { Screen } from "../../screens";
import { words } from "../../words/page";

export const feeds: Screen = {
  id: "feeds",
  title: words.feedsView,
  Body: lazy(async () => (await import("./FeedsView")).FeedsView),
};
