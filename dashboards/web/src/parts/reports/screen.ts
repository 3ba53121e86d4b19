import { lazy } from "../../lazy";
import type { Screen } from "../../screens";
import { words } from "../../words/page";

export const reports: Screen = {
  id: "reports",
  title: words.reports,
  Body: lazy(async () => (await import("./reports")).Body),
};
