// The server's clock, carried on between its messages. What the PC's own clock says is never asked, since it may be wrong
// by hours and every age on the page would be wrong with it; only how far it went is, since it alone goes on in a sleep.

import { signal } from "@preact/signals";
import { Since } from "./hearing";

let told = 0;
let toldAt = new Since();

/** Seconds of the server's clock in a second: more than 1 while recorded data is replayed. */
export const clockSpeed = signal(1);

/** The server's time, once a second. */
export const now = signal(0);

/** Milliseconds since this page last heard of the server; once a second. */
export const unheardFor = signal(0);

const heardAt = new Since();

/** Takes the server's time from a message that just came. */
export function tell(serverNow: number, speed: number): void {
  told = serverNow;
  toldAt = new Since();
  clockSpeed.value = speed;
  heard();
  now.value = serverNow;
}

/** Takes the server's time from a message that came a while ago: a hidden page reads late. */
export function tellSince(serverNow: number, came: Since): void {
  told = serverNow;
  toldAt = came;
  now.value = serverNow + came.elapsed() * clockSpeed.value;
}

/** Something came of the server. */
export function heard(): void {
  heardAt.restart();
  unheardFor.value = 0;
}

/** Milliseconds since something came, to this moment: asked for every message, so that nothing is repainted for it. */
export function silence(): number {
  return heardAt.elapsed();
}

/** Brings every age up to this moment. */
export function tick(): void {
  if (told > 0) now.value = told + toldAt.elapsed() * clockSpeed.value;
  unheardFor.value = heardAt.elapsed();
}

/** Starts ticking. A page that was hidden, frozen or asleep is up to date before anybody looks at it. */
export function startClock(): void {
  setInterval(tick, 1000);
  for (const event of ["visibilitychange", "resume"]) document.addEventListener(event, tick);
  for (const event of ["pageshow", "focus", "online"]) addEventListener(event, tick);
}
