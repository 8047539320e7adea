/** Verbs whose recorded answers can be asked for again: one line for each, loaded when it is needed. */
import type { Answerer } from './answer.ts';

/** By the verb's name in the record. */
export const ANSWERS: Readonly<Record<string, () => Promise<Answerer>>> = {
  detect: async () => (await import('./detect-record.ts')).askDetect,
  'query run-pack': async () => (await import('./query-pack.ts')).askPack,
  pivot: async () => (await import('./pivot.ts')).askPivot,
  search: async () => (await import('./search.ts')).askSearch,
  sessions: async () => (await import('./sessions.ts')).askSessions,
  summary: async () => (await import('./summary.ts')).askSummary,
  timeline: async () => (await import('./timeline.ts')).askTimeline,
};
