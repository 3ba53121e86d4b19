// Questions that are asked again while somebody looks: a hidden page asks nothing.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Problem } from "./api";
import type { Text } from "./model";
import { pictures } from "./store";
import { words } from "./words/page";

const EVERY = 15_000;
const PATIENCE = 15_000;

/** So long two questions lie apart at least, however often something is said that is asked for again: epochs come a tenth of a second apart. */
const APART = 1_000;

export interface Answered<T> {
  /** What was said last; null before the first word. */
  said: T | null;
  /** Why nothing newer is there. */
  trouble: Text | null;
}

/** Asks a question, and says in how many milliseconds it is asked again; null for not at all. It is stopped by its signal. */
type Ask = (stop: AbortSignal) => Promise<number | null>;

/** One question at a time, each behind the last. */
class Asking {
  readonly #ask: Ask;
  readonly #stop = new AbortController();
  #timer = 0;
  #asked = -Infinity;
  #isAsking = false;
  #isDue = false;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Asks now; not while an answer is waited for, or nobody looks. */
  readonly look = async (): Promise<void> => {
    window.clearTimeout(this.#timer);
    if (this.#isAsking || this.#stop.signal.aborted || document.visibilityState === "hidden") return;
    this.#isAsking = true;
    this.#isDue = false;
    this.#asked = performance.now();
    const next = await this.#ask(this.#stop.signal);
    this.#isAsking = false;
    if (this.#isDue) this.again();
    else if (next !== null) this.#in(next);
  };

  /** Asks once more: behind the answer that is waited for, and not at once behind the last question. */
  again(): void {
    this.#isDue = true;
    if (!this.#isAsking) this.#in(Math.max(0, this.#asked + APART - performance.now()));
  }

  end(): void {
    this.#stop.abort();
    window.clearTimeout(this.#timer);
  }

  #in(milliseconds: number): void {
    window.clearTimeout(this.#timer);
    if (!this.#stop.signal.aborted) this.#timer = window.setTimeout(() => void this.look(), milliseconds);
  }
}

/**
 * Asks at once, when the page is looked at again, and whenever what it is `of` is another; once more when `again` is another,
 * which ends no question that is under way.
 */
export function useAsking(ask: Ask, of: unknown[], again: unknown): void {
  const asking = useRef<Asking | null>(null);
  const known = useRef(again);
  useEffect(() => {
    const one = new Asking(ask);
    const seen = () => void one.look();
    asking.current = one;
    document.addEventListener("visibilitychange", seen);
    void one.look();
    return () => {
      one.end();
      document.removeEventListener("visibilitychange", seen);
    };
  }, [...of, pictures.value]);
  useEffect(() => {
    if (known.current === again) return;
    known.current = again;
    asking.current?.again();
  }, [again]);
}

/**
 * The answer to a question, asked at once, every 15 seconds where it moves, when the page is looked at again, and where it
 * moves also when `again` is another.
 */
export function useAnswer<T>(url: string, moves: boolean, again: unknown = null): Signal<Answered<T>> {
  const answer = useSignal<Answered<T>>({ said: null, trouble: null });
  const ask = async (stop: AbortSignal): Promise<number | null> => {
    try {
      const response = await fetch(url, { signal: AbortSignal.any([stop, AbortSignal.timeout(PATIENCE)]) });
      const body: unknown = await response.json();
      if (stop.aborted) return null;
      if (response.ok) answer.value = { said: body as T, trouble: null };
      else answer.value = { said: response.status === 400 ? null : answer.peek().said, trouble: why(response.status, body as Problem) };
    } catch {
      if (!stop.aborted) answer.value = { ...answer.peek(), trouble: words.notAnswered };
    }
    return moves || answer.peek().trouble === words.notAnswered ? EVERY : null;
  };
  useAsking(ask, [url, moves], moves ? again : null);
  return answer;
}

/** A question that cannot be meant is told so in the server's words. */
function why(status: number, { detail, detail_vi }: Problem): Text {
  return status === 400 ? { vi: detail_vi ?? detail, en: detail } : words.notAnswered;
}
