import { useEffect } from "preact/hooks";
import { chooseSeries } from "../../address";
import { stationsNow } from "../../kpis";
import { indexOfKind } from "../../judgement";
import { selection } from "../../selection";
import { alerts, pack } from "../../store";
import { ROTATE_EVERY, isWall } from "../../wall";
import { Urgent } from "../frame/Attention";
import { AlertList } from "./AlertList";
import { FeedStrip } from "./FeedStrip";
import { Kpis } from "./Kpis";
import { ProvinceMap } from "./ProvinceMap";
import { StationList } from "./StationList";
import { Trend } from "./Trend";
import { Wall } from "./Wall";

/** Feeds that stay readable on the narrowest desk. */
const SHOWN = 8;

/** Is something wrong, where, since when, who has it, can the number be trusted: in five seconds. */
export function Overview() {
  useRotation();
  if (isWall) return <Wall />;
  return (
    <div class="overview">
      <Urgent />
      <div class="overview-grid">
        <div class="overview-left">
          <Kpis />
          <StationList />
        </div>
        <ProvinceMap />
        <AlertList />
        <Trend />
        <FeedStrip cells={SHOWN} />
      </div>
    </div>
  );
}

/** On a wall the trend goes from station to station; something critical holds it at its own. */
function useRotation(): void {
  useEffect(() => {
    if (!isWall) return;
    const turn = () => {
      const critical = [...alerts.peek().values()].find((alert) => alert.active && alert.priority === "critical");
      const series = stationsNow()
        .map((station) => ({ station, index: indexOfKind(station.kind) }))
        .filter(({ index }) => index !== null && pack.peek()?.indices[index] !== undefined);
      const at = series.findIndex(({ station }) => station.id === (critical?.subject ?? selection.peek()?.subject));
      const next = series[critical && at >= 0 ? at : (at + 1) % Math.max(1, series.length)];
      if (next?.index) chooseSeries(next.station.id, next.index);
    };
    const timer = setInterval(turn, ROTATE_EVERY);
    return () => clearInterval(timer);
  }, []);
}
