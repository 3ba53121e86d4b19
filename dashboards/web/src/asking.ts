// Questions that are asked again while somebody looks: a hidden page asks nothing.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Problem } from "./api";
import type { Text } from "./model";
import { pictures } from "./store";
import { words } from "./words/page";

const EVERY = 15_000;
const PATIENCE = 15_000;

export interface Answered<T> {
  /** What was said last; null before the first word. */
  said: T | null;
  /** Why nothing newer is there. */
  trouble: Text | null;
}

/**
 * The answer to a question, asked at once, every 15 seconds where it moves, when the page is looked at again, and where it
 * moves also when `again` is another.
 */
export function useAnswer<T>(url: string, moves: boolean, again: unknown = null): Signal<Answered<T>> {
  const answer = useSignal<Answered<T>>({ said: null, trouble: null });
  useEffect(() => {
    const stop = new AbortController();
    let timer = 0;
    let asking = false;
    const look = async () => {
      window.clearTimeout(timer);
      if (asking || document.visibilityState === "hidden") return;
      asking = true;
      try {
        const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(PATIENCE)]);
        const response = await fetch(url, { signal });
        const body: unknown = await response.json();
        if (stop.signal.aborted) return;
        if (response.ok) answer.value = { said: body as T, trouble: null };
        else answer.value = { said: response.status === 400 ? null : answer.peek().said, trouble: why(response.status, body as Problem) };
      } catch {
        if (!stop.signal.aborted) answer.value = { ...answer.peek(), trouble: words.notAnswered };
      }
      asking = false;
      if (!stop.signal.aborted && (moves || answer.peek().trouble === words.notAnswered)) timer = window.setTimeout(() => void look(), EVERY);
    };
    const seen = () => void look();
    document.addEventListener("visibilitychange", seen);
    void look();
    return () => {
      stop.abort();
      window.clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [url, moves, pictures.value, moves ? again : null]);
  return answer;
}

/** A question that cannot be meant is told so in the server's words. */
function why(status: number, { detail, detail_vi }: Problem): Text {
  return status === 400 ? { vi: detail_vi ?? detail, en: detail } : words.notAnswered;
}
