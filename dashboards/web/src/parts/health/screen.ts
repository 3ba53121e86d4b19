import { lazy } from "../../lazy";
import type { Screen } from "../../screens";
import { words } from "../../words/page";

export const health: Screen = {
  id: "health",
  title: words.health,
  Body: lazy(async () => (await import("../reports/reports")).domain("health")),
  Wall: lazy(async () => (await import("../reports/reports")).domainWall("health")),
};
