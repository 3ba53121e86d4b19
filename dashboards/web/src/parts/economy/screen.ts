import { lazy } from "../../lazy";
import type { Screen } from "../../screens";
import { words } from "../../words/page";

export const economy: Screen = {
  id: "economy",
  title: words.economy,
  Body: lazy(async () => (await import("../reports/reports")).domain("economy")),
  Wall: lazy(async () => (await import("../reports/reports")).domainWall("economy")),
};
