// The controls of how numbers by place are read: as they were reported, on today's map, or on that of a day. It lives in the address.

import type { ReportMap } from "../../api";
import { say } from "../../language";
import { mapsWords } from "../../words/maps";
import { Choice } from "../frame/Choice";
import { choose, chosen } from "./chosen";
import { dayName } from "./names";

/** The one control of it; nothing where the pack has one map alone. */
export function MapChoice({ of }: { of: ReportMap | null | undefined }) {
  if (!of || of.maps.length < 2) return null;
  const former = of.maps.filter(({ to }) => to !== null).map(({ to }): [string, string] => [to ?? "", `${say(mapsWords.until)} ${dayName(to ?? "")}`]);
  return (
    <Choice
      value={chosen("map")}
      choose={(map) => choose({ map })}
      title={say(mapsWords.map)}
      any={say(mapsWords.reported)}
      of={[["today", say(mapsWords.today)], ...former.reverse()]}
    />
  );
}

/** Of which places sums are; nothing where the pack has no groups. */
export function GroupChoice({ of }: { of: ReportMap | null | undefined }) {
  if (!of || of.groups.length === 0) return null;
  return (
    <Choice
      value={chosen("group")}
      choose={(group) => choose({ group })}
      title={say(mapsWords.group)}
      any={say(mapsWords.all)}
      of={of.groups.map(({ id, name }): [string, string] => [id, say(name)])}
    />
  );
}
