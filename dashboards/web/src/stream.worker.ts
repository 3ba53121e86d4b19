// One stream for all pages of a browser. Over HTTP/1.1 a browser opens six connections to a host, all its tabs together;
// with a stream a tab the seventh tab gets nothing, and an alert cannot be acknowledged in the six before it. A shared
// worker and not an elected tab: it lives as long as any page does, is not frozen with a hidden one, and unlike the
// browser's locks it is there on plain HTTP in the control room's own network.
//
// A page comes with the epoch of its snapshot. What came since then is handed to it; where that is not kept any more, or
// the stream went silent, it is told to take a new snapshot.

import { BLIND_AFTER, Since } from "./hearing";
import type { FromWorker, ToWorker } from "./stream";

/** Changes kept for a page whose snapshot was under way while they came. */
const KEPT = 60;

/** Messages a page may leave unread. One that is frozen or gone says nothing: it takes a new snapshot when it is back. */
const MOST_UNREAD = 200;

interface Page {
  port: MessagePort;
  since: number;
  unread: number;
}

interface Change {
  epoch: number;
  data: string;
}

const pages = new Set<Page>();
const heardAt = new Since();
let source: EventSource | null = null;
/** The stream has all changes behind this epoch: those that are kept, and those to come. */
let from = 0;
let kept: Change[] = [];

const scope = self as unknown as { onconnect: (event: MessageEvent) => void };

scope.onconnect = ({ ports }) => {
  const port = ports[0];
  if (!port) return;
  let page: Page | null = null;
  port.onmessage = ({ data: said }: MessageEvent<ToWorker>) => {
    if (said.kind === "follow") {
      page = { port, since: said.since, unread: 0 };
      follow(page);
    } else if (said.kind === "read") {
      if (page) page.unread = 0;
    } else if (page) {
      leave(page);
      port.close();
    }
  };
  tell(port, { kind: "here" });
};

function tell(port: MessagePort, message: FromWorker): void {
  port.postMessage(message);
}

function follow(page: Page): void {
  if (source && heardAt.elapsed() > BLIND_AFTER) broken();
  if (source && page.since < from) {
    tell(page.port, { kind: "broken" });
    return;
  }
  pages.add(page);
  if (!source) {
    open(page.since);
    return;
  }
  for (const { epoch, data } of kept) {
    if (epoch > page.since) send(page, "changes", data);
  }
}

function leave(page: Page): void {
  pages.delete(page);
  if (pages.size === 0) close();
}

function open(since: number): void {
  const opened = new EventSource(`/api/events?since=${since}`);
  source = opened;
  from = since;
  kept = [];
  heardAt.restart();
  const take = (event: MessageEvent<string>) => {
    // The first words after a long silence may have lain somewhere for as long: they prove nothing.
    if (heardAt.elapsed() > BLIND_AFTER) return broken();
    heardAt.restart();
    const epoch = event.type === "changes" ? Number(event.lastEventId) : null;
    if (epoch !== null) keep({ epoch, data: event.data });
    for (const page of pages) {
      if (epoch === null || epoch > page.since) send(page, event.type, event.data);
    }
  };
  for (const name of ["hello", "changes", "heartbeat"]) opened.addEventListener(name, take);
  // EventSource would come back by itself with the changes alone, or give up for good on an error status.
  opened.addEventListener("error", broken);
}

function keep(change: Change): void {
  kept.push(change);
  if (kept.length > KEPT) from = kept.shift()?.epoch ?? from;
}

function send(page: Page, event: string, data: string): void {
  page.unread += 1;
  if (page.unread > MOST_UNREAD) {
    tell(page.port, { kind: "broken" });
    leave(page);
    return;
  }
  tell(page.port, { kind: "event", event, data });
}

function close(): void {
  source?.close();
  source = null;
  kept = [];
}

/** Every page has to take a new snapshot. */
function broken(): void {
  close();
  for (const { port } of pages) tell(port, { kind: "broken" });
  pages.clear();
}

setInterval(() => {
  if (source && heardAt.elapsed() > BLIND_AFTER) broken();
}, 1000);
