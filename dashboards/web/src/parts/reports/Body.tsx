import { Urgent } from "../frame/Attention";
import { chosen } from "./chosen";
import { Receipts } from "./Receipts";
import { Story } from "./Story";
import { Values } from "./Values";

/** What agencies reported: what became of each message, and what is shown of a form and period. */
export function Body() {
  const report = chosen("report");
  return (
    <div class="reports">
      <Urgent />
      {report === "" ? <Receipts /> : <Story key={report} position={report} />}
      <Values />
    </div>
  );
}
