// The server's clock, carried on between its messages. The PC's own clock is never asked: it may be wrong by hours,
// and every age on the page would be wrong with it.

import { signal } from "@preact/signals";

let told = 0;
let toldAt = 0;

/** Seconds of the server's clock in a second: more than 1 while recorded data is replayed. */
export const clockSpeed = signal(1);

/** The server's time, once a second. */
export const now = signal(0);

/** Milliseconds since this page last heard of the server; once a second. */
export const unheardFor = signal(0);

let heardAt = performance.now();

/** Takes the server's time from a message that just came. */
export function tell(serverNow: number, speed: number): void {
  told = serverNow;
  toldAt = performance.now();
  clockSpeed.value = speed;
  heard();
  now.value = serverNow;
}

/** Takes the server's time from a message that does not name the speed. */
export function tellNow(serverNow: number): void {
  tell(serverNow, clockSpeed.value);
}

/** Something came of the server. */
export function heard(): void {
  heardAt = performance.now();
  unheardFor.value = 0;
}

/** Starts ticking. */
export function startClock(): void {
  setInterval(() => {
    if (told > 0) {
      now.value = told + (performance.now() - toldAt) * clockSpeed.value;
    }
    unheardFor.value = performance.now() - heardAt;
  }, 1000);
}
