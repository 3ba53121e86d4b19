// The screens there are. A new one is a folder below `parts/` with its `screen.ts`, and a line here; which of them a
// province has, and in which order, its pack says.

import { computed } from "@preact/signals";
import type { ComponentType } from "preact";
import { view } from "./address";
import type { Text } from "./model";
import { economy } from "./parts/economy/screen";
import { education } from "./parts/education/screen";
import { feeds } from "./parts/feeds/screen";
import { health } from "./parts/health/screen";
import { ledger } from "./parts/ledger/screen";
import { overview } from "./parts/overview/screen";
import { reports } from "./parts/reports/screen";
import { security } from "./parts/security/screen";
import { targets } from "./parts/targets/screen";
import { pack } from "./store";
import { wallScreen } from "./wall";

export interface Screen {
  /** Its word in addresses and packs: `#/feeds`, `/wall/overview`. */
  id: string;
  /** In the menu. */
  title: Text;
  Body: ComponentType;
  /** What a wall shows of it; without one it is for desks alone. */
  Wall?: ComponentType;
}

const SCREENS: Screen[] = [overview, economy, health, education, targets, ledger, security, reports, feeds];

/** Those of the pack, in its order; the first is where one begins. */
export const screens = computed<Screen[]>(() => {
  const listed = pack.value?.screens.map((id) => SCREENS.find((screen) => screen.id === id));
  const known = listed?.filter((screen) => screen !== undefined) ?? [];
  return known.length > 0 ? known : SCREENS;
});

/** What is looked at: an address that means no screen of the pack means its first. */
export const screen = computed<Screen>(() => {
  const all = wallScreen === null ? screens.value : screens.value.filter(({ Wall }) => Wall);
  const wanted = wallScreen ?? view.value;
  return all.find(({ id }) => id === wanted) ?? all[0] ?? overview;
});
