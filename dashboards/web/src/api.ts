// Made by `npm run types` of ../../openapi.json: change that instead.

/**
 * What is counted: how many times it happened, lines, attempts to log in; or different sources, targets (an address and port), users, machines; or alerts that sensors say they raised, and how many of those never arrived; or an attribute of events added up, or what it said last
 */
export type Count =
  "events" | "lines" | "attempts" | "sources" | "targets" | "users" | "machines" | "raised" | "lost" | "sum" | "last";
/**
 * What kind of thing happened
 */
export type EventKind =
  | "log"
  | "alert"
  | "allow"
  | "block"
  | "flow"
  | "protocol"
  | "anomaly"
  | "stats"
  | "login_failed"
  | "login_accepted"
  | "login_probe"
  | "login_module"
  | "login_user"
  | "login_limit"
  | "repeat"
  | "infection";
/**
 * How bad an event is, on one scale; not_rated is not low
 */
export type Severity = "not_rated" | "info" | "low" | "medium" | "high" | "critical";
/**
 * Why a sensor sees too little: no rules are loaded; it did not see a larger share of the packets than it may miss; it raised more alerts than its queue took
 */
export type BlindCause = "no_rules" | "packets_dropped" | "alerts_discarded";
/**
 * Whether the log takes writes
 */
export type BusHealth =
  | {
      state: "writing";
    }
  | {
      state: "full";
      /**
       * What is full
       */
      what: string;
      /**
       * Milliseconds since 1970-01-01T00:00:00Z
       */
      since: number;
    }
  | {
      state: "poisoned";
      /**
       * The first failure
       */
      cause: string;
      /**
       * Milliseconds since 1970-01-01T00:00:00Z
       */
      since: number;
    };
/**
 * Whether ClickHouse answers
 */
export type StoreHealth =
  | {
      state: "up";
    }
  | {
      state: "away";
      /**
       * What it answered last
       */
      cause: string;
      /**
       * Milliseconds since 1970-01-01T00:00:00Z
       */
      since: number;
    };
/**
 * A judgement and every window that went in
 */
export type AssessmentLineage = Assessment & {
  standard: string | null;
  inputs: WindowRef[];
};
/**
 * The next step down from an alert
 */
export type RaisedBy =
  | {
      kind: "index";
      subject: string;
      index: "vn_aqi" | "vn_wqi";
      /**
       * Kind of the window
       */
      window: "hour" | "day";
      /**
       * Milliseconds since 1970-01-01T00:00:00Z
       */
      start: number;
      /**
       * The question that opens it
       */
      href: string;
    }
  | {
      kind: "assessment";
      subject: string;
      limit: string;
      averaging: "hour" | "eight_hours" | "day" | "year";
      /**
       * Milliseconds since 1970-01-01T00:00:00Z
       */
      start: number;
      /**
       * The question that opens it
       */
      href: string;
    }
  | {
      kind: "window";
      subject: string;
      indicator: string;
      /**
       * Kind of the window
       */
      window: "hour" | "day";
      /**
       * Milliseconds since 1970-01-01T00:00:00Z
       */
      start: number;
      /**
       * The question that opens it
       */
      href: string;
    }
  | {
      kind: "status";
      subject: string;
      status: ("good" | "late" | "calibrating" | "error" | "silent") | null;
      /**
       * Milliseconds since 1970-01-01T00:00:00Z
       */
      since: number;
    }
  | {
      kind: "events";
      subject: string;
      about: "station" | "address" | "network" | "user" | "log_source" | "agency";
      /**
       * Milliseconds since 1970-01-01T00:00:00Z
       */
      from: number;
      /**
       * Milliseconds since 1970-01-01T00:00:00Z
       */
      until: number;
      /**
       * The question that opens it: a page of the events that raised it
       */
      href: string;
    }
  | {
      kind: "obligations";
      agency: string;
      /**
       * The year whose misses are counted: 2026; null where the pack's calendar has none
       */
      due: string | null;
      /**
       * Milliseconds since 1970-01-01T00:00:00Z
       */
      from: number;
      /**
       * Milliseconds since 1970-01-01T00:00:00Z
       */
      until: number;
      /**
       * The question that opens it: the obligations that the agency missed of the year
       */
      href: string;
    }
  | {
      kind: "measure";
      measure: string;
      log_source: string;
      /**
       * Of these kinds; of any where none is named
       */
      kinds: EventKind[];
      /**
       * At least so bad
       */
      severity: Severity | null;
      /**
       * Only those that add to the attempts to log in
       */
      attempts: boolean;
      /**
       * Milliseconds since 1970-01-01T00:00:00Z
       */
      from: number;
      /**
       * Milliseconds since 1970-01-01T00:00:00Z
       */
      until: number;
      /**
       * The question that opens it: the events that were counted
       */
      href: string;
    }
  | {
      kind: "sensor";
      log_source: string;
      /**
       * Where the record's message lies, as log-partition-offset
       */
      position: string;
      /**
       * Which row of the message
       */
      row: number;
      /**
       * The question that opens it: the message with the record
       */
      href: string;
    };
/**
 * A window and every row stored up to its revision: the current ones are `received`, the counted ones `count`
 */
export type WindowLineage = WindowRef & {
  subject: string;
  min: number | null;
  max: number | null;
  closed_by: "watermark" | "patience" | "revision";
  /**
   * Whether one value alone makes it many times what the others say
   */
  spiked: boolean;
  /**
   * At most 20,000
   */
  rows: WindowRow[];
  /**
   * How many there are
   */
  rows_found: number;
};
/**
 * What became of a message: taken whole, the rows without an error, not at all; the same bytes came before from the same agency; waits for a person's word
 */
export type ReportVerdict = "accepted" | "in_part" | "refused" | "duplicate" | "held";
/**
 * not_due: it cannot be done yet; due: it can, the deadline has not passed; on_time, late: by the arrival of the first accepted message; missing: the deadline has passed and nothing was accepted; rejected: the deadline has not passed, nothing was accepted and the last attempt was refused; not_owed: an earlier version of the pack wanted it
 */
export type ObligationState = "not_due" | "due" | "on_time" | "late" | "missing" | "rejected" | "not_owed";
/**
 * What became of a message or some of its rows; unmatched and forbidden stand beside rejected; waiting: old rows wait until their day is read back; nothing: it is judged, and what of it were duplicates is not remembered; pending: not judged yet; refused: turned away at the door, no message
 */
export type TapOutcome =
  | "stored"
  | "duplicate"
  | "rejected"
  | "unmatched"
  | "forbidden"
  | "held"
  | "waiting"
  | "empty"
  | "nothing"
  | "pending"
  | "refused";

/**
 * RFC 9457
 */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  /**
   * The same in Vietnamese, where a person may see it
   */
  detail_vi?: string;
}
/**
 * The same in both languages
 */
export interface Text {
  vi: string;
  en: string;
}
/**
 * The whole picture
 */
export interface Overview {
  /**
   * Identity of the page; another one means reload
   */
  build: string;
  pack: Pack;
  /**
   * Seconds of the product's clock in a second
   */
  clock_speed: number;
  /**
   * What may pass from a machine to who looks, in milliseconds of the product's clock: who compares a moment with now adds it
   */
  grace: number;
  /**
   * Milliseconds between heartbeats
   */
  heartbeat: number;
  picture: Changes;
  status: Status | null;
  /**
   * There is something at /api/map
   */
  has_map: boolean;
}
/**
 * Names and promises
 */
export interface Pack {
  id: string;
  name: Text;
  version: string;
  timezone: string;
  /**
   * The screens of the page, in their order; the first is where one begins
   */
  screens: string[];
  replayed: Text | null;
  stations: Station[];
  indicators: {
    [k: string]: Indicator;
  };
  /**
   * What is counted of events, by identifier: its name
   */
  measures: {
    [k: string]: Text;
  };
  /**
   * Devices and machines that report events, by identifier: their names
   */
  log_sources: {
    [k: string]: Text;
  };
  feeds: FeedNames[];
  /**
   * Communes and wards that last
   */
  places: Place[];
  /**
   * By identifier
   */
  rules: {
    [k: string]: Rule;
  };
  /**
   * By identifier
   */
  indices: {
    [k: string]: Index;
  };
  limits: Limit[];
  /**
   * Whether /api/map has one
   */
  has_map: boolean;
}
/**
 * A station
 */
export interface Station {
  id: string;
  name: Text;
  kind: "waste_water" | "surface_water" | "ground_water" | "stack_emission" | "ambient_air";
  place: Text | null;
  place_code: string;
  valid_from: string;
  valid_to: string | null;
  measures: {
    /**
     * Milliseconds between values
     */
    [k: string]: number;
  };
  place_valid_from: string;
  point: [number, number] | null;
}
/**
 * An indicator
 */
export interface Indicator {
  symbol: string;
  name: Text;
  unit: string;
  decimals: number;
}
/**
 * A feed's names
 */
export interface FeedNames {
  id: string;
  name: Text;
  owner: Text | null;
  /**
   * The word of the way it comes, as packs have it; `page` for what operators do, `any` for what came without a feed.
   */
  transport: string;
  way: Text;
  silent_after: number | null;
  /**
   * Milliseconds a value may come late
   */
  lateness: number;
}
/**
 * A commune or ward
 */
export interface Place {
  code: string;
  /**
   * First day of the validity of this version of it: former places may have had its code
   */
  valid_from: string;
  name: Text;
  kind: "commune" | "ward" | "township";
}
/**
 * What raises alerts
 */
export interface Rule {
  name: Text;
  step: Text;
  priority: "critical" | "high" | "medium" | "low";
}
/**
 * An index, its bands best first
 */
export interface Index {
  name: Text;
  formula: string;
  /**
   * The last number of it with nothing to act on
   */
  calm_until: number | null;
  categories: {
    from: number;
    to: number;
    word: string;
    name: Text;
    /**
     * #rrggbb
     */
    color: string;
    /**
     * How urgent it is; null where there is nothing to act on
     */
    priority: ("critical" | "high" | "medium" | "low") | null;
  }[];
}
/**
 * A legal limit
 */
export interface Limit {
  id: string;
  standard: string;
  indicator: string;
  averaging: "hour" | "eight_hours" | "day" | "year";
  low: number | null;
  high: number | null;
  kinds: ("waste_water" | "surface_water" | "ground_water" | "stack_emission" | "ambient_air")[];
  /**
   * Named ones; empty for all of those kinds
   */
  stations: string[];
  valid_from: string;
  valid_to: string | null;
}
/**
 * What changed, or all there is
 */
export interface Changes {
  /**
   * Last committed epoch in it
   */
  epoch: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  now: number;
  tiles: Tile[];
  feeds: Feed[];
  rejects: Reject[];
  indices: IndexTile[];
  stations: StationState[];
  /**
   * The newest of each indicator, station and averaging
   */
  assessments: Assessment[];
  /**
   * Open alerts, those nobody acknowledged first, then by priority, then the newest; in a change those that changed, a closed one once
   */
  alerts: Alert[];
  /**
   * The alerts are all there are to show, and not only the changed ones
   */
  alerts_whole: boolean;
  /**
   * How many alerts are open; at most 1,000 are listed
   */
  alerts_open: number;
  /**
   * Figures of the overview that were said anew
   */
  figures: Figure[];
  /**
   * The last epoch since the start that said something of what agencies owe: whoever shows that asks anew; null where none did since the epoch that is asked for
   */
  ledger: number | null;
}
/**
 * A series
 */
export interface Tile {
  subject: string;
  /**
   * Where its station stands; null where no pack says so
   */
  place: PlaceKey | null;
  indicator: string;
  latest: Latest | null;
  /**
   * From when on it is late if nothing newer comes; null where nothing is promised
   */
  late_from: number | null;
  /**
   * From when on it is stale if nothing newer comes, and what it says withheld
   */
  stale_from: number | null;
  hours: Hour[];
}
/**
 * A unit as it was at a time: a code alone names nothing, it may have been another unit's before
 */
export interface PlaceKey {
  /**
   * Code of the General Statistics Office
   */
  code: string;
  /**
   * First day of validity
   */
  valid_from: string;
}
/**
 * The newest value by event time
 */
export interface Latest {
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  event_time: number;
  value: number;
  quality: "good" | "calibrating" | "device_error" | "out_of_range" | "suspect";
  /**
   * How urgent that is; null where there is nothing to act on
   */
  priority: ("critical" | "high" | "medium" | "low") | null;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  received_at: number;
  feed: string;
  position: string;
  row: number;
  correction: boolean;
  epoch: number | null;
}
/**
 * An hourly window
 */
export interface Hour {
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  start: number;
  mean: number | null;
  /**
   * Good values: what the mean is made of
   */
  count: number;
  received: number;
  expected: number;
  revision: number;
}
/**
 * What became of a feed's envelopes and rows. received = decoded + empty + undecodable; rows = stored + duplicate + rejected + waiting + held; envelopes in flight stand in the status
 */
export interface Feed {
  id: string;
  counts: Counts;
  envelopes_astray: number;
  rows_astray: number;
  last_received: number | null;
  /**
   * What is known of how it keeps its promise to be heard
   */
  standing: "heard" | "never" | "unknown" | "no_promise";
  /**
   * How urgent it is that nothing is heard of it; null where nothing is promised
   */
  priority: ("critical" | "high" | "medium" | "low") | null;
  /**
   * From when on it is silent if nothing comes; null where it was not heard or promises nothing
   */
  silent_from: number | null;
  only_rejects: OnlyRejects | null;
  /**
   * What of it is abnormal, but for its silence
   */
  concerns: Concern[];
}
/**
 * Counts
 */
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
  held: number;
  /**
   * Datagrams that the system dropped before they could be read: in neither identity. Where several feeds come by syslog nobody knows whose they were, and they stand under `unmatched`
   */
  datagrams_dropped: number;
  /**
   * Records that a broker deleted before they could be read: in neither identity
   */
  records_lost: number;
  /**
   * When the last of those envelopes arrived
   */
  last_received: number | null;
  /**
   * Envelopes that were undecodable and read again: no longer among those
   */
  envelopes_reread: number;
  /**
   * Rejected rows whose envelope was read again: no longer among the rows and rejected
   */
  rows_reread: number;
}
/**
 * Messages of which nothing was good
 */
export interface OnlyRejects {
  messages: number;
  since: number | null;
}
/**
 * Something abnormal beside the alerts of the pack's rules
 */
export interface Concern {
  what:
    | "not_reporting"
    | "halted"
    | "replaying"
    | "bus"
    | "stalled"
    | "held_back"
    | "pack"
    | "archive"
    | "clickhouse"
    | "held"
    | "astray"
    | "only_rejects"
    | "stale"
    | "never";
  /**
   * How urgent
   */
  priority: "critical" | "high" | "medium" | "low";
  /**
   * Since when on the product's clock; null where nothing tells
   */
  since: number | null;
}
/**
 * A rejected envelope or row
 */
export interface Reject {
  feed: string;
  /**
   * Who sent it: the login, certificate or file source; empty where it was not recorded
   */
  sender: string;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  received_at: number;
  position: string;
  row: number;
  whole: boolean;
  address: string;
  reason: string;
  place: string;
  message: Text;
  /**
   * The beginning of its bytes, what is not printable escaped
   */
  sample: string;
  raw_length: number;
  /**
   * Its message was read again since: what came of that counts instead
   */
  replayed: boolean;
}
/**
 * An index of a station
 */
export interface IndexTile {
  index: "vn_aqi" | "vn_wqi";
  subject: string;
  /**
   * Where its station stands; null where no pack says so
   */
  place: PlaceKey | null;
  kind: "hour" | "day";
  latest: IndexValue | null;
  /**
   * From when on it is late if nothing newer comes; null where nothing is promised
   */
  late_from: number | null;
  /**
   * From when on it is stale if nothing newer comes, and what it says withheld
   */
  stale_from: number | null;
  /**
   * The last 48 hours or 30 days; in a change the revised ones
   */
  history: IndexPoint[];
}
/**
 * An index of a window, or why there is none
 */
export interface IndexValue {
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  start: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  end: number;
  value: number | null;
  category: string | null;
  reason: ("no_particulates" | "too_few_groups" | "no_data") | null;
  dominant: string | null;
  parts: IndexPart[];
  closed_by: "watermark" | "patience" | "revision";
  /**
   * The epoch that made it
   */
  revision: number;
}
/**
 * What one parameter contributes to an index
 */
export interface IndexPart {
  indicator: string;
  /**
   * A mean, a NowCast, a maximum; in the indicator's unit
   */
  input: number;
  sub_index: number;
}
/**
 * A window of the line beside an index
 */
export interface IndexPoint {
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  start: number;
  value: number | null;
  revision: number;
}
/**
 * A station's state
 */
export interface StationState {
  subject: string;
  /**
   * Where its station stands; null where no pack says so
   */
  place: PlaceKey | null;
  status: ("good" | "late" | "calibrating" | "error" | "silent") | null;
  /**
   * How it stands, as the figure of the stations counts it; null before the first judgement
   */
  standing: ("silent" | "error" | "partial" | "calibrating" | "late" | "never" | "good") | null;
  /**
   * How urgent that is; null where there is nothing to act on
   */
  priority: ("critical" | "high" | "medium" | "low") | null;
  /**
   * Indicators of which nothing is there that could be looked at
   */
  missing: {
    /**
     * How many never came
     */
    never: number;
    /**
     * How many came too long ago
     */
    stale: number;
    /**
     * The oldest moment of those
     */
    since: number | null;
    /**
     * How many are expected
     */
    all: number;
  };
  /**
   * What of that is abnormal
   */
  concerns: Concern[];
  since: number | null;
  last_event: number | null;
  /**
   * So far its sender's clock is constantly off, in milliseconds, ahead of its arrivals where it is positive: what it dates since is suspect. null where it is right, or nobody knows
   */
  clock_off: number | null;
}
/**
 * A mean held against the legal limit in force
 */
export interface Assessment {
  limit: string;
  indicator: string;
  subject: string;
  /**
   * Where its station stands; null where no pack says so
   */
  place: PlaceKey | null;
  averaging: "hour" | "eight_hours" | "day" | "year";
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  start: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  end: number;
  value: number | null;
  low: number | null;
  high: number | null;
  verdict: "kept" | "exceeded" | "insufficient";
  /**
   * How urgent that is; null where there is nothing to act on
   */
  priority: ("critical" | "high" | "medium" | "low") | null;
  count: number;
  expected: number;
  revision: number;
  /**
   * From when on it is late if nothing newer comes; null where nothing is promised
   */
  late_from: number | null;
  /**
   * From when on it is stale if nothing newer comes, and what it says withheld
   */
  stale_from: number | null;
}
/**
 * An alert: active or cleared, acknowledged or not
 */
export interface Alert {
  /**
   * rule~subject~number
   */
  id: string;
  rule: string;
  /**
   * Station, the address, network or user that events were counted by, log source, or who owes reports
   */
  subject: string;
  /**
   * What the subject is
   */
  about: "station" | "address" | "network" | "user" | "log_source" | "agency";
  /**
   * What it is called; null of an address, a network or a user, and where the pack has none like it
   */
  subject_name: Text | null;
  /**
   * Where its station stands; null where no pack says so
   */
  place: PlaceKey | null;
  priority: "critical" | "high" | "medium" | "low";
  active: boolean;
  acknowledged: boolean;
  occurrences: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  raised_at: number;
  cleared_at: number | null;
  acknowledged_at: number | null;
  user: string | null;
  note: string | null;
  change: "raised" | "recurred" | "cleared" | "acknowledged";
  /**
   * When something happened to it last
   */
  at: number;
  evidence: Evidence | null;
}
/**
 * What an alert was raised, raised again or cleared by
 */
export interface Evidence {
  /**
   * Indicator, index, `status`, `sensor`, or what was counted of events: attempts, weight, targets, users
   */
  measure: string;
  averaging: ("hour" | "eight_hours" | "day" | "year") | null;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  start: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  end: number;
  value: number | null;
  threshold: number | null;
  status: ("good" | "late" | "calibrating" | "error" | "silent") | null;
  events: CountedEvents | null;
  compared: Compared | null;
  /**
   * The record of itself that a sensor wrote, where `measure` is `sensor`
   */
  sensor: SensorRecord | null;
}
/**
 * What a rule counted of events when it raised an alert
 */
export interface CountedEvents {
  count: Count;
  /**
   * By whom
   */
  by: "from" | "network" | "to" | "user";
  /**
   * Of these kinds; of any where there are none
   */
  kinds: EventKind[];
  /**
   * So bad at least
   */
  severity: Severity | null;
  category: string;
  /**
   * Name or number of the rule that they matched; any where it is empty
   */
  signature: string;
  /**
   * So many raise an alert
   */
  reach: number;
  /**
   * Within so many milliseconds
   */
  within: number;
  /**
   * Over when nothing more happened for so many milliseconds
   */
  clear_after: number;
  /**
   * The address, network or user
   */
  group: string;
  /**
   * Where the event arrived that made it enough
   */
  last: {};
}
/**
 * The hours that an hour was held against, as they were known then
 */
export interface Compared {
  usual: Usual;
  /**
   * Which hours they are: the same of the same weekday, or of any day
   */
  like: "weeks" | "days";
  /**
   * Each of them that is known, by time
   */
  with: LikeHour[];
}
/**
 * What hours like it were: the same hour of the same weekday in eight weeks, or of fourteen days where fewer than three of those are known; whole hours only
 */
export interface Usual {
  low: number;
  middle: number;
  high: number;
  /**
   * How many of them are known
   */
  hours: number;
}
/**
 * An hour that another one was held against
 */
export interface LikeHour {
  /**
   * Its first moment
   */
  start: number;
  /**
   * How many there were
   */
  value: number;
}
/**
 * A record of a sensor about itself, and what came since the one before it
 */
export interface SensorRecord {
  /**
   * When the sensor wrote it
   */
  at: number;
  /**
   * Since when it counts here: the record before, or the start of the sensor's process
   */
  since: number;
  /**
   * Where its message lies, as log-partition-offset
   */
  position: string;
  /**
   * Which row of the message
   */
  row: number;
  /**
   * Why it sees too little; none where it sees enough
   */
  causes: BlindCause[];
  /**
   * null where it does not say
   */
  rules_loaded: number | null;
  /**
   * Rules that it could not load; null where it does not say
   */
  rules_failed: number | null;
  /**
   * Packets that it saw
   */
  packets: number;
  /**
   * Packets that were dropped before it saw them
   */
  dropped: number;
  /**
   * Alerts that its queue did not take
   */
  discarded: number;
  /**
   * Its process began anew since the record before: all counters count from there
   */
  restarted: boolean;
}
/**
 * A figure, of the overview or of information security, as the flow said it
 */
export interface Figure {
  figure:
    | "aqi"
    | "pm25"
    | "alerts"
    | "exceeded"
    | "stations"
    | "completeness"
    | "slowest"
    | "balance"
    | "log_sources"
    | "events"
    | "severe"
    | "security_alerts"
    | "time_to_acknowledge"
    | "time_to_clear";
  /**
   * The province it is of; null where the pack's list of places has none
   */
  place: PlaceKey | null;
  /**
   * Recorded clock it was worked out at
   */
  at: number;
  /**
   * First moment of what it is of
   */
  start: number;
  /**
   * First moment behind what it is of; start where it is of a moment
   */
  end: number;
  /**
   * An index, µg/m³, alerts, hours of stations, stations, percent, milliseconds, envelopes and rows; null where reason says why
   */
  value: number | null;
  /**
   * The number beside it: stations there are, alerts nobody took on
   */
  of: number | null;
  /**
   * What it should keep
   */
  target: number | null;
  verdict: "kept" | "near" | "missed" | "withheld";
  reason:
    | "on_target"
    | "near_target"
    | "beyond"
    | "unacknowledged"
    | "taken"
    | "silent"
    | "not_all"
    | "insufficient"
    | "stale"
    | "never"
    | "nothing"
    | "no_particulates"
    | "too_few_groups"
    | "no_data"
    | "waiting";
  /**
   * How urgent; null where there is nothing to act on
   */
  priority: ("critical" | "high" | "medium" | "low") | null;
  /**
   * When it was worked out
   */
  freshness: "fresh" | "late" | "stale" | "missing" | "never";
  /**
   * From when on it is late if nothing newer comes
   */
  late_from: number | null;
  /**
   * From when on it is stale if nothing newer comes, and its verdict withheld
   */
  stale_from: number | null;
  /**
   * How many of those it is made of count
   */
  count: number;
  /**
   * How many could
   */
  expected: number;
  parts: FigurePart[];
  /**
   * Hour by hour, where it is of hours: from start to end, the oldest first
   */
  hours: FigureHour[];
  /**
   * How many inputs there were
   */
  inputs_all: number;
  /**
   * What it was made of, what decides it first; of many the first
   */
  inputs: FigureInput[];
  /**
   * Epoch that said it
   */
  revision: number;
}
/**
 * So many of those a figure is made of stand so
 */
export interface FigurePart {
  word: string;
  count: number;
}
/**
 * An hour of a figure, judged as the figure is
 */
export interface FigureHour {
  /**
   * Its first moment
   */
  start: number;
  /**
   * Its number in the unit of the figure: percent, stations; null where nothing of the hour could be judged
   */
  value: number | null;
  /**
   * How that stands to the target
   */
  verdict: "kept" | "near" | "missed" | "withheld";
}
/**
 * One of those a figure was made of
 */
export interface FigureInput {
  kind: "index" | "assessment" | "window" | "alert" | "station" | "series" | "feed" | "log_source";
  /**
   * Station, or feed; of an alert what it is about
   */
  subject: string;
  /**
   * Index, limit, indicator or rule; empty for a station and a feed
   */
  measure: string;
  /**
   * First moment of the window, of a series that of the hour that lacks most; when a feed was heard last
   */
  start: number;
  /**
   * The alert's number; else 0
   */
  number: number;
  value: number | null;
  /**
   * Indicator that decides an index, priority of an alert, standing of a station, limit of an hour; else empty
   */
  word: string;
  /**
   * How urgent the standing of a station, a log source or a feed is; null where there is nothing to act on, or it is something else
   */
  priority: ("critical" | "high" | "medium" | "low") | null;
}
/**
 * State of the system
 */
export interface Status {
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  now: number;
  clock_speed: number;
  bus: BusHealth;
  clickhouse: StoreHealth;
  outstanding_epochs: number;
  stalled_since: number | null;
  replaying: boolean;
  in_flight: {
    [k: string]: number;
  };
  in_flight_at: number | null;
  /**
   * Senders held back to their share
   */
  held_back: {
    count: number;
    /**
     * Some of them
     */
    senders: string[];
  };
  halted: string | null;
  archive: ArchiveStatus;
  /**
   * Milliseconds since the pipeline reported this
   */
  reported_ago: number;
  /**
   * What of the machinery is abnormal
   */
  concerns: Concern[];
  door: Notice[];
  pack: PackStatus;
}
/**
 * How the archive of raw envelopes follows the log
 */
export interface ArchiveStatus {
  state: "off" | "up" | "behind" | "full" | "failing";
  cause: string | null;
  since: number | null;
  /**
   * Offsets of committed envelopes that lie on the log alone
   */
  behind_offsets: number;
  /**
   * Bytes of the log they take, judged by those archived last
   */
  behind_bytes: number;
  last_pass_at: number | null;
  /**
   * Offsets between its passes that neither it nor the log has
   */
  missing_offsets: number;
  /**
   * Files in its folders that no record names
   */
  stray_files: number;
}
/**
 * Something that happened where senders come in, once or many times
 */
export interface Notice {
  what:
    | "taken_over"
    | "wrong_credentials"
    | "wrong_version"
    | "forbidden"
    | "empty"
    | "framing"
    | "dropped"
    | "lost"
    | "untold"
    | "refused";
  transport: string;
  user: string;
  client_id: string;
  peer: string;
  former: string;
  why: string;
  count: number;
  /**
   * How urgent that is
   */
  priority: "critical" | "high" | "medium" | "low";
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  first: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  last: number;
}
/**
 * Which pack is in effect, and what lies in its folder
 */
export interface PackStatus {
  version: string;
  state: "current" | "changed" | "needs_restart" | "faulty";
  waiting: string | null;
  why: string[];
  since: number | null;
}
/**
 * A trend
 */
export interface Trend {
  subject: string;
  indicator: string;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  from: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  until: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  now: number;
  points: TrendPoint[];
}
/**
 * An hourly window
 */
export interface TrendPoint {
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  start: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  end: number;
  mean: number | null;
  min: number | null;
  max: number | null;
  count: number;
  received: number;
  expected: number;
  closed_by: "watermark" | "patience" | "revision";
  /**
   * Whether one value alone makes it many times what the others say
   */
  spiked: boolean;
  revision: number;
}
/**
 * What became of an envelope
 */
export interface Fate {
  stored: number;
  rejected: number;
  /**
   * Rows of it that wait for the word of an operator
   */
  held: number;
}
/**
 * First event
 */
export interface Hello {
  build: string;
  epoch: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  now: number;
  clock_speed: number;
  replayed: Text | null;
}
/**
 * Heartbeat
 */
export interface Heartbeat {
  epoch: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  now: number;
  clock_speed: number;
  status: Status | null;
}
/**
 * Alerts
 */
export interface AlertList {
  alerts: Alert[];
  /**
   * How many are open
   */
  open: number;
}
/**
 * How long alerts took
 */
export interface AlertTimesList {
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  from: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  until: number;
  times: AlertTimes[];
}
/**
 * Alerts of a rule that were raised in a time
 */
export interface AlertTimes {
  /**
   * Rule that raised them
   */
  rule: string;
  /**
   * What they are about
   */
  about: "station" | "address" | "network" | "user" | "log_source" | "agency";
  /**
   * As the rule had it then
   */
  priority: "critical" | "high" | "medium" | "low";
  /**
   * How many were raised
   */
  raised: number;
  to_acknowledge: TimeTaken;
  to_clear: TimeTaken;
}
/**
 * How long something took, of those of which it is known; open ones are counted beside
 */
export interface TimeTaken {
  /**
   * Of how many it is known
   */
  measured: number;
  /**
   * Of how many it has not come yet
   */
  open: number;
  /**
   * Since when the one of those waits that does so for the longest
   */
  open_since: number | null;
  /**
   * Milliseconds; none where nothing was measured
   */
  mean: number | null;
  /**
   * Milliseconds
   */
  median: number | null;
  /**
   * Milliseconds
   */
  longest: number | null;
}
/**
 * Something that happened to an alert
 */
export interface AlertEvent {
  change: "raised" | "recurred" | "cleared" | "acknowledged";
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  at: number;
  active: boolean;
  acknowledged: boolean;
  occurrences: number;
  user: string | null;
  note: string | null;
  evidence: Evidence | null;
  epoch: number;
}
/**
 * An alert and all that happened to it
 */
export interface AlertStory {
  alert: Alert;
  history: AlertEvent[];
}
export interface Acknowledgement {
  /**
   * Who takes it on
   */
  user: string;
  note?: string;
}
/**
 * A durable action
 */
export interface Taken {
  /**
   * Where the action lies, as log-partition-offset
   */
  position: string;
  alert: Alert;
}
/**
 * What is held
 */
export interface HeldList {
  /**
   * Rows, in all groups that were asked for
   */
  rows: number;
  /**
   * How many groups there are; not all of them may be listed
   */
  found: number;
  groups: HeldGroup[];
}
/**
 * The held rows of one sender, series and local day
 */
export interface HeldGroup {
  sender: string;
  feed: string;
  subject: string;
  indicator: string;
  /**
   * Local day of their event times, such as 2026-01-01
   */
  day: string;
  rows: number;
  /**
   * How many of them are at a moment that has another value
   */
  replacing: number;
  /**
   * Their mean, in the indicator's unit
   */
  mean: number;
  /**
   * The mean of the values in whose place they would be
   */
  stands: number | null;
  /**
   * The first event time, milliseconds since 1970
   */
  first: number;
  /**
   * The last event time, milliseconds since 1970
   */
  last: number;
  /**
   * When the last of them came, milliseconds since 1970
   */
  received_at: number;
  /**
   * Where the last of them lies, as log-partition-offset
   */
  position: string;
}
/**
 * Which held rows: those of all of what is left out
 */
export interface HeldOf {
  sender?: string;
  subject?: string;
  indicator?: string;
  /**
   * Local day, such as 2026-01-01
   */
  day?: string;
}
/**
 * What is decided about held rows
 */
export interface Decision {
  decision: "accept" | "refuse";
  of: HeldOf;
  /**
   * About everything that is held, where nothing is chosen
   */
  all?: boolean;
  /**
   * Who decides
   */
  user: string;
  note?: string;
}
/**
 * A durable decision
 */
export interface Decided {
  /**
   * How many rows it was about when it was taken
   */
  rows: number;
  /**
   * How many series and days
   */
  groups: number;
  /**
   * Where the decision lies, as log-partition-offset
   */
  position: string;
}
/**
 * A window that went in
 */
export interface WindowRef {
  indicator: string;
  kind: "hour" | "day";
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  start: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  end: number;
  mean: number | null;
  /**
   * Good values
   */
  count: number;
  received: number;
  expected: number;
  revision: number;
}
/**
 * An index and every window that went in, as of its revision
 */
export interface IndexLineage {
  index: "vn_aqi" | "vn_wqi";
  subject: string;
  kind: "hour" | "day";
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  start: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  end: number;
  value: number | null;
  category: string | null;
  reason: ("no_particulates" | "too_few_groups" | "no_data") | null;
  dominant: string | null;
  /**
   * The act and the number of the reading of it
   */
  formula: string;
  /**
   * The legal act
   */
  act: string;
  closed_by: "watermark" | "patience" | "revision";
  revision: number;
  parts: IndexPart[];
  inputs: WindowRef[];
}
/**
 * A rule, as the pack has it now
 */
export interface AlertRule {
  id: string;
  name: Text;
  step: Text;
  priority: "critical" | "high" | "medium" | "low";
  raise_windows: number;
  clear_windows: number;
}
/**
 * An alert and what raised it
 */
export interface AlertLineage {
  alert: Alert;
  rule: AlertRule | null;
  threshold: number | null;
  raised_by: RaisedBy | null;
}
/**
 * A stored row
 */
export interface StoredRow {
  indicator: string;
  subject: string;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  event_time: number;
  value: number;
  quality: "good" | "calibrating" | "device_error" | "out_of_range" | "suspect";
  standing: "first" | "correction" | "history" | "restored" | "replaced" | "gone";
  feed: string;
  /**
   * Who sent it: the login, certificate or file source; empty where it was not recorded
   */
  sender: string;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  received_at: number;
  position: string;
  row: number;
  /**
   * The pack it was judged with; empty where that is not known
   */
  pack: string;
}
/**
 * A stored row of a window
 */
export interface WindowRow {
  indicator: string;
  subject: string;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  event_time: number;
  value: number;
  quality: "good" | "calibrating" | "device_error" | "out_of_range" | "suspect";
  standing: "first" | "correction" | "history" | "restored" | "replaced" | "gone";
  feed: string;
  /**
   * Who sent it: the login, certificate or file source; empty where it was not recorded
   */
  sender: string;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  received_at: number;
  position: string;
  row: number;
  /**
   * The pack it was judged with; empty where that is not known
   */
  pack: string;
  /**
   * It is the value of its moment
   */
  current: boolean;
  /**
   * It is current and good, so it went in
   */
  counted: boolean;
}
/**
 * An envelope as it came, and what was made of it
 */
export interface EnvelopeLineage {
  position: string;
  feed: string | null;
  address: string | null;
  received_at: number | null;
  content: ("raw" | "withheld") | null;
  /**
   * What is known of it beside its bytes, by word: sender, peer, content_type, retained
   */
  attributes: {
    [k: string]: string;
  };
  length: number | null;
  where: ("log" | "archive") | null;
  file: string | null;
  text: string | null;
  base64: string | null;
  /**
   * There is more than is shown
   */
  cut: boolean;
  /**
   * It says numbers of persons of which small ones are kept back: nothing of it is shown, and its bytes are refused (403). Whoever sent it has it
   */
  kept_back: boolean;
  rows: StoredRow[];
  /**
   * Events that were stored of it, by row
   */
  events: LogEvent[];
  rejects: Reject[];
}
/**
 * What happened, as somebody's device told it; names of users are masked unless the pack shows them
 */
export interface LogEvent {
  kind: EventKind;
  /**
   * Who reports
   */
  log_source: string;
  /**
   * The pack knew who does
   */
  known: boolean;
  /**
   * The relay that spoke in its name; empty where it spoke itself
   */
  relay: string;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  happened_at: number;
  /**
   * Where that time comes from; absurd: it said one that cannot be, and is taken to have happened when it arrived
   */
  time_from: "stated" | "inferred" | "arrival" | "absurd";
  severity: Severity;
  /**
   * How bad its device said it is, and on which scale
   */
  rated: string;
  category: string;
  /**
   * The rule that it matched
   */
  signature: string;
  signature_id: string;
  decided: "unsaid" | "allowed" | "blocked";
  /**
   * Where it came from; empty where it has none
   */
  source_address: string;
  source_port: number | null;
  /**
   * Where it went to; empty where it has none
   */
  target_address: string;
  target_port: number | null;
  protocol: string;
  /**
   * Whose account it is about, masked
   */
  user: string;
  /**
   * The machine the line says that it is of
   */
  host: string;
  program: string;
  message: string;
  /**
   * How many times it happened
   */
  weight: number;
  /**
   * How many attempts to log in it adds; less than 0 where it says that they were none
   */
  attempts: number;
  /**
   * What else its format says of it: names and texts
   */
  attributes: [string, string][];
  feed: string;
  sender: string;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  received_at: number;
  /**
   * Where its envelope lies, as log-partition-offset: opens like any message
   */
  position: string;
  row: number;
}
/**
 * The sources that are asked
 */
export interface PullList {
  /**
   * By the clock that the moments are of. Milliseconds since 1970-01-01T00:00:00Z
   */
  now: number;
  pulls: Pull[];
}
/**
 * How far a source is that is asked
 */
export interface Pull {
  feed: string;
  transport: "sql" | "http_pull" | "ftp_pull" | "kafka";
  /**
   * Without a secret
   */
  address: string;
  /**
   * Milliseconds between two turns
   */
  every: number;
  /**
   * When it was asked last
   */
  asked: number | null;
  /**
   * When the last pass that came to its end began: what was there then was read. Null before the first one since the start
   */
  passed: number | null;
  /**
   * When it is asked next; null while it is read
   */
  next: number | null;
  /**
   * How far it was read, as the source says it; empty at the beginning
   */
  place: string;
  /**
   * Why it does not answer as it should
   */
  failing: PullFailing | null;
  /**
   * Since the start
   */
  envelopes: number;
  /**
   * Rows since the start that appeared behind the place that had been read
   */
  late: number;
  /**
   * The last comparison of whole periods since the start
   */
  compared: PullCompared | null;
  /**
   * What is not guaranteed
   */
  limits: (
    | "unguarded"
    | "late_rows"
    | "not_compared"
    | "removals"
    | "empty_periods"
    | "future"
    | "unverified"
    | "unsettled"
    | "repeats"
    | "files_left"
    | "unidentified"
  )[];
}
/**
 * Why a source does not answer as it should
 */
export interface PullFailing {
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  since: number;
  /**
   * How often it was tried
   */
  times: number;
  error: Text;
  /**
   * It does not heal by itself
   */
  fault: boolean;
  /**
   * How urgent that is
   */
  priority: "critical" | "high" | "medium" | "low";
}
/**
 * What a comparison of whole periods found
 */
export interface PullCompared {
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  at: number;
  /**
   * Read whole
   */
  periods: number;
  /**
   * Of those, read for the first time since the start: with nothing to be held against
   */
  first: number;
  /**
   * Of those, say something else than when they were last read whole
   */
  changed: number;
  /**
   * Were read since the start, and nothing of them is there any more
   */
  gone: number;
  /**
   * Could not be read whole
   */
  given_up: number;
  /**
   * How urgent it is that some could not be read; null where all were
   */
  priority: ("critical" | "high" | "medium" | "low") | null;
}
/**
 * A connected client; the rejects are its sender's since the process started
 */
export interface Client {
  transport: string;
  sender: string;
  client_id: string;
  peer: string;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  since: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  last_heard: number;
  messages: number;
  per_minute: number;
  rejects: number;
}
/**
 * A sender that was heard
 */
export interface Sender {
  sender: string;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  last_heard: number;
  transport: string;
  peer: string;
  messages: number;
  per_minute: number;
  rejects: number;
}
export interface FigureList {
  /**
   * The moment they were asked for as of; null for now
   */
  known_at: number | null;
  figures: Figure[];
}
/**
 * Events, the newest first
 */
export interface EventPage {
  events: LogEvent[];
  next: string | null;
}
/**
 * How many events there are of each sort
 */
export interface EventTotals {
  /**
   * All of them
   */
  weight: number;
  /**
   * Attempts to log in
   */
  attempts: number;
  /**
   * Different addresses that high or critical events or attempts to log in came from
   */
  attackers: number;
}
/**
 * How many events of a severity happened in an hour; those without any are left out
 */
export interface EventHour {
  /**
   * Its first moment
   */
  start: number;
  severity: Severity;
  weight: number;
}
/**
 * An hour, and how much of it was heard
 */
export interface HourHeard {
  /**
   * Its first moment
   */
  start: number;
  /**
   * whole: all that may not be silent were heard in all of it; incomplete: somebody was silent or blind in it, so there was at least what is counted; open: not all have closed it yet; unknown: nobody says how much of it was heard
   */
  standing: "whole" | "incomplete" | "open" | "unknown";
  /**
   * Enough of it was heard at all of them for it to be held against what is usual
   */
  judged: boolean;
  /**
   * Log sources that owe it: those that may not be silent and were counted in it or within the day before
   */
  log_sources: number;
  /**
   * Those of them that were silent or blind in it, the longest first
   */
  missing: NotHeard[];
  /**
   * Those of them that have not closed it yet, by name
   */
  waiting: string[];
}
/**
 * A log source that was silent or blind for some minutes
 */
export interface NotHeard {
  log_source: string;
  /**
   * For how many minutes
   */
  minutes: number;
}
/**
 * An address that events came from or went to
 */
export interface EventAddress {
  address: string;
  /**
   * How many events
   */
  weight: number;
  /**
   * High or critical ones among them
   */
  grave: number;
  /**
   * Attempts to log in among them
   */
  attempts: number;
  /**
   * High or critical events or attempts to log in are among them: such addresses stand first
   */
  attacks: boolean;
  /**
   * How many different ones their other end is: addresses, or the log source where a line says no target
   */
  others: number;
  worst: Severity;
  /**
   * When the newest happened
   */
  newest: number;
  network: string | null;
  /**
   * How many addresses of it they came from
   */
  network_addresses: number;
  /**
   * How many events that were
   */
  network_weight: number;
}
/**
 * What the log sources of an agency reported
 */
export interface AgencyEvents {
  /**
   * Its identifier; null where the pack names it in words only, or does not know who reports
   */
  agency: string | null;
  name: Text | null;
  /**
   * Its log sources
   */
  log_sources: number;
  /**
   * Those of them that are counted, and are silent or blind; null where nobody knows
   */
  amiss: number | null;
  /**
   * Events that they reported
   */
  weight: number;
  /**
   * Those of them that were high or critical
   */
  grave: number;
}
/**
 * A log source, how it stands and how much came of it
 */
export interface LogSource {
  id: string;
  name: Text | null;
  /**
   * The agency it belongs to; null where it is of none
   */
  agency: string | null;
  owner: Text | null;
  /**
   * It passes on what others say
   */
  relay: boolean;
  /**
   * How the flow says it stands, as the figure of the log sources counts it. silent: nothing for longer than it may be silent; error: it is blind, its sensor says that it sees too little; never: nothing ever came; good: it is heard, or may be silent; partial, calibrating and late are said of stations alone. unjudged: before the first judgement; stale: the flow stands still; unknown: the pack does not know it
   */
  standing:
    "silent" | "error" | "partial" | "calibrating" | "late" | "never" | "good" | "unjudged" | "stale" | "unknown";
  /**
   * Since when it is so, on the recorded clock; null where the flow does not say it
   */
  since: number | null;
  /**
   * The record by which its sensor sees too little; null where it sees enough, or nobody knows
   */
  sensor: SensorRecord | null;
  /**
   * So far its clock is constantly off, in milliseconds, ahead of its arrivals where it is positive: hours are a zone, not lateness. null where it is right, or nobody knows
   */
  clock_off: number | null;
  /**
   * It is one of those that are counted, and is silent or blind; where the flow stands still, it is one of them
   */
  amiss: boolean;
  /**
   * How urgent that is; null where there is nothing to act on
   */
  priority: ("critical" | "high" | "medium" | "low") | null;
  received_at: number | null;
  silent_after: number | null;
  /**
   * How many events
   */
  weight: number;
  /**
   * How many of its events were high or critical
   */
  grave: number;
  /**
   * How many lines and messages they stand in
   */
  rows: number;
  /**
   * How many of those said a time that cannot be
   */
  absurd: number;
  /**
   * How many of those a relay passed on: they keep nobody alive who sends by itself
   */
  relayed: number;
}
/**
 * What events of a time sum up to
 */
export interface EventSummary {
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  from: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  until: number;
  /**
   * The server's clock
   */
  now: number;
  totals: EventTotals;
  hours: EventHour[];
  /**
   * How much of each hour was heard: those that lie in the time, be it in part. Of one log source where one is asked for
   */
  heard: HourHeard[];
  /**
   * Who was silent or blind for how long of the hours that lie in the time, the longest first: where there are some, there were at least as many events as are counted
   */
  missing: NotHeard[];
  /**
   * Where they came from: at most 20, first those with the most high or critical events and attempts to log in
   */
  sources: EventAddress[];
  /**
   * Where they went to, likewise
   */
  targets: EventAddress[];
  /**
   * Whose log sources reported how much, whichever agency is asked for: first those with the most high or critical events, last all that the pack does not know
   */
  agencies: AgencyEvents[];
  /**
   * Every one that the pack knows or that was heard, whatever else is asked for: the silent ones first
   */
  log_sources: LogSource[];
  /**
   * How many more there are that the pack does not know: of those the hundred with the most lines are listed
   */
  log_sources_more: number;
  /**
   * From when on how log sources stand is stale if nothing newer comes, and withheld; null where nothing was said of them yet
   */
  stale_from: number | null;
  /**
   * What sensors say they raised, whatever else is asked for; none where the pack does not count it
   */
  sensors: SensorAlerts[];
}
/**
 * What a sensor says it raised, in the hours that begin in the time, and what of it arrived
 */
export interface SensorAlerts {
  log_source: string;
  /**
   * Alerts by its own count
   */
  raised: number;
  /**
   * Of those, how many never arrived, at least
   */
  lost: number;
}
/**
 * What is counted of events, by the pack
 */
export interface Measure {
  id: string;
  name: Text;
  /**
   * Of a sum or a last value: of this attribute of events; empty for what is counted
   */
  attribute: string;
  /**
   * Its unit; empty for what is counted
   */
  unit: string;
  /**
   * How many there were in the last day and the last seven, as far as their hours are closed; none of a last value, and where minutes or days are asked for
   */
  totals: MeasureTotal[];
  count: Count;
  /**
   * Of these kinds; of any where none is named
   */
  kinds: EventKind[];
  severity: Severity | null;
  /**
   * By time; those that are not closed yet are not there
   */
  windows: MeasureWindow[];
}
/**
 * What there was of a measure in some hours together, as far as they are closed
 */
export interface MeasureTotal {
  /**
   * In so many hours up to the end of what is asked for
   */
  hours: number;
  /**
   * How many; null where no hour of them is known. Of different ones, what two hours or two log sources have in common counts once
   */
  value: number | null;
  /**
   * Whether an hour of them is not there or not whole, but for the last full one, which may not be closed yet: there were at least so many
   */
  at_least: boolean;
}
/**
 * A minute, hour or day of a measure
 */
export interface MeasureWindow {
  /**
   * Its first moment
   */
  start: number;
  /**
   * How many there were; at least so many where not all is known. Of different ones, what two log sources saw counts once
   */
  value: number;
  /**
   * Log sources that were counted
   */
  log_sources: number;
  /**
   * Those of them of which too little is known: silent, or blind
   */
  missing: number;
  /**
   * Log sources that were silent or blind in it, be it for some minutes, the longest first
   */
  not_heard: NotHeard[];
  usual: Usual | null;
  standing: ("below" | "within" | "above") | null;
}
/**
 * Measures
 */
export interface Measures {
  /**
   * Windows that begin at this moment or later
   */
  from: number;
  /**
   * Windows that begin before this moment
   */
  until: number;
  /**
   * How long the windows are
   */
  window: "minute" | "hour" | "day";
  /**
   * What may be asked for: all that some measure has windows of
   */
  offered: ("minute" | "hour" | "day")[];
  measures: Measure[];
}
/**
 * What of log sources could not be read, and what was read without a word of the pack
 */
export interface MisreadMessages {
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  from: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  until: number;
  /**
   * At most 100, the most first. What was read again since is not among it
   */
  senders: MisreadSender[];
  /**
   * How many more senders there are, beside those that the listed ones are
   */
  senders_more: number;
  /**
   * At most 100: first those whose severity nobody could tell, then those that were rated by their format alone
   */
  products: MisreadProduct[];
  /**
   * How many more there are
   */
  products_more: number;
}
/**
 * Who sent what could not be read: a log source of the pack, or a sender that is none
 */
export interface MisreadSender {
  log_source: string | null;
  name: Text | null;
  /**
   * Who sent the last of it: an address, a certificate or a login; empty where it is not told apart
   */
  sender: string;
  /**
   * How many senders that are, where a log source has several
   */
  senders: number;
  /**
   * All that could not be read
   */
  rejects: number;
  /**
   * The same by reason, the most first: framing, too_large, malformed, missing_field, invalid_field, too_many
   */
  reasons: MisreadReason[];
  last: MisreadLast;
}
/**
 * How often something could not be read for a reason
 */
export interface MisreadReason {
  reason: string;
  /**
   * How many messages, pieces or rows
   */
  rejects: number;
}
/**
 * The last message, piece or row that could not be read. What it says is not shown: it may be of persons
 */
export interface MisreadLast {
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  received_at: number;
  /**
   * Where its envelope lies, as log-partition-offset
   */
  position: string;
  row: number | null;
  message: Text | null;
}
/**
 * A product or a program of which something was read without a word of the pack
 */
export interface MisreadProduct {
  /**
   * Who reports
   */
  log_source: string;
  name: Text | null;
  /**
   * Who made the product, in its own words; empty where its format does not say
   */
  vendor: string;
  /**
   * The product; of a line that is only a text the program that wrote it. Empty where neither is said
   */
  product: string;
  /**
   * How many events
   */
  weight: number;
  /**
   * How many lines and messages they stand in
   */
  rows: number;
  /**
   * Of those, the ones that were rated by the scale of their format, since severities.toml has none for them
   */
  by_format: number;
  /**
   * The ones whose severity neither has: they are not rated
   */
  not_rated: number;
  /**
   * The ones that say nothing which is counted: of the kind log
   */
  unrecognized: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  received_at: number;
  /**
   * Where the envelope of the last of them lies
   */
  position: string;
  /**
   * Which row of it
   */
  row: number;
}
/**
 * Clients
 */
export interface ClientList {
  connected: Client[];
  senders: Sender[];
  door: Notice[];
}
/**
 * What time a report is about
 */
export interface ReportPeriod {
  /**
   * How periods follow each other: an admin_month is from the 15th to the 14th
   */
  kind:
    | "day"
    | "week"
    | "month"
    | "admin_month"
    | "quarter"
    | "admin_quarter"
    | "half_year"
    | "admin_half_year"
    | "year"
    | "admin_year"
    | "school_year"
    | "school_round";
  /**
   * As it is written: 2026-10, 2026-Q4, 2026
   */
  label: string;
  /**
   * Its first day, such as 2026-09-15
   */
  start: string;
  /**
   * Its last day
   */
  end: string;
}
/**
 * What became of a message of a form
 */
export interface Receipt {
  /**
   * Where it lies, as log-partition-offset
   */
  position: string;
  /**
   * When it arrived, milliseconds since 1970
   */
  received_at: number;
  /**
   * Its form; of a message of which that is not known, the first of its feed
   */
  form: string;
  /**
   * The form's name; null where the pack no longer has it
   */
  form_name: Text | null;
  /**
   * Who reports: an agency of the pack, or the code of the place whose authority it is
   */
  agency: string;
  /**
   * The agency's name, of the authority of a place the place's; null where the pack has none like it
   */
  agency_name: Text | null;
  /**
   * What it is about; null where it does not say, or each cell says its own
   */
  period: ReportPeriod | null;
  verdict: ReportVerdict;
  /**
   * Rows of it: stored + same + rejected
   */
  rows: number;
  /**
   * Rows that were stored: new, changed, or beside what the owner says
   */
  stored: number;
  /**
   * Of those, the ones that changed what the same agency had said
   */
  changed: number;
  /**
   * Of those, the ones of which another agency is the owner
   */
  conflicts: number;
  /**
   * Rows that say what was known
   */
  same: number;
  /**
   * Rows that were not taken
   */
  rejected: number;
  /**
   * Cells that it leaves out and that stay as they were
   */
  kept: number;
  /**
   * Cells that it took back by leaving them out
   */
  withdrawn: number;
  /**
   * Errors found in it, as far as they are listed
   */
  errors: number;
  /**
   * Warnings, likewise
   */
  warnings: number;
  /**
   * Notes, likewise
   */
  notes: number;
  feed: string;
  sender: string;
}
/**
 * Some receipts, the newest first
 */
export interface ReceiptPage {
  receipts: Receipt[];
  /**
   * Where the next page begins; null on the last one
   */
  next: string | null;
}
/**
 * Something that was found in a message
 */
export interface ReportFinding {
  /**
   * An error cannot be taken, a warning was taken and is probably not meant, of a note nothing is wrong
   */
  weight: "note" | "warning" | "error";
  /**
   * Which rule
   */
  rule:
    | "unreadable"
    | "unknown_form"
    | "missing"
    | "surplus"
    | "invalid"
    | "eaten_by_the_spreadsheet"
    | "day_and_month"
    | "percent"
    | "formula"
    | "range"
    | "check"
    | "total"
    | "twice"
    | "unknown_place"
    | "period"
    | "time"
    | "not_theirs"
    | "empty"
    | "against_before"
    | "conflict"
    | "hidden"
    | "unit"
    | "mark"
    | "delivered"
    | "more"
    | "confirm";
  /**
   * Where: T10!D4, line 7, column 3; empty for all of it
   */
  at: string;
  /**
   * What stands there, as it came
   */
  stands: string;
  message: Text;
}
/**
 * What stands in a cell
 */
export interface ReportValue {
  /**
   * A number; that nothing occurred, which counts as 0; or why there is no number
   */
  mark: "value" | "none" | "not_collected" | "not_filled" | "withheld" | "withdrawn";
  /**
   * The number in the form's unit, as a decimal; null where mark is not value
   */
  number: string | null;
}
/**
 * What an agency says of a cell of a form
 */
export interface ReportCell {
  indicator: string;
  /**
   * Its name; null where the pack no longer has it
   */
  indicator_name: Text | null;
  /**
   * Which part, as dimension=member joined by commas; empty for the whole
   */
  breakdown: string;
  /**
   * How the part is read; null of the whole, and where the pack no longer has the form
   */
  part_name: Text | null;
  /**
   * Code of the unit it is about
   */
  place: string;
  /**
   * First day of the validity of that version of the unit
   */
  place_from: string;
  /**
   * Name of the unit; null where the pack has none like it
   */
  place_name: Text | null;
  period: ReportPeriod;
  /**
   * Who says it
   */
  agency: string;
  /**
   * How final it is
   */
  vintage: "estimate" | "preliminary" | "official";
  is: ReportValue;
  /**
   * What the same agency had said of it in that vintage; null where nothing
   */
  was: ReportValue | null;
  /**
   * How it stands to that: the first; a correction; history where it arrived earlier; restored where it is shown again
   */
  standing: "first" | "correction" | "history" | "restored" | "replaced" | "gone";
  /**
   * Whether it was shown from then on: the word of the owner, the most final there is
   */
  shown: boolean;
  /**
   * As it came, where that is not the plain number
   */
  as_sent: string;
  /**
   * Notes to it
   */
  note: string;
  /**
   * Where it stands in its message; empty where it was taken back by leaving it out
   */
  at: string;
  /**
   * Where its message lies, as log-partition-offset
   */
  position: string;
  /**
   * When that arrived, milliseconds since 1970
   */
  received_at: number;
  sender: string;
  /**
   * Whether its number is kept back, for being a small number of persons or for giving one away
   */
  suppressed: boolean;
}
/**
 * A message, what was found in it and what it changed
 */
export interface ReportStory {
  receipt: Receipt;
  /**
   * The heaviest first
   */
  findings: ReportFinding[];
  /**
   * What it changed, by row
   */
  cells: ReportCell[];
  /**
   * Whether it changed more than is listed
   */
  more_cells: boolean;
}
/**
 * What is reported in a form
 */
export interface ReportIndicator {
  id: string;
  /**
   * Its code in the form
   */
  code: string;
  name: Text;
  /**
   * The unit of its numbers
   */
  unit: string;
  /**
   * Decimal places on screen
   */
  decimals: number;
  /**
   * Whether places and parts may be added up
   */
  additive: boolean;
}
/**
 * What an indicator adds up to over what is shown. Parts are added up with parts of the same dimensions, and the whole by itself
 */
export interface ReportTotal {
  indicator: string;
  /**
   * Which parts are added up, by their dimensions: age,sex; empty for the whole
   */
  dimensions: string;
  period: ReportPeriod;
  /**
   * The sum of what is known, as a decimal; null where nothing is, or where it may not be added up
   */
  sum: string | null;
  /**
   * Cells whose number is known
   */
  known: number;
  /**
   * Cells of which something was said, or of all places of the form where those are more
   */
  expected: number;
  /**
   * Whether it is kept back, since it would give a small number of persons away
   */
  withheld: boolean;
}
/**
 * What is shown of a form in a period
 */
export interface ReportValues {
  /**
   * What is reported in it; empty where the pack no longer has the form
   */
  indicators: ReportIndicator[];
  cells: ReportCell[];
  /**
   * Whether there are more than are listed; nothing is added up then
   */
  more_cells: boolean;
  /**
   * By indicator
   */
  totals: ReportTotal[];
  /**
   * Places that the form is about and of which nothing is reported in the period, whichever indicator and part is asked for; null where that cannot be known: one place is asked for, the form names no tiers or is of other periods, or the asker does not see all feeds that bring it
   */
  silent:
    | {
        /**
         * Code of the unit
         */
        place: string;
        /**
         * First day of the validity of that version of it
         */
        place_from: string;
        place_name: Text;
      }[]
    | null;
  /**
   * How places are read
   */
  map: ReportMap | null;
  /**
   * What the units of the map say; empty as reported. The cells are what they are made of
   */
  restated: RestatedCell[];
}
/**
 * How numbers by place are read, and how they could be
 */
export interface ReportMap {
  /**
   * As reported, on today's map, or on the map of a day
   */
  reading: "reported" | "today" | "day";
  /**
   * The map; null as reported
   */
  map: MapDays | null;
  /**
   * All maps of the pack, from the oldest
   */
  maps: MapDays[];
  /**
   * Groups of places that stay comparable over all maps
   *
   * Items: A group of places
   */
  groups: {
    id: string;
    name: Text;
  }[];
}
/**
 * A map of places: the days on which it holds
 */
export interface MapDays {
  /**
   * Its first day
   */
  from: string;
  /**
   * Its last day; null of the newest
   */
  to: string | null;
}
/**
 * What a unit of a map says of a part of an indicator. It is made of nothing but what is shown as it was reported
 */
export interface RestatedCell {
  indicator: string;
  /**
   * Which part, as dimension=member joined by commas; empty for the whole
   */
  breakdown: string;
  /**
   * Code of the unit of the map; of the unit it was reported of where it is told under none
   */
  place: string;
  /**
   * First day of the validity of that version of the unit
   */
  place_from: string;
  /**
   * Name of the unit; null where the pack has none like it
   */
  place_name: Text | null;
  /**
   * Whether it is of a unit of the map; else it stands for what was reported and is told under none
   */
  on_map: boolean;
  /**
   * The sum of its parts, or the share made of such sums, as a decimal; null where there is none or it is kept back
   */
  number: string | null;
  /**
   * Whether it is kept back, for being a small number of persons or made of a number that is kept back
   */
  suppressed: boolean;
  /**
   * Why there is none: the unit came to none; is of nothing that is known; was split, or made of several, since; the unit of the map spoke of the same period itself; the indicator may not be added up; not all of its parts are known; it was reported without a number. Null where there is one
   */
  reason:
    | "no_successor"
    | "no_predecessor"
    | "split_backwards"
    | "merged_backwards"
    | "own_word"
    | "not_additive"
    | "part_missing"
    | "no_number"
    | null;
  /**
   * Whether a part of it is a share of a unit that was split
   */
  estimated: boolean;
  /**
   * Parts that are known
   */
  known: number;
  /**
   * Parts that it is made of
   */
  expected: number;
  /**
   * What was reported that it is made of; the cells have the numbers
   *
   * Items: A unit that something was reported of
   */
  parts: {
    place: string;
    place_from: string;
    /**
     * How much of it, above 0 and at most 1, as a decimal
     */
    weight: string;
  }[];
}
/**
 * What is rejected, and what was read again
 */
export interface RejectsSummed {
  /**
   * The most open ones first
   */
  groups: RejectGroup[];
  /**
   * The newest first, at most 50
   */
  replays: Replay[];
}
/**
 * What of a feed is rejected for one reason
 */
export interface RejectGroup {
  feed: string;
  reason: string;
  /**
   * Rejects that are open: rows, and messages as a whole
   */
  open: number;
  /**
   * Messages that they are of
   */
  messages: number;
  first: number | null;
  last: number | null;
  /**
   * Rejects of before whose messages were read again: they are none any more, or were said anew
   */
  replayed: number;
}
/**
 * A replay and what came of it so far
 */
export interface Replay {
  /**
   * Where its order lies
   */
  position: string;
  /**
   * Which of the orders there
   */
  row: number;
  feed: string;
  /**
   * Whether what is stored is read again; else what is rejected
   */
  stored: boolean;
  /**
   * Rejected for that; null for anything
   */
  reason: string | null;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  from: number;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  to: number;
  /**
   * Whether it ended: all was read, or error says why not
   */
  done: boolean;
  /**
   * How many messages were read; 0 before it is done
   */
  messages: number;
  /**
   * Why not all of them could be read, where it ended so; null else
   */
  error: string | null;
  /**
   * Messages that gave something else than before
   */
  changed: number;
  /**
   * Rows of those that were taken up
   */
  good: number;
  /**
   * Rows of those that were stored and have another value now
   */
  replaced: number;
  /**
   * Rows of those that were rejected before; 1 for the whole of one
   */
  before: number;
  /**
   * Rows of those that are rejected now; 1 for the whole of one
   */
  rejected: number;
  /**
   * Messages of which it cannot be told what they gave before, or that are about something else now: they are as they were
   */
  unclear: number;
  /**
   * Messages that neither the log nor the archive has
   */
  missing: number;
  user: string;
  note: string;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  received_at: number;
}
/**
 * Which rejects, or what of a feed is stored: all of what is left out
 */
export interface RejectsOf {
  feed?: string;
  reason?: string;
  /**
   * Of messages that arrived then or later: a date of the pack's clock, or a time with a zone
   */
  from?: string;
  /**
   * And before that
   */
  to?: string;
}
/**
 * What is to be read again: rejects, or what is stored of a feed
 */
export interface ReplayOrder {
  of: RejectsOf;
  /**
   * What is stored of a feed, of which `of` says which and from when on; else what is rejected
   */
  stored?: boolean;
  /**
   * All that is open, where nothing is chosen
   */
  all?: boolean;
  /**
   * Who orders it; a trial needs nobody
   */
  user: string;
  note?: string;
}
/**
 * An order that is durable
 */
export interface ReplayOrdered {
  /**
   * How many rejects were open when it was taken
   */
  rejects: number;
  /**
   * How many rows were stored of what it is about, where that is read again
   */
  rows: number;
  /**
   * Of how many feeds
   */
  feeds: number;
  position: string;
}
/**
 * What would come of a replay now
 */
export interface ReplayTrial {
  /**
   * How many rejects are open
   */
  rejects: number;
  /**
   * How many rows are stored of what is asked about, where that would be read again
   */
  rows: number;
  /**
   * Messages that were read
   */
  messages: number;
  /**
   * There are more: the figures are of the first ones
   */
  more: boolean;
  /**
   * Of those that were read, reports that go to their keeper: what they are held against is known there alone, so what comes of them may be otherwise
   */
  reports: number;
  /**
   * Messages that would give something else than before
   */
  changed: number;
  /**
   * Rows of those that would be taken up
   */
  good: number;
  /**
   * Rows of those that are stored and would have another value
   */
  replaced: number;
  /**
   * Rows of those that were rejected before; 1 for the whole of one
   */
  before: number;
  /**
   * Rows of those that would be rejected; 1 for the whole of one
   */
  rejected: number;
  /**
   * Messages of which it cannot be told what they gave before, or that are about something else now: they would stay
   */
  unclear: number;
  /**
   * Messages that neither the log nor the archive has
   */
  missing: number;
  /**
   * The first rows that would have another value
   *
   * @maxItems 5
   */
  examples:
    | []
    | [ReplayExample]
    | [ReplayExample, ReplayExample]
    | [ReplayExample, ReplayExample, ReplayExample]
    | [ReplayExample, ReplayExample, ReplayExample, ReplayExample]
    | [ReplayExample, ReplayExample, ReplayExample, ReplayExample, ReplayExample];
}
/**
 * A row as it is stored, and as it would be
 */
export interface ReplayExample {
  position: string;
  row: number;
  indicator: string;
  subject: string;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  event_time: number;
  /**
   * What is stored
   */
  value_before: number;
  quality_before: "good" | "calibrating" | "device_error" | "out_of_range" | "suspect";
  /**
   * What it would be
   */
  value: number;
  quality: "good" | "calibrating" | "device_error" | "out_of_range" | "suspect";
}
/**
 * What an indicator's part is in a period, over all places
 */
export interface ReportSum {
  period: ReportPeriod;
  /**
   * The sum, or the ratio of sums, as a decimal; null where it is not known or kept back
   */
  value: string | null;
  /**
   * Whether it is kept back for being a small number of persons
   */
  withheld: boolean;
  /**
   * Cells that are known
   */
  known: number;
  /**
   * Cells there would be if all places said it
   */
  expected: number;
  /**
   * The least final of them
   */
  vintage: "estimate" | "preliminary" | "official";
  /**
   * When the newest of them arrived, milliseconds since 1970
   */
  received_at: number;
  /**
   * The epoch that stored the newest of them
   */
  revision: number;
  /**
   * Per cent since the period before; null where not all of both is known, or places are others
   */
  growth: string | null;
  /**
   * Per cent since the same period a year before; null likewise
   */
  growth_in_year: string | null;
}
/**
 * A part of an indicator, period by period
 */
export interface ReportSeries {
  indicator: string;
  /**
   * Which part: disease=A91; empty for the whole
   */
  part: string;
  /**
   * The newest first
   */
  points: ReportSum[];
}
/**
 * What a domain's screen shows of one of its forms
 */
export interface ReportDomain {
  /**
   * Items: A form of the screen
   */
  forms: {
    id: string;
    name: Text;
    /**
     * Those that bring it, of the ones the asker sees
     */
    feeds: string[];
  }[];
  /**
   * The one that is shown; null where the screen has none
   */
  form: string | null;
  indicators: ReportIndicator[];
  /**
   * What plans want reached of its indicators over all places; none where a group is asked for
   */
  targets: TargetLine[];
  /**
   * Items: A part of its indicators
   */
  parts: {
    /**
     * Empty for the whole
     */
    id: string;
    name: Text;
  }[];
  series: ReportSeries[];
  /**
   * How places are read; null of a screen without a form
   */
  map: ReportMap | null;
  /**
   * The group of places that is added up; null for all of them
   */
  group: string | null;
}
/**
 * What a plan wants reached of an indicator
 */
export interface TargetLine {
  /**
   * The target
   */
  id: string;
  name: Text;
  /**
   * The indicator that says it, over all places
   */
  indicator: string;
  /**
   * How much, a decimal in the unit of the indicator
   */
  value: string;
  /**
   * On which side of it the value is to be
   */
  sense: "at_least" | "at_most";
  /**
   * First day of the plan's time
   */
  valid_from: string;
  /**
   * Last day of it, on which it is due
   */
  valid_to: string;
  /**
   * The decision behind it
   */
  basis: string;
}
/**
 * A target in a year
 */
export interface TargetYear {
  year: number;
  /**
   * Its last period of which anything is known
   */
  period: string;
  /**
   * Periods of the year of which anything is known
   */
  periods: number;
  /**
   * Periods that a whole year has
   */
  periods_of_year: number;
  /**
   * What is reached; null where it is not known
   */
  value: number | null;
  /**
   * Cells that are known
   */
  known: number;
  /**
   * Cells there would be if all places said all of it
   */
  expected: number;
  /**
   * unknown where less than three quarters of the cells are known; withheld where it would say what is kept back of persons, and then there is no value either
   */
  verdict: "on_target" | "behind" | "no_target" | "unknown" | "withheld";
  /**
   * Whether the plan's time was not over
   */
  is_in_time: boolean;
}
/**
 * A target of a plan
 */
export interface Target {
  id: string;
  name: Text;
  valid_from: string;
  /**
   * The day on which it is due
   */
  valid_to: string;
  tiers: ("province" | "district" | "commune" | "ward" | "township")[];
  /**
   * The form that says it
   */
  form: string;
  form_name: Text;
  sense: "at_least" | "at_most";
  /**
   * Whether it is in per cent
   */
  percent: boolean;
  /**
   * What is to be reached, as a decimal; null where the plan gives no number
   */
  target: string | null;
  /**
   * What of a year counts: its last period, or all of them
   */
  over: "latest" | "year";
  /**
   * The decision behind it
   */
  basis: string;
  /**
   * The newest first; none of years of which nothing is known
   */
  years: TargetYear[];
}
/**
 * All targets of the pack
 */
export interface TargetList {
  targets: Target[];
  /**
   * How places are read
   */
  map: ReportMap | null;
}
/**
 * An attempt that was refused
 */
export interface RefusedAttempt {
  /**
   * Where it lies, as log-partition-offset
   */
  position: string;
  /**
   * When it arrived, milliseconds since 1970
   */
  received_at: number;
  /**
   * Who sent it; empty where the asker does not see its feed
   */
  sender: string;
  /**
   * The first of what was wrong, of a form of persons without numbers; null where the asker does not see its feed
   */
  reason: Text | null;
}
/**
 * A report that an agency owes of a period
 */
export interface Obligation {
  /**
   * form~agency~kind~period, such as ktxh-x~25486~admin_month~2026-10
   */
  id: string;
  /**
   * The form that is owed
   */
  form: string;
  /**
   * The form's name; null where the pack no longer has it
   */
  form_name: Text | null;
  /**
   * Who owes it: an agency of the pack, or the code of the place whose authority it is
   */
  agency: string;
  /**
   * The agency's name, of the authority of a place the place's; null where the pack has none like it
   */
  agency_name: Text | null;
  period: ReportPeriod;
  /**
   * From when on it can be done, milliseconds since 1970
   */
  owed_from: number;
  /**
   * The deadline, milliseconds since 1970: what arrives at this moment is in time
   */
  due_at: number;
  state: ObligationState;
  /**
   * How urgent that is; null where nobody need do anything
   */
  priority: ("critical" | "high" | "medium" | "low") | null;
  /**
   * When the first accepted message arrived, milliseconds since 1970; null where none was accepted
   */
  received_at: number | null;
  /**
   * Where that lies
   */
  position: string | null;
  /**
   * How long that was behind the deadline; null where it was not late
   */
  late_seconds: number | null;
  /**
   * Accepted messages beside the first that changed something
   */
  revisions: number;
  /**
   * When the last of them arrived, milliseconds since 1970
   */
  revised_at: number | null;
  /**
   * Where that lies
   */
  revised_by: string | null;
  /**
   * Attempts that were refused whole
   */
  rejected: number;
  /**
   * The last of them
   */
  last_rejected: RefusedAttempt | null;
  /**
   * Which one it is of the obligations that its agency missed of those due in the same calendar year, from 1, by deadline; 0 where it was not missed
   */
  reminders: number;
  /**
   * Since when it stands so, on the recorded clock, milliseconds since 1970
   */
  said_at: number;
}
/**
 * Some obligations: missing, refused and due ones by deadline, then those that were met, the newest first
 */
export interface ObligationPage {
  /**
   * The moment it was asked for as of, milliseconds since 1970; null for now
   */
  known_at: number | null;
  obligations: Obligation[];
  /**
   * Where the next page begins; null on the last one
   */
  next: string | null;
}
/**
 * A message that was about an obligation
 */
export interface ObligationAttempt {
  /**
   * Where it lies, as log-partition-offset
   */
  position: string;
  /**
   * When it arrived, milliseconds since 1970
   */
  received_at: number;
  verdict: ReportVerdict;
  /**
   * Rows of it that were stored
   */
  stored: number;
  /**
   * Of those, the ones that changed what was said before
   */
  changed: number;
  /**
   * How many errors were found
   */
  errors: number;
  /**
   * How many warnings
   */
  warnings: number;
  /**
   * The first of the errors, of a form of persons without numbers; null where there is none
   */
  reason: Text | null;
  /**
   * The feed it came by
   */
  feed: string;
  /**
   * Who sent it
   */
  sender: string;
}
/**
 * What was said of an obligation
 */
export interface ObligationSaid {
  /**
   * When, on the recorded clock, milliseconds since 1970
   */
  said_at: number;
  state: ObligationState;
  /**
   * How urgent that is; null where nobody need do anything
   */
  priority: ("critical" | "high" | "medium" | "low") | null;
  /**
   * The deadline by then, milliseconds since 1970
   */
  due_at: number;
  /**
   * Corrections by then
   */
  revisions: number;
  /**
   * Refused attempts by then
   */
  rejected: number;
  /**
   * Which of its agency's misses of the year it was by then; 0 where it was none
   */
  reminders: number;
}
/**
 * How an agency kept what it owed of a period
 */
export interface AgencyScore {
  /**
   * Who owes it: an agency of the pack, or the code of the place whose authority it is
   */
  agency: string;
  /**
   * The agency's name, of the authority of a place the place's; null where the pack has none like it
   */
  agency_name: Text | null;
  period: ReportPeriod;
  /**
   * Obligations of it: not due, due, on time, late and missing
   */
  owed: number;
  /**
   * Those that cannot be met yet
   */
  not_due: number;
  /**
   * Those of which nothing was accepted and whose deadline has not passed
   */
  due: number;
  /**
   * Those that were met in time
   */
  on_time: number;
  /**
   * Those that were met behind the deadline
   */
  late: number;
  /**
   * Those of which nothing was accepted until the deadline
   */
  missing: number;
  /**
   * Attempts that were refused
   */
  rejected: number;
  /**
   * Corrections
   */
  revisions: number;
  /**
   * Of those that were late the middle one: seconds behind the deadline; null where none was
   */
  median_late_seconds: number | null;
  /**
   * Per cent in time of those that were met or missed; null while nothing can be judged
   */
  score: number | null;
  /**
   * What speaks against it; empty where nothing does
   */
  reasons: ("missing" | "late" | "rejected" | "revised")[];
  /**
   * Obligations that it missed of those due in the calendar year
   */
  reminders: number;
}
/**
 * One obligation, how it came to stand so, and what came of it
 */
export interface ObligationStory {
  obligation: Obligation;
  /**
   * In order
   */
  said: ObligationSaid[];
  /**
   * By arrival; of feeds that the asker sees
   */
  attempts: ObligationAttempt[];
  /**
   * Of its agency, the newest period first
   */
  scores: AgencyScore[];
}
/**
 * How urgent a report is that stands so
 */
export interface ObligationUrgency {
  state: ObligationState;
  /**
   * How urgent that is; null where nobody need do anything
   */
  priority: ("critical" | "high" | "medium" | "low") | null;
}
/**
 * How many obligations with a deadline in the month or year stand how
 */
export interface ObligationCounts {
  /**
   * Obligations of it: not due, due, on time, late and missing
   */
  owed: number;
  /**
   * Those that cannot be met yet
   */
  not_due: number;
  /**
   * Those of which nothing was accepted and whose deadline has not passed, refused attempts or none
   */
  due: number;
  /**
   * Of those, the ones whose last attempt was refused
   */
  rejected: number;
  /**
   * Those that were met in time
   */
  on_time: number;
  /**
   * Those that were met behind the deadline
   */
  late: number;
  /**
   * Those of which nothing was accepted until the deadline
   */
  missing: number;
  /**
   * Those that were corrected
   */
  revised: number;
  /**
   * Attempts that were refused
   */
  refused: number;
  /**
   * Still missing of the time before
   */
  missing_before: number;
  /**
   * Open ones, of any month, whose deadline is within the next days
   */
  soon: number;
}
/**
 * A form of the ledger
 */
export interface OwedForm {
  /**
   * Identifier
   */
  form: string;
  /**
   * The form's name; null where the pack no longer has it
   */
  form_name: Text | null;
  /**
   * The screen of its domain; null where it has none
   */
  screen: string | null;
  counts: ObligationCounts;
}
/**
 * Who owes something
 */
export interface Agency {
  /**
   * Who owes it: an agency of the pack, or the code of the place whose authority it is
   */
  agency: string;
  /**
   * The agency's name, of the authority of a place the place's; null where the pack has none like it
   */
  agency_name: Text | null;
}
/**
 * A period of which something is owed
 */
export interface OwedPeriod {
  /**
   * How periods follow each other: an admin_month is from the 15th to the 14th
   */
  kind:
    | "day"
    | "week"
    | "month"
    | "admin_month"
    | "quarter"
    | "admin_quarter"
    | "half_year"
    | "admin_half_year"
    | "year"
    | "admin_year"
    | "school_year"
    | "school_round";
  /**
   * As it is written: 2026-10, 2026-Q4, 2026
   */
  label: string;
  /**
   * Its first day, such as 2026-09-15
   */
  start: string;
  /**
   * Its last day
   */
  end: string;
  /**
   * Obligations of it
   */
  owed: number;
  /**
   * How many of them were met or missed
   */
  judged: number;
}
/**
 * How what is owed stands, of the obligations with a deadline in one month or year
 */
export interface ObligationSummary {
  /**
   * The moment it was asked for as of, milliseconds since 1970; null for now
   */
  known_at: number | null;
  /**
   * The month or year of the deadlines: 2026-11, 2026
   */
  due: string;
  /**
   * Its first moment, milliseconds since 1970
   */
  from: number;
  /**
   * The first moment behind it, milliseconds since 1970
   */
  until: number;
  /**
   * The moment that counts as now, milliseconds since 1970
   */
  now: number;
  /**
   * How many days from now on count as soon
   */
  soon_days: number;
  /**
   * The first moment behind those days, milliseconds since 1970
   */
  soon_until: number;
  /**
   * The first deadline there ever was, milliseconds since 1970; null where nothing is owed
   */
  first_due: number | null;
  /**
   * Domains that one may choose from
   */
  domains: ("economy" | "health" | "education")[];
  /**
   * How urgent each state is, in the order of a list
   */
  states: ObligationUrgency[];
  counts: ObligationCounts;
  forms: OwedForm[];
  agencies: Agency[];
  /**
   * The newest first
   */
  periods: OwedPeriod[];
}
/**
 * What a column of the matrix is of
 */
export interface MatrixColumn {
  /**
   * The form
   */
  form: string;
  /**
   * The form's name; null where the pack no longer has it
   */
  form_name: Text | null;
  /**
   * The period; null where the column is of all that is due in the month or year
   */
  period: ReportPeriod | null;
}
/**
 * What an agency owes of a column: the most urgent obligation of them
 */
export interface MatrixCell {
  /**
   * Which
   */
  id: string;
  state: ObligationState;
  /**
   * How urgent that is; null where nobody need do anything
   */
  priority: ("critical" | "high" | "medium" | "low") | null;
  /**
   * Its deadline, milliseconds since 1970
   */
  due_at: number;
  /**
   * How late it came; null where it was not late
   */
  late_seconds: number | null;
  /**
   * Corrections of it
   */
  revisions: number;
  /**
   * Refused attempts at it
   */
  rejected: number;
  /**
   * How many obligations there are
   */
  count: number;
}
/**
 * What an agency owes, by column
 */
export interface MatrixRow {
  /**
   * Who owes it: an agency of the pack, or the code of the place whose authority it is
   */
  agency: string;
  /**
   * The agency's name, of the authority of a place the place's; null where the pack has none like it
   */
  agency_name: Text | null;
  /**
   * By column; null where it owes nothing
   */
  cells: (MatrixCell | null)[];
}
/**
 * Agencies by periods of a form, or by forms of what is due in a month or year
 */
export interface ObligationMatrix {
  /**
   * The moment it was asked for as of, milliseconds since 1970; null for now
   */
  known_at: number | null;
  /**
   * The form whose periods are the columns; null where forms are
   */
  form: string | null;
  /**
   * The month or year of the deadlines; null where periods of a form are the columns
   */
  due: string | null;
  columns: MatrixColumn[];
  /**
   * Who misses the most first
   */
  rows: MatrixRow[];
  /**
   * Whether there are more obligations than are told
   */
  more: boolean;
}
/**
 * Scores of a period, the worst first; of one agency, the newest period first
 */
export interface AgencyScores {
  /**
   * The moment it was asked for as of, milliseconds since 1970; null for now
   */
  known_at: number | null;
  /**
   * The period; null where several are told, or nothing can be judged yet
   */
  period: ReportPeriod | null;
  /**
   * The calendar year that reminders are counted in
   */
  year: number;
  scores: AgencyScore[];
}
/**
 * Where a tap begins
 */
export interface TapHello {
  kind: "hello";
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  now: number;
  /**
   * The time zone that people there read the clock in
   */
  timezone: string;
  /**
   * What is told next of each partition, as log-partition-offset: asked with them a tap goes on where it was
   */
  next: string[];
}
/**
 * How far a tap is
 */
export interface TapHeartbeat {
  kind: "heartbeat";
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  now: number;
  /**
   * What is told next of each partition, as log-partition-offset: asked with them a tap goes on where it was
   */
  next: string[];
  /**
   * Why nothing is told although something may have come
   */
  trouble: string | null;
}
/**
 * Messages that were passed over, of any feed
 */
export interface TapMissed {
  kind: "missed";
  messages: number;
  /**
   * slow: whoever watches did not read as fast as they came; released: the log has let go of them
   */
  why: "slow" | "released";
  from: string;
  /**
   * Up to before that position
   */
  to: string;
}
/**
 * A reject of a message
 */
export interface TapRejected {
  row: number;
  /**
   * All of the message
   */
  whole: boolean;
  /**
   * Why, as the stable word
   */
  reason: string;
  /**
   * Where in the message
   */
  place: string;
  message: Text;
}
/**
 * A message as it came, and what became of it
 */
export interface TapMessage {
  kind: "message";
  /**
   * Where it lies, as log-partition-offset
   */
  position: string;
  /**
   * Milliseconds since 1970-01-01T00:00:00Z
   */
  received_at: number;
  /**
   * The feed it belongs to, or unmatched
   */
  feed: string;
  /**
   * Empty where it was not recorded
   */
  sender: string;
  /**
   * The way it came, as the word of packs; null where no feed says so
   */
  transport: string | null;
  /**
   * Topic, file name or path; empty where it may tell of a person; secrets in it are ***
   */
  address: string;
  address_bytes: number;
  /**
   * The network address it came from; empty where there is none
   */
  peer: string;
  /**
   * The media type its sender states; empty where it states none
   */
  content_type: string;
  content: "raw" | "withheld";
  /**
   * How many bytes its sender sent
   */
  bytes: number;
  /**
   * What else is known of it beside its bytes, by word
   */
  attributes: {
    [k: string]: string;
  };
  /**
   * Its feed tells of persons: nothing of its bytes is told
   */
  personal: boolean;
  /**
   * Everything that became of it; pending alone where it is not judged yet
   */
  became: TapOutcome[];
  /**
   * It was told before, as pending
   */
  again: boolean;
  /**
   * Its rows; null where that is not known
   */
  rows: number | null;
  stored: number;
  /**
   * Rows that were there already; null where that is not known
   */
  duplicate: number | null;
  /**
   * Rows that were rejected; 1 of a message that was rejected whole
   */
  rejected: number;
  /**
   * Rows that wait for the word of an operator
   */
  held: number;
  /**
   * Old rows that wait until their day is read back, and are judged then
   */
  waiting: number;
  /**
   * The first few of them
   */
  rejects: TapRejected[];
  /**
   * The beginning of its bytes, where they were asked for and are UTF-8
   */
  payload: string | null;
  /**
   * The same in base64, where they are not
   */
  payload_base64: string | null;
  /**
   * The beginning is not all of it
   */
  cut: boolean;
  /**
   * Its bytes were asked for and are not told: they say numbers of persons
   */
  kept_back: boolean;
}
