import type { Screen } from "../../screens";
import { words } from "../../words/page";
import { FeedsView } from "./FeedsView";

export const feeds: Screen = { id: "feeds", title: words.feedsView, Body: FeedsView };
