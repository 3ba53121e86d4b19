// The wall preset: /wall/overview?m=5&pitch=0.63&lang=en&page=1. Letters so large that the farthest reader still reads the smallest
// of them, nothing to click, and a picture that never burns in and never sleeps.

import { signal } from "@preact/signals";
import { LEAST } from "./plan";

/** Cap height a metre of distance asks for, in millimetres: 16 minutes of arc (NUREG-0700). */
const CAP_PER_METRE = 4.65;

/** Cap height of Inter in its font size. */
const CAP_HEIGHT = 0.727;

/** No letter is smaller, however near its reader. Pixels. */
const MINIMUM = 12;

/** Below so many letters a line the header leaves its title out, and below so many the date too. */
const NARROW = 70;
const TIGHT = 45;

const SHIFT_EVERY = 60_000;
const SHIFTS: [number, number][] = [[0, 0], [2, 0], [2, 2], [0, 2], [-2, 2], [-2, 0], [-2, -2], [0, -2], [2, -2]];

/** The trend goes on to the next station so often, unless something critical holds it. Milliseconds. */
export const ROTATE_EVERY = 30_000;

const path = location.pathname.split("/");
const asked = new URLSearchParams(location.search);

/** Whether this page is a wall. */
export const isWall = path[1] === "wall";

/** Of which screen, if it is one. */
export const wallScreen: string | null = isWall ? (path[2] ?? "") : null;

/** A number of the address within its bounds. */
function between(name: string, otherwise: number, least: number, most: number): number {
  const said = Number(asked.get(name));
  return Number.isFinite(said) && said > 0 ? Math.min(most, Math.max(least, said)) : otherwise;
}

/** The smallest font of the wall in pixels, for its farthest reader (metres) and its pixel pitch (millimetres). */
export function smallestFont(metres: number, pitch: number): number {
  return (CAP_PER_METRE * metres) / pitch / CAP_HEIGHT;
}

/** The one page that is asked for, where a wall of several screens gives each its own; null where they turn. */
export const onePage: number | null = asked.has("page") ? between("page", 1, 1, 99) : null;

/** Which of how many pages is on; null where everything is. */
export const paged = signal<[number, number] | null>(null);

/** How far the letters reach, in metres, where that is less than was asked for. */
export const reach = signal<number | null>(null);

/** How far the picture is moved now, in pixels. */
export const shift = signal<[number, number]>([0, 0]);

/** Makes the page a wall, if the address says so. */
export function followWall(): void {
  if (!isWall) return;
  const root = document.documentElement;
  root.classList.add("wall");
  const fit = () => {
    const metres = between("m", 5, 1, 30);
    const wanted = smallestFont(metres, between("pitch", 0.63, 0.1, 5));
    const most = Math.min(innerWidth / LEAST.width, innerHeight / LEAST.height);
    const letter = Math.max(MINIMUM, Math.min(wanted, most));
    root.style.fontSize = `${letter.toFixed(2)}px`;
    const letters = innerWidth / letter;
    if (letters < NARROW) root.dataset.room = letters < TIGHT ? "tight" : "narrow";
    else delete root.dataset.room;
    reach.value = letter < wanted ? (metres * letter) / wanted : null;
  };
  fit();
  addEventListener("resize", fit);
  let turn = 0;
  setInterval(() => {
    turn = (turn + 1) % SHIFTS.length;
    shift.value = SHIFTS[turn] ?? [0, 0];
  }, SHIFT_EVERY);
  void stayAwake();
  document.addEventListener("visibilitychange", () => void stayAwake());
}

async function stayAwake(): Promise<void> {
  if (document.visibilityState !== "visible") return;
  try {
    await navigator.wakeLock.request("screen");
  } catch {
    // Not granted, or not there: the machine's own settings decide.
  }
}
