import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** A list, and how many of its rows fit whole: of so many all, or one less, since what is counted takes a row too. */
export function useWholeRows<E extends HTMLElement>(of: number): [RefObject<E | null>, number] {
  const list = useRef<E>(null);
  const room = useSignal(1);
  useLayoutEffect(() => {
    const at = list.current;
    if (!at) return;
    const measure = () => {
      const row = at.firstElementChild?.getBoundingClientRect().height || at.clientHeight;
      room.value = Math.max(1, Math.floor((at.clientHeight + 1) / row));
    };
    const watch = new ResizeObserver(measure);
    watch.observe(at);
    measure();
    return () => watch.disconnect();
  }, [of]);
  return [list, of > room.value ? Math.max(0, room.value - 1) : of];
}
