import { unheardFor } from "../../clock";
import { age } from "../../format";
import { say } from "../../language";
import { blind } from "../../store";
import { words } from "../../words/page";
import { Mark } from "./Mark";

/** Says that what is on the screen is not the present. The live region is there before it has anything to say. */
export function Blindness() {
  return (
    <div role="alert" class="blindness-region">
      {blind.value && (
        <p class="blindness" data-part="blindness">
          <Mark priority="critical" />
          <strong>{say(words.lost)}</strong>
          {/* The age changes every second: read once, with the alert, and not again. */}
          <span aria-hidden="true">
            {say({
              vi: `đã ${age(unheardFor.value)} không nhận được gì.`,
              en: `nothing heard for ${age(unheardFor.value)}.`,
            })}
          </span>
          <span>{say(words.lostMeaning)}</span>
        </p>
      )}
    </div>
  );
}
