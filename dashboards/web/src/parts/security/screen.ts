import { lazy } from "../../lazy";
import type { Screen } from "../../screens";
import { words } from "../../words/page";

export const security: Screen = {
  id: "security",
  title: words.security,
  Body: lazy(async () => (await import("./security")).Body),
  Wall: lazy(async () => (await import("./security")).Wall),
};
