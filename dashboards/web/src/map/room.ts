// The map that the pack has, read once, and the room there is for it.

import { type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Topology } from "topojson-specification";
import { hasMap, pack } from "../store";
import { type Geometry, geometryOf } from "./geometry";

export type Loaded = { state: "loading" } | { state: "failed" } | { state: "shown"; geometry: Geometry };

/** The map is the pack's: what was read of it once is kept, since a wall comes back to it page after page. */
let read: { version: string | undefined; geometry: Geometry } | null = null;

export function useGeometry(): Loaded {
  const loaded = useSignal<Loaded>({ state: "loading" });
  const wanted = hasMap.value;
  const version = pack.value?.version;
  useEffect(() => {
    if (wanted) void load(loaded);
    else loaded.value = { state: "failed" };
  }, [wanted, version]);
  return loaded.value;
}

async function load(loaded: Signal<Loaded>): Promise<void> {
  const version = pack.peek()?.version;
  try {
    if (read && read.version === version) {
      loaded.value = { state: "shown", geometry: read.geometry };
      return;
    }
    const response = await fetch("/api/map");
    if (!response.ok) throw new Error(String(response.status));
    const geometry = geometryOf((await response.json()) as Topology);
    read = { version, geometry };
    loaded.value = { state: "shown", geometry };
  } catch {
    loaded.value = { state: "failed" };
  }
}

export interface Size {
  width: number;
  height: number;
  /** Of a letter. */
  font: number;
}

/** The element that a map is drawn in, and how large that is; null before it is known. */
export function useRoom(geometry: Geometry): [RefObject<HTMLDivElement | null>, Size | null] {
  const room = useRef<HTMLDivElement>(null);
  const size = useSignal<Size | null>(null);
  useLayoutEffect(() => {
    const at = room.current;
    if (!at) return;
    const measure = () => {
      const box = at.getBoundingClientRect();
      size.value = { width: box.width, height: box.height, font: Number.parseFloat(getComputedStyle(at).fontSize) };
    };
    const watch = new ResizeObserver(measure);
    watch.observe(at);
    return () => watch.disconnect();
  }, [geometry]);
  return [room, size.value];
}

/** Where the map lies in its room. */
export function placedIn(geometry: Geometry, { width, height, font }: Size): { scale: number; left: number; top: number } {
  const edge = 0.4 * font;
  const scale = Math.min((width - 2 * edge) / geometry.width, (height - 2 * edge) / geometry.height);
  return { scale, left: (width - geometry.width * scale) / 2, top: (height - geometry.height * scale) / 2 };
}
