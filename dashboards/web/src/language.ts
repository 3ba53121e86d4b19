// The page's language: that of the address (`?lang=en`), else what was chosen last in this browser, else Vietnamese.
// Switched without reload; the address follows, so that it can be passed on.

import { effect, signal } from "@preact/signals";
import type { Text } from "./model";

export type Language = "vi" | "en";

const KEPT_AS = "ioc.language";
const NAMED = "lang";

export const language = signal<Language>(named() ?? remembered());

/** The text in the chosen language. */
export function say(text: Text): string {
  return language.value === "vi" ? text.vi : text.en;
}

/** Switches, and remembers it. A language that an address brought along is not remembered. */
export function choose(wanted: Language): void {
  language.value = wanted;
  try {
    localStorage.setItem(KEPT_AS, wanted);
  } catch {
    // A browser that keeps nothing still shows the page; only the choice is forgotten.
  }
}

/** Keeps the document and the address in step with the choice. */
export function followLanguage(): void {
  effect(() => {
    document.documentElement.lang = language.value;
    write(language.value);
  });
  // An address that is gone back to was written in the language of then.
  addEventListener("popstate", () => write(language.peek()));
}

function write(shown: Language): void {
  const address = new URL(location.href);
  const said = address.searchParams.get(NAMED);
  // A bare address is a Vietnamese one.
  if (said === shown || (said === null && shown === "vi")) return;
  address.searchParams.set(NAMED, shown);
  history.replaceState(history.state, "", address);
}

function named(): Language | null {
  const said = new URLSearchParams(location.search).get(NAMED);
  return said === "vi" || said === "en" ? said : null;
}

function remembered(): Language {
  try {
    return localStorage.getItem(KEPT_AS) === "en" ? "en" : "vi";
  } catch {
    return "vi";
  }
}
