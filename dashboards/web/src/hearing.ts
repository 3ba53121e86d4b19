// How long nothing was heard, by both clocks a browser has. The monotonic one stands still while the machine sleeps
// (Linux, macOS, phones); the wall clock is set now and then, and may be wrong by hours. Of a stretch of time the longer
// of the two is believed: a clock that is set forward looks like a sleep and costs one question, the other way round
// values of eight hours ago would be called fresh.

/** Without a sign of the server for so long nothing that is shown is the present. Milliseconds. */
export const BLIND_AFTER = 10_000;

/** A moment that time is measured from. */
export class Since {
  private monotonic = performance.now();
  private wall = Date.now();

  /** Begins anew. */
  restart(): void {
    this.monotonic = performance.now();
    this.wall = Date.now();
  }

  /** Milliseconds since, those that the machine slept counted. */
  elapsed(): number {
    return Math.max(performance.now() - this.monotonic, Date.now() - this.wall);
  }
}
