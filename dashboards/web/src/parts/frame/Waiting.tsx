import type { Answered } from "../../asking";
import { say } from "../../language";
import { words } from "../../words/page";

/** Why nothing newer is there; until the first word, that it is on its way. */
export function Waiting({ for: { said, trouble } }: { for: Answered<unknown> }) {
  if (trouble) {
    return (
      <p role="alert" class="event-trouble">
        {say(trouble)}
      </p>
    );
  }
  if (said) return null;
  return (
    <p class="calm" role="status">
      {say(words.loading)}
    </p>
  );
}
