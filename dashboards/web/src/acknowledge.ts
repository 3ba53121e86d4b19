// Taking an alert on. It is only shown as taken when the stream says so: until then the page says how far it is.

import { signal } from "@preact/signals";
import type { Alert, Text } from "./model";
import { alerts } from "./store";
import { alertWords } from "./words/alerts";

const KEPT_AS = "ioc.operator";

export type Sent = { state: "sending" } | { state: "recorded" } | { state: "failed"; why: Text };

/** What was sent and is not yet seen in the stream, by alert. */
export const sent = signal<ReadonlyMap<string, Sent>>(new Map());

/** The alert whose dialog is open. */
export const asking = signal<string | null>(null);

export function rememberedName(): string {
  try {
    return localStorage.getItem(KEPT_AS) ?? "";
  } catch {
    return "";
  }
}

export function rememberName(user: string): void {
  try {
    localStorage.setItem(KEPT_AS, user);
  } catch {
    // The name is asked again next time.
  }
}

export async function acknowledge(alert: Alert, user: string, note: string): Promise<void> {
  rememberName(user);
  set(alert.id, { state: "sending" });
  try {
    const response = await fetch(`/api/alerts/${encodeURIComponent(alert.id)}/acknowledge`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(note === "" ? { user } : { user, note }),
      signal: AbortSignal.timeout(15_000),
    });
    if (response.ok) set(alert.id, { state: "recorded" });
    else set(alert.id, { state: "failed", why: why(response.status) });
  } catch (error) {
    const unanswered = error instanceof DOMException && error.name === "TimeoutError";
    set(alert.id, { state: "failed", why: unanswered ? alertWords.unanswered : alertWords.unreachable });
  }
}

/** Where an alert of the page stands between the click and the stream. */
export function standing(alert: Alert): Sent | null {
  return alert.acknowledged ? null : (sent.value.get(alert.id) ?? null);
}

function set(id: string, state: Sent): void {
  const open = alerts.peek();
  const kept = [...sent.peek()].filter(([known]) => open.get(known)?.acknowledged === false);
  sent.value = new Map([...kept, [id, state]]);
}

function why(status: number): Text {
  if (status === 409) return alertWords.already;
  if (status === 404) return alertWords.gone;
  return status === 503 ? alertWords.busFull : alertWords.failed;
}
