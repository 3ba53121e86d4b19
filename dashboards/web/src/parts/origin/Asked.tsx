import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useAsking } from "../../asking";
import { say } from "../../language";
import { originWords } from "../../words/alerts";

type State<T> = { kind: "loading" } | { kind: "missing" } | { kind: "failed" } | { kind: "shown"; answer: T };

interface Props<T> {
  url: string;
  /** When it moves the question is asked once more. */
  again?: unknown;
  children: (answer: T) => ComponentChildren;
}

/** One question to the server and what is said while it is not answered. */
export function Asked<T>({ url, again, children }: Props<T>) {
  const state = useSignal<State<T>>({ kind: "loading" });
  const tries = useSignal(0);
  const ask = async (stop: AbortSignal) => {
    try {
      const response = await fetch(url, { signal: stop });
      if (response.status === 404) state.value = { kind: "missing" };
      else if (!response.ok) throw new Error(String(response.status));
      else state.value = { kind: "shown", answer: (await response.json()) as T };
    } catch {
      if (!stop.aborted && state.peek().kind !== "shown") state.value = { kind: "failed" };
    }
    return null;
  };
  useAsking(ask, [url, tries.value], again);
  const shown = state.value;
  if (shown.kind === "shown") return <>{children(shown.answer)}</>;
  return (
    <div class="origin-wait" role="status">
      <p class="calm">{say(originWords[shown.kind])}</p>
      {shown.kind === "failed" && (
        <button type="button" onClick={() => (tries.value += 1)}>
          {say(originWords.again)}
        </button>
      )}
    </div>
  );
}

/** Names and what they are, in a line or two. */
export function Facts({ of }: { of: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {of
        .filter(([, value]) => value !== null && value !== "" && value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** What is asked of one, as of a revision or, where that is empty, as it is now. */
export function asked(of: Record<string, string>, revision: string): URLSearchParams {
  return new URLSearchParams(revision === "" ? of : { ...of, revision });
}
