// The server's JSON as the page speaks of it. What it is, `api.ts` says, which is made of `openapi.json`; here are the
// page's words where they are others, and the lists of words that stand in the description without a name.

import type * as api from "./api";

export type {
  Alert,
  Assessment,
  Changes,
  Client,
  ClientList,
  Counts,
  Feed,
  FeedNames,
  Figure,
  FigureInput,
  Heartbeat,
  Hello,
  Latest,
  Limit,
  Notice,
  Overview,
  Pack,
  Reject,
  Sender,
  StationState,
  Status,
  Text,
  Tile,
} from "./api";

export type Abnormal = api.Concern;
export type Category = api.Index["categories"][number];
export type HourPoint = api.Hour;
export type IndexSeries = api.IndexTile;
export type IndexView = api.IndexValue;
export type Part = api.IndexPart;
export type StationNames = api.Station;

export type Averaging = api.Assessment["averaging"];
export type FigureId = api.Figure["figure"];
export type FigureReason = api.Figure["reason"];
export type Verdict = api.Figure["verdict"];
export type IndexKind = api.IndexTile["kind"];
export type Priority = api.Alert["priority"];
export type Quality = api.Latest["quality"];
export type StationStatus = NonNullable<api.StationState["status"]>;
