// The page's language: Vietnamese unless chosen otherwise, switched without reload, remembered by this browser.

import { effect, signal } from "@preact/signals";
import type { Text } from "./model";

export type Language = "vi" | "en";

const KEPT_AS = "ioc.language";

export const language = signal<Language>(remembered());

/** The text in the chosen language. */
export function say(text: Text): string {
  return language.value === "vi" ? text.vi : text.en;
}

/** Keeps the document and the browser's memory in step with the choice. */
export function followLanguage(): void {
  effect(() => {
    document.documentElement.lang = language.value;
    try {
      localStorage.setItem(KEPT_AS, language.value);
    } catch {
      // A browser that keeps nothing still shows the page; only the choice is forgotten.
    }
  });
}

function remembered(): Language {
  try {
    return localStorage.getItem(KEPT_AS) === "en" ? "en" : "vi";
  } catch {
    return "vi";
  }
}
