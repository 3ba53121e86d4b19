// The answers of `/api/lineage/…`: what a number was made of, down to the message as it came.

import type { Alert, Assessment, AlertEvidence, Averaging, IndexKind, Part, Quality, Reject, RuleNames, Text } from "./model";

/** A window that went into a result. */
export interface WindowRef {
  indicator: string;
  kind: "hour" | "day";
  start: number;
  end: number;
  mean: number | null;
  count: number;
  received: number;
  expected: number;
  revision: number;
}

export interface IndexOrigin {
  index: string;
  subject: string;
  kind: IndexKind;
  start: number;
  end: number;
  value: number | null;
  category: string | null;
  reason?: string | null;
  formula: string;
  act: string | Text | null;
  revision: number;
  parts: Part[];
  inputs: WindowRef[];
}

export interface AssessmentOrigin extends Assessment {
  standard: string | null;
  inputs: WindowRef[];
}

export interface WindowRow {
  event_time: number;
  value: number;
  quality: Quality;
  standing: string;
  feed: string;
  /** Empty where it was not recorded. */
  sender: string;
  received_at: number;
  position: string;
  row: number;
  /** It is the newest of its moment. */
  current: boolean;
  /** It went into the mean. */
  counted: boolean;
}

export interface WindowOrigin {
  indicator: string;
  subject: string;
  kind: "hour" | "day";
  start: number;
  end: number;
  mean: number | null;
  /** One value alone makes it many times what the others say. */
  spiked: boolean;
  min: number | null;
  max: number | null;
  count: number;
  received: number;
  expected: number;
  revision: number;
  rows: WindowRow[];
  /** How many there are: not all of them are listed when there are very many. */
  rows_found: number;
}

export interface EnvelopeRow {
  indicator: string;
  subject: string;
  event_time: number;
  value: number;
  quality: Quality;
  row: number;
}

export interface EnvelopeOrigin {
  position: string;
  /** Null, as all that follows, where the bytes are neither on the log nor in the archive any more. */
  feed: string | null;
  address: string | null;
  received_at: number | null;
  /** withheld: a description stands for bytes that were too large. */
  content: "raw" | "withheld" | null;
  /** What is known of it beside its bytes, by word. */
  attributes: Record<string, string>;
  length: number | null;
  where: "log" | "archive" | null;
  file: string | null;
  text: string | null;
  base64: string | null;
  /** There is more than is shown. */
  cut: boolean;
  rows: EnvelopeRow[];
  rejects: Reject[];
}

/** What an alert was raised by, as a link. `window` is the kind of an index's window. */
export type RaisedBy =
  | { kind: "index"; index: string; subject: string; window: IndexKind; start: number }
  | { kind: "assessment"; limit: string; subject: string; averaging: Averaging; start: number }
  | { kind: "window"; indicator: string; subject: string; window: "hour" | "day"; start: number }
  | { kind: "status"; subject: string };

export interface AlertOrigin {
  alert: Alert;
  rule: RuleNames | null;
  threshold: number | null;
  raised_by: RaisedBy | null;
}

export interface AlertHistory {
  alert: Alert;
  history: {
    change: Alert["change"];
    at: number;
    active: boolean;
    acknowledged: boolean;
    occurrences: number;
    user: string | null;
    note: string | null;
    evidence: AlertEvidence | null;
    epoch: number;
  }[];
}
