/** `exhibit search`: records that hold words, and where. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { recordSearch, search } from '../../app/search.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { eventOptions, filterOf, limitOf, printEvents, type EventFlags } from '../events.ts';
import { noteRun } from '../formats.ts';
import { findCase } from '../options.ts';

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const command = program
    .command('search')
    .description('records that hold every word; "a phrase" in quotes, field:value in one field')
    .argument('<text...>', 'words, in either case');
  eventOptions(command).action(async (words: readonly string[], flags: EventFlags) => {
    const target = await openCase(findCase(flags, fx));
    // An argument with blanks inside was quoted for the shell: it is one phrase.
    const text = words.length === 1 ? (words[0] ?? '') : words.map(phrase).join(' ');
    const [filter, limit] = [filterOf(flags), limitOf(flags)];
    const recorded =
      flags.record === true ? await recordSearch(target, fx, text, filter, limit) : undefined;
    const result = recorded?.result ?? search(target, fx, text, filter, limit);
    const runs = recorded === undefined ? undefined : [recorded.record.run_id];
    printEvents(result.events, flags, fx, true, runs);
    if (flags.quiet !== true) {
      const shown = result.events.length;
      const cut = shown < result.total ? `, ${String(shown)} shown: --limit 0 shows all` : '';
      fx.err.write(`${String(result.total)} records${cut}\n`);
    }
    if (recorded !== undefined) noteRun(fx, flags.quiet, recorded.record.run_id);
    done(EXIT.ok);
  });
}

function phrase(word: string): string {
  return /\s/.test(word) && !word.includes('"') ? `"${word}"` : word;
}
