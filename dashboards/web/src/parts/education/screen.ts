import { lazy } from "../../lazy";
import type { Screen } from "../../screens";
import { words } from "../../words/page";

export const education: Screen = {
  id: "education",
  title: words.education,
  Body: lazy(async () => (await import("../reports/reports")).domain("education")),
  Wall: lazy(async () => (await import("../reports/reports")).domainWall("education")),
};
