import type { Text } from "../model";

export type { Text };

/** A text in both languages. */
export const t = (vi: string, en: string): Text => ({ vi, en });
