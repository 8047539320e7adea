/** Verbs whose recorded answers can be asked for again: one line for each, loaded when it is needed. */
import type { Answerer } from './answer.ts';

/** By the verb's name in the record. */
export const ANSWERS: Readonly<Record<string, () => Promise<Answerer>>> = {
  pivot: async () => (await import('./pivot.ts')).askPivot,
  search: async () => (await import('./search.ts')).askSearch,
  sessions: async () => (await import('./sessions.ts')).askSessions,
  timeline: async () => (await import('./timeline.ts')).askTimeline,
};
