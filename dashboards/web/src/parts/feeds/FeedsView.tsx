import { Attention } from "../frame/Attention";
import { Trend } from "../overview/Trend";
import { Clients } from "./Clients";
import { Feeds } from "./Feeds";
import { Rejects } from "./Rejects";
import { Stations } from "./Stations";

/** Every station's values, every feed's balance, what was rejected, who sends. */
export function FeedsView() {
  return (
    <>
      <Attention />
      <div class="columns">
        <Stations />
        <div class="side">
          <Trend />
          <Rejects />
        </div>
      </div>
      <Feeds />
      <Clients />
    </>
  );
}
