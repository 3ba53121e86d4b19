import { Urgent } from "../frame/Attention";
import { AlertList } from "./AlertList";
import { FeedStrip } from "./FeedStrip";
import { Kpis } from "./Kpis";
import { ProvinceMap } from "./ProvinceMap";
import { StationList } from "./StationList";
import { Trend } from "./Trend";

/** Feeds that stay readable on the narrowest desk. */
const SHOWN = 8;

/** Is something wrong, where, since when, who has it, can the number be trusted: in five seconds. */
export function Overview() {
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
