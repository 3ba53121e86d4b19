// The picture as this browser has it: one signal a tile, an index, a station, a feed, so that a change repaints only
// itself.

import { batch, computed, signal, type Signal } from "@preact/signals";
import { now, tell, tellSince, unheardFor } from "./clock";
import { BLIND_AFTER, type Since } from "./hearing";
import type {
  Alert,
  Assessment,
  Averaging,
  Changes,
  Feed,
  FeedNames,
  Figure,
  FigureId,
  IndexKind,
  IndexSeries,
  Overview,
  Pack,
  Reject,
  StationNames,
  StationState,
  Status,
  Tile,
  Text,
} from "./model";

const HOURS_KEPT = 24;
const REJECTS_KEPT = 50;
const INDEX_KEPT: Record<IndexKind, number> = { hour: 48, day: 30 };

export const pack = signal<Pack | null>(null);
export const hasMap = signal(false);
export const status = signal<Status | null>(null);
export const rejects = signal<Reject[]>([]);
export const epoch = signal(0);

/** The last epoch that said something of what agencies owe: who shows that asks anew. */
export const ledger = signal(0);

/** Grows with every whole picture: what else was asked of the server is asked anew. */
export const pictures = signal(0);

/** Open alerts: active, or not acknowledged. */
export const alerts = signal<ReadonlyMap<string, Alert>>(new Map());

/** How many alerts are open: more than are listed when there are very many. */
export const alertsOpen = signal(0);

/** What may pass from a machine to this page, on the server's clock. Milliseconds. */
export const grace = signal(0);

/** Why the first picture is not there yet. */
export const startingUp = signal<"connecting" | "filling" | "unreachable">("connecting");

const tiles = new Map<string, Signal<Tile>>();
const feeds = new Map<string, Signal<Feed>>();
const indices = new Map<string, Signal<IndexSeries>>();
const states = new Map<string, Signal<StationState>>();
const assessments = new Map<string, Signal<Assessment>>();
const figures = new Map<string, Signal<Figure | null>>();

/** Grows when things appear that were not there before. */
export const roster = signal(0);

export const blind = computed(() => unheardFor.value > BLIND_AFTER);

export const feedNames = computed(() => new Map<string, FeedNames>((pack.value?.feeds ?? []).map((feed) => [feed.id, feed])));

export const stationNames = computed(
  () => new Map<string, StationNames>((pack.value?.stations ?? []).map((station) => [station.id, station])),
);

/** What a station or a log source is called. */
export function subjectName(id: string): Text {
  return stationNames.value.get(id)?.name ?? pack.value?.log_sources[id] ?? { vi: id, en: id };
}

function tileKey({ subject, indicator }: { subject: string; indicator: string }): string {
  return `${subject}/${indicator}`;
}

function indexKey({ index, subject, kind }: { index: string; subject: string; kind: IndexKind }): string {
  return `${index}/${subject}/${kind}`;
}

function assessmentKey(it: { indicator: string; subject: string; averaging: Averaging }): string {
  return `${it.indicator}/${it.subject}/${it.averaging}`;
}

function held<T>(all: Map<string, Signal<T>>, key: string, empty: () => T): Signal<T> {
  let one = all.get(key);
  if (!one) {
    one = signal(empty());
    all.set(key, one);
  }
  return one;
}

const noTile = (subject: string, indicator: string): Tile => ({
  subject,
  place: null,
  indicator,
  late_from: null,
  stale_from: null,
  latest: null,
  hours: [],
});

export function tileOf(subject: string, indicator: string): Signal<Tile> {
  return held(tiles, tileKey({ subject, indicator }), () => noTile(subject, indicator));
}

export function indexOf(index: IndexSeries["index"], subject: string, kind: IndexKind): Signal<IndexSeries> {
  const empty = { index, subject, place: null, kind, late_from: null, stale_from: null, latest: null, history: [] };
  return held(indices, indexKey(empty), () => empty);
}

export function stateOf(subject: string): Signal<StationState> {
  return held(states, subject, () => ({ subject, place: null, standing: null, priority: null, missing: { never: 0, stale: 0, since: null, all: 0 }, concerns: [], status: null, since: null, last_event: null, clock_off: null }));
}

/** A figure of the overview as the flow said it last; null before it said anything. */
export function figureOf(id: FigureId): Signal<Figure | null> {
  return held<Figure | null>(figures, id, () => null);
}

/** The newest judgements of one station. */
export function assessmentsAt(subject: string): Assessment[] {
  void roster.value;
  return [...assessments.values()].map((shown) => shown.value).filter((it) => it.subject === subject);
}

export function allFeeds(): Signal<Feed>[] {
  void roster.value;
  return [...feeds.values()];
}

/** Takes a whole picture: nothing of the former one stays. */
export function takeOverview(overview: Overview): void {
  const { picture } = overview;
  batch(() => {
    tell(picture.now, overview.clock_speed);
    grace.value = overview.grace;
    pack.value = overview.pack;
    hasMap.value = overview.has_map;
    status.value = overview.status;
    replace(tiles, picture.tiles, tileKey, ({ subject, indicator }) => noTile(subject, indicator));
    replace(indices, picture.indices, indexKey, (series) => ({ ...series, latest: null, history: [] }));
    replace(states, picture.stations, ({ subject }) => subject, (state) => ({ ...state, standing: null, priority: null, concerns: [], status: null, clock_off: null }));
    replace(assessments, picture.assessments, assessmentKey);
    replace(feeds, picture.feeds, ({ id }) => id);
    for (const shown of figures.values()) shown.value = null;
    for (const figure of picture.figures) figureOf(figure.figure).value = figure;
    rejects.value = picture.rejects.slice(0, REJECTS_KEPT);
    alerts.value = new Map(picture.alerts.map((alert) => [alert.id, alert]));
    alertsOpen.value = picture.alerts_open;
    epoch.value = picture.epoch;
    ledger.value = picture.ledger ?? 0;
    roster.value += 1;
    pictures.value += 1;
  });
}

/** What is not in the new picture is emptied where something may still look at it, else dropped. */
function replace<T>(all: Map<string, Signal<T>>, fresh: T[], keyOf: (it: T) => string, emptied?: (it: T) => T): void {
  const present = new Set(fresh.map(keyOf));
  for (const [key, shown] of all) {
    if (present.has(key)) continue;
    if (emptied) shown.value = emptied(shown.value);
    else all.delete(key);
  }
  for (const it of fresh) held(all, keyOf(it), () => it).value = it;
}

/** Changes as they came. */
export interface Came {
  changes: Changes;
  at: Since;
}

/** Takes what changed since the epoch this page has, of any number of messages at once. */
export function takeChanges(all: Came[]): void {
  batch(() => {
    for (const { changes } of all) takeOne(changes);
    const last = all.at(-1);
    if (last) tellSince(last.changes.now, last.at);
  });
}

function takeOne(changes: Changes): void {
  for (const tile of changes.tiles) {
    const shown = tileOf(tile.subject, tile.indicator);
    shown.value = { ...tile, hours: merged(shown.peek().hours, tile.hours, HOURS_KEPT) };
  }
  for (const series of changes.indices) {
    const shown = indexOf(series.index, series.subject, series.kind);
    shown.value = { ...series, history: merged(shown.peek().history, series.history, INDEX_KEPT[series.kind]) };
  }
  for (const state of changes.stations) stateOf(state.subject).value = state;
  for (const assessment of changes.assessments) put(assessments, assessmentKey(assessment), assessment);
  for (const feed of changes.feeds) put(feeds, feed.id, feed);
  for (const figure of changes.figures) figureOf(figure.figure).value = figure;
  alertsOpen.value = changes.alerts_open;
  if (changes.alerts.length > 0 || changes.alerts_whole) {
    const open = new Map(changes.alerts_whole ? [] : alerts.peek());
    for (const alert of changes.alerts) {
      if (alert.active || !alert.acknowledged) open.set(alert.id, alert);
      else open.delete(alert.id);
    }
    alerts.value = open;
  }
  if (changes.rejects.length > 0) {
    const fresh = new Set(changes.rejects.map(rejectKey));
    const known = rejects.peek().filter((reject) => !fresh.has(rejectKey(reject)));
    rejects.value = [...changes.rejects, ...known].slice(0, REJECTS_KEPT);
  }
  if (changes.ledger != null) ledger.value = changes.ledger;
  epoch.value = changes.epoch;
}

function put<T>(all: Map<string, Signal<T>>, key: string, it: T): void {
  const shown = all.get(key);
  if (shown) {
    shown.value = it;
  } else {
    all.set(key, signal(it));
    roster.value += 1;
  }
}

function merged<T extends { start: number }>(shown: T[], revised: T[], kept: number): T[] {
  if (revised.length === 0) return shown;
  const byStart = new Map(shown.map((entry) => [entry.start, entry]));
  for (const entry of revised) byStart.set(entry.start, entry);
  return [...byStart.values()].sort((a, b) => a.start - b.start).slice(-kept);
}

/** A reject's identity: the row of the envelope it is. */
export function rejectKey(reject: Reject): string {
  return `${reject.position}/${reject.row}/${reject.whole}`;
}

/** How long ago a moment was on the server's clock; a moment slightly ahead counts as now. Milliseconds. */
export function ageOf(moment: number): number {
  return Math.max(0, now.value - moment);
}
