/** `exhibit search`: records that hold words, and where. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { search } from '../../app/events.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { eventOptions, filterOf, limitOf, printEvents, type EventFlags } from '../events.ts';
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
    const result = search(target, fx, text, filterOf(flags), limitOf(flags));
    printEvents(result.events, flags, fx, true);
    if (flags.quiet !== true) {
      const shown = result.events.length;
      const cut = shown < result.total ? `, ${String(shown)} shown: --limit 0 shows all` : '';
      fx.err.write(`${String(result.total)} records${cut}\n`);
    }
    done(EXIT.ok);
  });
}

function phrase(word: string): string {
  return /\s/.test(word) && !word.includes('"') ? `"${word}"` : word;
}
