// The connection: a snapshot, then its changes. After every break a new snapshot comes first, so that nothing that
// happened in between is missed, and then the stream goes on from the snapshot's epoch.

import { heard, tell } from "./clock";
import type { Changes, Heartbeat, Hello, Overview } from "./model";
import { blind, epoch, startingUp, status, takeChanges, takeOverview } from "./store";

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5000;
const SNAPSHOT_PATIENCE = 8000;
const GATHER = 250;

let source: EventSource | null = null;
let pause = FIRST_PAUSE;
let build: string | null = null;
let connecting = false;
let waiting = false;

/** What came since the last repaint. Messages are taken together: five a second are four repaints, a hundred too. */
let gathered: Changes[] = [];
let flush: ReturnType<typeof setTimeout> | null = null;

/** Connects, and stays connected. */
export async function stayConnected(): Promise<void> {
  // A network that died without a word leaves a stream that looks open: when nothing is heard it is given up.
  blind.subscribe((nothingHeard) => {
    if (nothingHeard && source) reconnect();
  });
  await connect();
}

async function connect(): Promise<void> {
  if (connecting) return;
  connecting = true;
  try {
    takeOverview(await snapshot());
    listen();
  } catch {
    later();
  } finally {
    connecting = false;
  }
}

async function snapshot(): Promise<Overview> {
  let response: Response;
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
  freshBuildOrReload(overview.build);
  return overview;
}

function listen(): void {
  const opened = new EventSource(`/api/events?since=${epoch.value}`);
  source = opened;
  opened.addEventListener("hello", (event) => {
    const hello = JSON.parse(event.data) as Hello;
    pause = FIRST_PAUSE;
    tell(hello.now, hello.clock_speed);
    freshBuildOrReload(hello.build);
  });
  opened.addEventListener("changes", (event) => {
    heard();
    gathered.push(JSON.parse(event.data) as Changes);
    flush ??= setTimeout(takeGathered, GATHER);
  });
  opened.addEventListener("heartbeat", (event) => {
    const heartbeat = JSON.parse(event.data) as Heartbeat;
    tell(heartbeat.now, heartbeat.clock_speed);
    status.value = heartbeat.status;
  });
  // EventSource would come back by itself with the changes alone, or give up for good on an error status.
  opened.addEventListener("error", () => reconnect());
}

function takeGathered(): void {
  flush = null;
  const taken = gathered;
  gathered = [];
  takeChanges(taken);
}

function reconnect(): void {
  source?.close();
  source = null;
  // The snapshot that comes has them, and must not be overwritten by them.
  gathered = [];
  later();
}

function later(): void {
  if (waiting) return;
  waiting = true;
  // Spread, so that a hundred walls do not come back in the same instant.
  setTimeout(() => {
    waiting = false;
    void connect();
  }, pause * (0.75 + Math.random() / 2));
  pause = Math.min(pause * 2, LONGEST_PAUSE);
}

function freshBuildOrReload(served: string): void {
  if (build !== null && build !== served) location.reload();
  build ??= served;
}
