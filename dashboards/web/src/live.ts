// The connection: a snapshot, then its changes. After every break a new snapshot comes first, so that nothing that
// happened in between is missed, and then the stream goes on from the snapshot's epoch.

import { heard, silence, tell, tick } from "./clock";
import { BLIND_AFTER, Since } from "./hearing";
import type { Changes, Heartbeat, Hello, Overview } from "./model";
import { type Came, blind, epoch, startingUp, status, takeChanges, takeOverview } from "./store";
import { type Stream, mayListen, openStream } from "./stream";

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5000;
const SNAPSHOT_PATIENCE = 8000;
/** Two repaints lie so far apart at least: as far as two epochs of a busy center. Milliseconds. */
const APART = 100;

let stream: Stream | null = null;
let pause = FIRST_PAUSE;
let build: string | null = null;
let connecting = false;
let waiting: ReturnType<typeof setTimeout> | null = null;

/** What came since the last repaint. It is taken at once, unless that was just now: five messages a second are five
 * repaints, a hundred are ten. */
let gathered: Came[] = [];
let flush: ReturnType<typeof setTimeout> | null = null;
let repainted = 0;

/** Connects, and stays connected. */
export async function stayConnected(): Promise<void> {
  // A network that died without a word leaves a stream that looks open, and so does a sleep: when nothing is heard it is
  // given up, and only a new snapshot ends the silence.
  blind.subscribe((nothingHeard) => {
    if (nothingHeard && stream) reconnect();
  });
  // Whoever looks at the page again, or has a network again, does not wait for the end of a pause.
  for (const event of ["pageshow", "focus", "online"]) addEventListener(event, hurry);
  for (const event of ["visibilitychange", "resume"]) document.addEventListener(event, hurry);
  await connect();
}

async function connect(): Promise<void> {
  if (connecting || stream || !mayListen()) return;
  connecting = true;
  try {
    const overview = await snapshot();
    takeOverview(overview);
    listen(overview.build);
  } catch {
    later();
  } finally {
    connecting = false;
  }
}

async function snapshot(): Promise<Overview> {
  let response: Response;
  const asked = new Since();
  try {
    response = await fetch("/api/overview", { signal: AbortSignal.timeout(SNAPSHOT_PATIENCE) });
  } catch (error) {
    startingUp.value = "unreachable";
    throw error;
  }
  if (!response.ok) {
    startingUp.value = response.status === 503 ? "filling" : "unreachable";
    throw new Error(`overview: ${response.status}`);
  }
  const overview = (await response.json()) as Overview;
  // A machine that slept meanwhile has an answer of before.
  if (asked.elapsed() > BLIND_AFTER) throw new Error("overview: too late");
  freshBuildOrReload(overview.build);
  return overview;
}

function listen(served: string): void {
  const opened = openStream(epoch.value, served, {
    event(name, data) {
      // After a long silence this may be what lay somewhere for as long: it is not taken for news.
      if (silence() > BLIND_AFTER) tick();
      if (stream !== opened) return;
      pause = FIRST_PAUSE;
      take(name, data);
    },
    broken() {
      if (stream === opened) reconnect();
    },
  });
  stream = opened;
}

function take(name: string, data: string): void {
  if (name === "hello") {
    const hello = JSON.parse(data) as Hello;
    tell(hello.now, hello.clock_speed);
    freshBuildOrReload(hello.build);
  } else if (name === "changes") {
    heard();
    gathered.push({ changes: JSON.parse(data) as Changes, at: new Since() });
    flush ??= setTimeout(takeGathered, Math.max(0, repainted + APART - performance.now()));
  } else {
    const heartbeat = JSON.parse(data) as Heartbeat;
    tell(heartbeat.now, heartbeat.clock_speed);
    status.value = heartbeat.status;
  }
}

function takeGathered(): void {
  flush = null;
  repainted = performance.now();
  const taken = gathered;
  gathered = [];
  takeChanges(taken);
}

function reconnect(): void {
  stream?.close();
  stream = null;
  // The snapshot that comes has them, and must not be overwritten by them.
  gathered = [];
  later();
}

function later(): void {
  if (waiting !== null) return;
  // Spread, so that a hundred walls do not come back in the same instant.
  waiting = setTimeout(again, pause * (0.75 + Math.random() / 2));
  pause = Math.min(pause * 2, LONGEST_PAUSE);
}

function again(): void {
  if (waiting !== null) clearTimeout(waiting);
  waiting = null;
  void connect();
}

function hurry(): void {
  if (!stream && document.visibilityState === "visible") again();
}

function freshBuildOrReload(served: string): void {
  if (build !== null && build !== served) location.reload();
  build ??= served;
}
