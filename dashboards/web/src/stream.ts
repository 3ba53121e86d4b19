// The server's stream as one page has it: of the worker that all pages of this browser share, else of its own. A page
// with its own stream lets go of it while nobody sees the page, so that those that are seen get through.

import workerUrl from "./stream.worker?sharedworker&url";

export type ToWorker = { kind: "follow"; since: number } | { kind: "read" } | { kind: "leave" };
export type FromWorker = { kind: "here" } | { kind: "event"; event: string; data: string } | { kind: "broken" };

export interface Listener {
  event(name: string, data: string): void;
  /** Nothing more comes: a new snapshot is needed. */
  broken(): void;
}

export interface Stream {
  close(): void;
}

/** A worker that does not answer within this time does not run. Milliseconds. */
const WORKER_PATIENCE = 5000;

let shares = "SharedWorker" in globalThis;

/** Whether this page may have a stream now. */
export function mayListen(): boolean {
  return shares || document.visibilityState === "visible";
}

/** Everything that happens since an epoch. Pages of another build have another stream: they speak another language. */
export function openStream(since: number, build: string, listener: Listener): Stream {
  return shares ? shared(since, build, listener) : own(since, listener);
}

function shared(since: number, build: string, listener: Listener): Stream {
  let worker: SharedWorker;
  try {
    worker = new SharedWorker(workerUrl, { name: `ioc ${build}` });
  } catch {
    shares = false;
    return own(since, listener);
  }
  const { port } = worker;
  const say = (message: ToWorker) => port.postMessage(message);
  const giveUp = () => {
    shares = false;
    clearTimeout(patience);
    listener.broken();
  };
  const patience = setTimeout(giveUp, WORKER_PATIENCE);
  worker.onerror = giveUp;
  port.onmessage = ({ data: said }: MessageEvent<FromWorker>) => {
    if (said.kind === "here") clearTimeout(patience);
    else if (said.kind === "broken") listener.broken();
    else {
      say({ kind: "read" });
      listener.event(said.event, said.data);
    }
  };
  const hide = () => listener.broken();
  addEventListener("pagehide", hide);
  say({ kind: "follow", since });
  return {
    close() {
      clearTimeout(patience);
      removeEventListener("pagehide", hide);
      worker.onerror = null;
      port.onmessage = null;
      say({ kind: "leave" });
    },
  };
}

function own(since: number, listener: Listener): Stream {
  const source = new EventSource(`/api/events?since=${since}`);
  const take = (event: MessageEvent<string>) => listener.event(event.type, event.data);
  for (const name of ["hello", "changes", "heartbeat"]) source.addEventListener(name, take);
  // EventSource would come back by itself with the changes alone, or give up for good on an error status.
  source.addEventListener("error", () => listener.broken());
  const hide = () => {
    if (document.visibilityState === "hidden") listener.broken();
  };
  document.addEventListener("visibilitychange", hide);
  return {
    close() {
      document.removeEventListener("visibilitychange", hide);
      source.close();
    },
  };
}
