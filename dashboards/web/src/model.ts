// The server's JSON, as `openapi.json` describes it. Moments are milliseconds since 1970.

export interface Text {
  vi: string;
  en: string;
}

export type Quality = "good" | "calibrating" | "device_error" | "out_of_range" | "suspect";

export interface Latest {
  event_time: number;
  value: number;
  quality: Quality;
  received_at: number;
  feed: string;
  position: string;
  row: number;
  correction: boolean;
  /** Null where the value was there before the server started. */
  epoch: number | null;
}

export interface HourPoint {
  start: number;
  mean: number | null;
  received: number;
  expected: number;
  revision: number;
}

export interface Tile {
  subject: string;
  indicator: string;
  latest: Latest | null;
  hours: HourPoint[];
}

export interface Counts {
  received: number;
  decoded: number;
  empty: number;
  undecodable: number;
  rows: number;
  stored: number;
  duplicate: number;
  rejected: number;
  waiting: number;
}

export interface Feed {
  id: string;
  counts: Counts;
  envelopes_astray: number;
  rows_astray: number;
  last_received: number | null;
}

export interface Reject {
  feed: string;
  received_at: number;
  position: string;
  row: number;
  whole: boolean;
  address: string;
  reason: string;
  place: string;
  message: Text;
  sample: string;
  raw_length: number;
}

export interface Changes {
  epoch: number;
  now: number;
  tiles: Tile[];
  feeds: Feed[];
  rejects: Reject[];
}

export interface Status {
  now: number;
  clock_speed: number;
  bus: { state: "writing" } | { state: "full"; what: string; since: number } | { state: "poisoned"; cause: string; since: number };
  clickhouse: { state: "up" } | { state: "away"; cause: string; since: number };
  outstanding_epochs: number;
  replaying: boolean;
  in_flight: Record<string, number>;
  halted: string | null;
  reported_ago: number;
}

export interface StationNames {
  id: string;
  name: Text;
  kind: "waste_water" | "surface_water" | "ground_water" | "stack_emission" | "ambient_air";
  place: Text | null;
  place_code: string;
  valid_from: string;
  valid_to: string | null;
  measures: Record<string, number>;
}

export interface IndicatorNames {
  symbol: string;
  name: Text;
  unit: string;
  decimals: number;
}

export interface FeedNames {
  id: string;
  name: Text;
  owner: Text | null;
  transport: "mqtt" | "mqtt_broker" | "files" | "http" | "any";
  silent_after: number | null;
  lateness: number;
}

export interface Pack {
  id: string;
  name: Text;
  version: string;
  timezone: string;
  replayed: Text | null;
  stations: StationNames[];
  indicators: Record<string, IndicatorNames>;
  feeds: FeedNames[];
}

export interface Overview {
  build: string;
  pack: Pack;
  clock_speed: number;
  heartbeat: number;
  picture: Changes;
  status: Status | null;
}

export interface Hello {
  build: string;
  epoch: number;
  now: number;
  clock_speed: number;
  replayed: Text | null;
}

export interface Heartbeat {
  epoch: number;
  now: number;
  clock_speed: number;
  status: Status | null;
}

export interface TrendPoint {
  start: number;
  end: number;
  mean: number | null;
  min: number | null;
  max: number | null;
  count: number;
  received: number;
  expected: number;
  closed_by: "watermark" | "patience" | "revision";
  revision: number;
}

export interface Trend {
  subject: string;
  indicator: string;
  from: number;
  until: number;
  now: number;
  points: TrendPoint[];
}
