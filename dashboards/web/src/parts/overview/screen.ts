import type { Screen } from "../../screens";
import { words } from "../../words/page";
import { Overview } from "./Overview";
import { Wall } from "./Wall";

export const overview: Screen = { id: "overview", title: words.overview, Body: Overview, Wall };
