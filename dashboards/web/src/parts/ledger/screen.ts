import { lazy } from "../../lazy";
import type { Screen } from "../../screens";
import { words } from "../../words/page";

export const ledger: Screen = {
  id: "ledger",
  title: words.ledger,
  Body: lazy(async () => (await import("./ledger")).Ledger),
  Wall: lazy(async () => (await import("./ledger")).LedgerWall),
};
