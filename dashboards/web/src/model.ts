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
  /** Good values, where the server tells. */
  count?: number;
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
  /** Set if everything it sent lately was rejected. */
  only_rejects?: { messages: number; since: number | null } | null;
}

/** A connected client; rejects are its sender's. */
export interface Client {
  transport: string;
  sender: string;
  client_id: string;
  peer: string;
  since: number;
  last_heard: number;
  messages: number;
  per_minute: number;
  rejects: number;
}

export type Sender = Omit<Client, "client_id" | "since">;

/** Something that happened where senders come in, once or many times. */
export interface Notice {
  what: "taken_over" | "wrong_credentials" | "wrong_version" | "forbidden" | "empty" | "refused";
  transport: string;
  user: string;
  client_id: string;
  peer: string;
  former: string;
  why: string;
  count: number;
  first: number;
  last: number;
}

export interface ClientList {
  connected: Client[];
  senders: Sender[];
  door: Notice[];
}

export interface Reject {
  feed: string;
  /** Empty where it was not recorded. */
  sender: string;
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

export interface Part {
  indicator: string;
  input: number;
  sub_index: number;
}

export type IndexKind = "hour" | "day";

export interface IndexView {
  start: number;
  end: number;
  value: number | null;
  category: string | null;
  reason: string | null;
  dominant: string | null;
  parts: Part[];
  closed_by: string;
  revision: number;
}

export interface IndexPoint {
  start: number;
  value: number | null;
  revision: number;
}

export interface IndexSeries {
  index: string;
  subject: string;
  kind: IndexKind;
  latest: IndexView | null;
  history: IndexPoint[];
}

export type StationStatus = "good" | "late" | "calibrating" | "error" | "silent";

export interface StationState {
  subject: string;
  /** Null where the station was never judged. */
  status: StationStatus | null;
  since: number | null;
  last_event: number | null;
}

export type Averaging = "hour" | "eight_hours" | "day" | "year";

export interface Assessment {
  limit: string;
  indicator: string;
  subject: string;
  averaging: Averaging;
  start: number;
  end: number;
  value: number | null;
  low: number | null;
  high: number | null;
  verdict: "kept" | "exceeded" | "insufficient";
  count: number;
  expected: number;
  revision: number;
}

export type Priority = "critical" | "high" | "medium" | "low";

/** What raised, cleared or last moved an alert. */
export interface AlertEvidence {
  measure: string;
  averaging: Averaging | null;
  start: number;
  end: number;
  value: number | null;
  threshold: number | null;
  status: StationStatus | null;
}

export interface Alert {
  /** `rule~subject~number`. */
  id: string;
  rule: string;
  subject: string;
  priority: Priority;
  active: boolean;
  acknowledged: boolean;
  occurrences: number;
  raised_at: number;
  cleared_at: number | null;
  acknowledged_at: number | null;
  user: string | null;
  note: string | null;
  change: "raised" | "recurred" | "cleared" | "acknowledged";
  at: number;
  evidence: AlertEvidence | null;
}

export interface Changes {
  epoch: number;
  now: number;
  tiles: Tile[];
  feeds: Feed[];
  rejects: Reject[];
  indices: IndexSeries[];
  stations: StationState[];
  assessments: Assessment[];
  alerts: Alert[];
  /** The alerts are all there are to show, and not only the changed ones. */
  alerts_whole: boolean;
  /** How many are open; not all of them are listed. */
  alerts_open: number;
}

export interface Status {
  now: number;
  clock_speed: number;
  bus: { state: "writing" } | { state: "full"; what: string; since: number } | { state: "poisoned"; cause: string; since: number };
  clickhouse: { state: "up" } | { state: "away"; cause: string; since: number };
  outstanding_epochs: number;
  stalled_since?: number | null;
  replaying: boolean;
  in_flight: Record<string, number>;
  in_flight_at: number | null;
  held_back?: { count: number; senders: string[] };
  door?: Notice[];
  halted: string | null;
  pack?: {
    version: string;
    state: "current" | "changed" | "needs_restart" | "faulty";
    waiting: string | null;
    why: string[];
    since: number | null;
  };
  archive?: {
    state: "off" | "up" | "behind" | "full" | "failing";
    cause: string | null;
    since: number | null;
    missing_offsets: number;
  };
  reported_ago: number;
}

export interface StationNames {
  id: string;
  name: Text;
  kind: "waste_water" | "surface_water" | "ground_water" | "stack_emission" | "ambient_air";
  place: Text | null;
  place_code: string;
  place_valid_from: string;
  /** Longitude and latitude, if known. */
  point: [number, number] | null;
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
  transport: string;
  way: Text;
  silent_after: number | null;
  lateness: number;
}

export interface PlaceNames {
  code: string;
  name: Text;
  kind: string;
}

export interface RuleNames {
  name: Text;
  step: Text;
  priority: Priority;
}

export interface Category {
  from: number;
  to: number;
  word: string;
  name: Text;
  /** Official colour, `#rrggbb`. */
  color: string;
}

export interface IndexNames {
  name: Text;
  formula: string;
  /** Best first. */
  categories: Category[];
}

export interface Limit {
  id: string;
  standard: string;
  indicator: string;
  averaging: Averaging;
  low: number | null;
  high: number | null;
  kinds: StationNames["kind"][];
  stations: string[];
  valid_from: string;
  valid_to: string | null;
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
  places: PlaceNames[];
  rules: Record<string, RuleNames>;
  indices: Record<string, IndexNames>;
  limits: Limit[];
}

export interface Overview {
  has_map: boolean;
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
