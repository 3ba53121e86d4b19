// Parts of the page that come when they are looked at first: what everybody loads at once stays small. Their files have
// fixed names like all others; when the server has other ones the page loads itself anew before it asks for them.

import { type Signal, signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { say } from "./language";
import { pictures } from "./store";
import { originWords } from "./words/alerts";

/** The part, and until it is there that it comes or that it could not be had. After a break it is tried again. */
export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const part: Signal<ComponentType<Props> | null> = signal(null);
  const failed = signal(false);
  const begin = async () => {
    failed.value = false;
    try {
      part.value = part.peek() ?? (await load());
    } catch {
      failed.value = true;
    }
  };
  return (props: Props) => {
    useEffect(() => void begin(), [pictures.value]);
    const Part = part.value;
    if (Part) return <Part {...props} />;
    return (
      <div class="origin-wait" role="status">
        <p class="calm">{say(originWords[failed.value ? "failed" : "loading"])}</p>
        {failed.value && (
          <button type="button" onClick={() => void begin()}>
            {say(originWords.again)}
          </button>
        )}
      </div>
    );
  };
}
