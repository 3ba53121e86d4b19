// The answers of `/api/lineage/…` as the page speaks of them: what a number was made of, down to the message as it came.

import type * as api from "./api";

export type { RaisedBy, WindowRef, WindowRow } from "./api";

export type AlertHistory = api.AlertStory;
export type AlertOrigin = api.AlertLineage;
export type AssessmentOrigin = api.AssessmentLineage;
export type EnvelopeOrigin = api.EnvelopeLineage;
export type EnvelopeRow = api.StoredRow;
export type IndexOrigin = api.IndexLineage;
export type WindowOrigin = api.WindowLineage;
