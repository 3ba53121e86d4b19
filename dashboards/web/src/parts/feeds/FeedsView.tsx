import { Attention } from "../frame/Attention";
import { Trend } from "../overview/Trend";
import { Clients } from "./Clients";
import { Feeds } from "./Feeds";
import { Held } from "./Held";
import { Pulls } from "./Pulls";
import { Rejects } from "./Rejects";
import { Replays } from "./Replays";
import { Stations } from "./Stations";

/** What waits for a decision, every station's values, every feed's balance, who is asked, what was rejected and read again, who sends. */
export function FeedsView() {
  return (
    <>
      <Attention />
      <Held />
      <div class="columns">
        <Stations />
        <div class="side">
          <Trend />
          <Rejects />
        </div>
      </div>
      <Feeds />
      <Pulls />
      <Replays />
      <Clients />
    </>
  );
}
