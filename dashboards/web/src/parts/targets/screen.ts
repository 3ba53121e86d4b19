import { lazy } from "../../lazy";
import type { Screen } from "../../screens";
import { words } from "../../words/page";

export const targets: Screen = {
  id: "targets",
  title: words.targets,
  Body: lazy(async () => (await import("../reports/reports")).Targets),
};
