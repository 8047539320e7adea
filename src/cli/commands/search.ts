/** `exhibit search`: records that hold words, and where. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { recordSearch, search } from '../../app/search.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { eventOptions, filterOf, limitOf, printEvents, type EventFlags } from '../events.ts';
import { noteRun, seconds } from '../formats.ts';
import { findCase } from '../options.ts';

interface Flags extends EventFlags {
  readonly timeout?: number;
}

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const command = program
    .command('search')
    .description(
      'records that hold every word; "a phrase", /an expression/i, field:value in one field',
    )
    .argument('<text...>', 'words, in either case');
  eventOptions(command)
    .option('--timeout <seconds>', 'give up after so long (default: 900)', seconds)
    .action(async (words: readonly string[], flags: Flags) => {
      const target = await openCase(findCase(flags, fx));
      const question = {
        // An argument with blanks inside was quoted for the shell: it is one phrase.
        text: words.length === 1 ? (words[0] ?? '') : words.map(phrase).join(' '),
        filter: filterOf(flags),
        limit: limitOf(flags),
        ...(flags.timeout === undefined ? {} : { timeoutS: flags.timeout }),
      };
      const recorded = flags.record === true ? await recordSearch(target, fx, question) : undefined;
      const result = recorded?.result ?? (await search(target, fx, question));
      const runs = recorded === undefined ? undefined : [recorded.record.run_id];
      await printEvents(result.events, flags, fx, true, runs);
      if (flags.quiet !== true) {
        const shown = result.events.length;
        const cut = shown < result.total ? `, ${String(shown)} shown: --limit 0 shows all` : '';
        fx.err.write(`${String(result.total)} records${cut}${INDEX[result.index]}\n`);
      }
      if (recorded !== undefined) noteRun(fx, flags.quiet, recorded.record.run_id);
      done(EXIT.ok);
    });
}

/** What is said of the full-text index. */
const INDEX = {
  used: ' (by the full-text index)',
  absent: '',
  stale: ' (the full-text index is of another import and was not used: `exhibit import --fts`)',
} as const;

/** What is written as a phrase or an expression already stays as it is. */
function phrase(word: string): string {
  if (!/\s/.test(word) || /^(?:[A-Za-z_][\w.]*:)?["/]/.test(word)) return word;
  return `"${word.replace(/["\\]/g, '\\$&')}"`;
}
