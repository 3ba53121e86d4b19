// The picture as this browser has it: one signal a tile, one a feed, so that a change repaints only itself.

import { batch, computed, signal, type Signal } from "@preact/signals";
import { clockSpeed, now, tell, tellNow, unheardFor } from "./clock";
import type { Changes, Feed, FeedNames, HourPoint, Overview, Pack, Reject, Status, Tile } from "./model";

const HOURS_KEPT = 24;
const REJECTS_KEPT = 50;

/** Without a sign of the server for so long the page calls itself blind. Milliseconds. */
export const BLIND_AFTER = 10_000;

/** Without a report of the pipeline to its own server for so long it is called stopped. Milliseconds. */
export const STOPPED_AFTER = 15_000;

export const pack = signal<Pack | null>(null);
export const status = signal<Status | null>(null);
export const rejects = signal<Reject[]>([]);
export const epoch = signal(0);
export const heartbeatEvery = signal(3000);

/** Why the first picture is not there yet. */
export const startingUp = signal<"connecting" | "filling" | "unreachable">("connecting");

const tiles = new Map<string, Signal<Tile>>();
const feeds = new Map<string, Signal<Feed>>();

/** Grows when tiles or feeds appear that were not there before. */
export const roster = signal(0);

export const blind = computed(() => unheardFor.value > BLIND_AFTER);

export const feedNames = computed(() => new Map<string, FeedNames>((pack.value?.feeds ?? []).map((feed) => [feed.id, feed])));

export function seriesKey(subject: string, indicator: string): string {
  return `${subject}/${indicator}`;
}

export function tileOf(subject: string, indicator: string): Signal<Tile> {
  const key = seriesKey(subject, indicator);
  let tile = tiles.get(key);
  if (!tile) {
    tile = signal<Tile>({ subject, indicator, latest: null, hours: [] });
    tiles.set(key, tile);
  }
  return tile;
}

export function allTiles(): Tile[] {
  void roster.value;
  return [...tiles.values()].map((tile) => tile.value);
}

export function allFeeds(): Signal<Feed>[] {
  void roster.value;
  return [...feeds.values()];
}

/** Takes a whole picture: nothing of the former one stays. */
export function takeOverview(overview: Overview): void {
  batch(() => {
    tell(overview.picture.now, overview.clock_speed);
    heartbeatEvery.value = overview.heartbeat;
    pack.value = overview.pack;
    status.value = overview.status;
    const present = new Set(overview.picture.tiles.map((tile) => seriesKey(tile.subject, tile.indicator)));
    for (const key of [...tiles.keys()]) {
      if (!present.has(key)) tiles.delete(key);
    }
    for (const tile of overview.picture.tiles) {
      tileOf(tile.subject, tile.indicator).value = tile;
    }
    feeds.clear();
    for (const feed of overview.picture.feeds) feeds.set(feed.id, signal(feed));
    rejects.value = overview.picture.rejects.slice(0, REJECTS_KEPT);
    epoch.value = overview.picture.epoch;
    roster.value += 1;
  });
}

/** Takes what changed since the epoch this page has. */
export function takeChanges(changes: Changes): void {
  batch(() => {
    tellNow(changes.now);
    for (const tile of changes.tiles) {
      const shown = tileOf(tile.subject, tile.indicator);
      shown.value = { ...tile, hours: mergeHours(shown.value.hours, tile.hours) };
    }
    for (const feed of changes.feeds) {
      const shown = feeds.get(feed.id);
      if (shown) {
        shown.value = feed;
      } else {
        feeds.set(feed.id, signal(feed));
        roster.value += 1;
      }
    }
    if (changes.rejects.length > 0) {
      const fresh = new Set(changes.rejects.map(rejectKey));
      const known = rejects.value.filter((reject) => !fresh.has(rejectKey(reject)));
      rejects.value = [...changes.rejects, ...known].slice(0, REJECTS_KEPT);
    }
    epoch.value = changes.epoch;
  });
}

function mergeHours(shown: HourPoint[], revised: HourPoint[]): HourPoint[] {
  if (revised.length === 0) return shown;
  const byStart = new Map(shown.map((hour) => [hour.start, hour]));
  for (const hour of revised) byStart.set(hour.start, hour);
  return [...byStart.values()].sort((a, b) => a.start - b.start).slice(-HOURS_KEPT);
}

/** A reject's identity: the row of the envelope it is. */
export function rejectKey(reject: Reject): string {
  return `${reject.position}/${reject.row}/${reject.whole}`;
}

/** What passes between machines at the speeded clock of a replay: a second there is not lateness. Milliseconds. */
export function grace(): number {
  return 3000 * clockSpeed.value;
}

/** How long ago a moment was on the server's clock; a moment slightly ahead counts as now. Milliseconds. */
export function ageOf(moment: number): number {
  return Math.max(0, now.value - moment);
}
